"""What every clusterer and every evaluator has in common.

A clusterer proposes labellings (`Candidates`); an evaluator gives each a score and
says which score is best. Neither knows the other: `makes_tree` and `chooses_k` on
the one side, `needs_tree` and `needs_k` on the other tell which pairs make sense.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.utils import check_array

from clustimage._metrics import check_metric
from clustimage.cluster._labels import count_clusters, order_labels
from clustimage.cluster._mixed import Mix

__all__ = ["MANY_ROWS", "Candidates", "Clusterer", "Evaluator"]

# Of more images not all pairs are compared: that takes minutes, and a tree of them 3 GB.
MANY_ROWS = 20_000


@dataclass
class Candidates:
    """Labellings that compete.

    Attributes
    ----------
    labels : list of ndarray of int, each of shape (n,)
        Names 0 to k - 1, and -1 for what is in no cluster.
    thresholds : list of int or float
        What was varied to get them: one value per labelling.
    varied : str
        Name of that.
    Z : ndarray of shape (n - 1, 4) or (m - 1, 4), optional
        The linkage tree that the labellings were cut from; its leaves are the n images, or
        m micro-clusters of them.
    mix : Mix, optional
        How time and place are mixed into the distances of the tree.
    height : float, optional
        Where the tree was cut, if that is what was asked for.
    n_allowed : int, optional
        How many of the first merges of the tree are allowed, where images are kept
        apart.
    micro : ndarray of int32, shape (n,), optional
        Which leaf of the tree each image belongs to, where the leaves are micro-clusters;
        there are then fewer leaves than images.
    """

    labels: list[np.ndarray]
    thresholds: Sequence[float]
    varied: str = "cluster_threshold"
    Z: np.ndarray | None = None
    mix: Mix | None = None
    height: float | None = None
    n_allowed: int | None = None
    micro: np.ndarray | None = None

    @property
    def least(self) -> int:
        """The least number of clusters that the tree may be cut into."""
        if self.Z is None or self.n_allowed is None:
            return 1
        return len(self.Z) + 1 - self.n_allowed

    @property
    def counts(self) -> list[int]:
        """Number of clusters of each labelling."""
        return [count_clusters(labels) for labels in self.labels]


class Clusterer(ClusterMixin, BaseEstimator, ABC):
    """Base of the clusterers: proposes labellings of the rows of an array.

    A subclass says in `propose` how; the scikit-learn methods `fit` and
    `fit_predict` come from here. They keep the labelling with the best silhouette: of
    2 to 24 clusters, or of any number where the clusterer cannot be told it, or the
    one with ``n_clusters`` where that is set.
    """

    makes_tree = False
    chooses_k = True

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Clusterer:
        """Make one from those of `settings` that it knows."""
        return cls(**{name: settings[name] for name in cls._get_param_names() if name in settings})

    def check(self) -> None:
        """Raise `InvalidParameterError` if the parameters do not go together."""
        check_metric(getattr(self, "metric", "euclidean"))

    @abstractmethod
    def propose(self, X: np.ndarray, counts: Sequence[int]) -> Candidates:
        """Return labellings of the rows of `X` with a number of clusters in `counts`.

        Parameters
        ----------
        X : ndarray of float, shape (n, d)
            Features, finite.
        counts : sequence of int
            Numbers of clusters that are asked for; with only one, exactly that. Empty
            where none is, for an object of a user's own.

        Returns
        -------
        Candidates
            One labelling or more.

        Raises
        ------
        InvalidDataError
            If no labelling has a number of clusters in `counts`.
        """

    def fit(self, X: Any, y: Any = None) -> Clusterer:
        """Cluster the rows of `X`.

        Parameters
        ----------
        X : array-like of shape (n, d)
            Features.
        y : None
            Not used.

        Returns
        -------
        self
            With ``labels_``, ndarray of int64 of shape (n,), by decreasing size.
        """
        from clustimage.cluster._silhouette import Silhouette

        self.check()
        X = check_array(X, dtype=np.float64, ensure_min_samples=3)
        self.n_features_in_ = X.shape[1]
        exact = getattr(self, "n_clusters", None)
        # Without a range from a user, a clusterer that chooses k itself is free to.
        free = range(2, min(25, len(X))) if self.chooses_k else range(len(X) + 1)
        counts = free if exact is None else [exact]
        candidates = self.propose(X, counts)
        evaluator = Silhouette()
        metric = getattr(self, "metric", "euclidean")
        scores = evaluator.score(X, candidates, metric=metric)
        best = evaluator.choose(candidates.counts, scores)
        self.labels_ = order_labels(candidates.labels[best])
        return self


class Evaluator(ABC):
    """Base of the evaluators: gives every labelling a score.

    Attributes
    ----------
    needs_tree : bool
        It reads the heights of a linkage tree.
    needs_k : bool
        It compares labellings over k, so the clusterer has to be told k.
    euclidean_only : bool
        It is defined by centres and squared distances.
    lowest_k, margin : int
        It is defined from `lowest_k` clusters to n - `margin`.
    higher_is_better : bool
        Which score wins.
    errors_ : ndarray of float64, shape (m,), or None
        Standard errors of the last scores, where they come from a sample.
    """

    needs_tree = False
    needs_k = False
    euclidean_only = False
    lowest_k = 2
    margin = 1
    higher_is_better = True
    errors_: np.ndarray | None = None

    @abstractmethod
    def score(
        self,
        X: np.ndarray,
        candidates: Candidates,
        *,
        metric: str = "euclidean",
        n_jobs: int = 1,
        random_state: int | None = 0,
    ) -> np.ndarray:
        """Return a score for each labelling; NaN where it is not defined.

        Parameters
        ----------
        X : ndarray of float, shape (n, d)
            Features.
        candidates : Candidates
            m labellings of the rows of `X`.
        metric : str, default="euclidean"
            One of `METRICS`.
        n_jobs : int, default=1
            Number of threads.
        random_state : int, default=0
            Seed of the sample, where one is drawn.

        Returns
        -------
        ndarray of float64, shape (m,)
        """

    def choose(self, counts: Sequence[int], scores: np.ndarray) -> int:
        """Return the position of the best of `scores`; the first one where several are best."""
        worst = -np.inf if self.higher_is_better else np.inf
        known = np.where(np.isnan(scores), worst, scores)
        return int(np.argmax(known) if self.higher_is_better else np.argmin(known))
