"""Groups of features that are given, in several orders."""

from __future__ import annotations

import numpy as np
import pytest

from clustimage import Clustimage

RNG = np.random.default_rng(0)
GROUPS = RNG.normal(size=(90, 6)) + 6 * RNG.integers(0, 2, (90, 6))
HASHES = np.repeat(RNG.integers(0, 2, (30, 64)), [1, 2, 3] * 10, axis=0).astype(np.float32)


def labels_of(rows: np.ndarray, **options) -> np.ndarray:
    cl = Clustimage(method="precomputed", embedding=None, verbose="silent")
    cl.extract_feat(features=rows)
    return cl.cluster(**options)


def groups_of(labels: np.ndarray, names: np.ndarray) -> set[frozenset[int]]:
    return {frozenset(names[labels == label].tolist()) for label in set(labels.tolist())}


@pytest.mark.parametrize(
    "options", [{}, {"n_clusters": 6}, {"sim": 0.6}, {"cluster": "dbscan", "min_clust": 2}]
)
def test_without_ties_groups_do_not_depend_on_the_order(options):
    expected = groups_of(labels_of(GROUPS, **options), np.arange(90))
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(90)
        assert groups_of(labels_of(GROUPS[order], **options), order) == expected


@pytest.mark.parametrize(
    "options",
    [{"n_clusters": 6}, {"sim": 0.6}, {"metric": "hamming", "linkage": "complete"}]
    + [{"cluster": "kmeans"}, {"cluster": "dbscan", "min_clust": 2}]
    + [{"cluster": "hdbscan", "min_clust": 2}],
)
def test_with_ties_no_order_parts_equal_images(options):
    for seed in range(3):
        some = HASHES[np.random.default_rng(seed).permutation(len(HASHES))]
        labels = labels_of(some, **options)
        names = np.unique(some, axis=0, return_inverse=True)[1].ravel()
        assert all(len(set(labels[names == name])) == 1 for name in set(names))


def test_ties_of_sizes_and_distances_are_broken_by_what_the_rows_are():
    rows = np.array([[9, 9], [9, 8], [0, 0], [0, 1], [8, 9], [8, 8], [1, 0], [1, 1]], dtype=float)
    found = set()
    for seed in range(9):
        order = np.random.default_rng(seed).permutation(8)
        cl = Clustimage(method="precomputed", embedding=None, verbose="silent")
        cl.extract_feat(features=rows[order])
        labels = cl.cluster(n_clusters=2)[np.argsort(order)]
        found.add((*labels.tolist(), *order[cl.results_unique["idx"]].tolist()))
    (only,) = found
    assert {only[:8], tuple(1 - label for label in only[:8])} == {
        (0, 0, 1, 1, 0, 0, 1, 1),
        (1, 1, 0, 0, 1, 1, 0, 0),
    }


def test_find_names_equally_near_images_in_one_order_however_they_come():
    rows = np.array([[9, 9], [9, 8], [0, 0], [0, 1], [8, 9], [8, 8], [1, 0], [1, 1]], dtype=float)
    found = set()
    for order in (np.arange(8), np.arange(8)[::-1], np.random.default_rng(0).permutation(8)):
        cl = Clustimage(method="precomputed", embedding=None, verbose="silent")
        cl.extract_feat(features=rows[order])
        at = [cl.find(features=[[0.5, 0.5]], k=k, alpha=None)["image_0000"] for k in (2, 4)]
        found.add((*order[at[0]["y_idx"]].tolist(), *order[at[1]["y_idx"]].tolist()))
    (only,) = found
    assert only[:2] == only[2:4] and set(only[2:]) == {2, 3, 6, 7}
