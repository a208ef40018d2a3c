"""The graph of the neighbours of all rows and their coordinates, equal rows at one place."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_matrix, triu

from clustimage._distances.distinct import name_distinct_rows
from clustimage.cluster.graph._diffusion_map import count_coordinates, diffusion_map
from clustimage.cluster.graph._fuzzy_graph import (
    N_COMPONENTS_OF_MANY,
    N_NEIGHBOURS,
    fuzzy_graph,
)

__all__ = ["GraphSpace", "build_graph_space", "graph_bytes"]


@dataclass(frozen=True, eq=False)
class GraphSpace:
    """The graph of nearest neighbours of distinct rows, and coordinates of all rows.

    Attributes
    ----------
    metric : str
        What neighbours are compared by.
    names : ndarray of int64, shape (n,)
        Which of the m distinct rows each row is.
    weights : csr_matrix of float64, shape (m, m)
        Symmetric weights of the edges, see `fuzzy_graph`.
    coordinates : ndarray of float64, shape (n, c)
        The diffusion map of the graph, see `diffusion_map`; equal rows have equal ones.
    """

    metric: str
    names: np.ndarray
    weights: csr_matrix
    coordinates: np.ndarray

    @property
    def edges(self) -> np.ndarray:
        """Pairs of rows that are connected, `(e, 2)`; of equal rows the first one."""
        first = np.unique(self.names, return_index=True)[1]
        return np.asarray(first[np.column_stack(triu(self.weights).nonzero())])

    def reordered(self, order: np.ndarray) -> GraphSpace:
        """Return the same graph for the rows in another order."""
        return replace(self, names=self.names[order], coordinates=self.coordinates[order])


def build_graph_space(
    X: np.ndarray,
    metric: str = "euclidean",
    *,
    random_state: int | None = 0,
    n_jobs: int | None = 1,
) -> GraphSpace:
    """Connect each row with its nearest ones, and lay the graph out in its leading eigenvectors.

    Rows that are equal are one node of the graph, so that nothing parts them, and neighbours are
    always other rows.

    Parameters
    ----------
    X : ndarray of float, shape (n, d)
        Features, finite.
    metric : str, default="euclidean"
        One of `METRICS`.
    random_state : int, default=0
        Seed of the solvers.
    n_jobs : int, default=1
        Number of workers; the result does not depend on it.

    Returns
    -------
    GraphSpace

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = np.concatenate([rng.normal(size=(50, 3)), rng.normal(size=(50, 3)) + 20])
    >>> space = build_graph_space(X)
    >>> space.weights.shape, space.coordinates.shape
    ((100, 100), (100, 62))
    >>> bool((space.coordinates[:50, 1] == 0).all())  # no walk leads to the other group
    True
    """
    names = name_distinct_rows(X, at_most=len(X))
    assert names is not None
    first = np.unique(names, return_index=True)[1]
    seed = 0 if random_state is None else random_state
    distinct = X if len(first) == len(X) else X[first]
    weights = fuzzy_graph(distinct, metric, seed=seed, n_jobs=n_jobs)
    coordinates = diffusion_map(weights, seed=seed, n_jobs=n_jobs)
    return GraphSpace(metric, names, weights, coordinates[names])


def graph_bytes(n: int, d: int) -> int:
    """Return about the bytes that the graph of n rows with d columns and its map take.

    Examples
    --------
    >>> graph_bytes(60_000, 512) // 10**6
    248
    """
    rows = 4 * n * min(d, N_COMPONENTS_OF_MANY) + 12 * n * 3 * N_NEIGHBOURS
    # Lanczos' method holds twice the vectors that it looks for.
    return rows + 8 * n * 3 * count_coordinates(n) + 2**25
