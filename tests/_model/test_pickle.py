"""A model can be pickled and copied at any time."""

import copy
import pickle

import joblib
import numpy as np
import pytest

from clustimage import Clustimage
from clustimage.embedding import EMBEDDERS
from clustimage.features import EXTRACTORS


@pytest.fixture
def used(digits):
    """A model of which everything was asked that is kept."""
    cl = Clustimage(embedding="pca", verbose="silent")
    cl.fit_transform(digits[0][:80], n_clusters=4)
    cl.clusteval.plot()
    cl.pca.plot()
    cl.find(digits[0][:2], k=3)
    return cl


def copied_by_joblib(cl, folder):
    joblib.dump(cl, folder / "model")
    return joblib.load(folder / "model")


@pytest.mark.parametrize(
    "copied",
    [
        lambda cl, _: pickle.loads(pickle.dumps(cl)),
        lambda cl, _: copy.deepcopy(cl),
        copied_by_joblib,
    ],
)
def test_a_copy_of_a_used_model_does_all_that_the_model_does(used, digits, tmp_path, copied):
    back = copied(used, tmp_path)
    assert back.get_params() == used.get_params()
    np.testing.assert_array_equal(back.labels_, used.labels_)
    again = used.find(digits[0][5:6], k=3)["image_0000"]
    assert back.find(digits[0][5:6], k=3)["image_0000"].equals(again)
    back.plot_find()
    np.testing.assert_array_equal(back.cluster(n_clusters=5), used.cluster(n_clusters=5))
    back.clusteval.plot()
    back.pca.plot()


def test_a_copy_holds_the_images_once(used):
    back = copy.deepcopy(used)
    assert np.shares_memory(back.results["img"], back.images_.pixels)
    assert not np.shares_memory(back.results["img"], used.results["img"])
    assert used.results["img"] is not None


def test_images_of_ones_own_in_the_results_are_kept(used):
    used.results["img"] = np.zeros_like(used.results["img"])
    assert not copy.deepcopy(used).results["img"].any()


def test_an_index_of_faiss_is_built_again(used, digits):
    pytest.importorskip("faiss")
    options = {"k": 3, "alpha": None, "approximate": True}
    found = used.find(digits[0][5:6], **options)["image_0000"]
    assert (
        pickle.loads(pickle.dumps(used)).find(digits[0][5:6], **options)["image_0000"].equals(found)
    )


def test_photos_that_live_in_files_come_along(corel, tmp_path):
    cl = Clustimage(
        "pca", "pca", dim=(64, 64), dirpath=tmp_path, max_memory="150MB", verbose="silent"
    )
    cl.fit_transform(corel[0][:20], n_clusters=3)
    back = pickle.loads(pickle.dumps(cl))
    np.testing.assert_array_equal(back.results["img"], cl.results["img"])
    np.testing.assert_array_equal(
        back.fit_transform(corel[0][:20], n_clusters=3)["labels"], cl.labels_
    )


@pytest.mark.parametrize(
    "method", [name for name in EXTRACTORS if name not in ("cnn", "exif", "face", "precomputed")]
)
def test_every_method_pickles(digits, method):
    cl = Clustimage(method, None, grayscale=True, verbose="silent").fit(
        digits[0][:20], n_clusters=3
    )
    back = pickle.loads(pickle.dumps(cl))
    np.testing.assert_array_equal(back.transform(digits[0][20:22]), cl.transform(digits[0][20:22]))


@pytest.mark.parametrize("embedding", sorted(set(EMBEDDERS) - {None}))
def test_every_embedder_pickles(digits, embedding):
    if embedding == "umap":
        pytest.importorskip("umap")
    cl = Clustimage(None, embedding, verbose="silent").fit(digits[0][:30], n_clusters=3)
    cl.find(digits[0][:2], k=1)
    back = pickle.loads(pickle.dumps(cl))
    np.testing.assert_array_equal(back.query_xycoord_, cl.query_xycoord_)


def test_objects_of_clusteval_and_pca_pickle_by_themselves(used):
    evaluation, components = pickle.loads(pickle.dumps((used.clusteval, used.pca)))
    assert evaluation.results["score"].equals(used.clusteval.results["score"])
    assert components.results["PC"].equals(used.pca.results["PC"])
    evaluation.plot()
    components.scatter()
