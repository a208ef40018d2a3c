"""From the results of `scale.py` to its part of docs/performance.md."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from _markdown import REACHED, table
from _scale_cases import METHODS, ROW_TASKS, ROWS_BUDGET, Sizes
from _scale_results import CHAIN, Result, Results

MAX_PEAK, MAX_ROWS_PEAK = 4e9, 8e9  # bytes, at the largest number of images; of the rows
FIGURE = "![Seconds and peak memory against the number of images](images/scale.png)"
STEPS_NOTE = (
    "Of the largest run of each method. *decoding* is bare: the same files, decoded and resized",
    "to 128 × 128 with OpenCV over two threads and dropped, in a process of its own; *other",
    "reading* is what `import_data` takes beyond that. *neighbours* is what openTSNE begins with:",
    "principal components of the features, each image's nearest ones there, and how much they",
    "count; *layout* the steps that follow. *tree* is building it, of all images or of their",
    "micro-clusters, and cutting it at each k.",
)
QUERY_NOTE = (
    "The ten nearest to one row that is described already (or to each of 100, asked in one "
    "call), after the first question; and reading all rows from memory once (a product "
    "with a vector). The median of seven."
)


def report(results: Results, sizes: Sizes) -> list[str]:
    """Return the lines of the page, from the last result of each case."""
    chains = [
        result
        for method in METHODS
        if results.curve("chain", method)
        for result in results.group("incumbent", "chain", method=method)
    ]
    planned = [result for result in results.group("chain") if not result.run.error]
    # The queries have a table of their own.
    rows = [one for one in results.group("rows") if not one.case.method.startswith("find")]
    parts = {
        "Targets": _targets_table(results, sizes),
        "Stage by stage": _result_table(CHAIN_COLUMNS, 3, chains),
        "Planned and taken": _result_table(PLAN_COLUMNS, 2, planned),
        f"A million rows of features, `max_memory={ROWS_BUDGET!r}`": _result_table(
            ROWS_COLUMNS, 2, rows
        ),
        "One question": _query_table(results),
        "HOG": _hog_lines(results),
        "Where the time goes": _steps_table(results),
    }
    lines = [FIGURE, "", *_measured_on(results)]
    for title, content in parts.items():
        if content:
            lines += ["", f"### {title}", "", *content]
    return lines


def _measured_on(results: Results) -> list[str]:
    measured = results.group("chain", "rows", "hog")
    if not measured:
        return ["Not measured yet."]
    # Lines of one table may come from several runs.
    images = " and ".join(dict.fromkeys(result.images for result in measured))
    commits = ", ".join(dict.fromkeys(result.commit for result in measured))
    latest = max(measured, key=lambda result: result.date)
    software = {
        result.case.job.environment.name: result.run.software
        for result in results.group("hog", "incumbent", "chain", "rows")
        if not result.run.error
    }
    return [
        f"Measured with {images}, on {latest.machine}, at commit {commits}, one run each, "
        f"the last one on {latest.date}. Versions:",
        "",
        *(f"- {name} — {versions}" for name, versions in sorted(software.items())),
    ]


def _targets_table(results: Results, sizes: Sizes) -> list[str]:
    rows = list(_targets(results, sizes))
    measured = any(value is not None for _, value, *_ in rows)
    return table(
        ["what", "measured:", "to reach:", "reached"],
        [_target_row(*row) for row in rows if measured],
    )


def _target_row(
    title: str, value: float | None, form: Callable[[float], str], target: str, limit: float
) -> list[str]:
    if value is None:
        return [title, "not measured", target]
    reached = value >= limit if target.startswith("≥") else value <= limit
    return [title, form(value), target, REACHED[reached]]


def _targets(results: Results, sizes: Sizes) -> Iterator[tuple[Any, ...]]:
    """Yield title, value, its form, the target in words and its limit."""

    def value(compute: Callable[..., float], *cases: str) -> float | None:
        found = [results.good(name) for name in cases]
        return None if None in found else compute(*found)

    def peak(result: Result) -> float:
        return result.peak

    middle = 4000 if 4000 in sizes.incumbent else sizes.incumbent[-1]
    small, large = 10_000 if 10_000 in sizes.images else sizes.images[0], sizes.images[-1]
    both, images = (f"pca-{middle}", f"incumbent-pca-{middle}"), f"{middle:,} images, `pca`"
    speed = value(lambda ours, theirs: theirs.seconds / ours.seconds, *both)
    memory = value(lambda ours, theirs: ours.peak / theirs.peak, *both)
    yield f"{images}: speed", speed, _times, "≥ 6 × that of 1.7.1", 6
    yield f"{images}: memory", memory, lambda x: f"1/{1 / x:.1f}", "≤ 1/6 of that of 1.7.1", 1 / 6
    for method in METHODS[:3]:
        case, before = f"{method}-{large}", f"{method}-{small}"
        title, target = f"{large:,} images, `{method}`: peak memory", format_bytes(MAX_PEAK)
        yield title, value(peak, case), format_bytes, f"≤ {target}", MAX_PEAK
        growth = value(lambda after, before: after.seconds / before.seconds, case, before)
        yield f"`{method}`: time of {large:,} images against {small:,}", growth, _times, "≤ 8 ×", 8
    for name, (task, *_) in ROW_TASKS.items():
        measured, target = results.good(f"rows-{name}"), format_bytes(MAX_ROWS_PEAK)
        title = f"{measured.options['rows'] if measured else sizes.rows:,} rows, {task}"
        limits = (format_bytes, f"≤ {target}", MAX_ROWS_PEAK)
        yield f"{title}: peak memory", value(peak, f"rows-{name}"), *limits
    speed = value(lambda hog: hog.facts["theirs"] / hog.facts["ours"], "hog-speed")
    difference = value(lambda hog: hog.facts["difference"], "hog-speed")
    yield "HOG: speed against `skimage.feature.hog` in one thread", speed, _times, "≥ 5 ×", 5
    yield "HOG: largest difference from it", difference, "{:.0e}".format, "≤ 1e-05", 1e-5
    for method in METHODS[:3]:
        title = f"one question to {large:,} rows of `{method}`, against reading them once"
        ratio = value(lambda result: _query_ratio(result.facts["query"]), f"{method}-{large}")
        yield title, ratio, _times, "about 1 × (≤ 2 ×)", 2


def _stage_cell(name: str, result: Result) -> str:
    stage = result.run.stage(name)
    return "" if stage is None else f"{stage.seconds:.1f} s, {format_bytes(stage.peak)}"


def _number(result: Result, fact: str, form: str) -> str:
    value = result.facts.get(fact)
    return "" if value is None else format(value, form)


Columns = dict[str, Callable[[Result], object]]  # title: cell

CHAIN_COLUMNS: Columns = {
    "method": lambda result: f"`{result.case.method}`",
    "images:": lambda result: f"{result.case.count:,}",
    "tool": lambda result: "ours" if result.case.group == "chain" else "1.7.1",
    "features:": lambda result: f"{result.facts['feat'][1]:,}",
    "k:": lambda result: result.facts["k"],
    "total:": lambda result: f"{result.seconds:.1f} s",
    "peak:": lambda result: format_bytes(result.peak),
    **{f"{name}:": partial(_stage_cell, name) for name in (*CHAIN, "find")},
}
PLAN_COLUMNS: Columns = {
    "method": CHAIN_COLUMNS["method"],
    "images:": CHAIN_COLUMNS["images:"],
    "planned peak:": lambda result: format_bytes(result.facts["plan"]["peak"]),
    "taken, beside Python and libraries:": lambda result: format_bytes(
        result.peak - result.facts["base"]
    ),
    "written to files:": lambda result: (
        format_bytes(result.facts["plan"]["on_disk"]) if result.facts["plan"]["on_disk"] else ""
    ),
    "pixels in": lambda result: result.facts["pixels"],
    "map": lambda result: result.facts["embedder"],
    "clusters from": lambda result: (
        f"a tree of {_number(result, 'micro', ',')} micro-clusters"
        if result.facts["micro"]
        else "an exact tree"
    ),
}
ROWS_COLUMNS: Columns = {
    "work": lambda result: ROW_TASKS[result.case.method][0],
    "rows:": lambda result: f"{result.options['rows']:,}",
    "seconds:": lambda result: f"{result.run.seconds:.1f}",
    "peak:": CHAIN_COLUMNS["peak:"],
    "k:": CHAIN_COLUMNS["k:"],
    "ARI:": lambda result: _number(result, "ari", ".3f"),
    "best possible:": lambda result: (
        _number(result, "best_ari", ".3f") if "ari" in result.facts else ""
    ),
    "micro-clusters:": lambda result: _number(result, "micro", ","),
}


def _result_table(columns: Columns, n_labels: int, results: Iterable[Result]) -> list[str]:
    """Return a row per result; of a failed one the first cells and the error."""
    rows = []
    for result in results:
        failed = [f"failed: {result.run.error}"] if result.run.error else []
        shown = list(columns.values())[: n_labels if failed else None]
        rows.append([*(cell(result) for cell in shown), *failed])
    return table(columns, rows)


def _query_table(results: Results) -> list[str]:
    rows = [_query_row(f"`{r.case.method}`", r.facts, "query") for r in results.largest()]
    notes = []
    for name, title in (("rows-find", "made"), ("rows-find-nearly", "made, `approximate=True`")):
        result = results.last(name)
        if result is None:
            continue
        if result.run.error:
            rows.append([title, f"failed: {result.run.error}"])
            continue
        facts = result.facts
        rows += [_query_row(title, facts, key) for key in ("query", "query100")]
        once = [f"{stage.name} {stage.seconds:.1f} s" for stage in result.run.stages[:-2]]
        recall = f" It finds {facts['recall']:.0%} of the ten nearest." if "recall" in facts else ""
        notes += [
            "",
            f"Once for all questions to the rows {title}: {', '.join(once)}; "
            f"peak {format_bytes(result.peak)}.{recall}",
        ]
    numbers = ["rows", "columns", "questions", "seconds", "reading once", "times reading"]
    lines = table(["features", *(f"{title}:" for title in numbers)], rows)
    return [QUERY_NOTE, "", *lines, *notes] if lines else []


def _query_row(name: str, facts: dict[str, Any], key: str) -> list[Any]:
    query, (rows, columns) = facts[key], facts["feat"]
    times = [f"{query['seconds']:.4f}", f"{query['read']:.4f}"]
    numbers = [f"{rows:,}", f"{columns:,}", query["queries"], *times]
    return [name, *numbers, f"{_query_ratio(query):.1f}"]


def _query_ratio(query: dict[str, float]) -> float:
    return query["seconds"] / query["read"]


def _hog_lines(results: Results) -> list[str]:
    result = results.good("hog-speed")
    if result is None:
        return []
    facts = result.facts
    return [
        f"{facts['n']:,} gray images of 128 × 128: {facts['ours']:.2f} s here, "
        f"{facts['theirs']:.2f} s with `skimage.feature.hog` in one thread, "
        f"{facts['theirs'] / facts['ours']:.1f} × as fast (the median of three, in turn); the "
        f"largest difference of two numbers is {facts['difference']:.0e}."
    ]


def _steps_table(results: Results) -> list[str]:
    """Return a table with a column per method: seconds and percentage of each step."""
    columns: dict[str, dict[str, float]] = {}
    for result in results.largest():
        method, count = result.case.method, result.case.count
        decoded = results.good(f"decode-opencv-{count}")
        steps = dict(_steps(result, None if decoded is None else decoded.run.seconds))
        columns[f"`{method}`, {count:,}:"] = {name: x for name, x in steps.items() if x > 0}
    if not columns:
        return []
    names = dict.fromkeys(name for steps in columns.values() for name in steps)
    rows = [[name, *(_step_cell(steps, name) for steps in columns.values())] for name in names]
    rows.append(["total", *(f"{sum(steps.values()):.1f} s" for steps in columns.values())])
    return [*STEPS_NOTE, "", *table(["part", *columns], rows), *_bare_reading(results)]


def _steps(result: Result, decoding: float | None) -> Iterator[tuple[str, float]]:
    """Yield the seconds of each step of the chain; together they are its seconds."""
    stages = {stage.name: stage.seconds for stage in result.run.stages}
    inner = {name: result.facts["steps"].get(name, 0.0) for name in (
        "neighbours", "layout", "labellings", "micro-clusters", "silhouettes", "unique"
    )}  # fmt: skip
    if decoding is None:
        yield "reading", stages["import"]
    else:
        yield "decoding", min(decoding, stages["import"])
        yield "other reading", stages["import"] - min(decoding, stages["import"])
    yield "features", stages["extract"]
    yield "map: neighbours", inner["neighbours"]
    yield "map: layout", inner["layout"]
    yield "map: the rest", stages["embedding"] - inner["neighbours"] - inner["layout"]
    yield "cluster: micro-clusters", inner["micro-clusters"]
    yield "cluster: tree", inner["labellings"] - inner["micro-clusters"]
    yield "cluster: silhouettes", inner["silhouettes"]
    yield "unique", inner["unique"]
    timed = inner["labellings"] + inner["silhouettes"] + inner["unique"]
    yield "cluster: the rest", stages["cluster"] - timed


def _step_cell(steps: dict[str, float], name: str) -> str:
    if name not in steps:
        return ""
    return f"{steps[name]:.1f} s, {steps[name] / sum(steps.values()):.0%}"


def _bare_reading(results: Results) -> list[str]:
    """Return a sentence on what reading takes at least."""
    decode = [case.count for case in results.cases.values() if case.group == "decode"]
    count = max(decode, default=0)
    titles = {
        "bytes": "only the bytes of the files",
        "opencv": "decoded with OpenCV",
        "pillow": "decoded with Pillow",
    }
    found = [(title, results.good(f"decode-{name}-{count}")) for name, title in titles.items()]
    times = [f"{title} {result.run.seconds:.1f} s" for title, result in found if result]
    return ["", f"Reading {count:,} files bare: {'; '.join(times)}."] if times else []


def _times(value: float) -> str:
    return f"{value:.1f} ×"


def format_bytes(n_bytes: float) -> str:
    """Return bytes in MB or GB, powers of 1,000.

    Examples
    --------
    >>> format_bytes(3_210_000_000), format_bytes(512_300_000)
    ('3.21 GB', '512 MB')
    """
    return f"{n_bytes / 1e9:.2f} GB" if n_bytes >= 1e9 else f"{n_bytes / 1e6:,.0f} MB"
