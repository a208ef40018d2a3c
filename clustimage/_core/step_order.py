"""The exception of a step that is called too early, which is one of scikit-learn's as well."""

from __future__ import annotations

from sklearn.exceptions import NotFittedError

from clustimage._core.errors import ClustimageError
from clustimage._core.public import public

__all__ = ["StepOrderError"]


@public
class StepOrderError(ClustimageError, NotFittedError):
    """A step of the chain was called before the step that it needs.

    A ``NotFittedError``, and so an `AttributeError`: what is not there yet, such as ``labels_``,
    is no attribute yet.
    """
