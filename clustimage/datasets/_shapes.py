"""Small pictures of five kinds of shapes, drawn by the program."""

from __future__ import annotations

import colorsys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from clustimage.datasets._store import stored_files

__all__ = ["SHAPES", "make_shapes"]

VERSION = 1  # of the images
SEED = 20
SIZE = 96  # side of a picture in pixels
OVERSAMPLING = 4  # drawn larger and averaged: smooth edges
PER_SHAPE = 40


def _regular(corners: int, first: float = 90.0) -> np.ndarray:
    """Return the corners of a regular polygon on the unit circle, `(corners, 2)`."""
    angles = np.deg2rad(first + np.arange(corners) * 360.0 / corners)
    return np.column_stack([np.cos(angles), -np.sin(angles)])


def _circle() -> np.ndarray:
    return _regular(90)


def _square() -> np.ndarray:
    return _regular(4, first=45.0)


def _triangle() -> np.ndarray:
    return _regular(3)


def _star() -> np.ndarray:
    points = _regular(10)
    points[1::2] *= 0.42
    return points


def _cross() -> np.ndarray:
    quarter = np.array([[0.3, 1.0], [0.3, 0.3], [1.0, 0.3]])
    turns = [np.array([[c, -s], [s, c]]) for c, s in ((1, 0), (0, -1), (-1, 0), (0, 1))]
    return np.vstack([quarter @ turn.T for turn in turns])


SHAPES: dict[str, Callable[[], np.ndarray]] = {
    "circle": _circle,
    "cross": _cross,
    "square": _square,
    "star": _star,
    "triangle": _triangle,
}


def _draw(outline: np.ndarray, rng: np.random.Generator) -> Image.Image:
    """Return one picture: `outline` in a chance size, place, colour and turn, with noise."""
    side = SIZE * OVERSAMPLING
    angle = np.deg2rad(rng.uniform(-6.0, 6.0))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    centre = side / 2 + rng.uniform(-0.025, 0.025, size=2) * side
    corners = outline @ turn.T * rng.uniform(0.38, 0.44) * side + centre
    hue, backdrop = rng.uniform(), int(rng.integers(225, 256))
    colour = colorsys.hsv_to_rgb(hue, rng.uniform(0.6, 1.0), rng.uniform(0.35, 0.6))
    large = Image.new("RGB", (side, side), (backdrop, backdrop, backdrop))
    fill = (round(255 * colour[0]), round(255 * colour[1]), round(255 * colour[2]))
    ImageDraw.Draw(large).polygon([(float(x), float(y)) for x, y in corners], fill=fill)
    pixels = np.asarray(large.resize((SIZE, SIZE), Image.Resampling.BOX), dtype=np.float64)
    pixels = pixels + rng.normal(0.0, rng.uniform(0.0, 5.0), size=pixels.shape)
    return Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8))


def _write(folder: Path, per_shape: int) -> None:
    for number, (name, outline) in enumerate(SHAPES.items()):
        (folder / name).mkdir()
        for i in range(per_shape):
            picture = _draw(outline(), np.random.default_rng([SEED, number, i]))
            picture.save(folder / name / f"{name}_{i:02d}.png")


def make_shapes(dirpath: Path, *, per_shape: int = PER_SHAPE) -> list[str]:
    """Return the files of 200 pictures of circles, crosses, squares, stars and triangles.

    Parameters
    ----------
    dirpath : Path
        Folder that exists; the pictures are in its subfolder ``shapes``, one
        folder per shape. They are drawn once and the same on every machine that
        has the same version of Pillow.
    per_shape : int, default=40
        How many pictures of each shape, for a new folder.

    Returns
    -------
    list of str
        Absolute paths of the PNG files, 96 × 96 pixels, sorted; the name of a
        file's folder is the shape that it shows.
    """
    files = stored_files(dirpath / "shapes", VERSION, partial(_write, per_shape=per_shape))
    return [str(path) for path in files]
