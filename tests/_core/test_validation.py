import numpy as np
import pytest

from clustimage._core.errors import InvalidParameterError
from clustimage._core.validation import (
    check_bool,
    check_int,
    check_option,
    check_real,
    check_shape,
    check_unknown_names,
    merge_defaults,
)


def test_an_option_that_is_allowed_is_returned():
    assert check_option("method", None, {None: 1, "pca": 2}) is None
    assert check_option("method", "pca", {None: 1, "pca": 2}) == "pca"


@pytest.mark.parametrize(
    "value, message",
    [
        ("warde", "'linkage' must be one of 'ward', 'single'. Got 'warde'. Did you mean 'ward'?"),
        ("WARD", "'linkage' must be one of 'ward', 'single'. Got 'WARD'. Did you mean 'ward'?"),
        ("x", "'linkage' must be one of 'ward', 'single'. Got 'x'."),
        (None, "'linkage' must be one of 'ward', 'single'. Got None."),
        ([1], "'linkage' must be one of 'ward', 'single'. Got [1]."),
    ],
)
def test_an_option_that_is_not_allowed_names_the_nearest(value, message):
    with pytest.raises(InvalidParameterError) as caught:
        check_option("linkage", value, ["ward", "single"])
    assert str(caught.value) == message


def test_an_error_of_a_parameter_is_a_value_error():
    with pytest.raises(ValueError, match="'k'"):
        check_int("k", 0, low=1)


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3)])
def test_whole_numbers_of_every_kind_are_taken(value):
    assert check_int("k", value, low=1, high=5) == 3
    assert type(check_int("k", value)) is int


@pytest.mark.parametrize(
    "value, message",
    [
        (0, "'k' must be a whole number from 1 to 5. Got 0."),
        (6, "'k' must be a whole number from 1 to 5. Got 6."),
        (2.0, "'k' must be a whole number from 1 to 5. Got 2.0."),
        (True, "'k' must be a whole number from 1 to 5. Got True."),
        ("3", "'k' must be a whole number from 1 to 5. Got '3'."),
        (None, "'k' must be a whole number from 1 to 5. Got None."),
    ],
)
def test_a_wrong_whole_number_says_what_is_allowed(value, message):
    with pytest.raises(InvalidParameterError) as caught:
        check_int("k", value, low=1, high=5)
    assert str(caught.value) == message


def test_a_bound_on_one_side_is_named():
    with pytest.raises(InvalidParameterError, match="of at least 1. Got 0"):
        check_int("k", 0, low=1)
    with pytest.raises(InvalidParameterError, match="of at most 4. Got 5"):
        check_int("k", 5, high=4)


def test_real_numbers_and_their_open_end():
    assert check_real("alpha", 1, low=0, high=1) == 1.0
    assert check_real("alpha", np.float32(0.5)) == 0.5
    with pytest.raises(InvalidParameterError, match="'alpha' must be a number above 0. Got 0"):
        check_real("alpha", 0, low=0, low_open=True)
    with pytest.raises(
        InvalidParameterError, match="'alpha' must be a number from 0 to 1. Got nan"
    ):
        check_real("alpha", float("nan"), low=0, high=1)


def test_booleans():
    assert check_bool("grayscale", np.bool_(True)) is True
    with pytest.raises(InvalidParameterError, match="'grayscale' must be True or False. Got 1."):
        check_bool("grayscale", 1)


@pytest.mark.parametrize("value", [128, (1, 2, 3), "ab", (0, 5), (3.5, 4), None])
def test_a_shape_is_two_whole_numbers(value):
    with pytest.raises(InvalidParameterError, match="'dim'"):
        check_shape("dim", value)


def test_a_shape_may_be_a_list_or_an_array():
    assert check_shape("dim", [64, 32]) == check_shape("dim", np.array([64, 32])) == (64, 32)


def test_a_partial_dict_keeps_the_other_defaults_and_changes_nothing_in_place():
    defaults = {"a": 1, "b": 2}
    given = {"b": 3}
    assert merge_defaults("params", given, defaults) == {"a": 1, "b": 3}
    assert (defaults, given) == ({"a": 1, "b": 2}, {"b": 3})
    assert merge_defaults("params", None, defaults) == defaults
    assert merge_defaults("params", None, defaults) is not defaults


def test_an_unknown_setting_names_the_nearest():
    with pytest.raises(
        InvalidParameterError, match="no setting 'n_component'.*Did you mean 'n_comp"
    ):
        check_unknown_names("params_pca", {"n_component": 3}, {"n_components": 0.95})
    with pytest.raises(InvalidParameterError, match="'params_pca' must be a dict"):
        merge_defaults("params_pca", 3, {"n_components": 0.95})
