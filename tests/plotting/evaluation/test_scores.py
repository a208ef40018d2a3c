from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest

from clustimage.adapters import to_clusteval
from clustimage.cluster import search_k
from clustimage.plotting.evaluation import _evaluation_plots
from clustimage.plotting.evaluation._scores import plot_scores


@pytest.mark.parametrize("cluster", ["agglomerative", "dbscan"])
def test_standard_errors_are_drawn_as_bars_of_two_on_each_side(cluster, blobs):
    found = search_k(blobs[0], cluster=cluster, max_clust=9)
    m = len(found.score["score"])
    errors = np.linspace(0.01, 0.03, m)
    sampled = replace(found, score={**found.score, "standard_error": errors.tolist()})
    axes = plot_scores(plt.subplots()[1], sampled)
    (bars,) = axes[0].containers
    ends = np.array([piece[:, 1] for piece in bars.lines[2][0].get_segments()])
    scores = np.array(found.score["score"])
    np.testing.assert_allclose(ends, np.column_stack([scores - 2 * errors, scores + 2 * errors]))
    words = [text.get_text() for text in axes[-1].get_legend().get_texts()]
    assert words[0].endswith("clusters")
    assert words[1:] == ["± 2 standard errors: estimated from a sample"]
    assert not plot_scores(plt.subplots()[1], found)[0].containers


def test_the_plot_of_sampled_silhouettes_is_ours(blobs):
    """clusteval would draw them without their errors."""
    found = search_k(blobs[0], max_clust=9)
    ce = to_clusteval(found, blobs[0])
    ce.clustering = replace(found, score={**found.score, "standard_error": [0.01] * 6})
    assert len(ce.plot()[1].containers) == 1


def test_of_many_images_the_silhouettes_of_a_sample_are_drawn(blobs, monkeypatch, caplog):
    monkeypatch.setattr(_evaluation_plots, "MAX_ROWS_SCORED_EXACTLY", 200)
    monkeypatch.setattr(_evaluation_plots, "MAX_SILHOUETTES_DRAWN", 60)
    found = search_k(blobs[0], n_clusters=6)
    ce = to_clusteval(found, blobs[0])
    with caplog.at_level("INFO", "clustimage"):
        fig, _, dots = ce.plot_silhouette()
    assert "Drawing the silhouettes of 60 of 300 images." in caplog.text
    assert sum(len(one.get_offsets()) for one in dots.collections) == 60
    assert len(ce.results["labx"]) == 300
    plt.close(fig)


@pytest.mark.parametrize(
    "options",
    [
        {"evaluate": "silhouette"},
        {"evaluate": "dbindex"},
        {"evaluate": "derivative"},
        {"evaluate": "elbow"},
        {"cluster": "dbscan"},
        {"sim": 0.5},
    ],
)
def test_all_pictures_have_one_size_and_words_of_one_size(blobs, options):
    found = search_k(blobs[0], max_clust=60, **options)
    fig, _ = to_clusteval(found, blobs[0]).plot()
    assert fig.get_size_inches().tolist() == [11, 6]
    assert fig.axes[0].title.get_fontsize() == 13
    for ax in fig.axes:
        words = [ax.xaxis.label, ax.yaxis.label, *ax.get_xticklabels(), *ax.get_yticklabels()]
        assert {word.get_fontsize() for word in words} == {10}
        assert len(ax.get_xticks()) <= 40
    plt.close(fig)


def test_the_words_have_the_size_that_is_asked_for(blobs):
    sizes = {"size_title": 20, "size_x_axis": 8, "size_y_axis": 9}
    fig, ax = to_clusteval(search_k(blobs[0]), blobs[0]).plot(font_properties=sizes)
    assert ax.title.get_fontsize() == 20 and ax.xaxis.label.get_fontsize() == 8
    plt.close(fig)
