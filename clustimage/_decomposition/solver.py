"""Which solver PCA uses, by arithmetic: for the run and for its plan."""

from __future__ import annotations

from dataclasses import dataclass, replace

from clustimage._core.memory import Budget, format_bytes
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

MAX_EXACT_SIZE = 2500  # images and pixels beyond which the full eigenvalue problem is avoided
N_MATRICES = 5  # matrices that the solver of the full problem works with, its input included
# A share 1 - x of the variance takes about x ** -COUNT_EXPONENT components: of pixels, of all else.
COUNT_EXPONENT = {True: 2.25, False: 2.55}


@dataclass(frozen=True)
class Solver:
    """One solver for the components of `n` images of `d` pixels.

    Attributes
    ----------
    name : {"gram", "covariance", "left", "right"}
        The full eigenvalue problem of images × images or pixels × pixels; or a
        Krylov space of random directions, one number for each image or for each pixel.
    why : str
        How it was chosen.
    peak, least : int
        Bytes of memory: expected at the peak, and without which it cannot begin.
    exact : int
        Bytes at the peak of the exact solver.
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
        return "randomised PCA" if self.is_random else f"exact PCA by the {self.name} matrix"


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
    share: float = (1 - wanted) ** COUNT_EXPONENT[pixels]
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
    """Return the solver for `wanted` components, or that share of the variance.

    `solver` is that of `PCAExtractor`. Where the full problem does not fit into the budget
    (None is no limit), random directions are taken. `pixels` are bytes, whose products are in
    single precision.

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
    first = max(count, DIRECTIONS_PER_PASS) if isinstance(wanted, int) else DIRECTIONS_PER_PASS
    first = min(small, first)
    least = randomised_bytes(n, d, first, count_in(first, wanted), left, pixels)
    peak = randomised_bytes(n, d, directions_for(count, small), count, left, pixels)
    full = Solver("gram" if n <= d else "covariance", "", exact, exact, exact)
    randomised = Solver("left" if left else "right", "", max(least, peak), least, exact)
    if isinstance(wanted, int) and wanted > small // 2:
        return replace(full, why=f"{wanted:,} components are more than half of all {small:,}")
    if solver != "auto":
        return replace(full if solver == "full" else randomised, why=f"solver={solver!r}")
    smaller = f"the smaller of {n:,} images and {d:,} columns is"
    if small > MAX_EXACT_SIZE:
        return replace(randomised, why=f"{smaller} more than {MAX_EXACT_SIZE:,}")
    if budget is not None and not budget.allows(exact) and randomised.peak < exact:
        why = f"exact PCA takes {format_bytes(exact)}, more than is allowed ({budget.words})"
        return replace(randomised, why=why, forced=True)
    return replace(full, why=f"{smaller} at most {MAX_EXACT_SIZE:,}")


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
    return max(start, product, N_MATRICES * square, end) + min(n * d, FILE_BYTES)


def randomised_bytes(n: int, d: int, size: int, count: int, left: bool, pixels: bool) -> int:
    """Return the bytes at the peak of finding `count` components with `size` directions."""
    long, width, itemsize = n if left else d, min(DIRECTIONS_PER_PASS, size), 4 if pixels else 8
    basis = itemsize * long * size + N_MATRICES * 8 * size**2
    block = itemsize * rows_per_block(n, d) * d + min(n * d, FILE_BYTES)
    product = block + 4 * itemsize * max(long, d) * width + 4 * max(n, d) * width
    end = 4 * count * d + 12 * min(PIXELS_PER_SLICE, long) * (size + count)
    if left:
        sums = min(SUMS_PER_PASS, count * min(d, COLUMNS_PER_PASS))
        end += 24 * n * count + 8 * sums + 8 * BLOCK_SIDE * BLOCK_SIDE
    return basis + max(product, end)


def projected_bytes(n: int, d: int, count: int) -> int:
    """Return the bytes at the peak of projecting on components that are there."""
    lines = min(n, BLOCK_SIDE)
    work = 8 * (lines * min(d, BLOCK_SIDE) + count * min(d, BLOCK_SIDE) + 3 * lines * count)
    return 4 * n * count + 4 * count * d + work + min(n * d, FILE_BYTES)
