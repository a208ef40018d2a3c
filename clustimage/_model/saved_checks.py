"""What a saved model has to be like before an object is made of it.

A file may come from anybody. Each part is described by a check of its type, its shape, the range
of its numbers; letters of a shape stand for one number wherever they are written, so that the
parts agree.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from numbers import Real
from typing import Any

import numpy as np

from clustimage._core.errors import ModelFileError
from clustimage._core.file_arrays import file_blocks
from clustimage._model.state import RESULTS
from clustimage.images.exif._metadata_table import METADATA

__all__ = ["check_saved"]

Sizes = dict[str, int]
# Takes a value, its name in messages, and what the letters of shapes stand for so far.
Check = Callable[[Any, str, Sizes], None]

BLOCK_BYTES = 1 << 24
LEVELS = ("high", "medium", "low", "no groups")


def check_saved(saved: Mapping[str, Any]) -> None:
    """Check everything in what was saved of a model that does not check itself.

    Raises
    ------
    ModelFileError
        If a part is missing, is of another type or shape than it must be, or does not agree
        with another part. The message names it.
    """
    sizes: Sizes = {}
    _PARTS(saved, "", sizes)
    results, images, clustering = saved["results"], saved["images"], saved["clustering"]
    if results["feat"] is not None and results["pathnames"] is None:
        raise _wrong("results.pathnames", "there with the features")
    if images is not None:
        n_read = sum(row[1] == "ok" for row in images["status"])
        _agree("images", "status", n_read, "pixels", len(images["pixels"]))
    if (clustering is None) != (results["labels"] is None):
        raise _wrong("results.labels", "there with the clustering")
    for name in ("labels", "xycoord"):
        if results[name] is not None and results["feat"] is None:
            raise _wrong("results.feat", f"there with results.{name}")
    if clustering is not None:
        _check_clustering(clustering)
        if "labels" not in saved["made_from"]:
            raise _wrong("made_from.labels", "there with the clustering")
    if saved["unique"] is not None and results["labels"] is not None:
        _check_unique(saved["unique"], results["labels"])
    verdict, n = saved.get("verdict"), sizes.get("n", 0)
    if verdict is not None:
        for name in ("typical", "oddest"):
            _below(np.asarray(verdict[name], dtype=np.int64), f"verdict.{name}", n)


def _check_unique(unique: Mapping[str, Any], labels: np.ndarray) -> None:
    _below(unique["idx"], "unique.idx", len(labels))
    if not np.array_equal(unique["labels"], np.unique(labels[labels >= 0])):
        raise _wrong("unique.labels", "the labels of the clusters, ascending")
    if not np.array_equal(unique["labels"], labels[unique["idx"]]):
        raise _wrong("unique.idx", "an image of each cluster")


def _check_clustering(clustering: Mapping[str, Any]) -> None:
    score, best = clustering["score"], clustering["best"]
    lengths = {len(column) for column in score.values()}
    if len(lengths) != 1 or not 0 <= best < next(iter(lengths)):
        raise _wrong("clustering.score", "columns of one length, with a row for clustering.best")
    for name in ("clusters", "score"):
        if name not in score:
            raise _wrong("clustering.score", f"a table with a column {name!r}")
    n_found = len(np.unique(clustering["labels"][clustering["labels"] >= 0]))
    if clustering["n_found"] > len(clustering["labels"]) or n_found > clustering["n_found"]:
        raise _wrong("clustering.n_found", f"{n_found}, as there are clusters")
    tree, micro = clustering["tree"], clustering.get("micro")
    if tree is None:
        return
    m = len(tree) + 1
    if micro is None:
        _agree("clustering", "tree", m, "labels", len(clustering["labels"]))
    else:
        _below(micro, "clustering.micro", m)
    nodes = tree[:, :2]
    earlier = np.arange(m, 2 * m - 1)[:, None]
    if not ((nodes >= 0) & (nodes < earlier) & (nodes == np.floor(nodes))).all():
        raise _wrong("clustering.tree", "a tree, as scipy.cluster.hierarchy.linkage returns it")


def _wrong(where: str, what: str) -> ModelFileError:
    return ModelFileError(f"Its part {where!r} must be {what}. Save the model again with save().")


def _agree(part: str, one: str, n_one: int, other: str, n_other: int) -> None:
    if n_one != n_other:
        raise _wrong(
            f"{part}.{one}", f"of as many images as {part}.{other}, {n_other}, not {n_one}"
        )


def _below(numbers: np.ndarray, where: str, n: int) -> None:
    if numbers.size and not (numbers.min() >= 0 and numbers.max() < n):
        raise _wrong(where, f"numbers from 0 to {n - 1}")


def _text(value: Any, where: str, sizes: Sizes) -> None:
    if type(value) is not str:
        raise _wrong(where, "text")


def _flag(value: Any, where: str, sizes: Sizes) -> None:
    if type(value) is not bool:
        raise _wrong(where, "true or false")


def _anything(value: Any, where: str, sizes: Sizes) -> None:
    """Leave a value to what is made of it."""


def _whole(low: int | None = 0) -> Check:
    def check(value: Any, where: str, sizes: Sizes) -> None:
        if type(value) is not int or abs(value) >= 2**62 or (low is not None and value < low):
            raise _wrong(where, "a whole number" + ("" if low is None else f" of at least {low}"))

    return check


def _number(low: float = -math.inf, high: float = math.inf, *, nan: bool = False) -> Check:
    def check(value: Any, where: str, sizes: Sizes) -> None:
        real = isinstance(value, Real) and not isinstance(value, bool)
        if not real or not (low <= value <= high or (nan and math.isnan(value))):
            bounded = math.isfinite(low) or math.isfinite(high)
            raise _wrong(where, "a number" + (f" from {low:g} to {high:g}" if bounded else ""))

    return check


def _one_of(*allowed: Any) -> Check:
    def check(value: Any, where: str, sizes: Sizes) -> None:
        if not any(value is one or (type(value) is str and value == one) for one in allowed):
            raise _wrong(where, "one of " + ", ".join(map(repr, allowed)))

    return check


def _optional(check: Check) -> Check:
    return lambda value, where, sizes: None if value is None else check(value, where, sizes)


def _each(check: Check, length: str | int | None = None) -> Check:
    """Return the check of a list or tuple."""

    def check_each(value: Any, where: str, sizes: Sizes) -> None:
        if type(value) not in (list, tuple):
            raise _wrong(where, "a list")
        _has_size(len(value), length, where, sizes)
        for i, item in enumerate(value):
            check(item, f"{where}[{i}]", sizes)

    return check_each


def _items(check: Check) -> Check:
    """Return the check of a dict of anything by text."""

    def check_items(value: Any, where: str, sizes: Sizes) -> None:
        if not isinstance(value, dict):
            raise _wrong(where, "a dict")
        for name, item in value.items():
            check(item, f"{where}.{name}", sizes)

    return check_items


def _dict(newer: Mapping[str, Check] | None = None, /, **checks: Check) -> Check:
    """Return the check of a dict; `newer` are entries that older files lack."""

    def check(value: Any, where: str, sizes: Sizes) -> None:
        if not isinstance(value, Mapping):
            raise _wrong(where, "a dict")
        for name in checks:
            if name not in value:
                raise _wrong(f"{where}.{name}".lstrip("."), "there")
        for name, check_item in {**checks, **(newer or {})}.items():
            if name in value:
                check_item(value[name], f"{where}.{name}".lstrip("."), sizes)

    return check


def _array(
    kinds: str, *shape: str | int | None, items: Check | None = None, finite: bool = False
) -> Check:
    """Return the check of an array whose type is one of numpy's `kinds`."""

    def check(value: Any, where: str, sizes: Sizes) -> None:
        if not isinstance(value, np.ndarray) or value.dtype.kind not in kinds:
            raise _wrong(where, "an array of numbers" if kinds != "O" else "an array of text")
        if value.ndim != len(shape):
            raise _wrong(where, f"an array of {len(shape)} dimensions, not {value.ndim}")
        for size, wanted in zip(value.shape, shape, strict=True):
            _has_size(size, wanted, where, sizes)
        if finite and value.dtype.kind == "f" and not _is_finite(value):
            raise _wrong(where, "an array of finite numbers")
        if items is not None:
            for item in value.flat:
                items(item, where, sizes)

    return check


def _measured(low: float, high: float) -> Check:
    """Return the check of numbers of all images, of which some may be missing (NaN)."""
    is_array = _array("f", "n")

    def check(value: Any, where: str, sizes: Sizes) -> None:
        is_array(value, where, sizes)
        if not ((value >= low) & (value <= high) | np.isnan(value)).all():
            raise _wrong(where, f"numbers from {low:g} to {high:g}, or NaN")

    return check


def _offset(value: Any, where: str, sizes: Sizes) -> None:
    _text(value, where, sizes)
    if value and not re.fullmatch(r"[+-]\d\d:\d\d", value, re.ASCII):
        raise _wrong(where, "an offset such as '+02:00', or ''")


def _is_finite(array: np.ndarray) -> bool:
    """Look at all numbers, of an array that lives in a file without bringing it into memory."""
    step = max(1, BLOCK_BYTES // max(1, array[:1].nbytes))
    return all(bool(np.isfinite(rows).all()) for _, rows in file_blocks(array, step))


def _has_size(size: int, wanted: str | int | None, where: str, sizes: Sizes) -> None:
    if isinstance(wanted, str):
        wanted = sizes.setdefault(wanted, size)
    if wanted is not None and size != wanted:
        raise _wrong(where, f"of the length {wanted}, not {size}")


def _frame(value: Any, where: str, sizes: Sizes) -> None:
    if type(value).__name__ != "DataFrame":
        raise _wrong(where, "a table")


def _answer(value: Any, where: str, sizes: Sizes) -> None:
    """Check what `find` has answered."""
    _items(_frame)(value, where, sizes)
    for name, table in value.items():
        missing = {"y_idx", "distance"} - set(table) if name != "feat" else ()
        if missing:
            raise _wrong(f"{where}.{name}", f"a table with the columns {sorted(missing)}")
        for column, high in (("distance", math.inf), ("y_proba", 1)):
            if column in table and name != "feat":
                numbers = table[column].to_numpy()
                finite = numbers.dtype.kind == "f" and bool(np.isfinite(numbers).all())
                if not finite or not ((numbers >= 0) & (numbers <= high)).all():
                    raise _wrong(f"{where}.{name}.{column}", f"numbers from 0 to {high}")
    if value and len(value.get("feat", ())) != len(value) - 1:
        raise _wrong(f"{where}.feat", f"a table of {len(value) - 1} rows, one of each query")


def _images(n: str) -> Check:
    row = (_text, _one_of("ok", "skipped"), _text, *(_optional(_whole()),) * 2)
    newer = (_optional(_number()), _text, _optional(_number()), _text, _flag)

    def status(value: Any, where: str, sizes: Sizes) -> None:
        known = (*row, *newer, _optional(_each(_whole(None))))
        if type(value) not in (tuple, list) or not len(row) <= len(value) <= len(known):
            raise _wrong(where, f"{len(row)} to {len(known)} values")
        for item, check in zip(value, known, strict=False):
            check(item, where, sizes)

    return _dict(
        pathnames=_array("O", n, items=_text),
        filenames=_array("O", n, items=_text),
        url=_array("O", n, items=_optional(_text)),
        pixels=_array("u", n, f"{n} height", f"{n} width", None),
        status=_each(status),
        white=_anything,
    )


# Of metadata; timestamps are of the years 11 to 9891, so that any time zone can be added.
BOUNDS = {"timestamp": (-6.18e10, 2.5e11), "latitude": (-90, 90), "longitude": (-180, 180)}
LARGEST = 2.0**53
_COLUMNS = _dict(
    **{
        name: _each(_offset if name == "offset" else _text, "n")
        if kind is str
        else _measured(*BOUNDS.get(name, (-LARGEST, LARGEST)))
        for name, kind in METADATA.items()
    }
)
_FACES = _dict(
    pathnames=_array("O", "photos", items=_text),
    filenames=_array("O", "photos", items=_text),
    pathnames_face=_each(_each(_text), "photos"),
    img=_each(_array("u", None, None), "photos"),
    coord_faces=_each(_array("iu", None, 4), "photos"),
    coord_eyes=_each(_each(_array("iu", None, 4)), "photos"),
    size_faces=_each(_array("iu", None, 2), "photos"),
    scores=_each(_array("f", None), "photos"),
)
_SCORE = _items(_array("iufb", None))
_PARTS = _dict(
    {
        "faces": _optional(_FACES),
        "metadata": _optional(_COLUMNS),
        "inputs": _optional(
            _dict(
                {
                    "paths": _optional(_each(_text)),
                    "black_list": _optional(_each(_text)),
                    "recursive": _flag,
                    "features": _optional(_text),
                }
            )
        ),
        "moments": _optional(_dict(seconds=_array("f", "n"), origin=_each(_text, "n"))),
        "verdict": _optional(
            _dict(
                k=_whole(),
                k_range=_each(_whole(), 2),
                confidence=_one_of(*LEVELS),
                why=_text,
                score=_number(0, 1),
                purity=_number(nan=True),
                purity_of_one_cloud=_number(nan=True),
                stability=_optional(_number(-1, 1)),
                agreement=_number(-1, 1),
                parted=_number(0, 1),
                n_judged=_whole(),
                typical=_each(_whole()),
                oddest=_each(_whole()),
            )
        ),
        "resampling": _optional(
            _dict(agreement=_array("f", "b"), counts=_array("i", "b"), jaccard=_array("f", None))
        ),
        "names": _items(_text),
        "named": _items(_each(_text)),
        "digests": _optional(_each(_optional(_text), "n")),
    },
    given=_items(_anything),
    own=_each(_one_of("method", "embedding", "model", "detector", "recognizer", "cluster")),
    images=_optional(_images("n")),
    results=_dict(
        feat=_optional(_array("fiub", "n", "d", finite=True)),
        xycoord=_optional(_array("f", "n", 2, finite=True)),
        pathnames=_optional(_array("O", "n", items=_text)),
        filenames=_optional(_array("O", "n", items=_text)),
        url=_optional(_array("O", "n", items=_optional(_text))),
        labels=_optional(_array("iu", "n")),
        predict=_optional(_answer),
    ),
    made_from=_dict(dict.fromkeys(("labels", "clustering_", "null"), _each(_one_of(*RESULTS), 1))),
    queries=_optional(_images("queries")),
    extractor=_optional(_dict({"parts": _each(_each(_anything, 2))}, learned=_items(_anything))),
    embedder=_optional(_items(_anything)),
    clustering=_optional(
        _dict(
            {
                "height": _optional(_number()),
                "n_allowed": _optional(_whole()),
                "micro": _optional(_array("iu", "n")),
                "n_joined": _whole(),
                "asked": _optional(_items(_anything)),
                "earlier": _optional(_dict(params=_items(_anything), score=_SCORE, varied=_text)),
            },
            labels=_array("iu", "n"),
            params=_dict(
                {name: _number(0, 1) for name in ("time_weight", "place_weight")}
                | {"cluster_space": _one_of(None, "high", "low", "graph")},
                cluster=_text,
                evaluate=_optional(_text),
                metric=_optional(_text),
                linkage=_optional(_text),
                min_clust=_optional(_whole()),
                max_clust=_optional(_whole()),
                n_clusters=_optional(_whole()),
                min_size=_whole(),
                sim=_optional(_number()),
                random_state=_optional(_whole()),
            ),
            score=_SCORE,
            best=_whole(),
            varied=_text,
            tree=_optional(_array("f", None, 4, finite=True)),
            n_found=_whole(),
        )
    ),
    null=_optional(_items(_anything)),
    unique=_optional(
        _dict(
            labels=_array("iu", "k"),
            idx=_array("iu", "k"),
            xycoord_center=_optional(_array("f", "k", 2)),
            img_mean=_optional(_array("uf", "k", None)),
            pathnames=_array("O", "k", items=_text),
        )
    ),
)
