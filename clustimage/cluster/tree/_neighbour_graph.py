"""Groups of rows, the groups that lie near each, and which of them are merged next."""

from __future__ import annotations

import numpy as np

from clustimage._core.batches import row_blocks
from clustimage._core.parallel import run_ordered
from clustimage.cluster.tree._partitions import cut_into_parts

__all__ = ["CANDIDATES", "SPARE", "NeighbourGraph", "keep_rows", "match_pairs"]

# Columns beside those of the centres.
SPARE = 2

# Each group looks for near ones among about so many: those in the parts around it.
CANDIDATES = 4096
# Groups of one part, on average. Many small parts are nearer to each than a few large ones.
PART_SIZE = 128
# The candidates are looked through in so many lots or more, so that a lot takes no more than
# so many bytes, and the nearest one of each lot is kept.
LOTS, LOT_BYTES = 8, 2**25
# Groups that look at a lot together.
ROWS_AT_ONCE = 1024
# Columns that are put into order together.
COLUMNS_AT_ONCE = 64
# Two groups are merged where neither has a nearer one. Where fewer than this share of the
# groups have such a partner, it may be nearer by as much.
TOO_FEW, SLACK = 1 / 32, 1.1
# Sums of so many products are wrong by so many times the precision of their type, as a rule.
ROUNDING = 10
# Groups whose nearest one is further than it is for this share of them wait.
LOW = 0.75


class NeighbourGraph:
    """Groups of rows that are merged by Ward's criterion.

    The cost of merging two groups is ``a b / (a + b) |c_a - c_b|^2``, with `a` and `b` their
    weights and `c` their centres: by this much the sum of squares within the groups grows.
    Two groups that are the nearest ones of each other may be merged before any others, and
    the tree of all merges stays the same [1]_. So many pairs are merged at once [2]_.

    Parameters
    ----------
    rows : ndarray of float, shape (g, d + 2)
        The centres, of the type that is computed with, and two columns of anything. They are
        worked on in place.
    weights : ndarray of float32, shape (g,)
        Rows in each group.
    member : ndarray of int32, shape (n,)
        Group of each row.
    random_state : int, default=0
        Seed of the parts.

    Attributes
    ----------
    rows : ndarray of float, shape (g, d + 2)
        The centres, their squared lengths and a column of ones: the squared distances of
        two groups are then one product of matrices.
    part : ndarray of int32, shape (g,)
        Part of the space that each group lies in, increasing.
    places : ndarray of float, shape (p, d)
        Centres of the parts.
    near : ndarray of int32, shape (g, lots)
        The nearest group of each lot of candidates.
    cost : ndarray of float32, shape (g, lots)
        Cost of merging with it; inf where there is none.
    known : ndarray of bool, shape (g,)
        Whether the least of the costs is up to date.

    References
    ----------
    .. [1] F. Murtagh, "A survey of recent advances in hierarchical clustering
       algorithms", Comput. J. 26, 354-359, 1983.
    .. [2] B. Sumengen, A. Rajagopalan, G. Citovsky et al., "Scaling hierarchical
       agglomerative clustering to billion-sized datasets", arXiv:2105.11653, 2021.
    """

    def __init__(
        self,
        rows: np.ndarray,
        weights: np.ndarray,
        member: np.ndarray,
        random_state: int | None = 0,
    ) -> None:
        g, d = len(rows), rows.shape[1] - SPARE
        self.rows = rows
        for block in row_blocks(g, d):
            self.rows[block, d] = np.einsum("ij,ij->i", rows[block, :d], rows[block, :d])
        self.rows[:, d + 1] = 1
        self.weights = weights
        self.member = member
        self.random_state = random_state
        n_lots = _count_lots(d)
        self.near = np.zeros((g, n_lots), dtype=np.int32)
        self.cost = np.full((g, n_lots), np.inf, dtype=np.float32)
        self._make_parts()

    def __len__(self) -> int:
        return len(self.weights)

    @property
    def centres(self) -> np.ndarray:
        """Centres of the groups `(g, d)`, a view."""
        return self.rows[:, :-SPARE]

    def _make_parts(self) -> None:
        """Cut the space into parts, and put the groups into their order."""
        g = self._n_parted = len(self)
        self.known = np.zeros(g, dtype=bool)
        n_parts = 1 if g <= CANDIDATES else g // PART_SIZE
        part, self.places = cut_into_parts(self.centres, n_parts, self.random_state)
        order = np.argsort(part, kind="stable")
        name = np.empty(g, dtype=np.int32)
        name[order] = np.arange(g, dtype=np.int32)
        self.part, self.member = part[order], name[self.member]
        self.weights = self.weights[order]
        # Some columns after the others, so that no copy is made of all of them.
        for start in range(0, self.rows.shape[1], COLUMNS_AT_ONCE):
            columns = slice(start, start + COLUMNS_AT_ONCE)
            self.rows[:, columns] = self.rows[order, columns]

    def look_around(self, n_jobs: int | None) -> None:
        """Look for the near groups of those that do not know them."""
        from threadpoolctl import threadpool_limits

        if len(self) <= self._n_parted // 2 and len(self.places) > 1:
            self._make_parts()
        ends = np.searchsorted(self.part, np.arange(len(self.places) + 1))
        tasks: list[tuple[int, np.ndarray]] = []
        for part, (start, stop) in enumerate(zip(ends[:-1], ends[1:], strict=True)):
            asking = start + np.flatnonzero(~self.known[start:stop])
            firsts = range(0, len(asking), ROWS_AT_ONCE)
            tasks += [(part, asking[first : first + ROWS_AT_ONCE]) for first in firsts]

        def look(task: tuple[int, np.ndarray]) -> None:
            self._look(task[1], self._candidates(task[0], ends))

        # Several at once with one thread each: no sum depends on the number of threads.
        with threadpool_limits(1):
            for _ in run_ordered(look, tasks, n_jobs=n_jobs):
                pass
        self.known[:] = True

    def _candidates(self, part: int, ends: np.ndarray) -> np.ndarray:
        """Return the groups of a part and of those around it, in increasing order."""
        offset = self.places - self.places[part]
        away = np.einsum("ij,ij->i", offset, offset)
        away[part] = -1
        order = np.argsort(away, kind="stable")
        n_within = np.cumsum(np.diff(ends)[order])
        chosen = np.sort(order[: 1 + np.searchsorted(n_within, CANDIDATES)])
        return np.concatenate([np.arange(ends[i], ends[i + 1]) for i in chosen])

    def _look(self, asking: np.ndarray, candidates: np.ndarray) -> None:
        left = self.rows[asking]
        left[:, :-2] *= -2
        left[:, -2:] = left[:, [-1, -2]]
        inverse = 1 / self.weights[asking, None]
        at = np.arange(len(asking))
        n_lots = self.near.shape[1]
        for lot in range(n_lots):
            # Not one after the other: each lot has some of every part.
            others = candidates[lot::n_lots]
            if not len(others):
                self.near[asking, lot], self.cost[asking, lot] = asking, np.inf
                continue
            cost = left @ self.rows[others].T
            cost /= inverse + 1 / self.weights[others]
            own = np.minimum(np.searchsorted(others, asking), len(others) - 1)
            itself = others[own] == asking
            cost[at[itself], own[itself]] = np.inf
            best = cost.argmin(axis=1)
            self.near[asking, lot] = others[best]
            self.cost[asking, lot] = np.maximum(cost[at, best], 0)

    def choose_pairs(self, at_most: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the pairs to merge next, at least one, each group in one of them at most."""
        g = len(self)
        least = self.cost.min(axis=1)
        rounding = np.finfo(self.rows.dtype).eps * (ROUNDING + self.rows.shape[1] / ROUNDING)
        blur = rounding * float(self.rows[:, -2].mean())
        bar = np.quantile(least, LOW, method="lower") + blur
        low = np.isfinite(self.cost) & (self.cost <= bar)
        beside, next_to, costs = self._siblings(bar)
        one = np.repeat(np.arange(g, dtype=np.int32), np.count_nonzero(low, axis=1))
        one = np.concatenate([one, beside])
        other = np.concatenate([self.near[low], next_to])
        cost = np.concatenate([self.cost[low], costs])
        bound = np.minimum(least[one], least[other])
        for slack in (1.0, SLACK):
            good = cost <= slack * bound + blur
            low_one, high_one = match_pairs(one[good], other[good], cost[good], g)
            if len(low_one) >= TOO_FEW * g:
                break
        return low_one[:at_most], high_one[:at_most]

    def _siblings(self, bar: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return pairs of groups whose nearest group is the same one, and costs up to `bar`.

        Where all lie equally far from each other, all know the same few near groups.
        """
        at = np.arange(len(self))
        first = self.cost.argmin(axis=1)
        nearest = self.near[at, first]
        order = np.lexsort((self.cost[at, first], nearest)).astype(np.int32)
        one, other = order[:-1], order[1:]
        same = nearest[one] == nearest[other]
        one, other = one[same], other[same]
        cost = np.empty(len(one), dtype=self.rows.dtype)
        for block in row_blocks(len(one), self.rows.shape[1]):
            offset = self.centres[one[block]] - self.centres[other[block]]
            cost[block] = np.einsum("ij,ij->i", offset, offset)
        cost /= 1 / self.weights[one] + 1 / self.weights[other]
        low = cost <= bar
        return one[low], other[low], cost[low]

    def merge(self, one: np.ndarray, other: np.ndarray) -> None:
        """Merge pairs of groups; the first of each takes the place of both."""
        g = len(self)
        share = self.weights[other] / (self.weights[one] + self.weights[other])
        for block in row_blocks(len(one), self.rows.shape[1]):
            merged = self.rows[one[block]]
            merged += share[block, None] * (self.rows[other[block]] - merged)
            merged[:, -2] = np.einsum("ij,ij->i", merged[:, :-2], merged[:, :-2])
            self.rows[one[block]] = merged
        self.weights[one] += self.weights[other]
        changed = np.zeros(g, dtype=bool)
        changed[one] = changed[other] = True
        # A merged group is not nearer to any other than the nearer of its parts was.
        nearest = self.near[np.arange(g), self.cost.argmin(axis=1)]
        self.known &= ~(changed | changed[nearest])
        self.cost[changed[self.near]] = np.inf
        kept = np.ones(g, dtype=bool)
        kept[other] = False
        name = np.cumsum(kept, dtype=np.int32) - np.int32(1)
        name[other] = name[one]
        self.member, self.near = name[self.member], name[self.near[kept]]
        self.cost, self.known, self.part = self.cost[kept], self.known[kept], self.part[kept]
        self.weights, self.rows = self.weights[kept], keep_rows(self.rows, np.flatnonzero(kept))


def keep_rows(rows: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Move the rows `kept`, in increasing order, to the front, and return these, a view.

    Examples
    --------
    >>> keep_rows(np.array([[1], [2], [3]]), np.array([0, 2])).tolist()
    [[1], [3]]
    """
    if len(kept) < len(rows):
        for block in row_blocks(len(kept), rows.shape[1]):
            rows[block] = rows[kept[block]]
    return rows[: len(kept)]


def match_pairs(
    one: np.ndarray, other: np.ndarray, cost: np.ndarray, n: int
) -> tuple[np.ndarray, np.ndarray]:
    """Take the pair of the least cost again and again, each group in one at most.

    Parameters
    ----------
    one, other : ndarray of int, shape (m,)
        Pairs of groups, which may come twice.
    cost : ndarray of float, shape (m,)
        Of pairs of one cost the first one comes first.
    n : int
        Number of groups.

    Returns
    -------
    low, high : ndarray of int
        The pairs taken, by increasing cost; the lower number first.

    Examples
    --------
    >>> pairs = np.array([[0, 1], [1, 2], [2, 3], [3, 2]]).T
    >>> [found.tolist() for found in match_pairs(*pairs, np.array([2.0, 1.0, 3.0, 3.0]), 4)]
    [[1], [2]]
    """
    order = np.argsort(cost, kind="stable")
    low, high = np.minimum(one, other)[order], np.maximum(one, other)[order]
    taken = [np.empty(0, dtype=np.int64)]
    free = np.ones(n, dtype=bool)
    left = np.arange(len(order))
    while len(left):
        first = np.full(n, len(order))
        np.minimum.at(first, low[left], left)
        np.minimum.at(first, high[left], left)
        best = left[(first[low[left]] == left) & (first[high[left]] == left)]
        taken.append(best)
        free[low[best]] = free[high[best]] = False
        left = left[free[low[left]] & free[high[left]]]
    chosen = np.sort(np.concatenate(taken))
    return low[chosen], high[chosen]


def _count_lots(d: int) -> int:
    return max(LOTS, -(-4 * CANDIDATES * d // LOT_BYTES))
