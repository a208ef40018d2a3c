"""What a report shows: arrays, a row per image, and a few dicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

__all__ = ["Report"]


@dataclass(frozen=True)
class Report:
    """What a page is made from.

    Attributes
    ----------
    summary : dict
        Of `summarize`: what the top of the page says.
    pathnames, filenames : sequence of n str
        Of the images.
    labels : ndarray of shape (n,), int
        Clusters; negative is not assigned.
    distance : ndarray of shape (n,), float
        To the centre of the cluster; NaN where there is none.
    clusters : list of dict
        Of each label: `label`, `name`, `named` (by a person), `color`, `count`, `unique` (row or
        -1) and, where they are known, `spread`, `confidence`, `stability`, `mergeWith` and `split`.
    xycoord : ndarray of shape (n, 2) or None
        Positions on the map.
    pixels : ndarray of shape (n, height, width[, 3]), uint8, or None
        The images.
    read : callable or None
        Takes a row and a side in pixels, and returns the image anew from its file, or None
        where that is gone. None where no image is a file.
    sizes : ndarray of shape (n, 2) or None
        Width and height of the originals, NaN where not known.
    means : mapping of int to ndarray (height, width[, 3]), uint8
        The mean image of each label.
    neighbors : ndarray of shape (n, k), int, or None
        The nearest other images, the nearest first.
    confidence, runner_up : ndarray of shape (n,) or None
        As in `Clustimage.to_frame`.
    timestamps : ndarray of shape (n,) or None
        Seconds since 1970-01-01 by the clock of the camera; NaN where not known.
    locations : ndarray of shape (n, 2) or None
        Latitude and longitude in degrees; NaN where not known.
    copies : ndarray of shape (n,), int, or None
        A number for each group of near copies; -1 for other images.
    links : sequence of n (str, int) or None
        Of faces: the photo that each was cut from, and its number there.
    found : list of dict
        Of each query of the last `find`: `name`, `picture` (an image or None), `images` (rows),
        `distance` and `probability`.
    metadata : mapping of str to sequence of n values
        More to show for an image, such as its camera; None where not known.
    clustering : str or None
        Digest of the labels.
    digests : sequence of n str or None
        Of the content of each image.
    """

    summary: dict[str, Any]
    pathnames: Sequence[str]
    filenames: Sequence[str]
    labels: np.ndarray
    distance: np.ndarray
    clusters: list[dict[str, Any]]
    xycoord: np.ndarray | None = None
    pixels: np.ndarray | None = None
    read: Callable[[int, int], np.ndarray | None] | None = None
    sizes: np.ndarray | None = None
    means: Mapping[int, np.ndarray] = field(default_factory=dict)
    neighbors: np.ndarray | None = None
    confidence: np.ndarray | None = None
    runner_up: np.ndarray | None = None
    timestamps: np.ndarray | None = None
    locations: np.ndarray | None = None
    copies: np.ndarray | None = None
    links: Sequence[tuple[str, int] | None] = ()
    found: list[dict[str, Any]] = field(default_factory=list)
    metadata: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    clustering: str | None = None
    digests: Sequence[str] | None = None
