"""t-SNE by openTSNE (an extra): the map of many rows, and new rows on a finished map."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from clustimage._core.logs import progress
from clustimage._core.optional import import_optional
from clustimage._core.parallel import n_workers
from clustimage._distances.neighbours import nearest_of, nearest_rows

__all__ = ["NewRows", "initial_positions", "optimize_map"]

NEEDED_BY = "engine='opentsne'"

# Repulsion is interpolated on a grid, which takes most of the time. Cells of twice the
# width that openTSNE takes by itself need a quarter of it.
GRID = {"negative_gradient_method": "fft", "ints_in_interval": 2, "min_num_intervals": 50}

EXAGGERATED_STEPS = 250
EXAGGERATION = 12
MIN_LEARNING_RATE = 50.0
STEPS_PER_UPDATE = 50

# openTSNE's default for new rows: a neighbourhood small enough to have one position on the map.
PERPLEXITY_OF_NEW_ROWS = 5.0

# A new row equals one of the map if it is nearer than this share of the distance of the others.
MAX_DISTANCE_OF_EQUAL = 1e-4


def initial_positions(
    components: np.ndarray, random_state: int | np.random.RandomState | None
) -> np.ndarray:
    """Return the initial positions: the first two principal components, made very small.

    A little noise keeps apart rows that agree in both; with one component, the positions are
    all noise.

    Parameters
    ----------
    components : ndarray of shape (n, k)
        Rows on their principal components.
    random_state : int, RandomState or None
        Seed of the noise.

    Returns
    -------
    ndarray of shape (n, 2), float64
        The first column has the standard deviation 0.0001.
    """
    noise = check_random_state(random_state).normal(0, 1e-4, (len(components), 2))
    if components.shape[1] < 2 or not np.ptp(components[:, 1]) > 0:
        return np.asarray(noise)
    start = components[:, :2].astype(np.float64)
    return np.asarray(start * (1e-4 / start[:, 0].std()) + 0.01 * noise)


def optimize_map(
    rows: np.ndarray, start: np.ndarray, *, perplexity: float, n_iter: int, n_jobs: int | None
) -> tuple[np.ndarray, float]:
    """Return the map of `rows`, and the divergence that it reached.

    The map does not depend on the number of threads: neighbours are exact, forces are
    added up row by row, and the one sum over all threads, the divergence, has no effect
    on the map; it is taken in one thread at the end.

    Parameters
    ----------
    rows : ndarray of shape (n, k), float32
        Points; those that are near each other shall be near on the map.
    start : ndarray of shape (n, 2)
        Their initial positions.
    perplexity : float
        Neighbours that count; below `n`.
    n_iter : int
        Steps; the first 250 with attraction exaggerated.
    n_jobs : int or None
        Number of threads.

    Returns
    -------
    xycoord : ndarray of shape (n, 2), float32
        Positions on the map.
    kl_divergence : float
        Lower is better.
    """
    opentsne = import_optional("openTSNE", extra="tsne", needed_by=NEEDED_BY)
    affinity = import_optional("openTSNE.affinity", extra="tsne", needed_by=NEEDED_BY)
    n_neighbours = min(len(rows) - 1, int(3 * perplexity + 1))
    indices, distances = nearest_rows(rows, n_neighbours, n_jobs=n_jobs)
    n_threads = n_workers(n_jobs)
    attraction = affinity.joint_probabilities_nn(
        indices, distances, [min(perplexity, n_neighbours)], n_jobs=n_threads
    )
    del indices, distances
    embedding = opentsne.TSNEEmbedding(start, SimpleNamespace(P=attraction), **GRID)
    n_updates = (
        EXAGGERATED_STEPS // STEPS_PER_UPDATE + (n_iter - EXAGGERATED_STEPS) // STEPS_PER_UPDATE
    )
    updates = progress(
        range(n_updates), desc="Map", total=n_updates, unit=f"{STEPS_PER_UPDATE} steps"
    )

    def update(step: int, divergence: float, embedding: Any) -> None:
        next(updates, None)

    for steps, exaggeration, momentum in (
        (EXAGGERATED_STEPS, EXAGGERATION, 0.5),
        (n_iter - EXAGGERATED_STEPS, 1, 0.8),
    ):
        embedding.optimize(
            n_iter=steps,
            exaggeration=exaggeration,
            momentum=momentum,
            learning_rate=max(len(rows) / exaggeration, MIN_LEARNING_RATE),
            callbacks=[update],
            callbacks_every_iters=STEPS_PER_UPDATE,
            n_jobs=n_threads,
            inplace=True,
        )
    for _ in updates:
        pass
    embedding.optimize(n_iter=0, learning_rate=1.0, n_jobs=1, inplace=True)
    return np.array(embedding, dtype=np.float32), float(embedding.kl_divergence)


class NewRows:
    """Embeds new rows into a finished map: each by itself, the map stays as it is.

    A row begins at the median position of its nearest rows and moves for 250 steps by the
    forces of the map [1]_. A row that is on the map already gets its position there.

    Parameters
    ----------
    rows : ndarray of shape (n, k), float32
        The rows on the map.
    xycoord : ndarray of shape (n, 2)
        Their positions.

    References
    ----------
    .. [1] P. G. Poličar, M. Stražar, B. Zupan (2023). Embedding to reference t-SNE space
       addresses batch effects in single-cell classification. Machine Learning 112, 721-740.
    """

    def __init__(self, rows: np.ndarray, xycoord: np.ndarray) -> None:
        from scipy.sparse import csr_matrix

        opentsne = import_optional("openTSNE", extra="tsne", needed_by=NEEDED_BY)
        self.rows = rows
        self.xycoord = xycoord
        # Only its shape is used: openTSNE asks `to_new` for what attracts new rows.
        self.P = csr_matrix((len(rows), len(rows)))
        # openTSNE moves the centre of its map to the origin.
        self.centre = (xycoord.max(axis=0) + xycoord.min(axis=0)) / 2
        self.embedding = opentsne.TSNEEmbedding(xycoord - self.centre, self, **GRID)

    def embed(self, queries: np.ndarray) -> np.ndarray:
        """Return the positions of `queries` `(m, k)` on the map, float32 `(m, 2)`."""
        embedding = self.embedding.transform(queries, perplexity=PERPLEXITY_OF_NEW_ROWS)
        xycoord = (np.asarray(embedding) + self.centre).astype(np.float32)
        indices, distances = nearest_of(queries, self.rows, min(len(self.rows), 15))
        equal = distances[:, 0] <= MAX_DISTANCE_OF_EQUAL * distances[:, -1]
        xycoord[equal] = self.xycoord[indices[equal, 0]]
        return np.asarray(xycoord)

    def to_new(
        self, data: np.ndarray, perplexity: float, return_distances: bool = False
    ) -> tuple[Any, np.ndarray, np.ndarray]:
        """Return what attracts new rows, their neighbours and the distances to these."""
        affinity = import_optional("openTSNE.affinity", extra="tsne", needed_by=NEEDED_BY)
        n_neighbours = min(len(self.rows), int(3 * perplexity))
        indices, distances = nearest_of(data, self.rows, n_neighbours)
        attraction = affinity.joint_probabilities_nn(
            indices,
            distances,
            [min(perplexity, n_neighbours / 3)],
            symmetrize=False,
            normalization="point-wise",
            n_reference_samples=len(self.rows),
        )
        return attraction, indices, distances
