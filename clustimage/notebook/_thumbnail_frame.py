"""A table with a column of pictures, which a notebook shows.

Imports pandas, so it is imported only where such a table is made.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from clustimage.notebook._thumbnail import Thumbnail, Thumbnails

if TYPE_CHECKING:
    from clustimage.images import Images

__all__ = ["ThumbnailFrame", "with_thumbnails"]


class ThumbnailFrame(pd.DataFrame):
    """A DataFrame that draws the `Thumbnail` objects in it where it is shown as HTML.

    Everything else is escaped as pandas does it: pandas writes a random word in place of each
    picture, and the picture goes where that word stands. What is selected from it (``head()``,
    ``frame[frame["label"] == 3]``) is such a table again.
    """

    @property
    def _constructor(self) -> type[ThumbnailFrame]:
        return ThumbnailFrame

    def _repr_html_(self) -> str | None:
        return self._drawn(lambda plain: plain._repr_html_())

    def _drawn(self, render: Callable[[pd.DataFrame], str | None]) -> str | None:
        # Two characters of no script, so that the words are short and no text has them.
        word = "".join(chr(0xE000 + secrets.randbelow(6400)) for _ in range(2))
        pictures: list[Thumbnail] = []

        def named(value: Any) -> Any:
            if not isinstance(value, Thumbnail):
                return value
            pictures.append(value)
            return f"{word}{len(pictures) - 1};"

        plain = pd.DataFrame(self)
        for i, kind in enumerate(plain.dtypes):
            if getattr(kind, "kind", "") == "O":
                plain.isetitem(i, plain.iloc[:, i].map(named))
        text = render(plain)
        if text is None:
            return None
        return re.sub(f"{word}(\\d+);", lambda found: pictures[int(found[1])]._repr_html_(), text)


def with_thumbnails(frame: pd.DataFrame, images: Images) -> ThumbnailFrame:
    """Return a table with a first column ``thumbnail``: the image of each row.

    Parameters
    ----------
    frame : DataFrame of shape (n, m)
        A row per image.
    images : Images
        The n images.

    Returns
    -------
    ThumbnailFrame of shape (n, m + 1)
        The pictures are made when they are shown; they keep the images in memory.
    """
    pictures = np.empty(len(frame), dtype=object)
    pictures[:] = Thumbnails(images).of(range(len(frame)))
    shown = ThumbnailFrame(frame)
    shown.insert(0, "thumbnail", pd.Series(pictures, index=frame.index, dtype=object))
    return shown
