"""What a search for the best clustering returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from clustimage._core.logs import get_logger
from clustimage._core.parameters import named
from clustimage.cluster._labels import count_clusters, order_labels
from clustimage.cluster._levels import Level, find_levels
from clustimage.cluster._registry import CLUSTERERS, EVALUATORS
from clustimage.cluster._stability import subsample_stability
from clustimage.cluster.tree._cannot_link import HEIGHT_FACTOR
from clustimage.cluster.tree._linkage import cut_heights, cut_tree_k

__all__ = [
    "Clustering",
    "NO_CUT",
    "Search",
    "is_cut",
    "levels_of",
    "put_back",
    "stability_of",
    "with_last_search",
    "with_unclustered",
    "with_other_labels",
]

logger = get_logger(__name__)


# What older versions did not know.
NEWER_PARAMS = {
    "sim": None,
    "distance_threshold": None,
    "time_weight": 0.0,
    "place_weight": 0.0,
    "cannot_link": None,
    "micro_clusters": None,
    "cluster_space": None,
    "level": None,
}


# Nothing that says at which height the tree is cut.
NO_CUT = {"sim": None, "distance_threshold": None}

# What may differ between a search and a clustering of which it has the scores.
NOT_COMPARED = ("n_clusters", "min_clust", "max_clust", "min_size", "level")
# What is compared through the trees: only their number, or nothing, is in the parameters.
SIDE_DATA = ("cannot_link", "time_weight", "place_weight")


@dataclass(frozen=True)
class Search:
    """The scores of a search for the number of clusters.

    Attributes
    ----------
    params, score, varied
        As of `Clustering`.
    """

    params: dict[str, Any]
    score: dict[str, list[Any]]
    varied: str


@dataclass
class Clustering:
    """The best labelling, and how it was found.

    Attributes
    ----------
    labels : ndarray of int64, shape (n,)
        0 is the largest cluster, then by decreasing size; -1 is unclustered, -2 has no
        EXIF data to be clustered by.
    params : dict
        What was asked for: ``cluster``, ``evaluate``, ``metric``, ``linkage``,
        ``min_clust``, ``max_clust``, ``n_clusters``, ``min_size``, ``sim``,
        ``distance_threshold``, ``time_weight``, ``place_weight``, ``cannot_link`` (number of
        groups that are kept apart), ``micro_clusters``, ``cluster_space``, ``level``,
        ``random_state``; after a clustering by EXIF data also ``by`` (the metric),
        ``min_samples``, and ``timeframe`` or ``radius_meters``.
        Names, numbers and None only; an object is there as its ``repr``.
    score : dict of str to list
        One entry per labelling that competed: ``"cluster_threshold"`` (k; the radius
        of dbscan, the minimal size of hdbscan, the height of a similarity cut),
        ``"clusters"`` (number of clusters that it has) and ``"score"`` (NaN where it
        is not defined); ``"standard_error"`` of it, where it comes from a sample.
    best : int
        Position of the winner in `score`.
    varied : str
        What ``"cluster_threshold"`` is: ``"cluster_threshold"`` for k, ``"eps"``,
        ``"min_cluster_size"``, ``"height"``, ``"timeframe"`` or ``"radius_meters"``.
    tree : ndarray of float64, shape (n - 1, 4) or (m - 1, 4), or None
        The linkage tree, for agglomerative clustering. Its leaves are the images, or m
        micro-clusters of them, see `micro`.
    n_found : int
        Number of clusters before small ones were left out (`min_size`).
    height : float or None
        Where the tree was cut, in units of its distances, if a similarity was asked
        for (``sim``) or a distance; else it may be anywhere between two merges.
    n_allowed : int or None
        How many of the first merges of the tree are allowed, where images are kept
        apart (``cannot_link``).
    micro : ndarray of int32, shape (n,), or None
        Which leaf of the tree each image belongs to, where the leaves are micro-clusters.
    earlier : Search or None
        The last search of the same features, where this is none itself.
    n_joined : int
        How many images were added to clusters since these were made.
    asked : dict or None
        Arguments of the request as they were given, where what is open in them was decided
        since (``cluster_space``); objects and arrays are left out.
    """

    labels: np.ndarray
    params: dict[str, Any]
    score: dict[str, list[Any]]
    best: int = 0
    varied: str = "cluster_threshold"
    tree: np.ndarray | None = None
    n_found: int = 1
    height: float | None = None
    n_allowed: int | None = None
    micro: np.ndarray | None = None
    earlier: Search | None = None
    n_joined: int = 0
    asked: dict[str, Any] | None = None

    @property
    def searched(self) -> bool:
        """Whether the number of clusters was searched for, and not asked for."""
        asked = self.params
        exact = asked["n_clusters"] is not None or asked["min_clust"] == asked["max_clust"]
        return not exact and self.varied != "height"

    @property
    def search(self) -> Search | None:
        """The last search: this one, or the one before it."""
        return Search(self.params, self.score, self.varied) if self.searched else self.earlier

    @property
    def least(self) -> int:
        """The least number of clusters that the tree may be cut into."""
        if self.tree is None or self.n_allowed is None:
            return 1
        return len(self.tree) + 1 - self.n_allowed

    @property
    def cut(self) -> tuple[float, float, float] | None:
        """Height of the cut, and the heights it may lie between; None without a tree."""
        if self.tree is None:
            return None
        middle, lower, upper = cut_heights(self.tree, self.n_found)
        if self.height is None:
            return middle, lower, upper
        # The heights of centroid and median fall: their merges are not made in order.
        return self.height, min(lower, self.height), max(upper, self.height)

    def get_state(self) -> dict[str, Any]:
        """Return everything as a dict of arrays and JSON values."""
        return {
            "labels": self.labels,
            "params": dict(self.params),
            # As arrays: JSON has no NaN.
            "score": {name: np.asarray(column) for name, column in self.score.items()},
            "best": self.best,
            "varied": self.varied,
            "tree": self.tree,
            "n_found": self.n_found,
            "height": self.height,
            "n_allowed": self.n_allowed,
            "micro": self.micro,
            "n_joined": self.n_joined,
            "asked": self.asked,
            "earlier": None
            if self.earlier is None
            else {
                "params": dict(self.earlier.params),
                "score": {name: np.asarray(row) for name, row in self.earlier.score.items()},
                "varied": self.earlier.varied,
            },
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Clustering:
        """Make a clustering from what `get_state` returned, also that of older versions."""
        tree, height, n_allowed = state["tree"], state.get("height"), state.get("n_allowed")
        micro, earlier = state.get("micro"), state.get("earlier")
        return cls(
            labels=np.asarray(state["labels"], dtype=np.int64),
            params={**NEWER_PARAMS, **state["params"]},
            score=_as_lists(state["score"]),
            best=int(state["best"]),
            varied=str(state["varied"]),
            tree=None if tree is None else np.asarray(tree, dtype=np.float64),
            n_found=int(state["n_found"]),
            height=None if height is None else float(height),
            n_allowed=None if n_allowed is None else int(n_allowed),
            micro=None if micro is None else np.asarray(micro, dtype=np.int32),
            earlier=None
            if earlier is None
            else Search(dict(earlier["params"]), _as_lists(earlier["score"]), earlier["varied"]),
            n_joined=int(state.get("n_joined", 0)),
            asked=state.get("asked"),
        )


def is_cut(params: Mapping[str, Any]) -> bool:
    """Return whether the tree was cut at a height that was asked for."""
    return any(params[name] is not None for name in NO_CUT)


def put_back(clustering: Clustering, order: np.ndarray) -> Clustering:
    """Return a clustering of ``rows[order]`` as one of `rows`.

    Examples
    --------
    >>> from clustimage.cluster import search_k
    >>> rows, order = np.array([[9.0], [1.0], [9.2], [2.0]]), np.array([1, 0, 2, 3])
    >>> found = put_back(search_k(rows[order], n_clusters=2), order)
    >>> found.labels.tolist(), found.tree[0, :2].tolist()
    ([1, 0, 1, 0], [0.0, 2.0])
    """
    labels = np.empty_like(clustering.labels)
    labels[order] = clustering.labels
    tree, micro = clustering.tree, clustering.micro
    if micro is not None:
        micro = np.empty_like(micro)
        micro[order] = clustering.micro
    elif tree is not None:
        tree = tree.copy()
        joined = tree[:, :2].astype(np.intp)
        joined = np.where(joined < len(order), order[np.minimum(joined, len(order) - 1)], joined)
        tree[:, :2] = np.sort(joined, axis=1)
    return replace(clustering, labels=labels, tree=tree, micro=micro)


def with_unclustered(clustering: Clustering, kept: np.ndarray, n: int) -> Clustering:
    """Return a clustering of ``rows[kept]`` as one of n rows; the others have the label -1.

    In the tree the others join last, above all merges, which are not allowed.

    Examples
    --------
    >>> from clustimage.cluster import search_k
    >>> found = search_k([[0.0], [0.1], [9.0]], distance_threshold=1.0)
    >>> whole = with_unclustered(found, np.array([0, 2, 3]), 4)
    >>> whole.labels.tolist(), whole.tree[:, :2].tolist(), whole.n_allowed
    ([0, -1, 0, 1], [[0.0, 2.0], [3.0, 4.0], [1.0, 5.0]], 2)
    """
    labels = np.full(n, -1, dtype=np.int64)
    labels[kept] = clustering.labels
    others = np.setdiff1d(np.arange(n), kept)
    tree, n_allowed = clustering.tree, clustering.n_allowed
    if tree is not None:
        m = len(kept)
        nodes = np.concatenate([kept, n + np.arange(len(tree))])
        merges = tree.copy()
        merges[:, :2] = np.sort(nodes[tree[:, :2].astype(np.intp)], axis=1)
        n_allowed = len(tree) if n_allowed is None else n_allowed
        top = HEIGHT_FACTOR * float(tree[:, 2].max(initial=0.0)) or 1.0
        last = [[one, n + len(tree) + i - 1, top, m + i + 1] for i, one in enumerate(others)]
        tree = np.concatenate([merges, np.array(last, dtype=np.float64).reshape(-1, 4)])
    n_found = clustering.n_found + len(others)
    return replace(clustering, labels=labels, tree=tree, n_allowed=n_allowed, n_found=n_found)


def levels_of(clustering: Clustering) -> list[Level]:
    """Return the numbers of clusters that are locally best, see `find_levels`.

    Only the one that was found, where numbers of clusters were not compared.
    """
    score, best = clustering.score, clustering.best
    evaluator = EVALUATORS.get(clustering.params["evaluate"])
    if clustering.varied != "cluster_threshold" or evaluator is None:
        k = int(score["clusters"][best])
        return [Level(k, float(score["score"][best]), 0.0, best)]
    best = evaluator().choose(score["clusters"], np.asarray(score["score"], dtype=np.float64))
    return find_levels(
        score["clusters"], score["score"], best, higher_is_better=evaluator.higher_is_better
    )


def stability_of(
    clustering: Clustering, X: np.ndarray, counts: Sequence[int]
) -> npt.NDArray[np.float64]:
    """Return the stability of numbers of clusters, see `subsample_stability`.

    NaN where the clusters are not found from the rows `X` alone.
    """
    params = clustering.params
    clusterer = CLUSTERERS.get(params["cluster"])
    by_rows = not (params["time_weight"] or params["place_weight"] or params["cannot_link"])
    if clusterer is None or not clusterer.chooses_k or is_cut(params) or not by_rows:
        return np.full(len(counts), np.nan)
    metric = "euclidean" if params["cluster_space"] == "graph" else params["metric"]
    settings = {"linkage": params["linkage"], "metric": metric}
    seed = params["random_state"]
    made = clusterer.from_settings({**settings, "random_state": seed})
    return subsample_stability(X, made, counts, seed)


def _as_lists(score: Mapping[str, Any]) -> dict[str, list[Any]]:
    return {name: np.asarray(column).tolist() for name, column in score.items()}


def with_last_search(clustering: Clustering, before: Clustering | None) -> Clustering:
    """Return a clustering that keeps the scores of the last search.

    Parameters
    ----------
    clustering : Clustering
        A new one, not changed.
    before : Clustering or None
        The one before it, of the same features.

    Returns
    -------
    Clustering
        A search is returned as it is. Another one knows the last search, and where that was by
        the same clusterer, metric and evaluator, its scores are among those of the clustering.
    """
    search = None if before is None else before.search
    if before is None or search is None or clustering.searched:
        return clustering
    kept = replace(clustering, earlier=search)
    if search.varied != clustering.varied or _compared(search.params) != _compared(
        clustering.params
    ):
        return kept
    if any(clustering.params[name] for name in SIDE_DATA) and not (
        before.tree is not None and np.array_equal(before.tree, clustering.tree)  # type: ignore[arg-type]
    ):
        return kept
    threshold = clustering.score["cluster_threshold"][clustering.best]
    score = {name: list(column) for name, column in search.score.items()}
    if threshold not in score["cluster_threshold"]:
        for name, column in score.items():
            own = clustering.score.get(name)
            column.append(float("nan") if own is None else own[clustering.best])
        order = np.argsort(score["cluster_threshold"], kind="stable").tolist()
        score = {name: [column[i] for i in order] for name, column in score.items()}
    return replace(kept, score=score, best=score["cluster_threshold"].index(threshold))


def _compared(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if name not in NOT_COMPARED}


def with_other_labels(
    clustering: Clustering, labels: np.ndarray, order: np.ndarray | None = None
) -> Clustering:
    """Return the clustering with other labels, cut from its tree.

    Parameters
    ----------
    clustering : Clustering
        Keeps its tree and its scores; not changed.
    labels : ndarray of int, shape (n,) or (m,)
        From `cut_tree_at` or `cut_tree_k`: of the images, or of the leaves of the tree
        where these are micro-clusters. Clusters below the ``min_size`` that was
        asked for become -1. Where the cut is so high that it would join images that
        are kept apart, the least number of clusters without that is taken, and a
        warning says so.
    order : ndarray of int, shape (n,), optional
        The images in the order in which they count where clusters are of one size.

    Returns
    -------
    Clustering
    """
    labels = np.asarray(labels)
    if clustering.micro is not None and len(labels) < len(clustering.micro):
        labels = labels[clustering.micro]
    if count_clusters(labels) < clustering.least:
        logger.warning(
            f"This cut would join images that {named('cannot_link')} keeps apart. There are %d "
            "clusters instead, the least that the tree allows.",
            clustering.least,
        )
        labels = cut_tree_k(clustering.tree, clustering.least)
    ordered = order_labels(labels, clustering.params["min_size"], order)
    n_found = count_clusters(labels)
    found = clustering.score["clusters"]
    by_number = clustering.varied == "cluster_threshold" and n_found in found
    best = found.index(n_found) if by_number else clustering.best
    asked = clustering.asked
    if asked is not None:
        asked = {**asked, "n_clusters": n_found, **NO_CUT, "level": None}
    return replace(clustering, labels=ordered, n_found=n_found, height=None, best=best, asked=asked)
