"""How often a verdict is right: of parts of labelled sets, of mixtures, and of sets without groups.

The collections are those of ``study.py``, clustered with the defaults; the verdict knows nothing of
the kinds. Reported are collections with odd numbers, into ``docs/quality.md``.

    python benchmarks/verdicts.py
    python benchmarks/verdicts.py --every 3 --print
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from _markdown import table, write_section
from _measure import ROOT
from _study_sets import Collection
from sklearn.metrics import adjusted_rand_score
from study import collections

from clustimage import Clustimage, set_logger

START, END = "<!-- verdicts -->", "<!-- end of the verdicts -->"
CONFIDENCES = ("high", "medium", "low", "no groups")
COLUMNS = ("family", *(f"{name}:" for name in CONFIDENCES))
# Below this the kinds are not what the clusters are of.
GOOD = 0.6


class Outcome(NamedTuple):
    """What was said of one collection, and how right its clusters are."""

    family: str
    confidence: str
    agreement: float


def main() -> None:
    """Measure, and write the page unless it is only printed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--every", type=int, default=1, help="take every so many collections")
    parser.add_argument("--print", action="store_true", help="print the table, write nothing")
    options = parser.parse_args()
    set_logger("error")
    outcomes = []
    reported = [one for one in collections() if one.number >= 0 and one.is_reported]
    for collection in reported[:: options.every]:
        outcomes.append(_measure(collection))
        print(collection.name, *outcomes[-1], flush=True)
    lines = table(COLUMNS, _rows(outcomes))
    good = [one for one in outcomes if one.agreement >= GOOD]
    missed = sum(one.confidence == "no groups" for one in good)
    counted = f"Of {len(good)} collections with an ARI of at least {GOOD}"
    lines += ["", f"{counted}, {missed} were said to have no groups."]
    print("\n".join(lines))
    if not options.print:
        write_section(ROOT / "docs" / "quality.md", START, END, lines)


def _measure(collection: Collection) -> Outcome:
    model = Clustimage(method="precomputed", embedding=None, verbose="error", n_jobs=1)
    model.fit_transform(features=collection.rows.astype(np.float32))
    agreement = adjusted_rand_score(collection.kinds, model.labels_)
    if collection.family == "structureless":
        agreement = np.nan
    family = collection.family
    if family not in ("mixtures", "structureless"):
        family = "parts of photos"
    return Outcome(family, model.verdict.confidence, float(agreement))


def _rows(outcomes: list[Outcome]) -> Iterator[list[object]]:
    """Yield, for each family, the number of sets of each confidence and their mean ARI."""
    families: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for outcome in outcomes:
        families[outcome.family][outcome.confidence].append(outcome.agreement)
    for family, found in families.items():
        cells = []
        for name in CONFIDENCES:
            values = found.get(name, [])
            mean = f", ARI {np.mean(values):.2f}" if np.isfinite(values).any() else ""
            cells.append(f"{len(values)}{mean}" if values else "0")
        yield [family, *cells]


if __name__ == "__main__":
    main()
