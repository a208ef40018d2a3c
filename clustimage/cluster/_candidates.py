"""The candidate labellings that a clusterer makes and an evaluator scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clustimage._core.errors import InvalidDataError
from clustimage._core.parameters import named, setting
from clustimage.cluster._labels import count_clusters
from clustimage.cluster.tree._combined_distance import CombinedDistance

__all__ = ["Candidates"]


@dataclass
class Candidates:
    """Labellings that compete.

    Attributes
    ----------
    labels : list of ndarray of int, each of shape (n,)
        Names 0 to k - 1, and -1 for what is in no cluster.
    thresholds : list of int or float
        What was varied to get them: one value per labelling.
    varied : str
        Name of that.
    Z : ndarray of shape (n - 1, 4) or (m - 1, 4), optional
        The linkage tree that the labellings were cut from; its leaves are the n images, or
        m micro-clusters of them.
    combined : CombinedDistance, optional
        How time and location are combined with the distances of the tree.
    height : float, optional
        Where the tree was cut, if that is what was asked for.
    n_allowed : int, optional
        How many of the first merges of the tree are allowed, where images are kept
        apart.
    micro : ndarray of int32, shape (n,), optional
        Which leaf of the tree each image belongs to, where the leaves are micro-clusters;
        there are then fewer leaves than images.
    """

    labels: list[np.ndarray]
    thresholds: Sequence[float]
    varied: str = "cluster_threshold"
    Z: np.ndarray | None = None
    combined: CombinedDistance | None = None
    height: float | None = None
    n_allowed: int | None = None
    micro: np.ndarray | None = None

    @property
    def least(self) -> int:
        """The least number of clusters that the tree may be cut into."""
        if self.Z is None or self.n_allowed is None:
            return 1
        return len(self.Z) + 1 - self.n_allowed

    def with_counts(self, counts: Sequence[int], name: str) -> Candidates:
        """Return the labellings with a number of clusters in `counts`, by the clusterer `name`.

        Raises
        ------
        InvalidDataError
            If there is none; the message says which numbers were found.
        """
        allowed = set(counts)
        kept = [i for i, k in enumerate(self.counts) if k in allowed]
        if not kept:
            found = Counter(self.counts)
            found_words = ", ".join(f"{k} ({times}x)" for k, times in sorted(found.items()))
            asked = f"{min(counts)}" if len(counts) == 1 else f"{min(counts)} to {max(counts)}"
            # Where one number was asked for there is no range to widen.
            widen = "Ask for another number"
            if len(counts) > 1:
                widen = f"Widen {named('min_clust')} and {named('max_clust')}"
            raise InvalidDataError(
                f"{setting('cluster', name)} found no labelling with {asked} clusters. Over "
                f"{len(self.labels)} values of {self.varied!r} it found these numbers of clusters: "
                f"{found_words}. {widen}, try {setting('cluster_space', 'low')}, or use "
                f"{setting('cluster', 'agglomerative')}, which gives any number."
            )
        return Candidates(
            [self.labels[i] for i in kept], [self.thresholds[i] for i in kept], self.varied
        )

    @property
    def counts(self) -> list[int]:
        """Number of clusters of each labelling."""
        return [count_clusters(labels) for labels in self.labels]
