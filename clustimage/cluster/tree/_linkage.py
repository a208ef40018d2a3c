"""The linkage tree: how it is built and how it is cut."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.cluster.hierarchy import fcluster, linkage

from clustimage._core.errors import InvalidParameterError
from clustimage._core.memory import free_budget
from clustimage._core.parameters import named, setting
from clustimage._core.step_order import StepOrderError
from clustimage._core.validation import check_int, check_option, check_real
from clustimage._distances.condensed import condensed_distances
from clustimage._distances.metrics import check_metric
from clustimage.cluster._labels import order_labels
from clustimage.cluster.tree._combined_distance import Weights

__all__ = [
    "EUCLIDEAN_LINKAGES",
    "LINKAGES",
    "check_linkage",
    "check_tree_memory",
    "cut_heights",
    "cut_tree_at",
    "cut_tree_k",
    "build_tree_from",
    "build_tree",
    "name_linkage",
    "tree_bytes",
]

LINKAGES = ("ward", "single", "complete", "average", "weighted", "centroid", "median")
# Their formulas hold for Euclidean distances only.
EUCLIDEAN_LINKAGES = ("ward", "centroid", "median")


NO_WEIGHTS = Weights()


def name_linkage(name: str | None, *, cut: bool, weights: Weights) -> str:
    """Return `name`, or the default: ward, but average with a cut at a height, time or location."""
    if name is not None:
        return name
    return "average" if cut or weights else "ward"


def check_linkage(name: str, metric: str, *, weights: Weights = NO_WEIGHTS) -> None:
    """Raise `InvalidParameterError` where the linkage is not defined for the distances."""
    check_option("linkage", name, LINKAGES)
    check_metric(metric)
    if name not in EUCLIDEAN_LINKAGES:
        return
    others = ", ".join(repr(one) for one in LINKAGES if one not in EUCLIDEAN_LINKAGES)
    if metric != "euclidean":
        raise InvalidParameterError(
            f"{named('linkage')} {name!r} is defined for {setting('metric', 'euclidean')} only. "
            f"Got {setting('metric', metric)}. With it, choose a linkage of {others}."
        )
    if weights:
        raise InvalidParameterError(
            f"{named('linkage')} {name!r} is defined for Euclidean distances only, not for those "
            f"combined with {weights.words}. Got {weights.given}. With it, choose a linkage of "
            f"{others}."
        )


def tree_bytes(n: int, linkage_name: str, *, constrained: bool = False) -> int:
    """Return the bytes that the distances of n images take while a tree is built from them.

    They are one vector of n (n - 1) / 2 float64, which scipy copies; single linkage reads the
    vector, and a bool per pair says that it is finite. A tree with cannot-link groups is
    built from a square matrix beside the vector.
    """
    per_pair = 24 if constrained else 9 if linkage_name == "single" else 16
    return per_pair * n * (n - 1) // 2


def check_tree_memory(n: int, linkage_name: str, *, constrained: bool = False) -> None:
    """Raise `MemoryLimitError` if the distances of n images do not fit, before they are made."""
    free_budget().check(
        tree_bytes(n, linkage_name, constrained=constrained),
        what=f"A tree of {n:,} images",
        instead=f"Give fewer images, or use {setting('cluster', 'kmeans')}, which builds no tree.",
    )


def build_tree(
    X: np.ndarray, *, linkage_name: str = "ward", metric: str = "euclidean"
) -> np.ndarray:
    """Merge the two nearest clusters again and again, until one is left.

    Parameters
    ----------
    X : ndarray of float, shape (n, d)
        Features, one row per image.
    linkage_name : str, default="ward"
        One of `LINKAGES`.
    metric : str, default="euclidean"
        One of `METRICS`.

    Returns
    -------
    Z : ndarray of float64, shape (n - 1, 4)
        The merges in the layout of `scipy.cluster.hierarchy.linkage`: the two
        clusters, the height of the merge, and the number of images below it.

    Raises
    ------
    InvalidParameterError
        If a name is unknown, or the linkage is not defined for the metric.
    InvalidDataError
        If the metric gives no distance between some of the rows.
    MemoryLimitError
        If the distances do not fit into memory; before they are made.

    Examples
    --------
    >>> build_tree(np.array([[0.0], [1.0], [5.0]]), linkage_name="single").tolist()
    [[0.0, 1.0, 1.0, 2.0], [2.0, 3.0, 4.0, 3.0]]
    """
    check_linkage(linkage_name, metric)
    X = np.asarray(X, dtype=np.float64)
    check_tree_memory(len(X), linkage_name)
    return build_tree_from(condensed_distances(X, metric), linkage_name)


def build_tree_from(distances: np.ndarray, linkage_name: str) -> np.ndarray:
    """Return the tree of condensed distances; an empty one for the none of one image."""
    if not len(distances):
        return np.empty((0, 4))
    Z: np.ndarray = linkage(distances, method=linkage_name)
    return Z


def _as_tree(Z: ArrayLike | None) -> np.ndarray:
    if Z is None:
        raise StepOrderError(
            "There is no tree to cut. Run cluster(cluster='agglomerative') first; the other "
            "clusterers build none."
        )
    return np.asarray(Z, dtype=np.float64).reshape(-1, 4)


def _roots(Z: np.ndarray, n_merges: int) -> np.ndarray:
    """Return, for each of the n leaves, the top node it belongs to after `n_merges` merges."""
    n = len(Z) + 1
    parent = np.arange(n + n_merges)
    merged = Z[:n_merges, :2].astype(np.intp)
    parent[merged] = np.arange(n, n + n_merges)[:, None]
    while True:
        higher = parent[parent]
        if np.array_equal(higher, parent):
            return parent[:n]
        parent = higher


def cut_tree_k(Z: ArrayLike | None, k: int, micro: np.ndarray | None = None) -> np.ndarray:
    """Cut the tree into exactly `k` clusters.

    The first ``n - k`` merges are made. Merges of one height, or a tree whose
    heights fall (centroid and median linkage), still give `k` clusters;
    `scipy.cluster.hierarchy.fcluster` may give fewer there, and the same partition
    everywhere else.

    Parameters
    ----------
    Z : array-like, shape (n - 1, 4)
        Linkage tree.
    k : int
        Number of clusters, from 1 to n.
    micro : ndarray of int, shape (n_images,), optional
        Which leaf each image belongs to, for a tree of micro-clusters.

    Returns
    -------
    labels : ndarray of int64, shape (n,) or (n_images,)
        By decreasing size, see `order_labels`.

    Raises
    ------
    InvalidParameterError
        If `k` is not a whole number from 1 to n.
    StepOrderError
        If there is no tree (None).

    Examples
    --------
    >>> Z = build_tree(np.array([[0.0], [1.0], [5.0], [6.0], [7.0]]))
    >>> cut_tree_k(Z, 2).tolist()
    [1, 1, 0, 0, 0]
    >>> cut_tree_k(Z, 2, micro=np.array([0, 0, 1, 1, 2, 3, 4])).tolist()
    [0, 0, 0, 0, 1, 1, 1]
    """
    tree = _as_tree(Z)
    n = len(tree) + 1
    k = check_int("k", k, low=1, high=n)
    leaves = _roots(tree, n - k)
    return order_labels(leaves if micro is None else leaves[micro])


def cut_tree_at(Z: ArrayLike | None, max_d: float, micro: np.ndarray | None = None) -> np.ndarray:
    """Cut the tree at a height.

    Parameters
    ----------
    Z : array-like, shape (n - 1, 4)
        Linkage tree.
    max_d : float
        Height, in units of the tree's distances: merges up to it are made.
    micro : ndarray of int, shape (n_images,), optional
        Which leaf each image belongs to, for a tree of micro-clusters.

    Returns
    -------
    labels : ndarray of int64, shape (n,) or (n_images,)
        By decreasing size, see `order_labels`.

    Raises
    ------
    InvalidParameterError
        If `max_d` is not a number of at least 0.
    StepOrderError
        If there is no tree (None).

    Examples
    --------
    >>> Z = build_tree(np.array([[0.0], [1.0], [5.0]]), linkage_name="single")
    >>> cut_tree_at(Z, 2).tolist()
    [0, 0, 1]
    """
    tree = _as_tree(Z)
    max_d = check_real("max_d", max_d, low=0)
    leaves = np.zeros(1, dtype=np.int64)
    if len(tree):
        leaves = fcluster(tree, max_d, criterion="distance")
    return order_labels(leaves if micro is None else leaves[micro])


def cut_heights(Z: ArrayLike | None, k: int) -> tuple[float, float, float]:
    """Return where a cut gives `k` clusters: the middle, the lower and the upper height.

    Parameters
    ----------
    Z : array-like, shape (n - 1, 4)
        Linkage tree.
    k : int
        Number of clusters, from 1 to n.

    Returns
    -------
    max_d, lower, upper : float
        The last merge that is made lies at `lower`, the first one that is not at
        `upper`. With one cluster `upper` lies 5 % above the top of the tree; with n
        clusters `lower` is 0.

    Examples
    --------
    >>> Z = build_tree(np.array([[0.0], [1.0], [5.0]]), linkage_name="single")
    >>> cut_heights(Z, 2)
    (2.5, 1.0, 4.0)
    """
    heights = _as_tree(Z)[:, 2]
    n = len(heights) + 1
    k = check_int("k", k, low=1, high=n)
    lower = float(heights[: n - k].max(initial=0.0))
    upper = float(heights[n - k :].min()) if k > 1 else lower * 1.05
    return (lower + upper) / 2, lower, upper
