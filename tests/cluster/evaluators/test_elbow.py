import numpy as np
import pytest
from sklearn.cluster import KMeans

from clustimage.adapters import to_clusteval
from clustimage.cluster import search_k
from clustimage.cluster.evaluators._elbow import find_knee


def test_scores_are_the_inertia_of_kmeans(blobs):
    found = search_k(blobs[0], cluster="kmeans", evaluate="elbow", min_clust=1, max_clust=9)
    assert found.score["clusters"] == [*range(1, 9)]
    model = KMeans(4, n_init=10, random_state=0).fit(blobs[0])
    assert found.score["score"][3] == pytest.approx(model.inertia_)
    assert found.score["score"][0] == pytest.approx(((blobs[0] - blobs[0].mean(axis=0)) ** 2).sum())


def test_the_knee_is_at_the_true_number(blobs):
    X = np.repeat(np.eye(5) * 10, 20, axis=0) + np.random.default_rng(0).normal(size=(100, 5)) / 9
    for cluster in ("kmeans", "agglomerative"):
        found = search_k(X, cluster=cluster, evaluate="elbow", min_clust=1, max_clust=20)
        assert found.n_found == 5


def test_knee_is_furthest_below_the_line():
    x = np.arange(1.0, 30.0)
    # 1/x on [1, 29] is furthest below its chord at the geometric mean of the ends.
    assert x[find_knee(x, 1 / x)] == round(np.sqrt(29))


@pytest.mark.parametrize("y", [[1.0], [2.0, 1.0], [3.0, 3.0, 3.0], [1.0, 2.0, 3.0]])
def test_a_curve_without_a_knee_gives_its_first_point(y):
    assert find_knee(np.arange(float(len(y))), np.array(y)) == 0


def test_the_knee_is_marked_in_the_curve_and_named(blobs):
    X = blobs[0][:, :2]
    found = search_k(X, cluster="kmeans", evaluate="elbow", min_clust=1, max_clust=31)
    assert found.score["clusters"] == [*range(1, 31)]
    ax = to_clusteval(found, X).plot()[1]
    curve, _, chord, knee = ax.lines
    assert curve.get_ydata().tolist() == found.score["score"]
    assert chord.get_xdata().tolist() == [1, 30]
    k = found.n_found
    assert knee.get_xydata().tolist() == [[k, found.score["score"][k - 1]]]
    assert [text.get_text() for text in ax.texts] == [f"{k} clusters"]
    assert "Kneedle" in ax.get_legend().get_texts()[2].get_text()


@pytest.mark.parametrize("options", [{"n_clusters": 3}, {"min_clust": 2, "max_clust": 4}])
def test_two_values_or_one_have_no_knee(options, blobs):
    found = search_k(blobs[0], cluster="kmeans", evaluate="elbow", **options)
    ax = to_clusteval(found, blobs[0]).plot()[1]
    assert len(ax.lines) == 2
    asked = ", as asked for" if "n_clusters" in options else ""
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        f"{found.n_found} clusters{asked}"
    ]
