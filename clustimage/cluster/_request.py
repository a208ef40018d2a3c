"""What a search is asked for: checked before any work."""

from __future__ import annotations

from typing import Any

import clustimage.cluster as room
from clustimage._errors import InvalidParameterError
from clustimage._metrics import METRICS
from clustimage._validation import check_int, check_option
from clustimage.cluster._base import Clusterer, Evaluator
from clustimage.cluster._exif import EXIF_METRICS, check_exif_request
from clustimage.cluster._mixed import Weights, check_weights
from clustimage.cluster._own import OwnClusterer
from clustimage.cluster._similarity_cut import check_sim
from clustimage.cluster._tree import LINKAGES, name_linkage
from clustimage.cluster._tree_road import check_micro_clusters, what_needs_pairs

__all__ = ["check_request", "make_clusterer", "most_clusters"]


def check_request(
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
    time_weight: float = 0.0,
    place_weight: float = 0.0,
    cannot_link: Any = None,
    micro_clusters: int | None = None,
    method: Any = None,
) -> dict[str, Any]:
    """Check what `search_k` is asked for, without any data.

    Parameters
    ----------
    cluster, evaluate, metric, linkage, min_clust, max_clust, n_clusters, min_size, sim, \
time_weight, place_weight, micro_clusters
        As for `search_k`. The metrics ``"datetime"`` and ``"latlon"`` are allowed as well,
        for `cluster_exif`.
    cannot_link : object
        As for `search_k`, or a word that stands for the labels. It is not read here.
    method : object, optional
        That of the model: metrics of ``"exif"`` go with that only.

    Returns
    -------
    dict
        The same: numbers as int or float, and the linkage that is meant by None.

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
    check_option("metric", metric, (*METRICS, *EXIF_METRICS))
    sim = check_sim(sim)
    weights = check_weights(time_weight, place_weight)
    linkage = name_linkage(linkage, sim=sim, weights=weights)
    check_option("linkage", linkage, LINKAGES)
    request = {
        "cluster": cluster,
        "evaluate": evaluate,
        "metric": metric,
        "linkage": linkage,
        "min_clust": check_int("min_clust", min_clust),
        "max_clust": check_int("max_clust", max_clust),
        "n_clusters": None if n_clusters is None else check_int("n_clusters", n_clusters, low=1),
        "min_size": check_int("min_size", min_size, low=1),
        "sim": sim,
        "time_weight": weights.time,
        "place_weight": weights.place,
        "cannot_link": cannot_link,
        "micro_clusters": check_micro_clusters(micro_clusters),
    }
    if metric in EXIF_METRICS:
        check_exif_request(request, method)
        return request
    clusterer = make_clusterer(cluster, request)
    _check_tree(cluster, clusterer, request)
    clusterer.check()
    if sim is not None:
        return request  # nothing is searched or scored
    _check_pair(cluster, clusterer, evaluate, metric)
    _check_mixed(evaluate, weights)
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
    check_micro_clusters(micro_clusters, most=most_clusters(request))
    return request


def most_clusters(request: dict[str, Any]) -> int:
    """Return the largest number of clusters that is asked for."""
    if request["n_clusters"] is not None:
        return int(request["n_clusters"])
    return int(max(request["min_clust"], request["max_clust"] - 1))


def make_clusterer(cluster: Any, settings: dict[str, Any]) -> Clusterer:
    """Return the clusterer of that name, or one around an object of a user's own."""
    if hasattr(cluster, "fit_predict") and not isinstance(cluster, type):
        return OwnClusterer(cluster)
    return room.CLUSTERERS[check_option("cluster", cluster, room.CLUSTERERS)].from_settings(
        settings
    )


def _check_tree(cluster: Any, clusterer: Clusterer, request: dict[str, Any]) -> None:
    """Raise `InvalidParameterError` where a tree is asked for and none is grown."""
    names = ("sim", "time_weight", "place_weight", "cannot_link")
    given = what_needs_pairs(*(request[name] for name in names))
    if given is None and request["micro_clusters"]:
        given = f"micro_clusters={request['micro_clusters']}"
    if clusterer.makes_tree or given is None:
        return
    raise InvalidParameterError(
        f"{given} needs a tree, and does not go with cluster={cluster!r}. "
        "With it, use cluster='agglomerative'."
    )


def _check_mixed(evaluate: str, weights: Weights) -> None:
    """Raise `InvalidParameterError` where an evaluator cannot see time and place."""
    if not weights or not room.EVALUATORS[evaluate].euclidean_only:
        return
    allowed = ", ".join(
        repr(name) for name, one in room.EVALUATORS.items() if not one.euclidean_only
    )
    raise InvalidParameterError(
        f"evaluate={evaluate!r} compares features with the centres of clusters, and does not go "
        f"with distances mixed with {weights.words}, {weights.given}. Allowed there: {allowed}."
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
