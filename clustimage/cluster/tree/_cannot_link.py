"""Cannot-link constraints: images that are never in one cluster, as two faces of one photo."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.spatial.distance import squareform

from clustimage._core.errors import InvalidParameterError
from clustimage._core.parameters import named, setting
from clustimage._core.plain_arrays import check_not_masked
from clustimage._distances.condensed import condensed_distances
from clustimage.cluster.tree._linkage import build_tree_from, check_linkage, check_tree_memory
from clustimage.cluster.tree._merging import CONSTRAINED, merge_nearest

__all__ = [
    "Groups",
    "check_constrained_linkage",
    "competing_counts",
    "build_constrained",
    "build_constrained_tree",
    "split_groups",
    "read_groups",
]

# Merges that are not allowed lie at so many times the largest distance.
HEIGHT_FACTOR = 1.05


@dataclass(frozen=True)
class Groups:
    """Which images are kept apart.

    Attributes
    ----------
    codes : ndarray of int64, shape (n,)
        Group of each image, 0 to the number of groups - 1; -1 is in none.
    names : list of str
        What the user calls the groups.
    """

    codes: np.ndarray
    names: list[str]

    @property
    def sizes(self) -> np.ndarray:
        """Number of images of each group."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.names))

    @property
    def n_shared(self) -> int:
        """Number of groups with two images or more: the others keep nothing apart."""
        return int((self.sizes > 1).sum())


def read_groups(cannot_link: Sequence[object] | np.ndarray | None, n: int) -> Groups | None:
    """Return what is kept apart, from one label per image.

    Parameters
    ----------
    cannot_link : array-like of shape (n,), or None
        Labels of any kind that can be looked up: text, numbers, paths. Images with
        equal labels are kept apart; None, NaN, ``""`` and negative numbers are free.
    n : int
        Number of images.

    Returns
    -------
    Groups or None

    Raises
    ------
    InvalidParameterError
        If there is not one label per image.

    Examples
    --------
    >>> read_groups(["party", "", "party", None, "lake"], 5)
    Groups(codes=array([ 0, -1,  0, -1,  1]), names=['party', 'lake'])
    """
    if cannot_link is None:
        return None
    check_not_masked("cannot_link", cannot_link)
    if hasattr(cannot_link, "__array__"):
        fits, given = np.shape(cannot_link) == (n,), f"an array of shape {np.shape(cannot_link)}"
    elif isinstance(cannot_link, (list, tuple)):
        fits, given = len(cannot_link) == n, f"{len(cannot_link)} labels"
    else:
        fits, given = False, repr(cannot_link)
    if not fits:
        raise InvalidParameterError(
            f"{named('cannot_link')} must be {n} labels, one per image. Got {given}."
        )
    seen: dict[Any, int] = {}
    codes = np.empty(n, dtype=np.int64)
    for i, label in enumerate(cannot_link):
        try:
            codes[i] = -1 if _is_free(label) else seen.setdefault(label, len(seen))
        except TypeError:
            raise InvalidParameterError(
                f"{named('cannot_link')} must be text or numbers, one per image. Got {label!r} at "
                f"row {i}."
            ) from None
    return Groups(codes, [str(label) for label in seen])


def _is_free(label: Any) -> bool:
    """Tell whether a label means no group: None, NaN, NaT, NA, "" or a negative number."""
    if label is None or isinstance(label, str):
        return not label
    # A missing value is not equal to itself, and pandas' NA is neither equal nor unequal.
    same = label == label
    if same is not True and not (isinstance(same, np.bool_) and same):
        return not hasattr(label, "__len__")
    return isinstance(label, (int, float, np.number)) and bool(label < 0)


def split_groups(names: np.ndarray | None, groups: Groups, at_most: int) -> np.ndarray | None:
    """Split equal images that are kept apart.

    Parameters
    ----------
    names : ndarray of int, shape (n,), or None
        Which of the distinct rows each row is, see `name_distinct_rows`.
    groups : Groups
        The first image of each group keeps the name of its row, the second one that
        is equal to it gets another.
    at_most : int
        Distinct names that matter.

    Returns
    -------
    ndarray of int64, shape (n,), or None
        Names 0, 1, ...; None where there are more than `at_most`, or none were given.

    Examples
    --------
    >>> split_groups(np.array([0, 0, 0, 1]), Groups(np.array([0, 0, -1, 0]), ["a"]), 9).tolist()
    [0, 1, 0, 2]
    """
    if names is None:
        return None
    seen: dict[tuple[int, int], int] = {}
    rank = np.zeros(len(names), dtype=np.int64)
    for i, key in enumerate(zip(names.tolist(), groups.codes.tolist(), strict=True)):
        if key[1] >= 0:
            rank[i] = seen.get(key, 0)
            seen[key] = int(rank[i]) + 1
    parted = np.unique(np.column_stack([names, rank]), axis=0, return_inverse=True)[1].ravel()
    return parted if parted.max(initial=-1) < at_most else None


def check_constrained_linkage(name: str) -> None:
    """Raise `InvalidParameterError` for a linkage that cannot keep images apart."""
    if name not in CONSTRAINED:
        # Their heights fall: a merge that is allowed could lie above one that is not.
        raise InvalidParameterError(
            f"{named('cannot_link')} cannot be combined with {setting('linkage', name)}. Allowed "
            f"there: {', '.join(map(repr, CONSTRAINED))}."
        )


def build_constrained_tree(
    X: np.ndarray,
    groups: Sequence[object] | np.ndarray,
    *,
    linkage_name: str = "ward",
    metric: str = "euclidean",
) -> tuple[np.ndarray, int]:
    """Merge the two nearest clusters that may be one, until no two may.

    Two clusters may be one where no image of the one is in a group with an image of
    the other. This is agglomerative clustering with cannot-link constraints [1]_ [2]_,
    by the generic algorithm of Müllner [3]_: O(n^2) memory and, as a rule, time.

    Parameters
    ----------
    X : ndarray of float, shape (n, d)
        Features, one row per image.
    groups : array-like of shape (n,)
        Labels; images with equal ones are kept apart. See `read_groups`.
    linkage_name : {"ward", "single", "complete", "average", "weighted"}
        Default ``"ward"``. Without any two images of one group the tree is that of
        `build_tree`.
    metric : str, default="euclidean"
        One of `METRICS`.

    Returns
    -------
    Z : ndarray of float64, shape (n - 1, 4)
        The merges in the layout of `scipy.cluster.hierarchy.linkage`, by increasing
        height. So that there is one tree, the clusters that are left are joined in
        the end, at one height: 5 % above all merges before and all distances.
    n_allowed : int
        The first `n_allowed` merges are allowed. A cut into fewer than
        ``n - n_allowed`` clusters would break the constraint. Other orders of merging
        may get to fewer clusters: two nearest are merged, also where that blocks more
        merges later [1]_.

    Raises
    ------
    InvalidParameterError
        If a name is unknown, the linkage is not defined for the metric or here, or
        there is not one label per image.
    InvalidDataError
        If the metric gives no distance between some of the rows.
    MemoryLimitError
        If the distances do not fit into memory; before they are made.

    References
    ----------
    .. [1] I. Davidson and S. S. Ravi, "Agglomerative hierarchical clustering with
       constraints: theoretical and empirical results", PKDD 2005, LNAI 3721, 59-70.
    .. [2] I. Davidson and S. S. Ravi, "Using instance-level constraints in
       agglomerative hierarchical clustering: theoretical and empirical results",
       Data Min. Knowl. Discov. 18, 257-282, 2009.
    .. [3] D. Müllner, "Modern hierarchical, agglomerative clustering algorithms",
       arXiv:1109.2378, 2011.

    Examples
    --------
    >>> X = np.array([[0.0], [1.0], [5.0]])
    >>> Z, n_allowed = build_constrained_tree(X, ["a", "a", ""], linkage_name="single")
    >>> Z.tolist(), n_allowed
    ([[1.0, 2.0, 4.0, 2.0], [0.0, 3.0, 5.25, 3.0]], 1)
    """
    check_linkage(linkage_name, metric)
    check_constrained_linkage(linkage_name)
    X = np.asarray(X, dtype=np.float64)
    read = read_groups(groups, len(X))
    check_tree_memory(len(X), linkage_name, constrained=True)
    return build_constrained(condensed_distances(X, metric), read, linkage_name)


def build_constrained(
    distances: np.ndarray, groups: Groups | None, linkage_name: str
) -> tuple[np.ndarray, int]:
    """Return the tree of condensed distances and how many of its merges are allowed."""
    if groups is None or not groups.n_shared:
        Z = build_tree_from(distances, linkage_name)
        return Z, len(Z)
    square = squareform(distances, checks=False)
    np.fill_diagonal(square, np.inf)
    for group in np.flatnonzero(groups.sizes > 1):
        members = np.flatnonzero(groups.codes == group)
        square[np.ix_(members, members)] = np.inf
    return _join_the_rest(merge_nearest(square, linkage_name), len(square), distances.max())


def _join_the_rest(Z: np.ndarray, n: int, furthest: float) -> tuple[np.ndarray, int]:
    """Return one tree, whose last merges are not allowed, and how many of the first are."""
    n_allowed = len(Z)
    # Rounding may let the heights fall by a hair.
    Z[:, 2] = np.maximum.accumulate(Z[:, 2])
    height = HEIGHT_FACTOR * max(furthest, Z[:, 2].max(initial=0.0)) or 1.0
    sizes = np.concatenate([np.ones(n), Z[:, 3]])
    left = deque(np.setdiff1d(np.arange(n + n_allowed), Z[:, :2]).tolist())
    joined: list[tuple[float, ...]] = []
    # Two by two: a chain of thousands would be too deep to be drawn.
    while len(left) > 1:
        a, b = left.popleft(), left.popleft()
        left.append(n + n_allowed + len(joined))
        sizes = np.append(sizes, sizes[a] + sizes[b])
        joined.append((*sorted((a, b)), height, sizes[-1]))
    return np.vstack([Z, np.array(joined).reshape(-1, 4)]), n_allowed


def competing_counts(
    counts: Sequence[int], n: int, n_allowed: int, groups: Groups
) -> Sequence[int]:
    """Return those of `counts` that the tree gives without a merge that is not allowed.

    Raises
    ------
    InvalidParameterError
        If there is none.
    """
    least = n - n_allowed
    competing = [k for k in counts if k >= least]
    if competing or not counts:
        return competing
    largest = int(groups.sizes.argmax())
    why = f"{groups.names[largest]!r} alone has {groups.sizes[largest]} images"
    if groups.sizes[largest] < least:
        why += f", and of the {least} clusters that are left each two hold images of one group"
    asked, do = f"{counts[0]}", f"Set {setting('n_clusters', least)} or more"
    if len(counts) > 1:
        asked = f"{counts[0]} to {counts[-1]}"
        do += f", or {setting('max_clust', least + 2)} or more" if least < n - 1 else ""
    raise InvalidParameterError(
        f"With {named('cannot_link')} there are at least {least} clusters here: {why}. Asked for "
        f"were {asked}. {do}."
    )
