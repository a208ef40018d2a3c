"""Whether a network can be used as things are, without a download."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clustimage._core.errors import MissingDependencyError
from clustimage.features.cnn._network import find_model
from clustimage.features.cnn._torch import import_torch, installed_versions
from clustimage.features.cnn._weights import file_of, find_member

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
        torch, _ = import_torch()
    except MissingDependencyError:
        return "torch and torchvision cannot be imported"
    if not isinstance(model, str):
        return ""  # it brings its weights
    if weights is None:
        return "the network would have random weights"
    path = file_of(weights)
    if path is None:
        url = find_member(find_model(model), weights).url
        path = Path(torch.hub.get_dir(), "checkpoints", url.rpartition("/")[2])
    return "" if path.is_file() else f"the weights {path.name} are not on this machine"
