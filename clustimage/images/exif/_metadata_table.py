"""The metadata of many photos as columns; only the headers of the files are read."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from functools import partial
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from clustimage._core.errors import MissingDependencyError
from clustimage._core.files import open_regular
from clustimage._core.parallel import check_jobs, run_ordered
from clustimage.images.exif._facts import Facts, read_facts
from clustimage.images.exif._timestamps import as_datetimes
from clustimage.images.reading._decoding_limits import DecodingLimits, TooLargeError, Turn
from clustimage.images.reading._opening import DECODE_ERRORS, open_picture
from clustimage.images.reading._pillow import SIDEWAYS
from clustimage.images.reading._quiet import quiet_pillow
from clustimage.images.reading._slow_files import named_when_slow

if TYPE_CHECKING:
    import pandas as pd

    from clustimage.images._images import Images

__all__ = [
    "GONE",
    "METADATA",
    "clock_times",
    "metadata_frame",
    "photos_of",
    "locations_of",
    "read_metadata",
]

Columns = dict[str, Any]

# The columns in their order: of text, whole numbers, or other numbers.
METADATA: dict[str, type] = {
    "timestamp": float,
    "timestamp_from": str,
    "offset": str,
    "latitude": float,
    "longitude": float,
    "altitude": float,
    "direction": float,
    "make": str,
    "model": str,
    "lens": str,
    "iso": float,
    "exposure_time": float,
    "f_number": float,
    "focal_length": float,
    "software": str,
    "orientation": int,
    "width": int,
    "height": int,
    "format": str,
    "bytes": int,
    "reason": str,
}
PNG_SIGNATURE = 8  # bytes
GONE = "The file is not there"


def read_metadata(pathnames: Sequence[Any], *, n_jobs: int | None = -1) -> Columns:
    """Read when, where and how photos were taken, from the headers of their files.

    Parameters
    ----------
    pathnames : sequence of path or PIL image
        Anything that is no file (the name of an array) has no metadata: all are missing.
    n_jobs : int, default=-1
        Number of threads; -1 uses every core.

    Returns
    -------
    dict of str to ndarray of float64 or list of str
        Columns with one entry per photo; what is missing is NaN or ``""``:

        - ``timestamp``, seconds since 1970-01-01 UTC; ``timestamp_from``, the tag that says
          so; ``offset`` from UTC, as ``"+02:00"``, that was taken off;
        - ``latitude``, ``longitude`` in degrees; ``altitude`` in metres, negative below the
          sea; ``direction`` in degrees clockwise from north;
        - ``make``, ``model``, ``lens``, ``software``; ``iso``, ``exposure_time`` (seconds),
          ``f_number``, ``focal_length`` (mm);
        - ``orientation`` (1 is upright; of HEIC always, as it is turned while it is read),
          ``width`` and ``height`` held upright, ``format``, ``bytes``;
        - ``reason``, why metadata that are there cannot be used, or that an absolute path
          leads to no file.

    See Also
    --------
    clustimage.images.exif._facts.Facts : What counts as a date and as a location.

    Examples
    --------
    >>> picture = Image.new("L", (40, 30))
    >>> picture.getexif().update({0x010F: "NIKON", 0x0132: "1970:01:02 00:00:00"})
    >>> columns = read_metadata([picture, "image_0001"])
    >>> columns["make"], columns["timestamp"], columns["width"]
    (['NIKON', ''], array([86400.,    nan]), array([40., nan]))
    """
    if n_jobs is not None:
        check_jobs(n_jobs)
    with quiet_pillow():
        read = partial(_read_row, limits=DecodingLimits())
        rows = list(run_ordered(read, pathnames, n_jobs=n_jobs, desc="Reading EXIF data"))
    columns: Columns = {}
    for name, kind in METADATA.items():
        values = [row.get(name) for row in rows]
        if kind is str:
            columns[name] = [value or "" for value in values]
        else:
            columns[name] = np.array(values, dtype=np.float64)
    return columns


def metadata_frame(metadata: Columns) -> pd.DataFrame:
    """Return what `read_metadata` returned as a table.

    Returns
    -------
    DataFrame
        The same columns: ``timestamp`` as ``datetime64[ns, UTC]`` (to the microsecond),
        whole numbers as ``Int64``, what is missing as NaT, NA, NaN or ``""``.

    Examples
    --------
    >>> metadata_frame(read_metadata(["image_0000"]))["width"].tolist()
    [<NA>]
    """
    import pandas as pd

    columns: dict[str, Any] = {}
    for name, kind in METADATA.items():
        values = metadata[name]
        if name == "timestamp":
            columns[name] = as_datetimes(values)
        elif kind is int:
            whole = [None if np.isnan(value) else int(value) for value in values]
            columns[name] = pd.array(whole, dtype="Int64")
        else:
            columns[name] = list(values) if kind is str else values
    return pd.DataFrame(columns)


def photos_of(images: Images) -> list[Any]:
    """Return what the metadata of each image are read from: a path or a picture.

    None for an array. Images of a saved model are known by their paths.
    """
    if images.sources is None:
        names = [str(pathname) for pathname in images.pathnames]
        return [name if os.path.isabs(name) else None for name in names]  # noqa: PTH117
    contents = [source.content for source in images.sources]
    return [
        source.pathname
        if content is None
        else (content if isinstance(content, Image.Image) else None)
        for source, content in zip(images.sources, contents, strict=True)
    ]


def clock_times(metadata: Columns) -> np.ndarray:
    """Return what the clocks of the cameras showed, ``(n,)``, of what `read_metadata` returned.

    Returns
    -------
    ndarray of float64, shape (n,)
        Seconds since 1970-01-01 00:00 on the clock of the camera; NaN where it is not known.

    Examples
    --------
    >>> clock_times({"timestamp": np.array([0.0, 0.0]), "offset": ["+02:00", ""]}).tolist()
    [7200.0, 0.0]
    """
    seconds = np.zeros(len(metadata["timestamp"]))
    for i, offset in enumerate(metadata["offset"]):
        if offset:
            hours, minutes = offset[1:].split(":")
            seconds[i] = (int(hours) * 60 + int(minutes)) * (-60 if offset[0] == "-" else 60)
    return np.add(metadata["timestamp"], seconds)


def locations_of(metadata: Columns) -> np.ndarray:
    """Return latitude and longitude in degrees, ``(n, 2)``, of what `read_metadata` returned."""
    return np.column_stack([metadata["latitude"], metadata["longitude"]])


def _read_row(item: Any, limits: DecodingLimits) -> dict[str, Any]:
    """Return the metadata of one photo; what is missing is left out, or None or empty."""
    if isinstance(item, Image.Image):
        return _row(item, read_facts(item))
    if not isinstance(item, (str, os.PathLike)):
        return {}
    try:
        status = os.stat(item)  # noqa: PTH116 - a thousand paths an instant
    except (OSError, ValueError):
        return {"reason": GONE} if os.path.isabs(item) else {}  # noqa: PTH117
    if not stat.S_ISREG(status.st_mode):
        return {}
    try:
        with (
            open_regular(item) as file,
            named_when_slow(os.fspath(item)),
            limits.turn() as turn,
        ):
            row = _read_header(file, turn)
    except (MissingDependencyError, TooLargeError) as exc:
        row = {"reason": str(exc)}
    except DECODE_ERRORS as exc:
        row = {"reason": f"The file cannot be read ({type(exc).__name__})"}
    return {**row, "bytes": status.st_size}


def _read_header(file: IO[bytes], turn: Turn) -> dict[str, Any]:
    with open_picture(file, turn) as picture:
        if picture.format == "PNG" and "exif" not in picture.info:
            tags = _behind_pixels(file)
            if tags:
                picture.info["exif"] = tags
        return _row(picture, read_facts(picture))


def _row(picture: Image.Image, facts: Facts) -> dict[str, Any]:
    width, height = picture.size
    if isinstance(picture, TiffImageFile):  # whose size newer versions of Pillow tell held upright
        width, height = (picture.tag_v2[tag] for tag in (0x0100, 0x0101))
    if picture.format == "HEIF":  # turned upright by libheif
        facts = facts._replace(orientation=1)
    if facts.orientation in SIDEWAYS:
        width, height = height, width
    row = facts._asdict()
    row.update(timestamp=facts.taken, timestamp_from=facts.taken_from, reason=facts.problem)
    return {**row, "width": width, "height": height, "format": picture.format or ""}


def _behind_pixels(file: IO[bytes]) -> bytes | None:
    """Return the EXIF data of a PNG that stand behind its pixels, without decoding those."""
    file.seek(PNG_SIGNATURE)
    while len(head := file.read(8)) == 8:
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        if kind == b"eXIf":
            return b"Exif\0\0" + file.read(length)
        file.seek(length + 4, os.SEEK_CUR)
    return None
