"""Faces grouped by who they are, from photos to persons."""

from __future__ import annotations

import logging
import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import adjusted_rand_score

from clustimage import Clustimage, InvalidDataError, InvalidParameterError, StepOrderError
from clustimage._model.faces import names_of_persons
from clustimage.faces import Face

SIDE = 40
COLOURS = [(200, 40, 40), (40, 180, 60), (50, 60, 210), (200, 190, 40)]
# Who is on each photo, from left to right; of the last one somebody is blurred.
WHO = [(0, 1), (1, 2), (0, 2), (0, 1), (2, 0), (1,), (3, 3), (3,)]


class InSquares:
    """A detector: a face fills each square of the photo."""

    def detect(self, img):
        side = img.shape[0]
        return [
            Face((x + 0.1 * side, 0.1 * side, 0.8 * side, 0.8 * side), 1.0)
            for x in range(0, img.shape[1] - side // 2, side)
        ]


class ByColour:
    """A recognizer: the mean colour of a face."""

    name = "colour"
    metric = "euclidean"
    distance_threshold = 40.0

    def describe(self, img, faces):
        boxes = [[int(value) for value in face.box] for face in faces]
        return [img[y : y + h, x : x + w].mean(axis=(0, 1)) for x, y, w, h in boxes]


OWN = {"detector": InSquares(), "recognizer": ByColour()}


def portrait(rng, who, grain=50):
    noise = rng.integers(-grain, grain + 1, (SIDE, SIDE, 3))
    light = rng.integers(-8, 9)
    return np.clip(np.array(COLOURS[who]) + light + noise, 1, 254).astype(np.uint8)


@pytest.fixture
def photos(tmp_path):
    rng = np.random.default_rng(0)
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, people in enumerate(WHO):
        pixels = np.hstack([portrait(rng, who) for who in people])
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


def people(model):
    """Return who is on each face, by photo and number."""
    links = model.to_frame()[["photo", "face"]].itertuples(index=False)
    return [WHO[int(Path(photo).stem)][face] for photo, face in links]


@pytest.fixture
def model(photos, tmp_path):
    made = Clustimage("face", params_faces=OWN, embedding=None, dirpath=tmp_path / "out")
    made.fit_transform(made.extract_faces(photos)["pathnames_face"])
    return made


def test_persons_are_found_and_faces_of_one_photo_are_kept_apart(model):
    labels = model.results["labels"]
    # The two that look alike in one photo cannot be one person.
    twins = [label for label, who in zip(labels, people(model), strict=True) if who == 3]
    assert len(set(twins[:2])) == 2 and twins[2] in twins[:2]
    rest = np.array(people(model)) != 3
    assert adjusted_rand_score(np.array(people(model))[rest], labels[rest]) == 1
    asked = model.clustering_.params
    assert (asked["distance_threshold"], asked["linkage"]) == (40.0, "average")
    assert asked["cannot_link"] == 6 and asked["n_clusters"] is None


def test_nothing_else_is_changed_where_something_else_is_asked_for(model):
    assert len(set(model.cluster(n_clusters=2).tolist())) == 2
    assert model.clustering_.params["linkage"] == "ward"
    assert model.clustering_.params["cannot_link"] is None
    model.cluster(cluster="kmeans", n_clusters=3)
    assert model.clustering_.params["distance_threshold"] is None


def test_another_cut_can_be_given(model):
    assert set(model.cluster(distance_threshold=1e6, cannot_link=[None] * 14)) == {0}
    assert model.clustering_.params["metric"] == "euclidean"
    n_persons = len(set(model.cluster(distance_threshold=1e6)))
    assert n_persons == model.clustering_.least >= 2


def test_small_groups_can_be_left_out(model):
    assert (model.cluster(min_size=2) == -1).sum() == 1


def test_blurred_faces_belong_to_nobody(photos, tmp_path, caplog):
    rng = np.random.default_rng(1)
    pixels = np.hstack([portrait(rng, 0), portrait(rng, 1, grain=0)])
    Image.fromarray(pixels).save(photos / "8.png")
    cl = Clustimage("face", params_faces=OWN, embedding=None, dirpath=tmp_path / "out")
    faces = cl.extract_faces(photos)["pathnames_face"]
    with caplog.at_level(logging.INFO, logger="clustimage"):
        labels = cl.fit_transform(faces)["labels"]
    assert "too blurred to be told apart: 1 of 16" in caplog.text
    assert labels[-1] == -1 and (labels >= 0).sum() == 15
    assert cl.dendrogram() is not None
    frame = cl.to_frame()
    assert frame["quality"].iloc[-1] < 0.32 < frame["quality"].iloc[:-1].min()


def test_hardly_any_clear_face_is_said(photos, tmp_path, caplog):
    for path in photos.iterdir():
        path.unlink()
    Image.fromarray(np.full((SIDE, 2 * SIDE, 3), 90, np.uint8)).save(photos / "0.png")
    cl = Clustimage("face", params_faces=OWN, embedding=None, dirpath=tmp_path / "out")
    with caplog.at_level(logging.WARNING, logger="clustimage"):
        labels = cl.fit_transform(cl.extract_faces(photos)["pathnames_face"])["labels"]
    assert labels.tolist() == [0, 1]  # two faces of one photo
    assert "Of 2 faces 2 are too small or too blurred" in caplog.text


def test_the_order_of_the_faces_does_not_matter(model, tmp_path):
    crops = np.array(sum(model.results_faces["pathnames_face"], []))
    first = dict(zip(model.results["pathnames"], model.results["labels"], strict=True))
    for seed in (1, 2):
        order = np.random.default_rng(seed).permutation(len(crops))
        other = Clustimage("face", params_faces=OWN, embedding=None)
        other.fit_transform(crops[order].tolist())
        found = dict(zip(other.results["pathnames"], other.results["labels"], strict=True))
        assert found == first


def test_a_saved_model_finds_a_person_again(model, photos, tmp_path):
    model.save(tmp_path / "people.clustimage")
    again = Clustimage.load(tmp_path / "people.clustimage")
    crop = model.results_faces["pathnames_face"][0][0]
    found = next(value for key, value in again.find(crop, k=3).items() if key != "feat")
    assert found["distance"].iloc[0] == 0
    who = dict(zip(model.results["pathnames"], people(model), strict=True))
    assert {who[path] for path in found["y_pathnames"]} == {who[crop]}
    np.testing.assert_array_equal(again.cluster(), model.results["labels"])
    with pytest.raises(StepOrderError, match="recognizer=YourObject"):
        again.extract_faces(photos)
    with_own = Clustimage.load(
        tmp_path / "people.clustimage", recognizer=ByColour(), detector=InSquares()
    )
    assert len(with_own.extract_faces(photos)["pathnames"]) == len(WHO)
    assert pickle.loads(pickle.dumps(model)).results["labels"].tolist() == list(
        model.results["labels"]
    )


def test_a_stranger_is_nobody(model, photos, tmp_path):
    rng = np.random.default_rng(7)
    Image.fromarray(portrait(rng, 1)).save(photos / "known.png")
    COLOURS.append((30, 30, 30))
    Image.fromarray(portrait(rng, 4)).save(photos / "stranger.png")
    del COLOURS[4]
    new = Clustimage("face", params_faces=OWN, dirpath=tmp_path / "new")
    files = [str(photos / "known.png"), str(photos / "stranger.png")]
    crops = sum(new.extract_faces(files)["pathnames_face"], [])
    label = int(model.results["labels"][people(model).index(1)])
    assert model.predict(crops).tolist() == [label, -1]
    np.testing.assert_array_equal(
        model.predict(features=model.results["feat"]), model.results["labels"]
    )


def test_persons_keep_their_names_where_photos_join(model, photos, tmp_path):
    who = people(model)
    label = int(model.results["labels"][who.index(0)])
    model.rename({label: "Anna"})
    rng = np.random.default_rng(3)
    Image.fromarray(portrait(rng, 0)).save(photos / "9.png")
    model.extract_faces(photos)
    changes = model.update(tmp_path / "out" / "faces")
    assert changes["name"].tolist() == ["Anna"]
    assert len(model.extractor_.quality_) == 15
    assert model.cluster().shape == (15,) and "Anna" in model.names.values()


def test_photos_are_no_faces(model, photos):
    with pytest.raises(InvalidDataError, match="1 of 1 image has none.*extract_faces"):
        model.find(str(photos / "0.png"), k=1)
    with pytest.raises(InvalidDataError, match=r"8 of 8 images have none\. First: .*0\.png"):
        Clustimage("face", params_faces=OWN, embedding=None).fit_transform(str(photos))


def test_crops_of_another_recognizer_are_refused(model):
    class Other(ByColour):
        name = "other"

    crops = model.results_faces["pathnames_face"]
    cl = Clustimage("face", params_faces={**OWN, "recognizer": Other()}, embedding=None)
    with pytest.raises(InvalidDataError, match="'colour', and cannot be compared .*'other'"):
        cl.fit_transform(crops)


def test_an_object_that_lacks_an_attribute_is_refused(photos):
    class Nameless:
        def describe(self, img, faces):
            return np.zeros((len(faces), 2))

    with pytest.raises(InvalidParameterError, match="Nameless has no distance_threshold"):
        Clustimage(params_faces={"recognizer": Nameless()}).extract_faces(photos)


def test_one_person_is_one_group(photos, tmp_path):
    for path in photos.iterdir():
        path.unlink()
    rng = np.random.default_rng(5)
    for number in range(4):
        Image.fromarray(portrait(rng, 2)).save(photos / f"{number}.png")
    cl = Clustimage("face", params_faces=OWN, embedding=None, dirpath=tmp_path / "out")
    assert (
        cl.fit_transform(cl.extract_faces(photos)["pathnames_face"])["labels"].tolist() == [0] * 4
    )


def test_without_a_recognizer_it_is_said_that_groups_are_no_persons(photos, caplog):
    with caplog.at_level(logging.INFO, logger="clustimage"):
        Clustimage(params_faces={"detector": InSquares()}).extract_faces(photos)
    assert "follow light and pose, not persons" in caplog.text
    caplog.clear()
    with caplog.at_level(logging.INFO, logger="clustimage"):
        Clustimage(params_faces=OWN).extract_faces(photos)
    assert "light and pose" not in caplog.text


def test_the_recognizer_of_dlib_is_the_default():
    cl = Clustimage("face")
    assert cl.params["params_faces"]["recognizer"] == "dlib"
    assert cl.params["params_faces"]["detector"] == "dlib"
    assert Clustimage().params["params_faces"]["recognizer"] is None
    cl.set_params(method="pca")
    assert cl.params["params_faces"]["detector"] == "haar"


def test_people_of_the_orl_faces(lent_data, with_dlib, tmp_path):
    paths = sorted(lent_data.glob("orl_faces/s[1-8]/*.pgm"))
    cl = Clustimage("face", embedding=None, dirpath=tmp_path)
    cl.fit_transform(cl.extract_faces(paths)["pathnames_face"])
    who = [Path(photo).parent.name for photo in cl.to_frame()["photo"]]
    assert len(who) >= 78 and adjusted_rand_score(who, cl.results["labels"]) >= 0.95


def test_the_plan_is_what_happens():
    plan = Clustimage("face", embedding=None).plan(5000)
    step = next(step for step in plan.steps if step.stage == "cluster")
    assert step.what == "the tree of all images" and step.peak > 8 * 5000**2
    step = next(step for step in plan.steps if step.stage == "extract_feat")
    assert "descriptors of faces" in step.what
    searched = Clustimage("face", embedding=None).plan(5000, max_clust=40)
    assert any("silhouettes" in step.what for step in searched.steps)


def test_names_go_to_the_same_persons_of_another_model(model, photos, tmp_path, caplog):
    who, labels = people(model), model.results["labels"]
    model.rename({int(labels[who.index(0)]): "Anna", int(labels[who.index(2)]): "Bert"})
    for number in (1, 2, 4):  # those that Bert is on
        (photos / f"{number}.png").unlink()
    other = Clustimage("face", params_faces=OWN, embedding=None, dirpath=tmp_path / "other")
    other.fit_transform(other.extract_faces(photos)["pathnames_face"])
    with caplog.at_level(logging.WARNING, logger="clustimage"):
        names = names_of_persons(other, model)
    assert names == {int(other.results["labels"][people(other).index(0)]): "Anna"}
    assert "No group of faces is called 'Bert' any more" in caplog.text


def test_names_of_another_recognizer_are_lost_aloud(model, photos, tmp_path, caplog):
    class Other(ByColour):
        name = "other"

    model.rename({0: "Anna"})
    own = {**OWN, "recognizer": Other()}
    other = Clustimage("face", params_faces=own, embedding=None, dirpath=tmp_path / "other")
    other.fit_transform(other.extract_faces(photos)["pathnames_face"])
    with caplog.at_level(logging.WARNING, logger="clustimage"):
        assert names_of_persons(other, model) == {}
    assert "by another recognizer, colour, and are lost: Anna" in caplog.text
