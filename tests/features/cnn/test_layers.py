"""Where in a network the features are taken, and how they become rows."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
torchvision = pytest.importorskip("torchvision")

from clustimage._core.errors import InvalidParameterError  # noqa: E402
from clustimage.features.cnn._layers import TruncatedNetwork, find_layer, to_rows  # noqa: E402

nn = torch.nn
PLAIN = {"init_weights": False}


def without_numbers(name):
    """Return a model that knows only the shapes of its tensors."""
    options = PLAIN if name.startswith(("vgg", "incep", "goog")) else {}
    with torch.device("meta"):
        return torchvision.models.get_model(name, weights=None, **options).eval()


def size_of(module, layer, side=224):
    with torch.inference_mode():
        value = TruncatedNetwork(module, find_layer(module, layer))(
            torch.empty(2, 3, side, side, device="meta")
        )
        rows = to_rows(value, has_class_token=hasattr(module, "class_token"))
    assert len(rows) == 2
    return rows.shape[1]


@pytest.mark.parametrize(
    "name, size",
    [
        ("alexnet", 4096),
        ("convnext_tiny", 768),
        ("densenet121", 1024),
        ("efficientnet_b0", 1280),
        ("efficientnet_v2_s", 1280),
        ("googlenet", 1024),
        ("inception_v3", 2048),
        ("maxvit_t", 512),
        ("mnasnet0_5", 1280),
        ("mobilenet_v2", 1280),
        ("mobilenet_v3_small", 1024),
        ("resnet18", 512),
        ("resnet50", 2048),
        ("shufflenet_v2_x0_5", 1024),
        ("squeezenet1_1", 512),
        ("swin_t", 768),
        ("swin_v2_t", 768),
        ("vgg16", 4096),
        ("vit_b_16", 768),
    ],
)
@pytest.mark.filterwarnings("ignore:torch.meshgrid:UserWarning")  # of torch 2.0, in maxvit
def test_the_default_is_what_the_classifier_is_given(name, size):
    side = 299 if name == "inception_v3" else 224
    assert size_of(without_numbers(name), None, side) == size


@pytest.mark.parametrize(
    "name, layer, size",
    [
        ("vgg16", "flatten", 25088),
        ("vgg16", "fc1", 4096),
        ("vgg16", "fc2", 4096),
        ("vgg11_bn", "fc1", 4096),
        ("vgg16", "features.28", 512),
        ("vgg16", -1, 1000),
        ("resnet18", "layer2", 128),
        ("resnet18", 0, 64),
        ("swin_t", "features.1", 96),
        ("swin_t", "features.7.1", 768),
        ("swin_t", "norm", 768),
        ("vit_b_16", "encoder.layers.encoder_layer_3", 768),
        ("vit_b_16", "encoder.layers.encoder_layer_3.self_attention", 768),
        ("convnext_tiny", "features.1.0.block.3", 384),
        ("densenet121", "features", 1024),
    ],
)
def test_layers_by_name_and_by_number(name, layer, size):
    assert size_of(without_numbers(name), layer) == size


def run(module, layer, batch):
    with torch.inference_mode():
        return TruncatedNetwork(module, find_layer(module, layer))(batch)


@pytest.fixture
def batch():
    return torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def test_fully_connected_layers_of_a_vgg_are_taken_after_their_relu():
    vgg = torchvision.models.VGG(nn.Sequential(nn.Conv2d(3, 512, 1)), init_weights=False)
    vgg.classifier = nn.Sequential(
        nn.Linear(25088, 16), nn.ReLU(True), nn.Dropout(), nn.Linear(16, 8), nn.ReLU(True),
        nn.Dropout(), nn.Linear(8, 4),
    )  # fmt: skip
    vgg.eval()
    image = torch.rand(2, 3, 14, 14)
    with torch.inference_mode():
        flat = vgg.avgpool(vgg.features(image)).flatten(1)
        fc1 = vgg.classifier[0](flat).relu()
        fc2 = vgg.classifier[3](fc1).relu()
    assert bool((run(vgg, "flatten", image) == flat).all())
    assert bool((run(vgg, "fc1", image) == fc1).all())
    assert bool((run(vgg, "fc2", image) == fc2).all())
    assert bool((run(vgg, None, image) == fc2).all())


def test_a_network_without_a_classifier_gives_its_output(batch):
    network = nn.Sequential(nn.Conv2d(3, 5, 3), nn.ReLU())
    assert run(network, None, batch).shape == (2, 5, 6, 6)
    headless = torchvision.models.resnet18(weights=None)
    headless.fc = nn.Identity()
    assert run(headless.eval(), None, torch.rand(1, 3, 32, 32)).shape == (1, 512)


class Shared(nn.Module):
    """One ReLU that is run twice."""

    def __init__(self):
        super().__init__()
        self.one, self.two, self.relu = nn.Conv2d(3, 4, 1), nn.Conv2d(4, 4, 1), nn.ReLU()
        self.rest = nn.Conv2d(4, 2, 1)
        self.calls = 0
        self.rest.register_forward_hook(self.count)

    def count(self, *given):
        self.calls += 1

    def forward(self, x):
        return self.rest(self.relu(self.two(self.relu(self.one(x)))))


def test_a_layer_that_is_run_twice_counts_the_last_time(batch):
    network = Shared()
    with torch.inference_mode():
        expected = network.two(network.one(batch).relu()).relu()
        truncated = TruncatedNetwork(network, find_layer(network, "relu"))
        for _ in range(3):
            assert bool((truncated(batch) == expected).all())


def test_what_is_behind_the_layer_is_run_once_at_most(batch):
    network = Shared()
    truncated = TruncatedNetwork(network, find_layer(network, "two"))
    for _ in range(4):
        truncated(batch)
    assert network.calls == 1


def test_what_fails_behind_the_layer_does_not_matter(batch):
    network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Linear(99, 1))
    truncated = TruncatedNetwork(network, find_layer(network, 0))
    for _ in range(2):
        assert truncated(batch).shape == (2, 4, 8, 8)


def test_an_unknown_name_is_refused_with_near_ones():
    network = torchvision.models.resnet18(weights=None)
    with pytest.raises(InvalidParameterError, match="'layer5'. Close matches: 'layer[1-4]'.*named"):
        find_layer(network, "layer5")
    with pytest.raises(InvalidParameterError, match="of ResNet. Got 'fc2'"):
        find_layer(network, "fc2")
    with pytest.raises(InvalidParameterError, match=r"Got ''. All names"):
        find_layer(network, "")


def test_the_names_that_only_a_vgg_has_are_near_matches_too():
    network = torchvision.models.vgg11(init_weights=False)
    with pytest.raises(InvalidParameterError, match="Got 'fc3'. Close matches: 'fc2', 'fc1'"):
        find_layer(network, "fc3")


@pytest.mark.parametrize("number", [2, -3])
def test_a_number_out_of_range_is_refused(number):
    network = nn.Sequential(nn.Sequential(nn.Conv2d(3, 1, 1)), nn.ReLU())
    assert find_layer(network, -2).name == "0.0"
    with pytest.raises(InvalidParameterError, match="from -2 to 1: Sequential has 2 layers"):
        find_layer(network, number)


class Odd(nn.Module):
    def __init__(self):
        super().__init__()
        self.unused, self.windows, self.pair = nn.Linear(2, 2), nn.Unflatten(0, (1, -1)), Pair()

    def forward(self, x):
        self.windows(x)
        return self.pair(x)


class Pair(nn.Module):
    def forward(self, x):
        return {"a": x, "b": x}


@pytest.mark.parametrize(
    "layer, words",
    [
        ("unused", "'unused' is part of Odd and is not run"),
        ("windows", r"'windows' gives a tensor of shape \(1, 2, 3, 8, 8\) for 2 images"),
        ("pair", "'pair' gives a dict"),
        (None, "'the output' gives a dict"),
    ],
)
def test_a_layer_that_gives_no_row_per_image_is_refused(batch, layer, words):
    with pytest.raises(InvalidParameterError, match=words):
        run(Odd(), layer, batch)


def test_a_network_that_takes_no_photos_is_refused(batch):
    with pytest.raises(InvalidParameterError, match=r"Conv2d cannot take .*\(2, 3, 8, 8\): "):
        run(nn.Conv2d(1, 4, 1), None, batch)


def test_maps_are_averaged_over_space_wherever_the_channels_are():
    maps = torch.arange(2 * 5 * 4 * 4.0).reshape(2, 5, 4, 4)
    expected = maps.numpy().mean(axis=(2, 3))
    np.testing.assert_allclose(to_rows(maps, has_class_token=False), expected)
    last = maps.permute(0, 2, 3, 1)
    np.testing.assert_allclose(to_rows(last, has_class_token=False), expected)


def test_tokens_are_the_class_token_or_their_average():
    tokens = torch.arange(24.0).reshape(2, 3, 4)
    np.testing.assert_array_equal(to_rows(tokens, has_class_token=True), tokens[:, 0])
    np.testing.assert_array_equal(to_rows(tokens, has_class_token=False), tokens.mean(1))


def test_half_precision_becomes_single():
    assert (
        to_rows(torch.ones(2, 3, dtype=torch.float16), has_class_token=False).dtype is torch.float32
    )
