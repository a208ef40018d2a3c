"""What `find` found: the query and its nearest images."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np

from clustimage._core.errors import InvalidDataError
from clustimage._core.text import pluralize
from clustimage.plotting._cluster_names import cluster_words
from clustimage.plotting._colors import label_colors
from clustimage.plotting._figure import check_cmap, number, shorten
from clustimage.plotting._fonts import font_of, printable
from clustimage.plotting._limits import check_limit, log_limit
from clustimage.plotting._montage import best_ncols
from clustimage.plotting._pictures import Pictures
from clustimage.plotting.grids._tiles import (
    TITLE,
    draw_tiles,
    fitted_tiles,
    position_axes,
    tile_sizes,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

__all__ = ["MAX_HITS", "MAX_QUERIES", "draw_rows", "plot_hits", "query_tables"]

MAX_QUERIES = 20
MAX_HITS = 47
MAX_HITS_EACH = 23
# Images of one query beyond which more than eight lie side by side.
LONG_ROW = 64
QUERY = "#FFD400"  # as its star on the map


def query_tables(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tables of the queries: all that `find` returned but the features."""
    return {str(name): table for name, table in found.items() if name != "feat"}


def plot_hits(
    images: np.ndarray,
    found: Mapping[str, Any],
    *,
    query_images: np.ndarray | None = None,
    cmap: str | Colormap | None = None,
    max_images: int | str | None = "auto",
    max_queries: int | None = MAX_QUERIES,
    colors: Mapping[int, str] | None = None,
    names: Mapping[int, str] | None = None,
) -> tuple[Figure, np.ndarray]:
    """Draw each query with the images found for it, nearest first, one axes per query.

    Parameters
    ----------
    images : array of shape (n, height, width) or (n, height, width, 3), uint8
        The images that were searched.
    found : mapping
        What ``find`` returns: ``"feat"``, then a DataFrame per query.
    query_images : array of shape (m, height, width) or (m, height, width, 3), uint8, optional
        The queries, in the order of the tables; without them only the hits are drawn.
    cmap : str or Colormap, optional
        For gray images; default ``"gray"``.
    max_images : int, "auto" or None, default="auto"
        The most images found for a query, the nearest ones; ``"auto"`` is 47 where one
        query is drawn and 23 where more are. None is all.
    max_queries : int or None, default=20
        The most queries, the first ones; None is all.
    colors : mapping of int to str, optional
        The colour of each label; default those of `label_colors`.
    names : mapping of int to str, optional
        What clusters are called, by label.

    Returns
    -------
    fig : Figure
        One figure. Its titles, and the log, say where there is more than it shows.
    axes : array of shape (n_queries_drawn,), object
        One axes per query, below each other.

    Raises
    ------
    InvalidDataError
        If there is no query, or not one image per query.
    InvalidParameterError
        For an unknown `cmap`, or a limit that is none.
    """
    check_cmap(cmap)
    max_queries = check_limit("max_queries", max_queries)
    tables = query_tables(found)
    if not tables or (query_images is not None and len(query_images) != len(tables)):
        given = "no" if query_images is None else f"{len(query_images):,}"
        raise InvalidDataError(
            f"Each query needs a table and an image. Got {len(tables):,} tables, {given} images."
        )
    queries = list(tables)[:max_queries]
    auto = MAX_HITS if len(queries) == 1 else MAX_HITS_EACH
    limit = check_limit("max_images", max_images, auto=auto)
    drawn = {name: tables[name].iloc[:limit] for name in queries}
    with_folder = _names_repeat(drawn.values())
    rows = [
        _tiles(
            images,
            name,
            drawn[name],
            None if query_images is None else query_images[i : i + 1],
            cmap,
            with_folder,
            colors,
            names,
        )
        for i, name in enumerate(queries)
    ]
    titles = [_title(name, len(tables[name]), len(drawn[name])) for name in queries]
    more = len(queries) < len(tables)
    fig, axes = draw_rows(rows, titles, tall=images.shape[1] / images.shape[2], extra=more)
    if more:
        log_limit(len(queries), len(tables), "queries", "the first ones", "max_queries")
        words = f"Showing {len(queries):,} of {len(tables):,} queries"
        # The room above the rows is some inches, however high the figure is.
        fig.suptitle(words, fontsize=12, y=1 - 0.1 / fig.get_size_inches()[1], va="top")
    n_drawn, n_found = (sum(len(some[name]) for name in queries) for some in (drawn, tables))
    if n_drawn < n_found:
        log_limit(n_drawn, n_found, "images found", f"the nearest {limit:,} of each query")
    return fig, axes


Row = tuple[Pictures, list[str], list[str] | None]


def _tiles(
    images: np.ndarray,
    name: str,
    table: Any,
    query: np.ndarray | None,
    cmap: str | Colormap | None,
    with_folder: bool,
    given: Mapping[int, str] | None,
    names: Mapping[int, str] | None,
) -> Row:
    """Return the images of one query, their captions and the colours of their frames."""
    tiles = Pictures(images, table["y_idx"].to_numpy(dtype=int), cmap=cmap, before=query)
    colors = label_colors(table["labels"], given)
    frames = [colors[int(label)] for label in table["labels"]]
    captions = [_caption(row, with_folder, names) for row in table.to_dict("records")]
    if query is not None:
        frames.insert(0, QUERY)
        captions.insert(0, f"{printable(name)}\nquery")
    return tiles, captions, frames


def draw_rows(
    rows: list[Row],
    titles: list[str],
    *,
    tall: float,
    extra: int,
) -> tuple[Figure, np.ndarray]:
    """Draw one axes per row, all images of one size, with room for `extra` lines above."""
    import matplotlib.pyplot as plt

    most = max(len(tiles) for tiles, _, _ in rows)
    ncols = min(max(best_ncols(most, 1, 1), min(most, 6), 1), 8)
    if most > LONG_ROW:
        # With its words an image is about one and a half times as high as wide.
        ncols = best_ncols(most * len(rows), 3, 2)
    nrows = np.array([max(1, -(-len(tiles) // ncols)) for tiles, _, _ in rows])
    fitted = fitted_tiles(
        ncols, int(nrows.sum()), tall, [caption for _, captions, _ in rows for caption in captions]
    )
    wide, (inches, high) = tile_sizes(ncols, int(nrows.sum()), tall, fitted.lines)
    ends = np.cumsum([len(tiles) for tiles, _, _ in rows]).tolist()
    heights = nrows * (high / nrows.sum())
    bottoms = (heights + TITLE)[::-1].cumsum()[::-1] - heights - TITLE
    fig = plt.figure(figsize=(inches, float(heights.sum()) + TITLE * (len(rows) + extra)))
    axes = np.empty(len(rows), dtype=object)
    for i, ((tiles, _, frames), title) in enumerate(zip(rows, titles, strict=True)):
        axes[i] = ax = fig.add_axes((0, 0, 1, 1), label=str(i))
        position_axes(ax, bottoms[i], heights[i])
        if len(tiles):
            captions = fitted.part(slice(ends[i] - len(tiles), ends[i]))
            draw_tiles(
                tiles, title=title, captions=captions, colors=frames, ncols=ncols, ax=ax, wide=wide
            )
        else:
            _say(ax, title)
    return fig, axes


def _say(ax: Axes, title: str) -> None:
    ax.set_axis_off()
    ax.set_title(title, fontsize=11, parse_math=False, **font_of(title))


def _names_repeat(tables: Iterable[Any]) -> bool:
    """Return whether different files have one name, in any folders."""
    paths: dict[str, str] = {}
    return any(
        paths.setdefault(name, path) != path
        for table in tables
        for name, path in zip(table["y_filenames"], table["y_pathnames"], strict=True)
    )


def _caption(row: Mapping[Any, Any], with_folder: bool, names: Mapping[int, str] | None) -> str:
    parts = [f"d {number(row['distance'])}"]
    chance = row.get("y_proba")
    if chance is not None and np.isfinite(chance):
        parts.append("p < 0.001" if chance < 0.001 else f"p {chance:.3f}")
    label = int(row["labels"])
    where = f"cluster {cluster_words(label, names)}" if label >= 0 else f"unclustered ({label})"
    name, folder = row["y_filenames"], PurePath(row["y_pathnames"]).parent.name
    if with_folder and folder:
        name = f"{folder}/{name}"
    return f"{printable(name)}\n{', '.join(parts)}\n{where}"


def _title(name: str, n_hits: int, n_drawn: int) -> str:
    start = f"Nearest to {shorten(name, 50)}"
    if n_drawn < n_hits:
        return f"{start}: showing {n_drawn:,} of {n_hits:,} images"
    return f"{start}: {pluralize(n_hits, 'image')}" if n_hits else f"{start}: nothing found"
