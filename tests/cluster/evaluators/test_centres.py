import tracemalloc

import numpy as np
import pytest
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score

from clustimage.cluster import EVALUATORS
from clustimage.cluster._candidates import Candidates
from clustimage.cluster.evaluators._centres import cluster_centres

LINEAR = ("calinski", "dbindex", "elbow")


@pytest.mark.parametrize("name", LINEAR)
def test_float32_is_summed_up_as_float64(name):
    """As float32 the sum of so many rows far from 0 would be off by 1 %."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, 200_000)
    X = (rng.normal(size=(200_000, 2)) + labels[:, None] + 1000).astype(np.float32)
    candidates = Candidates([labels], [4])
    ours = EVALUATORS[name]().score(X, candidates)
    np.testing.assert_allclose(
        ours, EVALUATORS[name]().score(X.astype(np.float64), candidates), rtol=1e-9
    )
    if name != "elbow":
        theirs = {"calinski": calinski_harabasz_score, "dbindex": davies_bouldin_score}[name]
        np.testing.assert_allclose(ours, theirs(X.astype(np.float64), labels), rtol=1e-9)


@pytest.mark.parametrize("name", LINEAR)
def test_many_rows_are_not_copied(name):
    X = np.random.default_rng(0).random((400_000, 40), dtype=np.float32)
    candidates = Candidates([np.arange(400_000) % 3], [3])
    tracemalloc.start()
    EVALUATORS[name]().score(X, candidates)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # Three blocks of 16 MiB, and what belongs to each row; the rows are 64 MB, 128 as float64.
    assert peak < 64 * 2**20


def test_centres_are_the_means(blobs):
    centres, sizes = cluster_centres(blobs[0].astype(np.float32), blobs[1])
    assert sizes.tolist() == [90, 70, 50, 40, 30, 20]
    means = [blobs[0][blobs[1] == name].mean(axis=0) for name in range(6)]
    np.testing.assert_allclose(centres, means, atol=1e-6)
