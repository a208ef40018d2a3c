"""Features of images as a step of scikit-learn's pipelines."""

from __future__ import annotations

from os import PathLike
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from clustimage._core.errors import InvalidDataError
from clustimage._core.logs import at_verbosity
from clustimage._core.memory import make_budget
from clustimage._core.plain_arrays import is_table
from clustimage._core.random_seed import draw_seed
from clustimage._core.validation import check_bool
from clustimage.features._custom import CustomExtractor
from clustimage.features._extractor import as_rows
from clustimage.features._pca import PCAExtractor
from clustimage.features._pca_hog import PCAHOGExtractor
from clustimage.features._precomputed import PrecomputedExtractor
from clustimage.features._raw import RawExtractor
from clustimage.features._registry import make_extractor, needs_gray
from clustimage.images import MAX_PIXELS, Images, inputs_of_table, load_images, open_cache

__all__ = ["ImageTransformer"]

OF_ANY_ROWS = (PCAExtractor, RawExtractor, CustomExtractor, PrecomputedExtractor)


class ImageTransformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Images in, features out: the first two steps of `Clustimage` as one transformer.

    It reads images as `Clustimage` does, so that the features are the same, and behaves as
    the transformers of scikit-learn do: in a ``Pipeline``, in ``GridSearchCV``, with
    ``set_output``.

    Parameters
    ----------
    method : str, object or None, default="pca"
        How an image becomes a row of features, as for `Clustimage`.
    grayscale, dim, dirpath
        How images are read, and the folder that keeps small images and features for the
        next time; as for `Clustimage`.
    params_pca, params_hog, params_hash, params_cnn, params_exif : dict, optional
        As for `Clustimage`.
    random_state : int, RandomState, Generator or None, default=0
        Seed of what draws random numbers. A generator draws it at each `fit`.
    n_jobs, verbose, max_memory, max_pixels
        As for `Clustimage`.

    Attributes
    ----------
    extractor_ : FeatureExtractor
        The fitted extractor.
    image_shape_ : tuple of int or None
        Height, width and channels of the images; None where it was fitted on rows of
        numbers that are no pixels.
    white_ : float or None
        The value that became white where `fit` got pixels as one array.
    n_features_in_ : int
        Columns of the rows that it was fitted on; 1 for paths.
    feature_names_in_ : ndarray of str
        Names of these columns, where they came in a DataFrame.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> X, y = load_digits(return_X_y=True)
    >>> features = ImageTransformer("hog", params_hog={"pixels_per_cell": (4, 4)})
    >>> features.fit_transform(X[:100]).shape
    (100, 32)
    """

    def __init__(
        self,
        method: Any = "pca",
        *,
        grayscale: bool = False,
        dim: tuple[int, int] = (128, 128),
        dirpath: str | PathLike[str] | None = None,
        params_pca: dict[str, Any] | None = None,
        params_hog: dict[str, Any] | None = None,
        params_hash: dict[str, Any] | None = None,
        params_cnn: dict[str, Any] | None = None,
        params_exif: dict[str, Any] | None = None,
        random_state: Any = 0,
        n_jobs: int = -1,
        verbose: str | int | None = None,
        max_memory: int | str | None = None,
        max_pixels: int = MAX_PIXELS,
    ) -> None:
        self.method = method
        self.grayscale = grayscale
        self.dim = dim
        self.dirpath = dirpath
        self.params_pca = params_pca
        self.params_hog = params_hog
        self.params_hash = params_hash
        self.params_cnn = params_cnn
        self.params_exif = params_exif
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.max_memory = max_memory
        self.max_pixels = max_pixels

    def fit(self, X: Any, y: Any = None) -> ImageTransformer:
        """Learn from images.

        Parameters
        ----------
        X : array-like of shape (n, d), or list of str or path
            Flattened images, or rows of any numbers where `method` takes them: ``"pca"``,
            None, ``"precomputed"`` and objects do. They are pixels if `Clustimage` would take
            them for pixels: a size that is known, and numbers from 0 to 1 or whole ones up to
            255. Paths and URLs may also be a column ``(n, 1)`` of an array or a DataFrame.
            Images ``(n, height, width[, channels])`` work too.
        y : object, optional
            Ignored.

        Returns
        -------
        ImageTransformer
            The object itself.

        Raises
        ------
        InvalidDataError
            If there are no such rows, NaN or infinity among them, or no pixels where `method`
            needs them.
        ImageReadError
            If a file cannot be read.
        """
        self.fit_transform(X)
        return self

    def fit_transform(self, X: Any, y: Any = None) -> npt.NDArray[np.float32]:
        """Learn from images, and return their features.

        Parameters
        ----------
        X, y
            As for `fit`.

        Returns
        -------
        ndarray of shape (n, k), float32
        """
        with at_verbosity(self.verbose):
            seed = draw_seed(self.random_state)
            extractor = make_extractor(self.method, {**vars(self), "random_state": seed})
            extractor.prepare(open_cache(self.dirpath))
            given, is_rows = self._check(X, reset=True)
            self.image_shape_, self.white_ = None, None
            try:
                images = self._load(given)
            except InvalidDataError:
                numbers = isinstance(extractor, OF_ANY_ROWS)
                if not is_rows or not numbers or isinstance(extractor, PCAHOGExtractor):
                    raise
                feat: npt.NDArray[np.float32] = extractor.fit_transform(given)
            else:
                self.image_shape_, self.white_ = images.shape, images.white
                feat = extractor.fit_images(images, budget=make_budget(self.max_memory))
            self.extractor_, self._n_features_out = extractor, feat.shape[1]
        return feat

    def transform(self, X: Any) -> npt.NDArray[np.float32]:
        """Return the features of images.

        Parameters
        ----------
        X : array-like of shape (n, d), or list of str or path
            As for `fit`, with as many columns as there.

        Returns
        -------
        ndarray of shape (n, k), float32
            A row per image, in the order given.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If `fit` was not called.
        InvalidDataError, ImageReadError
            As for `fit`.
        """
        check_is_fitted(self, "extractor_")
        with at_verbosity(self.verbose):
            given, is_rows = self._check(X, reset=False)
            if self.image_shape_ is not None:
                return self.extractor_.transform_images(self._load(given))
            if not is_rows:
                raise InvalidDataError("Images were given to what was fitted on rows of numbers.")
            return self.extractor_.transform(given)

    def _check(self, X: Any, *, reset: bool) -> tuple[Any, bool]:
        """Return paths as a list, images as an array, all else as checked rows; whether rows."""
        paths = _paths_of(X)
        if paths is not None:
            if reset:
                self.n_features_in_ = 1
            return paths, False
        if isinstance(X, np.ndarray) and X.ndim in (3, 4):
            if reset:
                self.n_features_in_ = int(np.prod(X.shape[1:]))
            return X, False
        return as_rows(self, X, reset=reset), True

    def _load(self, given: Any) -> Images:
        gray = check_bool("grayscale", self.grayscale) or needs_gray(self.method)
        images = load_images(
            given,
            dim=self.dim,
            grayscale=gray,
            n_jobs=self.n_jobs,
            download_dir=self.dirpath,
            shape=self.image_shape_,
            white=self.white_,
            cache=open_cache(self.dirpath),
            budget=make_budget(self.max_memory),
            max_pixels=self.max_pixels,
        )
        images.check_complete()
        return images

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []  # float32, whatever comes in
        return tags

    def _more_tags(self) -> dict[str, Any]:
        # The same for scikit-learn before 1.6.
        return {"preserves_dtype": []}


def _paths_of(X: Any) -> list[Any] | None:
    """Return a list or a column of paths as a list; None where `X` is something else."""
    if is_table(X) and X.shape[1] > 1 and len(X):
        column = inputs_of_table(X)
        X = X if column is None else column[1]
    if getattr(X, "shape", (0, 0))[1:] in ((), (1,)):
        X = np.asarray(X, dtype=object).ravel().tolist()
    is_list = isinstance(X, list | tuple) and len(X) > 0
    return list(X) if is_list and all(isinstance(item, str | PathLike) for item in X) else None
