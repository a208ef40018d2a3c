"""Elbow: the k after which more clusters bring little."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from clustimage.cluster._candidates import Candidates
from clustimage.cluster._evaluator import Evaluator
from clustimage.cluster.evaluators._centres import cluster_centres, squared_to_centre

__all__ = ["Elbow", "find_knee"]


class Elbow(Evaluator):
    """Sum of squared distances to the centres of the clusters; the knee of its curve wins."""

    needs_k = True
    euclidean_only = True
    higher_is_better = False
    lowest_k = 1
    margin = 0

    def score(
        self,
        X: np.ndarray,
        candidates: Candidates,
        *,
        metric: str = "euclidean",
        n_jobs: int = 1,
        random_state: int | None = 0,
    ) -> np.ndarray:
        sums = []
        for labels in candidates.labels:
            centres, _ = cluster_centres(X, labels)
            sums.append(squared_to_centre(X, labels, centres).sum())
        return np.array(sums)

    def choose(self, counts: Sequence[int], scores: np.ndarray) -> int:
        return find_knee(np.asarray(counts, dtype=np.float64), scores)


def find_knee(x: np.ndarray, y: np.ndarray) -> int:
    """Return the position of the knee of a falling, convex curve.

    Both axes are scaled to 0 to 1; the knee is where the curve lies furthest below
    the straight line from its first to its last point, as in Kneedle [1]_ without
    its smoothing and with the largest of its local maxima.

    Parameters
    ----------
    x, y : ndarray of float, shape (m,)
        The curve, by increasing `x`.

    Returns
    -------
    int
        Position in `x`; 0 for a curve that is flat or has fewer than 3 points.

    References
    ----------
    .. [1] V. Satopaa, J. Albrecht, D. Irwin and B. Raghavan, "Finding a 'kneedle' in
       a haystack", Int. Conf. Distributed Computing Systems Workshops, 166-171, 2011.

    Examples
    --------
    >>> find_knee(np.arange(1.0, 6.0), np.array([100.0, 40.0, 10.0, 8.0, 7.0]))
    2
    """
    width, height = x[-1] - x[0], y[0] - y[-1]
    if len(x) < 3 or width <= 0 or height <= 0:
        return 0
    line = 1 - (x - x[0]) / width
    return int(np.argmax(line - (y - y[-1]) / height))
