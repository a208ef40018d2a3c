"""Agglomerative clustering: one tree, cut at every k or at one similarity."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from clustimage._core.errors import InvalidDataError, InvalidParameterError
from clustimage._core.logs import get_logger
from clustimage._core.memory import Budget, free_budget
from clustimage._core.parameters import named, setting
from clustimage._distances.condensed import condensed_distances
from clustimage.cluster._candidates import Candidates
from clustimage.cluster._clusterer import Clusterer
from clustimage.cluster.tree._cannot_link import (
    build_constrained,
    check_constrained_linkage,
    competing_counts,
    read_groups,
)
from clustimage.cluster.tree._combined_distance import (
    check_locations,
    check_seconds,
    check_weights,
    combined_distances,
)
from clustimage.cluster.tree._linkage import check_linkage, cut_tree_k, name_linkage
from clustimage.cluster.tree._micro_clusters import find_micro_clusters
from clustimage.cluster.tree._similarity_cut import (
    check_sim,
    check_threshold,
    cut_by_distance,
    cut_by_similarity,
)
from clustimage.cluster.tree._strategy import (
    TreeStrategy,
    check_micro_clusters,
    choose_tree,
    what_needs_pairs,
)
from clustimage.cluster.tree._weighted_tree import build_weighted_tree

__all__ = ["AgglomerativeClusterer"]

logger = get_logger(__name__)


class AgglomerativeClusterer(Clusterer):
    """Merge the two nearest clusters again and again, and cut the tree.

    The leaves of the tree are the images, or micro-clusters of them where there are more
    than 20,000, see `choose_tree`.

    Parameters
    ----------
    n_clusters : int, optional
        Number of clusters that `fit` makes; without it the best of 2 to 24 by
        silhouette.
    metric : str, default="euclidean"
        One of `METRICS`.
    linkage : str, optional
        One of `LINKAGES`; ward, centroid and median need Euclidean distances. Default
        ``"ward"``, and ``"average"`` with `sim`, `distance_threshold`, `time_weight` or
        `place_weight`.
    sim : float, optional
        From 0 to 1: cut the tree there, see `cut_by_similarity`. Not with `n_clusters`.
    distance_threshold : float, optional
        Cut the tree at this height, see `cut_by_distance`. Not with `n_clusters` and `sim`.
    time_weight : float, default=0.0
        From 0 to 1: the weight of time in the distances, see `combined_distances`.
    timestamps : array-like of float, shape (n,), optional
        When each image was taken, in seconds; needed where `time_weight` is above 0.
    place_weight : float, default=0.0
        The weight of location; with `time_weight` at most 1.
    locations : array-like of float, shape (n, 2), optional
        Latitude and longitude in degrees, NaN where they are not known; needed where
        `place_weight` is above 0.
    cannot_link : array-like of shape (n,), optional
        Images with equal labels are never in one cluster, see `build_constrained_tree`.
        None, NaN, ``""`` and negative numbers are free.
    micro_clusters : int, optional
        So many micro-clusters are the leaves of the tree; 0 for the tree of all images.
        By default that is built of up to 20,000 images, if it fits into the budget. Not
        with `sim`, `distance_threshold`, `time_weight`, `place_weight` and `cannot_link`.
    edges : ndarray of int, shape (e, 2), optional
        Pairs of rows that are near each other, where they are known; for micro-clusters, see
        `find_micro_clusters`.
    random_state : int, default=0
        Seed of the micro-clusters.
    n_jobs : int, default=1
        Number of threads for distances and micro-clusters; -1 uses every core.
    budget : Budget, optional
        What memory may be taken.

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
        distance_threshold: float | None = None,
        time_weight: float = 0.0,
        timestamps: ArrayLike | None = None,
        place_weight: float = 0.0,
        locations: ArrayLike | None = None,
        cannot_link: Sequence[object] | np.ndarray | None = None,
        micro_clusters: int | None = None,
        edges: np.ndarray | None = None,
        random_state: int | None = 0,
        n_jobs: int | None = 1,
        budget: Budget | None = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.metric = metric
        self.linkage = linkage
        self.sim = sim
        self.distance_threshold = distance_threshold
        self.time_weight = time_weight
        self.timestamps = timestamps
        self.place_weight = place_weight
        self.locations = locations
        self.cannot_link = cannot_link
        self.micro_clusters = micro_clusters
        self.edges = edges
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.budget = budget

    def check(self) -> None:
        sim = check_sim(self.sim)
        check_threshold(self.distance_threshold)
        weights = check_weights(self.time_weight, self.place_weight)
        linkage = name_linkage(self.linkage, cut=self._is_cut, weights=weights)
        check_linkage(linkage, self.metric, weights=weights)
        if self.cannot_link is not None:
            check_constrained_linkage(linkage)
        cuts = {
            "sim": sim,
            "distance_threshold": self.distance_threshold,
            "n_clusters": self.n_clusters,
        }
        given = [name for name, value in cuts.items() if value is not None]
        if len(given) > 1:
            raise InvalidParameterError(
                f"{named(given[0])} and {named(given[1])} both say where to cut the tree. Got "
                f"{setting(given[0], cuts[given[0]])} and {setting(given[1], cuts[given[1]])}. "
                "Give one of them."
            )
        most = 1 if self.n_clusters is None else self.n_clusters
        check_micro_clusters(self.micro_clusters, most=most, needs_pairs=self._needs_pairs())

    def strategy(self, n: int, d: int, most: int) -> TreeStrategy:
        """Return which tree of n images with d features is built, for up to `most` clusters."""
        weights = check_weights(self.time_weight, self.place_weight)
        return choose_tree(
            n,
            d,
            linkage=name_linkage(self.linkage, cut=self._is_cut, weights=weights),
            metric=self.metric,
            most=most,
            micro_clusters=self.micro_clusters,
            needs_pairs=self._needs_pairs(),
            constrained=self.cannot_link is not None,
            budget=self.budget,
            n_jobs=self.n_jobs,
        )

    def _needs_pairs(self) -> str | None:
        return what_needs_pairs(
            self.sim,
            self.distance_threshold,
            self.time_weight,
            self.place_weight,
            self.cannot_link,
        )

    @property
    def _is_cut(self) -> bool:
        return self.sim is not None or self.distance_threshold is not None

    def candidates(self, X: np.ndarray, counts: Sequence[int]) -> Candidates:
        n, d = X.shape
        tree = self.strategy(n, d, max(counts, default=1))
        budget = self.budget or free_budget()
        budget.check(tree.peak, what=tree.work, instead=tree.instead)
        if tree.micro:
            return self._micro_candidates(X, counts, tree)
        weights = check_weights(self.time_weight, self.place_weight)
        linkage = name_linkage(self.linkage, cut=self._is_cut, weights=weights)
        timestamps = check_seconds(self.timestamps, weights.time, len(X))
        locations = check_locations(self.locations, weights.location, len(X))
        groups = read_groups(self.cannot_link, len(X))
        combined = None
        if weights:
            distances, combined = combined_distances(
                X, self.metric, weights, timestamps, locations, n_jobs=self.n_jobs
            )
        else:
            distances = condensed_distances(X, self.metric, n_jobs=self.n_jobs)
        furthest = float(distances.max(initial=0.0))
        Z, n_allowed = build_constrained(distances, groups, linkage)
        if groups is not None:
            counts = competing_counts(counts, len(X), n_allowed, groups)
        if not self._is_cut:
            found = Candidates([cut_tree_k(Z, k) for k in counts], list(counts))
        else:
            if self.distance_threshold is not None:
                labels, height = cut_by_distance(Z, self.distance_threshold, n_allowed)
            else:
                labels, height = cut_by_similarity(Z, furthest, self.sim or 0.0, n_allowed)
            found = Candidates([labels], [height], "height", height=height)
        constrained = None if groups is None else n_allowed
        return replace(found, Z=Z, combined=combined, n_allowed=constrained)

    def _micro_candidates(
        self, X: np.ndarray, counts: Sequence[int], tree: TreeStrategy
    ) -> Candidates:
        logger.log(
            logging.WARNING if tree.forced_by_budget else logging.INFO,
            "Clustering: %s, because %s.%s",
            tree.what,
            tree.why,
            f" {setting('micro_clusters', 0)} asks for the tree of all images."
            if not self.micro_clusters
            else "",
        )
        found = find_micro_clusters(
            X,
            tree.micro,
            metric=self.metric,
            edges=self.edges,
            random_state=self.random_state,
            n_jobs=self.n_jobs,
        )
        m = len(found.weights)
        possible = [k for k in counts if k <= m]
        if not possible:
            raise InvalidDataError(
                f"A tree of micro-clusters cannot be cut into {min(counts)} clusters: only {m} of "
                f"the {len(X):,} images differ from each other. Ask for fewer clusters."
            )
        Z = build_weighted_tree(
            found.points,
            found.weights,
            variance=found.variance,
            linkage_name=name_linkage(self.linkage, cut=False, weights=check_weights(0, 0)),
            metric=found.metric,
            n_jobs=self.n_jobs,
        )
        labels = [cut_tree_k(Z, k, found.member) for k in possible]
        return Candidates(labels, possible, Z=Z, micro=found.member)
