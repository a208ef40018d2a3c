"""The plan of a chain: what it adds up, and how it reads."""

from __future__ import annotations

from clustimage._core.memory import Budget
from clustimage._core.plan import Plan, Step

STEPS = [
    Step("import_data", "pixels in a file", "pixels > half", 10_000_000, 0, 2_900_000_000),
    Step("extract_feat", "randomised PCA", "", 500_000_000, 52_000_000),
    Step("cluster", "a tree <of> 4,000 parts", "", 600_000_000, 1_000_000, 0, "too small"),
]


def test_the_peak_is_that_of_a_stage_with_all_that_is_kept_before_it():
    plan = Plan(60_000, Budget(3_000_000_000), STEPS)
    assert plan.peak == 652_000_000
    assert plan.on_disk == 2_900_000_000
    assert plan.problems == ["too small"]
    assert Plan(1, Budget(5)).peak == 0


def test_it_reads_as_a_table():
    text = str(Plan(60_000, Budget(3_000_000_000), STEPS, 3_200_000_000))
    assert text.splitlines()[0] == (
        "Plan for 60,000 images with max_memory='3.0 GB': about 652.0 MB at the peak, "
        "2.9 GB on disk. 1 of 3 steps cannot be done; max_memory='3,200 MB' is enough."
    )
    assert "    because pixels > half" in text
    assert "    takes 500.0 MB, keeps 52.0 MB" in text
    assert "    CANNOT BE DONE: too small" in text


def test_a_notebook_shows_it_with_everything_escaped():
    html = Plan(60_000, Budget(3_000_000_000), STEPS)._repr_html_()
    assert "a tree &lt;of&gt; 4,000 parts" in html
    assert html.count("<tr") == 4


def test_as_a_frame_it_has_a_row_per_step():
    frame = Plan(60_000, Budget(3_000_000_000), STEPS).to_frame()
    assert frame["stage"].tolist() == ["import_data", "extract_feat", "cluster"]
    assert frame["peak_bytes"].tolist() == [10_000_000, 500_000_000, 600_000_000]
