"""The images of each cluster, one figure per cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from clustimage._core.errors import InvalidDataError, InvalidParameterError
from clustimage._core.logs import get_logger
from clustimage._core.text import pluralize
from clustimage._core.validation import check_int
from clustimage.plotting._figure import check_cmap, many_figures, shorten
from clustimage.plotting._fonts import printable
from clustimage.plotting._limits import check_limit, log_limit, nearest_first
from clustimage.plotting._montage import evenly
from clustimage.plotting._pictures import Pictures
from clustimage.plotting.grids._tiles import MAX_PIXELS, draw_tiles

if TYPE_CHECKING:
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

__all__ = [
    "MAX_CLUSTERS",
    "MAX_IMAGES",
    "MAX_NAMED",
    "Distances",
    "choose_labels",
    "one_label_each",
    "plot_clusters",
    "warn_nothing_to_draw",
    "spread",
]

logger = get_logger(__name__)

# Labels of clusters to the distance of each image, (n,), to the centre of its cluster; NaN
# where there is none, None where nothing is known of distances.
Distances = Callable[[list[int]], "np.ndarray | None"]

MAX_IMAGES = 400
MAX_NAME = 60  # characters of the name of a cluster in a title
MAX_CLUSTERS = 100
MAX_NAMED = 40
# Pixels of all figures together: 360 MB.
ALL_PIXELS = 120_000_000


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


def spread(
    members: np.ndarray, limit: int | None, distance: np.ndarray | None = None
) -> np.ndarray:
    """Return the images of a cluster to draw: all, or some that are spread over it.

    Parameters
    ----------
    members : array of shape (m,), int
        Rows of the images, ascending.
    limit : int or None
        The most of them.
    distance : array of shape (n,), optional
        How far each image is from the centre of its cluster.

    Returns
    -------
    array of int
        All members in their order; or `limit` of them, evenly from the nearest to the centre
        to the farthest. Where no distances are known, evenly over their order.

    Examples
    --------
    >>> spread(np.arange(6), 3, np.array([9, 8, 7, 1, 2, 3])).tolist()
    [3, 5, 0]
    >>> spread(np.arange(6), 3).tolist()
    [0, 2, 4]
    """
    if limit is None or len(members) <= limit:
        return members
    if distance is None or not np.isfinite(distance[members]).all():
        return np.asarray(members[evenly(len(members), limit)])
    return np.asarray(members[nearest_first(distance[members], limit)])


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
    max_images: int | None = MAX_IMAGES,
    max_clusters: int | None = MAX_CLUSTERS,
    distances: Distances | None = None,
    decorate: Callable[[np.ndarray], np.ndarray] | None = None,
    names: Mapping[int, str] | None = None,
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
    max_images : int or None, default=400
        The most images in one figure. Of a larger cluster that many are drawn, evenly from
        the nearest to its centre to the farthest, and the title and the log say so.
    max_clusters : int or None, default=100
        The most figures where `wanted` does not name the clusters: the first ones.
    distances : callable, optional
        Takes the labels of the clusters of which some images are drawn, and returns the
        distance of each image to the centre of its cluster, of shape (n,). Without it the
        images are spread evenly over their order.
    decorate : callable, optional
        Makes the tiles from the images that are drawn.
    names : mapping of int to str, optional
        What clusters are called, for their titles; see `name_events` and `name_places`.

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
    labels = one_label_each(images, labels)
    check_cmap(cmap)
    ncols = None if ncols is None else check_int("ncols", ncols, low=1)
    max_images = check_limit("max_images", max_images)
    max_clusters = check_limit("max_clusters", max_clusters)
    chosen = choose_labels(labels, wanted=wanted, min_samples=min_samples, blacklist=blacklist)
    if wanted is None and max_clusters is not None and len(chosen) > max_clusters:
        log_limit(max_clusters, len(chosen), "clusters", "the first ones", "max_clusters")
        chosen = chosen[:max_clusters]
    members = [np.flatnonzero(labels == label) for label in chosen]
    shown, how = _choose(members, chosen, max_images, distances)
    figs, axes = [], np.empty(len(chosen), dtype=object)
    with many_figures():
        for i, rows in enumerate(shown):
            named = filenames is not None and len(rows) <= MAX_NAMED
            fig, axes[i] = draw_tiles(
                Pictures(images, rows, cmap=cmap, decorate=decorate),
                title=_title(chosen[i], len(members[i]), len(rows), how, names or {}),
                captions=[printable(filenames[j]) for j in rows]
                if named and filenames is not None
                else None,
                ncols=None if ncols is None else min(ncols, len(rows)),
                max_pixels=min(MAX_PIXELS, ALL_PIXELS / len(chosen)),
            )
            figs.append(fig)
    if not figs:
        warn_nothing_to_draw(min_samples)
    return figs, axes


def one_label_each(images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the labels as an array, or raise where there is not one for each image."""
    labels = np.asarray(labels)
    if len(images) != len(labels):
        raise InvalidDataError(
            f"Each image needs a label. Got {len(images):,} images and {len(labels):,} labels."
        )
    return labels


def warn_nothing_to_draw(min_samples: int) -> None:
    """Tell that no cluster is large enough to be drawn."""
    logger.warning(
        "No cluster to draw: none of at least %s that is not left out.",
        pluralize(min_samples, "image"),
    )


def _choose(
    members: list[np.ndarray],
    labels: list[int],
    limit: int | None,
    distances: Distances | None,
) -> tuple[list[np.ndarray], str]:
    """Return the rows to draw of each cluster, and how they were chosen, in words."""
    large = [
        label
        for label, rows in zip(labels, members, strict=True)
        if limit is not None and len(rows) > limit
    ]
    if not large:
        return members, ""
    distance = distances(large) if distances is not None else None
    how = "spread evenly" if distance is None else "from its centre to its edge"
    shown = [spread(rows, limit, distance) for rows in members]
    log_limit(
        sum(map(len, shown)),
        sum(map(len, members)),
        "images",
        f"at most {limit:,} of a cluster, {how}",
    )
    return shown, how


def _title(label: int, size: int, shown: int, how: str, names: Mapping[int, str]) -> str:
    name = {-1: "Unclustered (-1)", -2: "Without data (-2)"}.get(label, f"Cluster {label}")
    if label in names:
        called = shorten(names[label], MAX_NAME)
        name = f"{called} ({label})" if label < 0 else f"{name}, {called}"
    if shown < size:
        how = how if label >= 0 else "spread evenly"
        return f"{name}: showing {shown:,} of {size:,} images, {how}"
    return f"{name}: {pluralize(size, 'image')}"
