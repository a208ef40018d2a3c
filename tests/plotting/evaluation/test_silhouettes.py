"""The picture of the silhouettes."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from sklearn.metrics import silhouette_samples

from clustimage._core.errors import InvalidDataError, InvalidParameterError
from clustimage.adapters import to_clusteval
from clustimage.cluster import search_k
from clustimage.cluster.evaluators._silhouette import mean_silhouettes
from clustimage.plotting.evaluation._silhouettes import silhouette_values

COLORS = ["#112233", "#445566", "#778899", "#aabbcc", "#ddeeff", "#010203", "#040506"]


def colors_of(labels):
    return {label: COLORS[label] for label in np.unique(labels).tolist()}


@pytest.fixture
def ce(blobs):
    yield to_clusteval(search_k(blobs[0], n_clusters=5), blobs[0], colors=colors_of)
    plt.close("all")


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "cityblock"])
def test_they_are_those_of_scikit_learn(blobs, metric):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, len(blobs[0]))
    values = silhouette_values(blobs[0], labels, metric=metric)
    expected = silhouette_samples(blobs[0], labels, metric=metric)
    np.testing.assert_allclose(values, expected, atol=1e-6)


def test_images_in_no_cluster_count_as_zero(blobs):
    labels = np.random.default_rng(0).integers(-2, 3, len(blobs[0]))
    values = silhouette_values(blobs[0], labels, metric="euclidean")
    assert (values[labels < 0] == 0).all() and (values[labels >= 0] != 0).all()
    mean, _ = mean_silhouettes(blobs[0], [np.maximum(labels, -1)])
    np.testing.assert_allclose(values.mean(), mean[0])
    unknown = np.where(labels[:, None] == -2, np.nan, blobs[0])
    np.testing.assert_allclose(silhouette_values(unknown, labels, metric="euclidean"), values)


@pytest.mark.parametrize("places", [None, "map"])
def test_the_line_is_the_score_of_the_features_wherever_the_dots_lie(ce, places):
    """clusteval draws the silhouettes of the two columns that the dots lie at."""
    where = np.random.default_rng(0).normal(size=(len(ce.X), 2)) if places else ce.X[:, :2]
    _, left, right = ce.plot_silhouette(where if places else None)
    (line,) = left.lines
    assert line.get_xdata()[0] == pytest.approx(ce.results["score"]["score"].max())
    assert left.get_legend().get_texts()[0].get_text() == f"mean {line.get_xdata()[0]:.3f}"
    np.testing.assert_allclose(right.collections[0].get_offsets(), where)


def test_every_image_has_its_bar_in_the_colour_of_its_cluster(ce):
    _, left, right = ce.plot_silhouette()
    labels = ce.results["labx"]
    values = silhouette_values(ce.X, labels, metric="euclidean")
    for label, bars in enumerate(left.patches):
        np.testing.assert_allclose(
            np.sort(bars.get_data().values), np.sort(values[labels == label])
        )
        assert to_rgb(bars.get_facecolor()[:3]) == to_rgb(COLORS[label])
    drawn = right.collections[0].get_facecolors()[:, :3]
    np.testing.assert_allclose(drawn, [to_rgb(COLORS[label]) for label in labels])
    assert [tick.get_text() for tick in left.get_yticklabels()] == ["0", "1", "2", "3", "4"]


def test_the_dots_of_scatter_have_the_same_colours(ce):
    _, ax = ce.scatter()
    drawn = np.concatenate([dots.get_facecolors()[:, :3] for dots in ax.collections])
    expected = {to_rgb(color) for color in COLORS[:5]}
    assert {tuple(color) for color in drawn.tolist()} == expected


def test_other_colours_and_other_places_are_taken(ce, tmp_path):
    path = tmp_path / "silhouettes.png"
    _, left, right = ce.plot_silhouette(
        cmap="viridis", jitter=0.1, figsize=(6, 4), savefig={"fname": str(path)}
    )
    np.testing.assert_allclose(left.patches[0].get_facecolor(), plt.get_cmap("viridis")(0.0))
    moved = np.asarray(right.collections[0].get_offsets()) - ce.X[:, :2]
    assert 0.08 < moved.std() < 0.12
    assert path.stat().st_size > 1000
    with pytest.raises(InvalidParameterError, match="'embedding'"):
        ce.plot_silhouette(embedding="umap")


def test_each_image_needs_a_place(ce):
    with pytest.raises(InvalidDataError, match="'X' must have one row per image, 300. Got 7 rows"):
        ce.plot_silhouette(np.zeros((7, 2)))
