"""A run that is killed within a stage gives the same results when it runs again."""

from __future__ import annotations

import random
import shutil
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from _photos import STAGES, make_photos, run_stage, sizes_below
from _processes import Child

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot fork")


@pytest.mark.parametrize(
    ("stages", "n_kills"),
    [(("pca", "hog", "duplicates"), 1), pytest.param(STAGES, 20, marks=pytest.mark.torture)],
)
def test_a_killed_run_gives_the_same_results_again(tmp_path, count_row, stages, n_kills):
    photos, rng, counts = make_photos(tmp_path), random.Random(0), Counter()
    Child(len, "").answer()  # what is imported once is not part of how long a run lasts
    for stage in stages:
        if stage == "cnn":
            pytest.importorskip("torch")
        place = tmp_path / stage
        begun = time.monotonic()
        expected = Child(run_stage, stage, photos, place).answer()
        lasts, files = time.monotonic() - begun, sizes_below(place).keys()
        assert isinstance(expected, str), expected
        for _ in range(n_kills):
            shutil.rmtree(place)
            child = Child(run_stage, stage, photos, place)
            time.sleep(lasts * rng.uniform(0.05, 0.8))
            counts["killed"] += child.kill()
            counts["other"] += Child(run_stage, stage, photos, place).answer() != expected
            more = [Path(name).name for name in sizes_below(place).keys() - files]
            temporary = sum(name.startswith(".") and name.endswith(".part") for name in more)
            counts["temporary"] += temporary
            counts["left"] += len(more) - temporary
    count_row(
        "kills within PCA, HOG, a network, faces and duplicates, with a cache",
        counts["killed"],
        f"run again: {counts['other']} other results, {counts['left']} files too many or half "
        f"written; hidden temporary files left: {counts['temporary']}",
    )
    assert (counts["other"], counts["left"]) == (0, 0)
    assert counts["killed"] > n_kills * len(stages) / 4
