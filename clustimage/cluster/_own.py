"""A clusterer that the user brings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import clone

from clustimage._errors import InvalidDataError, InvalidParameterError
from clustimage._logging import progress
from clustimage.cluster._base import Candidates, Clusterer

__all__ = ["OwnClusterer"]


class OwnClusterer(Clusterer):
    """Ask an object with ``fit_predict`` for labels.

    It is cloned where it has ``get_params``, and never changed then. If it has a
    parameter ``n_clusters``, it is asked for every number of clusters; else once,
    and its one labelling is taken as it is, whatever its number of clusters.

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
    >>> OwnClusterer(MiniBatchKMeans(n_init=3, random_state=0)).fit_predict(X).tolist()
    [0, 0, 0, 1, 1]
    """

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    @property
    def chooses_k(self) -> bool:  # type: ignore[override]
        """Whether the object can be told the number of clusters."""
        has_params = hasattr(self.estimator, "get_params")
        return has_params and "n_clusters" in self.estimator.get_params(deep=False)

    def propose(self, X: np.ndarray, counts: Sequence[int]) -> Candidates:
        if not self.chooses_k:
            labels = self._run(X, {})
            return Candidates([labels], [int(labels.max(initial=-1)) + 1])
        labels_at = [
            self._run(X, {"n_clusters": k}) for k in progress(counts, desc="Clustering", unit="k")
        ]
        return Candidates(labels_at, list(counts))

    def _run(self, X: np.ndarray, params: dict[str, int]) -> np.ndarray:
        model = self.estimator
        if hasattr(model, "get_params"):
            model = clone(model).set_params(**params)
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
                "'cluster' must be a name or an object with a method fit_predict. "
                f"Got {self.estimator!r}."
            )
