"""Consensus: the median of what silhouette, derivative and elbow choose."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from clustimage.cluster._candidates import Candidates
from clustimage.cluster._evaluator import Evaluator
from clustimage.cluster.evaluators._derivative import Derivative
from clustimage.cluster.evaluators._elbow import Elbow
from clustimage.cluster.evaluators._silhouette import Silhouette

__all__ = ["Consensus"]


class Consensus(Evaluator):
    """The median of three numbers of clusters; the scores are the silhouettes.

    The silhouette is often largest for few coarse clusters, the jump in the heights of merges
    is sensitive to single images, the knee of the sum of squares does not ask for gaps. The one in
    the middle is right more often than each.

    Attributes
    ----------
    errors_ : ndarray of float64, shape (m,), or None
        Standard errors of the silhouettes, where they come from a sample.
    """

    needs_tree = True
    needs_k = True
    euclidean_only = True

    def __init__(self) -> None:
        self._others: list[int] = []

    def score(
        self,
        X: np.ndarray,
        candidates: Candidates,
        *,
        metric: str = "euclidean",
        n_jobs: int = 1,
        random_state: int | None = 0,
    ) -> np.ndarray:
        self._others = [
            one.choose(candidates.counts, one.score(X, candidates))
            for one in (Derivative(), Elbow())
        ]
        silhouette = Silhouette()
        scores = silhouette.score(
            X, candidates, metric=metric, n_jobs=n_jobs, random_state=random_state
        )
        self.errors_ = silhouette.errors_
        return scores

    def choose(self, counts: Sequence[int], scores: np.ndarray) -> int:
        best = super().choose(counts, scores)
        return sorted([best, *self._others])[len(self._others) // 2]
