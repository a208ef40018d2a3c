"""Rows of features to labels: a clusterer proposes, an evaluator scores, the best is kept."""

from __future__ import annotations

from clustimage._metrics import METRICS
from clustimage.cluster._agglomerative import AgglomerativeClusterer
from clustimage.cluster._base import Candidates, Clusterer, Evaluator
from clustimage.cluster._calinski import CalinskiHarabasz
from clustimage.cluster._cannot_link import grow_constrained_tree
from clustimage.cluster._clustering import Clustering, to_recut
from clustimage.cluster._clusteval import to_clusteval
from clustimage.cluster._dbindex import DaviesBouldin
from clustimage.cluster._dbscan import DBSCANClusterer
from clustimage.cluster._derivative import Derivative
from clustimage.cluster._elbow import Elbow
from clustimage.cluster._exif import EXIF_METRICS, cluster_exif, cluster_moments, cluster_places
from clustimage.cluster._hdbscan import HDBSCANClusterer
from clustimage.cluster._kmeans import KMeansClusterer
from clustimage.cluster._labels import order_labels
from clustimage.cluster._own import OwnClusterer
from clustimage.cluster._plan import plan_clusters
from clustimage.cluster._request import check_request, most_clusters
from clustimage.cluster._search import search_k
from clustimage.cluster._silhouette import Silhouette
from clustimage.cluster._tree import LINKAGES, cut_heights, cut_tree_at, cut_tree_k, grow_tree

__all__ = [
    "CLUSTERERS",
    "EVALUATORS",
    "EXIF_METRICS",
    "LINKAGES",
    "METRICS",
    "AgglomerativeClusterer",
    "Candidates",
    "Clusterer",
    "Clustering",
    "DBSCANClusterer",
    "Evaluator",
    "HDBSCANClusterer",
    "KMeansClusterer",
    "OwnClusterer",
    "check_request",
    "cluster_exif",
    "cluster_moments",
    "cluster_places",
    "cut_heights",
    "cut_tree_at",
    "cut_tree_k",
    "grow_constrained_tree",
    "grow_tree",
    "most_clusters",
    "order_labels",
    "plan_clusters",
    "search_k",
    "to_clusteval",
    "to_recut",
]

CLUSTERERS: dict[str, type[Clusterer]] = {
    "agglomerative": AgglomerativeClusterer,
    "kmeans": KMeansClusterer,
    "dbscan": DBSCANClusterer,
    "hdbscan": HDBSCANClusterer,
}

EVALUATORS: dict[str, type[Evaluator]] = {
    "silhouette": Silhouette,
    "dbindex": DaviesBouldin,
    "derivative": Derivative,
    "elbow": Elbow,
    "calinski": CalinskiHarabasz,
}
