"""Agglomerative clustering: one tree, cut at every k or at one similarity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from clustimage._errors import InvalidParameterError
from clustimage.cluster._base import Candidates, Clusterer
from clustimage.cluster._cannot_link import (
    check_constrained_linkage,
    competing_counts,
    grow_constrained,
    read_groups,
)
from clustimage.cluster._distances import condensed_distances
from clustimage.cluster._mixed import (
    check_moments,
    check_places,
    check_weights,
    mixed_distances,
)
from clustimage.cluster._similarity_cut import check_sim, cut_by_similarity
from clustimage.cluster._tree import (
    check_linkage,
    check_tree_memory,
    cut_tree_k,
    name_linkage,
)

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
    linkage : str, optional
        One of `LINKAGES`; ward, centroid and median need Euclidean distances. Default
        ``"ward"``, and ``"average"`` with `sim`, `time_weight` or `place_weight`.
    sim : float, optional
        From 0 to 1: cut the tree there, see `cut_by_similarity`. Not with `n_clusters`.
    time_weight : float, default=0.0
        From 0 to 1: the part that time has in the distances, see `mixed_distances`.
    moments : array-like of float, shape (n,), optional
        When each image was taken, in seconds; needed where `time_weight` is above 0.
    place_weight : float, default=0.0
        The part that place has; with `time_weight` at most 1.
    places : array-like of float, shape (n, 2), optional
        Latitude and longitude in degrees, NaN where they are not known; needed where
        `place_weight` is above 0.
    cannot_link : array-like of shape (n,), optional
        Images with equal labels are never in one cluster, see `grow_constrained_tree`.
        None, NaN, ``""`` and negative numbers are free.

    Attributes
    ----------
    labels_ : ndarray of int64, shape (n,)
        Clusters by decreasing size.

    Examples
    --------
    >>> X = np.array([[0.0], [0.2], [0.1], [9.0], [9.1]])
    >>> AgglomerativeClusterer(n_clusters=2).fit_predict(X).tolist()
    [0, 0, 0, 1, 1]
    >>> AgglomerativeClusterer(sim=1).fit_predict(X).tolist()
    [0, 1, 2, 3, 4]
    >>> groups = ["a", "a", "", "", ""]
    >>> AgglomerativeClusterer(n_clusters=3, cannot_link=groups).fit_predict(X).tolist()
    [0, 2, 0, 1, 1]
    """

    makes_tree = True

    def __init__(
        self,
        *,
        n_clusters: int | None = None,
        metric: str = "euclidean",
        linkage: str | None = None,
        sim: float | None = None,
        time_weight: float = 0.0,
        moments: Any = None,
        place_weight: float = 0.0,
        places: Any = None,
        cannot_link: Any = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.metric = metric
        self.linkage = linkage
        self.sim = sim
        self.time_weight = time_weight
        self.moments = moments
        self.place_weight = place_weight
        self.places = places
        self.cannot_link = cannot_link

    def check(self) -> None:
        sim = check_sim(self.sim)
        weights = check_weights(self.time_weight, self.place_weight)
        linkage = name_linkage(self.linkage, sim=sim, weights=weights)
        check_linkage(linkage, self.metric, weights=weights)
        if self.cannot_link is not None:
            check_constrained_linkage(linkage)
        if sim is not None and self.n_clusters is not None:
            raise InvalidParameterError(
                "'sim' and 'n_clusters' both say where to cut the tree. "
                f"Got sim={self.sim!r} and n_clusters={self.n_clusters!r}. Give one of them."
            )

    def propose(self, X: np.ndarray, counts: Sequence[int]) -> Candidates:
        weights = check_weights(self.time_weight, self.place_weight)
        linkage = name_linkage(self.linkage, sim=self.sim, weights=weights)
        moments = check_moments(self.moments, weights.time, len(X))
        places = check_places(self.places, weights.place, len(X))
        groups = read_groups(self.cannot_link, len(X))
        check_tree_memory(len(X), linkage, constrained=groups is not None)
        mix = None
        if weights:
            distances, mix = mixed_distances(X, self.metric, weights, moments, places)
        else:
            distances = condensed_distances(X, self.metric)
        furthest = float(distances.max(initial=0.0))
        Z, n_allowed = grow_constrained(distances, groups, linkage)
        kept: dict[str, Any] = {"Z": Z, "mix": mix}
        if groups is not None:
            kept["n_allowed"] = n_allowed
            counts = competing_counts(counts, len(X), n_allowed, groups)
        if self.sim is None:
            return Candidates([cut_tree_k(Z, k) for k in counts], list(counts), **kept)
        labels, height = cut_by_similarity(Z, furthest, self.sim, n_allowed)
        return Candidates([labels], [height], "height", height=height, **kept)
