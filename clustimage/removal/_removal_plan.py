"""Which copies are to be removed and which stay: a table that can be changed, saved and applied."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from clustimage._core.errors import InvalidDataError
from clustimage._core.files import replacing, target_file
from clustimage._core.memory import format_bytes
from clustimage._core.public import public
from clustimage._core.text import pluralize
from clustimage._core.validation import check_int, invalid
from clustimage.images.reading._listing import absolute, encodable, printable
from clustimage.removal._carrying_out import apply_plan
from clustimage.removal._fields import Fields, read_text
from clustimage.removal._planned_file import PlannedFile, bytes_freed, why_left
from clustimage.removal._steps import content_of

if TYPE_CHECKING:
    import pandas as pd

    from clustimage.removal._journal import Journal

__all__ = ["RemovalPlan", "load_plan"]

FORMAT, VERSION = "clustimage removal plan", 1
MAX_ROWS = 10  # of what is printed

Path = str | os.PathLike[str]


class RemovalPlan:
    """Which files of each group of duplicates are kept, and which are to be removed.

    Made by `Clustimage.plan_removal` or `load_plan`; nothing is done before `apply`.

    Parameters
    ----------
    files : iterable of PlannedFile
        At least one of each group is kept.
    """

    def __init__(self, files: Iterable[PlannedFile]) -> None:
        self._groups: dict[int, list[PlannedFile]] = {}
        for file in files:
            self._groups.setdefault(file.group, []).append(file)

    def keep(self, group: int, pathname: Path | Iterable[Path] | None) -> RemovalPlan:
        """Choose what is kept of a group; all else of it is removed, but protected files.

        Parameters
        ----------
        group : int
            Number of the group.
        pathname : path, iterable of paths or None
            One or more files of the group, by path, or by name where that is enough to tell
            them apart. None keeps all of them.

        Returns
        -------
        RemovalPlan
            The plan itself.

        Raises
        ------
        InvalidParameterError
            If there is no such group, or no such file in it.
        """
        number = check_int("group", group)
        if number not in self._groups:
            raise invalid("group", f"must be one of the {len(self._groups):,} of the plan", number)
        files = self._groups[number]
        if pathname is None:
            chosen = set(range(len(files)))
        else:
            given = [pathname] if isinstance(pathname, str | os.PathLike) else list(pathname)
            chosen = {_find(path, files) for path in given}
            if not chosen:
                raise invalid("pathname", "must name at least one file, which is kept", pathname)
        self._groups[number] = [file.kept(i in chosen) for i, file in enumerate(files)]
        return self

    def apply(
        self,
        action: str = "trash",
        target: Path | None = None,
        *,
        sidecars: bool = False,
        journal: Path | None = None,
    ) -> Journal:
        """Remove what the plan does not keep.

        Right before a file is removed, it and the kept one of its group are read: where size,
        time or bytes are not those that the plan was made of, it stays. So do files in protected
        folders, links, second names of a kept file (hard links), and files that a link out of the
        folder leads to. What becomes of a file is in the journal before it happens.

        Parameters
        ----------
        action : {"trash", "move", "hardlink", "symlink", "list"}, default="trash"
            ``"trash"`` sends files to the trash of the system, ``"move"`` moves them into
            `target`; ``"hardlink"`` and ``"symlink"`` replace a file by a link to the kept one, if
            both have the same bytes; ``"list"`` does nothing and says what would be done.
        target : path, optional
            Folder to move files into; it is made where it is missing. Names that are taken get
            a number. On another disk, a file is copied, the copy is read and compared, and only
            then is it removed.
        sidecars : bool, default=False
            Whether ``.xmp`` and ``.aae`` files and the film (``.mov``) of a live photo go along
            with the photo, unless another photo that stays has the same name.
        journal : path, optional
            New file for the journal; by default one in the folder of the user's data.

        Returns
        -------
        Journal
            What became of each file; its `undo` gives them back.

        Raises
        ------
        InvalidParameterError
            If an argument is not allowed, or the journal cannot be written.
        """
        return apply_plan(
            list(self._groups.values()), action, target, sidecars=sidecars, journal=journal
        )

    def save(self, path: Path) -> str:
        """Write the plan as JSON, to be read by people and by `load_plan`.

        Parameters
        ----------
        path : path
            File to write, in a folder that exists; a file that is there is replaced.

        Returns
        -------
        str
            Absolute path of the file.

        Raises
        ------
        InvalidParameterError
            If `path` is a folder, or its folder does not exist.
        """
        target = target_file(path)
        groups = [
            {"group": number, "files": [_record(file) for file in files]}
            for number, files in self._groups.items()
        ]
        made = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        plan = {"format": FORMAT, "version": VERSION, "time": made, "groups": groups}
        with replacing(target) as file:
            file.write(json.dumps(plan, indent=1).encode("ascii"))
        return str(target)

    def to_frame(self) -> pd.DataFrame:
        """Return a row per file, in the order of the groups.

        Returns
        -------
        DataFrame
            Columns `group`, `pathname`, `kind`, `distance`, `keep`, `remove` (bool), `reason`
            (why a file stays that is not the kept one) and `bytes`.
        """
        import pandas as pd

        rows = [
            {
                "group": file.group,
                "pathname": encodable(file.pathname),
                "kind": file.kind,
                "distance": file.distance,
                "keep": file.keep,
                "remove": not file.keep and not why_left(file, files),
                "reason": why_left(file, files),
                "bytes": file.content.size,
            }
            for files in self._groups.values()
            for file in files
        ]
        columns = ["group", "pathname", "kind", "distance", "keep", "remove", "reason", "bytes"]
        return pd.DataFrame(rows, columns=columns).astype({"distance": float})

    @property
    def n_files(self) -> int:
        """How many files are to be removed."""
        return len(self._leaving())

    @property
    def n_bytes(self) -> int:
        """How many bytes that frees; hard links count once, and only if all of them go."""
        return bytes_freed(self._leaving())

    def summary(self) -> str:
        """Return in a sentence what is to be removed."""
        leaving = self._leaving()
        n_groups = len({file.group for file in leaving})
        files, groups = pluralize(len(leaving), "file"), pluralize(n_groups, "group")
        n_all = sum(map(len, self._groups.values()))
        size = format_bytes(bytes_freed(leaving))
        return f"{files} ({size}) in {groups} to remove, {n_all - len(leaving):,} to keep"

    def _leaving(self) -> list[PlannedFile]:
        return [
            file
            for files in self._groups.values()
            for file in files
            if not file.keep and not why_left(file, files)
        ]

    def __repr__(self) -> str:
        lines = [self.summary()]
        rows = [(file, files) for files in self._groups.values() for file in files]
        for file, files in rows[:MAX_ROWS]:
            reason = why_left(file, files)
            word = "keep" if file.keep or reason else "remove"
            kind = reason or file.kind
            words = f"  {file.group:>3}  {word:<6}  {printable(file.pathname)}"
            lines.append(f"{words}  ({kind})" if kind else words)
        if len(rows) > MAX_ROWS:
            lines.append(f"… and {len(rows) - MAX_ROWS:,} more: to_frame()")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        table = self.to_frame()
        return f"<p><b>{self.summary()}</b></p>{table.to_html(max_rows=2 * MAX_ROWS, index=False)}"


@public
def load_plan(path: Path) -> RemovalPlan:
    """Read a plan that `RemovalPlan.save` has written; nothing in it is executed.

    Parameters
    ----------
    path : path
        A JSON file. Whoever changes ``"keep"`` in it changes what is kept.

    Returns
    -------
    RemovalPlan

    Raises
    ------
    InvalidDataError
        If it is no plan, or a field of it is missing or wrong; the message names the field.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import clustimage, pandas as pd
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> for name in ("a.jpg", "b.jpg"):
    ...     _ = (folder / name).write_bytes(b"the same")
    >>> groups = pd.DataFrame({"group": 0, "pathname": [folder / "a.jpg", folder / "b.jpg"]})
    >>> plan = clustimage.Clustimage().plan_removal(groups.assign(keep=[True, False]))
    >>> _ = plan.save(folder / "plan.json")
    >>> clustimage.load_plan(folder / "plan.json").summary()
    '1 file (8 bytes) in 1 group to remove, 1 to keep'
    """
    file, text = read_text(path, "plan")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise InvalidDataError(f"{printable(file)} is no plan: it is no JSON ({exc}).") from exc
    plan = Fields(value, file)
    if plan.value.get("format") != FORMAT:
        raise plan.error("format", f"must be {FORMAT!r}: this is no plan of clustimage")
    if plan.number("version") != VERSION:
        raise plan.error("version", f"must be {VERSION}: another version of clustimage wrote it")
    return RemovalPlan(_files_of(plan))


def _files_of(plan: Fields) -> list[PlannedFile]:
    files: list[PlannedFile] = []
    seen: set[str] = set()
    numbers: set[int] = set()
    for group in plan.objects("groups"):
        number = group.number("group")
        if number in numbers:
            raise group.error("group", f"must be a number that no other group has. Got {number}")
        numbers.add(number)
        found = [_file_of(record, number) for record in group.objects("files")]
        if not any(file.keep for file in found):
            raise group.error("files", 'must have at least one with "keep": true')
        for file in found:
            if file.pathname in seen:
                raise group.error("files", f"must not have {printable(file.pathname)} twice")
            seen.add(file.pathname)
        files += found
    return files


def _file_of(record: Fields, group: int) -> PlannedFile:
    has_distance = record.value.get("distance") is not None
    return PlannedFile(
        group=group,
        pathname=record.path("pathname"),
        keep=record.get("keep", bool),
        protected=record.get("protected", bool),
        outside=record.get("outside", bool),
        folder=record.path("folder"),
        content=content_of(record),
        device=record.number("device"),
        inode=record.number("inode"),
        links=record.number("links"),
        kind=record.get("kind", str),
        distance=record.get("distance", float) if has_distance else None,
    )


def _record(file: PlannedFile) -> dict[str, Any]:
    size, modified, digest = file.content
    return {
        "pathname": file.pathname,
        "keep": file.keep,
        "kind": file.kind,
        "distance": file.distance,
        "protected": file.protected,
        "outside": file.outside,
        "folder": file.folder,
        "size": size,
        "mtime_ns": modified,
        "digest": digest,
        "device": file.device,
        "inode": file.inode,
        "links": file.links,
    }


def _find(path: Any, files: Sequence[PlannedFile]) -> int:
    """Return which file of a group is meant by a path or a name."""
    if isinstance(path, str | os.PathLike):
        text = os.fspath(path)
        for spelling in (text, absolute(path) if text else ""):
            for i, file in enumerate(files):
                if spelling in (file.pathname, encodable(file.pathname)):
                    return i
        names = [os.path.basename(encodable(file.pathname)) for file in files]  # noqa: PTH119
        if names.count(text) == 1:
            return names.index(text)
    raise invalid("pathname", "must be a file of the group", path)
