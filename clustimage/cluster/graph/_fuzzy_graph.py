"""The graph of nearest neighbours of the rows of features, with the weights of UMAP."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.neighbors import NearestNeighbors

from clustimage._decomposition.leading import leading_axes, project_on_axes
from clustimage._distances.approximate_neighbours import mostly_nearest_rows
from clustimage._distances.blocks import prepare_rows
from clustimage._distances.metrics import PRODUCT_METRICS

__all__ = ["N_NEIGHBOURS", "count_neighbours", "fuzzy_graph", "fuzzy_weights", "neighbour_rows"]

# An edge to so many of the nearest rows, the row itself counted, as UMAP counts them; to fewer
# of few rows, see `count_neighbours`.
N_NEIGHBOURS = 15
MIN_NEIGHBOURS = 5
# Features of more columns are reduced to so many components, and compared by their direction.
MAX_COLUMNS_AS_THEY_ARE = 20
N_COMPONENTS = 50
# Many rows may have many groups, which take more components and coordinates to tell apart.
ROWS_WITH_MANY_GROUPS, N_COMPONENTS_OF_MANY = 5000, 100
# UMAP's own constants: steps of the bisection, and the least width of a kernel in mean distances.
N_BISECTIONS = 64
MIN_WIDTH = 1e-3
BISECTION_TOLERANCE = 1e-5


def neighbour_rows(X: np.ndarray, metric: str = "euclidean", *, seed: int = 0) -> np.ndarray:
    """Return float32 rows whose Euclidean distances tell which rows are near each other.

    Above 20 columns these are the 50 leading principal components, 100 of more than 5,000 rows,
    each row scaled to length 1;
    for ``"cosine"`` and ``"correlation"`` the rows are scaled before as well.

    Parameters
    ----------
    X : ndarray of float, shape (n, d)
        Features.
    metric : {"euclidean", "sqeuclidean", "cosine", "correlation"}
    seed : int, default=0
        Of the components of more than 1,000 columns.

    Returns
    -------
    ndarray of float32, shape (n, c)

    Examples
    --------
    >>> rows = np.random.default_rng(0).normal(size=(100, 64))
    >>> neighbour_rows(rows).shape, neighbour_rows(rows[:, :3]).shape
    ((100, 50), (100, 3))
    """
    rows = X
    if not metric.endswith("euclidean"):
        rows = prepare_rows(np.asarray(X, dtype=np.float64), metric)[0]
    if rows.shape[1] <= MAX_COLUMNS_AS_THEY_ARE or not np.ptp(rows, axis=0).any():
        centred = rows - rows.mean(axis=0, dtype=np.float64)
        return np.asarray(centred / (np.abs(centred).max() or 1.0), dtype=np.float32)
    wanted = N_COMPONENTS if len(rows) <= ROWS_WITH_MANY_GROUPS else N_COMPONENTS_OF_MANY
    mean, axes = leading_axes(rows, min(wanted, *rows.shape), seed)
    reduced = project_on_axes(rows, mean, axes)
    lengths = np.linalg.norm(reduced, axis=1, keepdims=True)
    return np.asarray(reduced / np.where(lengths > 0, lengths, 1), dtype=np.float32)


def fuzzy_weights(distances: np.ndarray) -> np.ndarray:
    """Return the weight of the edge from each row to each of its nearest other rows.

    That is ``exp(-max(0, d - rho) / sigma)``, with `rho` the distance of the nearest row that
    is not equal, and `sigma` such that the weights of a row add up to ``log2(k + 1)`` [1]_.

    Parameters
    ----------
    distances : ndarray of shape (n, k)
        To the `k` nearest other rows, nearest first.

    Returns
    -------
    ndarray of float64, shape (n, k)
        From 0 to 1.

    References
    ----------
    .. [1] L. McInnes, J. Healy, J. Melville, "UMAP: Uniform Manifold Approximation and
       Projection for Dimension Reduction", arXiv:1802.03426, 2018, section 3.1.

    Examples
    --------
    >>> fuzzy_weights(np.array([[1.0, 1.0, 2.0, 3.0]])).round(2).tolist()
    [[1.0, 1.0, 0.26, 0.07]]
    """
    d = np.asarray(distances, dtype=np.float64)
    k = d.shape[1]
    rho = np.where(d > 0, d, np.inf).min(axis=1)
    rho[np.isinf(rho)] = 0
    beyond = np.maximum(d - rho[:, None], 0)
    low, high, sigma = np.zeros(len(d)), np.full(len(d), np.inf), np.ones(len(d))
    target = np.log2(k + 1)
    for _ in range(N_BISECTIONS):
        total = np.exp(-beyond / sigma[:, None]).sum(axis=1)
        done = np.abs(total - target) < BISECTION_TOLERANCE
        if done.all():
            break
        large = (total > target) & ~done
        small = ~large & ~done
        high[large], low[small] = sigma[large], sigma[small]
        middle = np.where(np.isinf(high), 2 * sigma, (low + high) / 2)
        sigma = np.where(done, sigma, middle)
    # The row itself, at distance 0, counts as one of the neighbours.
    mean = np.where(rho > 0, d.sum(axis=1) / (k + 1), d.sum() / (len(d) * (k + 1)))
    sigma = np.maximum(sigma, MIN_WIDTH * mean)
    return np.asarray(np.exp(-beyond / np.where(sigma > 0, sigma, 1)[:, None]))


def count_neighbours(n: int) -> int:
    """Return how many neighbours a row has by default: 15, or the root of `n`, but at least 5.

    Groups of few rows would else be connected with each other.

    Examples
    --------
    >>> [count_neighbours(n) for n in (9, 100, 1000)]
    [5, 10, 15]
    """
    return min(N_NEIGHBOURS, max(MIN_NEIGHBOURS, int(np.sqrt(n))))


def fuzzy_graph(
    X: np.ndarray,
    metric: str = "euclidean",
    *,
    n_neighbours: int | None = None,
    seed: int = 0,
    n_jobs: int | None = 1,
) -> csr_matrix:
    """Return the symmetric weights between rows and their nearest ones.

    An edge that goes both ways with weights `a` and `b` has the weight ``a + b - a * b``, as in
    UMAP: that of a fuzzy union.

    Parameters
    ----------
    X : ndarray of float, shape (n, d)
        Distinct rows.
    metric : str, default="euclidean"
        One of `METRICS`. The rows are reduced first where it is a product of matrices, see
        `neighbour_rows`.
    n_neighbours : int, optional
        Nearest rows, the row itself counted; all, where there are no more. Default: see
        `count_neighbours`.
    seed, n_jobs
        As elsewhere.

    Returns
    -------
    csr_matrix of float64, shape (n, n)
        Symmetric, 0 on the diagonal. Without an edge where there is one row.

    Examples
    --------
    >>> graph = fuzzy_graph(np.array([[0.0], [1.0], [5.0]]), n_neighbours=2)
    >>> graph.toarray().tolist()
    [[0.0, 1.0, 0.0], [1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
    """
    n = len(X)
    k = min(count_neighbours(n) if n_neighbours is None else n_neighbours, n) - 1
    if k < 1:
        return csr_matrix((n, n))
    if metric in PRODUCT_METRICS:
        rows = neighbour_rows(X, metric, seed=seed)
        at, distances = mostly_nearest_rows(rows, k, seed=seed, n_jobs=n_jobs)
    else:
        index = NearestNeighbors(algorithm="brute", metric=metric, n_jobs=n_jobs).fit(X)
        distances, at = index.kneighbors(n_neighbors=k)
    starts = np.arange(0, n * k + 1, k)
    one_way = csr_matrix((fuzzy_weights(distances).ravel(), at.ravel(), starts), shape=(n, n))
    other = one_way.T.tocsr()
    graph = (one_way + other - one_way.multiply(other)).tocsr()
    graph.eliminate_zeros()
    graph.sort_indices()
    return graph
