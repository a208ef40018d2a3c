"""Photos with boxes around their faces, and the faces with boxes around their eyes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from clustimage._core.errors import InvalidParameterError
from clustimage._core.parallel import run_ordered
from clustimage._core.text import pluralize
from clustimage._core.validation import check_bool
from clustimage.images import quiet_pillow
from clustimage.plotting._figure import check_cmap, new_axes
from clustimage.plotting._fonts import printable
from clustimage.plotting._limits import check_limit, log_limit
from clustimage.plotting._montage import colorize, evenly, fit_side, montage, tile_corners
from clustimage.plotting.grids._captions import fit_captions, height_of_captions
from clustimage.plotting.grids._photo_tiles import into_tile, read_photo, tile_ratio
from clustimage.plotting.grids._tiles import TITLE, position_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

__all__ = ["MAX_FACES", "MAX_PHOTOS", "plot_faces"]

MAX_PHOTOS, MAX_FACES = 60, 400
# Width of a tile in inches: what one row of a figure has, and the bounds of a tile.
ROW = 13.0
PHOTO_SIZES, FACE_SIZES = (2.2, 6.0), (0.65, 1.6)
PER_INCH = 120  # pixels
GREEN, YELLOW = "#00d05a", "#ffe100"


def plot_faces(
    results_faces: Mapping[str, Any],
    dim_face: tuple[int, int],
    *,
    faces: bool = True,
    eyes: bool = True,
    cmap: str | Colormap | None = None,
    n_jobs: int | None = -1,
    max_photos: int | None = MAX_PHOTOS,
    max_faces: int | None = MAX_FACES,
) -> tuple[list[Figure], np.ndarray]:
    """Draw photos with boxes around their faces, and faces with boxes around their eyes.

    Parameters
    ----------
    results_faces : dict
        What `extract_faces` returned.
    dim_face : (height, width)
        Size of the crops in ``results_faces["img"]``.
    faces, eyes : bool, default=True
        Draw the figure of the photos, the figure of the faces.
    cmap : str or Colormap, optional
        For gray crops; default ``"gray"``.
    n_jobs : int, default=-1
        Number of threads that read the photos again.
    max_photos, max_faces : int or None, default=60, 400
        The most photos and faces, spread evenly over all; the titles and the log say where
        there are more. None draws all.

    Returns
    -------
    figs : list of Figure
        Photos first. There is no figure of faces where there is no face.
    axes : array of shape (n_figs,), object
        The axes of each.

    Raises
    ------
    InvalidParameterError
        If neither is to be drawn, for an unknown `cmap`, or a limit that is none.
    """
    check_cmap(cmap)
    max_photos = check_limit("max_photos", max_photos)
    max_faces = check_limit("max_faces", max_faces)
    drawn: list[tuple[Figure, Axes]] = []
    faces, eyes = check_bool("faces", faces), check_bool("eyes", eyes)
    if not faces and not eyes:
        raise InvalidParameterError("'faces' or 'eyes' must be True: there is nothing to draw.")
    if faces:
        drawn.append(_draw_photos(results_faces, n_jobs, max_photos))
    if eyes and any(len(boxes) for boxes in results_faces["coord_faces"]):
        drawn.append(_draw_crops(results_faces, dim_face, cmap, max_faces))
    axes = np.empty(len(drawn), dtype=object)
    axes[:] = [ax for _, ax in drawn]
    return [fig for fig, _ in drawn], axes


def _draw_photos(
    results: Mapping[str, Any], n_jobs: int | None, limit: int | None
) -> tuple[Figure, Axes]:
    n_photos = len(results["pathnames"])
    n_faces = [len(boxes) for boxes in results["coord_faces"]]
    shown = evenly(n_photos, limit or n_photos)
    ncols, wide = _layout(len(shown), PHOTO_SIZES)
    side = round(wide * PER_INCH)
    paths = [str(results["pathnames"][i]) for i in shown]
    with quiet_pillow():
        photos = list(run_ordered(lambda path: read_photo(path, side), paths, n_jobs=n_jobs))
    ratio = tile_ratio([img for img, _ in photos])
    tiles, boxes, captions = [], [], []
    for i, (img, scale) in zip(shown, photos, strict=True):
        tile, low, factor = into_tile(img, max(1, round(side * ratio)), side)
        tiles.append(tile)
        boxes.append(np.asarray(results["coord_faces"][i]) * (scale * factor) + [*low, 0, 0])
        name, known = (
            printable(results["filenames"][i]),
            "" if img is not None else ", photo not there",
        )
        captions.append(f"{name}: {pluralize(n_faces[i], 'face')}{known}")
    title = f"{pluralize(sum(n_faces), 'face')} in {pluralize(n_photos, 'photo')}"
    if len(shown) < n_photos:
        log_limit(len(shown), n_photos, "photos", "spread evenly over all", "max_photos")
        title = f"{title}: showing {len(shown):,} of the photos"
    return _draw(np.stack(tiles), boxes, GREEN, ncols, wide, title, captions)


def _draw_crops(
    results: Mapping[str, Any],
    dim_face: tuple[int, int],
    cmap: str | Colormap | None,
    limit: int | None,
) -> tuple[Figure, Axes]:
    height, width = dim_face
    # The photo of each face, and which of its faces it is.
    all_faces = [
        (i, j) for i, found in enumerate(results["coord_faces"]) for j in range(len(found))
    ]
    shown = [all_faces[i] for i in evenly(len(all_faces), limit or len(all_faces))]
    ncols, wide = _layout(len(shown), FACE_SIZES)
    rows = np.stack([results["img"][i][j] for i, j in shown])
    tiles = fit_side(
        colorize(rows.reshape(len(rows), height, width, -1), cmap), round(wide * PER_INCH)
    )
    boxes = []
    for i, j in shown:
        down, across = np.array(tiles.shape[1:3]) / results["size_faces"][i][j]
        eyes = np.asarray(results["coord_eyes"][i][j])
        boxes.append(eyes.reshape(-1, 4) * [across, down, across, down])
    n_eyes = sum(len(found) for photo in results["coord_eyes"] for found in photo)
    title = f"{pluralize(len(all_faces), 'face')}, {pluralize(n_eyes, 'eye')} found"
    if len(shown) < len(all_faces):
        log_limit(len(shown), len(all_faces), "faces", "spread evenly over all", "max_faces")
        title = f"{title}: showing {len(shown):,} of the faces"
    return _draw(tiles, boxes, YELLOW, ncols, wide, title)


def _layout(n: int, sizes: tuple[float, float]) -> tuple[int, float]:
    """Return tiles per row, and the width of a tile in inches."""
    ncols = max(1, min(n, math.ceil(math.sqrt(1.5 * n))))
    wide = float(np.clip(ROW / ncols, *sizes))
    return max(1, min(ncols, int(ROW / wide))), wide


def _draw(
    tiles: np.ndarray,
    boxes: Sequence[np.ndarray],
    color: str,
    ncols: int,
    wide: float,
    title: str,
    captions: Sequence[str] = (),
) -> tuple[Figure, Axes]:
    """Draw tiles as one picture, and all boxes as one artist on it."""
    from matplotlib.collections import PolyCollection

    n, height, width, _ = tiles.shape
    per_inch = width / wide
    fitted = fit_captions(captions, wide)
    gap = round(height_of_captions(wide, fitted.lines) * per_inch)
    pad = max(2, round(0.03 * width))
    picture = montage(tiles, ncols, pad, gap=gap)
    high = picture.shape[0] / per_inch
    fig, ax = new_axes(figsize=(max(picture.shape[1] / per_inch + 0.2, 3.0), high + TITLE))
    position_axes(ax, 0.0, high)
    ax.imshow(picture)
    ax.set_axis_off()
    ax.set_title(title, fontsize=11, parse_math=False)
    corners = tile_corners(n, height, width, ncols=ncols, pad=pad, gap=gap) - 0.5
    around = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    outlines = [
        corner + box[:2] + around * box[2:]
        for corner, some in zip(corners, boxes, strict=True)
        for box in some
        if box[2] > 0
    ]
    ax.add_collection(
        PolyCollection(outlines, facecolors="none", edgecolors=color, lw=1.3), autolim=False
    )
    if fitted.words:
        fitted.write(ax, corners + [width / 2, height])
    return fig, ax
