"""``method="pca"``: principal components of the pixels."""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from clustimage._errors import InvalidParameterError
from clustimage._validation import check_option, merge_defaults
from clustimage.features._base import FeatureExtractor, as_rows
from clustimage.features._blocks import HALF, centred_gram, left_to_right, on_grid, project
from clustimage.features._krylov import count_for, leading_directions
from clustimage.features._stored import recipe_of, stored_fit

if TYPE_CHECKING:
    from clustimage.images import Images

__all__ = ["PARAMS_PCA", "PCAExtractor"]

PARAMS_PCA: dict[str, Any] = {"n_components": 0.95}

LARGE = 5000  # images and pixels beyond which the full eigenvalue problem is avoided
SOLVERS = ("auto", "full", "randomized")


class PCAExtractor(FeatureExtractor):
    """Describe images by the principal components of their pixels.

    The numbers equal those of `sklearn.decomposition.PCA`, signs included
    (the largest weight of a component is positive). The way there is another:
    the eigenvectors of the small one of the two Gram matrices, made block by
    block, so that time grows with ``min(n, d) ** 2`` and the pixels are never
    copied as floats.

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
        ``"full"`` solves the whole eigenvalue problem. ``"randomized"`` lets a
        block Krylov space grow until the components wanted are in it; variances
        are then right to about a thousandth. (More than half of all components
        are left to ``"full"``.) ``"auto"`` takes it beyond 5,000 images of more
        than 5,000 pixels.

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

    Notes
    -----
    Images that are all equal, or a single one, have no variance: a share then
    gives one column of zeros.

    A row of `transform` is computed without any rounding that depends on the
    other rows (see `clustimage.features._blocks`): an image finds itself at
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

    def fit_images(self, images: Images) -> npt.NDArray[np.float32]:
        """Do what `fit_transform` does, or take what was learned from this set last time."""
        self.check()
        return stored_fit(self, images, recipe_of(self, images))

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

    def _project(self, rows: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        scores = project(rows, self.mean_, self.components_, self.offset_)
        return scores.astype(np.float32)

    def _fit_rows(self, rows: npt.NDArray[Any]) -> PCAExtractor:
        PCAExtractor.check(self)
        n, d = rows.shape
        wanted = count_or_share(self.n_components, n, d)
        self.mean_ = rows.mean(axis=0, dtype=np.float64)
        if all(np.array_equal(row, rows[0]) for row in rows):
            total, values, components = self._without_variance(wanted, n, d)
        else:
            total, values, components = self._decompose(rows, wanted)
        count = len(components)
        self.components_ = components
        origin = np.full((1, d), float(HALF))
        self.offset_ = project(origin, self.mean_, components, np.zeros(count))[0]
        self.spectrum_ = values / total
        self.explained_variance_ratio_ = self.spectrum_[:count].copy()
        self.explained_variance_ = values[:count] / max(n - 1, 1)
        self.singular_values_ = np.sqrt(values[:count])
        self.n_components_, self.n_samples_ = count, n
        return self

    def _takes_random(self, wanted: int | float, limit: int) -> bool:
        if isinstance(wanted, int) and wanted > limit // 2:
            return False
        return self.solver == "randomized" or (self.solver == "auto" and limit > LARGE)

    @staticmethod
    def _without_variance(
        wanted: int | float, n: int, d: int
    ) -> tuple[float, npt.NDArray[np.float64], npt.NDArray[np.float32]]:
        count = wanted if isinstance(wanted, int) else 1
        return 1.0, np.zeros(min(n, d)), np.zeros((count, d), dtype=np.float32)

    def _decompose(
        self, rows: npt.NDArray[Any], wanted: int | float
    ) -> tuple[float, npt.NDArray[np.float64], npt.NDArray[np.float32]]:
        """Return the sum of squares, the eigenvalues, and the components kept."""
        n, d = rows.shape
        if self._takes_random(wanted, min(n, d)):
            total = sum_of_squares(rows, self.mean_)
            generator = check_random_state(self.random_state)
            values, vectors = leading_directions(rows, self.mean_, wanted, total, generator)
            left = True
        else:
            gram = centred_gram(rows, self.mean_)
            total, left = float(np.trace(gram)), n <= d
            values, vectors = np.linalg.eigh(gram)
            values, vectors = np.maximum(values[::-1], 0), vectors[:, ::-1]
        # What is below this is rounding, with no direction of its own.
        values[values <= np.finfo(np.float64).eps * max(n, d) * values[0]] = 0
        count = count_for(wanted, values / total) or len(values)
        vectors, kept = vectors[:, :count], values[:count]
        if left:
            scale = np.divide(1, np.sqrt(kept), out=np.zeros(count), where=kept > 0)
            components = left_to_right(rows, self.mean_, vectors * scale)
        else:
            components = on_grid(np.where(kept > 0, vectors, 0).T).astype(np.float32)
        return total, values, with_signs(components)


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
        "'n_components' must be a count (whole number of at least 1), a share of the variance "
        f"(number between 0 and 1) or None for all. Got {value!r}."
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
        f"'n_components' must be at most {limit}, the smaller of the number of images ({n}) and "
        f"of values per image ({d}). Got {value!r}. "
        "A share of the variance such as 0.95 suits any number of images."
    )


def sum_of_squares(rows: npt.NDArray[Any], mean: npt.NDArray[np.float64]) -> float:
    """Return the sum of the squared distances of all rows from their mean."""
    return float(sum(np.square(row - mean).sum() for row in rows))


def with_signs(components: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Turn each row so that its largest weight is positive, as scikit-learn does."""
    largest = np.abs(components).argmax(axis=1)
    components[components[np.arange(len(components)), largest] < 0] *= -1
    return components
