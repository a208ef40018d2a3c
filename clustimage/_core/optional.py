"""Import of packages that not every user has."""

from __future__ import annotations

import importlib
from types import ModuleType

from clustimage._core.errors import MissingDependencyError

__all__ = ["import_optional"]


def import_optional(module: str, *, extra: str, needed_by: str) -> ModuleType:
    """Import `module`, or say how to install it.

    Parameters
    ----------
    module : str
        Name of the module, for example ``"umap"``.
    extra : str
        The extra of clustimage that brings it.
    needed_by : str
        What the user asked for, in the user's words.

    Returns
    -------
    module
        The imported module.

    Raises
    ------
    MissingDependencyError
        If the module, or one that it needs, is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as exc:
        raise MissingDependencyError(
            f"{needed_by} needs the package {module!r}, which cannot be imported ({exc}). "
            f"Install it with: pip install 'clustimage[{extra}]'"
        ) from exc
