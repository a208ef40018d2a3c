"""Find the natural groups, the unique images and the most similar ones in any set of images.

Nothing heavy is imported before its first use: the names below load on first access.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from clustimage._version import __version__

# public name → module that it lives in
_HOMES: dict[str, str] = {
    "Clustimage": "clustimage.clustimage",
    "import_example": "clustimage.datasets",
    "unzip": "clustimage.datasets",
    "wget": "clustimage.datasets",
    "imread": "clustimage.images",
    "imresize": "clustimage.images",
    "imscale": "clustimage.images",
    "listdir": "clustimage.images",
    "load_journal": "clustimage.removal",
    "load_plan": "clustimage.removal",
    "set_logger": "clustimage._core.logs",
    "ArchiveError": "clustimage._core.errors",
    "ClustimageError": "clustimage._core.errors",
    "DiskSpaceError": "clustimage._core.errors",
    "DownloadError": "clustimage._core.errors",
    "EngineError": "clustimage._core.errors",
    "ImageReadError": "clustimage._core.errors",
    "InvalidDataError": "clustimage._core.errors",
    "InvalidParameterError": "clustimage._core.errors",
    "MemoryLimitError": "clustimage._core.errors",
    "MissingDependencyError": "clustimage._core.errors",
    "ModelFileError": "clustimage._core.errors",
    "StoreError": "clustimage._core.errors",
    "TransientStoreError": "clustimage._core.errors",
    "StepOrderError": "clustimage._core.step_order",
}

__all__ = [
    "ArchiveError",
    "Clustimage",
    "ClustimageError",
    "DiskSpaceError",
    "DownloadError",
    "EngineError",
    "ImageReadError",
    "InvalidDataError",
    "InvalidParameterError",
    "MemoryLimitError",
    "MissingDependencyError",
    "ModelFileError",
    "StepOrderError",
    "StoreError",
    "TransientStoreError",
    "__version__",
    "import_example",
    "imread",
    "imresize",
    "imscale",
    "listdir",
    "load_journal",
    "load_plan",
    "set_logger",
    "unzip",
    "wget",
]

if TYPE_CHECKING:
    from clustimage._core.errors import (
        ArchiveError,
        ClustimageError,
        DiskSpaceError,
        DownloadError,
        EngineError,
        ImageReadError,
        InvalidDataError,
        InvalidParameterError,
        MemoryLimitError,
        MissingDependencyError,
        ModelFileError,
        StoreError,
        TransientStoreError,
    )
    from clustimage._core.logs import set_logger
    from clustimage._core.step_order import StepOrderError
    from clustimage.clustimage import Clustimage
    from clustimage.datasets import import_example, unzip, wget
    from clustimage.images import imread, imresize, imscale, listdir
    from clustimage.removal import load_journal, load_plan


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
