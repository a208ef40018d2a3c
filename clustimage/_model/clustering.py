"""The step `cluster`: rows of features to labels, again as often as one likes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clustimage._core.logs import get_logger
from clustimage._core.validation import check_option
from clustimage._model.state import require
from clustimage.cluster import EXIF_METRICS, cluster_exif, search_k
from clustimage.images import Images, check_timestamps, read_timestamps

if TYPE_CHECKING:
    import numpy as np

__all__ = ["SPACES", "ClusterMethods"]

logger = get_logger(__name__)

SPACES = {"high": "feat", "low": "xycoord"}
DENSE = ("dbscan", "hdbscan")  # what leaves out images that lie alone


class ClusterMethods:
    """The method `cluster` of `Clustimage`."""

    images_: Images
    params: dict[str, Any]
    results: dict[str, Any]
    unique: Any
    _photos_of_faces: Any
    _places: Any
    extractor_: Any
    _budget_for: Any
    _store: Any

    def cluster(
        self,
        cluster: Any = "agglomerative",
        evaluate: str = "silhouette",
        metric: str = "euclidean",
        linkage: str | None = None,
        min_clust: int = 3,
        max_clust: int = 25,
        cluster_space: str = "high",
        n_clusters: int | None = None,
        min_size: int = 1,
        sim: float | None = None,
        time_weight: float = 0.0,
        timestamps: Any = "auto",
        place_weight: float = 0.0,
        cannot_link: Any = None,
        micro_clusters: int | None = None,
    ) -> np.ndarray:
        """Group the images; the number of groups is searched for unless it is given.

        Nothing is read or extracted again: call it as often as you like. Instead of a
        number of groups, `sim` says how alike the images of a group are; `time_weight`
        lets the time at which they were taken count as well.

        Parameters
        ----------
        cluster : {"agglomerative", "kmeans", "dbscan", "hdbscan"} or object, \
default="agglomerative"
            The clusterer; an object needs ``fit_predict``.
        evaluate : {"silhouette", "dbindex", "derivative", "elbow", "calinski"}, \
default="silhouette"
            What makes one number of clusters better than another.
        metric : str, default="euclidean"
            Distance between features, as in `scipy.spatial.distance`. After
            ``method="exif"`` also ``"datetime"`` or ``"latlon"``: DBSCAN on the moment a
            photo was taken or on its place, as `params_exif` says; -2 is without data.
        linkage : {"ward", "single", "complete", "average", "weighted", "centroid", \
"median"}, optional
            Distance between groups, for agglomerative clustering; by default ward, with
            `sim` or `time_weight` average.
        min_clust, max_clust : int, default=3, 25
            The numbers searched are ``range(min_clust, max_clust)``; where both are
            equal, exactly that number.
        cluster_space : {"high", "low"}, default="high"
            Cluster the features, or the map.
        n_clusters : int, optional
            Exactly this number of clusters.
        min_size : int, default=1
            Smaller clusters become -1.
        sim : float, optional
            Cut the tree at ``max_distance * (1 - sim)`` instead of searching the number
            of clusters: 0 is one cluster, 1 every image on its own. In between, 0.5 says
            that the images of a cluster are on average within half of the largest
            distance from each other.
        time_weight : float, default=0
            Share of time in the distance, 0 to 1: ``(1 - time_weight - place_weight) *
            d_content / max(d_content) + time_weight * d_time / max(d_time) + place_weight *
            d_place / max(d_place)``.
        timestamps : {"auto", "exif", "stat"} or array of shape (n,), default="auto"
            Where the times come from: the EXIF data (``DateTimeOriginal``, else
            ``DateTime``); the time of the file; ``"auto"`` takes the first and falls
            back on the second; or numbers of seconds, datetimes. `import_status` says
            for each image which one was used. Only read with `time_weight`.
        place_weight : float, default=0
            Share of the place in the distance, by the coordinates in the EXIF data. With
            `time_weight` at most 1. Where one of two photos has no place, they are as far
            from each other, in this part, as two photos with a place are on average.
        cannot_link : "photo" or array-like of shape (n,), optional
            Images of one group are never in one cluster: ``"photo"`` for faces, of which
            two in one photo are two persons; or a group for each image, None for free ones.
            For agglomerative clustering.
        micro_clusters : int, optional
            For agglomerative clustering: grow the tree over this many groups of near
            images instead of over the images, in a time and a memory that grow with their number; 0
            is the tree of all images. By default that is grown up to 20,000 images, if its
            distances fit into `max_memory`, and beyond that a tree over a few thousand.

        Returns
        -------
        ndarray of shape (n,), int
            0 is the largest cluster, then by decreasing size; -1 is unclustered, -2
            without data.
            Also in ``results["labels"]``.

        Raises
        ------
        StepOrderError
            If there are no features (or no map, for ``"low"``) yet.
        InvalidParameterError
            If a value is not allowed, or two of them do not go together.
        InvalidDataError
            If dbscan or hdbscan finds no labelling with an allowed number of clusters,
            or a photo has no date where one is needed.
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
        space = SPACES[check_option("cluster_space", cluster_space, SPACES)]
        feat = require(self.results, space)
        check_timestamps(timestamps)
        moments = read_timestamps(self.images_.status, timestamps) if time_weight else None
        if isinstance(cannot_link, str):
            check_option("cannot_link", cannot_link, ("photo",))
            cannot_link = self._photos_of_faces()
        request = {
            "cluster": cluster,
            "evaluate": evaluate,
            "metric": metric,
            "linkage": linkage,
            "min_clust": min_clust,
            "max_clust": max_clust,
            "n_clusters": n_clusters,
            "min_size": min_size,
            "sim": sim,
            "time_weight": time_weight,
            "place_weight": place_weight,
            "cannot_link": cannot_link,
            "micro_clusters": micro_clusters,
        }
        if metric in EXIF_METRICS:
            clustering = cluster_exif(self.extractor_, self.params["params_exif"], **request)
            return self._store_clustering(clustering, space)
        clustering = search_k(
            feat,
            **request,
            moments=None if moments is None else moments.seconds,
            places=self._places() if place_weight else None,
            random_state=self.params["random_state"],
            n_jobs=self.params["n_jobs"],
            budget=self._budget_for(),
        )
        self._store(moments_=moments)
        return self._store_clustering(clustering, space)

    def _store_clustering(self, clustering: Any, space: str) -> np.ndarray:
        made_from: dict[str, tuple[str, ...]] = {"labels": (space,), "clustering_": (space,)}
        n_outside, n = int((clustering.labels < 0).sum()), len(clustering.labels)
        k = int(clustering.labels.max()) + 1
        if 2 * n_outside > n and clustering.params.get("cluster") in DENSE:
            logger.warning(
                "Clusters: %d; %s of %s images are in none, as few are dense among so many "
                "columns. Cluster the map, cluster_space='low', or by cluster='agglomerative'.",
                k,
                f"{n_outside:,}",
                f"{n:,}",
            )
        else:
            logger.info("Clusters: %d; images in none: %s.", k, f"{n_outside:,}")
        self._store(made_from, labels=clustering.labels, clustering_=clustering)
        self.unique()
        return clustering.labels
