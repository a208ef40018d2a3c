"""``method="cnn"``: its settings, its rows, and what it does not do twice."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from sklearn.base import clone

from clustimage import Clustimage
from clustimage._core.errors import InvalidParameterError, MissingDependencyError, ModelFileError
from clustimage.adapters import make_pca_object
from clustimage.features import CNNExtractor, PCAExtractor, make_extractor
from clustimage.features.cnn import _cnn
from clustimage.features.cnn._cnn import scaled_to_length_one
from clustimage.images import load_images, open_cache

SMALL = {"model": "squeezenet1_1", "weights": None, "device": "cpu"}


def make(**settings):
    return make_extractor("cnn", {"params_cnn": {**SMALL, **settings}, "n_jobs": 2})


@pytest.fixture
def torch():
    pytest.importorskip("torchvision")
    return pytest.importorskip("torch")


@pytest.fixture
def folder(tmp_path):
    """Six photos of noise."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(6):
        pixels = rng.integers(0, 200, (40 + number, 60, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


# --- settings -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, value, words",
    [
        ("batch_size", 0, "'batch_size' must be a whole number of at least 1"),
        ("batch_size", 8.0, "'batch_size' must be a whole number"),
        ("n_components", 0, "'n_components' must be a count"),
        ("normalize", "yes", "'normalize' must be True or False"),
        ("layer", 1.5, "'layer' must be a whole number"),
        ("layer", True, "'layer' must be a whole number"),
        ("device", "gpu", "'device' must be 'auto', 'cpu', 'cuda'"),
        ("device", "cuda:x", "'device' must be"),
        ("device", 0, "'device' must be"),
        ("model", 3, "'model' must be the name of a network of torchvision"),
        ("model", PCAExtractor, "'model' must be the name"),
        ("weights", 3, "'weights' must be the name of weights"),
        ("precision", "half", "'precision' must be one of 'auto', 'float32', 'bfloat16'"),
        ("model", "resnet18+", "'model' must have the name of a network on both sides of each"),
        ("weight", None, "'params_cnn' has no setting 'weight'.*Did you mean 'weights'"),
    ],
)
def test_settings_that_no_images_suit_raise_at_once(name, value, words):
    with pytest.raises(InvalidParameterError, match=words):
        make_extractor("cnn", {"params_cnn": {name: value}})


@pytest.mark.parametrize(
    "settings, words",
    [
        ({"model": "squeezenet1_2"}, "Close matches: 'squeezenet1_"),
        ({"layer": "nowhere"}, r"a layer of SqueezeNet.*models\.squeezenet1_1\(\)\.named_modules"),
        ({"weights": "none.pth"}, "none.pth: No such file"),
        ({"weights": "IMAGENET"}, "of squeezenet1_1 must be one of 'IMAGENET1K_V1', 'DEFAULT'"),
        ({"device": "cuda:99"}, "must be a device of this machine: 'auto', .*Got 'cuda:99'"),
    ],
)
def test_what_is_missing_is_known_before_images_are_read(torch, settings, words):
    with pytest.raises(InvalidParameterError, match=words):
        make(**settings).prepare()


def test_without_torch_the_extra_is_named(torch, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingDependencyError, match="pip install 'clustimage.cnn.'"):
        make().prepare()


# --- rows -----------------------------------------------------------------------------------------


def test_rows_have_length_one_unless_activations_are_wanted(torch, colour):
    plain = make(normalize=False).fit_transform(colour)
    assert plain.shape == (40, 512) and plain.dtype == np.float32
    rows = make().fit_transform(colour)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
    lengths = np.linalg.norm(plain, axis=1, keepdims=True)
    np.testing.assert_allclose(rows, plain / lengths, rtol=1e-5)


def test_a_row_of_zeros_stays_zero():
    rows = np.array([[0, 0], [3, 4], [1e-30, 0]], dtype=np.float32)
    np.testing.assert_allclose(scaled_to_length_one(rows), [[0, 0], [0.6, 0.8], [1, 0]], rtol=1e-6)
    assert scaled_to_length_one(rows).dtype == np.float32


def test_components_are_those_of_pca(torch, colour):
    plain = make().fit_transform(colour[:20])
    expected = PCAExtractor(5).fit_transform(plain)
    extractor = make(n_components=5)
    rows = extractor.fit_transform(colour[:20])
    np.testing.assert_allclose(rows, scaled_to_length_one(expected), atol=1e-6)
    np.testing.assert_array_equal(extractor.transform(colour[:20]), rows)
    raw = PCAExtractor(5).fit_transform(make(normalize=False).fit_transform(colour[:20]))
    scores = make(n_components=5, normalize=False).fit_transform(colour[:20])
    np.testing.assert_allclose(scores, raw, atol=1e-4)
    assert make_pca_object(extractor, rows) is None
    with pytest.raises(InvalidParameterError, match="at most 3, the smaller of the number of imag"):
        make(n_components=5).fit(colour[:3])


def test_fitting_anew_without_components_forgets_them(torch, colour):
    extractor = make(n_components=5).fit(colour)
    extractor.set_params(n_components=None)
    assert extractor.fit_transform(colour[:2]).shape == (2, 512)
    assert not hasattr(extractor, "components_")


@pytest.mark.parametrize("size", [1, 7, 100])
def test_the_size_of_batches_changes_nothing(torch, colour, size):
    rows = make(batch_size=size).fit_transform(colour[:20])
    np.testing.assert_allclose(rows, make().fit_transform(colour[:20]), atol=1e-6)


def test_gray_images_are_seen_as_three_equal_channels(torch, gray):
    rows = make().fit_transform(gray[:4])
    np.testing.assert_array_equal(rows, make().fit_transform(gray[:4, :, :, 0]))
    np.testing.assert_array_equal(rows, make().fit_transform(np.repeat(gray[:4], 3, axis=3)))


def test_files_are_seen_as_they_are_not_as_thumbnails(torch, folder):
    images = load_images(folder, dim=(8, 8))
    rows = make().fit_images(images)
    np.testing.assert_array_equal(rows, make().fit_images(load_images(folder, dim=(32, 32))))
    thumbnails = make().fit_transform(images.pixels)
    assert np.abs(rows - thumbnails).max() > 0.01
    single = make().fit(images.pixels).transform_images(load_images(folder / "3.png", dim=(8, 8)))
    np.testing.assert_allclose(single, rows[3:4], atol=1e-6)


def test_a_custom_network_is_used(torch, colour):
    network = torch.nn.Sequential(
        torch.nn.Conv2d(3, 6, 5, stride=8), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1)
    )
    rows = make(model=network, normalize=False).fit_transform(colour)
    assert rows.shape == (40, 6)
    one = make(model=network, layer=1, normalize=False).fit_transform(colour)
    np.testing.assert_allclose(one, rows, atol=1e-6)
    assert network.training
    assert make(model=network)._cache_key() is None


# --- the network ----------------------------------------------------------------------------------


@pytest.fixture
def built(monkeypatch):
    """The settings of every network that is built."""
    built = []

    class Counted(_cnn.Network):
        def __init__(self, **settings):
            built.append(settings)
            super().__init__(**settings)

    monkeypatch.setattr(_cnn, "Network", Counted)
    return built


def test_the_network_is_built_once(torch, colour, built):
    extractor = make()
    extractor.prepare()
    extractor.fit(colour[:2])
    extractor.transform(colour[:2])
    assert extractor.fit_transform(colour[:2]).shape == (2, 512)
    assert len(built) == 1
    extractor.set_params(layer="features.3", batch_size=2)
    assert extractor.fit_transform(colour[:2]).shape == (2, 128)
    assert len(built) == 2


def test_the_network_is_neither_copied_nor_pickled(torch, colour, built):
    extractor = make(n_components=2).fit(colour[:5])
    expected = extractor.transform(colour[:5])
    for twin in (copy.deepcopy(extractor), pickle.loads(pickle.dumps(extractor))):  # noqa: S301
        assert twin._network is None
        np.testing.assert_array_equal(twin.transform(colour[:5]), expected)
    assert clone(extractor)._network is None
    assert len(built) == 3 and extractor._network is not None


def test_what_was_learned_can_be_saved(torch, colour):
    extractor = make(n_components=3).fit(colour)
    state = extractor.get_state()
    assert sorted(state) == [
        "components_",
        "explained_variance_ratio_",
        "image_shape_",
        "mean_",
        "offset_",
        "weights_digest_",
    ]
    back = make(n_components=3).set_state(state)
    np.testing.assert_array_equal(back.transform(colour), extractor.transform(colour))


def test_other_weights_than_those_fitted_are_refused(torch, colour, tmp_path):
    import torchvision

    file = tmp_path / "weights.pth"
    torch.save(torchvision.models.squeezenet1_1(weights=None).state_dict(), file)
    state = make(weights=str(file)).fit(colour[:1]).get_state()
    torch.save(torchvision.models.squeezenet1_1(weights=None).state_dict(), file)
    with pytest.raises(ModelFileError, match="not those that the model was fitted with"):
        make(weights=str(file)).set_state(state).transform(colour[:1])
    other_seed = make_extractor("cnn", {"params_cnn": SMALL, "random_state": 1})
    with pytest.raises(ModelFileError, match="fit again"):
        other_seed.set_state(make().fit(colour[:1]).get_state()).transform(colour[:1])


# --- the cache of earlier runs --------------------------------------------------------------------


def read(folder, cache):
    return load_images(folder, dim=(8, 8), cache=cache)


def test_known_rows_are_not_computed_again(torch, folder, tmp_path, built):
    cache = open_cache(tmp_path / "memory")
    extractor = make()
    extractor.prepare(cache)
    rows = extractor.fit_images(read(folder, cache))
    assert len(built) == 1
    again = make(batch_size=2)
    again.prepare(cache)
    np.testing.assert_array_equal(again.fit_images(read(folder, cache)), rows)
    assert len(built) == 1 and again.weights_digest_ == ""
    plain = make(normalize=False).fit_images(read(folder, cache))
    np.testing.assert_array_equal(scaled_to_length_one(plain), rows)
    assert make(n_components=2).fit_images(read(folder, cache)).shape == (6, 2)
    assert len(built) == 1


@pytest.fixture
def replaced(torch, folder, tmp_path):
    """An extractor that has seen five of the photos, whose file of weights is then replaced."""
    import torchvision

    file = tmp_path / "weights.pth"
    torch.save(torchvision.models.squeezenet1_1(weights=None).state_dict(), file)
    (folder / "5.png").rename(tmp_path / "new.png")
    extractor, cache = make(weights=str(file)), open_cache(tmp_path / "memory")
    extractor.fit_images(read(folder, cache))
    torch.save(torchvision.models.squeezenet1_1(weights=None).state_dict(), file)
    return extractor, cache, file, tmp_path / "new.png"


def test_rows_of_weights_in_memory_are_not_taken_for_those_of_their_file(replaced):
    extractor, cache, file, new = replaced
    old = extractor.transform_images(read(new, cache))
    seen = make(weights=str(file)).fit_images(read(new, cache))
    np.testing.assert_array_equal(seen, make(weights=str(file)).fit_images(read(new, None)))
    assert not np.allclose(seen, old, atol=1e-3)


def test_known_rows_of_other_weights_than_those_fitted_are_refused(replaced, folder):
    extractor, cache, file, _ = replaced
    make(weights=str(file)).fit_images(read(folder, cache))
    loaded = make(weights=str(file)).set_state(extractor.get_state())
    with pytest.raises(ModelFileError, match="not those that the model was fitted with"):
        loaded.transform_images(read(folder, cache))


def test_weights_in_memory_do_not_need_their_file(replaced):
    extractor, cache, file, new = replaced
    file.unlink()
    assert extractor.transform_images(read(new, cache)).shape == (1, 512)


def test_only_new_images_are_computed(torch, folder, tmp_path, monkeypatch):
    cache, seen = open_cache(tmp_path / "memory"), []
    rows = make().fit_images(read(folder, cache))
    compute = CNNExtractor._compute

    def counted(self, images, positions):
        seen.extend(positions.tolist())
        return compute(self, images, positions)

    monkeypatch.setattr(CNNExtractor, "_compute", counted)
    pixels = np.asarray(Image.open(folder / "0.png"))[::-1]
    Image.fromarray(np.ascontiguousarray(pixels)).save(folder / "31.png")
    more = make().fit_images(read(folder, cache))
    assert seen == [6]  # the order is that of numbers
    np.testing.assert_array_equal(more[:6], rows)


@pytest.mark.parametrize(
    "change",
    [
        {"model": "squeezenet1_0"},
        {"layer": "features.3"},
        {"device": "auto"},
        {"weights": "DEFAULT"},
        {"weights": "imagenet1k_v1"},
    ],
)
def test_other_settings_are_other_cache_keys(change):
    pytest.importorskip("torchvision")
    before, after = make()._cache_key(), make(**change)._cache_key()
    assert before != after and json.loads(json.dumps(after)) == after


def test_the_cache_key_names_all_that_rows_depend_on(torch, tmp_path):
    import torchvision

    def cache_key(**settings):
        return make(**settings)._cache_key()

    assert cache_key(batch_size=3, normalize=False, n_components=2) == cache_key()
    assert cache_key()["torch"] and cache_key()["torchvision"] and cache_key()["weights"] == 0
    named = cache_key(weights="IMAGENET1K_V1")
    assert named["weights"] == "IMAGENET1K_V1"
    assert cache_key(weights=torchvision.models.SqueezeNet1_1_Weights.IMAGENET1K_V1) == named
    assert cache_key(weights="SqueezeNet1_1_Weights.IMAGENET1K_V1") == named
    assert cache_key(model=" SqueezeNet1.1") == cache_key()
    for name in "ab":
        (tmp_path / name).write_bytes(b"1")
    one = cache_key(weights=tmp_path / "a")
    (tmp_path / "a").write_bytes(b"22")
    assert one != cache_key(weights=tmp_path / "a") and "/" not in json.dumps(one)
    seeds = [
        make_extractor("cnn", {"params_cnn": SMALL, "random_state": seed})._cache_key()
        for seed in (0, 1, None)
    ]
    assert seeds[0] == cache_key() != seeds[1] and seeds[2] is None


SECOND_RUN = """
import sys
import numpy as np
from clustimage import Clustimage
folder, memory, before = sys.argv[1:]
params = {"model": "squeezenet1_1", "weights": None}
cl = Clustimage("cnn", None, dim=(8, 8), dirpath=memory, params_cnn=params, verbose="error")
cl.fit_transform(folder, n_clusters=2)
print("torch" in sys.modules, np.array_equal(cl.results["feat"], np.load(before)))
"""


def test_a_second_run_does_not_even_import_torch(torch, folder, tmp_path):
    params = {"model": "squeezenet1_1", "weights": None}
    cl = Clustimage(
        "cnn", None, dim=(8, 8), dirpath=tmp_path / "memory", params_cnn=params, verbose="error"
    )
    np.save(tmp_path / "feat.npy", cl.fit_transform(folder, n_clusters=2)["feat"])
    arguments = [str(folder), str(tmp_path / "memory"), str(tmp_path / "feat.npy")]
    done = subprocess.run(
        [sys.executable, "-c", SECOND_RUN, *arguments], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False True\n"


# --- precision ------------------------------------------------------------------------------------


def test_in_bfloat16_rows_are_float32_and_nearly_the_same(torch, colour):
    full, half = (make(precision=name) for name in ("float32", "bfloat16"))
    rows, shorter = full.fit_transform(colour[:4]), half.fit_transform(colour[:4])
    assert shorter.dtype == np.float32
    apart = np.linalg.norm(rows - shorter, axis=1)
    assert (apart > 1e-4).all() and (apart < 0.05).all()
    assert full._cache_key() != half._cache_key()


# --- joined networks ------------------------------------------------------------------------------


JOINED = "squeezenet1_1+timm/test_resnet"


def test_joined_networks_count_the_same(torch, colour):
    pytest.importorskip("timm")
    joined = make(model=JOINED)
    rows = joined.fit_transform(colour[:4])
    parts = [make(model=name).fit_transform(colour[:4]) for name in JOINED.split("+")]
    np.testing.assert_allclose(rows, np.hstack(parts) / np.sqrt(2), atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
    plain = make(model=JOINED, normalize=False).fit_transform(colour[:4])
    np.testing.assert_allclose(plain, np.hstack(parts), atol=1e-6)
    assert make(model=JOINED, n_components=2).fit_transform(colour[:4]).shape == (4, 2)


def test_joined_networks_are_saved_pickled_and_told_from_others(torch, colour):
    pytest.importorskip("timm")
    joined = make(model=JOINED).fit(colour[:4])
    expected = joined.transform(colour[:4])
    for twin in (clone(joined).fit(colour[:4]), pickle.loads(pickle.dumps(joined))):  # noqa: S301
        assert twin._joined is None or twin is not joined
        np.testing.assert_array_equal(twin.transform(colour[:4]), expected)
    state = joined.get_state()
    assert state["weights_digest_"].count("+") == 1
    other = make_extractor("cnn", {"params_cnn": {**SMALL, "model": JOINED}, "random_state": 1})
    with pytest.raises(ModelFileError, match="not those that the model was fitted with"):
        other.set_state(state).transform(colour[:4])


def test_joined_networks_share_the_cache_with_single_ones(torch, folder, tmp_path, built):
    pytest.importorskip("timm")
    cache = open_cache(tmp_path / "memory")
    for name in JOINED.split("+"):
        make(model=name).fit_images(read(folder, cache))
    assert len(built) == 2
    joined = make(model=JOINED)
    joined.prepare(cache)
    assert joined.fit_images(read(folder, cache)).shape == (6, 512 + 96)
    assert len(built) == 2


@pytest.mark.parametrize(
    "settings, words",
    [
        ({"layer": "fc2"}, "'layer' must be None where networks are joined, squeeze"),
        ({"weights": "a.pth"}, "'weights' must be 'IMAGENET1K_V1' or None where networks are join"),
    ],
)
def test_what_belongs_to_one_network_is_refused_where_they_are_joined(settings, words):
    with pytest.raises(InvalidParameterError, match=words):
        make(model=JOINED, **settings).check()


def test_a_plan_states_the_columns_of_all_that_are_joined(torch, colour):
    step, n_columns = make(model="mobilenet_v2+efficientnet_lite0").plan(1000, (8, 8, 3))
    assert n_columns == 2560 and step.kept == 1000 * 2560 * 4
    clip = make(model="open_clip/ViT-B-32").plan(1000, (8, 8, 3))[0]
    large = make(model="open_clip/ViT-L-14").plan(1000, (8, 8, 3))[0]
    assert large.peak - clip.peak > 1e9


# --- networks of other packages in the whole chain ------------------------------------------------


@pytest.mark.parametrize("name", ["timm/test_vit", "squeezenet1_1+timm/test_resnet"])
def test_networks_of_other_packages_go_through_the_chain(torch, folder, tmp_path, name):
    pytest.importorskip("timm")
    params = {"model": name, "weights": None}
    cl = Clustimage("cnn", None, dim=(8, 8), params_cnn=params, verbose="error")
    feat = cl.fit_transform(folder, n_clusters=2)["feat"]
    cl.save(tmp_path / "model")
    again = Clustimage.load(tmp_path / "model")
    np.testing.assert_allclose(again.transform(folder), feat, atol=1e-6)
    thawed = pickle.loads(pickle.dumps(cl))  # noqa: S301
    np.testing.assert_allclose(thawed.transform(folder), feat, atol=1e-6)
    np.testing.assert_allclose(cl.as_transformer().fit_transform(list_of(folder)), feat, atol=1e-6)
    plan = Clustimage("cnn", None, params_cnn=params, verbose="error").plan(folder)
    assert "extract_feat" in str(plan)


def list_of(folder):
    return sorted(str(path) for path in folder.iterdir())
