"""What is saved of a model, and how a model comes back from it.

What is saved is a nested dict of arrays and plain values, without any object of a class:
`export` writes it to a file, and nothing in the file is ever executed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple
from os import PathLike
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import numpy as np

from clustimage._core.errors import (
    DiskSpaceError,
    InvalidParameterError,
    MemoryLimitError,
    MissingDependencyError,
    ModelFileError,
)
from clustimage._core.logs import get_logger
from clustimage._core.parameters import named, setting
from clustimage._core.step_order import StepOrderError
from clustimage._model.base import ModelBase
from clustimage._model.saved_checks import check_saved
from clustimage._model.state import State
from clustimage.cluster import Clustering
from clustimage.cluster.confidence._resampling import Resampling
from clustimage.cluster.confidence._verdict import Verdict
from clustimage.corrections import Corrections, read_corrections, to_plain
from clustimage.embedding import Embedder, PCAEmbedder, make_embedder
from clustimage.features import AUTO, EXTRACTORS, CombinedExtractor, make_extractor
from clustimage.images import Images, ImageStatus, Timestamps
from clustimage.similarity import null_from_state

__all__ = ["restored", "saved_state"]

logger = get_logger(__name__)

# Settings that may hold an object of the user's, which no file can keep.
MAY_BE_OBJECTS = ("method", "embedding")
# Names of the state under which files hold what they were made from.
SAVED_NAMES = {"clustering": "clustering_"}
# The same within a dict of settings: name: the dict.
MAY_BE_INSIDE = {
    "model": "params_cnn",
    "detector": "params_faces",
    "recognizer": "params_faces",
    "cluster": "params_cluster",
}
# What the machine lacks, or what the user has to give.
NOT_OF_THE_FILE = (MissingDependencyError, MemoryLimitError, DiskSpaceError, StepOrderError)
# Features of a network, or of something else than pixels.
NOT_TRIED_OUT = ("cnn", "exif", "face", "precomputed")


class NotSaved:
    """Stands for an object of the user's that no file keeps; says so when it is needed."""

    def __init__(self, name: str, described: str) -> None:
        self._name = name
        self.described = described

    def __repr__(self) -> str:
        return self.described

    def _missing(self, *args: Any, **options: Any) -> NoReturn:
        raise StepOrderError(
            f"This model was made with an object of your own as {self._name!r}, {self.described}, "
            f"which no file keeps. Load it with Clustimage.load(path, {self._name}=YourObject())."
        )

    fit = transform = fit_transform = fit_images = transform_images = fit_predict = _missing
    state_dict = eval = _missing  # as a network
    detect = describe = _missing
    distance_threshold = property(_missing)  # of a recognizer


def saved_state(model: ModelBase) -> dict[str, Any]:
    """Return what a file keeps of a model."""
    settings, state = model._settings, model._state
    given = dict(settings.given)
    # What was loaded without its object stays the user's own when it is saved again.
    own = [name for name in MAY_BE_OBJECTS if not isinstance(given[name], str | None)]
    for name in own:
        given[name] = repr(given[name])
    for name, holder in MAY_BE_INSIDE.items():
        if not isinstance(settings.params[holder][name], str | None):
            own.append(name)
        given[holder] = _as_text(given[holder])
    given["dirpath"] = None if given["dirpath"] is None else str(given["dirpath"])
    given["ext"] = tuple(given["ext"])
    given["engine"] = None  # who loads the model has workers of their own, or none
    given["random_state"] = settings.random_state
    if given["method"] == AUTO:  # the same on a machine where another would be chosen
        given.update(method=settings.method, params_cnn=_as_text(settings.params_cnn))
    embedder = state.embedder
    return {
        "given": given,
        "own": tuple(own),
        "dim": tuple(model.params["dim"]),
        # First, so that they are stored by the same rule as when they were read.
        "images": _images_state(state.images),
        "results": {key: value for key, value in state.results.items() if key != "img"},
        "made_from": {SAVED_NAMES.get(name, name): row for name, row in state.made_from.items()},
        "queries": _images_state(state.queries),
        "extractor": _extractor_state(state.extractor),
        "embedder": embedder.get_state() if isinstance(embedder, Embedder) else None,
        "clustering": None if state.clustering is None else state.clustering.get_state(),
        "null": None if state.null is None else state.null.get_state(),
        "unique": state.unique,
        "faces": state.faces,
        "metadata": state.metadata,
        "inputs": state.inputs,
        "moments": None if state.timestamps is None else asdict(state.timestamps),
        "verdict": None if state.verdict is None else asdict(state.verdict),
        "resampling": None if state.resampling is None else asdict(state.resampling),
        "corrections": to_plain(Corrections(tuple(state.corrections))),
        "names": {str(label): name for label, name in (state.names or {}).items()},
        "named": {name: list(digests) for name, digests in state.named.items()},
        "digests": state.digests or (None if state.images is None else state.images.keys),
    }


Kind = TypeVar("Kind", bound=ModelBase)


def restored(
    kind: type[Kind],
    saved: Mapping[str, Any],
    weights: Any = None,
    max_memory: Any = None,
    dirpath: Any = None,
    **objects: Any,
) -> Kind:
    """Return the model that `saved_state` was taken from.

    Parameters
    ----------
    kind : type
        The class of the model, whose constructor takes the settings.
    saved : mapping
        What `saved_state` returned.
    weights : path, optional
        Where the weights of the network are now.
    max_memory : int or str, optional
        In place of the one that was saved.
    dirpath : path, optional
        In place of the one that was saved, which is not used.
    **objects
        ``method``, ``embedding``, ``model`` (of ``params_cnn``), ``detector`` and ``recognizer``
        (of ``params_faces``) and ``cluster`` (of ``params_cluster``), where the model was made
        with objects of the user's own.

    Raises
    ------
    ModelFileError
        If something is missing in what was saved, or does not fit together.
    InvalidParameterError
        If an object is given that the model has no use for.
    """
    check_saved(saved)
    for name in sorted(set(objects) - set(saved["own"])):
        holder = MAY_BE_INSIDE.get(name)
        value = (saved["given"][holder] if holder else saved["given"]).get(name)
        raise InvalidParameterError(f"{name!r} is part of this model: {value!r}. Load it without.")
    try:
        given = _given(saved, weights, max_memory, objects, dirpath)
        model = kind(**given)
        state, settings = model._state, model._settings
        images = _images_from(saved["images"])
        state.images = images
        state.results.update(saved["results"])
        state.feat = state.results["feat"]
        if images is not None:
            state.results["img"] = images.flat
        names = {old: name for name, old in SAVED_NAMES.items()}
        state.made_from = {
            names.get(name, name): tuple(row) for name, row in saved["made_from"].items()
        }
        state.queries = _images_from(saved["queries"])
        state.unique = saved["unique"]
        if saved["clustering"] is not None:
            state.clustering = Clustering.from_state(saved["clustering"])
        state.faces = saved.get("faces")
        state.metadata = saved.get("metadata")
        state.inputs = saved.get("inputs")
        state.show_pictures()
        if saved.get("moments") is not None:
            state.timestamps = Timestamps(**saved["moments"])
        if saved.get("verdict") is not None:
            state.verdict = Verdict(**saved["verdict"])
        if saved.get("resampling") is not None:
            state.resampling = Resampling(**saved["resampling"])
        if "corrections" in saved:
            state.corrections = list(read_corrections(saved["corrections"]).actions)
            state.names = {int(label): str(name) for label, name in saved["names"].items()}
            state.named = {name: tuple(keys) for name, keys in saved["named"].items()}
            state.digests = saved["digests"]
        if saved["null"] is not None:
            state.null = null_from_state(saved["null"])
        state.extractor = _extractor_from(saved, model, weights)
        if saved["embedder"] is not None:
            embedder = make_embedder(settings.embedding, settings.params)
            state.embedder = embedder.set_state(saved["embedder"])
        if saved["extractor"] is not None:
            _try_out(state, _parts_of(saved["extractor"]))
    except (ModelFileError, *NOT_OF_THE_FILE):
        raise
    except Exception as exc:  # noqa: BLE001
        if isinstance(exc, InvalidParameterError) and (objects or dirpath is not None):
            raise  # of what the user gives now
        raise ModelFileError(
            f"A part of it is missing, or not as this version of clustimage needs it: {exc}"
        ) from exc
    return model


def _try_out(state: State, parts: Sequence[tuple[str, Any]]) -> None:
    """Use what was learned once, so that what does not fit together shows now."""
    feat, images = state.results["feat"], state.images
    if feat is None or not len(feat):
        return
    embedder = state.embedder
    if (
        isinstance(embedder, PCAEmbedder)
        and embedder.n_features_in_ == feat.shape[1]
        and not np.isfinite(embedder.transform(feat[:1])).all()
    ):
        raise ModelFileError("Its embedding gives no finite coordinates.")
    # The weights of networks are read when they are first needed.
    if images is not None and not any(name in NOT_TRIED_OUT for name, _ in parts):
        assert state.extractor is not None
        found = state.extractor.transform(images.pixels[:1])
        if found.shape != (1, feat.shape[1]) or not np.isfinite(found).all():
            raise ModelFileError("Its features are not those that it computes of its images.")


def _given(
    saved: Mapping[str, Any],
    weights: Any,
    max_memory: Any,
    objects: Mapping[str, Any],
    dirpath: Any,
) -> dict[str, Any]:
    """Return the parameters of the constructor, with what the user gives now."""
    given: dict[str, Any] = {
        name: dict(value) if isinstance(value, dict) else value
        for name, value in saved["given"].items()
    }
    for name in saved["own"]:
        settings = given[MAY_BE_INSIDE[name]] if name in MAY_BE_INSIDE else given
        settings[name] = objects.get(name, NotSaved(name, settings[name]))
    if weights is not None:
        given["params_cnn"]["weights"] = weights
    if max_memory is not None:
        given["max_memory"] = max_memory
    # Who wrote the file has no say in who does the work, nor in where folders are made.
    given["engine"] = None
    if given["dirpath"] is not None and dirpath is None:
        logger.info(
            f"The {named('dirpath')} of this model, %r, is not used. To keep images and features "
            f"there again, give load() one: {setting('dirpath', ...)}.",
            given["dirpath"],
        )
    given["dirpath"] = dirpath
    return given


def _as_text(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings in which networks, detectors, weights and devices are told in words."""
    plain = dict(settings)
    for name in MAY_BE_INSIDE:
        if not isinstance(plain.get(name), str | PathLike | NotSaved | None):
            plain[name] = type(plain[name]).__qualname__
    for name in (*MAY_BE_INSIDE, "device", "detector_model"):
        if plain.get(name) is not None:
            plain[name] = str(plain[name])
    weights: Any = plain.get("weights")
    if hasattr(weights, "transforms"):
        plain["weights"] = f"{type(weights).__name__}.{weights.name}"
    elif isinstance(weights, PathLike | str) and Path(weights).is_file():
        # Found again from wherever the model is loaded.
        plain["weights"] = str(Path(weights).absolute())
    return plain


def _extractor_state(extractor: Any) -> dict[str, Any] | None:
    """Return kind, settings and what was learned; None for an object of the user's own.

    The settings are those that the extractor was made with: the ones of the model may
    have been changed since.
    """
    if isinstance(extractor, CombinedExtractor):
        parts = [(name, _as_text(part.get_params(deep=False))) for name, part in extractor.parts]
        return {"parts": parts, "learned": extractor.get_state()}
    for name, kind in EXTRACTORS.items():
        if type(extractor) is kind:
            settings = _as_text(extractor.get_params(deep=False))
            return {"method": name, "settings": settings, "learned": extractor.get_state()}
    return None


def _extractor_from(state: Mapping[str, Any], model: ModelBase, weights: Any) -> Any:
    if model._state.results["feat"] is None:
        return None
    method = model._settings.method
    if state["extractor"] is not None:
        saved = state["extractor"]
        made = []
        for name, settings in _parts_of(saved):
            settings = dict(settings)
            if "model" in settings and "model" in state["own"]:
                settings["model"] = model._settings.params_cnn["model"]
            if "weights" in settings and weights is not None:
                settings["weights"] = weights
            made.append((name, EXTRACTORS[name](**settings)))
        extractor = CombinedExtractor(made) if "parts" in saved else made[0][1]
        return extractor.set_state(saved["learned"])
    if isinstance(method, NotSaved):
        return method
    return make_extractor(method, model._settings.params).fit(model._state.images_read().pixels)


def _parts_of(saved: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return name and settings of each extractor that was saved."""
    return saved.get("parts") or [(saved["method"], saved["settings"])]


def _images_state(images: Images | None) -> dict[str, Any] | None:
    if images is None:
        return None
    rows = [astuple(row) for row in images.status]
    return {
        "pathnames": images.pathnames,
        "filenames": images.filenames,
        "url": images.url,
        "pixels": images.pixels,
        "status": rows,
        "white": images.white,
    }


def _images_from(state: Mapping[str, Any] | None) -> Images | None:
    if state is None:
        return None
    return Images(
        pathnames=state["pathnames"],
        filenames=state["filenames"],
        url=state["url"],
        pixels=state["pixels"],
        status=[ImageStatus(*row) for row in state["status"]],
        white=state["white"],
    )
