import numpy as np
import pytest
from sklearn.cluster import DBSCAN, BisectingKMeans
from sklearn.metrics import adjusted_rand_score

from clustimage._core.errors import InvalidDataError, InvalidParameterError
from clustimage.cluster import search_k


class Halves:
    """Labels by the sign of the first column; no scikit-learn object."""

    def fit_predict(self, X):
        return np.where(X[:, 0] > X[:, 0].mean(), 7, 3)


@pytest.mark.parametrize("asked", [{}, {"max_clust": 6}, {"min_clust": 4, "max_clust": 5}])
def test_an_object_is_taken_as_it_is(asked, blobs):
    model = BisectingKMeans(n_clusters=2, random_state=0)
    found = search_k(blobs[0], cluster=model, **asked)
    assert found.score["clusters"] == [2]
    expected = BisectingKMeans(n_clusters=2, random_state=0).fit_predict(blobs[0])
    assert adjusted_rand_score(expected, found.labels) == 1
    assert not hasattr(model, "labels_")


@pytest.mark.parametrize("asked", [{"n_clusters": 4}, {"min_clust": 4, "max_clust": 4}])
def test_an_object_is_told_the_one_number_that_is_asked_for(asked, blobs):
    model = BisectingKMeans(n_clusters=2, random_state=0)
    assert search_k(blobs[0], cluster=model, **asked).score["clusters"] == [4]
    assert model.n_clusters == 2
    assert search_k(blobs[0], cluster=Halves(), **asked).score["clusters"] == [2]


def test_an_object_gives_its_labelling_of_few_images():
    assert search_k(np.array([[0.0], [1.0]]), cluster=Halves()).n_found == 2


def test_an_object_without_k_gives_its_one_labelling(blobs):
    found = search_k(blobs[0], cluster=Halves())
    assert found.score["clusters"] == [2]
    assert set(found.labels) == {0, 1}
    assert found.params["cluster"].startswith("<")
    noisy = search_k(blobs[0], cluster=DBSCAN(eps=1.2)).labels
    assert noisy.min() == -1


def test_pairs_that_make_no_sense_are_refused(blobs):
    with pytest.raises(InvalidParameterError, match="elbow"):
        search_k(blobs[0], cluster=BisectingKMeans(), evaluate="elbow")
    with pytest.raises(InvalidParameterError, match="derivative"):
        search_k(blobs[0], cluster=BisectingKMeans(), evaluate="derivative")


@pytest.mark.parametrize("wrong", [Halves, BisectingKMeans, object(), 3, None])
def test_what_is_no_clusterer_is_refused(wrong, blobs):
    with pytest.raises(InvalidParameterError, match="cluster"):
        search_k(blobs[0], cluster=wrong)


def test_labels_of_another_shape_or_type_are_refused(blobs):
    class Wrong:
        def __init__(self, labels):
            self.labels = labels

        def fit_predict(self, X):
            return self.labels

    for labels in (np.zeros(3, int), np.zeros(300)):
        with pytest.raises(InvalidDataError, match="300 whole numbers"):
            search_k(blobs[0], cluster=Wrong(labels))
