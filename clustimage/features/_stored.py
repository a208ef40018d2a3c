"""Features that an earlier run has kept: only what is missing is computed."""

from __future__ import annotations

import importlib.metadata
import numbers
import os
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from clustimage.images import Stamp, canonical, decoders

if TYPE_CHECKING:
    from clustimage.features._extractor import FeatureExtractor
    from clustimage.images import Cache, Images, Session

__all__ = ["Batches", "Compute", "Positions", "is_known", "recipe_of", "stored_fit", "stored_rows"]

Rows = npt.NDArray[np.float32]
Positions = npt.NDArray[np.intp]
Batches = Iterator[tuple[Positions, npt.NDArray[Any]]]
Compute = Callable[[Positions], Batches]

# Raise when an extractor gives other numbers than before: what was kept is then made again.
VERSION = 1

AT_ONCE = 2000  # rows that are read from the cache at a time


def stored_rows(images: Images, recipe: Mapping[str, Any] | None, compute: Compute) -> Rows:
    """Return one row of features per image; rows of known files come from the cache.

    Parameters
    ----------
    images : Images
        What stage 1 has read. Without ``images.cache`` every row is computed.
    recipe : mapping or None
        Everything that a row depends on beside the content of the file: names, numbers,
        lists and dicts of them. The versions of what decodes a file, and whether it was
        read in gray, are added here. None keeps nothing.
    compute : callable
        Takes positions, `(m,)` of int, of at least one image, and yields positions and
        their rows, `(b, d)`, in batches that together cover what was asked for. It is not
        called where every row is known; of files with the same content it is asked for the
        first one. Each batch is kept as soon as it is there, except for files that have
        changed since they were read.

    Returns
    -------
    ndarray of shape (n, d), float32

    Raises
    ------
    TypeError
        If there is something in `recipe` that JSON does not know.

    Examples
    --------
    >>> import numpy as np
    >>> from clustimage.images import load_images
    >>> images = load_images(np.arange(8.0).reshape(2, 4))
    >>> stored_rows(images, None, lambda positions: iter([(positions, images.flat[positions])]))
    array([[  0.,  36.,  73., 109.], [146., 182., 219., 255.]], dtype=float32)
    """
    n_images = len(images)
    if recipe is None or images.cache is None or images.keys is None:
        return _collect(compute(np.arange(n_images, dtype=np.intp)), None, n_images)
    recipe = {**_common(images.shape[2] == 1), **recipe}
    with images.cache.session() as session:
        feat, missing, first = _known_rows(images.keys, session, recipe)
        batches: Batches = iter(())
        if missing:
            computed = compute(np.array(missing, dtype=np.intp))
            batches = _keep_each(computed, images, images.keys, session, recipe)
        feat = _collect(batches, feat, n_images)
    for position, key in enumerate(images.keys):
        if key in first:
            feat[position] = feat[first[key]]
    return feat


def _known_rows(
    keys: list[str | None], session: Session, recipe: Mapping[str, Any]
) -> tuple[Rows | None, list[int], dict[str, int]]:
    """Return the rows that are known, a few at a time, in the array for all of them.

    Returns
    -------
    feat : ndarray of shape (n, d), float32, or None
        None where none is known.
    missing : list of int
        Positions to compute: of files with the same content the first one.
    first : dict
        That position, by the key of the content.
    """
    feat: Rows | None = None
    missing: list[int] = []
    first: dict[str, int] = {}
    for start in range(0, len(keys), AT_ONCE):
        some = keys[start : start + AT_ONCE]
        found = session.rows(sorted({key for key in some if key is not None}), recipe)
        for position, key in enumerate(some, start):
            if key in found:
                if feat is None:
                    feat = np.empty((len(keys), len(found[key])), dtype=np.float32)
                feat[position] = found[key]
            elif key is None or first.setdefault(key, position) == position:
                missing.append(position)
    return feat, missing, first


def _collect(batches: Batches, feat: Rows | None, n_images: int) -> Rows:
    """Return rows that come in batches in one array; `feat` has those that are known."""
    for positions, rows in batches:
        if feat is None:
            feat = np.empty((n_images, rows.shape[1]), dtype=np.float32)
        feat[positions] = rows
    if feat is None:
        raise ValueError("'compute' gave no rows.")
    return feat


def _keep_each(
    batches: Batches,
    images: Images,
    keys: list[str | None],
    session: Session,
    recipe: Mapping[str, Any],
) -> Batches:
    """Hand on each batch once its rows are kept."""
    for positions, rows in batches:
        mine: dict[int, str] = {}
        for place, position in enumerate(positions.tolist()):
            key = keys[position]
            if key is not None and _is_as_read(str(images.pathnames[position]), key, session):
                mine[place] = key
        session.keep_rows(list(mine.values()), rows[list(mine)], recipe)
        yield positions, rows


def _is_as_read(pathname: str, key: str, session: Session) -> bool:
    """Return whether a file is what stage 1 has read: it may have been read again since."""
    try:
        stamp = Stamp.of(os.stat(pathname))  # noqa: PTH116 - a thousand paths an instant
    except OSError:
        return False
    return session.key_of(pathname, stamp, sure=False) == key


def stored_fit(
    extractor: FeatureExtractor,
    images: Images,
    recipe: Mapping[str, Any] | None,
    compute: Callable[[], Rows],
) -> Rows:
    """Fit an extractor that learns from the whole set, or take what it learned last time.

    Parameters
    ----------
    extractor : FeatureExtractor
        Unfitted; it is fitted afterwards.
    images : Images
        What stage 1 has read. What is learned is kept for exactly this set in this order,
        if all of them are files and there is an ``images.cache``.
    recipe : mapping or None
        As for `stored_rows`.
    compute : callable
        Fits the extractor and returns a row for each image. It is not called where what
        it gives is known.

    Returns
    -------
    ndarray of shape (n, d), float32
    """
    from clustimage.features._learned import get_state, set_state  # which needs the base of all

    keys = [key for key in images.keys or () if key is not None]
    if recipe is None or images.cache is None or len(keys) < len(images):
        return compute()
    recipe = {**_common(images.shape[2] == 1), **recipe}
    with images.cache.session() as session:
        known = session.fit(keys, recipe)
        if known is not None:
            arrays, values = known
            feat = arrays.pop("feat")
            set_state(extractor, {**values, **arrays})
            return feat
        feat = compute()
        state = get_state(extractor) or {}
        arrays = {name: value for name, value in state.items() if isinstance(value, np.ndarray)}
        values = {name: value for name, value in state.items() if name not in arrays}
        session.keep_fit(keys, recipe, {**arrays, "feat": feat}, values)
    return feat


def recipe_of(extractor: FeatureExtractor, images: Images) -> dict[str, Any] | None:
    """Return everything that the features of pixels depend on beside the content of files.

    Parameters
    ----------
    extractor : FeatureExtractor
        One of ours: class, settings without the number of workers, and versions count.
    images : Images
        Their size counts.

    Returns
    -------
    dict or None
        None, so that nothing is kept, for a class that is not ours, a random state that is
        no number, and settings that cannot be written down.
    """
    if not type(extractor).__module__.startswith("clustimage."):
        return None
    settings = extractor.get_params(deep=False)
    settings.pop("n_jobs", None)
    if not isinstance(settings.get("random_state", 0), numbers.Integral):
        return None
    recipe = {
        "method": type(extractor).__name__,
        "settings": settings,
        "size": list(images.shape[:2]),
        "packages": {name: _version(name) for name in extractor.built_on},
    }
    try:
        canonical(recipe)
    except TypeError:
        return None
    return recipe


def is_known(cache: Cache, recipe: Mapping[str, Any]) -> bool:
    """Return whether `stored_rows` has kept rows of this recipe, of any images."""
    with cache.session() as session:
        return any(session.has_recipe({**_common(gray), **recipe}) for gray in (False, True))


def _common(gray: bool) -> dict[str, Any]:
    return {"gray": gray, "decoders": dict(decoders()), "version": VERSION}


@cache
def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
