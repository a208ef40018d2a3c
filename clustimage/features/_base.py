"""What every extractor shares: how pixels come in, and how one is made from settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import validation
from sklearn.utils.validation import check_is_fitted

from clustimage._errors import InvalidDataError
from clustimage._parallel import run_ordered
from clustimage.features._stored import Batches, Positions, recipe_of, stored_rows

if TYPE_CHECKING:
    from clustimage.images import Cache, Images

__all__ = ["FeatureExtractor", "ImageExtractor", "as_images", "as_rows", "in_batches"]

PART = 2048  # images whose features are kept at once
FEW = 8  # batches that are done before one looks for a progress bar


class FeatureExtractor(TransformerMixin, BaseEstimator):
    """Base of all extractors: pixels `(n, height, width, channels)` in, `(n, d)` float32 out.

    Attributes
    ----------
    needs_gray : bool
        True where the extractor works on one channel; the caller then reads the
        images in gray.
    needs_files : bool
        True where the extractor reads the files themselves; pixels alone are not enough.
    built_on : tuple of str
        Packages whose versions may change the features of an image.
    """

    needs_gray: ClassVar[bool] = False
    needs_files: ClassVar[bool] = False
    built_on: ClassVar[tuple[str, ...]] = ("numpy",)

    def fit_images(self, images: Images) -> npt.NDArray[np.float32]:
        """Learn from what stage 1 has read, and return one row of features per image."""
        return self.fit_transform(images.pixels)

    def transform_images(self, images: Images) -> npt.NDArray[np.float32]:
        """Return one row of features per image that stage 1 has read."""
        return self.transform(images.pixels)

    def prepare(self, cache: Cache | None = None) -> None:
        """Raise early what would go wrong later: a package, a network or a file is missing.

        Called before images are read.

        Parameters
        ----------
        cache : Cache, optional
            Where earlier runs are remembered: what it has rows of was not missing then.

        Raises
        ------
        ClustimageError
            Of the kind that `fit` would raise.
        """

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> FeatureExtractor:
        """Make an unfitted extractor from the settings of the whole chain."""
        return cls()

    def check(self) -> None:
        """Check what can be checked without images; `fit` does so too.

        Raises
        ------
        InvalidParameterError
            If a setting has a value that no images would suit.
        """

    def fit(self, X: Any, y: Any = None) -> FeatureExtractor:
        """Learn from pixels; `y` is ignored."""
        raise NotImplementedError

    def transform(self, X: Any) -> npt.NDArray[np.float32]:
        """Return one row of features per image."""
        raise NotImplementedError

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []  # float32, whatever comes in
        return tags

    def _more_tags(self) -> dict[str, Any]:
        # The same for scikit-learn before 1.6.
        return {"preserves_dtype": []}


class ImageExtractor(FeatureExtractor):
    """Base of the extractors that look at pixels in their places, not at flat rows.

    `fit` checks the settings and learns nothing but the size of the images, so
    a row depends on its own image alone.
    """

    def fit(self, X: npt.ArrayLike, y: Any = None) -> ImageExtractor:
        """Check the settings against the images and keep their size.

        Parameters
        ----------
        X : ndarray of shape (n, height, width) or (n, height, width, channels), uint8
            One channel (gray) or three (RGB).
        y : object, optional
            Ignored.

        Returns
        -------
        ImageExtractor
            The object itself.

        Raises
        ------
        InvalidParameterError
            If a setting has a value that is not allowed.
        InvalidDataError
            If the array holds no images.
        """
        images = as_images(X)
        self.check()
        self._check_size(images.shape[1], images.shape[2])
        self.image_shape_ = tuple(int(size) for size in images.shape[1:3])
        return self

    def transform(self, X: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Describe each image by one row.

        Parameters
        ----------
        X : ndarray of shape (n, height, width) or (n, height, width, channels), uint8
            Images of the size that was fitted.

        Returns
        -------
        ndarray of shape (n, d), float32
            The same image gives the same row, in whatever batch it comes.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If `fit` was not called.
        InvalidDataError
            If the images have another size than the fitted ones.
        """
        check_is_fitted(self, "image_shape_")
        images = as_images(X)
        if images.shape[1:3] != tuple(self.image_shape_):
            raise InvalidDataError(
                f"Images of {images.shape[1]} by {images.shape[2]} pixels (height by width) were "
                f"given; this {type(self).__name__} was fitted on {self.image_shape_[0]} by "
                f"{self.image_shape_[1]}."
            )
        return np.ascontiguousarray(self._describe(images), dtype=np.float32)

    def fit_images(self, images: Images) -> npt.NDArray[np.float32]:
        """Do what `fit_transform` does; rows of known files come from the cache."""
        return self.fit(images.pixels).transform_images(images)

    def transform_images(self, images: Images) -> npt.NDArray[np.float32]:
        """Do what `transform` does; rows of known files come from the cache."""
        if images.cache is None or images.shape[:2] != tuple(getattr(self, "image_shape_", ())):
            return self.transform(images.pixels)  # which says what is wrong

        def compute(positions: Positions) -> Batches:
            for start in range(0, len(positions), PART):
                part = positions[start : start + PART]
                yield part, self.transform(images.pixels[part])

        return stored_rows(images, recipe_of(self, images), compute)

    def _check_size(self, height: int, width: int) -> None:
        """Raise InvalidParameterError where a setting does not suit the image size."""

    def _describe(self, images: npt.NDArray[np.uint8]) -> npt.NDArray[Any]:
        raise NotImplementedError

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        return tags

    def _more_tags(self) -> dict[str, Any]:
        return {"X_types": ["3darray"]}


def as_images(X: Any) -> npt.NDArray[np.uint8]:
    """Return `X` as images of shape (n, height, width, channels), without a copy.

    Raises
    ------
    InvalidDataError
        If `X` is not uint8, has another number of axes than 3 or 4, holds no
        image or no pixel, or has other than one or three channels.
    """
    images = np.asarray(X)
    wanted = "images as uint8, (n, height, width) or (n, height, width, channels 1 or 3)"
    if images.dtype != np.uint8 or images.ndim not in (3, 4):
        raise InvalidDataError(f"Need {wanted}. Got shape {images.shape} of {images.dtype}.")
    if images.ndim == 3:
        images = images[..., np.newaxis]
    if images.size == 0 or images.shape[3] not in (1, 3):
        raise InvalidDataError(f"Need {wanted}. Got shape {np.shape(X)}.")
    return images


def as_rows(estimator: Any, X: Any, *, reset: bool) -> npt.NDArray[Any]:
    """Return `X` as one flat row per image: uint8 as it is, all else as float.

    Parameters
    ----------
    estimator : FeatureExtractor
        Gets ``n_features_in_`` with ``reset=True``; is compared with it otherwise.
    X : array-like of shape (n, height, width[, channels]) or (n, d)
        Pixels. Rows of any numbers are welcome too.
    reset : bool
        True in `fit`.

    Raises
    ------
    InvalidDataError
        If there are no rows, NaN or infinity among them, or another number of
        columns than fitted.
    """
    if isinstance(X, np.ndarray) and X.ndim in (3, 4) and len(X):
        X = X.reshape(len(X), -1)
    pixels = isinstance(X, np.ndarray) and X.ndim == 2 and X.dtype == np.uint8 and X.size > 0
    if pixels and (reset or X.shape[1] == estimator.n_features_in_):
        if reset:
            estimator.n_features_in_ = X.shape[1]
        return X
    options: dict[str, Any] = {"dtype": [np.float64, np.float32], "reset": reset}
    try:
        if hasattr(validation, "validate_data"):  # scikit-learn 1.6
            return validation.validate_data(estimator, X, **options)
        return estimator._validate_data(X, **options)
    except ValueError as exc:
        raise InvalidDataError(str(exc)) from exc


def in_batches(
    describe: Callable[[npt.NDArray[np.uint8]], npt.NDArray[Any]],
    images: npt.NDArray[np.uint8],
    *,
    size: int,
    n_jobs: int | None,
    desc: str,
) -> npt.NDArray[Any]:
    """Return what `describe` makes of the images, `size` of them at a time, over all workers.

    Parameters
    ----------
    describe : callable
        From images (b, height, width, channels) to rows (b, d).
    images : ndarray of shape (n, height, width, channels), uint8
        At least one.
    size : int
        Images in a batch.
    n_jobs : int or None
        Number of threads; -1 is all cores.
    desc : str
        Words of the progress bar, shown where there is enough work to wait for.

    Returns
    -------
    ndarray of shape (n, d)
    """
    batches = [images[start : start + size] for start in range(0, len(images), size)]
    shown = desc if len(batches) > FEW else None
    rows = run_ordered(describe, batches, n_jobs=n_jobs, desc=shown, unit="batch")
    return np.concatenate(list(rows))
