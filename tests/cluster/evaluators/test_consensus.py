"""The median of what silhouette, derivative and elbow choose."""

from __future__ import annotations

import numpy as np
import pytest

from clustimage import InvalidParameterError
from clustimage.cluster import search_k


@pytest.mark.parametrize("seed", range(4))
def test_the_median_of_three_numbers_wins_and_scores_are_silhouettes(seed):
    rng = np.random.default_rng(seed)
    far = np.repeat(30 * np.eye(3, 12), 3, axis=0)
    X = np.repeat(far + (3 + seed) * np.eye(9, 12, 3), 15, axis=0) + rng.normal(size=(135, 12))
    by = {
        name: search_k(X, evaluate=name, min_clust=2, max_clust=20)
        for name in ("silhouette", "derivative", "elbow", "consensus")
    }
    three = [by[name].n_found for name in ("silhouette", "derivative", "elbow")]
    assert by["consensus"].n_found == np.median(three)
    assert by["consensus"].score == by["silhouette"].score


def test_without_a_tree_there_is_none():
    with pytest.raises(InvalidParameterError, match="needs a tree.*'kmeans'"):
        search_k(np.eye(9), cluster="kmeans", evaluate="consensus")
