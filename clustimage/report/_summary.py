"""A model in numbers: the dict that a report is made from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from typing import Any

import numpy as np

from clustimage._core.text import pluralize
from clustimage._version import __version__

__all__ = ["MAX_SKIPPED", "plain", "summarize"]

# Skipped inputs that are named with their reasons; all are counted.
MAX_SKIPPED = 100


def summarize(
    *,
    n_images: int,
    skipped: Sequence[tuple[str, str]],
    n_unassigned: int,
    clusters: Iterable[Mapping[str, Any]],
    settings: Mapping[str, Any],
    scores: Mapping[str, Any] | None,
    verdict: Mapping[str, Any] | None,
    repeat: Mapping[str, Any],
    n_all: int | None = None,
) -> dict[str, Any]:
    """Return a model in numbers, as plain values for JSON.

    Parameters
    ----------
    n_images : int
        Images that were read.
    skipped : sequence of (str, str)
        Path and reason of each input that was not.
    n_unassigned : int
        Images that are not assigned to a cluster.
    clusters : iterable of mapping
        `label`, `name`, `count` … of each cluster.
    settings : mapping
        How it was done: `method`, `embedding`, `cluster` …
    scores : mapping or None
        The labellings that competed, see `Clustering.score`.
    verdict : mapping or None
        The attributes of a `Verdict`.
    repeat : mapping
        The same as code: `python` and `command`.
    n_all : int, optional
        How many images these are a sample of.

    Returns
    -------
    dict
        None where a number is not known: JSON has no NaN.

    Examples
    --------
    >>> summary = summarize(
    ...     n_images=3, skipped=[], n_unassigned=0, clusters=[{"label": 0, "count": 3}],
    ...     settings={}, scores=None, verdict=None, repeat={},
    ... )
    >>> summary["title"]
    '3 images in 1 cluster'
    """
    rows = [dict(cluster) for cluster in clusters]
    inside = f"in {pluralize(len(rows), 'cluster')}" if rows else "not assigned to a cluster"
    images = pluralize(n_images, "image")
    summary = {
        "title": f"{images} {inside}" + (f", a sample of {n_all:,}" if n_all else ""),
        "version": __version__,
        "n_images": n_images,
        "n_skipped": len(skipped),
        "skipped": [
            {"pathname": pathname, "reason": reason} for pathname, reason in skipped[:MAX_SKIPPED]
        ],
        "n_clusters": len(rows),
        "n_unassigned": n_unassigned,
        "clusters": rows,
        "settings": settings,
        "scores": scores,
        "verdict": verdict,
        "repeat": repeat,
    }
    return {name: plain(value) for name, value in summary.items()}


def plain(value: Any) -> Any:
    """Return a value as JSON knows it: dict, list, text, numbers, None for what is not finite.

    Examples
    --------
    >>> plain({"a": np.float32("nan"), "b": (np.int64(1), True)})
    {'a': None, 'b': [1, True]}
    """
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, np.generic | np.ndarray):
        return plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int):
        return value
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(one) for one in value]
    return str(value) if isinstance(value, PathLike) else repr(value)
