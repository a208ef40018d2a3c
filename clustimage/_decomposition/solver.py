"""Which way PCA takes to its components, by arithmetic: for the run and for its plan."""

from __future__ import annotations

from dataclasses import dataclass, replace

from clustimage._core.budget import Budget
from clustimage._core.free_memory import format_bytes
from clustimage._decomposition.krylov import (
    DIRECTIONS_PER_PASS,
    PIXELS_PER_SLICE,
    directions_for,
)
from clustimage._decomposition.products import (
    BLOCK_SIDE,
    COLUMNS_PER_PASS,
    EXACT_TERMS,
    FILE_BYTES,
    SUMS_PER_PASS,
    rows_per_block,
)

__all__ = [
    "Solver",
    "choose_solver",
    "count_in",
    "expected_count",
    "randomised_bytes",
    "projected_bytes",
]

LARGE = 2500  # images and pixels beyond which the full eigenvalue problem is avoided
SQUARES = 5  # matrices that the solver of the full problem works with, its input included
# A share 1 - x of the variance takes about x ** -FALL components: of pixels, of all else.
FALL = {True: 2.25, False: 2.55}


@dataclass(frozen=True)
class Solver:
    """One way to the components of `n` images of `d` pixels.

    Attributes
    ----------
    name : {"gram", "covariance", "left", "right"}
        The full eigenvalue problem of images × images or pixels × pixels; or a growing
        space of random directions, one number for each image or for each pixel.
    why : str
        How it was chosen.
    peak, least : int
        Bytes of memory: expected at the peak, and without which it cannot begin.
    exact : int
        Bytes at the peak of the exact way.
    forced : bool
        True where without a budget it would be the exact one.
    """

    name: str
    why: str
    peak: int
    least: int
    exact: int = 0
    forced: bool = False

    @property
    def is_random(self) -> bool:
        """Whether the components are found by random directions."""
        return self.name in ("left", "right")

    @property
    def words(self) -> str:
        """What it does."""
        return {
            "gram": "exact PCA by the products of the images",
            "covariance": "exact PCA by the covariance of the columns",
        }.get(self.name, "randomised PCA")


def expected_count(wanted: int | float, n: int, d: int, *, pixels: bool = True) -> int:
    """Return about how many components are wanted of `n` images of `d` values.

    A count is known. For a share it is a rule of thumb, measured on photos of 128 by 128
    pixels: 95 % of the variance takes 140 (of 32 by 32, enlarged) to 850 components, and
    that of their HOG descriptors about 2,000, as far as there are so many.

    Examples
    --------
    >>> expected_count(50, 1000, 49_152), expected_count(0.95, 1000, 49_152)
    (50, 458)
    """
    if isinstance(wanted, int):
        return wanted
    limit = min(n, d)
    share: float = (1 - wanted) ** FALL[pixels]
    return max(1, round(1 / (share + 1 / limit)))


def count_in(size: int, wanted: int | float) -> int:
    """Return about how many components `size` directions are enough for."""
    return wanted if isinstance(wanted, int) else max(1, (size - 2 * DIRECTIONS_PER_PASS) // 2)


def choose_solver(
    n: int,
    d: int,
    wanted: int | float,
    *,
    solver: str = "auto",
    budget: Budget | None = None,
    pixels: bool = True,
) -> Solver:
    """Return the way to take.

    Parameters
    ----------
    n, d : int
        Images, and pixels or other values of each.
    wanted : int or float
        Number of components, or share of the variance.
    solver : {"auto", "full", "randomized"}
        As in `PCAExtractor`.
    budget : Budget, optional
        Where the full problem does not fit into it, random directions are taken. None
        allows everything.
    pixels : bool
        True for bytes, whose products are in single precision.

    Examples
    --------
    >>> choose_solver(1000, 49_152, 0.95).name, choose_solver(60_000, 64, 0.95).name
    ('gram', 'covariance')
    >>> choose_solver(60_000, 49_152, 0.95).name
    'right'
    """
    small, count = min(n, d), expected_count(wanted, n, d, pixels=pixels)
    exact = _exact_bytes(n, d, count, pixels)
    left = 4 * n < d
    size = directions_for(count, small)
    first = (
        min(small, max(count, DIRECTIONS_PER_PASS))
        if isinstance(wanted, int)
        else min(small, DIRECTIONS_PER_PASS)
    )
    least = randomised_bytes(n, d, first, count_in(first, wanted), left, pixels)
    peak = max(least, randomised_bytes(n, d, size, count, left, pixels))
    sides = f"the smaller of {n:,} images and {d:,} columns is"
    full = Solver("gram" if n <= d else "covariance", "", exact, exact, exact)
    grown = Solver("left" if left else "right", "", peak, least, exact)
    if isinstance(wanted, int) and wanted > small // 2:
        return replace(full, why=f"{wanted:,} components are more than half of all {small:,}")
    if solver != "auto":
        return replace(full if solver == "full" else grown, why=f"solver={solver!r}")
    if small > LARGE:
        return replace(grown, why=f"{sides} more than {LARGE:,}")
    if budget is not None and not budget.allows(exact) and peak < exact:
        takes = f"the exact way takes {format_bytes(exact)}, more than is allowed ({budget.words})"
        return replace(grown, why=takes, forced=True)
    return replace(full, why=f"{sides} at most {LARGE:,}")


def _exact_bytes(n: int, d: int, count: int, pixels: bool) -> int:
    """Return the bytes at the peak of the full eigenvalue problem."""
    small, long, itemsize = min(n, d), max(n, d), 4 if pixels else 8
    square = 8 * small**2
    start = itemsize * rows_per_block(n, d) * d + 24 * d
    product = square + itemsize * small * (small + min(EXACT_TERMS, long))
    end = square + 24 * small * count + 4 * count * d
    if n <= d:
        end += 8 * max(
            min(SUMS_PER_PASS, count * min(d, COLUMNS_PER_PASS)), count * min(d, BLOCK_SIDE)
        )
        end += 8 * min(n, BLOCK_SIDE) * min(d, BLOCK_SIDE)
    return max(start, product, SQUARES * square, end) + min(n * d, FILE_BYTES)


def randomised_bytes(n: int, d: int, size: int, count: int, left: bool, pixels: bool) -> int:
    """Return the bytes at the peak of finding `count` components with `size` directions."""
    long, width, itemsize = n if left else d, min(DIRECTIONS_PER_PASS, size), 4 if pixels else 8
    basis = itemsize * long * size + SQUARES * 8 * size**2
    block = itemsize * rows_per_block(n, d) * d + min(n * d, FILE_BYTES)
    walk = block + 4 * itemsize * max(long, d) * width + 4 * max(n, d) * width
    end = 4 * count * d + 12 * min(PIXELS_PER_SLICE, long) * (size + count)
    if left:
        end += (
            24 * n * count
            + 8 * min(SUMS_PER_PASS, count * min(d, COLUMNS_PER_PASS))
            + 8 * BLOCK_SIDE * BLOCK_SIDE
        )
    return basis + max(walk, end)


def projected_bytes(n: int, d: int, count: int) -> int:
    """Return the bytes at the peak of projecting on components that are there."""
    lines = min(n, BLOCK_SIDE)
    work = 8 * (lines * min(d, BLOCK_SIDE) + count * min(d, BLOCK_SIDE) + 3 * lines * count)
    return 4 * n * count + 4 * count * d + work + min(n * d, FILE_BYTES)
