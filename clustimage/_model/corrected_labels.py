"""What a person has decided, applied to labels that a clusterer has found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from clustimage._core.logs import get_logger
from clustimage._core.parallel import run_ordered
from clustimage._core.text import pluralize
from clustimage._core.validation import invalid
from clustimage._model.base import ModelBase
from clustimage._model.row_order import row_order
from clustimage._model.state import State
from clustimage.cluster import METRICS, Clustering, order_labels
from clustimage.corrections import Collection, Labelling, keep_numbers, match_names
from clustimage.images import Images, digest, digest_file

__all__ = [
    "collection_of",
    "corrected_labels",
    "image_digests",
    "labels_named",
    "remember_names",
]

logger = get_logger(__name__)

MIN_FILES_FOR_PROGRESS = 100
PIXELS = "pixels:"  # what a digest begins with that is not of a file


def image_digests(model: ModelBase, rows: Iterable[int] | None = None) -> list[str]:
    """Return digests of the content of images, each computed when it is first asked for.

    Of files that are as they were when they were read it is that of their bytes, which the
    cache has; of arrays, and of files that are gone, that of their pixels; of features without
    images that of their row.

    Parameters
    ----------
    model : Clustimage
    rows : iterable of int, optional
        Default all.
    """
    state = model._state
    n = len(state.require("pathnames"))
    wanted = range(n) if rows is None else [int(row) for row in rows]
    if state.digests is None:
        known = None if state.images is None else state.images.keys
        state.digests = list(known) if known is not None else [None] * n
    found = state.digests
    missing = [row for row in dict.fromkeys(wanted) if found[row] is None]
    if missing:
        modified = _times_of_files(state)
        shown = "Reading contents" if len(missing) >= MIN_FILES_FOR_PROGRESS else None
        n_jobs = model._settings.n_jobs
        made = run_ordered(
            lambda row: _digest_of(state, row, modified), missing, n_jobs=n_jobs, desc=shown
        )
        for row, key in zip(missing, made, strict=True):
            found[row] = key
    return [str(found[row]) for row in wanted]


def _times_of_files(state: State) -> list[float | None]:
    if state.images is None:
        return []
    return [row.modified for row in state.images.status if row.status == "ok"]


def _digest_of(state: State, row: int, modified: Sequence[float | None]) -> str:
    if state.images is None:
        return "features:" + digest(np.ascontiguousarray(state.require("feat")[row]).tobytes())
    path = Path(str(state.images.pathnames[row]))
    try:
        if path.is_absolute() and path.stat().st_mtime == modified[row]:
            return digest_file(str(path))
    except (OSError, ValueError):
        pass
    return _digest_of_pixels(state.images, row)


def _digest_of_pixels(images: Images, row: int) -> str:
    return PIXELS + digest(np.ascontiguousarray(images.pixels[row]).tobytes())


def collection_of(model: ModelBase, digests: Iterable[str] = ()) -> Collection:
    """Return the images of the model, to be found by `digests` or by their paths."""
    state, wanted = model._state, set(digests)
    image_digests(model, ())  # those that the cache knows
    if not wanted.issubset(state.digests or ()):
        image_digests(model)
    found = Collection(state.digests or [], state.require("pathnames"))
    # Of images whose files were gone then, and are here now.
    by_pixels = {key for key in wanted.difference(state.digests or ()) if key.startswith(PIXELS)}
    if by_pixels and state.images is not None:
        found.add(_digest_of_pixels(state.images, row) for row in range(len(state.images)))
    return found


def corrected_labels(
    model: ModelBase, clustering: Clustering, keep: np.ndarray | None = None
) -> tuple[np.ndarray, dict[int, str]]:
    """Return labels as a person would have them, and the names of the clusters.

    Parameters
    ----------
    model : Clustimage
        With what was decided.
    clustering : Clustering
        What was found; not changed.
    keep : ndarray of int, shape (n,), optional
        Labels of before, whose numbers clusters keep. By default they are by decreasing size.
    """
    state, labels = model._state, clustering.labels
    if not state.corrections and not state.named:
        return (labels if keep is None else keep_numbers(keep, labels)), {}
    images = collection_of(model, _digests_in(state))
    metric = clustering.params["metric"]
    metric = metric if metric in METRICS else "euclidean"
    labelling = Labelling(labels.copy(), state.require("feat"), metric)
    broken = [one.do for one in state.corrections if not labelling.apply(one, images)]
    labels = labelling.labels
    members = {name: images.rows_with(keys) for name, keys in state.named.items()}
    if keep is not None:
        labels = keep_numbers(keep, labels, state.names)
    elif state.corrections:
        labels = np.where(labels < 0, labels, order_labels(labels, order=row_order(state)))
    names, lost = match_names(labels, members)
    _log_what_holds(len(state.corrections), broken, lost)
    return labels, names


def _digests_in(state: State) -> set[str]:
    """Return the digests of all images that were corrected or named."""
    found = {key for keys in state.named.values() for key in keys}
    for action in state.corrections:
        found.update(key for keys in action.members for key in keys)
        refs = [*action.images, *(ref for part in action.parts for ref in part)]
        found.update(ref.digest for ref in refs if ref.digest is not None)
    return found


def _log_what_holds(n_corrections: int, broken: list[str], lost: list[str]) -> None:
    if n_corrections and not broken:
        logger.info("Corrections: %s made again.", pluralize(n_corrections, "correction"))
    if broken:
        kinds = ", ".join(f"{times} {do}" for do, times in sorted(Counter(broken).items()))
        logger.warning(
            "Corrections: %d of %d no longer hold, as their images are not here or not together "
            "in one cluster: %s.",
            len(broken),
            n_corrections,
            kinds,
        )
    if lost:
        logger.warning(
            "No cluster is left for the %s %s.",
            "name" if len(lost) == 1 else "names",
            ", ".join(map(repr, lost)),
        )


def remember_names(model: ModelBase) -> None:
    """Keep by content which images have the names that clusters have now."""
    state = model._state
    labels = state.require("labels")
    state.named = {
        name: tuple(image_digests(model, np.flatnonzero(labels == label)))
        for label, name in (state.names or {}).items()
    }


def labels_named(model: ModelBase, parameter: str, given: Any) -> Any:
    """Return what was given as one or several clusters with the labels of those given by name."""
    if isinstance(given, str):
        return _label_named(model, parameter, given)
    if isinstance(given, list | tuple | set | frozenset | np.ndarray):
        each = given.tolist() if isinstance(given, np.ndarray) else given
        return [_label_named(model, parameter, a) if isinstance(a, str) else a for a in each]
    return given


def _label_named(model: ModelBase, parameter: str, name: str) -> int:
    names = model._state.names or {}
    found = [label for label, one in names.items() if one == name]
    if not found:
        known = ", ".join(map(repr, names.values())) or "no cluster has one"
        raise invalid(parameter, f"must be labels, or names of clusters ({known})", name)
    return found[0]
