"""Networks: which one a name means, and that they see what torchvision's own pipeline sees."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")
torchvision = pytest.importorskip("torchvision")

from clustimage._core.errors import (  # noqa: E402
    InvalidDataError,
    InvalidParameterError,
    MemoryLimitError,
)
from clustimage.features.cnn import _torchvision  # noqa: E402
from clustimage.features.cnn._names import spelling  # noqa: E402
from clustimage.features.cnn._network import Network  # noqa: E402
from clustimage.features.cnn._torchvision import find_model  # noqa: E402
from clustimage.images import Frame, load_images  # noqa: E402

nn = torch.nn
SETTINGS = {
    "layer": None,
    "weights": None,
    "device": "cpu",
    "precision": "float32",
    "random_state": 0,
}


class Means(nn.Module):
    """The mean of each channel: what comes out shows what goes in."""

    def forward(self, x):
        return x.mean(dim=(2, 3))


def make(model, **settings):
    return Network(model=model, **{**SETTINGS, **settings})


def rows_of(network, frames, size=4):
    batches = (
        (np.arange(start, start + len(frames[start : start + size])), frames[start : start + size])
        for start in range(0, len(frames), size)
    )
    positions, rows = zip(*network.rows(batches), strict=True)
    np.testing.assert_array_equal(np.concatenate(positions), np.arange(len(frames)))
    return np.concatenate(rows)


@pytest.fixture
def frames():
    return np.random.default_rng(0).integers(0, 256, (10, 224, 224, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    "given, name",
    [
        ("mobilenet_v2", "mobilenet_v2"),
        ("VGG16", "vgg16"),
        ("Inception v3", "inception_v3"),
        ("inceptionv3", "inception_v3"),
        ("ResNet-50", "resnet50"),
        ("SqueezeNet 1.1", "squeezenet1_1"),
        ("RegNet_X_1.6GF", "regnet_x_1_6gf"),
        (" regnet_x_16gf ", "regnet_x_16gf"),
        ("ViT B 16", "vit_b_16"),
    ],
)
def test_models_are_known_in_common_spellings(given, name):
    assert find_model(given) == name


def test_every_name_of_torchvision_means_itself():
    names = torchvision.models.list_models(module=torchvision.models)
    assert len(names) >= 80
    assert [find_model(name) for name in names] == names
    assert len({spelling(name) for name in names}) == len(names)


@pytest.mark.parametrize(
    "given, words",
    [
        ("mobilnet_v2", "Got 'mobilnet_v2'. Close matches: 'mobilenet_v2'.*list_models"),
        ("regnetx16gf", "Close matches: 'regnet_x_16gf', 'regnet_x_1_6gf'"),
        (
            "maskrcnn",
            r"All \d+ of torchvision: torchvision.models.list_models\(module=torchvision.models\)",
        ),
    ],
)
def test_an_unknown_model_is_refused_with_near_ones(given, words):
    with pytest.raises(InvalidParameterError, match=words):
        find_model(given)


@pytest.mark.filterwarnings("ignore:TypedStorage")  # of old versions
@pytest.mark.parametrize("name", ["mobilenet_v2", "squeezenet1_1"])
def test_rows_equal_those_of_torchvisions_own_pipeline(name, lent_data, corel):
    file = lent_data.parent / "weights" / f"{name}.pth"
    if not file.is_file():
        pytest.skip(f"no weights at {file}")
    paths = corel[0][::25]
    network = make(name, weights=file)
    rows = np.concatenate(
        [rows for _, rows in network.rows(load_images(paths).batches(network.frame, size=3))]
    )
    model = torchvision.models.get_model(name, weights=None).eval()
    model.load_state_dict(torch.load(file, weights_only=True))
    prepare = torchvision.models.get_model_weights(name).IMAGENET1K_V1.transforms()
    taken = []
    model.classifier[1].register_forward_pre_hook(lambda module, given: taken.append(given[0]))
    with torch.inference_mode():
        for path in paths:
            model(prepare(Image.open(path).convert("RGB"))[None])
    expected = torch.cat(taken).numpy()
    expected = expected.mean(axis=(2, 3)) if expected.ndim == 4 else expected
    assert rows.shape == (8, {"mobilenet_v2": 1280, "squeezenet1_1": 512}[name])
    scale = np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(rows / scale, expected / scale, atol=1e-6)


def test_what_goes_in_is_scaled_by_the_means_and_deviations_of_imagenet(frames):
    network = make(Means())
    assert network.frame == Frame((224, 224), resize=256)
    expected = (frames / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    np.testing.assert_allclose(rows_of(network, frames), expected.mean(axis=(1, 2)), atol=1e-5)


def test_a_custom_network_may_borrow_the_preprocessing_of_weights():
    member = torchvision.models.EfficientNet_B3_Weights.IMAGENET1K_V1
    for weights in (member, "EfficientNet_B3_Weights.IMAGENET1K_V1"):
        assert make(Means(), weights=weights).frame == Frame((300, 300), 320, "bicubic")
    assert make(Means(), weights="IMAGENET1K_V1").frame == Frame((224, 224), 256)
    with pytest.raises(InvalidParameterError, match="of a torch.nn.Module must be a file"):
        make(Means(), weights="IMAGENET1K_V7")
    detection = torchvision.models.detection.FasterRCNN_ResNet50_FPN_Weights.DEFAULT
    with pytest.raises(InvalidParameterError, match="for the classification of images"):
        make(Means(), weights=detection)


def test_random_weights_have_the_preprocessing_of_the_model_and_one_warning(caplog):
    with caplog.at_level("WARNING", "clustimage"):
        network = make("inception_v3")
    assert network.frame == Frame((299, 299), resize=342)
    assert [record.message for record in caplog.records] == [
        "weights=None: inception_v3 has random weights, its features tell little of what is shown."
    ]


def test_random_weights_depend_on_the_seed_alone(frames):
    before = torch.get_rng_state()
    torch.manual_seed(5)
    after = torch.get_rng_state()
    a, b, c = (make("squeezenet1_1", random_state=seed) for seed in (3, 3, 4))
    assert torch.equal(torch.get_rng_state(), after)  # the caller's numbers go on as before
    torch.set_rng_state(before)
    np.testing.assert_array_equal(rows_of(a, frames), rows_of(b, frames))
    assert a.digest == b.digest != c.digest
    assert np.abs(rows_of(a, frames) - rows_of(c, frames)).max() > 0.01
    make("squeezenet1_1", random_state=np.random.RandomState(0))
    make("squeezenet1_1", random_state=None)


def test_alone_and_in_a_batch_rows_are_the_same(frames):
    network = make("squeezenet1_1")
    np.testing.assert_allclose(
        rows_of(network, frames, size=1), rows_of(network, frames, size=7), atol=1e-5
    )


def test_a_custom_network_stays_as_it_is(frames):
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout(0.5)).double()
    model[1].eval()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    network = make(model)
    rows = rows_of(network, frames)
    assert model.training and model[0].training and not model[1].training
    assert all(value.requires_grad for value in model.parameters())
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert not model[2]._forward_hooks and model[0].weight.dtype is torch.float64
    with torch.no_grad():
        model[0].weight.zero_()
    np.testing.assert_array_equal(rows_of(network, frames), rows)
    assert make(model).digest != network.digest


def test_a_custom_network_may_have_its_weights_in_a_file(frames, tmp_path):
    one, two = (nn.Sequential(nn.Conv2d(3, 4, 3)) for _ in range(2))
    torch.save(one.state_dict(), tmp_path / "one.pth")
    np.testing.assert_array_equal(
        rows_of(make(two, weights=tmp_path / "one.pth"), frames), rows_of(make(one), frames)
    )
    assert make(two, weights=tmp_path / "one.pth").digest == make(one).digest


class Uncopied(Means):
    def __deepcopy__(self, memo):
        raise RuntimeError("no copies")


@pytest.mark.parametrize(
    "model, words",
    [
        (Uncopied(), "Uncopied cannot be copied"),
        (SimpleNamespace(state_dict=dict), "a torch.nn.Module. Got a Sim"),
    ],
)
def test_what_cannot_be_used_as_a_network_is_refused(model, words):
    with pytest.raises(InvalidParameterError, match=words):
        make(model)


@pytest.mark.parametrize("name", ["squeezenet1_1", "resnet18"])
def test_a_file_with_another_number_of_classes_is_taken(name, tmp_path, frames):
    tuned = torchvision.models.get_model(name, weights=None, num_classes=7).eval()
    torch.save(tuned.state_dict(), tmp_path / "tuned.pth")
    rows = rows_of(make(name, weights=tmp_path / "tuned.pth", layer=-1), frames[:1])
    assert rows.shape == (1, 7)


def test_a_file_under_the_name_it_was_published_with_brings_its_own_preprocessing(tmp_path):
    kind = torchvision.models.MobileNet_V2_Weights
    assert kind.IMAGENET1K_V2.transforms().resize_size == [232]
    state = torchvision.models.mobilenet_v2(weights=None).state_dict()
    for name, resize in (("mine.pth", 256), (kind.IMAGENET1K_V2.url.rpartition("/")[2], 232)):
        torch.save(state, tmp_path / name)
        assert make("mobilenet_v2", weights=tmp_path / name).frame.resize == resize


def test_published_weights_are_read_from_the_cache_of_torch(tmp_path, monkeypatch, frames):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    (tmp_path / "checkpoints").mkdir()
    # Its published weights want another scale of the pixels, and bring two more classifiers.
    model = torchvision.models.googlenet(
        weights=None, init_weights=False, aux_logits=True, transform_input=True
    )
    name = torchvision.models.GoogLeNet_Weights.IMAGENET1K_V1.url.rpartition("/")[2]
    torch.save(model.state_dict(), tmp_path / "checkpoints" / name)
    network = make("GoogLeNet", weights="IMAGENET1K_V1")
    assert network.digest == name and network.frame == Frame((224, 224), 256)
    model.eval().fc = nn.Identity()
    batch = torch.from_numpy(frames[:2]).permute(0, 3, 1, 2) / 255
    mean, std = (numbers[:3].view(1, 3, 1, 1) for numbers in (network._mean, network._std))
    batch = (batch - mean) / std
    with torch.inference_mode():
        expected = model(batch).numpy()
    np.testing.assert_allclose(rows_of(network, frames[:2]), expected, atol=1e-5)


def test_a_vit_for_large_pictures_is_built_for_them(monkeypatch, tmp_path):
    built = []

    def builder(**options):
        built.append(options)
        return Means()

    builder.__module__ = "torchvision.models.vision_transformer"
    monkeypatch.setattr(torchvision.models, "get_model_builder", lambda name: builder)
    monkeypatch.setattr(_torchvision, "_other_n_classes", lambda *given: None)
    member = torchvision.models.ViT_H_14_Weights.IMAGENET1K_SWAG_E2E_V1
    _torchvision._build("vit_h_14", member=member, state={})
    assert built == [{"weights": None, "image_size": 518}]
    assert _torchvision._preset_for("vit_h_14").frame == Frame((518, 518), 518, "bicubic")


class Infinite(nn.Module):
    def forward(self, x):
        return x.mean(dim=(2, 3)) / (x.amax(dim=(1, 2, 3)) < 2)[:, None]


def test_activations_that_are_not_finite_are_refused(frames):
    network = make(Infinite())
    dark = frames[:4] // 2
    assert np.isfinite(rows_of(network, dark)).all()
    dark[2] = 255
    with pytest.raises(InvalidDataError, match="NaN or infinity in float32: of 4 images for 1"):
        rows_of(network, dark)


def test_what_a_network_makes_of_black_alone_is_no_reason_to_refuse_it(frames):
    class Relative(nn.Module):
        def forward(self, x):
            return x.mean(dim=(2, 3)) / x.std()

    assert rows_of(make(Relative()), frames[:2]).shape == (2, 3)


class OutOfMemoryError(RuntimeError):
    """Stands for that of torch.cuda."""


def test_a_batch_that_is_too_large_for_the_gpu_gets_a_sentence(frames):
    network = make(Means())

    def fail(batch):
        raise OutOfMemoryError

    network._truncated.network.forward = fail
    with pytest.raises(MemoryLimitError, match="A batch of 4 images .*'batch_size'"):
        rows_of(network, frames)


def test_the_next_batch_is_begun_before_the_last_one_is_handed_on(frames):
    network, seen = make(Means()), []

    def batches():
        for number in range(3):
            seen.append(f"take {number}")
            yield np.array([number]), frames[number : number + 1]

    for positions, _ in network.rows(batches()):
        seen.append(f"give {positions[0]}")
    assert seen == ["take 0", "take 1", "give 0", "take 2", "give 1", "give 2"]
    assert list(network.rows(iter(()))) == []


class Attention(nn.Module):
    """Each kind of layer whose weights are brought to bfloat16, and one whose are not."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 16, 32, stride=32)
        self.norm = nn.LayerNorm(16)
        self.attention = nn.MultiheadAttention(16, 2, batch_first=True)
        self.last = nn.Linear(16, 8)

    def forward(self, x):
        x = self.norm(self.first(x).flatten(2).transpose(1, 2))
        return self.last(self.attention(x, x, x, need_weights=False)[0].mean(dim=1))


def test_in_bfloat16_weights_of_layers_are_shortened_once_and_those_of_the_user_are_not(frames):
    model = Attention()
    full, short = (make(model, precision=name) for name in ("float32", "bfloat16"))
    own = short._truncated.network
    kept = {name for name, value in own.named_parameters() if value.dtype is torch.float32}
    assert kept == {"norm.weight", "norm.bias"}
    assert all(value.dtype is torch.float32 for value in model.parameters())
    assert full.digest == short.digest
    expected = rows_of(full, frames)
    apart = np.linalg.norm(rows_of(short, frames) - expected, axis=1)
    assert (apart < 0.03 * np.linalg.norm(expected, axis=1)).all() and apart.max() > 0
