"""The nearest rows and all rows within a radius: candidates by a product, measured exactly.

``|x - y|^2`` is ``|x|^2 + |y|^2 - 2 x.y``, and a cosine distance ``1 - x.y / (|x| |y|)``: one
product of matrices, in the type of the rows, gives all distances. What it loses to rounding is
bounded [1]_: a sum of b products, in whatever order, is off by at most ``1.01 b u |x| |y|``,
with u half the distance from 1 to the next number. What may be in the answer within these error
bounds is measured again, so that no answer depends on them.

References
----------
.. [1] N. J. Higham (2002). Accuracy and Stability of Numerical Algorithms, 2nd ed., SIAM,
   chapter 3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from clustimage._core.batches import BLOCK_BYTES, row_blocks
from clustimage._core.picked_rows import PickedRows, Rows
from clustimage._distances.metrics import PRODUCT_METRICS, has_no_direction
from clustimage._distances.pairs import (
    ANGLE_ERROR,
    CACHE_BYTES,
    distances,
    paired_distances,
)

__all__ = ["MAX_SCORES", "ProductIndex", "k_smallest", "nearest", "rows_near"]

# Distances, of a query to a row, that are held at once.
MAX_SCORES = 2**23

# Columns that are added up before the sum is rounded anew: the error grows with it.
MAX_COLUMNS = 512

# Rows among which the k-th smallest is looked for first, to compare few of the others.
N_FIRST_ROWS = 4096

# Where more than one in so many distances would be measured again, all are, without a selection.
MIN_ROWS_PER_CANDIDATE = 16

# Rounding error of float64, in which lengths and answers are computed.
UNIT = 2.0**-53


@dataclass(frozen=True)
class ProductIndex:
    """What is computed once for each row, so that a product of matrices bounds its distances.

    A score is the squared distance less ``|x|^2``, or the distance of directions: ``base +
    factor * product``, off by at most ``slope * error``, with the slope that of a query.

    Attributes
    ----------
    rows : ndarray or PickedRows of shape (n, d)
        The rows themselves, not a copy.
    metric : str
        One of `PRODUCT_METRICS`.
    scale : float
        Length of a typical row.
    shift : ndarray of shape (d,) or None
        Taken from the rows before the product, where they are far from 0.
    base : ndarray of shape (n,) or float
        Squared lengths; 1 for directions.
    factor : ndarray of shape (n,) or None
        One over the length, for directions.
    error : ndarray of shape (n,)
        See above.
    """

    rows: Rows
    metric: str
    scale: float
    shift: np.ndarray | None
    base: np.ndarray | float
    factor: np.ndarray | None
    error: np.ndarray

    @property
    def n_bytes(self) -> int:
        """Bytes that are held beside the rows."""
        held = (self.shift, self.base, self.factor, self.error)
        return sum(array.nbytes for array in held if isinstance(array, np.ndarray))

    @classmethod
    def build(cls, rows: Rows, metric: str) -> ProductIndex | None:
        """Read the rows once or twice, a block at a time.

        Parameters
        ----------
        rows : ndarray or PickedRows of shape (n, d), float32 or float64
            Finite.
        metric : str
            One of `METRICS`.

        Returns
        -------
        ProductIndex or None
            None where the metric is no product, or the numbers are so large or so small that
            their squares overflow or vanish.
        """
        if metric not in PRODUCT_METRICS:
            return None
        kind, largest = rows.dtype, _largest(rows.dtype)
        with np.errstate(all="ignore"):
            if metric.endswith("euclidean"):
                lengths, shift = _lengths(rows)
                if not lengths.max() < largest:
                    return None
                scale = float(np.median(lengths)) or float(lengths.max()) or 1.0
                base, error = (lengths**2).astype(kind), lengths * (1 + lengths / scale)
                return cls(rows, metric, scale, shift, base, None, error.astype(kind))
            lengths, before = np.empty((2, len(rows)))
            directed = np.empty(len(rows), dtype=bool)
            for block in row_blocks(len(rows), rows.shape[1]):
                part, lengths[block], before[block] = _directions(rows[block], metric)
                directed[block] = part.any(axis=1)
            if not (before.max() < largest and (lengths[directed] > 1 / largest).all()):
                return None
            factor = np.where(directed, 1 / lengths, 0)
            error = np.where(directed, before * factor, 0)
            return cls(rows, metric, 1.0, None, 1.0, factor.astype(kind), error.astype(kind))

    def scores(
        self, queries: np.ndarray, radius: float = -np.inf
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return the least that each score can be, and what may be in the answer.

        Parameters
        ----------
        queries : ndarray of shape (m, d)
            Finite.
        radius : float
            All up to this distance are wanted; minus infinity for none.

        Returns
        -------
        low : ndarray of shape (m, n)
            In the type of the rows.
        slopes : ndarray of shape (m,)
            See above.
        own : ndarray of shape (m,), float64
            How far off scores may be beside that, what `distances` and `paired_distances`
            lose to rounding included.
        limits : ndarray of shape (m,), float64
            No row within the radius has a larger `low`. Infinite for queries that have to be
            measured directly.
        """
        kind = self.rows.dtype
        with np.errstate(all="ignore"):
            weights, slopes, own, limits, usable = self._prepare(queries, radius)
            weights[~usable], slopes[~usable] = 0, 1
            own[~usable], limits[~usable] = 0, np.inf
            low, slopes = self._product(weights.astype(kind)), _round_up(slopes, kind)
            for some in row_blocks(len(low), len(self.rows), CACHE_BYTES):
                part = low[some]
                if self.factor is not None:
                    part *= self.factor
                part += self.base
                part -= slopes[some, None] * self.error
        return low, slopes, own, limits

    def candidates(self, queries: np.ndarray, k: int | None, radius: float) -> Iterator[np.ndarray]:
        """Yield, for each query, the rows that may be its k nearest or within the radius."""
        for low, slope, own, limit in zip(*self.scores(queries, radius), strict=True):
            if k is None:
                yield np.flatnonzero(low <= _round_up(limit, low.dtype))
                continue
            # What the k nearest of the first rows leave, then what the k nearest of these do.
            first = slice(max(N_FIRST_ROWS, 4 * k))
            top = _kth_smallest(self.upper(low[first], slope, first), k) + 2 * own
            at = np.flatnonzero(low <= _round_up(max(limit, top), low.dtype))
            top = _kth_smallest(self.upper(low[at], slope, at), k) + 2 * own
            yield at[low[at] <= _round_up(max(limit, top), low.dtype)]

    def upper(self, low: np.ndarray, slope: np.ndarray, at: np.ndarray | slice) -> np.ndarray:
        """Return the most that scores of the rows `at` can be, less twice the query's own error."""
        with np.errstate(all="ignore"):
            upper: np.ndarray = low + 2 * slope * self.error[at]
        upper[np.isnan(upper)] = np.inf
        return upper

    def _prepare(self, queries: np.ndarray, radius: float) -> tuple[np.ndarray, ...]:
        """Return what the rows are multiplied with, its slope, and errors for each query."""
        kind, n_columns = self.rows.dtype, self.rows.shape[1]
        in_sum = min(n_columns, MAX_COLUMNS) + n_columns // MAX_COLUMNS
        exact = (8 * n_columns + 64) * UNIT
        product = 1.05 * (in_sum + 16) * float(np.finfo(kind).eps) + exact
        x = queries.astype(np.float64)
        if self.metric.endswith("euclidean"):
            x = x if self.shift is None else x - self.shift
            lengths = np.sqrt(np.einsum("ij,ij->i", x, x))
            own = exact * lengths**2 + 32 * n_columns * float(np.finfo(kind).tiny)
            square = radius if self.metric == "sqeuclidean" else radius * abs(radius)
            limits = square * (1 + 1e-12) - lengths**2 + own
            return -2 * x, product * (lengths + self.scale), own, limits, lengths < _largest(kind)
        x, lengths, before = _directions(x, self.metric)
        usable = ~has_no_direction(queries, self.metric) & (lengths > 1e-100) & (before < 1e100)
        own = np.full(len(x), 2 * ANGLE_ERROR)
        limits = radius * (1 + 1e-12) + own
        return x / -lengths[:, None], product + exact * before / lengths, own, limits, usable

    def _product(self, weights: np.ndarray) -> np.ndarray:
        products = np.empty((len(weights), len(self.rows)), weights.dtype)
        # Few calls where no copy is made: threads wait for each other in each of them.
        n_bytes = BLOCK_BYTES if self.shift is not None else 4 * BLOCK_BYTES
        for block in row_blocks(len(self.rows), self.rows.shape[1], n_bytes):
            part = self.rows[block] if self.shift is None else self.rows[block] - self.shift
            for start in range(0, part.shape[1], MAX_COLUMNS):
                columns = slice(start, start + MAX_COLUMNS)
                terms = weights[:, columns], part[:, columns].T
                if start:
                    products[:, block] += np.matmul(*terms)
                else:
                    np.matmul(*terms, out=products[:, block])
        return products


def rows_near(
    queries: np.ndarray,
    rows: np.ndarray,
    metric: str,
    index: ProductIndex | None,
    k: int | None,
    radius: float,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield, for each query, at least the k nearest rows and all within the radius.

    Parameters
    ----------
    queries : ndarray of shape (m, d)
        Rows.
    rows : ndarray of shape (n, d)
        Rows.
    metric : str
        One of `METRICS`.
    index : ProductIndex or None
        Of the rows; None measures each pair in float64.
    k : int or None
        How many of the nearest.
    radius : float
        A distance; minus infinity for none.

    Yields
    ------
    at : ndarray of int
        Indices of rows, ascending. All at the distance of the k-th are among them.
    distance : ndarray of float64
        Their distances, as `distances` measures them.
    """
    every = np.arange(len(rows))
    for batch in row_blocks(len(queries), len(rows), 8 * MAX_SCORES):
        asked = queries[batch]
        if index is None:
            yield from ((every, found) for found in distances(asked, rows, metric))
            continue
        for query, at in zip(asked[:, None], index.candidates(asked, k, radius), strict=True):
            if 2 * len(at) > len(rows):
                yield every, distances(query, rows, metric)[0]
            else:
                yield at, distances(query, PickedRows(rows, at), metric)[0]


def nearest(
    queries: Rows,
    rows: Rows,
    metric: str,
    *,
    skipped: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the index of the nearest row for each query, and its distance.

    Parameters
    ----------
    queries : ndarray or PickedRows of shape (m, d)
        Rows.
    rows : ndarray or PickedRows of shape (n, d)
        Rows; of several at the same distance the first is taken.
    metric : str
        One of `METRICS`.
    skipped : ndarray of shape (m,), int, optional
        For each query the index of a row that is left out, if there is one: itself.

    Returns
    -------
    index : ndarray of shape (m,), int64
        Index into `rows`; -1 where there is no row.
    distance : ndarray of shape (m,), float64
        Exact distance; infinite where there is no row.

    Examples
    --------
    >>> nearest(np.array([[1.2]]), np.array([[0.0], [1.0], [5.0]]), "euclidean")[0]
    array([1])
    """
    index, distance = np.empty(len(queries), np.int64), np.empty(len(queries))
    # Other products are measured directly: paired distances differ in their last digit.
    product = ProductIndex.build(rows, metric) if metric.endswith("euclidean") else None
    for batch in row_blocks(len(queries), len(rows), 8 * MAX_SCORES):
        asked, left_out = queries[batch], None if skipped is None else skipped[batch]
        found = None if product is None else _nearest_candidate(asked, product, left_out)
        if found is None:
            measured = distances(asked, rows, metric)
            if left_out is not None:
                _leave_out(measured, left_out)
            at = measured.argmin(axis=1)
            found = at, measured[np.arange(len(asked)), at]
        index[batch], distance[batch] = found
    index[np.isinf(distance)] = -1
    return index, distance


def _nearest_candidate(
    asked: np.ndarray, product: ProductIndex, skipped: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the nearest row for each query and its distance; None with many candidates."""
    low, slopes, own, limits = product.scores(asked)
    if skipped is not None:
        _leave_out(low, skipped)
    first = low.argmin(axis=1)
    top = product.upper(low[np.arange(len(low)), first], slopes, first) + 2 * own
    limits = _round_up(np.maximum(limits, top), low.dtype)
    who, at = np.divmod(np.flatnonzero(low <= limits[:, None]), low.shape[1])
    if MIN_ROWS_PER_CANDIDATE * (len(who) - len(asked)) > low.size:
        return None
    exact = paired_distances(asked, who, product.rows, at, product.metric)
    if skipped is not None:
        exact[at == skipped[who]] = np.inf
    order = np.lexsort((exact, who))
    first = order[np.searchsorted(who, np.arange(len(asked)))]
    return at[first], exact[first]


def _leave_out(values: np.ndarray, skipped: np.ndarray) -> None:
    inside = np.flatnonzero(skipped < values.shape[1])
    values[inside, skipped[inside]] = np.inf


def k_smallest(
    values: np.ndarray, k: int, ranks: Callable[[np.ndarray], np.ndarray] | None = None
) -> np.ndarray:
    """Return the indices of the k smallest.

    Of those that equal the last, the first ones; with `ranks`, which takes indices, those of the
    least ranks.

    Examples
    --------
    >>> k_smallest(np.array([2.0, 7.0, 1.0, 2.0]), 2)
    array([2, 0])
    """
    last = _kth_smallest(values, k)
    below, equal = np.flatnonzero(values < last), np.flatnonzero(values == last)
    if ranks is not None and len(below) + len(equal) > k:
        equal = equal[np.argsort(ranks(equal), kind="stable")]
    return np.concatenate([below, equal[: k - len(below)]])


def _kth_smallest(values: np.ndarray, k: int) -> float:
    n_first = max(N_FIRST_ROWS, 4 * k)
    if n_first < len(values):  # few are left for the other selection
        values = values[values <= np.partition(values[:n_first], k - 1)[k - 1]]
    return float(np.partition(values, k - 1)[k - 1])


def _round_up(values: Any, kind: np.dtype) -> Any:
    """Return numbers in the type `kind`, rounded up."""
    with np.errstate(over="ignore"):
        return np.nextafter(np.asarray(values).astype(kind), kind.type(np.inf))


def _largest(kind: np.dtype) -> float:
    """Return the length of rows and queries beyond which products may overflow."""
    largest: float = float(np.finfo(kind).max) ** 0.45
    return largest


def _lengths(rows: Rows) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the length of each row, and what is taken from it before; None for nothing."""
    blocks = row_blocks(len(rows), rows.shape[1])
    total, squares = np.zeros(rows.shape[1]), np.empty(len(rows))
    for block in blocks:
        part = rows[block].astype(np.float64)
        total += part.sum(axis=0)
        np.einsum("ij,ij->i", part, part, out=squares[block])
    middle = total / len(rows)
    if not middle @ middle > 0.9 * squares.mean():
        return np.sqrt(squares), None
    # Far from 0: the products would be much larger than the differences between them.
    shift = middle.astype(rows.dtype)
    for block in blocks:
        part = rows[block].astype(np.float64) - shift
        np.einsum("ij,ij->i", part, part, out=squares[block])
    return np.sqrt(squares), shift


def _directions(rows: np.ndarray, metric: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return rows from which the mean is taken for a correlation, their lengths, and before."""
    rows = np.array(rows, dtype=np.float64, order="C")  # the order of a mean's last digit
    before = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    if metric == "correlation":
        rows -= rows.mean(axis=1, keepdims=True)
        return rows, np.sqrt(np.einsum("ij,ij->i", rows, rows)), before
    return rows, before, before
