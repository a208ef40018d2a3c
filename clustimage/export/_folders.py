"""The clusters as folders: first a plan, with every name chosen, then the files."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from clustimage._core.errors import InvalidDataError, InvalidParameterError
from clustimage._core.file_names import numbered
from clustimage._core.logs import get_logger, progress
from clustimage._core.outputs import is_marked, mark_folder, may_be_marked, unmark_folder
from clustimage._core.parameters import named, setting
from clustimage._core.validation import check_int, check_option, invalid
from clustimage.export._filing import (
    ACTIONS,
    FULL,
    NO_LINKS,
    Action,
    folder_name,
    is_there,
    safe_name,
)
from clustimage.export._links import entries_behind, entry_of, move_link, replace_link
from clustimage.images.reading._listing import absolute, encodable, printable

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LAYOUTS", "FolderPlan", "check_savedir", "plan_folders"]

logger = get_logger(__name__)

# The folder of a cluster, below the folder of all.
LAYOUTS = {"label": "cluster_{label}", "size": "cluster_with_{size}/cluster_{label}"}
OUTSIDE = {-1: "unclustered", -2: "without_data"}
OUTSIDE_BY = {  # of photos grouped by time or by location
    "datetime": {-1: "alone", -2: "without_date"},
    "latlon": {-1: "alone", -2: "without_location"},
}

# How often a name may be taken by somebody else between our look and our making.
MAX_TRIES = 100


@dataclass
class Row:
    """What becomes of one image.

    `entry` and `behind` are, for a move, its path without links in the folders, and the entries
    that the image leads over where it is a link itself.
    """

    pathname: str
    label: int
    name: str
    folder: Path | None = None
    target: Path | None = None
    status: str = "planned"
    reason: str = ""
    entry: str = ""
    behind: tuple[str, ...] = ()

    def end(self, status: str, reason: str = "") -> None:
        """Set how it ended; where nothing was made there is no target."""
        self.status, self.reason = status, reason
        if status not in ("done", "exists", "planned"):
            self.target = None


def check_savedir(savedir: Any, action: str = "symlink", layout: str = "label") -> Path:
    """Check what folders are asked for, before any work.

    Parameters
    ----------
    savedir : str or path-like
        Folder to fill; may be missing, and may be a link to a folder.
    action : str
        One of `ACTIONS`.
    layout : str
        One of `LAYOUTS`.

    Returns
    -------
    Path
        Absolute; nothing is made yet.

    Raises
    ------
    InvalidParameterError
        If a word is not known, or `savedir` is no folder and cannot be made.
    """
    check_option("action", action, ACTIONS)
    check_option("layout", layout, LAYOUTS)
    if not isinstance(savedir, (str, os.PathLike)) or not os.fspath(savedir):
        raise invalid("savedir", "must be a folder", savedir)
    text = absolute(savedir)
    if "\0" in text:
        raise invalid("savedir", "must be a folder", savedir)
    folder = Path(text)
    nearest = next(path for path in (folder, *folder.parents) if os.path.lexists(path))
    if not nearest.is_dir():
        kind = "a link to nothing" if nearest.is_symlink() else "a file"
        what = kind if nearest.exists() or nearest.is_symlink() else "no folder"
        raise InvalidParameterError(
            f"{named('savedir')} must be a folder, or be in one. {printable(str(nearest))} is "
            f"{what}."
        )
    if nearest != folder:
        _check_may_write(nearest)
    return folder


def _check_may_write(folder: Path) -> None:
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InvalidParameterError(
            f"{named('savedir')} cannot be written to: no permission to make files in "
            f"{printable(str(folder))}. Give another folder."
        )


def plan_folders(
    results: Mapping[str, Any],
    savedir: Any,
    *,
    action: str = "symlink",
    layout: str = "label",
    target_labels: int | Iterable[int] | None = None,
    by: str | None = None,
    names: Mapping[int, str] | None = None,
) -> FolderPlan:
    """Choose a target for every image; nothing is made.

    Parameters
    ----------
    results : mapping
        With ``"pathnames"``, ``"filenames"`` and ``"labels"``.
    savedir, action, layout, target_labels
        As for `ExportMethods.to_dirs`.
    by : {"datetime", "latlon"}, optional
        What photos were grouped by: it names the folders of negative labels.
    names : mapping of int to str, optional
        What clusters are called, by label.

    Returns
    -------
    FolderPlan
        The same for the same images and the same folders.

    Raises
    ------
    InvalidParameterError, InvalidDataError
        As for `ExportMethods.to_dirs`.
    """
    labels = np.asarray(results["labels"])
    pathnames = [str(pathname) for pathname in results["pathnames"]]
    top = check_savedir(savedir, action, layout)
    wanted = _check_labels(target_labels, labels)
    if not any(os.path.isabs(pathname) for pathname in pathnames):  # noqa: PTH117
        raise InvalidDataError(
            f"None of the {len(pathnames)} images has a file that a folder could show: "
            "they were given as arrays."
        )
    called = _folders_of_names(names or {}, labels.tolist(), by)
    folders = {
        label: top / _folder_name(label, size, layout, by, called.get(label))
        for label, size in zip(*np.unique(labels, return_counts=True), strict=True)
        if label in wanted
    }
    plan = FolderPlan(top, action)
    for pathname, name, label in zip(pathnames, results["filenames"], labels.tolist(), strict=True):
        plan.add(Row(pathname, label, safe_name(str(name)), folders.get(label)))
    plan.check()
    return plan


def _check_labels(target_labels: int | Iterable[int] | None, labels: np.ndarray) -> set[int]:
    present = set(labels.tolist())
    if target_labels is None:
        return {label for label in present if label >= 0}
    if isinstance(target_labels, str):
        raise InvalidParameterError(
            f"'target_labels' must be whole numbers, or one. Got {target_labels!r}."
        )
    values = list(target_labels) if isinstance(target_labels, Iterable) else [target_labels]
    wanted = {check_int("target_labels", value) for value in values}
    missing = sorted(wanted - present)
    if missing:
        raise InvalidParameterError(
            f"'target_labels' must name clusters that are there, {min(present)} to "
            f"{max(present)}. Got {missing[0]}."
        )
    return wanted


def _folder_name(label: int, size: int, layout: str, by: str | None, name: str | None) -> str:
    outside = OUTSIDE_BY.get(by or "", OUTSIDE)
    folder = outside.get(label) or LAYOUTS[layout].format(label=label, size=size)
    return folder if name is None else str(Path(folder).parent / name)


def _folders_of_names(
    names: Mapping[int, str], labels: Iterable[int], by: str | None
) -> dict[int, str]:
    """Return names of folders for clusters that have names, all different."""
    taken = {LAYOUTS["label"].format(label=label) for label in labels}
    taken |= set(OUTSIDE_BY.get(by or "", OUTSIDE).values())
    found = {}
    for label, name in sorted(names.items()):
        folder = folder_name(name)
        number = next(i for i in count(1) if numbered(folder, i).casefold() not in taken)
        found[label] = numbered(folder, number)
        taken.add(found[label].casefold())
    return found


class _Names:
    """Which names are given away, so that no two images get one target."""

    def __init__(self, action: Action) -> None:
        self._action = action
        self._given: set[Path] = set()
        self._start: dict[Path, int] = {}

    def choose(self, row: Row, folder: Path) -> tuple[Path, bool]:
        """Return the target of an image, and whether it is there already."""
        wanted = folder / row.name
        # Names below this number are given away for good: not looked at again.
        start = self._start.get(wanted, 1)
        while folder / numbered(row.name, start) in self._given:
            start += 1
        self._start[wanted] = start
        for number in count(start):
            target = folder / numbered(row.name, number)
            if target in self._given:
                continue
            taken = os.path.lexists(target)
            if taken and not is_there(self._action, Path(row.pathname), target):
                continue
            self._given.add(target)
            return target, taken
        raise AssertionError  # pragma: no cover


class FolderPlan:
    """A target for every image, and what became of it.

    Parameters
    ----------
    top : Path
        Absolute path of the folder to fill.
    action : str
        One of `ACTIONS`.

    Attributes
    ----------
    rows : list of Row
        One per image, in their order.
    moved : dict of str to str
        Old path to new path of the images that `carry_out` has moved.
    """

    def __init__(self, top: Path, action: str) -> None:
        self.top = top
        self.rows: list[Row] = []
        self.moved: dict[str, str] = {}
        self._word, self._action = action, ACTIONS[action]
        self._names = _Names(self._action)
        self._moving: set[str] = set()
        self._moved_entries: dict[str, Path] = {}

    def add(self, row: Row) -> None:
        """Choose the target of the next image; its folder is None where it is left out."""
        self.rows.append(row)
        if self._word == "move" and os.path.isabs(row.pathname):  # noqa: PTH117
            row.entry, row.behind = entry_of(row.pathname), entries_behind(row.pathname)
        if row.folder is None:
            row.end("left out", "not in a cluster" if row.label < 0 else "not in target_labels")
        elif not os.path.isabs(row.pathname):  # noqa: PTH117
            row.end("skipped", "no file: it was given as an array")
        elif row.entry in self._moving:
            row.end("skipped", "the same file as an image before, which is moved")
        elif not _is_file(row.pathname):
            row.end("failed", "the file is not there any more")
        else:
            row.target, there = self._names.choose(row, row.folder)
            if there:
                row.end("exists")
            if self._word == "move":
                self._moving.add(row.entry)

    def check(self) -> None:
        """Refuse folders of clusters that lead elsewhere or cannot be made.

        Raises
        ------
        InvalidParameterError
            If one is a link or no folder, or must be made where nobody may.
        """
        for folder in self._folders("planned", "exists"):
            inside = folder.relative_to(self.top).parts
            for path in (self.top.joinpath(*inside[: i + 1]) for i in range(len(inside))):
                if not os.path.lexists(path):
                    if self.top.is_dir():
                        _check_may_write(path.parent)
                    break
                if path.is_symlink() or not path.is_dir():
                    kind = "a link" if path.is_symlink() else "a file"
                    raise InvalidParameterError(
                        f"The folder of a cluster in {named('savedir')} must be a folder. "
                        f"{printable(str(path))} is {kind}. Remove it, or give another "
                        f"{named('savedir')}."
                    )
        if self._word == "move":
            self._check_move()
        elif self._count("planned"):
            self._warn_of_finding_them_again()

    def _check_move(self) -> None:
        """Refuse to move photos to where they would not be read again."""
        for path in self.top.parents:
            if is_marked(path):
                raise InvalidParameterError(
                    f"{named('savedir')} lies in {printable(str(path))}, a folder that clustimage "
                    "has made. Photos that are moved there are left out when the folders above "
                    f"are read again. Give a {named('savedir')} outside."
                )

    def carry_out(self) -> None:
        """Make what is planned, each in its turn; what fails says why, the others go on.

        Raises
        ------
        InvalidParameterError
            If a folder cannot be made; then nothing is left behind.
        """
        todo = [row for row in self.rows if row.status == "planned"]
        # A link comes after what it leads over, whose new path is known by then.
        todo.sort(key=lambda row: len(row.behind))
        own = self._own_folders()
        made = _make_folders(self._folders("planned"))
        try:
            for number, row in enumerate(progress(todo, desc=self._action.noun, total=len(todo))):
                if self._place(row):
                    continue
                for later in todo[number + 1 :]:
                    later.end("skipped", "the disk is full")
                break
        finally:
            self._follow_moved()
            _remove_empty(made)
            for folder in own:
                if self._word == "move":
                    unmark_folder(folder)  # of links that were made there before
                elif folder.is_dir():
                    mark_folder(folder)

    def _own_folders(self) -> list[Path]:
        """Return the folders nearest to the root that hold nothing but what is made here."""
        if may_be_marked(self.top):
            return [self.top]
        first = {
            self.top / folder.relative_to(self.top).parts[0]: None
            for folder in self._folders("planned", "exists")
        }
        return [folder for folder in first if may_be_marked(folder)]

    def _follow_moved(self) -> None:
        """Let all links and all other spellings of a path follow what was moved."""
        for row in self.rows:
            if row.pathname in self.moved:
                continue
            if row.entry in self._moved_entries:
                self.moved[row.pathname] = str(self._moved_entries[row.entry])
            elif not self._moved_entries.keys().isdisjoint(row.behind):
                reason = "the link leads to the new path of its image"
                try:
                    replace_link(Path(row.pathname), self._image_of(row))
                except OSError as exc:
                    reason = f"its image was moved, and the link cannot follow: {exc.strerror}"
                row.reason = f"{row.reason}; {reason}" if row.reason else reason

    def _image_of(self, row: Row) -> Path:
        """Return what a link has to lead to, after what was moved until now."""
        for entry in row.behind:
            if entry in self._moved_entries:
                return self._moved_entries[entry]
        source = Path(row.pathname)
        return source.parent / source.readlink()

    def _place(self, row: Row) -> bool:
        """Make one file; return whether it makes sense to go on."""
        for _ in range(MAX_TRIES):
            if row.target is None or row.folder is None:
                break
            try:
                if row.behind:
                    move_link(Path(row.pathname), row.target, self._image_of(row))
                else:
                    self._action.make(Path(row.pathname), row.target)
            except FileExistsError:
                # Somebody has taken the name since it was chosen.
                row.target, there = self._names.choose(row, row.folder)
                if there:
                    row.end("exists")
                    return True
            except OSError as exc:
                row.end("failed", self._reason(exc))
                return exc.errno not in FULL
            else:
                row.end("done")
                if self._word == "move":
                    self.moved[row.pathname] = str(row.target)
                    self._moved_entries[row.entry] = row.target
                return True
        row.end("failed", f"no name is free after {MAX_TRIES} tries")
        return True

    def _reason(self, exc: OSError) -> str:
        words = exc.strerror or str(exc)
        if exc.errno in NO_LINKS and self._word in ("symlink", "hardlink"):
            return f"{words}: no such link can be made here; use {setting('action', 'copy')}"
        return words

    def to_frame(self) -> pd.DataFrame:
        """Return the table that `ExportMethods.to_dirs` describes."""
        import pandas as pd

        targets = [None if row.target is None else encodable(str(row.target)) for row in self.rows]
        return pd.DataFrame(
            {
                "pathname": pd.Series([encodable(row.pathname) for row in self.rows], dtype=object),
                "label": np.array([row.label for row in self.rows], dtype=int),
                "target": pd.Series(targets, dtype=object),
                "action": self._word,
                "status": [row.status for row in self.rows],
                "reason": [row.reason for row in self.rows],
            }
        )

    def _folders(self, *status: str) -> list[Path]:
        """Return the folders that hold images with one of these fates."""
        found = {row.folder: None for row in self.rows if row.status in status}
        return [folder for folder in found if folder is not None]

    def _count(self, status: str) -> int:
        return sum(row.status == status for row in self.rows)

    def tell(self) -> None:
        """Write what was made, or is planned, to the log, and what was not."""
        counts = Counter(row.status for row in self.rows)
        made = counts["done"] + counts["planned"]
        logger.info(
            "%s: %d %s%s in %d folders below %s%s.",
            self._action.noun,
            made,
            "would be " if counts["planned"] else "",
            self._action.verb,
            len(self._folders("done", "planned")),
            printable(str(self.top)),
            f"; {counts['exists']} were there already" if counts["exists"] else "",
        )
        bad = [row for row in self.rows if row.status in ("failed", "skipped")]
        if bad:
            logger.warning(
                "%s: %d of %d not %s, first: %s (%s). The table that is returned has all of them.",
                self._action.noun,
                len(bad),
                len(self.rows),
                self._action.verb,
                printable(bad[0].pathname),
                bad[0].reason,
            )

    def _warn_of_finding_them_again(self) -> None:
        """Warn where a later import of the same images would find the folders as well."""
        paths = [Path(row.pathname) for row in self.rows]
        home = _common_folder({str(path.parent) for path in paths if path.is_absolute()})
        if home is None or not self.top.is_relative_to(home):
            return
        own = self._own_folders()
        shared = [
            folder
            for folder in self._folders("planned")
            if not any(folder.is_relative_to(path) for path in own)
        ]
        if shared:
            pattern = shared[0].relative_to(home).as_posix()
            logger.warning(
                "%s lies in the folder of the images and has files of its own: reading that "
                "folder again will find what is made there too; %s leaves it out.",
                printable(str(shared[0])),
                setting("black_list", [pattern]),
            )


def _is_file(pathname: str) -> bool:
    try:
        return Path(pathname).is_file()
    except (OSError, ValueError):  # no permission to look; a name that no file can have
        return False


def _common_folder(folders: set[str]) -> Path | None:
    """Return the folder that all are in, where it is not the root of the system."""
    try:
        common = Path(os.path.commonpath(list(folders)))
    except ValueError:  # on different drives, or none
        return None
    return None if common == common.parent else common


def _make_folders(folders: Sequence[Path]) -> list[Path]:
    """Make folders with those above them; return the new ones, or leave nothing behind."""
    made: list[Path] = []
    try:
        for folder in folders:
            missing = [path for path in (folder, *folder.parents) if not os.path.lexists(path)]
            for path in reversed(missing):
                if _make_folder(path):
                    made.append(path)
    except OSError as exc:
        _remove_empty(made)
        raise InvalidParameterError(
            f"{named('savedir')} cannot be written to: {exc}. Give another folder."
        ) from exc
    return made


def _make_folder(path: Path) -> bool:
    """Make a folder; return False where another process was faster."""
    try:
        path.mkdir()
    except FileExistsError:
        if path.is_symlink() or not path.is_dir():
            raise
        return False
    return True


def _remove_empty(folders: Sequence[Path]) -> None:
    for folder in reversed(folders):
        with suppress(OSError):
            folder.rmdir()
