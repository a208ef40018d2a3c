"""The null distribution of the p-values: distances between two images of the set by chance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from clustimage._core.errors import ModelFileError
from clustimage._core.validation import check_int
from clustimage._distances.metrics import check_metric, check_rows
from clustimage._distances.pairs import paired_distances

__all__ = ["DISTRIBUTIONS", "NullDistribution", "fit_null"]

Floats = npt.NDArray[np.float64]

DISTRIBUTIONS = {
    "norm": stats.norm,
    "expon": stats.expon,
    "uniform": stats.uniform,
    "gamma": stats.gamma,
    "t": stats.t,
}

# Pairs that are drawn; fewer where their rows would have more than so many numbers.
MAX_PAIRS, MIN_PAIRS = 20_000, 1_000
MAX_NUMBERS_OF_PAIRS = 20_000_000

# Gamma and t are fitted, by iteration, to this many quantiles of the sample.
N_QUANTILES = 2_000

# A t distribution with more degrees of freedom than this is a normal one.
MAX_DEGREES_OF_FREEDOM = 1e4


@dataclass(frozen=True)
class NullDistribution:
    """The distribution that fits the distances between random pairs of images best.

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
        tried; the smallest was chosen. Empty where nothing had to be fitted.

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
            return float("inf")
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
            shapes = DISTRIBUTIONS[name].shapes
            wanted = ["loc", "scale", *(shapes.split(", ") if shapes else [])]
            return cls(
                name=name,
                params={key: float(state["params"][key]) for key in wanted},
                metric=str(state["metric"]),
                n_pairs=int(state["n_pairs"]),
                scores={key: float(value) for key, value in dict(state["scores"]).items()},
            )
        except (KeyError, TypeError, ValueError) as exc:
            raise ModelFileError(f"The distribution of the distances is broken: {exc!r}.") from exc


def fit_null(
    feat: Any,
    *,
    metric: str = "euclidean",
    random_state: int | np.random.Generator | np.random.RandomState | None = 0,
    n_pairs: int | None = None,
) -> NullDistribution:
    """Fit the distribution of the distances between two images of the set.

    The sample is a seeded draw of pairs over all images, none of an image with
    itself; all pairs, where there are not more than asked for. Five distributions
    are fitted to it by maximum likelihood (gamma starts at 0, so that it has two
    parameters and one solution), and the one with the smallest Anderson-Darling
    statistic is kept: unlike the Kolmogorov-Smirnov statistic it weighs the tails,
    and a p-value is a statement about the lower tail [1]_.

    Where there is nothing to fit (one image; all distances equal, with two images
    always), the answer is uniform from 0 to that distance: a p-value of 0 at
    distance 0, of 1 from that distance on.

    Parameters
    ----------
    feat : array-like of shape (n, d)
        Features.
    metric : str, default="euclidean"
        One of `METRICS`.
    random_state : int, Generator, RandomState or None, default=0
        Seed of the draw.
    n_pairs : int, optional
        Number of pairs; default 20,000, fewer (1,000 at least) for rows of more
        than 1,000 numbers.

    Returns
    -------
    NullDistribution
        With the method ``cdf``, which gives the p-values.

    Raises
    ------
    InvalidDataError
        If the features are no finite matrix.
    InvalidParameterError
        If the metric is not known.

    References
    ----------
    .. [1] T. W. Anderson, D. A. Darling (1954). A test of goodness of fit. Journal of the
       American Statistical Association 49, 765-769.

    Examples
    --------
    >>> feat = np.random.default_rng(0).normal(size=(100, 50))
    >>> null = fit_null(feat)
    >>> bool(null.cdf(8.0) < 0.05 < null.cdf(10.0))
    True
    """
    check_metric(metric)
    rows = check_rows("feat", feat)
    if n_pairs is None:
        n_pairs = int(np.clip(MAX_NUMBERS_OF_PAIRS // rows.shape[1], MIN_PAIRS, MAX_PAIRS))
    n_pairs = check_int("n_pairs", n_pairs, low=1)
    i, j = _draw_pairs(len(rows), n_pairs, _generator(random_state))
    sample = np.sort(paired_distances(rows, i, rows, j, metric))
    if len(sample) == 0 or _is_constant(sample):
        width = float(sample[-1]) if len(sample) else 0.0
        return NullDistribution("uniform", {"loc": 0.0, "scale": width}, metric, len(sample))
    fitted = {
        name: NullDistribution(name, params, metric, len(sample))
        for name, params in _fits(sample).items()
    }
    scores = {name: anderson_darling(null.cdf(sample)) for name, null in fitted.items()}
    best = fitted[min(scores, key=lambda name: scores[name])]
    return NullDistribution(best.name, best.params, metric, len(sample), scores)


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


def _is_constant(sample: np.ndarray) -> bool:
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
    if _is_constant(above):
        return fits
    for name, search in searches.items():
        try:
            with np.errstate(all="ignore"):
                values = [float(value) for value in search()]
        except stats.FitError:  # it did not converge: one candidate less
            continue
        shape = {"gamma": "a", "t": "df"}[name]
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
