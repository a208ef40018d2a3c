"""How well clusters agree with labels that are known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from clustimage._core.errors import InvalidDataError
from clustimage._core.plain_arrays import check_not_masked

__all__ = ["compare_with_known"]


def compare_with_known(
    labels: np.ndarray,
    known: Any,
    pathnames: np.ndarray,
    filenames: np.ndarray,
    read: np.ndarray | None = None,
) -> dict[str, Any]:
    """Return indices of agreement, and the contingency table.

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
        Clusters.
    known : array-like of shape (n,) or (m,), or mapping
        Labels of the images, or of all inputs, or of some by path or file name; None, NaN and
        missing values are not compared.
    pathnames, filenames : ndarray of str, shape (n,)
        Names of the images.
    read : ndarray of bool, shape (m,), optional
        Which of the inputs could be read.

    Returns
    -------
    dict
        ``ari``, ``nmi``, ``homogeneity``, ``completeness``, ``purity``, ``n`` and
        ``contingency``.

    Raises
    ------
    InvalidDataError
        If numbers of labels and images differ, a name is not known, or none is left to compare.

    Examples
    --------
    >>> names = np.array(["a", "b", "c", "d"])
    >>> found = compare_with_known(np.array([0, 0, 1, 1]), ["x", "x", "y", None], names, names)
    >>> found["ari"], found["purity"], found["n"]
    (1.0, 1.0, 3)
    """
    import pandas as pd
    from sklearn import metrics

    if isinstance(known, Mapping):
        truth = _by_name(known, pathnames, filenames)
    else:
        check_not_masked("y", known)
        truth = np.asarray(known, dtype=object)
        if read is not None and truth.shape == read.shape:
            truth = truth[read]
        if truth.shape != labels.shape:
            raise InvalidDataError(
                f"'y' must have a label for each of {len(labels)} images. Got an array of shape "
                f"{truth.shape}. For some of the images give a dict of path to label."
            )
    there = np.flatnonzero(~pd.isna(truth))
    if not len(there):
        raise InvalidDataError("'y' has no label of an image. Give a label for some of them.")
    names, y = np.unique(truth[there].astype(str), return_inverse=True)
    found = labels[there]
    table = pd.crosstab(
        pd.Series(names[y], name="known"), pd.Series(found, name="cluster"), dropna=False
    )
    return {
        "ari": float(metrics.adjusted_rand_score(y, found)),
        "nmi": float(metrics.normalized_mutual_info_score(y, found)),
        "homogeneity": float(metrics.homogeneity_score(y, found)),
        "completeness": float(metrics.completeness_score(y, found)),
        "purity": float(table.to_numpy().max(axis=0).sum() / len(there)),
        "n": len(there),
        "contingency": table,
    }


def _by_name(known: Mapping[Any, Any], pathnames: np.ndarray, filenames: np.ndarray) -> np.ndarray:
    """Return a label for each image, None where there is none."""
    truth = np.full(len(pathnames), None, dtype=object)
    paths = {str(name): i for i, name in enumerate(pathnames)}
    files: dict[str, list[int]] = {}
    for i, name in enumerate(filenames):
        files.setdefault(str(name), []).append(i)
    for key, label in known.items():
        name = str(key)
        at = [paths[name]] if name in paths else files.get(name, [])
        if not at:
            raise InvalidDataError(f"'y' names an image that is not there: {name!r}.")
        if len(at) > 1:
            raise InvalidDataError(
                f"'y' names {name!r}, and {len(at)} images are called so. Give its path."
            )
        truth[at[0]] = label
    return truth
