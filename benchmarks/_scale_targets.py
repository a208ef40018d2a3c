"""What is to be reached, and whether it is."""

from __future__ import annotations

from collections.abc import Iterator

from _report import MARKS
from _scale_cases import METHODS
from _scale_known import Known
from _scale_words import ROW_TASKS, size

SPEED_AT = 4000  # images, beside clustimage 1.7.1
SPEED, MEMORY = 6.0, 1 / 6
SMALLER, LARGEST = 10_000, 60_000
PEAK, GROWTH = 4e9, 8.0
ROWS_PEAK = 8e9
HOG_SPEED, HOG_DIFFERENCE = 5.0, 1e-5
READS = 2.0  # "about the time of reading" all rows once

Row = tuple[str, str, str, bool | None]


def targets_table(known: Known) -> list[str]:
    """Return a row for each target: what was measured, what is to be reached, yes or no."""
    sources = (_beside, _largest, _rows, _hog, _queries)
    rows = [row for source in sources for row in source(known)]
    if not any(row[3] is not None for row in rows):
        return []
    return [
        "| what | measured | to reach | reached |",
        "|---|---:|---:|---|",
        *(f"| {what} | {got} | {aim} | {MARKS[reached]} |" for what, got, aim, reached in rows),
    ]


def _beside(known: Known) -> Iterator[Row]:
    at = SPEED_AT if SPEED_AT in known.sizes.beside else known.sizes.beside[-1]
    ours, theirs = known.good(f"pca-{at}"), known.good(f"incumbent-pca-{at}")
    speed, memory = f"{at:,} images, `pca`: speed", f"{at:,} images, `pca`: memory"
    if ours is None or theirs is None:
        yield _unknown(speed, f"≥ {SPEED:g} × that of 1.7.1")
        yield _unknown(memory, "≤ 1/6 of that of 1.7.1")
        return
    times, share = theirs.seconds / ours.seconds, ours.peak / theirs.peak
    yield speed, f"{times:.1f} ×", f"≥ {SPEED:g} × that of 1.7.1", times >= SPEED
    yield memory, f"1/{1 / share:.1f}", "≤ 1/6 of that of 1.7.1", share <= MEMORY


def _largest(known: Known) -> Iterator[Row]:
    large = LARGEST if LARGEST in known.sizes.images else known.sizes.images[-1]
    small = SMALLER if SMALLER in known.sizes.images else known.sizes.images[0]
    for method in METHODS[:3]:
        result, before = known.good(f"{method}-{large}"), known.good(f"{method}-{small}")
        peak = f"{large:,} images, `{method}`: peak memory"
        growth = f"`{method}`: time of {large:,} images against {small:,}"
        if result is None:
            yield _unknown(peak, f"≤ {size(PEAK)}")
        else:
            yield peak, size(result.peak), f"≤ {size(PEAK)}", result.peak <= PEAK
        if result is None or before is None:
            yield _unknown(growth, f"≤ {GROWTH:g} ×")
        else:
            times = result.seconds / before.seconds
            yield growth, f"{times:.1f} ×", f"≤ {GROWTH:g} ×", times <= GROWTH


def _rows(known: Known) -> Iterator[Row]:
    for case in known.cases:
        if case.group != "rows":
            continue
        result = known.good(case.name)
        rows = (case if result is None else result).options["rows"]
        what = f"{rows:,} rows, {ROW_TASKS[case.method]}: peak memory"
        if result is None:
            yield _unknown(what, f"≤ {size(ROWS_PEAK)}")
        else:
            yield what, size(result.peak), f"≤ {size(ROWS_PEAK)}", result.peak <= ROWS_PEAK


def _hog(known: Known) -> Iterator[Row]:
    what = "HOG: speed against `skimage.feature.hog` in one thread"
    same = "HOG: largest difference from it"
    result = known.good("hog-speed")
    if result is None:
        yield _unknown(what, f"≥ {HOG_SPEED:g} ×")
        return
    times = result.facts["theirs"] / result.facts["ours"]
    difference = result.facts["difference"]
    yield what, f"{times:.1f} ×", f"≥ {HOG_SPEED:g} ×", times >= HOG_SPEED
    yield same, f"{difference:.0e}", f"≤ {HOG_DIFFERENCE:g}", difference <= HOG_DIFFERENCE


def _queries(known: Known) -> Iterator[Row]:
    large = LARGEST if LARGEST in known.sizes.images else known.sizes.images[-1]
    for method in METHODS[:3]:
        what = f"one question to {large:,} rows of `{method}`, against reading them once"
        result = known.good(f"{method}-{large}")
        if result is None:
            yield _unknown(what, f"about 1 × (≤ {READS:g} ×)")
            continue
        query = result.facts["query"]
        times = query["seconds"] / query["read"]
        yield what, f"{times:.1f} ×", f"about 1 × (≤ {READS:g} ×)", times <= READS


def _unknown(what: str, aim: str) -> Row:
    return what, "not measured", aim, None
