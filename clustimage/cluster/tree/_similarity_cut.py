"""The similarity cut: how alike the images of a cluster are, instead of how many clusters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from clustimage._core.errors import InvalidParameterError
from clustimage._core.parameters import named
from clustimage._core.validation import check_real
from clustimage.cluster._candidates import Candidates
from clustimage.cluster._evaluator import Evaluator
from clustimage.cluster.tree._linkage import cut_tree_at

__all__ = [
    "LEVELS",
    "Unscored",
    "check_levels",
    "check_sim",
    "check_threshold",
    "count_cuts",
    "cut_by_distance",
    "cut_by_similarity",
]

LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def check_sim(sim: float | None) -> float | None:
    """Return `sim` as a float from 0 to 1, or None; else raise `InvalidParameterError`."""
    return None if sim is None else check_real("sim", sim, low=0, high=1)


def check_threshold(distance_threshold: float | None) -> float | None:
    """Return `distance_threshold` as a float of at least 0, or None."""
    if distance_threshold is None:
        return None
    return check_real("distance_threshold", distance_threshold, low=0)


def cut_by_distance(
    Z: np.ndarray, distance_threshold: float, n_allowed: int | None = None
) -> tuple[np.ndarray, float]:
    """Cut a tree at a height: clusters up to that distance are one.

    Parameters
    ----------
    Z, n_allowed
        As for `cut_by_similarity`.
    distance_threshold : float
        In units of the tree's distances.

    Returns
    -------
    labels : ndarray of int64, shape (n,)
        By decreasing size, see `order_labels`.
    height : float
        Of the cut: the threshold, or less where it would make merges that are not allowed.

    Examples
    --------
    >>> from clustimage.cluster.tree._linkage import build_tree
    >>> Z = build_tree(np.array([[0.0], [1.0], [5.0]]), linkage_name="average")
    >>> cut_by_distance(Z, 2.0)[0].tolist(), cut_by_distance(Z, 9.0)[0].tolist()
    ([0, 0, 1], [0, 0, 0])
    """
    height = distance_threshold
    if n_allowed is not None and n_allowed < len(Z):
        height = min(height, float(Z[:n_allowed, 2].max(initial=0.0)))
    return cut_tree_at(Z, height), height


def cut_by_similarity(
    Z: np.ndarray, furthest: float, sim: float, n_allowed: int | None = None
) -> tuple[np.ndarray, float]:
    """Cut a tree where images of a cluster are at least so similar.

    The cut is at ``max_distance * (1 - sim)``, as in the package imagecluster [1]_.
    There `max_distance` is the largest distance of two images; where the tree is
    higher than that (ward, by far), it is the top of the tree here, so that ``sim=0``
    gives one cluster for every linkage.

    Parameters
    ----------
    Z : ndarray of float64, shape (n - 1, 4)
        Linkage tree.
    furthest : float
        The largest distance of two images.
    sim : float
        From 0, everything is one cluster, to 1, every image is one of its own, also
        among equal ones.
    n_allowed : int, optional
        How many of the first merges are allowed, see `build_constrained_tree`: the cut
        lies below all others.

    Returns
    -------
    labels : ndarray of int64, shape (n,)
        By decreasing size, see `order_labels`.
    height : float
        Of the cut, in units of the tree's distances.

    References
    ----------
    .. [1] S. Schmerler, "imagecluster", https://github.com/elcorto/imagecluster.

    Examples
    --------
    >>> from clustimage.cluster.tree._linkage import build_tree
    >>> Z = build_tree(np.array([[0.0], [1.0], [5.0]]), linkage_name="average")
    >>> labels, height = cut_by_similarity(Z, furthest=5.0, sim=0.5)
    >>> labels.tolist(), height
    ([0, 0, 1], 2.5)
    """
    height = max(furthest, float(Z[:n_allowed, 2].max(initial=0.0))) * (1 - sim)
    if sim == 1:
        # Merges of height 0 are below every cut.
        return np.arange(len(Z) + 1), height
    return cut_tree_at(Z, height), height


def check_levels(levels: ArrayLike | None) -> list[float]:
    """Return similarities as floats from 0 to 1, by default 0.1, 0.2 … 0.9."""
    if levels is None:
        return list(LEVELS)
    values = np.ravel(np.asarray(levels, dtype=object)).tolist()
    if not values:
        raise InvalidParameterError(f"{named('levels')} must have a number from 0 to 1. Got none.")
    return [check_real("levels", value, low=0, high=1) for value in values]


def count_cuts(
    Z: np.ndarray,
    furthest: float,
    levels: Sequence[float],
    *,
    min_size: int = 1,
    n_allowed: int | None = None,
) -> dict[str, list[float]]:
    """Return what a tree gives where it is cut at several similarities.

    Parameters
    ----------
    Z, furthest, n_allowed
        As for `cut_by_similarity`.
    levels : sequence of float
        Similarities.
    min_size : int, default=1
        Images of smaller clusters are left out.

    Returns
    -------
    dict of str to list
        ``sim``; ``n_clusters``; ``n_unclustered``, images that are left out; ``largest``, images
        of the largest cluster. One entry per level.

    Examples
    --------
    >>> from clustimage.cluster.tree._linkage import build_tree
    >>> Z = build_tree(np.array([[0.0], [1.0], [5.0]]), linkage_name="average")
    >>> count_cuts(Z, 5.0, [0.0, 0.5], min_size=2)
    {'sim': [0.0, 0.5], 'n_clusters': [1, 1], 'n_unclustered': [0, 1], 'largest': [3, 2]}
    """
    table: dict[str, list[float]] = {
        name: [] for name in ("sim", "n_clusters", "n_unclustered", "largest")
    }
    for sim in levels:
        labels, _ = cut_by_similarity(Z, furthest, sim, n_allowed)
        sizes = np.bincount(labels)
        kept = sizes[sizes >= min_size]
        row = (sim, len(kept), int(sizes.sum() - kept.sum()), int(kept.max(initial=0)))
        for column, value in zip(table.values(), row, strict=True):
            column.append(value)
    return table


class Unscored(Evaluator):
    """Of a single labelling that was asked for as it is, nothing has to be compared."""

    def score(
        self,
        X: np.ndarray,
        candidates: Candidates,
        *,
        metric: str = "euclidean",
        n_jobs: int = 1,
        random_state: int | None = 0,
    ) -> np.ndarray:
        return np.full(len(candidates.labels), np.nan)
