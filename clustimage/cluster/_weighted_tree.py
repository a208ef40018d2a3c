"""The linkage tree of groups, each of which stands for several images."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import squareform

from clustimage._metrics import row_blocks
from clustimage.cluster._distances import condensed_distances, distance_rows
from clustimage.cluster._merging import merge_nearest
from clustimage.cluster._tree import check_linkage, grow_from

__all__ = ["grow_weighted_tree"]

# Where how many images a cluster holds says how far it is from others, or from its parts.
BY_SIZE = ("ward", "average", "centroid")
# Numbers that scipy compares one by one in a second or two; of more, a product of matrices
# gives Euclidean distances, which is many times faster.
MOST_NUMBERS = 2_000_000_000


def grow_weighted_tree(
    centres: np.ndarray,
    weights: np.ndarray,
    *,
    linkage_name: str = "ward",
    metric: str = "euclidean",
) -> np.ndarray:
    """Merge the two nearest groups again and again, until one is left.

    A group counts as its centre, repeated as often as it has images: above height 0 the
    tree is that of the repeated rows. Two groups of `a` and `b` images, whose centres are
    `d` apart, are ``sqrt(2 a b / (a + b)) d`` apart by Ward's criterion, as scipy has it
    [1]_; from there the formulas of Lance and Williams go on, with the numbers of images
    [2]_. Average and centroid linkage start from `d`, with the same formulas. Single,
    complete, weighted and median linkage do not ask how many images there are.

    Parameters
    ----------
    centres : ndarray of float, shape (m, d)
        Centres of the groups.
    weights : ndarray, shape (m,)
        Images in each, at least 1.
    linkage_name : str, default="ward"
        One of `LINKAGES`.
    metric : str, default="euclidean"
        One of `METRICS`.

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
    >>> grow_weighted_tree(centres, np.array([3, 1, 1]), linkage_name="centroid").tolist()
    [[0.0, 1.0, 1.0, 2.0], [2.0, 3.0, 2.75, 3.0]]
    """
    check_linkage(linkage_name, metric)
    distances = _distances(np.asarray(centres, dtype=np.float64), metric)
    if linkage_name not in BY_SIZE or len(centres) < 2:
        return grow_from(distances, linkage_name)
    square = squareform(distances, checks=False)
    del distances
    sizes = np.asarray(weights, dtype=np.float64)
    if linkage_name == "ward":
        for i, size in enumerate(sizes):
            square[i] *= np.sqrt(2 * size * sizes / (size + sizes))
    np.fill_diagonal(square, np.inf)
    return merge_nearest(square, linkage_name, sizes)


def _distances(centres: np.ndarray, metric: str) -> np.ndarray:
    m, d = centres.shape
    if metric != "euclidean" or m * (m - 1) / 2 * d <= MOST_NUMBERS:
        return condensed_distances(centres, metric)
    rows = distance_rows(centres, metric)
    condensed = np.empty(m * (m - 1) // 2)
    start = 0
    for block in row_blocks(m, m):
        for i, far in enumerate(rows(block), block.start):
            stop = start + m - 1 - i
            condensed[start:stop] = far[i + 1 :]
            start = stop
    return condensed
