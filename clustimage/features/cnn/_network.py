"""A network of torch that turns frames into activations."""

from __future__ import annotations

import copy
import difflib
import hashlib
import re
import warnings
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils import check_random_state

from clustimage._core.errors import InvalidDataError, InvalidParameterError, MemoryLimitError
from clustimage._core.logs import get_logger
from clustimage._core.parameters import named, setting
from clustimage.features.cnn._layers import TruncatedNetwork, find_layer, is_out_of_memory, to_rows
from clustimage.features.cnn._torch import find_device, import_torch
from clustimage.features.cnn._weights import (
    fetch_weights,
    file_digest,
    file_of,
    find_member,
    load_weights,
    read_weights,
)
from clustimage.images import Frame

__all__ = ["Network", "Preset", "find_model", "spelling"]

logger = get_logger(__name__)

Batch = tuple[npt.NDArray[np.intp], npt.NDArray[np.uint8]]
Rows = tuple[npt.NDArray[np.intp], npt.NDArray[np.float32]]

HEAP_BYTES = 33_000_000  # below 32 MiB
IMAGES_PER_PASS_ON_CPU = 4  # at least
PUBLISHED = "IMAGENET1K_V1"  # weights whose preprocessing stands for a model that has none
SLOW_TO_INITIALISE = ("vgg", "inception", "googlenet")  # seconds, for numbers that a file replaces
TWO_CLASSIFIERS = ("inception", "googlenet")


@dataclass(frozen=True)
class Preset:
    """The preprocessing of images for a network.

    By default the preprocessing of most networks of torchvision: ImageNet's means and
    deviations, of 224 by 224 pixels.
    """

    frame: Frame = Frame((224, 224), resize=256)
    mean: tuple[float, ...] = (0.485, 0.456, 0.406)
    std: tuple[float, ...] = (0.229, 0.224, 0.225)


class Network:
    """A network, run as far as one layer.

    Parameters
    ----------
    model : str or torch.nn.Module
        Name of a classification model of torchvision; or a network, which is copied and
        itself never changed.
    layer : str, int or None
        As in `find_layer`.
    weights : str, path, torchvision.models.WeightsEnum or None
        As in `CNNExtractor`.
    device : str, torch.device or None
        As in `find_device`.
    random_state : int, RandomState or None
        Seed of random weights.

    Attributes
    ----------
    settings : tuple
        What it was made from.
    frame : Frame
        The pictures it takes.
    digest : str
        Identifies its weights: of a file and of a custom network the digest
        of the content, for weights that torchvision publishes the name of their file.

    Raises
    ------
    MissingDependencyError, InvalidParameterError, DownloadError
        If torch, the model, the layer, the device or the weights are not available.
    """

    def __init__(
        self, *, model: Any, layer: Any, weights: Any, device: Any, random_state: Any
    ) -> None:
        torch, _ = import_torch()
        self.settings = (model, layer, weights, device, random_state)
        self._device = find_device(device)
        if isinstance(model, str):
            module, preset, self.digest = _published(model, weights, random_state)
            expression = f"torchvision.models.{find_model(model)}()"
        else:
            module, preset, self.digest = _custom(model, weights)
            expression = "model"
        self.frame = preset.frame
        module = module.float().eval().requires_grad_(False).to(self._device)
        self._format = torch.contiguous_format
        if self._device.type in ("cpu", "cuda"):
            self._format = torch.channels_last
            module = module.to(memory_format=self._format)
        # What a large batch makes between two layers is taken from the system and given back
        # each time. What a few images make stays in the heap and in the caches. Measured on
        # two cores: mobilenet_v2 3.3, squeezenet1_1 1.7, resnet50 1.4 times as fast.
        self._piece = None
        if self._device.type == "cpu":
            self._piece = max(IMAGES_PER_PASS_ON_CPU, torch.get_num_threads())
            _widen_heap()
        self._has_class_token = hasattr(module, "class_token") or hasattr(module, "cls_token")
        width = self.frame.size[1]
        # A value for each number in a line of pixels: such passes run several times as fast as
        # those over three channels.
        self._mean = torch.tensor(preset.mean, device=self._device).repeat(width)
        self._std = torch.tensor(preset.std, device=self._device).repeat(width)
        self._truncated = TruncatedNetwork(module, find_layer(module, layer, expression))
        # One image through it, so that a layer that cannot be used is known before all others.
        self._launch(np.zeros((1, *self.frame.size, 3), dtype=np.uint8))

    def rows(self, batches: Iterable[Batch]) -> Iterator[Rows]:
        """Yield the activations of batches of frames.

        Parameters
        ----------
        batches : iterable of (positions, frames)
            Frames are of shape `(b, height, width, 3)`, uint8, in RGB.

        Yields
        ------
        positions : ndarray of int, shape (b,)
        rows : ndarray of float32, shape (b, d)

        Raises
        ------
        InvalidDataError
            If an activation is NaN or infinite.
        MemoryLimitError
            If a batch does not fit into the memory of the GPU.
        """
        waiting: tuple[npt.NDArray[np.intp], Any] | None = None
        for positions, frames in batches:
            # The device has its next batch before the last one is looked at.
            launched = positions, self._launch(frames)
            if waiting is not None:
                yield waiting[0], self._collect(waiting[1])
            waiting = launched
        if waiting is not None:
            yield waiting[0], self._collect(waiting[1])

    def _launch(self, frames: npt.NDArray[np.uint8]) -> tuple[Any, Any]:
        """Start a forward pass; return the rows that will be there when the event has come."""
        torch, _ = import_torch()
        on_cuda = self._device.type == "cuda"
        half = torch.autocast("cuda", dtype=torch.float16) if on_cuda else nullcontext()
        try:
            with torch.inference_mode(), half:
                batch = torch.from_numpy(frames)
                if on_cuda:
                    batch = batch.pin_memory()
                batch = batch.to(self._device, non_blocking=True)
                rows = torch.cat(
                    [self._pass(piece) for piece in batch.split(self._piece or len(batch))]
                )
                rows = rows.to("cpu", non_blocking=on_cuda)
                event = torch.cuda.Event() if on_cuda else None
                if event is not None:
                    event.record(torch.cuda.current_stream(self._device))
        except RuntimeError as exc:
            if not is_out_of_memory(exc):
                raise
            raise MemoryLimitError(
                f"A batch of {len(frames)} images does not fit into the memory of {self._device}. "
                "Give a smaller params_cnn['batch_size']."
            ) from exc
        return rows, event

    def _pass(self, frames: Any) -> Any:
        """Return the rows of frames on the device, `(b, height, width, 3)` uint8."""
        torch, _ = import_torch()
        lines = frames.to(torch.float32).view(len(frames), frames.shape[1], -1)
        lines.div_(255).sub_(self._mean).div_(self._std)
        batch = lines.view(frames.shape).permute(0, 3, 1, 2)
        batch = batch.contiguous(memory_format=self._format)
        return to_rows(self._truncated(batch), has_class_token=self._has_class_token)

    def _collect(self, launched: tuple[Any, Any]) -> npt.NDArray[np.float32]:
        tensor, event = launched
        if event is not None:
            event.synchronize()
        rows: npt.NDArray[np.float32] = tensor.numpy()
        if not np.isfinite(rows).all():
            precision = " in half precision" if event is not None else ""
            raise InvalidDataError(
                f"The network gives NaN or infinity{precision}: of {len(rows)} images for "
                f"{int((~np.isfinite(rows)).any(axis=1).sum())}. Look at its weights, or try "
                "params_cnn={'device': 'cpu'}."
            )
        return rows


def _widen_heap() -> None:
    """Let blocks of some 30 MB come from the heap from now on.

    The C library of GNU takes blocks above a threshold from the system. The threshold grows
    to the largest block that was freed, up to 32 MiB, and twice of it is kept free at the top
    of the heap. Nothing is written to this block, so it takes no memory.
    """
    np.empty(HEAP_BYTES, dtype=np.uint8)


def spelling(name: str) -> str:
    """Return the name of a model as torchvision would write it, known or not.

    Examples
    --------
    >>> spelling("Inception v3"), spelling("VGG16-bn")
    ('inception_v3', 'vgg16_bn')
    """
    return re.sub(r"[\s_.-]+", "_", name.strip().lower())


def find_model(name: str) -> str:
    """Return the name of a classification model as torchvision has it.

    Parameters
    ----------
    name : str
        In any case, with or without underscores: ``"Inception v3"``, ``"VGG16"``.

    Raises
    ------
    InvalidParameterError
        If it is not known; the message has close matches and how to list all.
    """
    _, torchvision = import_torch()
    names = torchvision.models.list_models(module=torchvision.models)
    wanted = spelling(name)
    plain = wanted.replace("_", "")
    alike = [known for known in names if known.replace("_", "") == plain]
    if wanted in names:
        return wanted
    if len(alike) == 1:
        return str(alike[0])
    near = alike or difflib.get_close_matches(wanted, names, n=4, cutoff=0.5)
    words = f" Close matches: {', '.join(map(repr, near))}." if near else ""
    raise InvalidParameterError(
        f"{named('model', of='params_cnn')} must be a classification model of torchvision or a "
        f"torch.nn.Module. Got {name!r}.{words} All {len(names)}: "
        "torchvision.models.list_models(module=torchvision.models)."
    )


def _published(given: str, weights: Any, random_state: Any) -> tuple[Any, Preset, str]:
    """Return a model of torchvision with its weights, its preprocessing and its digest."""
    _, torchvision = import_torch()
    model = find_model(given)
    if weights is None:
        logger.warning(
            f"{setting('weights', None)}: %s has random weights, its features tell little of what "
            "is shown.",
            model,
        )
        module = _build(model, random_state=random_state)
        return module, _preset_for(model), _parameters_digest(module)
    path = file_of(weights)
    if path is None:
        member = find_member(model, weights)
        path = fetch_weights(model, member)
        digest = path.name
    else:
        # A file that kept the name it was published under is known by it.
        digest, member = file_digest(path), None
        for known in torchvision.models.get_model_weights(model):
            member = known if known.url.rpartition("/")[2] == path.name else member
    state = read_weights(path)
    module = _build(model, member=member, state=state)
    load_weights(module, state, path=path, model=model)
    return module, (_preset_for(model) if member is None else _preset_of(member)), digest


def _build(model: str, *, member: Any = None, state: Any = None, random_state: Any = 0) -> Any:
    """Return a model with random weights, which `state` will replace if it is given."""
    torch, torchvision = import_torch()
    builder = torchvision.models.get_model_builder(model)
    family = builder.__module__.rpartition(".")[2]
    options: dict[str, Any] = {}
    if family in SLOW_TO_INITIALISE:
        options["init_weights"] = state is None
    if family in TWO_CLASSIFIERS:
        # Their own files were trained on another scale of the pixels.
        options.update(aux_logits=False, transform_input=state is not None)
    if family == "vision_transformer" and member is not None:
        options["image_size"] = member.meta["min_size"][0]
    if not isinstance(random_state, int | np.integer):
        random_state = check_random_state(random_state).randint(2**31 - 1)
    # Old versions warn of their own code.
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.default_generator.manual_seed(int(random_state))
        module = builder(weights=None, **options)
        n_classes = None if state is None else _other_n_classes(module, state)
        if n_classes is not None:
            module = builder(weights=None, num_classes=n_classes, **options)
    return module


def _other_n_classes(module: Any, state: Any) -> int | None:
    """Return the number of classes in a file where it is not that of the module."""
    last = f"{find_layer(module, None).name}.weight"
    own, given = module.state_dict()[last], state.get(last)
    if given is None or given.shape[1:] != own.shape[1:] or len(given) == len(own):
        return None
    return len(given)


def _custom(model: Any, weights: Any) -> tuple[Any, Preset, str]:
    """Return a copy of a custom network, its preprocessing and its digest."""
    torch, torchvision = import_torch()
    if not isinstance(model, torch.nn.Module):
        model.state_dict()  # raises for what stands for a network that was not saved
        raise InvalidParameterError(
            f"{named('model', of='params_cnn')} must be the name of a classification model of "
            f"torchvision or a torch.nn.Module. Got a {type(model).__name__}."
        )
    try:
        module = copy.deepcopy(model)
    except (RuntimeError, TypeError) as exc:
        raise InvalidParameterError(
            f"{named('model', of='params_cnn')}: {type(model).__name__} cannot be copied ({exc}), "
            "which is done so that the object itself stays as it is."
        ) from exc
    preset, path = Preset(), file_of(weights)
    if path is not None:
        load_weights(module, read_weights(path), path=path, model=type(model).__name__)
    elif weights not in (None, PUBLISHED):
        preset = _preset_of(_member(weights))
    return module, preset, _parameters_digest(module)


def _member(weights: Any) -> Any:
    """Return the weights of torchvision whose preprocessing a custom network uses."""
    _, torchvision = import_torch()
    if hasattr(weights, "transforms"):
        return weights
    try:
        return torchvision.models.get_weight(str(weights))
    except (ValueError, KeyError) as exc:
        raise InvalidParameterError(
            f"{named('weights', of='params_cnn')} of a torch.nn.Module must be a file with a state "
            "dict, or weights of torchvision whose preprocessing is used, such as "
            f"'ResNet50_Weights.IMAGENET1K_V2'. Got {str(weights)!r}."
        ) from exc


def _preset_for(model: str) -> Preset:
    _, torchvision = import_torch()
    kind = torchvision.models.get_model_weights(model)
    return _preset_of(kind[PUBLISHED if PUBLISHED in kind.__members__ else "DEFAULT"])


def _preset_of(member: Any) -> Preset:
    """Return the preprocessing that belongs to weights of torchvision."""
    steps = member.transforms()
    names = ("crop_size", "resize_size", "mean", "std", "interpolation")
    if not all(hasattr(steps, name) for name in names):
        raise InvalidParameterError(
            f"{named('weights', of='params_cnn')} must be weights for the classification of "
            f"images. Got {member}."
        )
    size = int(steps.crop_size[0])
    return Preset(
        Frame((size, size), int(steps.resize_size[0]), steps.interpolation.value),
        tuple(steps.mean),
        tuple(steps.std),
    )


def _parameters_digest(module: Any) -> str:
    """Return the digest of all numbers in a network."""
    torch, _ = import_torch()
    digest = hashlib.blake2b(digest_size=16)
    for name, value in module.state_dict().items():
        if isinstance(value, torch.Tensor):
            plain = value.detach().cpu()
            plain = plain.float() if plain.is_floating_point() else plain
            digest.update(f"{name} {tuple(value.shape)}".encode())
            digest.update(np.ascontiguousarray(plain.numpy()).reshape(-1).data)
    return digest.hexdigest()
