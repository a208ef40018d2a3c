"""How often images of one half of a set find those of the other half, at a p-value of alpha.

The distribution of the p-values is fitted to the distances within the first half; the pairs that
are counted have an image of either half. Right is alpha. Into ``docs/quality.md``.

    python benchmarks/p_values.py
    python benchmarks/p_values.py --print
"""

import argparse
from collections.abc import Iterator

import numpy as np
from _labelled import available, load_labelled
from _markdown import table, write_section
from _measure import ROOT

from clustimage import Clustimage, set_logger
from clustimage.similarity import NullDistribution, find_similar, fit_null

START, END = "<!-- p-values -->", "<!-- end of the p-values -->"
ALPHAS = (0.05, 0.01, 0.001)
N_ROWS = 4000  # of a drawn set
N_QUERIES = 500
COLUMNS = ("images", "null", *(f"alpha {alpha}:" for alpha in ALPHAS), "chosen")


def main() -> None:
    """Measure, and write the page unless it is only printed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--print", action="store_true", help="print the table, write nothing")
    options = parser.parse_args()
    set_logger("error")
    rows = []
    for name, feat in sets():
        feat = feat[np.random.default_rng(0).permutation(len(feat))]
        fitted_to, queries = np.array_split(feat, 2)
        for null in ("empirical", "best"):
            fitted = fit_null(fitted_to, null=null)
            rates = [found_share(fitted_to, queries[:N_QUERIES], fitted, a) for a in ALPHAS]
            found = [f"{rate / a:.2f}" for rate, a in zip(rates, ALPHAS, strict=True)]
            rows.append([name, null, *found, fitted.name])
            print(*rows[-1], flush=True)
    lines = table(COLUMNS, rows)
    if not options.print:
        write_section(ROOT / "docs" / "quality.md", START, END, lines)


def found_share(
    feat: np.ndarray, queries: np.ndarray, null: NullDistribution, alpha: float
) -> float:
    """Return the share of pairs that `find_similar` returns."""
    found = find_similar(feat, queries, alpha=alpha, null=null)
    return sum(len(one["y_idx"]) for one in found) / (len(queries) * len(feat))


def sets() -> Iterator[tuple[str, np.ndarray]]:
    """Yield features: drawn ones, and those of images that are there."""
    rng = np.random.default_rng(0)
    for n_columns in (2, 10, 100):
        yield f"Gaussian, {n_columns} columns", rng.normal(size=(N_ROWS, n_columns))
    for n_columns in (50, 100):
        centers = 3 * rng.normal(size=(8, n_columns))
        drawn = centers[rng.integers(0, 8, N_ROWS)] + rng.normal(size=(N_ROWS, n_columns))
        yield f"8 groups, {n_columns} columns", drawn
    yield "t with 3 degrees of freedom, 20 columns", rng.standard_t(3, size=(N_ROWS, 20))
    for name in ("digits", "corel1k"):
        if name in available():
            for method in ("pca", "cnn") if name == "corel1k" else ("pca",):
                model = Clustimage(method=method, embedding=None).fit(load_labelled(name).images)
                yield f"{name}, {method}", model.results["feat"]


if __name__ == "__main__":
    main()
