"""What every clusterer and every evaluator promises, over the registries."""

import inspect

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import adjusted_rand_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from clustimage._core.errors import InvalidParameterError
from clustimage.cluster import (
    CLUSTERERS,
    EVALUATORS,
    METRICS,
    ClusterRequest,
    CustomClusterer,
    search_k,
)

SENSIBLE = {
    "agglomerative": {"silhouette", "dbindex", "derivative", "elbow", "calinski", "consensus"},
    "kmeans": {"silhouette", "dbindex", "elbow", "calinski"},
    "dbscan": {"silhouette", "dbindex", "calinski"},
    "hdbscan": {"silhouette", "dbindex", "calinski"},
    "leiden": {"silhouette", "dbindex", "calinski"},
    "evoc": {"silhouette", "dbindex", "calinski"},
}


QUICK = {"kmeans": {"n_init": 1}, "dbscan": {"n_eps": 12}, "hdbscan": {"n_sizes": 6}}
QUICK["evoc"] = {"n_sizes": 1}

PACKAGES = {"leiden": "sknetwork", "evoc": "evoc"}


def skip_without_its_package(cluster):
    """Skip a clusterer of an extra that is not installed."""
    if cluster in PACKAGES:
        pytest.importorskip(PACKAGES[cluster])


@pytest.mark.parametrize("evaluate", EVALUATORS)
@pytest.mark.parametrize("cluster", CLUSTERERS)
def test_every_pair_finds_groups_or_is_refused(cluster, evaluate, blobs):
    if evaluate not in SENSIBLE[cluster]:
        with pytest.raises(InvalidParameterError, match=f"'{evaluate}'.*'{cluster}'.*'silhouette'"):
            ClusterRequest(cluster=cluster, evaluate=evaluate)
        return
    skip_without_its_package(cluster)
    found = search_k(blobs[0], cluster=cluster, evaluate=evaluate, max_clust=10)
    assert found.labels.shape == (300,)
    assert found.labels.dtype == np.int64
    assert 3 <= found.n_found < 10
    assert (np.diff(np.bincount(found.labels[found.labels >= 0])) <= 0).all()
    assert adjusted_rand_score(blobs[1], found.labels) > 0.4
    assert set(found.score) == {"cluster_threshold", "clusters", "score"}
    assert found.score["clusters"][found.best] == found.n_found
    again = search_k(blobs[0], cluster=cluster, evaluate=evaluate, max_clust=10)
    np.testing.assert_array_equal(again.labels, found.labels)


@pytest.mark.parametrize("cluster", CLUSTERERS)
def test_one_image_is_one_cluster(cluster):
    skip_without_its_package(cluster)
    assert search_k(np.ones((1, 3)), cluster=cluster, n_clusters=1).labels.tolist() == [0]


@pytest.mark.parametrize("name", CLUSTERERS)
def test_clusterers_only_assign_in_their_constructor(name):
    kind = CLUSTERERS[name]
    values = {key: object() for key in inspect.signature(kind).parameters}
    made = kind(**values)
    assert all(getattr(made, key) is value for key, value in values.items())
    assert set(vars(made)) == set(values)
    assert clone(kind()).get_params() == kind().get_params()


@pytest.mark.parametrize("name", CLUSTERERS)
def test_clusterers_fit_float32_rows_by_themselves(name, blobs):
    skip_without_its_package(name)
    model = CLUSTERERS[name](**QUICK.get(name, {}))
    labels = model.fit_predict(blobs[0].astype(np.float32))
    np.testing.assert_array_equal(labels, model.labels_)
    assert adjusted_rand_score(blobs[1], labels) > 0.5


@pytest.mark.parametrize("name", EVALUATORS)
def test_evaluators_choose_the_best_known_score(name):
    evaluator = EVALUATORS[name]()
    if name == "elbow":
        assert evaluator.choose([1, 2, 3, 4], np.array([9.0, 2.0, 1.5, 1.0])) == 1
        return
    scores = np.array([np.nan, 3.0, 1.0, 2.0, 3.0])
    assert evaluator.choose([2, 3, 4, 5, 6], scores) == (1 if evaluator.higher_is_better else 2)
    assert evaluator.choose([2], np.array([np.nan])) == 0


@pytest.mark.parametrize("metric", [name for name in METRICS if name != "chebyshev"])
@pytest.mark.parametrize("cluster", ["agglomerative", "dbscan", "hdbscan", "leiden"])
def test_clusterers_with_a_metric_take_all_of_them(cluster, metric):
    skip_without_its_package(cluster)
    groups = np.random.default_rng(0).random((5, 60)) > 0.5
    flips = np.random.default_rng(1).random((100, 60)) < 0.04
    bits = (groups[np.arange(100) % 5] ^ flips).astype(np.float32)
    found = search_k(bits, cluster=cluster, metric=metric, linkage="average")
    inside = found.labels >= 0
    assert found.n_found == 5
    assert adjusted_rand_score((np.arange(100) % 5)[inside], found.labels[inside]) == 1


@parametrize_with_checks([kind(**QUICK.get(name, {})) for name, kind in CLUSTERERS.items()])
def test_clusterers_pass_the_checks_of_scikit_learn(estimator, check):
    skip_without_its_package(
        next(name for name, kind in CLUSTERERS.items() if kind is type(estimator))
    )
    check(estimator)


def test_own_clusterer_keeps_the_object_it_was_given():
    given = object()
    assert CustomClusterer(given).estimator is given
