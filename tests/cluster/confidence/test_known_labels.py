"""Agreement with known labels, beside scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from clustimage import InvalidDataError
from clustimage.cluster.confidence._known_labels import compare_with_known

NAMES = np.array([f"/a/{i}.png" for i in range(60)])
FILES = np.array([f"{i}.png" for i in range(60)])
LABELS = np.random.default_rng(0).integers(-1, 4, 60)
TRUTH = np.random.default_rng(1).choice(["cat", "dog", "owl"], 60)


def test_indices_are_those_of_scikit_learn():
    found = compare_with_known(LABELS, TRUTH, NAMES, FILES)
    assert found["ari"] == metrics.adjusted_rand_score(TRUTH, LABELS)
    assert found["nmi"] == metrics.normalized_mutual_info_score(TRUTH, LABELS)
    assert found["homogeneity"] == pytest.approx(metrics.homogeneity_score(TRUTH, LABELS))
    assert found["completeness"] == pytest.approx(metrics.completeness_score(TRUTH, LABELS))
    most = sum(max((TRUTH[c == LABELS] == t).sum() for t in set(TRUTH)) for c in set(LABELS))
    assert found["purity"] == most / 60
    assert found["contingency"].loc["dog", 2] == ((TRUTH == "dog") & (LABELS == 2)).sum()


def test_some_labels_by_path_or_file_name():
    some = {NAMES[3]: "a", "4.png": "b", NAMES[9]: "a", NAMES[11]: None}
    found = compare_with_known(LABELS, some, NAMES, FILES)
    assert found["n"] == 3
    assert found["ari"] == metrics.adjusted_rand_score(["a", "b", "a"], LABELS[[3, 4, 9]])


def test_labels_of_inputs_that_could_not_be_read_are_left_out():
    read = np.ones(62, dtype=bool)
    read[[0, 30]] = False
    y = np.insert(TRUTH, [0, 29], ["lost", "lost"])
    assert compare_with_known(LABELS, y, NAMES, FILES, read)["ari"] == metrics.adjusted_rand_score(
        TRUTH, LABELS
    )


@pytest.mark.parametrize(
    ("known", "message"),
    [
        (TRUTH[:9], r"a label for each of 60 images\. Got an array of shape \(9,\)"),
        ({"no.png": "a"}, "not there: 'no.png'"),
        ([None] * 60, "no label of an image"),
        ({}, "no label of an image"),
    ],
)
def test_labels_that_cannot_be_compared_are_refused(known, message):
    with pytest.raises(InvalidDataError, match=message):
        compare_with_known(LABELS, known, NAMES, FILES)


def test_a_file_name_that_two_images_have_is_refused():
    with pytest.raises(InvalidDataError, match="2 images are called so"):
        compare_with_known(LABELS, {"x.png": 1}, NAMES, np.where(np.arange(60) < 2, "x.png", FILES))
