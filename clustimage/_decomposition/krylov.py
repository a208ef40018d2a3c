"""Leading principal directions of many large images, without their full Gram matrix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from clustimage._decomposition.covariance import apply_covariance, matmat, rmatmat
from clustimage._decomposition.products import left_to_right, on_grid

__all__ = ["BLOCK", "count_for", "directions_for", "leading_components"]

BLOCK = 96  # directions added per walk through the pixels
TOLERANCE = 2e-5  # of the total variance: growing stops when less is gained by a walk
LITTLE = 0.1  # length that must be left of a direction of length 1 in the second pass
SLICE = 2048  # pixels of all directions that are put together at a time

Floats = npt.NDArray[np.floating[Any]]
Operator = Callable[[Floats, str], Floats]


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


def directions_for(count: int, limit: int) -> int:
    """Return about how many directions it takes until `count` components are right.

    Measured on photos of 128 by 128 pixels, of which 140 to 850 components were wanted.
    """
    return min(limit, 2 * count + 2 * BLOCK)


def leading_components(
    rows: npt.NDArray[Any],
    mean: npt.NDArray[np.float64],
    wanted: int | float,
    total: float,
    generator: np.random.RandomState,
    *,
    left: bool,
    grow: Callable[[int, float], None] = lambda size, share: None,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float32]]:
    """Find the leading eigenvalues and components by a growing block Krylov space.

    Each walk through the pixels multiplies the newest block of directions by the
    covariance of the pixels (or, with `left`, by the Gram matrix of the images, in two
    walks) and adds what is new of it to the basis. The walks end when the leading
    components reach the wanted count or share and one more block would no longer
    change what they hold [1]_.

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
    left : bool
        Hold directions of length n in place of d.
    grow : callable, optional
        Called with a number of directions and the share of the variance that is in the
        present ones, before there are so many; may raise.

    Returns
    -------
    values : ndarray of shape (m,), float64
        Eigenvalues found, largest first; the later ones are lower bounds.
    components : ndarray of shape (k, d), float32
        Of length 1, on the grid of `on_grid`.

    References
    ----------
    .. [1] Musco C, Musco C (2015). Randomized block Krylov methods for stronger
       and faster approximate singular value decomposition. NeurIPS 28.
    """
    n, d = rows.shape
    limit = min(n - 1, d)  # centring takes one
    width = min(BLOCK, wanted + 16, limit) if isinstance(wanted, int) else min(BLOCK, limit)
    grow(width, 0.0)

    def by_gram(block: Floats, desc: str) -> Floats:
        return matmat(rows, mean, rmatmat(rows, mean, block, desc), desc)

    def by_covariance(block: Floats, desc: str) -> Floats:
        return apply_covariance(rows, mean, block, desc)

    # Random mixtures of the images (of the pixels) have no part outside of what they span.
    turn, operator = (matmat, by_gram) if left else (rmatmat, by_covariance)
    start = _random(generator, d if left else n, width)
    fresh = turn(rows, mean, start, "Extracting PCA: pass 1")
    values, turned, basis = _grown(operator, fresh, wanted, total, limit, grow)
    lacking = max(0, wanted - len(values)) if isinstance(wanted, int) else 0
    values, turned = np.pad(values, (0, lacking)), np.pad(turned, ((0, 0), (0, lacking)))
    # What is below this is rounding, with no direction of its own.
    values[values <= np.finfo(np.float64).eps * max(n, d) * values[0]] = 0
    count = count_for(wanted, values / total) or len(values)
    kept, turned = values[:count], np.where(values[:count] > 0, turned[:, :count], 0)
    if not left:
        return values, _combined(basis, turned, np.float32)
    scale = np.sqrt(np.where(kept > 0, kept, 1))
    vectors = _combined(basis, turned, np.float64).T / scale
    basis.clear()
    return values, left_to_right(rows, mean, vectors)


def _grown(
    operator: Operator,
    fresh: Floats,
    wanted: int | float,
    total: float,
    limit: int,
    grow: Callable[[int, float], None],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], list[Floats]]:
    """Return the eigenvalues in the grown space, their vectors in terms of its basis, and that."""
    basis: list[Floats] = []
    inner = np.empty((0, 0))
    before, said = np.empty(0), ""
    while True:
        new = _orthogonal(fresh, basis)
        if not new.shape[1]:
            break
        basis.append(new)
        image = operator(basis[-1], f"Extracting PCA: pass {len(basis) + 1}{said}")
        inner = _bordered(inner, np.concatenate([part.T @ image for part in basis]))
        held = float(np.trace(inner)) / total
        settled, shares = False, np.empty(0)
        # Whatever its eigenvalues are, there are so many of them, and they hold so much.
        if held > wanted if isinstance(wanted, float) else len(inner) >= wanted:
            values = np.maximum(np.linalg.eigvalsh(inner)[::-1], 0) / total
            shares, count = np.cumsum(values), count_for(wanted, values)
            settled = (
                count is not None
                and len(before) >= count
                and abs(shares[count - 1] - before[count - 1]) < TOLERANCE
            )
        room = limit - len(inner)
        if settled or room == 0:
            break
        before, said = shares, f", {held:.1%} of variance"
        fresh = image[:, :room]
        grow(len(inner) + fresh.shape[1], held)
    found, vectors = np.linalg.eigh(inner)
    return np.maximum(found[::-1], 0), vectors[:, ::-1], basis


def _random(generator: np.random.RandomState, n: int, width: int) -> npt.NDArray[np.float32]:
    """Return normal random numbers of shape (n, width)."""
    out = np.empty((n, width), dtype=np.float32)
    for start in range(0, n, SLICE):
        part = out[start : start + SLICE]
        part[:] = generator.standard_normal(part.shape)
    return out


def _orthogonal(fresh: Floats, basis: list[Floats]) -> Floats:
    """Return an orthonormal basis of what is new in `fresh`; it may have less columns, or none.

    What is left of a direction at the level of rounding is nothing new. The second pass
    takes out what rounding has left of the old directions in the first one.
    """
    least = 16 * np.finfo(fresh.dtype).eps * np.sqrt(np.linalg.norm(_products(fresh), 2))
    for floor in (least, LITTLE):
        for part in basis:
            fresh = fresh - part @ (part.T @ fresh)
        fresh = _orthonormal(fresh, floor)
    return fresh


def _products(block: Floats) -> npt.NDArray[np.float64]:
    """Return ``block.T @ block``, made from a few rows at a time."""
    products = np.zeros((block.shape[1],) * 2)
    for start in range(0, len(block), SLICE):
        some = block[start : start + SLICE].astype(np.float64)
        products += some.T @ some
    return products


def _orthonormal(block: Floats, floor: float) -> Floats:
    """Return an orthonormal basis of the directions of `block` that are longer than `floor`.

    From the eigenvectors of their products: many times as fast as a QR or a singular value
    decomposition of tall blocks.
    """
    squares, vectors = np.linalg.eigh(_products(block))
    long = squares > floor**2
    turn = vectors[:, long] / np.sqrt(squares[long])
    out = np.empty((len(block), turn.shape[1]), dtype=block.dtype)
    for start in range(0, len(block), SLICE):
        some = block[start : start + SLICE].astype(np.float64)
        out[start : start + SLICE] = some @ turn
    return out


def _bordered(inner: npt.NDArray[np.float64], columns: Floats) -> npt.NDArray[np.float64]:
    """Grow a symmetric matrix by its new last columns."""
    old, size = len(inner), len(columns)
    grown = np.empty((size, size))
    grown[:old, :old] = inner
    grown[:, old:] = columns
    grown[old:, :old] = columns[:old].T
    grown[old:, old:] = (columns[old:] + columns[old:].T) / 2
    return grown


def _combined(basis: list[Floats], turned: npt.NDArray[np.float64], kind: Any) -> Any:
    """Return ``(hstack(basis) @ turned).T`` on the grid, made from a few pixels at a time."""
    size = len(basis[0])
    out = np.empty((turned.shape[1], size), dtype=kind)
    for start in range(0, size, SLICE):
        some = np.concatenate([part[start : start + SLICE] for part in basis], axis=1)
        out[:, start : start + SLICE] = on_grid((some @ turned).T)
    return out
