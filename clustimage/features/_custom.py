"""``method=<object>``: the user's own model as an extractor."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from clustimage._core.errors import InvalidDataError, InvalidParameterError
from clustimage._core.file_arrays import forget
from clustimage._core.memory import Budget
from clustimage._core.parameters import named
from clustimage._core.plan import Step
from clustimage._distances.metrics import check_magnitude
from clustimage.features._extractor import FeatureExtractor, as_rows

__all__ = ["CustomExtractor"]

ASSUMED_COLUMNS = 256  # where an object does not say how many it will return


class CustomExtractor(FeatureExtractor):
    """Let an object with `fit` and `transform` describe the images.

    The object gets the images as flat rows ``(n, height * width * channels)`` of
    uint8 and returns one row of numbers per image.

    Parameters
    ----------
    model : object
        Has ``fit(rows)`` and ``transform(rows)``. With ``get_params``, as the
        estimators of scikit-learn, a clone of it is fitted and the object itself
        stays as it is; any other object is fitted itself.

    Attributes
    ----------
    model_ : object
        The fitted model.
    n_features_in_ : int
        Values per image.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.preprocessing import FunctionTransformer
    >>> pixels = np.arange(24, dtype=np.uint8).reshape(2, 2, 2, 3)
    >>> CustomExtractor(FunctionTransformer(lambda rows: rows[:, ::6])).fit_transform(pixels)
    array([[ 0.,  6.],
           [12., 18.]], dtype=float32)
    """

    def __init__(self, model: Any) -> None:
        self.model = model

    def check(self) -> None:
        if isinstance(self.model, type):
            name = self.model.__name__
            raise InvalidParameterError(
                f"{named('method')} must be a name or an object. Got the class {name}: give an "
                f"object, such as {name}()."
            )
        for name in ("fit", "transform"):
            if not hasattr(self.model, name):
                raise InvalidParameterError(
                    f"{named('method')} must be a name or an object with fit() and transform(). "
                    f"Got {self.model!r}, which has no {name}()."
                )

    @property
    def learns(self) -> bool:
        return True

    def plan(
        self, n_images: int, shape: tuple[int, int, int], budget: Budget | None = None
    ) -> tuple[Step, int]:
        self.check()
        n_columns, known = _columns_of(self.model, math.prod(shape))
        kept = 4 * n_images * n_columns
        what = f"custom {type(self.model).__name__}, {known} columns"
        why = "what the object takes for itself is not known and not counted"
        return Step("extract_feat", what, why, 2 * kept, kept), n_columns

    def get_state(self) -> None:
        """Return None: what is inside the model is not known, and it cannot be saved."""

    def fit(self, X: npt.ArrayLike, y: Any = None) -> CustomExtractor:
        """Fit the model on flat rows.

        Parameters
        ----------
        X : ndarray of shape (n, height, width[, channels]) or (n, d)
            Images.
        y : object, optional
            Ignored.

        Returns
        -------
        CustomExtractor
            The object itself.

        Raises
        ------
        InvalidParameterError
            If `model` lacks one of the two methods, or is a class.
        """
        self.check()
        rows = as_rows(self, X, reset=True)
        self.model_ = clone(self.model) if hasattr(self.model, "get_params") else self.model
        self.model_.fit(rows)
        forget(rows)
        return self

    def transform(self, X: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Return what the model makes of the images.

        Parameters
        ----------
        X : ndarray of shape (n, height, width[, channels]) or (n, d)
            Images of the size that was fitted.

        Returns
        -------
        ndarray of shape (n, d), float32
            The model's output.

        Raises
        ------
        InvalidDataError
            If the output is not a matrix of finite numbers with one row per image.
        """
        check_is_fitted(self, "model_")
        rows = as_rows(self, X, reset=False)
        out = self.model_.transform(rows)
        forget(rows)
        if hasattr(out, "toarray"):
            out = out.toarray()
        return _checked(out, len(rows), type(self.model_).__name__)


def _columns_of(model: Any, n_values: int) -> tuple[int, str]:
    """Return the number of columns to expect of an object, and the words for it."""
    count = getattr(model, "n_components", None)
    if isinstance(count, int) and not isinstance(count, bool) and count > 0:
        return count, f"about {count:,}"
    count = min(ASSUMED_COLUMNS, n_values)
    return count, f"an unknown number of (taken for about {count:,})"


def _checked(out: Any, n: int, name: str) -> npt.NDArray[np.float32]:
    try:
        with np.errstate(over="ignore"):
            feat = np.array(out, dtype=np.float32, order="C")
    except (TypeError, ValueError) as exc:
        raise InvalidDataError(
            f"{name}.transform() must return an array of numbers. Got {type(out).__name__}."
        ) from exc
    if feat.ndim != 2 or len(feat) != n or feat.shape[1] == 0:
        raise InvalidDataError(
            f"{name}.transform() must return one row per image, ({n}, n_features). "
            f"Got shape {feat.shape}."
        )
    if not np.isfinite(feat).all():
        raise InvalidDataError(f"{name}.transform() returned NaN or infinity.")
    check_magnitude(f"{name}.transform()", feat)
    return feat
