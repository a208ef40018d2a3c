"""When each image was made: by its EXIF data, by its file, or as the user says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import numpy as np

from clustimage._core.errors import InvalidDataError, InvalidParameterError
from clustimage._core.parameters import named, setting
from clustimage._core.plain_arrays import check_not_masked
from clustimage._core.validation import check_option
from clustimage.images._status import ImageStatus
from clustimage.images.reading._listing import printable

__all__ = ["Timestamps", "as_datetimes", "check_timestamps", "timestamp_of", "read_timestamps"]

if TYPE_CHECKING:
    import pandas as pd

MAX_NAMED = 3  # images that a message names

MAX_SECONDS = 2.0**63 / 1e9  # that fit into datetime64[ns], to either side of 1970

GIVE = "Give an array of times, one per image"


@dataclass(frozen=True)
class Timestamps:
    """When each image was made.

    Attributes
    ----------
    seconds : ndarray of float64, shape (n,)
        Seconds since 1970-01-01 UTC, or the numbers that were given.
    origin : list of str, length n
        Where each comes from: ``"DateTimeOriginal"``, ``"DateTimeDigitized"`` or
        ``"DateTime"`` (EXIF), ``"file"`` (the time of the file) or ``"given"``.
    """

    seconds: np.ndarray
    origin: list[str]


def check_timestamps(timestamps: Any) -> None:
    """Check what can be checked without images.

    Parameters
    ----------
    timestamps : {"auto", "exif", "stat"} or array of shape (n,)
        As for `read_timestamps`.

    Raises
    ------
    InvalidParameterError
        If it is neither such a word nor an array of numbers or datetimes.
    InvalidDataError
        If values are missing or not finite.

    Examples
    --------
    >>> check_timestamps("exif")
    >>> check_timestamps("exiff")
    Traceback (most recent call last):
    ...
    clustimage.InvalidParameterError: 'timestamps' must be one of 'auto', 'exif', 'stat'. \
Got 'exiff'. Did you mean 'exif'?
    """
    if isinstance(timestamps, str):
        check_option("timestamps", timestamps, CLOCKS)
    else:
        _as_seconds(timestamps)


def read_timestamps(status: Sequence[ImageStatus], timestamps: Any = "auto") -> Timestamps:
    """Return when each image was made; no file is opened.

    Parameters
    ----------
    status : sequence of ImageStatus
        `Images.status`: what became of each input, with its times.
    timestamps : {"auto", "exif", "stat"} or array of shape (n,), default="auto"
        - ``"exif"``: the EXIF data, DateTimeOriginal first, then DateTimeDigitized, then DateTime;
        - ``"stat"``: the time at which the file was last changed;
        - ``"auto"``: the EXIF data, and the file's time where they hold no date;
        - numbers (seconds), datetimes, `numpy.datetime64` or timestamps of pandas, one per
          image that was read. Those without a time zone are taken as UTC, as EXIF data are.

    Returns
    -------
    Timestamps

    Raises
    ------
    InvalidParameterError
        As `check_timestamps`.
    InvalidDataError
        If an image has no such time, or the array has another length, or missing values.

    Examples
    --------
    >>> import numpy as np
    >>> from clustimage.images import load_images
    >>> status = load_images(np.ones((2, 16))).status
    >>> read_timestamps(status, np.array(["1970-01-01", "1970-01-02"], dtype="datetime64[D]"))
    Timestamps(seconds=array([    0., 86400.]), origin=['given', 'given'])
    """
    check_timestamps(timestamps)
    rows = [row for row in status if row.status == "ok"]
    if not isinstance(timestamps, str):
        seconds = _as_seconds(timestamps)
        if len(seconds) != len(rows):
            raise InvalidDataError(
                f"{named('timestamps')} must have one value for each of the {len(rows)} images "
                f"that were read, in their order. Got {len(seconds)}."
            )
        return Timestamps(seconds, ["given"] * len(seconds))
    found = [CLOCKS[timestamps](row) for row in rows]
    without = [row for row, (taken, _) in zip(rows, found, strict=True) if taken is None]
    if without:
        raise InvalidDataError(_without_timestamp(without, rows, timestamps))
    return Timestamps(
        np.array([taken for taken, _ in found], dtype=np.float64),
        [origin for _, origin in found],
    )


def timestamp_of(row: ImageStatus) -> tuple[float | None, str]:
    """Return what ``"auto"`` takes for an input, and where it comes from; None and ``""``."""
    return _by_exif(row) if row.taken is not None else _by_file(row)


def as_datetimes(seconds: Any) -> pd.DatetimeIndex:
    """Return seconds since 1970 UTC to the microsecond; NaT where there are none, or too many."""
    import pandas as pd

    values = np.array(seconds, dtype=np.float64)
    stamps = np.full(len(values), "NaT", dtype="datetime64[ns]")
    valid = np.abs(values) < MAX_SECONDS
    stamps[valid] = np.rint(values[valid] * 1e6).astype(np.int64).astype("datetime64[us]")
    return pd.DatetimeIndex(stamps).tz_localize("UTC")


def _by_exif(row: ImageStatus) -> tuple[float | None, str]:
    return row.taken, row.taken_from


def _by_file(row: ImageStatus) -> tuple[float | None, str]:
    return row.modified, "" if row.modified is None else "file"


CLOCKS: dict[str, Callable[[ImageStatus], tuple[float | None, str]]] = {
    "auto": timestamp_of,
    "exif": _by_exif,
    "stat": _by_file,
}


def _without_timestamp(without: list[ImageStatus], rows: list[ImageStatus], word: str) -> str:
    """Return the words of the error on images that have no time."""
    names = ", ".join(printable(row.pathname) for row in without[:MAX_NAMED])
    count = f"{len(without)} of {len(rows)} images"
    if all(row.modified is None for row in without):
        return f"{count} come from no file that could tell a time, first: {names}. {GIVE}."
    return (
        f"{count} have no date in their EXIF data ({setting('timestamps', word)}), first: {names}. "
        f"{setting('timestamps', 'auto')} falls back on the time of the file. Or "
        f"{GIVE[0].lower()}{GIVE[1:]}."
    )


def _as_seconds(timestamps: Any) -> np.ndarray:
    """Return times of any kind as seconds, float64 `(n,)`; see `read_timestamps`."""
    check_not_masked("timestamps", timestamps)
    values: Any = timestamps.to_numpy() if hasattr(timestamps, "to_numpy") else timestamps
    if not isinstance(values, (list, tuple)) and getattr(values, "ndim", 0) != 1:
        raise InvalidParameterError(
            f"{named('timestamps')} must be 'auto', 'exif', 'stat' or an array of times, one per "
            f"image. Got {_shown(timestamps)}."
        )
    if isinstance(values, np.ndarray) and values.dtype.kind == "M":
        seconds: np.ndarray = _since_1970(values)
    elif isinstance(values, np.ndarray) and values.dtype.kind in "iuf":
        seconds = values.astype(np.float64)
    else:
        seconds = np.array([_one(value, i) for i, value in enumerate(values)], dtype=float)
    unknown = np.flatnonzero(~np.isfinite(seconds))
    if len(unknown):
        raise InvalidDataError(
            f"{named('timestamps')} must be known for every image. {len(unknown)} of "
            f"{len(seconds)} are missing or not finite, the first one at position {unknown[0]}: "
            f"{values[unknown[0]]}."
        )
    return seconds


def _one(value: Any, position: int) -> float:
    """Return one time as seconds; NaN where it is missing."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return np.nan
    if isinstance(value, datetime):
        aware = value if value.tzinfo is not None else value.replace(tzinfo=timezone.utc)
        return aware.timestamp()
    if isinstance(value, np.datetime64):
        return float(_since_1970(value))
    if isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool):
        return float(value)
    raise InvalidParameterError(
        f"{named('timestamps')} must hold numbers (seconds) or datetimes; pandas.to_datetime makes "
        f"them from text. Got {type(value).__name__} {str(value)[:60]!r} at position {position}."
    )


def _since_1970(values: Any) -> Any:
    """Return datetime64 as seconds; NaT becomes NaN."""
    # Of microseconds, a float64 holds all digits.
    return (values.astype("datetime64[us]") - np.datetime64(0, "us")) / np.timedelta64(1, "s")


def _shown(value: Any) -> str:
    shape = getattr(value, "shape", None)
    text = f" {str(value)[:60]!r}" if not shape else f" of shape {shape}"
    return f"{type(value).__name__}{text}"
