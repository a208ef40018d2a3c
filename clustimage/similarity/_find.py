"""The images most like a query."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from clustimage._core.errors import InvalidParameterError
from clustimage._core.memory import Budget
from clustimage._core.parameters import named, setting
from clustimage._core.picked_rows import PickedRows
from clustimage._core.validation import check_bool, check_int, check_real
from clustimage._distances.metrics import check_metric, check_rows
from clustimage._distances.nearest import k_smallest, rows_near
from clustimage._distances.pairs import distances
from clustimage.similarity._fit_null import fit_null
from clustimage.similarity._index import RowIndex
from clustimage.similarity._null_distribution import NullDistribution
from clustimage.similarity._plan import plan_find

__all__ = ["check_find", "find_similar"]

# The distance of the p-value alpha is rounded: p-values decide within so much more.
RADIUS_TOLERANCE = 1 + 1e-9

# Takes indices of rows and returns their ranks.
Ranks = Callable[[np.ndarray], np.ndarray]

# With fewer queries than this, measuring all distances takes less time than an index.
MIN_QUERIES_FOR_INDEX = 4


def find_similar(
    feat: Any,
    queries: Any,
    *,
    k: int | None = None,
    alpha: float | None = 0.05,
    null: NullDistribution | None = None,
    metric: str = "euclidean",
    index: RowIndex | None = None,
    approximate: bool = False,
    budget: Budget | None = None,
    without: Sequence[np.ndarray] | None = None,
    ranks: Ranks | None = None,
) -> list[dict[str, np.ndarray]]:
    """Return, for each query, the images that are nearest or significantly near.

    Distances are exact, in float64; an image is at distance 0 from itself. The rows are
    read in blocks, for many queries at once; no more is held than the answers and some
    100 MB.

    Parameters
    ----------
    feat : array-like of shape (n, d)
        Features of the images.
    queries : array-like of shape (m, d)
        Features of the queries.
    k : int, optional
        Take the k nearest, 1 to n; of several at the same distance those of the least
        `ranks`, and of these the first.
    alpha : float or None, default=0.05
        Take all images with a p-value of at most this, above 0 and up to 1. With
        both, the union is taken.
    null : NullDistribution, optional
        Null distribution of the p-values, from `fit_null`; fitted here (seed 0) if it
        is not given.
    metric : str, default="euclidean"
        One of `METRICS`.
    index : RowIndex, optional
        From `RowIndex.build(feat, metric)`. With it a query takes about the time that
        reading `feat` takes, and the answer is the same. `feat` must be the very array
        that it was built from, and is not checked again.
    approximate : bool, default=False
        Search an approximate index: some of the k nearest may be missing, the distances
        are exact. Needs faiss (``pip install 'clustimage[index]'``)
        and ``alpha=None``; it is built at the first call and kept in `index`.
    budget : Budget, optional
        What may be taken; None for no limit.
    without : sequence of m int arrays, optional
        For each query the rows that it must not find, such as itself; `k` others are found.
    ranks : callable, optional
        Takes indices of rows and returns numbers, of which the least come first where
        distances are equal; default as the rows stand.

    Returns
    -------
    list of dict
        For each query ``y_idx`` (int64), ``distance`` (float64) and ``y_proba``
        (float64, the p-values), each of shape (hits,), by increasing distance,
        equal distances by increasing rank, then index.

    Raises
    ------
    InvalidParameterError
        If neither `k` nor `alpha` is given, one is out of range, the metric is not
        known, `null` was fitted to another metric, `index` belongs to other features or
        another metric, or `approximate` is asked for what it cannot do.
    InvalidDataError
        If the features or the queries are no finite matrices with equal columns.
    MemoryLimitError
        If it would take more than is allowed, see `plan_find`.
    MissingDependencyError
        If `approximate` is asked for and faiss is not installed.

    Examples
    --------
    >>> feat = [[0.0], [1.0], [5.0], [9.0]]
    >>> find_similar(feat, [[1.2]], k=2, alpha=None)[0]["y_idx"]
    array([1, 0])
    """
    check_metric(metric)
    rows = check_rows("feat", feat) if index is None else index.check(feat, metric)
    asked = check_rows("queries", queries, n_columns=rows.shape[1])
    most_left_out = max(map(len, without or ()), default=0)
    k, alpha = check_find(k, alpha, len(rows) - most_left_out, approximate=approximate)
    k_asked = None if k is None else k + most_left_out
    step = plan_find(
        len(rows),
        rows.shape[1],
        budget,
        metric=metric,
        n_queries=len(asked),
        approximate=approximate,
        built=0 if index is None else index.n_bytes,
    )
    step.check()
    if index is None and (approximate or len(asked) >= MIN_QUERIES_FOR_INDEX):
        index = RowIndex.build(rows, metric)
    if null is None:
        null = fit_null(rows, metric=metric)
    if null.metric != metric:
        raise InvalidParameterError(
            f"'null' was fitted to distances with {setting('metric', null.metric)}. Got "
            f"{setting('metric', metric)}."
        )
    radius = -np.inf if alpha is None else null.quantile(alpha) * RADIUS_TOLERANCE
    if approximate and index is not None and k_asked is not None:
        found = _approximately_nearest(asked, index, k_asked)
    else:
        product = None if index is None else index.product
        found = rows_near(asked, rows, metric, product, k_asked, radius)
    if without is not None:
        found = _leave_out(found, without)
    return [_select(at, distance, k, alpha, radius, null, ranks) for at, distance in found]


def check_find(
    k: Any, alpha: Any, n_rows: int, *, approximate: bool
) -> tuple[int | None, float | None]:
    """Return `k` and `alpha` as numbers, or raise what `find_similar` would."""
    check_bool("approximate", approximate)
    if k is None and alpha is None:
        raise InvalidParameterError(
            f"Give {named('k')}, {named('alpha')} or both: {named('k')} for the nearest images, "
            f"{named('alpha')} for all that are significantly near. Got None for each."
        )
    if approximate and alpha is not None:
        raise InvalidParameterError(
            f"{setting('approximate', True)} finds the {named('k')} nearest images only, not all "
            f"that are significantly near. Give {setting('alpha', None)}, or "
            f"{setting('approximate', False)}. Got {setting('alpha', alpha)}."
        )
    if k is not None:
        k = check_int("k", k, low=1, high=n_rows)
    if alpha is not None:
        alpha = check_real("alpha", alpha, low=0, high=1, low_open=True)
    return k, alpha


def _approximately_nearest(
    asked: np.ndarray, index: RowIndex, k: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield what the approximate index finds; where it finds too little, the exact answer."""
    for query, at in zip(asked[:, None], index.approximate().search(asked, k), strict=True):
        if len(at) < k:
            yield from rows_near(query, index.rows, index.metric, index.product, k, -np.inf)
        else:
            yield at, distances(query, PickedRows(index.rows, at), index.metric)[0]


def _leave_out(
    found: Iterable[tuple[np.ndarray, np.ndarray]], without: Sequence[np.ndarray]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for (at, distance), rows in zip(found, without, strict=True):
        others = ~np.isin(at, rows)
        yield at[others], distance[others]


def _select(
    at: np.ndarray,
    found: np.ndarray,
    k: int | None,
    alpha: float | None,
    radius: float,
    null: NullDistribution,
    ranks: Ranks | None = None,
) -> dict[str, np.ndarray]:
    """Return what belongs to the answer of one query, of its distances to the rows `at`."""
    here = np.empty(0, dtype=np.int64)
    if k is not None:
        here = k_smallest(found, k, None if ranks is None else lambda some: ranks(at[some]))
    p_values = null.cdf(found[here])
    if alpha is not None:
        near = np.setdiff1d(np.flatnonzero(found <= radius), here, assume_unique=True)
        more = null.cdf(found[near])
        here = np.append(here, near[more <= alpha])
        p_values = np.append(p_values, more[more <= alpha])
    order = np.lexsort((here, _ranks_of_equal(found[here], at[here], ranks), found[here]))
    here = here[order]
    return {"y_idx": at[here], "distance": found[here], "y_proba": p_values[order]}


def _ranks_of_equal(distance: np.ndarray, at: np.ndarray, ranks: Ranks | None) -> np.ndarray:
    """Return the rank of each row whose distance others have too; 0 of all others."""
    found = np.zeros(len(at), dtype=np.int64)
    if ranks is not None:
        _, group, sizes = np.unique(distance, return_inverse=True, return_counts=True)
        equal = np.flatnonzero(sizes[group.ravel()] > 1)
        if len(equal):
            found[equal] = ranks(at[equal])
    return found
