"""``clustimage faces``, run as a user runs it."""

from __future__ import annotations

import csv
import shutil

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

from clustimage import Clustimage
from clustimage.cli import main
from clustimage.images import listdir


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Six photos of one face in different light, and one without."""
    base = tmp_path_factory.mktemp("photos")
    for i in range(6):
        face = astronaut()[: 240 + 4 * i, 100 : 340 + 4 * i] * (1 - 0.08 * i)
        Image.fromarray(face.astype(np.uint8)).save(base / f"{i}.png")
    Image.new("RGB", (90, 60), "navy").save(base / "sea.png")
    return base


def test_crops_labels_and_figures_are_written(folder, tmp_path, capsys):
    out = tmp_path / "out"
    words = ["faces", str(folder), "--out", str(out), "--verbose", "error", "--max-clust", "5"]
    assert main(words) == 0
    assert capsys.readouterr().out.startswith("6 faces in 7 photos.\n6 images in ")
    crops = sorted(path.name for path in (out / "faces").glob("*.png"))
    assert [name[:2] for name in crops] == [f"{i}_" for i in range(6)]
    with (out / "labels.csv").open(encoding="utf-8") as file:
        assert sorted(row["filename"] for row in csv.DictReader(file)) == crops
    for name in ("photos", "eyes", "map"):
        with Image.open(out / f"{name}.png") as image:
            assert image.width > 200
    assert main(words) == 2
    assert "--overwrite" in capsys.readouterr().err


def test_too_few_faces_are_not_grouped(folder, tmp_path, capsys):
    words = ["faces", str(folder / "sea.png"), "--out", str(tmp_path), "--verbose", "error"]
    assert main(words) == 0
    assert "too few to group" in capsys.readouterr().out
    assert (tmp_path / "photos.png").exists() and not (tmp_path / "labels.csv").exists()


def test_a_second_run_takes_no_results_for_photos_and_leaves_no_old_ones(folder, tmp_path, capsys):
    photos = tmp_path / "photos"
    shutil.copytree(folder, photos)
    out = photos / "out"
    words = ["faces", str(photos), "--out", str(out), "--overwrite", "--verbose", "error"]
    for _ in range(2):
        assert main([*words, "--k", "3"]) == 0
        assert capsys.readouterr().out.startswith("6 faces in 7 photos.\n")
    assert len(list((out / "clusters").glob("*.png"))) == 3
    (out / "faces" / "mine_face0.png").write_bytes((folder / "sea.png").read_bytes())
    assert main([words[0], str(photos / "0.png"), *words[2:]]) == 0
    assert "too few to group" in capsys.readouterr().out
    assert sorted(path.name[:4] for path in (out / "faces").glob("*.png"))[1:] == ["mine"]
    assert not (out / "labels.csv").exists() and not list((out / "clusters").glob("*.png"))


def test_yunet_without_a_model_is_one_sentence(folder, tmp_path, capsys):
    words = ["faces", str(folder), "--out", str(tmp_path), "--detector", "yunet"]
    assert main([*words, "--verbose", "error"]) == 2
    assert "opencv_zoo" in capsys.readouterr().err


def test_folders_of_faces_and_names_that_are_left_out(folder, tmp_path, capsys):
    out, links = tmp_path / "out", tmp_path / "links"
    words = ["faces", str(folder), "--out", str(out), "--verbose", "error", "--links", str(links)]
    assert main([*words, "--exclude", "[34].png", "--k", "2", "--action", "copy"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("4 faces in 5 photos.\n4 images in 2 clusters.")
    assert f"4 of 4 images are in folders below {links}" in said
    assert sorted(path.name[:2] for path in links.glob("cluster_?/*.png")) == [
        *("0_", "1_", "2_", "5_"),
    ]


def test_more_clusters_than_faces_are_one_sentence_with_a_way_on(folder, tmp_path, capsys):
    out = tmp_path / "out"
    words = ["faces", str(folder), "--out", str(out), "--verbose", "error", "--k", "9"]
    assert main(words) == 2
    said = capsys.readouterr().err
    assert "There are 6 faces, too few for --k 9." in said
    assert f"clustimage cluster {out / 'faces'}" in said
    assert len(listdir(out / "faces")) == 6


@pytest.mark.parametrize(
    "words, sentence",
    [
        (["--network", "vgg16"], "'--network' needs --method cnn. Got pca."),
        (["--method", "cnn", "--weights", "none.pth"], "'--weights' must be"),
        (["--method", "phash", "--components", "3"], "'--components' needs --method"),
        (["--min-clust", "1"], "'--min-clust' must be at least 2"),
        (["--links", "OUT/groups", "--action", "move"], "--action move cannot move"),
    ],
)
def test_what_can_be_known_before_is_not_found_out_after_the_faces(
    words, sentence, folder, tmp_path, capsys, monkeypatch
):
    def refuse(self, *args, **options):
        raise AssertionError("no face is to be looked for")

    monkeypatch.setattr(Clustimage, "extract_faces", refuse)
    out = tmp_path / "out"
    words = [word.replace("OUT", str(out)) for word in words]
    assert main(["faces", str(folder), "--out", str(out), "--verbose", "error", *words]) == 2
    assert sentence in capsys.readouterr().err
