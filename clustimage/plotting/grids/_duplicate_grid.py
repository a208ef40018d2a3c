"""Groups of duplicates: a row each, the image that is kept first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np

from clustimage._core.errors import InvalidDataError
from clustimage._core.memory import format_bytes
from clustimage._core.parallel import run_ordered
from clustimage._core.text import pluralize
from clustimage._core.validation import invalid
from clustimage.images import quiet_pillow
from clustimage.plotting._fonts import printable
from clustimage.plotting._limits import check_limit, log_limit
from clustimage.plotting._pictures import Pictures
from clustimage.plotting.grids._found import draw_rows
from clustimage.plotting.grids._photo_tiles import into_tile, read_photo, tile_ratio

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = ["COLUMNS", "MAX_COPIES", "MAX_GROUPS", "plot_groups"]

MAX_GROUPS, MAX_COPIES = 12, 5  # what is one row of pictures
COLUMNS = ("group", "pathname", "kind", "keep", "difference", "reason", "width", "height", "bytes")
SIDE = 320  # pixels of a picture
KEPT = np.array([0, 158, 80], dtype=np.uint8)  # green
FRAME = 7  # pixels
MAX_CHANGES = 3  # lines below a copy

Find = Callable[[str], "np.ndarray | None"]


def plot_groups(
    groups: pd.DataFrame,
    find: Find,
    *,
    max_groups: int | None = MAX_GROUPS,
    max_images: int | str | None = "auto",
    n_jobs: int | None = -1,
) -> tuple[Figure, np.ndarray]:
    """Draw each group in a row, the image that is kept first and in a green frame.

    Parameters
    ----------
    groups : DataFrame
        As `Clustimage.duplicates` returns it, or some of its rows.
    find : callable
        Returns the pixels of an image that is no file, by its name, or None.
    max_groups : int or None, default=12
        The most groups, the first ones; None is all.
    max_images : int, "auto" or None, default="auto"
        The most images of a group, ``"auto"`` is 6; None is all.
    n_jobs : int, default=-1
        Number of threads that read the photos.

    Returns
    -------
    fig : Figure
        One figure.
    axes : array of shape (n_groups_drawn,), object
        One axes per group, below each other.

    Raises
    ------
    InvalidDataError
        If there is no group, or a column is missing.
    InvalidParameterError
        If `groups` is no table, or a limit is none.
    """
    max_groups = check_limit("max_groups", max_groups)
    limit = check_limit("max_images", max_images, auto=1 + MAX_COPIES)
    _check(groups)
    numbers = list(dict.fromkeys(groups["group"].tolist()))
    members = {
        number: groups[groups["group"] == number].sort_values(
            "keep", ascending=False, kind="stable"
        )
        for number in numbers[:max_groups]
    }
    drawn = {number: some.iloc[:limit] for number, some in members.items()}
    rows = [row for some in drawn.values() for row in some.itertuples(index=False)]
    with quiet_pillow():
        read = run_ordered(lambda row: _pixels(row, find), rows, n_jobs=n_jobs)
        pictures = list(read)
    ratio = tile_ratio(pictures)
    height = max(1, round(SIDE * ratio))
    tiles = [_tile(picture, row.keep, height) for picture, row in zip(pictures, rows, strict=True)]
    captions = [_caption(row) for row in rows]
    ends = np.cumsum([len(some) for some in drawn.values()]).tolist()
    parts = [slice(end - len(some), end) for end, some in zip(ends, drawn.values(), strict=True)]
    titles = [_title(number, members[number], len(some)) for number, some in drawn.items()]
    fig, axes = draw_rows(
        [(Pictures(np.stack(tiles[part])), captions[part], None) for part in parts],
        [""] * len(titles),
        tall=height / SIDE,
        extra=len(drawn) < len(numbers),
    )
    for ax, title in zip(axes, titles, strict=True):
        ax.set_title(title, loc="left", fontsize=11)
    if len(drawn) < len(numbers):
        log_limit(len(drawn), len(numbers), "groups", "the first ones", "max_groups")
        words = f"Showing {len(drawn):,} of {len(numbers):,} groups"
        fig.suptitle(words, fontsize=12, y=1 - 0.1 / fig.get_size_inches()[1], va="top")
    n_images = sum(map(len, members.values()))
    if len(rows) < n_images:
        log_limit(len(rows), n_images, "images", f"the first {limit:,} of each group")
    return fig, axes


def _check(groups: Any) -> None:
    if type(groups).__name__ != "DataFrame":
        raise invalid("groups", "must be a table as duplicates() returns it", type(groups))
    missing = [name for name in COLUMNS if name not in groups.columns]
    if missing or not len(groups):
        without = f"the columns {', '.join(missing)}" if missing else "a group"
        raise InvalidDataError(
            "'groups' must be a table as duplicates() returns it. "
            f"Without {without}, there is nothing to draw."
        )


def _pixels(row: Any, find: Find) -> np.ndarray | None:
    """Return an image: that of the model with this name, or the file, read again."""
    pixels = find(row.pathname)
    if pixels is None:
        return read_photo(row.pathname, SIDE)[0]
    return pixels if pixels.ndim == 3 and pixels.shape[2] == 3 else np.dstack([pixels] * 3)


def _tile(picture: np.ndarray | None, keep: bool, height: int) -> np.ndarray:
    """Return a picture in the middle of a tile, with a frame if it is kept."""
    tile, (left, top), factor = into_tile(picture, height, SIDE)
    if keep and picture is not None:
        size = [max(1, round(side * factor)) for side in picture.shape[:2]]
        framed = tile[top : top + size[0], left : left + size[1]]
        inner = framed[FRAME:-FRAME, FRAME:-FRAME].copy()
        framed[:] = KEPT
        framed[FRAME:-FRAME, FRAME:-FRAME] = inner
    return tile


def _caption(row: Any) -> str:
    """Return name, why it is kept or how it differs, and the size."""
    import pandas as pd

    if row.keep:
        changes = [f"kept: {row.reason}" if row.reason else "kept"]
    elif row.kind == "exact":
        changes = ["the same bytes"]
    else:
        changes = row.difference.split(", ") if row.difference else [row.kind]
        if len(changes) > MAX_CHANGES:
            changes = [*changes[: MAX_CHANGES - 1], ", ".join(changes[MAX_CHANGES - 1 :])]
    size = [] if pd.isna(row.width) else [f"{row.width} x {row.height}"]
    size += [] if pd.isna(row.bytes) else [format_bytes(int(row.bytes))]
    return "\n".join([printable(PurePath(row.pathname).name), *changes, ", ".join(size)])


def _title(number: int, members: pd.DataFrame, n_drawn: int) -> str:
    title = f"Group {number}: {pluralize(len(members), 'image')}"
    return f"{title}, showing {n_drawn:,}" if n_drawn < len(members) else title
