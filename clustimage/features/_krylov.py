"""Leading singular directions of many large images, without their full Gram matrix."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from clustimage.features._blocks import apply_gram

__all__ = ["count_for", "leading_directions"]

BLOCK = 128  # directions added per walk through the pixels
TOLERANCE = 2e-4  # of the total variance: growing stops when less is gained by a walk


def count_for(wanted: int | float, shares: npt.NDArray[np.float64]) -> int | None:
    """Return how many components `wanted` means, None where `shares` do not reach it.

    Parameters
    ----------
    wanted : int or float
        A count, or a share of the variance that is to be exceeded.
    shares : ndarray of shape (m,), float64
        Share of the variance of each component, largest first.
    """
    if isinstance(wanted, int):
        return wanted if wanted <= len(shares) else None
    count = int(np.searchsorted(np.cumsum(shares), wanted, side="right")) + 1
    return count if count <= len(shares) else None


def leading_directions(
    rows: npt.NDArray[Any],
    mean: npt.NDArray[np.float64],
    wanted: int | float,
    total: float,
    generator: np.random.RandomState,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Find the leading eigenvalues of the Gram matrix by a growing block Krylov space.

    Each walk through the pixels multiplies the newest block of directions by the
    Gram matrix and adds what is new of it to the basis. The walks end when the
    leading components reach the wanted count or share and one more block would
    no longer change what they hold [1]_.

    Parameters
    ----------
    rows : ndarray of shape (n, d), uint8 or floating
        One image per row.
    mean : ndarray of shape (d,), float64
        Mean of the rows.
    wanted : int or float
        Number of components, or share of the variance.
    total : float
        Sum of all eigenvalues, to which shares refer.
    generator : numpy.random.RandomState
        Draws the first block.

    Returns
    -------
    values : ndarray of shape (m,), float64
        Eigenvalues found, largest first; the later ones are lower bounds.
    vectors : ndarray of shape (n, m), float64
        Their eigenvectors, of length 1.

    References
    ----------
    .. [1] Musco C, Musco C (2015). Randomized block Krylov methods for stronger
       and faster approximate singular value decomposition. NeurIPS 28.
    """
    n = len(rows)
    limit = min(n - 1, rows.shape[1])  # centring takes one
    width = min(BLOCK, wanted + 16) if isinstance(wanted, int) else BLOCK
    fresh = generator.standard_normal((n, min(width, limit)))
    basis = np.empty((n, 0))
    inner = np.empty((0, 0))
    before = np.empty(0)
    while True:
        # Directions that nothing new is left of come out as rounding; the second
        # pass and the centring keep even those orthogonal to the basis.
        for _ in range(2):
            fresh -= fresh.mean(axis=0)
            fresh -= basis @ (basis.T @ fresh)
            fresh = np.linalg.qr(fresh)[0]
        image = apply_gram(rows, mean, fresh)
        basis = np.hstack([basis, fresh])
        inner = _bordered(inner, basis.T @ image)
        values = np.maximum(np.linalg.eigvalsh(inner)[::-1], 0)
        shares = np.cumsum(values) / total
        count = count_for(wanted, values / total)
        room = limit - basis.shape[1]
        settled = (
            count is not None
            and len(before) >= count
            and abs(shares[count - 1] - before[count - 1]) < TOLERANCE
        )
        if settled or room == 0:
            break
        before = shares
        fresh = image[:, :room]
    values, turn = np.linalg.eigh(inner)
    return np.maximum(values[::-1], 0), basis @ turn[:, ::-1]


def _bordered(
    inner: npt.NDArray[np.float64], columns: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Grow a symmetric matrix by its new last columns."""
    old, size = len(inner), len(columns)
    grown = np.empty((size, size))
    grown[:old, :old] = inner
    grown[:, old:] = columns
    grown[old:, :old] = columns[:old].T
    grown[old:, old:] = (columns[old:] + columns[old:].T) / 2
    return grown
