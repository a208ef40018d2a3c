"""What each stage would do for so many images, how that was chosen, and what it takes."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from clustimage._core.budget import Budget
from clustimage._core.errors import MemoryLimitError
from clustimage._core.free_memory import format_bytes

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Plan", "Step"]

COLUMNS = ("stage", "what", "why", "peak", "kept", "on disk")


@dataclass(frozen=True)
class Step:
    """What one stage would do.

    Attributes
    ----------
    stage : str
        Name of the method: ``"extract_feat"``.
    what : str
        What it does: ``"randomised PCA of 49,152 pixels, about 200 components"``.
    why : str
        How that was chosen, with the numbers compared.
    peak : int
        Bytes of memory that it is expected to take at its peak, beside what earlier
        stages keep.
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
        Bytes of `max_memory` with which every step can be done as it is planned; 0 where they
        can be done with this budget.

    Examples
    --------
    >>> plan = Plan(60_000, Budget(3_000_000_000), [Step("embedding", "openTSNE", "", 2_000_000)])
    >>> plan.peak
    2000000
    >>> print(plan)
    Plan for 60,000 images with max_memory=3.0 GB: about 2.0 MB at the peak.
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

        rows = [(s.stage, s.what, s.why, s.peak, s.kept, s.on_disk, s.problem) for s in self.steps]
        names = ["stage", "what", "why", "peak_bytes", "kept_bytes", "disk_bytes", "problem"]
        return pd.DataFrame(rows, columns=names)

    def __str__(self) -> str:
        said = f"about {format_bytes(self.peak)} at the peak"
        if self.on_disk:
            said += f", {format_bytes(self.on_disk)} on disk"
        head = f"Plan for {self.n_images:,} images with {self.budget.words}: {said}."
        if self.problems:
            head += f" {len(self.problems)} of {len(self.steps)} steps cannot be done"
            least = f"{-(-self.least // 10**6):,} MB"
            head += f"; max_memory={least!r} is enough." if self.least else "."
        lines = [head, ""]
        for step in self.steps:
            lines.append(f"{step.stage}: {step.what}")
            if step.why:
                lines.append(f"    because {step.why}")
            lines.append(f"    {_sizes(step)}")
            if step.problem:
                lines.append(f"    CANNOT BE DONE: {step.problem}")
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = "".join(
            "<tr>"
            + "".join(
                f"<td style='text-align:left'>{html.escape(cell)}</td>"
                for cell in (
                    step.stage,
                    step.what,
                    step.problem or step.why,
                    format_bytes(step.peak),
                    format_bytes(step.kept),
                    format_bytes(step.on_disk) if step.on_disk else "",
                )
            )
            + "</tr>"
            for step in self.steps
        )
        head = "".join(f"<th style='text-align:left'>{name}</th>" for name in COLUMNS)
        title = html.escape(str(self).splitlines()[0])
        return f"<div><p>{title}</p><table><tr>{head}</tr>{rows}</table></div>"


def _sizes(step: Step) -> str:
    parts: list[Any] = [f"takes {format_bytes(step.peak)}"]
    if step.kept:
        parts.append(f"keeps {format_bytes(step.kept)}")
    if step.on_disk:
        parts.append(f"writes {format_bytes(step.on_disk)}")
    return ", ".join(parts)
