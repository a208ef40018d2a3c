"""An index gives, to the last digit, what measuring every pair in float64 gives."""

from __future__ import annotations

import pickle
import tracemalloc

import numpy as np
import pytest

from clustimage._core.errors import InvalidDataError, InvalidParameterError
from clustimage._distances import nearest
from clustimage._distances.metrics import PRODUCT_METRICS
from clustimage._distances.pairs import distances
from clustimage.similarity import METRICS, NullDistribution, RowIndex, find_similar, fit_null

RNG = np.random.default_rng(0)


def _clustered(n: int, d: int) -> np.ndarray:
    centres = RNG.normal(size=(7, d)) * 5
    return centres[RNG.integers(0, 7, n)] + RNG.normal(size=(n, d)) * 0.1


def _outliers(n: int, d: int) -> np.ndarray:
    rows = RNG.normal(size=(n, d))
    rows[::50] *= 1e9
    return rows


def _blank(n: int, d: int) -> np.ndarray:
    """Rows of one value, of zeros, and others."""
    rows = RNG.normal(size=(n, d))
    rows[::3] = 0
    rows[1::3] = RNG.normal(size=(len(rows[1::3]), 1))
    return rows


# What rows may look like: a function from (n, d) to rows.
LOOKS = {
    "random": lambda n, d: RNG.normal(size=(n, d)),
    "positive": lambda n, d: RNG.uniform(0, 255, (n, d)),
    "clustered": _clustered,
    "duplicated": lambda n, d: np.repeat(RNG.normal(size=(n // 5, d)), 5, axis=0),
    "nearly equal": lambda n, d: 1 + RNG.normal(size=(n, d)) * 1e-6,
    "all equal": lambda n, d: np.full((n, d), 0.1),
    "bits": lambda n, d: RNG.integers(0, 2, (n, d)).astype(float),
    "huge offset": lambda n, d: 1e6 + RNG.normal(size=(n, d)),
    "tiny": lambda n, d: RNG.normal(size=(n, d)) * 1e-30,
    "not even normal": lambda n, d: RNG.normal(size=(n, d)) * 1e-41,
    "huge": lambda n, d: RNG.normal(size=(n, d)) * 1e17,
    "too huge": lambda n, d: RNG.normal(size=(n, d)) * 1e37,
    "outliers": _outliers,
    "blank": _blank,
}


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks so small that there are many of them."""
    monkeypatch.setattr(nearest, "MAX_SCORES", 2**12)
    monkeypatch.setattr(nearest, "CACHE_BYTES", 2**14)
    monkeypatch.setattr(nearest, "N_FIRST_ROWS", 64)


def _by_hand(feat, queries, k, alpha, null, metric) -> list[dict[str, np.ndarray]]:
    """Measure all, sort all, take what is asked for."""
    answers = []
    for found in distances(queries, feat, metric):
        order = np.lexsort((np.arange(len(feat)), found))
        chance = null.cdf(found[order])
        taken = np.arange(len(feat)) < (k or 0)
        if alpha is not None:
            taken |= (chance <= alpha) & (found[order] <= null.quantile(alpha) * (1 + 1e-9))
        order, chance = order[taken], chance[taken]
        answers.append({"y_idx": order, "distance": found[order], "y_proba": chance})
    return answers


def _assert_equal(ours, expected):
    assert len(ours) == len(expected)
    for one, other in zip(ours, expected, strict=True):
        for key in ("y_idx", "distance", "y_proba"):
            np.testing.assert_array_equal(one[key], other[key])


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("metric", PRODUCT_METRICS)
@pytest.mark.parametrize("look", LOOKS)
def test_answers_are_those_of_all_distances_to_the_last_digit(look, metric, kind, small_blocks):
    feat = LOOKS[look](800, 19).astype(kind)
    queries = np.vstack([feat[:4], feat[5:8] * kind(1.01), feat[8:9] * 0, feat[9:11][:, ::-1]])
    index, null = RowIndex.build(feat, metric), fit_null(feat, metric=metric, n_pairs=300)
    for k, alpha in [(1, None), (20, None), (None, 0.05), (9, 0.01), (800, None)]:
        ours = find_similar(feat, queries, k=k, alpha=alpha, null=null, metric=metric, index=index)
        _assert_equal(ours, _by_hand(feat, queries, k, alpha, null, metric))


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_gives_the_same_with_and_without_an_index(metric):
    feat = LOOKS["clustered"](700, 6).astype(np.float32)
    index, null = RowIndex.build(feat, metric), fit_null(feat, metric=metric)
    ours = find_similar(feat, feat[:6], k=5, null=null, metric=metric, index=index)
    _assert_equal(ours, _by_hand(feat, feat[:6], 5, 0.05, null, metric))
    for row in range(3):  # few queries without an index are measured directly
        alone = find_similar(feat, feat[row : row + 1], k=5, null=null, metric=metric)
        _assert_equal(alone, ours[row : row + 1])


@pytest.mark.parametrize("shape", [(1, 1), (2, 1), (3, 700), (1200, 1100)])
@pytest.mark.parametrize("metric", PRODUCT_METRICS)
def test_every_shape_of_features_is_searched(shape, metric):
    feat = RNG.uniform(0, 255, shape).astype(np.float32)
    index, null = RowIndex.build(feat, metric), fit_null(feat, metric=metric)
    ours = find_similar(feat, feat[:5], k=1, null=null, metric=metric, index=index)
    _assert_equal(ours, _by_hand(feat, feat[:5], 1, 0.05, null, metric))


def test_index_holds_a_few_numbers_a_row_and_no_copy():
    feat = RNG.normal(size=(20_000, 64)).astype(np.float32)
    tracemalloc.start()
    index = RowIndex.build(feat)
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert index.rows is feat
    assert index.n_bytes == 8 * 20_000
    assert held < 2 * index.n_bytes


def test_memory_of_many_queries_is_bounded():
    feat = RNG.normal(size=(100_000, 4)).astype(np.float32)
    index = RowIndex.build(feat)
    null = NullDistribution("uniform", {"loc": 0.0, "scale": 4.0})
    tracemalloc.start()
    find_similar(feat, feat[:400], k=5, alpha=None, null=null, index=index)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100e6  # all distances at once: 320 MB


def test_index_of_other_features_or_another_metric_raises():
    feat = np.eye(4, dtype=np.float32)
    index = RowIndex.build(feat)
    with pytest.raises(InvalidParameterError, match="'index' must be built from 'feat'"):
        find_similar(feat.copy(), feat, k=1, index=index)
    with pytest.raises(InvalidParameterError, match="metric='euclidean'. Got metric='cosine'"):
        find_similar(feat, feat, k=1, metric="cosine", index=index)


def test_index_of_bad_features_raises():
    with pytest.raises(InvalidDataError, match="NaN"):
        RowIndex.build([[np.nan]])
    with pytest.raises(InvalidParameterError, match="'metric'"):
        RowIndex.build(np.eye(2), "cosin")


def test_index_of_lists_gives_its_rows():
    index = RowIndex.build([[0.0], [1.0], [5.0]])
    found = find_similar(index.rows, [[4.0]], k=1, alpha=None, index=index)
    assert found[0]["y_idx"].tolist() == [2]


def test_index_survives_pickle():
    index = RowIndex.build(np.eye(4, dtype=np.float32))
    again = pickle.loads(pickle.dumps(index))  # noqa: S301
    found = find_similar(again.rows, np.eye(4)[2:3], k=1, alpha=None, index=again)
    assert found[0]["y_idx"].tolist() == [2]


def test_the_message_says_what_to_give():
    feat = np.eye(4, dtype=np.float32)
    index = RowIndex.build(feat)
    with pytest.raises(InvalidParameterError) as copied:
        index.check(feat.copy(), "euclidean")
    assert str(copied.value) == (
        "'index' must be built from 'feat', and from no copy of it. Give index.rows as 'feat', or "
        "RowIndex.build(feat, metric) as 'index'."
    )
    with pytest.raises(InvalidParameterError) as other:
        index.check(feat, "cosine")
    assert str(other.value) == (
        "'index' is for metric='euclidean'. Got metric='cosine'. Build another one: "
        "RowIndex.build(feat, metric='cosine')."
    )
    assert index.check(feat, "euclidean") is feat


@pytest.mark.parametrize("metric", METRICS)
def test_an_index_knows_its_rows_and_metric(metric):
    feat = RNG.random((6, 3)).astype(np.float32)
    index = RowIndex.build(feat, metric)
    assert index.rows is feat and index.metric == metric
    assert (index.product is None) == (metric not in PRODUCT_METRICS)
    assert (index.n_bytes == 0) == (index.product is None)


def test_a_pickle_has_no_approximate_index():
    pytest.importorskip("faiss")
    index = RowIndex.build(RNG.random((50, 3)).astype(np.float32))
    built = index.approximate()
    assert index.approximate() is built
    again = pickle.loads(pickle.dumps(index))
    assert again.n_bytes == 8 * 50 < index.n_bytes
    assert [at.tolist() for at in again.approximate().search(index.rows[:3], 4)] == [
        at.tolist() for at in built.search(index.rows[:3], 4)
    ]


def test_features_that_are_no_matrix_are_named():
    with pytest.raises(InvalidDataError, match="'feat'"):
        RowIndex.build([1.0, 2.0])
