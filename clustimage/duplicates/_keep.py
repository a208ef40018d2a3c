"""Which image of a group of duplicates is kept: rules in a stated order."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from clustimage._core.errors import InvalidDataError
from clustimage._core.parameters import named
from clustimage._core.validation import check_option, invalid
from clustimage.images.reading._url_files import is_url

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["KEEP", "choose_kept", "folder_ranks", "why_kept"]

Folders = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
Rules = dict[str, npt.NDArray[Any]]  # what is said of the one that is kept -> least comes first

COLUMNS = (
    *("group", "pathname", "kind", "width", "height", "bytes"),
    *("exif", "date", "modified", "sharpness"),
)


def choose_kept(
    groups: pd.DataFrame, *, keep: str = "best", prefer: Folders = (), protect: Folders = ()
) -> npt.NDArray[np.bool_]:
    """Choose one image of every group.

    An image in a protected folder comes before all others, then one in a preferred folder, in
    the order of `prefer`. Among those that are equal in this, the rules of `keep` decide, one
    after another, until one image is left:

    - ``"best"``: most pixels; in a group with images of a burst, the sharpest; most bytes per
      pixel, as it is least compressed; with EXIF data before without; the older one, by the date
      in the EXIF data and then by that of the file; the shorter path; the first path in the
      alphabet.
    - ``"largest"``, ``"smallest"``: most or least bytes; then as ``"best"``.
    - ``"oldest"``, ``"newest"``: first or last taken, by the EXIF data, or else by the date of
      the file; then as ``"best"``.

    Parameters
    ----------
    groups : DataFrame
        As `Clustimage.duplicates` returns it.
    keep : {"best", "largest", "smallest", "oldest", "newest"}, default="best"
        The rules.
    prefer : path or sequence of paths, default=()
        Folders; an image in the first one, or in a folder below it, is kept before those in the
        second one, and so on.
    protect : path or sequence of paths, default=()
        Folders whose images are kept before all others.

    Returns
    -------
    ndarray of bool, shape (n_rows,)
        True for the one image of each group that is kept.

    Raises
    ------
    InvalidParameterError
        If `keep` is none of these, or a folder does not exist.
    InvalidDataError
        If a column is missing.

    Examples
    --------
    >>> import pandas as pd
    >>> groups = pd.DataFrame(
    ...     {"group": [0, 0], "pathname": ["a.jpg", "b.jpg"], "kind": "same pixels"}
    ... ).assign(width=[64, 384], height=[64, 256], bytes=[9000, 20000], exif=False)
    >>> groups = groups.assign(date=pd.NaT, modified=pd.NaT, sharpness=1.0)
    >>> choose_kept(groups).tolist(), choose_kept(groups, keep="smallest").tolist()
    ([False, True], [True, False])
    """
    rules = _rules(groups, keep, prefer, protect)
    numbers = groups["group"].to_numpy()
    order = np.lexsort([*reversed(rules.values()), numbers])
    ordered = numbers[order]
    kept = np.zeros(len(groups), dtype=bool)
    kept[order[np.r_[True, ordered[1:] != ordered[:-1]]] if len(order) else order] = True
    return kept


def why_kept(
    groups: pd.DataFrame, *, keep: str = "best", prefer: Folders = (), protect: Folders = ()
) -> list[str]:
    """Return why `choose_kept` keeps an image: the rule by which it came before all others.

    Parameters
    ----------
    groups, keep, prefer, protect
        As for `choose_kept`.

    Returns
    -------
    list of str
        In words, of the image of each group that is kept; empty for all others, and where the
        group has no other.
    """
    rules = _rules(groups, keep, prefer, protect)
    numbers = groups["group"].to_numpy()
    order = np.lexsort([*reversed(rules.values()), numbers])
    words = [""] * len(groups)
    for at, row in enumerate(order.tolist()):
        if at and numbers[row] == numbers[order[at - 1]]:
            continue
        if at + 1 < len(order) and numbers[row] == numbers[second := order[at + 1]]:
            differs = (name for name, key in rules.items() if key[row] != key[second])
            words[row] = next(differs, "")
    return words


def _rules(groups: pd.DataFrame, keep: str, prefer: Folders, protect: Folders) -> Rules:
    """Return what decides, one rule after another."""
    check_option("keep", keep, KEEP)
    missing = [name for name in COLUMNS if name not in groups.columns]
    if missing:
        raise InvalidDataError(
            f"{named('groups')} must be a table as duplicates() returns it. "
            f"Without the columns {', '.join(missing)}, nothing can be chosen."
        )
    pathnames = groups["pathname"].tolist()
    return {
        "in a protected folder": folder_ranks("protect", protect, pathnames) == NOWHERE,
        "in a preferred folder": folder_ranks("prefer", prefer, pathnames),
        **KEEP[keep](groups),
        **_best(groups),
    }


NOWHERE = np.iinfo(np.intp).max


def folder_ranks(
    parameter: str, folders: Folders, pathnames: Sequence[str]
) -> npt.NDArray[np.intp]:
    """Return the first of some folders that each file is in, at any depth.

    A file is in a folder by its path as it is given, and also where links lead to.

    Parameters
    ----------
    parameter : str
        Name of the parameter, for the message.
    folders : path or sequence of paths
        A leading ``~`` is the user's folder. May be URLs.
    pathnames : sequence of str
        The files.

    Returns
    -------
    ndarray of int, shape (n,)
        Position in `folders`; the largest whole number (`NOWHERE`) for a file in none.

    Raises
    ------
    InvalidParameterError
        If one of `folders` is no folder: a name with a mistake would protect nothing.
    """
    given = [folders] if isinstance(folders, str | os.PathLike) else folders
    if not isinstance(given, Sequence) or not all(isinstance(f, str | os.PathLike) for f in given):
        raise invalid(parameter, "must be a folder, or a list of folders", folders)
    ranks = np.full(len(pathnames), NOWHERE, dtype=np.intp)
    for rank in reversed(range(len(given))):
        folder = os.fsdecode(given[rank])
        if is_url(folder):
            top = folder.rstrip("/") + "/"
            ranks[[pathname.startswith(top) for pathname in pathnames]] = rank
            continue
        folder = os.path.expanduser(folder)  # noqa: PTH111
        if not os.path.isdir(folder):  # noqa: PTH112
            raise invalid(parameter, "must be folders that exist", os.fsdecode(given[rank]))
        roots = tuple({os.path.join(spelling, "") for spelling in _spellings(folder)})  # noqa: PTH118
        for row, pathname in enumerate(pathnames):
            if any(spelling.startswith(roots) for spelling in _spellings(pathname)):
                ranks[row] = rank
    return ranks


def _spellings(path: str) -> tuple[str, str]:
    """Return a path as it is given and as links lead to, both absolute."""
    absolute = os.path.abspath(path)  # noqa: PTH100
    return os.path.normcase(absolute), os.path.normcase(os.path.realpath(absolute))


def _best(groups: pd.DataFrame) -> Rules:
    pixels = _numbers(groups["width"]) * _numbers(groups["height"])
    in_burst = groups["kind"].eq("burst").groupby(groups["group"]).transform("any").to_numpy()
    pathnames = list(map(str, groups["pathname"]))
    in_the_alphabet = np.unique(np.array(pathnames, dtype=object), return_inverse=True)[1]
    return {
        "most pixels": -pixels,
        "sharpest": np.where(in_burst, -_numbers(groups["sharpness"]), 0.0),
        "least compressed": -_numbers(groups["bytes"]) / np.maximum(pixels, 1),
        "has EXIF data": ~groups["exif"].to_numpy(dtype=bool),
        "taken first": _seconds(groups["date"]),
        "oldest file": _seconds(groups["modified"]),
        "shortest path": np.array(list(map(len, pathnames)), dtype=np.intp),
        "first in the alphabet": in_the_alphabet,
    }


def _by_bytes(words: str, sign: int) -> Callable[[pd.DataFrame], Rules]:
    return lambda groups: {words: sign * _numbers(groups["bytes"])}


def _by_date(words: str, sign: int) -> Callable[[pd.DataFrame], Rules]:
    def rules(groups: pd.DataFrame) -> Rules:
        taken = _seconds(groups["date"])
        when = np.where(np.isinf(taken), _seconds(groups["modified"]), taken)
        return {words: np.where(np.isinf(when), np.inf, sign * when)}  # without a date: last

    return rules


def _numbers(column: pd.Series[Any]) -> npt.NDArray[np.float64]:
    """Return a column as numbers; what is missing is 0."""
    import pandas as pd

    return np.asarray(pd.to_numeric(column).fillna(0), dtype=np.float64)


def _seconds(column: pd.Series[Any]) -> npt.NDArray[np.float64]:
    """Return dates as seconds; what is missing comes last."""
    import pandas as pd

    dates = pd.to_datetime(column, utc=True)
    seconds = (dates - pd.Timestamp(0, tz="UTC")).dt.total_seconds()
    return np.asarray(seconds.fillna(np.inf), dtype=np.float64)


KEEP: dict[str, Callable[[pd.DataFrame], Rules]] = {
    "best": lambda groups: {},
    "largest": _by_bytes("most bytes", -1),
    "smallest": _by_bytes("fewest bytes", 1),
    "oldest": _by_date("oldest", 1),
    "newest": _by_date("newest", -1),
}
