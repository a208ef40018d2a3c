"""Whether a network can be used without a download."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")
pytest.importorskip("timm")

from clustimage.features.cnn import _at_hand  # noqa: E402
from clustimage.features.cnn._at_hand import missing_for  # noqa: E402


@pytest.fixture
def empty(tmp_path, monkeypatch):
    """No weights in any cache, and no packages of weights."""
    monkeypatch.setattr(_at_hand, "find_local", lambda name: None)
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *given, **options: None)
    return tmp_path


def ask(model, weights="IMAGENET1K_V1"):
    return missing_for({"model": model, "weights": weights})


@pytest.mark.parametrize(
    "model", ["resnet18", "efficientnet_lite0", "timm/test_vit", "mobilenet_v2+efficientnet_lite0"]
)
def test_weights_that_are_nowhere_are_missing(model, empty):
    assert ask(model) == f"the weights of {model.partition('+')[0]} are not on this machine"


def test_weights_that_are_here_are_not_missing(empty, monkeypatch):
    file = empty / "model.safetensors"
    file.touch()
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *given: str(file))
    monkeypatch.setattr(_at_hand, "find_local", lambda name: file)
    for model in ("resnet18", "efficientnet_lite0", "timm/test_vit", torch.nn.ReLU()):
        assert ask(model) == ""
    assert ask("timm/test_vit", file) == ask("resnet18", file) == ""
    assert "none.pth are not on" in ask("resnet18", empty / "none.pth")
    assert ask("resnet18", None) == "the network would have random weights"


def test_weights_of_open_clip(empty, monkeypatch):
    pytest.importorskip("open_clip")
    assert ask("open_clip/RN50") == "the weights of open_clip/RN50 are not on this machine"
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *given: "file")
    assert ask("open_clip/RN50") == ""
    monkeypatch.setattr(_at_hand, "installed_versions", lambda *names: None if names else {})
    assert ask("open_clip/RN50") == "open_clip_torch is not installed"
