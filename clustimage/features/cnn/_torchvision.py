"""Networks of torchvision, by their names."""

from __future__ import annotations

import difflib
from typing import Any

from clustimage._core.errors import InvalidParameterError
from clustimage._core.ignored_warnings import ignored_warnings
from clustimage._core.parameters import named
from clustimage.features.cnn._layers import find_layer
from clustimage.features.cnn._names import LITE0, spelling
from clustimage.features.cnn._preset import PUBLISHED, Built, Preset
from clustimage.features.cnn._torch import import_torch, seeded
from clustimage.features.cnn._weights import (
    fetch_weights,
    file_digest,
    file_of,
    find_member,
    load_weights,
    parameters_digest,
    read_weights,
    warn_of_random,
)
from clustimage.images import Frame

__all__ = ["build_torchvision", "find_model", "preset_of"]

SLOW_TO_INITIALISE = ("vgg", "inception", "googlenet")  # seconds, for numbers that a file replaces
TWO_CLASSIFIERS = ("inception", "googlenet")


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
    names = [*torchvision.models.list_models(module=torchvision.models), LITE0]
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
        f"{named('model', of='params_cnn')} must be a classification model of torchvision, a name "
        f"after 'timm/' or 'open_clip/', or a torch.nn.Module. Got {name!r}.{words} All "
        f"{len(names) - 1} of torchvision: "
        "torchvision.models.list_models(module=torchvision.models)."
    )


def build_torchvision(given: str, *, weights: Any, random_state: Any) -> Built:
    """Return a model of torchvision with its weights and its preprocessing.

    Parameters
    ----------
    given : str
        Its name, as `find_model` takes it.
    weights : str, path, torchvision.models.WeightsEnum or None
        As in `CNNExtractor`.
    random_state : int, RandomState or None
        Seed of random weights.

    Raises
    ------
    InvalidParameterError, DownloadError
        If the model has no such weights, or they are not available.
    """
    _, torchvision = import_torch()
    model = find_model(given)
    expression = f"torchvision.models.{model}()"
    if weights is None:
        warn_of_random(model)
        module = _build(model, random_state=random_state)
        return Built(module, _preset_for(model), parameters_digest(module), expression)
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
    preset = _preset_for(model) if member is None else preset_of(member)
    return Built(module, preset, digest, expression)


def _build(model: str, *, member: Any = None, state: Any = None, random_state: Any = 0) -> Any:
    """Return a model with random weights, which `state` will replace if it is given."""
    _, torchvision = import_torch()
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
    # Old versions warn of their own code.
    with seeded(random_state), ignored_warnings():
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


def _preset_for(model: str) -> Preset:
    _, torchvision = import_torch()
    kind = torchvision.models.get_model_weights(model)
    return preset_of(kind[PUBLISHED if PUBLISHED in kind.__members__ else "DEFAULT"])


def preset_of(member: Any) -> Preset:
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
