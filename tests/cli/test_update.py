"""``clustimage update``, run as a user runs it."""

from __future__ import annotations

import csv
import shutil

import numpy as np
import pytest
from PIL import Image

from clustimage import Clustimage
from clustimage.cli import main


def write_photo(path, colour, seed):
    pixels = np.random.default_rng(seed).integers(0, 40, (16, 16, 3))
    pixels[..., colour] += 200
    Image.fromarray(pixels.astype(np.uint8)).save(path)


@pytest.fixture
def photos(tmp_path):
    """Twelve small pictures of two colours."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for i in range(12):
        write_photo(folder / f"{i:02d}.png", i % 2, i)
    return folder


@pytest.fixture
def model(photos, tmp_path):
    """A model of `photos` alone in its folder."""
    cl = Clustimage(embedding=None, dim=(16, 16), verbose="error").fit(str(photos), n_clusters=2)
    cl.rename({0: "red"} if cl.labels_[0] == 0 else {1: "red"})
    (tmp_path / "kept").mkdir()
    return tmp_path / "kept" / "photos.clustimage", cl.save(tmp_path / "kept" / "photos.clustimage")


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_update_prints_and_writes_what_has_happened(photos, model, capsys):
    path, _ = model
    write_photo(photos / "12.png", 0, 12)
    (photos / "03.png").unlink()
    (photos / "04.png").rename(photos / "four.png")
    assert main(["update", str(path), str(photos), "--verbose", "error"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "1 new, 1 gone, 1 renamed."
    assert lines[1].split()[0] == "new" and lines[1].endswith("12.png")
    assert "(red)" in lines[1]
    assert any(line.startswith("  renamed") and "four.png" in line for line in lines)
    assert lines[-1] == f"Written to {path}."
    rows = rows_of(path.parent / "update.csv")
    assert [row["status"] for row in rows] == ["new", "gone", "renamed"]
    assert rows[2]["previous"] == str(photos / "04.png")
    back = Clustimage.load(path)
    assert len(back.labels_) == 12
    assert list(back.names.values()) == ["red"]


def test_a_second_update_says_that_nothing_has_changed_and_writes_nothing(photos, model, capsys):
    path, _ = model
    write_photo(photos / "12.png", 0, 12)
    assert main(["update", str(path), str(photos), "--verbose", "error"]) == 0
    before = {file.name: file.stat().st_mtime_ns for file in path.parent.iterdir()}
    capsys.readouterr()
    assert main(["update", str(path), str(photos), "--verbose", "error"]) == 0
    assert capsys.readouterr().out == "Nothing has changed.\n"
    assert {file.name: file.stat().st_mtime_ns for file in path.parent.iterdir()} == before


def test_the_results_of_cluster_are_written_anew(photos, tmp_path, capsys):
    out = tmp_path / "out"
    words = ["cluster", str(photos), "--out", str(out), "--embedding", "pca", "--k", "2"]
    words += ["--method", "pca", "--dim", "16", "16", "--verbose", "error"]
    assert main(words) == 0
    before = {file.name: file.stat().st_mtime_ns for file in out.glob("[!.]*.*")}
    write_photo(photos / "12.png", 0, 12)
    capsys.readouterr()
    words = ["update", str(out / "model.clustimage"), str(photos), "--verbose", "error"]
    assert main(words) == 0
    assert "13 images in 2 clusters." in capsys.readouterr().out
    assert [row["filename"] for row in rows_of(out / "labels.csv")][-1] == "12.png"
    for name, time in before.items():
        assert (out / name).stat().st_mtime_ns > time, name
    assert "12.png" in (out / "report.html").read_text("utf-8")


def test_recluster_makes_the_clusters_anew(photos, model, capsys):
    path, _ = model
    cl = Clustimage.load(path)
    cl.move([0], to=int(1 - cl.labels_[0]))
    cl.forget_corrections()
    for i in range(12, 18):  # pictures of a third colour
        write_photo(photos / f"{i}.png", 2, i)
    cl.save(path, overwrite=True)
    words = ["update", str(path), str(photos), "--recluster", "--verbose", "error"]
    assert main(words) == 0
    assert (Clustimage.load(path).labels_ >= 0).all()
    assert "6 new" in capsys.readouterr().out


def test_features_of_another_tool_are_given_as_a_file(photos, tmp_path, capsys):
    rng = np.random.default_rng(0)
    feat = rng.normal(size=(13, 4)).astype(np.float32)
    cl = Clustimage(embedding=None, dim=(16, 16), verbose="error")
    cl.fit_transform(str(photos), features=feat[:12], n_clusters=2)
    path = cl.save(tmp_path / "given.clustimage")
    write_photo(photos / "12.png", 0, 12)
    assert main(["update", path, str(photos), "--verbose", "error"]) == 2
    err = capsys.readouterr().err
    assert "Give those of all 13 files as '--features'" in err and "Traceback" not in err
    np.save(tmp_path / "feat.npy", feat)
    words = ["update", path, str(photos), "--features", str(tmp_path / "feat.npy")]
    assert main([*words, "--verbose", "error"]) == 0
    np.testing.assert_allclose(Clustimage.load(path).results["feat"], feat)


def test_excluded_folders_are_left_out(photos, model, capsys):
    path, _ = model
    (photos / "trash").mkdir()
    write_photo(photos / "trash" / "x.png", 0, 1)
    words = ["update", str(path), str(photos), "--exclude", "trash", "--verbose", "error"]
    assert main(words) == 0
    assert capsys.readouterr().out == "Nothing has changed.\n"


def test_after_an_error_the_model_is_as_it_was(photos, model, capsys):
    path, _ = model
    before = path.read_bytes()
    shutil.rmtree(photos)
    assert main(["update", str(path), str(photos), "--verbose", "error"]) == 2
    err = capsys.readouterr().err
    assert str(photos) in err and err.count("\n") == 1
    photos.mkdir()
    assert main(["update", str(path), str(photos), "--verbose", "error"]) == 2
    assert "nothing was changed" in capsys.readouterr().err
    assert path.read_bytes() == before


def test_where_the_table_cannot_be_written_the_model_is_as_it_was(photos, model, capsys):
    path, _ = model
    before = path.read_bytes()
    write_photo(photos / "12.png", 0, 12)
    (path.parent / "update.csv").mkdir()
    assert main(["update", str(path), str(photos), "--verbose", "error"]) == 2
    assert "update.csv" in capsys.readouterr().err
    assert path.read_bytes() == before


def test_names_of_files_cannot_break_lines(photos, model, capsys):
    path, _ = model
    write_photo(photos / "a\nb\x1b[2J.png", 0, 12)
    assert main(["update", str(path), str(photos), "--verbose", "error"]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert len([line for line in out.splitlines() if line.startswith("  new")]) == 1


def test_a_long_table_is_cut_and_lies_in_the_file(photos, model, capsys):
    path, _ = model
    for i in range(12, 60):
        write_photo(photos / f"{i}.png", i % 2, i)
    assert main(["update", str(path), str(photos), "--verbose", "error"]) == 0
    lines = capsys.readouterr().out.splitlines()
    n = len(rows_of(path.parent / "update.csv"))
    assert f"  and {n - 40:,} more, in update.csv" in lines
