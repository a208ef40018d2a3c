"""What an embedder says of its memory, and what it does where there is too little."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from sklearn.manifold import MDS

from clustimage._core.errors import MemoryLimitError
from clustimage._core.memory import Budget
from clustimage.embedding import (
    EMBEDDERS,
    FirstTwoEmbedder,
    PCAEmbedder,
    TSNEEmbedder,
    _opentsne,
    _pca,
    _tsne,
    make_embedder,
)

ROWS = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32)


@pytest.mark.parametrize("name", EMBEDDERS)
def test_plan_says_what_is_done_and_what_it_takes(name):
    embedder = make_embedder(name, {})
    few, many = (embedder.plan(n, 200) for n in (10_000, 60_000))
    assert few.stage == "embedding"
    assert few.what
    assert few.why
    assert few.problem == ""
    # Neither a matrix of all pairs nor many copies of the features.
    assert few.peak < many.peak < 7 * few.peak
    assert many.peak < 1e9
    assert 60_000 * 8 <= many.kept <= many.peak


@pytest.mark.parametrize("n, n_columns", [(1, 1), (3, 2), (4, 1)])
@pytest.mark.parametrize("name", EMBEDDERS)
def test_plan_of_few_images_can_be_done_in_little_memory(name, n, n_columns):
    assert make_embedder(name, {}).plan(n, n_columns, Budget(1_000_000)).problem == ""


@pytest.mark.parametrize("name", EMBEDDERS)
def test_too_small_a_budget_is_told_by_the_plan_and_before_any_work(name, monkeypatch):
    embedder = make_embedder(name, {})
    budget = Budget(10_000, held=9_900)
    problem = embedder.plan(40, 6, budget).problem
    assert problem.startswith("The map of 40 images (")
    assert "Give max_memory='1 MB' or more." in problem

    def work(self, X):
        raise AssertionError("work was begun")

    monkeypatch.setattr(type(embedder), "_embed", work)
    with pytest.raises(MemoryLimitError) as caught:
        embedder.fit_transform(ROWS, budget=budget)
    assert str(caught.value) == problem


def test_budget_that_is_enough_changes_nothing():
    embedder = PCAEmbedder()
    enough = Budget(embedder.plan(*ROWS.shape).peak)
    assert embedder.plan(*ROWS.shape, enough).problem == ""
    expected = PCAEmbedder().fit_transform(ROWS)
    np.testing.assert_array_equal(embedder.fit_transform(ROWS, budget=enough), expected)


def test_plan_of_tsne_names_the_engine_and_the_reason(monkeypatch):
    monkeypatch.setattr(_tsne, "has_opentsne", lambda: True)
    assert TSNEEmbedder().plan(4999, 10).what == "t-SNE by scikit-learn"
    step = TSNEEmbedder().plan(60_000, 2048)
    assert step.what == "t-SNE by openTSNE"
    assert step.why == "60,000 images >= 5,000"
    forced = TSNEEmbedder(engine="scikit-learn").plan(60_000, 10)
    assert (forced.what, forced.why) == ("t-SNE by scikit-learn", "engine='scikit-learn'")
    monkeypatch.setattr(_tsne, "has_opentsne", lambda: False)
    assert "pip install 'clustimage[tsne]'" in TSNEEmbedder().plan(60_000, 10).why


def _peak_of(embedder, rows: np.ndarray) -> int:
    embedder.fit(rows[:50])
    tracemalloc.start()
    try:
        embedder.fit(rows)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "embedder, shape",
    [
        (FirstTwoEmbedder(), (10_000, 100)),
        (PCAEmbedder(), (10_000, 100)),
        (TSNEEmbedder(engine="opentsne", n_iter=250, n_jobs=1), (1500, 60)),
    ],
    ids=["none", "pca", "opentsne"],
)
def test_work_takes_at_most_what_the_plan_says(embedder, shape, monkeypatch):
    if isinstance(embedder, TSNEEmbedder):
        pytest.importorskip("openTSNE")
        monkeypatch.setitem(_opentsne.GRID, "min_num_intervals", 20)
    rows = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    planned = embedder.plan(*shape).peak
    # Python's own objects, a few kB, are traced too.
    assert 0.2 * planned < _peak_of(embedder, rows) <= planned + 10_000


def test_large_features_are_not_copied_for_their_principal_components(monkeypatch, digits):
    rows = digits[0].astype(np.float32)
    whole = PCAEmbedder().fit(rows)
    monkeypatch.setattr(_pca, "MAX_VALUES_IN_MEMORY", 1000)
    blocks = PCAEmbedder().fit(rows)
    assert blocks.plan(*rows.shape).why == "embedding='pca', in blocks of rows"
    signs = np.sign(np.sum(whole.embedding_ * blocks.embedding_, axis=0))
    np.testing.assert_allclose(blocks.embedding_ * signs, whole.embedding_, atol=1e-3)
    np.testing.assert_allclose(blocks.transform(rows[:5]), blocks.embedding_[:5], atol=1e-3)


def test_plan_of_a_custom_object_says_that_its_memory_is_not_known():
    step = make_embedder(MDS(), {}).plan(100, 5, Budget(10))
    assert (step.what, step.why) == ("fit_transform of a custom MDS", "what it takes is not known")
    assert (step.peak, step.kept, step.problem) == (0, 800, "")


def test_embedder_of_ours_given_as_an_object_knows_its_memory():
    own = make_embedder(PCAEmbedder(), {})
    assert own.plan(100, 5) == PCAEmbedder().plan(100, 5)
    with pytest.raises(MemoryLimitError, match="The map of 40 images"):
        own.fit_transform(ROWS, budget=Budget(10))
