"""Features that a user brings, through the class."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.metrics import adjusted_rand_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from clustimage import Clustimage, InvalidDataError, InvalidParameterError, StepOrderError

RNG = np.random.default_rng(0)
GROUPS = np.repeat([0, 1, 2], 10)
E = (RNG.normal(size=(3, 16))[GROUPS] * 4 + RNG.normal(size=(30, 16))).astype("f4")


def quiet(**settings):
    return Clustimage(**{"verbose": "error", "embedding": "pca", **settings})


@pytest.fixture
def folder(tmp_path):
    """Thirty pictures and a broken one, the sixth by its name."""
    for i in range(30):
        noise = RNG.integers(0, 256, (12, 12, 3), dtype=np.uint8)
        Image.fromarray(noise).save(tmp_path / f"{i:02d}.png")
    (tmp_path / "05b.png").write_bytes(b"no image")
    return tmp_path


@pytest.fixture
def brought():
    cl = quiet(method="precomputed")
    cl.fit_transform(features=E)
    return cl


def test_rows_belong_to_the_inputs_in_their_order(folder):
    cl = quiet(method="pca", dim=(12, 12))
    rows = np.insert(E, 6, 99, axis=0)
    results = cl.fit_transform(folder, features=rows)
    np.testing.assert_array_equal(results["feat"], E)
    assert cl.import_status["status"].tolist().index("skipped") == 6
    assert adjusted_rand_score(results["labels"], GROUPS) == 1
    assert cl.plot_unique()[1].get_title()


def test_another_number_of_rows_names_both(folder):
    with pytest.raises(InvalidDataError, match="each of 31 inputs.*Got 30 rows"):
        quiet(dim=(12, 12)).fit_transform(folder, features=E)


def test_steps_one_by_one_give_the_same(folder):
    rows = np.insert(E, 6, 99, axis=0)
    at_once = quiet(dim=(12, 12)).fit_transform(folder, features=rows, n_clusters=3)
    cl = quiet(dim=(12, 12))
    cl.import_data(folder)
    cl.extract_feat(features=rows)
    cl.embedding()
    np.testing.assert_array_equal(cl.cluster(n_clusters=3), at_once["labels"])


def test_without_images_everything_but_pictures_works(brought, tmp_path, caplog):
    cl = brought
    assert adjusted_rand_score(cl.labels_, GROUPS) == 1
    assert cl.results["filenames"][0] == "image_0000" and cl.results["img"] is None
    assert len(cl.to_frame()) == 30
    found = cl.find(features=E[[7]], k=1, alpha=None)
    assert found["image_0000"]["y_idx"].tolist() == [7]
    np.testing.assert_array_equal(cl.predict(features=E), cl.labels_)
    cl.set_params(verbose="info")
    fig, ax = cl.scatter()
    assert len(ax.collections[0].get_offsets()) == 30 and not ax.images
    assert "dots" in caplog.text
    back = Clustimage.load(cl.save(tmp_path / "model"))
    np.testing.assert_array_equal(back.predict(features=E), cl.labels_)
    np.testing.assert_array_equal(back.cluster(n_clusters=3), cl.cluster(n_clusters=3))


@pytest.mark.parametrize("plot", ["plot", "plot_unique", "plot_find", "plot_map"])
def test_plots_of_pictures_say_that_there_are_none(brought, plot):
    brought.find(features=E[:1], k=1)
    with pytest.raises(InvalidDataError, match="features without images"):
        getattr(brought, plot)()


def test_new_images_cannot_be_described(folder):
    cl = quiet(dim=(12, 12))
    cl.fit_transform(sorted(map(str, folder.glob("[0-9][0-9].png"))), features=E)
    (folder / "new.png").write_bytes((folder / "00.png").read_bytes())
    with pytest.raises(InvalidDataError, match="computed elsewhere.*features=..., with 16 columns"):
        cl.find(folder / "new.png", k=1)


def test_normalize_applies_to_queries_too(tmp_path):
    cl = quiet(method="precomputed")
    cl.fit_transform(features=E * RNG.uniform(1, 9, (30, 1)), normalize=True)
    np.testing.assert_allclose(np.linalg.norm(cl.results["feat"], axis=1), 1, rtol=1e-6)
    back = Clustimage.load(cl.save(tmp_path / "model"))
    np.testing.assert_array_equal(back.predict(features=E * 5), cl.labels_)


def test_features_of_a_model_that_made_its_own_are_taken_as_queries(digits):
    cl = quiet(method="pca").fit(digits[0][:100])
    rows = cl.results["feat"]
    np.testing.assert_array_equal(cl.predict(features=rows), cl.labels_)
    with pytest.raises(InvalidDataError, match=f"{rows.shape[1]} columns"):
        cl.predict(features=rows[:, :2])


def test_a_matrix_is_the_features_where_they_are_precomputed(brought):
    cl = quiet(method="precomputed")
    cl.fit(pd.DataFrame(E).astype("Float32"))
    np.testing.assert_array_equal(cl.labels_, brought.labels_)
    np.testing.assert_array_equal(cl.predict(E[:4]), cl.labels_[:4])
    np.testing.assert_array_equal(cl.transform(E[:4]), E[:4])
    assert cl.find(E[[7]], k=1)["image_0000"]["y_idx"][0] == 7
    assert cl.score(E) > 0.3
    steps = make_pipeline(StandardScaler(), quiet(method="precomputed"))
    grid = {"clustimage__params_cluster__n_clusters": [2, 3, 6]}
    mixed = E[np.random.default_rng(0).permutation(30)]
    assert GridSearchCV(steps, grid, cv=2).fit(mixed).best_params_ == {next(iter(grid)): 3}
    with pytest.raises(InvalidDataError, match="makes no features of images"):
        quiet(method="precomputed").fit(np.zeros((4, 8, 8)))


def test_features_set_by_hand_are_refused(brought):
    for cl in (quiet(), brought):
        cl.results["feat"] = E * 2
        for step in (Clustimage.embedding, Clustimage.cluster, Clustimage.unique):
            with pytest.raises(InvalidDataError, match=r"by extract_feat\(features=...\)"):
                step(cl)
        with pytest.raises(InvalidDataError, match=r"by extract_feat\(features=...\)"):
            cl.find(features=E[:1])
    with pytest.raises(StepOrderError, match=r"computed elsewhere: extract_feat\(features=...\)"):
        quiet().embedding(E)


def test_results_in_a_pipeline_name_what_belongs_there(digits):
    from sklearn.linear_model import LogisticRegression

    steps = make_pipeline(quiet(embedding=None), LogisticRegression())
    with pytest.raises(InvalidDataError, match=r"as_transformer\(\)"):
        steps.fit(digits[0][:60], digits[1][:60])


def test_both_or_neither_are_refused(brought):
    for given in ({}, {"Xnew": "a.jpg", "features": E}):
        for method in (brought.find, brought.predict):
            with pytest.raises(InvalidParameterError, match="both|neither"):
                method(**given)


def test_what_is_missing_is_named():
    with pytest.raises(InvalidDataError, match="features=..."):
        quiet(method="precomputed").fit_transform(np.zeros((5, 4, 4)))
    with pytest.raises(StepOrderError, match="import_data"):
        quiet().import_status


def test_images_given_later_replace_features_without_images(brought, digits):
    brought.set_params(method="pca")
    brought.fit_transform(digits[0][:40])
    assert brought.results["img"].shape == (40, 64) and len(brought.find(digits[0][0], k=1)) == 2
