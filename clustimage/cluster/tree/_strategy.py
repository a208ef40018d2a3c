"""Which tree is built: that of all images, or that of micro-clusters of them."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral

from clustimage._core.errors import InvalidParameterError
from clustimage._core.memory import Budget, format_bytes
from clustimage._core.parallel import n_workers
from clustimage._core.parameters import named, setting
from clustimage._distances.condensed import needs_of_pairs
from clustimage.cluster.tree._linkage import tree_bytes
from clustimage.cluster.tree._micro_clusters import MAX_COLUMNS_AS_FLOAT64

__all__ = ["TreeStrategy", "check_micro_clusters", "choose_tree", "what_needs_pairs"]

# Of more images not all pairs are compared: that takes minutes, and a tree of them 3 GB.
MAX_ROWS_OF_FULL_TREE = 20_000
# Leaves of a tree of micro-clusters: so many, less where they would hold fewer images each,
# and more where many clusters are asked for.
MAX_LEAVES = 4_000
MIN_IMAGES_PER_LEAF = 5
LEAVES_PER_CLUSTER = 2


@dataclass(frozen=True)
class TreeStrategy:
    """Which tree is built.

    Attributes
    ----------
    n : int
        Number of images.
    micro : int
        Number of micro-clusters that are its leaves; 0 where the images are.
    why : str
        How that was chosen.
    peak : int
        Bytes that it takes in addition to the rows.
    instead : str
        What else could be asked for, where that is too much.
    forced_by_budget : bool
        Whether only the budget is the reason for micro-clusters.
    """

    n: int
    micro: int
    why: str
    peak: int
    instead: str
    forced_by_budget: bool = False

    @property
    def what(self) -> str:
        """The tree in words."""
        return f"the tree of {f'{self.micro:,} micro-clusters' if self.micro else 'all images'}"

    @property
    def leaves(self) -> int:
        """Number of leaves of the tree."""
        return self.micro or self.n

    @property
    def work(self) -> str:
        """The tree as the beginning of a sentence."""
        of = f"{self.micro:,} micro-clusters of " if self.micro else ""
        return f"A tree of {of}{self.n:,} images"


def what_needs_pairs(
    sim: float | None,
    distance_threshold: float | None,
    time_weight: float,
    place_weight: float,
    cannot_link: object,
) -> str | None:
    """Return the first of what is asked for that needs the distances of all pairs of images.

    Examples
    --------
    >>> what_needs_pairs(None, None, 0.5, 0.0, None)
    'time_weight=0.5'
    """
    needs = {
        setting("sim", sim): sim is not None,
        setting("distance_threshold", distance_threshold): distance_threshold is not None,
        setting("time_weight", time_weight): time_weight > 0,
        f"place_weight={place_weight}": place_weight > 0,
        "'cannot_link'": cannot_link is not None,
    }
    return next((name for name, asked in needs.items() if asked), None)


def check_micro_clusters(
    value: object, *, most: int = 1, needs_pairs: str | None = None
) -> int | None:
    """Return `micro_clusters` as an int or None.

    Parameters
    ----------
    value : int or None
        What was asked for.
    most : int, default=1
        The largest number of clusters that is asked for.
    needs_pairs : str, optional
        What was asked for that cannot be combined with micro-clusters.

    Raises
    ------
    InvalidParameterError
        If it is no such number, less than `most`, or cannot be combined with what is asked for.

    Examples
    --------
    >>> check_micro_clusters(500, most=24)
    500
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 0 or value == 1:
        raise InvalidParameterError(
            f"{named('micro_clusters')} must be a whole number of at least 2, 0 for the tree of "
            f"all images, or None. Got {value!r}."
        )
    number = int(value)
    if not number:
        return number
    if needs_pairs is not None:
        raise InvalidParameterError(
            f"{setting('micro_clusters', number)} cannot be combined with {needs_pairs}, which "
            "needs the distances of all pairs of images. Leave one of them out."
        )
    if number < most:
        raise InvalidParameterError(
            f"{named('micro_clusters')} must be at least {most}, the largest number of clusters "
            f"that is asked for; many times as many are better. Got {number}."
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
    needs_pairs: str | None = None,
    constrained: bool = False,
    budget: Budget | None = None,
    n_jobs: int | None = 1,
) -> TreeStrategy:
    """Decide by arithmetic which tree of n images with d features is built.

    Without `micro_clusters` that of up to 20,000 images whose distances fit into the budget
    (None is no limit), else one of 4,000 micro-clusters or a fifth of the images, whatever is
    less, and twice as many as the `most` clusters that are asked for, where that is more.
    `needs_pairs` is what was asked for that needs the distances of all pairs of images,
    `constrained` whether there are cannot-link groups. The budget is not checked yet.

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
    leaves = max(min(MAX_LEAVES, n // MIN_IMAGES_PER_LEAF), LEAVES_PER_CLUSTER * most, 2)
    m = leaves if micro_clusters is None else micro_clusters
    peak = micro_bytes(n, d, m, n_jobs=n_jobs)
    few = n <= MAX_ROWS_OF_FULL_TREE
    fits = budget is None or budget.allows(exact) or peak >= exact
    fewer = setting("micro_clusters", leaves) if leaves < n else "fewer clusters"
    other = f"ask for {fewer}"
    why = ""
    if needs_pairs is not None:
        why, other = f"{needs_pairs} needs all distances", f"leave out {needs_pairs}"
    elif micro_clusters == 0:
        why = f"{setting('micro_clusters', 0)} was asked for"
    elif m >= n:
        why = f"{m:,} micro-clusters are no fewer than the images"
    elif micro_clusters is None and few and fits:
        why = f"{n:,} images are at most {MAX_ROWS_OF_FULL_TREE:,}"
    if why:
        instead = (
            f"Or give fewer images, {other}, or use {setting('cluster', 'kmeans')}, which "
            "builds no tree."
        )
        why = f"{why}; their distances take {format_bytes(pairs)}"
        return TreeStrategy(n, 0, why, exact, instead)
    instead = "Or give fewer images or features, or ask for fewer clusters."
    why = f"{n:,} images are more than {MAX_ROWS_OF_FULL_TREE:,}; their distances would take "
    why += format_bytes(pairs)
    if micro_clusters is not None:
        instead = instead.replace("clusters", "micro_clusters")
        why = f"{setting('micro_clusters', m)} was asked for"
    elif few:
        why = f"that of all images would take {format_bytes(exact)}, more than is left"
    if exact <= peak:
        instead = f"Or ask for {setting('micro_clusters', 0)}, which takes {format_bytes(exact)}."
    return TreeStrategy(n, m, why, peak, instead, forced_by_budget=few and micro_clusters is None)


def micro_bytes(n: int, d: int, m: int, *, n_jobs: int | None = 1) -> int:
    """Return about the bytes that `m` micro-clusters of n images and the tree over them take.

    The rows and their nearest-neighbour graph, a sample that is partitioned, or blocks of
    candidates for each worker; then the points, and the distances of all pairs of them.

    Examples
    --------
    >>> micro_bytes(60_000, 200, 4_000) // 10**6
    239
    """
    row = 4 * max(d, 32)
    at_work = 42_000_000 + 4096 * d if d > MAX_COLUMNS_AS_FLOAT64 else 50_500_000
    work = max(row * min(n + 4096, 32_768), at_work * n_workers(n_jobs))
    return max(n * (row + 250) + work, 12 * n + 16 * m * (d + 1) + 12 * m * m + 2**25)
