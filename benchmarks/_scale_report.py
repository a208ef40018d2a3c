"""From the results of `scale.py` to its part of docs/performance.md."""

from __future__ import annotations

from _scale_cases import BUDGET, ROWS_BUDGET, Case
from _scale_known import Known
from _scale_results import CHAIN, Result
from _scale_shares import shares_table
from _scale_targets import targets_table
from _scale_words import ROW_TASKS, bullet_versions, cell, failed, size

__all__ = ["AROUND", "report", "size"]

AROUND = f"""## From 1,000 to 60,000 images, and a million rows

`make bench-scale` measures how time and memory grow and writes what follows.

- The images are the 10,000 of CIFAR-10's test set, 32 × 32, as JPEG files; beyond 10,000
  variants of them, seeded: a cut of 75 to 100 % at its old size, flipped or not, in another
  light, each a PNG file. The first 1,000 are part of the first 2,000, and so on; each kind
  has about the same share in all of them.
- Every line is one run in a fresh process with default settings: images of 128 × 128,
  t-SNE, agglomerative clustering, silhouettes of 3 to 24 clusters, and
  `max_memory="{BUDGET}"`, for 1,000 images as for 60,000. Imports are not counted, files were
  read once before.
- Memory is the peak of what the process holds, its libraries and the pages of files that it
  has mapped included; 1 GB is 10⁹ bytes. That of each stage includes what stages before it keep.
- *total* is import, extract, embedding and cluster, the latter with the unique and the mean
  image of each cluster. *find* is the first question, which also fits the distribution of
  distances.
- clustimage 1.7.1 runs with its defaults on the same files, with `fit_transform`, at sizes
  that it can do in 24 GB.
- The rows are seeded: 50 normal clouds of unequal size in 64 dimensions that overlap a
  little. *best possible* is the adjusted Rand index (ARI) of one who knows the clouds and
  guesses for each row the likeliest one.

{{marks}}

### What bounds it, and what would halve it

<!-- Written by hand after a run; benchmarks/scale.py leaves it as it is. -->
"""

PICTURE = "![Seconds and peak memory against the number of images](images/scale.png)"


def report(known: Known) -> list[str]:
    """Return the lines of the page, from the last result of each case."""
    parts = {
        "": [PICTURE, "", *_measured_on(known)],
        "### Targets": targets_table(known),
        "### Stage by stage": _chain_table(known),
        "### Planned and taken": _plan_table(known),
        f"### A million rows of features, `max_memory={ROWS_BUDGET!r}`": _rows_tables(known),
        "### One question": _query_table(known),
        "### HOG": _hog_lines(known),
        "### Where the time goes": shares_table(known),
    }
    lines: list[str] = []
    for title, content in parts.items():
        if content:
            lines += [*([""] if lines else []), *([title, ""] if title else []), *content]
    return lines


def _measured_on(known: Known) -> list[str]:
    results = [result for group in ("chain", "rows", "hog") for _, result in known.of(group)]
    if not results:
        return ["Not measured yet."]
    # Lines of one table may come from several runs.
    origins = list(dict.fromkeys(result.machine["images"] for result in results))
    commits = list(dict.fromkeys(result.commit for result in results))
    latest = max(results, key=lambda result: result.when)
    machine = latest.machine
    said = (
        f"Measured with {' and '.join(origins)}, on {machine['cores']} cores and "
        f"{machine['memory'] / 2**30:.0f} GiB of memory, {machine['system']}, at commit "
        f"{', '.join(commits)}, one run each, the last one on {latest.when[:10]}. Versions:"
    )
    return [said, "", *bullet_versions(known)]


def _chain_table(known: Known) -> list[str]:
    rows = [
        "| method | images | tool | features | k | total | peak | import | extract | embedding "
        "| cluster | find |",
        "|---|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for method in known.methods():
        both = [*known.of("chain"), *known.of("incumbent")]
        of_it = [(case, result) for case, result in both if case.method == method]
        of_it.sort(key=lambda one: (one[0].options["images"], one[0].group == "chain"))
        rows += [_chain_row(case, result) for case, result in of_it]
    return rows if len(rows) > 2 else []


def _chain_row(case: Case, result: Result) -> str:
    tool = "ours" if case.group == "chain" else "1.7.1"
    head = f"| `{case.method}` | {case.options['images']:,} | {tool} "
    if result.error:
        return f"{head}| {failed(result)} | | | | | | | | |"
    facts = result.facts
    stages = [cell(result.stage(name)) for name in (*CHAIN, "find")]
    return (
        f"{head}| {facts['feat'][1]:,} | {facts['k']} | {result.seconds:.1f} s "
        f"| {size(result.peak)} | {' | '.join(stages)} |"
    )


def _plan_table(known: Known) -> list[str]:
    rows = [
        "| method | images | planned peak | taken, beside Python and libraries | written to files "
        "| pixels in | map | clusters from |",
        "|---|---:|---:|---:|---:|---|---|---|",
    ]
    for case, result in known.of("chain"):
        if result.error:
            continue
        facts, roads = result.facts, result.facts["roads"]
        plan = facts.get("plan")
        planned = size(plan["peak"]) if plan else ""
        written = size(plan["on_disk"]) if plan and plan["on_disk"] else ""
        micro = roads["micro"]
        tree = "an exact tree" if micro is None else f"a tree of {micro:,} micro-clusters"
        rows.append(
            f"| `{case.method}` | {case.options['images']:,} | {planned} "
            f"| {size(result.peak - facts['base'])} | {written} | {roads['pixels']} "
            f"| {roads['embedder']} | {tree} |"
        )
    return rows if len(rows) > 2 else []


def _rows_tables(known: Known) -> list[str]:
    rows = [
        "| work | rows | seconds | peak | k | ARI | best possible | micro-clusters |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for case, result in known.of("rows"):
        if case.method.startswith("find"):  # has a table of its own
            continue
        title = ROW_TASKS[case.method]
        if result.error:
            rows.append(f"| {title} | {case.options['rows']:,} | {failed(result)} | | | | | |")
            continue
        facts = result.facts
        ari = f"{facts['ari']:.3f} | {facts['best_ari']:.3f}" if "ari" in facts else " | "
        micro = f"{facts['micro']:,}" if facts.get("micro") else ""
        rows.append(
            f"| {title} | {facts['n']:,} | {result.seconds:.1f} | {size(result.peak)} "
            f"| {facts['k']} | {ari} | {micro} |"
        )
    return rows if len(rows) > 2 else []


def _query_table(known: Known) -> list[str]:
    rows = [
        "The ten nearest to one row that is described already (or to each of 100, asked in one "
        "call), after the first question; and reading all rows from memory once (a product "
        "with a vector). The median of seven.",
        "",
        "| features | rows | columns | questions | seconds | reading once | times reading |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    n_head = len(rows)
    for method in known.methods():
        largest = known.largest(method)
        if largest is not None:
            rows.append(_query_row(f"`{method}`", largest[1].facts, "query"))
    notes = []
    for name, title in (("rows-find", "made"), ("rows-find-nearly", "made, `approximate=True`")):
        result = known.any_of(name)
        if result is not None and result.error:
            rows.append(f"| {title} | {failed(result)} | | | | | |")
        elif result is not None:
            rows += [_query_row(title, result.facts, key) for key in ("query", "query100")]
            notes += ["", _query_note(title, result)]
    return [*rows, *notes] if len(rows) > n_head else []


def _query_note(title: str, result: Result) -> str:
    once = [f"{stage.name} {stage.seconds:.1f} s" for stage in result.run.stages[:-2]]
    said = f"Once for all questions to the rows {title}: {', '.join(once)}; peak "
    said += f"{size(result.peak)}."
    if "recall" in result.facts:
        said += f" It finds {result.facts['recall']:.0%} of the ten nearest."
    return said


def _query_row(name: str, facts: dict, key: str) -> str:
    query = facts[key]
    return (
        f"| {name} | {facts['feat'][0]:,} | {facts['feat'][1]:,} | {query['queries']} "
        f"| {query['seconds']:.4f} | {query['read']:.4f} "
        f"| {query['seconds'] / query['read']:.1f} |"
    )


def _hog_lines(known: Known) -> list[str]:
    result = known.good("hog-speed")
    if result is None:
        return []
    facts = result.facts
    return [
        f"{facts['n']:,} gray images of 128 × 128: {facts['ours']:.2f} s here, "
        f"{facts['theirs']:.2f} s with `skimage.feature.hog` in one thread, "
        f"{facts['theirs'] / facts['ours']:.1f} × as fast (the median of three, in turn); the "
        f"largest difference of two numbers is {facts['difference']:.0e}."
    ]
