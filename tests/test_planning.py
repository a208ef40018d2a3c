"""The limit on memory, through the class."""

from __future__ import annotations

import numpy as np
import pytest

from clustimage import Clustimage, InvalidParameterError, MemoryLimitError
from clustimage._paging import held_bytes


def quiet(**settings):
    return Clustimage(**{"verbose": "error", "embedding": "pca", **settings})


def test_a_limit_that_is_no_size_is_refused_at_once():
    with pytest.raises(InvalidParameterError, match="'max_memory'.*Got 'much'"):
        quiet(max_memory="much")


def test_pixels_beyond_the_limit_live_in_a_file_and_are_the_same(digits, tmp_path):
    X = np.kron(digits[0][:300].reshape(-1, 8, 8), np.ones((1, 8, 8))).astype(np.uint8)
    free = quiet(dim=(64, 64))
    small = quiet(dim=(64, 64), max_memory="2 MB", dirpath=tmp_path)
    free.import_data(X)
    small.import_data(X)
    assert held_bytes(free.results["img"]) == 300 * 64 * 64
    assert held_bytes(small.results["img"]) == 0
    assert type(small.results["img"]) is np.ndarray
    np.testing.assert_array_equal(free.results["img"], small.results["img"])


def test_a_limit_too_small_for_one_block_says_what_would_do(digits):
    with pytest.raises(MemoryLimitError, match="Give max_memory='2 MB' or more") as said:
        quiet(dim=(64, 64), max_memory="1 kB").import_data(digits[0].reshape(-1, 8, 8))
    assert "max_memory=1.0 kB" in str(said.value)


def test_an_index_is_made_once_and_again_for_another_metric(digits):
    cl = quiet()
    cl.fit_transform(digits[0][:300])
    cl.find(digits[0][5], k=3, alpha=None)
    index = cl.index_
    cl.find(digits[0][6], k=3, alpha=None)
    assert cl.index_ is index
    cl.find(digits[0][6], k=3, alpha=None, metric="cosine")
    assert cl.index_.metric == "cosine"
    cl.extract_feat()
    assert cl.index_ is None


def test_an_approximate_search_finds_the_same_among_few(digits):
    pytest.importorskip("faiss", reason="the extra index is not installed")
    cl = quiet()
    cl.fit_transform(digits[0][:300])
    exact = cl.find(digits[0][5], k=4, alpha=None)["image_0000"]
    found = cl.find(digits[0][5], k=4, alpha=None, approximate=True)["image_0000"]
    assert found["y_idx"].tolist() == exact["y_idx"].tolist()


def test_how_far_clusters_reach_is_measured_once(digits, monkeypatch):
    cl = quiet()
    cl.fit_transform(digits[0][:300], n_clusters=5, min_size=40)
    assert cl.labels_.min() == -1
    first = cl.predict(digits[0][300:320])
    monkeypatch.setattr("clustimage._estimator.cluster_reach", None)
    assert cl.predict(digits[0][300:320]).tolist() == first.tolist()
    cl.cluster(n_clusters=3)
    assert cl.reach_ is None
