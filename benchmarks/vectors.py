"""Clusters of 60,000 vectors that were computed elsewhere, beside EVoC, in one run.

Both have two cores and defaults, and take turns; numba has compiled before. Processor time is
what both cores spent. Writes its part of ``docs/performance.md``.

    python benchmarks/vectors.py                 # the seeded groups
    python benchmarks/vectors.py --features cifar10.npy --kinds kinds.npy   # and vectors of yours
"""

import argparse
import resource
import time
from collections.abc import Callable
from statistics import mean

import numpy as np
from _markdown import table, write_section
from _measure import ROOT
from sklearn.metrics import adjusted_rand_score

from clustimage import Clustimage

START = "<!-- written by benchmarks/vectors.py: start -->"
END = "<!-- written by benchmarks/vectors.py: end -->"
N_ROWS, N_COLUMNS, N_GROUPS = 60_000, 512, 100
REPEATS = 2


def make_groups() -> tuple[np.ndarray, np.ndarray]:
    """Return rows of length 1 around 100 centres of unequal weights, and their groups."""
    rng = np.random.default_rng(0)
    centres = 0.32 * rng.normal(size=(N_GROUPS, N_COLUMNS))
    weights = rng.uniform(0.3, 1.7, N_GROUPS)
    groups = rng.choice(N_GROUPS, N_ROWS, p=weights / weights.sum())
    rows = (centres[groups] + rng.normal(size=(N_ROWS, N_COLUMNS))).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True), groups


def by_evoc(rows: np.ndarray) -> np.ndarray:
    from evoc import EVoC

    return np.asarray(EVoC(random_state=0).fit_predict(rows))


def ours(rows: np.ndarray, **request: object) -> np.ndarray:
    model = Clustimage(method="precomputed", embedding=None, verbose="silent")
    model.extract_feat(features=rows)
    return model.cluster(**request)


TOOLS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "`cluster()`": ours,
    '`cluster(cluster="evoc")`': lambda rows: ours(rows, cluster="evoc"),
    "EVoC": by_evoc,
}


def processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def measure(rows: np.ndarray, kinds: np.ndarray, name: str) -> list[list[object]]:
    """Return a row of the table for each tool."""
    seconds: dict[str, list[float]] = {tool: [] for tool in TOOLS}
    walls: dict[str, list[float]] = {tool: [] for tool in TOOLS}
    labels: dict[str, np.ndarray] = {}
    for _ in range(REPEATS):
        for tool, run in TOOLS.items():
            start, used = time.perf_counter(), processor_seconds()
            labels[tool] = run(rows)
            walls[tool].append(time.perf_counter() - start)
            seconds[tool].append(processor_seconds() - used)
            print(
                name, tool, f"{walls[tool][-1]:.1f} s, {seconds[tool][-1]:.1f} s used", flush=True
            )
    return [
        [
            f"{name}, {len(rows):,} × {rows.shape[1]}",
            tool,
            f"{mean(walls[tool]):.1f}",
            f"{mean(seconds[tool]):.1f}",
            f"{mean(seconds[tool]) / mean(seconds['EVoC']):.2f}",
            len(np.unique(found[found >= 0])),
            f"{adjusted_rand_score(kinds, found):.3f}",
            f"{np.mean(found < 0):.1%}",
        ]
        for tool, found in labels.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--features", metavar="NPY", help="vectors, a row each")
    parser.add_argument("--kinds", metavar="NPY", help="what each of them is of")
    parser.add_argument("--name", default="given", help="what to call them in the table")
    options = parser.parse_args()
    rows, groups = make_groups()
    for run in TOOLS.values():
        run(rows[:3000])
    lines = measure(rows, groups, f"{N_GROUPS} seeded groups")
    if options.features:
        vectors = np.load(options.features).astype(np.float32)
        lines += measure(vectors, np.load(options.kinds), options.name)
    columns = [
        "vectors",
        "tool",
        "seconds:",
        "processor:",
        "× EVoC:",
        "groups:",
        "ARI:",
        "left out:",
    ]
    written = table(columns, lines)
    write_section(ROOT / "docs" / "performance.md", START, END, ["", *written, ""])


if __name__ == "__main__":
    main()
