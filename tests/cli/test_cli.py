"""The command line, run as a user runs it."""

from __future__ import annotations

import argparse
import csv
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clustimage import Clustimage, import_example
from clustimage.cli import COMMANDS, build_parser, main
from clustimage.cluster import CLUSTERERS, EVALUATORS


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Fifteen small pictures of three colours, and one broken file."""
    base = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for i in range(15):
        colour = np.zeros((32, 32, 3))
        colour[..., i % 3] = 200
        noisy = np.clip(colour + rng.normal(0, 12, colour.shape), 0, 255).astype(np.uint8)
        Image.fromarray(noisy).save(base / f"{i:02d}.png")
    (base / "broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
    return base


@pytest.fixture(scope="module")
def clustered(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "run"
    words = ["cluster", str(folder), "--out", str(out), "--embedding", "pca", "--verbose", "error"]
    words += ["--method", "pca"]
    assert main([*words, "--dim", "32", "32", "--max-clust", "6"]) == 0
    return out


def test_cluster_writes_the_table_the_figures_and_the_model(clustered):
    with (clustered / "labels.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["filename"] for row in rows] == [f"{i:02d}.png" for i in range(15)]
    by_colour = [{row["label"] for row in rows[i::3]} for i in range(3)]
    assert [len(labels) for labels in by_colour] == [1, 1, 1]
    assert set.union(*by_colour) == {"0", "1", "2"}
    for name in ("map", "unique", "mean", "columns", "scores", "dendrogram"):
        with Image.open(clustered / f"{name}.png") as image:
            assert image.width > 200
    assert len(list((clustered / "clusters").glob("*.png"))) == 3


def test_find_prints_the_nearest_first(clustered, folder, capsys, tmp_path):
    words = ["find", str(folder / "04.png"), "--model", str(clustered / "model.clustimage")]
    words += ["--k", "3", "--max-memory", "1GB", "--verbose", "error"]
    assert main([*words, "--out", str(tmp_path / "found")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "04.png: 3 images"
    assert lines[2].endswith("04.png") and "cluster" in lines[2]
    assert (tmp_path / "found" / "find.csv").read_text("utf-8").count("\n") == 4
    assert (tmp_path / "found" / "find.png").stat().st_size > 1000


def test_a_second_run_does_not_overwrite_unasked(clustered, folder, capsys):
    before = (clustered / "labels.csv").stat().st_mtime_ns
    words = ["cluster", str(folder), "--out", str(clustered), "--verbose", "error"]
    assert main(words) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert (clustered / "labels.csv").stat().st_mtime_ns == before


@pytest.mark.parametrize(
    "words, sentence",
    [
        (["cluster", "FOLDER", "--out", "OUT", "--method", "pcaa"], "Did you mean 'pca'"),
        (["cluster", "FOLDER", "--out", "OUT", "--cluster", "kmean"], "Did you mean 'kmeans'"),
        (["cluster", "FOLDER", "--out", "OUT", "--k", "99"], "99"),
        (["cluster", "FOLDER", "--out", "OUT", "--k", "x"], "invalid int value"),
        (["cluster", "FOLDER", "--out", "OUT", "--verbose", "loud"], "'--verbose'"),
        (["cluster", "FOLDER/nowhere", "--out", "OUT"], "does not exist"),
        (["cluster", "FOLDER"], "--out"),
        (["cluster", "FOLDER", "--out", "FOLDER/00.png"], "is a file"),
        (["find", "FOLDER/00.png", "--model", "FOLDER/00.png"], "00.png"),
        (["find", "FOLDER/00.png", "--model", "FOLDER/none"], "none"),
        (["cluster", "FOLDER", "--out", "OUT", "--sim", "2"], "'--sim'"),
        (["cluster", "FOLDER", "--out", "OUT", "--time-weight", "-1"], "'--time-weight'"),
        (
            ["cluster", "FOLDER", "--out", "OUT", "--time-weight", "1", "--timestamps", "exiv"],
            "Did you mean 'exif'",
        ),
        (["cluster", "FOLDER", "--out", "OUT", "--timestamps", "exif"], "needs --time-weight"),
        (["cluster", "FOLDER", "--out", "OUT", "--layer", "fc2"], "'--layer' needs --method cnn"),
        (["cluster", "FOLDER", "--out", "OUT", "--components", "x"], "invalid number value"),
        (
            ["cluster", "FOLDER", "--out", "OUT", "--components", "3", "--method", "phash"],
            "'--components' needs --method pca, pca-hog, cnn. Got phash",
        ),
        (["cluster", "FOLDER", "--out", "OUT", "--components", "0"], "'--components'"),
        (["cluster", "FOLDER", "--out", "OUT", "--action", "copy"], "'--action' needs --links"),
        (["cluster", "FOLDER", "--plan", "--layout", "size"], "'--layout' needs --links"),
        (["cluster", "FOLDER", "--out", "OUT", "--links", "FOLDER/00.png"], "'--links' must be"),
        (
            ["cluster", "FOLDER/no", "--out", "OUT", "--links", "OUT", "--action", "cp"],
            "'--action' must be one of",
        ),
        (
            ["cluster", "FOLDER/no", "--out", "OUT", "--links", "OUT", "--layout", "sizes"],
            "Did you mean 'size'",
        ),
        (["find", "a.png", "--model", "m", "--bogus"], "--bogus (see clustimage find --help)"),
        (["--bogus", "demo"], "--bogus (see clustimage --help)"),
        (["cluster", "FOLDER/no", "--plan"], "does not exist"),
        (["cluster", "FOLDER/no", "FOLDER/nor", "--out", "OUT"], "2 inputs given"),
        (["fnid"], "invalid choice"),
        ([], "COMMAND"),
    ],
)
def test_a_wrong_argument_is_one_sentence_and_exit_code_2(
    words, sentence, folder, tmp_path, capsys
):
    words = [w.replace("FOLDER", str(folder)).replace("OUT", str(tmp_path / "out")) for w in words]
    try:
        code = main(words)
    except SystemExit as leave:
        code = leave.code
    said = capsys.readouterr().err
    assert code == 2
    assert sentence in said
    assert "Traceback" not in said
    assert not (tmp_path / "out").exists()


def commands():
    """Return the parser of each sub-command by its name."""
    actions = build_parser()._actions
    return next(a.choices for a in actions if isinstance(a, argparse._SubParsersAction))


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_option_says_what_it_is_for(name):
    assert [a.dest for a in commands()[name]._actions if len(a.help or "") < 5] == []


@pytest.mark.parametrize(
    "option, registry", [("--cluster", CLUSTERERS), ("--evaluate", EVALUATORS)]
)
def test_names_that_can_be_given_are_in_the_help(option, registry):
    (action,) = [a for a in commands()["cluster"]._actions if option in a.option_strings]
    assert sorted(name for name in registry if name not in action.help) == []


def test_the_command_runs_as_a_process():
    done = subprocess.run(
        [sys.executable, "-m", "clustimage", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("clustimage ")


def test_the_demo_runs_on_the_embedded_photos(tmp_path, capsys, monkeypatch):
    # Of four scenes, since each cluster is a figure.
    few = sorted(Path(import_example("photos")).rglob("*.jpg"))[:100:5]
    monkeypatch.setattr("clustimage.import_example", {"photos": few}.__getitem__)
    assert main(["demo", "--out", str(tmp_path / "demo"), "--verbose", "error"]) == 0
    assert "report.html" in capsys.readouterr().out
    assert (tmp_path / "demo" / "report.html").stat().st_size > 100_000
    assert (tmp_path / "demo" / "map.png").stat().st_size > 10_000
    assert (tmp_path / "demo" / "find.png").stat().st_size > 10_000
    assert len(read_table(tmp_path / "demo" / "labels.csv")) == 20


def test_several_folders_and_no_map(folder, tmp_path, capsys, caplog):
    out = tmp_path / "deep" / "out"
    words = ["cluster", str(folder), str(folder / "00.png"), "--out", str(out), "--k", "3"]
    assert main([*words, "--embedding", "none", "--dim", "16", "16"]) == 0
    assert "16 images in 3 clusters" in capsys.readouterr().out
    (said,) = re.findall("Verdict: .*", caplog.text)
    assert "3 clusters" in said
    assert not (out / "scores.png").exists()


def test_a_figure_of_an_earlier_run_does_not_stay(folder, tmp_path):
    words = ["cluster", str(folder), "--out", str(tmp_path), "--embedding", "none", "--overwrite"]
    words += ["--dim", "16", "16", "--verbose", "error"]
    assert main(words) == 0
    assert (tmp_path / "dendrogram.png").exists()
    assert main([*words, "--cluster", "kmeans", "--k", "3"]) == 0
    assert not (tmp_path / "dendrogram.png").exists()
    assert not (tmp_path / "scores.png").exists()
    assert (tmp_path / "map.png").exists()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="no folder that nobody can write to")
def test_a_place_that_cannot_be_written_to_is_refused_before_the_work(folder, capsys):
    words = ["cluster", str(folder / "nowhere"), "--out", "/proc/none/out", "--verbose", "error"]
    assert main(words) == 2
    assert "'--out' cannot be written to" in capsys.readouterr().err


def quick(folder, out, *more):
    """Return the words of a clustering that takes no time."""
    words = ["cluster", str(folder), "--out", str(out), "--embedding", "none", "--verbose", "error"]
    return [*words, "--method", "pca", "--dim", "16", "16", *more]


def read_table(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_folder_of_links_per_cluster_with_its_table(folder, tmp_path, capsys):
    links = tmp_path / "deep" / "links"
    words = quick(folder, tmp_path / "out", "--k", "3", "--links", str(links), "--layout", "size")
    assert main(words) == 0
    assert f"15 of 15 images are in folders below {links}" in capsys.readouterr().out
    rows = read_table(tmp_path / "out" / "links.csv")
    assert [row["pathname"] for row in rows] == [str(folder / f"{i:02d}.png") for i in range(15)]
    assert {row["status"] for row in rows} == {"done"}
    assert [Path(row["target"]).readlink() for row in rows] == [Path(r["pathname"]) for r in rows]
    assert sorted(path.name for path in (links / "cluster_with_5").iterdir()) == [
        *("cluster_0", "cluster_1", "cluster_2"),
    ]
    assert main(words) == 2
    assert "links.csv" in capsys.readouterr().err


def test_moved_photos_are_found_by_the_saved_model(folder, tmp_path):
    photos = tmp_path / "photos"
    shutil.copytree(folder, photos)
    (photos / "broken.jpg").unlink()
    out = tmp_path / "out"
    words = quick(photos, out, "--k", "3", "--links", str(tmp_path / "groups"))
    assert main([*words, "--action", "move"]) == 0
    assert list(photos.iterdir()) == []
    targets = [row["target"] for row in read_table(out / "links.csv")]
    assert [row["pathname"] for row in read_table(out / "labels.csv")] == targets
    model = Clustimage.load(out / "model.clustimage")
    assert model.results["pathnames"].tolist() == targets
    assert all(Path(target).is_file() for target in targets)


def test_the_options_reach_the_clustering(folder, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(quick(folder, out, "--sim", "1")) == 0
    assert "15 images in 15 clusters" in capsys.readouterr().out
    assert (out / "columns.png").exists()
    stat = ["--sim", "0", "--time-weight", "0.5", "--timestamps", "stat", "--overwrite"]
    assert main(quick(folder, out, *stat, "--components", "2", "--metric", "cityblock")) == 0
    assert "15 images in 1 cluster" in capsys.readouterr().out
    model = Clustimage.load(out / "model.clustimage")
    assert model.results["feat"].shape == (15, 2)


def test_without_a_method_and_without_torch_it_is_colour_and_gist(
    folder, tmp_path, monkeypatch, caplog
):
    monkeypatch.setattr("clustimage.features.cnn._at_hand.installed_versions", lambda: None)
    out = tmp_path / "out"
    words = ["cluster", str(folder), "--out", str(out), "--embedding", "none", "--k", "3"]
    assert main(words) == 0
    why = "--method auto takes --method color+gist, because torch and torchvision are not installed"
    assert why in caplog.text
    model = Clustimage.load(out / "model.clustimage")
    assert model.get_params()["method"] == "color+gist"
    assert model.results["feat"].shape == (15, 1792)


def test_a_cache_keeps_what_was_read(folder, tmp_path):
    cache = tmp_path / "cache"
    assert main(quick(folder, tmp_path / "out", "--k", "3", "--cache", str(cache))) == 0
    assert any(path.is_file() for path in cache.rglob("*"))


def test_settings_of_a_network_reach_the_model(monkeypatch, tmp_path):
    given = {}

    class Stop(Exception):
        """Raised where the work would begin."""

    def refuse(self, **settings):
        given.update(settings)
        raise Stop

    monkeypatch.setattr(Clustimage, "__init__", refuse)
    words = ["--method", "cnn", "--model", "vgg16", "--weights", "none", "--layer", "-2"]
    with pytest.raises(Stop):
        main([*quick(tmp_path, tmp_path / "out"), *words, "--components", "50"])
    assert given["method"] == "cnn"
    assert given["params_cnn"] == {
        "model": "vgg16",
        "weights": None,
        "layer": -2,
        "n_components": 50,
    }


def test_hundreds_of_clusters_are_not_drawn_as_columns(tmp_path, monkeypatch):
    from clustimage.cli import _output

    monkeypatch.setattr(_output, "MAX_COLUMNS", 2)
    rng = np.random.default_rng(0)
    for i in range(6):
        Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(tmp_path / f"{i}.png")
    assert main(quick(tmp_path, tmp_path / "out", "--k", "3")) == 0
    assert not (tmp_path / "out" / "columns.png").exists()


def test_the_tree_of_all_images_and_another_number_of_leaves_can_be_asked_for(folder, capsys):
    words = ["cluster", str(folder), "--method", "pca", "--plan", "--max-clust", "5"]
    words += ["--micro-clusters"]
    for number, what in (("0", "the tree of all images"), ("8", "the tree of 8 micro-clusters")):
        assert main([*words, number]) == 0
        told = capsys.readouterr().out
        assert f"\ncluster: {what}" in told
        assert f"--micro-clusters {number} was asked for" in told


def test_an_index_is_asked_where_approximate_answers_do(clustered, folder, monkeypatch, capsys):
    words = ["find", str(folder / "04.png"), "--model", str(clustered / "model.clustimage")]
    words += ["--approximate", "--verbose", "error"]
    assert main([*words, "--alpha", "0.1"]) == 2
    assert "Give no --alpha, or no --approximate. Got --alpha 0.1." in capsys.readouterr().err
    asked = []
    find = Clustimage.find

    def exactly(self, *images, approximate, **options):
        asked.append(approximate)
        return find(self, *images, **options)

    monkeypatch.setattr(Clustimage, "find", exactly)
    assert main([*words, "--k", "1"]) == 0
    assert main([word for word in words if word != "--approximate"]) == 0
    assert asked == [True, False]
    assert "\n04.png: 1 image\n" in capsys.readouterr().out


def test_the_plan_is_told_and_nothing_is_done(tmp_path, capsys):
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("a.png", "b.png"):
        (folder / name).write_bytes(b"not even read")
    assert main(["cluster", str(folder), "--plan", "--max-memory", "1GB"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("Plan for 2 images with --max-memory '1.0 GB'")
    assert "extract_feat: " in told
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photos"]


def test_a_plan_with_steps_that_cannot_be_done_is_exit_code_2(tmp_path, capsys):
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(b"not even read")
    assert main(["cluster", str(tmp_path), "--plan", "--max-memory", "1MB"]) == 2
    told = capsys.readouterr()
    assert told.out.startswith("Plan for 2 images") and told.out.count("\nfind: ") == 1
    n_problems = told.out.count("CANNOT BE DONE")
    assert 0 < n_problems < 6
    assert (
        told.err
        == f"clustimage cluster: {n_problems} of 6 steps cannot be done, as the plan says.\n"
    )


def test_a_folder_for_the_results_is_needed_without_a_plan(tmp_path, capsys):
    assert main(["cluster", str(tmp_path)]) == 2
    assert "'--out' is missing" in capsys.readouterr().err
