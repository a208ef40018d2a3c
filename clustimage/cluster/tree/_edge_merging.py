"""The lowest merges of a tree along the edges of a graph of nearest neighbours."""

from __future__ import annotations

import numpy as np

from clustimage._core.batches import row_blocks
from clustimage.cluster.tree._neighbour_graph import COST_QUANTILE, keep_rows, match_pairs

__all__ = ["merge_along_edges"]


def merge_along_edges(
    rows: np.ndarray, weights: np.ndarray, member: np.ndarray, edges: np.ndarray, at_least: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Merge groups that an edge connects by Ward's criterion, until `at_least` are left.

    Groups are merged where neither has an edge of less cost, many at once; their edges become
    those of the merged group. So each group is compared with its few neighbours, not with
    thousands.

    Parameters
    ----------
    rows : ndarray of float, shape (g, d)
        Centres; changed, the first of them are those of the groups that are left.
    weights : ndarray of float32, shape (g,)
        Rows in each group.
    member : ndarray of int32, shape (n,)
        Group of each row.
    edges : ndarray of int, shape (e, 2)
        Pairs of groups.
    at_least : int
        Groups that are left; more where no edge is.

    Returns
    -------
    rows, weights, member
        Those of the groups that are left.

    Examples
    --------
    >>> rows = np.array([[0.0], [5.0], [0.1], [4.9]])
    >>> ones, names = np.ones(4, dtype=np.float32), np.arange(4, dtype=np.int32)
    >>> left = merge_along_edges(rows, ones, names, np.array([[0, 2], [1, 3], [2, 3]]), 2)
    >>> [found.round(2).tolist() for found in left]
    [[[0.05], [4.95]], [2.0, 2.0], [0, 1, 0, 1]]
    """
    edges = _distinct(edges, len(rows))
    cost = _costs(rows, weights, edges)
    while len(rows) > at_least and len(edges):
        g = len(rows)
        least = np.full(g, np.inf, dtype=cost.dtype)
        for end in edges.T:
            np.minimum.at(least, end, cost)
        low = cost <= np.minimum(least[edges[:, 0]], least[edges[:, 1]])
        low &= cost <= np.quantile(cost[low], COST_QUANTILE, method="lower")
        one, other = match_pairs(edges[low, 0], edges[low, 1], cost[low], g)
        one, other = one[: g - at_least], other[: g - at_least]
        share = weights[other] / (weights[one] + weights[other])
        for block in row_blocks(len(one), rows.shape[1]):
            rows[one[block]] += share[block, None] * (rows[other[block]] - rows[one[block]])
        weights[one] += weights[other]
        changed = np.zeros(g, dtype=bool)
        changed[one] = changed[other] = True
        kept = np.ones(g, dtype=bool)
        kept[other] = False
        name = np.cumsum(kept, dtype=np.int32) - np.int32(1)
        name[other] = name[one]
        rows, weights, member = keep_rows(rows, np.flatnonzero(kept)), weights[kept], name[member]
        # The costs between groups that did not change stay.
        stale = changed[edges].any(axis=1)
        renewed = _distinct(name[edges[stale]], len(rows))
        edges = np.concatenate([name[edges[~stale]], renewed])
        cost = np.concatenate([cost[~stale], _costs(rows, weights, renewed)])
    return rows, weights, member


def _distinct(edges: np.ndarray, g: int) -> np.ndarray:
    """Return each pair of two groups once, the lower number first, in increasing order."""
    low, high = edges.min(axis=1, initial=g), edges.max(axis=1, initial=0)
    codes = np.unique(low[low < high].astype(np.int64) * g + high[low < high])
    return np.column_stack([codes // g, codes % g])


def _costs(rows: np.ndarray, weights: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return by how much the sum of squares within groups grows where the pairs are merged."""
    cost = np.empty(len(edges), dtype=rows.dtype)
    for block in row_blocks(len(edges), rows.shape[1]):
        offset = rows[edges[block, 0]] - rows[edges[block, 1]]
        cost[block] = np.einsum("ij,ij->i", offset, offset)
    return np.asarray(cost / (1 / weights[edges[:, 0]] + 1 / weights[edges[:, 1]]))
