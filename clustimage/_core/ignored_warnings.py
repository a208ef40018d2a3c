"""Warnings ignored for a while, also while other threads do the same."""

from __future__ import annotations

import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["ignored_warnings"]

_lock = threading.Lock()


@contextmanager
def ignored_warnings(category: type[Warning] = Warning, module: str = "") -> Iterator[None]:
    """Ignore warnings of a category, from modules whose names begin with a regular expression.

    ``warnings.catch_warnings`` puts back the list of filters that it has found: of two threads
    that overlap, the second one would leave the filters of the first behind for ever. Here each
    one takes back its own filter alone.

    Examples
    --------
    >>> before = list(warnings.filters)
    >>> with ignored_warnings(UserWarning):
    ...     warnings.warn("not seen", stacklevel=1)
    >>> warnings.filters == before
    True
    """
    pattern = re.compile(module) if module else None
    own = ("ignore", None, category, pattern, 0)
    with _lock:
        warnings.filters.insert(0, own)  # type: ignore[attr-defined]
    try:
        yield
    finally:
        with _lock:
            for i, one in enumerate(warnings.filters):
                if one is own:
                    del warnings.filters[i]  # type: ignore[attr-defined]
                    break
