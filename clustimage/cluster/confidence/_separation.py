"""How well clusters are parted: by the labels of neighbours, and by gaps between centres."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from clustimage._core.batches import row_blocks
from clustimage._distances.blocks import block_distances
from clustimage.cluster.confidence._dip_test import is_multimodal

__all__ = ["is_parted", "neighbour_distances", "neighbour_purity", "parted_share"]

N_NEIGHBOURS = 10


def neighbour_purity(rows: np.ndarray, labels: np.ndarray, metric: str = "euclidean") -> float:
    """Return the share of the ten nearest rows that have the same label, above chance.

    With p that share and q the one among labels drawn at random, ``(p - q) / (1 - q)``.

    Parameters
    ----------
    rows : ndarray of float, shape (n, d)
        Features.
    labels : ndarray of int, shape (n,)
        Labels; rows with negative ones are left out.
    metric : str, default="euclidean"
        One of `METRICS`.

    Returns
    -------
    float
        1 where neighbours are always in one cluster, 0 by chance; 0 for one cluster.
    """
    inside = np.flatnonzero(labels >= 0)
    rows, labels = rows[inside], labels[inside]
    n = len(rows)
    k = min(N_NEIGHBOURS, n - 1)
    chance = float(((np.bincount(labels) / max(n, 1)) ** 2).sum()) if n else 1.0
    if k < 1 or chance >= 1:
        return 0.0
    same = 0.0
    for at, distances in _distances_to_others(rows, metric):
        nearest = np.argpartition(distances, k - 1, axis=1)[:, :k]
        same += float((labels[nearest] == labels[at][:, None]).sum())
    return (same / (n * k) - chance) / (1 - chance)


def neighbour_distances(rows: np.ndarray, metric: str = "euclidean") -> np.ndarray:
    """Return the distance of each row to its tenth nearest other row, or the farthest of fewer.

    Parameters
    ----------
    rows : ndarray of float, shape (n, d)
        At least 2.
    metric : str, default="euclidean"
        One of `METRICS`.

    Returns
    -------
    ndarray of float64, shape (n,)
    """
    k = min(N_NEIGHBOURS, len(rows) - 1)
    found = [
        np.partition(distances, k - 1, axis=1)[:, k - 1]
        for _, distances in _distances_to_others(rows, metric)
    ]
    return np.concatenate(found)


def _distances_to_others(rows: np.ndarray, metric: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield positions of rows, and their distances to all rows; infinite to themselves."""
    n, measure = len(rows), block_distances(rows, metric)
    for block in row_blocks(n, n):
        distances = measure(block, slice(None))
        at = np.arange(block.start, block.stop)
        distances[np.arange(len(at)), at] = np.inf
        yield at, distances


def is_parted(one: np.ndarray, other: np.ndarray) -> bool:
    """Return whether there is a gap between two clusters, by the dip test.

    The rows are projected on the line between the two centres. In many columns any two centres
    lie apart from each other along their own rows: so the centres of every second row are those
    of the line for the rest, and the other way round.

    Parameters
    ----------
    one, other : ndarray of float, shape (n, d) and (m, d)
        Rows of the two.

    Returns
    -------
    bool
    """
    if min(len(one), len(other)) < 2:
        return False
    halves = []
    for left, right in ((0, 1), (1, 0)):
        start, end = one[left::2].mean(axis=0), other[left::2].mean(axis=0)
        line, middle = end - start, (end + start) / 2
        length = np.linalg.norm(line)
        if length == 0:
            return False
        rest = np.vstack([one[right::2], other[right::2]])
        halves.append((rest - middle) @ (line / length))
    return is_multimodal(np.concatenate(halves))


def parted_share(rows: np.ndarray, labels: np.ndarray) -> float:
    """Return the share of rows in clusters that are parted from the nearest other cluster.

    Parameters
    ----------
    rows : ndarray of float, shape (n, d)
        Features.
    labels : ndarray of int, shape (n,)
        Labels 0 to k - 1; rows with negative ones are in no cluster.

    Returns
    -------
    float
        0 to 1.
    """
    names, sizes = np.unique(labels[labels >= 0], return_counts=True)
    if len(names) < 2:
        return 0.0
    centres = np.stack([rows[labels == name].mean(axis=0) for name in names])
    squares = ((centres[:, None, :] - centres[None, :, :]) ** 2).sum(axis=-1)
    np.fill_diagonal(squares, np.inf)
    nearest = squares.argmin(axis=1)
    parted = [
        is_parted(rows[labels == names[a]], rows[labels == names[b]]) for a, b in enumerate(nearest)
    ]
    return float(sizes[np.array(parted)].sum() / len(labels))
