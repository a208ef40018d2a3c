"""Content, time and place in one distance: the formula, its edges, and what is missing."""

import logging

import numpy as np
import pytest
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import pdist, squareform
from sklearn.metrics import silhouette_score
from sklearn.metrics.pairwise import haversine_distances

from clustimage._core.errors import InvalidDataError, InvalidParameterError
from clustimage._distances import geo
from clustimage._distances.geo import EARTH_RADIUS
from clustimage.cluster import AgglomerativeClusterer, cut_tree_k, search_k
from clustimage.cluster.tree._combined_distance import Weights, check_weights, combined_distances

N = 90


@pytest.fixture(scope="module")
def X(blobs):
    return blobs[0][:N]


@pytest.fixture(scope="module")
def moments():
    return 1.7e9 + np.random.default_rng(0).random(N) * 1e7


@pytest.fixture(scope="module")
def places():
    """Of a fifth of the photos the place is not known."""
    rng = np.random.default_rng(1)
    found = np.column_stack([rng.uniform(-89, 89, N), rng.uniform(-180, 180, N)])
    found[rng.permutation(N)[: N // 5]] = np.nan
    return found


def naive(X, metric, weights, moments, places) -> np.ndarray:
    """The formula, with whole matrices."""
    content, time = squareform(pdist(X, metric)), np.abs(moments[:, None] - moments)
    known = np.isfinite(places).all(axis=1)
    both = known[:, None] & known
    place = haversine_distances(np.radians(np.where(known[:, None], places, 0)))
    place = place / place[both].max()
    place[~both] = place[both & ~np.eye(N, dtype=bool)].mean()
    np.fill_diagonal(place, 0)
    rest = 1 - weights.time - weights.place
    return (
        rest * content / content.max()
        + weights.time * time / time.max()
        + weights.place * place
    )  # fmt: skip


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "cityblock"])
@pytest.mark.parametrize("time, place", [(0.3, 0.4), (0.0, 0.5), (0.2, 0.8), (0, 1), (0.7, 0.3)])
def test_mixed_distances_equal_the_formula(metric, time, place, X, moments, places):
    weights = check_weights(time, place)
    expected = naive(X, metric, weights, moments, places)
    found, mix = combined_distances(X, metric, weights, moments if time else None, places)
    np.testing.assert_allclose(squareform(found), expected, atol=1e-12)
    rows = mix.rows(X, metric)
    np.testing.assert_allclose(rows(slice(7, 40)), expected[7:40], atol=1e-7)


def test_blocks_change_nothing(X, moments, places, monkeypatch):
    weights = Weights(0.3, 0.4)
    whole = combined_distances(X, "euclidean", weights, moments, places)[0]
    monkeypatch.setattr("clustimage._core.batches.BLOCK_BYTES", 8 * N * 7)
    assert len(geo.row_blocks(N, N)) > 10
    parts = combined_distances(X, "euclidean", weights, moments, places)[0]
    np.testing.assert_allclose(parts, whole, rtol=0, atol=1e-14)


def test_no_square_of_all_places_is_made(monkeypatch):
    sizes = []
    original = geo.cdist
    monkeypatch.setattr("clustimage._core.batches.BLOCK_BYTES", 8 * 400 * 10)
    monkeypatch.setattr(
        geo, "cdist", lambda *given: sizes.append(original(*given).size) or original(*given)
    )
    places = np.random.default_rng(0).uniform(-80, 80, (400, 2))
    combined_distances(np.zeros((400, 1)), "euclidean", Weights(0, 1.0), None, places)
    assert max(sizes) <= 400 * 10


def test_the_tree_and_the_silhouettes_are_of_these_distances(X, moments, places):
    given = {"moments": moments, "time_weight": 0.2, "places": places, "place_weight": 0.3}
    expected = naive(X, "euclidean", Weights(0.2, 0.3), moments, places)
    tree = linkage(squareform(expected, checks=False), "average")
    found = search_k(X, **given, max_clust=9)
    np.testing.assert_allclose(found.tree[:, 2], tree[:, 2], atol=1e-12)
    for k, score in zip(found.score["clusters"], found.score["score"], strict=True):
        labels = cut_tree_k(found.tree, k)
        assert score == pytest.approx(silhouette_score(expected, labels, metric="precomputed"))
    assert (found.params["linkage"], found.params["place_weight"]) == ("average", 0.3)
    alone = AgglomerativeClusterer(sim=0.6, **given).fit_predict(X)
    np.testing.assert_array_equal(alone, search_k(X, sim=0.6, **given).labels)


def test_place_alone_follows_the_map_also_over_the_date_line():
    towns = np.array([[52.5, 13.4], [-16.8, 179.999], [40.4, -3.7]])
    which = np.random.default_rng(0).integers(0, 3, 60)
    places = towns[which] + np.random.default_rng(1).normal(0, 0.01, (60, 2))
    places[:, 1] = (places[:, 1] + 180) % 360 - 180
    features = np.random.default_rng(2).normal(size=(60, 5))
    found = search_k(features, sim=0.9, place_weight=1, places=places)
    assert len({*zip(found.labels, which, strict=True)}) == 3


def test_a_photo_without_a_place_goes_where_its_content_is():
    X = np.array([[0.0], [0.1], [0.05], [9.0], [9.1], [9.05]])
    places = np.array([[50, 8], [50, 8], [np.nan, np.nan], [10, 8], [10, 8], [np.nan, 8]])
    found = search_k(X, n_clusters=2, place_weight=0.5, places=places)
    assert found.labels.tolist() == [0, 0, 0, 1, 1, 1]


def test_edges_of_what_is_known():
    X = np.arange(4.0)[:, None]
    content = pdist(X) / 3
    nowhere = [np.nan, np.nan]
    for places in ([[5, 5], nowhere, nowhere, nowhere], [[5, 5]] * 4):
        found, mix = combined_distances(X, "euclidean", Weights(0, 0.5), None, np.array(places))
        np.testing.assert_allclose(found, content / 2)
        assert (mix.place, mix.unknown) == (0, 0)
    # One pair is known: its distance is the largest and the mean.
    places = np.array([[5.0, 5], [6, 5], nowhere, nowhere])
    found, _ = combined_distances(X, "euclidean", Weights(0, 0.5), None, places)
    np.testing.assert_allclose(found, content / 2 + 0.5)


def test_the_antipode_is_the_furthest_place():
    places = np.array([[90.0, 0.0], [-90.0, 0.0], [0.0, 0.0]])
    found, mix = combined_distances(np.zeros((3, 1)), "euclidean", Weights(0, 1.0), None, places)
    np.testing.assert_allclose(found, [1, 0.5, 0.5], atol=1e-7)
    assert mix.place == pytest.approx(1 / (np.pi * EARTH_RADIUS), rel=1e-7)


def test_place_parts_equal_images(caplog):
    places = np.repeat([[10.0, 0.0], [50.0, 0.0]], 4, axis=0)
    with caplog.at_level(logging.WARNING, logger="clustimage"):
        found = search_k(np.ones((8, 2)), place_weight=0.4, places=places)
    assert found.labels.tolist() == [0] * 4 + [1] * 4
    assert caplog.messages == [
        "Only 2 of the 8 images have different features or places: equal images are one "
        "cluster each."
    ]


@pytest.mark.parametrize(
    "request_, words",
    [
        ({"place_weight": 1.1}, "'place_weight' must be a number from 0 to 1. Got 1.1"),
        ({"place_weight": -0.5}, "'place_weight' must be a number"),
        ({"time_weight": 0.7, "place_weight": 0.5}, "together be at most 1;.*Got 0.7 and 0.5"),
        ({"place_weight": 0.5, "cluster": "kmeans"}, "place_weight=0.5 needs a tree.*'kmeans'"),
        ({"place_weight": 0.5, "evaluate": "elbow"}, "mixed with place, place_weight=0.5"),
        (
            {"time_weight": 0.2, "place_weight": 0.5, "linkage": "ward"},
            "'ward'.*with time and place. Got time_weight=0.2, place_weight=0.5.*'single'",
        ),
    ],
)
def test_a_wrong_request_is_refused_before_any_work(request_, words):
    with pytest.raises(InvalidParameterError, match=words):
        search_k(None, **request_)


@pytest.mark.parametrize(
    "places, words",
    [
        (None, "place_weight=0.5 needs the place of each image"),
        (np.zeros((9, 2)), r"\(10, 2\), one row per image. Got 9 of them"),
        (np.zeros(10), r"shape \(10,\)"),
        (np.full((10, 2), 100.0), r"Got \[100.0, 100.0\] at row 0"),
    ],
)
def test_places_that_are_none_are_refused(places, words):
    with pytest.raises(InvalidParameterError, match=words):
        search_k(np.eye(10), place_weight=0.5, places=places)


def test_without_any_place_there_is_nothing_to_mix():
    with pytest.raises(InvalidDataError, match="all 10 images are without one"):
        search_k(np.eye(10), place_weight=0.5, places=np.full((10, 2), np.nan))


def test_the_places_are_not_changed(X, places):
    before = places.copy()
    search_k(X, sim=0.5, place_weight=0.5, places=places)
    np.testing.assert_array_equal(places, before)
