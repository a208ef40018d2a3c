"""What the names of networks say before any package is imported."""

from __future__ import annotations

import pytest

from clustimage.features.cnn._names import joined_names, parse_name, size_of


@pytest.mark.parametrize(
    "given, library, name",
    [
        ("ResNet-50", "torchvision", "resnet_50"),
        ("torchvision/resnet50", "torchvision", "resnet50"),
        (" timm/vit_small_patch14_dinov2.lvd142m ", "timm", "vit_small_patch14_dinov2.lvd142m"),
        ("open_clip/ViT-B-32/openai", "open_clip", "ViT-B-32/openai"),
        ("hub/resnet50", "torchvision", "hub/resnet50"),
    ],
)
def test_the_package_stands_before_the_first_slash(given, library, name):
    assert parse_name(given) == (library, name)


def test_a_plus_sign_joins_names():
    assert joined_names("timm/a+open_clip/B-32/c") == ["timm/a", "open_clip/B-32/c"]
    assert joined_names("a+") == ["a", ""] and joined_names("a") == joined_names(3) == []


def test_columns_that_a_plan_states_are_those_of_the_packages():
    timm = pytest.importorskip("timm")
    torch = pytest.importorskip("torch")
    names = ("vit_small_patch14_dinov2", "vit_base_patch16_224", "convnext_tiny", "resnet18")
    known = tuple(map(int, torch.__version__.split(".")[:2]))
    for name in names:
        # Before 2.1 it cannot make every network without memory.
        with torch.device("meta" if known >= (2, 1) else "cpu"):
            model = timm.create_model(name)
        n_columns, millions = size_of(f"timm/{name}")
        assert n_columns == model.num_features, name
        n_weights = sum(weights.numel() for weights in model.parameters()) / 1e6
        assert 0.5 < millions / n_weights < 3, (name, n_weights)


def test_columns_of_open_clip_that_a_plan_states():
    open_clip = pytest.importorskip("open_clip")
    for name in ("ViT-B-32", "ViT-B-16", "ViT-L-14", "ViT-B-16-SigLIP"):
        assert size_of(f"open_clip/{name}")[0] == open_clip.get_model_config(name)["embed_dim"]
