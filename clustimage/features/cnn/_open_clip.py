"""The image towers of CLIP models, by the names that open_clip has for them."""

from __future__ import annotations

import difflib
import re
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from clustimage._core.errors import InvalidParameterError
from clustimage._core.ignored_warnings import ignored_warnings
from clustimage._core.optional import import_optional
from clustimage._core.parameters import named, setting
from clustimage.features.cnn._hub import fetch_from_hub, find_in_hub
from clustimage.features.cnn._preset import Built, Preset, is_default
from clustimage.features.cnn._torch import import_torch, seeded
from clustimage.features.cnn._weights import (
    file_digest,
    file_of,
    load_weights,
    parameters_digest,
    read_weights,
    warn_of_random,
)
from clustimage.images import Frame

__all__ = ["build_open_clip", "find_open_clip"]

TOWER = "visual."  # prefix of the entries of the image tower

HUB_FILES = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")

# What stands before the other tags where a model has several, most useful first.
PREFERRED = ("laion2b_s", "datacomp_xl", "datacomp", "laion", "dfn", "metaclip")


class Named(NamedTuple):
    """A model of open_clip, the tag of its weights, and the settings that belong to the tag."""

    model: str
    tag: str
    settings: dict[str, Any]

    def __str__(self) -> str:
        return f"open_clip/{self.model}/{self.tag}" if self.tag else f"open_clip/{self.model}"


def build_open_clip(given: str, *, weights: Any, random_state: Any) -> Built:
    """Return the image tower of a model of open_clip with its weights and its preprocessing.

    Its output is what ``model.encode_image`` gives. The tower for texts is not built.

    Parameters
    ----------
    given : str
        The name of the model, ``"ViT-B-32"``, or with the tag of its weights,
        ``"ViT-B-32/laion2b_s34b_b79k"``.
    weights : str, path or None
        The tag, the default for the one in the name or a common one, a file, or None.
    random_state : int, RandomState or None
        Seed of random weights.

    Raises
    ------
    MissingDependencyError, InvalidParameterError, DownloadError
        If open_clip, the model or its weights are not available.
    """
    open_clip = _import_open_clip(given)
    path = file_of(weights)
    found = _find(open_clip, given, weights if path is None else None)
    module = _tower(open_clip, found, random_state)
    if weights is None:
        warn_of_random(str(found))
    else:
        file = _fetch(open_clip, found) if path is None else path
        load_weights(module, _of_tower(read_weights(file)), path=file, model=str(found))
    digest = parameters_digest(module) if path is None else file_digest(path)
    expression = f"open_clip.create_model({found.model!r}).visual"
    return Built(module, _preset_of(found, module), digest, expression, pooled=True)


def find_open_clip(given: str, weights: Any) -> Path | None:
    """Return the file of the weights of a model of open_clip from the cache, or None."""
    found = _find(_import_open_clip(given), given, weights)
    return find_in_hub(*_place(found)) if found.tag else None


def _import_open_clip(given: str) -> Any:
    import_torch()
    with ignored_warnings():
        return import_optional(
            "open_clip",
            extra="open_clip",
            needed_by=setting("params_cnn", {"model": f"open_clip/{given}"}),
        )


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.lower())


def _find(open_clip: Any, given: str, weights: Any) -> Named:
    """Return the model and the tag that a name means; of the tag of weights that are not named."""
    names = {_plain(name): name for name in open_clip.list_models()}
    # Names may have a slash themselves: ViT-B/32.
    model, tag = names.get(_plain(given)), ""
    if model is None:
        head, _, tag = given.rpartition("/")
        model = names.get(_plain(head))
    if model is None:
        near = difflib.get_close_matches(given, names.values(), n=4, cutoff=0.4)
        words = f" Close matches: {', '.join(repr(f'open_clip/{name}') for name in near)}."
        raise InvalidParameterError(
            f"{named('model', of='params_cnn')} must be a model of open_clip after 'open_clip/', "
            f"with or without a tag of weights after another slash. Got {f'open_clip/{given}'!r}."
            f"{words if near else ''} All: open_clip.list_models() and "
            "open_clip.list_pretrained()."
        )
    tags = open_clip.list_pretrained_tags_by_model(model)
    if weights is not None and not is_default(weights):
        asked = str(weights)
        if tag and _plain(tag) != _plain(asked):
            raise InvalidParameterError(
                f"{named('weights', of='params_cnn')} cannot be combined with the weights in the "
                f"name open_clip/{given}. Got {asked!r}."
            )
        tag = asked
    if tag:
        known = [name for name in tags if _plain(name) == _plain(tag)]
        if not known:
            near = difflib.get_close_matches(tag, tags, n=1)
            raise InvalidParameterError(
                f"The weights of open_clip/{model} must be one of {', '.join(map(repr, tags))}, a "
                f"file with a state dict, or None for random ones. Got {tag!r}."
                f"{f' Did you mean {near[0]!r}?' if near else ''}"
            )
        tag = known[0]
    else:
        tag = _usual(open_clip, model, tags)
    return Named(model, tag, open_clip.get_pretrained_cfg(model, tag) if tag else {})


def _usual(open_clip: Any, model: str, tags: list[str]) -> str:
    """Return the tag that is taken where none is named; of the activation that the name has."""
    quick = bool(open_clip.get_model_config(model).get("quick_gelu"))
    fitting = [
        tag
        for tag in tags
        if bool(open_clip.get_pretrained_cfg(model, tag).get("quick_gelu")) == quick
    ]
    for start in PREFERRED:
        for tag in fitting:
            if tag.startswith(start):
                return tag
    return next(iter(fitting or tags), "")


def _tower(open_clip: Any, found: Named, random_state: Any) -> Any:
    """Return the image tower of a model, with random weights."""
    config = open_clip.get_model_config(found.model)
    vision = {**config["vision_cfg"], "timm_model_pretrained": False}
    # Weights that were trained with QuickGELU want it, whatever the name of the model says.
    quick = found.settings.get("quick_gelu", config.get("quick_gelu", False))
    with seeded(random_state), ignored_warnings():
        tower = open_clip.model._build_vision_tower(config["embed_dim"], vision, bool(quick))
    tower.output_tokens = False  # CoCa gives its tokens too
    return tower


def _fetch(open_clip: Any, found: Named) -> Path:
    """Return the file of published weights, downloaded if need be."""
    if not found.tag:
        raise InvalidParameterError(
            f"open_clip has no weights for {found.model}. Give a file with a state dict, "
            f"{setting('params_cnn', {'weights': 'path/to/file'})}, or None for random ones."
        )
    return fetch_from_hub(str(found), *_place(found))


def _place(found: Named) -> tuple[str, Sequence[str]]:
    """Return the repository of weights on the Hugging Face hub, and the names of their file."""
    repository, _, name = str(found.settings["hf_hub"]).rpartition("/")
    return repository, [name] if name else HUB_FILES


def _of_tower(state: OrderedDict[str, Any]) -> OrderedDict[str, Any]:
    """Return the entries of the image tower of a whole model, or those of a tower alone."""
    tower = OrderedDict(
        (name[len(TOWER) :], value) for name, value in state.items() if name.startswith(TOWER)
    )
    return tower or state


def _preset_of(found: Named, module: Any) -> Preset:
    """Return the preprocessing of open_clip's own pipeline."""
    constants = import_optional("open_clip.constants", extra="open_clip", needed_by=str(found))
    settings = found.settings
    side = module.image_size
    height, width = (side, side) if isinstance(side, int) else tuple(side)
    squash = settings.get("resize_mode", "shortest") == "squash"
    return Preset(
        Frame(
            (int(height), int(width)),
            None if squash else int(min(height, width)),
            settings.get("interpolation", "bicubic"),
        ),
        tuple(settings.get("mean", constants.OPENAI_DATASET_MEAN)),
        tuple(settings.get("std", constants.OPENAI_DATASET_STD)),
    )
