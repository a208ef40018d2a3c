"""The distribution of the distances between two images of the set by chance: the p-values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from clustimage._core.errors import InvalidDataError, ModelFileError
from clustimage._core.validation import check_int, check_option
from clustimage._distances.metrics import check_metric, check_rows
from clustimage._distances.pairs import paired_distances
from clustimage.similarity._empirical_null import EmpiricalNull, fit_empirical
from clustimage.similarity._null_distribution import (
    DISTRIBUTIONS,
    NullDistribution,
    fit_named,
    is_constant,
)

__all__ = ["NULLS", "PAIRS", "PARAMS_FIND", "check_find_params", "fit_null", "null_from_state"]

NULLS = ("empirical", "best", *DISTRIBUTIONS)
PAIRS = ("all", "between")
PARAMS_FIND: dict[str, Any] = {"null": "empirical", "pairs": "all"}

# Pairs that are drawn; fewer where their rows would have more than so many numbers.
MAX_PAIRS, MIN_PAIRS = 50_000, 10_000
MAX_NUMBERS_OF_PAIRS = 200_000_000
# Draws of pairs, until there are enough of different clusters.
MAX_DRAWS = 50


def fit_null(
    feat: Any,
    *,
    metric: str = "euclidean",
    null: str = "empirical",
    labels: Any = None,
    order: np.ndarray | None = None,
    random_state: int | np.random.Generator | np.random.RandomState | None = 0,
    n_pairs: int | None = None,
) -> NullDistribution:
    """Fit the distribution of the distances between two images of the set.

    The sample is a seeded draw of pairs over all images, none of an image with
    itself; all pairs, where there are not more than asked for.

    Where there is nothing to fit (one image; all distances equal, with two images
    always), the answer is uniform from 0 to that distance: a p-value of 0 at
    distance 0, of 1 from that distance on.

    Parameters
    ----------
    feat : array-like of shape (n, d)
        Features.
    metric : str, default="euclidean"
        One of `METRICS`.
    null : {"empirical", "best", "norm", "expon", "uniform", "gamma", "t"}, default="empirical"
        The observed distribution (see `EmpiricalNull`), the best of five named ones
        (see `fit_named`), or one of these.
    labels : array-like of shape (n,), int, optional
        Clusters: then only pairs of different clusters are drawn, and images that are
        not assigned to one (negative) count as clusters of their own.
    order : ndarray of shape (n,), int, optional
        The rows in the order in which the draw counts them; default as they stand.
    random_state : int, Generator, RandomState or None, default=0
        Seed of the draw.
    n_pairs : int, optional
        Number of pairs; default 50,000, fewer (10,000 at least) for rows of more
        than 4,000 numbers.

    Returns
    -------
    NullDistribution
        With the method ``cdf``, which gives the p-values.

    Raises
    ------
    InvalidDataError
        If the features are no finite matrix, if all images are of one cluster, or a
        distribution cannot be fitted.
    InvalidParameterError
        If the metric or the distribution is not known.

    Examples
    --------
    >>> feat = np.random.default_rng(0).normal(size=(100, 50))
    >>> null = fit_null(feat)
    >>> bool(null.cdf(8.0) < 0.05 < null.cdf(10.0))
    True
    """
    check_metric(metric)
    check_option("null", null, NULLS)
    rows = check_rows("feat", feat)
    if n_pairs is None:
        n_pairs = int(np.clip(MAX_NUMBERS_OF_PAIRS // rows.shape[1], MIN_PAIRS, MAX_PAIRS))
    n_pairs = check_int("n_pairs", n_pairs, low=1)
    rng = _generator(random_state)
    order = np.arange(len(rows)) if order is None else order
    if labels is None:
        i, j = _draw_pairs(len(rows), n_pairs, rng)
    else:
        i, j = _draw_between(np.asarray(labels)[order], n_pairs, rng)
    i, j = order[i], order[j]
    sample = np.sort(paired_distances(rows, i, rows, j, metric))
    if len(sample) == 0 or is_constant(sample):
        width = float(sample[-1]) if len(sample) else 0.0
        fitted = NullDistribution("uniform", {"loc": 0.0, "scale": width}, metric, len(sample))
    elif null == "empirical":
        fitted = fit_empirical(sample, metric)
    else:
        fitted = fit_named(sample, metric, DISTRIBUTIONS if null == "best" else (null,))
    return replace(fitted, null=null, pairs="all" if labels is None else "between")


def check_find_params(params: Mapping[str, Any]) -> None:
    """Raise where ``params_find`` has a value that is not allowed."""
    check_option("null", params["null"], NULLS)
    check_option("pairs", params["pairs"], PAIRS)


def null_from_state(state: Mapping[str, Any]) -> NullDistribution:
    """Return the distribution that `NullDistribution.get_state` described.

    Raises
    ------
    ModelFileError
        If a field is missing or wrong.
    """
    try:
        kind = EmpiricalNull if state["name"] == "empirical" else NullDistribution
    except (KeyError, TypeError) as exc:
        raise ModelFileError(f"The distribution of the distances is broken: {exc!r}.") from exc
    return kind.from_state(state)


def _generator(seed: Any) -> np.random.Generator:
    if isinstance(seed, np.random.RandomState):
        seed = int(seed.randint(2**31 - 1))
    return np.random.default_rng(seed)


def _draw_pairs(
    n_rows: int, n_pairs: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return the two indices of each pair; they are never equal."""
    if n_rows * (n_rows - 1) // 2 <= n_pairs:
        return np.triu_indices(n_rows, k=1)
    i = rng.integers(0, n_rows, n_pairs)
    # One of the others: indices from i on move up by one.
    j = rng.integers(0, n_rows - 1, n_pairs)
    return i, j + (j >= i)


def _draw_between(
    labels: np.ndarray, n_pairs: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return pairs of images of different clusters, as `_draw_pairs`."""
    kept: list[np.ndarray] = []
    n_kept, n_every = 0, len(labels) * (len(labels) - 1) // 2
    for _ in range(MAX_DRAWS):
        i, j = _draw_pairs(len(labels), n_pairs, rng)
        apart = (labels[i] != labels[j]) | (labels[i] < 0)
        kept.append(np.stack([i[apart], j[apart]]))
        n_kept += int(apart.sum())
        if n_kept >= n_pairs or n_every <= n_pairs:
            break
    if not n_kept:
        raise InvalidDataError(
            "All images are of one cluster, so that there are no pairs of different clusters. "
            "Give params_find={'pairs': 'all'}."
        )
    i, j = np.hstack(kept)[:, :n_pairs]
    return i, j
