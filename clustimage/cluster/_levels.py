"""Levels: the numbers of clusters that are better than those around them, coarse to fine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.signal import find_peaks

from clustimage._core.errors import InvalidParameterError
from clustimage._core.parameters import setting
from clustimage._core.validation import invalid

__all__ = ["LEVEL_NAMES", "Level", "check_level", "find_levels", "pick_level"]

LEVEL_NAMES = ("coarse", "fine")
# A peak stands out by at least this share of the range of the scores.
MIN_PROMINENCE = 0.1


class Level(NamedTuple):
    """A number of clusters that is locally best.

    Attributes
    ----------
    clusters : int
        Number of clusters.
    score : float
        That of the evaluation.
    prominence : float
        By how much the score stands out: it is worse by as much on the way to a better one, or
        to the end of the search.
    position : int
        Where it stands in the table of scores.
    """

    clusters: int
    score: float
    prominence: float
    position: int


def check_level(level: object) -> int | str | None:
    """Return `level` if it can name one, or raise `InvalidParameterError`."""
    if level is None or (isinstance(level, str) and level in LEVEL_NAMES):
        return level
    if isinstance(level, bool) or not isinstance(level, int | np.integer):
        names = ", ".join(map(repr, LEVEL_NAMES))
        raise invalid("level", f"must be {names} or the number of a level, from 0 up", level)
    if level < 0:
        raise invalid("level", "must be the number of a level, from 0 up", level)
    return int(level)


def find_levels(
    counts: Sequence[int], scores: Sequence[float], best: int, *, higher_is_better: bool = True
) -> list[Level]:
    """Return the numbers of clusters that are locally best, by increasing number.

    Many sets have more than one right answer: kinds of animals, and breeds within them. Such
    numbers are peaks of the scores. A peak counts where its prominence, the height above the
    higher one of the two valleys around it, is at least 10 % of the range of all scores. The
    first and the last number are no peaks, except as the best one.

    Parameters
    ----------
    counts : sequence of int
        Numbers of clusters that were tried, increasing.
    scores : sequence of float
        That of each; NaN where it is not defined.
    best : int
        Position of the one that the evaluation chose, which is always a level.
    higher_is_better : bool, default=True
        Whether peaks or valleys are looked for.

    Returns
    -------
    list of Level

    Examples
    --------
    >>> scores = [0.2, 0.5, 0.9, 0.3, 0.3, 0.6, 0.2]
    >>> [level.clusters for level in find_levels([2, 3, 4, 5, 6, 7, 8], scores, 2)]
    [4, 7]
    """
    values = np.asarray(scores, dtype=np.float64) * (1 if higher_is_better else -1)
    known = np.isfinite(values)
    if not known.any():
        return [Level(int(counts[best]), float(scores[best]), 0.0, best)]
    least = values[known].min()
    values[~known] = least
    size = float(values.max() - least)
    # An end is a peak only with what lies beyond it, which is as low as the lowest.
    padded = np.concatenate([[least], values, [least]])
    at, found = find_peaks(padded, prominence=max(MIN_PROMINENCE * size, np.finfo(float).tiny))
    prominences = dict(zip((at - 1).tolist(), found["prominences"].tolist(), strict=True))
    ends = {0, len(values) - 1}
    chosen = sorted({i for i in prominences if i not in ends} | {best})
    return [
        Level(int(counts[i]), float(scores[i]), float(prominences.get(i, 0.0)), i) for i in chosen
    ]


def pick_level(levels: Sequence[Level], level: int | str) -> Level:
    """Return the level of a name or a number.

    Raises
    ------
    InvalidParameterError
        If there are fewer.

    Examples
    --------
    >>> levels = [Level(3, 0.5, 0.2, 1), Level(12, 0.6, 0.3, 10)]
    >>> pick_level(levels, "fine").clusters, pick_level(levels, 0).clusters
    (12, 3)
    """
    if isinstance(level, str):
        return levels[0 if level == "coarse" else -1]
    if level >= len(levels):
        numbers = ", ".join(f"{i} ({one.clusters} clusters)" for i, one in enumerate(levels))
        raise InvalidParameterError(
            f"There is no {setting('level', level)}. The levels found are {numbers}."
        )
    return levels[level]
