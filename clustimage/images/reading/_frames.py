"""Images at the size that a network takes: resized and cropped as torchvision does it."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from threading import Event

import numpy as np
from PIL import Image

from clustimage._core.errors import ImageReadError
from clustimage._core.file_arrays import forget
from clustimage._core.parallel import run_ordered
from clustimage._core.validation import check_int, check_option, check_shape
from clustimage.images.reading._arrays import imscale
from clustimage.images.reading._decode import decode, flatten_colour
from clustimage.images.reading._decoding_limits import DecodingLimits, Turn
from clustimage.images.reading._listing import printable
from clustimage.images.reading._pillow import read_pixels
from clustimage.images.reading._quiet import quiet_pillow
from clustimage.images.reading._source import Source

__all__ = ["Frame", "frame_batches", "make_frame"]

FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}

# A JPEG is reduced while it is decoded only as long as it stays this many times as large as
# it is resized to: Pillow's "reducing gap" that cannot be told from the full picture.
REDUCING_GAP = 2

# Pixels of the resized picture per pixel of the crop, above which only the crop is made: of a
# picture of 1 x 10,000 pixels the whole would be 256 x 2,560,000.
MAX_RESIZED_PER_CROP = 16


@dataclass(frozen=True)
class Frame:
    """Size and resampling of the pictures that a network takes.

    Parameters
    ----------
    size : (height, width)
        Size of the result in pixels.
    resize : int or (height, width), optional
        Length in pixels to which the shorter side is resized, keeping the proportions, before
        the central part of `size` is cut out. What is smaller than that is surrounded by black.
        Two numbers are the size before the cut without regard to the proportions; None is
        `size` itself.
    interpolation : {"bilinear", "bicubic"}, default="bilinear"
        Pillow's filter, which is antialiased.

    Raises
    ------
    InvalidParameterError
        If a parameter has a value that is not allowed.

    Examples
    --------
    >>> Frame((224, 224), resize=256).resized(300, 400)
    (256, 341)
    """

    size: tuple[int, int]
    resize: int | tuple[int, int] | None = None
    interpolation: str = "bilinear"

    def __post_init__(self) -> None:
        check_shape("size", self.size)
        if isinstance(self.resize, tuple):
            check_shape("resize", self.resize)
        elif self.resize is not None:
            check_int("resize", self.resize, low=1)
        check_option("interpolation", self.interpolation, FILTERS)

    def resized(self, height: int, width: int) -> tuple[int, int]:
        """Return height and width to which a picture is resized before it is cropped."""
        if self.resize is None or isinstance(self.resize, tuple):
            return self.resize or self.size
        longer = int(self.resize * max(height, width) / min(height, width))
        return (longer, self.resize) if height > width else (self.resize, longer)

    def min_size(self, height: int, width: int) -> tuple[int, int]:
        """Return height and width below which a picture must not be reduced beforehand."""
        resized = self.resized(height, width)
        return REDUCING_GAP * resized[0], REDUCING_GAP * resized[1]


def make_frame(
    img: np.ndarray, frame: Frame, original: tuple[int, int] | None = None
) -> np.ndarray:
    """Bring one image to the size of `frame`.

    Equal to ``resize`` and ``center_crop`` of torchvision.transforms.functional on a picture
    of Pillow.

    Parameters
    ----------
    img : ndarray of uint8, shape (height, width) or (height, width, 1 | 3)
        Gray or RGB.
    frame : Frame
        What to make.
    original : (height, width), optional
        Size of the original, whose proportions count, where `img` was reduced.

    Returns
    -------
    ndarray of uint8, shape (height of the frame, width of the frame, 3)
        Gray becomes three equal channels.

    Examples
    --------
    >>> import numpy as np
    >>> make_frame(np.full((30, 40), 7, dtype=np.uint8), Frame((2, 2), resize=3))[0].tolist()
    [[7, 7, 7], [7, 7, 7]]
    """
    if img.ndim == 3 and img.shape[2] == 1:
        img = img[..., 0]
    resized = frame.resized(*(original or img.shape[:2]))
    into, part = zip(*map(_overlap, frame.size, resized), strict=True)
    picture = Image.fromarray(np.ascontiguousarray(img))
    small = _resize(picture, resized, part, FILTERS[frame.interpolation])
    if small.ndim == 2:
        small = small[..., np.newaxis]
    out = np.zeros((*frame.size, 3), dtype=np.uint8)
    out[into] = small
    return out


def _overlap(wanted: int, given: int) -> tuple[slice, slice]:
    """Return where the picture goes in the frame, and which part of it, along one axis."""
    if wanted > given:
        start = (wanted - given) // 2
        return slice(start, start + given), slice(0, given)
    start = round((given - wanted) / 2.0)
    return slice(0, wanted), slice(start, start + wanted)


def _resize(
    picture: Image.Image,
    resized: tuple[int, int],
    part: tuple[slice, ...],
    resample: Image.Resampling,
) -> np.ndarray:
    """Return the part (rows, columns) of the picture resized to (height, width)."""
    rows, columns = part
    height, width = rows.stop - rows.start, columns.stop - columns.start
    if resized[0] * resized[1] > MAX_RESIZED_PER_CROP * height * width:
        down, across = picture.height / resized[0], picture.width / resized[1]
        box = (
            columns.start * across,
            rows.start * down,
            min(columns.stop * across, picture.width),
            min(rows.stop * down, picture.height),
        )
        return np.asarray(picture.resize((width, height), resample, box))
    if picture.size != resized[::-1]:
        picture = picture.resize(resized[::-1], resample)
    return np.asarray(picture)[rows, columns]


def frame_batches(
    frame: Frame,
    pixels: np.ndarray,
    sources: Sequence[Source] | None,
    white: float | None,
    limits: DecodingLimits,
    *,
    positions: np.ndarray,
    size: int,
    n_jobs: int | None,
    desc: str | None,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield positions and frames in batches; see `Images.batches`."""
    stopped = Event()

    def make(position: int) -> np.ndarray:
        # After an early end, the images that threads have still to read are left out.
        if stopped.is_set():
            return np.empty(0, dtype=np.uint8)
        if sources is None:
            return make_frame(pixels[position], frame)
        with limits.turn() as turn:  # arrays of `_read_frame` are freed when it is over
            return _read_frame(sources[position], frame, pixels.shape[3] == 1, white, turn)

    def made() -> Generator[np.ndarray, None, None]:
        yield from run_ordered(make, positions.tolist(), n_jobs=n_jobs, desc=desc)

    with quiet_pillow(limits.max_pixels), closing(made()) as frames:
        try:
            for start in range(0, len(positions), size):
                rows = positions[start : start + size]
                batch = np.empty((len(rows), *frame.size, 3), dtype=np.uint8)
                for i in range(len(rows)):
                    batch[i] = next(frames)
                if sources is None:
                    forget(pixels[rows.min() : rows.max() + 1])
                yield rows, batch
        finally:
            stopped.set()


def _read_frame(
    source: Source, frame: Frame, gray: bool, white: float | None, turn: Turn
) -> np.ndarray:
    """Read one source again, at the size of `frame`."""
    content = source.readable
    if isinstance(content, np.ndarray):
        decoded = decode(content, None, gray, turn.limits, white)
    else:
        decoded = read_pixels(content, frame.min_size, gray, turn)
    if isinstance(decoded, str):
        raise ImageReadError(
            f"{printable(source.pathname)} was read by import_data and cannot be read any "
            f"more: {decoded}. Bring it back, or run import_data again."
        )
    img = flatten_colour(decoded.pixels, gray)
    if img.dtype != np.uint8:
        img = imscale(img)
    return make_frame(img, frame, (decoded.height, decoded.width))
