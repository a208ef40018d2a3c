"""The step from groups of duplicates to a plan of what is removed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from clustimage._core.validation import invalid
from clustimage._model.base import ModelBase

if TYPE_CHECKING:
    import pandas as pd

    from clustimage.removal import RemovalPlan

__all__ = ["RemovalMethods"]

Folders = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


class RemovalMethods(ModelBase):
    """Which copies go."""

    def plan_removal(
        self, groups: pd.DataFrame, keep: str = "best", prefer: Folders = (), protect: Folders = ()
    ) -> RemovalPlan:
        """Plan which files of groups of duplicates are removed; nothing is done yet.

        Parameters
        ----------
        groups : DataFrame
            As `duplicates` returns it, or some of its rows; or any table with the columns
            `group` (int), `pathname` and `keep` (bool). Groups whose column `keep` was changed
            keep what it says.
        keep : {"best", "largest", "smallest", "oldest", "newest"}, default="best"
            Which file of a group is kept. ``"best"``: most pixels, then less compressed, with
            EXIF data, older, shorter path; of a burst the sharpest.
        prefer : path or sequence of paths, default=()
            Folders whose files are kept before others; the first one most of all.
        protect : path or sequence of paths, default=()
            Folders whose files are never touched, whether they are the ones that are kept or not.

        Returns
        -------
        RemovalPlan
            A table, to be looked at and changed, with `apply`.

        Raises
        ------
        InvalidParameterError
            If `groups` is no such table, `keep` is not known, or a folder does not exist.
        InvalidDataError
            If a file is in two rows, or columns are missing that the choice is made by.

        Examples
        --------
        >>> import pathlib, tempfile
        >>> import clustimage, pandas as pd
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> for name in ("a.jpg", "b.jpg"):
        ...     _ = (folder / name).write_bytes(b"the same")
        >>> groups = pd.DataFrame({"group": 0, "pathname": [folder / "a.jpg", folder / "b.jpg"]})
        >>> plan = clustimage.Clustimage().plan_removal(groups.assign(keep=[True, False]))
        >>> plan.keep(0, "b.jpg").to_frame()["keep"].tolist()
        [False, True]
        """
        from clustimage.duplicates._keep import NOWHERE, folder_ranks
        from clustimage.removal import look_at_groups, make_plan

        table, looked = look_at_groups(groups)
        protected = folder_ranks("protect", protect, table["pathname"].tolist()) != NOWHERE
        kept = _kept_of(table, keep, prefer, protect)
        return make_plan(table, looked, kept.tolist(), protected.tolist())


def _kept_of(
    table: pd.DataFrame, keep: str, prefer: Folders, protect: Folders
) -> npt.NDArray[np.bool_]:
    """Return which rows are kept: by the rules, or as the column `keep` was changed to."""
    import pandas as pd

    from clustimage.duplicates._keep import COLUMNS, choose_kept

    if "keep" not in table.columns:
        return choose_kept(table, keep=keep, prefer=prefer, protect=protect)
    if not table["keep"].isin([True, False]).all():
        raise invalid("groups", "must have True or False in the column keep", table["keep"])
    group = table["group"]
    is_alone = ~group.duplicated(keep=False)  # its copies cannot be read
    given = (table["keep"].astype(bool) | is_alone).to_numpy()
    by_hand = pd.Series(given).groupby(group).transform("any").to_numpy(dtype=bool)
    is_complete = by_hand.all() and (not protect or not set(COLUMNS) <= set(table.columns))
    if is_complete and keep == "best" and not prefer:
        return given
    differs = pd.Series(given != choose_kept(table)).groupby(group).transform("any")
    by_rules = choose_kept(table, keep=keep, prefer=prefer, protect=protect)
    stays = by_hand & differs.to_numpy(dtype=bool)
    return (stays & given) | (~stays & by_rules)
