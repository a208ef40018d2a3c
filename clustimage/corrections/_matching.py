"""New clusters under the numbers and the names of the old ones, by the images they share."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

__all__ = ["keep_numbers", "match_clusters", "match_names"]


def match_clusters(
    old: np.ndarray, new: np.ndarray, first: Mapping[int, object] | None = None
) -> dict[int, int]:
    """Return for new clusters the old ones that they are, by largest overlap.

    The number of images that stay in their cluster is the largest that is possible, by the
    assignment problem (the Hungarian method), for clusters of `first` before all others.

    Parameters
    ----------
    old, new : ndarray of int, shape (n,)
        Labels of the same images; negative ones are not compared.
    first : mapping with labels of `old` as keys, optional
        What is assigned first, as clusters with names.

    Returns
    -------
    dict
        Label of `new` → label of `old`. Clusters without a shared image are not in it.

    Examples
    --------
    >>> match_clusters(np.array([0, 0, 0, 1, 1]), np.array([1, 1, 0, 0, 0]))
    {0: 1, 1: 0}
    """
    both = (old >= 0) & (new >= 0)
    olds, at_old = np.unique(old[both], return_inverse=True)
    news, at_new = np.unique(new[both], return_inverse=True)
    shared = np.zeros((len(news), len(olds)))
    np.add.at(shared, (at_new, at_old), 1)
    before = np.isin(olds, list(first or ()))
    # Above all that the other clusters can share together.
    weight = np.where(before, len(old) + 1.0, 1.0)
    rows, columns = linear_sum_assignment(shared * weight, maximize=True)
    pairs = zip(rows.tolist(), columns.tolist(), strict=True)
    return {int(news[i]): int(olds[j]) for i, j in pairs if shared[i, j]}


def keep_numbers(
    old: np.ndarray,
    new: np.ndarray,
    first: Mapping[int, object] | None = None,
    *,
    above: int = -1,
) -> npt.NDArray[np.int64]:
    """Return new labels with the numbers of the old clusters that they are.

    Parameters
    ----------
    old, new, first
        As for `match_clusters`. Images that were not there have -1 in `old`.
    above : int, default=-1
        Clusters that are new get numbers above this one and above all of `old`.

    Returns
    -------
    ndarray of int64, shape (n,)

    Examples
    --------
    >>> keep_numbers(np.array([0, 0, 4, 4, -1]), np.array([1, 1, 0, 0, 2])).tolist()
    [0, 0, 4, 4, 5]
    """
    number = match_clusters(old, new, first)
    free = max(above, int(old.max(initial=-1))) + 1
    kept: np.ndarray = np.asarray(new, dtype=np.int64).copy()
    for label in np.unique(new[new >= 0]).tolist():
        if label not in number:
            number[label], free = free, free + 1
        kept[new == label] = number[label]
    return kept


def match_names(
    labels: np.ndarray, members: Mapping[str, np.ndarray]
) -> tuple[dict[int, str], list[str]]:
    """Return the names of clusters by the images that had them.

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
        Labels of now.
    members : mapping of str to ndarray of int
        For each name the rows of the images whose cluster had it.

    Returns
    -------
    names : dict of int to str
        Label → name.
    lost : list of str
        Names whose images are in no cluster, or whose cluster got the name of more of its
        images.

    Examples
    --------
    >>> match_names(np.array([1, 1, 0]), {"lake": np.array([0, 1]), "gone": np.array([1])})
    ({1: 'lake'}, ['gone'])
    """
    wanted = list(members)
    present = np.unique(labels[labels >= 0])
    shared = np.array([[np.sum(labels[members[n]] == a) for a in present] for n in wanted])
    shared = shared.reshape(len(wanted), len(present))
    rows, columns = linear_sum_assignment(shared, maximize=True)
    pairs = zip(rows.tolist(), columns.tolist(), strict=True)
    names = {int(present[j]): wanted[i] for i, j in pairs if shared[i, j]}
    found = set(names.values())
    return dict(sorted(names.items())), [name for name in wanted if name not in found]
