"""Purity of neighbours, and gaps between clusters."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from clustimage.cluster.confidence._separation import (
    is_parted,
    neighbour_distances,
    neighbour_purity,
    parted_share,
)


@pytest.fixture
def cloud():
    return np.random.default_rng(0).normal(size=(200, 60))


def test_purity_is_the_share_of_equal_labels_above_chance(cloud):
    labels = (cloud[:, 0] > 0).astype(int) + (cloud[:, 1] > 1)
    found = NearestNeighbors(n_neighbors=11).fit(cloud).kneighbors(cloud)[1][:, 1:]
    p = (labels[found] == labels[:, None]).mean()
    q = ((np.bincount(labels) / 200) ** 2).sum()
    assert neighbour_purity(cloud, labels) == pytest.approx((p - q) / (1 - q))


def test_purity_of_one_cluster_is_0_and_unclustered_rows_do_not_count(cloud):
    assert neighbour_purity(cloud, np.zeros(200, dtype=int)) == 0
    labels = np.repeat([0, 1], 100)
    some = np.where(np.arange(200) % 5 == 0, -1, labels)
    assert neighbour_purity(cloud, some) == neighbour_purity(cloud[some >= 0], labels[some >= 0])


def test_distances_to_the_tenth_neighbour_are_those_of_scikit_learn(cloud):
    expected = NearestNeighbors(n_neighbors=11).fit(cloud).kneighbors(cloud)[0][:, 10]
    assert np.allclose(neighbour_distances(cloud), expected)


def test_halves_of_a_cloud_in_many_columns_are_not_parted_and_far_clouds_are(cloud):
    # In the line between the centres of their own rows, these halves have a gap.
    assert not is_parted(cloud[:100], cloud[100:])
    assert is_parted(cloud[:100], cloud[100:] + 1.5)
    labels = np.repeat([0, 1], 100)
    assert parted_share(cloud, labels) == 0
    assert parted_share(cloud + 1.5 * labels[:, None], labels) == 1
