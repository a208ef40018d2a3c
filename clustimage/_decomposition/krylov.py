"""Leading principal directions of many large images, without their full Gram matrix."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from clustimage._core.picked_rows import Rows
from clustimage._decomposition.products import (
    apply_covariance,
    matmat,
    on_grid,
    right_vectors,
    rmatmat,
)

__all__ = ["count_for", "covariance_components", "directions_for", "krylov_components"]

DIRECTIONS_PER_PASS = 96  # added by a pass over the pixels
TOLERANCE = 2e-5  # share of the variance: the last pass is one that gains less
MIN_NEW_LENGTH = 0.1  # what is left of a direction of length 1 when it is cleaned once more
PIXELS_PER_SLICE = 2048  # of all directions, worked on at a time

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
    return min(limit, 2 * count + 2 * DIRECTIONS_PER_PASS)


def krylov_components(
    rows: Rows,
    mean: npt.NDArray[np.float64],
    wanted: int | float,
    total: float,
    generator: np.random.RandomState,
    *,
    left: bool,
    before_pass: Callable[[int, float], None] = lambda size, share: None,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float32]]:
    """Find the leading eigenvalues and components by a randomised block Krylov method.

    Each pass over the pixels multiplies the newest block of directions by the
    covariance of the pixels (or, with `left`, by the Gram matrix of the images, in two
    passes) and adds what is new of it to the basis. The passes end when the leading
    components reach the wanted count or share and one more block would no longer
    change their variance [1]_.

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
    before_pass : callable, optional
        Called with the number of directions that there will be, and the share of the
        variance that is in the present ones; may raise.

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
    width = min(DIRECTIONS_PER_PASS, limit)
    width = min(width, wanted + 16) if isinstance(wanted, int) else width
    before_pass(width, 0.0)

    def by_gram(block: Floats, desc: str) -> Floats:
        return matmat(rows, mean, rmatmat(rows, mean, block, desc), desc)

    def by_covariance(block: Floats, desc: str) -> Floats:
        return apply_covariance(rows, mean, block, desc)

    # Random combinations of the images (of the pixels) have nothing outside of what they span.
    product, operator = (matmat, by_gram) if left else (rmatmat, by_covariance)
    start = _random(generator, d if left else n, width)
    block = product(rows, mean, start, "Extracting PCA: pass 1")
    values, weights, basis = _krylov_space(operator, block, wanted, total, limit, before_pass)
    values, weights = _kept(values, weights, wanted, total, max(n, d))
    kept = values[: weights.shape[1]]
    if not left:
        return values, _combined(basis, weights, np.float32)
    scale = np.sqrt(np.where(kept > 0, kept, 1))
    vectors = _combined(basis, weights, np.float64).T / scale
    basis.clear()
    return values, right_vectors(rows, mean, vectors)


def covariance_components(
    operator: Operator,
    n: int,
    d: int,
    wanted: int | float,
    total: float,
    generator: np.random.RandomState,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float32]]:
    """Do what `krylov_components` does, for `n` rows of `d` values that are not at hand.

    Parameters
    ----------
    operator : callable
        Returns the product of the covariance matrix, times n, and directions (d, b); its second
        argument are the words of a progress bar.
    n, d, wanted, total, generator
        As for `krylov_components`.

    Returns
    -------
    values, components
        As of `krylov_components`.
    """
    limit = min(n - 1, d)
    width = min(DIRECTIONS_PER_PASS, limit)
    width = min(width, wanted + 16) if isinstance(wanted, int) else width
    block = operator(_random(generator, d, width), "Extracting PCA: pass 1")
    values, weights, basis = _krylov_space(
        operator, block, wanted, total, limit, lambda size, share: None
    )
    values, weights = _kept(values, weights, wanted, total, max(n, d))
    return values, _combined(basis, weights, np.float32)


def _kept(
    values: npt.NDArray[np.float64],
    weights: npt.NDArray[np.float64],
    wanted: int | float,
    total: float,
    size: int,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return all eigenvalues, and the vectors of those that are wanted."""
    lacking = max(0, wanted - len(values)) if isinstance(wanted, int) else 0
    values, weights = np.pad(values, (0, lacking)), np.pad(weights, ((0, 0), (0, lacking)))
    # What is below this is rounding, with no direction of its own.
    values[values <= np.finfo(np.float64).eps * size * values[0]] = 0
    count = count_for(wanted, values / total) or len(values)
    return values, np.where(values[:count] > 0, weights[:, :count], 0)


def _krylov_space(
    operator: Operator,
    block: Floats,
    wanted: int | float,
    total: float,
    limit: int,
    before_pass: Callable[[int, float], None],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], list[Floats]]:
    """Return the eigenvalues in the space, their vectors in terms of its basis, and the basis."""
    basis: list[Floats] = []
    inner = np.empty((0, 0))
    before, words = np.empty(0), ""
    while True:
        new = _orthogonal(block, basis)
        if not new.shape[1]:
            break
        basis.append(new)
        image = operator(basis[-1], f"Extracting PCA: pass {len(basis) + 1}{words}")
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
        if settled or len(inner) == limit:
            break
        before, words = shares, f", {held:.1%} of variance"
        block = image[:, : limit - len(inner)]
        before_pass(len(inner) + block.shape[1], held)
    found, vectors = np.linalg.eigh(inner)
    return np.maximum(found[::-1], 0), vectors[:, ::-1], basis


def _random(generator: np.random.RandomState, n: int, width: int) -> npt.NDArray[np.float32]:
    """Return normal random numbers of shape (n, width)."""
    out = np.empty((n, width), dtype=np.float32)
    for lines in _slices(n):
        out[lines] = generator.standard_normal(out[lines].shape)
    return out


def _slices(size: int) -> Iterator[slice]:
    for start in range(0, size, PIXELS_PER_SLICE):
        yield slice(start, start + PIXELS_PER_SLICE)


def _orthogonal(block: Floats, basis: list[Floats]) -> Floats:
    """Return an orthonormal basis of what is new in `block`; it may have fewer columns, or none.

    What is left of a direction at the level of rounding is nothing new. The second time
    takes out what rounding has left of the old directions in the first one.
    """
    rounding = 16 * np.finfo(block.dtype).eps * np.sqrt(np.linalg.norm(_products(block), 2))
    for min_length in (rounding, MIN_NEW_LENGTH):
        for part in basis:
            block = block - part @ (part.T @ block)
        block = _orthonormal(block, min_length)
    return block


def _products(block: Floats) -> npt.NDArray[np.float64]:
    """Return ``block.T @ block``, made from a few rows at a time."""
    products = np.zeros((block.shape[1],) * 2)
    for lines in _slices(len(block)):
        some = block[lines].astype(np.float64)
        products += some.T @ some
    return products


def _orthonormal(block: Floats, min_length: float) -> Floats:
    """Return an orthonormal basis of the directions of `block` longer than `min_length`.

    From the eigenvectors of their products: many times as fast as a QR or a singular value
    decomposition of tall blocks.
    """
    squares, vectors = np.linalg.eigh(_products(block))
    long = squares > min_length**2
    weights = vectors[:, long] / np.sqrt(squares[long])
    out = np.empty((len(block), weights.shape[1]), dtype=block.dtype)
    for lines in _slices(len(block)):
        out[lines] = block[lines].astype(np.float64) @ weights
    return out


def _bordered(inner: npt.NDArray[np.float64], columns: Floats) -> npt.NDArray[np.float64]:
    """Extend a symmetric matrix by its new last columns."""
    old, size = len(inner), len(columns)
    out = np.empty((size, size))
    out[:old, :old] = inner
    out[:, old:] = columns
    out[old:, :old] = columns[:old].T
    out[old:, old:] = (columns[old:] + columns[old:].T) / 2
    return out


def _combined(basis: list[Floats], weights: npt.NDArray[np.float64], kind: Any) -> Any:
    """Return ``(hstack(basis) @ weights).T`` on the grid, made from a few pixels at a time."""
    out = np.empty((weights.shape[1], len(basis[0])), dtype=kind)
    for lines in _slices(len(basis[0])):
        some = np.concatenate([part[lines] for part in basis], axis=1)
        out[:, lines] = on_grid((some @ weights).T)
    return out
