"""Which rows can still be among the nearest, while the rows are walked through."""

from __future__ import annotations

import numpy as np

__all__ = ["Shortlist"]

# Pairs that are kept before those that fell out are looked for.
ROOM = 65_536


class Shortlist:
    """For each query the rows that may be among its k nearest, or within its reach.

    Of each pair of a query and a row two numbers are known, between which its distance
    lies; they are equal where it was measured exactly. What is kept is about k rows for
    each query, those within reach, and those that the two numbers cannot tell apart.

    Parameters
    ----------
    n_queries : int
        Number of queries.
    k : int or None
        How many of the nearest are wanted.
    reach : ndarray of shape (n_queries,)
        All up to this are wanted, too; minus infinity for none.
    exact : bool
        Both numbers are equal: of several at the same distance the first rows are kept.

    Attributes
    ----------
    limit : ndarray of shape (n_queries,)
        Rows whose lower number is above it cannot belong to the answer.
    """

    def __init__(self, n_queries: int, k: int | None, reach: np.ndarray, *, exact: bool) -> None:
        self.k = k
        self.reach = reach
        self.exact = exact
        self.limit = reach.copy() if k is None else np.full(n_queries, np.inf)
        self._parts: list[tuple[np.ndarray, ...]] = []
        self._size = 0
        self._room = ROOM

    @property
    def size(self) -> int:
        """How many pairs are kept."""
        return self._size

    def begin(self, high: np.ndarray) -> None:
        """Set the first limits, from the upper numbers of the first rows, ``(n_queries, b)``."""
        if self.k is not None and self.k <= high.shape[1]:
            nearest = np.partition(high, self.k - 1, axis=1)[:, self.k - 1]
            nearest[np.isnan(nearest)] = np.inf
            self.limit = np.maximum(nearest, self.reach)

    def add(self, who: np.ndarray, at: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
        """Take pairs of query `who` and row `at`; rows come in ascending order for a query."""
        self._parts.append((who, at, low, high))
        self._size += len(who)
        if self._size > self._room:
            self._tighten()
            self._room = 2 * self._size + ROOM

    def counts(self) -> np.ndarray:
        """Return how many rows are kept for each query."""
        self._tighten()
        return np.bincount(self._parts[0][0], minlength=len(self.limit))

    def rows(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return, for each query, the rows that were kept, ascending, and their lower numbers."""
        ends = np.cumsum(self.counts())[:-1]
        who, at, low, _ = self._parts[0]
        order = np.lexsort((at, who))
        return list(zip(np.split(at[order], ends), np.split(low[order], ends), strict=True))

    def _tighten(self) -> None:
        """Lower the limits to the k-th smallest upper numbers, and drop what is above them."""
        empty = (np.empty(0, np.int64),) * 2 + (np.empty(0),) * 2
        joined = zip(empty, *self._parts, strict=True)
        who, at, low, high = (np.concatenate(parts) for parts in joined)
        keep = low <= self.limit[who]
        if self.k is not None:
            order = np.lexsort((at, high, who))
            counts = np.bincount(who, minlength=len(self.limit))
            starts = np.cumsum(counts) - counts
            known = counts >= self.k
            nearest = high[order[starts[known] + self.k - 1]]
            self.limit[known] = np.maximum(nearest, self.reach[known])
            keep = low <= self.limit[who]
            if self.exact:
                rank = np.empty(len(who), np.int64)
                rank[order] = np.arange(len(who)) - starts[who[order]]
                keep &= (rank < self.k) | (low <= self.reach[who])
        self._parts = [(who[keep], at[keep], low[keep], high[keep])]
        self._size = int(keep.sum())
