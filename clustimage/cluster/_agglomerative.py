"""Agglomerative clustering: one tree, cut at every k."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from clustimage.cluster._base import Candidates, Clusterer
from clustimage.cluster._tree import check_linkage, cut_tree_k, grow_tree

__all__ = ["AgglomerativeClusterer"]


class AgglomerativeClusterer(Clusterer):
    """Merge the two nearest clusters again and again, and cut the tree.

    Parameters
    ----------
    n_clusters : int, optional
        Number of clusters that `fit` makes; without it the best of 2 to 24 by
        silhouette.
    metric : str, default="euclidean"
        One of `METRICS`.
    linkage : str, default="ward"
        One of `LINKAGES`; ward, centroid and median need Euclidean distances.

    Attributes
    ----------
    labels_ : ndarray of int64, shape (n,)
        Clusters by decreasing size.

    Examples
    --------
    >>> X = np.array([[0.0], [0.2], [0.1], [9.0], [9.1]])
    >>> AgglomerativeClusterer(n_clusters=2).fit_predict(X).tolist()
    [0, 0, 0, 1, 1]
    """

    makes_tree = True

    def __init__(
        self, *, n_clusters: int | None = None, metric: str = "euclidean", linkage: str = "ward"
    ) -> None:
        self.n_clusters = n_clusters
        self.metric = metric
        self.linkage = linkage

    def check(self) -> None:
        check_linkage(self.linkage, self.metric)

    def propose(self, X: np.ndarray, counts: Sequence[int]) -> Candidates:
        Z = grow_tree(X, linkage_name=self.linkage, metric=self.metric)
        return Candidates([cut_tree_k(Z, k) for k in counts], list(counts), Z=Z)
