import logging
import subprocess
import sys

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.metrics import adjusted_rand_score

from clustimage._core.errors import InvalidDataError, InvalidParameterError
from clustimage.adapters import to_clusteval
from clustimage.cluster import (
    CLUSTERERS,
    EVALUATORS,
    ClusterRequest,
    cut_tree_k,
    search_k,
    with_other_labels,
)


def sensible(pair):
    try:
        ClusterRequest(cluster=pair[0], evaluate=pair[1])
    except InvalidParameterError:
        return False
    return True


PAIRS = list(filter(sensible, ((c, e) for c in CLUSTERERS for e in EVALUATORS)))


def needs(cluster: str) -> None:
    """Skip where the package of a clusterer is not installed."""
    if cluster in ("leiden", "evoc"):
        pytest.importorskip({"leiden": "sknetwork", "evoc": "evoc"}[cluster])


@pytest.fixture(autouse=True)
def no_show(monkeypatch):
    monkeypatch.setattr(plt, "show", lambda *a, **k: pytest.fail("plt.show() was called"))


@pytest.fixture(scope="module")
def X(blobs):
    return blobs[0][:, :3]


@pytest.fixture(scope="module", params=PAIRS, ids="-".join)
def evaluated(request, X):
    needs(request.param[0])
    found = search_k(X, cluster=request.param[0], evaluate=request.param[1], max_clust=10)
    return to_clusteval(found, X), found


def test_it_is_a_clusteval_object_with_a_row_per_labelling(evaluated):
    from clusteval import clusteval

    ce, found = evaluated
    assert isinstance(ce, clusteval)
    assert list(ce.results["score"].columns) == ["cluster_threshold", "clusters", "score"]
    assert ce.results["score"]["score"].tolist() == found.score["score"]
    np.testing.assert_array_equal(ce.results["labx"], found.labels)
    assert (ce.cluster, ce.evaluate) == (found.params["cluster"], found.params["evaluate"])


def test_plot_marks_the_best_labelling_quietly(evaluated, capsys):
    ce, found = evaluated
    before = dict(mpl.rcParams)
    fig, axes = ce.plot()
    assert isinstance(fig, Figure)
    ax = axes[0] if isinstance(axes, tuple) else axes
    marks = [line.get_xdata()[0] for line in ax.lines if len(set(line.get_xdata())) == 1]
    assert found.score["cluster_threshold"][found.best] in marks
    assert dict(mpl.rcParams) == before
    out = capsys.readouterr()
    assert out.out == out.err == ""


def test_plot_draws_on_a_given_axes(evaluated):
    fig, ax = plt.subplots()
    assert evaluated[0].plot(ax=ax, title="mine")[0] is fig
    assert "mine" in [one.get_title() for one in fig.axes]


@pytest.mark.parametrize("cluster", CLUSTERERS)
def test_the_other_plots_work_quietly(cluster, X, capsys):
    needs(cluster)
    found = search_k(X, cluster=cluster, max_clust=10)
    ce = to_clusteval(found, X)
    before = dict(mpl.rcParams)
    assert isinstance(ce.scatter(X[:, :2])[0], Figure)
    assert isinstance(ce.plot_silhouette()[0], Figure)
    cut = ce.dendrogram()
    assert len(set(cut["labx"])) == found.n_found
    assert isinstance(cut["fig"], Figure)
    assert dict(mpl.rcParams) == before
    out = capsys.readouterr()
    assert out.out == out.err == ""


@pytest.mark.parametrize("options", [{"n_clusters": 1}, {"n_clusters": 40}, {"n_clusters": 4}])
@pytest.mark.parametrize("evaluate", ["silhouette", "derivative", "elbow"])
def test_plots_work_for_exactly_k_clusters(options, evaluate, X):
    ce = to_clusteval(search_k(X[:40], evaluate=evaluate, **options), X[:40])
    assert isinstance(ce.plot()[0], Figure)
    assert len(set(ce.dendrogram()["labx"])) == options["n_clusters"]
    assert isinstance(ce.scatter()[0], Figure)
    if options["n_clusters"] == 1:
        with pytest.raises(InvalidDataError, match="1 cluster of 40 images"):
            ce.plot_silhouette()


def test_one_score_is_drawn_as_a_point(X):
    found = search_k(X, n_clusters=7)
    ax = to_clusteval(found, X).plot()[1]
    point = ax.lines[0]
    assert point.get_xydata().tolist() == [[7, found.score["score"][0]]]
    assert point.get_marker() == "o"
    assert point.get_zorder() > ax.lines[1].get_zorder()


def test_numbers_of_clusters_are_whole_on_their_axis(X):
    fig, axes = to_clusteval(search_k(X, cluster="dbscan"), X).plot()
    fig.canvas.draw()
    ticks = axes[1].get_yticks()
    assert len(ticks) and (ticks == np.round(ticks)).all()


def test_both_curves_of_the_derivative_are_named(X):
    ax = to_clusteval(search_k(X, evaluate="derivative"), X).plot()[1]
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == ["Height of the merge", "Acceleration"]


def test_the_cut_of_the_tree_is_known(X):
    found = search_k(X)
    ce = to_clusteval(found, X)
    assert ce.Z is found.tree
    cut = tuple(ce.results[key] for key in ("max_d", "max_d_lower", "max_d_upper"))
    assert cut == found.cut


def test_labels_of_another_cut_are_shown(X):
    found = search_k(X)
    recut = with_other_labels(found, cut_tree_k(found.tree, 9))
    ce = to_clusteval(recut, X, recut.labels)
    assert len(set(ce.results["labx"])) == len(set(ce.dendrogram()["labx"])) == 9
    assert isinstance(ce.plot()[0], Figure)


def test_objects_and_noise_are_drawn(X):
    from sklearn.cluster import DBSCAN

    found = search_k(X, cluster=DBSCAN(eps=1.0), metric="cosine")
    assert found.labels.min() == -1
    ce = to_clusteval(found, X)
    assert isinstance(ce.plot()[0], Figure)
    assert isinstance(ce.scatter()[0], Figure)
    assert isinstance(ce.plot_silhouette()[0], Figure)
    assert isinstance(ce.dendrogram()["fig"], Figure)


def test_one_column_can_be_drawn():
    X = np.repeat([0.0, 5.0, 9.0], 5)[:, None] + np.linspace(0, 1, 15)[:, None]
    ce = to_clusteval(search_k(X), X)
    assert isinstance(ce.scatter()[0], Figure)
    assert isinstance(ce.plot_silhouette()[0], Figure)


def test_figure_is_written_where_it_is_asked_for(tmp_path, X):
    for evaluate in ("silhouette", "elbow"):
        path = tmp_path / f"{evaluate}.png"
        to_clusteval(search_k(X, evaluate=evaluate), X).plot(savefig={"fname": str(path)})
        assert path.stat().st_size > 1000


def test_loggers_are_left_as_they_were(X):
    ce = to_clusteval(search_k(X), X)
    names = [name for name in logging.root.manager.loggerDict if name.startswith("clusteval")]
    before = [(logging.getLogger(name).level, logging.getLogger(name).disabled) for name in names]
    ce.plot()
    ce.scatter()
    ce.dendrogram()
    after = [(logging.getLogger(name).level, logging.getLogger(name).disabled) for name in names]
    assert after == before
    assert not any(disabled for _, disabled in after)


def test_a_search_does_not_import_clusteval():
    code = (
        "import sys, numpy as np; from clustimage.cluster import search_k; "
        "search_k(np.random.rand(30, 3)); "
        "print([m for m in ('clusteval', 'matplotlib') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_plots_are_of_the_images_where_the_tree_is_of_micro_clusters(X):
    found = search_k(X, micro_clusters=120)
    ce = to_clusteval(found, X)
    cut = ce.dendrogram()
    assert len(cut["labx"]) == 300
    assert adjusted_rand_score(cut["labx"], found.labels) == 1
    assert cut["ax"].get_xlabel() == "120 micro-clusters of 300 images"
    assert isinstance(ce.plot()[0], Figure)
    assert isinstance(ce.scatter()[0], Figure)
    assert isinstance(ce.plot_silhouette()[0], Figure)
    ce.dendrogram(max_d=found.tree[-5, 2] + 1e-9, update_results=True)
    assert len(ce.results["labx"]) == 300 and len(set(ce.results["labx"])) == 5
    of_images = ce.dendrogram(X=X[:50], metric="euclidean", linkage="single")
    assert len(of_images["labx"]) == 50


@pytest.mark.parametrize("cluster", ["agglomerative", "kmeans", "dbscan"])
def test_sampled_silhouettes_are_plotted_with_their_errors_beside(monkeypatch, X, cluster):
    monkeypatch.setattr("clustimage.cluster.evaluators._silhouette.MAX_ROWS_SCORED_EXACTLY", 50)
    found = search_k(X, cluster=cluster, max_clust=10)
    ce = to_clusteval(found, X)
    assert list(ce.results["score"].columns)[-1] == "standard_error"
    ce.plot(showfig=False)
