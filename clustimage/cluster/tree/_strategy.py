"""Which tree is grown: that of all images, or that of micro-clusters of them."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import Any

from clustimage._core.budget import Budget
from clustimage._core.errors import InvalidParameterError
from clustimage._core.free_memory import check_memory, format_bytes
from clustimage._distances.condensed import needs_of_pairs
from clustimage.cluster._candidates import MANY_ROWS
from clustimage.cluster.tree._linkage import tree_bytes
from clustimage.cluster.tree._micro_clusters import needs_of_micro

__all__ = ["TreeStrategy", "check_micro_clusters", "choose_tree", "what_needs_pairs"]

# Leaves of a tree of micro-clusters: so many, less where they would hold fewer images each,
# and more where many clusters are asked for.
MOST_LEAVES = 4_000
LEAST_SIZE = 5
LEAVES_PER_CLUSTER = 2


@dataclass(frozen=True)
class TreeStrategy:
    """How a tree is grown.

    Attributes
    ----------
    n : int
        Number of images.
    micro : int
        Number of micro-clusters that are its leaves; 0 where the images are.
    why : str
        How that was chosen.
    peak : int
        Bytes that it takes, beside the rows.
    instead : str
        What else could be asked for, where that is too much.
    small : bool
        Whether only a small budget is the reason for micro-clusters.
    """

    n: int
    micro: int
    why: str
    peak: int
    instead: str
    small: bool = False

    @property
    def what(self) -> str:
        """The tree in words."""
        return f"the tree of {f'{self.micro:,} micro-clusters' if self.micro else 'all images'}"

    @property
    def leaves(self) -> int:
        """Number of leaves of the tree."""
        return self.micro or self.n

    @property
    def name(self) -> str:
        """The tree as the beginning of a sentence."""
        of = f"{self.micro:,} micro-clusters of " if self.micro else ""
        return f"A tree of {of}{self.n:,} images"

    def problem(self, budget: Budget) -> str:
        """Return why it does not fit; empty where it does."""
        return budget.problem(self.peak, what=self.name, instead=f"Or give {self.instead}")

    def check(self, budget: Budget | None) -> None:
        """Raise `MemoryLimitError` where it does not fit."""
        if budget is None:
            check_memory(self.peak, what=self.name, instead=f"Give {self.instead}")
        else:
            budget.check(self.peak, what=self.name, instead=f"Or give {self.instead}")


def what_needs_pairs(
    sim: float | None, time_weight: float, place_weight: float, cannot_link: Any
) -> str | None:
    """Return the first of what is asked for that needs the distances of all pairs of images.

    Examples
    --------
    >>> what_needs_pairs(None, 0.5, 0.0, None)
    'time_weight=0.5'
    """
    needs = {
        f"sim={sim}": sim is not None,
        f"time_weight={time_weight}": time_weight > 0,
        f"place_weight={place_weight}": place_weight > 0,
        "'cannot_link'": cannot_link is not None,
    }
    return next((name for name, asked in needs.items() if asked), None)


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
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 0 or value == 1:
        raise InvalidParameterError(
            "'micro_clusters' must be a whole number of at least 2, 0 for the tree of all images, "
            f"or None. Got {value!r}."
        )
    number = int(value)
    if not number:
        return number
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
    metric: str = "euclidean",
    most: int = 1,
    micro_clusters: int | None = None,
    barred: str | None = None,
    constrained: bool = False,
    budget: Budget | None = None,
    n_jobs: int | None = 1,
) -> TreeStrategy:
    """Decide by arithmetic how a tree of n images is grown.

    Parameters
    ----------
    n, d : int
        Images, and features of each.
    linkage : str, default="ward"
        One of `LINKAGES`.
    metric : str, default="euclidean"
        One of `METRICS`.
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

    Returns
    -------
    TreeStrategy
        Not checked against the budget yet.

    Examples
    --------
    >>> choose_tree(5_000, 100).what
    'the tree of all images'
    >>> choose_tree(60_000, 100).what
    'the tree of 4,000 micro-clusters'
    >>> choose_tree(60_000, 100).why
    '60,000 images are more than 20,000; their distances would take 28.8 GB'
    """
    pairs = tree_bytes(n, linkage, constrained=constrained)
    making = 4 * n * (n - 1) + needs_of_pairs(n, d, metric, n_jobs=n_jobs)
    exact = max(pairs, making) + (0 if budget is None else 8 * n * d)
    leaves = max(min(MOST_LEAVES, n // LEAST_SIZE), LEAVES_PER_CLUSTER * most, 2)
    m = leaves if micro_clusters is None else micro_clusters
    other = f"micro_clusters={leaves}" if leaves < n else "fewer clusters"
    instead = f"fewer images, or ask for {other}, or for no tree (cluster='kmeans')."
    taken = format_bytes(pairs)
    if barred is not None:
        instead = (
            f"fewer images, or leave out {barred}: then the tree is grown over micro-clusters, and "
            "with cluster='kmeans' there is none."
        )
        return TreeStrategy(n, 0, f"{barred} needs all distances, {taken}", exact, instead)
    few = n <= MANY_ROWS
    peak = needs_of_micro(n, d, m, n_jobs=n_jobs)
    fits = budget is None or budget.allows(exact) or peak >= exact
    why = ""
    if micro_clusters == 0:
        why = "micro_clusters=0 was asked for; the distances take"
    elif m >= n and micro_clusters is not None:
        why = f"micro_clusters={m} is no less than the images; the distances take"
    elif m >= n:
        why = f"fewer than {m:,} leaves would be too few; the distances take"
    elif micro_clusters is None and few and fits:
        why = f"{n:,} images are at most {MANY_ROWS:,} and their distances take"
    if why:
        return TreeStrategy(n, 0, f"{why} {taken}", exact, instead)
    if micro_clusters is not None:
        why = f"micro_clusters={m} was asked for"
        instead = "fewer images or features, or ask for fewer micro_clusters."
        if exact <= peak:
            instead = f"micro_clusters=0: the tree of all images takes {format_bytes(exact)}."
        return TreeStrategy(n, m, why, peak, instead)
    why = f"{n:,} images are more than {MANY_ROWS:,}; their distances would take {taken}"
    if few:
        why = f"that of all images would take {format_bytes(exact)}, more than is left"
    instead = "fewer images or features, or ask for fewer clusters."
    return TreeStrategy(n, m, why, peak, instead, small=few)
