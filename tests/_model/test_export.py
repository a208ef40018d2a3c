"""The mixin: save, load and to_frame of an object that has the two hooks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clustimage._core.errors import InvalidParameterError
from clustimage._model.export import ExportMethods


class Model(ExportMethods):
    """The least that the mixin needs."""

    def __init__(self, results: dict[str, Any], method: Any = None) -> None:
        self.results = results
        self.results_unique = {"idx": np.array([0, 3])}
        self.method = method

    def _metric(self, metric: str | None = None) -> str:
        return metric or "euclidean"

    def _get_state(self) -> dict[str, Any]:
        return {"results": self.results}

    def _face_links(self) -> list[tuple[str, int] | None]:
        return [None] * len(self.results["pathnames"])

    @classmethod
    def _from_state(cls, state: dict[str, Any], **objects: Any) -> Model:
        return cls(state["results"], **objects)


@pytest.fixture
def model() -> Model:
    return Model(
        {
            "pathnames": np.array(["/x/0", "/x/1", "/x/2", "/x/3"], dtype=object),
            "filenames": np.array(["0", "1", "2", "3"], dtype=object),
            "feat": np.array([[0, 0], [0, 2], [0, 4], [9, 9]], dtype=np.float32),
            "labels": np.array([0, 0, 0, -1]),
            "xycoord": None,
        }
    )


def test_a_saved_model_is_loaded_as_its_own_class(model: Model, tmp_path: Path) -> None:
    path = model.save(tmp_path / "m")
    back = Model.load(path)
    assert type(back) is Model
    assert back.method is None
    np.testing.assert_array_equal(back.results["feat"], model.results["feat"])


def test_an_object_of_ones_own_is_handed_over(model: Model, tmp_path: Path) -> None:
    mine = object()
    assert Model.load(model.save(tmp_path / "m"), method=mine).method is mine


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
    model.results["labels"] = model.results_unique = None
    frame = model.to_frame()
    assert frame[["label", "distance_to_center", "is_unique"]].isna().all(axis=None)
