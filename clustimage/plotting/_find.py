"""What `find` found: the query and its nearest images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from clustimage._errors import InvalidDataError
from clustimage.plotting._colors import label_colors
from clustimage.plotting._figure import check_cmap, count, many_figures, new_axes, shorten
from clustimage.plotting._montage import colorize
from clustimage.plotting._tiles import draw_tiles

if TYPE_CHECKING:
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

__all__ = ["MAX_HITS", "plot_hits", "query_tables"]

MAX_HITS = 47
QUERY = "#000000"


def query_tables(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tables of the queries: all that `find` returned but the features."""
    return {str(name): table for name, table in found.items() if name != "feat"}


def plot_hits(
    images: np.ndarray,
    found: Mapping[str, Any],
    *,
    query_images: np.ndarray | None = None,
    cmap: str | Colormap | None = None,
    limit: int = MAX_HITS,
) -> tuple[list[Figure], np.ndarray]:
    """Draw each query with the images found for it, nearest first, one figure per query.

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
    limit : int, default=47
        The most hits in one figure; the title says where there are more.

    Returns
    -------
    figs : list of Figure
        One per query.
    axes : array of shape (m,), object
        The axes of each figure.

    Raises
    ------
    InvalidDataError
        If the number of query images is not the number of tables.
    """
    check_cmap(cmap)
    tables = query_tables(found)
    if query_images is not None and len(query_images) != len(tables):
        raise InvalidDataError(
            f"Each query needs an image. Got {len(query_images)} images for {len(tables)} queries."
        )
    figs, axes = [], np.empty(len(tables), dtype=object)
    with many_figures():
        for i, (name, table) in enumerate(tables.items()):
            query = None if query_images is None else query_images[i]
            fig, axes[i] = _draw_query(images, name, table, query, cmap=cmap, limit=limit)
            figs.append(fig)
    return figs, axes


def _draw_query(
    images: np.ndarray,
    name: str,
    table: Any,
    query: np.ndarray | None,
    *,
    cmap: str | Colormap | None,
    limit: int,
) -> tuple[Figure, Any]:
    shown = table.iloc[:limit]
    tiles = [colorize(images[shown["y_idx"].to_numpy(dtype=int)], cmap)]
    colors = label_colors(shown["labels"])
    frames = [colors[int(label)] for label in shown["labels"]]
    captions = [_caption(row) for row in shown.to_dict("records")]
    if query is not None:
        tiles.insert(0, colorize(query[None], cmap))
        frames.insert(0, QUERY)
        captions.insert(0, f"query\n{name}")
    return _tiles_or_nothing(
        np.concatenate(tiles),
        title=_title(name, len(table), len(shown)),
        captions=captions,
        colors=frames,
    )


def _tiles_or_nothing(tiles: np.ndarray, *, title: str, **kwargs: Any) -> tuple[Figure, Any]:
    if len(tiles):
        return draw_tiles(tiles, title=title, **kwargs)
    fig, ax = new_axes(figsize=(4.0, 1.2))
    ax.set_axis_off()
    ax.set_title(title, fontsize=11, parse_math=False)
    return fig, ax


def _caption(row: Mapping[Any, Any]) -> str:
    parts = [f"d {row['distance']:.3g}"]
    chance = row.get("y_proba")
    if chance is not None and np.isfinite(chance):
        parts.append("p < 0.001" if chance < 0.001 else f"p {chance:.3f}")
    label = int(row["labels"])
    return f"{row['y_filenames']}\n{', '.join(parts)}\n" + (
        f"cluster {label}" if label >= 0 else f"unclustered ({label})"
    )


def _title(name: str, n_hits: int, shown: int) -> str:
    start = f"Nearest to {shorten(name, 50)}"
    if shown < n_hits:
        return f"{start}: showing {shown:,} of {n_hits:,} images"
    return f"{start}: {count(n_hits, 'image')}" if n_hits else f"{start}: nothing found"
