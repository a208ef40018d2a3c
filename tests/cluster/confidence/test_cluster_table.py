"""The table of clusters: what to merge, what to split."""

from __future__ import annotations

import numpy as np
import pytest

from clustimage.cluster.confidence._cluster_table import COLUMNS, describe_clusters


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    centres = np.array([[0.0, 0], [12, 0], [0, 40], [30, 40]])
    return np.repeat(centres, 30, axis=0) + rng.normal(size=(120, 2))


def test_a_cloud_that_is_cut_is_merged_and_two_clouds_in_one_cluster_are_split(rows):
    labels = np.repeat([0, 0, 1, 2], 30)
    labels[75:90] = 3  # the second half of the third cloud
    table = describe_clusters(rows, labels, jaccard=np.array([0.9, 0.4, 0.9, 0.4])).set_index(
        "label"
    )
    assert table["split"].tolist() == [True, False, False, False]
    a, b = table.loc[0, "images"]
    assert (a < 30) != (b < 30)
    assert table.loc[1, "merge_with"] == 3
    assert table.loc[3, "merge_with"] == 1
    own, other = table.loc[1, "images"]
    assert labels[own] == 1
    assert labels[other] == 3
    assert table.loc[2, ["size", "nearest"]].tolist() in ([30, 1], [30, 3])
    assert table.loc[2, "cohesion"] == pytest.approx(
        np.linalg.norm(rows[90:] - rows[90:].mean(axis=0), axis=1).mean()
    )


def test_a_stable_cluster_is_not_merged_and_a_single_one_stands_alone(rows):
    labels = np.repeat([0, 1, 2, 3], 30)
    table = describe_clusters(rows, labels, jaccard=np.ones(4))
    assert table["merge_with"].isna().all()
    assert not table["split"].any()
    alone = describe_clusters(rows, np.where(labels == 0, 0, -1))
    assert alone["size"].tolist() == [30]
    assert alone["nearest"].isna().all()
    assert list(describe_clusters(rows, np.full(120, -1)).columns) == list(COLUMNS)
