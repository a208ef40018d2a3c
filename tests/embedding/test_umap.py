"""UMAP, an extra."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from sklearn.datasets import make_blobs
from sklearn.manifold import trustworthiness

from clustimage._core.errors import MissingDependencyError
from clustimage.embedding import UMAPEmbedder


def test_missing_package_tells_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'clustimage\[umap\]'"):
        UMAPEmbedder().fit(np.eye(5))


@pytest.mark.filterwarnings("ignore")
def test_groups_stay_apart_and_new_rows_land_among_their_own():
    pytest.importorskip("umap", exc_type=ImportError)
    rows, kinds = make_blobs(120, 10, centers=3, random_state=0)
    embedder = UMAPEmbedder(random_state=0)
    xycoord = embedder.fit_transform(rows[:100])
    assert trustworthiness(rows[:100], xycoord, n_neighbors=10) > 0.9
    positions = embedder.transform(rows[100:])
    nearest = ((positions[:, None] - xycoord[None]) ** 2).sum(axis=2).argmin(axis=1)
    np.testing.assert_array_equal(kinds[:100][nearest], kinds[100:])
