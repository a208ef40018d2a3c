"""Stage 5: rows of features and their labels become answers.

Arrays in, arrays out: the unique image of each cluster, the images most like a
query with their p-values, the cluster of a new image.
"""

from __future__ import annotations

from clustimage._distances.metrics import METRICS
from clustimage.similarity._faiss import ApproximateIndex
from clustimage.similarity._find import check_find, find_similar
from clustimage.similarity._fit_null import (
    PARAMS_FIND,
    check_find_params,
    fit_null,
    null_from_state,
)
from clustimage.similarity._index import RowIndex
from clustimage.similarity._joining import Joined, join_clusters
from clustimage.similarity._nearest_images import nearest_images
from clustimage.similarity._null_distribution import NullDistribution
from clustimage.similarity._own_rows import rows_of_equal, rows_of_files
from clustimage.similarity._plan import plan_find, plan_unique
from clustimage.similarity._predict import cluster_radius, predict_labels
from clustimage.similarity._representatives import distance_to_center, pick_unique

__all__ = [
    "METRICS",
    "PARAMS_FIND",
    "ApproximateIndex",
    "Joined",
    "NullDistribution",
    "RowIndex",
    "check_find",
    "check_find_params",
    "cluster_radius",
    "distance_to_center",
    "find_similar",
    "fit_null",
    "null_from_state",
    "join_clusters",
    "nearest_images",
    "pick_unique",
    "rows_of_equal",
    "rows_of_files",
    "plan_find",
    "plan_unique",
    "predict_labels",
]
