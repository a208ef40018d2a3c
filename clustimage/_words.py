"""Numbers in sentences."""

from __future__ import annotations

__all__ = ["count"]


def count(n: int, noun: str) -> str:
    """Return a number with its noun.

    Examples
    --------
    >>> count(1, "image"), count(1797, "image")
    ('1 image', '1,797 images')
    """
    return f"{n:,} {noun}{'' if n == 1 else 's'}"
