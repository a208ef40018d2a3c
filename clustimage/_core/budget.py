"""How much memory the stages may take: the budget, and the arithmetic done before the work."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from numbers import Integral, Real
from typing import Any

from clustimage._core.errors import InvalidParameterError, MemoryLimitError
from clustimage._core.free_memory import available_memory, format_bytes

__all__ = ["UNKNOWN", "Budget", "check_max_memory", "make_budget"]

# Where the system does not say how much there is.
UNKNOWN = 4_000_000_000

UNITS = {
    "": 1,
    "B": 1,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KIB": 2**10,
    "MIB": 2**20,
    "GIB": 2**30,
    "TIB": 2**40,
}


# Thousands may be parted by a comma, a space or a line below; "3,5GB" is no number.
NUMBER = re.compile(r"((?:\d{1,3}(?:[,_ ]\d{3})+|\d+)(?:\.\d+)?)\s*([A-Za-z]*)")


@dataclass(frozen=True)
class Budget:
    """Bytes that a stage may take.

    Attributes
    ----------
    total : int
        What all images, features and work may take together.
    held : int
        What earlier stages hold of it.
    in_file : int
        Bytes of images that live in a file, and that twice as much memory would hold.

    Examples
    --------
    >>> budget = Budget(4_000_000_000, held=1_500_000_000)
    >>> budget.left, budget.allows(3e9)
    (2500000000, False)
    >>> budget.words
    'max_memory=4.0 GB, of which 1.5 GB are in use'
    """

    total: int
    held: int = 0
    in_file: int = 0

    @property
    def left(self) -> int:
        """Bytes that are not held yet; 0 where more is held than allowed."""
        return max(0, self.total - self.held)

    @property
    def words(self) -> str:
        """The budget as a part of a sentence."""
        said = f"max_memory={format_bytes(self.total)}"
        return f"{said}, of which {format_bytes(self.held)} are in use" if self.held else said

    def holding(self, n_bytes: float) -> Budget:
        """Return the budget of the stages after one that keeps `n_bytes` more."""
        return replace(self, held=self.held + int(n_bytes))

    def allows(self, n_bytes: float) -> bool:
        """Return whether work that takes `n_bytes` at its peak fits."""
        return n_bytes <= self.left

    def problem(self, n_bytes: float, *, what: str, instead: str = "", enough: float = 0) -> str:
        """Return why work cannot be done within the budget; empty where it can.

        Parameters
        ----------
        n_bytes : float
            The least that the work takes.
        what : str
            The work, as the beginning of a sentence: ``"PCA of 60,000 images"``.
        instead : str, optional
            Other things to do, as whole sentences.
        enough : float, default=0
            Bytes that the work is expected to take where that is more than the least: what is
            named as enough.

        Examples
        --------
        >>> Budget(3_000_000).problem(2_000_000, what="PCA of 9 images")
        ''
        """
        if self.allows(n_bytes):
            return ""
        most = self._megabytes(max(n_bytes, enough))
        said = (
            f"{what} takes at least {format_bytes(n_bytes)} of memory, more than is allowed "
            f"({self.words}). Give max_memory='{most:,} MB' or more."
        )
        return f"{said} {instead}".rstrip()

    def _megabytes(self, n_bytes: float) -> int:
        """Return how many MB are enough for work, with the images where they would be then."""
        least = max(1, -int(-(self.held + n_bytes) // 1_000_000))
        if self.in_file and least * 1_000_000 >= 2 * self.in_file:
            least = -int(-(self.held + self.in_file + n_bytes) // 1_000_000)
        return least

    def check(self, n_bytes: float, *, what: str, instead: str = "", enough: float = 0) -> None:
        """Raise before work is begun that cannot be done in less memory.

        The parameters are those of `problem`.

        Raises
        ------
        MemoryLimitError
            With the least budget that works.

        Examples
        --------
        >>> Budget(1000).check(2_000_000, what="PCA of 9 images", instead="Use a smaller 'dim'.")
        Traceback (most recent call last):
        ...
        clustimage.MemoryLimitError: PCA of 9 images takes at least 2.0 MB of memory, \
more than is allowed (max_memory=1.0 kB). Give max_memory='2 MB' or more. Use a smaller 'dim'.
        """
        problem = self.problem(n_bytes, what=what, instead=instead, enough=enough)
        if problem:
            raise MemoryLimitError(problem)


def check_max_memory(value: Any) -> int | None:
    """Return `max_memory` in bytes, or None.

    Parameters
    ----------
    value : int, str or None
        Bytes, or a number with a unit: kB, MB, GB and TB are powers of 1,000, KiB, MiB,
        GiB and TiB of 1,024.

    Raises
    ------
    InvalidParameterError
        If it is neither, or not above 0.

    Examples
    --------
    >>> check_max_memory("2GB"), check_max_memory("1.5 MiB"), check_max_memory("1,500 MB")
    (2000000000, 1572864, 1500000000)
    """
    if value is None:
        return None
    n_bytes = 0.0
    if isinstance(value, Integral) and not isinstance(value, bool):
        n_bytes = float(value)
    elif isinstance(value, str):
        found = NUMBER.fullmatch(value.strip())
        if found and found[2].upper() in UNITS:
            n_bytes = float(re.sub("[,_ ]", "", found[1])) * UNITS[found[2].upper()]
    elif isinstance(value, Real) and not isinstance(value, bool) and float(value).is_integer():
        n_bytes = float(value)
    if not 1 <= n_bytes < 2**63:
        raise InvalidParameterError(
            "'max_memory' must be a number of bytes, or a number with a unit (kB, MB, GB, TB, KiB, "
            "MiB, GiB or TiB) such as '2GB' or '3.5 GB', from 1 byte to 9,000,000 TB; None takes "
            f"half of what is free. Got {value!r}."
        )
    return int(n_bytes)


def make_budget(max_memory: Any = None) -> Budget:
    """Return the budget for `max_memory`; for None half of the memory that is free now.

    Examples
    --------
    >>> make_budget("2GB")
    Budget(total=2000000000, held=0, in_file=0)
    """
    given = check_max_memory(max_memory)
    if given is not None:
        return Budget(given)
    free = available_memory()
    return Budget(UNKNOWN if free is None else max(1, free // 2))
