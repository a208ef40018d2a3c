"""Whatever the user gave, as a list of sources or as one stack of arrays."""

from __future__ import annotations

import numbers
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from clustimage._core.errors import (
    DownloadError,
    ImageReadError,
    InvalidDataError,
    StoreError,
    TransientStoreError,
)
from clustimage._core.logs import get_logger
from clustimage._core.object_store import StoredFile, is_store_url, stored_file
from clustimage._core.outputs import make_folder
from clustimage._core.parameters import setting
from clustimage._core.plain_arrays import check_not_masked, is_table, plain_array
from clustimage._core.text import pluralize
from clustimage.images.reading._arrays import Rows, check_numeric, check_values, guess_shape
from clustimage.images.reading._listing import (
    LeftOut,
    Scan,
    absolute,
    check_extensions,
    describe_left_out,
    missing,
    printable,
    scan,
)
from clustimage.images.reading._table_columns import inputs_of_column, inputs_of_table
from clustimage.images.reading._url_files import (
    base_name,
    fetch,
    fetch_stored,
    is_url,
    local_name,
)

__all__ = ["Rules", "Source", "Sources", "Stack", "Wanted", "gather"]

logger = get_logger(__name__)

CHANNELS = (1, 3, 4)
NOT_LISTS = (bytes, bytearray, dict, set, frozenset)  # these have no order, or no items


@dataclass(frozen=True)
class Source:
    """One input; without `content` the file at `pathname`, to be fetched first if it has a url.

    `given` is how the user knows it: the path, the URL, or the name of an array.
    """

    pathname: str
    filename: str
    url: str | None = None
    content: np.ndarray | Image.Image | None = None
    reason: str = ""  # why it cannot be read, where that is known before reading
    stored: StoredFile | None = None  # what an object store has listed

    @property
    def given(self) -> str:
        return self.pathname if self.url is None else self.url

    @property
    def readable(self) -> str | np.ndarray | Image.Image:
        """What is decoded: the path of a file, or what was given in its place."""
        return self.pathname if self.content is None else self.content

    def prepare(self) -> str:
        """Download what has a URL; return why this cannot be read, or nothing."""
        if self.url is not None and not self.reason:
            try:
                if is_store_url(self.url):
                    fetch_stored(self.url, Path(self.pathname), self.stored)
                else:
                    fetch(self.url, Path(self.pathname))
            except DownloadError as exc:
                return str(exc).rstrip(".")
        return self.reason


@dataclass
class Sources:
    """Inputs to be read one by one, and words about what was looked for."""

    items: list[Source]
    looked_for: str = ""
    left_out: list[LeftOut] = field(default_factory=list)


class RowList:
    """Flattened images in a list, as one array `(n, m)` of which a part is made when asked for."""

    def __init__(self, rows: list[np.ndarray]) -> None:
        self._rows = rows
        self.dtype = np.result_type(*{row.dtype for row in rows})
        self.shape = (len(rows), len(rows[0]))

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, part: slice) -> np.ndarray:
        return np.stack(self._rows[part], dtype=self.dtype)


@dataclass
class Stack:
    """Images of one size in one array: `(n, m)` flattened, or `(n, height, width, channels)`."""

    data: Rows
    names: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        check_numeric(self.data)
        self.names = self.names or array_names(len(self.data))

    def check_size(self) -> None:
        """Raise `ImageReadError` where there is no pixel."""
        if 0 in self.data.shape:
            raise ImageReadError(f"No image: the array is empty, its shape is {self.data.shape}.")

    def as_sources(self) -> list[Source]:
        """Return images `(height, width, channels)` to be read one by one."""
        named = zip(self.names, self.data[:], strict=True)
        return [Source(name, name, content=img) for name, img in named]


@dataclass(frozen=True)
class Rules:
    """How folders are searched and where downloads go, if anything is read at all."""

    ext: Any
    recursive: bool
    black_list: Any
    download_dir: str | os.PathLike[str] | None = None
    reads: bool = True


@dataclass(frozen=True)
class Wanted:
    """The size and the colours that are asked for.

    Attributes
    ----------
    dim : (height, width)
        Of everything but flattened images.
    grayscale : bool
        Whether colour becomes gray.
    shape : (height, width, channels), optional
        Of a fitted model; it replaces both.
    """

    dim: tuple[int, int]
    grayscale: bool
    shape: tuple[int, int, int] | None = None

    def shape_of(self, given: Sources | Stack) -> tuple[int, int, int]:
        """Return the shape that the images will have."""
        if isinstance(given, Stack) and len(given.data.shape) == 2:
            height, width, own = self.row_shape(given)
            return height, width, self._channels(own)
        if isinstance(given, Stack):
            return *self.dim, self._channels(1 if given.data.shape[3] == 1 else 3)
        arrays = [item.content for item in given.items if isinstance(item.content, np.ndarray)]
        gray = all(img.ndim == 2 or img.shape[2] == 1 for img in arrays)
        return *self.dim, self._channels(1 if gray and len(arrays) == len(given.items) else 3)

    def _channels(self, own: int) -> int:
        if self.shape is not None:
            return self.shape[2]
        return 1 if self.grayscale else own

    def row_shape(self, stack: Stack) -> tuple[int, int, int]:
        """Return height, width and channels of flattened images as they are given."""
        n_values = stack.data.shape[1]
        if self.shape is None:
            return guess_shape(n_values, self.dim)
        height, width, channels = self.shape
        if n_values in (height * width, height * width * 3):
            return height, width, n_values // (height * width)
        hint = " For one image of height x width give X[np.newaxis]." if len(stack.data) > 1 else ""
        raise InvalidDataError(
            f"Flattened images must have {height} x {width} x {channels} = "
            f"{height * width * channels} values, as the images that the model was made from "
            f"({setting('dim', self.dim)}). Got {n_values}.{hint}"
        )


def gather(X: Any, rules: Rules) -> Sources | Stack:
    """Sort out what was given.

    Parameters
    ----------
    X : path, URL, array, DataFrame, PIL image, or a list of them, nested or not
        See `load_images`.
    rules : Rules
        For folders and downloads.

    Returns
    -------
    Sources or Stack

    Raises
    ------
    ImageReadError
        If the one path that was given is empty or does not exist, or a list is empty.
    InvalidDataError
        If an array or an item of a list can be no image.
    """
    if isinstance(X, (str, os.PathLike)):
        return _from_path(X, rules)
    if isinstance(X, Image.Image):
        return Sources([_from_content(X, array_names(1)[0])])
    if is_table(X):
        if not len(X):
            raise ImageReadError("No image: the table has no rows.")
        column = inputs_of_table(X)
        if column is not None:
            if rules.reads:
                logger.info("Images: those of the column %r.", column[0])
            return _from_list(column[1], rules)
        return Stack(plain_array("images", X), [str(name) for name in X.index])
    if hasattr(X, "isna") and hasattr(X, "to_numpy"):  # a column, or an array of pandas
        values = plain_array("images", X)
        return gather(inputs_of_column(X) if values.dtype.kind == "O" else values, rules)
    if hasattr(X, "detach"):  # a tensor
        X = plain_array("images", X)
    check_not_masked("images", X)
    if isinstance(X, np.ndarray) and X.dtype.kind not in "OUS":
        return _from_array(X)
    if isinstance(X, np.ndarray) and X.ndim != 1:
        raise InvalidDataError(
            f"An array of dtype {X.dtype} and shape {X.shape} cannot be images. "
            "Give numbers, for instance X.astype(float)."
        )
    if not isinstance(X, Iterable) or isinstance(X, NOT_LISTS):
        raise InvalidDataError(
            "Images are given as a folder, a file, a list of files or URLs, an array or a "
            f"DataFrame. Got {type(X).__name__}: {X!r}."
        )
    X = list(X)
    items = list(_flattened(X))
    if items and all(isinstance(item, numbers.Real) for item in items):
        return _from_array(_numbers(X))
    return _from_list(items, rules)


def array_names(n_images: int) -> list[str]:
    """Return the names of images that have no file.

    Examples
    --------
    >>> array_names(2)
    ['image_0000', 'image_0001']
    """
    digits = max(4, len(str(n_images - 1)))
    return [f"image_{number:0{digits}d}" for number in range(n_images)]


def _from_path(path: str | os.PathLike[str], rules: Rules) -> Sources:
    text = os.fsdecode(path)
    if is_store_url(text):
        return _from_store(text, rules)
    if is_url(text):
        return Sources([_from_url(text, _download_dir(rules))])
    pathname = absolute(text)
    if not os.path.isdir(pathname):  # noqa: PTH112
        if not os.path.exists(pathname):  # noqa: PTH110
            raise ImageReadError(f"No image found: {printable(pathname)} {missing(pathname)}.")
        return Sources([_from_file(pathname)])
    found = _scan(pathname, rules)
    files = [_from_file(name) for name in found.pathnames]
    return Sources(files, _looked_for(pathname, found, rules), found.left_out)


def _from_store(url: str, rules: Rules) -> Sources:
    """Return the one image at a URL of an object store, or all that are below it."""
    stored = None if url.endswith("/") else stored_file(url)
    if stored is not None:
        return Sources([_from_url(url, _download_dir(rules), stored)])
    found = _scan(url, rules)
    folder = _download_dir(rules)
    files = [_from_url(name, folder, found.stored[name]) for name in found.pathnames]
    return Sources(files, _looked_for(url, found, rules), found.left_out)


def _scan(folder: str, rules: Rules) -> Scan:
    return scan(folder, ext=rules.ext, black_list=rules.black_list, recursive=rules.recursive)


def _looked_for(folder: str, found: Scan, rules: Rules) -> str:
    endings = "any name" if rules.ext is None else ", ".join(_shown(rules.ext))
    return (
        f"looked in {printable(folder)}{' and the folders below' if rules.recursive else ''} "
        f"for {endings}{_but(rules.black_list)}; {found.n_seen} files seen, "
        f"{len(found.pathnames)} with such a name" + _beside(found.left_out)
    )


def _but(black_list: Any) -> str:
    return f", {setting('black_list', black_list)} left out" if black_list else ""


def _beside(left_out: list[LeftOut]) -> str:
    return f". {describe_left_out(left_out)}" if left_out else ""


def _shown(ext: Any, most: int = 12) -> list[str]:
    names = [ext] if isinstance(ext, str) else list(ext)
    return names[:most] + ([f"and {len(names) - most} more"] if len(names) > most else [])


def _from_array(X: np.ndarray) -> Stack | Sources:
    """Read an array of numbers by its number of axes; see `load_images`."""
    if X.ndim == 1 and X.size:
        return Stack(X[np.newaxis])
    if X.ndim == 2:
        return Stack(X)
    if X.ndim == 3:
        return Stack(X[np.newaxis] if X.shape[2] in CHANNELS else X[..., np.newaxis])
    if X.ndim == 4 and X.shape[3] in CHANNELS:
        return Stack(X)
    hint = ""
    if X.ndim == 4 and X.shape[1] in CHANNELS:
        hint = " Channels come last: np.moveaxis(X, 1, -1)."
    raise InvalidDataError(
        "Images must have the shape (n, values), (n, height, width) or "
        f"(n, height, width, channels) with 1, 3 or 4 channels. Got {X.shape}.{hint}"
    )


def _numbers(X: list[Any]) -> np.ndarray:
    try:
        return np.array(X)
    except ValueError as exc:
        raise InvalidDataError(
            "A list of numbers must be regular: all images of the same length."
        ) from exc


def _flattened(items: Iterable[Any]) -> Iterable[Any]:
    for item in items:
        if isinstance(item, (list, tuple)) or (
            isinstance(item, np.ndarray) and item.dtype.kind in "OUS"
        ):
            yield from _flattened(item)
        else:
            yield item


def _from_list(items: list[Any], rules: Rules) -> Sources | Stack:
    if not items:
        raise ImageReadError("No image: the list that was given is empty.")
    arrays = [item for item in items if isinstance(item, np.ndarray)]
    if len(arrays) == len(items) and all(item.ndim == 1 for item in arrays):
        for number, item in enumerate(arrays):
            check_not_masked(f"images[{number}]", item)
        if len({len(item) for item in arrays}) > 1:
            raise InvalidDataError("Flattened images in a list must all have the same length.")
        return Stack(RowList(arrays))
    names, folder = array_names(len(items)), None
    if any(isinstance(item, str) and is_url(item) for item in items):
        folder = _download_dir(rules)
    sources: list[Source] = []
    left_out: list[LeftOut] = []
    for number, item in enumerate(items):
        check_not_masked(names[number], item)
        if isinstance(item, (str, os.PathLike)):
            text = os.fsdecode(item)
            if is_store_url(text) and folder is not None:
                sources += _from_listed_store(text, folder, rules, left_out)
            elif is_url(text) and folder is not None:
                sources.append(_from_url(text, folder))
            else:
                sources += _from_listed_path(text, rules, left_out)
        else:
            sources.append(_from_content(item, names[number]))
    given = f"{pluralize(len(items), 'input')} given{_beside(left_out)}"
    return Sources(sources, given, list(dict.fromkeys(left_out)))


def _from_listed_path(text: str, rules: Rules, left_out: list[LeftOut]) -> list[Source]:
    """Return one file, or all images of a folder; what does not exist is skipped later."""
    if not text:
        return [Source("", "", reason="an empty path ('')")]
    pathname = absolute(text)
    if not os.path.isdir(pathname):  # noqa: PTH112
        return [_from_file(pathname)]
    found = _scan(pathname, rules)
    left_out += found.left_out
    if not found.pathnames:
        reason = f"folder without images ({found.n_seen} files seen)"
        return [Source(pathname, os.path.basename(pathname), reason=reason)]  # noqa: PTH119
    return [_from_file(name) for name in found.pathnames]


def _from_listed_store(
    url: str, folder: Path, rules: Rules, left_out: list[LeftOut]
) -> list[Source]:
    """Return one image of an object store, or all below a URL; what is not there is skipped.

    What has the extension of an image is taken for one, so that of many URLs none is asked for
    before it is read.
    """
    endings = check_extensions(rules.ext)
    if endings is not None and url.lower().endswith(endings):
        return [_from_url(url, folder)]
    try:
        given = _from_store(url, replace(rules, download_dir=folder))
    except TransientStoreError:
        raise
    except StoreError as exc:
        return [Source(url, base_name(url), url=url, reason=str(exc).rstrip("."))]
    left_out += given.left_out
    if not given.items:
        return [Source(url, base_name(url), url=url, reason="a folder without images")]
    return given.items


def _from_file(pathname: str) -> Source:
    return Source(pathname, os.path.basename(pathname))  # noqa: PTH119


def _from_url(url: str, folder: Path, stored: StoredFile | None = None) -> Source:
    try:
        return Source(str(folder / local_name(url)), base_name(url), url=url, stored=stored)
    except ValueError as exc:  # such as http://[x, where no host can be read
        return Source(url, url, url=url, reason=f"no address that can be read ({exc})")


def _download_dir(rules: Rules) -> Path:
    if not rules.reads:
        return Path(tempfile.gettempdir())
    if rules.download_dir is None:
        return Path(tempfile.mkdtemp(prefix="clustimage-"))
    folder = Path(absolute(rules.download_dir))
    make_folder(folder)
    return folder


def _from_content(item: Any, name: str) -> Source:
    if isinstance(item, Image.Image):
        return Source(name, name, content=item)
    if not isinstance(item, np.ndarray):
        raise InvalidDataError(
            "A list of images holds paths, URLs, arrays or PIL images. "
            f"Got {type(item).__name__}: {str(item)[:80]!r} ({name})."
        )
    if (
        item.ndim not in (2, 3)
        or (item.ndim == 3 and item.shape[2] not in CHANNELS)
        or not item.size
    ):
        raise InvalidDataError(
            "An array in a list must be one image, (height, width) or (height, width, channels) "
            f"with 1, 3 or 4 channels. Got the shape {item.shape} ({name})."
        )
    check_values(item.reshape(1, -1), [name])
    return Source(name, name, content=item)
