"""What a report shows: arrays, a row per image, and a few dicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
        Of each label: `label`, `name`, `color`, `count`, `unique` (row or -1), `spread`.
    xycoord : ndarray of shape (n, 2) or None
        Positions on the map.
    pixels : ndarray of shape (n, height, width[, 3]), uint8, or None
        The images.
    sizes : ndarray of shape (n, 2) or None
        Width and height of the originals, NaN where not known.
    means : ndarray of shape (n_clusters, height, width[, 3]), uint8, or None
        The mean image of each of `clusters`.
    neighbors : ndarray of shape (n, k), int, or None
        The nearest other images, the nearest first.
    confidence, runner_up : ndarray of shape (n,) or None
        As in `Clustimage.to_frame`.
    timestamps : ndarray of shape (n,) or None
        Seconds since 1970-01-01 by the clock of the camera; NaN where not known.
    locations : ndarray of shape (n, 2) or None
        Latitude and longitude in degrees; NaN where not known.
    metadata : mapping of str to sequence of n values
        More columns to show for an image, such as its camera; None where not known.
    """

    summary: dict[str, Any]
    pathnames: Sequence[str]
    filenames: Sequence[str]
    labels: np.ndarray
    distance: np.ndarray
    clusters: list[dict[str, Any]]
    xycoord: np.ndarray | None = None
    pixels: np.ndarray | None = None
    sizes: np.ndarray | None = None
    means: np.ndarray | None = None
    neighbors: np.ndarray | None = None
    confidence: np.ndarray | None = None
    runner_up: np.ndarray | None = None
    timestamps: np.ndarray | None = None
    locations: np.ndarray | None = None
    metadata: Mapping[str, Sequence[Any]] = field(default_factory=dict)
