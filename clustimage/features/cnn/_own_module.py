"""A network of the user's own."""

from __future__ import annotations

import copy
from typing import Any

from clustimage._core.errors import InvalidParameterError
from clustimage._core.parameters import named
from clustimage.features.cnn._preset import PUBLISHED, Built, Preset
from clustimage.features.cnn._torch import import_torch
from clustimage.features.cnn._torchvision import preset_of
from clustimage.features.cnn._weights import file_of, load_weights, parameters_digest, read_weights

__all__ = ["copy_module"]


def copy_module(model: Any, weights: Any) -> Built:
    """Return a copy of a custom network and its preprocessing.

    Parameters
    ----------
    model : torch.nn.Module
        Stays as it is.
    weights : str, path, torchvision.models.WeightsEnum or None
        As in `CNNExtractor`.

    Raises
    ------
    InvalidParameterError
        If it is no network, cannot be copied, or there are no such weights.
    """
    torch, torchvision = import_torch()
    if not isinstance(model, torch.nn.Module):
        model.state_dict()  # raises for what stands for a network that was not saved
        raise InvalidParameterError(
            f"{named('model', of='params_cnn')} must be the name of a network or a "
            f"torch.nn.Module. Got a {type(model).__name__}."
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
        preset = preset_of(_member(weights))
    return Built(module, preset, parameters_digest(module), "model")


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
