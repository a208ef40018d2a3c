"""Which tree is grown: that of all images, or that of micro-clusters of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from clustimage._budget import Budget
from clustimage._errors import InvalidParameterError
from clustimage._memory import check_memory, in_words
from clustimage._validation import check_int
from clustimage.cluster._micro import needs_of_micro
from clustimage.cluster._tree import tree_bytes

__all__ = ["MANY_ROWS", "TreeRoad", "check_micro_clusters", "choose_tree"]

# A tree of more images takes minutes, and more than 3 GB.
MANY_ROWS = 20_000
# Leaves of a tree of micro-clusters: so many, less where they would hold fewer images each,
# and more where many clusters are asked for.
MOST_LEAVES = 4_000
LEAST_SIZE = 5
LEAVES_PER_CLUSTER = 2


@dataclass(frozen=True)
class TreeRoad:
    """How a tree is grown.

    Attributes
    ----------
    micro : int
        Number of micro-clusters that are its leaves; 0 where the images are.
    what, why : str
        The same in words, and how it was chosen.
    peak : int
        Bytes that it takes, beside the rows.
    small : bool
        Whether only a small budget is the reason for micro-clusters.
    """

    micro: int
    what: str
    why: str
    peak: int
    small: bool = False

    @property
    def words(self) -> str:
        """What a user is told who did not ask for micro-clusters."""
        return (
            f"Clustering: {self.what}, because {self.why}. micro_clusters=0 asks for the tree of "
            "all images."
        )


def check_micro_clusters(value: Any, *, most: int = 1, barred: str | None = None) -> int | None:
    """Return `micro_clusters` as an int or None.

    Parameters
    ----------
    value : int or None
        What was asked for.
    most : int, default=1
        The largest number of clusters that is asked for.
    barred : str, optional
        What was asked for that does not go with micro-clusters.

    Raises
    ------
    InvalidParameterError
        If it is no such number, less than `most`, or does not go with what is asked for.

    Examples
    --------
    >>> check_micro_clusters(500, most=24)
    500
    """
    if value is None:
        return None
    number = check_int("micro_clusters", value, low=0)
    if not number:
        return number
    if number < 2:
        raise InvalidParameterError(
            "'micro_clusters' must be at least 2, 0 for the tree of all images, or None. "
            f"Got {value!r}."
        )
    if barred is not None:
        raise InvalidParameterError(
            f"micro_clusters={number} does not go with {barred}: it needs the distances of all "
            "pairs of images. Leave one of them out."
        )
    if number < most:
        raise InvalidParameterError(
            f"'micro_clusters' must be at least {most}, the largest number of clusters that is "
            f"asked for; many times as many are better. Got {number}."
        )
    return number


def choose_tree(
    n: int,
    d: int,
    *,
    linkage: str = "ward",
    most: int = 1,
    micro_clusters: int | None = None,
    barred: str | None = None,
    constrained: bool = False,
    budget: Budget | None = None,
    n_jobs: int | None = 1,
) -> TreeRoad:
    """Decide how a tree of n images is grown, before anything is computed.

    Parameters
    ----------
    n, d : int
        Images, and features of each.
    linkage : str, default="ward"
        One of `LINKAGES`.
    most : int, default=1
        The largest number of clusters that is asked for.
    micro_clusters : int, optional
        So many of them; 0 for none. Default: none of up to 20,000 images whose distances
        fit into the budget, else 4,000 or a fifth of the images, whatever is less, and
        twice as many as there are clusters, where that is more.
    barred : str, optional
        What was asked for that needs the distances of all pairs of images.
    constrained : bool, default=False
        Whether images are kept apart.
    budget : Budget, optional
        What may be taken; None for all that is available.
    n_jobs : int, default=1
        Number of threads.

    Raises
    ------
    MemoryLimitError
        If it does not fit.

    Examples
    --------
    >>> choose_tree(5_000, 100).what
    'the tree of all images'
    >>> choose_tree(60_000, 100).what
    'the tree of 4,000 micro-clusters'
    >>> choose_tree(60_000, 100).why
    '60,000 images are more than 20,000; their distances alone would take 28.8 GB'
    """
    pairs = tree_bytes(n, linkage, constrained=constrained)
    exact = pairs + 8 * n * d
    fits = budget is None or budget.allows(exact)
    asked = micro_clusters or 0
    wanted = asked if micro_clusters is not None else _count_leaves(n, most)
    if barred is not None or micro_clusters == 0 or wanted >= n:
        _check(pairs, exact, n, barred, budget)
        why = f"{barred} needs the distances of all pairs" if barred else "it was asked for"
        if wanted >= n:
            why = "there are no more images than micro-clusters"
        return TreeRoad(0, "the tree of all images", f"{why}, {in_words(pairs)}", exact)
    if micro_clusters is None and n <= MANY_ROWS and fits:
        _check(pairs, exact, n, barred, budget)
        why = f"{n:,} images are at most {MANY_ROWS:,} and their distances take {in_words(pairs)}"
        return TreeRoad(0, "the tree of all images", why, exact)
    peak = needs_of_micro(n, d, wanted, n_jobs=n_jobs)
    _check_micro(peak, n, wanted, budget)
    if asked:
        why = "so many were asked for"
    elif n > MANY_ROWS:
        why = (
            f"{n:,} images are more than {MANY_ROWS:,}; their distances alone would take "
            f"{in_words(pairs)}"
        )
    else:
        why = f"the tree of all images would take {in_words(exact)}"
        why += "" if budget is None else f", more than is left ({budget.words})"
    small = not asked and n <= MANY_ROWS
    return TreeRoad(wanted, f"the tree of {wanted:,} micro-clusters", why, peak, small)


def _count_leaves(n: int, most: int) -> int:
    return max(min(MOST_LEAVES, n // LEAST_SIZE), LEAVES_PER_CLUSTER * most, 2)


def _check_micro(peak: int, n: int, m: int, budget: Budget | None) -> None:
    """Raise `MemoryLimitError` where micro-clusters do not fit."""
    what = f"A tree of {m:,} micro-clusters of {n:,} images"
    instead = "Give fewer images or features, or ask for fewer clusters."
    if budget is None:
        check_memory(peak, what=what, instead=instead)
    else:
        budget.check(peak, what=what, instead=f"Or {instead[0].lower()}{instead[1:]}")


def _check(pairs: int, exact: int, n: int, barred: str | None, budget: Budget | None) -> None:
    """Raise `MemoryLimitError` where the distances of all pairs do not fit."""
    what, instead = f"A tree of {n:,} images", "Give fewer images"
    if barred:
        instead += (
            f", or leave out {barred}: then the tree is grown over micro-clusters, and with "
            "cluster='kmeans' there is none."
        )
    else:
        instead += (
            f", or ask for a tree of fewer leaves (micro_clusters={_count_leaves(n, 1)}), or for "
            "none (cluster='kmeans')."
        )
    if budget is None:
        check_memory(pairs, what=what, instead=instead)
    else:
        budget.check(exact, what=what, instead=f"Or {instead[0].lower()}{instead[1:]}")
