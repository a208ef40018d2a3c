"""``method="pca"``: principal components of the pixels."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import threadpool_limits

from clustimage._core.errors import InvalidParameterError
from clustimage._core.logs import get_logger
from clustimage._core.memory import Budget
from clustimage._core.parameters import named, setting
from clustimage._core.picked_rows import PickedRows, Rows
from clustimage._core.plan import Step
from clustimage._core.validation import check_option, merge_defaults
from clustimage._decomposition.krylov import count_for, krylov_components
from clustimage._decomposition.products import (
    BYTE_OFFSET,
    centred_gram,
    flip_signs,
    mean_and_sum_of_squares,
    on_grid,
    project,
    project_row,
    right_vectors,
)
from clustimage._decomposition.solver import (
    Solver,
    choose_solver,
    count_in,
    expected_count,
    projected_bytes,
    randomised_bytes,
)
from clustimage.features._extractor import FeatureExtractor, as_rows
from clustimage.features._stored import cache_key_of, stored_fit

if TYPE_CHECKING:
    from clustimage.images import Images

__all__ = ["PARAMS_PCA", "PCAExtractor"]

PARAMS_PCA: dict[str, Any] = {"n_components": 0.95}

logger = get_logger(__name__)

SOLVERS = ("auto", "full", "randomized")


def fewer_components() -> str:
    """Return what to do where the work does not fit into the memory."""
    components = setting("params_pca", {"n_components": ...})
    return (
        f"Ask for fewer components or a smaller share of the variance ({components}), or give a "
        f"smaller {named('dim')}."
    )


class PCAExtractor(FeatureExtractor):
    """Describe images by the principal components of their pixels.

    The numbers equal those of `sklearn.decomposition.PCA`, signs included
    (the largest weight of a component is positive). The solver is another:
    the eigenvectors of the smaller one of the two Gram matrices, made block by
    block, so that time grows with ``min(n, d) ** 2``; for many large images a
    randomised block Krylov method, so that time grows with ``n * d`` and memory
    with the smaller of ``n`` and ``d``. The pixels, which may lie in a file, are
    never copied as floats.

    Parameters
    ----------
    n_components : int or float, default=0.95
        A whole number is a count, at most the smaller of the number of images
        and of pixels. A number between 0 and 1 is a share: as many components
        as it takes to explain more than this share of the variance. None keeps
        all.
    random_state : int, RandomState or None, default=0
        Seed of the randomised solver.
    solver : {"auto", "full", "randomized"}, default="auto"
        ``"full"`` solves the whole eigenvalue problem. ``"randomized"`` extends a
        block Krylov space until the components wanted are in it; variances
        are then right within 0.5 %, those of most components much better.
        (More than half of all components are left to ``"full"``.) ``"auto"`` takes
        it beyond 2,500 images of more than 2,500 pixels, and where the full problem
        does not fit into the budget of memory.

    Attributes
    ----------
    components_ : ndarray of shape (k, d), float32
        The components, by decreasing variance. Rows that no variance is left
        for are zero.
    mean_ : ndarray of shape (d,), float64
        Mean image.
    explained_variance_, explained_variance_ratio_ : ndarray of shape (k,), float64
        Variance along each component, with ``n - 1`` in the denominator, and
        its share of the whole.
    singular_values_ : ndarray of shape (k,), float64
        Singular values of the centred pixels.
    spectrum_ : ndarray of shape (m,), float64
        Share of the variance of every component that the solver found, the
        ones not kept included.
    n_components_, n_features_in_, n_samples_ : int
        Components kept, pixels, images.
    solver_ : {"full", "randomized"}
        The solver that was taken.

    Notes
    -----
    Images that are all equal, or a single one, have no variance: a share then
    gives one column of zeros.

    A row of `transform` is computed without any rounding that depends on the
    other rows (see `clustimage._decomposition.products`): an image finds itself at
    distance 0.

    References
    ----------
    .. [1] Jolliffe IT (2002). Principal Component Analysis, 2nd ed., Springer.
    .. [2] Turk M, Pentland A (1991). Eigenfaces for recognition. Journal of
       Cognitive Neuroscience 3(1), 71-86 (the small Gram matrix).

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> pixels = load_digits().images.astype("uint8")
    >>> PCAExtractor(n_components=0.95).fit_transform(pixels).shape
    (1797, 29)
    """

    built_on: ClassVar[tuple[str, ...]] = ("numpy", "scipy")

    def __init__(
        self,
        n_components: int | float | None = PARAMS_PCA["n_components"],
        *,
        random_state: Any = 0,
        solver: str = "auto",
    ) -> None:
        self.n_components = n_components
        self.random_state = random_state
        self.solver = solver

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> PCAExtractor:
        """Make an unfitted extractor from ``params_pca`` and ``random_state``."""
        given = merge_defaults("params_pca", settings.get("params_pca"), PARAMS_PCA)
        return cls(**given, random_state=settings.get("random_state", 0))

    def check(self) -> None:
        check_option("solver", self.solver, SOLVERS)
        check_n_components(self.n_components)

    def fit(self, X: npt.ArrayLike, y: Any = None) -> PCAExtractor:
        """Find the components.

        Parameters
        ----------
        X : array-like of shape (n, height, width[, channels]) or (n, d)
            Images as uint8, or rows of any numbers.
        y : object, optional
            Ignored.

        Returns
        -------
        PCAExtractor
            The object itself.

        Raises
        ------
        InvalidParameterError
            If `n_components` is no count or share, or more than there can be.
        InvalidDataError
            If there is NaN or infinity among the rows.
        """
        return self._fit_rows(as_rows(self, X, reset=True))

    @property
    def learns(self) -> bool:
        return True

    def plan(
        self, n_images: int, shape: tuple[int, int, int], budget: Budget | None = None
    ) -> tuple[Step, int]:
        self.check()
        return self._plan_rows(n_images, math.prod(shape), budget, pixels=True)

    def fit_images(self, images: Images, budget: Budget | None = None) -> npt.NDArray[np.float32]:
        """Do what `fit_transform` does, or take what was learned from this set last time.

        Raises
        ------
        MemoryLimitError
            If the components, or the features, do not fit into the budget.
        """
        self.plan(len(images), images.shape, budget)[0].check()

        def compute() -> npt.NDArray[np.float32]:
            rows = as_rows(self, images.pixels, reset=True)
            return self._fit_rows(PickedRows(rows, images.order), budget)._project(rows, budget)

        solver = self._choose_solver(len(images), math.prod(images.shape), budget, pixels=True)
        cache_key = cache_key_with(solver, cache_key_of(self, images))
        return stored_fit(self, images, cache_key, compute)

    def transform(self, X: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Return the scores on the components.

        Parameters
        ----------
        X : array-like of shape (n, height, width[, channels]) or (n, d)
            Images of the size that was fitted.

        Returns
        -------
        ndarray of shape (n, k), float32
            In the unit of `X`.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If `fit` was not called.
        InvalidDataError
            If the images have another size than the fitted ones.
        """
        check_is_fitted(self, "components_")
        return self._project(as_rows(self, X, reset=False))

    def _project(
        self, rows: npt.NDArray[Any], budget: Budget | None = None
    ) -> npt.NDArray[np.float32]:
        count = len(self.components_)
        if budget is not None:
            n_bytes = projected_bytes(len(rows), rows.shape[1], count)
            what = f"Projecting {len(rows):,} images on {count:,} components"
            budget.check(n_bytes, what=what, instead=fewer_components())
        return project(rows, self.mean_, self.components_, self.offset_)

    def _fit_rows(self, rows: Rows, budget: Budget | None = None) -> PCAExtractor:
        PCAExtractor.check(self)
        n, d = rows.shape
        wanted = count_or_share(self.n_components, n, d)
        solver = self._choose_solver(n, d, budget, pixels=rows.dtype == np.uint8)
        self.mean_, total = mean_and_sum_of_squares(rows)
        if total == 0:
            total, values, components = self._without_variance(wanted, n, d)
        elif solver.is_random:
            if solver.forced:
                logger.info("Randomised PCA: %s.", solver.why)
            values, components = self._solve_randomised(rows, wanted, total, solver, budget)
        else:
            total, values, components = self._solve(rows, wanted)
        name = "randomized" if solver.is_random else "full"
        return self.keep(total, values, components, self.mean_, n, name)

    def keep(
        self,
        total: float,
        values: npt.NDArray[np.float64],
        components: npt.NDArray[np.float32],
        mean: npt.NDArray[np.float64],
        n: int,
        solver: str,
    ) -> PCAExtractor:
        """Take components that were found, and return the object itself.

        Parameters
        ----------
        total : float
            Sum of all eigenvalues.
        values : ndarray of shape (m,)
            Eigenvalues, largest first.
        components : ndarray of shape (k, d)
            Rows of length 1, on the grid of `on_grid`.
        mean : ndarray of shape (d,)
            Of the rows.
        n : int
            Number of rows.
        solver : {"full", "randomized"}
            What has found them.
        """
        self.mean_, self.solver_, count = mean, solver, len(components)
        self.components_ = flip_signs(components)
        origin = np.full(len(mean), float(BYTE_OFFSET))
        self.offset_ = project_row(origin, self.mean_, components)
        self.spectrum_ = values / total
        self.explained_variance_ratio_ = self.spectrum_[:count].copy()
        self.explained_variance_ = values[:count] / max(n - 1, 1)
        self.singular_values_ = np.sqrt(values[:count])
        self.n_components_, self.n_samples_ = count, n
        return self

    def keep_constant(self, mean: npt.NDArray[np.float64], n: int) -> PCAExtractor:
        """Take rows that are all equal, and return the object itself."""
        found = self._without_variance(self.wanted_of(n, len(mean)), n, len(mean))
        return self.keep(*found, mean, n, "full")

    def keep_of_covariance(
        self, covariance: npt.NDArray[np.float64], mean: npt.NDArray[np.float64], n: int
    ) -> PCAExtractor:
        """Take the components of a covariance matrix, times n, and return the object itself."""
        d = len(mean)
        total, values, vectors = self._eigenvectors(covariance, self.wanted_of(n, d), max(n, d))
        return self.keep(total, values, _as_components(values, vectors), mean, n, "full")

    def wanted_of(self, n: int, d: int) -> int | float:
        """Return the number of components, or the share of variance, of `n` rows of `d` values."""
        return count_or_share(self.n_components, n, d)

    def _choose_solver(self, n: int, d: int, budget: Budget | None, *, pixels: bool) -> Solver:
        wanted = count_or_share(self.n_components, n, d)
        return choose_solver(n, d, wanted, solver=self.solver, budget=budget, pixels=pixels)

    def _plan_rows(
        self, n: int, d: int, budget: Budget | None, *, pixels: bool
    ) -> tuple[Step, int]:
        """Return what PCA of `n` rows of `d` values takes beside them, and its columns."""
        wanted = count_or_share(self.n_components, n, d)
        solver = self._choose_solver(n, d, budget, pixels=pixels)
        count = least = expected_count(wanted, n, d, pixels=pixels)
        columns = f"{count:,} columns"
        if not isinstance(wanted, int):
            least, columns = 1, f"about {columns} (of photos), for {wanted:.4g} of the variance"
        peak = max(solver.peak, projected_bytes(n, d, count))
        kept = 4 * count * (n + d) + 8 * d
        step = Step("extract_feat", f"{solver.words}, {columns}", solver.why, peak, kept)
        least = max(solver.least, projected_bytes(n, d, least))
        return step.within(budget, f"PCA of {n:,} images", fewer_components(), least=least), count

    @staticmethod
    def _without_variance(
        wanted: int | float, n: int, d: int
    ) -> tuple[float, npt.NDArray[np.float64], npt.NDArray[np.float32]]:
        count = wanted if isinstance(wanted, int) else 1
        return 1.0, np.zeros(min(n, d)), np.zeros((count, d), dtype=np.float32)

    def _solve_randomised(
        self,
        rows: Rows,
        wanted: int | float,
        total: float,
        solver: Solver,
        budget: Budget | None,
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float32]]:
        """Return the eigenvalues found and the components kept, from random directions."""
        n, d = rows.shape
        left, pixels = solver.name == "left", rows.dtype == np.uint8

        def check_size(size: int, share: float) -> None:
            """Raise `MemoryLimitError` where so many directions do not fit."""
            count = count_in(size, wanted)
            n_bytes = max(
                randomised_bytes(n, d, size, count, left, pixels), projected_bytes(n, d, count)
            )
            if budget is None or budget.allows(n_bytes):
                return
            # Enough is what was expected; beyond that, as many directions again.
            twice = randomised_bytes(n, d, 2 * size, count_in(2 * size, wanted), left, pixels)
            enough = solver.peak if n_bytes < solver.peak else max(n_bytes, twice)
            if solver.forced:  # by now the exact solver may take less
                enough = min(enough, solver.exact)
            found = f", {share:.1%} of whose variance is found," if share else ""
            budget.check(enough, what=f"PCA of {n:,} images{found}", instead=fewer_components())

        generator = check_random_state(self.random_state)
        return krylov_components(
            rows, self.mean_, wanted, total, generator, left=left, before_pass=check_size
        )

    def _solve(
        self, rows: Rows, wanted: int | float
    ) -> tuple[float, npt.NDArray[np.float64], npt.NDArray[np.float32]]:
        """Return the sum of squares, all eigenvalues, and the components kept."""
        n, d = rows.shape
        gram = centred_gram(rows, self.mean_)
        total, values, vectors = self._eigenvectors(gram, wanted, max(n, d))
        del gram
        if n > d:
            return total, values, _as_components(values, vectors)
        kept = values[: vectors.shape[1]]
        scale = np.divide(1, np.sqrt(kept), out=np.zeros(len(kept)), where=kept > 0)
        return total, values, right_vectors(rows, self.mean_, vectors * scale)

    @staticmethod
    def _eigenvectors(
        gram: npt.NDArray[np.float64], wanted: int | float, size: int
    ) -> tuple[float, npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return the trace, all eigenvalues, and the eigenvectors that are wanted, as columns."""
        total = float(np.trace(gram))
        # Threads that share this wait for each other longer than they work: one is up to five
        # times as fast as two.
        with threadpool_limits(1, user_api="blas"):
            values, vectors = np.linalg.eigh(gram)
        values, vectors = np.maximum(values[::-1], 0), vectors[:, ::-1]
        # What is below this is rounding, with no direction of its own.
        values[values <= np.finfo(np.float64).eps * size * values[0]] = 0
        count = count_for(wanted, values / total) or len(values)
        return total, values, vectors[:, :count]


def _as_components(
    values: npt.NDArray[np.float64], vectors: npt.NDArray[np.float64]
) -> npt.NDArray[np.float32]:
    """Return eigenvectors of columns as rows on the grid; zeros where there is no variance."""
    kept = values[: vectors.shape[1]] > 0
    components: npt.NDArray[np.float32] = on_grid(np.where(kept, vectors, 0).T).astype(np.float32)
    return components


def check_n_components(value: Any) -> int | float | None:
    """Return a count as int, a share as float, or None for all.

    Raises
    ------
    InvalidParameterError
        If `value` is none of them.
    """
    if value is None:
        return None
    if isinstance(value, numbers.Integral):
        if int(value) >= 1 and not isinstance(value, bool):
            return int(value)
    elif isinstance(value, numbers.Real) and 0 < float(value) < 1:
        return float(value)
    raise InvalidParameterError(
        f"{named('n_components')} must be a count (whole number of at least 1), a share of the "
        f"variance (number between 0 and 1) or None for all. Got {value!r}."
    )


def count_or_share(value: Any, n: int, d: int) -> int | float:
    """Return `value` as `check_n_components` does, all as the smaller of n and d.

    Raises
    ------
    InvalidParameterError
        If it is a count above the smaller of n and d.
    """
    wanted, limit = check_n_components(value), min(n, d)
    if wanted is None:
        return limit
    if wanted <= limit:
        return wanted
    raise InvalidParameterError(
        f"{named('n_components')} must be at most {limit}, the smaller of the number of images "
        f"({n}) and of values per image ({d}). Got {value!r}. A share of the variance such as 0.95 "
        "suits any number of images."
    )


def cache_key_with(solver: Solver, cache_key: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return what the components depend on: the solver that is used too, but not the budget."""
    # "road" is what caches on disk call it.
    return None if cache_key is None else {**cache_key, "road": solver.name}
