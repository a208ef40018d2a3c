import json
import logging
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from scipy.cluster.hierarchy import is_valid_linkage, linkage
from scipy.spatial.distance import pdist, squareform

from clustimage._core.errors import InvalidParameterError, MemoryLimitError
from clustimage.adapters import to_clusteval
from clustimage.cluster import (
    EVALUATORS,
    AgglomerativeClusterer,
    Clustering,
    ClusterRequest,
    build_constrained_tree,
    build_tree,
    cut_tree_at,
    cut_tree_k,
    order_labels,
    search_k,
    with_other_labels,
)
from clustimage.cluster.tree._cannot_link import (
    Groups,
    build_constrained,
    read_groups,
    split_groups,
)
from clustimage.cluster.tree._merging import CONSTRAINED
from clustimage.cluster.tree._merging import merge_nearest as merge

NAMES = tuple(CONSTRAINED)


@pytest.fixture(scope="module")
def X(blobs):
    return blobs[0][:120]


@pytest.fixture(scope="module")
def photos():
    """Photos of 1 to 5 faces each, for 120 faces in a random order."""
    rng = np.random.default_rng(5)
    return rng.permutation(np.repeat(np.arange(60), rng.integers(1, 6, 60))[:120])


def keeps_apart(labels, groups):
    """Tell whether no two images of one group (0 and up) are in one cluster."""
    pairs = [(a, b) for a, b in zip(labels, groups, strict=True) if b >= 0]
    return len(set(pairs)) == len(pairs)


def naive_merges(X, groups, name):
    """Merge the two nearest clusters that may be one, by the definitions of the linkages.

    Return the heights, and the partition after each merge.
    """
    distances = squareform(pdist(X))
    clusters = {(i,): None for i in range(len(X))}
    weighted = {frozenset(pair): distances[pair] for pair in combinations(range(len(X)), 2)}
    weighted = {
        frozenset([(a,), (b,)]): d for (a, b), d in ((sorted(k), d) for k, d in weighted.items())
    }

    def between(a, b):
        block = distances[np.ix_(a, b)]
        if name == "weighted":
            return weighted[frozenset([a, b])]
        if name == "ward":
            gap = np.linalg.norm(X[list(a)].mean(0) - X[list(b)].mean(0))
            return np.sqrt(2 * len(a) * len(b) / (len(a) + len(b))) * gap
        return {"single": block.min, "complete": block.max, "average": block.mean}[name]()

    heights, partitions = [], []
    while True:
        allowed = [
            pair
            for pair in combinations(clusters, 2)
            if keeps_apart(np.zeros(len(pair[0] + pair[1])), groups[list(pair[0] + pair[1])])
        ]
        if not allowed:
            return heights, partitions
        a, b = min(allowed, key=lambda pair: between(*pair))
        heights.append(between(a, b))
        del clusters[a], clusters[b]
        for c in clusters:
            mean = (weighted[frozenset([a, c])] + weighted[frozenset([b, c])]) / 2
            weighted[frozenset([a + b, c])] = mean
        clusters[a + b] = None
        labels = np.empty(len(X), dtype=int)
        for number, members in enumerate(clusters):
            labels[list(members)] = number
        partitions.append(order_labels(labels).tolist())


@pytest.mark.parametrize("metric", ["euclidean", "cityblock", "cosine", "correlation"])
@pytest.mark.parametrize("name", NAMES)
def test_without_groups_the_tree_equals_scipy(name, metric, blobs):
    distances = pdist(blobs[0][:150], metric)
    square = squareform(distances)
    np.fill_diagonal(square, np.inf)
    ours, theirs = merge(square, name), linkage(distances, name)
    np.testing.assert_allclose(ours[:, 2], theirs[:, 2], rtol=0, atol=1e-10)
    for k in range(1, 151):
        np.testing.assert_array_equal(cut_tree_k(ours, k), cut_tree_k(theirs, k))


@pytest.mark.parametrize("groups", [[None] * 120, np.arange(120), np.full(120, -1)])
@pytest.mark.parametrize("name", NAMES)
def test_groups_of_one_change_nothing(name, groups, X):
    tree, n_allowed = build_constrained_tree(X, groups, linkage_name=name)
    np.testing.assert_array_equal(tree, build_tree(X, linkage_name=name))
    assert n_allowed == 119


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("name", NAMES)
def test_small_trees_equal_the_definition(name, seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 9))
    X, groups = rng.normal(size=(n, 2)), rng.integers(-1, 3, n)
    heights, partitions = naive_merges(X, groups, name)
    tree, n_allowed = build_constrained_tree(X, groups, linkage_name=name)
    assert n_allowed == len(heights)
    np.testing.assert_allclose(tree[:n_allowed, 2], heights, rtol=0, atol=1e-12)
    ours = [cut_tree_k(tree, k).tolist() for k in range(n - 1, n - n_allowed - 1, -1)]
    assert ours == partitions


@pytest.mark.parametrize("kind", ["faces", "ties", "equal", "few groups"])
@pytest.mark.parametrize("name", NAMES)
def test_no_two_of_a_group_are_ever_together(name, kind):
    rng = np.random.default_rng(11)
    n = 90
    X = {
        "faces": rng.normal(size=(n, 4)),
        "ties": rng.integers(0, 3, (n, 2)).astype(float),
        "equal": np.ones((n, 3)),
        "few groups": rng.normal(size=(n, 4)),
    }[kind]
    groups = rng.integers(-1, 3 if kind == "few groups" else 30, n)
    tree, n_allowed = build_constrained_tree(X, groups, linkage_name=name)
    least = n - n_allowed
    assert is_valid_linkage(tree)
    assert (np.diff(tree[:, 2]) >= 0).all()
    assert least >= np.bincount(groups[groups >= 0]).max()
    for k in range(least, n + 1):
        labels = cut_tree_k(tree, k)
        assert len(set(labels)) == k
        assert keeps_apart(labels, groups)
    # No merge that is allowed was left out.
    members = [np.flatnonzero(cut_tree_k(tree, least) == i) for i in range(least)]
    held = [set(groups[one][groups[one] >= 0]) for one in members]
    assert all(a & b for a, b in combinations(held, 2))
    # Merges that are not allowed lie above all that are.
    assert (tree[n_allowed:, 2] > tree[:n_allowed, 2].max(initial=0)).all()
    np.testing.assert_array_equal(
        cut_tree_at(tree, tree[n_allowed - 1, 2]), cut_tree_k(tree, least)
    )


@pytest.mark.parametrize("name", NAMES)
def test_one_group_of_all_is_never_merged(name, X):
    tree, n_allowed = build_constrained_tree(X, ["party"] * 120, linkage_name=name)
    assert n_allowed == 0
    assert set(tree[:, 2]) == {pdist(X).max() * 1.05}
    found = search_k(X, linkage=name, cannot_link=["party"] * 120, n_clusters=120)
    assert sorted(found.labels) == [*range(120)]
    with pytest.raises(InvalidParameterError, match="'party' alone has 120.*Set n_clusters=120 or"):
        search_k(X, linkage=name, cannot_link=["party"] * 120)
    fig, ax = to_clusteval(found, X).plot()
    assert isinstance(fig, Figure)


def test_equal_images_of_one_group_are_apart(caplog):
    X = np.repeat(np.eye(2), 3, axis=0)
    groups = ["a", "a", "", "a", "b", ""]
    with caplog.at_level(logging.WARNING, logger="clustimage"):
        found = search_k(X, cannot_link=groups, min_clust=4)
    assert found.labels.tolist() == [1, 2, 1, 0, 0, 0]
    assert caplog.messages == [
        "Only 3 of the 6 images have different features or are kept apart: equal images are one "
        "cluster each."
    ]
    assert search_k(np.ones((4, 2)), cannot_link=[1, 1, 2, 2], n_clusters=2).labels.tolist() == [
        0,
        1,
        0,
        1,
    ]


def test_every_evaluator_chooses_among_the_allowed(X, photos, caplog):
    least = search_k(X, cannot_link=photos, sim=0, linkage="ward").n_found
    assert least >= 5
    for evaluate in EVALUATORS:
        found = search_k(X, cannot_link=photos, evaluate=evaluate, min_clust=2)
        assert found.score["clusters"] == [*range(least, 25)]
        assert found.least == least
        assert keeps_apart(found.labels, photos)
        ce = to_clusteval(found, X)
        assert isinstance(ce.plot()[0], Figure)
        assert len(set(ce.dendrogram()["labx"])) == found.n_found
    assert not any("min_clust" in text for text in caplog.messages)


def test_the_derivative_reads_no_height_of_a_merge_that_is_not_allowed(X, photos):
    found = search_k(X, cannot_link=photos, evaluate="derivative")
    scores = np.array(found.score["score"])
    assert np.isnan(scores).tolist() == [True] + [False] * (len(scores) - 1)
    assert found.n_found > found.least
    heights, acceleration = to_clusteval(found, X).plot()[1].lines[-3:-1]
    assert np.isfinite(heights.get_ydata()).tolist() == [
        k >= found.least for k in range(1, len(heights.get_ydata()) + 1)
    ]
    at = int(np.argmax(acceleration.get_ydata()))
    assert acceleration.get_xdata()[at] == found.n_found


@pytest.mark.parametrize("sim", [0, 0.2, 0.6, 1])
@pytest.mark.parametrize("name", [None, *NAMES])
def test_a_similarity_cut_is_below_merges_that_are_not_allowed(name, sim, X, photos):
    found = search_k(X, sim=sim, linkage=name, cannot_link=photos)
    assert keeps_apart(found.labels, photos)
    assert found.n_found >= found.least
    assert (found.n_found == found.least) or sim > 0
    ax = to_clusteval(found, X).plot()[1]
    assert ax.lines[0].get_ydata()[-1] == found.least


@pytest.mark.parametrize("options", [{"sim": 0.3}, {"n_clusters": 30}, {"max_clust": 40}])
def test_images_are_kept_apart_in_content_and_time(options, X, photos):
    found = search_k(X, time_weight=0.6, timestamps=photos, cannot_link=photos, **options)
    assert keeps_apart(found.labels, photos)


def test_the_clusterer_alone_keeps_apart(X, photos):
    labels = AgglomerativeClusterer(n_clusters=30, cannot_link=photos).fit_predict(X)
    ours = search_k(X, n_clusters=30, cannot_link=photos).labels
    np.testing.assert_array_equal(labels, ours)


def test_small_clusters_are_left_out(X, photos):
    found = search_k(X, n_clusters=40, cannot_link=photos, min_size=3)
    assert (np.bincount(found.labels[found.labels >= 0]) >= 3).all()
    inside = found.labels >= 0
    assert keeps_apart(found.labels[inside], photos[inside])


def test_too_few_clusters_are_refused_with_the_least_number():
    # Merged greedily, each two of three clusters hold images of one group.
    X = np.array([[0.0], [1.0], [10.0], [11.0], [20.0], [21.0]])
    groups = ["a", "b", "a", "c", "b", "c"]
    words = (
        "at least 3 clusters here: 'a' alone has 2 images, and of the 3 clusters that are left "
        "each two hold images of one group. Asked for were 2. Set n_clusters=3 or more."
    )
    with pytest.raises(InvalidParameterError, match=words):
        search_k(X, cannot_link=groups, n_clusters=2)
    assert search_k(X, cannot_link=groups, n_clusters=3).labels.tolist() == [0, 0, 1, 1, 2, 2]


def test_a_range_of_too_few_clusters_is_refused(X):
    groups = ["class photo"] * 30 + [""] * 90
    words = (
        "at least 30 clusters here: 'class photo' alone has 30 images. Asked for were 3 to 24. "
        "Set n_clusters=30 or more, or max_clust=32 or more."
    )
    with pytest.raises(InvalidParameterError, match=words):
        search_k(X, cannot_link=groups)
    assert search_k(X, cannot_link=groups, max_clust=32).n_found in (30, 31)


def test_state_comes_back_with_what_is_allowed(X, photos):
    found = search_k(X, cannot_link=photos)
    state = found.get_state()
    assert json.loads(json.dumps(state["params"])) == state["params"]
    assert state["params"]["cannot_link"] == (np.bincount(photos) > 1).sum()
    back = Clustering.from_state(state)
    assert back.least == found.least > 1
    np.testing.assert_equal(back.get_state(), state)
    del state["n_allowed"], state["params"]["cannot_link"]
    old = Clustering.from_state(state)
    assert (old.n_allowed, old.least, old.params["cannot_link"]) == (None, 1, None)


def test_a_new_cut_keeps_apart_too(X, photos, caplog):
    found = search_k(X, cannot_link=photos)
    low = with_other_labels(found, cut_tree_at(found.tree, found.tree[60, 2]))
    assert low.n_found == 59
    assert caplog.messages == []
    with caplog.at_level("WARNING", "clustimage"):
        high = with_other_labels(found, cut_tree_at(found.tree, found.tree[-1, 2]))
    assert high.n_found == found.least
    assert keeps_apart(high.labels, photos)
    assert caplog.messages == [
        "This cut would join images that 'cannot_link' keeps apart. There are "
        f"{found.least} clusters instead, the least that the tree allows."
    ]


@pytest.mark.parametrize(
    "labels, codes",
    [
        (["a", "", "a", None, "b"], [0, -1, 0, -1, 1]),
        (np.array([7, 7, -1, 0, -9]), [0, 0, -1, 1, -1]),
        (np.array([1.5, np.nan, 1.5, 2, np.nan]), [0, -1, 0, 1, -1]),
        (np.array(["a", "b", "", "a", "b"]), [0, 1, -1, 0, 1]),
        (pd.Series(["x", pd.NA, None, "x", np.nan], index=[5, 4, 3, 2, 1]), [0, -1, -1, 0, -1]),
        (np.array(["2020", "NaT", "2020", "2021", "NaT"], "M8[s]"), [0, -1, 0, 1, -1]),
        ([("a", 1), ("a", 2), ("a", 1), None, None], [0, 1, 0, -1, -1]),
    ],
)
def test_labels_of_every_kind_are_read(labels, codes):
    assert read_groups(labels, 5).codes.tolist() == codes


@pytest.mark.parametrize(
    "labels, words",
    [
        ("photo", "5 labels, one per image. Got 'photo'"),
        (["a"] * 4, "5 labels, one per image. Got 4 labels"),
        (np.zeros((5, 1)), r"5 labels, one per image. Got an array of shape \(5, 1\)"),
        (7, "5 labels, one per image. Got 7"),
        ({"a", "b"}, "5 labels, one per image. Got {"),
        ([["a"], "b", "c", "d", "e"], r"text or numbers, one per image. Got \['a'\] at row 0"),
    ],
)
def test_labels_that_are_none_are_refused(labels, words):
    with pytest.raises(InvalidParameterError, match=f"'cannot_link' must be {words}"):
        search_k(np.eye(5), cannot_link=labels)


@pytest.mark.parametrize("cluster", ["kmeans", "dbscan", "hdbscan"])
def test_other_clusterers_are_refused(cluster):
    words = f"'cannot_link' needs a tree.*'{cluster}'. With it, use cluster='agglomerative'"
    for value in ("photo", np.zeros(5)):
        with pytest.raises(InvalidParameterError, match=words):
            ClusterRequest(cluster=cluster, cannot_link=value)


@pytest.mark.parametrize("name", ["centroid", "median"])
def test_linkages_whose_heights_fall_are_refused(name, X):
    words = f"linkage='{name}'. Allowed there: 'ward', 'single', 'complete', 'average', 'weighted'"
    with pytest.raises(InvalidParameterError, match=words):
        ClusterRequest(linkage=name, cannot_link="photo")
    with pytest.raises(InvalidParameterError, match=words):
        build_constrained_tree(X, np.zeros(120), linkage_name=name)


def test_small_sets():
    assert build_constrained_tree(np.ones((1, 2)), ["a"])[0].shape == (0, 4)
    tree, n_allowed = build_constrained_tree(np.ones((2, 2)), ["a", "a"])
    assert (tree.tolist(), n_allowed) == ([[0, 1, 1, 2]], 0)
    assert search_k(np.ones((2, 2)), sim=0, cannot_link=["a", "a"]).labels.tolist() == [0, 1]
    none = build_constrained(np.array([3.0]), None, "median")
    assert (none[0].tolist(), none[1]) == ([[0, 1, 3, 2]], 1)


def test_equal_images_are_parted_as_far_as_needed():
    groups = Groups(np.array([0, 0, -1, 0, 1, 1, -1]), ["a", "b"])
    names = np.array([0, 0, 0, 1, 1, 1, 1])
    assert split_groups(names, groups, 4).tolist() == [0, 1, 0, 2, 2, 3, 2]
    assert split_groups(names, groups, 3) is None
    assert split_groups(None, groups, 9) is None


def test_memory_is_asked_for_before_distances_are_taken(X, monkeypatch):
    monkeypatch.setattr("clustimage._core.memory.available_memory", lambda: 150_000)
    monkeypatch.setattr("clustimage._distances.condensed.pdist", lambda *args: 1 / 0)
    with pytest.raises(MemoryLimitError, match=r"A tree of 120 images takes about 171\.4 kB"):
        search_k(X, cannot_link=np.zeros(120))
    with pytest.raises(MemoryLimitError, match=r"A tree of 120 images takes about 171\.4 kB"):
        build_constrained_tree(X, np.zeros(120))


def test_many_images_of_one_group_can_be_drawn():
    """The merges on top of each other are no chain, which scipy could not walk through."""
    from scipy.cluster.hierarchy import dendrogram

    tree = build_constrained_tree(np.random.default_rng(0).random((1500, 2)), np.zeros(1500))[0]
    assert len(dendrogram(tree, no_plot=True)["leaves"]) == 1500


def test_people_are_told_apart_better_where_photos_are_known(lent_data):
    """Forty people, ten faces each; photos of four different people, drawn at random."""
    from sklearn.metrics import adjusted_rand_score

    from clustimage import Clustimage

    paths = sorted((lent_data / "orl_faces").glob("s*/*.pgm"))
    people = np.array([path.parent.name for path in paths])
    cl = Clustimage(embedding=None, grayscale=True, dim=(64, 64), verbose="error")
    cl.import_data([str(path) for path in paths])
    feat = cl.extract_feat()
    free = search_k(feat, n_clusters=40).labels
    found = []
    for seed in range(10):
        photos = np.empty(400, dtype=int)
        photos[order_of_photos(people, seed)] = np.repeat(np.arange(100), 4)
        apart = search_k(feat, n_clusters=40, cannot_link=photos).labels
        assert keeps_apart(apart, photos)
        assert not keeps_apart(free, photos)
        found.append(adjusted_rand_score(people, apart))
    # One draw of the photos may help little; on average they help.
    assert np.mean(found) > adjusted_rand_score(people, free)


def order_of_photos(people, seed):
    """Return the faces in an order in which each four are of different people."""
    rng = np.random.default_rng(seed)
    faces = {name: rng.permutation(np.flatnonzero(people == name)) for name in np.unique(people)}
    rounds = [rng.permutation([faces[name][i] for name in faces]) for i in range(10)]
    return np.concatenate(rounds)
