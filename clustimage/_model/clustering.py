"""The step `cluster`: rows of features to labels, again as often as one likes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from clustimage._core.logs import get_logger
from clustimage._core.parameters import in_python, named, setting
from clustimage._core.text import pluralize
from clustimage._core.validation import check_option
from clustimage._model.base import ModelBase, with_params_cluster
from clustimage._model.corrected_labels import corrected_labels
from clustimage._model.distributed import (
    assign_to_clusters,
    check_distributable,
    engine_of,
)
from clustimage._model.faces import face_links, photos_of_faces
from clustimage._model.metadata import metadata_columns
from clustimage._model.row_order import row_order, row_ranks
from clustimage._model.settings import PARAMS_CLUSTER
from clustimage._model.state import State
from clustimage.cluster import (
    EXIF_METRICS,
    Clustering,
    ClusterRequest,
    GraphSpace,
    build_graph_space,
    check_levels,
    cluster_exif,
    count_cuts,
    order_labels,
    put_back,
    search_k,
    search_suitable_space,
    with_last_search,
    with_unclustered,
)
from clustimage.cluster.tree._cannot_link import Groups, read_groups
from clustimage.features import FaceExtractor
from clustimage.images import Timestamps, check_timestamps, locations_of, read_timestamps
from clustimage.similarity import pick_unique

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ClusterMethods",
    "as_planned",
    "clustered_rows",
    "graph_of",
    "run_cluster",
    "set_clustering",
    "with_space",
]

logger = get_logger(__name__)

SPACE_KEYS = {"low": "xycoord"}  # where `results` has the rows that are not features
MIN_CLEAR_FACES = 2  # faces that a tree can be built of
DENSE = ("dbscan", "hdbscan")  # what leaves out images that lie alone
# Similarities that are looked at where one leaves out most images, and the share of them that
# another may leave out to be named.
LOWER_SIMILARITIES = tuple(i / 20 for i in range(1, 20))
MAX_LEFT_OUT = 0.2


class ClusterMethods(ModelBase):
    """Group the images, and pick one that stands for each group."""

    @with_params_cluster
    def cluster(
        self,
        cluster: Any = "agglomerative",
        evaluate: str = "silhouette",
        metric: str = "euclidean",
        linkage: str | None = None,
        min_clust: int = 3,
        max_clust: int | None = None,
        cluster_space: str | None = None,
        n_clusters: int | None = None,
        min_size: int = 1,
        sim: float | None = None,
        distance_threshold: float | None = None,
        time_weight: float = 0.0,
        timestamps: Any = "auto",
        place_weight: float = 0.0,
        cannot_link: Any = None,
        micro_clusters: int | None = None,
        level: int | str | None = None,
    ) -> np.ndarray:
        """Group the images; the number of groups is searched for unless it is given.

        Nothing is read or extracted again: call it as often as you like. Instead of a
        number of groups, `sim` says how alike the images of a group are; `time_weight`
        lets the time at which they were taken count as well. What is left out is as
        ``params_cluster`` of the model says, and below where that says nothing.

        Parameters
        ----------
        cluster : {"agglomerative", "kmeans", "dbscan", "hdbscan", "leiden", "evoc"} or \
object, default="agglomerative"
            The clusterer; an object needs ``fit_predict``. Leiden finds communities of the
            graph of neighbours (``pip install "clustimage[leiden]"``), EVoC dense groups of an
            embedding of it (``pip install "clustimage[evoc]"``).
        evaluate : {"silhouette", "dbindex", "derivative", "elbow", "calinski", "consensus"}, \
default="silhouette"
            What makes one number of clusters better than another; ``"consensus"`` is the
            median of what silhouette, derivative and elbow choose.
        metric : str, default="euclidean"
            Distance between features, as in `scipy.spatial.distance`. After
            ``method="exif"`` also ``"datetime"`` or ``"latlon"``: DBSCAN on the time a
            photo was taken or on its location, as `params_exif` says; -2 is without data.
        linkage : {"ward", "single", "complete", "average", "weighted", "centroid", \
"median"}, optional
            Distance between groups, for agglomerative clustering; by default ward, with
            `sim`, `distance_threshold` or `time_weight` average.
        min_clust, max_clust : int, default=3, 25
            The numbers searched are ``range(min_clust, max_clust)``; where both are
            equal, exactly that number. Where you give no `max_clust` and the best number
            is the last one, the search goes on, up to 100 clusters of 5 images on average, no more
            than `micro_clusters`.
        cluster_space : {"high", "low", "graph"}, optional
            Cluster the features, the map, or the graph of nearest neighbours, by its
            leading eigenvectors (a diffusion map): groups need not be round then. There
            `metric` compares neighbours, and clusters and scores are Euclidean. By default
            the features; of a network, or brought along, the graph where that is the better
            answer (see `docs/quality.md`) and nothing else that you ask for compares the
            features themselves.
        n_clusters : int, optional
            Exactly this number of clusters.
        min_size : int, default=1
            Smaller clusters become -1.
        sim : float, optional
            Cut the tree at ``max_distance * (1 - sim)`` instead of searching the number
            of clusters: 0 is one cluster, 1 every image on its own. In between, 0.5 says
            that the images of a cluster are on average within half of the largest
            distance from each other. What suits depends on the images: `similarity_table` tells
            what each similarity gives.
        distance_threshold : float, optional
            Cut the tree at this height, in units of `metric`: groups up to that distance are
            one. The same for all sets of images, where the distance means the same.
        time_weight : float, default=0
            Share of time in the distance, 0 to 1: ``(1 - time_weight - place_weight) *
            d_content / max(d_content) + time_weight * d_time / max(d_time) + place_weight *
            d_place / max(d_place)``.
        timestamps : {"auto", "exif", "stat"} or array of shape (n,), default="auto"
            Where the times come from: the EXIF data (``DateTimeOriginal``, else
            ``DateTimeDigitized``, else ``DateTime``); the time of the file; ``"auto"`` takes
            the first and falls back on the second; or numbers of seconds, datetimes.
            `import_status` says for each image which one was used. Only read with
            `time_weight`.
        place_weight : float, default=0
            Share of the location in the distance, by the coordinates in the EXIF data. With
            `time_weight` at most 1. Where one of two photos has no location, they are as far
            from each other, in this part, as two photos with one are on average.
        cannot_link : "photo" or array-like of shape (n,), optional
            Images of one group are never in one cluster: ``"photo"`` for faces, of which
            two in one photo are two persons; or a group for each image, None for free ones.
            For agglomerative clustering.
        micro_clusters : int, optional
            For agglomerative clustering: build the tree over this many groups of near
            images instead of over the images, in a time and a memory that rise with their number; 0
            is the tree of all images. By default that is built up to 20,000 images, if its
            distances fit into `max_memory`, and beyond that a tree over a few thousand.
        level : {"coarse", "fine"} or int, optional
            Not the best number of clusters, but the smallest, the largest or another one of
            `levels`, which are numbered from 0.

        Returns
        -------
        ndarray of shape (n,), int
            0 is the largest cluster, then by decreasing size; -1 is unclustered, -2
            without data. The same images have the same labels in every order: ties are broken
            by what the images are. An object gets the rows in the order of the images. Also in
            ``results["labels"]``.

        Raises
        ------
        StepOrderError
            If there are no features (or no map, for ``"low"``) yet.
        InvalidParameterError
            If a value is not allowed, or two of them cannot be combined.
        InvalidDataError
            If a clusterer that is not given k finds no labelling with an allowed number of
            clusters, or a photo has no date where one is needed.
        MemoryLimitError
            If the distances of all pairs would not fit into the memory there is.

        Examples
        --------
        >>> from clustimage import Clustimage, import_example
        >>> X, y = import_example("mnist")
        >>> cl = Clustimage(embedding=None, verbose="warning")
        >>> _ = cl.fit_transform(X[:100])
        >>> sorted(set(cl.cluster(n_clusters=4).tolist()))
        [0, 1, 2, 3]
        >>> set(cl.cluster(sim=0).tolist())
        {0}
        """
        request = ClusterRequest(
            cluster=cluster,
            evaluate=evaluate,
            metric=metric,
            linkage=linkage,
            min_clust=min_clust,
            max_clust=max_clust,
            n_clusters=n_clusters,
            min_size=min_size,
            sim=sim,
            distance_threshold=distance_threshold,
            time_weight=time_weight,
            place_weight=place_weight,
            cannot_link=cannot_link,
            micro_clusters=micro_clusters,
            cluster_space=cluster_space,
            level=level,
        )
        if self._state.distributed is not None:
            extractor = self._state.extractor
            assert extractor is not None
            check_distributable(request, extractor)
        labels = run_cluster(self, request, timestamps)
        if self._state.distributed is not None and self._settings.engine is not None:
            with engine_of(self) as engine:
                assign_to_clusters(self, engine)
        return labels

    @with_params_cluster
    def similarity_table(
        self,
        levels: Any = None,
        min_size: int = 2,
        *,
        metric: str = "euclidean",
        linkage: str | None = None,
        cluster_space: str = "high",
        time_weight: float = 0.0,
        timestamps: Any = "auto",
        place_weight: float = 0.0,
        cannot_link: Any = None,
    ) -> pd.DataFrame:
        """Tell what each `sim` of `cluster` gives for these images, from one tree.

        What a similarity means depends on the images and their features: 0.6 may leave most
        photos alone and put all scans together. Nothing is changed.

        Parameters
        ----------
        levels : float or array-like of float, optional
            Similarities from 0 to 1; default 0.1, 0.2 … 0.9.
        min_size : int, default=2
            Images of smaller clusters are left out.
        metric, linkage, cluster_space, time_weight, timestamps, place_weight, cannot_link
            As for `cluster`, for the tree that it would build.

        Returns
        -------
        DataFrame of shape (n_levels, 4)
            Columns `sim`; `n_clusters`, the number of clusters; `n_unclustered`, how many
            images are not assigned to one; and `largest`, the size of the largest one.

        Raises
        ------
        StepOrderError
            If there are no features (or no map, for ``"low"``) yet.
        InvalidParameterError
            If a value is not allowed, or two of them cannot be combined.
        MemoryLimitError
            If the distances of all pairs would not fit into the memory there is.

        Examples
        --------
        >>> from clustimage import Clustimage, import_example
        >>> X, y = import_example("mnist")
        >>> cl = Clustimage(embedding=None, verbose="warning")
        >>> _ = cl.fit_transform(X[:100])
        >>> cl.similarity_table([0.2, 0.4, 0.6, 0.8])
           sim  n_clusters  n_unclustered  largest
        0  0.2           1              0      100
        1  0.4           9              0       22
        2  0.6          19             11       11
        3  0.8          10             80        2
        """
        import pandas as pd

        sims = check_levels(levels)
        request = ClusterRequest(
            metric=metric,
            linkage=linkage,
            min_size=min_size,
            sim=0.0,
            time_weight=time_weight,
            place_weight=place_weight,
            cannot_link=cannot_link,
            cluster_space=cluster_space,
        )
        clustering, _, _ = _search(self, request, timestamps)
        return pd.DataFrame(_count_at(clustering, sims))

    def unique(self, metric: str | None = None) -> dict[str, Any]:
        """Pick the image nearest to the centre of each cluster. Runs by itself after `cluster`.

        Parameters
        ----------
        metric : str, optional
            Distance between features; by default the one that `cluster` used.

        Returns
        -------
        dict
            ``labels``; ``idx``, the index of each cluster's image, always one of its
            own; ``xycoord_center`` ``(k, 2)``; ``pathnames``; ``img_mean`` ``(k,
            height*width*channels)``, the average image. Also in `results_unique`.

        Raises
        ------
        StepOrderError
            If `cluster` was not run yet.

        Examples
        --------
        >>> from clustimage import Clustimage, import_example
        >>> X, y = import_example("mnist")
        >>> cl = Clustimage(embedding=None, verbose="warning")
        >>> _ = cl.fit_transform(X[:100], n_clusters=3)
        >>> cl.unique()["img_mean"].shape
        (3, 64)
        """
        return set_unique(self, metric)


def run_cluster(
    model: ModelBase, request: ClusterRequest, timestamps: Any, keep: np.ndarray | None = None
) -> np.ndarray:
    """Cluster the features, the map or the graph as the request asks; keep what was found.

    With the labels `keep` of before, clusters keep their numbers.
    """
    clustering, space, taken = _search(model, request, timestamps)
    state = model._state
    if request.metric not in EXIF_METRICS:
        before = state.clustering if state.made_from.get("labels") == (space,) else None
        clustering = with_last_search(clustering, before)
        state.store(timestamps=taken)
    clustering = replace(clustering, asked=_as_asked(request, timestamps))
    return set_clustering(model, clustering, space, keep)


def _as_asked(request: ClusterRequest, timestamps: Any) -> dict[str, Any]:
    """Return the arguments that are plain values."""
    plain = (str, int, float, bool, type(None))
    given = {**request.params, "timestamps": timestamps}
    return {name: value for name, value in given.items() if isinstance(value, plain)}


def _search(
    model: ModelBase, request: ClusterRequest, timestamps: Any
) -> tuple[Clustering, str, Timestamps | None]:
    """Return a clustering, what it is of, and the times that it used; nothing is kept."""
    settings, state = model._settings, model._state
    space = SPACE_KEYS.get(request.cluster_space or "high", "feat")
    feat = state.require(space)
    request = with_space(request, state.extractor)
    clear = None
    if follows_recognizer(request, state.extractor):
        request, clear = by_recognizer(request, state), clear_faces(state.extractor)
    check_timestamps(timestamps)
    taken = read_timestamps(state.images_read().status, timestamps) if request.time_weight else None
    locations = None
    if request.place_weight:
        locations = locations_of(metadata_columns(settings, state))
    if isinstance(request.cannot_link, str):
        check_option("cannot_link", request.cannot_link, ("photo",))
        request = replace(request, cannot_link=photos_of_faces(state))
    if request.metric in EXIF_METRICS:
        extractor: Any = state.extractor
        found = cluster_exif(extractor, settings.params_exif, request)
        # Of two of one size the one that began first has the lower number.
        by_time = np.lexsort((row_ranks(state), extractor.timestamps_))
        named = order_labels(found.labels, order=by_time)
        return replace(found, labels=np.where(found.labels < 0, found.labels, named)), space, None
    seconds = None if taken is None else taken.seconds
    order, budget = None, model._budget_for()
    if isinstance(request.cluster, str):  # an object of the user's gets the rows as they stand
        apart = request.cannot_link
        groups = read_groups(apart, len(feat))
        order = row_order(state, seconds, locations, _group_keys(state, groups))
        feat, budget = feat[order], budget.holding(feat.nbytes)
        seconds = None if seconds is None else seconds[order]
        locations = None if locations is None else locations[order]
        if apart is not None:
            labels = list(apart)
            request = replace(request, cannot_link=[labels[i] for i in order])
        if clear is not None:
            clear = np.flatnonzero(clear[order])
            feat, apart = feat[clear], request.cannot_link
            if apart is not None:
                request = replace(request, cannot_link=[apart[int(i)] for i in clear])
    options: dict[str, Any] = {
        "random_state": settings.random_state,
        "n_jobs": settings.n_jobs,
        "budget": budget,
    }
    if request.cluster_space is None or request.cluster_space == "graph":
        graph = graph_of(model, request.metric)
        options["space"] = graph if order is not None else as_given(graph, state)
    if request.cluster_space is None:
        clustering = search_suitable_space(feat, request, **options)
    else:
        clustering = search_k(feat, request, timestamps=seconds, locations=locations, **options)
    if clear is not None:
        clustering = with_unclustered(clustering, clear, len(state.require(space)))
    return clustering if order is None else put_back(clustering, order), space, taken


def _group_keys(state: State, groups: Groups | None) -> np.ndarray | None:
    """Return a number for each image that tells groups apart by what is in them."""
    if groups is None:
        return None
    at = groups.codes + 1
    totals: np.ndarray = np.bincount(at, weights=row_ranks(state))
    return np.asarray(totals[at])


def _count_at(clustering: Clustering, levels: Sequence[float]) -> dict[str, list[float]]:
    """Return what other similarities give, for a clustering by similarity."""
    tree, sim = clustering.tree, clustering.params["sim"]
    assert tree is not None and clustering.height is not None
    top = float(tree[: clustering.n_allowed, 2].max(initial=0.0))
    return count_cuts(
        tree,
        clustering.height / (1 - sim) if sim < 1 else top,
        levels,
        min_size=clustering.params["min_size"],
        n_allowed=clustering.n_allowed,
    )


def with_space(request: ClusterRequest, extractor: Any) -> ClusterRequest:
    """Return the request with the features as its space, unless their graph suits them too."""
    suits = getattr(extractor, "cluster_space", "high")
    if request.cluster == "leiden" and request.cluster_space is None:
        return replace(request, cluster_space="graph")  # the graph is what it clusters
    if request.cluster_space is not None or (suits == "graph" and not request.compares_features):
        return request
    return replace(request, cluster_space="high")


def follows_recognizer(request: ClusterRequest, extractor: Any) -> bool:
    """Return whether the features are descriptors of faces, and nothing else is asked for."""
    return (
        isinstance(extractor, FaceExtractor)
        and request.leaves_open
        and request.metric in (PARAMS_CLUSTER["metric"], getattr(extractor, "metric_", None))
    )


def as_planned(request: ClusterRequest, extractor: Any) -> ClusterRequest:
    """Return the request as a search would get it, as far as that is known before."""
    request = with_space(request, extractor)
    if not follows_recognizer(request, extractor):
        return request
    cut = getattr(extractor, "distance_threshold_", 0.0)
    return replace(request, linkage="average", distance_threshold=cut, cannot_link="photo")


def clear_faces(extractor: Any) -> np.ndarray | None:
    """Return which faces can be told apart; None where all of them are, or hardly any."""
    clear: np.ndarray = extractor.clear_
    n_blurred, n = int((~clear).sum()), len(clear)
    if not n_blurred:
        return None
    if n - n_blurred < MIN_CLEAR_FACES:
        logger.warning(
            "Of %d faces %d are too small or too blurred to be told apart; they are grouped as "
            "they are.",
            n,
            n_blurred,
        )
        return None
    logger.info(
        "Faces that are too small or too blurred to be told apart: %d of %d. Their label is -1.",
        n_blurred,
        n,
    )
    return clear


def by_recognizer(request: ClusterRequest, state: State) -> ClusterRequest:
    """Return the request with the metric and the cut of the recognizer.

    Faces of one photo are then kept apart, unless it says what else is.
    """
    extractor: Any = state.extractor
    apart, threshold = request.cannot_link, request.distance_threshold
    if apart is None and any(face_links(state)):
        apart = "photo"
    return replace(
        request,
        metric=extractor.metric_,
        linkage="average" if request.linkage == "ward" else request.linkage,
        distance_threshold=extractor.distance_threshold_ if threshold is None else threshold,
        cannot_link=apart,
    )


def graph_of(model: ModelBase, metric: str) -> GraphSpace:
    """Return the graph of the features in `row_order`, built where it is not there yet."""
    settings, state = model._settings, model._state
    if state.graph is None or state.graph.metric != metric:
        seed, n_jobs = settings.random_state, settings.n_jobs
        feat, order = state.require("feat"), row_order(state)
        graph = build_graph_space(feat[order], metric, random_state=seed, n_jobs=n_jobs)
        state.store(graph=graph)
    assert state.graph is not None
    return state.graph


def as_given(graph: GraphSpace, state: State) -> GraphSpace:
    """Return the graph of `graph_of` with the rows in the order of the images."""
    return graph.reordered(np.argsort(row_order(state)))


def clustered_rows(model: ModelBase) -> np.ndarray:
    """Return the rows that were clustered: features, positions on the map or in the graph."""
    state = model._state
    clustering = state.clustered()
    if clustering.params["cluster_space"] == "graph":
        return as_given(graph_of(model, clustering.params["metric"]), state).coordinates
    rows: np.ndarray = state.results[state.made_from["labels"][0]]
    return rows


def set_clustering(
    model: ModelBase, clustering: Clustering, space: str, keep: np.ndarray | None = None
) -> np.ndarray:
    """Take a clustering of the features or of the map, and pick the unique images anew.

    What a person has corrected and named holds for it too; with the labels `keep` of before,
    clusters keep their numbers.
    """
    made_from: dict[str, tuple[str, ...]] = {"labels": (space,), "clustering": (space,)}
    n_outside, n = int((clustering.labels < 0).sum()), len(clustering.labels)
    k = int(clustering.labels.max()) + 1
    advice = _advice(clustering) if 2 * n_outside > n else ""
    if clustering.params.get("by") in EXIF_METRICS:
        _log_groups(clustering)
    elif advice:
        logger.warning(
            f"Clusters: %d; %s of %s images are not assigned to one{advice}",
            k,
            f"{n_outside:,}",
            f"{n:,}",
        )
    else:
        logger.info("Clusters: %d; images not assigned to one: %s.", k, f"{n_outside:,}")
    labels, names = corrected_labels(model, clustering, keep)
    model._state.store(made_from, labels=labels, clustering=clustering, names=names)
    set_unique(model)
    return labels


def _advice(clustering: Clustering) -> str:
    """Return why most images are not assigned to a cluster, and what to do about it."""
    asked = clustering.params
    if asked.get("cluster") in DENSE:
        return (
            ", as few are dense among so many columns. Cluster the map, "
            f"{setting('cluster_space', 'low')}, or by {setting('cluster', 'agglomerative')}."
        )
    smaller = setting("min_size", asked["min_size"])
    if asked.get("sim") is None or clustering.height is None:
        few = f", as clusters smaller than {smaller} are left out. Give a smaller one."
        return few if asked["min_size"] > 1 else ""
    words = f": with {setting('sim', asked['sim'])} their clusters are smaller than {smaller}."
    table = _count_at(clustering, LOWER_SIMILARITIES)
    rows = zip(*table.values(), strict=True)
    n = len(clustering.labels)
    fitting = [row for row in rows if row[0] < asked["sim"] and row[2] <= MAX_LEFT_OUT * n]
    if fitting:
        sim, n_clusters, n_left, _ = fitting[-1]
        words += (
            f" For these images {setting('sim', sim)} gives "
            f"{pluralize(int(n_clusters), 'cluster')} and leaves out {int(n_left):,}."
        )
    return words + (" similarity_table() tells it for all levels." if in_python() else "")


def _log_groups(clustering: Clustering) -> None:
    """Say how many photos lie alone, and how many are without what they are grouped by."""
    what = EXIF_METRICS[clustering.params["by"]]
    n_alone, n_without = (int((clustering.labels == label).sum()) for label in (-1, -2))
    wider = ""
    if 2 * n_alone > len(clustering.labels) - n_without:
        wider = f" A larger {named(clustering.varied, of='params_exif')} joins more of them."
    logger.info(
        "Groups by %s: %d; photos that lie alone: %s; without a %s: %s.%s",
        what,
        max(int(clustering.labels.max()), -1) + 1,
        f"{n_alone:,}",
        what,
        f"{n_without:,}",
        wider,
    )


def set_unique(model: ModelBase, metric: str | None = None) -> dict[str, Any]:
    """Pick the unique image of each cluster, and keep what was picked."""
    state = model._state
    answer = pick_unique(
        state.require("feat"),
        state.require("labels"),
        metric=model._metric(metric),
        order=row_order(state),
        xycoord=state.results["xycoord"],
        pixels=state.results["img"],
        budget=model._budget_for(),
    )
    answer["pathnames"] = state.results["pathnames"][answer["idx"]]
    state.store(unique=answer)
    assert state.unique is not None
    return state.unique
