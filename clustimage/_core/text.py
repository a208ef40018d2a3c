"""Numbers in sentences."""

from __future__ import annotations

__all__ = ["pluralize"]


def pluralize(n: int, noun: str) -> str:
    """Return a number with its noun.

    Examples
    --------
    >>> pluralize(1, "image"), pluralize(1797, "image")
    ('1 image', '1,797 images')
    """
    return f"{n:,} {noun}{'' if n == 1 else 's'}"
