"""Which new images join a cluster, by how far images of one are apart; which are left out."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from clustimage import InvalidDataError, InvalidParameterError
from clustimage.similarity import join_clusters


def by_definition(feat, labels, query, metric="euclidean"):
    """P-value and nearest image of one query, as the definition says."""
    rows = np.flatnonzero(labels >= 0)
    apart = []
    for row in rows:
        same = [other for other in rows if labels[other] == labels[row] and other != row]
        if same:
            apart.append(cdist(feat[[row]], feat[same], metric).min())
    distance = cdist([query], feat[rows], metric)[0]
    p_value = (np.sum(np.array(apart) >= distance.min()) + 1) / (len(apart) + 1)
    return p_value, rows[distance.argmin()]


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "cityblock"])
def test_p_values_are_those_of_the_definition(metric):
    rng = np.random.default_rng(0)
    feat = rng.normal(size=(60, 4))
    labels = rng.integers(-1, 4, 60)
    queries = np.concatenate([rng.normal(size=(10, 4)), 9 * rng.normal(size=(10, 4))])
    joined = join_clusters(feat, labels, queries, metric=metric)
    for i, query in enumerate(queries):
        p_value, nearest = by_definition(feat, labels, query, metric)
        assert joined.p_values[i] == pytest.approx(p_value)
        assert joined.nearest[i] == nearest
        assert joined.labels[i] == (labels[nearest] if p_value > 0.05 else -1)


@pytest.mark.parametrize("distribution", ["normal", "standard_t", "lognormal"])
def test_at_most_a_share_alpha_of_images_like_the_others_is_left_out(distribution):
    left_out = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        draw = {
            "normal": lambda n, rng=rng: rng.normal(size=(n, 3)),
            "standard_t": lambda n, rng=rng: rng.standard_t(3, size=(n, 3)),
            "lognormal": lambda n, rng=rng: rng.lognormal(size=(n, 3)),
        }[distribution]
        joined = join_clusters(draw(200), np.zeros(200, dtype=int), draw(200), alpha=0.05)
        left_out.append(np.mean(joined.labels < 0))
    assert 0.01 < np.mean(left_out) < 0.07


def test_the_scale_of_the_features_changes_nothing():
    rng = np.random.default_rng(1)
    feat, queries = rng.normal(size=(80, 3)), 2 * rng.normal(size=(40, 3))
    labels = rng.integers(0, 3, 80)
    first = join_clusters(feat, labels, queries)
    other = join_clusters(1000 * feat, labels, 1000 * queries)
    assert first.labels.tolist() == other.labels.tolist()
    assert 0 < np.mean(first.labels < 0) < 1


def test_images_far_from_all_are_left_out_and_copies_join():
    feat = np.array([[0.0], [1.0], [2.5], [8.0], [9.0]])
    joined = join_clusters(feat, [0, 0, 0, 1, 1], [[1.4], [9.5], [20.0], [8.0]])
    assert joined.labels.tolist() == [0, 1, -1, 1]
    assert joined.nearest.tolist() == [1, 4, 4, 3]


def test_a_copy_joins_whatever_the_distances_are():
    joined = join_clusters([[0.0], [5.0]], [0, 1], [[0.0], [0.1]])  # each image alone
    assert joined.labels.tolist() == [0, -1]
    assert joined.p_values.tolist() == [1, 1]  # of none it is known how far they are apart


def test_images_in_no_cluster_are_not_joined():
    joined = join_clusters([[0.0], [1.0], [2.0], [9.0]], [0, 0, 0, -1], [[9.0]])
    assert joined.labels.tolist() == [-1]
    assert joined.nearest.tolist() == [2]


def test_without_a_cluster_all_are_left_out():
    joined = join_clusters([[0.0], [1.0]], [-1, -1], [[0.0], [3.0]])
    assert joined.labels.tolist() == [-1, -1]
    assert joined.nearest.tolist() == [-1, -1]
    assert joined.p_values.tolist() == [0, 0]


def test_of_few_images_those_farther_than_all_are_left_out():
    feat, labels = np.array([[0.0], [1.0], [3.0]]), [0, 0, 0]  # 1, 1 and 2 apart
    assert join_clusters(feat, labels, [[4.9], [5.1]]).labels.tolist() == [0, -1]


def test_a_wrong_metric_and_wrong_columns_are_named():
    with pytest.raises(InvalidParameterError, match="metric"):
        join_clusters([[0.0]], [0], [[0.0]], metric="nonsense")
    with pytest.raises(Exception, match="'queries' must have 1 col"):
        join_clusters([[0.0]], [0], [[0.0, 1.0]])
    with pytest.raises(InvalidDataError, match="'feat' must be a matrix"):
        join_clusters([0.0], [0], [[0.0]])


def test_of_equally_near_images_the_first_counts_also_that_of_cluster_0():
    feat, labels = np.array([[0.0], [2.0], [4.0], [6.0]]), [0, 0, 1, -1]
    both = [join_clusters(feat, labels, [[3.0]], order=order) for order in (np.arange(4), None)]
    assert [joined.nearest.tolist() for joined in both] == [[1], [1]]
    joined = join_clusters(feat, labels, [[3.0]], order=np.array([3, 2, 1, 0]))
    assert joined.nearest.tolist() == [2] and joined.labels.tolist() == [1]


def test_answers_are_whole_numbers_also_where_nothing_is_found():
    for labels in ([0, 0], [-1, -1]):
        joined = join_clusters([[0.0], [1.0]], labels, [[0.5]])
        assert joined.labels.dtype == joined.nearest.dtype == np.int64
        assert joined.p_values.dtype == np.float64


def test_the_larger_alpha_the_more_are_left_out():
    """The p-values of ten images one apart are 1 to 1 apart, and 1 / 11 farther away."""
    feat = np.arange(10.0)[:, None]
    queries = [[9.9], [10.0], [10.1]]
    joined = join_clusters(feat, np.zeros(10, dtype=int), queries)
    np.testing.assert_allclose(joined.p_values, [1, 1, 1 / 11])
    assert joined.labels.tolist() == [0, 0, -1]
    every = join_clusters(feat, np.zeros(10, dtype=int), queries, alpha=1.0)
    assert every.labels.tolist() == [-1, -1, -1]
