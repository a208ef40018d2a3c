"""What the steps were given, where it has a name: so that a report can say how to repeat them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from clustimage._model.state import State
from clustimage.images.reading._listing import absolute
from clustimage.images.reading._url_files import is_url

__all__ = ["name_features", "named_inputs"]

MAX_PATHS = 20  # that are named one by one


def named_inputs(
    Xraw: Any, black_list: Sequence[str] | str | None, recursive: bool
) -> dict[str, Any]:
    """Return the paths and URLs that were given to `import_data`; None for anything else.

    Examples
    --------
    >>> named_inputs("/photos", None, True)["paths"]
    ['/photos']
    >>> named_inputs([[0.0, 1.0]], None, True)["paths"] is None
    True
    """
    given = [Xraw] if isinstance(Xraw, str | os.PathLike) else Xraw
    paths = None
    if (
        isinstance(given, list | tuple)
        and len(given) <= MAX_PATHS
        and all(isinstance(one, str | os.PathLike) for one in given)
    ):
        words = [os.fsdecode(one) for one in given]
        paths = [word if is_url(word) else absolute(word) for word in words]
    names = [black_list] if isinstance(black_list, str) else black_list
    return {
        "paths": paths,
        "black_list": None if names is None else [str(name) for name in names],
        "recursive": recursive,
        "features": None,
    }


def name_features(state: State, features: Any) -> None:
    """Keep the path of features that were computed elsewhere."""
    path = absolute(features) if isinstance(features, str | os.PathLike) else None
    state.inputs = {**(state.inputs or {"paths": None}), "features": path}
