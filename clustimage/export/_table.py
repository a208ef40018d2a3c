"""The table of labels: one row per image."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from clustimage._core.files import replacing, target_file
from clustimage.images.reading._listing import encodable

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COLUMNS", "count_sizes", "to_frame", "write_csv"]

COLUMNS = ("pathname", "filename", "label", "x", "y", "distance_to_center", "is_unique")


def to_frame(
    results: Mapping[str, Any],
    unique: Mapping[str, Any] | None = None,
    distance_to_center: np.ndarray | None = None,
) -> pd.DataFrame:
    """Return one row per image.

    Parameters
    ----------
    results : mapping
        With ``"pathnames"`` and ``"filenames"``; ``"labels"`` and ``"xycoord"``
        may be None.
    unique : mapping, optional
        With ``"idx"``, the indices of the unique images.
    distance_to_center : ndarray of shape (n,), optional
        Distance of each image to the centre of its cluster, in units of the
        features; NaN for noise.

    Returns
    -------
    DataFrame of shape (n, 7)
        Columns `pathname`, `filename`, `label` (int), `x`, `y` (float),
        `distance_to_center` (float) and `is_unique` (bool), in the order of the
        images. Names that are not valid Unicode are spelled so that they can be
        written, see `encodable`. Where a step was not run, its numbers are NaN, and `label` and
        `is_unique` are None.

    Examples
    --------
    >>> results = {"pathnames": ["/a/1.png", "/a/2.png"], "filenames": ["1.png", "2.png"],
    ...            "labels": np.array([0, 0]), "xycoord": None}
    >>> to_frame(results, {"idx": np.array([1])})[["filename", "label", "is_unique"]]
      filename  label  is_unique
    0    1.png      0      False
    1    2.png      0       True
    """
    import pandas as pd

    pathnames = results["pathnames"]
    n = len(pathnames)
    nothing = np.full(n, None, dtype=object)
    labels, xycoord = results.get("labels"), results.get("xycoord")
    xy = np.full((n, 2), np.nan) if xycoord is None else np.asarray(xycoord)
    if distance_to_center is None:
        distance_to_center = np.full(n, np.nan)
    is_unique = nothing
    if unique is not None:
        is_unique = np.zeros(n, dtype=bool)
        is_unique[np.asarray(unique["idx"], dtype=np.intp)] = True
    columns = (
        [encodable(name) for name in pathnames],
        [encodable(name) for name in results["filenames"]],
        nothing if labels is None else np.asarray(labels),
        xy[:, 0],
        xy[:, 1],
        np.asarray(distance_to_center, dtype=np.float64),
        is_unique,
    )
    return pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))


def count_sizes(results: Mapping[str, Any]) -> pd.DataFrame:
    """Return how many clusters there are of each size.

    Parameters
    ----------
    results : mapping
        With ``"labels"``; images with a negative label are not counted.

    Returns
    -------
    DataFrame of shape (n_sizes, 2), int
        Columns `size`, ascending, and `n_clusters`.

    Examples
    --------
    >>> count_sizes({"labels": np.array([0, 0, 0, 1, 2, -1])})
       size  n_clusters
    0     1           2
    1     3           1
    """
    import pandas as pd

    labels = np.asarray(results["labels"])
    sizes = np.unique(labels[labels >= 0], return_counts=True)[1]
    different, n_clusters = np.unique(sizes, return_counts=True)
    return pd.DataFrame({"size": different, "n_clusters": n_clusters}, dtype=int)


def write_csv(frame: pd.DataFrame, path: str | os.PathLike[str]) -> str:
    """Write a table as CSV in UTF-8, whole or not at all.

    Parameters
    ----------
    frame : DataFrame
        What to write; its index is left out.
    path : str or path-like
        File to write, in a folder that exists; a file that is there is replaced.

    Returns
    -------
    str
        Absolute path of the file.

    Raises
    ------
    InvalidParameterError
        If `path` is a folder, or its folder does not exist.
    """
    target = target_file(path)
    text = frame.to_csv(index=False, lineterminator="\n")
    with replacing(target) as file:
        # The names of queries are what they are, also where they are not valid Unicode.
        file.write(text.encode("utf-8", "backslashreplace"))
    return str(target)
