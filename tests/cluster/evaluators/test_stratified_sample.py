import numpy as np
import pytest
from scipy.stats import sem
from sklearn.datasets import make_blobs
from sklearn.metrics import silhouette_score

from clustimage._distances.metrics import METRICS
from clustimage.cluster._candidates import Candidates
from clustimage.cluster.evaluators import _silhouette
from clustimage.cluster.evaluators._silhouette import Silhouette, mean_silhouettes
from clustimage.cluster.evaluators._stratified_sample import (
    choose_strata,
    draw_sample,
    stratified_mean,
)
from clustimage.cluster.tree._linkage import build_tree, cut_tree_k


def nested(X, ks):
    tree = build_tree(X)
    return [cut_tree_k(tree, k) for k in ks]


def unrelated(X, ks):
    """Labellings by one column, that cut each other into many cells."""
    ranks = X[:, 0].argsort().argsort()
    return [ranks * k // len(X) for k in ks]


@pytest.fixture(scope="module")
def overlapping() -> np.ndarray:
    """Groups that are not clear, `(1500, 4)`: silhouettes of all sizes."""
    return make_blobs(1500, 4, centers=9, cluster_std=3.0, random_state=1)[0]


@pytest.mark.parametrize("labellings", [nested, unrelated])
@pytest.mark.parametrize("metric", METRICS)
def test_a_sample_of_everything_gives_the_values_of_scikit_learn(metric, labellings, blobs):
    X = blobs[0]
    chosen = labellings(X, (2, 6, 20))
    scores, errors = mean_silhouettes(X, chosen, metric=metric, n_sampled=len(X))
    theirs = [silhouette_score(X, labels, metric=metric) for labels in chosen]
    np.testing.assert_allclose(scores, theirs, atol=1e-9)
    assert errors.tolist() == [0, 0, 0]


@pytest.mark.parametrize("labellings", [nested, unrelated])
def test_estimates_lie_as_far_from_the_exact_values_as_their_errors_say(labellings, overlapping):
    """The standard errors are right: neither too small nor too large."""
    chosen = labellings(overlapping, (2, 5, 12, 24))
    exact = mean_silhouettes(overlapping, chosen)[0]
    found = [
        mean_silhouettes(overlapping, chosen, n_sampled=200, random_state=seed)
        for seed in range(60)
    ]
    scores, errors = (np.array(part) for part in zip(*found, strict=True))
    off = (scores - exact) / errors
    assert np.abs(off).max() < 4
    # Of 240 about 95 % lie within 1.96 errors, and the mean square is about 1.
    assert 0.90 < (np.abs(off) < 1.96).mean() < 0.99
    assert 0.75 < (off**2).mean() < 1.3
    assert np.abs((scores - exact).mean(axis=0) / (errors.mean(axis=0) / np.sqrt(60))).max() < 3.5


def test_strata_make_the_error_smaller(monkeypatch):
    """A tight group and a wide one: what differs between them is no matter of chance."""
    X, labels = make_blobs([500, 500], 3, cluster_std=[0.1, 4.0], random_state=0)
    _, stratified = mean_silhouettes(X, [labels], n_sampled=100)
    monkeypatch.setattr(_silhouette, "choose_strata", lambda *_: np.zeros(len(X), dtype=int))
    _, alone = mean_silhouettes(X, [labels], n_sampled=100)
    assert stratified[0] < 0.9 * alone[0]


def test_float32_gives_what_float64_gives(overlapping):
    X = (overlapping + 100).astype(np.float32)
    chosen = nested(overlapping, (3, 9))
    ours, _ = mean_silhouettes(X, chosen, n_sampled=300)
    theirs, _ = mean_silhouettes(X.astype(np.float64), chosen, n_sampled=300)
    np.testing.assert_allclose(ours, theirs, atol=1e-12)


def test_unclustered_images_count_as_zero_and_undefined_scores_are_nan(overlapping):
    labels = nested(overlapping, (5,))[0].copy()
    labels[::3] = -1
    n = len(overlapping)
    labellings = [labels, np.zeros(n, int), np.arange(n), np.full(n, -1)]
    exact = mean_silhouettes(overlapping, labellings)[0]
    scores, errors = mean_silhouettes(overlapping, labellings, n_sampled=400)
    assert np.isfinite(scores).tolist() == [True, False, False, False]
    assert np.isfinite(errors).tolist() == [True, False, False, False]
    assert abs(scores[0] - exact[0]) < 4 * errors[0]


def test_images_alone_in_their_cluster_count_as_zero(blobs):
    labels = np.where(np.arange(300) < 200, blobs[1], np.arange(300))
    labels = np.unique(labels, return_inverse=True)[1]
    exact = mean_silhouettes(blobs[0], [labels])[0]
    scores, errors = mean_silhouettes(blobs[0], [labels], n_sampled=120)
    assert abs(scores[0] - exact[0]) < 4 * errors[0]


def test_the_answer_depends_on_the_seed_and_not_on_the_threads(overlapping):
    chosen = nested(overlapping, (3, 9))
    first = mean_silhouettes(overlapping, chosen, n_sampled=600, n_jobs=1)
    again = mean_silhouettes(overlapping, chosen, n_sampled=600, n_jobs=2)
    other = mean_silhouettes(overlapping, chosen, n_sampled=600, random_state=1)
    np.testing.assert_array_equal(first, again)
    assert (first[0] != other[0]).all()


def test_a_sample_has_its_share_of_every_stratum():
    strata = np.random.default_rng(0).permutation(np.repeat([0, 1, 2, 3], [600, 390, 9, 1]))
    sample = draw_sample(strata, 100)
    assert np.bincount(strata[sample]).tolist() == [60, 39, 2, 1]
    assert (np.diff(sample) > 0).all()
    assert draw_sample(strata, 10**6).tolist() == [*range(1000)]


def test_every_image_is_drawn_equally_often():
    strata = np.repeat([0, 1], [30, 10])
    drawn = np.zeros(40)
    for seed in range(2000):
        drawn[draw_sample(strata, 8, seed)] += 1
    np.testing.assert_allclose(drawn / 2000, 0.2, atol=0.04)


def test_the_stratified_mean_is_that_of_the_textbook():
    """Cochran (1977), chapter 5: by hand, two strata and two quantities."""
    values = np.array([[1.0, 3.0, 10.0, 14.0, 12.0], [2.0, 2.0, 5.0, 5.0, 5.0]])
    means, errors = stratified_mean(values, np.array([0, 0, 1, 1, 1]), np.array([6, 4]))
    np.testing.assert_allclose(means, [0.6 * 2 + 0.4 * 12, 0.6 * 2 + 0.4 * 5])
    variance = 0.36 * (1 - 2 / 6) * 2 / 2 + 0.16 * (1 - 3 / 4) * 4 / 3
    np.testing.assert_allclose(errors, [np.sqrt(variance), 0])


def test_only_many_images_are_sampled(overlapping, monkeypatch, caplog):
    chosen = nested(overlapping, (3, 9))
    candidates = Candidates(chosen, [3, 9])
    evaluator = Silhouette()
    exact = evaluator.score(overlapping, candidates)
    assert evaluator.errors_ is None
    np.testing.assert_array_equal(exact, mean_silhouettes(overlapping, chosen)[0])
    monkeypatch.setattr(_silhouette, "MAX_ROWS_SCORED_EXACTLY", 1000)
    with caplog.at_level("INFO", "clustimage"):
        scores = evaluator.score(overlapping, candidates, random_state=3)
    assert caplog.messages == [
        "Scoring: silhouettes of a sample of 4,000 images, because 1,500 images are more than "
        "1,000."
    ]
    np.testing.assert_allclose(scores, exact, atol=1e-9)  # 4,000 are all of them
    assert evaluator.errors_ is not None
    assert evaluator.errors_.tolist() == [0, 0]


def test_each_cell_is_a_stratum_where_there_are_few():
    cells = np.array([0, 1, 1, 2, 0])
    assert choose_strata([cells], cells, 3) is cells
    assert choose_strata([cells], cells, 100) is cells


@pytest.mark.parametrize("most", [4, 5])
def test_of_more_cells_the_finest_labelling_gives_the_strata(most):
    coarse, fine = np.array([0, 0, 1, 1, 1, -1]), np.array([0, 1, 2, 2, 2, -1])
    cells = np.arange(6)
    for labellings in ([coarse, fine], [fine, coarse]):
        strata = choose_strata(labellings, cells, most)
        # Images in no cluster are a stratum too.
        assert strata.tolist() == [1, 2, 3, 3, 3, 0]


def test_of_more_clusters_the_smallest_become_one_stratum():
    labels = np.repeat([0, 1, 2, 3], [2, 5, 1, 9])
    strata = choose_strata([labels], labels, 3)
    assert strata.tolist() == [2] * 2 + [1] * 5 + [2] * 1 + [0] * 9
    # Of equal sizes the first stay alone.
    equal = np.repeat([0, 1, 2, 3], 4)
    assert choose_strata([equal], equal, 3).tolist() == [0] * 4 + [1] * 4 + [2] * 8
    assert choose_strata([equal], equal, 1).tolist() == [0] * 16
    assert choose_strata([equal], equal, 0).tolist() == [0] * 16
    many = np.repeat(np.arange(80), np.tile([1, 2], 40))
    assert choose_strata([many], many, 21)[many % 2 == 1].tolist() == [
        *np.repeat(np.arange(20), 2),
        *[20] * 40,
    ]


def test_small_strata_are_drawn_as_a_whole_or_by_two():
    strata = np.repeat([0, 1, 2, 3], [1, 2, 3, 994])
    sample = draw_sample(strata, 10)
    assert np.bincount(strata[sample]).tolist() == [1, 2, 2, 10]
    assert len(set(sample.tolist())) == len(sample)


def test_the_seed_decides_which_are_drawn():
    strata = np.repeat([0, 1], 500)
    default, first, other = (draw_sample(strata, 20, *seed) for seed in ((), (0,), (1,)))
    assert default.tolist() == first.tolist() != other.tolist()
    rng = np.random.default_rng(0)
    assert draw_sample(strata, 20, rng).tolist() == first.tolist()
    assert draw_sample(strata, 20, rng).tolist() != first.tolist()


def test_a_stratum_of_one_has_no_variance():
    means, errors = stratified_mean(np.array([[5.0, 1.0]]), np.array([0, 1]), np.array([1, 1]))
    assert (means.tolist(), errors.tolist()) == ([3], [0])


def test_the_error_is_that_of_a_simple_sample_where_there_is_one_stratum():
    values = np.random.default_rng(0).normal(size=(3, 40))
    means, errors = stratified_mean(values, np.zeros(40, dtype=int), np.array([1000]))
    np.testing.assert_allclose(means, values.mean(axis=1))
    np.testing.assert_allclose(errors, sem(values, axis=1) * np.sqrt(1 - 40 / 1000))


def test_a_sample_is_at_most_a_few_more_than_was_asked_for(overlapping):
    """Of a hundred images there are at most 12 strata, of two images at least."""
    chosen = nested(overlapping, (2, 24))
    drawn = []
    real = _silhouette.draw_sample

    def counted(strata, n_sampled, random_state):
        sample = real(strata, n_sampled, random_state)
        drawn.append((int(strata.max()) + 1, len(sample), n_sampled, random_state))
        return sample

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_silhouette, "draw_sample", counted)
        mean_silhouettes(overlapping, chosen, n_sampled=100, random_state=5)
    ((n_strata, n_drawn, asked, seed),) = drawn
    assert n_strata == 12 and 90 <= n_drawn <= 112 and (asked, seed) == (100, 5)


def test_the_evaluator_samples_as_many_as_it_says_with_the_seed(overlapping, monkeypatch):
    candidates = Candidates(nested(overlapping, (3, 9)), [3, 9])
    monkeypatch.setattr(_silhouette, "N_SAMPLED", 200)
    monkeypatch.setattr(_silhouette, "MAX_ROWS_SCORED_EXACTLY", 1500)
    evaluator = Silhouette()
    evaluator.score(overlapping, candidates)
    assert evaluator.errors_ is None
    monkeypatch.setattr(_silhouette, "MAX_ROWS_SCORED_EXACTLY", 1499)
    for seed in (0, 3):
        scores = evaluator.score(overlapping, candidates, metric="cosine", random_state=seed)
        expected = mean_silhouettes(
            overlapping, candidates.labels, metric="cosine", n_sampled=200, random_state=seed
        )
        np.testing.assert_array_equal((scores, evaluator.errors_), expected)
    np.testing.assert_array_equal(
        evaluator.score(overlapping, candidates),
        mean_silhouettes(overlapping, candidates.labels, n_sampled=200)[0],
    )
