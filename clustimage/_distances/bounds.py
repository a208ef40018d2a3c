"""Distances to all rows by one product of matrices, each with a bound on its rounding error.

Reading the rows once, in their own type, is all the work: ``|x - y|^2`` is
``|x|^2 + |y|^2 - 2 x.y``, and a cosine distance ``1 - x.y / (|x| |y|)``. What the product
loses to rounding is bounded for each row [1]_: a sum of b products, in whatever order, is
off by at most ``1.01 b u |x| |y|``, with u half the distance from 1 to the next number.

References
----------
.. [1] N. J. Higham (2002). Accuracy and Stability of Numerical Algorithms, 2nd ed., SIAM,
   chapter 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from clustimage._core.batches import row_blocks
from clustimage._distances.metrics import has_no_direction

__all__ = [
    "PRODUCT_METRICS",
    "Bounds",
    "Questions",
    "bound_queries",
    "bound_rows",
    "lower_scores",
    "round_up",
    "to_scores",
    "upper_scores",
]

# Metrics that are a product of matrices.
PRODUCT_METRICS = ("euclidean", "sqeuclidean", "cosine", "correlation")

# Columns that are added up before the sum is rounded anew: the bound grows with it.
COLUMNS = 512

# Rounding errors of float64, in which norms and answers are computed, and its smallest number.
UNIT = 2.0**-53
SMALLEST = 2.0**-1022

# Lengths of queries, and the scale of the rows, from here to 1 / here: squares stay numbers.
LEAST = 1e-100

# `distances` takes a cosine distance below 1e-12 for 0.
ANGLE_ERROR = 2e-12


@dataclass(frozen=True)
class Bounds:
    """What is known of each row before a query comes; the rows themselves are not copied.

    A score is a distance on a scale where little has to be computed, and for one query it
    grows with the distance: ``score = base + factor * product``.

    Attributes
    ----------
    metric : str
        One of `PRODUCT_METRICS`.
    unit : float
        A euclidean score is the squared distance over ``unit**2``; a power of two.
    shift : ndarray of shape (d,) or None
        Taken from the rows before the product, where they are far from 0.
    base : ndarray of shape (n,)
        Less `error`; minus infinity where nothing can be said.
    factor : ndarray of shape (n,) or None
        None for 1.
    error : ndarray of shape (n,)
        How far off a score may be, whatever the query.
    spread : ndarray of shape (n,)
        Times the slope of a query: how far off it may be beside that.
    """

    metric: str
    unit: float
    shift: np.ndarray | None
    base: np.ndarray
    factor: np.ndarray | None
    error: np.ndarray
    spread: np.ndarray

    @property
    def n_bytes(self) -> int:
        """Bytes that are held."""
        arrays = (self.shift, self.base, self.factor, self.error, self.spread)
        return sum(array.nbytes for array in arrays if array is not None)


@dataclass(frozen=True)
class Questions:
    """Queries, ready for the product.

    Attributes
    ----------
    weights : ndarray of shape (m, d)
        What the rows are multiplied with.
    slope : ndarray of shape (m,)
        Times the spread of a row: how far off a score may be.
    error : ndarray of shape (m,), float64
        How far off it may be beside that.
    offset : ndarray of shape (m,), float64
        What is missing in the score.
    usable : ndarray of bool, shape (m,)
        False where there is no bound: such a query has to be measured directly.
    """

    weights: np.ndarray
    slope: np.ndarray
    error: np.ndarray
    offset: np.ndarray
    usable: np.ndarray

    def __getitem__(self, which: slice | np.ndarray) -> Questions:
        parts = (self.weights, self.slope, self.error, self.offset, self.usable)
        return Questions(*(part[which] for part in parts))


def bound_rows(rows: np.ndarray, metric: str) -> Bounds | None:
    """Return the bounds for `rows`, or None where their numbers are too large or too small.

    Parameters
    ----------
    rows : ndarray of shape (n, d), float32 or float64
        Finite; read once or twice, a block at a time.
    metric : str
        One of `PRODUCT_METRICS`.
    """
    with np.errstate(all="ignore"):
        if metric.endswith("euclidean"):
            return _bound_lengths(rows, metric)
        return _bound_directions(rows, metric)


def bound_queries(queries: np.ndarray, bounds: Bounds, kind: np.dtype) -> Questions:
    """Return queries ready for a product with rows of the type `kind`.

    Parameters
    ----------
    queries : ndarray of shape (m, d)
        Finite.
    bounds : Bounds
        Of the rows.
    kind : dtype
        float32 or float64.
    """
    asked = np.asarray(queries, dtype=np.float64)
    with np.errstate(all="ignore"):
        if bounds.metric.endswith("euclidean"):
            return _ask_lengths(asked, bounds, kind)
        return _ask_directions(asked, bounds, kind)


def lower_scores(
    rows: np.ndarray, block: slice, bounds: Bounds, questions: Questions
) -> np.ndarray:
    """Return for a block of rows the least that each score can be, less the query's own error.

    Parameters
    ----------
    rows : ndarray of shape (n, d)
        All rows.
    block : slice
        Of b of them.
    bounds : Bounds
        Of the rows.
    questions : Questions
        m queries.

    Returns
    -------
    ndarray of shape (m, b)
        In the type of the rows; NaN where nothing can be said.
    """
    part = rows[block] if bounds.shift is None else rows[block] - bounds.shift
    with np.errstate(all="ignore"):
        scores = _product(questions.weights, part)
        base, spread = bounds.base[block], bounds.spread[block]
        error = np.empty_like(spread)
        # A row at a time stays near the processor.
        for row, slope in zip(scores, questions.slope, strict=True):
            if bounds.factor is not None:
                row *= bounds.factor[block]
            row += base
            np.multiply(spread, slope, out=error)
            row -= error
    return scores


def upper_scores(
    low: np.ndarray,
    bounds: Bounds,
    questions: Questions,
    who: np.ndarray,
    at: np.ndarray | slice,
) -> np.ndarray:
    """Return the most that scores can be, of which `lower_scores` gave the least.

    Parameters
    ----------
    low : ndarray
        The least, of pairs or of a matrix.
    bounds, questions : Bounds, Questions
        Of all rows and queries.
    who, at : ndarray or slice
        Index of the query and of the row of each.

    Returns
    -------
    ndarray of float64, in the shape of `low`
        NaN where nothing can be said.
    """
    with np.errstate(all="ignore"):
        slope, own = questions.slope[who].astype(np.float64), questions.error[who]
        return np.asarray(low + 2.0 * (bounds.error[at] + slope * bounds.spread[at] + own))


def to_scores(distance: float, bounds: Bounds, questions: Questions) -> np.ndarray:
    """Return, for each query, what `lower_scores` gives at most for rows up to `distance`."""
    if bounds.metric == "euclidean":
        distance = distance * abs(distance) * (1 + 1e-12)
    score = distance / bounds.unit / bounds.unit
    return np.asarray(score - questions.offset + questions.error + 8 * UNIT * abs(score))


def _product(weights: np.ndarray, part: np.ndarray) -> np.ndarray:
    columns = range(0, part.shape[1], COLUMNS)
    if len(weights) == 1:  # a product with a vector needs no reordering of the rows
        terms = (part[:, c : c + COLUMNS] @ weights[0, c : c + COLUMNS] for c in columns)
    else:
        terms = (weights[:, c : c + COLUMNS] @ part[:, c : c + COLUMNS].T for c in columns)
    total = next(terms)
    for term in terms:
        total += term
    return total.reshape(len(weights), len(part))


def _rounding(n_columns: int, kind: np.dtype) -> tuple[float, float]:
    """Return the relative errors of a product in type `kind`, and of the same in float64."""
    in_sum = min(n_columns, COLUMNS) + -(-n_columns // COLUMNS)
    product = 1.02 * (in_sum + 8) * float(np.finfo(kind).eps) / 2
    return product, (8 * n_columns + 64) * UNIT


def _sizes(rows: np.ndarray, shift: np.ndarray | None) -> np.ndarray:
    """Return the squared length of each row, in float64."""
    sizes = np.empty(len(rows))
    for block in row_blocks(len(rows), rows.shape[1]):
        part = rows[block].astype(np.float64)
        if shift is not None:
            part -= shift
        np.einsum("ij,ij->i", part, part, out=sizes[block])
    return sizes


def _bound_lengths(rows: np.ndarray, metric: str) -> Bounds | None:
    kind, n_columns = rows.dtype, rows.shape[1]
    sizes, shift = _sizes(rows, None), None
    middle = rows.mean(axis=0, dtype=np.float64)
    if middle @ middle > 0.9 * sizes.mean():
        # Far from 0: the products would be much larger than the differences between them.
        shift = middle.astype(kind)
        sizes = _sizes(rows, shift.astype(np.float64))
    lengths = np.sqrt(sizes)
    usual = float(np.median(lengths)) or float(lengths.max()) or 1.0
    unit = float(2.0 ** np.round(np.log2(usual)))
    if not LEAST < unit < 1 / LEAST:
        return None
    product, exact = _rounding(n_columns, kind)
    tiny = float(np.finfo(kind).tiny)
    sizes, scaled = sizes / unit / unit, lengths / unit
    error = (4 * float(np.finfo(kind).eps) + exact) * sizes
    error += 4 * tiny * (np.sqrt(n_columns) * lengths + n_columns)
    error += 4 * n_columns * SMALLEST / unit / unit
    unknown = ~(scaled < float(np.finfo(kind).max) ** 0.4)
    base = np.where(unknown, -np.inf, sizes - error)
    error[unknown], scaled[unknown] = np.inf, 0.0
    spread = round_up(scaled * (2 * (product + exact)), kind)
    return Bounds(metric, unit, shift, _down(base, kind), None, round_up(error, kind), spread)


def _ask_lengths(asked: np.ndarray, bounds: Bounds, kind: np.dtype) -> Questions:
    away = asked if bounds.shift is None else asked - bounds.shift.astype(np.float64)
    n_columns, tiny = asked.shape[1], float(np.finfo(kind).tiny)
    length = np.sqrt(np.einsum("ij,ij->i", away, away))
    weights = (-2.0 * away / bounds.unit / bounds.unit).astype(kind)
    scaled = length / bounds.unit
    offset = scaled**2
    error = _rounding(n_columns, kind)[1] * offset
    error += 4 * tiny * np.sqrt(n_columns) * (2 * scaled / bounds.unit)
    error += 4 * n_columns * SMALLEST / bounds.unit / bounds.unit
    usable = np.isfinite(weights).all(axis=1) & (length < 1 / LEAST) & np.isfinite(error)
    return Questions(weights, round_up(scaled, kind), error, offset, usable)


def _directions(rows: np.ndarray, metric: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return rows from which the mean is taken for a correlation, their lengths, and before."""
    rows = np.array(rows, dtype=np.float64, order="C")  # the order of a mean's last digit
    before = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    if metric == "correlation":
        rows = rows - rows.mean(axis=1, keepdims=True)
        return rows, np.sqrt(np.einsum("ij,ij->i", rows, rows)), before
    return rows, before, before


def _bound_directions(rows: np.ndarray, metric: str) -> Bounds:
    kind, n_columns = rows.dtype, rows.shape[1]
    lengths, before = np.empty(len(rows)), np.empty(len(rows))
    plain = np.empty(len(rows), dtype=bool)
    for block in row_blocks(len(rows), rows.shape[1]):
        part, lengths[block], before[block] = _directions(rows[block], metric)
        plain[block] = ~part.any(axis=1)
    tiny = float(np.finfo(kind).tiny)
    largest = min(float(np.finfo(kind).max) ** 0.8, 1 / LEAST)
    unknown = ~plain & ~((lengths > 1 / largest) & (before < largest))
    factor = np.where(plain | unknown, 0.0, 1 / lengths)
    ratio = np.where(plain | unknown, 0.0, before / lengths)
    error = 4 * tiny * (n_columns * factor + np.sqrt(n_columns) * ratio)
    error += 4 * float(np.finfo(kind).eps) + ANGLE_ERROR
    base = np.where(unknown, -np.inf, 1 - error)
    error[unknown] = np.inf
    base, error, ratio = _down(base, kind), round_up(error, kind), round_up(ratio, kind)
    return Bounds(metric, 1.0, None, base, factor.astype(kind), error, ratio)


def _ask_directions(asked: np.ndarray, bounds: Bounds, kind: np.dtype) -> Questions:
    without = has_no_direction(asked, bounds.metric)
    asked, lengths, before = _directions(asked, bounds.metric)
    usable = ~without & (lengths > LEAST) & (before < 1 / LEAST)
    weights = np.zeros(asked.shape, dtype=kind)
    weights[usable] = asked[usable] / -lengths[usable, None]
    product, exact = _rounding(asked.shape[1], kind)
    slope = np.zeros(len(asked))
    slope[usable] = product + exact * before[usable] / lengths[usable]
    nothing = np.zeros(len(asked))
    return Questions(weights, round_up(slope, kind), nothing, nothing, usable)


def round_up(values: np.ndarray, kind: np.dtype) -> np.ndarray:
    """Return `values` in the type `kind`, rounded up."""
    with np.errstate(over="ignore"):
        return np.nextafter(values.astype(kind), kind.type(np.inf))


def _down(values: np.ndarray, kind: np.dtype) -> np.ndarray:
    """Return `values` in the type `kind`, rounded down; a large one stays a number."""
    largest = np.finfo(kind).max
    return np.nextafter(np.minimum(values, largest).astype(kind), kind.type(-np.inf))
