"""What each step would do for so many images, how that was chosen, and what it takes."""

from __future__ import annotations

import html
from dataclasses import astuple, dataclass, field, replace
from typing import TYPE_CHECKING

from clustimage._core.errors import MemoryLimitError
from clustimage._core.memory import Budget, format_bytes, megabytes
from clustimage._core.parameters import setting
from clustimage._core.text import pluralize

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Plan", "Step"]

COLUMNS = ("stage", "what", "why", "peak_bytes", "kept_bytes", "disk_bytes", "problem")


@dataclass(frozen=True)
class Step:
    """What one stage would do.

    Attributes
    ----------
    stage : str
        Name of the method: ``"extract_feat"``.
    what : str
        What it does: ``"randomised PCA, about 832 columns"``.
    why : str
        How that was chosen: ``"60,000 images > 2,500"``.
    peak : int
        Bytes of memory that it is expected to take, beside what earlier steps keep.
    kept : int
        Bytes of memory that stay taken after it.
    on_disk : int
        Bytes of files that it writes.
    problem : str
        Why it cannot be done within the budget; empty where it can.
    """

    stage: str
    what: str
    why: str = ""
    peak: int = 0
    kept: int = 0
    on_disk: int = 0
    problem: str = ""

    def within(
        self, budget: Budget | None, work: str, instead: str = "", *, least: int | None = None
    ) -> Step:
        """Return the step with its problem where `budget` does not allow it.

        `work` and `instead` are for `Budget.problem`. `least` are bytes without which it cannot
        begin, by default `peak`: with less than `peak` it may have to stop before its end.

        Examples
        --------
        >>> Step("embedding", "PCA", peak=500_000).within(Budget(1000), "PCA of 9 images").problem
        "PCA of 9 images takes about 500.0 kB of memory, more than is allowed \
(max_memory='1.0 kB'). Give max_memory='1 MB' or more."
        """
        if budget is None or budget.allows(self.peak):
            return self
        if least is not None and budget.allows(least):
            return replace(
                self, why=f"{self.why}; more than is allowed, so it may end with an error"
            )
        return replace(self, problem=budget.problem(self.peak, what=work, instead=instead))

    def check(self) -> None:
        """Raise `MemoryLimitError` if the step cannot be done."""
        if self.problem:
            raise MemoryLimitError(self.problem)


@dataclass(frozen=True)
class Plan:
    """The steps of a chain; its text is a table to read.

    Attributes
    ----------
    n_images : int
        How many images it is for.
    budget : Budget
        What may be taken.
    steps : list of Step
        In the order of the chain.
    least : int
        Bytes of `max_memory` with which every step can be done; 0 where they can be done with
        this budget, and where memory is not what lacks.

    Examples
    --------
    >>> plan = Plan(60_000, Budget(3_000_000_000), [Step("embedding", "openTSNE", "", 2_000_000)])
    >>> plan.peak
    2000000
    >>> print(plan)
    Plan for 60,000 images with max_memory='3.0 GB': about 2.0 MB at the peak.
    <BLANKLINE>
    embedding: openTSNE
        takes 2.0 MB
    """

    n_images: int
    budget: Budget
    steps: list[Step] = field(default_factory=list)
    least: int = 0

    @property
    def peak(self) -> int:
        """Bytes of memory expected at the peak of the chain, beside Python and its libraries."""
        most = held = 0
        for step in self.steps:
            most = max(most, held + step.peak)
            held += step.kept
        return most

    @property
    def on_disk(self) -> int:
        """Bytes of files that are written."""
        return sum(step.on_disk for step in self.steps)

    @property
    def problems(self) -> list[str]:
        """Why the chain cannot be run to its end within the budget; empty where it can."""
        return [step.problem for step in self.steps if step.problem]

    def to_frame(self) -> pd.DataFrame:
        """Return a table with a row per step; memory and files in bytes."""
        import pandas as pd

        return pd.DataFrame([astuple(step) for step in self.steps], columns=list(COLUMNS))

    def __str__(self) -> str:
        lines = [self._head(), ""]
        for step in self.steps:
            sizes = {"takes": step.peak, "keeps": step.kept, "writes": step.on_disk}
            taken = [f"{name} {format_bytes(size)}" for name, size in sizes.items() if size]
            lines.append(f"{step.stage}: {step.what}")
            lines += [f"    because {step.why}"] * bool(step.why)
            lines += [f"    {', '.join(taken)}"] * bool(taken)
            lines += [f"    CANNOT BE DONE: {step.problem}"] * bool(step.problem)
        return "\n".join(lines)

    __repr__ = __str__

    def _head(self) -> str:
        peak, on_disk = format_bytes(self.peak), format_bytes(self.on_disk)
        images = pluralize(self.n_images, "image")
        text = f"Plan for {images} with {self.budget.words}: about {peak} at the "
        text += f"peak, {on_disk} on disk." if self.on_disk else "peak."
        if self.problems:
            text += f" {len(self.problems)} of {len(self.steps)} steps cannot be done"
            enough = f"{megabytes(self.least):,} MB"
            text += f"; {setting('max_memory', enough)} is enough." if self.least else "."
        return text

    def _repr_html_(self) -> str:
        frame = self.to_frame()
        sizes = dict.fromkeys(frame.filter(like="_bytes"), format_bytes)
        texts = dict.fromkeys(("what", "why", "problem"), str)  # else pandas cuts them
        table = frame.to_html(index=False, justify="left", formatters={**sizes, **texts})
        return f"<p>{html.escape(self._head())}</p>{table}"
