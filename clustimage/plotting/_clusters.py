"""The images of each cluster, one figure per cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from clustimage._errors import InvalidDataError, InvalidParameterError
from clustimage._logging import get_logger
from clustimage._validation import check_int
from clustimage._words import count
from clustimage.plotting._figure import check_cmap, many_figures
from clustimage.plotting._montage import evenly
from clustimage.plotting._tiles import draw_tiles

if TYPE_CHECKING:
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

__all__ = ["MAX_IMAGES", "MAX_NAMED", "choose_labels", "plot_clusters"]

logger = get_logger(__name__)

MAX_IMAGES = 400
MAX_NAMED = 40


def choose_labels(
    labels: np.ndarray,
    *,
    wanted: int | Iterable[int] | None = None,
    min_samples: int = 2,
    blacklist: int | Iterable[int] | None = None,
) -> list[int]:
    """Return the clusters to draw.

    Parameters
    ----------
    labels : array of shape (n,)
        The cluster of each image.
    wanted : int or iterable of int, optional
        Clusters that are asked for, in that order, whatever their size; -1 are the
        unclustered images. Default: all clusters but the negative ones.
    min_samples : int, default=2
        Where none are asked for, smaller clusters are left out.
    blacklist : int or iterable of int, optional
        Clusters to leave out.

    Raises
    ------
    InvalidParameterError
        If a cluster is asked for that is not there.

    Examples
    --------
    >>> import numpy as np
    >>> choose_labels(np.array([0, 0, 0, 1, 1, 2, -1]), blacklist=0)
    [1]
    """
    min_samples = check_int("min_samples", min_samples, low=1)
    present, sizes = np.unique(np.asarray(labels), return_counts=True)
    size_of = dict(zip(present.tolist(), sizes.tolist(), strict=True))
    out = set(_whole_numbers("blacklist", blacklist)) if blacklist is not None else set()
    if wanted is None:
        chosen = [label for label in size_of if label >= 0 and size_of[label] >= min_samples]
    else:
        chosen = list(dict.fromkeys(_whole_numbers("labels", wanted)))
        for label in chosen:
            if label not in size_of:
                raise InvalidParameterError(
                    f"'labels' must name clusters that are there: {_spelled(present)}. Got {label}."
                )
    return [label for label in chosen if label not in out]


def _whole_numbers(name: str, value: int | Iterable[int]) -> list[int]:
    if isinstance(value, str):
        raise InvalidParameterError(f"{name!r} must be whole numbers, or one. Got {value!r}.")
    values = np.ravel(value).tolist() if np.ndim(value) else [value]  # type: ignore[arg-type]
    if isinstance(value, (set, frozenset)):
        values = sorted(value)
    return [check_int(name, one) for one in values]


def _spelled(present: np.ndarray) -> str:
    if len(present) > 12:
        return f"{present[0]} to {present[-1]}"
    return ", ".join(str(label) for label in present)


def plot_clusters(
    images: np.ndarray,
    labels: np.ndarray,
    *,
    wanted: int | Iterable[int] | None = None,
    filenames: Sequence[str] | None = None,
    cmap: str | Colormap | None = None,
    ncols: int | None = None,
    min_samples: int = 2,
    blacklist: int | Iterable[int] | None = None,
    limit: int = MAX_IMAGES,
    decorate: Callable[[np.ndarray], np.ndarray] | None = None,
) -> tuple[list[Figure], np.ndarray]:
    """Draw the images of each cluster as one picture, one figure per cluster.

    Parameters
    ----------
    images : array of shape (n, height, width) or (n, height, width, 3), uint8
        Gray or RGB.
    labels : array of shape (n,)
        The cluster of each image.
    wanted, min_samples, blacklist
        Which clusters; see `choose_labels`.
    filenames : sequence of n str, optional
        Written below the images where a figure shows at most 40.
    cmap : str or Colormap, optional
        For gray images; default ``"gray"``.
    ncols : int, optional
        Images per row.
    limit : int, default=400
        The most images in one figure. Of a larger cluster that many are drawn, spread
        evenly over it, and the title says so.
    decorate : callable, optional
        Makes the tiles from the images that are drawn.

    Returns
    -------
    figs : list of Figure
        One per cluster that is drawn; empty, with a warning in the log, where none is left.
    axes : array of shape (n_figs,), object
        The axes of each figure.

    Raises
    ------
    InvalidDataError
        If there is not one label per image.
    InvalidParameterError
        For a cluster that is not there or an unknown `cmap`.
    """
    labels = np.asarray(labels)
    if len(images) != len(labels):
        raise InvalidDataError(
            f"Each image needs a label. Got {len(images)} images and {len(labels)} labels."
        )
    check_cmap(cmap)
    ncols = None if ncols is None else check_int("ncols", ncols, low=1)
    chosen = choose_labels(labels, wanted=wanted, min_samples=min_samples, blacklist=blacklist)
    figs, axes = [], np.empty(len(chosen), dtype=object)
    with many_figures():
        for i, label in enumerate(chosen):
            members = np.flatnonzero(labels == label)
            shown = members[evenly(len(members), limit)]
            tiles = images[shown] if decorate is None else decorate(images[shown])
            named = filenames is not None and len(shown) <= MAX_NAMED
            captions = [str(filenames[j]) for j in shown] if filenames is not None else None
            fig, axes[i] = draw_tiles(
                tiles,
                title=_title(label, len(members), len(shown)),
                captions=captions if named else None,
                ncols=None if ncols is None else min(ncols, len(shown)),
                cmap=cmap,
            )
            figs.append(fig)
    if not figs:
        logger.warning(
            "No cluster to draw: none of at least %d images that is not left out.", min_samples
        )
    return figs, axes


def _title(label: int, size: int, shown: int) -> str:
    name = {-1: "Unclustered (-1)", -2: "Without data (-2)"}.get(label, f"Cluster {label}")
    if shown < size:
        return f"{name}: showing {shown:,} of {size:,} images"
    return f"{name}: {count(size, 'image')}"
