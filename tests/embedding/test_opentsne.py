"""t-SNE by openTSNE, an extra: which engine, the same map, new rows on it."""

from __future__ import annotations

import copy
import logging
import sys

import numpy as np
import pytest
from sklearn.datasets import make_blobs
from sklearn.exceptions import NotFittedError
from sklearn.manifold import trustworthiness

from clustimage import set_logger
from clustimage._core.errors import InvalidParameterError, MissingDependencyError
from clustimage.embedding import TSNEEmbedder, _opentsne, _tsne, make_embedder
from clustimage.embedding._tsne import choose_engine
from tests.embedding.test_registry import AWKWARD

BLOBS, KINDS = make_blobs(150, 60, centers=3, random_state=0)
BLOBS = BLOBS.astype(np.float32)


@pytest.fixture
def opentsne(monkeypatch):
    """Skip without openTSNE; few rows need no fine grid."""
    pytest.importorskip("openTSNE")
    monkeypatch.setitem(_opentsne.GRID, "min_num_intervals", 10)


@pytest.fixture
def fitted(opentsne) -> TSNEEmbedder:
    return TSNEEmbedder(engine="opentsne", n_iter=300, n_jobs=1).fit(BLOBS[:120])


# --- which engine -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "engine, n, installed, chosen",
    [
        ("auto", 4999, True, "scikit-learn"),
        ("auto", 5000, True, "opentsne"),
        ("auto", 60_000, False, "scikit-learn"),
        ("scikit-learn", 60_000, True, "scikit-learn"),
        ("opentsne", 10, True, "opentsne"),
    ],
)
def test_engine_is_chosen_by_the_number_of_rows(engine, n, installed, chosen, monkeypatch):
    monkeypatch.setattr(_tsne, "has_opentsne", lambda: installed)
    assert choose_engine(engine, n) == chosen


def test_many_rows_without_opentsne_are_mapped_by_scikit_learn_with_a_hint(monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "openTSNE", None)
    monkeypatch.setattr(_tsne, "ROWS_FOR_OPENTSNE", 30)
    embedder = TSNEEmbedder(n_iter=250)
    with caplog.at_level(logging.INFO, logger="clustimage"):
        xycoord = embedder.fit_transform(BLOBS[:40])
        few = TSNEEmbedder(n_iter=250).fit_transform(BLOBS[:29])
    assert len(few) == 29
    assert embedder.engine_ == "scikit-learn"
    expected = TSNEEmbedder(n_iter=250, engine="scikit-learn").fit_transform(BLOBS[:40])
    np.testing.assert_array_equal(xycoord, expected)
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 1
    assert "pip install 'clustimage[tsne]'" in said[0]


def test_asking_for_opentsne_where_it_is_missing_tells_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "openTSNE", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'clustimage\[tsne\]'"):
        TSNEEmbedder(engine="opentsne").fit(BLOBS[:10])


def test_unknown_engine_raises_with_the_nearest_one():
    with pytest.raises(InvalidParameterError, match="Did you mean 'opentsne'"):
        TSNEEmbedder(engine="opentsn").fit(BLOBS[:10])


# --- the map ----------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [BLOBS, AWKWARD["bits"].astype(np.float32)], ids=["blobs", "bits"])
def test_same_seed_gives_the_same_map_whatever_n_jobs_is(rows, opentsne):
    """With many equally near rows (the bits), any of them could be taken as neighbours."""
    settings = {"engine": "opentsne", "n_iter": 300}
    runs = [TSNEEmbedder(n_jobs=n_jobs, **settings).fit(rows) for n_jobs in (1, 1, 2, 3, -1)]
    for run in runs[1:]:
        np.testing.assert_array_equal(run.embedding_, runs[0].embedding_)
        assert run.kl_divergence_ == runs[0].kl_divergence_


def test_another_seed_gives_another_map(fitted):
    other = TSNEEmbedder(engine="opentsne", n_iter=300, random_state=1).fit(BLOBS[:120])
    assert not np.allclose(other.embedding_, fitted.embedding_)


def test_neighbours_are_kept_as_well_as_by_scikit_learn(digits):
    pytest.importorskip("openTSNE")
    rows = digits[0][:500].astype(np.float32)
    kept = {}
    for engine in ("scikit-learn", "opentsne"):
        embedder = TSNEEmbedder(engine=engine, n_iter=400, n_jobs=1)
        kept[engine] = trustworthiness(rows, embedder.fit_transform(rows), n_neighbors=10)
    assert kept["opentsne"] > kept["scikit-learn"] - 0.01
    assert embedder.kl_divergence_ < 1.5


def test_kinds_stay_together(fitted):
    among = ((fitted.embedding_[:, None] - fitted.embedding_[None]) ** 2).sum(axis=2)
    np.fill_diagonal(among, np.inf)
    np.testing.assert_array_equal(KINDS[among.argmin(axis=1)], KINDS[:120])


@pytest.mark.parametrize("case", AWKWARD)
def test_awkward_rows_get_coordinates_and_take_new_ones(case, opentsne):
    rows = AWKWARD[case].astype(np.float32)
    embedder = TSNEEmbedder(engine="opentsne", n_iter=250, n_jobs=1)
    xycoord = embedder.fit_transform(rows)
    assert xycoord.shape == (len(rows), 2)
    assert np.isfinite(xycoord).all()
    positions = embedder.transform(rows[:2] + 1)
    assert positions.dtype == np.float32
    assert np.isfinite(positions).all()


def test_wide_perplexity_is_kept_below_the_number_of_rows(opentsne):
    embedder = TSNEEmbedder(engine="opentsne", perplexity=500, n_iter=250)
    assert np.isfinite(embedder.fit_transform(BLOBS[:30])).all()


@pytest.mark.parametrize("verbose, shown", [("info", True), ("warning", False)])
def test_progress_is_shown_where_messages_are(verbose, shown, opentsne, capsys):
    set_logger(verbose)
    TSNEEmbedder(engine="opentsne", n_iter=250).fit(BLOBS[:20])
    captured = capsys.readouterr()
    assert captured.out == ""
    assert ("Map" in captured.err) == shown
    if not shown:
        assert captured.err == ""


# --- new rows ---------------------------------------------------------------------------------


def test_transform_exists_only_on_a_map_that_takes_new_rows(fitted):
    assert hasattr(fitted, "transform")
    assert not hasattr(TSNEEmbedder(), "transform")
    assert not hasattr(TSNEEmbedder(n_iter=250).fit(BLOBS[:20]), "transform")
    with pytest.raises(NotFittedError):
        TSNEEmbedder(engine="opentsne").transform(BLOBS)


def test_embedder_given_as_an_object_takes_new_rows_where_its_map_does(opentsne, monkeypatch):
    own = make_embedder(TSNEEmbedder(n_iter=250), {})
    assert not hasattr(own.fit(BLOBS[:20]), "transform")
    monkeypatch.setattr(_tsne, "ROWS_FOR_OPENTSNE", 20)
    assert own.fit(BLOBS[:20]).transform(BLOBS[20:22]).shape == (2, 2)


def test_new_rows_land_among_their_own(fitted):
    positions = fitted.transform(BLOBS[120:])
    nearest = ((positions[:, None] - fitted.embedding_[None]) ** 2).sum(axis=2).argmin(axis=1)
    np.testing.assert_array_equal(KINDS[:120][nearest], KINDS[120:])


def test_new_rows_change_nothing_and_do_not_depend_on_each_other(fitted):
    before = fitted.embedding_.copy()
    together = fitted.transform(BLOBS[120:])
    np.testing.assert_array_equal(together, fitted.transform(BLOBS[120:]))
    np.testing.assert_allclose(together[3:4], fitted.transform(BLOBS[123:124]), atol=1e-3)
    np.testing.assert_array_equal(fitted.embedding_, before)


def test_row_that_is_on_the_map_gets_its_embed_new(fitted):
    np.testing.assert_array_equal(fitted.transform(BLOBS[5:9]), fitted.embedding_[5:9])


def test_row_far_away_stays_near_the_map(fitted):
    positions = fitted.transform(BLOBS[:2] + 1e4)
    assert (np.abs(positions) < 2 * np.abs(fitted.embedding_).max()).all()


def test_transform_of_other_columns_raises(fitted):
    with pytest.raises(ValueError, match="59 features"):
        fitted.transform(BLOBS[:, :59])


def test_restored_map_embeds_new_rows_where_the_fitted_one_did(fitted):
    state = fitted.get_state()
    restored = make_embedder("tsne", {"random_state": 0}).set_state(state)
    np.testing.assert_array_equal(restored.transform(BLOBS[118:]), fitted.transform(BLOBS[118:]))


def test_copy_of_a_map_embeds_new_rows_where_the_fitted_one_did(fitted):
    expected = fitted.transform(BLOBS[118:])
    np.testing.assert_array_equal(copy.deepcopy(fitted).transform(BLOBS[118:]), expected)


def test_map_of_scikit_learn_has_no_state():
    assert TSNEEmbedder(n_iter=250).fit(BLOBS[:20]).get_state() is None


def test_restored_map_takes_no_new_rows_where_opentsne_is_missing(fitted, monkeypatch):
    restored = TSNEEmbedder().set_state(fitted.get_state())
    monkeypatch.setattr(_tsne, "has_opentsne", lambda: False)
    assert not hasattr(restored, "transform")
    assert restored.get_state() is not None
