"""One colour per cluster: as many as are needed, far apart also for colour-blind eyes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

import numpy as np

__all__ = ["NOISE", "label_colors", "palette", "seen_as", "seen_by"]

NOISE = "#9e9e9e"
NO_DATA = "#cfcfcf"
MAX_COLORS = 1024

# Six of the eight colours of Okabe and Ito (2008); their black is left for text and their
# yellow is too faint for dots on white.
FIRST = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")

# Linear RGB as seen without the green and without the red cones: Machado, Oliveira and
# Fernandes (2009), IEEE TVCG 15(6), table 1, severity 1.0.
VISIONS: dict[str, np.ndarray] = {
    "normal": np.eye(3),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
}

# Colour-blind eyes see fewer colours; asked to be as far apart for them as for others, all
# colours would differ by lightness alone. So a distance counts less for the normal eye.
WEIGHTS = {"normal": 0.4, "deuteranopia": 1.0, "protanopia": 1.0}

# Linear RGB to the cones' responses, and their cube roots to OKLab: Ottosson (2020),
# https://bottosson.github.io/posts/oklab/
TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def seen_as(rgb: np.ndarray, vision: str = "normal") -> np.ndarray:
    """Return the OKLab coordinates of sRGB colours as an eye of this kind sees them.

    Parameters
    ----------
    rgb : array of shape (n, 3)
        sRGB, each value from 0 to 1.
    vision : {"normal", "deuteranopia", "protanopia"}, default="normal"
        The kind of eye.

    Returns
    -------
    array of shape (n, 3)
        Lightness from 0 to 1, green-red and blue-yellow. Euclidean distances are
        about proportional to how different two colours look.

    Examples
    --------
    >>> import numpy as np
    >>> white = seen_as(np.ones((1, 3)))
    >>> bool(np.allclose(white, [[1, 0, 0]], atol=1e-6))
    True
    """
    linear = _linear(np.asarray(rgb, dtype=float), vision)
    lab: np.ndarray = np.cbrt(linear @ TO_CONES.T) @ TO_LAB.T
    return lab


def seen_by(colors: Iterable[str], vision: str = "normal") -> np.ndarray:
    """Return colours as sRGB that looks to all as they look to an eye of this kind, (n, 3).

    Examples
    --------
    >>> seen_by(["#ff8000"]).round(2).tolist()
    [[1.0, 0.5, 0.0]]
    """
    linear = _linear(_from_hex(colors), vision)
    shown: np.ndarray = np.where(
        linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055
    )
    return shown


def _linear(rgb: np.ndarray, vision: str) -> np.ndarray:
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.clip(linear @ VISIONS[vision].T, 0, 1))


def _from_hex(names: Iterable[str]) -> np.ndarray:
    return np.array([[int(name[i : i + 2], 16) / 255 for i in (1, 3, 5)] for name in names])


@lru_cache(maxsize=8)
def _extended(size: int) -> tuple[str, ...]:
    """Return `size` colours: the first six, then always the one farthest from all before."""
    steps = np.arange(0, 256, 15) / 255
    offered = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    lab = seen_as(offered)
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    offered = offered[(lab[:, 0] > 0.38) & (lab[:, 0] < 0.82) & (chroma > 0.06)]
    views = [seen_as(offered, vision) for vision in VISIONS]

    nearest = np.full(len(offered), np.inf)
    chosen = list(FIRST[:size])
    for color in (*FIRST, NOISE, "#ffffff", "#000000"):
        _lower_to(nearest, views, _from_hex([color]))
    while len(chosen) < size:
        best = int(np.argmax(nearest))
        chosen.append("#" + "".join(f"{round(255 * part):02x}" for part in offered[best]))
        _lower_to(nearest, views, offered[best : best + 1])
    return tuple(chosen)


def _lower_to(nearest: np.ndarray, views: list[np.ndarray], color: np.ndarray) -> None:
    """Lower `nearest`, in place, to the distance from `color` in the worst of the views."""
    for lab, vision in zip(views, VISIONS, strict=True):
        distance = WEIGHTS[vision] * np.linalg.norm(lab - seen_as(color, vision), axis=1)
        np.minimum(nearest, distance, out=nearest)


def palette(size: int) -> tuple[str, ...]:
    """Return `size` colours, as ``"#rrggbb"``, for the clusters 0, 1, 2 …

    The first six are those of Okabe and Ito; each further one is the colour that is
    farthest from all before it, from white, black and gray, for the worst of normal,
    red-blind and green-blind eyes. The first colours are the same whatever the size,
    so that a cluster has one colour in every plot. After 1,024 they repeat.

    Examples
    --------
    >>> palette(2)
    ('#0072B2', '#D55E00')
    >>> len(set(palette(60)))
    60
    """
    colors = _extended(min(MAX_COLORS, max(32, 1 << (max(size, 1) - 1).bit_length())))
    return tuple(colors[i % MAX_COLORS] for i in range(size))


def label_colors(labels: Iterable[int], colors: Mapping[int, str] | None = None) -> dict[int, str]:
    """Return the colour of every label that occurs.

    Parameters
    ----------
    labels : iterable of int
        Labels of clusters; -1 (unclustered) is gray and any other negative label
        (no data) a lighter gray.
    colors : mapping of int to str, optional
        Colours of some of them, which are taken as they are.

    Returns
    -------
    dict of int to str
        Sorted by label; colours as ``"#rrggbb"``.

    Examples
    --------
    >>> label_colors([1, 0, 1, -1])
    {-1: '#9e9e9e', 0: '#0072B2', 1: '#D55E00'}
    """
    different = sorted({int(label) for label in labels})
    given, usual = colors or {}, palette(max([*different, -1]) + 1)
    grays = {label: NOISE if label == -1 else NO_DATA for label in different if label < 0}
    own = {label: usual[label] for label in different if label >= 0}
    return {label: given.get(label, color) for label, color in (grays | own).items()}
