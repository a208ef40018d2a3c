"""``embedding="umap"``: uniform manifold approximation and projection (an extra)."""

from __future__ import annotations

import numpy as np

from clustimage._core.optional import import_optional
from clustimage._core.parameters import setting
from clustimage._core.plan import Step
from clustimage._core.validation import check_int, check_real
from clustimage.embedding._embedder import TransformingEmbedder
from clustimage.embedding._pca import principal_axes

__all__ = ["UMAPEmbedder"]

MIN_ROWS = 4
MIN_ROWS_FOR_SPECTRAL_START = 12
# Below, UMAP compares each row with each.
MIN_ROWS_FOR_SEARCH = 4096


class UMAPEmbedder(TransformingEmbedder):
    """Map the rows with UMAP [1]_; new rows can be embedded too.

    Needs the package ``umap-learn``: ``pip install 'clustimage[umap]'``. With a
    seed it runs in one thread, so that the same seed gives the same map. Rows that are
    equal count once and lie in one position.

    **Few rows.** As for t-SNE: one to three rows, and rows that are all equal, are
    mapped by their principal components. Fewer than 12 rows start from random (and
    seeded) positions.

    Parameters
    ----------
    n_neighbors : int, default=15
        Size of the neighbourhood, 2 at least; fewer where there are fewer rows.
    min_dist : float, default=0.1
        Least distance between points on the map, from 0 to 1.
    random_state : int, RandomState or None, default=0
        Seed.
    n_jobs : int, default=-1
        Number of threads, used without a seed; -1 is every core.

    Attributes
    ----------
    embedding_ : ndarray of shape (n, 2)
        Coordinates of the fitted rows, float32.
    umap_ : umap.UMAP or None
        The fitted object; None where the principal components were taken.
    n_features_in_ : int
        Number of columns.

    Raises
    ------
    MissingDependencyError
        On `fit`, if ``umap-learn`` is not installed.

    References
    ----------
    .. [1] L. McInnes, J. Healy, J. Melville (2018). UMAP: Uniform manifold approximation
       and projection for dimension reduction. arXiv:1802.03426.

    Examples
    --------
    >>> UMAPEmbedder(n_neighbors=5).get_params()["n_neighbors"]
    5
    """

    distinct_only = True

    def __init__(
        self,
        *,
        n_neighbors: int = 15,
        min_dist: float = 0.1,
        random_state: int | np.random.RandomState | None = 0,
        n_jobs: int | None = -1,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.min_dist = min_dist
        self.random_state = random_state
        self.n_jobs = n_jobs

    def _embed(self, X: np.ndarray) -> np.ndarray:
        umap = import_optional("umap", extra="umap", needed_by=setting("embedding", "umap"))
        n_neighbors = check_int("n_neighbors", self.n_neighbors, low=2)
        min_dist = check_real("min_dist", self.min_dist, low=0, high=1)
        self.umap_ = None
        if len(X) < MIN_ROWS or not np.ptp(X, axis=0).any():
            self.mean_, self.components_ = principal_axes(X, self.random_state)
            return self._embed_new(X)
        self.umap_ = umap.UMAP(
            n_neighbors=min(n_neighbors, len(X) - 1),
            min_dist=min_dist,
            init="spectral" if len(X) >= MIN_ROWS_FOR_SPECTRAL_START else "random",
            random_state=self.random_state,
            n_jobs=1 if self.random_state is not None else self.n_jobs,
        )
        return np.asarray(self.umap_.fit_transform(X))

    def _embed_new(self, X: np.ndarray) -> np.ndarray:
        if self.umap_ is not None:
            return np.asarray(self.umap_.transform(X))
        return np.asarray((X - self.mean_) @ self.components_.T)

    def _step(self, n: int, n_columns: int) -> Step:
        n_neighbors = min(n, check_int("n_neighbors", self.n_neighbors, low=2))
        # Measured: 380 MB for 60,000 rows of 200 columns.
        peak = n * (400 * n_neighbors + 6 * n_columns)
        if n < MIN_ROWS_FOR_SEARCH:
            peak += 8 * n * n
        why = f"{setting('embedding', 'umap')}, {n_neighbors} neighbours of each image"
        kept = n * (120 * n_neighbors + 8 * n_columns)
        return Step("embedding", "UMAP by umap-learn", why, peak, kept)
