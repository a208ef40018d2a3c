"""A model in numbers: the dict that a report is made from."""

from __future__ import annotations

from typing import Any

__all__ = ["summarize"]


def summarize(**parts: Any) -> dict[str, Any]:
    """Return the parts that are there, as plain values for JSON."""
    return {name: value for name, value in parts.items() if value is not None}
