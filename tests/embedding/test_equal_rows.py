"""Rows that are equal lie in one position, whatever embeds them, and are never parted."""

from __future__ import annotations

import numpy as np
import pytest

from clustimage import Clustimage
from clustimage._core.errors import MemoryLimitError
from clustimage._core.memory import Budget
from clustimage.embedding import (
    EMBEDDERS,
    CustomEmbedder,
    TSNEEmbedder,
    _opentsne,
    make_embedder,
)


@pytest.fixture(autouse=True)
def small_grid(monkeypatch):
    monkeypatch.setitem(_opentsne.GRID, "min_num_intervals", 20)


class Shaken:
    """An object that gives every row a position of its own."""

    def fit_transform(self, X):
        return X[:, :2] + np.random.default_rng(0).normal(0, 0.1, (len(X), 2))


def embedder_of(name):
    if name == "umap":
        pytest.importorskip("umap")
    if name == "opentsne":
        pytest.importorskip("openTSNE")
        return TSNEEmbedder(engine="opentsne", n_iter=250, n_jobs=1)
    return CustomEmbedder(Shaken()) if name == "custom" else make_embedder(name, {"n_jobs": 1})


def rows_of(n_distinct: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(n)
    which = np.concatenate([np.arange(n_distinct), rng.integers(0, n_distinct, n - n_distinct)])
    rng.shuffle(which)
    return rng.normal(size=(n_distinct, 7)).astype(np.float32)[which], which


CASES = [(name, 30, 61) for name in (*EMBEDDERS, "opentsne", "custom")]
CASES += [(name, *n) for name in ("tsne", "pca") for n in ((1, 5), (2, 300), (3, 40), (4, 9))]
CASES += [("umap", 2, 300), ("opentsne", 3, 40)]


@pytest.mark.parametrize("name, n_distinct, n", CASES)
def test_equal_rows_lie_in_one_position_and_others_do_not(name, n_distinct, n):
    rows, which = rows_of(n_distinct, n)
    embedder = embedder_of(name)
    xycoord = embedder.fit_transform(rows)
    assert xycoord.shape == (n, 2) and xycoord.dtype == np.float32
    assert np.isfinite(xycoord).all()
    assert len(np.unique(xycoord, axis=0)) == n_distinct
    for group in range(n_distinct):
        assert len(np.unique(xycoord[which == group], axis=0)) == 1
    np.testing.assert_array_equal(embedder.embedding_, xycoord)


def test_minus_zero_is_zero():
    rows = np.array([[0.0, 1.0], [-0.0, 1.0], [2.0, 5.0], [1.0, 3.0], [4.0, 1.0]])
    xycoord = TSNEEmbedder(n_iter=250).fit_transform(rows)
    np.testing.assert_array_equal(xycoord[0], xycoord[1])


@pytest.mark.parametrize("name", ["tsne", "umap"])
def test_copies_do_not_change_a_map_of_neighbours(name):
    rows, _ = rows_of(20, 20)
    expected = embedder_of(name).fit_transform(rows)
    both = embedder_of(name).fit_transform(np.concatenate([rows, rows[::-1], rows[:1]]))
    np.testing.assert_array_equal(both, np.concatenate([expected, expected[::-1], expected[:1]]))


def test_new_rows_are_embedded_where_their_equals_lie(tmp_path):
    pytest.importorskip("openTSNE")
    rows, _ = rows_of(30, 61)
    embedder = embedder_of("opentsne").fit(rows)
    np.testing.assert_allclose(embedder.transform(rows), embedder.embedding_, atol=1e-5)
    back = embedder_of("opentsne").set_state(embedder.get_state())
    np.testing.assert_array_equal(back.transform(rows), embedder.transform(rows))
    np.testing.assert_array_equal(back.embedding_, embedder.embedding_)


def test_the_copy_of_the_distinct_rows_counts_as_memory():
    rows = np.repeat(np.random.default_rng(0).normal(size=(40, 500)), 2, axis=0)
    peak = TSNEEmbedder().plan(40, 500).peak
    TSNEEmbedder(n_iter=250).fit(rows, y=None)
    with pytest.raises(MemoryLimitError, match="The map of 40 images"):
        TSNEEmbedder(n_iter=250).fit_transform(rows, budget=Budget(peak + 40 * 500 * 8 - 1))


@pytest.mark.parametrize(
    "options", [{"n_clusters": 12}, {"cluster": "kmeans"}, {"cluster": "dbscan"}, {"sim": 0.7}]
)
@pytest.mark.parametrize("name", ["tsne", "pca", "custom"])
def test_equal_images_are_never_parted_on_the_map(name, options):
    rng = np.random.default_rng(1)
    rows = np.repeat(rng.normal(size=(24, 6)), [1, 2, 3] * 8, axis=0)[rng.permutation(48)]
    embedding = Shaken() if name == "custom" else name
    cl = Clustimage(method="precomputed", embedding=embedding, verbose="error")
    cl.extract_feat(features=rows)
    cl.embedding()
    labels = cl.cluster(cluster_space="low", **options)
    names = np.unique(rows, axis=0, return_inverse=True)[1].ravel()
    assert all(len(set(labels[names == name])) == 1 for name in set(names))
    np.testing.assert_array_equal(cl.predict(features=rows), labels)
