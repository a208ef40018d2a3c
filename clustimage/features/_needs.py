"""What an extractor takes: one piece of arithmetic for the run and for its plan."""

from __future__ import annotations

from dataclasses import dataclass

from clustimage._core.budget import Budget
from clustimage._core.plan import Step

__all__ = ["Needs"]


@dataclass(frozen=True)
class Needs:
    """What an extractor would do with so many images of one size.

    Attributes
    ----------
    name : str
        The work, as the beginning of a sentence: ``"HOG of 60,000 images"``.
    what : str
        What it does and how many columns come out, in words.
    n_columns : int
        Columns of the features; an estimate where `what` says "about".
    peak : int
        Bytes of memory at the peak.
    kept : int
        Bytes of features, and of what is learned, that stay.
    why : str
        How that was chosen.
    least : int or None
        Bytes that it cannot do without; None for `peak`, 0 where they are not known.
        Where they are not allowed, `peak` is what the error names as enough.
    instead : str
        What to do where that is too much, as whole sentences.

    Examples
    --------
    >>> needs = Needs("HOG of 9 images", "HOG, 8 columns", 8, peak=500_000, kept=288)
    >>> needs.step(Budget(1_000_000)).problem
    ''
    >>> needs.check(Budget(1000))
    Traceback (most recent call last):
    ...
    clustimage.MemoryLimitError: HOG of 9 images takes at least 500.0 kB of memory, ...
    """

    name: str
    what: str
    n_columns: int
    peak: int
    kept: int
    why: str = ""
    least: int | None = None
    instead: str = ""

    def check(self, budget: Budget | None) -> None:
        """Raise `MemoryLimitError` where not even the least is allowed."""
        self.step(budget).check()

    def step(self, budget: Budget | None) -> Step:
        """Return the same for people to read, with the error that the run would raise."""
        problem, why = "", self.why
        if budget is not None:
            least = self.peak if self.least is None else self.least
            problem = budget.problem(least, what=self.name, instead=self.instead, enough=self.peak)
        if not problem and self.least != 0 and budget is not None and not budget.allows(self.peak):
            why += (
                "; if it takes as much as is expected, more than is allowed, it ends with an error"
            )
        return Step("extract_feat", self.what, why, self.peak, self.kept, 0, problem)
