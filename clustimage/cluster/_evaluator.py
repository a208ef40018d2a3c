"""What every evaluator has in common.

An evaluator gives each labelling a score and says which score is best. It knows no
clusterer: `needs_tree` and `needs_k` here, `makes_tree` and `chooses_k` of a `Clusterer`
tell which pairs make sense.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from clustimage.cluster._candidates import Candidates

__all__ = ["Evaluator"]


class Evaluator(ABC):
    """Base of the evaluators: gives every labelling a score.

    Attributes
    ----------
    needs_tree : bool
        It reads the heights of a linkage tree.
    needs_k : bool
        It compares labellings over k, so the clusterer has to be given k.
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
