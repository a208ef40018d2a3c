"""``method=None``: the pixels themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import check_is_fitted

from clustimage.features._base import FeatureExtractor, as_rows

__all__ = ["RawExtractor"]


class RawExtractor(FeatureExtractor):
    """Take the pixels as features, one column per pixel and channel.

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
        return np.array(rows, dtype=np.float32, order="C")
