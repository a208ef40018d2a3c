"""Derivative: the k below which the heights of the merges jump."""

from __future__ import annotations

import numpy as np

from clustimage._core.errors import InvalidDataError
from clustimage._core.parameters import setting
from clustimage.cluster._candidates import Candidates
from clustimage.cluster._evaluator import Evaluator

__all__ = ["Derivative", "height_acceleration"]


class Derivative(Evaluator):
    """Second difference of the heights at which a linkage tree merges; higher is better."""

    needs_tree = True

    def score(
        self,
        X: np.ndarray,
        candidates: Candidates,
        *,
        metric: str = "euclidean",
        n_jobs: int = 1,
        random_state: int | None = 0,
    ) -> np.ndarray:
        if candidates.Z is None:
            raise InvalidDataError(
                f"{setting('evaluate', 'derivative')} needs labellings that were cut from a tree."
            )
        acceleration = height_acceleration(candidates.Z)
        n = len(candidates.Z) + 1
        # The merges that are not allowed have a height that means nothing.
        first = max(2, candidates.least + 1)
        return np.array(
            [acceleration[k - 2] if first <= k < n else np.nan for k in candidates.counts]
        )


def height_acceleration(Z: np.ndarray) -> np.ndarray:
    """Return how much the heights of the merges jump at each number of clusters.

    With h(k) the height of the merge that leaves k clusters, the value at k is
    ``h(k - 1) - 2 h(k) + h(k + 1)``: large where joining two of the k clusters costs
    much more than the merge before did. A jump in the fusion levels as a sign of the
    number of clusters goes back to Mojena [1]_.

    Parameters
    ----------
    Z : ndarray of float64, shape (n - 1, 4)
        Linkage tree.

    Returns
    -------
    ndarray of float64, shape (n - 2,)
        In units of the heights; the first value belongs to k = 2, the last one to
        k = n - 1. The height of "no merge yet" is 0.

    References
    ----------
    .. [1] R. Mojena, "Hierarchical grouping methods and stopping rules: an
       evaluation", Comput. J. 20, 359-363, 1977.

    Examples
    --------
    >>> from clustimage.cluster.tree._linkage import build_tree
    >>> Z = build_tree(np.array([[0.0], [1.0], [10.0], [11.0]]), linkage_name="single")
    >>> height_acceleration(Z).tolist()
    [8.0, -1.0]
    """
    heights = np.append(Z[::-1, 2], 0.0)
    return np.diff(heights, 2)
