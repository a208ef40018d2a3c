"""Whether the default finds the right groups of deep features: before and after the graph.

Parts of labelled sets, mixtures and sets without groups, see ``_study_sets.py``. The rules and
constants of the default were chosen on those with even numbers; this reports the odd ones, and
whole sets, into ``docs/quality.md``. CNN features are extracted once and kept.

    python benchmarks/study.py
    python benchmarks/study.py --half chosen --print
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from _datasets import TEST_DATA
from _labelled import available, load_labelled
from _markdown import table, write_section
from _measure import ROOT, WORK
from _study_sets import Collection, draw_mixtures, draw_parts, draw_structureless
from sklearn.metrics import adjusted_rand_score

from clustimage import Clustimage, set_logger
from clustimage.cluster import ClusterRequest, build_graph_space, search_k, search_suitable_space

START, END = "<!-- study -->", "<!-- end of the study -->"
COLUMNS = ("family", "sets:", "ARI features:", "ARI default:", "gain, 95 % interval:",
           "k within 20 %, features:", "default:")  # fmt: skip
N_BOOTSTRAP = 2000


class Outcome(NamedTuple):
    """What was found in one collection, by the features and by the default."""

    family: str
    agreement: tuple[float, float]
    k_is_right: tuple[bool, bool]


def main() -> None:
    """Measure, and write the page unless it is only printed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--half", choices=["reported", "chosen"], default="reported")
    parser.add_argument("--print", action="store_true", help="print the table, write nothing")
    options = parser.parse_args()
    set_logger("error")
    outcomes = []
    for collection in collections():
        if collection.number < 0 or collection.is_reported == (options.half == "reported"):
            outcomes.append(_measure(collection))
            print(collection.name, *outcomes[-1], flush=True)
    lines = table(COLUMNS, _rows(outcomes))
    print("\n".join(lines))
    if not options.print:
        write_section(ROOT / "docs" / "quality.md", START, END, lines)


def collections() -> Iterator[Collection]:
    names = available()
    features = {name: _features(name) for name in names}
    kinds = {name: load_labelled(name).kinds for name in names}
    for name in names:
        yield Collection(-1, f"all of {name}", name, features[name], kinds[name])
    for part in draw_parts(kinds):
        yield part._replace(rows=features[part.family][part.rows])
    yield from draw_mixtures()
    yield from draw_structureless()


def _features(name: str) -> np.ndarray:
    """Return the CNN features of a set, extracted once."""
    kept = WORK / "features" / f"{name}.cnn.npy"
    if not kept.exists():
        weights = str(TEST_DATA / "weights" / "mobilenet_v2.pth")
        params = {"model": "mobilenet_v2", "weights": weights}
        model = Clustimage(method="cnn", params_cnn=params, embedding=None, verbose="error")
        features = model.extract_feat(model.import_data(load_labelled(name).images))
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.save(kept, features)
    features: np.ndarray = np.load(kept)
    return features


def _measure(collection: Collection) -> Outcome:
    rows, kinds = collection.rows.astype(np.float32), collection.kinds
    n_kinds = len(np.unique(kinds))
    most = min(25, len(rows) - 1)
    before = search_k(rows, max_clust=most, n_jobs=1)
    after = search_suitable_space(rows, ClusterRequest(), space=build_graph_space(rows), n_jobs=1)
    both = (before, after)
    return Outcome(
        collection.family,
        tuple(float(adjusted_rand_score(kinds, found.labels)) for found in both),
        tuple(bool(abs(found.n_found - n_kinds) <= 0.2 * n_kinds) for found in both),
    )


def _rows(outcomes: list[Outcome]) -> Iterator[list[object]]:
    """Yield the cells of each family, and of the mean over those of parts of photos."""
    families = defaultdict(list)
    for outcome in outcomes:
        families[outcome.family].append(outcome)
    parts = [
        outcome
        for outcome in outcomes
        if not outcome.family.startswith("all of")
        and outcome.family not in ("mixtures", "structureless")
    ]
    for family, members in [*families.items(), ("**all parts**", parts)]:
        agreement = np.array([one.agreement for one in members])
        right = np.array([one.k_is_right for one in members]).mean(axis=0)
        gain = agreement[:, 1] - agreement[:, 0]
        low, high = _interval(gain)
        interval = f"{gain.mean():+.3f}"
        if len(members) > 1:
            interval += f" ({low:+.3f} to {high:+.3f})"
        means = [f"{value:.3f}" for value in agreement.mean(axis=0)]
        shares = [f"{value:.0%}" for value in right]
        if family == "structureless":  # there is no right number
            means, interval, shares = ["", ""], "", ["", ""]
        yield [family, len(members), *means, interval, *shares]


def _interval(values: np.ndarray) -> tuple[float, float]:
    """Return the 95 % interval of the mean, by the bootstrap over collections."""
    rng = np.random.default_rng(0)
    drawn = rng.choice(values, (N_BOOTSTRAP, len(values))).mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


if __name__ == "__main__":
    main()
