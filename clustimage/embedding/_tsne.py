"""``embedding="tsne"``: t-distributed stochastic neighbour embedding."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
from sklearn.manifold import TSNE
from sklearn.utils.metaestimators import available_if

from clustimage._core.logs import get_logger
from clustimage._core.optional import import_optional
from clustimage._core.parallel import n_workers
from clustimage._core.plan import Step
from clustimage._core.validation import check_int, check_option, check_real
from clustimage._decomposition.leading import leading_axes, project_on_axes
from clustimage.embedding._embedder import TransformingEmbedder
from clustimage.embedding._opentsne import NEEDED_BY, NewRows, initial_positions, optimize_map
from clustimage.embedding._pca import principal_axes

__all__ = ["TSNEEmbedder", "choose_engine", "default_perplexity"]

logger = get_logger(__name__)

ENGINES = ("auto", "scikit-learn", "opentsne")

MIN_ROWS = 4

# From here on openTSNE takes less time than scikit-learn, on two cores.
ROWS_FOR_OPENTSNE = 5000

# Neighbours of more columns than this are searched for among principal components.
MAX_COMPONENTS = 50

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


def has_opentsne() -> bool:
    """Return whether openTSNE is installed, without importing it."""
    return importlib.util.find_spec("openTSNE") is not None


def choose_engine(engine: Any, n: int) -> str:
    """Return which engine computes the map of `n` rows: ``"scikit-learn"`` or ``"opentsne"``.

    Parameters
    ----------
    engine : {"auto", "scikit-learn", "opentsne"}
        ``"auto"`` takes openTSNE from 5,000 rows on, where it is installed.
    n : int
        Number of rows.

    Raises
    ------
    InvalidParameterError
        If the name is not known.

    Examples
    --------
    >>> choose_engine("auto", 4999), choose_engine("opentsne", 4999)
    ('scikit-learn', 'opentsne')
    """
    if check_option("engine", engine, ENGINES) != "auto":
        return str(engine)
    return "opentsne" if n >= ROWS_FOR_OPENTSNE and has_opentsne() else "scikit-learn"


def _can_transform(owner: TSNEEmbedder) -> bool:
    return getattr(owner, "engine_", owner.engine) == "opentsne" and has_opentsne()


class TSNEEmbedder(TransformingEmbedder):
    """Map the rows with t-SNE, so that neighbours stay neighbours.

    Below 5,000 rows by the Barnes-Hut algorithm of `sklearn.manifold.TSNE` [1]_; from
    there on by openTSNE [3]_ where it is installed (``pip install 'clustimage[tsne]'``),
    which interpolates the repulsion on a grid [4]_, so that the time grows about in line
    with the number of rows. Both start from the first two principal components, with a
    learning rate that grows with the number of rows [2]_.

    **New rows** can be embedded into a map of openTSNE's, by `transform`. Into one of
    scikit-learn's they cannot: there is no ``transform`` then.

    **Many columns.** openTSNE's neighbours are exact. Of more than 50 columns, they are
    those among the first 50 principal components, as is usual for t-SNE [2]_.

    **The same seed gives the same map**, whatever `n_jobs` is. openTSNE's map depends on
    no order of threads. scikit-learn adds up one sum over all threads in the order in
    which they finish, which changes its last digits, and with them the map, from run to
    run. A sum of two parts has no order: with a seed, scikit-learn runs in one thread
    below 1,000 rows and in two from there on (one where the machine has one core);
    without a seed (``random_state=None``) in `n_jobs` threads.

    **Equal rows** count once, so that they lie in one position and do not fill up each
    other's neighbourhoods; where ``n`` is said here, they are counted once.

    **Few rows.** One to three rows have no neighbourhoods to keep: they are mapped
    by their principal components; one row lies at (0, 0). Rows that are all
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
        the trustworthiness is the same to 0.003, the divergence to 4 %. openTSNE's
        grid has no such angle.
    random_state : int, RandomState or None, default=0
        Seed.
    n_jobs : int, default=-1
        Number of threads, which scikit-learn uses without a seed only; -1 is every core.
    engine : {"auto", "scikit-learn", "opentsne"}, default="auto"
        What computes the map; ``"auto"`` as described above.

    Attributes
    ----------
    embedding_ : ndarray of shape (n, 2)
        Coordinates, float32.
    engine_ : {"scikit-learn", "opentsne"}
        What computed the map.
    kl_divergence_ : float
        Divergence that was reached; lower is better. NaN where t-SNE did not run.
    n_features_in_ : int
        Number of columns.

    Raises
    ------
    MissingDependencyError
        On `fit`, if `engine` is ``"opentsne"`` and it is not installed.

    References
    ----------
    .. [1] L. van der Maaten (2014). Accelerating t-SNE using tree-based algorithms.
       Journal of Machine Learning Research 15, 3221-3245.
    .. [2] D. Kobak, P. Berens (2019). The art of using t-SNE for single-cell
       transcriptomics. Nature Communications 10, 5416.
    .. [3] P. Poličar, M. Stražar, B. Zupan (2024). openTSNE: a modular Python library
       for t-SNE dimensionality reduction and embedding. J. of Statistical Software 109.
    .. [4] G. Linderman, M. Rachh, J. Hoskins, S. Steinerberger, Y. Kluger (2019). Fast
       interpolation-based t-SNE for improved visualization of single-cell RNA-seq data.
       Nature Methods 16, 243-245.

    Examples
    --------
    >>> import numpy as np
    >>> rows = np.random.default_rng(0).normal(size=(12, 5))
    >>> TSNEEmbedder(n_iter=250).fit_transform(rows).shape
    (12, 2)
    """

    distinct_only = True

    def __init__(
        self,
        *,
        perplexity: float | None = None,
        n_iter: int = 750,
        angle: float = 0.7,
        random_state: int | np.random.RandomState | None = 0,
        n_jobs: int | None = -1,
        engine: str = "auto",
    ) -> None:
        self.perplexity = perplexity
        self.n_iter = n_iter
        self.angle = angle
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.engine = engine

    # That of the base, where the map can take new rows.
    transform = available_if(_can_transform)(TransformingEmbedder.transform)

    def get_state(self) -> dict[str, Any] | None:
        """Return what embeds new rows, as arrays and numbers; None where nothing does."""
        if self.engine_ != "opentsne":
            return None
        names = ("engine_", "n_features_in_", "mean_", "components_", "rows_", "positions_")
        return {name: getattr(self, name) for name in (*names, "embedding_")}

    def set_state(self, state: Mapping[str, Any]) -> TSNEEmbedder:
        """Take what `get_state` of a fitted embedder returned, and return the object itself."""
        for name, value in state.items():
            setattr(self, name, value)
        # Files of before have every row of the map, equal ones too.
        self.positions_ = np.asarray(state.get("positions_", state["embedding_"]))
        self._new_rows: NewRows | None = None
        return self

    def __getstate__(self) -> dict[str, Any]:
        # openTSNE's object cannot be copied; it is made again when it is needed.
        state = dict(super().__getstate__())
        return {**state, "_new_rows": None} if "_new_rows" in state else state

    def _embed(self, X: np.ndarray) -> np.ndarray:
        n_iter = check_int("n_iter", self.n_iter, low=250)
        angle = check_real("angle", self.angle, low=0, high=1)
        perplexity = self._perplexity(len(X))
        n_varying = int(np.count_nonzero(np.ptp(X, axis=0)))
        engine = choose_engine(self.engine, len(X))
        if engine == "opentsne":
            import_optional("openTSNE", extra="tsne", needed_by=NEEDED_BY)
        self.engine_ = engine
        self.kl_divergence_ = float("nan")
        if len(X) < MIN_ROWS or n_varying == 0:
            return self._first_two(X)
        if engine == "opentsne":
            return self._by_opentsne(X, perplexity, n_iter)
        if self.engine == "auto" and len(X) >= ROWS_FOR_OPENTSNE:
            logger.info(
                "The map of so many images takes less time, and new images can be embedded too, "
                "with openTSNE: pip install 'clustimage[tsne]'"
            )
        solver = TSNE(
            init="pca" if n_varying > 1 else "random",
            learning_rate="auto",
            perplexity=perplexity,
            angle=angle,
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

    def _first_two(self, X: np.ndarray) -> np.ndarray:
        """Return the first two principal components: few rows have no neighbourhoods."""
        self.mean_, self.components_ = principal_axes(X, self.random_state)
        self.rows_ = self.positions_ = np.zeros((0, 2), dtype=np.float32)
        self._new_rows = None
        return np.asarray((X - self.mean_) @ self.components_.T)

    def _by_opentsne(self, X: np.ndarray, perplexity: float, n_iter: int) -> np.ndarray:
        n_components = min(MAX_COMPONENTS, X.shape[1])
        self.mean_, self.components_ = leading_axes(X, n_components, self.random_state)
        self.rows_ = project_on_axes(X, self.mean_, self.components_)
        self._new_rows = None
        self.positions_, self.kl_divergence_ = optimize_map(
            self.rows_,
            initial_positions(self.rows_, self.random_state),
            perplexity=perplexity,
            n_iter=n_iter,
            n_jobs=self.n_jobs,
        )
        return self.positions_

    def _embed_new(self, X: np.ndarray) -> np.ndarray:
        rows = project_on_axes(X, self.mean_, self.components_)
        if not len(self.rows_):
            return rows
        if self._new_rows is None:
            self._new_rows = NewRows(self.rows_, self.positions_)
        return self._new_rows.embed(rows)

    def _step(self, n: int, n_columns: int) -> Step:
        engine = choose_engine(self.engine, n)
        per_row = min(n, 3 * self._perplexity(n) + 1)  # neighbours
        if engine == "opentsne":
            n_components = min(MAX_COMPONENTS, n_columns)
            # Measured: 436 MB for 60,000 rows of 200 columns, of which 20 MB are the grid.
            peak = 20e6 + n * (80 * per_row + 4 * n_components) + 1000 * n_columns
            kept = n * (4 * n_components + 8) + n_columns * (4 * n_components + 8)
        else:
            # Measured: 91 MB for 10,000 rows of 200 columns.
            peak, kept = n * (100 * per_row + 4.0 * n_columns), n * 8
        what = "t-SNE by openTSNE" if engine == "opentsne" else "t-SNE by scikit-learn"
        why = f"{n:,} images {'<' if n < ROWS_FOR_OPENTSNE else '>='} {ROWS_FOR_OPENTSNE:,}"
        if self.engine != "auto":
            why = f"engine={self.engine!r}"
        elif n >= ROWS_FOR_OPENTSNE and engine != "opentsne":
            why += ", and openTSNE is not installed (pip install 'clustimage[tsne]')"
        return Step("embedding", what, why, int(peak), kept)

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
        limits: AbstractContextManager[object] = threadpool_limits(n_threads, user_api="openmp")
        return limits
