"""How near ten updates of a tenth each come to one run on all photos, and what becomes of names.

The photos of corel1k come in ten parts of seeded order: the first is clustered, and its clusters
of 5 photos or more get names; each other part is an update. The photos are looked for below
``CLUSTIMAGE_TEST_DATA``, in ``data/``; the table goes into ``docs/update.rst``.

    python benchmarks/updates.py
    python benchmarks/updates.py --orders 1 --print
"""

import argparse
import tempfile
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from _labelled import Labelled, load_labelled
from _markdown import put_between
from _measure import ROOT
from sklearn.metrics import adjusted_rand_score

from clustimage import Clustimage, set_logger

PAGE = ROOT / "docs" / "update.rst"
START, END = ".. measured\n", ".. end of what was measured\n"
N_PARTS = 10
MIN_NAMED = 5  # photos of a cluster that gets a name
MODES = {"when a tenth has come": None, "never (``recluster=False``)": False}
COLUMNS = (
    "clusters made anew",
    "ARI to one run",
    "lowest",
    "ARI to the kinds",
    "waiting",
    "names kept",
    "under another name",
)


class Outcome(NamedTuple):
    """What ten parts came to.

    Attributes
    ----------
    to_one_run, to_kinds : float
        Adjusted Rand index to one run on all photos, and to what they show.
    waiting : float
        Share of photos that are in no cluster at the end.
    kept, named : int
        How many names there are at the end, and how many were given.
    renamed : float
        Share of the photos of named clusters that are in a cluster of another name now.
    """

    to_one_run: float
    to_kinds: float
    waiting: float
    kept: int
    named: int
    renamed: float


def main() -> None:
    """Measure, and write the page unless the table is only printed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--orders", type=int, default=5, help="orders in which the photos come")
    parser.add_argument("--print", action="store_true", help="print the table, write nothing")
    options = parser.parse_args()
    set_logger("error")
    photos = load_labelled("corel1k")
    rows = []
    with tempfile.TemporaryDirectory() as cache:
        whole = _model(cache).fit(photos.images)
        on_all = adjusted_rand_score(photos.kinds, whole.labels_)
        for name, recluster in MODES.items():
            outcomes = []
            for seed in range(options.orders):
                outcomes.append(_measure(cache, photos, whole.labels_, seed, recluster))
                print(name, seed, *outcomes[-1], flush=True)
            rows.append(_row(name, outcomes))
    rows.append(["one run on all", "", "", f"{on_all:.2f}", "0 %", "", ""])
    lines = list(_simple_table(COLUMNS, rows))
    print("\n".join(lines))
    if not options.print:
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(put_between(page, START, END, ["", *lines, ""]), encoding="utf-8")


def _model(cache: str) -> Clustimage:
    return Clustimage(
        method="cnn",
        embedding=None,
        params_cnn={"model": "efficientnet_lite0"},
        dirpath=cache,
        verbose="error",
    )


def _measure(
    cache: str, photos: Labelled, one_run: np.ndarray, seed: int, recluster: "bool | None"
) -> Outcome:
    order = np.random.default_rng(seed).permutation(len(photos.images))
    parts = np.array_split(order, N_PARTS)
    there = parts[0]
    model = _model(cache).fit([photos.images[i] for i in there])
    sizes = np.bincount(model.labels_[model.labels_ >= 0])
    called = {int(label): f"name {label}" for label in np.flatnonzero(sizes >= MIN_NAMED)}
    model.rename(called)
    before = np.full(len(photos.images), "", dtype=object)
    before[there] = [called.get(label, "") for label in model.labels_.tolist()]
    for part in parts[1:]:
        model.update([photos.images[i] for i in part], recluster=recluster)
        there = np.concatenate([there, part])
    assert [str(path) for path in model.results["pathnames"]] == [photos.images[i] for i in there]
    labels = np.empty(len(order), dtype=int)
    labels[there] = model.labels_
    now = np.array([model.names.get(label, "") for label in labels.tolist()], dtype=object)
    named = before != ""
    return Outcome(
        adjusted_rand_score(one_run, labels),
        adjusted_rand_score(photos.kinds, labels),
        float((labels < 0).mean()),
        len(model.names),
        len(called),
        float(((now != before) & (now != ""))[named].mean()),
    )


def _row(name: str, outcomes: list[Outcome]) -> list[str]:
    to_one_run = [one.to_one_run for one in outcomes]
    return [
        name,
        f"{np.mean(to_one_run):.2f}",
        f"{min(to_one_run):.2f}",
        f"{np.mean([one.to_kinds for one in outcomes]):.2f}",
        f"{100 * np.mean([one.waiting for one in outcomes]):.0f} %",
        f"{sum(one.kept for one in outcomes)} of {sum(one.named for one in outcomes)}",
        f"{100 * np.mean([one.renamed for one in outcomes]):.1f} %",
    ]


def _simple_table(columns: "tuple[str, ...]", rows: "list[list[str]]") -> Iterator[str]:
    """Yield the lines of a simple table of reStructuredText."""
    widths = [max(map(len, cells)) for cells in zip(columns, *rows, strict=True)]
    rule = "  ".join("=" * width for width in widths)
    for line in (rule, columns, rule, *rows, rule):
        cells = line if isinstance(line, str) else zip(line, widths, strict=True)
        yield (
            cells
            if isinstance(cells, str)
            else "  ".join(cell.ljust(width) for cell, width in cells).rstrip()
        )


if __name__ == "__main__":
    main()
