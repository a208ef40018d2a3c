"""Names that users see without the private modules that they are written in."""

from __future__ import annotations

from typing import TypeVar

__all__ = ["public"]

Named = TypeVar("Named")


def public(named: Named) -> Named:
    """Let a class or a function say that it lives in ``clustimage``, where users import it from.

    Tracebacks, `repr` and pickles then name ``clustimage.InvalidParameterError``.

    Examples
    --------
    >>> public(lambda: None).__module__
    'clustimage'
    """
    named.__module__ = "clustimage"
    return named
