"""What an extractor has learned, as arrays and values of JSON."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from clustimage._core.errors import InvalidDataError
from clustimage.features import PCAExtractor, make_extractor


def test_a_state_is_arrays_and_json(gray):
    state = make_extractor("pca-hog", {}).fit(gray).get_state()
    assert {"components_", "mean_", "explained_variance_ratio_", "image_shape_"} <= set(state)
    assert state["image_shape_"] == [64, 64]
    rest = {key: value for key, value in state.items() if not isinstance(value, np.ndarray)}
    assert json.loads(json.dumps(rest)) == rest


def test_a_state_comes_back_from_json(gray):
    extractor = make_extractor("phash", {}).fit(gray)
    back = make_extractor("phash", {}).set_state(json.loads(json.dumps(extractor.get_state())))
    assert back.image_shape_ == extractor.image_shape_ == (64, 64)


def test_an_extractor_that_is_not_fitted_has_an_empty_state():
    assert PCAExtractor().get_state() == {}


def test_names_of_columns_are_left_out(digits):
    frame = pd.DataFrame(digits[0]).add_prefix("p")
    extractor = PCAExtractor(2).fit(frame)
    assert "feature_names_in_" not in extractor.get_state()
    back = PCAExtractor(2).set_state(extractor.get_state())
    np.testing.assert_array_equal(back.transform(digits[0]), extractor.transform(frame))


@pytest.mark.parametrize("name", ["components", "__class__", "fit", "a b_", "_hidden_", "__x_"])
def test_a_foreign_name_raises(name):
    with pytest.raises(InvalidDataError, match="no entry"):
        PCAExtractor().set_state({name: 1})
