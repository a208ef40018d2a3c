"""Whether a network can be used as things are, without a download."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clustimage._core.errors import MissingDependencyError
from clustimage.features.cnn._names import is_lite0, joined_names, packages_of, parse_name
from clustimage.features.cnn._open_clip import find_open_clip
from clustimage.features.cnn._timm import LITE0_FILE, find_timm
from clustimage.features.cnn._torch import import_torch, installed_versions
from clustimage.features.cnn._torchvision import find_model
from clustimage.features.cnn._weights import file_of, find_local, find_member

__all__ = ["missing_for"]


def missing_for(params_cnn: Mapping[str, Any]) -> str:
    """Return what is missing for a network without a download; empty where nothing is.

    Parameters
    ----------
    params_cnn : mapping
        With ``"model"`` and ``"weights"``.

    Returns
    -------
    str
        The part of a sentence after "because".

    Raises
    ------
    InvalidParameterError
        If torch is there, and there is no such model or no such weights.
    """
    model, weights = params_cnn["model"], params_cnn["weights"]
    if installed_versions() is None:
        return "torch and torchvision are not installed"
    try:
        import_torch()
    except MissingDependencyError:
        return "torch and torchvision cannot be imported"
    if not isinstance(model, str):
        return ""  # it brings its weights
    if weights is None:
        return "the network would have random weights"
    path = file_of(weights)
    if path is not None:
        return "" if path.is_file() else f"the weights {path.name} are not on this machine"
    for name in joined_names(model) or [model]:
        if installed_versions(*packages_of(name)) is None:
            return f"{' and '.join(packages_of(name))} is not installed"
        if not _has_weights(name, weights):
            return f"the weights of {name} are not on this machine"
    return ""


def _has_weights(model: str, weights: Any) -> bool:
    library, name = parse_name(model)
    if library == "timm":
        return find_timm(name, weights) is not None
    if library == "open_clip":
        return find_open_clip(name, weights) is not None
    if is_lite0(name):
        return find_local(LITE0_FILE) is not None
    url = find_member(find_model(name), weights).url
    return find_local(url.rpartition("/")[2]) is not None
