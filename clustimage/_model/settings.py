"""The settings of the constructor: their defaults, and the check of what was given."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any

from clustimage._core.errors import InvalidParameterError
from clustimage._core.files import is_file
from clustimage._core.logs import check_verbose, get_logger, set_logger
from clustimage._core.memory import check_max_memory
from clustimage._core.parallel import check_jobs
from clustimage._core.validation import check_bool, check_int, check_shape, merge_defaults
from clustimage.embedding import make_embedder
from clustimage.faces import PARAMS_FACES, check_faces
from clustimage.features import SETTINGS, make_extractor, needs_gray
from clustimage.images import check_extensions

__all__ = ["DEFAULT_SETTINGS", "resolve_settings"]

logger = get_logger(__name__)

# The settings of each family of methods.
DEFAULT_SETTINGS: dict[str, dict[str, Any]] = {**SETTINGS, "params_faces": PARAMS_FACES}


def resolve_settings(given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Check the values that the constructor was given.

    Parameters
    ----------
    given : mapping
        Every parameter of the constructor; a dict of settings may be None or name only
        some of them.

    Returns
    -------
    given : dict
        The same, the default settings in the place of None. The values are the very
        objects that were given, as `sklearn.base.clone` wants it.
    params : dict
        What the steps use: whole dicts of settings, sizes as tuples, `grayscale` as the
        method needs it.

    Raises
    ------
    InvalidParameterError
        If a value is not allowed; the level of the messages is set only if all are.
    """
    given = {
        name: dict(DEFAULT_SETTINGS[name]) if value is None and name in DEFAULT_SETTINGS else value
        for name, value in given.items()
    }
    params = dict(given)
    for name, defaults in DEFAULT_SETTINGS.items():
        params[name] = merge_defaults(name, given[name], defaults)
    for name in ("dim", "dim_face"):
        params[name] = check_shape(name, given[name])
    check_bool("grayscale", given["grayscale"])
    if given["random_state"] is not None:
        check_int("random_state", given["random_state"], low=0, high=2**32 - 1)
    if given["dirpath"] is not None and not isinstance(given["dirpath"], str | PathLike):
        raise InvalidParameterError(f"'dirpath' must be a folder. Got {given['dirpath']!r}.")
    if given["dirpath"] is not None and is_file(given["dirpath"]):
        raise InvalidParameterError(
            f"'dirpath' must be a folder, or a name for a new one. There is a file at "
            f"{given['dirpath']!r}."
        )
    check_max_memory(given["max_memory"])
    check_jobs(given["n_jobs"])
    check_extensions(given["ext"])
    check_verbose(given["verbose"])
    check_faces(params["params_faces"])
    make_extractor(params["method"], params)
    make_embedder(params["embedding"], params)
    set_logger(given["verbose"])
    if needs_gray(params["method"]) and not params["grayscale"]:
        logger.warning("method=%r works on one channel: grayscale is set.", params["method"])
        params["grayscale"] = True
    return given, params
