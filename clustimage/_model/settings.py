"""The settings of a model: the parameters of the constructor, checked once, with their defaults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from os import PathLike
from typing import Any

from clustimage._core.errors import InvalidParameterError
from clustimage._core.files import is_file
from clustimage._core.logs import at_verbosity, check_verbose, get_logger, start_logging
from clustimage._core.memory import check_max_memory
from clustimage._core.parallel import check_jobs
from clustimage._core.parameters import named, setting
from clustimage._core.random_seed import draw_seed
from clustimage._core.validation import (
    check_bool,
    check_shape,
    merge_defaults,
)
from clustimage.cluster import ClusterRequest
from clustimage.distributed import PARAMS_ENGINE, check_engine, check_engine_params
from clustimage.embedding import make_embedder
from clustimage.faces import PARAMS_FACES, check_faces
from clustimage.features import AUTO, SETTINGS, choose_method, make_extractor, needs_gray
from clustimage.images import check_extensions, check_max_pixels, check_timestamps
from clustimage.similarity import PARAMS_FIND, check_find_params

__all__ = ["DEFAULT_PARAMS", "PARAMS_CLUSTER", "Settings"]

logger = get_logger(__name__)

# The arguments of `cluster`, with their defaults.
PARAMS_CLUSTER: dict[str, Any] = {
    **{f.name: f.default for f in fields(ClusterRequest)},
    "timestamps": "auto",
}

# The dicts of settings, one for each family of methods.
DEFAULT_PARAMS: dict[str, dict[str, Any]] = {
    **SETTINGS,
    "params_cluster": PARAMS_CLUSTER,
    "params_faces": PARAMS_FACES,
    "params_find": PARAMS_FIND,
    "params_engine": PARAMS_ENGINE,
}


@dataclass(frozen=True)
class Settings:
    """The parameters of the constructor as the steps use them.

    Dicts of settings are whole, sizes are tuples, `grayscale` is as the method needs it, and
    ``method="auto"`` is what it stands for on this machine.

    Attributes
    ----------
    given : mapping
        The parameters as they were given, the default dicts of settings in the place of None:
        the very objects, as `sklearn.base.clone` wants it.
    """

    method: Any
    embedding: Any
    grayscale: bool
    dim: tuple[int, int]
    dim_face: tuple[int, int]
    dirpath: str | PathLike[str] | None
    ext: Sequence[str]
    params_pca: dict[str, Any]
    params_hog: dict[str, Any]
    params_hash: dict[str, Any]
    params_cnn: dict[str, Any]
    params_exif: dict[str, Any]
    params_cluster: dict[str, Any]
    params_faces: dict[str, Any]
    random_state: int | None
    n_jobs: int
    verbose: str | int | None
    max_memory: int | str | None
    max_pixels: int
    params_find: dict[str, Any]
    engine: Any
    params_engine: dict[str, Any]
    given: Mapping[str, Any]

    def __getstate__(self) -> dict[str, Any]:
        """Return what a pickle keeps: a client of an engine is of one process."""
        return {**vars(self), "engine": None, "given": {**self.given, "engine": None}}

    @classmethod
    def resolve(cls, given: Mapping[str, Any], before: Settings | None = None) -> Settings:
        """Check the values that the constructor was given.

        Parameters
        ----------
        given : mapping
            Every parameter of the constructor; a dict of settings may be None or name only
            some of them.
        before : Settings, optional
            Those of the same model until now: with the same generator of random numbers, their
            seed stays.

        Raises
        ------
        InvalidParameterError
            If a value is not allowed.
        """
        given = {
            name: dict(DEFAULT_PARAMS[name]) if value is None and name in DEFAULT_PARAMS else value
            for name, value in given.items()
        }
        params = dict(given)
        for name, defaults in DEFAULT_PARAMS.items():
            params[name] = merge_defaults(name, given[name], defaults)
        for name in ("dim", "dim_face"):
            params[name] = check_shape(name, given[name])
        check_bool("grayscale", given["grayscale"])
        if before is None or given["random_state"] is not before.given["random_state"]:
            params["random_state"] = draw_seed(given["random_state"])
        else:
            params["random_state"] = before.random_state
        if given["dirpath"] is not None and not isinstance(given["dirpath"], str | PathLike):
            raise InvalidParameterError(
                f"{named('dirpath')} must be a folder. Got {given['dirpath']!r}."
            )
        if given["dirpath"] is not None and is_file(given["dirpath"]):
            raise InvalidParameterError(
                f"{named('dirpath')} must be a folder, or a name for a new one. There is a file at "
                f"{given['dirpath']!r}."
            )
        check_max_memory(given["max_memory"])
        check_max_pixels(given["max_pixels"])
        check_jobs(given["n_jobs"])
        check_extensions(given["ext"])
        if given["verbose"] is not None:
            check_verbose(given["verbose"])
        start_logging()
        if isinstance(params["method"], str) and params["method"] == AUTO:
            with at_verbosity(given["verbose"]):
                params["method"], params["params_cnn"] = _chosen(params, given, before)
        check_faces(params["params_faces"])
        check_find_params(params["params_find"])
        check_engine(params["engine"])
        check_engine_params(params["params_engine"])
        _check_cluster(params["params_cluster"], params["method"])
        make_extractor(params["method"], params)
        make_embedder(params["embedding"], params)
        if needs_gray(params["method"]) and not params["grayscale"]:
            method = setting("method", params["method"])
            with at_verbosity(given["verbose"]):
                logger.warning("%s works on one channel: grayscale is set.", method)
            params["grayscale"] = True
        return cls(**params, given=given)

    @property
    def params(self) -> dict[str, Any]:
        """The same as a dict, which extractors and embedders take what they know from.

        Without `engine`, which is another thing to an embedder.
        """
        return {
            f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("given", "engine")
        }


def _chosen(
    params: Mapping[str, Any], given: Mapping[str, Any], before: Settings | None
) -> tuple[str, dict[str, Any]]:
    """Return what ``method="auto"`` stands for: the same as before for the same network."""
    if before is not None and isinstance(before.given["method"], str):
        same = before.given["method"] == AUTO
        if same and before.given["params_cnn"] == given["params_cnn"]:
            return str(before.method), before.params_cnn
    return choose_method(params)


def _check_cluster(arguments: Mapping[str, Any], method: Any) -> None:
    """Raise `InvalidParameterError` where `cluster` could not be called with its defaults."""
    request = {name: arguments[name] for name in arguments if hasattr(ClusterRequest, name)}
    ClusterRequest(**request).check_method(method)
    check_timestamps(arguments["timestamps"])
