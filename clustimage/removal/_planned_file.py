"""One file of a plan."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from clustimage.removal._content import Content

__all__ = ["PlannedFile", "bytes_freed", "why_left"]


@dataclass(frozen=True)
class PlannedFile:
    """A file, what was found in it, and whether it is kept.

    Attributes
    ----------
    group : int
        Number of its group.
    pathname : str
        Absolute.
    keep : bool
        Whether it is the one that is kept, or one of these.
    protected : bool
        Whether it lies in a protected folder.
    outside : bool
        Whether a link leads to it, out of the folder that holds all files of the plan.
    folder : str
        Where it lies, without links in the path.
    content : Content
        What was found in it.
    device, inode, links : int
        Which file it is on the disk, and how many names it has there.
    kind : str
        What the images of the group have in common, as `duplicates` names it.
    distance : float or None
        To the image that is kept, as `duplicates` has it.
    """

    group: int
    pathname: str
    keep: bool
    protected: bool
    outside: bool
    folder: str
    content: Content
    device: int
    inode: int
    links: int
    kind: str = ""
    distance: float | None = None

    @property
    def entry(self) -> tuple[int, int]:
        """Which file it is on the disk: equal for two names of one file."""
        return self.device, self.inode

    def kept(self, keep: bool) -> PlannedFile:
        """Return it with another `keep`."""
        return replace(self, keep=keep)


def why_left(file: PlannedFile, group: Iterable[PlannedFile]) -> str:
    """Return why a file that is not the kept one stays nevertheless; empty if it goes."""
    if file.keep:
        return ""
    if file.protected:
        return "it lies in a protected folder"
    if file.outside:
        return "a link leads to it, out of the folder"
    for other in group:
        if other.keep and other.entry == file.entry:
            return "it is the kept file by another name (a hard link): that takes no space"
    return ""


def bytes_freed(files: Iterable[PlannedFile]) -> int:
    """Return the bytes that files take: those of one with more names only if all of them go."""
    names: dict[tuple[int, int], list[PlannedFile]] = {}
    for file in files:
        names.setdefault(file.entry, []).append(file)
    return sum(some[0].content.size for some in names.values() if len(some) >= some[0].links)
