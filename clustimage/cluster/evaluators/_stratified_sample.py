"""Stratified samples of images, and means with their standard errors from them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_matrix

__all__ = ["choose_strata", "draw_sample", "stratified_mean"]


def draw_sample(
    strata: np.ndarray, n_sampled: int, random_state: int | np.random.Generator | None = 0
) -> np.ndarray:
    """Return the positions of a stratified sample without replacement, in order.

    Parameters
    ----------
    strata : ndarray of int, shape (n,)
        Names 0, 1, ..., each with a member.
    n_sampled : int
        How many are drawn in all: from each stratum its share, rounded, but at least two,
        or all of it.
    random_state : int, Generator or None, default=0
        Seed.

    Examples
    --------
    >>> strata = np.repeat([0, 1, 2], [90, 9, 1])
    >>> np.bincount(strata[draw_sample(strata, 20)]).tolist()
    [18, 2, 1]
    """
    rng = np.random.default_rng(random_state)
    sizes = np.bincount(strata)
    share = np.rint(sizes * (min(n_sampled, len(strata)) / len(strata))).astype(np.int64)
    taken = np.minimum(sizes, np.maximum(share, 2))
    order = np.lexsort((rng.random(len(strata)), strata))
    rank = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return np.sort(order[rank < np.repeat(taken, sizes)])


def stratified_mean(
    values: np.ndarray, strata: np.ndarray, sizes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean over a population from a stratified sample, and its standard error.

    With `N_h` members of stratum h, of which `n_h` were drawn with the mean `y_h` and the
    variance `s_h^2`, and `W_h = N_h / N`, the mean is ``sum(W_h y_h)`` and its variance
    ``sum(W_h^2 (1 - n_h / N_h) s_h^2 / n_h)`` [1]_: nothing comes from a stratum that was
    taken as a whole.

    Parameters
    ----------
    values : ndarray of float64, shape (m, s)
        m quantities of the s sampled members.
    strata : ndarray of int, shape (s,)
        Their strata.
    sizes : ndarray of int, shape (H,)
        Members of each stratum, at least two of which were drawn, or all.

    Returns
    -------
    means, errors : ndarray of float64, shape (m,)

    References
    ----------
    .. [1] W. G. Cochran, "Sampling Techniques", 3rd ed., Wiley, 1977, chapter 5.

    Examples
    --------
    >>> values = np.array([[1.0, 3.0, 8.0]])
    >>> means, errors = stratified_mean(values, np.array([0, 0, 1]), np.array([4, 1]))
    >>> means.tolist(), errors.round(3).tolist()
    ([3.2], [0.566])
    """
    drawn = np.bincount(strata, minlength=len(sizes))
    weights = sizes / sizes.sum()
    member = csr_matrix(
        (np.ones(len(strata)), strata, np.arange(len(strata) + 1)), shape=(len(strata), len(sizes))
    )
    means = (member.T @ values.T) / drawn[:, None]
    squares = member.T @ (values.T - means[strata]) ** 2
    variances = squares / np.maximum(drawn - 1, 1)[:, None]
    of_mean = (weights**2 * (1 - drawn / sizes) / drawn) @ variances
    return weights @ means, np.sqrt(np.maximum(of_mean, 0))


def choose_strata(labellings: Sequence[np.ndarray], cells: np.ndarray, most: int) -> np.ndarray:
    """Return the stratum of each row: its cell, or its cluster in the finest labelling.

    Where there are more than `most` strata, the smallest become one.
    """
    strata = cells
    if cells.max() >= most:
        finest = max(labellings, key=lambda labels: int(labels.max()))
        strata = np.unique(finest, return_inverse=True)[1]
    sizes = np.bincount(strata)
    if len(sizes) <= most:
        return strata
    rank = np.empty(len(sizes), dtype=np.int64)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(len(sizes))
    stratum: np.ndarray = np.minimum(rank, max(most - 1, 0))[strata]
    return stratum
