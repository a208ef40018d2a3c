"""How stable a number of clusters is: agreement between clusterings of parts of the rows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from sklearn.metrics import adjusted_rand_score

from clustimage.cluster._clusterer import Clusterer

__all__ = ["MIN_ROWS_SUBSAMPLED", "subsample_stability"]

# Of fewer rows, parts say little about the whole.
MIN_ROWS_SUBSAMPLED = 50
MAX_ROWS_SUBSAMPLED = 2000
N_SUBSAMPLES = 5
SHARE = 0.8


def subsample_stability(
    X: np.ndarray, clusterer: Clusterer, counts: Sequence[int], random_state: int | None = 0
) -> np.ndarray:
    """Return, for each number of clusters, how alike clusterings of parts of the rows are.

    Five times 80 % of the rows are drawn, of at most 2,000 of them, and clustered. The
    stability is the mean adjusted Rand index of two such clusterings on the rows that they have
    in common [1]_.

    Parameters
    ----------
    X : ndarray of float, shape (n, d)
        Rows that were clustered.
    clusterer : Clusterer
        One that is given the number of clusters.
    counts : sequence of int
        Numbers of clusters.
    random_state : int, default=0
        Seed.

    Returns
    -------
    ndarray of float64, shape (len(counts),)
        Up to 1; NaN of fewer than 50 rows, and where a part has not so many rows.

    References
    ----------
    .. [1] A. Ben-Hur, A. Elisseeff, I. Guyon, "A stability based method for discovering
       structure in clustered data", Pacific Symposium on Biocomputing 7, 6-17, 2002.

    Examples
    --------
    >>> from clustimage.cluster.clusterers._agglomerative import AgglomerativeClusterer
    >>> X = np.random.default_rng(0).normal(size=(90, 2)) + np.repeat([0, 9, 50], 30)[:, None]
    >>> subsample_stability(X, AgglomerativeClusterer(), [3, 8]).round(1).tolist()
    [1.0, 0.8]
    """
    if len(X) < MIN_ROWS_SUBSAMPLED:
        return np.full(len(counts), np.nan)
    rng = np.random.default_rng(random_state)
    some = np.sort(rng.permutation(len(X))[:MAX_ROWS_SUBSAMPLED])
    size = int(SHARE * len(some))
    possible = [k for k in counts if k < size]
    drawn = [np.sort(rng.permutation(some)[:size]) for _ in range(N_SUBSAMPLES)]
    found = [clusterer.candidates(X[part], possible).labels for part in drawn] if possible else []
    stability = dict.fromkeys(counts, np.nan)
    for i, k in enumerate(possible):
        agreement = []
        for one, other in combinations(range(N_SUBSAMPLES), 2):
            _, left, right = np.intersect1d(drawn[one], drawn[other], return_indices=True)
            pair = found[one][i][left], found[other][i][right]
            agreement.append(adjusted_rand_score(*pair))
        stability[k] = float(np.mean(agreement))
    return np.array([stability[k] for k in counts])
