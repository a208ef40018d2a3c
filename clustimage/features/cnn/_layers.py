"""Which layer of a network describes an image, and how its activations become a row."""

from __future__ import annotations

import difflib
from typing import Any, NamedTuple

from clustimage._core.errors import InvalidParameterError
from clustimage._core.parameters import named
from clustimage.features.cnn._torch import import_torch

__all__ = ["Layer", "TruncatedNetwork", "find_layer", "is_out_of_memory", "to_rows"]

# Modules that turn features into classes.
CLASSIFIERS = ("classifier", "fc", "heads", "head")

# Layers of a VGG by the names that the papers and Keras use.
VGG_NAMES = {
    "flatten": ("classifier.0", "input"),
    "fc1": ("classifier.1", "output"),  # after its ReLU
    "fc2": ("classifier.4", "output"),
}

# What code of the user's may raise in a forward pass.
FORWARD_ERRORS = (
    *(RuntimeError, ValueError, TypeError, IndexError, KeyError, AttributeError),
    *(AssertionError, ArithmeticError),
)


class Layer(NamedTuple):
    """A module, and whether its input or its output is meant; without a module the output."""

    name: str
    module: Any
    side: str


def find_layer(network: Any, layer: str | int | None, expression: str = "model") -> Layer:
    """Return the layer of a network whose activations are taken.

    Parameters
    ----------
    network : torch.nn.Module
        The network.
    layer : str, int or None
        None is the input of the classifier: of the last linear layer or convolution in
        ``classifier``, ``fc``, ``heads`` or ``head``; the output of the network where it has
        none. A name is one of ``network.named_modules()``, for VGG also ``"fc1"``,
        ``"fc2"`` (after their ReLU) and ``"flatten"``. A number counts the modules that
        have no others in them, in the order in which they were made, from 0, or from the
        end with -1.
    expression : str, default="model"
        Code that gives the network, for the message.

    Raises
    ------
    InvalidParameterError
        If there is no such layer; the message has close matches and how to list all.
    """
    _, torchvision = import_torch()
    if layer is None:
        return _before_classifier(network)
    modules = dict(network.named_modules())
    if isinstance(layer, str):
        known = VGG_NAMES if isinstance(network, torchvision.models.VGG) else {}
        if layer in known:
            name, side = known[layer]
            return Layer(layer, modules[name], side)
        if layer and layer in modules:
            return Layer(layer, modules[layer], "output")
        raise InvalidParameterError(
            f"{named('layer', of='params_cnn')} must be a layer of {type(network).__name__}. Got "
            f"{layer!r}.{_near(layer, [*known, *filter(None, modules)])} All names: [name for "
            f"name, _ in {expression}.named_modules()]."
        )
    leaves = [name for name, module in modules.items() if not any(module.children())]
    if -len(leaves) <= layer < len(leaves):
        return Layer(leaves[layer], modules[leaves[layer]], "output")
    raise InvalidParameterError(
        f"{named('layer', of='params_cnn')} must be from {-len(leaves)} to {len(leaves) - 1}: "
        f"{type(network).__name__} has {len(leaves)} layers. Got {layer!r}."
    )


def _before_classifier(network: Any) -> Layer:
    torch, _ = import_torch()
    for attribute in CLASSIFIERS:
        part = getattr(network, attribute, None)
        if isinstance(part, torch.nn.Module):
            ends = [
                Layer(name, module, "input")
                for name, module in part.named_modules(prefix=attribute)
                if isinstance(module, (torch.nn.Linear, torch.nn.Conv2d))
            ]
            if ends:
                return ends[-1]
    return Layer("the output", None, "output")


def _near(name: str, names: list[str]) -> str:
    close = difflib.get_close_matches(name, names, n=4, cutoff=0.5)
    return f" Close matches: {', '.join(map(repr, close))}." if close else ""


class _Reached(Exception):
    """The forward pass has come to the layer; the layers behind it need not be computed."""


class _Hook:
    """Takes the input or the output of a module in a forward pass.

    It knows nothing of the network, so that the network is freed with its last user.
    """

    def __init__(self) -> None:
        self.runs = 0  # how often the layer is run in one pass, once that is known
        self.seen = 0
        self.value: Any = None

    def take_input(self, module: Any, given: tuple[Any, ...]) -> None:
        self.take(given)

    def take_output(self, module: Any, given: tuple[Any, ...], made: Any) -> None:
        self.take(made)

    def take(self, value: Any) -> None:
        self.value = value
        self.seen += 1
        if self.seen == self.runs:
            raise _Reached


class TruncatedNetwork:
    """A network that is run as far as one layer, whose tensor it returns.

    A module that is run several times, such as the ReLU that the convolutions of a block
    share, counts the last time. How often it runs is found on the first call, which goes
    through the whole network; later ones end at the layer.

    Parameters
    ----------
    network : torch.nn.Module
        Gets a hook.
    layer : Layer
        What `find_layer` returned.
    """

    def __init__(self, network: Any, layer: Layer) -> None:
        self.network = network
        self.layer = layer
        self._hook = _Hook()
        if layer.module is not None:
            if layer.side == "input":
                layer.module.register_forward_pre_hook(self._hook.take_input)
            else:
                layer.module.register_forward_hook(self._hook.take_output)

    def __call__(self, batch: Any) -> Any:
        """Return the tensor at the layer for a batch `(b, 3, height, width)`.

        Raises
        ------
        InvalidParameterError
            If the layer is not run, or has not one tensor with a row per image.
        """
        hook = self._hook
        hook.seen, made = 0, None
        try:
            made = self.network(batch)
        except _Reached:
            pass
        except FORWARD_ERRORS as exc:
            # What goes wrong behind the layer on the first call, no other call comes to.
            if not hook.seen and not hook.runs and not is_out_of_memory(exc):
                raise self._refused(batch, exc) from exc
            if not hook.seen or hook.runs:
                raise
        value, hook.value = hook.value, None
        if self.layer.module is None:
            value = made
        elif not hook.seen:
            raise InvalidParameterError(
                f"{named('layer', of='params_cnn')}: {self.layer.name!r} is part of "
                f"{type(self.network).__name__} and is not run as a layer of its own. Take the one "
                "around it, or the one before."
            )
        hook.runs = hook.runs or hook.seen
        return _one_tensor(value, len(batch), self.layer.name)

    def _refused(self, batch: Any, exc: BaseException) -> InvalidParameterError:
        return InvalidParameterError(
            f"{named('model', of='params_cnn')}: {type(self.network).__name__} cannot take images "
            f"as a tensor of shape {tuple(batch.shape)}: {' '.join(str(exc).split())[:200]}."
        )


def is_out_of_memory(exc: BaseException) -> bool:
    """Return whether a GPU has no memory left."""
    return type(exc).__name__ == "OutOfMemoryError"


def _one_tensor(value: Any, n_images: int, name: str) -> Any:
    torch, _ = import_torch()
    if isinstance(value, (tuple, list)):
        tensors = [part for part in value if isinstance(part, torch.Tensor)]
        value = tensors[0] if len(tensors) == 1 else value
    if isinstance(value, torch.Tensor) and value.ndim >= 2 and len(value) == n_images:
        return value
    got = (
        f"a tensor of shape {tuple(value.shape)} for {n_images} images"
        if isinstance(value, torch.Tensor)
        else f"a {type(value).__name__}"
    )
    raise InvalidParameterError(
        f"{named('layer', of='params_cnn')} must give one tensor with a row per image. {name!r} "
        f"gives {got}."
    )


def to_rows(value: Any, *, has_class_token: bool) -> Any:
    """Return what a layer gave as one row per image, in single precision.

    Maps `(b, c, h, w)` are averaged over space, also `(b, h, w, c)` where only h and w are
    equal, as in Swin; tokens `(b, t, c)` are the class token, or averaged where the network
    has none; all else is flattened.

    Returns
    -------
    Tensor of shape (b, d), float32
    """
    value = value.float()
    if value.ndim == 4:
        channels_last = value.shape[1] == value.shape[2] != value.shape[3]
        return value.mean(dim=(1, 2) if channels_last else (2, 3))
    if value.ndim == 3:
        return value[:, 0] if has_class_token else value.mean(dim=1)
    return value.flatten(1)
