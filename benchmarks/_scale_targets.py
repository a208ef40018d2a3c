"""The targets of `scale.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from _scale_cases import METHODS, ROW_TASKS, Sizes
from _scale_results import Result, Results

__all__ = ["MAX_PEAK", "Target", "format_bytes", "make_targets"]

MAX_PEAK = 4e9  # bytes, at the largest number of images


def format_bytes(n_bytes: float) -> str:
    """Return bytes in MB or GB, powers of 1,000.

    Examples
    --------
    >>> format_bytes(3_210_000_000), format_bytes(512_300_000)
    ('3.21 GB', '512 MB')
    """
    return f"{n_bytes / 1e9:.2f} GB" if n_bytes >= 1e9 else f"{n_bytes / 1e6:,.0f} MB"


def _times(value: float) -> str:
    return f"{value:.1f} ×"


@dataclass(frozen=True)
class Target:
    """A number computed from the results of some cases, and its limit."""

    title: str
    text: str
    limit: float
    cases: tuple[str, ...]
    value: Callable[..., float]  # of one Result per case
    show: Callable[[float], str] = _times
    at_least: bool = False

    def row(self, results: Results) -> tuple[str, str, str, bool | None]:
        """Return the title, the value, the target in words, and whether it is reached."""
        found = [results.good(name) for name in self.cases]
        if None in found:
            return self.title, "not measured", self.text, None
        value = self.value(*found)
        reached = value >= self.limit if self.at_least else value <= self.limit
        return self.title, self.show(value), self.text, reached


def make_targets(sizes: Sizes) -> Iterator[Target]:
    """Yield the targets in the order of the table."""
    middle = 4000 if 4000 in sizes.incumbent else sizes.incumbent[-1]
    small, large = (10_000 if 10_000 in sizes.images else sizes.images[0]), sizes.images[-1]
    both = (f"pca-{middle}", f"incumbent-pca-{middle}")
    yield Target(
        f"{middle:,} images, `pca`: speed",
        "≥ 6 × that of 1.7.1",
        6,
        both,
        lambda ours, theirs: theirs.seconds / ours.seconds,
        at_least=True,
    )
    yield Target(
        f"{middle:,} images, `pca`: memory",
        "≤ 1/6 of that of 1.7.1",
        6,
        both,
        lambda ours, theirs: theirs.run.peak / ours.run.peak,
        lambda value: f"1/{value:.1f}",
        at_least=True,
    )
    for method in METHODS[:3]:
        yield _peak(f"{large:,} images, `{method}`", MAX_PEAK, f"{method}-{large}")
        yield Target(
            f"`{method}`: time of {large:,} images against {small:,}",
            "≤ 8 ×",
            8,
            (f"{method}-{large}", f"{method}-{small}"),
            lambda result, before: result.seconds / before.seconds,
        )
    for name, (title, _) in ROW_TASKS.items():
        yield _peak(f"{sizes.rows:,} rows, {title}", 8e9, f"rows-{name}")
    yield Target(
        "HOG: speed against `skimage.feature.hog` in one thread",
        "≥ 5 ×",
        5,
        ("hog-speed",),
        lambda result: result.run.facts["theirs"] / result.run.facts["ours"],
        at_least=True,
    )
    yield Target(
        "HOG: largest difference from it",
        "≤ 1e-05",
        1e-5,
        ("hog-speed",),
        lambda result: result.run.facts["difference"],
        "{:.0e}".format,
    )
    for method in METHODS[:3]:
        yield Target(
            f"one question to {large:,} rows of `{method}`, against reading them once",
            "about 1 × (≤ 2 ×)",
            2,
            (f"{method}-{large}",),
            _query_ratio,
        )


def _peak(title: str, limit: float, case: str) -> Target:
    return Target(
        f"{title}: peak memory",
        f"≤ {format_bytes(limit)}",
        limit,
        (case,),
        lambda result: result.run.peak,
        format_bytes,
    )


def _query_ratio(result: Result) -> float:
    query = result.run.facts["query"]
    return query["seconds"] / query["read"]
