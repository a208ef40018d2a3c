"""What a search is asked for: checked before any work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from clustimage._core.errors import InvalidParameterError
from clustimage._core.parameters import named, setting, shown
from clustimage._core.validation import check_int, check_option
from clustimage._distances.metrics import METRICS
from clustimage.cluster._clusterer import Clusterer
from clustimage.cluster._evaluator import Evaluator
from clustimage.cluster._levels import check_level
from clustimage.cluster._registry import CLUSTERERS, EVALUATORS
from clustimage.cluster.clusterers._custom import CustomClusterer, FitPredict
from clustimage.cluster.tree._combined_distance import Weights, check_weights
from clustimage.cluster.tree._linkage import LINKAGES, name_linkage
from clustimage.cluster.tree._similarity_cut import check_sim, check_threshold
from clustimage.cluster.tree._strategy import check_micro_clusters, what_needs_pairs

__all__ = ["DEFAULT_MAX_CLUST", "EXIF_METRICS", "SPACES", "ClusterRequest", "make_clusterer"]

# Metric -> what of a photo it compares.
EXIF_METRICS = {"datetime": "date", "latlon": "location"}
# The default of `cluster` stands for dbscan here, as there is no other.
EXIF_CLUSTERERS = ("dbscan", "agglomerative")
# What is clustered: the features, the map, or the diffusion map of the graph of neighbours.
SPACES = ("high", "low", "graph")
DEFAULT_MAX_CLUST = 25


@dataclass(frozen=True, kw_only=True, eq=False)
class ClusterRequest:
    """What a search is asked for, checked when it is made.

    Attributes
    ----------
    cluster : {"agglomerative", "kmeans", "dbscan", "hdbscan", "leiden", "evoc"} or object
        An object has ``fit_predict(X)``, and its one labelling is taken as it is, see
        `CustomClusterer`.
    evaluate : {"silhouette", "dbindex", "derivative", "elbow", "calinski", "consensus"}
        Derivative and consensus need a tree (agglomerative), elbow a clusterer that is given k
        (agglomerative, kmeans).
    metric : str, default="euclidean"
        One of `METRICS`, for the clusters and for their silhouettes. kmeans, and the
        evaluators dbindex, elbow, calinski and consensus, are Euclidean by definition. For
        `cluster_exif` one of `EXIF_METRICS`.
    linkage : str, optional
        One of `LINKAGES`, for agglomerative; ward, centroid and median need
        Euclidean distances, not combined with time or location. Default ``"ward"``, and
        ``"average"`` with `sim`, `distance_threshold`, `time_weight` or `place_weight`.
    min_clust, max_clust : int, default=3, 25
        k runs over ``range(min_clust, max_clust)``, as far as there are more images
        than clusters, and as many different ones; with ``min_clust == max_clust``
        exactly that k is made. At least 2, with elbow at least 1. A warning says where
        the best k is the first or the last one. An object is not bound by it. Where
        `max_clust` is None, it is 25, and if the best k is the last one, the search goes
        on once, see `CountPlan.widened`.
    n_clusters : int, optional
        Exactly that many clusters; `min_clust` and `max_clust` are not used then. A
        warning says where equal images are split. An object is given it by its
        parameter ``n_clusters``, if it has one.
    min_size : int, default=1
        Clusters with fewer images become -1, after the best labelling is chosen.
    sim : float, optional
        Similarity from 0 to 1, for agglomerative: the tree is cut at ``max_distance *
        (1 - sim)``, where `max_distance` is the largest distance of two images, or the
        top of the tree where that is higher. 0 gives one cluster, 1 makes every image
        one of its own. `evaluate`, `min_clust` and `max_clust` are not used then, and
        `n_clusters` cannot be combined with it.
    distance_threshold : float, optional
        For agglomerative: the tree is cut at this height, in units of the distances, as by
        scikit-learn's `AgglomerativeClustering`. As `sim` in all else, and not with it.
    time_weight : float, default=0.0
        From 0 to 1, for agglomerative: with `t` for it and `p` for `place_weight`, images
        are compared by ``(1 - t - p) * d_content / max(d_content) + t * d_time /
        max(d_time) + p * d_place / max(d_place)``, each maximum over all pairs; a term
        whose maximum is 0 counts as 0. Scored by silhouette on these distances, or
        derivative.
    place_weight : float, default=0.0
        From 0 to 1, with `time_weight` at most 1.
    cannot_link : array-like of shape (n,), optional
        Labels, text or numbers, for agglomerative: images with equal ones are never in
        one cluster; None, NaN, ``""`` and negative numbers are free. The linkage is
        ward, single, complete, average or weighted. Numbers of clusters that the tree
        does not get down to do not compete, see `build_constrained_tree`. Or a word that
        stands for such labels, to be replaced before the search.
    micro_clusters : int, optional
        For agglomerative: so many micro-clusters of near images are the leaves of the
        tree, see `find_micro_clusters`; 0 for the tree of all images. By default that is
        built of up to 20,000 images, if it fits into the budget, and else one over 4,000
        micro-clusters or a fifth of the images; a line in the log says so. Not with `sim`,
        `distance_threshold`, `time_weight`, `place_weight` and `cannot_link`.
    cluster_space : {"high", "low", "graph"}, optional
        What the rows are: features, a map, or features of which the graph of nearest
        neighbours is clustered, see `build_graph_space`. There `metric` compares
        neighbours; clusters and scores are Euclidean. Not with `sim`, `distance_threshold`,
        `time_weight`, `place_weight` and `cannot_link`. None where that is still open.
    level : {"coarse", "fine"} or int, optional
        Not the best number of clusters, but the first, the last or another one of the
        levels, see `find_levels`. For a clusterer that is given k.

    Raises
    ------
    InvalidParameterError
        If a name or a number is not allowed, or two arguments cannot be combined.

    Examples
    --------
    >>> ClusterRequest(sim=0.5).linkage
    'average'
    >>> ClusterRequest(cluster="dbscan", evaluate="elbow")
    Traceback (most recent call last):
    ...
    clustimage.InvalidParameterError: evaluate='elbow' needs a clusterer that is given \
the number of clusters and cannot be combined with cluster='dbscan'. Allowed there: \
'silhouette', 'dbindex', 'calinski'.
    """

    cluster: str | FitPredict = "agglomerative"
    evaluate: str = "silhouette"
    metric: str = "euclidean"
    linkage: str | None = None
    min_clust: int = 3
    max_clust: int | None = None
    n_clusters: int | None = None
    min_size: int = 1
    sim: float | None = None
    distance_threshold: float | None = None
    time_weight: float = 0.0
    place_weight: float = 0.0
    cannot_link: Sequence[object] | np.ndarray | None = None
    micro_clusters: int | None = None
    cluster_space: str | None = None
    level: int | str | None = None

    def __post_init__(self) -> None:
        kind = EVALUATORS[check_option("evaluate", self.evaluate, EVALUATORS)]
        check_option("cluster_space", self.cluster_space, (None, *SPACES))
        check_option("metric", self.metric, (*METRICS, *EXIF_METRICS))
        sim, weights = check_sim(self.sim), check_weights(self.time_weight, self.place_weight)
        linkage = name_linkage(self.linkage, cut=self.is_cut, weights=weights)
        exact = self.n_clusters
        self._set(
            sim=sim,
            distance_threshold=check_threshold(self.distance_threshold),
            time_weight=weights.time,
            place_weight=weights.location,
            linkage=check_option("linkage", linkage, LINKAGES),
            min_clust=check_int("min_clust", self.min_clust),
            max_clust=None if self.max_clust is None else check_int("max_clust", self.max_clust),
            n_clusters=None if exact is None else check_int("n_clusters", exact, low=1),
            min_size=check_int("min_size", self.min_size, low=1),
            micro_clusters=check_micro_clusters(self.micro_clusters),
            level=check_level(self.level),
        )
        if self.metric in EXIF_METRICS:
            _check_exif(self)
            return
        _check_space(self)
        clusterer = make_clusterer(self)
        _check_tree(self, clusterer)
        clusterer.check()
        _check_level(self, clusterer)
        if self.is_cut:
            return  # nothing is searched or scored
        _check_pair(self, clusterer)
        _check_combined(self.evaluate, weights)
        least = min(2, kind.lowest_k)
        if self.min_clust < least:
            raise InvalidParameterError(
                f"{named('min_clust')} must be at least {least} with "
                f"{setting('evaluate', self.evaluate)}. Got {self.min_clust}. For exactly one "
                f"cluster give {setting('n_clusters', 1)}."
            )
        if self.end < self.min_clust:
            raise InvalidParameterError(
                f"{named('max_clust')} must be at least {named('min_clust')}, {self.min_clust}. "
                f"Got {self.end}."
            )
        check_micro_clusters(self.micro_clusters, most=self.most_clusters)

    def _set(self, **checked: object) -> None:
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    @property
    def leaves_open(self) -> bool:
        """Whether nothing is asked for that says how many clusters there are, or by what."""
        names = (
            *("cluster", "evaluate", "min_clust", "max_clust", "n_clusters", "sim", "level"),
            *("time_weight", "place_weight", "micro_clusters"),
        )
        defaults = {field.name: field.default for field in fields(self)}
        plain = isinstance(self.cluster, str) and self.cluster_space in (None, "high")
        return plain and all(getattr(self, name) == defaults[name] for name in names)

    @property
    def is_cut(self) -> bool:
        """Whether the tree is cut at a height, and no number of clusters is searched for."""
        return self.sim is not None or self.distance_threshold is not None

    @property
    def most_clusters(self) -> int:
        """The largest number of clusters that is asked for."""
        if self.n_clusters is not None:
            return self.n_clusters
        return max(self.min_clust, self.end - 1)

    @property
    def end(self) -> int:
        """The number of clusters that the search stays below, at first."""
        return DEFAULT_MAX_CLUST if self.max_clust is None else self.max_clust

    @property
    def rows_metric(self) -> str:
        """The metric that the rows are clustered by: in the graph it compares neighbours only."""
        return "euclidean" if self.cluster_space == "graph" else self.metric

    @property
    def compares_features(self) -> bool:
        """Whether something asked for compares the rows themselves, not their neighbours."""
        plain = (self.metric, self.linkage) == ("euclidean", "ward")
        given = (self.sim, self.distance_threshold, self.cannot_link)
        weights = self.time_weight or self.place_weight
        known = self.cluster in ("agglomerative", "kmeans", "leiden")
        return not plain or not known or bool(weights) or any(one is not None for one in given)

    @property
    def exact(self) -> int | None:
        """The one number of clusters that is asked for; None where several are compared."""
        if self.n_clusters is not None or self.min_clust != self.end:
            return self.n_clusters
        return self.min_clust

    def check_n_images(self, n: int) -> None:
        """Raise `InvalidParameterError` where more clusters are asked for than `n` images."""
        if not self.is_cut and self.metric not in EXIF_METRICS and (self.exact or 0) > n:
            name = "min_clust" if self.n_clusters is None else "n_clusters"
            raise InvalidParameterError(
                f"There {'is 1 image' if n == 1 else f'are {n:,} images'}: too few for "
                f"{self.exact} clusters ({named(name)}). Ask for fewer clusters, or give more "
                "images."
            )

    @property
    def params(self) -> dict[str, Any]:
        """The attributes by their names."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def check_method(self, method: object) -> None:
        """Raise `InvalidParameterError` where the metric reads what `method` does not extract.

        Parameters
        ----------
        method : object
            That of the model; None where it is not known.
        """
        if self.metric in EXIF_METRICS and method != "exif":
            got = "" if method is None else f" Got {setting('method', method)}."
            raise InvalidParameterError(
                f"{setting('metric', self.metric)} compares what {setting('method', 'exif')} "
                f"reads, and goes with that only.{got} Give {setting('method', 'exif')}, or "
                "another metric."
            )


def make_clusterer(request: ClusterRequest, **settings: object) -> Clusterer:
    """Return the clusterer of a request, with more `settings` than it has, or a custom one."""
    cluster = request.cluster
    if hasattr(cluster, "fit_predict") and not isinstance(cluster, type):
        return CustomClusterer(cluster)
    check_option("cluster", cluster, CLUSTERERS)
    kind = CLUSTERERS[str(cluster)]
    return kind.from_settings({**request.params, "metric": request.rows_metric, **settings})


def _check_space(request: ClusterRequest) -> None:
    """Raise `InvalidParameterError` where what compares features is asked of the graph."""
    if request.cluster_space != "graph":
        return
    given = what_needs_pairs(
        request.sim,
        request.distance_threshold,
        request.time_weight,
        request.place_weight,
        request.cannot_link,
    )
    if given is not None:
        raise InvalidParameterError(
            f"{given} compares the features themselves and cannot be combined with "
            f"{setting('cluster_space', 'graph')}. With it, use {setting('cluster_space', 'high')}."
        )


def _check_level(request: ClusterRequest, clusterer: Clusterer) -> None:
    """Raise `InvalidParameterError` where there are no levels to choose from."""
    if request.level is None:
        return
    if not clusterer.chooses_k:
        raise InvalidParameterError(
            f"{setting('level', request.level)} needs a clusterer that is given the number of "
            f"clusters and cannot be combined with {setting('cluster', request.cluster)}. Allowed "
            "there: 'agglomerative', 'kmeans'."
        )
    for name in ("sim", "distance_threshold"):
        if (value := request.params[name]) is not None:
            raise InvalidParameterError(
                f"{setting('level', request.level)} and {setting(name, value)} both say where "
                "to cut the tree. Give one of them."
            )
    if request.exact is not None:
        raise InvalidParameterError(
            f"{setting('level', request.level)} chooses among numbers of clusters, and only one "
            f"is asked for, {request.exact}. Leave out {named('n_clusters')}, or widen "
            f"{named('min_clust')} and {named('max_clust')}."
        )


def _check_tree(request: ClusterRequest, clusterer: Clusterer) -> None:
    """Raise `InvalidParameterError` where a tree is asked for and none is built."""
    given = what_needs_pairs(
        request.sim,
        request.distance_threshold,
        request.time_weight,
        request.place_weight,
        request.cannot_link,
    )
    if given is None and request.micro_clusters:
        given = setting("micro_clusters", request.micro_clusters)
    if clusterer.makes_tree or given is None:
        return
    raise InvalidParameterError(
        f"{given} needs a tree, and cannot be combined with {setting('cluster', request.cluster)}. "
        f"With it, use {setting('cluster', 'agglomerative')}."
    )


def _check_combined(evaluate: str, weights: Weights) -> None:
    """Raise `InvalidParameterError` where an evaluator cannot see time and location."""
    if not weights or not EVALUATORS[evaluate].euclidean_only:
        return
    allowed = ", ".join(repr(name) for name, one in EVALUATORS.items() if not one.euclidean_only)
    raise InvalidParameterError(
        f"{setting('evaluate', evaluate)} compares features with the centres of clusters, and "
        f"cannot be combined with {weights.given}. Allowed there: {allowed}."
    )


def _fits(clusterer: Clusterer, kind: type[Evaluator]) -> bool:
    return (clusterer.makes_tree or not kind.needs_tree) and (
        clusterer.chooses_k or not kind.needs_k
    )


def _check_pair(request: ClusterRequest, clusterer: Clusterer) -> None:
    """Raise `InvalidParameterError` where clusterer, evaluator and metric are incompatible."""
    evaluate, metric = request.evaluate, request.rows_metric
    kind = EVALUATORS[evaluate]
    if not _fits(clusterer, kind):
        allowed = ", ".join(repr(name) for name, one in EVALUATORS.items() if _fits(clusterer, one))
        reason = "a tree" if kind.needs_tree else "a clusterer that is given the number of clusters"
        raise InvalidParameterError(
            f"{setting('evaluate', evaluate)} needs {reason} and cannot be combined with "
            f"{setting('cluster', request.cluster)}. Allowed there: {allowed}."
        )
    if metric != "euclidean" and kind.euclidean_only:
        raise InvalidParameterError(
            f"{setting('evaluate', evaluate)} is defined for {setting('metric', 'euclidean')} "
            f"only. Got {setting('metric', metric)}. With it, use "
            f"{setting('evaluate', 'silhouette')}."
        )


def _check_exif(request: ClusterRequest) -> None:
    """Raise `InvalidParameterError` where something cannot be combined with such a metric."""
    if not (isinstance(request.cluster, str) and request.cluster in EXIF_CLUSTERERS):
        raise InvalidParameterError(
            f"{setting('metric', request.metric)} goes with {setting('cluster', 'dbscan')} only. "
            f"Got {setting('cluster', request.cluster)}."
        )
    given = {
        "n_clusters": request.n_clusters is not None,
        "sim": request.sim is not None,
        "distance_threshold": request.distance_threshold is not None,
        "time_weight": request.time_weight > 0,
        "place_weight": request.place_weight > 0,
        "cannot_link": request.cannot_link is not None,
        "micro_clusters": bool(request.micro_clusters),
        "cluster_space": request.cluster_space == "graph",
        "level": request.level is not None,
    }
    for name, is_given in given.items():
        if is_given:
            raise InvalidParameterError(
                f"{named(name)} cannot be combined with {setting('metric', request.metric)}, whose "
                f"clusters follow from the {EXIF_METRICS[request.metric]}s of the photos alone. "
                f"Got {shown(request.params[name])}. Leave it out."
            )
