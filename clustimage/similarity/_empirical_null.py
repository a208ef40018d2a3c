"""The null distribution as it was observed, with a fitted lower tail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from clustimage._core.errors import ModelFileError
from clustimage.similarity._null_distribution import Floats, NullDistribution

__all__ = ["EmpiricalNull", "fit_empirical"]

# Distances that are kept of the sample: more are thinned to quantiles.
MAX_KEPT = 2_000
# Share of the distances that the tail is fitted to, and how many it takes at least.
TAIL_SHARE, MIN_TAIL = 0.01, 50


@dataclass(frozen=True)
class EmpiricalNull(NullDistribution):
    """The observed distribution of the distances between random pairs of images.

    The p-value of a distance is the share of pairs that are as near. Below the lowest hundredth
    of the distances it follows a generalised Pareto distribution that was fitted to them, cut
    off at 0, so that also rare distances have a p-value [1]_, [2]_. Distances that take few
    values, such as bits of a hash, have no such tail. Distance 0 has the share of
    pairs that are equal, 0 where there are none.

    Attributes
    ----------
    name : str
        ``"empirical"``.
    params : dict of str to float
        Of the tail: ``threshold``, the distance below which it holds; ``share`` of pairs below
        that; ``c`` and ``scale`` of `scipy.stats.genpareto`. Empty without one.
    values, cumulative : tuple of float
        Distances, ascending, and the share of pairs with one as small or smaller.

    References
    ----------
    .. [1] J. Pickands (1975). Statistical inference using extreme order statistics. Annals of
       Statistics 3, 119-131.
    .. [2] T. A. Knijnenburg, L. F. A. Wessels, M. J. T. Reinders, I. Shmulevich (2009). Fewer
       permutations, more accurate P-values. Bioinformatics 25, i161-i168.

    Examples
    --------
    >>> null = EmpiricalNull("empirical", {}, values=(1.0, 2.0), cumulative=(0.25, 1.0))
    >>> null.cdf([0.5, 1.0, 1.5, 2.0]).tolist()
    [0.0, 0.25, 0.25, 1.0]
    """

    values: tuple[float, ...] = ()
    cumulative: tuple[float, ...] = ()

    @property
    def _is_thinned(self) -> bool:
        return len(self.values) == MAX_KEPT

    def cdf(self, distance: npt.ArrayLike) -> Floats:
        distance = np.asarray(distance, dtype=np.float64)
        values, shares = np.array(self.values), np.array([0.0, *self.cumulative])
        if self._is_thinned:
            p_values = np.interp(distance, values, shares[1:], left=0.0)
        else:
            p_values = shares[np.searchsorted(values, distance, side="right")]
        if self.params:
            below = distance < self.params["threshold"]
            p_values = np.where(below, self._tail(distance), p_values)
        at_zero = shares[np.searchsorted(values, 0.0, side="right")]
        at_all: Floats = np.where(distance <= 0, at_zero, p_values)
        return at_all

    def quantile(self, p: float) -> float:
        if p >= 1:
            return np.inf
        if p < float(self.cdf(0.0)):
            return -np.inf
        if self.params and p < self.params["share"]:
            return self._tail_quantile(p)
        values, shares = np.array(self.values), np.array(self.cumulative)
        if self._is_thinned:
            return float(np.interp(p, shares, values))
        # Up to the next observed distance, which has a p-value above `p`, it is the same.
        return float(values[min(int(np.searchsorted(shares, p, side="right")), len(values) - 1)])

    def _tail(self, distance: Floats) -> Floats:
        survival, at_zero = self._survival(), float(self._survival()(self.params["threshold"]))
        beyond = survival(np.maximum(self.params["threshold"] - distance, 0.0))
        tail: Floats = self.params["share"] * np.clip((beyond - at_zero) / (1 - at_zero), 0.0, 1.0)
        return tail

    def _tail_quantile(self, p: float) -> float:
        fitted = stats.genpareto(self.params["c"], scale=self.params["scale"])
        at_zero = float(fitted.sf(self.params["threshold"]))
        beyond = at_zero + p / self.params["share"] * (1 - at_zero)
        return max(0.0, float(self.params["threshold"] - fitted.isf(beyond)))

    def _survival(self) -> Any:
        return stats.genpareto(self.params["c"], scale=self.params["scale"]).sf

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> EmpiricalNull:
        try:
            params = dict(state["params"])
            wanted = ("threshold", "share", "c", "scale") if params else ()
            null = cls(
                name="empirical",
                params={key: float(params[key]) for key in wanted},
                metric=str(state["metric"]),
                n_pairs=int(state["n_pairs"]),
                null=str(state["null"]),
                pairs=str(state["pairs"]),
                values=tuple(map(float, state["values"])),
                cumulative=tuple(map(float, state["cumulative"])),
            )
            numbers = np.array([null.values, null.cumulative])
            if not numbers.size or not (np.diff(numbers) >= 0).all():
                raise ValueError("its distances do not ascend")
        except (KeyError, TypeError, ValueError) as exc:
            raise ModelFileError(f"The distribution of the distances is broken: {exc!r}.") from exc
        return null


def fit_empirical(sample: np.ndarray, metric: str) -> EmpiricalNull:
    """Return the distribution of observed distances.

    Parameters
    ----------
    sample : ndarray of shape (m,)
        Distances, ascending, not all equal.
    metric : str
        Theirs.

    Examples
    --------
    >>> null = fit_empirical(np.arange(1.0, 101.0), "euclidean")
    >>> float(null.cdf(10.0)), null.quantile(0.5)
    (0.1, 51.0)
    """
    values, counts = np.unique(sample, return_counts=True)
    cumulative = np.cumsum(counts) / len(sample)
    if len(values) > MAX_KEPT:
        cumulative = np.linspace(1 / len(sample), 1, MAX_KEPT)
        values = np.quantile(sample, cumulative, method="inverted_cdf")
    return EmpiricalNull(
        "empirical",
        _fit_tail(sample),
        metric,
        len(sample),
        values=tuple(values.tolist()),
        cumulative=tuple(cumulative.tolist()),
    )


def _fit_tail(sample: np.ndarray) -> dict[str, float]:
    """Return the parameters of the tail, by maximum likelihood; none where there are few values."""
    n_tail = int(np.ceil(TAIL_SHARE * len(sample)))
    tail = sample[:n_tail]
    if len(np.unique(tail)) < MIN_TAIL or tail[0] <= 0:
        return {}
    threshold = float(sample[n_tail])
    try:
        c, _, scale = stats.genpareto.fit(threshold - tail, floc=0)
    except stats.FitError:
        return {}
    return {
        "threshold": threshold,
        "share": n_tail / len(sample),
        "c": float(c),
        "scale": float(scale),
    }
