"""The tables that say what the benchmarks measure, and the tables that they write."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from _datasets import Datasets
from _markdown import put_between, table, write_section
from _measure import INCUMBENT, OURS, Job, Measurement, Stage
from _scale_cases import QUICK, Sizes, make_cases
from _scale_figure import make_curves, spread
from _scale_report import format_bytes, report
from _scale_results import Result, Results
from _speed_report import Outcome, compare_scores, verdict
from _workloads import WORKLOADS, Target, Workload

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
PHOTOS = {"photos", "large", "blobs", "weights"}
PAIR = {INCUMBENT.name: Job("jobs.chain", {}, INCUMBENT), OURS.name: Job("jobs.chain", {})}


def job_parameters(function: str) -> tuple[set[str], set[str], bool]:
    """Return the required and the optional options of a job, and whether it takes any others."""
    module, _, name = function.partition(".")
    tree = ast.parse((BENCHMARKS / "tools" / f"{module}.py").read_text(encoding="utf-8"))
    (found,) = (node for node in tree.body if getattr(node, "name", "") == name)
    arguments = found.args
    pairs = list(zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True))
    required = {argument.arg for argument, default in pairs if default is None}
    return required, {argument.arg for argument, _ in pairs}, arguments.kwarg is not None


def check_options(job: Job) -> None:
    required, known, any_other = job_parameters(job.function)
    assert required <= set(job.options)
    assert any_other or set(job.options) <= known


def outcome(*seconds: float, peak: int = 100, **facts: object) -> Outcome:
    return Outcome([Measurement(seconds=one, peak=peak, facts=facts) for one in seconds])


@pytest.mark.parametrize("name", sorted(WORKLOADS))
def test_every_workload_names_jobs_datasets_and_contenders_that_exist(name):
    workload = WORKLOADS[name]
    assert workload.contenders[workload.ours].environment is OURS
    assert set(workload.target.against if workload.target else ()) < set(workload.contenders)
    for job in workload.contenders.values():
        check_options(job)
        assert {job.options.get(key, "photos") for key in ("folder", "weights", "data")} <= (
            PHOTOS | {"digits"}
        )
    assert "{" not in workload.title.format(photos="corel1k", n_large=2, n_blobs=3)


@pytest.mark.parametrize("sizes", [Sizes(), QUICK])
def test_every_case_has_a_name_of_its_own_and_a_job_that_exists(sizes):
    cases = list(make_cases(sizes))
    assert len({case.name for case in cases}) == len(cases)
    for case in cases:
        check_options(case.job)


def test_the_cases_are_those_of_every_size_method_and_task():
    names = [case.name for case in make_cases(QUICK)]
    assert names == [
        "hog-speed",
        *(f"decode-{name}-{n}" for n in (200, 400) for name in ("bytes", "pillow", "opencv")),
        *(f"incumbent-{method}-200" for method in ("pca", "hog", "phash")),
        *(f"{method}-200" for method in ("pca", "hog", "phash", "cnn")),
        *(f"{method}-400" for method in ("pca", "hog", "phash")),
        *(f"rows-kmeans-{k}" for k in ("range", "50")),
        *(f"rows-tree-{k}" for k in ("range", "50")),
        *(f"rows-{task}" for task in ("find", "find-nearly", "unique")),
    ]


def test_a_dataset_in_the_options_becomes_its_path(tmp_path):
    datasets = Datasets({"photos": tmp_path, "weights": tmp_path / "none"}, {})
    job = Job("jobs.rerun", {"folder": "photos", "weights": "weights", "cached": True})
    assert datasets.resolve(job).options == {
        "folder": str(tmp_path),
        "weights": str(tmp_path / "none"),
        "cached": True,
    }


def test_a_workload_without_its_datasets_is_left_out_with_a_note(tmp_path, capsys):
    datasets = Datasets({"photos": tmp_path, "weights": tmp_path / "none"}, {})
    assert datasets.have("reading", Job("jobs.reading", {"folder": "photos"})) is True
    assert datasets.have("again-pca", Job("jobs.rerun", {"weights": "weights"})) is False
    assert capsys.readouterr().out == (
        f"NOTE: again-pca is left out, there is no {tmp_path / 'none'}.\n"
    )


def test_table_aligns_numbers_to_the_right_and_fills_short_rows():
    assert table(["tool", "seconds:", "reached"], [["ours", 1.5, "yes"], ["1.7.1", "failed"]]) == [
        "| tool | seconds | reached |",
        "|---|---:|---|",
        "| ours | 1.5 | yes |",
        "| 1.7.1 | failed |  |",
    ]
    assert table(["tool"], []) == []


def test_what_lies_between_the_marks_is_replaced_and_the_rest_is_kept(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# By hand\n\n<s>\nold\n<e>\n\nBelow\n", encoding="utf-8")
    write_section(page, "<s>", "<e>", ["new"])
    assert page.read_text(encoding="utf-8") == "# By hand\n\n<s>\nnew\n<e>\n\nBelow\n"


def test_marks_are_appended_to_a_page_without_them():
    assert put_between("", "<s>", "<e>", ["new"]) == "<s>\nnew\n<e>\n"
    assert put_between("# By hand\n", "<s>", "<e>", ["new"]) == "# By hand\n\n<s>\nnew\n<e>\n"


@pytest.mark.parametrize("page", ["<s> only", "only <e>", "<e> before <s>"])
def test_a_page_with_broken_marks_is_not_written(tmp_path, page):
    path = tmp_path / "page.md"
    path.write_text(page, encoding="utf-8")
    with pytest.raises(SystemExit, match="has no '<s>' with '<e>' after it. Correct the marks"):
        write_section(path, "<s>", "<e>", ["new"])
    assert path.read_text(encoding="utf-8") == page


@pytest.mark.parametrize(
    ("speed", "memory", "reached"),
    [(3, None, True), (3, 1 / 2, True), (3, 1 / 4, False), (5, 1, False)],
)
def test_verdict_compares_medians_with_the_target(speed, memory, reached):
    workload = Workload("w", "w", PAIR, Target((INCUMBENT.name,), speed, memory))
    outcomes = {INCUMBENT.name: outcome(8, 1, 9, peak=300), OURS.name: outcome(2, 3, 1, peak=100)}
    text = "4.00 × as fast, 0.33 × the memory against clustimage 1.7.1"
    assert verdict(workload, outcomes) == (text, reached)


def test_verdict_compares_with_the_fastest_rival_that_did_not_fail():
    rivals = dict.fromkeys(("slow", "fast", "failed", "ours"), PAIR[OURS.name])
    workload = Workload("w", "w", rivals, Target(("slow", "fast", "failed"), 2))
    outcomes = {"slow": outcome(9), "fast": outcome(3), "ours": outcome(2)}
    outcomes["failed"] = Outcome([Measurement(error="out of memory")])
    assert verdict(workload, outcomes) == (
        "1.50 × as fast, 1.00 × the memory against fast",
        False,
    )


def test_verdict_asks_for_equal_scores():
    workload = Workload("w", "w", PAIR, Target((INCUMBENT.name,), 1, same_scores=1e-4))
    theirs, same = {"clusters": [3, 4], "scores": [0.5, 0.25]}, {"clusters": [4, 3]}
    outcomes = {
        INCUMBENT.name: outcome(2, **theirs),
        OURS.name: outcome(1, **same, scores=[0.25, 0.501]),
    }
    assert compare_scores(outcomes) == pytest.approx(1e-3)
    text, reached = verdict(workload, outcomes)
    assert text.endswith("against clustimage 1.7.1; scores differ by at most 1e-03")
    assert reached is False
    outcomes[OURS.name] = outcome(1, clusters=[3], scores=[0.5])
    assert compare_scores(outcomes) == float("inf")


@pytest.mark.parametrize(
    ("target", "text"),
    [
        (Target(("a",), 5, memory=1 / 3), "≥ 5 × the speed of a, ≤ 1/3 of the memory"),
        (Target(("a", "b"), 0.8), "≥ 0.8 × the speed of a or b"),
        (Target(("a",), 10, same_scores=1e-4), "≥ 10 × the speed of a, scores equal to 0.0001"),
    ],
)
def test_a_target_is_written_in_words(target, text):
    assert str(target) == text


@pytest.mark.parametrize(
    ("n_bytes", "text"), [(999e6, "999 MB"), (1e9, "1.00 GB"), (3.214e9, "3.21 GB")]
)
def test_bytes_are_written_in_powers_of_1000(n_bytes, text):
    assert format_bytes(n_bytes) == text


def make_results(path: Path, **runs: Measurement) -> Results:
    results = Results(path, make_cases(QUICK))
    for name, run in runs.items():
        case = results.cases[name.replace("_", "-")]
        results.add(Result(case, case.job.options, "abc", "", "2026-01-02", "Linux", "images", run))
    return results


def chain(seconds: float, peak: float, **run: object) -> Measurement:
    stages = [Stage(name, seconds, 10**6) for name in ("import", "extract", "embedding", "cluster")]
    facts = {"feat": [200, 7], "k": 3, "base": 10**6, "pixels": "file", "embedder": "E"}
    facts |= {"micro": 9, "plan": {"peak": 5e6, "on_disk": 2e9}, "steps": {"unique": seconds / 2}}
    facts |= {"query": {"queries": 1, "seconds": 0.5, "read": 0.2}}
    return Measurement(9 * seconds, int(peak), stages, facts, {"numpy": "2"}, "3.10", **run)


def test_the_last_result_of_a_case_is_read_again(tmp_path):
    path = tmp_path / "results.jsonl"
    make_results(path, pca_200=chain(1, 4e9))
    make_results(path, pca_200=chain(2, 3e9), hog_200=Measurement(error="out of memory"))
    with path.open("a", encoding="utf-8") as file:
        file.write('{"case": "phash-200", "opt')  # the machine went off
    results = Results(path, make_cases(QUICK))
    assert results.good("pca-200").seconds == 8  # the four stages
    assert results.good("pca-200").run.stage("import") == Stage("import", 2, 10**6)
    assert results.last("hog-200").run.error == "out of memory"
    assert results.good("hog-200") is results.last("phash-200") is None
    assert [one.case.name for one in results.group("chain")] == ["pca-200", "hog-200"]


def test_report_of_scale_compares_with_the_targets(tmp_path):
    runs = {"pca_200": chain(1, 1e9), "incumbent_pca_200": chain(5, 12e9)}
    runs |= {"pca_400": chain(2, 5e9), "hog_200": Measurement(error="out of memory")}
    lines = report(make_results(tmp_path / "results.jsonl", **runs), QUICK)
    for line in (
        "| 200 images, `pca`: speed | 5.0 × | ≥ 6 × that of 1.7.1 | **no** |",
        "| 200 images, `pca`: memory | 1/12.0 | ≤ 1/6 of that of 1.7.1 | yes |",
        "| 400 images, `pca`: peak memory | 5.00 GB | ≤ 4.00 GB | **no** |",
        "| `pca`: time of 400 images against 200 | 2.0 × | ≤ 8 × | yes |",
        "| HOG: largest difference from it | not measured | ≤ 1e-05 |  |",
        "| one question to 400 rows of `pca`, against reading them once | 2.5 × "
        "| about 1 × (≤ 2 ×) | **no** |",
        "| `pca` | 400 | ours | 7 | 3 | 8.0 s | 5.00 GB | 2.0 s, 1 MB | 2.0 s, 1 MB "
        "| 2.0 s, 1 MB | 2.0 s, 1 MB |  |",
        "| `pca` | 400 | 5 MB | 5.00 GB | 2.00 GB | file | E | a tree of 9 micro-clusters |",
        "| unique | 1.0 s, 12% |",
    ):
        assert line in lines


def test_curves_of_the_figure_are_those_of_methods_and_of_the_incumbent(tmp_path):
    runs = {"pca_200": chain(1, 1e9), "pca_400": chain(2, 3e9), "incumbent_pca_200": chain(5, 8e9)}
    seconds, memory = make_curves(make_results(tmp_path / "results.jsonl", **runs))
    assert seconds == {"pca": [(200, 4), (400, 8)], "clustimage\n1.7.1, pca": [(200, 20)]}
    assert memory == {"pca": [(200, 1.0), (400, 3.0)], "clustimage\n1.7.1, pca": [(200, 8.0)]}


def test_names_that_would_overlap_are_moved_apart_as_much_down_as_up():
    assert spread([0.0, 1.0, 30.0], 10) == pytest.approx([-3.0, 7.0, 27.0])
