"""A file while Pillow reads it: how much of its header, and for how long."""

from __future__ import annotations

import os
from collections.abc import Callable
from io import UnsupportedOperation
from typing import IO, Any

from clustimage._core.parallel import interruption
from clustimage.images.reading._decoding_limits import Turn

__all__ = ["Header"]

# Of a header. Pillow reads it in small pieces, and joins EXIF data of many parts one by one, which
# takes minutes where a file was made for that.
MAX_READS, MAX_EXIF = 200_000, 1 << 20
EXIF = b"Exif\0\0"

# Bytes of a file that several threads may hold each, beside the pixels that they decode.
MAX_HELD = 16 << 20


class Header:
    """A file of which only a header of some length is read, until its limits are lifted.

    Where more than some MB of it are held, as by formats that are read in one piece, nothing else
    is decoded meanwhile. Reading ends where the work is interrupted.

    Parameters
    ----------
    file : binary file
        What is read.
    turn : Turn, optional
        Of the image, which says what may be held.
    """

    def __init__(self, file: IO[bytes], turn: Turn | None = None) -> None:
        self._file, self._turn, self._interrupted = file, turn, interruption()
        self._reads, self._exif, self._held = 0, 0, 0
        self.read: Callable[..., bytes] = self._counted
        self.seek, self.tell = file.seek, file.tell  # often used

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def fileno(self) -> int:
        """Raise: libtiff would map the file, and the process end where it is cut off meanwhile."""
        raise UnsupportedOperation("fileno")

    def n_bytes(self) -> int:
        """Return the length of the file."""
        begin = self.tell()
        end = self.seek(0, os.SEEK_END)
        self.seek(begin)
        return end

    def lift_limits(self) -> None:
        """Let the pixels be read: all but parts behind them, as those of a PNG."""
        self.read = self._checked

    def _counted(self, size: int | None = -1) -> bytes:
        self._hold(size)
        content = self._file.read(-1 if size is None else size)
        self._reads += 1
        self._held += len(content)
        if content.startswith(EXIF):
            self._exif += len(content)
        if self._exif > MAX_EXIF:
            raise ValueError(f"its EXIF data have more than the {MAX_EXIF} bytes that are read")
        if self._reads > MAX_READS:
            raise ValueError("its header has too many parts")
        return content

    def _hold(self, size: int | None) -> None:
        """Wait to be alone before more is held than several threads may."""
        if size is not None and 0 <= size <= MAX_HELD - self._held:
            return
        rest = self.n_bytes() - self.tell()
        wanted = self._held + (rest if size is None or size < 0 else min(size, rest))
        if wanted > MAX_HELD and self._turn is not None:
            self._turn.hold(wanted)

    def _checked(self, size: int | None = -1) -> bytes:
        if self._interrupted.is_set():
            raise OSError("it was interrupted")
        return self._file.read(-1 if size is None else size)
