"""Verified pairs become groups."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import squareform

__all__ = ["components", "join"]

MIN_SHARE_LINKED = 0.5  # of the pairs between two groups that become one


def components(pairs: Iterable[tuple[int, int]]) -> list[list[int]]:
    """Return the rows that are connected by pairs, two or more in each list, in their order.

    Examples
    --------
    >>> components([(4, 1), (2, 3), (1, 0)])
    [[0, 1, 4], [2, 3]]
    """
    ends = np.array(sorted(pairs), dtype=np.intp).reshape(-1, 2)
    if not len(ends):
        return []
    rows, index = np.unique(ends, return_inverse=True)
    index = index.reshape(-1, 2)
    graph = coo_matrix((np.ones(len(index)), (index[:, 0], index[:, 1])), shape=(len(rows),) * 2)
    _, labels = connected_components(graph, directed=False)
    order = np.argsort(labels, kind="stable")
    cuts = np.flatnonzero(np.diff(labels[order])) + 1
    return [part.tolist() for part in np.split(rows[order], cuts)]


def join(rows: list[int], pairs: set[tuple[int, int]]) -> list[list[int]]:
    """Return the groups of some rows: average linkage of the pairs that are there.

    Two groups become one where at least half of the pairs between them are versions of one
    photo. One false pair then joins no two groups, as single linkage would.

    Examples
    --------
    >>> join([0, 1, 2, 5], {(0, 1), (0, 2), (1, 2), (2, 5)})
    [[0, 1, 2]]
    """
    if len(rows) == 2:
        return [rows]
    at = {row: position for position, row in enumerate(rows)}
    apart = np.ones((len(rows), len(rows)))
    np.fill_diagonal(apart, 0)
    for one, other in pairs:
        if one in at and other in at:
            apart[at[one], at[other]] = apart[at[other], at[one]] = 0
    tree = linkage(squareform(apart, checks=False), method="average")
    labels = fcluster(tree, 1 - MIN_SHARE_LINKED, criterion="distance")
    groups = [np.array(rows)[labels == label].tolist() for label in np.unique(labels)]
    return sorted(group for group in groups if len(group) > 1)
