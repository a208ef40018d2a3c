import copy
import pickle
from dataclasses import fields

import numpy as np
import pandas as pd
import pytest

from clustimage._core.errors import InvalidDataError
from clustimage._core.file_arrays import new_array
from clustimage._core.memory import Budget
from clustimage._core.step_order import StepOrderError
from clustimage._model.state import RESULTS, SOURCES, State, require, stale_names
from clustimage.images import Images, load_images
from clustimage.notebook import MAX_ROWS, Found, Unique


@pytest.fixture
def images() -> Images:
    """Twelve images."""
    return load_images(np.random.default_rng(0).integers(0, 256, (12, 8, 8, 1), dtype=np.uint8))


def with_images(images: Images) -> State:
    """A state in which these are imported, and nothing else was done."""
    state = State(images=images)
    state.store(img=images.flat, pathnames=images.pathnames, filenames=images.filenames)
    return state


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


def test_the_message_names_the_steps_and_where_other_features_go():
    chain = "first, or fit_transform() for the whole chain."
    with pytest.raises(StepOrderError) as images_missing:
        require(State().results, "img")
    assert str(images_missing.value) == (
        f"results['img'] is not there yet. Run import_data() {chain}"
    )
    with pytest.raises(StepOrderError) as features_missing:
        require(State().results, "feat")
    assert str(features_missing.value) == (
        f"results['feat'] is not there yet. Run import_data(), then extract_feat() {chain} "
        "Features that were computed elsewhere: extract_feat(features=...)."
    )


def test_answers_that_were_not_asked_for_yet_are_named_by_their_method():
    with pytest.raises(StepOrderError) as missing:
        require({**State().results, "feat": 1, "labels": 1}, "predict")
    assert str(missing.value) == "There is nothing found yet. Run find() first."


def test_features_that_replaced_those_of_the_model_are_refused():
    state = State()
    state.store(feat=np.ones((2, 3)))
    assert state.require("feat") is state.results["feat"]
    state.results["feat"] = np.ones((2, 3))
    with pytest.raises(InvalidDataError) as replaced:
        state.require("feat")
    assert str(replaced.value) == (
        "results['feat'] was set by hand, and nothing else of the model belongs to it. "
        "Give features that were computed elsewhere by extract_feat(features=...)."
    )


def test_results_that_were_replaced_by_hand_are_returned():
    state = State()
    state.store(feat=np.ones((2, 3)), labels=np.array([0, 1]))
    state.results["labels"] = np.array([1, 0])
    assert state.require("labels").tolist() == [1, 0]


def test_images_are_returned_where_they_were_imported(images):
    assert with_images(images).images_read() is images
    with pytest.raises(StepOrderError, match=r"Run import_data\(\) first"):
        State().images_read()


def test_features_without_images_are_named():
    state = State()
    state.store(feat=np.ones((2, 3)))
    with pytest.raises(InvalidDataError) as without:
        state.images_read()
    assert str(without.value) == (
        "This model has features without images, and that needs the images themselves. "
        "Give the images beside their features."
    )


def test_the_clustering_is_returned_where_there_is_one():
    state = State()
    state.store(feat=1, labels=2, clustering="found")
    assert state.clustered() == "found"
    with pytest.raises(StepOrderError, match=r"then cluster\(\) first"):
        State().clustered()


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda state: pickle.loads(pickle.dumps(state))])
def test_a_copy_holds_images_and_features_once(copied, images):
    state = with_images(images)
    state.store(feat=np.ones((12, 3)), unique={"idx": np.arange(2)})
    back = copied(state)
    assert back.feat is back.results["feat"]
    assert np.shares_memory(back.results["img"], back.images.pixels)
    np.testing.assert_array_equal(back.results["img"], images.flat)
    assert state.results["img"] is not None and state.feat is not None
    assert back.require("feat").shape == (12, 3)
    assert back.unique.thumbnails is not None


def test_a_copy_keeps_what_was_computed_and_leaves_out_what_is_made_again():
    rebuilt = {"pca", "clusteval", "index", "graph", "ranks", "budget"}
    plain = {field.name for field in fields(State)} - {"results", "images", "feat", "made_from"}
    state = State(**{name: [name] for name in plain})
    state.store(feat=[1], labels=[2])
    for name in plain:
        setattr(state, name, [name])
    back = pickle.loads(pickle.dumps(state))
    assert {name for name in plain if getattr(back, name) is None} == rebuilt
    assert {name for name in plain if getattr(back, name) == [name]} == plain - rebuilt
    assert (back.results, back.feat) == (state.results, [1])
    assert back.feat is back.results["feat"] and back.images is None
    assert set(vars(back)) == {field.name for field in fields(State)}


def test_pixels_that_belong_to_no_images_are_kept_in_a_copy():
    state = State()
    state.results["img"] = np.ones((2, 3))
    np.testing.assert_array_equal(copy.deepcopy(state).results["img"], np.ones((2, 3)))


def test_images_without_pixels_in_the_results_come_back_after_a_copy(images):
    back = pickle.loads(pickle.dumps(State(images=images)))
    np.testing.assert_array_equal(back.results["img"], images.flat)


def test_what_was_there_at_a_snapshot_can_be_restored():
    state = State()
    state.store({"labels": ("xycoord",)}, feat=1, labels=2, names={0: "a"})
    results = state.results
    kept = state.snapshot()
    state.store({"clustering": ("xycoord",)}, feat=5, labels=6)
    assert (state.results["labels"], state.names) == (6, None)
    state.restore(kept)
    assert (state.results["feat"], state.feat, state.results["labels"]) == (1, 1, 2)
    assert state.names == {0: "a"} and state.made_from == {"labels": ("xycoord",)}
    assert state.results is results


def test_answers_show_the_images_of_the_model(images):
    state = with_images(images)
    state.store(unique={"idx": np.array([3])})
    assert type(state.unique) is Unique and state.unique == {"idx": np.array([3])}
    (picture,) = state.unique.thumbnails.of([3])
    np.testing.assert_array_equal(picture.pixels, images.pixels[3, ..., 0])
    features_alone = State()
    features_alone.store(unique={"idx": np.array([3])})
    assert features_alone.unique.thumbnails is None


def test_other_dicts_are_stored_as_they_are(images):
    state = with_images(images)
    columns = {"width": [1, 2]}
    state.store(metadata=columns, names=None)
    assert state.metadata is columns and type(columns) is dict


def test_answers_show_the_images_that_were_asked_for(images):
    state = with_images(images)
    state.queries = images
    found = {f"image_{i:04d}": pd.DataFrame({"y_idx": [i]}) for i in range(12)}
    state.queries, state.results["predict"] = images, found
    state.show_pictures()
    answer = state.results["predict"]
    assert type(answer) is Found and len(answer.queries) == MAX_ROWS
    np.testing.assert_array_equal(answer.queries[1].pixels, images.pixels[1, ..., 0])
    queries = answer.queries
    state.show_pictures()
    assert state.results["predict"].queries is queries
    assert state.results["predict"] is answer


def test_kept_arrays_count_as_memory_in_use(images):
    """Bytes of pixels, of features and the map, and 700 for each image."""
    state = with_images(images)
    state.store(feat=np.ones((12, 5)), xycoord=np.ones((12, 2)))
    budget = state.in_use(Budget(10**6, held=1000))
    assert (budget.total, budget.in_file) == (10**6, 0)
    assert budget.held == 1000 + images.flat.nbytes + 12 * 5 * 8 + 12 * 2 * 8 + 700 * 12
    anew = state.in_use(Budget(10**6), made=("feat", "xycoord"))
    assert anew.held == images.flat.nbytes + 700 * 12
    assert State().in_use(Budget(10**6)) == Budget(10**6)


def test_pixels_in_a_file_count_as_such_and_not_as_memory(images, tmp_path):
    state = with_images(images)
    state.results["img"] = new_array((12, 64), np.uint8, folder=tmp_path, what="Pixels")
    budget = state.in_use(Budget(10**6))
    assert (budget.held, budget.in_file) == (700 * 12, 12 * 64)
