"""What became of one input."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["ImageStatus"]


@dataclass(frozen=True)
class ImageStatus:
    """What became of one input.

    Attributes
    ----------
    pathname : str
        Absolute path, for a URL of the file that was downloaded; the URL itself where it
        was skipped; or the name of an array.
    status : {"ok", "skipped"}
        Whether it has a row among the images.
    reason : str
        Why it was skipped; empty where it was read.
    width, height : int or None
        Size in pixels of the original, held upright (orientation applied); None
        where it was skipped.
    taken : float or None
        When the photo was taken, by its EXIF data: seconds since 1970-01-01 UTC.
    taken_from : str
        The EXIF tag that says so: ``"DateTimeOriginal"``, ``"DateTimeDigitized"`` or
        ``"DateTime"``; else empty.
    modified : float or None
        Time of the file, in the same seconds; None for what is no file.
    exif_problem : str
        Why EXIF data that are there cannot be used; empty where all can.
    is_input : bool
        False for what a folder holds beside images: a format that is not read, or what
        clustimage wrote. Features given by the user have no row for it.
    stamp : tuple of int, optional
        Size, times and number on the disk of a file when it was read, see `Stamp`: what tells
        that it was changed since.
    """

    pathname: str
    status: str
    reason: str = ""
    width: int | None = None
    height: int | None = None
    taken: float | None = None
    taken_from: str = ""
    modified: float | None = None
    exif_problem: str = ""
    is_input: bool = True
    stamp: tuple[int, ...] | None = field(default=None, compare=False)
