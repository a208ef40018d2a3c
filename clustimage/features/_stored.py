"""Features in the cache of an earlier run: only what is missing is computed."""

from __future__ import annotations

import importlib.metadata
import numbers
import os
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from clustimage.images import Stamp, canonical, decoders

if TYPE_CHECKING:
    from clustimage.images import Cache, Images, Session

__all__ = [
    "Batches",
    "Compute",
    "Positions",
    "cache_key_of",
    "has_rows",
    "stored_fit",
    "stored_rows",
]

Rows = npt.NDArray[np.float32]
Positions = npt.NDArray[np.intp]
Batches = Iterator[tuple[Positions, npt.NDArray[Any]]]
Compute = Callable[[Positions], Batches]

# Raise when an extractor gives other numbers than before: all features are then computed again.
VERSION = 1
FIT_VERSION = VERSION + 1  # the same of what is learned from a whole set

ROWS_PER_QUERY = 2000  # rows that are read from the cache at a time


class Extractor(Protocol):
    """What is asked of an extractor here."""

    built_on: tuple[str, ...]

    def get_params(self, deep: bool = True) -> dict[str, Any]: ...
    def get_state(self) -> dict[str, Any] | None: ...
    def set_state(self, state: Mapping[str, Any]) -> Any: ...


def stored_rows(images: Images, cache_key: Mapping[str, Any] | None, compute: Compute) -> Rows:
    """Return one row of features per image; rows that the cache has are not computed.

    Parameters
    ----------
    images : Images
        What stage 1 has read. Without ``images.cache`` every row is computed.
    cache_key : mapping or None
        Everything that a row depends on beside the content of the file: names, numbers,
        lists and dicts of them. The versions of what decodes a file, and whether it was
        read in gray, are added here. None does not use the cache.
    compute : callable
        Takes positions, `(m,)` of int, of at least one image, and yields positions and
        their rows, `(b, d)`, in batches that together cover what was asked for. It is not
        called where the cache has every row; of files with the same content it is asked for
        the first one. Each batch is cached as soon as it is there, except for files that
        have changed since they were read.

    Returns
    -------
    ndarray of shape (n, d), float32

    Raises
    ------
    TypeError
        If there is something in `cache_key` that JSON does not know.

    Examples
    --------
    >>> import numpy as np
    >>> from clustimage.images import load_images
    >>> images = load_images(np.arange(8.0).reshape(2, 4))
    >>> stored_rows(images, None, lambda positions: iter([(positions, images.flat[positions])]))
    array([[  0.,  36.,  73., 109.], [146., 182., 219., 255.]], dtype=float32)
    """
    n_images = len(images)
    if cache_key is None or images.cache is None or images.keys is None:
        return _collect(compute(np.arange(n_images, dtype=np.intp)), None, n_images)
    cache_key = {**_common(images.shape[2] == 1), **cache_key}
    with images.cache.session() as session:
        feat, missing, first = _cached_rows(images.keys, session, cache_key)
        batches: Batches = iter(())
        if missing:
            computed = compute(np.array(missing, dtype=np.intp))
            batches = _cache_each(computed, images, images.keys, session, cache_key)
        feat = _collect(batches, feat, n_images)
    for position, key in enumerate(images.keys):
        if key in first:
            feat[position] = feat[first[key]]
    return feat


def _cached_rows(
    keys: list[str | None], session: Session, cache_key: Mapping[str, Any]
) -> tuple[Rows | None, list[int], dict[str, int]]:
    """Return the rows that the cache has in the array for all rows.

    Returns
    -------
    feat : ndarray of shape (n, d), float32, or None
        None where the cache has none.
    missing : list of int
        Positions to compute: of files with the same content the first one.
    first : dict
        That position, by the key of the content.
    """
    feat: Rows | None = None
    missing: list[int] = []
    first: dict[str, int] = {}
    for start in range(0, len(keys), ROWS_PER_QUERY):
        batch = keys[start : start + ROWS_PER_QUERY]
        found = session.rows(sorted({key for key in batch if key is not None}), cache_key)
        for position, key in enumerate(batch, start):
            if key in found:
                if feat is None:
                    feat = np.empty((len(keys), len(found[key])), dtype=np.float32)
                feat[position] = found[key]
            elif key is None or first.setdefault(key, position) == position:
                missing.append(position)
    return feat, missing, first


def _collect(batches: Batches, feat: Rows | None, n_images: int) -> Rows:
    """Return rows that come in batches in one array; `feat` has those that were cached."""
    for positions, rows in batches:
        if feat is None:
            feat = np.empty((n_images, rows.shape[1]), dtype=np.float32)
        feat[positions] = rows
    if feat is None:
        raise ValueError("'compute' gave no rows.")
    return feat


def _cache_each(
    batches: Batches,
    images: Images,
    keys: list[str | None],
    session: Session,
    cache_key: Mapping[str, Any],
) -> Batches:
    """Hand on each batch once its rows are cached."""
    for positions, rows in batches:
        unchanged: dict[int, str] = {}
        for row, position in enumerate(positions.tolist()):
            key = keys[position]
            if key is not None and _is_as_read(str(images.pathnames[position]), key, session):
                unchanged[row] = key
        session.keep_rows(list(unchanged.values()), rows[list(unchanged)], cache_key)
        yield positions, rows


def _is_as_read(pathname: str, key: str, session: Session) -> bool:
    """Return whether a file is what stage 1 has read: it may have been read again since."""
    try:
        stamp = Stamp.of(os.stat(pathname))  # noqa: PTH116 - for thousands of paths
    except OSError:
        return False
    return session.key_of(pathname, stamp, sure=False) == key


def stored_fit(
    extractor: Extractor,
    images: Images,
    cache_key: Mapping[str, Any] | None,
    compute: Callable[[], Rows],
) -> Rows:
    """Fit an extractor that learns from the whole set, or take what it learned last time.

    Parameters
    ----------
    extractor : Extractor
        Unfitted; it is fitted afterwards.
    images : Images
        What stage 1 has read. What is learned is cached for exactly this set in this order,
        if all of them are files and there is an ``images.cache``.
    cache_key : mapping or None
        As for `stored_rows`.
    compute : callable
        Fits the extractor and returns a row for each image. It is not called where the
        cache has its result.

    Returns
    -------
    ndarray of shape (n, d), float32
    """
    keys = [key for key in images.keys or () if key is not None]
    if cache_key is None or images.cache is None or len(keys) < len(images):
        return compute()
    cache_key = {**_common(images.shape[2] == 1), **cache_key, "version": FIT_VERSION}
    with images.cache.session() as session:
        cached = session.fit(keys, cache_key)
        if cached is not None:
            arrays, values = cached
            feat = arrays.pop("feat")
            extractor.set_state({**values, **arrays})
            return feat
        feat = compute()
        state = extractor.get_state() or {}
        arrays = {name: value for name, value in state.items() if isinstance(value, np.ndarray)}
        values = {name: value for name, value in state.items() if name not in arrays}
        session.keep_fit(keys, cache_key, {**arrays, "feat": feat}, values)
    return feat


def cache_key_of(extractor: Extractor, images: Images) -> dict[str, Any] | None:
    """Return everything that the features of pixels depend on beside the content of files.

    Parameters
    ----------
    extractor : Extractor
        One of this package: class, settings without the number of workers, and versions count.
    images : Images
        Their size counts.

    Returns
    -------
    dict or None
        None, so that nothing is cached, for a class of another package, a random state
        that is not a number, and settings that JSON does not know.
    """
    if not type(extractor).__module__.startswith("clustimage."):
        return None
    settings = extractor.get_params(deep=False)
    settings.pop("n_jobs", None)
    if not isinstance(settings.get("random_state", 0), numbers.Integral):
        return None
    cache_key = {
        "method": type(extractor).__name__,
        "settings": settings,
        "size": list(images.shape[:2]),
        "packages": {name: _version(name) for name in extractor.built_on},
    }
    try:
        canonical(cache_key)
    except TypeError:
        return None
    return cache_key


def has_rows(cache: Cache, cache_key: Mapping[str, Any]) -> bool:
    """Return whether `stored_rows` has cached rows under this key, of any images."""
    with cache.session() as session:
        return any(session.has_settings({**_common(gray), **cache_key}) for gray in (False, True))


def _common(gray: bool) -> dict[str, Any]:
    return {"gray": gray, "decoders": dict(decoders()), "version": VERSION}


@cache
def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
