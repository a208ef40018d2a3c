"""The null distribution of the p-values as one that `scipy.stats` knows by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from clustimage._core.errors import InvalidDataError, ModelFileError
from clustimage._core.parameters import setting

__all__ = ["DISTRIBUTIONS", "NullDistribution", "anderson_darling", "fit_named", "is_constant"]

Floats = npt.NDArray[np.float64]

DISTRIBUTIONS = {
    "norm": stats.norm,
    "expon": stats.expon,
    "uniform": stats.uniform,
    "gamma": stats.gamma,
    "t": stats.t,
}

# Gamma and t are fitted, by iteration, to this many quantiles of the sample.
N_QUANTILES = 2_000

# A t distribution with more degrees of freedom than this is a normal one.
MAX_DEGREES_OF_FREEDOM = 1e4


@dataclass(frozen=True)
class NullDistribution:
    """A distribution that was fitted to the distances between random pairs of images.

    A distance is never negative, so the distribution is cut off at 0: the p-value
    of a distance d is ``(F(d) - F(0)) / (1 - F(0))``, with F of `scipy.stats` under
    `params`. So an image itself always has the p-value 0.

    Attributes
    ----------
    name : {"norm", "expon", "uniform", "gamma", "t"}
        Name of the distribution in `scipy.stats`.
    params : dict of str to float
        Its parameters there: ``loc``, ``scale`` and, for gamma, ``a``, for t, ``df``.
    metric : str
        Metric of the distances.
    n_pairs : int
        Number of distances that it was fitted to.
    scores : dict of str to float
        Anderson-Darling statistic, per distance, of each distribution that was
        tried; the smallest was chosen. Empty where nothing was chosen.
    null, pairs : str
        What was asked for, as in `fit_null`.

    Examples
    --------
    >>> null = NullDistribution("uniform", {"loc": 0.0, "scale": 4.0})
    >>> null.cdf([0.0, 1.0, 9.0])
    array([0.  , 0.25, 1.  ])
    """

    name: str
    params: dict[str, float]
    metric: str = "euclidean"
    n_pairs: int = 0
    scores: dict[str, float] = field(default_factory=dict)
    null: str = "best"
    pairs: str = "all"

    def cdf(self, distance: npt.ArrayLike) -> Floats:
        """Return the p-value of each distance: the chance of one as small or smaller.

        Parameters
        ----------
        distance : array-like
            Distances, from 0 up.

        Returns
        -------
        ndarray
            p-values from 0 to 1, float64, in the shape of `distance`.
        """
        distance = np.asarray(distance, dtype=np.float64)
        if self.params["scale"] == 0:
            return np.where(distance > self.params["loc"], 1.0, 0.0)
        values = self._cdf(np.append(0.0, distance))
        below, values = values[0], values[1:].reshape(distance.shape)
        p_values: Floats = np.clip((values - below) / (1 - below), 0.0, 1.0)
        return p_values

    def quantile(self, p: float) -> float:
        """Return the largest distance with a p-value of at most `p`, the inverse of `cdf`."""
        if p >= 1:
            return np.inf
        if self.params["scale"] == 0:
            return self.params["loc"]
        below = self._cdf(0.0)
        return float(DISTRIBUTIONS[self.name].ppf(below + p * (1 - below), **self.params))

    def _cdf(self, distance: float | Floats) -> Any:
        return DISTRIBUTIONS[self.name].cdf(distance, **self.params)

    def get_state(self) -> dict[str, Any]:
        """Return all fields as values of JSON."""
        return asdict(self)

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> NullDistribution:
        """Return the object that `get_state` described.

        Raises
        ------
        ModelFileError
            If a field is missing, or the distribution is not one of `DISTRIBUTIONS`.
        """
        try:
            name = str(state["name"])
            shape = DISTRIBUTIONS[name].shapes
            wanted = ["loc", "scale"] if shape is None else ["loc", "scale", shape]
            return cls(
                name=name,
                params={key: float(state["params"][key]) for key in wanted},
                metric=str(state["metric"]),
                n_pairs=int(state["n_pairs"]),
                scores={key: float(value) for key, value in dict(state["scores"]).items()},
                null=str(state.get("null", "best")),
                pairs=str(state.get("pairs", "all")),
            )
        except (KeyError, TypeError, ValueError) as exc:
            raise ModelFileError(f"The distribution of the distances is broken: {exc!r}.") from exc


def fit_named(
    sample: np.ndarray, metric: str = "euclidean", names: Iterable[str] = tuple(DISTRIBUTIONS)
) -> NullDistribution:
    """Return the one of some distributions that fits observed distances best.

    All are fitted by maximum likelihood (gamma starts at 0, so that it has two parameters and
    one solution), and the one with the smallest Anderson-Darling statistic is kept: unlike the
    Kolmogorov-Smirnov statistic it weighs the tails, and a p-value is a statement about the
    lower tail [1]_.

    Parameters
    ----------
    sample : ndarray of shape (m,)
        Distances, ascending.
    metric : str
        Theirs.
    names : iterable of str
        Of `DISTRIBUTIONS`.

    Raises
    ------
    InvalidDataError
        If none of them can be fitted.

    References
    ----------
    .. [1] T. W. Anderson, D. A. Darling (1954). A test of goodness of fit. Journal of the
       American Statistical Association 49, 765-769.
    """
    wanted = set(names)
    fitted = {
        name: NullDistribution(name, params, metric, len(sample))
        for name, params in _fits(sample).items()
        if name in wanted
    }
    if not fitted:
        raise InvalidDataError(
            f"The distribution {' or '.join(sorted(wanted))} cannot be fitted to the distances of "
            f"{len(sample):,} pairs. Give {setting('null', 'empirical')}."
        )
    scores = {name: anderson_darling(null.cdf(sample)) for name, null in fitted.items()}
    return replace(fitted[min(scores, key=lambda name: scores[name])], scores=scores)


def is_constant(sample: np.ndarray) -> bool:
    return bool(sample[-1] - sample[0] <= 1e-9 * sample[-1])


def _fits(sample: np.ndarray) -> dict[str, dict[str, float]]:
    """Return the parameters of each distribution that could be fitted to sorted distances."""
    low, high, mean = float(sample[0]), float(sample[-1]), float(sample.mean())
    fits = {
        "norm": {"loc": mean, "scale": float(sample.std())},
        "expon": {"loc": low, "scale": mean - low},
        "uniform": {"loc": low, "scale": high - low},
    }
    # Where most distances are equal the quantiles may be, too: then only those three are fitted.
    if len(sample) > N_QUANTILES:
        sample = np.quantile(sample, (np.arange(N_QUANTILES) + 0.5) / N_QUANTILES)
    above = sample[sample > 0]
    searches: dict[str, Callable[[], Sequence[float]]] = {
        "gamma": lambda: stats.gamma.fit(above, floc=0),
        "t": lambda: stats.t.fit(sample, 10.0, loc=mean, scale=float(sample.std())),
    }
    if is_constant(above):
        return fits
    for name, search in searches.items():
        try:
            with np.errstate(all="ignore"):
                values = [float(value) for value in search()]
        except stats.FitError:  # it did not converge: one candidate less
            continue
        shape = DISTRIBUTIONS[name].shapes
        usable = np.isfinite(values).all() and min(values[0], values[2]) > 0
        if usable and not (name == "t" and values[0] > MAX_DEGREES_OF_FREEDOM):
            fits[name] = dict(zip((shape, "loc", "scale"), values, strict=True))
    return fits


def anderson_darling(p_values: np.ndarray) -> float:
    """Return the Anderson-Darling statistic A² per value; 0 is a perfect fit.

    Parameters
    ----------
    p_values : ndarray of shape (p,)
        The fitted distribution function at the values, sorted ascending. Values
        of 0 and 1, where a distribution ends within the sample, count as 1e-12
        from there.

    Returns
    -------
    float
        ``-1 - mean((2 i - 1) (ln p_i + ln(1 - p_(m+1-i)))) / m``, i from 1 to m.

    Examples
    --------
    >>> bool(anderson_darling(np.linspace(0.005, 0.995, 100)) < 1e-3)
    True
    """
    m = len(p_values)
    inside = np.clip(p_values, 1e-12, 1 - 1e-12)
    weights = (2 * np.arange(1, m + 1) - 1) / m
    return float(-1 - np.mean(weights * (np.log(inside) + np.log1p(-inside[::-1]))))
