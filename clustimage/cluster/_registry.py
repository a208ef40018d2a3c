"""The clusterers and the evaluators by the names that users type."""

from __future__ import annotations

from clustimage.cluster._clusterer import Clusterer
from clustimage.cluster._evaluator import Evaluator
from clustimage.cluster.clusterers._agglomerative import AgglomerativeClusterer
from clustimage.cluster.clusterers._dbscan import DBSCANClusterer
from clustimage.cluster.clusterers._evoc import EVoCClusterer
from clustimage.cluster.clusterers._hdbscan import HDBSCANClusterer
from clustimage.cluster.clusterers._kmeans import KMeansClusterer
from clustimage.cluster.clusterers._leiden import LeidenClusterer
from clustimage.cluster.evaluators._calinski_harabasz import CalinskiHarabasz
from clustimage.cluster.evaluators._consensus import Consensus
from clustimage.cluster.evaluators._davies_bouldin import DaviesBouldin
from clustimage.cluster.evaluators._derivative import Derivative
from clustimage.cluster.evaluators._elbow import Elbow
from clustimage.cluster.evaluators._silhouette import Silhouette

__all__ = ["CLUSTERERS", "EVALUATORS"]

CLUSTERERS: dict[str, type[Clusterer]] = {
    "agglomerative": AgglomerativeClusterer,
    "kmeans": KMeansClusterer,
    "dbscan": DBSCANClusterer,
    "hdbscan": HDBSCANClusterer,
    "leiden": LeidenClusterer,
    "evoc": EVoCClusterer,
}

EVALUATORS: dict[str, type[Evaluator]] = {
    "silhouette": Silhouette,
    "dbindex": DaviesBouldin,
    "derivative": Derivative,
    "elbow": Elbow,
    "calinski": CalinskiHarabasz,
    "consensus": Consensus,
}
