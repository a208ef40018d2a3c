"""The directories of a TIFF file, which EXIF data are as well, before Pillow reads them."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import IO

__all__ = ["TYPE_SIZES", "TooManyNumbersError", "check_directories"]

# Numbers that are read of a file. Pillow makes a Python object of each: of 16 MB of
# fractions several hundred MB, which takes a quarter of a minute.
MAX_NUMBERS = 500_000
# Types of TIFF -> numbers that a value counts for; the others are kept as bytes or text.
NUMBERS = {
    **dict.fromkeys((3, 4, 6, 8, 9, 11, 12, 13, 16, 17, 18), 1),
    **dict.fromkeys((5, 10), 10),  # fractions
}
# Bytes of one value of each type of TIFF 6.0, and of 13, a pointer to a directory.
TYPE_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
SIZES = {**TYPE_SIZES, 16: 8, 17: 8, 18: 8}  # with those of BigTIFF
MAX_COPIES = 2  # of a file, that values of tags may take when each is copied

POINTERS = (34665, 34853, 40965)  # to the directories of EXIF, GPS and interoperability
BIG = 43  # version of files of more than 4 GB
ORDERS = {b"II": "<", b"MM": ">"}


class TooManyNumbersError(ValueError):
    """Tags are not read; the message is the reason."""


def check_directories(file: IO[bytes]) -> None:
    """Raise `TooManyNumbersError` where tags hold more numbers than are read.

    What is no TIFF file, or is cut off, is left to Pillow to refuse.

    Parameters
    ----------
    file : binary file
        Read from its beginning; it is left at any position.
    """
    file.seek(0)
    head = file.read(16)
    order = ORDERS.get(head[:2])
    if order is None or len(head) < 8:
        return
    big = struct.unpack_from(order + "H", head, 2)[0] == BIG
    pointer = order + ("Q" if big else "L")
    head = head.ljust(16, b"\0")
    waiting = list(struct.unpack_from(pointer, head, 8 if big else 4))
    seen: set[int] = set()
    length, n_bytes, n_numbers = file.seek(0, os.SEEK_END), 0, 0
    while waiting:
        start = waiting.pop()
        if start in seen or start >= 1 << 63:
            continue
        seen.add(start)
        for tag, kind, count, value in _entries(file, start, order, big):
            size = count * SIZES.get(kind, 0)
            if size > len(value) and struct.unpack(pointer, value)[0] + size > length:
                continue  # cut off, which Pillow leaves out
            n_numbers += count * NUMBERS.get(kind, 0)
            if n_numbers > MAX_NUMBERS:
                raise TooManyNumbersError(
                    f"its tags hold more than the {MAX_NUMBERS:,} numbers that are read"
                )
            n_bytes += size
            if n_bytes > MAX_COPIES * length:
                raise TooManyNumbersError("its tags share their values, which is not read")
            if tag in POINTERS:
                waiting += struct.unpack_from(pointer, value)


def _entries(
    file: IO[bytes], start: int, order: str, big: bool
) -> Iterator[tuple[int, int, int, bytes]]:
    """Yield tag, type, number of values, and the value or where it is, of each entry."""
    count, entry = (order + "Q", order + "HHQ8s") if big else (order + "H", order + "HHL4s")
    file.seek(start)
    head = file.read(struct.calcsize(count))
    if len(head) < struct.calcsize(count):
        return
    # A directory holds each tag once.
    n_entries = min(struct.unpack(count, head)[0], 1 << 16)
    size = struct.calcsize(entry)
    entries = file.read(n_entries * size)
    yield from struct.iter_unpack(entry, entries[: len(entries) // size * size])
