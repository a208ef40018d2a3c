"""What every extractor shares: how pixels come in, how it is made and how it is saved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import validation
from sklearn.utils.validation import check_is_fitted

from clustimage._core.errors import InvalidDataError
from clustimage._core.file_arrays import forget
from clustimage._core.memory import Budget
from clustimage._core.parallel import MAX_ITEMS_PER_BATCH, check_jobs, n_workers, run_ordered
from clustimage._core.parameters import named
from clustimage._core.plan import Step
from clustimage.features._stored import Batches, Positions, cache_key_of, stored_rows

if TYPE_CHECKING:
    from typing_extensions import Self

    from clustimage.images import Cache, Images

__all__ = [
    "FeatureExtractor",
    "FixedExtractor",
    "ImageExtractor",
    "as_images",
    "as_rows",
    "in_batches",
]

IMAGES_PER_WRITE = 2048  # whose features are written to the cache at a time
MIN_BATCHES_FOR_PROGRESS = 9  # fewer batches are done before one looks for a progress bar


class FeatureExtractor(TransformerMixin, BaseEstimator):
    """Base of all extractors: pixels `(n, height, width, channels)` in, `(n, d)` float32 out.

    Attributes
    ----------
    needs_gray : bool
        True where the extractor works on one channel; the caller then reads the
        images in gray.
    needs_files : bool
        True where pixels alone are not enough: it reads the files, or takes features as they are.
    cluster_space : {"high", "graph"}
        What is clustered by default: the features, or the graph of their neighbours.
    title : str
        What it is called in a sentence.
    built_on : tuple of str
        Packages whose versions may change the features of an image.
    learns : bool
        Whether the row of an image depends on the images that were fitted.
    """

    needs_gray: ClassVar[bool] = False
    needs_files: ClassVar[bool] = False
    cluster_space: ClassVar[str] = "high"
    title: ClassVar[str] = ""
    built_on: ClassVar[tuple[str, ...]] = ("numpy",)

    @property
    def learns(self) -> bool:
        """Whether the row of an image depends on the images that were fitted."""
        return False

    def plan(
        self, n_images: int, shape: tuple[int, int, int], budget: Budget | None = None
    ) -> tuple[Step, int]:
        """Return what `fit_images` would do, and the number of columns to expect.

        Parameters
        ----------
        n_images : int
            Number of images.
        shape : tuple of int
            Their height, width and channels.
        budget : Budget, optional
            What may be taken; it may decide which solver is used. None is no limit.

        Returns
        -------
        step : Step
            With the error in `problem` where the budget is too small.
        n_columns : int
            An estimate where the step says "about".

        Raises
        ------
        InvalidParameterError
            If a setting does not suit such images.

        Examples
        --------
        >>> from clustimage.features import make_extractor
        >>> step, n_columns = make_extractor("phash", {}).plan(60_000, (128, 128, 3))
        >>> step.what, step.kept
        ('perceptual hash, 64 columns', 15360000)
        """
        raise NotImplementedError

    def fit_images(self, images: Images, budget: Budget | None = None) -> npt.NDArray[np.float32]:
        """Learn from what stage 1 has read, and return one row of features per image.

        Parameters
        ----------
        images : Images
            Their pixels may lie in a file.
        budget : Budget, optional
            What may be taken. None is no limit.

        Returns
        -------
        ndarray of shape (n, d), float32

        Raises
        ------
        MemoryLimitError
            If it cannot be done with the budget; raised before work is begun wherever it
            can be known.
        """
        self.plan(len(images), images.shape, budget)[0].check()
        feat: npt.NDArray[np.float32] = self.fit_transform(images.pixels)
        return feat

    def transform_images(self, images: Images) -> npt.NDArray[np.float32]:
        """Return one row of features per image that stage 1 has read."""
        return self.transform(images.pixels)

    def prepare(self, cache: Cache | None = None) -> None:
        """Raise early what would go wrong later: a package, a network or a file is missing.

        Called before images are read.

        Parameters
        ----------
        cache : Cache, optional
            Features of earlier runs: what it has rows of was not missing then.

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

    def get_state(self) -> dict[str, Any] | None:
        """Return what was learned, as arrays and values that JSON knows.

        Returns
        -------
        dict or None
            Every attribute whose name ends in an underscore; empty before `fit`. None for a
            custom object: what is inside it is not known, and it cannot be saved.

        Examples
        --------
        >>> from clustimage.features import make_extractor
        >>> make_extractor("phash", {}).fit(np.zeros((1, 16, 16), np.uint8)).get_state()
        {'image_shape_': [16, 16]}
        """
        return {
            name: _plain(value)
            for name, value in vars(self).items()
            if _is_learned(name) and not _is_text(value)
        }

    def set_state(self, state: Mapping[str, Any]) -> FeatureExtractor:
        """Take what another one of the same settings has learned, and return the object itself.

        Parameters
        ----------
        state : mapping
            What `get_state` returned, or what a file made of it.

        Raises
        ------
        InvalidDataError
            If a name is not that of something learned.
        """
        for name, value in state.items():
            if not _is_learned(name):
                raise InvalidDataError(f"The state of an extractor has no entry {name!r}.")
            setattr(self, name, tuple(value) if isinstance(value, list) else value)
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []  # float32, whatever comes in
        return tags

    def _more_tags(self) -> dict[str, Any]:
        # The same for scikit-learn before 1.6.
        return {"preserves_dtype": []}


def _is_learned(name: str) -> bool:
    return name.isidentifier() and name.endswith("_") and not name.startswith("_")


def _is_text(value: Any) -> bool:
    # Names of columns that scikit-learn keeps of a table; not needed to transform.
    return isinstance(value, np.ndarray) and value.dtype.kind in "OUS"


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    return list(value) if isinstance(value, tuple) else value


class ImageExtractor(FeatureExtractor):
    """Base of the extractors that look at whole images, not at flat rows.

    `fit` checks the settings and learns nothing but the size of the images, so
    a row depends on its own image alone.

    Attributes
    ----------
    bytes_per_pixel : int
        What describing an image takes for each pixel of it.
    bytes_per_worker : int
        What each thread takes beside that.
    """

    bytes_per_pixel: ClassVar[int] = 8
    bytes_per_worker: ClassVar[int] = 0

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

    def plan(
        self, n_images: int, shape: tuple[int, int, int], budget: Budget | None = None
    ) -> tuple[Step, int]:
        self.check()
        self._check_size(*shape[:2])
        n_columns = self._describe(np.zeros((1, *shape), dtype=np.uint8)).shape[1]
        size = min(n_images, self._batch_size(*shape[:2]))
        workers = n_workers(getattr(self, "n_jobs", 1))
        at_work = min(n_images, size * workers) * shape[0] * shape[1] * self.bytes_per_pixel
        at_work += workers * self.bytes_per_worker
        waiting = 4 * n_columns * min(n_images, size * waiting_items(workers))
        kept = 4 * n_columns * n_images
        what = f"{self.title}, {n_columns:,} columns"
        step = Step("extract_feat", what, "a row per image", kept + at_work + waiting, kept)
        work = f"{self.title[0].upper()}{self.title[1:]} of {n_images:,} images"
        return step.within(budget, work, self.instead()), n_columns

    def instead(self) -> str:
        """Return how to get fewer columns, as a whole sentence."""
        return ""

    def fit_images(self, images: Images, budget: Budget | None = None) -> npt.NDArray[np.float32]:
        """Do what `fit_transform` does; rows that the cache has are not computed."""
        self.plan(len(images), images.shape, budget)[0].check()
        return self.fit(images.pixels).transform_images(images)

    def transform_images(self, images: Images) -> npt.NDArray[np.float32]:
        """Do what `transform` does; rows that the cache has are not computed."""
        if images.cache is None or images.shape[:2] != tuple(getattr(self, "image_shape_", ())):
            return self.transform(images.pixels)  # which says what is wrong

        def compute(positions: Positions) -> Batches:
            for start in range(0, len(positions), IMAGES_PER_WRITE):
                batch = positions[start : start + IMAGES_PER_WRITE]
                yield batch, self.transform(pixels_at(images.pixels, batch))

        return stored_rows(images, cache_key_of(self, images), compute)

    def _batch_size(self, height: int, width: int) -> int:
        """Return how many images are worked on at a time."""
        return 1

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


class FixedExtractor(ImageExtractor):
    """Base of extractors that have no settings of their own.

    Parameters
    ----------
    n_jobs : int, default=-1
        Number of threads; -1 uses every core.
    """

    def __init__(self, *, n_jobs: int | None = -1) -> None:
        self.n_jobs = n_jobs

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Self:
        """Make an unfitted extractor from ``n_jobs``."""
        return cls(n_jobs=settings.get("n_jobs", -1))

    def check(self) -> None:
        if self.n_jobs is not None:
            check_jobs(self.n_jobs)

    def instead(self) -> str:
        """Return how to get fewer columns, as a whole sentence."""
        return f"Take another {named('method')}."


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
    if isinstance(X, np.ndarray) and X.ndim == 2 and X.dtype == np.uint8 and X.size > 0:
        if reset:
            estimator.n_features_in_ = X.shape[1]
        if X.shape[1] == estimator.n_features_in_:
            return X
    options: dict[str, Any] = {"dtype": [np.float64, np.float32], "reset": reset}
    try:
        if hasattr(validation, "validate_data"):  # scikit-learn 1.6
            return np.asarray(validation.validate_data(estimator, X, **options))
        return np.asarray(estimator._validate_data(X, **options))
    except ValueError as exc:
        raise InvalidDataError(str(exc)) from exc


def pixels_at(pixels: npt.NDArray[np.uint8], positions: Positions) -> npt.NDArray[np.uint8]:
    """Return some images, at rising positions: a view of neighbours, else a copy."""
    low, high = int(positions[0]), int(positions[-1]) + 1
    if high - low == len(positions):
        return pixels[low:high]
    some = pixels[positions]
    forget(pixels[low:high])
    return some


def in_batches(
    describe: Callable[[npt.NDArray[np.uint8]], npt.NDArray[Any]],
    images: npt.NDArray[np.uint8],
    *,
    size: int,
    n_jobs: int | None,
    desc: str,
) -> npt.NDArray[np.float32]:
    """Return what `describe` makes of the images, `size` of them at a time, over all workers.

    Parameters
    ----------
    describe : callable
        From images (b, height, width, channels) to rows (b, d).
    images : ndarray of shape (n, height, width, channels), uint8
        At least one. Pages of a file are given back.
    size : int
        Images in a batch.
    n_jobs : int or None
        Number of threads; -1 is all cores.
    desc : str
        Words of the progress bar, shown where there is enough work to wait for.

    Returns
    -------
    ndarray of shape (n, d), float32
    """

    def described(start: int) -> npt.NDArray[Any]:
        batch = images[start : start + size]
        rows = describe(batch)
        forget(batch)
        return rows

    starts = range(0, len(images), size)
    shown = desc if len(starts) >= MIN_BATCHES_FOR_PROGRESS else None
    feat = None
    batches = run_ordered(described, starts, n_jobs=n_jobs, desc=shown, unit="batch")
    for start, rows in zip(starts, batches, strict=True):
        if feat is None:
            feat = np.empty((len(images), rows.shape[1]), dtype=np.float32)
        feat[start : start + size] = rows
    if feat is None:
        raise ValueError("There are no images.")
    return feat


def waiting_items(workers: int) -> int:
    """Return how many batches `run_ordered` holds at most, the finished ones included."""
    return 1 if workers == 1 else MAX_ITEMS_PER_BATCH * (2 * workers + 2)
