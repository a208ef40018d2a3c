"""The step from groups of duplicates to a plan of what is removed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from clustimage._core.validation import check_option, invalid
from clustimage._model.base import ModelBase

if TYPE_CHECKING:
    import pandas as pd

    from clustimage.removal import RemovalPlan

__all__ = ["RemovalMethods"]

Rows = npt.NDArray[np.bool_]
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
            If a file is in two rows, or in an object store, where nothing is removed; or columns
            are missing that the choice is made by.

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
        from clustimage.duplicates._keep import KEEP, NOWHERE, folder_ranks
        from clustimage.removal import look_at_groups, make_plan

        check_option("keep", keep, KEEP)
        for name, folders in (("prefer", prefer), ("protect", protect)):
            folder_ranks(name, folders, [])  # before files are read
        table, looked = look_at_groups(groups)
        kept = _kept_of(table, keep, prefer, protect)
        protected = folder_ranks("protect", protect, table["pathname"].tolist()) != NOWHERE
        return make_plan(table, looked, kept.tolist(), protected.tolist())


def _kept_of(table: pd.DataFrame, keep: str, prefer: Folders, protect: Folders) -> Rows:
    """Return which rows are kept: by the rules, or as the column `keep` was changed to."""
    import pandas as pd

    from clustimage.duplicates._keep import COLUMNS, choose_kept

    if "keep" not in table.columns:
        return choose_kept(table, keep=keep, prefer=prefer, protect=protect)
    is_bool = table["keep"].isin([True, False])
    if not is_bool.all():
        wrong = table["keep"][~is_bool].iloc[0]
        raise invalid("groups", "must have True or False in the column keep", wrong)
    group = table["group"]
    is_alone = ~group.duplicated(keep=False)  # its copies cannot be read
    given: Rows = (table["keep"].astype(bool) | is_alone).to_numpy()

    def in_its_group(rows: Rows) -> Rows:
        """Return which rows are of a group with one of `rows`."""
        any_of_group: Rows = pd.Series(rows).groupby(group).transform("any").to_numpy(dtype=bool)
        return any_of_group

    has_one = in_its_group(given)
    can_choose = set(COLUMNS) <= set(table.columns)
    if has_one.all() and keep == "best" and not prefer and not (protect and can_choose):
        return given
    # A choice that neither the rules asked for nor those of `duplicates` make is made by hand.
    by_hand = has_one
    for rules in dict.fromkeys(("best", keep)):
        by_hand = by_hand & in_its_group(given != choose_kept(table, keep=rules))
    by_rules = choose_kept(table, keep=keep, prefer=prefer, protect=protect)
    return (by_hand & given) | (~by_hand & by_rules)
