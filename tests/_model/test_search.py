"""The search over settings: ranks, budget, known labels, and the model afterwards."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

from clustimage import Clustimage, InvalidParameterError, StepOrderError


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X[:150], y[:150]


def model(**settings):
    return Clustimage(embedding=None, verbose="silent", n_jobs=1, **settings)


def test_candidates_are_ranked_and_the_best_one_is_the_model(digits):
    cl = model(method="phash")
    results = cl.import_data(digits[0])
    table = cl.search(
        methods=["phash", "pca"], clusterers=["agglomerative"], metrics=["euclidean", "cosine"]
    )
    assert len(table) == 4
    assert table["score"].is_monotonic_decreasing
    best = table.iloc[0]
    assert cl.get_params()["method"] == best["method"] == "pca"
    assert cl.clustering_.params["metric"] == best["metric"]
    assert cl.verdict.score == best["score"]
    assert cl.verdict.k == best["k"] == len(np.unique(cl.labels_))
    assert results is cl.results
    # The same as without a search.
    alone = model(method="pca")
    alone.import_data(digits[0])
    alone.extract_feat()
    linkage = {} if best["metric"] == "euclidean" else {"linkage": "average"}
    assert np.array_equal(alone.cluster(metric=best["metric"], **linkage), cl.labels_)
    assert np.array_equal(alone.results["feat"], cl.results["feat"])


def test_given_features_are_the_only_ones_that_are_tried_by_default(digits):
    cl = model(method="precomputed")
    cl.extract_feat(features=digits[0] / 16)
    table = cl.search(clusterers=["agglomerative"])
    assert table["method"].tolist() == ["precomputed"]
    with pytest.raises(InvalidParameterError, match=r"'methods' needs images.*\['pca'\]"):
        cl.search(methods=["pca"])


def test_known_labels_count_half(digits):
    X, y = digits
    cl = model()
    cl.import_data(X)
    names = cl.results["filenames"]
    known = {names[i]: y[i] for i in range(0, 150, 3)}
    table = cl.search(methods=["pca"], clusterers=["agglomerative"], labels_known=known)
    row = table.iloc[0]
    assert row["ari"] == cl.evaluate_labels(known)["ari"]
    assert row["score"] == pytest.approx((cl.verdict.score + row["ari"]) / 2)


def test_a_small_budget_tries_the_first_candidate_and_says_how_many_are_left(digits, caplog):
    cl = Clustimage(embedding=None, verbose="warning", n_jobs=1)
    cl.import_data(digits[0])
    table = cl.search(methods=["pca", None], clusterers=["agglomerative"], budget=1e-6)
    assert len(table) == 1
    assert "1 of 2 candidates" in caplog.text
    assert cl.results["labels"] is not None


def test_a_candidate_without_clusters_says_why(digits):
    cl = model(params_cluster={"min_clust": 20, "max_clust": 24})
    cl.import_data(digits[0])
    table = cl.search(methods=["pca"], clusterers=["dbscan", "agglomerative"])
    assert table["cluster"].tolist() == ["agglomerative", "dbscan"]
    assert table["why"][0] == ""
    assert "dbscan" in table["why"][1]
    assert np.isnan(table["score"][1])
    with pytest.raises(InvalidParameterError, match="No candidate has clusters.*dbscan"):
        cl.search(methods=["pca"], clusterers=["dbscan"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"methods": "pca"}, "'methods' must be a list"),
        ({"methods": []}, "'methods' must be a list"),
        ({"methods": ["pce"]}, "pce"),
        ({"clusterers": ["kmean"]}, "kmean"),
        ({"spaces": ["middle"]}, "middle"),
        ({"metrics": ["far"]}, "far"),
        ({"budget": 0}, "'budget'"),
        ({"clusterers": ["kmeans"], "metrics": ["cosine"]}, "no candidate to try.*kmeans"),
        ({"methods": ["precomputed"]}, r"extract_feat\(features="),
    ],
)
def test_what_cannot_be_searched_is_refused_before_any_work(digits, arguments, message):
    cl = model()
    cl.import_data(digits[0])
    with pytest.raises(InvalidParameterError, match=message):
        cl.search(**arguments)
    assert cl.results["feat"] is None


def test_gray_methods_need_gray_images():
    cl = model()
    cl.import_data(np.zeros((9, 16, 16, 3), dtype=np.uint8))
    with pytest.raises(InvalidParameterError, match="one channel.*grayscale=True"):
        cl.search(methods=["hog"])


def test_a_search_before_import_says_what_to_run():
    with pytest.raises(StepOrderError, match=r"import_data\(\)"):
        model().search()
    with pytest.raises(StepOrderError, match=r"search\(\)"):
        model().plot_search()


def test_the_search_and_known_labels_are_drawn(digits):
    X, y = digits
    cl = model()
    cl.import_data(X)
    table = cl.search(methods=["pca", None], clusterers=["agglomerative"], spaces=["high", "low"])
    fig, axes = cl.plot_search()
    assert len(axes) == 2 + 3
    assert [bar.get_width() for bar in axes[0].patches] == pytest.approx(table["score"].tolist())
    assert len(axes[2].images) == min(12, table["k"][0])
    agreement = axes[1].images[0].get_array()
    assert np.allclose(agreement, agreement.T)
    assert np.allclose(np.diag(agreement), 1)
    fig, ax = cl.plot_contingency(y)
    assert sum(int(text.get_text()) for text in ax.texts) == len(y)
    assert f"{cl.evaluate_labels(y)['ari']:.2f}" in ax.get_title()


def test_by_default_a_network_is_tried_where_it_needs_no_download(digits, monkeypatch):
    cl = model(method="phash")
    cl.import_data(digits[0])
    without = ["color+gist", "pca"]
    for missing, others in (("", ["cnn", *without]), ("torch", without)):
        monkeypatch.setattr("clustimage._model.search.missing_for", lambda params, it=missing: it)
        tried = [one.method for one in cl._combinations(None, ["agglomerative"], None, None)]
        assert tried == ["phash", *others]
