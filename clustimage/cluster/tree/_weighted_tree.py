"""The linkage tree of groups, each of which stands for several images."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import squareform

from clustimage._distances.condensed import condensed_distances
from clustimage.cluster.tree._linkage import build_tree_from, check_linkage
from clustimage.cluster.tree._merging import merge_nearest

__all__ = ["build_weighted_tree"]

# Linkages that weigh clusters by their numbers of images.
BY_SIZE = ("ward", "average", "centroid")
# Linkages that compare the members of two clusters, not their centres.
BY_PAIRS = ("average", "weighted", "complete")


def build_weighted_tree(
    centres: np.ndarray,
    weights: np.ndarray,
    *,
    variance: np.ndarray | None = None,
    linkage_name: str = "ward",
    metric: str = "euclidean",
    n_jobs: int | None = 1,
) -> np.ndarray:
    """Merge the two nearest groups again and again, until one is left.

    A group counts as its centre, repeated as often as it has images: above height 0 the
    tree is that of the repeated rows. Two groups of `a` and `b` images, whose centres are
    `d` apart, are ``sqrt(2 a b / (a + b)) d`` apart by Ward's criterion, as scipy has it
    [1]_; from there the formulas of Lance and Williams go on, with the numbers of images
    [2]_. Average and centroid linkage start from `d`, with the same formulas. Single,
    complete, weighted and median linkage do not ask how many images there are.

    Average, weighted and complete linkage compare the images of two groups, and these are
    further apart than the centres are. With `variance` two groups start at
    ``sqrt(d^2 + s_a + s_b)``, the root of the mean squared distance of their images;
    without it small groups seem further away than large ones.

    Parameters
    ----------
    centres : ndarray of float, shape (m, d)
        Centres of the groups.
    weights : ndarray, shape (m,)
        Images in each, at least 1.
    variance : ndarray of float64, shape (m,), optional
        Mean squared distance of the images of each group to its centre; for the metrics
        euclidean and sqeuclidean. Default 0.
    linkage_name : str, default="ward"
        One of `LINKAGES`.
    metric : str, default="euclidean"
        One of `METRICS`.
    n_jobs : int, default=1
        Number of threads for the distances; the tree does not depend on it.

    Returns
    -------
    Z : ndarray of float64, shape (m - 1, 4)
        The merges in the layout of `scipy.cluster.hierarchy.linkage`; the last column
        counts groups, not images.

    Raises
    ------
    InvalidParameterError
        If a name is unknown, or the linkage is not defined for the metric.
    InvalidDataError
        If the metric gives no distance between some of the centres.

    References
    ----------
    .. [1] F. Murtagh and P. Legendre, "Ward's hierarchical agglomerative clustering
       method: which algorithms implement Ward's criterion?", J. Classif. 31, 274-295,
       2014.
    .. [2] D. Müllner, "Modern hierarchical, agglomerative clustering algorithms",
       arXiv:1109.2378, 2011.

    Examples
    --------
    >>> centres = np.array([[0.0], [1.0], [3.0]])
    >>> build_weighted_tree(centres, np.array([3, 1, 1]), linkage_name="centroid").tolist()
    [[0.0, 1.0, 1.0, 2.0], [2.0, 3.0, 2.75, 3.0]]
    """
    check_linkage(linkage_name, metric)
    distances = condensed_distances(np.asarray(centres, dtype=np.float64), metric, n_jobs=n_jobs)
    if variance is not None and linkage_name in BY_PAIRS:
        _add_variances(distances, np.asarray(variance, dtype=np.float64), metric)
    if linkage_name not in BY_SIZE or len(centres) < 2:
        return build_tree_from(distances, linkage_name)
    square = squareform(distances, checks=False)
    del distances
    sizes = np.asarray(weights, dtype=np.float64)
    if linkage_name == "ward":
        for i, size in enumerate(sizes):
            square[i] *= np.sqrt(2 * size * sizes / (size + sizes))
    np.fill_diagonal(square, np.inf)
    return merge_nearest(square, linkage_name, sizes)


def _add_variances(distances: np.ndarray, variance: np.ndarray, metric: str) -> None:
    """Turn distances of centres into those of the images around them, in place."""
    start = 0
    for i in range(len(variance) - 1):
        stop = start + len(variance) - 1 - i
        block, more = distances[start:stop], variance[i] + variance[i + 1 :]
        if metric == "euclidean":
            np.square(block, out=block)
        block += more
        if metric == "euclidean":
            np.sqrt(block, out=block)
        start = stop
