"""The images most like a query."""

from __future__ import annotations

from typing import Any

import numpy as np

from clustimage._errors import InvalidParameterError
from clustimage._metrics import check_metric, check_rows, row_blocks
from clustimage._validation import check_int, check_real
from clustimage.similarity._distances import distances
from clustimage.similarity._null import NullDistribution, fit_null

__all__ = ["find_similar"]


def find_similar(
    feat: Any,
    queries: Any,
    *,
    k: int | None = None,
    alpha: float | None = 0.05,
    null: NullDistribution | None = None,
    metric: str = "euclidean",
) -> list[dict[str, np.ndarray]]:
    """Return, for each query, the images that are nearest or significantly near.

    Distances are exact, in float64; an image is at distance 0 from itself.

    Parameters
    ----------
    feat : array-like of shape (n, d)
        Features of the images.
    queries : array-like of shape (m, d)
        Features of the queries.
    k : int, optional
        Take the k nearest, 1 to n; of several at the same distance the first.
    alpha : float or None, default=0.05
        Take all images with a p-value of at most this, above 0 and up to 1. With
        both, the union is taken.
    null : NullDistribution, optional
        Background of the p-values, from `fit_null`; fitted here (seed 0) if it is
        not given.
    metric : str, default="euclidean"
        One of `METRICS`.

    Returns
    -------
    list of dict
        For each query ``y_idx`` (int64), ``distance`` (float64) and ``y_proba``
        (float64, the p-values), each of shape (hits,), by increasing distance,
        equal distances by increasing index.

    Raises
    ------
    InvalidParameterError
        If neither `k` nor `alpha` is given, one is out of range, the metric is not
        known, or `null` was fitted to another metric.
    InvalidDataError
        If the features or the queries are no finite matrices with equal columns.

    Examples
    --------
    >>> feat = [[0.0], [1.0], [5.0], [9.0]]
    >>> find_similar(feat, [[1.2]], k=2, alpha=None)[0]["y_idx"]
    array([1, 0])
    """
    check_metric(metric)
    rows = check_rows("feat", feat)
    asked = check_rows("queries", queries, n_columns=rows.shape[1])
    if k is None and alpha is None:
        raise InvalidParameterError(
            "Give 'k', 'alpha' or both: 'k' for the nearest images, 'alpha' for all that are "
            "significantly near. Got None for each."
        )
    if k is not None:
        k = check_int("k", k, low=1, high=len(rows))
    if alpha is not None:
        alpha = check_real("alpha", alpha, low=0, high=1, low_open=True)
    if null is None:
        null = fit_null(rows, metric=metric)
    if null.metric != metric:
        raise InvalidParameterError(
            f"'null' was fitted to distances with metric={null.metric!r}. Got metric={metric!r}."
        )
    reach = -np.inf if alpha is None else null.quantile(alpha)
    answers = []
    for block in row_blocks(len(asked), len(rows)):
        for found in distances(asked[block], rows, metric):
            answers.append(_select(found, k, alpha, reach, null))
    return answers


def _select(
    found: np.ndarray, k: int | None, alpha: float | None, reach: float, null: NullDistribution
) -> dict[str, np.ndarray]:
    """Return what belongs to the answer out of the distances of one query to all images."""
    nearest = np.empty(0, dtype=np.int64) if k is None else _nearest(found, k)
    idx = nearest
    if alpha is not None:
        # The distance that belongs to alpha is rounded: take a little more, then look.
        near = np.flatnonzero(found <= reach * (1 + 1e-9))
        near = near[null.cdf(found[near]) <= alpha]
        idx = np.union1d(nearest, near)
    idx = idx[np.lexsort((idx, found[idx]))].astype(np.int64)
    return {"y_idx": idx, "distance": found[idx], "y_proba": null.cdf(found[idx])}


def _nearest(found: np.ndarray, k: int) -> np.ndarray:
    """Return the indices of the k smallest; of those that equal the last, the first ones."""
    last = np.partition(found, k - 1)[k - 1]
    below = np.flatnonzero(found < last)
    equal = np.flatnonzero(found == last)
    return np.concatenate([below, equal[: k - len(below)]])
