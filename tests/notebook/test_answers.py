"""What methods return prints as a short table, and is a dict in all else."""

from __future__ import annotations

import copy
import gc
import json
import pickle
import re

import numpy as np
import pytest
from PIL import Image

from clustimage import Clustimage
from clustimage.notebook import Answer, Results

NASTY = "<script>alert(1)</script>&\"'.png"


@pytest.fixture(scope="module")
def fitted(digits):
    cl = Clustimage(embedding="pca", verbose="error")
    cl.fit(digits[0][:120], n_clusters=12)
    cl.find(digits[0][[3, 200]], k=12, alpha=None)
    return cl


def answers(cl):
    return {
        "results": cl.results,
        "find": cl.results["predict"],
        "unique": cl.unique(),
        "dendrogram": cl.dendrogram(),
    }


@pytest.mark.parametrize("name", ["results", "find", "unique", "dendrogram"])
def test_an_answer_is_a_real_dict(fitted, name):
    answer = answers(fitted)[name]
    assert isinstance(answer, dict) and type(dict(answer)) is dict
    assert list(answer) == list(answer.keys()) == list(dict(answer)) == list({**answer})
    copied = answer.copy()
    assert type(copied) is type(answer) and all(copied[key] is answer[key] for key in answer)
    assert repr(copied) == repr(answer) and copied._repr_html_() == answer._repr_html_()
    if name != "dendrogram":  # it has a figure
        again = pickle.loads(pickle.dumps(answer))
        assert type(again) is type(answer) and list(again) == list(answer)
        assert list(copy.deepcopy(answer)) == list(answer)


def test_equality_json_and_changes_are_those_of_dicts():
    answer = Answer(a=[1, 2], b="c")
    assert answer == {"a": [1, 2], "b": "c"} and json.loads(json.dumps(answer)) == answer
    answer["d"] = answer | {"a": 0}
    assert answer["d"]["a"] == 0 and len(answer) == 3
    assert Results.fromkeys("ab") == {"a": None, "b": None}


def test_what_is_printed_is_short(fitted):
    for answer in answers(fitted).values():
        assert len(repr(answer).splitlines()) < 25
        assert max(map(len, repr(answer).splitlines())) < 160


def test_find_prints_a_row_per_query(fitted):
    lines = repr(fitted.results["predict"]).splitlines()
    assert lines[0] == "Found for 2 queries"
    assert lines[1].split() == ["query", "found", "nearest", "distance", "p-value", "cluster"]
    assert lines[2].split()[:4] == ["image_0000", "12", "image_0003", "0"]
    page = fitted.results["predict"]._repr_html_()
    assert page.count("<img") == 2 + 2 * 8


def test_results_say_what_to_call_for_what_is_missing(digits):
    cl = Clustimage(verbose="error")
    assert repr(cl.results).startswith("No results yet")
    assert re.search(r"labels +not computed: cluster\(\)", repr(cl.results))
    cl.import_data(digits[0][:9])
    assert re.search(r"img +9 x 64 uint8 +pixels", repr(cl.results))
    given = Clustimage(method="precomputed", embedding=None, verbose="error")
    assert "none: features without images" in repr(
        given.fit_transform(features=digits[0][:9], n_clusters=3)
    )


def test_agreement_with_known_labels_is_a_short_table_too(fitted, digits):
    found = fitted.evaluate_labels(digits[1][:120])
    assert repr(found).startswith("Agreement with the known labels of 120 images")
    assert isinstance(found, dict) and 0 < found["ari"] < 1 and len(repr(found)) < 600


def test_unique_has_a_row_per_cluster(fitted):
    text, page = repr(fitted.unique()), fitted.unique()._repr_html_()
    assert "12 clusters" in text and "… and 2 more clusters" in text
    assert page.count("<img") == 20  # the image and the average of ten


def test_faces_show_their_crops_also_out_of_a_pickle():
    from skimage.data import astronaut

    cl = Clustimage(verbose="error", dim_face=(20, 10))
    faces = cl.extract_faces([astronaut(), np.zeros((90, 90, 3), np.uint8)])
    assert repr(faces).startswith("1 face in 1 of 2 photos")
    for some in (faces, faces.copy(), pickle.loads(pickle.dumps(faces))):
        assert some._repr_html_().count("<img") == 1


def test_a_model_out_of_a_file_or_a_pickle_shows_the_same(fitted, tmp_path):
    page = fitted.results["predict"]._repr_html_()
    back = Clustimage.load(fitted.save(tmp_path / "model"))
    for cl in (back, pickle.loads(pickle.dumps(fitted)), copy.deepcopy(fitted)):
        assert cl.results["predict"]._repr_html_() == page
        assert repr(cl.results_unique) == repr(fitted.results_unique)
        assert cl.results_unique._repr_html_().count("<img") == 20


def test_an_answer_does_not_keep_the_images_in_memory(digits):
    cl = Clustimage(embedding=None, verbose="error").fit(digits[0][:30], n_clusters=3)
    found = cl.find(digits[0][:1], k=2, alpha=None)
    assert found._repr_html_().count("<img") == 3
    del cl
    gc.collect()
    assert found._repr_html_().count("<img") == 1  # the query


def test_names_of_files_are_escaped(tmp_path):
    for i in range(4):
        name = NASTY.replace("/", "") if i == 0 else f"{i}.png"
        Image.new("RGB", (6, 6), (60 * i, 80, 9)).save(tmp_path / name)
    cl = Clustimage(dim=(6, 6), embedding=None, verbose="error").fit(tmp_path, n_clusters=3)
    cl.find(tmp_path, k=4, alpha=None)
    frame = cl.to_frame(thumbnails=True)
    for page in (*(a._repr_html_() for a in answers(cl).values()), cl._repr_html_()):
        assert "<script" not in page
    assert "<script" not in frame._repr_html_() and frame._repr_html_().count("<img") == 4
