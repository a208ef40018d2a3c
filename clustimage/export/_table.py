"""The table of labels: one row per image."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from clustimage._core.files import replacing, target_file
from clustimage._core.logs import get_logger
from clustimage._core.text import pluralize
from clustimage.images.reading._listing import encodable, printable

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COLUMNS", "count_sizes", "to_frame", "write_csv"]

logger = get_logger(__name__)

# The last four are the full-width forms, which spreadsheets of East Asia take for the others.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
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
        With ``"pathnames"`` and ``"filenames"``; ``"labels"``, ``"xycoord"`` and ``"url"``
        may be None.
    unique : mapping, optional
        With ``"idx"``, the indices of the unique images.
    distance_to_center : ndarray of shape (n,), optional
        Distance of each image to the centre of its cluster, in units of the
        features; NaN for noise.

    Returns
    -------
    DataFrame of shape (n, 7), or (n, 8) where an image has a URL
        Columns `pathname`, `filename`, `label` (int), `x`, `y` (float),
        `distance_to_center` (float) and `is_unique` (bool), and `url`, in the order of the
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
    frame = pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))
    urls = results.get("url")
    if urls is not None and any(url is not None for url in urls):
        frame["url"] = np.asarray(urls, dtype=object)
    return frame


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

    Text that a spreadsheet would take for a formula, since it begins with ``=``, ``+``, ``-``,
    ``@``, one of their full-width forms, a tab or a line break, is written with an apostrophe
    before it, and the log says so [1]_. Absolute paths never begin with one of these, so that
    they are what they are.

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

    References
    ----------
    .. [1] OWASP, CSV injection. https://owasp.org/www-community/attacks/CSV_Injection
    """
    import pandas as pd
    from pandas.api.types import is_object_dtype, is_string_dtype

    target = target_file(path)
    texts = {
        name: list(column)
        for name, column in frame.items()
        if is_object_dtype(column) or is_string_dtype(column)
    }
    values = [value for column in texts.values() for value in column if isinstance(value, str)]
    n_formulas = sum(value.startswith(FORMULA_STARTS) for value in values)
    # Not inferred: text of pyarrow can be no name that is not UTF-8.
    safe = {
        name: pd.Series(map(_without_formula, column), index=frame.index, dtype=object)
        for name, column in texts.items()
    }
    if n_formulas:
        logger.warning(
            "%s of %s would be a formula in a spreadsheet, and has an apostrophe before it.",
            pluralize(n_formulas, "text"),
            printable(target.name),
        )
    # The csv module leaves a carriage return unquoted, which others read as the end of a row.
    returns = any("\r" in value for value in values)
    quoting = csv.QUOTE_NONNUMERIC if returns else csv.QUOTE_MINIMAL
    text = frame.assign(**safe).to_csv(index=False, lineterminator="\n", quoting=quoting)
    with replacing(target) as file:
        # The names of queries are what they are, also where they are not valid Unicode.
        file.write(text.encode("utf-8", "backslashreplace"))
    return str(target)


def _without_formula(value: object) -> object:
    """Return text that no spreadsheet takes for a formula.

    Examples
    --------
    >>> _without_formula("=1+1.jpg"), _without_formula("a=b.jpg"), _without_formula(None)
    ("'=1+1.jpg", 'a=b.jpg', None)
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value
