"""Groups of rows, the nearest groups of each, and which of them are merged next."""

from __future__ import annotations

import numpy as np

from clustimage._core.batches import row_blocks
from clustimage._core.parallel import run_ordered

__all__ = [
    "CANDIDATES_PER_GROUP",
    "EXTRA_COLUMNS",
    "NeighbourGraph",
    "keep_rows",
    "match_pairs",
    "partition_rows",
]

# Columns behind those of the centres.
EXTRA_COLUMNS = 2

# Each group is compared with about so many others: those in the partitions around it.
CANDIDATES_PER_GROUP = 4096
# Groups of one partition, on average: many small ones around a group are nearer than a few
# large ones.
GROUPS_PER_PARTITION = 128
# The candidates are compared in so many batches or more, of at most so many bytes, and the
# nearest one of each batch is kept.
MIN_BATCHES, MAX_BATCH_BYTES = 8, 2**25
# Groups that are compared with a batch together.
GROUPS_PER_TASK = 1024
# Columns that are put into order together.
COLUMNS_PER_COPY = 64
# Two groups are merged where neither has a nearer one. Where fewer than this share of the
# groups have such a partner, the cost may be larger by this factor.
MIN_MATCHED_SHARE, COST_FACTOR = 1 / 32, 1.1
# The rounding error of a sum of products, in units of the precision of its type, as a rule.
ROUNDING_FACTOR = 10
# Groups whose cost of merging is above this quantile of all are not merged yet.
COST_QUANTILE = 0.75

# Rows per partition that the partitions are fitted to.
ROWS_SAMPLED_PER_PARTITION = 64
# More partitions are made in two steps: large ones, and each is partitioned again.
MAX_PARTITIONS_AT_ONCE = 256
ROWS_PER_BATCH = 4096


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
        Seed of the partitions.

    Attributes
    ----------
    rows : ndarray of float, shape (g, d + 2)
        The centres, their squared lengths and a column of ones: the squared distances of
        two groups are then one product of matrices.
    partition : ndarray of int32, shape (g,)
        Partition that each group lies in, increasing.
    partition_centres : ndarray of float, shape (p, d)
        Centres of the partitions.
    nearest : ndarray of int32, shape (g, batches)
        The nearest group of each batch of candidates.
    cost : ndarray of float32, shape (g, batches)
        Cost of merging with it; inf where there is none.
    current : ndarray of bool, shape (g,)
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
        g, d = len(rows), rows.shape[1] - EXTRA_COLUMNS
        self.rows = rows
        for block in row_blocks(g, d):
            self.rows[block, d] = np.einsum("ij,ij->i", rows[block, :d], rows[block, :d])
        self.rows[:, d + 1] = 1
        self.weights = weights
        self.member = member
        self.random_state = random_state
        n_batches = _count_batches(d)
        self.nearest = np.zeros((g, n_batches), dtype=np.int32)
        self.cost = np.full((g, n_batches), np.inf, dtype=np.float32)
        self._partition()

    def __len__(self) -> int:
        return len(self.weights)

    @property
    def centres(self) -> np.ndarray:
        """Centres of the groups `(g, d)`, a view."""
        return self.rows[:, :-EXTRA_COLUMNS]

    def _partition(self) -> None:
        """Partition the space, and sort the groups by partition."""
        g = self._n_partitioned = len(self)
        self.current = np.zeros(g, dtype=bool)
        n_partitions = 1 if g <= CANDIDATES_PER_GROUP else g // GROUPS_PER_PARTITION
        partition, self.partition_centres = partition_rows(
            self.centres, n_partitions, self.random_state
        )
        order = np.argsort(partition, kind="stable")
        name = np.empty(g, dtype=np.int32)
        name[order] = np.arange(g, dtype=np.int32)
        self.partition, self.member = partition[order], name[self.member]
        self.weights = self.weights[order]
        # Some columns after the others, so that no copy is made of all of them.
        for start in range(0, self.rows.shape[1], COLUMNS_PER_COPY):
            columns = slice(start, start + COLUMNS_PER_COPY)
            self.rows[:, columns] = self.rows[order, columns]

    def update_nearest(self, n_jobs: int | None) -> None:
        """Search the nearest groups of those whose nearest ones have changed."""
        from threadpoolctl import threadpool_limits

        if len(self) <= self._n_partitioned // 2 and len(self.partition_centres) > 1:
            self._partition()
        ends = np.searchsorted(self.partition, np.arange(len(self.partition_centres) + 1))
        tasks: list[tuple[int, np.ndarray]] = []
        for partition, (start, stop) in enumerate(zip(ends[:-1], ends[1:], strict=True)):
            queries = start + np.flatnonzero(~self.current[start:stop])
            firsts = range(0, len(queries), GROUPS_PER_TASK)
            tasks += [(partition, queries[first : first + GROUPS_PER_TASK]) for first in firsts]

        def search(task: tuple[int, np.ndarray]) -> None:
            self._search(task[1], self._candidates(task[0], ends))

        # Several at once with one thread each: no sum depends on the number of threads.
        with threadpool_limits(1):
            for _ in run_ordered(search, tasks, n_jobs=n_jobs):
                pass
        self.current[:] = True

    def _candidates(self, partition: int, ends: np.ndarray) -> np.ndarray:
        """Return the groups of a partition and of those around it, in increasing order."""
        offset = self.partition_centres - self.partition_centres[partition]
        away = np.einsum("ij,ij->i", offset, offset)
        away[partition] = -1
        order = np.argsort(away, kind="stable")
        n_within = np.cumsum(np.diff(ends)[order])
        chosen = np.sort(order[: 1 + np.searchsorted(n_within, CANDIDATES_PER_GROUP)])
        return np.concatenate([np.arange(ends[i], ends[i + 1]) for i in chosen])

    def _search(self, queries: np.ndarray, candidates: np.ndarray) -> None:
        left = self.rows[queries]
        left[:, :-2] *= -2
        left[:, -2:] = left[:, [-1, -2]]
        inverse = 1 / self.weights[queries, None]
        at = np.arange(len(queries))
        n_batches = self.nearest.shape[1]
        for batch in range(n_batches):
            # Interleaved: each batch has some groups of every partition.
            others = candidates[batch::n_batches]
            if not len(others):
                self.nearest[queries, batch], self.cost[queries, batch] = queries, np.inf
                continue
            cost = left @ self.rows[others].T
            cost /= inverse + 1 / self.weights[others]
            own = np.minimum(np.searchsorted(others, queries), len(others) - 1)
            itself = others[own] == queries
            cost[at[itself], own[itself]] = np.inf
            best = cost.argmin(axis=1)
            self.nearest[queries, batch] = others[best]
            self.cost[queries, batch] = np.maximum(cost[at, best], 0)

    def choose_pairs(self, at_most: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the pairs to merge next, at least one, each group in one of them at most."""
        g = len(self)
        least = self.cost.min(axis=1)
        n_precisions = ROUNDING_FACTOR + self.rows.shape[1] / ROUNDING_FACTOR
        rounding = np.finfo(self.rows.dtype).eps * n_precisions
        rounding_error = rounding * float(self.rows[:, -2].mean())
        threshold = np.quantile(least, COST_QUANTILE, method="lower") + rounding_error
        low = np.isfinite(self.cost) & (self.cost <= threshold)
        one_sibling, other_sibling, costs = self._siblings(threshold)
        one = np.repeat(np.arange(g, dtype=np.int32), np.count_nonzero(low, axis=1))
        one = np.concatenate([one, one_sibling])
        other = np.concatenate([self.nearest[low], other_sibling])
        cost = np.concatenate([self.cost[low], costs])
        bound = np.minimum(least[one], least[other])
        for factor in (1.0, COST_FACTOR):
            good = cost <= factor * bound + rounding_error
            low_one, high_one = match_pairs(one[good], other[good], cost[good], g)
            if len(low_one) >= MIN_MATCHED_SHARE * g:
                break
        return low_one[:at_most], high_one[:at_most]

    def _siblings(self, threshold: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return pairs of groups whose nearest group is the same one, and costs up to `threshold`.

        Where all lie equally far from each other, all have the same few nearest groups.
        """
        at = np.arange(len(self))
        first = self.cost.argmin(axis=1)
        nearest = self.nearest[at, first]
        order = np.lexsort((self.cost[at, first], nearest)).astype(np.int32)
        one, other = order[:-1], order[1:]
        same = nearest[one] == nearest[other]
        one, other = one[same], other[same]
        cost = np.empty(len(one), dtype=self.rows.dtype)
        for block in row_blocks(len(one), self.rows.shape[1]):
            offset = self.centres[one[block]] - self.centres[other[block]]
            cost[block] = np.einsum("ij,ij->i", offset, offset)
        cost /= 1 / self.weights[one] + 1 / self.weights[other]
        low = cost <= threshold
        return one[low], other[low], cost[low]

    def merge(self, one: np.ndarray, other: np.ndarray) -> None:
        """Merge pairs of groups; the first of each becomes both."""
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
        # A merged group is not nearer to any other than the nearer of the two was.
        nearest = self.nearest[np.arange(g), self.cost.argmin(axis=1)]
        self.current &= ~(changed | changed[nearest])
        self.cost[changed[self.nearest]] = np.inf
        kept = np.ones(g, dtype=bool)
        kept[other] = False
        name = np.cumsum(kept, dtype=np.int32) - np.int32(1)
        name[other] = name[one]
        self.member, self.nearest = name[self.member], name[self.nearest[kept]]
        self.cost, self.current = self.cost[kept], self.current[kept]
        self.partition = self.partition[kept]
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


def _count_batches(d: int) -> int:
    return max(MIN_BATCHES, -(-4 * CANDIDATES_PER_GROUP * d // MAX_BATCH_BYTES))


def partition_rows(
    rows: np.ndarray, n_partitions: int, random_state: int | None = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Partition the space that rows lie in by mini-batch k-means [1]_.

    Parameters
    ----------
    rows : ndarray of float, shape (n, d)
        Features.
    n_partitions : int
        About how many partitions, at most n; more than 256 are made in two steps.
    random_state : int, default=0
        Seed.

    Returns
    -------
    partition : ndarray of int32, shape (n,)
        Partition of each row.
    partition_centres : ndarray of float, shape (p, d)
        Centres of the partitions.

    References
    ----------
    .. [1] D. Sculley, "Web-scale k-means clustering", WWW 2010, 1177-1178.

    Examples
    --------
    >>> partition, partition_centres = partition_rows(np.array([[0.0], [0.1], [9.0], [9.1]]), 2)
    >>> bool(partition[0] == partition[1] != partition[2] == partition[3]), partition_centres.shape
    (True, (2, 1))
    """
    everything = np.arange(len(rows))
    if n_partitions <= MAX_PARTITIONS_AT_ONCE:
        return _partition_at_once(rows, everything, n_partitions, random_state)
    large, _ = _partition_at_once(rows, everything, round(n_partitions**0.5), random_state)
    partition = np.empty(len(rows), dtype=np.int32)
    partition_centres: list[np.ndarray] = []
    n_found = 0
    for i in range(large.max() + 1):
        inside = np.flatnonzero(large == i)
        if not len(inside):
            continue
        n_within = max(1, round(n_partitions * len(inside) / len(rows)))
        found, centres = _partition_at_once(rows, inside, n_within, random_state)
        partition[inside] = n_found + found
        n_found += len(centres)
        partition_centres.append(centres)
    return partition, np.concatenate(partition_centres)


def _partition_at_once(
    rows: np.ndarray, inside: np.ndarray, n_partitions: int, random_state: int | None
) -> tuple[np.ndarray, np.ndarray]:
    """Partition the space of the rows `inside`, of which no copy as a whole is made."""
    from sklearn.cluster import MiniBatchKMeans
    from threadpoolctl import threadpool_limits

    n, d = len(inside), rows.shape[1]
    if n_partitions == 1:
        some = rows if n == len(rows) else rows[inside]
        return np.zeros(n, dtype=np.int32), some.mean(axis=0, keepdims=True)
    rng = np.random.default_rng(random_state)
    n_sampled = min(
        n, max(n_partitions, ROWS_SAMPLED_PER_PARTITION * min(n_partitions, MAX_PARTITIONS_AT_ONCE))
    )
    some = inside[np.sort(rng.choice(n, n_sampled, replace=False))]
    model = MiniBatchKMeans(
        n_partitions, n_init=1, max_iter=3, batch_size=ROWS_PER_BATCH, random_state=random_state
    )
    # Threads wait for each other longer than they work while it looks for a start.
    with threadpool_limits(1):
        model.fit(rows[some])
    partition = np.concatenate([model.predict(rows[inside[block]]) for block in row_blocks(n, d)])
    return partition.astype(np.int32), model.cluster_centers_
