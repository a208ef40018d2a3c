"""Small pictures within HTML: an image and its name, encoded when it is shown."""

from __future__ import annotations

import base64
import html
import weakref
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from clustimage.plotting._encoding import to_jpeg, to_png

if TYPE_CHECKING:
    from clustimage.images import Images

__all__ = ["Thumbnail", "Thumbnails"]

HEIGHT = 56  # of a picture on the page, in its pixels
MAX_WIDTH = 100
SIDE = 80  # longer side of what is encoded: sharp enough where a page pixel is more than one
QUALITY = 75
TINY = 32  # images up to this side are shown pixel by pixel


class Thumbnail:
    """One image, shown small.

    Parameters
    ----------
    images : array of shape (n, height, width[, channels]), uint8
        In memory or in a file; one row of it is read when it is shown.
    row : int
        Which image.
    name : str, default=""
        What one reads while the mouse is over it.
    ratio : float, optional
        Width over height of the original; default that of the pixels.

    Examples
    --------
    >>> picture = Thumbnail(np.zeros((1, 8, 8), dtype=np.uint8), 0, "<night>")
    >>> picture
    8 x 8 pixels
    >>> picture._repr_html_()[:40], "&lt;night&gt;" in picture._repr_html_()
    ('<img src="data:image/png;base64,iVBORw0K', True)
    """

    __slots__ = ("_images", "_row", "name", "ratio")

    def __init__(
        self, images: np.ndarray, row: int, name: str = "", ratio: float | None = None
    ) -> None:
        self._images = images
        self._row = row
        self.name = name
        self.ratio = ratio

    @property
    def pixels(self) -> np.ndarray:
        """The image itself, ``(height, width)`` or ``(height, width, 3)`` uint8."""
        image = np.ascontiguousarray(self._images[self._row])
        return image[..., 0] if image.ndim == 3 and image.shape[2] == 1 else image

    def _repr_html_(self) -> str:
        image = self.pixels
        high, wide = image.shape[:2]
        ratio = wide / high if self.ratio is None else self.ratio
        tiny = max(high, wide) <= TINY
        data = to_png(image) if tiny else to_jpeg(image, SIDE, QUALITY)
        text = base64.b64encode(data).decode("ascii")
        width = round(min(max(HEIGHT * ratio, HEIGHT / 4), MAX_WIDTH))
        style = "display:inline-block;margin:1px;max-width:none;border-radius:3px"
        style += ";image-rendering:pixelated" if tiny else ""
        words = "".join(letter if letter.isprintable() else "?" for letter in self.name)
        name = html.escape(words, quote=True)
        return (
            f'<img src="data:image/{"png" if tiny else "jpeg"};base64,{text}" width="{width}" '
            f'height="{HEIGHT}" alt="{name}" title="{name}" style="{style}">'
        )

    def __repr__(self) -> str:
        high, wide = self._images.shape[1:3]
        return f"{high} x {wide} pixels"

    def __reduce__(self) -> tuple[type[Thumbnail], tuple[np.ndarray, int, str, float | None]]:
        return Thumbnail, (self.pixels[None].copy(), 0, self.name, self.ratio)


class Thumbnails:
    """The images of a model, to be shown as long as it has them.

    They are not kept alive: an answer that a user keeps does not keep the images in memory.
    """

    def __init__(self, images: Images) -> None:
        self._images = weakref.ref(images)

    def of(self, rows: Iterable[int]) -> list[Thumbnail]:
        """Return the thumbnails of some rows; none where the model has other images by now."""
        images = self._images()
        if images is None:
            return []
        sizes = [(row.width, row.height) for row in images.status if row.status == "ok"]
        found = []
        for row in map(int, rows):
            wide, high = sizes[row] if row < len(sizes) else (None, None)
            ratio = wide / high if wide and high else None
            found.append(Thumbnail(images.pixels, row, str(images.filenames[row]), ratio))
        return found

    def copies(self, most: int) -> list[Thumbnail]:
        """Return the first thumbnails with pixels of their own, which stay."""
        images = self._images()
        n_images = 0 if images is None else min(len(images), most)
        return [Thumbnail(*picture.__reduce__()[1]) for picture in self.of(range(n_images))]

    @property
    def shape(self) -> tuple[int, int, int] | None:
        """Height, width and channels of the images."""
        images = self._images()
        return None if images is None else images.shape
