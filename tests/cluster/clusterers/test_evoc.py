"""EVoC: the same labels each time, each image in a cluster, and what is asked of it."""

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from clustimage import Clustimage
from clustimage._core.errors import InvalidDataError, InvalidParameterError
from clustimage.cluster import EVoCClusterer, search_k

evoc = pytest.importorskip("evoc", reason="the extra 'evoc' is not installed")
numba = pytest.importorskip("numba")


@pytest.fixture(scope="module")
def directions():
    """Eight groups of rows of length 1, `(600, 40)`, and what they are."""
    rng = np.random.default_rng(0)
    names = np.arange(600) % 8
    rows = rng.normal(size=(8, 40))[names] + 0.4 * rng.normal(size=(600, 40))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True), names


def test_its_groups_are_found_with_the_defaults_and_all_images_are_in_one(directions):
    cl = Clustimage(embedding=None, verbose="silent")
    labels = cl.fit_transform(features=directions[0], cluster="evoc")["labels"]
    assert cl.clustering_.params["cluster_space"] == "high"
    assert adjusted_rand_score(directions[1], labels) > 0.99
    assert cl.clustering_.varied == "min_cluster_size"
    np.testing.assert_array_equal(cl.predict(features=directions[0]), labels)


def test_labels_do_not_depend_on_the_number_of_threads_which_stays_as_it_was(digits):
    rows, found = digits[0][:700], []
    before = numba.get_num_threads()
    try:
        for n_threads in (1, min(2, before)):
            numba.set_num_threads(n_threads)
            found.append(EVoCClusterer(n_sizes=2).fit_predict(rows))
            assert numba.get_num_threads() == n_threads
    finally:
        numba.set_num_threads(before)
    np.testing.assert_array_equal(*found)


def test_exactly_so_many_clusters_as_are_asked_for(directions):
    found = search_k(directions[0], cluster="evoc", metric="cosine", n_clusters=8)
    assert found.n_found == 8
    assert adjusted_rand_score(directions[1], found.labels) == 1


def test_a_number_that_there_is_not_is_an_error(directions):
    with pytest.raises(InvalidDataError, match="'evoc' found no labelling with 150 clusters"):
        search_k(directions[0], cluster="evoc", n_clusters=150)
    with pytest.raises(InvalidDataError, match="found no labelling with 2 to 4 clusters"):
        search_k(directions[0][:5], cluster="evoc", min_clust=2)


def test_more_clusters_than_the_usual_25_are_found_unless_max_clust_says_otherwise():
    rng = np.random.default_rng(0)
    rows = np.repeat(rng.normal(size=(40, 30)), 15, axis=0) + 0.1 * rng.normal(size=(600, 30))
    assert search_k(rows, cluster="evoc").n_found == 40
    with pytest.raises(InvalidDataError, match="Widen"):
        search_k(rows, cluster="evoc", max_clust=10)


@pytest.mark.parametrize("metric", ["euclidean", "sqeuclidean", "cosine", "correlation"])
def test_it_compares_by_products_of_rows(directions, metric):
    found = search_k(directions[0][:300], cluster="evoc", metric=metric, n_clusters=8)
    assert adjusted_rand_score(directions[1][:300], found.labels) > 0.99


def test_other_metrics_are_refused(directions):
    with pytest.raises(InvalidParameterError, match="'euclidean', .*Got metric='hamming'"):
        search_k(directions[0], cluster="evoc", metric="hamming")


def test_euclidean_distances_tell_groups_in_one_direction_apart():
    rng = np.random.default_rng(0)
    rows = np.repeat([[10.0, 10.0], [30.0, 30.0], [50.0, 50.0]], 60, axis=0)
    rows += rng.normal(size=rows.shape)
    found = search_k(rows, cluster="evoc")
    assert np.bincount(found.labels).tolist() == [60, 60, 60]


def test_equal_images_stay_together():
    rng = np.random.default_rng(0)
    rows = np.repeat(rng.normal(size=(60, 5)), 5, axis=0)
    labels = search_k(rows, cluster="evoc", min_clust=2).labels
    assert all(len(set(labels[i : i + 5])) == 1 for i in range(0, 300, 5))


def test_evoc_as_an_object_keeps_its_noise(directions):
    rng = np.random.default_rng(1)
    rows = np.concatenate([directions[0], rng.normal(size=(200, 40))])
    numba.set_num_threads(1)
    kept = search_k(rows, cluster=evoc.EVoC(noise_level=1.0, random_state=0)).labels
    assert (kept < 0).any()
    assert (search_k(rows, cluster="evoc").labels >= 0).all()
