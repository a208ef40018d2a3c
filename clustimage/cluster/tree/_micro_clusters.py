"""Micro-clusters: the lowest merges of a tree, made without the distances of all pairs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from clustimage._core.batches import row_blocks
from clustimage._core.logs import progress
from clustimage._distances.blocks import prepare_rows
from clustimage.cluster.evaluators._centres import cluster_centres, squared_to_centre
from clustimage.cluster.tree._edge_merging import merge_along_edges
from clustimage.cluster.tree._neighbour_graph import (
    EXTRA_COLUMNS,
    NeighbourGraph,
    keep_rows,
)

__all__ = ["MicroClusters", "find_micro_clusters"]

# Distances that are defined for a mean of rows; for the others a member stands for a cluster.
SQUARES = ("euclidean", "sqeuclidean")
DIRECTIONS = ("cosine", "correlation")
MAX_COLUMNS_AS_FLOAT64 = 16
# Merges along known edges end where so many groups are left for each micro-cluster.
GROUPS_PER_MICRO_CLUSTER = 2


@dataclass(frozen=True)
class MicroClusters:
    """Small groups of near images, and what stands for each.

    Attributes
    ----------
    member : ndarray of int32, shape (n,)
        Micro-cluster of each image, 0, 1, ... by their first images.
    weights : ndarray of int64, shape (m,)
        Images in each.
    points : ndarray of float64, shape (m, d) or (m, d + 1)
        Their centres; for directions (cosine, correlation) those of the rows at length
        ``sqrt(0.5)``, of which the squared distance of two is their cosine distance; for
        metrics that are not defined for a mean, the member nearest to the centre.
    variance : ndarray of float64, shape (m,), or None
        Mean squared distance of the members to the centre; None for other metrics.
    metric : str
        The metric to compare `points` by.
    """

    member: np.ndarray
    weights: np.ndarray
    points: np.ndarray
    variance: np.ndarray | None
    metric: str


def find_micro_clusters(
    X: np.ndarray,
    m: int,
    *,
    metric: str = "euclidean",
    edges: np.ndarray | None = None,
    random_state: int | None = 0,
    n_jobs: int | None = 1,
) -> MicroClusters:
    """Merge rows by Ward's criterion until `m` groups are left.

    Each group is compared with some thousand others: all, where there are
    no more, else those in the partitions of the space around it, which mini-batch k-means
    [1]_ makes. Groups that are the nearest ones of each other are merged, see `NeighbourGraph`. Up
    to there these are the merges of the exact tree, except where the nearest group lies in
    a partition further away. So time and memory grow in proportion to the rows.

    Parameters
    ----------
    X : ndarray of float, shape (n, d)
        Features; not changed.
    m : int
        Number of groups, from 1 to n. Fewer are made where fewer rows differ.
    metric : str, default="euclidean"
        One of `METRICS`. Directions are merged as rows of length 1; with all other metrics
        the groups are near each other by Euclidean distance.
    edges : ndarray of int, shape (e, 2), optional
        Pairs of rows that are near each other, where they are known: then the lowest merges,
        until twice `m` groups are left, are along them.
    random_state : int, default=0
        Seed: the same seed gives the same groups, whatever `n_jobs` is.
    n_jobs : int, default=1
        Number of threads; -1 uses every core.

    Returns
    -------
    MicroClusters

    References
    ----------
    .. [1] D. Sculley, "Web-scale k-means clustering", WWW 2010, 1177-1178.

    Examples
    --------
    >>> X = np.array([[0.0], [0.1], [5.0], [9.1], [9.0]])
    >>> found = find_micro_clusters(X, 3)
    >>> found.member.tolist(), found.weights.tolist(), found.points.round(2).tolist()
    ([0, 0, 1, 2, 2], [2, 1, 2], [[0.05], [5.0], [9.05]])
    """
    rows = _comparable_rows(X, metric)
    equal, first = _equal_rows(rows[:, :-EXTRA_COLUMNS])
    rows = keep_rows(rows, first)
    weights, names = np.bincount(equal).astype(np.float32), equal
    if edges is not None:
        centres = rows[:, :-EXTRA_COLUMNS]
        left, weights, names = merge_along_edges(
            centres, weights, names, names[edges], GROUPS_PER_MICRO_CLUSTER * m
        )
        rows = rows[: len(left)]
    groups = NeighbourGraph(rows, weights, names, random_state)
    del rows
    n_merges = max(0, len(groups) - m)
    for _ in progress(
        _merges(groups, m, n_jobs), desc="Finding micro-clusters", total=n_merges, unit="merge"
    ):
        pass
    member = _by_first(groups.member)
    del groups
    return _with_points(X, member, metric)


def _merges(groups: NeighbourGraph, m: int, n_jobs: int | None) -> Iterator[int]:
    while len(groups) > m:
        groups.update_nearest(n_jobs)
        one, other = groups.choose_pairs(len(groups) - m)
        groups.merge(one, other)
        yield from range(len(one))


def _comparable_rows(X: np.ndarray, metric: str) -> np.ndarray:
    """Return new rows that Euclidean distances group as `metric` does, more or less.

    With the columns behind them that `NeighbourGraph` needs: no copy is made of all.
    """
    n, d = X.shape
    # Of few columns there may be many rows that float32 hardly tells apart.
    kind = np.float64 if d <= MAX_COLUMNS_AS_FLOAT64 else np.float32
    if metric in DIRECTIONS:
        rows = np.empty((n, d + 1 + EXTRA_COLUMNS), dtype=kind)
        for block in row_blocks(n, d):
            rows[block, :-EXTRA_COLUMNS] = prepare_rows(
                np.asarray(X[block], dtype=np.float64), metric
            )[0]
        return rows
    # Around 0 and of size 1: the least is lost by it, and no square is too large.
    mean = X.mean(axis=0, dtype=np.float64)
    largest = max(float(np.abs(X[block] - mean).max()) for block in row_blocks(n, d))
    rows = np.empty((n, d + EXTRA_COLUMNS), dtype=kind)
    for block in row_blocks(n, d):
        rows[block, :-EXTRA_COLUMNS] = (X[block] - mean) / (largest or 1.0)
    return rows


def _equal_rows(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return which of the distinct rows each row is `(n,)`, and the first row of each.

    Told apart by a number of 64 bits that is made of all values of a row.
    """
    factors = np.random.default_rng(0).integers(2**63, size=(2, rows.shape[1]), dtype=np.uint64)
    factors |= np.uint64(1)
    digest = np.empty(len(rows), dtype=np.uint64)
    bits = np.uint32 if rows.itemsize == 4 else np.uint64
    for block in row_blocks(*rows.shape):
        # 0 is added, so that -0 has the bits of 0.
        hashed = (rows[block] + rows.dtype.type(0)).view(bits) * factors[0]
        hashed ^= hashed >> np.uint64(32)
        hashed *= factors[1]
        digest[block] = hashed.sum(axis=1)
    _, first, names = np.unique(digest, return_index=True, return_inverse=True)
    order = np.argsort(first)
    return _by_first(names.ravel()), first[order]


def _by_first(names: np.ndarray) -> np.ndarray:
    """Rename 0, 1, ... in the order of the first of each name, as int32."""
    _, first, codes = np.unique(names, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int32)
    rank[np.argsort(first)] = np.arange(len(first), dtype=np.int32)
    return rank[codes.ravel()]


def _with_points(X: np.ndarray, member: np.ndarray, metric: str) -> MicroClusters:
    rows, name = X, metric
    if metric in DIRECTIONS:
        rows, name = _comparable_rows(X, metric)[:, :-EXTRA_COLUMNS], "sqeuclidean"
        rows *= rows.dtype.type(np.sqrt(0.5))
    centres, weights = cluster_centres(rows, member)
    away = squared_to_centre(rows, member, centres)
    if name in SQUARES:
        return MicroClusters(member, weights, centres, np.bincount(member, away) / weights, name)
    order = np.lexsort((away, member))
    nearest = order[np.concatenate([[0], np.cumsum(weights)[:-1]])]
    return MicroClusters(member, weights, X[nearest].astype(np.float64), None, name)
