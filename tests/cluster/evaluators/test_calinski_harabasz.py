import numpy as np
import pytest
from sklearn.metrics import calinski_harabasz_score

from clustimage.cluster import cut_tree_k, search_k
from clustimage.cluster._candidates import Candidates
from clustimage.cluster.evaluators._calinski_harabasz import CalinskiHarabasz, calinski_harabasz


def test_index_equals_scikit_learn(blobs):
    found = search_k(blobs[0], evaluate="calinski")
    for k, score in zip(found.score["clusters"], found.score["score"], strict=True):
        expected = calinski_harabasz_score(blobs[0], cut_tree_k(found.tree, k))
        assert score == pytest.approx(expected, rel=1e-9)
    assert found.best == int(np.argmax(found.score["score"]))


def test_rows_on_their_centres_give_one_as_in_scikit_learn():
    X, labels = np.repeat([[0.0], [5.0]], 3, axis=0), np.repeat([0, 1], 3)
    assert calinski_harabasz(X, labels) == calinski_harabasz_score(X, labels) == 1


def test_unclustered_images_lower_the_index(blobs):
    labels = blobs[1].copy()
    labels[:60] = -1
    inside = labels >= 0
    score = CalinskiHarabasz().score(blobs[0], Candidates([labels], [0]))[0]
    assert score == pytest.approx(0.8 * calinski_harabasz_score(blobs[0][inside], labels[inside]))
