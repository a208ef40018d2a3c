import numpy as np
import pytest
from sklearn.metrics import davies_bouldin_score

from clustimage.cluster import search_k
from clustimage.cluster._candidates import Candidates
from clustimage.cluster.evaluators._davies_bouldin import DaviesBouldin, davies_bouldin


def test_dbindex_is_the_standard_index(blobs):
    """The incumbent divided the largest ratio by k instead of averaging."""
    found = search_k(blobs[0], evaluate="dbindex", n_clusters=None)
    from clustimage.cluster import cut_tree_k

    for k, score in zip(found.score["clusters"], found.score["score"], strict=True):
        expected = davies_bouldin_score(blobs[0], cut_tree_k(found.tree, k))
        assert score == pytest.approx(expected, rel=1e-9)
    assert found.best == int(np.argmin(found.score["score"]))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_equal_centres_and_tight_clusters_are_as_in_scikit_learn():
    X = np.array([[-1.0], [1.0], [-2.0], [2.0], [9.0], [10.0]])
    labels = np.array([0, 0, 1, 1, 2, 2])
    assert davies_bouldin(X, labels) == pytest.approx(davies_bouldin_score(X, labels))
    tight = np.repeat([[0.0], [5.0]], 3, axis=0)
    assert davies_bouldin(tight, np.repeat([0, 1], 3)) == 0


def test_unclustered_images_raise_the_index(blobs):
    labels = blobs[1].copy()
    labels[:60] = -1
    inside = labels >= 0
    score = DaviesBouldin().score(blobs[0], Candidates([labels], [0]))[0]
    expected = davies_bouldin_score(blobs[0][inside], labels[inside]) / 0.8
    assert score == pytest.approx(expected)


def test_undefined_indices_are_nan():
    X = np.arange(3.0)[:, None]
    labellings = [np.zeros(3, int), np.arange(3), np.full(3, -1)]
    assert np.isnan(DaviesBouldin().score(X, Candidates(labellings, [0, 0, 0]))).all()
