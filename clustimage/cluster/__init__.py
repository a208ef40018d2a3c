"""Rows of features to labels: candidate labellings are made and scored, the best is kept."""

from __future__ import annotations

from clustimage._distances.metrics import METRICS
from clustimage.cluster._candidates import Candidates
from clustimage.cluster._clusterer import Clusterer
from clustimage.cluster._evaluator import Evaluator
from clustimage.cluster._group_names import name_events, name_places
from clustimage.cluster._labels import order_labels
from clustimage.cluster._plan import plan_clusters
from clustimage.cluster._registry import CLUSTERERS, EVALUATORS
from clustimage.cluster._request import (
    DEFAULT_MAX_CLUST,
    EXIF_METRICS,
    SPACES,
    ClusterRequest,
)
from clustimage.cluster._result import (
    NO_CUT,
    Clustering,
    is_cut,
    levels_of,
    put_back,
    stability_of,
    with_last_search,
    with_other_labels,
    with_unclustered,
)
from clustimage.cluster._search import search_k
from clustimage.cluster._space_choice import search_suitable_space
from clustimage.cluster.clusterers._agglomerative import AgglomerativeClusterer
from clustimage.cluster.clusterers._custom import CustomClusterer
from clustimage.cluster.clusterers._dbscan import DBSCANClusterer
from clustimage.cluster.clusterers._evoc import EVoCClusterer
from clustimage.cluster.clusterers._exif import cluster_exif, cluster_locations, cluster_timestamps
from clustimage.cluster.clusterers._hdbscan import HDBSCANClusterer
from clustimage.cluster.clusterers._kmeans import KMeansClusterer
from clustimage.cluster.clusterers._leiden import LeidenClusterer
from clustimage.cluster.graph._graph_space import GraphSpace, build_graph_space
from clustimage.cluster.tree._cannot_link import build_constrained_tree
from clustimage.cluster.tree._linkage import (
    LINKAGES,
    build_tree,
    cut_heights,
    cut_tree_at,
    cut_tree_k,
)
from clustimage.cluster.tree._similarity_cut import check_levels, count_cuts

__all__ = [
    "CLUSTERERS",
    "DEFAULT_MAX_CLUST",
    "EVALUATORS",
    "EXIF_METRICS",
    "LINKAGES",
    "METRICS",
    "NO_CUT",
    "SPACES",
    "AgglomerativeClusterer",
    "Candidates",
    "ClusterRequest",
    "Clusterer",
    "Clustering",
    "DBSCANClusterer",
    "EVoCClusterer",
    "Evaluator",
    "GraphSpace",
    "HDBSCANClusterer",
    "KMeansClusterer",
    "LeidenClusterer",
    "CustomClusterer",
    "check_levels",
    "cluster_exif",
    "cluster_timestamps",
    "cluster_locations",
    "count_cuts",
    "cut_heights",
    "cut_tree_at",
    "cut_tree_k",
    "build_constrained_tree",
    "build_graph_space",
    "build_tree",
    "is_cut",
    "levels_of",
    "name_events",
    "name_places",
    "order_labels",
    "plan_clusters",
    "put_back",
    "search_k",
    "search_suitable_space",
    "stability_of",
    "with_last_search",
    "with_other_labels",
    "with_unclustered",
]
