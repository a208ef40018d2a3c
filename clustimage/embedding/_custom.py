"""``embedding=<object>``: the user's own model as an embedder."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from clustimage._core.errors import InvalidDataError
from clustimage._core.memory import Budget
from clustimage._core.plan import Step
from clustimage._distances.distinct import distinct_rows
from clustimage._distances.metrics import check_rows
from clustimage.embedding._embedder import Embedder

__all__ = ["CustomEmbedder", "is_embedder"]


def is_embedder(candidate: Any) -> bool:
    """Return whether `candidate` is an object (no class) with ``fit_transform``."""
    return not isinstance(candidate, type) and callable(getattr(candidate, "fit_transform", None))


def _can_transform(owner: CustomEmbedder) -> bool:
    # The fitted object may be able to where the given one is not: see `TSNEEmbedder`.
    return hasattr(getattr(owner, "embedder_", owner.embedder), "transform")


class CustomEmbedder(BaseEstimator):
    """Run the user's own object, and check what it returns.

    The object is cloned before it is fitted (copied, where scikit-learn cannot
    clone it), so the one that was given stays as it was.

    Parameters
    ----------
    embedder : object with ``fit_transform``
        Gets the features `(n, d)` and returns coordinates `(n, 2)`. If it has
        ``transform``, new rows can be embedded too.

    Attributes
    ----------
    embedder_ : object
        The fitted clone.
    embedding_ : ndarray of shape (n, 2)
        Coordinates of the fitted rows, float32.
    n_features_in_ : int
        Number of columns.

    Examples
    --------
    >>> from sklearn.decomposition import TruncatedSVD
    >>> embedder = CustomEmbedder(TruncatedSVD(n_components=2, random_state=0))
    >>> embedder.fit_transform([[1.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 3.0]]).shape
    (3, 2)
    """

    def __init__(self, embedder: Any) -> None:
        self.embedder = embedder

    def fit(self, X: Any, y: None = None) -> CustomEmbedder:
        """Fit the clone on `X`; see `fit_transform`."""
        self.fit_transform(X)
        return self

    def plan(self, n: int, n_columns: int, budget: Budget | None = None) -> Step:
        """Say what `fit_transform` would do; only an `Embedder` knows what it takes."""
        if isinstance(self.embedder, Embedder):
            return self.embedder.plan(n, n_columns, budget)
        what = f"fit_transform of a custom {type(self.embedder).__name__}"
        return Step("embedding", what, "what it takes is not known", kept=8 * n)

    def fit_transform(self, X: Any, y: None = None, *, budget: Budget | None = None) -> np.ndarray:
        """Return the coordinates of the rows of `X`.

        The object gets all rows; of rows that are equal, all get the position of the first.

        Parameters
        ----------
        X : array-like of shape (n, d)
            Features.
        y : None
            Ignored.
        budget : Budget, optional
            Memory that may be taken; ignored where what the object takes is not known.

        Returns
        -------
        ndarray of shape (n, 2)
            Coordinates, float32.

        Raises
        ------
        InvalidDataError
            If the object returns anything but finite numbers of shape `(n, 2)`.
        """
        rows = check_rows("feat", X)
        fitted = clone(self.embedder, safe=False)
        options = {"budget": budget} if isinstance(fitted, Embedder) else {}
        names, first = distinct_rows(rows)
        xycoord = self._checked(fitted.fit_transform(rows, **options), len(rows))
        self.embedding_ = np.asarray(xycoord[first[names]])
        self.embedder_ = fitted
        self.n_features_in_ = rows.shape[1]
        return self.embedding_

    @available_if(_can_transform)  # type: ignore[untyped-decorator]
    def transform(self, X: Any) -> np.ndarray:
        """Return the coordinates of new rows; only where the object has ``transform``.

        Parameters
        ----------
        X : array-like of shape (m, d)
            Features of new images.

        Returns
        -------
        ndarray of shape (m, 2)
            Coordinates, float32.
        """
        check_is_fitted(self)
        rows = check_rows("feat", X, n_columns=self.n_features_in_)
        return self._checked(self.embedder_.transform(rows), len(rows))

    def _checked(self, returned: Any, n_rows: int) -> np.ndarray:
        """Return what the object returned as float32, or say what is wrong with it."""
        name = type(self.embedder).__name__
        xycoord = check_rows(f"coordinates from {name}", returned)
        if xycoord.shape != (n_rows, 2):
            raise InvalidDataError(
                f"The embedding {name} must return one row of two coordinates per image, "
                f"({n_rows}, 2). Got the shape {xycoord.shape}."
            )
        return np.array(xycoord, dtype=np.float32)
