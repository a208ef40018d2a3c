"""Folders of generated files: made once, checked on every use, repaired where broken."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from clustimage._core.errors import ClustimageError, DiskSpaceError, InvalidParameterError
from clustimage._core.files import FULL

__all__ = ["default_dirpath", "prepare_dirpath", "stored_files"]

MANIFEST = ".clustimage.json"


def default_dirpath() -> Path:
    """Return the folder that keeps the examples, below the system's temporary one."""
    return Path(tempfile.gettempdir()) / "clustimage" / "examples"


def prepare_dirpath(dirpath: str | os.PathLike[str] | None) -> Path:
    """Return `dirpath`, or the default one, as an absolute path to a folder that exists.

    Raises
    ------
    InvalidParameterError
        If the folder cannot be made.
    """
    root = default_dirpath() if dirpath is None else Path(dirpath).expanduser()
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise InvalidParameterError(
            f"'dirpath' must be a folder that can be made and written. Got {str(root)!r} ({exc})."
        ) from exc
    return root.resolve()


def stored_files(folder: Path, version: int, make: Callable[[Path], None]) -> list[Path]:
    """Return the files of `folder`, sorted; `make` them where they are not all there.

    The files are made in a temporary folder beside `folder` and moved in when
    they are complete, so that a kill leaves nothing half written. Nothing is
    ever deleted from `folder`: missing and changed files are put back one by one.

    Parameters
    ----------
    folder : Path
        Where the files live; its parent exists.
    version : int
        Files of another version are made anew.
    make : callable
        Takes an empty folder and writes all files into it.

    Returns
    -------
    list of Path
        The generated files, in the order of their names.

    Raises
    ------
    InvalidParameterError
        If `folder` holds files that are not generated ones, or cannot be written.
    DiskSpaceError
        If the disk is full.
    """
    names = _complete_names(folder, version)
    if names is None:
        try:
            names = _make_in_place(folder, version, make)
        except ClustimageError:
            raise
        except OSError as exc:
            kind = DiskSpaceError if exc.errno in FULL else InvalidParameterError
            raise kind(
                f"Cannot write the example images to {folder} ({exc.strerror or exc}). "
                "Give another folder with dirpath=."
            ) from exc
    return [folder / name for name in names]


def _complete_names(folder: Path, version: int) -> list[str] | None:
    """Return the names that the manifest lists, if all of them are there, else None."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        sizes = {str(name): int(size) for name, size in manifest["files"].items()}
        whole = manifest["recipe"] == version and all(
            (folder / name).stat().st_size == size for name, size in sizes.items()
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return sorted(sizes) if whole and sizes else None


def _make_in_place(folder: Path, version: int, make: Callable[[Path], None]) -> list[str]:
    temporary = Path(tempfile.mkdtemp(prefix=".making-", dir=folder.parent))
    try:
        made = temporary / folder.name
        made.mkdir()
        make(made)
        sizes = {name: (made / name).stat().st_size for name in _names_below(made)}
        _check_foreign_files(folder, set(sizes))
        text = json.dumps({"recipe": version, "files": sizes}, indent=0)
        (made / MANIFEST).write_text(text, encoding="utf-8")
        _move_in(made, folder, [*sizes, MANIFEST])
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return sorted(sizes)


def _names_below(folder: Path) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )


def _check_foreign_files(folder: Path, ours: set[str]) -> None:
    """Keep somebody's own folder of that name from being mixed with examples."""
    if not folder.exists() or (folder / MANIFEST).is_file():
        return
    foreign = [] if folder.is_dir() else [folder.name]
    foreign += [name for name in _names_below(folder) if name not in ours]
    if foreign:
        raise InvalidParameterError(
            f"{folder} already holds files that are no example images, such as "
            f"{foreign[0]!r}. Give another folder with dirpath=."
        )


def _move_in(made: Path, folder: Path, names: list[str]) -> None:
    """Rename the whole folder; where `folder` exists, move file by file, the manifest last."""
    if not folder.exists():
        try:
            made.rename(folder)
        except OSError:
            # Another process was first: its files are the same, so move ours over them.
            if not folder.is_dir():
                raise
        else:
            return
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).replace(folder / name)
