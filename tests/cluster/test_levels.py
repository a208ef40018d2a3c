"""Numbers of clusters that are locally best, their stability, and the choice of one."""

import numpy as np
import pytest

from clustimage._core.errors import InvalidParameterError
from clustimage.cluster import ClusterRequest, cut_tree_k, levels_of, search_k, stability_of
from clustimage.cluster._levels import find_levels, pick_level


@pytest.fixture(scope="module")
def nested():
    """Four groups of three smaller ones each, and the number of the small one of each row."""
    rng = np.random.default_rng(0)
    small = np.repeat(np.arange(12), 25)
    large = rng.normal(size=(4, 10)) * 30
    centres = np.repeat(large, 3, axis=0) + rng.normal(size=(12, 10)) * 4
    return centres[small] + rng.normal(size=(300, 10)), small


@pytest.mark.parametrize("cluster", ["agglomerative", "kmeans"])
def test_groups_of_groups_are_two_levels(nested, cluster):
    rows, small = nested
    found = search_k(rows, cluster=cluster)
    levels = levels_of(found)
    assert [level.clusters for level in levels] == [4, 12]
    for level in levels:
        assert found.score["clusters"][level.position] == level.clusters
        assert found.score["score"][level.position] == level.score
    for name, k in (("coarse", 4), ("fine", 12), (0, 4), (1, 12)):
        chosen = search_k(rows, cluster=cluster, level=name)
        assert chosen.n_found == k and len(np.unique(chosen.labels)) == k
        assert levels_of(chosen) == levels
    labels = search_k(rows, level="fine").labels
    assert len({(a, b) for a, b in zip(labels, small, strict=True)}) == 12


def test_the_level_is_the_cut_of_the_tree(nested):
    found = search_k(nested[0], level="fine")
    np.testing.assert_array_equal(found.labels, cut_tree_k(found.tree, 12))


def test_levels_are_more_stable_than_what_lies_between(nested):
    found = search_k(nested[0])
    coarse, between, fine = stability_of(found, nested[0], [4, 7, 12])
    assert min(coarse, fine) > 0.99 > between
    few = search_k(nested[0][::10])
    assert np.isnan(stability_of(few, nested[0][::10], [3])).all()


def test_peaks_count_by_their_prominence():
    counts, scores = list(range(3, 11)), [0.1, 0.4, 0.2, 0.21, 0.205, 0.6, 0.3, 0.5]
    assert [level.clusters for level in find_levels(counts, scores, 5)] == [4, 8]
    lower = [-score for score in scores]
    assert find_levels(counts, lower, 5, higher_is_better=False)[0].clusters == 4
    assert find_levels(counts, [float("nan")] * 8, 0) == [
        pytest.approx(level, nan_ok=True) for level in [(3, float("nan"), 0.0, 0)]
    ]


def test_the_end_of_the_search_is_a_level_only_as_the_best():
    counts = [3, 4, 5, 6]
    assert [level.clusters for level in find_levels(counts, [0.9, 0.2, 0.5, 0.6], 0)] == [3]
    assert [level.clusters for level in find_levels(counts, [0.1, 0.2, 0.5, 0.6], 3)] == [6]


def test_a_level_that_is_not_there_is_refused(nested):
    levels = levels_of(search_k(nested[0]))
    with pytest.raises(InvalidParameterError, match=r"no level=2\..* 0 \(4 clusters\), 1 \(12"):
        pick_level(levels, 2)


@pytest.mark.parametrize(
    "wrong, words",
    [
        ({"level": "middle"}, "'coarse', 'fine' or the number"),
        ({"level": -1}, "from 0 up"),
        ({"level": True}, "from 0 up"),
        ({"level": "fine", "cluster": "dbscan"}, "cluster='dbscan'.*'agglomerative', 'kmeans'"),
        ({"level": 0, "n_clusters": 4}, "only one is asked for, 4"),
        ({"level": 0, "min_clust": 4, "max_clust": 4}, "only one is asked for, 4"),
        ({"level": "fine", "sim": 0.5}, "level='fine' and sim=0.5"),
        ({"level": 0, "metric": "datetime"}, "'level' cannot be combined"),
    ],
)
def test_levels_cannot_be_combined_with(wrong, words):
    with pytest.raises(InvalidParameterError, match=words):
        ClusterRequest(**wrong)
