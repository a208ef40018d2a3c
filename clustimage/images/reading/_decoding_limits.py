"""How much may be decoded: pixels of one image, and bytes of all that are decoded at one time."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from threading import Condition
from types import TracebackType
from typing import Any

from clustimage._core.memory import (
    Budget,
    available_memory,
    format_bytes,
    free_large_blocks_at_once,
    free_small_blocks,
)
from clustimage._core.parameters import setting
from clustimage._core.validation import check_int

__all__ = ["MAX_PIXELS", "DecodingLimits", "TooLargeError", "Turn", "check_max_pixels"]

MAX_PIXELS = 250_000_000  # phones and cameras write up to 240 million

# Bytes that decoding may always take, however little is left of a budget: those of a picture of
# some megapixels, which is what a memory limit without this would leave out in a set of small ones.
ALWAYS = 64 * 2**20

ALL = 1 << 62  # bytes: with these, nothing else fits


class TooLargeError(Exception):
    """An image is not decoded; the message is the reason."""


def check_max_pixels(value: Any) -> int:
    """Return `max_pixels` if it is a count, or raise `InvalidParameterError`."""
    return check_int("max_pixels", value, low=1)


@dataclass
class DecodingLimits:
    """What images that are decoded may take; threads that share it wait for one another.

    Attributes
    ----------
    max_pixels : int
        Pixels of one image, as it is decoded: of a JPEG that is reduced meanwhile, few.
    budget : Budget, optional
        What is left of it is the limit for all images that are decoded at one time. An image
        that takes more than all of it is not decoded; what fits waits for the images before it.
        None is the memory that is free.

    Examples
    --------
    >>> limits = DecodingLimits(budget=Budget(10**9))
    >>> with limits.turn() as turn:
    ...     turn.take(2 * 10**8, (5000, 4000))
    >>> with limits.turn() as turn:
    ...     turn.take(2 * 10**9, (50_000, 4000))
    Traceback (most recent call last):
    ...
    clustimage.images.reading._decoding_limits.TooLargeError: decoding its 50,000 x 4,000 pixels \
takes about 2.0 GB of memory, more than is allowed (max_memory='1.0 GB'). Give max_memory='2,000 \
MB' or more
    """

    max_pixels: int = MAX_PIXELS
    budget: Budget | None = None
    _taken: int = field(default=0, init=False, repr=False, compare=False)
    _queue: deque[Turn] = field(default_factory=deque, init=False, repr=False, compare=False)
    _changed: Condition = field(default_factory=Condition, init=False, repr=False, compare=False)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.max_pixels, self.budget)

    def turn(self) -> Turn:
        """Return the turn of one image, which is over at the end of its ``with`` block."""
        return Turn(self)

    def check_pixels(self, width: int, height: int) -> None:
        """Raise `TooLargeError` where an image has more pixels than `max_pixels`."""
        if width * height > self.max_pixels:
            raise TooLargeError(
                f"{width:,} x {height:,} pixels are more than are decoded "
                f"({setting('max_pixels', self.max_pixels)})"
            )

    def why_not(self, n_bytes: int, size: tuple[int, int]) -> str:
        """Return why an image that takes `n_bytes` cannot be decoded even alone, or nothing."""
        if n_bytes <= ALWAYS:
            return ""
        what = f"decoding its {size[0]:,} x {size[1]:,} pixels"
        if self.budget is not None:
            return self.budget.problem(n_bytes, what=what).rstrip(".")
        free = available_memory()
        if n_bytes <= free:
            return ""
        needs = f"takes about {format_bytes(n_bytes)} of memory"
        return f"{what} {needs}, of which {format_bytes(free)} are free"

    def why_not_held(self, n_bytes: int) -> str:
        """Return why so much of a file cannot be held while it is decoded, or nothing."""
        budget = self.budget or Budget(available_memory())
        return budget.problem(2 * n_bytes, what="reading so large a file").rstrip(".")

    def fits(self, n_bytes: int) -> bool:
        """Return whether `n_bytes` can be taken beside what is taken now."""
        if not self._taken:
            return True
        left = available_memory() if self.budget is None else self.budget.left
        return self._taken + n_bytes <= max(left, ALWAYS)


class Turn:
    """The memory of one image; see `DecodingLimits.turn`."""

    def __init__(self, limits: DecodingLimits) -> None:
        self.limits = limits
        self._n_bytes = 0
        self._held = 0

    def take(self, n_bytes: int, size: tuple[int, int]) -> None:
        """Wait until `n_bytes` are free, and take them in the place of those taken before.

        Raises
        ------
        TooLargeError
            If they never will be.
        """
        n_bytes += 2 * self._held
        problem = self.limits.why_not(n_bytes, size)
        if problem:
            raise TooLargeError(problem)
        if n_bytes > ALWAYS:
            free_large_blocks_at_once()
        if not self._held:
            self._wait(n_bytes)

    def hold(self, n_bytes: int) -> None:
        """Wait until nothing else is decoded, before so much of a file is held.

        It is held twice, by a decoder as well. Files that are held and wait for one another
        would take as much as all of them.

        Raises
        ------
        TooLargeError
            If it is more than all that may be taken.
        """
        problem = self.limits.why_not_held(n_bytes)
        if problem:
            raise TooLargeError(problem)
        if not self._held:
            free_large_blocks_at_once()
            self._wait(ALL)
        self._held = n_bytes

    def _wait(self, n_bytes: int) -> None:
        self.give_back()
        changed, queue = self.limits._changed, self.limits._queue
        with changed:
            # One after another, so that a large image is not kept waiting for ever by small ones.
            queue.append(self)
            try:
                changed.wait_for(lambda: queue[0] is self and self.limits.fits(n_bytes))
                self.limits._taken += n_bytes
                self._n_bytes = n_bytes
            finally:
                queue.remove(self)
                changed.notify_all()

    def give_back(self) -> None:
        """Let others have what was taken."""
        if self._n_bytes:
            with self.limits._changed:
                self.limits._taken -= self._n_bytes
                self._n_bytes = 0
                self.limits._changed.notify_all()

    def __enter__(self) -> Turn:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._n_bytes > ALWAYS:
            free_small_blocks()
        self.give_back()
        self._held = 0
