"""Confidence of images, beside a plain reckoning."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from clustimage.cluster.confidence._per_image import image_confidence


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "cityblock"])
def test_confidence_is_the_simplified_silhouette(metric):
    rng = np.random.default_rng(0)
    rows, labels = rng.normal(size=(90, 6)), rng.integers(-1, 4, 90)
    centres = np.stack([rows[labels == name].mean(axis=0) for name in range(4)])
    apart = cdist(rows, centres, metric)
    confidence, runner_up = image_confidence(rows, labels, metric)
    for i in range(90):
        others = [name for name in range(4) if name != labels[i]]
        assert runner_up[i] == others[int(np.argmin(apart[i, others]))]
        if labels[i] < 0:
            assert np.isnan(confidence[i])
            continue
        a, b = apart[i, labels[i]], apart[i, runner_up[i]]
        assert confidence[i] == pytest.approx(max((b - a) / max(a, b), 0), abs=1e-9)


def test_one_cluster_has_no_runner_up_and_equal_images_are_sure_of_nothing():
    confidence, runner_up = image_confidence(np.zeros((3, 2)), np.zeros(3, dtype=int))
    assert np.isnan(confidence).all()
    assert runner_up.tolist() == [-1, -1, -1]
    confidence, runner_up = image_confidence(np.zeros((2, 2)), np.array([0, 1]))
    assert confidence.tolist() == [0, 0]
    assert image_confidence(np.zeros((2, 2)), np.array([-1, -1]))[1].tolist() == [-1, -1]
