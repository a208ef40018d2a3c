"""What is saved of a model, and how a model comes back from it.

A state is a nested dict of arrays and plain values, without any object of a class:
`export` writes it to a file, and nothing in the file is ever executed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, astuple
from os import PathLike
from pathlib import Path
from typing import Any, NoReturn

from clustimage._core.errors import InvalidParameterError, ModelFileError, StepOrderError
from clustimage._core.files import is_file
from clustimage._core.logs import get_logger
from clustimage.cluster import Clustering
from clustimage.embedding import Embedder, make_embedder
from clustimage.features import EXTRACTORS, make_extractor
from clustimage.images import Images, ImageStatus, Timestamps
from clustimage.similarity import NullDistribution

__all__ = ["StateMethods"]

logger = get_logger(__name__)

# Settings that may hold an object of the user's, which no file can keep.
MAY_BE_OBJECTS = ("method", "embedding")
# The same within a dict of settings: name: the dict.
MAY_BE_INSIDE = {"model": "params_cnn", "detector": "params_faces"}


class NotSaved:
    """Stands for an object of the user's that no file keeps; says so when it is needed."""

    def __init__(self, name: str, described: str) -> None:
        self.name = name
        self.described = described

    def __repr__(self) -> str:
        return self.described

    def _missing(self, *args: Any, **options: Any) -> NoReturn:
        raise StepOrderError(
            f"This model was made with an object of your own as {self.name!r}, {self.described}, "
            f"which no file keeps. Load it with Clustimage.load(path, {self.name}=YourObject())."
        )

    fit = transform = fit_transform = fit_images = transform_images = _missing
    state_dict = eval = _missing  # as a network
    detect = _missing


class StateMethods:
    """The two directions: a model to a state, and back."""

    results: dict[str, Any]
    params: dict[str, Any]
    extractor_: Any
    clustering_: Any
    null_: Any
    moments_: Any
    embedder_: Any
    results_unique: Any
    results_faces: Any
    metadata_: Any
    queries_: Any
    _given: dict[str, Any]
    images_: Any
    _made_from: dict[str, tuple[str, ...]]

    def _get_state(self) -> dict[str, Any]:
        given = dict(self._given)
        # What was loaded without its object stays the user's own when it is saved again.
        own = [name for name in MAY_BE_OBJECTS if not isinstance(given[name], str | None)]
        for name in own:
            given[name] = repr(given[name])
        for name, holder in MAY_BE_INSIDE.items():
            if not isinstance(self.params[holder][name], str):
                own.append(name)
            given[holder] = _in_words(given[holder])
        given["dirpath"] = None if given["dirpath"] is None else str(given["dirpath"])
        given["ext"] = tuple(given["ext"])
        return {
            "given": given,
            "own": tuple(own),
            "dim": tuple(self.params["dim"]),
            # First, so that they are placed by the same rule as when they were read.
            "images": _images_state(self.images_),
            "results": {key: value for key, value in self.results.items() if key != "img"},
            "made_from": dict(self._made_from),
            "queries": _images_state(self.queries_),
            "extractor": _extractor_state(self.extractor_),
            "embedder": self._embedder_state(),
            "clustering": None if self.clustering_ is None else self.clustering_.get_state(),
            "null": None if self.null_ is None else self.null_.get_state(),
            "unique": self.results_unique,
            "faces": self.results_faces,
            "metadata": self.metadata_,
            "moments": None if self.moments_ is None else asdict(self.moments_),
        }

    def _embedder_state(self) -> dict[str, Any] | None:
        return self.embedder_.get_state() if isinstance(self.embedder_, Embedder) else None

    @classmethod
    def _from_state(
        cls, state: Mapping[str, Any], weights: Any = None, max_memory: Any = None, **objects: Any
    ) -> Any:
        """Return the model that `state` was taken from.

        Parameters
        ----------
        state : mapping
            What `_get_state` returned.
        weights : path, optional
            Where the weights of the network are now.
        max_memory : int or str, optional
            In place of the one that was saved.
        **objects
            ``method``, ``embedding``, ``model`` (of ``params_cnn``) and ``detector`` (of
            ``params_faces``), where the model was made with objects of the user's own.

        Raises
        ------
        ModelFileError
            If something is missing in the state.
        InvalidParameterError
            If an object is given that the model has no use for.
        """
        for name in sorted(set(objects) - set(state.get("own", ()))):
            holder = MAY_BE_INSIDE.get(name)
            saved = (state["given"][holder] if holder else state["given"]).get(name)
            raise InvalidParameterError(
                f"{name!r} is part of this model: {saved!r}. Load it without."
            )
        try:
            given: dict[str, Any] = {
                name: dict(value) if isinstance(value, dict) else value
                for name, value in state["given"].items()
            }
            for name in state["own"]:
                settings = given[MAY_BE_INSIDE[name]] if name in MAY_BE_INSIDE else given
                settings[name] = objects.get(name, NotSaved(name, settings[name]))
            if weights is not None:
                given["params_cnn"]["weights"] = weights
            if max_memory is not None:
                given["max_memory"] = max_memory
            if given["dirpath"] is not None and is_file(given["dirpath"]):
                logger.warning(
                    "The 'dirpath' of this model is a file by now, %s: nothing is kept in it. Give "
                    "another with set_params(dirpath=...).",
                    given["dirpath"],
                )
                given["dirpath"] = None
            model = cls(**given)
            images = _images_from(state["images"])
            model.images_ = images
            model.results.update(state["results"])
            if images is not None:
                model.results["img"] = images.flat
            model.params["dim"] = tuple(state["dim"])
            model._made_from = {name: tuple(row) for name, row in state["made_from"].items()}
            model.queries_ = _images_from(state["queries"])
            model.results_unique = state["unique"]
            if state["clustering"] is not None:
                model.clustering_ = Clustering.from_state(state["clustering"])
            model.results_faces = state.get("faces")
            model.metadata_ = state.get("metadata")
            if state.get("moments") is not None:
                model.moments_ = Timestamps(**state["moments"])
            if state["null"] is not None:
                model.null_ = NullDistribution.from_state(state["null"])
            model.extractor_ = _extractor_from(state, model, weights)
            if state["embedder"] is not None:
                embedder = make_embedder(model.params["embedding"], model.params)
                model.embedder_ = embedder.set_state(state["embedder"])
        except (KeyError, TypeError) as exc:
            raise ModelFileError(
                f"The model lacks a part that this version of clustimage needs: {exc!r}."
            ) from exc
        return model


def _in_words(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings in which networks, detectors, weights and devices are told in words."""
    plain = dict(settings)
    for name in MAY_BE_INSIDE:
        if not isinstance(plain.get(name), str | PathLike | NotSaved | None):
            plain[name] = type(plain[name]).__qualname__
    for name in (*MAY_BE_INSIDE, "device"):
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
    for name, kind in EXTRACTORS.items():
        if type(extractor) is kind:
            settings = _in_words(extractor.get_params(deep=False))
            return {"method": name, "settings": settings, "learned": extractor.get_state()}
    return None


def _extractor_from(state: Mapping[str, Any], model: Any, weights: Any) -> Any:
    if model.results["feat"] is None:
        return None
    method = model.params["method"]
    if state["extractor"] is not None:
        saved = state["extractor"]
        settings = dict(saved["settings"])
        if "model" in settings and "model" in state["own"]:
            settings["model"] = model.params["params_cnn"]["model"]
        if "weights" in settings and weights is not None:
            settings["weights"] = weights
        return EXTRACTORS[saved["method"]](**settings).set_state(saved["learned"])
    if isinstance(method, NotSaved):
        return method
    return make_extractor(method, model.params).fit(model.images_.pixels)


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
