import json

import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.cluster import DBSCAN
from sklearn.metrics.pairwise import haversine_distances

from clustimage._core.errors import InvalidDataError, InvalidParameterError
from clustimage._distances.geo import EARTH_RADIUS
from clustimage.adapters import to_clusteval
from clustimage.cluster import (
    Clustering,
    ClusterRequest,
    cluster_exif,
    cluster_locations,
    cluster_timestamps,
    order_labels,
    search_k,
)
from clustimage.cluster.clusterers import _exif
from clustimage.cluster.clusterers._exif import dbscan_labels

NAN = np.nan
PARAMS = {"timeframe": 5, "radius_meters": 1000, "min_samples": 2}


class Read:
    """What an extractor has learned."""

    timestamps_ = np.array([0.0, 3600.0, 86400.0, NAN, 9e5, 9e5])
    locations_ = np.array([[0, 0.001], [0, 0.002], [NAN, NAN], [45, 9], [45, 9], [45, 9]])


def trips(n: int, seed: int = 0) -> np.ndarray:
    """Places of photos: around towns, on the way, at the poles and on both sides of 180."""
    rng = np.random.default_rng(seed)
    towns = np.array(
        [[52.5, 13.4], [-33.9, 151.2], [-16.8, 179.999], [-16.8, -179.999], [89.995, 20.0]]
        + [[-89.995, 0.0], [0.0, 0.0], [64.1, -21.9]]
    )
    locations = towns[rng.integers(0, len(towns), n)] + rng.normal(0, 0.006, (n, 2))
    locations[: n // 10, 1] = rng.uniform(-180, 180, n // 10)
    locations[:, 0] = locations[:, 0].clip(-90, 90)
    locations[:, 1] = (locations[:, 1] + 180) % 360 - 180
    locations[-n // 10 :] = locations[: n // 10]
    return locations


# --- time -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("min_samples", [1, 2, 4])
@pytest.mark.parametrize("timeframe", [0.5, 5, 48.5])
def test_timestamps_are_grouped_as_by_scikit_learn(timeframe, min_samples):
    rng = np.random.default_rng(1)
    timestamps = 1.4e9 + rng.uniform(0, 60, 15)[rng.integers(0, 15, 250)] * 86400
    timestamps += rng.exponential(4000, 250)
    distances = np.abs(timestamps[:, None] - timestamps) / 3600
    theirs = DBSCAN(eps=timeframe, min_samples=min_samples, metric="precomputed").fit(distances)
    ours = cluster_timestamps(timestamps, timeframe=timeframe, min_samples=min_samples).labels
    np.testing.assert_array_equal(ours < 0, theirs.labels_ < 0)
    dense = theirs.core_sample_indices_
    np.testing.assert_array_equal(order_labels(ours[dense]), order_labels(theirs.labels_[dense]))
    if min_samples < 3:
        np.testing.assert_array_equal(ours, order_labels(theirs.labels_))


def test_exactly_the_timeframe_is_within():
    timestamps = np.array([1.7e9, 1.7e9 + 5 * 3600, 1.7e9 + 10 * 3600 + 0.001])
    assert cluster_timestamps(timestamps).labels.tolist() == [0, 0, -1]


def test_photos_without_a_moment_are_minus_two():
    found = cluster_timestamps([NAN, 0.0, NAN, 1.0, 9e9, np.inf])
    assert found.labels.tolist() == [-2, 0, -2, 0, -1, -2]


def test_small_clusters_are_noise():
    timestamps = [0.0, 1.0, 2.0, 9e5, 9e5, NAN]
    found = cluster_timestamps(timestamps, min_size=3)
    assert found.labels.tolist() == [0, 0, 0, -1, -1, -2] and found.n_found == 2


# --- place ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("min_samples", [1, 2, 6])
@pytest.mark.parametrize("radius", [50, 1000, 30_000, 3e7])
def test_locations_are_grouped_as_by_scikit_learn(radius, min_samples):
    locations = trips(300)
    distances = haversine_distances(np.radians(locations)) * EARTH_RADIUS
    theirs = DBSCAN(eps=radius, min_samples=min_samples, metric="precomputed").fit(distances)
    ours = cluster_locations(locations, radius_meters=radius, min_samples=min_samples).labels
    np.testing.assert_array_equal(ours < 0, theirs.labels_ < 0)
    dense = theirs.core_sample_indices_
    np.testing.assert_array_equal(order_labels(ours[dense]), order_labels(theirs.labels_[dense]))


def test_locations_on_both_sides_of_the_date_line_are_near():
    locations = [[10, 179.9999], [10, -179.9999], [10, 180], [10, -180], [10, 0]]
    assert cluster_locations(locations, radius_meters=25).labels.tolist() == [0, 0, 0, 0, -1]


def test_all_longitudes_are_near_at_the_poles():
    locations = [[90, 0], [90, 120], [89.9999, -60], [-90, 0], [-90, 77]]
    assert cluster_locations(locations, radius_meters=25).labels.tolist() == [0, 0, 0, 1, 1]


def test_photos_of_one_spot_are_one_place():
    locations = [[48.1, 11.5]] * 4000 + [[48.2, 11.5]] * 3
    assert np.bincount(cluster_locations(locations).labels).tolist() == [4000, 3]


def test_a_place_that_is_half_known_is_not_known():
    locations = [[48.1, NAN], [48.1, 11.5], [NAN, NAN], [48.1, 11.5]]
    assert cluster_locations(locations).labels.tolist() == [-2, 0, -2, 0]


@pytest.mark.parametrize(
    "locations, words",
    [
        ([[91, 0], [0, 0]], r"\(n, 2\), one row per image. Got \[91.0, 0.0\] at row 0"),
        ([[0, 0], [0, 181]], r"Got \[0.0, 181.0\] at row 1"),
        ([0, 1], r"Got an array of shape \(2,\)"),
        ([["a", "b"]], "type <U1"),
    ],
)
def test_what_is_no_place_is_refused(locations, words):
    with pytest.raises(InvalidParameterError, match=words):
        cluster_locations(locations)


# --- both -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cluster, name", [(cluster_timestamps, "timeframe"), (cluster_locations, "radius_meters")]
)
@pytest.mark.parametrize("value", [0, -1, "5", NAN, None])
def test_settings_that_are_not_allowed_are_refused(cluster, name, value):
    given = [0.0] if name == "timeframe" else [[0.0, 0.0]]
    with pytest.raises(InvalidParameterError, match=f"'{name}' must be a number"):
        cluster(given, **{name: value})
    with pytest.raises(InvalidParameterError, match="'min_samples' must be a whole number"):
        cluster(given, min_samples=0)


def test_without_any_data_there_is_nothing_to_group():
    with pytest.raises(InvalidDataError, match="'datetime' needs a date, and all 3 photos"):
        cluster_timestamps([NAN] * 3)
    with pytest.raises(InvalidDataError, match="'latlon' needs a location, and all 2 photos"):
        cluster_locations([[NAN, 3.0], [NAN, NAN]])


def test_the_extractor_gives_timestamps_and_places():
    found = cluster_exif(Read(), PARAMS, ClusterRequest(metric="datetime"))
    assert found.labels.tolist() == [0, 0, -1, -2, 1, 1]
    found = cluster_exif(
        Read(), {**PARAMS, "min_samples": 3}, ClusterRequest(metric="latlon", min_size=2)
    )
    assert found.labels.tolist() == [-1, -1, -2, 0, 0, 0]
    assert found.params["min_size"] == 2
    for params, labels in (({"timeframe": 0.9}, [-1, -1, -1, -2, 0, 0]),):
        found = cluster_exif(
            Read(), {**PARAMS, **params}, ClusterRequest(metric="datetime", cluster="dbscan")
        )
        assert found.labels.tolist() == labels


@pytest.mark.parametrize("metric", ["datetime", "latlon"])
def test_what_comes_back_is_a_clustering_as_any_other(metric):
    found = cluster_exif(Read(), PARAMS, ClusterRequest(metric=metric, max_clust=9))
    assert (found.params["metric"], found.params["by"]) == ("euclidean", metric)
    assert found.params["max_clust"] == 9
    state = found.get_state()
    assert json.loads(json.dumps(state["params"])) == state["params"]
    back = Clustering.from_state(state)
    np.testing.assert_equal(back.get_state(), state)
    features = np.random.default_rng(0).random((6, 4))
    ce = to_clusteval(found, features)
    assert ce.results["labx"].tolist() == found.labels.tolist()
    assert ce.results["score"]["clusters"].tolist() == [2]
    fig, axes = ce.plot()
    assert isinstance(fig, Figure)
    assert axes[0].get_xlabel() == {"datetime": "Timeframe (hours)", "latlon": "Radius (metres)"}[
        metric
    ]  # fmt: skip
    assert found.cut is None


@pytest.mark.parametrize(
    "request_, words",
    [
        ({"n_clusters": 3}, "'n_clusters' cannot be combined with metric='latlon'.*Got 3"),
        ({"sim": 0.5}, "'sim' cannot be combined with metric='latlon'.*Got 0.5"),
        ({"time_weight": 0.5}, "'time_weight' cannot be combined"),
        ({"place_weight": 0.5}, "'place_weight' cannot be combined"),
        ({"cannot_link": "photo"}, "'cannot_link' cannot be combined"),
        ({"cluster": "kmeans"}, "metric='latlon' goes with cluster='dbscan' only. Got .*'kmeans'"),
        ({"cluster": DBSCAN()}, "cluster='dbscan' only"),
        ({"evaluate": "silhouete"}, "Did you mean 'silhouette'"),
        ({"min_size": 0}, "'min_size'"),
    ],
)
def test_what_does_not_go_together_is_refused_early(request_, words):
    with pytest.raises(InvalidParameterError, match=words):
        ClusterRequest(metric="latlon", **request_)
    with pytest.raises(InvalidParameterError, match=words):
        cluster_exif(Read(), PARAMS, ClusterRequest(metric="latlon", **request_))


def test_other_methods_have_no_such_metric():
    words = "metric='datetime' compares what method='exif' reads.*Got method='pca'"
    with pytest.raises(InvalidParameterError, match=words):
        ClusterRequest(metric="datetime").check_method("pca")
    with pytest.raises(InvalidParameterError, match="Give method='exif', or another metric"):
        search_k(np.eye(9), metric="latlon")
    with pytest.raises(InvalidParameterError, match="Got method='DBSCAN'"):
        cluster_exif(DBSCAN(), PARAMS, ClusterRequest(metric="latlon"))
    with pytest.raises(InvalidParameterError, match="Did you mean 'datetime'"):
        ClusterRequest(metric="datetim")
    assert ClusterRequest(metric="latlon").metric == "latlon"


# --- DBSCAN with one radius -----------------------------------------------------------------------


def clumps(n: int, columns: int, seed: int = 0) -> np.ndarray:
    """Clumps of many sizes, some points alone, some twice."""
    rng = np.random.default_rng(seed)
    centres = rng.uniform(0, 60, (12, columns))
    found = centres[rng.integers(0, 12, n)] + rng.normal(0, 1, (n, columns))
    found[: n // 10] = rng.uniform(0, 60, (n // 10, columns))
    found[n - n // 8 :] = found[: n // 8]
    return found


@pytest.mark.parametrize("columns", [1, 3])
@pytest.mark.parametrize("min_samples", [1, 2, 5, 20])
@pytest.mark.parametrize("radius", [0.3, 1.0, 4.0, 200.0])
def test_labels_are_those_of_scikit_learn(columns, min_samples, radius):
    X = clumps(400, columns)
    theirs = DBSCAN(eps=radius, min_samples=min_samples).fit(X)
    ours = dbscan_labels(X, radius, min_samples)
    np.testing.assert_array_equal(ours < 0, theirs.labels_ < 0)
    dense = theirs.core_sample_indices_
    np.testing.assert_array_equal(order_labels(ours[dense]), order_labels(theirs.labels_[dense]))
    # A point on the edge of two clusters is in that of its nearest dense point.
    if len(dense):
        for i in np.setdiff1d(np.flatnonzero(ours >= 0), dense):
            distances = np.abs(X[dense] - X[i]) if columns == 1 else X[dense] - X[i]
            assert ours[i] == ours[dense][np.linalg.norm(distances, axis=1).argmin()]


def test_a_bound_on_the_pairs_changes_nothing(monkeypatch):
    X = clumps(300, 3)
    whole = dbscan_labels(X, 2.0, 4)
    monkeypatch.setattr(_exif, "MAX_PAIRS_AT_ONCE", 7)
    np.testing.assert_array_equal(order_labels(dbscan_labels(X, 2.0, 4)), order_labels(whole))


def test_equal_points_count_one_by_one():
    X = np.array([[0.0], [0.0], [0.0], [9.0], [9.0]])
    assert order_labels(dbscan_labels(X, 1e-9, 3)).tolist() == [0, 0, 0, -1, -1]
    assert order_labels(dbscan_labels(X, 1e-9, 2)).tolist() == [0, 0, 0, 1, 1]
    assert dbscan_labels(X, 1e-9, 6).tolist() == [-1] * 5
    assert dbscan_labels(X[:1], 1.0, 1).tolist() == [0]


def test_a_chain_is_one_cluster():
    X = np.arange(50.0)[::-1, None]
    assert set(dbscan_labels(X, 1.0, 2)) == {0}
    assert set(dbscan_labels(X, 0.999, 2)) == {-1}
