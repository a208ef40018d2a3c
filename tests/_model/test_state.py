import pytest

from clustimage._core.errors import StepOrderError
from clustimage._model.state import ATTRIBUTES, KEYS, empty_results, require, stale_names


def test_all_keys_exist_from_the_start():
    assert empty_results() == dict.fromkeys(
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
        require(empty_results(), key)


def test_every_origin_is_itself_in_the_table():
    names = {**KEYS, **ATTRIBUTES}
    for _, (_, origins) in names.items():
        assert set(origins) <= set(names)


def test_new_images_make_everything_else_stale():
    stale = stale_names({"img", "pathnames", "filenames", "url"})
    # Faces are found beside the chain.
    assert stale == {"feat", "xycoord", "labels", "predict", *ATTRIBUTES} - {"results_faces"}


def test_new_labels_keep_features_and_map():
    assert stale_names({"labels", "clustering_"}) == {
        "predict",
        "radius_",
        "results_unique",
        "clusteval_",
        "queries_",
    }


def test_a_new_map_keeps_labels_that_were_made_from_features():
    assert stale_names({"xycoord", "embedder_"}) == {"results_unique"}


def test_a_new_map_drops_labels_that_were_made_from_the_map():
    made_from = {"labels": ("xycoord",), "clustering_": ("xycoord",)}
    stale = stale_names({"xycoord", "embedder_"}, made_from)
    assert {"labels", "predict", "results_unique", "clustering_", "clusteval_"} <= stale
    assert "feat" not in stale


def test_all_missing_steps_are_named_in_their_order():
    with pytest.raises(StepOrderError, match=r"import_data\(\), then extract_feat\(\), then cl"):
        require(empty_results(), "labels")
    with pytest.raises(StepOrderError, match=r"Run cluster\(\) first"):
        require({**empty_results(), "img": 1, "feat": 1}, "labels")
