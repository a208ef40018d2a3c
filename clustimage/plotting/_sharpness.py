"""Whether an average of images shows what they have in common, or is a blur."""

from __future__ import annotations

import numpy as np

from clustimage.images import to_gray
from clustimage.plotting._montage import colorize, evenly, fit_side
from clustimage.plotting._pictures import row_pixels

__all__ = ["SHARP", "shared_gradients", "sharp_averages"]

# An average is sharp where the edges of its images agree by this much. Of 1,000 photos of ten
# kinds they agree by less than 0.05 within a kind, and by less than 0.16 in each of 60
# clusters; by 0.29 to 0.5 in nine of ten sets of photos of one face; by more than 0.23 in
# copies that are moved by up to 3 of 128 pixels; by more than 0.4 in handwritten digits.
SHARP = 0.2
# Pixels of the longer side at which edges are compared: there those of faces still meet.
SIDE = 32
# Images of a cluster that are compared.
MAX_COMPARED = 16


def sharp_averages(images: np.ndarray, labels: np.ndarray, clusters: np.ndarray) -> np.ndarray:
    """Tell of which clusters the average image is sharp.

    Parameters
    ----------
    images : array of shape (n, height, width) or (n, height, width, 3), uint8
        Gray or RGB, in memory or in a file.
    labels : array of shape (n,)
        The cluster of each image.
    clusters : array of shape (k,)
        Those that are asked for.

    Returns
    -------
    array of bool, shape (k,)
        Of a cluster of one image, True. Of one of more than 16, that many are compared, spread
        evenly.
    """
    members = [np.flatnonzero(labels == label) for label in clusters.tolist()]
    some = [rows[evenly(len(rows), MAX_COMPARED)] for rows in members]
    every = np.concatenate([np.zeros(0, dtype=np.int64), *some])
    small: list[np.ndarray] = [np.zeros(0)] * len(every)
    for at, pixels in row_pixels(images, every):
        for i, one in zip(at.tolist(), to_gray(fit_side(colorize(pixels), SIDE)), strict=True):
            small[i] = one
    sharp = np.ones(len(clusters), dtype=bool)
    first = 0
    for i, rows in enumerate(some):
        compared, first = small[first : first + len(rows)], first + len(rows)
        if len(rows) > 1:
            sharp[i] = shared_gradients(np.stack(compared)) >= SHARP
    return sharp


def shared_gradients(images: np.ndarray) -> float:
    """Return how far the edges of images agree, from about 0 to 1.

    With `g` the gradients of an image: the mean of ``<g_i, g_j>`` over all pairs of images,
    divided by the mean of ``<g_i, g_i>``. That is the share of their strength that is left in
    the average, without the share that is left of unrelated images.

    Parameters
    ----------
    images : array of shape (n, height, width)
        Gray, at least 2.

    Returns
    -------
    float
        1 for equal images, also where they have no edges; about 0 for unrelated ones.

    Examples
    --------
    >>> noise = np.random.default_rng(0).integers(0, 256, (9, 16, 16))
    >>> abs(shared_gradients(noise)) < 0.1
    True
    >>> round(shared_gradients(noise[[0, 0, 0]]), 9)
    1.0
    """
    n, small = len(images), np.asarray(images, dtype=np.float64)
    down, across = np.diff(small, axis=1), np.diff(small, axis=2)
    gradients = np.concatenate([down.reshape(n, -1), across.reshape(n, -1)], axis=1)
    strength = float(np.square(gradients).sum(axis=1).mean())
    if strength == 0:
        return 1.0
    of_average = float(np.square(gradients.mean(axis=0)).sum())
    return (of_average / strength - 1 / n) / (1 - 1 / n)
