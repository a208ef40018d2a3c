"""``clustimage faces``, run as a user runs it."""

from __future__ import annotations

import csv
import shutil
from importlib.util import find_spec

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
        (["--method", "pca", "--network", "vgg16"], "'--network' needs --method cnn. Got pca."),
        (
            ["--method", "pca", "--recognizer", "dlib"],
            "'--recognizer' needs --method face. Got pca",
        ),
        (["--name", "Anna"], "'--name' must be a number and a name, such as 3=Anna. Got 'Anna'."),
        (["--recognizer", "sface", "--detector", "haar"], "Use --detector yunet and its model"),
        pytest.param(
            ["--method", "cnn", "--weights", "none.pth"],
            "'--weights' must be",
            marks=pytest.mark.skipif(not find_spec("torch"), reason="torch is not installed"),
        ),
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


@pytest.fixture(scope="module")
def two_people(tmp_path_factory, lent_data):
    """Eight photos of two persons, by their names and numbers."""
    base = tmp_path_factory.mktemp("two")
    for person in ("s3", "s2"):
        for number in range(1, 5):
            with Image.open(lent_data / "orl_faces" / person / f"{number}.pgm") as photo:
                photo.save(base / f"{person}_{number}.png")
    return base


def people_of(out):
    """Return label and name of each face, by its photo."""
    with (out / "labels.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {row["filename"][:4]: (int(row["label"]), row.get("name", "")) for row in rows}


def test_a_folder_per_person_and_names_that_later_runs_keep(
    two_people, with_dlib, tmp_path, capsys
):
    photos, out, links = tmp_path / "photos", tmp_path / "out", tmp_path / "links"
    shutil.copytree(two_people, photos)
    words = ["faces", str(photos), "--out", str(out), "--verbose", "error", "--overwrite"]
    assert main([*words, "--links", str(links)]) == 0
    assert "8 images in 2 clusters" in capsys.readouterr().out
    folders = [
        {path.name[:2] for path in folder.iterdir()} for folder in sorted(links.glob("cluster_*"))
    ]
    assert sorted(map(sorted, folders)) == [["s2"], ["s3"]]
    anna = people_of(out)["s2_1"][0]
    assert main([*words, "--name", f"{anna}=Anna"]) == 0
    assert {name[:2] for name, (_, called) in people_of(out).items() if called} == {"s2"}
    # Moved, written anew, and fewer of them: the numbers are others, the name is not.
    for path in photos.glob("s3_[12].png"):
        path.unlink()
    for path in sorted(photos.glob("s2_*.png")):
        Image.open(path).convert("RGB").save(photos / f"{path.stem}.jpg", quality=80)
        path.unlink()
    assert main(words) == 0
    found = people_of(out)
    assert {name: called for name, (_, called) in found.items()} == {
        **{f"s3_{i}": "" for i in (3, 4)},
        **{f"s2_{i}": "Anna" for i in (1, 2, 3, 4)},
    }
    assert main([*words, "--name", "Anna=Anna K."]) == 0
    assert people_of(out)["s2_3"][1] == "Anna K."
    capsys.readouterr()
    assert main([*words, "--name", "9=Bert"]) == 2
    assert "9" in capsys.readouterr().err


def test_a_number_of_clusters_can_be_asked_for(two_people, with_dlib, tmp_path, capsys):
    words = ["faces", str(two_people), "--out", str(tmp_path), "--verbose", "error"]
    assert main([*words, "--k", "4"]) == 0
    assert "8 images in 4 clusters" in capsys.readouterr().out


def test_without_dlib_faces_are_grouped_as_before(folder, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("clustimage.faces.has_dlib", lambda: False)
    words = ["faces", str(folder), "--out", str(tmp_path), "--verbose", "error", "--k", "2"]
    assert main(words) == 0
    assert Clustimage.load(tmp_path / "model.clustimage").params["method"] == "pca"
