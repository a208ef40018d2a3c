"""What the clusterers by density share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from clustimage._core.errors import InvalidDataError
from clustimage._core.parameters import named, setting
from clustimage.cluster._candidates import Candidates

__all__ = ["keep_allowed", "neighbours_of_a_core"]


def neighbours_of_a_core(n: int, given: int | None = None) -> int:
    """Return how many images, itself included, must lie near an image in a dense place.

    The natural logarithm of the number of images [1]_, and at least 4 [2]_.

    Parameters
    ----------
    n : int
        Number of images.
    given : int, optional
        What the user asked for; wins.

    References
    ----------
    .. [1] D. Birant and A. Kut, "ST-DBSCAN: An algorithm for clustering
       spatial-temporal data", Data Knowl. Eng. 60, 208-221, 2007.
    .. [2] M. Ester, H.-P. Kriegel, J. Sander and X. Xu, "A density-based algorithm
       for discovering clusters in large spatial databases with noise", KDD, 1996.

    Examples
    --------
    >>> neighbours_of_a_core(1797), neighbours_of_a_core(20), neighbours_of_a_core(3)
    (7, 4, 3)
    """
    return min(n, max(4, round(np.log(n))) if given is None else given)


def keep_allowed(found: Candidates, counts: Sequence[int], name: str) -> Candidates:
    """Return the labellings of `found` with a number of clusters in `counts`.

    Raises
    ------
    InvalidDataError
        If there is none; the message says which numbers were seen.
    """
    allowed = set(counts)
    kept = [i for i, k in enumerate(found.counts) if k in allowed]
    if not kept:
        seen = ", ".join(f"{k} ({times}x)" for k, times in sorted(Counter(found.counts).items()))
        asked = f"{min(counts)}" if len(counts) == 1 else f"{min(counts)} to {max(counts)}"
        # Where one number was asked for there is no range to widen.
        widen = (
            "Ask for another number"
            if len(counts) == 1
            else (f"Widen {named('min_clust')} and {named('max_clust')}")
        )
        raise InvalidDataError(
            f"{setting('cluster', name)} found no labelling with {asked} clusters. Over "
            f"{len(found.labels)} values of {found.varied!r} it saw these numbers of clusters: "
            f"{seen}. {widen}, try {setting('cluster_space', 'low')}, or use "
            f"{setting('cluster', 'agglomerative')}, which gives any number."
        )
    return Candidates(
        [found.labels[i] for i in kept], [found.thresholds[i] for i in kept], found.varied
    )
