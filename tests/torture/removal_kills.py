"""Kill the removal of duplicates at any moment, undo it, and compare the folder byte for byte.

``python tests/torture/removal_kills.py --kills 100`` kills processes at random moments, with
``--each-call`` also before and in each call of the system that changes a file, and lets each
of these calls fail. ``--without-links`` does so as on a disk that has no hard links. It needs a
system that can fork (not Windows).
"""

from __future__ import annotations

import argparse
import errno
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

import clustimage
from clustimage.removal import Journal, RemovalPlan

CALLS = ("open", "write", "fsync", "replace", "rename", "link", "symlink", "unlink", "mkdir")
CALLS += ("rmdir", "utime", "chmod", "chown")
MOMENTS = ("before", "half", "error")  # after a call is before the next one
OTHER_DISKS = ("/dev/shm", "/var/tmp", "/tmp")

Entry = tuple[int, int, bytes]


class Case(NamedTuple):
    """One way to remove files; `other_disk` is for the folder that they are moved into."""

    action: str
    target: Path | None = None

    @property
    def name(self) -> str:
        return f"{self.action} to {self.target.parent}" if self.target else self.action


class Album:
    """Photos and copies of them, how they were, and the plan to remove the copies."""

    def __init__(self, work: Path, n_groups: int, n_bytes: int) -> None:
        self.work, self.top = work, work / "album"
        self.journal = work / "journal.jsonl"
        rng = np.random.default_rng(0)
        rows = []
        for group in range(n_groups):
            photo = self.top / f"{group}.jpg"
            copy = self.top / f"copies {group % 3}" / f"{group % 5}" / "copy é\n.jpg"
            copy = copy.with_name(f"{group // 15}{copy.name}")
            copy.parent.mkdir(parents=True, exist_ok=True)
            photo.write_bytes(rng.bytes(n_bytes + group))
            shutil.copy(photo, copy)
            os.utime(copy, ns=(10**18 + group, 10**18 + 7 * group))
            copy.chmod(0o640)
            rows += [(group, str(photo), True), (group, str(copy), False)]
        self.table = pd.DataFrame(rows, columns=["group", "pathname", "keep"])
        self.before = self.look()

    def plan(self) -> RemovalPlan:
        return clustimage.Clustimage().plan_removal(self.table)

    def look(self) -> dict[str, Entry]:
        """Return rights, time and bytes of every file."""
        return {
            str(path.relative_to(self.top)): (
                path.lstat().st_mode,
                path.lstat().st_mtime_ns,
                path.read_bytes(),
            )
            for path in self.top.rglob("*")
            if not path.is_dir()
        }

    def lost(self, case: Case) -> list[str]:
        """Return the photos whose bytes are nowhere any more."""
        places = [self.top, self.work / "data", *([case.target] if case.target else [])]
        there = {path.read_bytes() for top in places for path in top.rglob("*") if path.is_file()}
        return [name for name, (_, _, content) in self.before.items() if content not in there]


def cases(work: Path) -> list[Case]:
    """Return the ways to remove files on this machine."""
    found = [Case("move", work / "removed"), *map(Case, ("trash", "hardlink", "symlink"))]
    if os.link is refuse_link:
        found.remove(Case("hardlink"))
    for disk in map(Path, OTHER_DISKS):
        if disk.is_dir() and os.access(disk, os.W_OK) and disk.stat().st_dev != work.stat().st_dev:
            return [*found, Case("move", disk / f"clustimage-kills-{os.getpid()}" / "removed")]
    return found


def in_child(work: Callable[[], object], after: float | None = None) -> bool:
    """Run something in a process of its own; return whether it was killed, perhaps by us."""
    pid = os.fork()
    if not pid:
        try:
            work()
            os._exit(0)
        except BaseException:  # noqa: BLE001 - the parent is told by the exit code
            sys.excepthook(*sys.exc_info())
            os._exit(1)
    if after is not None:
        time.sleep(after)
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if code == 1:
        raise AssertionError("the process failed")
    return code != 0


def refuse_link(*args: Any, **options: Any) -> None:
    """Refuse to make a hard link, as a disk without them does."""
    raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))


class Fault(NamedTuple):
    """The call at which something happens, and what: a kill before it or in it, or it fails."""

    number: int
    moment: str


@contextmanager
def faulty(fault: Fault | None) -> Iterator[list[str]]:
    """Let a call of the system kill the process or fail; yield the calls that were made."""
    made: list[str] = []
    real = {name: getattr(os, name) for name in CALLS} | {"copyfileobj": shutil.copyfileobj}

    def wrap(name: str) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            made.append(name)
            if fault is None or len(made) - 1 != fault.number:
                return real[name](*args, **options)
            if fault.moment == "error":
                raise OSError(errno.EIO, "made to fail")
            if fault.moment == "half" and name == "write":
                real[name](args[0], args[1][: len(args[1]) // 2])
            elif fault.moment == "half" and name == "copyfileobj":
                args[1].write(args[0].read(100))
                args[1].flush()
            os._exit(9)

        return call

    for name in CALLS:
        setattr(os, name, wrap(name))
    shutil.copyfileobj = wrap("copyfileobj")
    try:
        yield made
    finally:
        for name in CALLS:
            setattr(os, name, real[name])
        shutil.copyfileobj = real["copyfileobj"]


def apply(album: Album, plan: RemovalPlan, case: Case, fault: Fault | None = None) -> list[str]:
    """Apply the plan; return the calls of the system."""
    with faulty(fault) as made, suppress(OSError, clustimage.InvalidParameterError):
        plan.apply(case.action, case.target, journal=album.journal)
    return made


def undo(album: Album, fault: Fault | None = None) -> list[str]:
    """Undo what the journal says, if there is one."""
    with faulty(fault) as made:
        journal = read(album)
        if journal is not None:
            journal.undo()
    return made


def read(album: Album) -> Journal | None:
    """Return the journal; None where the process was killed before its first line was whole."""
    if not album.journal.exists() or b"\n" not in album.journal.read_bytes():
        return None
    return clustimage.load_journal(album.journal)


def check(album: Album, case: Case) -> None:
    """Undo all, and compare."""
    assert album.lost(case) == [], "a photo is lost"
    undo(album)
    assert album.look() == album.before, "the folder is not what it was"
    if case.target:
        made = case.target if case.target.parent == album.work else case.target.parent
        assert not made.exists(), "a folder is left"
    journal = read(album)
    if journal is not None:
        table = journal.undo()
        assert set(table["status"]) <= {"already there"}, table["reason"].tolist()
        assert album.look() == album.before, "undoing twice changed something"
    # Killed between making and writing it, send2trash leaves an info without a path, of no file.
    left = [path for path in (album.work / "data" / "Trash").glob("*/*") if path.stat().st_size]
    assert left == [], "left in the trash"
    album.journal.unlink(missing_ok=True)


def kill_at_random(work: Path, n_kills: int, n_groups: int, seed: int) -> Counter[str]:
    """Kill applying or undoing at a random moment, then undo."""
    album = Album(work, n_groups, 100_000)
    plan = album.plan()
    rng = np.random.default_rng(seed)
    ways = [(case, what) for case in cases(work) for what in ("apply", "undo")]
    lasts: dict[tuple[Case, str], float] = {}
    for case, what in ways:
        start = time.perf_counter()
        if what == "apply":
            apply(album, plan, case)
        else:
            check(album, case)
        lasts[case, what] = (time.perf_counter() - start) / (1 if what == "apply" else 2)
    killed: Counter[str] = Counter()
    tries = 0
    while sum(killed.values()) < n_kills:
        case, what = ways[tries % len(ways)]
        tries += 1
        assert tries < 20 * n_kills + 20, "hardly any process lives long enough to be killed"
        moment = rng.random() * lasts[case, what]
        if what == "apply":
            was_killed = in_child(lambda case=case: apply(album, plan, case), moment)
        else:
            apply(album, plan, case)
            was_killed = in_child(lambda: undo(album), moment)
        killed[f"{what}, {case.name}"] += was_killed
        check(album, case)
    shutil.rmtree(album.top)
    return killed


def fault_each_call(work: Path) -> Counter[str]:
    """Kill before and in each call, and let each fail; first of applying, then of undoing."""
    album = Album(work, 1, 1000)
    plan = album.plan()
    done: Counter[str] = Counter()
    for case in cases(work):
        apply(album, plan, case)  # the trash is made
        check(album, case)
        made = apply(album, plan, case)
        for fault in faults(made):
            undo(album)
            album.journal.unlink(missing_ok=True)
            _fault(lambda fault=fault, case=case: apply(album, plan, case, fault), fault)
            done[f"apply, {case.name}"] += 1
            check(album, case)
        apply(album, plan, case)
        made = undo(album)
        album.journal.unlink()
        for fault in faults(made):
            apply(album, plan, case)
            _fault(lambda fault=fault: undo(album, fault), fault)
            done[f"undo, {case.name}"] += 1
            check(album, case)
    shutil.rmtree(album.top)
    return done


def faults(made: list[str]) -> Iterator[Fault]:
    """Yield all that can happen at the calls that were made."""
    for number, name in enumerate(made):
        for moment in MOMENTS:
            if moment != "half" or name in ("write", "copyfileobj"):
                yield Fault(number, moment)


def _fault(work: Callable[[], object], fault: Fault) -> None:
    if fault.moment == "error":
        work()
    else:
        assert in_child(work), f"the process was not killed: {fault}"


def main() -> None:
    """Print, as JSON, how often processes were killed; fail where one photo is lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="random kills (100)")
    parser.add_argument("--groups", type=int, default=60, help="photos with a copy each (60)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--each-call", action="store_true", help="also a fault at each call")
    parser.add_argument("--without-links", action="store_true", help="as on a disk without them")
    parser.add_argument("--folder", type=Path, help="where the photos are made")
    options = parser.parse_args()
    clustimage.set_logger("silent")
    if options.without_links:
        os.link = refuse_link
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        os.environ["XDG_DATA_HOME"] = os.environ["HOME"] = f"{folder}/data"
        Path(folder, "data").mkdir()
        counts = {}
        if options.each_call:
            counts["faults"] = fault_each_call(Path(folder))
        counts["kills"] = kill_at_random(Path(folder), options.kills, options.groups, options.seed)
    print(json.dumps(counts, indent=1))


if __name__ == "__main__":
    main()
