"""The rows nearest to some queries and all within a distance, measured exactly."""

from __future__ import annotations

import numpy as np

from clustimage._core.batches import row_blocks
from clustimage._distances.bounds import (
    Bounds,
    Questions,
    bound_queries,
    lower_scores,
    round_up,
    to_scores,
    upper_scores,
)
from clustimage._distances.candidates import Shortlist
from clustimage._distances.pairs import distances

__all__ = ["Answer", "measure_exactly", "query_groups", "rows_near"]

# Indices of rows, ascending, and the distance of the query to each.
Answer = tuple[np.ndarray, np.ndarray]

# Queries that are asked at once, and the rows that they are expected to find together.
MOST_QUERIES = 256
MOST_HITS = 2**20

# Scores that are computed at once, and pairs beyond which a shortlist is none.
MOST_SCORES = 2**22
MOST_PAIRS = 2**21

# Rows from which the first limits are taken.
FIRST_ROWS = 4096


def query_groups(n_queries: int, n_rows: int, k: int | None, alpha: float | None) -> list[slice]:
    """Return slices over the queries, so that the answers of each part are few."""
    expected = max(1, k or 0, int(2 * n_rows * (alpha or 0)))
    step = min(MOST_QUERIES, max(1, MOST_HITS // expected))
    return [slice(start, start + step) for start in range(0, n_queries, step)]


def rows_near(
    asked: np.ndarray,
    rows: np.ndarray,
    metric: str,
    bounds: Bounds | None,
    k: int | None,
    reach: float,
) -> list[Answer]:
    """Return, for each query, at least the k nearest rows and all within `reach`.

    Parameters
    ----------
    asked : ndarray of shape (m, d)
        Queries.
    rows : ndarray of shape (n, d)
        Rows.
    metric : str
        One of `METRICS`.
    bounds : Bounds or None
        Of the rows; None measures each pair in float64.
    k : int or None
        How many of the nearest.
    reach : float
        A distance; minus infinity for none.

    Returns
    -------
    list of Answer
        Indices of rows and distances, as `distances` measures them. Of several rows at the
        distance of the k-th, the first ones are among them.
    """
    # Where most rows are wanted there is nothing to be saved.
    if bounds is None or 2 * (k or 0) > len(rows) or reach == np.inf:
        return _measure_all(asked, rows, metric, k, reach)
    questions = bound_queries(asked, bounds, rows.dtype)
    answers: list[Answer | None] = [None] * len(asked)
    apart = np.flatnonzero(questions.usable)
    shortlist = _shorten(rows, bounds, questions[apart], k, reach) if len(apart) else []
    for query, at in zip(apart, shortlist, strict=False):
        answers[query] = (at, measure_exactly(asked[query : query + 1], rows, at, metric))
    left = np.array([i for i, answer in enumerate(answers) if answer is None], dtype=np.int64)
    if len(left):
        measured = _measure_all(asked[left], rows, metric, k, reach)
        for query, answer in zip(left, measured, strict=True):
            answers[query] = answer
    return [answer for answer in answers if answer is not None]


def measure_exactly(query: np.ndarray, rows: np.ndarray, at: np.ndarray, metric: str) -> np.ndarray:
    """Return the distance of one query ``(1, d)`` to the rows `at`, as `distances` does."""
    found = np.empty(len(at))
    for block in row_blocks(len(at), rows.shape[1]):
        found[block] = distances(query, rows.take(at[block], axis=0), metric)[0]
    return found


def _measure_all(
    asked: np.ndarray, rows: np.ndarray, metric: str, k: int | None, reach: float
) -> list[Answer]:
    """Measure every pair in float64, a block at a time."""
    shortlist = Shortlist(len(asked), k, np.full(len(asked), reach), exact=True)
    for block in row_blocks(len(rows), max(len(asked), rows.shape[1])):
        found = distances(asked, rows[block], metric)
        if block.start == 0:
            shortlist.begin(found)
        who, at = _pairs(found <= shortlist.limit[:, None])
        near = found[who, at]
        shortlist.add(who, at + block.start, near, near)
    return shortlist.rows()


def _shorten(
    rows: np.ndarray, bounds: Bounds, questions: Questions, k: int | None, reach: float
) -> list[np.ndarray]:
    """Return, for each query, the rows that may be in its answer; nothing if they are too many."""
    n_queries = len(questions.weights)
    limits = np.full(n_queries, -np.inf)
    if reach > -np.inf:
        limits = to_scores(reach, bounds, questions)
    shortlist = Shortlist(n_queries, k, limits, exact=False)
    step = max(1024, MOST_SCORES // n_queries)
    for start in range(0, len(rows), step):
        block = slice(start, min(start + step, len(rows)))
        low = lower_scores(rows, block, bounds, questions)
        if start == 0:
            first = slice(0, min(low.shape[1], max(FIRST_ROWS, 4 * (k or 0))))
            every = np.arange(n_queries)[:, None]
            shortlist.begin(upper_scores(low[:, first], bounds, questions, every, first))
        limit = round_up(shortlist.limit, low.dtype)
        who, at = _pairs(~(low > limit[:, None]))  # also where nothing is known
        near = low[who, at].astype(np.float64)
        at += start
        far = upper_scores(near, bounds, questions, who, at)
        unknown = np.isnan(far)
        near[unknown], far[unknown] = -np.inf, np.inf
        shortlist.add(who, at, near, far)
        if shortlist.size > MOST_PAIRS:
            return []
    return [at for at, _ in shortlist.rows()]


def _pairs(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows and columns where `mask` is true; np.nonzero takes longer for this."""
    who, at = np.divmod(np.flatnonzero(mask), mask.shape[1])
    return who, at
