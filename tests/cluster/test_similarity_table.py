"""What each similarity gives for one's own images."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from clustimage import Clustimage, StepOrderError
from clustimage._core import errors
from clustimage.cluster import search_k

COLUMNS = ["sim", "n_clusters", "n_unclustered", "largest"]


@pytest.fixture
def model(blobs):
    found = Clustimage(method="precomputed", embedding="pca", verbose="warning")
    found.fit_transform(features=blobs[0].astype(np.float32))
    return found


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"linkage": "complete"},
        {"metric": "cosine"},
        {"cluster_space": "low"},
        {"linkage": "ward"},
    ],
)
def test_each_row_is_what_cluster_gives(model, options):
    table = model.similarity_table(min_size=3, **options)
    assert list(table.columns) == COLUMNS
    np.testing.assert_allclose(table["sim"], np.arange(1, 10) / 10)
    for row in table.itertuples():
        labels = model.cluster(sim=row.sim, min_size=3, **options)
        sizes = np.bincount(labels[labels >= 0], minlength=1)
        assert (row.n_clusters, row.n_unclustered, row.largest) == (
            labels.max() + 1,
            (labels < 0).sum(),
            sizes.max(),
        )


def test_groups_that_are_kept_apart_and_times_count(digits):
    model = Clustimage(embedding=None, verbose="error")
    model.fit_transform(np.rint(digits[0][:300] * 15).astype(np.uint8))
    groups = np.repeat(np.arange(150), 2).astype(str).tolist()
    options = {"cannot_link": groups, "time_weight": 0.5, "timestamps": np.arange(300.0)}
    table = model.similarity_table([0.0, 0.4, 1], **options)
    for row in table.itertuples():
        labels = model.cluster(sim=row.sim, min_size=2, **options)
        assert (row.n_clusters, row.n_unclustered) == (labels.max() + 1, (labels < 0).sum())


def test_nothing_is_changed(model):
    labels, clustering = model.labels_.copy(), model.clustering_
    model.similarity_table(0.5)
    assert model.clustering_ is clustering
    np.testing.assert_array_equal(model.results["labels"], labels)


def test_params_cluster_of_the_model_are_taken(blobs):
    rows = blobs[0].astype(np.float32)
    cl = Clustimage(method="precomputed", embedding=None, params_cluster={"linkage": "complete"})
    cl.fit_transform(features=rows)
    expected = search_k(rows, sim=0.5, linkage="complete", min_size=2).labels
    (row,) = cl.similarity_table(0.5).itertuples()
    assert (row.n_clusters, row.n_unclustered) == (expected.max() + 1, (expected < 0).sum())


@pytest.mark.parametrize(
    ("levels", "words"),
    [([0.2, 1.5], "'levels'.*1.5"), ([], "'levels'.*Got none"), ("many", "'levels'.*many")],
)
def test_levels_are_similarities(model, levels, words):
    with pytest.raises(errors.InvalidParameterError, match=words):
        model.similarity_table(levels)


def test_before_there_are_features_it_says_which_step_is_missing():
    with pytest.raises(StepOrderError, match="extract_feat"):
        Clustimage().similarity_table()


def test_where_most_images_are_left_out_a_warning_names_what_suits(model, caplog):
    with caplog.at_level(logging.WARNING):
        model.cluster(sim=0.97, min_size=2)
    (record,) = [r for r in caplog.records if "not assigned" in r.getMessage()]
    words = record.getMessage()
    assert "of 300 images are not assigned to one: with sim=0.97" in words
    sim = float(words.split("For these images sim=")[1].split()[0])
    (row,) = model.similarity_table(sim).itertuples()
    assert f"gives {row.n_clusters} clusters and leaves out {row.n_unclustered}." in words
    assert row.n_unclustered <= 60 and "similarity_table()" in words


def test_where_min_size_is_the_reason_the_warning_says_so(model, caplog):
    with caplog.at_level(logging.WARNING):
        model.cluster(n_clusters=20, min_size=80)
    assert "as clusters smaller than min_size=80 are left out" in caplog.text
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        model.cluster(sim=0.2, min_size=2)
    assert "not assigned" not in caplog.text
