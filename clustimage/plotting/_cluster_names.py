"""What a cluster is called in a figure: its number, and its name where it has one."""

from __future__ import annotations

from collections.abc import Mapping

from clustimage.plotting._short_names import shorten_all

__all__ = ["cluster_words"]

MAX_EMS = 14.0  # width of a name on a map or below an image


def cluster_words(label: int, names: Mapping[int, str] | None, ems: float = MAX_EMS) -> str:
    """Return the label of a cluster with its name, in printable characters and not too long.

    Examples
    --------
    >>> cluster_words(0, {0: "beach"}), cluster_words(1, {0: "beach"})
    ('0 beach', '1')
    """
    name = (names or {}).get(label)
    return str(label) if name is None else f"{label} {shorten_all([name], ems)[0]}"
