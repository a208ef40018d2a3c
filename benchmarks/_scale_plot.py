"""The picture of how time and memory grow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

mpl.use("Agg")

from _scale_known import Known
from _scale_results import Result
from _scale_targets import PEAK
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

# Okabe and Ito (2008): told apart with every common kind of colour vision.
LOOKS: dict[str, tuple[str, str]] = {
    "pca": ("#0072B2", "o"),
    "hog": ("#D55E00", "s"),
    "phash": ("#009E73", "^"),
    "cnn": ("#CC79A7", "D"),
    "clustimage\n1.7.1, pca": ("#000000", "X"),
}
BESIDE = "clustimage\n1.7.1, pca"
GREY = "#8a8a8a"
WIDTH_PX, INCHES = 1500, (12.5, 5.6)
FONT = 13

Curves = dict[str, list[tuple[int, float]]]


def draw(known: Known, path: Path) -> None:
    """Draw seconds and peak memory against the number of images, both axes by factors.

    Parameters
    ----------
    known : Known
        Results.
    path : path
        PNG file to write.
    """
    panels: tuple[tuple[str, Callable[[Result], float]], ...] = (
        ("seconds, the whole chain", lambda result: result.seconds),
        ("peak memory, GB", lambda result: result.peak / 1e9),
    )
    with mpl.rc_context({"font.size": FONT}):
        fig = Figure(figsize=INCHES, layout="constrained")
        axes = fig.subplots(1, 2)
        for ax, (title, value) in zip(axes, panels, strict=True):
            _panel(ax, title, curves_of(known, value))
        axes[1].axhline(PEAK / 1e9, color=GREY, linewidth=1, linestyle=(0, (1, 2)), zorder=1)
        axes[1].annotate(
            f"goal: below {PEAK / 1e9:g} GB",
            (axes[1].get_xlim()[1], PEAK / 1e9),
            xytext=(0, 4),
            textcoords="offset points",
            color=GREY,
            fontsize=FONT - 2,
            ha="right",
        )
        fig.savefig(path, dpi=WIDTH_PX / INCHES[0])


def curves_of(known: Known, value: Callable[[Result], float]) -> Curves:
    """Return the points of each line: numbers of images and values."""
    curves = {method: known.curve("chain", method) for method in known.methods()}
    curves[BESIDE] = known.curve("incumbent", "pca")
    return {
        name: [(count, value(result)) for count, result in points]
        for name, points in curves.items()
        if points
    }


def _panel(ax: Any, title: str, curves: Curves) -> None:
    ax.set(xscale="log", yscale="log", xlabel="images")
    ax.set_title(title, loc="left", fontweight="bold", fontsize=FONT + 1)
    counts = sorted({count for points in curves.values() for count, _ in points})
    values = [value for points in curves.values() for _, value in points]
    for name, points in curves.items():
        color, marker = LOOKS[name]
        dashes = "--" if name == BESIDE else "-"
        ax.plot(*zip(*points, strict=True), dashes, color=color, marker=marker, linewidth=2.4)
    if not counts:
        return
    # Room on the right for the names of the lines.
    ax.set_xlim(counts[0] / 1.25, counts[-1] * (counts[-1] / counts[0]) ** 0.33)
    ax.set_ylim(min(values) / 2, max(values) * 2.2)
    _slopes(ax, counts, min(values))
    ax.xaxis.set_major_locator(FixedLocator(counts))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda count, _: _thousands(count)))
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 3)))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis="y", color="#e4e4e4", linewidth=0.8)
    ax.set_axisbelow(True)
    _name_lines(ax, curves)


def _slopes(ax: Any, counts: list[int], lowest: float) -> None:
    """Draw how a time that grows with n, and one that grows with n², would rise."""
    start = lowest / 1.5
    ends = np.array([counts[0], counts[-1]], dtype=float)
    top = ax.get_ylim()[1]
    for power, name in ((1, "n"), (2, "n²")):
        # As far as the picture goes.
        last = min(ends[1], ends[0] * (top / start) ** (1 / power))
        line = np.array([ends[0], last])
        ax.plot(line, start * (line / ends[0]) ** power, color=GREY, linewidth=1, linestyle=":")
        # At its end where it leaves the picture, else near its start, where no other line is.
        at = last if last < ends[1] else ends[0] * 2
        ax.annotate(
            f"∝ {name}",
            (at, start * (at / ends[0]) ** power),
            xytext=(4, -4),
            textcoords="offset points",
            color=GREY,
            fontsize=FONT - 1,
            va="top",
        )


def _name_lines(ax: Any, curves: Curves) -> None:
    """Write the name of each line at its end; names at one place are moved apart."""
    to_points = 72 / ax.figure.dpi
    ends = {name: points[-1] for name, points in curves.items()}
    height = {name: ax.transData.transform(end)[1] * to_points for name, end in ends.items()}
    for count in {end[0] for end in ends.values()}:
        names = sorted((n for n in ends if ends[n][0] == count), key=lambda name: height[name])
        placed = _apart([height[name] for name in names], FONT * 1.25)
        for name, place in zip(names, placed, strict=True):
            ax.annotate(
                name,
                ends[name],
                xytext=(9, place - height[name]),
                textcoords="offset points",
                color=LOOKS[name][0],
                fontweight="bold",
                va="center",
                path_effects=[withStroke(linewidth=3, foreground="white")],
            )


def _apart(places: list[float], least: float) -> list[float]:
    """Move ascending places apart, so that each is at least so far above the one before."""
    moved: list[float] = []
    for place in places:
        moved.append(max(place, moved[-1] + least) if moved else place)
    # As much down as up.
    shift = (sum(moved) - sum(places)) / len(places) if places else 0.0
    return [place - shift for place in moved]


def _thousands(count: float) -> str:
    return f"{count / 1000:g}k" if count >= 1000 else f"{count:g}"
