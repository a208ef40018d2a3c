"""What was done by a plan, and how to undo it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from clustimage._core.public import public
from clustimage._core.text import pluralize
from clustimage.images.reading._listing import encodable, printable
from clustimage.removal._actions import ACTIONS, LIST
from clustimage.removal._giving_back import undo
from clustimage.removal._steps import Header, Row, read_journal

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Journal", "load_journal"]

MAX_ROWS = 10  # of what is printed


class Journal:
    """What became of the files of a plan.

    Attributes
    ----------
    path : str or None
        The file that every step was written to before it was done; None where nothing was to
        be done (``action="list"``).
    """

    def __init__(self, path: str | None, header: Header, rows: Sequence[Row]) -> None:
        self.path = path
        self._header = header
        self._rows = list(rows)

    @property
    def action(self) -> str:
        """What was done, as in `RemovalPlan.apply`."""
        return self._header.action

    @property
    def past(self) -> str:
        """What was done with the files, as the end of a sentence."""
        return "would be removed" if self.action == LIST else ACTIONS[self.action].past

    def undo(self) -> pd.DataFrame:
        """Give every file back, as far as that was not done before.

        A file is moved to its old path, never over another one, with folders where they are
        missing. A link becomes a file of its own again, from the bytes of the kept one. All that
        a killed process has left is completed or undone. It may be called any number of times.

        Returns
        -------
        DataFrame
            A row for each file that was begun: `group`, `pathname`, `status` (``"given back"``,
            ``"already there"`` or ``"failed"``) and `reason`.

        Raises
        ------
        InvalidDataError
            If the journal is of another machine, and nothing of it is on this one.

        Notes
        -----
        From the trash files are brought back on Linux and other systems with the trash of
        freedesktop.org. macOS and Windows keep to themselves where a file lies: restore it in
        the trash that they show.
        """
        if self.action == LIST:
            return _frame([], ())
        return _frame(undo(self._header, self._rows), ("status", "reason"))

    def to_frame(self) -> pd.DataFrame:
        """Return a row for each file that was to be removed.

        Returns
        -------
        DataFrame
            Columns `group`, `pathname`, `status` (``"done"``; ``"planned"`` with
            ``action="list"``; ``"skipped"`` or ``"failed"``; ``"begun"`` where the process was
            killed), `reason`, and `target`, where a moved file is.
        """
        return _frame(self._rows, ("status", "reason", "target"))

    def __repr__(self) -> str:
        counts = Counter(row.status for row in self._rows)
        n_done = counts["planned" if self.action == LIST else "done"]
        lines = [f"{pluralize(n_done, 'file')} {self.past}"]
        for status in ("begun", "skipped", "failed"):
            if counts[status]:
                lines[0] += f", {counts[status]:,} {status}"
        for row in [row for row in self._rows if row.status != "done"][:MAX_ROWS]:
            reason = f" ({row.reason})" if row.reason else ""
            lines.append(f"  {row.status}  {printable(row.pathname)}{reason}")
        if self.path is not None:
            lines.append(f"Journal: {printable(self.path)}")
        return "\n".join(lines)


@public
def load_journal(path: str | os.PathLike[str]) -> Journal:
    """Read a journal that `RemovalPlan.apply` has written, also of a process that was killed.

    Parameters
    ----------
    path : path
        Of the file; `apply` and `clustimage duplicates` say where it is.

    Returns
    -------
    Journal
        Its `undo` gives the files back.

    Raises
    ------
    InvalidDataError
        If it is no journal, or a line of it is broken; the message names the field.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import clustimage, pandas as pd
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> for name in ("a.jpg", "b.jpg"):
    ...     _ = (folder / name).write_bytes(b"the same")
    >>> groups = pd.DataFrame({"group": 0, "pathname": [folder / "a.jpg", folder / "b.jpg"]})
    >>> plan = clustimage.Clustimage().plan_removal(groups.assign(keep=[True, False]))
    >>> journal = plan.apply("move", folder / "removed", journal=folder / "journal.jsonl")
    >>> (folder / "b.jpg").exists()
    False
    >>> clustimage.load_journal(folder / "journal.jsonl").undo()["status"].tolist()
    ['given back']
    >>> (folder / "b.jpg").read_bytes()
    b'the same'
    """
    return Journal(*read_journal(path, tuple(ACTIONS)))


def _frame(rows: Sequence[Row], columns: tuple[str, ...]) -> pd.DataFrame:
    import pandas as pd

    data = {
        "group": pd.Series([row.group for row in rows], dtype=int),
        "pathname": pd.Series([encodable(row.pathname) for row in rows], dtype=object),
    }
    for name in columns or ("status", "reason"):
        values = [encodable(getattr(row, name)) for row in rows]
        data[name] = pd.Series(values, dtype=object)
    return pd.DataFrame(data)
