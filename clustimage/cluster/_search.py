"""Score every proposed labelling and keep the best."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from clustimage._core.budget import Budget
from clustimage._core.free_memory import format_bytes
from clustimage._core.logs import get_logger
from clustimage._core.parallel import n_workers
from clustimage._distances.metrics import check_rows
from clustimage.cluster._candidates import MANY_ROWS
from clustimage.cluster._counts import plan_counts
from clustimage.cluster._labels import order_labels
from clustimage.cluster._plan import check_fits
from clustimage.cluster._registry import EVALUATORS
from clustimage.cluster._request import check_request, make_clusterer
from clustimage.cluster._result import Clustering
from clustimage.cluster.tree._cannot_link import read_groups
from clustimage.cluster.tree._combined_distance import check_locations, check_seconds
from clustimage.cluster.tree._similarity_cut import Unscored

__all__ = ["search_k"]

logger = get_logger(__name__)

# The largest share of what is left that a copy of the rows may take.
SHARE_OF_COPY = 0.25


def search_k(
    X: ArrayLike,
    *,
    cluster: Any = "agglomerative",
    evaluate: str = "silhouette",
    metric: str = "euclidean",
    linkage: str | None = None,
    min_clust: int = 3,
    max_clust: int = 25,
    n_clusters: int | None = None,
    min_size: int = 1,
    sim: float | None = None,
    moments: ArrayLike | None = None,
    time_weight: float = 0.0,
    places: ArrayLike | None = None,
    place_weight: float = 0.0,
    cannot_link: Any = None,
    micro_clusters: int | None = None,
    random_state: int | None = 0,
    n_jobs: int | None = -1,
    budget: Budget | None = None,
) -> Clustering:
    """Find the natural groups of the rows of `X`.

    The clusterer proposes labellings, the evaluator scores each, the best is kept. With
    `sim` there is no search: one tree is cut at one height.

    Parameters
    ----------
    X : array-like of shape (n, d)
        Features, one row per image; finite numbers.
    cluster : {"agglomerative", "kmeans", "dbscan", "hdbscan"} or object
        An object has ``fit_predict(X)``, and its one labelling is taken as it is, see
        `CustomClusterer`.
    evaluate : {"silhouette", "dbindex", "derivative", "elbow", "calinski"}
        Derivative needs a tree (agglomerative), elbow a clusterer that is told k
        (agglomerative, kmeans).
    metric : str, default="euclidean"
        One of `METRICS`, for the clusters and for their silhouettes. kmeans, and the
        evaluators dbindex, elbow and calinski, are Euclidean by definition.
    linkage : str, optional
        One of `LINKAGES`, for agglomerative; ward, centroid and median need
        Euclidean distances, not mixed with time or place. Default ``"ward"``, and
        ``"average"`` with `sim`, `time_weight` or `place_weight`.
    min_clust, max_clust : int, default=3, 25
        k runs over ``range(min_clust, max_clust)``, as far as there are more images
        than clusters, and as many different ones; with ``min_clust == max_clust``
        exactly that k is made. At least 2, with elbow at least 1. A warning says where
        the best k is the first or the last one. An object is not bound by it.
    n_clusters : int, optional
        Exactly that many clusters; `min_clust` and `max_clust` are not used then. A
        warning says where equal images are parted. An object is told it by its
        parameter ``n_clusters``, if it has one.
    min_size : int, default=1
        Clusters with fewer images become -1, after the best labelling is chosen.
    sim : float, optional
        Similarity from 0 to 1, for agglomerative: the tree is cut at ``max_distance *
        (1 - sim)``, where `max_distance` is the largest distance of two images, or the
        top of the tree where that is higher. 0 gives one cluster, 1 makes every image
        one of its own. `evaluate`, `min_clust` and `max_clust` are not used then, and
        `n_clusters` does not go with it.
    moments : array-like of float, shape (n,), optional
        When each image was taken, in seconds; used where `time_weight` is above 0.
    time_weight : float, default=0.0
        From 0 to 1, for agglomerative: with `t` for it and `p` for `place_weight`, images
        are compared by ``(1 - t - p) * d_content / max(d_content) + t * d_time /
        max(d_time) + p * d_place / max(d_place)``, each maximum over all pairs; a part
        whose maximum is 0 counts as 0. Scored by silhouette on these distances, or
        derivative.
    places : array-like of float, shape (n, 2), optional
        Where each image was taken, latitude and longitude in degrees, compared by the
        haversine formula; used where `place_weight` is above 0. NaN is not known: where one
        of two images has no place, the mean of ``d_place / max(d_place)`` over the pairs
        that have one stands in, which brings the two neither together nor apart.
    place_weight : float, default=0.0
        From 0 to 1, with `time_weight` at most 1.
    cannot_link : array-like of shape (n,), optional
        Labels, text or numbers, for agglomerative: images with equal ones are never in
        one cluster; None, NaN, ``""`` and negative numbers are free. The linkage is
        ward, single, complete, average or weighted. Numbers of clusters that the tree
        does not get down to do not compete, see `build_constrained_tree`.
    micro_clusters : int, optional
        For agglomerative: so many micro-clusters of near images are the leaves of the
        tree, see `find_micro_clusters`; 0 for the tree of all images. By default that is
        grown of up to 20,000 images, if it fits into the budget, and else one over 4,000
        micro-clusters or a fifth of the images; a line in the log says so. Not with `sim`,
        `time_weight`, `place_weight` and `cannot_link`.
    random_state : int, default=0
        Seed, for kmeans, micro-clusters and samples: the same seed gives the same labels.
    n_jobs : int, default=-1
        Number of workers; -1 uses every core.
    budget : Budget, optional
        What memory may be taken; None for no limit.

    Returns
    -------
    Clustering
        Labels, scores and tree. If fewer rows differ than the least k that is
        searched, equal rows are one cluster each, and a warning says so.

    Raises
    ------
    InvalidParameterError
        If a name or a number is not allowed, the parts do not go together, or there
        are too few images for the numbers of clusters; before any work. With
        `cannot_link` also if all those numbers are too small.
    InvalidDataError
        If `X` is not a finite matrix, the metric cannot compare its rows, or dbscan
        or hdbscan finds no labelling with an allowed number of clusters.
    MemoryLimitError
        If what a tree is grown from does not fit into memory or the budget; before any
        work.

    Examples
    --------
    >>> X = [[0.0], [0.1], [0.2], [5.0], [5.1], [9.0], [9.1]]
    >>> found = search_k(X, min_clust=2)
    >>> found.labels.tolist()
    [0, 0, 0, 1, 1, 2, 2]
    >>> found.score["clusters"]
    [2, 3, 4, 5, 6]
    >>> search_k(X, sim=0.5).labels.tolist()
    [1, 1, 1, 0, 0, 0, 0]
    >>> search_k(X, sim=0.5, cannot_link=["a", "a", "", "", "", "", ""]).labels.tolist()
    [2, 1, 1, 0, 0, 0, 0]
    >>> search_k(X, sim=0.5, time_weight=1, moments=[0, 9, 9, 9, 9, 9, 0]).labels.tolist()
    [1, 0, 0, 0, 0, 0, 1]
    """
    request = check_request(
        cluster=cluster,
        evaluate=evaluate,
        metric=metric,
        linkage=linkage,
        min_clust=min_clust,
        max_clust=max_clust,
        n_clusters=n_clusters,
        min_size=min_size,
        sim=sim,
        time_weight=time_weight,
        place_weight=place_weight,
        cannot_link=cannot_link,
        micro_clusters=micro_clusters,
    )
    params = {**request, "random_state": random_state}
    evaluator = EVALUATORS[evaluate]() if sim is None else Unscored()
    rows = check_rows("feat", X)
    check_fits(len(rows), rows.shape[1], budget, n_jobs, request)
    matrix = _as_floats(rows, budget)
    seconds = check_seconds(moments, request["time_weight"], len(matrix))
    degrees = check_locations(places, request["place_weight"], len(matrix))
    groups = read_groups(cannot_link, len(matrix))
    given = {"n_jobs": n_jobs, "moments": seconds, "places": degrees, "budget": budget}
    clusterer = make_clusterer(cluster, {**params, **given})
    params["cluster"] = cluster if isinstance(cluster, str) else repr(cluster)
    params["cannot_link"] = None if groups is None else groups.n_shared
    known = [given for given in (seconds, degrees) if given is not None]
    beside = np.column_stack(known) if known else None
    plan = plan_counts(matrix, request, clusterer, evaluator, beside, groups)
    if plan.too_alike and plan.names is not None:
        return _one_per_row(plan.names, params)
    candidates = clusterer.candidates(matrix, plan.counts)
    scores = evaluator.score(
        matrix, candidates, metric=metric, n_jobs=n_workers(n_jobs), random_state=random_state
    )
    found = candidates.counts
    best = evaluator.choose(found, scores)
    plan.warn_about(found, best, candidates.least)
    table: dict[str, list[Any]] = {
        "cluster_threshold": list(candidates.thresholds),
        "clusters": found,
        "score": scores.tolist(),
    }
    if evaluator.errors_ is not None:
        table["standard_error"] = evaluator.errors_.tolist()
    return Clustering(
        labels=order_labels(candidates.labels[best], request["min_size"]),
        params=params,
        score=table,
        best=best,
        varied=candidates.varied,
        tree=candidates.Z,
        n_found=found[best],
        height=candidates.height,
        n_allowed=candidates.n_allowed,
        micro=candidates.micro,
    )


def _as_floats(rows: np.ndarray, budget: Budget | None) -> np.ndarray:
    """Return a float64 copy of at most 20,000 rows, if it is small enough, else the rows."""
    if len(rows) > MANY_ROWS:
        return rows
    n_bytes = 8 * rows.size
    if budget is None or n_bytes <= SHARE_OF_COPY * budget.left:
        return rows.astype(np.float64)
    logger.info(
        "Clustering %d columns of %s as they are: a copy as float64 would take %s (%s).",
        rows.shape[1],
        rows.dtype,
        format_bytes(n_bytes),
        budget.words,
    )
    return rows


def _one_per_row(names: np.ndarray, params: dict[str, Any]) -> Clustering:
    """Return the clustering in which equal images, and no others, are together."""
    n, k = len(names), int(names.max()) + 1
    compared = ["features"]
    compared += ["moments"] * (params["time_weight"] > 0)
    compared += ["places"] * (params["place_weight"] > 0)
    if k == 1:
        what = " and ".join(compared)
        logger.warning("All %d images have equal %s: they are one cluster, 0.", n, what)
    else:
        logger.warning(
            "Only %d of the %d images have different %s%s: equal images are one cluster each.",
            k,
            n,
            " or ".join(compared),
            " or are kept apart" if params["cannot_link"] else "",
        )
    score: dict[str, list[Any]] = {
        "cluster_threshold": [k],
        "clusters": [k],
        "score": [float("nan")],
    }
    return Clustering(order_labels(names, params["min_size"]), params, score, n_found=k)
