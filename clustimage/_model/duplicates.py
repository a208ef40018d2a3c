"""Duplicates among the images, or in a folder, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from clustimage._core.logs import get_logger
from clustimage._core.validation import check_int, check_option, check_real
from clustimage._model.base import ModelBase
from clustimage.duplicates import KEEP, Entries, compare_files, find_duplicates
from clustimage.images import Images, load_images

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DuplicateMethods"]

logger = get_logger(__name__)

HASHED_SIZE = (32, 32)


class DuplicateMethods(ModelBase):
    """Find the images that are there more than once."""

    def duplicates(
        self,
        X: Any = None,
        *,
        keep: str = "best",
        max_distance: int = 32,
        min_share: float = 0.6,
        black_list: Sequence[str] | None = None,
        recursive: bool = True,
    ) -> pd.DataFrame:
        """Find the images that are versions of one another: a table of groups."""
        check_option("keep", keep, KEEP)
        max_distance = check_int("max_distance", max_distance, low=0, high=64)
        min_share = check_real("min_share", min_share, low=0.1, high=1)
        n_jobs = self._settings.n_jobs
        if X is None:
            images = self._state.images_read()
            pathnames = [str(name) for name in images.pathnames]
            entries = _entries_of_images(pathnames, n_jobs)
        else:
            images, entries = self._read(X, black_list, recursive)
        return find_duplicates(
            images,
            entries,
            max_distance=max_distance,
            min_share=min_share,
            keep=keep,
            n_jobs=n_jobs,
        )

    def _read(
        self, X: Any, black_list: Sequence[str] | None, recursive: bool
    ) -> tuple[Images, Entries]:
        settings = self._settings
        images = load_images(
            X,
            dim=HASHED_SIZE,
            grayscale=True,
            ext=settings.ext,
            recursive=recursive,
            black_list=black_list,
            n_jobs=settings.n_jobs,
            download_dir=settings.dirpath,
            cache=self._cache(),
            budget=self._new_budget(),
            max_pixels=settings.max_pixels,
        )
        return images, _entries_of_images([str(n) for n in images.pathnames], settings.n_jobs)


def _entries_of_images(pathnames: list[str], n_jobs: int | None) -> Entries:
    equal = compare_files(pathnames, n_jobs=n_jobs)
    rows = list(range(len(pathnames)))
    for group in equal.groups:
        for position in group:
            rows[position] = group[0]
    again = set(equal.again)
    kept = [position for position in rows if position not in again]
    kept = [position for position in range(len(rows)) if position not in again]
    return Entries([pathnames[p] for p in kept], [rows[p] for p in kept])
