"""The model file: one zip container of ``.npy`` members and one ``model.json``."""

from __future__ import annotations

import json
import math
import os
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from clustimage._core.errors import (
    ClustimageError,
    DiskSpaceError,
    InvalidParameterError,
    ModelFileError,
)
from clustimage._core.file_arrays import Trail, file_blocks, mapped_file, new_array
from clustimage._core.files import new_file, open_regular, replacing
from clustimage._core.memory import Budget
from clustimage._core.object_store import exists, fetch_to, is_store_url, store_file
from clustimage._core.parameters import setting
from clustimage._core.validation import check_bool
from clustimage._version import __version__
from clustimage.export._codec import Decoder, Encoder

__all__ = ["FORMAT", "SCHEMA", "load_model", "save_model"]

FORMAT = "clustimage model"
SCHEMA = 1

CHUNK = 1 << 20
SAMPLE = 1 << 16
WORTH_IT = 0.7  # compress what shrinks to this share of its size, or less
MAX_BYTES_IN_MEMORY = 1 << 20  # bytes of an array that goes into memory, however little there is
# A file that unpacks to more than both is refused; save_model never writes one.
MAX_RATIO = 200
RATIO_FROM = 1 << 30
# The same of model.json, whose values take many times its bytes.
MAX_RATIO_OF_JSON = 50
JSON_RATIO_FROM = 1 << 24

# From the settings of a model: what it may take, and the folder for arrays that are more.
BySettings = Callable[[dict[str, Any]], "tuple[Budget | None, str | os.PathLike[str] | None]"]

# What the standard library and numpy raise on bytes that are not what they say.
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RecursionError,
    RuntimeError,
    ArithmeticError,
    LookupError,
    AttributeError,
    TypeError,
    ValueError,
)


def save_model(path: str | os.PathLike[str], state: dict[str, Any], overwrite: bool = False) -> str:
    """Write a nested structure of arrays and plain values to one file.

    The file is a zip container: each array a member of numpy's own format, all
    else in ``model.json`` with the version of the schema and of the package.
    There is no pickle in it. It is written under another name and renamed when
    it is complete, so that `path` is never half written.

    Parameters
    ----------
    path : str or path-like
        File to write, in a folder that exists; or the URL of one in an object store.
    state : dict
        Keys are text; values are arrays (numbers, bool, text, dates, or objects
        that are such values themselves), numpy's and Python's scalars, None,
        lists, tuples, dicts and DataFrames of such columns, nested at will.
    overwrite : bool, default=False
        Replace a file that exists.

    Returns
    -------
    str
        Absolute path of the file.

    Raises
    ------
    InvalidParameterError
        If the file exists and `overwrite` is false, or its folder does not exist.
    InvalidDataError
        If `state` holds something else; the message says where.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "model.clustimage"
    >>> _ = save_model(path, {"labels": np.array([0, 0, 1]), "dim": (8, 8)})
    >>> load_model(path)
    {'labels': array([0, 0, 1]), 'dim': (8, 8)}
    """
    if is_store_url(path):
        url = str(path)
        if not check_bool("overwrite", overwrite) and exists(url):
            raise InvalidParameterError(
                f"{url} exists already. Give {setting('overwrite', True)} to replace it, or "
                "another URL."
            )
        with tempfile.TemporaryDirectory() as folder:
            written = save_model(Path(folder) / "model", state)
            store_file(Path(written), url)
        return url
    target = new_file(path, overwrite=overwrite)
    encoder = Encoder()
    model = {
        "format": FORMAT,
        "schema": SCHEMA,
        "version": __version__,
        "state": encoder.encode(state),
    }
    text = json.dumps(model, allow_nan=False, separators=(",", ":")).encode("ascii")
    with replacing(target) as file:
        _write(file, text, encoder.arrays, compress=True)
        if _is_bomb(file):
            file.seek(0)
            file.truncate()
            _write(file, text, encoder.arrays, compress=False)
    return str(target)


def _write(file: IO[bytes], text: bytes, arrays: list[np.ndarray], *, compress: bool) -> None:
    deflated = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    with zipfile.ZipFile(file, "w") as container:
        container.writestr(_member("model.json", deflated), text, compresslevel=1)
        for number, array in enumerate(arrays):
            member = _member(_array_name(number), zipfile.ZIP_STORED)
            if compress and _shrinks(array):
                member = _member(member.filename, deflated)
            with container.open(member, "w", force_zip64=True) as sink:
                _write_array(sink, array)


def _write_array(sink: IO[bytes], array: np.ndarray) -> None:
    """Write an array in numpy's format; one that lives in a file is not brought into memory."""
    rows = array if array.flags.c_contiguous else array.T
    if mapped_file(array) is None or not rows.flags.c_contiguous:
        np.lib.format.write_array(sink, array, allow_pickle=False)
        return
    np.lib.format.write_array_header_1_0(sink, np.lib.format.header_data_from_array_1_0(array))
    for _, part in file_blocks(rows.reshape(-1).view(np.uint8), CHUNK):
        sink.write(part.data)


def _member(name: str, compress_type: int) -> zipfile.ZipInfo:
    """Return a header without the time: equal states make equal files."""
    member = zipfile.ZipInfo(name)
    member.compress_type = compress_type
    # Public from Python 3.13 on; before, a member that is streamed has no other way.
    setattr(member, "compress_level" if hasattr(member, "compress_level") else "_compresslevel", 1)
    return member


def _array_name(number: int) -> str:
    return f"arrays/{number:05d}.npy"


def _shrinks(array: np.ndarray) -> bool:
    """Tell from a piece of an array whether it is worth the time to compress it."""
    rows = array.reshape(-1) if array.flags.c_contiguous else array.flat  # no copy of all of it
    items = max(1, SAMPLE // max(1, array.itemsize))
    start = max(0, (array.size - items) // 2)
    sample = rows[start : start + items].tobytes()
    return len(zlib.compress(sample, 1)) <= WORTH_IT * len(sample)


def _most_bytes(file: IO[bytes]) -> int:
    return max(RATIO_FROM, MAX_RATIO * file.seek(0, os.SEEK_END))


def _is_bomb(file: IO[bytes]) -> bool:
    with zipfile.ZipFile(file) as container:
        try:
            _check_sizes(file, container)
        except ModelFileError:
            return True
    return False


def _check_sizes(file: IO[bytes], container: zipfile.ZipFile) -> None:
    """Raise where a file would unpack to far more than a model holds."""
    total, most = sum(info.file_size for info in container.infolist()), _most_bytes(file)
    if total > most:
        raise ModelFileError(f"It would unpack to {total} bytes, more than the {most} allowed.")
    text = container.getinfo("model.json")
    most = max(JSON_RATIO_FROM, MAX_RATIO_OF_JSON * text.compress_size)
    if text.file_size > most:
        raise ModelFileError(
            f"Its model.json would unpack to {text.file_size} bytes, more than the {most} allowed."
        )


def load_model(
    path: str | os.PathLike[str],
    *,
    budget: Budget | None = None,
    folder: str | os.PathLike[str] | None = None,
    by_settings: BySettings | None = None,
) -> dict[str, Any]:
    """Read what `save_model` wrote.

    Nothing in the file is executed, and no name in it is used as a path.

    Parameters
    ----------
    path : str or path-like
        A file written by `save_model`; or its URL in an object store.
    budget : Budget, optional
        Memory that may be taken: an array that takes more than half of what is left of it
        when its turn comes goes into a file, see `new_array`. None is no limit.
    folder : path, optional
        Where these files go; default the system's temporary folder.
    by_settings : callable, optional
        Takes what the structure has under ``"given"``, the settings of the model, and returns
        `budget` and `folder` instead.

    Returns
    -------
    dict
        The structure with the same types, shapes and values.

    Raises
    ------
    ModelFileError
        If there is no such file, or it cannot be read; if it is not a model of clustimage, is
        broken or cut off; if it was written by a version of clustimage that is too new for this
        one; or if it would unpack to far more than a model holds.
    DiskSpaceError
        If an array goes into a file, and the disk has no space for it.
    InvalidParameterError
        If no file can be made in `folder`.
    """
    source = path if is_store_url(path) else Path(path).expanduser()
    try:
        with _opened(source) as file:
            return _read(file, by_settings or (lambda _: (budget, folder)))
    except (FileNotFoundError, NotADirectoryError) as exc:
        raise ModelFileError(f"There is no model file {source}.") from exc
    except IsADirectoryError as exc:
        raise ModelFileError(f"{source} is a folder; a model is one file.") from exc
    except (DiskSpaceError, InvalidParameterError):
        raise  # nothing is wrong with the file
    except ModelFileError as exc:
        raise ModelFileError(f"Cannot load {source}. {exc}") from exc
    except ClustimageError:
        raise  # of an object store
    except OSError as exc:
        raise ModelFileError(f"Cannot read {source}: {exc.strerror or exc}.") from exc
    except MemoryError as exc:
        raise ModelFileError(f"Cannot load {source}. It needs more memory than there is.") from exc
    except _BROKEN as exc:
        raise ModelFileError(
            f"Cannot load {source}. It is broken, cut off, or not a model of clustimage "
            f"({type(exc).__name__}: {exc}). Save the model again with save()."
        ) from exc


@contextmanager
def _opened(source: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Open a model file; of an object store, a copy of it."""
    if not is_store_url(source):
        with open_regular(source) as file:
            yield file
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "model"
        fetch_to(str(source), copy, deadline=math.inf)
        with copy.open("rb") as file:
            yield file


def _read(file: IO[bytes], by_settings: BySettings) -> dict[str, Any]:
    with zipfile.ZipFile(file) as container:
        infos, size = container.infolist(), file.seek(0, os.SEEK_END)
        if not all(0 <= info.header_offset < size for info in infos):
            raise ModelFileError("Its table of contents is broken.")
        _check_sizes(file, container)
        model = json.loads(container.read("model.json"))
        if not isinstance(model, dict) or model.get("format") != FORMAT:
            raise ModelFileError("It is not a model of clustimage.")
        schema, version = model["schema"], model["version"]
        if type(schema) is not int or schema > SCHEMA:
            raise ModelFileError(
                f"It was written by clustimage {version} in schema {schema}; this version reads "
                f"schema {SCHEMA} and older. Update it: pip install --upgrade clustimage"
            )
        members = Members(container, *by_settings(_settings_in(model["state"], container)))
        state = Decoder(members.read).decode(model["state"])
    if not isinstance(state, dict):
        raise ModelFileError("It holds no state of a model.")
    return state


def _settings_in(encoded: Any, container: zipfile.ZipFile) -> dict[str, Any]:
    """Return the settings of the model that is read; empty where there are none."""
    items = encoded.get("items") if isinstance(encoded, dict) else None
    if not isinstance(items, dict) or "given" not in items:
        return {}
    settings = Decoder(Members(container, None, None).read).decode(items["given"])
    return settings if isinstance(settings, dict) else {}


class Members:
    """The arrays of a model file, each read once, into memory or into a file of its own."""

    def __init__(
        self,
        container: zipfile.ZipFile,
        budget: Budget | None,
        folder: str | os.PathLike[str] | None,
    ) -> None:
        self._container, self._budget, self._folder = container, budget, folder
        self._arrays: dict[int, np.ndarray] = {}

    def read(self, number: int, dtype: np.dtype, shape: tuple[int, ...], order: str) -> np.ndarray:
        """Return one array, whose type and shape ``model.json`` has named.

        The header of the member repeats them; it is skipped, not parsed. Its length,
        the size of the array and the size of the member have to agree before memory
        is taken, and the checksum of the member is compared at its end.
        """
        if number in self._arrays:
            return self._arrays[number]
        info = self._container.getinfo(_array_name(number))
        n_bytes = math.prod(shape) * dtype.itemsize
        with self._container.open(info) as source:
            major = np.lib.format.read_magic(source)[0]
            width = 2 if major == 1 else 4
            header = int.from_bytes(source.read(width), "little")
            if info.file_size != np.lib.format.MAGIC_LEN + width + header + n_bytes:
                raise ModelFileError(f"Its array {number} has not the size that it should have.")
            source.read(header)
            array = self._make(shape if order == "C" else shape[::-1], dtype, n_bytes)
            _fill(array, source)
        self._arrays[number] = array if order == "C" else array.T
        return self._arrays[number]

    def _make(self, shape: tuple[int, ...], dtype: np.dtype, n_bytes: int) -> np.ndarray:
        if self._budget is None:
            return np.empty(shape, dtype=dtype)
        if n_bytes > MAX_BYTES_IN_MEMORY and not self._budget.allows(2 * n_bytes):
            size = " x ".join(map(str, shape))
            what = f"The saved images or numbers of the shape {size}"
            return new_array(shape, dtype, folder=self._folder, what=what)
        self._budget = self._budget.holding(n_bytes)
        return np.empty(shape, dtype=dtype)


def _fill(array: np.ndarray, source: IO[bytes]) -> None:
    # An array without items, or of items without bytes, has no memory to look at.
    whole = array.reshape(-1).view(np.uint8) if array.nbytes else np.empty(0, dtype=np.uint8)
    target, trail = whole.data, Trail(whole)
    start = 0
    while start < len(target):
        chunk = source.read(CHUNK)
        if not chunk:
            raise EOFError("the data of an array ends too early")
        target[start : start + len(chunk)] = chunk
        start += len(chunk)
        trail.reach(start)
    # Reading on to the end makes zipfile compare the checksum.
    if source.read(1):
        raise ModelFileError("It holds an array that is longer than it should be.")
