"""What a search is asked for: checked before any work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clustimage._core.errors import InvalidParameterError
from clustimage._core.validation import check_int, check_option
from clustimage._distances.metrics import METRICS
from clustimage.cluster._clusterer import Clusterer
from clustimage.cluster._evaluator import Evaluator
from clustimage.cluster._registry import CLUSTERERS, EVALUATORS
from clustimage.cluster.clusterers._custom import CustomClusterer
from clustimage.cluster.tree._combined_distance import Weights, check_weights
from clustimage.cluster.tree._linkage import LINKAGES, name_linkage
from clustimage.cluster.tree._similarity_cut import check_sim
from clustimage.cluster.tree._strategy import check_micro_clusters, what_needs_pairs

__all__ = ["EXIF_METRICS", "check_request", "make_clusterer", "most_clusters"]


EXIF_METRICS = ("datetime", "latlon")
# The default of `cluster` stands for dbscan here, as there is no other.
EXIF_CLUSTERERS = ("dbscan", "agglomerative")


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
    clustimage.InvalidParameterError: evaluate='elbow' needs a clusterer that is told \
the number of clusters and does not go with cluster='dbscan'. Allowed there: 'silhouette', \
'dbindex', 'calinski'.
    """
    kind = EVALUATORS[check_option("evaluate", evaluate, EVALUATORS)]
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
        _check_exif(request, method)
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
        return CustomClusterer(cluster)
    return CLUSTERERS[check_option("cluster", cluster, CLUSTERERS)].from_settings(settings)


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
    if not weights or not EVALUATORS[evaluate].euclidean_only:
        return
    allowed = ", ".join(repr(name) for name, one in EVALUATORS.items() if not one.euclidean_only)
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
    kind = EVALUATORS[evaluate]
    if not _fits(clusterer, kind):
        allowed = ", ".join(repr(name) for name, one in EVALUATORS.items() if _fits(clusterer, one))
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


def _check_exif(request: Mapping[str, Any], method: Any) -> None:
    """Raise `InvalidParameterError` where something does not go with such a metric.

    Parameters
    ----------
    request : mapping
        ``metric``, one of `EXIF_METRICS`, and the rest of what `check_request` returns.
    method : object
        That of the model; None where it is not known.
    """
    metric = request["metric"]
    if method != "exif":
        got = "" if method is None else f" Got method={method!r}."
        raise InvalidParameterError(
            f"metric={metric!r} compares what method='exif' reads, and goes with that only.{got} "
            "Give method='exif', or another metric."
        )
    if not (isinstance(request["cluster"], str) and request["cluster"] in EXIF_CLUSTERERS):
        raise InvalidParameterError(
            f"metric={metric!r} goes with cluster='dbscan' only. "
            f"Got cluster={request['cluster']!r}."
        )
    given = {
        "n_clusters": request["n_clusters"] is not None,
        "sim": request["sim"] is not None,
        "time_weight": request["time_weight"] > 0,
        "place_weight": request["place_weight"] > 0,
        "cannot_link": request["cannot_link"] is not None,
        "micro_clusters": bool(request["micro_clusters"]),
    }
    for name, is_given in given.items():
        if is_given:
            raise InvalidParameterError(
                f"{name!r} does not go with metric={metric!r}, whose clusters follow from "
                f"'params_exif' alone. Got {request[name]!r}. Leave it out."
            )
