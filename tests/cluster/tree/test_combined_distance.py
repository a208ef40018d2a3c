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
def timestamps():
    return 1.7e9 + np.random.default_rng(0).random(N) * 1e7


@pytest.fixture(scope="module")
def locations():
    """Of a fifth of the photos the place is not known."""
    rng = np.random.default_rng(1)
    found = np.column_stack([rng.uniform(-89, 89, N), rng.uniform(-180, 180, N)])
    found[rng.permutation(N)[: N // 5]] = np.nan
    return found


def naive(X, metric, weights, timestamps, locations) -> np.ndarray:
    """The formula, with whole matrices."""
    content, time = squareform(pdist(X, metric)), np.abs(timestamps[:, None] - timestamps)
    known = np.isfinite(locations).all(axis=1)
    both = known[:, None] & known
    place = haversine_distances(np.radians(np.where(known[:, None], locations, 0)))
    place = place / place[both].max()
    place[~both] = place[both & ~np.eye(N, dtype=bool)].mean()
    np.fill_diagonal(place, 0)
    rest = 1 - weights.time - weights.location
    return (
        rest * content / content.max()
        + weights.time * time / time.max()
        + weights.location * place
    )  # fmt: skip


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "cityblock"])
@pytest.mark.parametrize("time, place", [(0.3, 0.4), (0.0, 0.5), (0.2, 0.8), (0, 1), (0.7, 0.3)])
def test_combined_distances_equal_the_formula(metric, time, place, X, timestamps, locations):
    weights = check_weights(time, place)
    expected = naive(X, metric, weights, timestamps, locations)
    found, combined = combined_distances(
        X, metric, weights, timestamps if time else None, locations
    )
    np.testing.assert_allclose(squareform(found), expected, atol=1e-12)
    others = np.arange(40, N)
    again = combined.pairs(X, metric)(slice(7, 40), others)
    np.testing.assert_allclose(again, expected[7:40, others], atol=1e-7)


def test_blocks_change_nothing(X, timestamps, locations, monkeypatch):
    weights = Weights(0.3, 0.4)
    whole = combined_distances(X, "euclidean", weights, timestamps, locations)[0]
    monkeypatch.setattr("clustimage._core.batches.BLOCK_BYTES", 8 * N * 7)
    assert len(geo.row_blocks(N, N)) > 10
    parts = combined_distances(X, "euclidean", weights, timestamps, locations)[0]
    np.testing.assert_allclose(parts, whole, rtol=0, atol=1e-14)


def test_no_square_of_all_locations_is_made(monkeypatch):
    sizes = []
    original = geo.cdist
    monkeypatch.setattr("clustimage._core.batches.BLOCK_BYTES", 8 * 400 * 10)
    monkeypatch.setattr(
        geo, "cdist", lambda *given: sizes.append(original(*given).size) or original(*given)
    )
    locations = np.random.default_rng(0).uniform(-80, 80, (400, 2))
    combined_distances(np.zeros((400, 1)), "euclidean", Weights(0, 1.0), None, locations)
    assert max(sizes) <= 400 * 10


def test_the_tree_and_the_silhouettes_are_of_these_distances(X, timestamps, locations):
    given = {
        "timestamps": timestamps,
        "time_weight": 0.2,
        "locations": locations,
        "place_weight": 0.3,
    }
    expected = naive(X, "euclidean", Weights(0.2, 0.3), timestamps, locations)
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
    locations = towns[which] + np.random.default_rng(1).normal(0, 0.01, (60, 2))
    locations[:, 1] = (locations[:, 1] + 180) % 360 - 180
    features = np.random.default_rng(2).normal(size=(60, 5))
    found = search_k(features, sim=0.9, place_weight=1, locations=locations)
    assert len({*zip(found.labels, which, strict=True)}) == 3


def test_a_photo_without_a_place_goes_where_its_content_is():
    X = np.array([[0.0], [0.1], [0.05], [9.0], [9.1], [9.05]])
    locations = np.array([[50, 8], [50, 8], [np.nan, np.nan], [10, 8], [10, 8], [np.nan, 8]])
    found = search_k(X, n_clusters=2, place_weight=0.5, locations=locations)
    assert found.labels.tolist() == [0, 0, 0, 1, 1, 1]


def test_edges_of_what_is_known():
    X = np.arange(4.0)[:, None]
    content = pdist(X) / 3
    nowhere = [np.nan, np.nan]
    for locations in ([[5, 5], nowhere, nowhere, nowhere], [[5, 5]] * 4):
        found, combined = combined_distances(
            X, "euclidean", Weights(0, 0.5), None, np.array(locations)
        )
        np.testing.assert_allclose(found, content / 2)
        assert (combined.location, combined.unknown) == (0, 0)
    # One pair is known: its distance is the largest and the mean.
    locations = np.array([[5.0, 5], [6, 5], nowhere, nowhere])
    found, _ = combined_distances(X, "euclidean", Weights(0, 0.5), None, locations)
    np.testing.assert_allclose(found, content / 2 + 0.5)


def test_the_antipode_is_the_furthest_place():
    locations = np.array([[90.0, 0.0], [-90.0, 0.0], [0.0, 0.0]])
    found, combined = combined_distances(
        np.zeros((3, 1)), "euclidean", Weights(0, 1.0), None, locations
    )
    np.testing.assert_allclose(found, [1, 0.5, 0.5], atol=1e-7)
    assert combined.location == pytest.approx(1 / (np.pi * EARTH_RADIUS), rel=1e-7)


def test_location_splits_equal_images(caplog):
    locations = np.repeat([[10.0, 0.0], [50.0, 0.0]], 4, axis=0)
    with caplog.at_level(logging.WARNING, logger="clustimage"):
        found = search_k(np.ones((8, 2)), place_weight=0.4, locations=locations)
    assert found.labels.tolist() == [0] * 4 + [1] * 4
    assert caplog.messages == [
        "Only 2 of the 8 images have different features or locations: equal images are one "
        "cluster each."
    ]


@pytest.mark.parametrize(
    "request_, words",
    [
        ({"place_weight": 1.1}, "'place_weight' must be a number from 0 to 1. Got 1.1"),
        ({"place_weight": -0.5}, "'place_weight' must be a number"),
        ({"time_weight": 0.7, "place_weight": 0.5}, "together be at most 1;.*Got 0.7 and 0.5"),
        ({"place_weight": 0.5, "cluster": "kmeans"}, "place_weight=0.5 needs a tree.*'kmeans'"),
        ({"place_weight": 0.5, "evaluate": "elbow"}, "combined with place_weight=0.5"),
        (
            {"time_weight": 0.2, "place_weight": 0.5, "linkage": "ward"},
            "'ward'.*combined with time and location. Got time_weight=0.2, place.*'single'",
        ),
    ],
)
def test_a_wrong_request_is_refused_before_any_work(request_, words):
    with pytest.raises(InvalidParameterError, match=words):
        search_k(None, **request_)


@pytest.mark.parametrize(
    "locations, words",
    [
        (None, "place_weight=0.5 needs 'locations', the degrees of each image"),
        (np.zeros((9, 2)), r"\(10, 2\), one row per image. Got 9 of them"),
        (np.zeros(10), r"shape \(10,\)"),
        (np.full((10, 2), 100.0), r"Got \[100.0, 100.0\] at row 0"),
    ],
)
def test_locations_that_are_none_are_refused(locations, words):
    with pytest.raises(InvalidParameterError, match=words):
        search_k(np.eye(10), place_weight=0.5, locations=locations)


def test_without_any_place_there_is_nothing_to_mix():
    with pytest.raises(InvalidDataError, match="all 10 images are without one"):
        search_k(np.eye(10), place_weight=0.5, locations=np.full((10, 2), np.nan))


def test_the_locations_are_not_changed(X, locations):
    before = locations.copy()
    search_k(X, sim=0.5, place_weight=0.5, locations=locations)
    np.testing.assert_array_equal(locations, before)
