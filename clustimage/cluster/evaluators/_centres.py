"""Centres of clusters, how far the rows lie from them, and the indices made of both."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from scipy.sparse import csr_matrix

from clustimage._core.batches import row_blocks
from clustimage.cluster._candidates import Candidates
from clustimage.cluster._evaluator import Evaluator

__all__ = ["CentreIndex", "cluster_centres", "squared_to_centre"]


class CentreIndex(Evaluator):
    """Base of the evaluators that score one labelling at a time, by its centres.

    Where images are left without a cluster, the index of the others is made worse by
    their share, so that leaving images out never pays by itself: multiplied by it
    where higher is better, else divided.
    """

    euclidean_only = True

    @staticmethod
    @abstractmethod
    def index(X: np.ndarray, labels: np.ndarray) -> float:
        """Return the index of rows that are all in a cluster."""

    def score(
        self,
        X: np.ndarray,
        candidates: Candidates,
        *,
        metric: str = "euclidean",
        n_jobs: int = 1,
        random_state: int | None = 0,
    ) -> np.ndarray:
        return np.array([self._score_of_one(X, labels) for labels in candidates.labels])

    def _score_of_one(self, X: np.ndarray, labels: np.ndarray) -> float:
        inside = labels >= 0
        if inside.all():
            return self.index(X, labels)
        if not inside.any():
            return np.nan
        share = float(inside.mean())
        found = self.index(X[inside], labels[inside])
        return found * share if self.higher_is_better else found / share


def cluster_centres(X: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean row of each cluster `(k, d)` as float64, and its size `(k,)`.

    `labels` holds 0 to k - 1 and no -1.
    """
    sizes = np.bincount(labels)
    # scipy would make a float64 copy of other rows; of those it sums all at once.
    blocks = [slice(0, len(X))] if X.dtype == np.float64 else row_blocks(*X.shape)
    sums = np.zeros((len(sizes), X.shape[1]))
    for block in blocks:
        names = labels[block]
        n = len(names)
        members = csr_matrix((np.ones(n), names, np.arange(n + 1)), shape=(n, len(sizes)))
        sums += members.T @ X[block]
    return sums / sizes[:, None], sizes


def squared_to_centre(X: np.ndarray, labels: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Return the squared Euclidean distance `(n,)` of each row to the centre of its cluster."""
    squared = np.empty(len(X))
    # Block by block: no second copy of a wide X is made.
    for block in row_blocks(*X.shape):
        offset = X[block] - centres[labels[block]]
        squared[block] = np.einsum("ij,ij->i", offset, offset)
    return squared
