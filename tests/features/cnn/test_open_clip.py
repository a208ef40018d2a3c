"""Image towers of open_clip: they see what open_clip's own pipeline sees."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")
open_clip = pytest.importorskip("open_clip")

from clustimage._core.errors import (  # noqa: E402
    DownloadError,
    InvalidParameterError,
    MissingDependencyError,
)
from clustimage.features.cnn import _open_clip  # noqa: E402
from clustimage.features.cnn._network import Network  # noqa: E402
from clustimage.images import Frame, load_images  # noqa: E402

TEXT = {"context_length": 8, "vocab_size": 50, "width": 16, "heads": 2, "layers": 1}
TOWERS = {
    "tiny-vit": {"image_size": 32, "layers": 2, "width": 32, "head_width": 16, "patch_size": 8},
    "tiny-resnet": {"image_size": 64, "layers": [1, 1, 1, 1], "width": 8, "head_width": 16},
    "tiny-timm": {
        "timm_model_name": "test_vit",
        "timm_model_pretrained": True,  # which must not be downloaded
        "timm_pool": "",
        "timm_proj": "linear",
        "image_size": 160,
    },
}


@pytest.fixture(scope="module", autouse=True)
def configs(tmp_path_factory):
    """Three small models that open_clip knows by name while the tests run."""
    from open_clip import factory

    folder = tmp_path_factory.mktemp("configs")
    for name, vision in TOWERS.items():
        config = {"embed_dim": 24, "vision_cfg": vision, "text_cfg": TEXT}
        (folder / f"{name}.json").write_text(json.dumps(config))
    before = list(factory._MODEL_CONFIG_PATHS), dict(factory._MODEL_CONFIGS)
    open_clip.add_model_config(folder)
    yield
    factory._MODEL_CONFIG_PATHS[:], factory._MODEL_CONFIGS = before


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for number, shape in enumerate([(100, 150), (151, 107), (45, 60)]):
        small = Image.fromarray(rng.integers(0, 256, (12, 16, 3), dtype=np.uint8))
        small.resize(shape[::-1], Image.Resampling.BICUBIC).save(folder / f"{number}.png")
    return folder


def make(model, weights=None, layer=None):
    return Network(
        model=model, layer=layer, weights=weights, device="cpu", precision="float32", random_state=0
    )


def rows_of(network, folder):
    batches = load_images(folder).batches(network.frame, size=2)
    return np.concatenate([rows for _, rows in network.rows(batches)])


def whole_model(name):
    """Return a whole model, texts too, with random weights."""
    config = open_clip.get_model_config(name)
    config["vision_cfg"]["timm_model_pretrained"] = False
    kind = open_clip.CustomTextCLIP if "timm" in name else open_clip.CLIP
    return kind(**config).eval()


@pytest.mark.parametrize("name", sorted(TOWERS))
def test_rows_equal_those_of_open_clips_own_pipeline(name, photos, tmp_path):
    model = whole_model(name)
    torch.save(model.state_dict(), tmp_path / "whole.pt")
    torch.save(model.visual.state_dict(), tmp_path / "tower.pt")
    network = make(f"open_clip/{name}", tmp_path / "whole.pt")
    rows = rows_of(network, photos)
    tower = make(f"open_clip/{name}", tmp_path / "tower.pt")
    np.testing.assert_array_equal(rows, rows_of(tower, photos))

    prepare = open_clip.image_transform(TOWERS[name]["image_size"], is_train=False)
    with torch.inference_mode():
        expected = [
            model.encode_image(prepare(Image.open(path))[None]) for path in sorted(photos.iterdir())
        ]
    expected = torch.cat(expected).numpy()
    scale = np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(rows / scale, expected / scale, atol=1e-5)
    assert rows.shape == (3, network.n_columns) == (3, 24)


def test_the_tower_of_a_model_that_also_captions_gives_one_row():
    config = open_clip.get_model_config("tiny-vit")
    config["vision_cfg"].update(attentional_pool=True, attn_pooler_heads=2, output_tokens=True)
    named = _open_clip.Named("tiny-vit", "", {})
    known = type("", (), {"get_model_config": lambda name: config, "model": open_clip.model})
    tower = _open_clip._tower(known, named, 0).eval()
    with torch.inference_mode():
        assert tower(torch.zeros(2, 3, 32, 32)).shape == (2, 24)


@pytest.mark.parametrize(
    "model, frame, mean",
    [
        ("ViT-B-16-SigLIP", Frame((224, 224), None, "bicubic"), (0.5, 0.5, 0.5)),
        ("ViT-B-32", Frame((224, 224), 224, "bicubic"), open_clip.OPENAI_DATASET_MEAN),
        ("ViT-L-14-CLIPA", Frame((224, 224), None, "bilinear"), open_clip.IMAGENET_MEAN)
        if hasattr(open_clip, "IMAGENET_MEAN")
        else ("ViT-L-14-CLIPA", Frame((224, 224), None, "bilinear"), (0.485, 0.456, 0.406)),
    ],
)
def test_preprocessing_is_that_of_the_weights(model, frame, mean):
    found = _open_clip._find(open_clip, model, None)
    module = type("", (), {"image_size": 224})
    preset = _open_clip._preset_of(found, module)
    assert preset.frame == frame and preset.mean == tuple(mean)


@pytest.mark.parametrize(
    "given, weights, model, tag",
    [
        ("ViT-B-32", "IMAGENET1K_V1", "ViT-B-32", "laion2b_s34b_b79k"),
        ("ViT-B/32", None, "ViT-B-32", "laion2b_s34b_b79k"),
        ("vit_b_32/OpenAI", None, "ViT-B-32", "openai"),
        ("ViT-B/32/openai", "DEFAULT", "ViT-B-32", "openai"),
        ("ViT-B-32", "datacomp_xl_s13b_b90k", "ViT-B-32", "datacomp_xl_s13b_b90k"),
        ("ViT-B-32-quickgelu", None, "ViT-B-32-quickgelu", "laion400m_e31"),
        ("ViT-B-16-SigLIP", None, "ViT-B-16-SigLIP", "webli"),
        ("RN50", None, "RN50", "openai"),
        ("tiny-vit", None, "tiny-vit", ""),
    ],
)
def test_models_and_tags_are_known_in_common_spellings(given, weights, model, tag):
    assert _open_clip._find(open_clip, given, weights)[:2] == (model, tag)


def test_every_model_means_itself():
    for name in open_clip.list_models():
        assert _open_clip._find(open_clip, name, None).model == name


@pytest.mark.parametrize(
    "model, weights, words",
    [
        ("open_clip/ViT-B-3", None, "Got 'open_clip/ViT-B-3'. Close matches: 'open_clip/ViT-B-32'"),
        ("open_clip/RN50/opnai", None, "one of 'openai', .* Did you mean 'openai'"),
        ("open_clip/RN50", "laion", "The weights of open_clip/RN50 must be one of 'openai'"),
        ("open_clip/RN50/openai", "cc12m", "cannot be combined with the weights in the name"),
        ("open_clip/tiny-vit", "DEFAULT", "open_clip has no weights for tiny-vit. Give a file"),
    ],
)
def test_unknown_names_are_refused_with_near_ones(model, weights, words):
    with pytest.raises(InvalidParameterError, match=words):
        make(model, weights)


def test_weights_that_were_trained_with_quickgelu_get_it():
    def activation(given):
        found = _open_clip._find(open_clip, given, None)
        with torch.device("meta"):
            tower = _open_clip._tower(open_clip, found, 0)
        return type(tower.transformer.resblocks[0].mlp.gelu).__name__

    assert activation("ViT-B-32/openai") == activation("ViT-B-32-quickgelu") == "QuickGELU"
    assert activation("ViT-B-32") == "GELU"


def test_layers_are_those_of_the_image_tower():
    assert make("open_clip/tiny-vit", layer="transformer.resblocks.0").n_columns == 32
    with pytest.raises(InvalidParameterError, match=r"open_clip.create_model\('tiny-vit'\).visual"):
        make("open_clip/tiny-vit", layer="block")


def test_random_weights_depend_on_the_seed_and_are_warned_of(photos, caplog):
    with caplog.at_level("WARNING", "clustimage"):
        one, two = make("open_clip/tiny-vit"), make("open_clip/tiny-vit")
    assert "open_clip/tiny-vit has random weights" in caplog.text
    np.testing.assert_array_equal(rows_of(one, photos), rows_of(two, photos))


def test_a_file_of_another_model_is_refused(tmp_path):
    torch.save(whole_model("tiny-vit").state_dict(), tmp_path / "a.pt")
    with pytest.raises(InvalidParameterError, match="another network than open_clip/tiny-resnet"):
        make("open_clip/tiny-resnet", tmp_path / "a.pt")


@pytest.mark.parametrize("cached", ["open_clip_model.safetensors", "open_clip_pytorch_model.bin"])
def test_published_weights_are_read_from_the_cache_of_the_hub(
    cached, photos, tmp_path, monkeypatch
):
    from open_clip import pretrained
    from safetensors.torch import save_file

    model = whole_model("tiny-vit")
    (save_file if "safe" in cached else torch.save)(model.state_dict(), tmp_path / cached)
    settings = {"hf_hub": "someone/tiny/", "mean": (0.1,) * 3, "std": (0.5,) * 3}
    monkeypatch.setitem(pretrained._PRETRAINED, "tiny-vit", {"own": settings})

    def find(repository, name):
        return str(tmp_path / name) if (repository, name) == ("someone/tiny", cached) else None

    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", find)
    monkeypatch.setattr("huggingface_hub.utils.get_session", lambda: pytest.fail("it was asked"))
    network = make("open_clip/tiny-vit/own", "IMAGENET1K_V1")
    np.testing.assert_array_equal(
        rows_of(network, photos),
        rows_of(make("open_clip/tiny-vit/own", tmp_path / cached), photos),
    )
    assert network._mean[0] == pytest.approx(0.1)


def test_without_network_one_sentence_says_what_is_missing(monkeypatch):
    def offline():
        raise OSError("Name or service not known")

    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *given: None)
    monkeypatch.setattr("huggingface_hub.utils.get_session", offline)
    monkeypatch.setattr(_open_clip, "_tower", lambda *given: None)
    with pytest.raises(DownloadError, match="The weights of open_clip/ViT-B-32/laion2b_s34b_b79k"):
        make("open_clip/ViT-B-32", "IMAGENET1K_V1")


def test_without_open_clip_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "open_clip", None)
    with pytest.raises(MissingDependencyError, match=r"clustimage\[open_clip\]"):
        make("open_clip/ViT-B-32")
