"""The figure of how time and memory grow."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
from _scale_cases import METHODS
from _scale_report import MAX_PEAK
from _scale_results import Results
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

INCUMBENT = "clustimage\n1.7.1, pca"
# Okabe and Ito (2008): told apart with every common kind of colour vision.
STYLES = {
    "pca": {"color": "#0072B2", "marker": "o"},
    "hog": {"color": "#D55E00", "marker": "s"},
    "phash": {"color": "#009E73", "marker": "^"},
    "cnn": {"color": "#CC79A7", "marker": "D"},
    INCUMBENT: {"color": "#000000", "marker": "X", "linestyle": "--"},
}
GREY = "#8a8a8a"
WIDTH_PX, INCHES = 1500, (12.5, 5.6)
FONT = 13  # points

Curves = dict[str, list[tuple[int, float]]]


def make_curves(results: Results) -> tuple[Curves, Curves]:
    """Return seconds, and peak memory in GB, at each number of images, for each line."""
    runs = {method: results.curve("chain", method) for method in METHODS}
    runs[INCUMBENT] = results.curve("incumbent", "pca")
    runs = {name: curve for name, curve in runs.items() if curve}
    return (
        {name: [(one.case.count, one.seconds) for one in runs[name]] for name in runs},
        {name: [(one.case.count, one.peak / 1e9) for one in runs[name]] for name in runs},
    )


def draw(results: Results, path: Path) -> None:
    """Draw seconds and peak memory against the number of images into a PNG file."""
    with mpl.rc_context({"font.size": FONT}):
        fig = Figure(figsize=INCHES, layout="constrained")
        axes = fig.subplots(1, 2)
        titles = ("seconds, the whole chain", "peak memory, GB")
        for ax, title, curves in zip(axes, titles, make_curves(results), strict=True):
            ax.set(xscale="log", yscale="log", xlabel="images")
            ax.set_title(title, loc="left", fontweight="bold", fontsize=FONT + 1)
            if curves:
                _draw_curves(ax, curves)
        limit = MAX_PEAK / 1e9
        axes[1].axhline(limit, color=GREY, linewidth=1, linestyle=(0, (1, 2)), zorder=1)
        corner = (axes[1].get_xlim()[1], limit)
        _note(axes[1], f"goal: below {limit:g} GB", corner, (0, 4), fontsize=FONT - 2, ha="right")
        fig.savefig(path, dpi=WIDTH_PX / INCHES[0])


def _note(ax: Any, text: str, xy: tuple[float, float], offset: Any, **style: Any) -> None:
    ax.annotate(text, xy, xytext=offset, textcoords="offset points", **{"color": GREY, **style})


def _draw_curves(ax: Any, curves: Curves) -> None:
    for name, points in curves.items():
        ax.plot(*zip(*points, strict=True), linewidth=2.4, **STYLES[name])
    counts = sorted({count for points in curves.values() for count, _ in points})
    values = [value for points in curves.values() for _, value in points]
    # The names of the lines are on the right.
    ax.set_xlim(counts[0] / 1.25, counts[-1] * (counts[-1] / counts[0]) ** 0.33)
    ax.set_ylim(min(values) / 2, max(values) * 2.2)
    _draw_slopes(ax, counts[0], counts[-1], min(values) / 1.5)
    ax.xaxis.set_major_locator(FixedLocator(counts))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda count, _: _thousands(count)))
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 3)))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis="y", color="#e4e4e4", linewidth=0.8)
    ax.set_axisbelow(True)
    _label_lines(ax, {name: points[-1] for name, points in curves.items()})


def _draw_slopes(ax: Any, first: int, last: int, start: float) -> None:
    """Draw how a time that grows with n, and one that grows with n², would rise."""
    top = ax.get_ylim()[1]
    for power, name in ((1, "n"), (2, "n²")):
        end = min(float(last), first * (top / start) ** (1 / power))
        line = [(count, start * (count / first) ** power) for count in (first, end)]
        ax.plot(*zip(*line, strict=True), color=GREY, linewidth=1, linestyle=":")
        # At its end where it leaves the axes, else near its start, where no other line is.
        at = end if end < last else first * 2
        _note(
            ax,
            f"∝ {name}",
            (at, start * (at / first) ** power),
            (4, -4),
            fontsize=FONT - 1,
            va="top",
        )


def _label_lines(ax: Any, ends: dict[str, tuple[int, float]]) -> None:
    """Write the name of each line at its end; names that would overlap are moved apart."""
    to_points = 72 / ax.figure.dpi
    heights = {name: ax.transData.transform(end)[1] * to_points for name, end in ends.items()}
    for count in {end[0] for end in ends.values()}:
        names = sorted((name for name in ends if ends[name][0] == count), key=heights.__getitem__)
        moved = spread([heights[name] for name in names], FONT * 1.25)
        for name, height in zip(names, moved, strict=True):
            _note(
                ax, name, ends[name], (9, height - heights[name]), color=STYLES[name]["color"],
                fontweight="bold", va="center",
                path_effects=[withStroke(linewidth=3, foreground="white")],
            )  # fmt: skip


def spread(positions: list[float], distance: float) -> list[float]:
    """Move ascending positions apart by at least `distance`, as much down as up."""
    moved: list[float] = []
    for position in positions:
        moved.append(max(position, moved[-1] + distance) if moved else position)
    shift = (sum(moved) - sum(positions)) / len(positions)
    return [position - shift for position in moved]


def _thousands(count: float) -> str:
    return f"{count / 1000:g}k" if count >= 1000 else f"{count:g}"
