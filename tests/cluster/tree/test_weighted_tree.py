import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, is_valid_linkage, linkage
from scipy.spatial.distance import pdist

from clustimage._core.errors import InvalidParameterError
from clustimage.cluster import LINKAGES, METRICS, order_labels
from clustimage.cluster.tree._linkage import EUCLIDEAN_LINKAGES, cut_tree_k
from clustimage.cluster.tree._weighted_tree import build_weighted_tree


@pytest.fixture(scope="module")
def points():
    rng = np.random.default_rng(0)
    return rng.normal(size=(90, 4)), rng.integers(1, 7, 90)


@pytest.mark.parametrize("name", LINKAGES)
def test_weighted_points_are_points_repeated(name, points):
    centres, weights = points
    ours = build_weighted_tree(centres, weights, linkage_name=name)
    theirs = linkage(np.repeat(centres, weights, axis=0), name)
    np.testing.assert_allclose(ours[:, 2], theirs[theirs[:, 2] > 1e-9, 2], rtol=0, atol=1e-9)
    assert is_valid_linkage(ours)
    for k in (2, 5, 20) if name not in ("centroid", "median") else ():
        labels = np.repeat(cut_tree_k(ours, k), weights)
        np.testing.assert_array_equal(
            order_labels(labels), order_labels(fcluster(theirs, k, "maxclust"))
        )


@pytest.mark.parametrize("name", [name for name in LINKAGES if name not in EUCLIDEAN_LINKAGES])
@pytest.mark.parametrize("metric", ["cosine", "cityblock", "sqeuclidean"])
def test_weighted_points_are_points_repeated_with_every_metric(name, metric, points):
    centres, weights = points
    ours = build_weighted_tree(centres, weights, linkage_name=name, metric=metric)
    theirs = linkage(pdist(np.repeat(centres, weights, axis=0), metric), name)
    np.testing.assert_allclose(ours[:, 2], theirs[-len(ours) :, 2], rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", LINKAGES)
def test_points_without_weights_have_the_tree_of_scipy(name, points):
    ours = build_weighted_tree(points[0], np.ones(90), linkage_name=name)
    np.testing.assert_allclose(ours, linkage(points[0], name), rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", ["average", "weighted", "complete"])
def test_images_around_two_centres_are_further_apart_than_the_centres(name):
    centres, variance = np.array([[0.0], [3.0]]), np.array([9.0, 7.0])
    weights = np.ones(2)
    for metric, height in (("euclidean", 5.0), ("sqeuclidean", 25.0)):
        Z = build_weighted_tree(
            centres, weights, variance=variance, linkage_name=name, metric=metric
        )
        assert Z[0, 2] == height
    assert (
        build_weighted_tree(centres, weights, variance=variance, linkage_name="single")[0, 2] == 3
    )


def test_mean_squared_distances_of_groups_are_exact():
    rng = np.random.default_rng(1)
    X, groups = rng.normal(size=(60, 5)), np.arange(60) % 12
    centres = np.array([X[groups == i].mean(axis=0) for i in range(12)])
    variance = np.array([((X[groups == i] - centres[i]) ** 2).sum(1).mean() for i in range(12)])
    ours = build_weighted_tree(
        centres, np.full(12, 5), variance=variance, linkage_name="average", metric="sqeuclidean"
    )
    first = np.flatnonzero(np.isin(groups, ours[0, :2]))
    between = [((X[i] - X[j]) ** 2).sum() for i in first for j in first if groups[i] < groups[j]]
    assert ours[0, 2] == pytest.approx(np.mean(between))


def test_distances_of_many_columns_are_those_of_few(points, monkeypatch):
    exact = build_weighted_tree(*points)
    monkeypatch.setattr("clustimage._distances.condensed.MAX_DIFFERENCES", 0)
    monkeypatch.setattr("clustimage._distances.condensed.MAX_ROWS_PER_BLOCK", 7)
    np.testing.assert_allclose(build_weighted_tree(*points), exact, rtol=0, atol=1e-9)


def test_one_and_two_groups_have_a_tree():
    assert build_weighted_tree(np.ones((1, 3)), np.array([9])).shape == (0, 4)
    Z = build_weighted_tree(np.array([[0.0], [2.0]]), np.array([3, 3]))
    assert Z.tolist() == [[0, 1, pytest.approx(2 * np.sqrt(3)), 2]]


@pytest.mark.parametrize("metric", [name for name in METRICS if name != "euclidean"])
def test_euclidean_linkages_refuse_other_metrics(metric, points):
    with pytest.raises(InvalidParameterError, match="'ward'.*euclidean"):
        build_weighted_tree(*points, metric=metric)
