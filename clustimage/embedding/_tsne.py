"""``embedding="tsne"``: t-distributed stochastic neighbour embedding."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import numpy as np
from sklearn.manifold import TSNE

from clustimage._parallel import n_workers
from clustimage._validation import check_int, check_real
from clustimage.embedding._base import Embedder
from clustimage.embedding._pca import principal_axes

__all__ = ["TSNEEmbedder", "default_perplexity"]

FEWEST_ROWS = 4

# From here on a second thread saves more than it costs to wait for each other.
ROWS_FOR_TWO_THREADS = 1000


def default_perplexity(n_rows: int) -> float:
    """Return the perplexity for `n_rows` rows: 30, or a third of the neighbours where few.

    t-SNE looks at three times the perplexity as neighbours (van der Maaten,
    2014), so ``(n - 1) / 3`` is the most that `n` rows can give.

    Examples
    --------
    >>> default_perplexity(1000), default_perplexity(16)
    (30.0, 5.0)
    """
    return min(30.0, (n_rows - 1) / 3)


class TSNEEmbedder(Embedder):
    """Lay out the rows with t-SNE, so that neighbours stay neighbours.

    Computed by the Barnes-Hut algorithm of `sklearn.manifold.TSNE` [1]_,
    started from the first two principal components, with a learning rate that
    grows with the number of rows [2]_. t-SNE cannot place new rows: there is no
    ``transform``.

    **The same seed gives the same map**, whatever `n_jobs` is. The algorithm
    adds up one sum over all threads in the order in which they finish, which
    changes its last digits, and with them the map, from run to run. A sum of
    two parts has no order: with a seed, one thread is used below 1,000 rows and
    two from there on (one where the machine has one core). Without a seed
    (``random_state=None``) there are `n_jobs` threads, which is faster for many
    images on many cores.

    **Few rows.** One to three rows have no neighbourhoods to keep: they are laid
    out by their principal components; one row lies at (0, 0). Rows that are all
    equal all lie at (0, 0). Where fewer than two columns vary, the start is
    random (and seeded).

    Parameters
    ----------
    perplexity : float, optional
        How many neighbours count for a row, roughly; below the number of rows.
        Default: `default_perplexity`, 30 or ``(n - 1) / 3`` if that is less.
    n_iter : int, default=750
        Steps of the optimisation, 250 at least; the first 250 exaggerate the
        attraction. The default is that of openTSNE [3]_. Against 1,000 steps it saves
        a quarter of the time; the divergence is 0.1 to 0.3 % higher on 1,000 photos
        (PCA, HOG and hash features) and 1.6 % on the 1,797 digits, the neighbours
        that are kept (trustworthiness) the same to 0.002.
    angle : float, default=0.7
        How wide a group of distant rows may be seen to count as one, from 0 (exact,
        slow) to 1; scikit-learn calls the results alike from 0.2 to 0.8. Against its
        own default of 0.5, 1,000 photos (PCA, pHash) take about a quarter less time;
        the trustworthiness is the same to 0.003, the divergence to 4 %.
    random_state : int, RandomState or None, default=0
        Seed.
    n_jobs : int, default=-1
        Number of threads, used without a seed; -1 is every core.

    Attributes
    ----------
    embedding_ : ndarray of shape (n, 2)
        Coordinates, float32.
    kl_divergence_ : float
        Divergence that was reached; lower is better. NaN where t-SNE did not run.
    n_features_in_ : int
        Number of columns.

    References
    ----------
    .. [1] L. van der Maaten (2014). Accelerating t-SNE using tree-based algorithms.
       Journal of Machine Learning Research 15, 3221-3245.
    .. [2] D. Kobak, P. Berens (2019). The art of using t-SNE for single-cell
       transcriptomics. Nature Communications 10, 5416.
    .. [3] P. Poličar, M. Stražar, B. Zupan (2024). openTSNE: a modular Python library
       for t-SNE dimensionality reduction and embedding. J. of Statistical Software 109.

    Examples
    --------
    >>> import numpy as np
    >>> rows = np.random.default_rng(0).normal(size=(12, 5))
    >>> TSNEEmbedder(n_iter=250).fit_transform(rows).shape
    (12, 2)
    """

    def __init__(
        self,
        *,
        perplexity: float | None = None,
        n_iter: int = 750,
        angle: float = 0.7,
        random_state: int | np.random.RandomState | None = 0,
        n_jobs: int | None = -1,
    ) -> None:
        self.perplexity = perplexity
        self.n_iter = n_iter
        self.angle = angle
        self.random_state = random_state
        self.n_jobs = n_jobs

    def _embed(self, X: np.ndarray) -> np.ndarray:
        n_iter = check_int("n_iter", self.n_iter, low=250)
        perplexity = self._perplexity(len(X))
        n_varying = int(np.count_nonzero(np.ptp(X, axis=0)))
        self.kl_divergence_ = float("nan")
        if len(X) < FEWEST_ROWS or n_varying == 0:
            mean, axes = principal_axes(X, self.random_state)
            return np.asarray((X - mean) @ axes.T)
        solver = TSNE(
            init="pca" if n_varying > 1 else "random",
            learning_rate="auto",
            perplexity=perplexity,
            angle=check_real("angle", self.angle, low=0, high=1),
            random_state=self.random_state,
            n_jobs=self.n_jobs,
        )
        # scikit-learn 1.5 gave the number of steps another name.
        steps = "max_iter" if "max_iter" in solver.get_params() else "n_iter"
        solver.set_params(**{steps: n_iter})
        with self._threads(len(X)):
            coordinates = solver.fit_transform(X)
        self.kl_divergence_ = float(solver.kl_divergence_)
        return np.asarray(coordinates)

    def _perplexity(self, n_rows: int) -> float:
        if self.perplexity is None:
            return default_perplexity(n_rows)
        perplexity = check_real("perplexity", self.perplexity, low=0, low_open=True)
        return min(perplexity, max(n_rows - 1.0, 1.0) * 0.999)

    def _threads(self, n_rows: int) -> AbstractContextManager[object]:
        """Return the context in which the number of threads is that of the docstring."""
        from threadpoolctl import threadpool_limits

        if self.random_state is not None:
            n_threads = 1 if n_rows < ROWS_FOR_TWO_THREADS else 2
        elif self.n_jobs == -1:
            return nullcontext()
        else:
            n_threads = n_workers(self.n_jobs)
        return threadpool_limits(limits=n_threads, user_api="openmp")
