"""Coordinates of the nodes of a graph: a diffusion map."""

from __future__ import annotations

import numpy as np
from scipy.linalg import eigh
from scipy.sparse import csr_matrix, diags
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import eigsh
from threadpoolctl import threadpool_limits

from clustimage._decomposition.products import flip_signs
from clustimage.cluster.graph._leading_eigenpairs import leading_eigenpairs

__all__ = ["count_coordinates", "diffusion_map"]

N_COORDINATES = 60
# Many nodes may have many groups, each of which takes a coordinate.
NODES_WITH_MANY_GROUPS, N_COORDINATES_OF_MANY = 5000, 110
N_STEPS = 8
# Up to so many nodes all eigenvectors are computed, and up to so many the leading ones exactly.
MAX_NODES_AS_MATRIX, MAX_NODES_EXACT = 300, 20_000


def count_coordinates(n: int) -> int:
    """Return how many coordinates n nodes get by default: 60, or 110 of more than 5,000.

    Examples
    --------
    >>> count_coordinates(5000), count_coordinates(5001)
    (60, 110)
    """
    return N_COORDINATES if n <= NODES_WITH_MANY_GROUPS else N_COORDINATES_OF_MANY


def diffusion_map(
    graph: csr_matrix,
    *,
    n_coordinates: int | None = None,
    n_steps: int = N_STEPS,
    seed: int = 0,
    n_jobs: int | None = 1,
) -> np.ndarray:
    """Return coordinates in which nodes are near that random walks of `n_steps` do not part.

    With `d` the sums of the weights `W` of each node, and ``(l_j, v_j)`` the leading eigenpairs
    of ``D^-1/2 W D^-1/2``, the coordinates of a node are ``l_j^n_steps v_j / sqrt(d)`` [1]_.
    The first eigenvector is left out, along which all nodes are at one place.

    Parts of the graph that no edge connects have eigenvalue 1 each, and so a coordinate each:
    they are taken part by part, which gives the same distances.

    Parameters
    ----------
    graph : csr_matrix of shape (n, n)
        Symmetric weights of the edges, from 0 up.
    n_coordinates : int, optional
        How many eigenvectors, beside those of the parts. Default: see `count_coordinates`.
    n_steps : int, default=8
        Steps of the walk.
    seed : int, default=0
        Of the first vectors of Lanczos' method, and of the subspace iteration that takes its place
        for more than 20,000 nodes, see `leading_eigenpairs`.
    n_jobs : int, default=1
        Number of threads; the result does not depend on it.

    Returns
    -------
    ndarray of float64, shape (n, m)
        The mean squared distance from 0 is 1, unless all nodes are at one place. At least one
        column.

    References
    ----------
    .. [1] R. R. Coifman, S. Lafon, "Diffusion maps", Applied and Computational Harmonic
       Analysis 21, 5-30, 2006.

    Examples
    --------
    >>> edges = np.kron(np.eye(2), np.ones((3, 3)) - np.eye(3))
    >>> diffusion_map(csr_matrix(edges), n_coordinates=1).round(2)[:, :2].tolist()
    [[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0]]
    """
    if n_coordinates is None:
        n_coordinates = count_coordinates(graph.shape[0])
    n_parts, part = connected_components(graph, directed=False)
    order = np.argsort(part, kind="stable")
    degrees = np.asarray(graph.sum(axis=1)).ravel()
    values, columns = [], []
    for nodes in np.split(order, np.cumsum(np.bincount(part))[:-1]):
        d = np.where(degrees[nodes] > 0, degrees[nodes], 1)
        scaled = diags(d**-0.5) @ graph[nodes][:, nodes] @ diags(d**-0.5)
        if len(nodes) <= MAX_NODES_EXACT:
            found, vectors = _leading_pairs(scaled, n_coordinates + 1, seed)
        else:
            found, vectors = leading_eigenpairs(
                scaled.tocsr(), n_coordinates + 1, power=n_steps, seed=seed, n_jobs=n_jobs
            )
            vectors = flip_signs(vectors.T).T
        # The first one is known, and so free of rounding errors.
        found[0], vectors[:, 0] = 1.0, np.sqrt(d / d.sum())
        for value, vector in zip(found, vectors.T / np.sqrt(d), strict=True):
            values.append(value)
            columns.append((nodes, vector * value**n_steps))
    # Stable: the first ones of all parts, of eigenvalue 1, stay in front.
    kept = np.argsort(-np.asarray(values), kind="stable")[: n_parts + n_coordinates]
    if n_parts == 1:
        kept = kept[1:]  # along it all nodes are at one place
    coordinates = np.zeros((graph.shape[0], max(1, len(kept))))
    for j, i in enumerate(kept):
        nodes, column = columns[i]
        coordinates[nodes, j] = column
    size = np.sqrt(np.mean(np.einsum("ij,ij->i", coordinates, coordinates)))
    return coordinates / (size or 1.0)


def _leading_pairs(matrix: csr_matrix, n_pairs: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the largest eigenvalues, decreasing, and their eigenvectors as columns."""
    n = matrix.shape[0]
    with threadpool_limits(1, user_api="blas"):  # the same numbers on every machine
        if n <= max(MAX_NODES_AS_MATRIX, n_pairs + 1):
            least = max(0, n - n_pairs)
            values, vectors = eigh(matrix.toarray(), subset_by_index=(least, n - 1))
        else:
            first = np.random.default_rng(seed).normal(size=n)
            values, vectors = eigsh(matrix, n_pairs, which="LA", v0=first, tol=1e-6)
    order = np.argsort(-values, kind="stable")
    return values[order], flip_signs(vectors[:, order].T).T
