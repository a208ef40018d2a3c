from dataclasses import fields

import pytest

from clustimage._core.step_order import StepOrderError
from clustimage._model.state import RESULTS, SOURCES, State, require, stale_names


def test_all_keys_exist_from_the_start():
    assert State().results == dict.fromkeys(
        ["img", "feat", "xycoord", "pathnames", "filenames", "labels", "url", "predict"]
    )


@pytest.mark.parametrize(
    "key, step",
    [
        ("img", "import_data"),
        ("feat", "extract_feat"),
        ("xycoord", "embedding"),
        ("labels", "cluster"),
    ],
)
def test_what_is_missing_names_the_step_to_run(key, step):
    with pytest.raises(StepOrderError, match=rf"{step}\(\) first, or fit_transform\(\)"):
        require(State().results, key)


def test_every_origin_is_itself_in_the_table():
    for _, origins in SOURCES.values():
        assert set(origins) <= set(SOURCES)


def test_new_images_make_everything_else_stale():
    stale = stale_names({"img", "pathnames", "filenames", "url"})
    # Faces are found beside the chain.
    assert stale == {"feat", "xycoord", "labels", "predict", *(set(SOURCES) - set(RESULTS))} - {
        "faces",
        "named",
        "corrections",
    }


def test_new_labels_keep_features_and_map():
    assert stale_names({"labels", "clustering"}) == {
        "predict",
        "radius",
        "unique",
        "clusteval",
        "queries",
        "stability",
        "verdict",
        "resampling",
        "names",
    }


def test_a_new_map_keeps_labels_that_were_made_from_features():
    assert stale_names({"xycoord", "embedder"}) == {"unique"}


def test_a_new_map_drops_labels_that_were_made_from_the_map():
    made_from = {"labels": ("xycoord",), "clustering": ("xycoord",)}
    stale = stale_names({"xycoord", "embedder"}, made_from)
    assert {"labels", "predict", "unique", "clustering", "clusteval"} <= stale
    assert "feat" not in stale


def test_all_missing_steps_are_named_in_their_order():
    with pytest.raises(StepOrderError, match=r"import_data\(\), then extract_feat\(\), then cl"):
        require(State().results, "labels")
    with pytest.raises(StepOrderError, match=r"Run cluster\(\) first"):
        require({**State().results, "img": 1, "feat": 1}, "labels")


def test_every_attribute_of_the_state_is_in_the_table():
    own = {field.name for field in fields(State)} - {"results", "images", "made_from", "budget"}
    own -= {"feat"}  # that of the results, to see whether it was replaced
    assert own == set(SOURCES) - set(RESULTS)


def test_what_is_stored_drops_what_was_made_from_the_older_value():
    state = State()
    state.store(feat=1, xycoord=2, labels=3, unique={"idx": [0]})
    state.store(labels=4)
    assert (state.results["labels"], state.unique, state.results["xycoord"]) == (4, None, 2)
    state.store({"labels": ("xycoord",)}, labels=5)
    state.store(xycoord=6)
    assert state.results["labels"] is None
