"""Duplicates among images that are read on the workers of an engine."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from clustimage._core.errors import InvalidParameterError
from clustimage._core.parameters import named, setting
from clustimage._model.base import ModelBase
from clustimage._model.distributed import engine_of, folder_of
from clustimage.distributed import ReadSettings, find_duplicates, list_images, read_all
from clustimage.duplicates import Wanted
from clustimage.images.reading._listing import absolute
from clustimage.images.reading._url_files import is_url

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["duplicates_with_engine"]

Folders = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


def duplicates_with_engine(
    model: ModelBase,
    X: Any,
    wanted: Wanted,
    *,
    dim: tuple[int, int],
    keep: str,
    prefer: Folders,
    protect: Folders,
    black_list: Sequence[str] | None,
    recursive: bool,
) -> pd.DataFrame:
    """Return what `duplicates` does, and leave it as ``duplicates.parquet`` in `dirpath`."""
    settings = model._settings
    if wanted.burst is not None:
        raise InvalidParameterError(
            f"{named('engine')} cannot be combined with {setting('burst', wanted.burst)}, which "
            "follows the dates of all photos. Leave one of them out."
        )

    def make_settings(rate: int) -> ReadSettings:
        return ReadSettings(
            method=None,
            params={},
            dim=dim,
            grayscale=True,
            max_pixels=settings.max_pixels,
            describes=False,
            rate=1,
            seed=0,
            for_duplicates=True,
        )

    folder = folder_of(model)
    listed = list_images(X, ext=settings.ext, black_list=black_list, recursive=recursive)
    with engine_of(model) as engine:
        parts = read_all(
            engine,
            listed,
            make_settings,
            f"{folder}/work",
            partition_size=settings.params_engine["partition_size"],
            sample_size=settings.params_engine["sample_size"],
        )
        return find_duplicates(
            engine,
            parts,
            wanted,
            folder,
            keep=keep,
            prefer=_paths(prefer),
            protect=_paths(protect),
        )


def _paths(folders: Folders) -> list[str]:
    """Return folders as workers know them."""
    given = [folders] if isinstance(folders, str | os.PathLike) else folders
    words = [os.fsdecode(folder) for folder in given]
    return [word if is_url(word) else absolute(word) for word in words]
