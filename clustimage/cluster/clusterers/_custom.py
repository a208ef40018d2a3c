"""A custom clusterer: any object with ``fit_predict``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone

from clustimage._core.errors import InvalidDataError, InvalidParameterError
from clustimage._core.parameters import named
from clustimage.cluster._candidates import Candidates
from clustimage.cluster._clusterer import Clusterer

__all__ = ["CustomClusterer", "FitPredict"]


class FitPredict(Protocol):
    """An object that makes labels of the rows of an array."""

    def fit_predict(self, X: np.ndarray) -> ArrayLike:
        """Return a whole number for each row, negative for unclustered."""


class CustomClusterer(Clusterer):
    """Ask an object with ``fit_predict`` for labels.

    It is cloned where it has ``get_params``, and never changed then. Its one labelling
    is taken as it is, whatever its number of clusters. Only where exactly k clusters
    are asked for, and it has a parameter ``n_clusters``, is that set to k.

    Parameters
    ----------
    estimator : object
        Has ``fit_predict(X) -> labels``: whole numbers, negative for unclustered.

    Attributes
    ----------
    labels_ : ndarray of int64, shape (n,)
        Clusters by decreasing size.

    Examples
    --------
    >>> from sklearn.cluster import MiniBatchKMeans
    >>> X = np.array([[0.0], [0.2], [0.1], [9.0], [9.1]])
    >>> CustomClusterer(MiniBatchKMeans(2, n_init=3, random_state=0)).fit_predict(X).tolist()
    [0, 0, 0, 1, 1]
    """

    chooses_k = False

    def __init__(self, estimator: FitPredict) -> None:
        self.estimator = estimator

    def candidates(self, X: np.ndarray, counts: Sequence[int]) -> Candidates:
        model = self.estimator
        if hasattr(model, "get_params"):
            model = clone(model)
            if len(counts) == 1 and "n_clusters" in model.get_params(deep=False):
                model.set_params(n_clusters=counts[0])
        labels = self._labels(model, X)
        return Candidates([labels], [int(labels.max(initial=-1)) + 1])

    @staticmethod
    def _labels(model: FitPredict, X: np.ndarray) -> np.ndarray:
        labels = np.asarray(model.fit_predict(X))
        if labels.shape != (len(X),) or not np.issubdtype(labels.dtype, np.integer):
            raise InvalidDataError(
                f"fit_predict of {type(model).__name__} must return {len(X)} whole numbers, one "
                f"per image. Got an array of shape {labels.shape} and type {labels.dtype}."
            )
        named = np.full(len(X), -1, dtype=np.int64)
        inside = labels >= 0
        named[inside] = np.unique(labels[inside], return_inverse=True)[1]
        return named

    def check(self) -> None:
        if isinstance(self.estimator, type) or not hasattr(self.estimator, "fit_predict"):
            raise InvalidParameterError(
                f"{named('cluster')} must be a name or an object with a method fit_predict. Got "
                f"{self.estimator!r}."
            )
