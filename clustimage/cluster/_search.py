"""Score every proposed labelling and keep the best."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import clustimage.cluster as room
from clustimage._errors import InvalidParameterError
from clustimage._logging import get_logger
from clustimage._metrics import check_metric, check_rows
from clustimage._parallel import n_workers
from clustimage._validation import check_int, check_option
from clustimage.cluster._base import Clusterer, Evaluator
from clustimage.cluster._clustering import Clustering
from clustimage.cluster._labels import order_labels
from clustimage.cluster._own import OwnClusterer
from clustimage.cluster._tree import LINKAGES

__all__ = ["check_request", "search_k"]

logger = get_logger(__name__)


def search_k(
    X: ArrayLike,
    *,
    cluster: Any = "agglomerative",
    evaluate: str = "silhouette",
    metric: str = "euclidean",
    linkage: str = "ward",
    min_clust: int = 3,
    max_clust: int = 25,
    n_clusters: int | None = None,
    min_size: int = 1,
    random_state: int | None = 0,
    n_jobs: int | None = -1,
) -> Clustering:
    """Find the natural groups of the rows of `X`.

    The clusterer proposes labellings, the evaluator scores each, the best is kept.

    Parameters
    ----------
    X : array-like of shape (n, d)
        Features, one row per image; finite numbers.
    cluster : {"agglomerative", "kmeans", "dbscan", "hdbscan"} or object
        An object has ``fit_predict(X)``, see `OwnClusterer`.
    evaluate : {"silhouette", "dbindex", "derivative", "elbow", "calinski"}
        Derivative needs a tree (agglomerative), elbow a clusterer that is told k
        (agglomerative, kmeans).
    metric : str, default="euclidean"
        One of `METRICS`, for the clusters and for their silhouettes. kmeans, and the
        evaluators dbindex, elbow and calinski, are Euclidean by definition.
    linkage : str, default="ward"
        One of `LINKAGES`, for agglomerative; ward, centroid and median need
        Euclidean distances.
    min_clust, max_clust : int, default=3, 25
        k runs over ``range(min_clust, max_clust)``, as far as there are more images
        than clusters; with ``min_clust == max_clust`` exactly that k is made. At
        least 2, with elbow at least 1. An object without a parameter ``n_clusters``
        is not bound by it.
    n_clusters : int, optional
        Exactly that many clusters; `min_clust` and `max_clust` are not used then.
    min_size : int, default=1
        Clusters with fewer images become -1, after the best labelling is chosen.
    random_state : int, default=0
        Seed, for kmeans: the same seed gives the same labels.
    n_jobs : int, default=-1
        Number of workers; -1 uses every core.

    Returns
    -------
    Clustering
        Labels, scores and tree. If all rows are equal, there is one cluster, 0, and a
        warning says so, unless exactly k clusters are asked for.

    Raises
    ------
    InvalidParameterError
        If a name or a number is not allowed, the parts do not go together, or there
        are too few images for the numbers of clusters; before any work.
    InvalidDataError
        If `X` is not a finite matrix, the metric cannot compare its rows, or dbscan
        or hdbscan finds no labelling with an allowed number of clusters.

    Examples
    --------
    >>> X = [[0.0], [0.1], [0.2], [5.0], [5.1], [9.0], [9.1]]
    >>> found = search_k(X, min_clust=2)
    >>> found.labels.tolist()
    [0, 0, 0, 1, 1, 2, 2]
    >>> found.score["clusters"]
    [2, 3, 4, 5, 6]
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
    )
    params = {**request, "random_state": random_state}
    clusterer = _make_clusterer(cluster, {**params, "n_jobs": n_jobs})
    evaluator = room.EVALUATORS[evaluate]()
    matrix = check_rows("feat", X).astype(np.float64)
    params["cluster"] = cluster if isinstance(cluster, str) else repr(cluster)
    lowest, highest = _asked_range(request)
    if lowest < highest and len(matrix) > 1 and (matrix == matrix[0]).all():
        return _one_cluster(len(matrix), params)
    counts = _possible_counts(len(matrix), lowest, highest, evaluator)
    candidates = clusterer.propose(matrix, counts)
    scores = evaluator.score(matrix, candidates, metric=metric, n_jobs=n_workers(n_jobs))
    found = candidates.counts
    best = evaluator.choose(found, scores)
    return Clustering(
        labels=order_labels(candidates.labels[best], request["min_size"]),
        params=params,
        score={
            "cluster_threshold": list(candidates.thresholds),
            "clusters": found,
            "score": scores.tolist(),
        },
        best=best,
        varied=candidates.varied,
        tree=candidates.Z,
        n_found=found[best],
    )


def check_request(
    *,
    cluster: Any = "agglomerative",
    evaluate: str = "silhouette",
    metric: str = "euclidean",
    linkage: str = "ward",
    min_clust: int = 3,
    max_clust: int = 25,
    n_clusters: int | None = None,
    min_size: int = 1,
) -> dict[str, Any]:
    """Check what `search_k` is asked for, without any data.

    Parameters
    ----------
    cluster, evaluate, metric, linkage, min_clust, max_clust, n_clusters, min_size
        As for `search_k`.

    Returns
    -------
    dict
        The same, numbers as int.

    Raises
    ------
    InvalidParameterError
        If a name or a number is not allowed, or the parts do not go together.

    Examples
    --------
    >>> check_request(cluster="dbscan", evaluate="elbow")
    Traceback (most recent call last):
    ...
    clustimage._errors.InvalidParameterError: evaluate='elbow' needs a clusterer that is told \
the number of clusters and does not go with cluster='dbscan'. Allowed there: 'silhouette', \
'dbindex', 'calinski'.
    """
    kind = room.EVALUATORS[check_option("evaluate", evaluate, room.EVALUATORS)]
    check_metric(metric)
    check_option("linkage", linkage, LINKAGES)
    clusterer = _make_clusterer(cluster, {"metric": metric, "linkage": linkage})
    clusterer.check()
    _check_pair(cluster, clusterer, evaluate, metric)
    request = {
        "cluster": cluster,
        "evaluate": evaluate,
        "metric": metric,
        "linkage": linkage,
        "min_clust": check_int("min_clust", min_clust),
        "max_clust": check_int("max_clust", max_clust),
        "n_clusters": None if n_clusters is None else check_int("n_clusters", n_clusters, low=1),
        "min_size": check_int("min_size", min_size, low=1),
    }
    least = min(2, kind.lowest_k)
    if min_clust < least:
        raise InvalidParameterError(
            f"'min_clust' must be at least {least} with evaluate={evaluate!r}. Got {min_clust}. "
            "For exactly one cluster give n_clusters=1."
        )
    if max_clust < min_clust:
        raise InvalidParameterError(
            f"'max_clust' must be at least 'min_clust', {min_clust}. Got {max_clust}."
        )
    return request


def _make_clusterer(cluster: Any, settings: dict[str, Any]) -> Clusterer:
    if hasattr(cluster, "fit_predict") and not isinstance(cluster, type):
        return OwnClusterer(cluster)
    return room.CLUSTERERS[check_option("cluster", cluster, room.CLUSTERERS)].from_settings(
        settings
    )


def _fits(clusterer: Clusterer, kind: type[Evaluator]) -> bool:
    return (clusterer.makes_tree or not kind.needs_tree) and (
        clusterer.chooses_k or not kind.needs_k
    )


def _check_pair(cluster: Any, clusterer: Clusterer, evaluate: str, metric: str) -> None:
    """Raise `InvalidParameterError` where clusterer, evaluator and metric do not go together."""
    kind = room.EVALUATORS[evaluate]
    if not _fits(clusterer, kind):
        allowed = ", ".join(
            repr(name) for name, one in room.EVALUATORS.items() if _fits(clusterer, one)
        )
        reason = "a tree" if kind.needs_tree else "a clusterer that is told the number of clusters"
        raise InvalidParameterError(
            f"evaluate={evaluate!r} needs {reason} and does not go with cluster={cluster!r}. "
            f"Allowed there: {allowed}."
        )
    if metric != "euclidean" and kind.euclidean_only:
        raise InvalidParameterError(
            f"evaluate={evaluate!r} is defined for metric='euclidean' only. Got metric={metric!r}. "
            "With it, use evaluate='silhouette'."
        )


def _asked_range(request: dict[str, Any]) -> tuple[int, int]:
    """Return the least and the largest k that are asked for, both included."""
    if request["n_clusters"] is not None:
        return request["n_clusters"], request["n_clusters"]
    return request["min_clust"], max(request["min_clust"], request["max_clust"] - 1)


def _possible_counts(n: int, lowest: int, highest: int, evaluator: Evaluator) -> Sequence[int]:
    images = "is 1 image" if n == 1 else f"are {n} images"
    if lowest == highest:
        if lowest > n:
            raise InvalidParameterError(
                f"There {images}: too few for {lowest} clusters ('n_clusters'). "
                "Ask for fewer clusters, or give more images."
            )
        return [lowest]
    counts = range(lowest, min(highest, n - evaluator.margin) + 1)
    if not counts:
        raise InvalidParameterError(
            f"There {images}: too few to compare 'min_clust'={lowest} clusters or more. Give "
            f"n_clusters=k (1 to {n}) for exactly k clusters, set min_clust=2, or give more images."
        )
    return counts


def _one_cluster(n: int, params: dict[str, Any]) -> Clustering:
    logger.warning("All %d images have equal features: they are one cluster, 0.", n)
    score: dict[str, list[Any]] = {
        "cluster_threshold": [1],
        "clusters": [1],
        "score": [float("nan")],
    }
    labels = order_labels(np.zeros(n, dtype=np.int64), params["min_size"])
    return Clustering(labels, params, score)
