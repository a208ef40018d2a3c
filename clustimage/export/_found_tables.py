"""The answer of `find` as tables, one per query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from clustimage.images.reading._listing import encodable

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["answer_frames", "found_frames", "query_names"]

WRITTEN_NAMES = ("y_filenames", "y_pathnames")


def query_names(
    filenames: Sequence[str] | np.ndarray, pathnames: Sequence[str] | np.ndarray
) -> list[str]:
    """Return a key per query: its file name, or its path where two share a name.

    Parameters
    ----------
    filenames, pathnames : sequence of str
        Base names and paths of the queries, in order.

    Returns
    -------
    list of str
        All different; the same file given twice gets a number.

    Examples
    --------
    >>> query_names(["a.png", "a.png", "b.png"], ["x/a.png", "y/a.png", "x/b.png"])
    ['x/a.png', 'y/a.png', 'b.png']
    """
    counts: dict[str, int] = {"feat": 1}
    for name in filenames:
        counts[name] = counts.get(name, 0) + 1
    names: list[str] = []
    used = {"feat"}
    for filename, pathname in zip(filenames, pathnames, strict=True):
        base = filename if counts[filename] == 1 else pathname
        name, number = base, 1
        while name in used:
            number += 1
            name = f"{base} ({number})"
        used.add(name)
        names.append(name)
    return names


def answer_frames(
    found: Sequence[Mapping[str, np.ndarray]],
    rows: np.ndarray,
    filenames: Sequence[str] | np.ndarray,
    pathnames: Sequence[str] | np.ndarray,
    results: Mapping[str, Any],
    names_of_clusters: Mapping[int, str] | None = None,
) -> dict[str, pd.DataFrame]:
    """Return what `find` gives the user.

    Parameters
    ----------
    found : sequence of mapping
        One per query: ``y_idx``, ``distance`` and ``y_proba``, nearest first.
    rows : ndarray of shape (m, d)
        Features of the queries.
    filenames, pathnames : sequence of str
        Names of the queries.
    results : mapping
        The results that were searched.
    names_of_clusters : mapping of int to str, optional
        What clusters are called, by label.

    Returns
    -------
    dict of str to DataFrame
        ``"feat"`` with a row per query, then one table per query. In the tables, names that
        are not valid Unicode are spelled so that they can be written, see `encodable`. Where
        images came from URLs there is also `y_url`.
    """
    labels = results["labels"]
    tables = [
        {
            "y_idx": (idx := hits["y_idx"]),
            "distance": hits["distance"],
            "y_proba": hits["y_proba"],
            "labels": None if labels is None else labels[idx],
            "y_filenames": results["filenames"][idx],
            "y_pathnames": results["pathnames"][idx],
        }
        for hits in found
    ]
    urls = results.get("url")
    if urls is not None and all(url is None for url in urls):
        urls = None
    return found_frames(tables, rows, filenames, pathnames, names_of_clusters, urls)


def found_frames(
    tables: Sequence[Mapping[str, Any]],
    rows: np.ndarray,
    filenames: Sequence[str] | np.ndarray,
    pathnames: Sequence[str] | np.ndarray,
    names_of_clusters: Mapping[int, str] | None = None,
    urls: np.ndarray | None = None,
) -> dict[str, pd.DataFrame]:
    """Return what `answer_frames` does, of columns that are there.

    Parameters
    ----------
    tables : sequence of mapping
        One per query: ``y_idx``, ``distance``, ``y_proba``, ``labels``, ``y_filenames`` and
        ``y_pathnames``, nearest first.
    rows, filenames, pathnames, names_of_clusters
        As for `answer_frames`.
    urls : ndarray of objects, optional
        Of the images that were searched.
    """
    import pandas as pd

    names = query_names(filenames, pathnames)
    answer = {"feat": pd.DataFrame(rows, index=[encodable(name) for name in names])}
    for name, pathname, columns in zip(names, pathnames, tables, strict=True):
        written = {key: [encodable(one) for one in columns[key]] for key in WRITTEN_NAMES}
        query = np.full(len(columns["y_idx"]), encodable(pathname), dtype=object)
        answer[name] = pd.DataFrame({**columns, **written, "x_pathnames": query})
        if urls is not None:
            answer[name]["y_url"] = urls[columns["y_idx"]]
        if names_of_clusters:
            answer[name]["name"] = answer[name]["labels"].map(names_of_clusters).astype(object)
    return answer
