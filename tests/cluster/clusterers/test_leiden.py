"""Leiden: the same labels each time, a number that is asked for, and what it cannot find."""

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from clustimage import Clustimage
from clustimage._core.errors import InvalidDataError
from clustimage.cluster import LeidenClusterer, search_k

pytest.importorskip("sknetwork", reason="the extra 'leiden' is not installed")


def test_equal_calls_give_equal_labels(digits):
    one, two = (LeidenClusterer().fit_predict(digits[0][:400]) for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_the_graph_of_a_model_is_used_whatever_the_features_are(digits):
    cl = Clustimage(embedding=None, verbose="silent")
    labels = cl.fit_transform(digits[0][:500], cluster="leiden")["labels"]
    assert cl.clustering_.params["cluster_space"] == "graph"
    assert adjusted_rand_score(digits[1][:500], labels) > 0.6
    assert (labels >= 0).all()
    np.testing.assert_array_equal(cl.predict(digits[0][:500]), labels)
    axes = cl.clusteval.plot()[1]
    assert axes[0].get_xlabel() == "Resolution"


def test_an_exact_number_is_found_between_the_resolutions(digits):
    for k in (7, 13):
        found = search_k(digits[0][:500], cluster="leiden", cluster_space="graph", n_clusters=k)
        assert found.n_found == k and found.varied == "resolution"


def test_a_number_that_there_is_not_is_an_error():
    rng = np.random.default_rng(0)
    apart = np.repeat(100 * rng.normal(size=(6, 5)), 30, axis=0) + rng.normal(size=(180, 5))
    with pytest.raises(InvalidDataError, match="found no labelling with 3 clusters"):
        search_k(apart, cluster="leiden", n_clusters=3)


def test_equal_images_stay_together():
    rng = np.random.default_rng(0)
    rows = np.repeat(rng.normal(size=(20, 5)), 5, axis=0)
    labels = search_k(rows, cluster="leiden", min_clust=2).labels
    assert all(len(set(labels[i : i + 5])) == 1 for i in range(0, 100, 5))
