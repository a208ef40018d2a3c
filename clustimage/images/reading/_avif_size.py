"""Sizes of the coded pictures in an AVIF, which may be larger than its container says.

AV1 Bitstream & Decoding Process Specification, 5.3 (OBU), 5.5 (sequence header) and 5.9 (header
of a picture); ISO/IEC 14496-12, 8.11 (items) and 8.7 (samples of a track).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["coded_sizes"]

Size = tuple[int, int]

SEQUENCE_HEADER, FRAMES = 1, (3, 6, 7)  # kinds of OBU
HEADER_BYTES = 1 << 10  # that are looked at
KEY, SWITCH = 0, 3  # kinds of a picture
BY_PICTURE = 2  # what is said by each picture
AV1 = b"av01"  # type of an item
IN_FILE, IN_BOX = 0, 1  # where the data of an item are
MAX_PARTS = 100_000  # that are looked at
MAX_LEVEL_WITHOUT_TIER = 7


def coded_sizes(content: bytes) -> list[Size]:
    """Return the (width, height) of each coded picture of an AVIF; of a track, of the first.

    Parameters
    ----------
    content : bytes
        The file.

    Raises
    ------
    ValueError
        If the file has too many parts, or some of its data are outside of it.
    """
    view, sizes = memoryview(content), []
    for kind, body in _boxes(view):
        if kind == b"meta":
            sizes += [_largest(data) for data in _items(body[4:], view)]
        elif kind == b"moov":
            for table in _found(body, (b"trak", b"mdia", b"minf", b"stbl")):
                sizes += [_largest(data) for data in _first_sample(table, view)]
    return [size for size in sizes if size != (0, 0)]


# --- boxes ----------------------------------------------------------------------------------------


def _boxes(view: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Yield kind and body of each box."""
    at = 0
    for _ in range(MAX_PARTS):
        if at + 8 > len(view):
            return
        length, start = _number(view[at : at + 4]), 8
        if length == 1:
            length, start = _number(view[at + 8 : at + 16]), 16
        elif length == 0:
            length = len(view) - at
        if length < start:
            return
        yield bytes(view[at + 4 : at + 8]), view[at + start : at + length]
        at += length
    raise ValueError("an AVIF of too many parts")


def _found(view: memoryview, kinds: tuple[bytes, ...]) -> Iterator[memoryview]:
    """Yield the bodies of boxes that are one in another."""
    if not kinds:
        yield view
        return
    for kind, body in _boxes(view):
        if kind == kinds[0]:
            yield from _found(body, kinds[1:])


def _number(data: bytes | memoryview) -> int:
    return int.from_bytes(data, "big")


class _Numbers:
    """Whole numbers one after another, each of some bytes."""

    def __init__(self, view: memoryview) -> None:
        self._view, self._at = view, 0

    def take(self, n_bytes: int) -> int:
        end = self._at + n_bytes
        if end > len(self._view):
            raise ValueError("an AVIF whose parts are cut off")
        number = _number(self._view[self._at : end])
        self._at = end
        return number


# --- items and samples ----------------------------------------------------------------------------


def _items(meta: memoryview, file: memoryview) -> Iterator[bytes]:
    """Yield the data of each item that is a picture."""
    kinds: dict[int, bytes] = {}
    inside = memoryview(b"")
    places = []
    for kind, body in _boxes(meta):
        if kind == b"iinf":
            kinds |= _kinds(body)
        elif kind == b"idat":
            inside = body
        elif kind == b"iloc":
            places.append(body)
    left = MAX_PARTS
    for body in places:
        for item, where, extents in _places(body):
            left -= 1 + len(extents)
            if left < 0:
                raise ValueError("an AVIF of too many parts")
            if kinds.get(item) != AV1 or where not in (IN_FILE, IN_BOX):
                continue
            source = file if where == IN_FILE else inside
            # A length of 0 is all that follows.
            parts = [source[at : at + length if length else None] for at, length in extents]
            if sum(map(len, parts)) > len(file):
                raise ValueError("an AVIF of which a picture is larger than the file")
            yield b"".join(parts)


def _kinds(body: memoryview) -> dict[int, bytes]:
    """Return the kind of each item."""
    kinds = {}
    for kind, entry in _boxes(body[8 if _number(body[:1]) else 6 :]):
        if kind == b"infe" and len(entry) >= 12:
            width = 2 if entry[0] < 3 else 4
            begin = 4 + width + 2
            kinds[_number(entry[4 : 4 + width])] = bytes(entry[begin : begin + 4])
    return kinds


def _places(body: memoryview) -> Iterator[tuple[int, int, list[tuple[int, int]]]]:
    """Yield number, kind of place, and (position, length) of the parts of each item."""
    numbers = _Numbers(body)
    version = numbers.take(4) >> 24
    sizes = numbers.take(2)
    of_offset, of_length, of_base, of_index = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    wide = 4 if version == 2 else 2
    for _ in range(numbers.take(wide)):
        item = numbers.take(wide)
        where = numbers.take(2) & 15 if version else IN_FILE
        numbers.take(2)
        base = numbers.take(of_base)
        extents = []
        for _ in range(numbers.take(2)):
            if version:
                numbers.take(of_index)
            extents.append((base + numbers.take(of_offset), numbers.take(of_length)))
        yield item, where, extents


def _first_sample(table: memoryview, file: memoryview) -> Iterator[bytes]:
    """Yield the data of the first picture of a track, which is at the beginning of a chunk."""
    length = 0
    for kind, body in _boxes(table):
        if kind == b"stsz":
            length = max(length, _number(body[4:8]) or _number(body[12:16]))
    for kind, body in _boxes(table):
        if kind in (b"stco", b"co64"):
            at = _number(body[8 : 12 if kind == b"stco" else 16])
            yield bytes(file[at : at + length])


# --- AV1 ------------------------------------------------------------------------------------------


def _largest(data: bytes) -> Size:
    """Return the largest size of a picture in AV1 data."""
    largest, sequence = (0, 0), None
    for kind, body in _units(data):
        size = (0, 0)
        if kind == SEQUENCE_HEADER:
            sequence = _sequence(_Bits(body))
            size = sequence.size
        elif kind in FRAMES and sequence is not None and _has_size(_Bits(body), sequence):
            size = sequence.possible
        largest = max(largest, size, key=math.prod)
    return largest


def _units(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield kind and beginning of each OBU."""
    at = 0
    for _ in range(MAX_PARTS):
        if at >= len(data):
            return
        head = data[at]
        at += 2 if head & 4 else 1  # with a byte that names its layer
        length = len(data) - at
        if head & 2:
            length = 0
            for shift in range(0, 56, 7):
                byte = data[at] if at < len(data) else 0
                length |= (byte & 127) << shift
                at += 1
                if byte < 128:
                    break
        yield head >> 3 & 15, data[at : at + min(length, HEADER_BYTES)]
        at += length
    raise ValueError("an AVIF of too many parts")


class _Bits:
    """Bits one after another; zeros behind the end."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, n: int) -> int:
        begin, shift = divmod(self._at, 8)
        self._at += n
        word = int.from_bytes(self._data[begin : begin + 8].ljust(8, b"\0"), "big")
        return word >> 64 - shift - n & (1 << n) - 1


class _Timing(NamedTuple):
    """Bits of what is said about times: of each operating point, and of each picture."""

    n_delay_bits: int = 0
    n_picture_bits: int = 0


class _Sequence(NamedTuple):
    """What a sequence header says.

    `size` is that of pictures that say no other, `possible` what another can be at most: decoders
    do not see to it that it is smaller.
    """

    size: Size
    possible: Size
    is_one: bool
    n_time_bits: int = 0
    n_id_bits: int = 0
    screen_content: int = BY_PICTURE
    whole_motion: int = BY_PICTURE


def _sequence(bits: _Bits) -> _Sequence:
    bits.take(4)
    is_one = bool(bits.take(1))
    timing = _Timing()
    if is_one:
        bits.take(5)
    else:
        timing = _operating_points(bits)
    across, down = bits.take(4) + 1, bits.take(4) + 1
    size = bits.take(across) + 1, bits.take(down) + 1
    possible = 1 << across, 1 << down
    if is_one:
        return _Sequence(size, possible, is_one)
    n_id_bits = 0
    if bits.take(1):
        n_id_bits = bits.take(4) + 2 + bits.take(3) + 1
    bits.take(7)
    if bits.take(1):  # pictures have a number in their order
        bits.take(2)
    screen_content = BY_PICTURE if bits.take(1) else bits.take(1)
    whole_motion = BY_PICTURE
    if screen_content and not bits.take(1):
        whole_motion = bits.take(1)
    n_time_bits = timing.n_picture_bits
    return _Sequence(size, possible, is_one, n_time_bits, n_id_bits, screen_content, whole_motion)


def _has_size(bits: _Bits, sequence: _Sequence) -> bool:
    """Return whether the header of a picture says another size than that of the sequence."""
    if sequence.is_one or bits.take(1):  # one that is there is shown
        return False
    kind, is_shown = bits.take(2), bits.take(1)
    bits.take(sequence.n_time_bits if is_shown else 1)
    if kind != SWITCH and not (kind == KEY and is_shown):
        bits.take(1)
    bits.take(1)
    screen_content = sequence.screen_content
    if screen_content == BY_PICTURE:
        screen_content = bits.take(1)
    if screen_content and sequence.whole_motion == BY_PICTURE:
        bits.take(1)
    bits.take(sequence.n_id_bits)
    return kind == SWITCH or bool(bits.take(1))


def _operating_points(bits: _Bits) -> _Timing:
    """Pass over what a sequence header says of its layers; return what follows from its clock."""
    timing = _timing(bits) if bits.take(1) else _Timing()
    with_delay = bits.take(1)
    for _ in range(bits.take(5) + 1):
        bits.take(12)
        if bits.take(5) > MAX_LEVEL_WITHOUT_TIER:
            bits.take(1)
        if timing.n_delay_bits and bits.take(1):
            for n_bits in (timing.n_delay_bits, timing.n_delay_bits, 1):
                bits.take(n_bits)
        if with_delay and bits.take(1):
            bits.take(4)
    return timing


def _timing(bits: _Bits) -> _Timing:
    for n_bits in (32, 32):
        bits.take(n_bits)
    at_equal_times = bits.take(1)
    if at_equal_times:  # a number of variable length
        zeros = 0
        while zeros < 32 and not bits.take(1):
            zeros += 1
        bits.take(zeros if zeros < 32 else 0)
    if not bits.take(1):
        return _Timing()
    n_delay_bits = bits.take(5) + 1
    for n_bits in (32, 5):
        bits.take(n_bits)
    n_picture_bits = bits.take(5) + 1
    return _Timing(n_delay_bits, 0 if at_equal_times else n_picture_bits)
