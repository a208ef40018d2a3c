"""Processes that work on one folder with one cache at the same time."""

from __future__ import annotations

import shutil
import sys

import pytest
from _photos import STAGES, make_photos, run_stage
from _processes import Child

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot fork")


@pytest.mark.parametrize("stages", [("pca",), pytest.param(2 * STAGES, marks=pytest.mark.torture)])
def test_four_processes_give_the_results_of_one(tmp_path, count_row, stages):
    photos, others = make_photos(tmp_path), []
    for stage in stages:
        place = tmp_path / stage
        expected = Child(run_stage, stage, photos, place).answer()
        assert isinstance(expected, str), expected
        shutil.rmtree(place)  # the digest has the paths of faces
        children = [Child(run_stage, stage, photos, place) for _ in range(4)]
        others += [said for said in (child.answer() for child in children) if said != expected]
    count_row(
        "four processes on one folder with one cache at the same time",
        len(stages),
        f"{len(others)} other results than alone",
    )
    assert others == []
