"""t-SNE: perplexity, threads, quality."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import make_blobs
from sklearn.manifold import TSNE, trustworthiness
from threadpoolctl import threadpool_info

from clustimage._core.errors import InvalidParameterError
from clustimage.embedding import TSNEEmbedder, default_perplexity


@pytest.mark.parametrize("n_rows, perplexity", [(4, 1.0), (31, 10.0), (91, 30.0), (5000, 30.0)])
def test_perplexity_is_at_most_a_third_of_the_neighbours(n_rows, perplexity):
    assert default_perplexity(n_rows) == perplexity


def test_map_equals_that_of_scikit_learn():
    rows = make_blobs(50, 6, centers=3, random_state=1)[0].astype(np.float32)
    ours = TSNEEmbedder(n_iter=250, random_state=3).fit_transform(rows)
    settings = {"init": "pca", "learning_rate": "auto", "angle": 0.7, "random_state": 3}
    reference = TSNE(perplexity=49 / 3, **settings)
    steps = "max_iter" if "max_iter" in reference.get_params() else "n_iter"
    reference.set_params(**{steps: 250})
    np.testing.assert_allclose(ours, reference.fit_transform(rows), rtol=1e-5)


def test_neighbours_stay_neighbours(digits):
    rows = digits[0][:300]
    embedder = TSNEEmbedder()
    xycoord = embedder.fit_transform(rows)
    assert trustworthiness(rows, xycoord, n_neighbors=10) > 0.95
    assert 0 < embedder.kl_divergence_ < 1.5


def _threads_during_fit(monkeypatch, n_rows, **params) -> int:
    """Return how many OpenMP threads there are while t-SNE runs."""
    seen = []

    def spy(self, X, y=None):
        pools = [pool for pool in threadpool_info() if pool["user_api"] == "openmp"]
        seen.append(max(pool["num_threads"] for pool in pools))
        self.kl_divergence_ = 0.0
        return np.zeros((len(X), 2))

    monkeypatch.setattr(TSNE, "fit_transform", spy)
    TSNEEmbedder(**params).fit_transform(np.random.default_rng(0).normal(size=(n_rows, 3)))
    return seen[0]


@pytest.mark.parametrize("n_jobs", [1, 3, -1])
@pytest.mark.parametrize("n_rows, n_threads", [(999, 1), (1000, 2)])
def test_seeded_map_does_not_depend_on_the_order_of_threads(monkeypatch, n_rows, n_threads, n_jobs):
    """Defect of clustimage 1.7.1: t-SNE differed from run to run.

    The sum over three threads or more has no fixed order; over two it does not matter.
    """
    assert _threads_during_fit(monkeypatch, n_rows, random_state=0, n_jobs=n_jobs) == n_threads


def test_map_without_a_seed_uses_the_threads_asked_for(monkeypatch):
    assert _threads_during_fit(monkeypatch, 20, random_state=None, n_jobs=3) == 3


def test_tsne_is_the_same_in_two_runs(digits):
    """Defect of clustimage 1.7.1: t-SNE differed from run to run."""
    rows = digits[0][:200]
    first, second = (TSNEEmbedder(n_iter=300).fit_transform(rows) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_another_seed_gives_another_map_where_the_start_is_random():
    rows = np.random.default_rng(0).normal(size=(40, 1))
    maps = [TSNEEmbedder(random_state=seed, n_iter=250).fit_transform(rows) for seed in (0, 1)]
    assert not np.allclose(*maps)


def test_divergence_is_nan_where_tsne_did_not_run():
    embedder = TSNEEmbedder().fit([[0.0], [1.0]])
    assert np.isnan(embedder.kl_divergence_)
    np.testing.assert_allclose(np.abs(embedder.embedding_), [[0.5, 0], [0.5, 0]])


def test_perplexity_of_ones_own_is_kept_below_the_number_of_rows():
    rows = np.random.default_rng(0).normal(size=(10, 3))
    assert np.isfinite(TSNEEmbedder(perplexity=50, n_iter=250).fit_transform(rows)).all()


@pytest.mark.parametrize(
    "params, words",
    [({"perplexity": 0}, "'perplexity' must be a number above 0"),
     ({"n_iter": 100}, "'n_iter' must be a whole number of at least 250")],
)  # fmt: skip
def test_wrong_value_names_the_parameter(params, words):
    with pytest.raises(InvalidParameterError, match=words):
        TSNEEmbedder(**params).fit(np.eye(6))
