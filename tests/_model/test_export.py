"""Save, load and to_frame as methods."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from clustimage import Clustimage, InvalidParameterError


class Model(Clustimage):
    """A class made of it, as a user might write."""


@pytest.fixture
def model() -> Model:
    model = Model(verbose="error")
    model.results.update(
        pathnames=np.array(["/x/0", "/x/1", "/x/2", "/x/3"], dtype=object),
        filenames=np.array(["0", "1", "2", "3"], dtype=object),
        feat=np.array([[0, 0], [0, 2], [0, 4], [9, 9]], dtype=np.float32),
        labels=np.array([0, 0, 0, -1]),
    )
    model._state.unique = {"idx": np.array([0, 3])}
    return model


def test_a_saved_model_is_loaded_as_its_own_class(digits, tmp_path: Path) -> None:
    model = Model(embedding=None, verbose="error").fit(digits[0][:50])
    back = Model.load(model.save(tmp_path / "m"))
    assert type(back) is Model
    np.testing.assert_array_equal(back.results["feat"], model.results["feat"])


def test_saving_twice_needs_overwrite(model: Model, tmp_path: Path) -> None:
    model.save(tmp_path / "m")
    with pytest.raises(InvalidParameterError, match="overwrite"):
        model.save(tmp_path / "m")
    model.save(tmp_path / "m", overwrite=True)


def test_the_table_has_distances_and_unique_images(model: Model) -> None:
    frame = model.to_frame()
    np.testing.assert_allclose(frame["distance_to_center"], [2, 0, 2, np.nan])
    assert frame["is_unique"].tolist() == [True, False, False, True]


def test_the_table_before_the_clustering(model: Model) -> None:
    model.results["labels"] = model._state.unique = None
    frame = model.to_frame()
    assert frame[["label", "distance_to_center", "is_unique"]].isna().all(axis=None)
