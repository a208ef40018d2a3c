"""The answer of `find` as tables, one per query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from clustimage.images.reading._listing import encodable

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["answer_frames", "query_names"]


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
    import pandas as pd

    names = query_names(filenames, pathnames)
    answer = {"feat": pd.DataFrame(rows, index=[encodable(name) for name in names])}
    for name, pathname, hits in zip(names, pathnames, found, strict=True):
        idx = hits["y_idx"]
        labels = results["labels"]
        answer[name] = pd.DataFrame(
            {
                "y_idx": idx,
                "distance": hits["distance"],
                "y_proba": hits["y_proba"],
                "labels": None if labels is None else labels[idx],
                "y_filenames": [encodable(name) for name in results["filenames"][idx]],
                "y_pathnames": [encodable(name) for name in results["pathnames"][idx]],
                "x_pathnames": np.full(len(idx), encodable(pathname), dtype=object),
            }
        )
        urls = results.get("url")
        if urls is not None and any(url is not None for url in urls):
            answer[name]["y_url"] = urls[idx]
        if names_of_clusters:
            answer[name]["name"] = answer[name]["labels"].map(names_of_clusters).astype(object)
    return answer
