"""``method=None``: the pixels themselves."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import check_is_fitted

from clustimage._core.file_arrays import file_blocks
from clustimage._core.memory import Budget
from clustimage._core.parameters import named, setting
from clustimage._core.plan import Step
from clustimage.features._extractor import FeatureExtractor, as_rows

__all__ = ["RawExtractor"]

BYTES_PER_BLOCK = 2**24  # of pixels that are copied at a time


class RawExtractor(FeatureExtractor):
    """Take the pixels as features, one column per pixel and channel.

    They take four times the memory of the images.

    Attributes
    ----------
    n_features_in_ : int
        ``height * width * channels`` of the images.

    Examples
    --------
    >>> import numpy as np
    >>> pixels = np.arange(24, dtype=np.uint8).reshape(2, 2, 2, 3)
    >>> RawExtractor().fit_transform(pixels).shape
    (2, 12)
    """

    def plan(
        self, n_images: int, shape: tuple[int, int, int], budget: Budget | None = None
    ) -> tuple[Step, int]:
        n_columns = math.prod(shape)
        kept = 4 * n_images * n_columns
        what = f"the pixels themselves, {n_columns:,} columns"
        peak = kept + min(kept // 4, BYTES_PER_BLOCK)
        step = Step("extract_feat", what, setting("method", None), peak, kept)
        work = f"Taking the pixels of {n_images:,} images as features ({setting('method', None)})"
        return step.within(
            budget, work, f"Use {setting('method', 'pca')}, or a smaller {named('dim')}."
        ), n_columns

    def fit(self, X: npt.ArrayLike, y: Any = None) -> RawExtractor:
        """Keep the number of pixels.

        Parameters
        ----------
        X : array-like of shape (n, height, width[, channels]) or (n, d)
            Images, or rows of pixels.
        y : object, optional
            Ignored.

        Returns
        -------
        RawExtractor
            The object itself.
        """
        as_rows(self, X, reset=True)
        return self

    def transform(self, X: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Return the pixels, flat.

        Parameters
        ----------
        X : array-like of shape (n, height, width[, channels]) or (n, d)
            Images of the size that was fitted.

        Returns
        -------
        ndarray of shape (n, height * width * channels), float32
            In the unit of `X`: 0 to 255 for images.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If `fit` was not called.
        InvalidDataError
            If the images have another size than the fitted ones.
        """
        check_is_fitted(self, "n_features_in_")
        rows = as_rows(self, X, reset=False)
        feat = np.empty(rows.shape, dtype=np.float32)
        for lines, block in file_blocks(rows, max(1, BYTES_PER_BLOCK // rows.shape[1])):
            feat[lines] = block
        return feat
