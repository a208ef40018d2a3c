"""Images that are there more than once: a table of them, and a figure."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from clustimage._core.logs import get_logger
from clustimage._core.text import pluralize
from clustimage._core.validation import check_int, check_option, check_real, invalid
from clustimage._model.base import ModelBase
from clustimage._model.distributed_duplicates import duplicates_with_engine
from clustimage.duplicates import (
    KEEP,
    KINDS,
    Entries,
    Wanted,
    compare_files,
    duplicate_table,
    folder_ranks,
)
from clustimage.images import Images, gather_photos, load_images, log_left_out
from clustimage.images.reading._url_files import is_url

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DuplicateMethods"]

logger = get_logger(__name__)

HASHED_SIZE = (32, 32)
Folders = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]

DISTANCES = {"strict": 12, "normal": 28, "loose": 34}


class DuplicateMethods(ModelBase):
    """Find the images that are there more than once."""

    def duplicates(
        self,
        X: Any = None,
        *,
        kinds: Sequence[str] | None = None,
        keep: str = "best",
        prefer: Folders = (),
        protect: Folders = (),
        max_distance: int | str = "normal",
        min_share: float = 0.6,
        burst: float | None = None,
        black_list: Sequence[str] | None = None,
        recursive: bool = True,
    ) -> pd.DataFrame:
        """Find images that are versions of one photo, and say which one of each is best.

        Files of the same bytes are found without decoding them. Candidates for the others have
        similar hashes, in any of the eight orientations; they are laid on one another and
        compared block by block, so that two photos of one scene are not taken for copies.
        Nothing is changed, neither files nor `results`.

        Parameters
        ----------
        X : str, path, list, array or DataFrame, optional
            Images in any form that `import_data` takes; by default those that were imported.
        kinds : sequence of str, optional
            Which kinds count beside ``"exact"``: ``"same pixels"``, ``"near"``, ``"turned"``,
            ``"mirrored"``; all by default. With ``["exact"]`` alone nothing is decoded.
        keep : {"best", "largest", "smallest", "oldest", "newest"}, default="best"
            Which image of a group is kept. The best one has most pixels; then, in a group with
            photos of a burst, it is the sharpest; then it has most bytes per pixel, EXIF data,
            the older date, the shorter path. ``"largest"`` and ``"smallest"`` go by bytes,
            ``"oldest"`` and ``"newest"`` by the date taken or else that of the file.
        prefer : path or sequence of paths, default=()
            Folders whose images are kept before others; the first one most of all.
        protect : path or sequence of paths, default=()
            Folders whose images are kept before all others.
        max_distance : int or {"strict", "normal", "loose"}, default="normal"
            Most bits, of 128, in which the hashes of two candidates differ: 12, 28 or 34. More
            finds more crops, and takes longer.
        min_share : float, default=0.6
            Share of the larger picture that a crop must have left.
        burst : float, optional
            Photos that are alike and were taken within so many seconds of one another are a
            group, too. By default they are not. Not with an engine.
        black_list, recursive
            As for `import_data`.

        Returns
        -------
        DataFrame
            A row per image of a group, the one that is kept first:

            - ``group``, from 0 on; ``pathname``; ``keep``, True for one image of a group;
            - ``kind``, how the image was made from the one that is kept: ``"exact"`` (the same
              bytes), ``"same pixels"`` (compressed again, of another size or format), ``"near"``
              (other light, cropped, with a border or a text), ``"turned"``, ``"mirrored"``, or
              ``"burst"``; of the one that is kept, the first of these in its group;
            - ``distance``, bits in which the hashes differ; ``sure``, the share of what both
              show that agrees, NaN where they were not compared with success themselves;
              ``scale``, its pixels for a pixel of the one that is kept, along a side;
              ``difference``, in words;
            - ``reason``, why the image is kept: the rule by which it came before the others;
            - ``width``, ``height``, ``bytes``, ``format``, ``exif`` (whether there are EXIF
              data), ``date`` (taken), ``modified`` (the file), ``sharpness`` (of bursts);
            - ``url``, where images came from URLs; ``pathname`` is then the local copy.

        Raises
        ------
        InvalidParameterError
            If a value is not allowed.
        StepOrderError
            If there is no `X`, and nothing was imported.
        ImageReadError
            If there is no image at all. Single files that cannot be read are skipped.

        Notes
        -----
        A file that is reached twice, through a link, is listed once. Photos with two dates in
        their EXIF data (``DateTimeOriginal``) are two photos, however alike they are. Flat
        images, such as black ones, are duplicates only where their bytes are the same.

        With ``engine=``, `X` is read on its workers, into parts in `dirpath` that a second call
        reads no image for, and the table is written there too, as ``duplicates.parquet``. Files of
        the same bytes are found as without an engine. Two other images are candidates only where
        their hashes agree in one of 32 samples of bits, as many bits as tell the images apart. Of
        edits of 150 photos whose hashes are near, this leaves 98 % among 100,000 images and 97 %
        among a million; of those with a border or cropped on one side 93 % and 87 %.

        Examples
        --------
        >>> from clustimage import Clustimage, imresize
        >>> from skimage.data import astronaut, chelsea, coffee
        >>> cl = Clustimage(verbose="warning")
        >>> photos = [astronaut(), chelsea(), coffee(), chelsea()[:, ::-1]]
        >>> photos.append(imresize(coffee(), (200, 300)))
        >>> cl.duplicates(photos)[["group", "pathname", "kind", "keep"]]
           group    pathname         kind   keep
        0      0  image_0001     mirrored   True
        1      0  image_0003     mirrored  False
        2      1  image_0002  same pixels   True
        3      1  image_0004  same pixels  False
        """
        wanted = Wanted(
            _bits(max_distance),
            check_real("min_share", min_share, low=0.1, high=1),
            _checked_kinds(kinds),
            None if burst is None else check_real("burst", burst, low=0),
        )
        check_option("keep", keep, KEEP)
        for name, folders in (("prefer", prefer), ("protect", protect)):
            folder_ranks(name, folders, [])  # before images are read
        if self._settings.engine is not None and X is not None:
            table = duplicates_with_engine(
                self,
                X,
                wanted,
                dim=HASHED_SIZE,
                keep=keep,
                prefer=prefer,
                protect=protect,
                black_list=black_list,
                recursive=recursive,
            )
        else:
            table = self._find(X, wanted, keep, prefer, protect, black_list, recursive)
        n_others = int((~table["keep"]).sum())
        logger.info(
            "%s with a duplicate or more: %s that need not be kept.",
            pluralize(int(table["keep"].sum()), "image"),
            pluralize(n_others, "image"),
        )
        return table

    def _find(
        self,
        X: Any,
        wanted: Wanted,
        keep: str,
        prefer: Folders,
        protect: Folders,
        black_list: Sequence[str] | None,
        recursive: bool,
    ) -> pd.DataFrame:
        """Find duplicates in this process."""
        n_jobs = self._settings.n_jobs
        if X is None:
            images: Images | None = self._state.images_read()
            assert images is not None
            entries = _entries([str(name) for name in images.pathnames], n_jobs)
        else:
            images, entries = self._read(X, wanted, black_list, recursive)
        table = duplicate_table(
            images, entries, wanted, keep=keep, prefer=prefer, protect=protect, n_jobs=n_jobs
        )
        urls = {} if images is None else dict(zip(images.pathnames, images.url, strict=True))
        if any(url is not None for url in urls.values()):
            found = [urls.get(pathname) for pathname in table["pathname"]]
            table["url"] = np.array(found, dtype=object)
        return table

    def _read(
        self, X: Any, wanted: Wanted, black_list: Sequence[str] | None, recursive: bool
    ) -> tuple[Images | None, Entries]:
        """Read small images; of files with the same bytes only the first one."""
        settings = self._settings
        files = self._files(X, black_list, recursive)
        if files is not None:
            entries = _entries(files, settings.n_jobs)
            if wanted.kinds == ("exact",) and wanted.burst is None:
                return None, entries
            X = [files[row] for row in sorted(set(entries.rows))]
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
        names = [str(name) for name in images.pathnames]
        if files is None:
            return images, _entries(names, settings.n_jobs)
        at = {name: row for row, name in enumerate(names)}
        pairs = zip(entries.pathnames, entries.rows, strict=True)
        read = [(name, at[files[row]]) for name, row in pairs if files[row] in at]
        return images, Entries([name for name, _ in read], [row for _, row in read])

    def _files(self, X: Any, black_list: Sequence[str] | None, recursive: bool) -> list[str] | None:
        """Return the files that were given, or None where there are none, or other images."""
        given = X if isinstance(X, list | tuple) else [X]
        if not all(isinstance(item, str | os.PathLike) for item in given):
            return None
        if any(is_url(os.fsdecode(item)) for item in given):
            return None
        ext = self._settings.ext
        sources = gather_photos(X, ext=ext, black_list=black_list, recursive=recursive)
        if not sources.items or any(item.reason for item in sources.items):
            return None
        log_left_out(sources.left_out)
        return [item.pathname for item in sources.items]


def _entries(pathnames: list[str], n_jobs: int | None) -> Entries:
    """Return files, each once, and for files of the same bytes the position of one of them."""
    equal = compare_files(pathnames, n_jobs=n_jobs)
    rows = list(range(len(pathnames)))
    for group in equal.groups:
        for position in group:
            rows[position] = group[0]
    again = set(equal.again)
    left = [position for position in range(len(rows)) if position not in again]
    return Entries([pathnames[i] for i in left], [rows[i] for i in left])


def _bits(max_distance: int | str) -> int:
    if isinstance(max_distance, str):
        return DISTANCES[check_option("max_distance", max_distance, DISTANCES)]
    return check_int("max_distance", max_distance, low=0, high=64)


def _checked_kinds(kinds: Sequence[str] | None) -> tuple[str, ...]:
    if kinds is None:
        return KINDS
    if isinstance(kinds, str) or not len(kinds):
        raise invalid("kinds", f"must be a list of some of {', '.join(map(repr, KINDS))}", kinds)
    for kind in kinds:
        check_option("kinds", kind, KINDS)
    return tuple(kind for kind in KINDS if kind == "exact" or kind in kinds)
