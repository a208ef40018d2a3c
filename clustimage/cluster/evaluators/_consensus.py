"""Consensus: a peak of the silhouettes where the sum of squared distances has its knee."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from clustimage.cluster._candidates import Candidates
from clustimage.cluster._evaluator import Evaluator
from clustimage.cluster.evaluators._elbow import Elbow, find_knee
from clustimage.cluster.evaluators._silhouette import Silhouette

__all__ = ["Consensus"]


class Consensus(Evaluator):
    """Mean silhouette, of which the peak nearest to the knee of the elbow curve wins.

    The silhouette alone is often largest for few coarse clusters; the knee is where more
    clusters bring little, whether or not they are parted. A peak is a k whose silhouette is not
    below that of k - 1 and above that of k + 1; the nearest one has the smallest ratio to the k of the
    knee, and of two as near the one with the larger silhouette.

    Attributes
    ----------
    errors_ : ndarray of float64, shape (m,), or None
        Standard errors of the silhouettes, where they come from a sample.
    """

    needs_k = True
    euclidean_only = True

    def __init__(self) -> None:
        self._knee = 1.0

    def score(
        self,
        X: np.ndarray,
        candidates: Candidates,
        *,
        metric: str = "euclidean",
        n_jobs: int = 1,
        random_state: int | None = 0,
    ) -> np.ndarray:
        counts = np.asarray(candidates.counts, dtype=np.float64)
        self._knee = counts[find_knee(counts, Elbow().score(X, candidates))]
        silhouette = Silhouette()
        scores = silhouette.score(
            X, candidates, metric=metric, n_jobs=n_jobs, random_state=random_state
        )
        self.errors_ = silhouette.errors_
        return scores

    def choose(self, counts: Sequence[int], scores: np.ndarray) -> int:
        known = np.where(np.isnan(scores), -np.inf, scores)
        beside = np.concatenate([[-np.inf], known, [-np.inf]])
        peaks = np.flatnonzero((known >= beside[:-2]) & (known > beside[2:]))
        if not len(peaks):
            return 0
        far = np.abs(np.log(np.asarray(counts, dtype=np.float64)[peaks] / self._knee))
        return int(peaks[np.lexsort((-known[peaks], far.round(12)))[0]])
