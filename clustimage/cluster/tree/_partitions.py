"""Cut a space into parts that hold about as many rows each."""

from __future__ import annotations

import numpy as np

from clustimage._core.batches import row_blocks

__all__ = ["cut_into_parts"]

# Rows per part that the parts are learned from.
SAMPLE_SIZE = 64
# More parts are made in two steps: large ones, and each is cut again.
MOST_AT_ONCE = 256
BATCH_SIZE = 4096


def cut_into_parts(
    rows: np.ndarray, n_parts: int, random_state: int | None = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Cut the space that rows lie in by mini-batch k-means [1]_.

    Parameters
    ----------
    rows : ndarray of float, shape (n, d)
        Features.
    n_parts : int
        About how many parts, at most n; more than 256 are made in two steps.
    random_state : int, default=0
        Seed.

    Returns
    -------
    part : ndarray of int32, shape (n,)
        Part of each row.
    places : ndarray of float, shape (p, d)
        Centres of the parts.

    References
    ----------
    .. [1] D. Sculley, "Web-scale k-means clustering", WWW 2010, 1177-1178.

    Examples
    --------
    >>> part, places = cut_into_parts(np.array([[0.0], [0.1], [9.0], [9.1]]), 2)
    >>> bool(part[0] == part[1] != part[2] == part[3]), places.shape
    (True, (2, 1))
    """
    everything = np.arange(len(rows))
    if n_parts <= MOST_AT_ONCE:
        return _cut_at_once(rows, everything, n_parts, random_state)
    large, _ = _cut_at_once(rows, everything, round(n_parts**0.5), random_state)
    part = np.empty(len(rows), dtype=np.int32)
    places: list[np.ndarray] = []
    n_found = 0
    for i in range(large.max() + 1):
        inside = np.flatnonzero(large == i)
        if not len(inside):
            continue
        n_within = max(1, round(n_parts * len(inside) / len(rows)))
        found, centres = _cut_at_once(rows, inside, n_within, random_state)
        part[inside] = n_found + found
        n_found += len(centres)
        places.append(centres)
    return part, np.concatenate(places)


def _cut_at_once(
    rows: np.ndarray, inside: np.ndarray, n_parts: int, random_state: int | None
) -> tuple[np.ndarray, np.ndarray]:
    """Cut the space of the rows `inside`, of which no copy as a whole is made."""
    from sklearn.cluster import MiniBatchKMeans
    from threadpoolctl import threadpool_limits

    n, d = len(inside), rows.shape[1]
    if n_parts == 1:
        all_of_it = rows if n == len(rows) else rows[inside]
        return np.zeros(n, dtype=np.int32), all_of_it.mean(axis=0, keepdims=True)
    rng = np.random.default_rng(random_state)
    n_sampled = min(n, max(n_parts, SAMPLE_SIZE * min(n_parts, MOST_AT_ONCE)))
    some = inside[np.sort(rng.choice(n, n_sampled, replace=False))]
    model = MiniBatchKMeans(
        n_parts, n_init=1, max_iter=3, batch_size=BATCH_SIZE, random_state=random_state
    )
    # Threads wait for each other longer than they work while it looks for a start.
    with threadpool_limits(1):
        model.fit(rows[some])
    part = np.concatenate([model.predict(rows[inside[block]]) for block in row_blocks(n, d)])
    return part.astype(np.int32), model.cluster_centers_
