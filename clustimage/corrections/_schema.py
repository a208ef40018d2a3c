"""The file of corrections: JSON that names groups and images, checked field by field.

Documented for those who write such files in ``docs/corrections.rst``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from clustimage._core.errors import InvalidDataError
from clustimage._core.files import open_regular
from clustimage._core.memory import format_bytes
from clustimage.images import digest
from clustimage.images.reading._listing import printable

__all__ = [
    "FORMAT",
    "MAX_NAME",
    "NEW",
    "VERSION",
    "Correction",
    "Corrections",
    "ImageRef",
    "labels_digest",
    "name_problem",
    "read_corrections",
    "to_plain",
]

FORMAT = "clustimage-corrections"
VERSION = 1
NEW = "new"  # the group that is made of the images that are moved
PLAIN_TO: dict[str, int | str] = {"new": NEW, "outside": -1}
MAX_BYTES = 64 * 2**20
MAX_NAME = 100  # characters
MAX_SHOWN = 60  # characters of a wrong value in a message


@dataclass(frozen=True)
class ImageRef:
    """An image by the digest of its content, by its path, or both; the digest counts first."""

    digest: str | None = None
    pathname: str | None = None


@dataclass(frozen=True)
class Correction:
    """One thing that a person decided.

    Attributes
    ----------
    do : str
        ``"merge"``, ``"split"``, ``"move"``, ``"rename"``, ``"must_link"`` or
        ``"cannot_link"``.
    labels : tuple of int or str
        The groups, by number or by name: all that are merged; the one that is split or renamed;
        the one that images move to.
    members : tuple of tuple of str
        For each of `labels` the digests of the images that it had; empty where only the
        numbers are known.
    images : tuple of ImageRef
        The images that are moved or linked.
    parts : tuple of tuple of ImageRef
        What a group is split into; empty where that is to be found.
    to : {"group", "new", "outside"}
        Where images move: into the group of `labels`, into a new one, or out of all groups.
    name : str or None
        A new name, of the group that is renamed or of the new one; None for no name.
    n_clusters : int or None
        Number of parts of a split, where it is given.
    """

    do: str
    labels: tuple[int | str, ...] = ()
    members: tuple[tuple[str, ...], ...] = ()
    images: tuple[ImageRef, ...] = ()
    parts: tuple[tuple[ImageRef, ...], ...] = ()
    to: str = "group"
    name: str | None = None
    n_clusters: int | None = None


@dataclass(frozen=True)
class Corrections:
    """What a file of corrections holds.

    Attributes
    ----------
    actions : tuple of Correction
        In their order; the names of the file are the last ones.
    clustering : str or None
        `labels_digest` of the labels that numbers of groups refer to.
    source : str
        What was read, for messages.
    """

    actions: tuple[Correction, ...] = ()
    clustering: str | None = None
    source: str = field(default="", compare=False)


def labels_digest(labels: Any) -> str:
    """Return a digest of labels, which tells whether numbers of groups mean the same groups.

    Examples
    --------
    >>> labels_digest([0, 0, 1]) == labels_digest(np.array([0, 0, 1], dtype=np.int32))
    True
    """
    return digest(np.asarray(labels).astype("<i8").tobytes())


def name_problem(name: str) -> str | None:
    """Return what a name of a group must be and is not, as the rest of a sentence, or None.

    Examples
    --------
    >>> name_problem("beach"), name_problem("new")
    (None, "must not be 'new', which stands for a new cluster")
    """
    if not name.strip() or len(name) > MAX_NAME:
        return f"must have 1 to {MAX_NAME} characters, not all of them spaces"
    if name != printable(name) or name != name.strip():
        return "must be one line of printable characters, without spaces around it"
    return "must not be 'new', which stands for a new cluster" if name == NEW else None


def read_corrections(source: str | os.PathLike[str] | Mapping[str, Any]) -> Corrections:
    """Read a file of corrections, or a dict of the same form.

    Parameters
    ----------
    source : path or mapping
        The file, or what it would hold.

    Returns
    -------
    Corrections

    Raises
    ------
    InvalidDataError
        If it is not a file of corrections, of a version that is not known, or a field is
        missing, unknown or of a wrong kind: the message names file and field.

    Examples
    --------
    >>> found = read_corrections({"format": "clustimage-corrections", "version": 1,
    ...     "actions": [{"do": "merge", "labels": [3, 5]}], "names": {"0": "beach"}})
    >>> [(action.do, action.labels, action.name) for action in found.actions]
    [('merge', (3, 5), None), ('rename', (0,), 'beach')]
    """
    if isinstance(source, Mapping):
        return _Reader("the corrections").corrections(source)
    path = Path(source).expanduser()
    reader = _Reader(printable(str(path)))
    try:
        if path.is_file() and path.stat().st_size > MAX_BYTES:
            raise reader.wrong("", f"has more than {format_bytes(MAX_BYTES)}")
        with open_regular(path) as file:
            content = file.read()
    except (OSError, ValueError) as exc:
        if isinstance(exc, InvalidDataError):
            raise
        words = getattr(exc, "strerror", None) or str(exc)
        raise InvalidDataError(f"Cannot read the corrections in {reader.source}: {words}.") from exc
    try:
        plain = json.loads(content, parse_constant=_no_constant)
    except (ValueError, RecursionError) as exc:
        raise InvalidDataError(f"{reader.source} is not JSON: {exc}.") from exc
    return reader.corrections(plain)


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


class _Reader:
    """Checks plain values; its errors name the source and the field."""

    def __init__(self, source: str) -> None:
        self.source = source

    def wrong(self, where: str, what: str) -> InvalidDataError:
        place = f": {where} {what}." if where else f" {what}."
        return InvalidDataError(f"{self.source}{place}")

    def corrections(self, plain: Any) -> Corrections:
        known = ("format", "version", "clustering", "actions", "names")
        top = self._object(plain, "it", known, ("format", "version"))
        if top["format"] != FORMAT:
            raise self.wrong("format", f"must be {FORMAT!r}; it is {_short(top['format'])}")
        version = self._int(top["version"], "version", low=1)
        if version > VERSION:
            raise self.wrong(
                "version", f"is {version}; this version of clustimage reads {VERSION} and older"
            )
        actions = [
            self._action(one, f"actions[{i}]")
            for i, one in enumerate(self._list(top.get("actions", []), "actions"))
        ]
        names = top.get("names") or {}
        if not isinstance(names, Mapping):
            raise self.wrong("names", f"must be an object; it is {_short(names)}")
        for key, name in names.items():
            where = f"names[{_short(key)}]"
            if not (isinstance(key, str) and key.isascii() and key.isdigit() and len(key) < 10):
                raise self.wrong(where, "must have the number of a cluster as its key")
            actions.append(Correction("rename", (int(key),), name=self._name(name, where)))
        clustering = self._text(top.get("clustering"), "clustering", none=True)
        return Corrections(tuple(actions), clustering, self.source)

    def _action(self, plain: Any, where: str) -> Correction:
        if not isinstance(plain, Mapping):
            raise self.wrong(where, f"must be an object; it is {_short(plain)}")
        do = plain.get("do")
        if not isinstance(do, str) or do not in FIELDS:
            allowed = ", ".join(map(repr, FIELDS))
            raise self.wrong(f"{where}.do", f"must be one of {allowed}; it is {_short(do)}")
        needed, more = FIELDS[do]
        one = self._object(plain, where, ("do", *needed, *more), needed)
        labels = [self._label(one[key], f"{where}.{key}") for key in ("label",) if key in one]
        if "labels" in one:
            labels += [
                self._label(label, f"{where}.labels[{i}]")
                for i, label in enumerate(self._list(one["labels"], f"{where}.labels", least=2))
            ]
        to = "group"
        if "to" in one:
            to, labels = self._to(one["to"], f"{where}.to")
        if to != "new" and do == "move" and one.get("name") is not None:
            raise self.wrong(f"{where}.name", "names a new cluster, and goes with to: 'new' only")
        n_clusters = one.get("n_clusters")
        return Correction(
            do=do,
            labels=tuple(labels),
            members=self._members(one.get("members"), f"{where}.members", len(labels)),
            images=self._images(one.get("images"), f"{where}.images", 2 if "link" in do else 1),
            parts=self._parts(one.get("parts"), f"{where}.parts"),
            to=to,
            name=self._name(one.get("name"), f"{where}.name"),
            n_clusters=None
            if n_clusters is None
            else self._int(n_clusters, f"{where}.n_clusters", low=2),
        )

    def _to(self, value: Any, where: str) -> tuple[str, list[int | str]]:
        if value == NEW:
            return "new", []
        if value == -1 and not isinstance(value, bool):
            return "outside", []
        return "group", [self._label(value, where)]

    def _members(self, value: Any, where: str, n_labels: int) -> tuple[tuple[str, ...], ...]:
        if value is None:
            return ()
        lists = self._list(value, where, least=n_labels)
        if len(lists) != n_labels:
            raise self.wrong(where, f"must be a list of digests for each of {n_labels} clusters")
        return tuple(
            tuple(
                str(self._text(item, f"{where}[{i}][{j}]"))
                for j, item in enumerate(self._list(items, f"{where}[{i}]"))
            )
            for i, items in enumerate(lists)
        )

    def _images(self, value: Any, where: str, least: int = 1) -> tuple[ImageRef, ...]:
        if value is None:
            return ()
        return tuple(
            self._image(item, f"{where}[{i}]")
            for i, item in enumerate(self._list(value, where, least=least))
        )

    def _image(self, value: Any, where: str) -> ImageRef:
        if isinstance(value, str):
            return ImageRef(pathname=self._text(value, where))
        one = self._object(value, where, ("pathname", "digest"), ())
        found = ImageRef(
            self._text(one.get("digest"), f"{where}.digest", none=True),
            self._text(one.get("pathname"), f"{where}.pathname", none=True),
        )
        if found == ImageRef():
            raise self.wrong(where, "must have a pathname or a digest")
        return found

    def _parts(self, value: Any, where: str) -> tuple[tuple[ImageRef, ...], ...]:
        if value is None:
            return ()
        return tuple(
            self._images(item, f"{where}[{i}]")
            for i, item in enumerate(self._list(value, where, least=2))
        )

    def _name(self, value: Any, where: str) -> str | None:
        name = self._text(value, where, none=True)
        problem = None if name is None else name_problem(name)
        if problem:
            raise self.wrong(where, f"{problem}; it is {_short(name)}")
        return name

    def _label(self, value: Any, where: str) -> int | str:
        if isinstance(value, str):
            return self._name(value, where) or ""
        return self._int(value, where, low=0)

    def _int(self, value: Any, where: str, low: int) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value < 2**31:
            raise self.wrong(
                where, f"must be a whole number of at least {low}; it is {_short(value)}"
            )
        return value

    def _text(self, value: Any, where: str, *, none: bool = False) -> str | None:
        if value is None and none:
            return None
        if not isinstance(value, str) or not value:
            raise self.wrong(where, f"must be text; it is {_short(value)}")
        return value

    def _list(self, value: Any, where: str, least: int = 0) -> list[Any]:
        if not isinstance(value, list | tuple):
            raise self.wrong(where, f"must be a list; it is {_short(value)}")
        if len(value) < least:
            raise self.wrong(where, f"must have {least} or more entries; it has {len(value)}")
        return list(value)

    def _object(
        self, value: Any, where: str, known: Collection[str], needed: Collection[str]
    ) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise self.wrong(where, f"must be an object; it is {_short(value)}")
        unknown = [key for key in value if key not in known]
        if unknown:
            raise self.wrong(
                where,
                f"has a field {_short(unknown[0])}, which is not known. "
                f"Known: {', '.join(map(repr, known))}",
            )
        missing = [key for key in needed if key not in value]
        if missing:
            raise self.wrong(where, f"lacks the field {missing[0]!r}")
        return dict(value)


# What an action is: the fields that it needs, and those that it may have.
FIELDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "merge": (("labels",), ("members",)),
    "split": (("label",), ("members", "n_clusters", "parts")),
    "move": (("images", "to"), ("members", "name")),
    "rename": (("label", "name"), ("members",)),
    "must_link": (("images",), ()),
    "cannot_link": (("images",), ()),
}


def _short(value: Any) -> str:
    """Return a wrong value for a message, however long it is."""
    if isinstance(value, list | tuple | Mapping):
        return f"{'a list' if isinstance(value, list | tuple) else 'an object'} of {len(value)}"
    if isinstance(value, str):
        value = value[: MAX_SHOWN + 1]
    text = (
        printable(json.dumps(value)) if isinstance(value, str | int | float | None) else "no JSON"
    )
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


def to_plain(corrections: Corrections) -> dict[str, Any]:
    """Return corrections as what JSON holds; `read_corrections` reads it.

    Examples
    --------
    >>> to_plain(Corrections((Correction("rename", (0,), name="beach"),)))["actions"]
    [{'do': 'rename', 'label': 0, 'name': 'beach'}]
    """
    plain: dict[str, Any] = {"format": FORMAT, "version": VERSION}
    if corrections.clustering is not None:
        plain["clustering"] = corrections.clustering
    plain["actions"] = [_plain_action(action) for action in corrections.actions]
    return plain


def _plain_action(action: Correction) -> dict[str, Any]:
    plain: dict[str, Any] = {"do": action.do}
    if action.do == "merge":
        plain["labels"] = list(action.labels)
    elif action.do in ("split", "rename"):
        plain["label"] = action.labels[0]
    if action.images:
        plain["images"] = [_plain_image(image) for image in action.images]
    if action.do == "move":
        plain["to"] = action.labels[0] if action.labels else PLAIN_TO[action.to]
    if action.parts:
        plain["parts"] = [[_plain_image(image) for image in part] for part in action.parts]
    if action.n_clusters is not None:
        plain["n_clusters"] = action.n_clusters
    if action.do == "rename" or action.name is not None:
        plain["name"] = action.name
    if action.members:
        plain["members"] = [list(members) for members in action.members]
    return plain


def _plain_image(image: ImageRef) -> dict[str, str]:
    found = {"digest": image.digest, "pathname": image.pathname}
    return {key: value for key, value in found.items() if value is not None}
