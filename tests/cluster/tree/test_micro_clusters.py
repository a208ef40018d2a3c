"""Micro-clusters, and how well the tree over them follows the tree of all images."""

import tracemalloc

import numpy as np
import pytest
from scipy.cluster.hierarchy import linkage
from sklearn.metrics import adjusted_rand_score

from clustimage.cluster import METRICS, build_tree, cut_tree_k
from clustimage.cluster.evaluators._centres import cluster_centres
from clustimage.cluster.tree._micro_clusters import find_micro_clusters
from clustimage.cluster.tree._neighbour_graph import EXTRA_COLUMNS, NeighbourGraph, match_pairs
from clustimage.cluster.tree._strategy import micro_bytes
from clustimage.cluster.tree._weighted_tree import build_weighted_tree


def cut_over_micro(X, m, k, **options):
    found = find_micro_clusters(X, m, **options)
    assert len(found.weights) == m
    Z = build_weighted_tree(found.points, found.weights)
    return cut_tree_k(Z, k, found.member)


def sum_of_squares(X, labels):
    parts = (X[labels == label].astype(float) for label in np.unique(labels))
    return sum(((part - part.mean(axis=0)) ** 2).sum() for part in parts)


def check_quality(X, exact, truth, labels, *, clear=True):
    """The demands on any clustering over micro-clusters."""
    if clear:
        assert adjusted_rand_score(exact, labels) >= 0.9
    assert sum_of_squares(X, labels) <= 1.02 * sum_of_squares(X, exact)
    lost = adjusted_rand_score(truth, exact) - adjusted_rand_score(truth, labels)
    assert lost <= 0.03


def search_few(monkeypatch, candidates):
    """Let a group look for its nearest one in some parts of the space only."""
    monkeypatch.setattr("clustimage.cluster.tree._neighbour_graph.CANDIDATES_PER_GROUP", candidates)
    monkeypatch.setattr(
        "clustimage.cluster.tree._neighbour_graph.GROUPS_PER_PARTITION", max(4, candidates // 32)
    )


@pytest.fixture(scope="module")
def exact_digits(digits):
    return cut_tree_k(build_tree(digits[0]), 10)


@pytest.mark.parametrize("m", [200, 600])
@pytest.mark.parametrize("candidates", [4096, 900, 450])
@pytest.mark.parametrize("seed", [0, 1])
def test_digits_are_clustered_as_by_the_tree_of_all(
    m, candidates, seed, digits, exact_digits, monkeypatch
):
    search_few(monkeypatch, candidates)
    labels = cut_over_micro(digits[0], m, 10, random_state=seed)
    check_quality(digits[0], exact_digits, digits[1], labels)


@pytest.fixture(scope="module")
def corel_features(corel, tmp_path_factory):
    """Fingerprints of two hundred photos, by a small network."""
    pytest.importorskip("torch")
    from pathlib import Path

    from clustimage import Clustimage

    weights = Path(corel[0][0]).parents[3] / "weights" / "squeezenet1_1.pth"
    if not weights.is_file():
        pytest.skip(f"no weights of a network at {weights}")
    model = Clustimage(
        method="cnn",
        params_cnn={"model": "squeezenet1_1", "weights": str(weights), "device": "cpu"},
        embedding=None,
        dirpath=tmp_path_factory.mktemp("photos"),
        verbose="error",
    )
    model.import_data(corel[0])
    model.extract_feat()
    return model.results["feat"]


@pytest.mark.parametrize("candidates", [4096, 100])
@pytest.mark.parametrize("m", [40, 100])
def test_photos_are_clustered_as_by_the_tree_of_all(
    m, candidates, corel, corel_features, monkeypatch
):
    search_few(monkeypatch, candidates)
    exact = cut_tree_k(build_tree(corel_features), 10)
    labels = cut_over_micro(corel_features, m, 10)
    check_quality(corel_features, exact, corel[1], labels)


@pytest.fixture(scope="module")
def small_pictures(lent_data):
    """Principal components of a thousand pictures of cifar10, and what they show."""
    import io
    import zipfile

    from PIL import Image
    from sklearn.decomposition import PCA

    file = lent_data / "cifar10_test.zip"
    if not file.is_file():
        pytest.skip(f"no small pictures at {file}")
    with zipfile.ZipFile(file) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith((".png", ".jpg")))[::10]
        pixels = [
            np.asarray(Image.open(io.BytesIO(archive.read(name))).convert("RGB")).ravel()
            for name in names
        ]
    rows = PCA(100, svd_solver="randomized", random_state=0).fit_transform(np.array(pixels, float))
    return rows.astype(np.float32), np.array([name.split("/")[-2] for name in names])


@pytest.mark.parametrize("candidates", [4096, 240])
@pytest.mark.parametrize("m", [200, 500])
def test_pictures_without_clear_groups_are_split_as_well(
    m, candidates, small_pictures, monkeypatch
):
    search_few(monkeypatch, candidates)
    X, kinds = small_pictures
    exact = cut_tree_k(build_tree(X), 10)
    check_quality(X, exact, kinds, cut_over_micro(X, m, 10), clear=False)


def test_merges_of_mutual_neighbours_are_those_of_the_exact_tree(blobs):
    X = blobs[0]
    found = find_micro_clusters(X, 60)
    Z = linkage(X, "ward")
    ours = build_weighted_tree(found.points, found.weights)
    np.testing.assert_allclose(ours[-20:, 2], Z[-20:, 2], rtol=1e-6)
    for k in range(2, 20):
        np.testing.assert_array_equal(cut_tree_k(ours, k, found.member), cut_tree_k(Z, k))


def test_micro_clusters_are_named_by_their_first_images(blobs):
    found = find_micro_clusters(blobs[0], 40)
    assert found.member.dtype == np.int32 and found.member.shape == (300,)
    names, first, sizes = np.unique(found.member, return_index=True, return_counts=True)
    assert names.tolist() == [*range(40)] and (np.diff(first) > 0).all()
    np.testing.assert_array_equal(found.weights, sizes)
    means = np.array([blobs[0][found.member == i].mean(axis=0) for i in range(40)])
    np.testing.assert_allclose(found.points, means, atol=1e-12)
    around = ((blobs[0] - means[found.member]) ** 2).sum(axis=1)
    np.testing.assert_allclose(found.variance, np.bincount(found.member, around) / sizes)


def test_the_seed_decides_and_the_number_of_threads_does_not(digits, monkeypatch):
    search_few(monkeypatch, 64)
    one = find_micro_clusters(digits[0], 200, random_state=1, n_jobs=1).member
    two = find_micro_clusters(digits[0], 200, random_state=1, n_jobs=3).member
    other = find_micro_clusters(digits[0], 200, random_state=2).member
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)


def test_float32_and_float64_rows_give_the_same_groups(digits):
    X = digits[0] + np.random.default_rng(0).random(digits[0].shape)
    one = find_micro_clusters(X, 300).member
    two = find_micro_clusters(X.astype(np.float32), 300).member
    assert adjusted_rand_score(one, two) > 0.98


def test_the_rows_are_not_changed(blobs):
    for X in (blobs[0].copy(), blobs[0].astype(np.float32)):
        before = X.copy()
        for metric in ("euclidean", "cosine", "hamming"):
            find_micro_clusters(X, 20, metric=metric)
        np.testing.assert_array_equal(X, before)


def average_tree(found):
    return build_weighted_tree(
        found.points,
        found.weights,
        variance=found.variance,
        linkage_name="average",
        metric=found.metric,
    )


@pytest.mark.parametrize("metric", [name for name in METRICS if name != "chebyshev"])
def test_every_metric_finds_what_lies_together(metric):
    groups = np.random.default_rng(0).random((5, 60)) > 0.5
    flips = np.random.default_rng(1).random((200, 60)) < 0.04
    X = (groups[np.arange(200) % 5] ^ flips).astype(np.float32)
    found = find_micro_clusters(X, 25, metric=metric)
    Z = average_tree(found)
    assert adjusted_rand_score(np.arange(200) % 5, cut_tree_k(Z, 5, found.member)) == 1
    if found.variance is None:
        rows = {tuple(row) for row in X.tolist()}
        assert all(tuple(point) in rows for point in found.points.tolist())


@pytest.mark.parametrize("metric", ["cosine", "correlation"])
def test_directions_are_compared_by_the_mean_of_all_pairs(metric, blobs):
    from scipy.spatial.distance import cdist

    found = find_micro_clusters(blobs[0], 2, metric=metric)
    Z = average_tree(found)
    one, other = (blobs[0][found.member == i] for i in range(2))
    assert Z[0, 2] == pytest.approx(cdist(one, other, metric).mean(), rel=1e-5)


def test_rows_without_a_direction_are_together():
    X = np.vstack([np.zeros((5, 3)), np.eye(3).repeat(5, axis=0)])
    found = find_micro_clusters(X, 4, metric="cosine")
    assert found.member.tolist() == np.arange(4).repeat(5).tolist()


def test_equal_rows_are_one_micro_cluster(blobs):
    X = np.repeat(blobs[0][:30], np.arange(1, 31), axis=0)
    found = find_micro_clusters(X, 100)
    np.testing.assert_array_equal(found.weights, np.arange(1, 31))
    np.testing.assert_allclose(found.variance, 0, atol=1e-20)
    assert find_micro_clusters(np.ones((50, 3)), 10).member.tolist() == [0] * 50
    assert find_micro_clusters(np.array([[0.0], [-0.0], [1.0]]), 3).member.tolist() == [0, 0, 1]


@pytest.mark.parametrize(
    "X",
    [
        np.eye(400),
        np.random.default_rng(0).integers(0, 2, (900, 9)).astype(float),
        np.arange(600.0)[:, None],
        np.stack(np.meshgrid(np.arange(25.0), np.arange(25.0)), axis=-1).reshape(-1, 2),
        np.repeat([[1.0, 2.0], [3.0, 5.0]], 300, axis=0) * 1e-30,
        np.random.default_rng(0).normal(size=(500, 3)) * 1e200,
    ],
    ids=["equally far", "bits", "line", "grid", "small", "large"],
)
def test_ties_and_scales_are_no_obstacle(X, monkeypatch):
    search_few(monkeypatch, 160)
    rounds = []
    merge = find_micro_clusters.__globals__["NeighbourGraph"].merge
    monkeypatch.setattr(
        "clustimage.cluster.tree._neighbour_graph.NeighbourGraph.merge",
        lambda self, *pairs: rounds.append(len(pairs[0])) or merge(self, *pairs),
    )
    with np.errstate(over="ignore"):
        found = find_micro_clusters(X, 50)
    assert len(found.weights) == min(50, len(np.unique(X, axis=0)))
    assert found.weights.sum() == len(X)
    assert len(rounds) < 40


def test_few_columns_are_not_rounded():
    X = 1e6 + np.repeat(np.arange(500.0), 2)[:, None] + np.tile([0.0, 1e-3], 500)[:, None]
    assert (find_micro_clusters(X, 500).weights == 2).all()


def test_the_cheapest_pairs_are_taken_first():
    rng = np.random.default_rng(0)
    one, other = rng.integers(0, 60, (2, 500))
    one, other = one[one != other], other[one != other]
    cost = rng.random(len(one)).round(2)
    low, high = match_pairs(one, other, cost, 60)
    free, expected = set(range(60)), []
    for i in np.argsort(cost, kind="stable"):
        if {one[i], other[i]} <= free:
            expected.append((min(one[i], other[i]), max(one[i], other[i])))
            free -= {one[i], other[i]}
    assert list(zip(low, high, strict=True)) == expected
    assert [len(found) for found in match_pairs(one[:0], other[:0], cost[:0], 60)] == [0, 0]


def test_groups_are_partitioned_and_merged_in_place(monkeypatch):
    monkeypatch.setattr(
        "clustimage.cluster.tree._neighbour_graph.partition_rows",
        lambda rows, n_partitions, seed: (np.arange(len(rows), dtype=np.int32) % 7, rows[:7]),
    )
    monkeypatch.setattr("clustimage._core.batches.BLOCK_BYTES", 2**18)
    rng = np.random.default_rng(0)
    rows = rng.random((5000, 1000 + EXTRA_COLUMNS), dtype=np.float32)
    centres = rows[:, :-EXTRA_COLUMNS].astype(np.float64)
    tracemalloc.start()
    groups = NeighbourGraph(rows, np.ones(5000, dtype=np.float32), np.arange(5000, dtype=np.int32))
    groups.nearest[:, 0] = (np.arange(5000) + 1) % 5000
    groups.nearest[0::2, 1] = np.arange(1, 5000, 2)
    groups.cost[:, :2] = rng.random((5000, 2))
    groups.merge(*groups.choose_pairs(2000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(groups) <= 4000
    assert peak < rows.nbytes / 4
    means, sizes = cluster_centres(centres, groups.member)
    np.testing.assert_array_equal(groups.weights, sizes)
    np.testing.assert_allclose(groups.centres, means, rtol=1e-5)


def test_memory_grows_with_the_images_and_not_with_their_square():
    small, large = micro_bytes(100_000, 64, 4000), micro_bytes(1_000_000, 64, 4000)
    assert large <= 10 * small
    assert large < 2e9
