"""What stage 1 hands on: the decoded images, and what became of every input."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from clustimage._core.errors import ImageReadError
from clustimage._core.row_digests import row_digests
from clustimage._core.validation import check_int
from clustimage.images._status import ImageStatus
from clustimage.images.exif._timestamps import Timestamps, as_datetimes, timestamp_of
from clustimage.images.reading._decoding_limits import DecodingLimits
from clustimage.images.reading._frames import Frame, frame_batches
from clustimage.images.reading._listing import encodable

if TYPE_CHECKING:
    import pandas as pd

    from clustimage.images.cache._database import Cache
    from clustimage.images.reading._source import Source

__all__ = ["Images"]


@dataclass
class Images:
    """Decoded images of one size, and a row of status for every input.

    Attributes
    ----------
    pathnames : ndarray of str objects, shape (n,)
        Absolute paths, of downloads those of the local files; for arrays their own names.
    filenames : ndarray of str objects, shape (n,)
        Base names; of downloads those in the URLs.
    url : ndarray of objects, shape (n,)
        The URL that an image came from, or None.
    pixels : ndarray of uint8, shape (n, height, width, channels)
        C-contiguous; 3 channels are RGB, 1 channel is gray. In memory, or in a file where
        they are too many for the budget: then worked through in blocks of rows.
    status : list of ImageStatus
        One for every input in the order of the input, read or skipped.
    white : float or None
        The value that became 255, where the images came as one array; None where
        each image was scaled by its own maximum.
    sources : list of Source, optional
        Where each row came from, to be read again at another size; None where the
        pixels are all there is (flattened arrays, saved models).
    keys : list of str or None, optional
        Digest of the content of each file, where they were read through a cache; None
        for a row that is no file.
    cache : Cache, optional
        The cache that they were read through.
    limits : DecodingLimits, optional
        What may be decoded where they are read again.

    Examples
    --------
    >>> import numpy as np
    >>> from clustimage.images import load_images
    >>> images = load_images(np.eye(4).reshape(1, 16))
    >>> len(images), images.shape, images.flat.shape
    (1, (4, 4, 1), (1, 16))
    >>> images.status[0].status
    'ok'
    """

    pathnames: np.ndarray
    filenames: np.ndarray
    url: np.ndarray
    pixels: np.ndarray
    status: list[ImageStatus]
    white: float | None = None
    sources: list[Source] | None = None
    keys: list[str | None] | None = None
    cache: Cache | None = None
    limits: DecodingLimits = field(default_factory=DecodingLimits)

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def given(self) -> np.ndarray:
        """The URL of each image that has one, else its path."""
        return np.where([url is None for url in self.url], self.pathnames, self.url)

    @property
    def n_images(self) -> int:
        """How many images were read."""
        return len(self.pixels)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of each image."""
        height, width, channels = self.pixels.shape[1:]
        return height, width, channels

    @property
    def flat(self) -> np.ndarray:
        """View `(n, height * width * channels)` of the same memory."""
        return self.pixels.reshape(len(self.pixels), -1)

    @cached_property
    def digests(self) -> npt.NDArray[np.uint64]:
        """A digest of the pixels of each image."""
        return row_digests(self.pixels)

    @property
    def order(self) -> npt.NDArray[np.intp]:
        """The rows in an order by `digests`: the same images are in it in the same order.

        What is learned from all images, or from a sample of them, is learned in this order.
        """
        return np.argsort(self.digests, kind="stable")

    def check_complete(self) -> None:
        """Raise where an input was skipped: rows and images would no longer belong together.

        Raises
        ------
        ImageReadError
            It counts what was skipped, and names the first.
        """
        inputs = [row for row in self.status if row.is_input]
        skipped = [row for row in inputs if row.status != "ok"]
        if skipped:
            raise ImageReadError(
                f"{len(skipped)} of {len(inputs)} images cannot be read, so there is no "
                f"row for them. First: {skipped[0].pathname} ({skipped[0].reason}). Leave them out."
            )

    def batches(
        self,
        frame: Frame,
        *,
        size: int = 32,
        positions: Sequence[int] | np.ndarray | None = None,
        n_jobs: int | None = -1,
        desc: str | None = None,
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Read the images again, at the size that a network takes.

        Files and pictures show the photo as it is, turned upright and over white, not scaled
        by its maximum (except where it is not 8 bits deep); arrays are scaled as `pixels` are.
        Threads read ahead while the caller works on a batch, by a bounded number of images.

        Parameters
        ----------
        frame : Frame
            Size and resampling.
        size : int, default=32
            Images in a batch; the last one may have less.
        positions : sequence of int, optional
            Rows to read, in this order; default all.
        n_jobs : int, default=-1
            Number of threads; -1 uses every core.
        desc : str, optional
            Words of the progress bar, which counts images; without them there is none.

        Yields
        ------
        positions : ndarray of int, shape (b,)
            Rows of the images.
        frames : ndarray of uint8, shape (b, height, width, 3)
            RGB; three equal channels where the images were read in gray. Where `sources` is
            None, made from `pixels`.

        Raises
        ------
        InvalidParameterError
            If `size` is not a number of at least 1.
        ImageReadError
            If a file cannot be read any more; the message names it and says why.

        Notes
        -----
        Close the iterator where it may be left early (``contextlib.closing``): the threads end
        then, and not only when it is forgotten.

        Examples
        --------
        >>> import numpy as np
        >>> from clustimage.images import Frame, load_images
        >>> images = load_images([np.ones((40, 60)), np.ones((30, 30))], dim=(8, 8))
        >>> [frames.shape for _, frames in images.batches(Frame((16, 16), resize=20), size=1)]
        [(1, 16, 16, 3), (1, 16, 16, 3)]
        """
        size = check_int("size", size, low=1)
        wanted = range(len(self)) if positions is None else positions
        return frame_batches(
            frame,
            self.pixels,
            self.sources,
            self.white,
            self.limits,
            positions=np.asarray(wanted, dtype=np.intp),
            size=size,
            n_jobs=n_jobs,
            desc=desc,
        )

    def status_frame(self, timestamps: Timestamps | None = None) -> pd.DataFrame:
        """Return `status` as a table.

        Parameters
        ----------
        timestamps : Timestamps, optional
            The times that were used, one for each image that was read; default those that
            ``timestamps="auto"`` would use.

        Returns
        -------
        DataFrame
            One row per input, in its order: pathname (spelled so that it can be written, see
            `encodable`), status, reason; width and height as
            whole numbers (dtype ``Int64``), missing where the input was skipped; timestamp
            (``datetime64[ns, UTC]``, to the microsecond; NaT where there is none, or one that
            this type cannot hold) and timestamp_from (``"DateTimeOriginal"``,
            ``"DateTimeDigitized"``, ``"DateTime"``, ``"file"``, ``"given"`` or empty); exif,
            why EXIF data that are there cannot be used, or empty.
        """
        import pandas as pd

        names = ("status", "reason", "width", "height")
        columns: dict[str, Any] = {
            "pathname": [encodable(row.pathname) for row in self.status],
            **{name: [getattr(row, name) for row in self.status] for name in names},
        }
        for name in ("width", "height"):
            columns[name] = pd.array(columns[name], dtype="Int64")
        read = [row for row in self.status if row.status == "ok"]
        if timestamps is None:
            found = iter([timestamp_of(row) for row in read])
        else:
            found = zip(timestamps.seconds.tolist(), timestamps.origin, strict=True)
        times = [next(found) if row.status == "ok" else (None, "") for row in self.status]
        columns["timestamp"] = as_datetimes([seconds for seconds, _ in times])
        columns["timestamp_from"] = [origin for _, origin in times]
        columns["exif"] = [row.exif_problem for row in self.status]
        return pd.DataFrame(columns)
