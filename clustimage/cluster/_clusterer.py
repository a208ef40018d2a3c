"""What every clusterer has in common: it makes candidate labellings of the rows of an array."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.utils import check_array

from clustimage._distances.metrics import check_metric
from clustimage.cluster._candidates import Candidates
from clustimage.cluster._labels import order_labels
from clustimage.cluster.evaluators._silhouette import Silhouette

__all__ = ["Clusterer"]


class Clusterer(ClusterMixin, BaseEstimator, ABC):
    """Base of the clusterers: makes candidate labellings of the rows of an array.

    A subclass says in `candidates` how; the scikit-learn methods `fit` and
    `fit_predict` come from here. They keep the labelling with the best silhouette: of
    2 to 24 clusters, or of any number where the clusterer cannot be given it, or the
    one with ``n_clusters`` where that is set.

    Attributes
    ----------
    makes_tree : bool
        The labellings are cuts of one tree.
    chooses_k : bool
        It makes each number of clusters that it is given.
    open_ended : bool
        Where nobody said how many clusters there are at most, all that it finds compete.
    """

    makes_tree = False
    chooses_k = True
    open_ended = False

    @classmethod
    def from_settings(cls, settings: Mapping[str, object]) -> Clusterer:
        """Make one from those of `settings` that it knows."""
        return cls(**{name: settings[name] for name in cls._get_param_names() if name in settings})

    def check(self) -> None:
        """Raise `InvalidParameterError` if the parameters cannot be combined."""
        check_metric(getattr(self, "metric", "euclidean"))

    @abstractmethod
    def candidates(self, X: np.ndarray, counts: Sequence[int]) -> Candidates:
        """Return labellings of the rows of `X` with a number of clusters in `counts`.

        Parameters
        ----------
        X : ndarray of float, shape (n, d)
            Features, finite.
        counts : sequence of int
            Numbers of clusters that are asked for; with only one, exactly that. Empty
            where none is, for a custom clusterer.

        Returns
        -------
        Candidates
            One labelling or more.

        Raises
        ------
        InvalidDataError
            If no labelling has a number of clusters in `counts`.
        """

    def fit(self, X: ArrayLike, y: object = None) -> Clusterer:
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
        self.check()
        rows: np.ndarray = check_array(X, dtype=np.float64, ensure_min_samples=3)
        self.n_features_in_ = rows.shape[1]
        exact = getattr(self, "n_clusters", None)
        # Without a range from a user, a clusterer that chooses k itself is free to.
        free = range(2, min(25, len(rows))) if self.chooses_k else range(len(rows) + 1)
        counts = free if exact is None else [exact]
        candidates = self.candidates(rows, counts)
        evaluator = Silhouette()
        metric = getattr(self, "metric", "euclidean")
        scores = evaluator.score(rows, candidates, metric=metric)
        best = evaluator.choose(candidates.counts, scores)
        self.labels_ = order_labels(candidates.labels[best])
        return self
