"""What all embedders share: checked input, two float32 columns as output."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import validation

from clustimage._core.memory import Budget
from clustimage._core.parameters import setting
from clustimage._core.plan import Step
from clustimage._distances.distinct import distinct_rows

__all__ = ["Embedder", "TransformingEmbedder", "two_columns"]


def two_columns(coordinates: np.ndarray) -> np.ndarray:
    """Return the first two columns as float32; a missing column is 0.

    Examples
    --------
    >>> import numpy as np
    >>> two_columns(np.array([[1.0], [2.0]]))
    array([[1., 0.],
           [2., 0.]], dtype=float32)
    """
    xycoord = np.zeros((len(coordinates), 2), dtype=np.float32)
    kept = coordinates[:, :2]
    xycoord[:, : kept.shape[1]] = kept
    return xycoord


class Embedder(TransformerMixin, BaseEstimator):
    """Base of the embedders: a subclass writes ``_embed`` and ``_step``.

    ``_embed(X)`` gets a checked matrix and returns `(n, 2)`. ``_step(n, n_columns)``
    says what that does and what it takes. Equal rows get equal coordinates.
    """

    # Whether equal rows are embedded once: for maps of neighbours, which they would fill up.
    distinct_only: ClassVar[bool] = False

    # What `fit` learns and a file can hold; None where a new map has to be computed instead.
    learned: ClassVar[tuple[str, ...] | None] = None

    def __init_subclass__(cls, **options: Any) -> None:
        # scikit-learn wraps nothing: the answer is always an array of float32, and a
        # `transform` that is not there for every object would be hidden by the wrapper.
        super().__init_subclass__(auto_wrap_output_keys=None, **options)

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Embedder:
        """Return an unfitted object with those of `settings` that this class knows."""
        names = set(cls().get_params()) - {"engine"}  # that of the whole chain is another thing
        return cls(**{name: settings[name] for name in names if name in settings})

    def fit(self, X: Any, y: None = None) -> Embedder:
        """Compute the coordinates of the rows of `X`; they are in ``embedding_``.

        Parameters
        ----------
        X : array-like of shape (n, d)
            Features, one row per image.
        y : None
            Ignored.

        Returns
        -------
        Embedder
            The object itself.
        """
        self.fit_transform(X)
        return self

    def fit_transform(self, X: Any, y: None = None, *, budget: Budget | None = None) -> np.ndarray:
        """Return the coordinates of the rows of `X`; equal rows have equal ones.

        Parameters
        ----------
        X : array-like of shape (n, d)
            Features, one row per image.
        y : None
            Ignored.
        budget : Budget, optional
            Memory that may be taken beside `X`; by default there is no limit.

        Returns
        -------
        ndarray of shape (n, 2)
            Coordinates, float32; also in ``embedding_``.

        Raises
        ------
        ValueError
            If `X` is no finite matrix of numbers.
        MemoryLimitError
            If the map takes more than `budget` leaves; raised before any work.
        """
        checked = self._check(X, reset=True)
        n, n_columns = checked.shape
        equal = self._equal_rows(checked)
        if equal is not None and self.distinct_only:
            n = len(equal[1])
            budget = budget and budget.holding(n * n_columns * checked.itemsize)
        self.plan(n, n_columns, budget).check()
        if equal is None:
            self.embedding_ = two_columns(np.asarray(self._embed(checked)))
            return self.embedding_
        names, first = equal
        if self.distinct_only:
            checked, first = checked[first], np.arange(n)
        self.embedding_ = two_columns(np.asarray(self._embed(checked)))[first][names]
        return self.embedding_

    def plan(self, n: int, n_columns: int, budget: Budget | None = None) -> Step:
        """Say what `fit_transform` would do, and what it takes.

        Parameters
        ----------
        n : int
            Number of images.
        n_columns : int
            Number of features of each.
        budget : Budget, optional
            Memory that may be taken beside the features.

        Returns
        -------
        Step
            With the least budget that works as its ``problem``, where `budget` is less.

        Examples
        --------
        >>> from clustimage.embedding import TSNEEmbedder
        >>> TSNEEmbedder().plan(1000, 200).what
        't-SNE by scikit-learn'
        """
        step = self._step(n, n_columns)
        work = f"The map of {n:,} images ({step.what})"
        return step.within(budget, work, f"Or use {setting('embedding', None)}.")

    def get_state(self) -> dict[str, Any] | None:
        """Return what was learned, as arrays and numbers; None where no file can hold it."""
        if self.learned is None:
            return None
        return {name: getattr(self, name) for name in self.learned}

    def set_state(self, state: Mapping[str, Any]) -> Embedder:
        """Take what `get_state` of a fitted embedder returned, and return the object itself."""
        for name in self.learned or ():
            setattr(self, name, state[name])
        return self

    def _embed(self, X: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def _equal_rows(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        """Return what `distinct_rows` does, or None where no row equals another."""
        names, first = distinct_rows(X)
        return (names, first) if len(first) < len(X) else None

    def _step(self, n: int, n_columns: int) -> Step:
        raise NotImplementedError

    def _check(self, X: Any, *, reset: bool) -> np.ndarray:
        """Return `X` as a finite float matrix and keep or compare its number of columns."""
        rules = {"dtype": (np.float64, np.float32), "reset": reset}
        if hasattr(validation, "validate_data"):
            return np.asarray(validation.validate_data(self, X, **rules))
        return np.asarray(self._validate_data(X, **rules))  # scikit-learn before 1.6

    def _more_tags(self) -> dict[str, Any]:  # scikit-learn before 1.6
        return {"preserves_dtype": []}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags


class TransformingEmbedder(Embedder):
    """Base of the embedders that can embed new rows: a subclass writes ``_embed_new`` too."""

    def transform(self, X: Any) -> np.ndarray:
        """Return the coordinates of new rows on the map that was fitted.

        Parameters
        ----------
        X : array-like of shape (m, d)
            Features of new images, with the columns of the fitted ones.

        Returns
        -------
        ndarray of shape (m, 2)
            Coordinates, float32.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            Before `fit`.
        ValueError
            If `X` is no finite matrix, or has another number of columns.
        """
        validation.check_is_fitted(self)
        return two_columns(np.asarray(self._embed_new(self._check(X, reset=False))))

    def _embed_new(self, X: np.ndarray) -> np.ndarray:
        raise NotImplementedError
