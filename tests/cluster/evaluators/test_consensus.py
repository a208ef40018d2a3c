"""Consensus of silhouette and elbow."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import silhouette_score

from clustimage.cluster import search_k
from clustimage.cluster.evaluators._consensus import Consensus


@pytest.fixture(scope="module")
def nested():
    """Three groups far from each other, each of three that are near."""
    rng = np.random.default_rng(0)
    far = np.repeat(40 * np.eye(3, 12), 3, axis=0)
    near = 8 * np.eye(9, 12, 3)
    return np.repeat(far + near, 20, axis=0) + rng.normal(size=(180, 12))


def test_scores_are_silhouettes_and_a_peak_near_the_knee_wins(nested):
    found = search_k(nested, evaluate="consensus", min_clust=2, max_clust=16)
    alone = search_k(nested, evaluate="silhouette", min_clust=2, max_clust=16)
    assert found.score == alone.score
    assert found.score["score"][found.best] == pytest.approx(
        silhouette_score(nested, found.labels), abs=1e-6
    )
    knee = search_k(nested, evaluate="elbow", min_clust=2, max_clust=16)
    scores, k = np.array(found.score["score"]), found.n_found
    at = found.best
    assert scores[at] >= max(scores[at - 1], scores[at + 1])
    peaks = [
        count
        for i, count in enumerate(found.score["clusters"])
        if scores[i] >= max(scores[max(i - 1, 0)], scores[min(i + 1, len(scores) - 1)])
    ]
    assert min(peaks, key=lambda count: abs(np.log(count / knee.n_found))) == k


def test_the_nearest_peak_is_chosen_by_ratio_and_of_two_the_higher():
    evaluator = Consensus()
    evaluator._knee = 6.0
    counts = list(range(2, 12))
    scores = np.array([0.9, 0.1, 0.5, 0.1, 0.2, 0.1, 0.1, 0.6, 0.1, 0.0])
    assert counts[evaluator.choose(counts, scores)] == 6
    scores[4] = 0.1
    # 4 and 9 are both 1.5 times as far.
    assert counts[evaluator.choose(counts, scores)] == 9
    assert evaluator.choose([5], np.array([np.nan])) == 0
