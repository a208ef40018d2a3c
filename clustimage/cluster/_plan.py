"""What a search for clusters would do for so many images, before it is run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from clustimage._core.errors import MemoryLimitError
from clustimage._core.memory import Budget
from clustimage._core.parallel import n_workers
from clustimage._core.plan import Step
from clustimage.cluster._candidates import MANY_ROWS
from clustimage.cluster._request import EXIF_METRICS, ClusterRequest, make_clusterer
from clustimage.cluster.clusterers import _dbscan, _hdbscan, _kmeans
from clustimage.cluster.clusterers._agglomerative import AgglomerativeClusterer
from clustimage.cluster.evaluators import _silhouette

__all__ = ["check_fits", "plan_clusters"]

NEEDS: dict[str, Callable[..., tuple[str, str, int]]] = {
    "kmeans": _kmeans.needs,
    "dbscan": _dbscan.needs,
    "hdbscan": _hdbscan.needs,
}
# The clusterers that find k themselves hold about so many labellings at once.
MOST_LABELLINGS = 50


def plan_clusters(
    n: int,
    n_columns: int,
    budget: Budget | None = None,
    request: ClusterRequest | None = None,
    *,
    n_jobs: int | None = -1,
    **arguments: Any,
) -> Step:
    """Return what `search_k` would do for n images, and the memory it would take.

    Parameters
    ----------
    n, n_columns : int
        Number of images, and of features of each.
    budget : Budget, optional
        What may be taken; None for no limit.
    request : ClusterRequest, optional
        What is asked for; by default it is made from `arguments`.
    n_jobs : int, default=-1
        Number of workers.
    **arguments
        Attributes of `ClusterRequest`, where no `request` is given.

    Returns
    -------
    Step
        With a `problem` where the budget is too small.

    Raises
    ------
    InvalidParameterError
        If a name or a number is not allowed, or two arguments cannot be combined.

    Examples
    --------
    >>> plan = plan_clusters(60_000, 200)
    >>> plan.what
    'the tree of 4,000 micro-clusters, silhouettes of a sample of 4,000 images'
    >>> plan.why
    '60,000 images are more than 20,000; their distances would take 28.8 GB'
    """
    request = ClusterRequest(**arguments) if request is None else request
    kept = 8 * n
    if request.metric in EXIF_METRICS:
        what = "photos within the radius of 'params_exif' of each other, by DBSCAN"
        return Step("cluster", what, f"metric={request.metric!r} was asked for", 300 * n, kept)
    words, why, peak, leaves, problem = _of_clusterer(n, n_columns, budget, n_jobs, request)
    labellings = 8 * n * min(MOST_LABELLINGS, request.most_clusters)
    copy = 8 * n * n_columns * (n <= MANY_ROWS)
    # That of the rows counts as part of the tree where there is a budget.
    peak += labellings + (0 if budget is not None and leaves == n else copy)
    if request.sim is None:
        scoring, scored = _of_evaluator(n, n_columns, request, n_jobs, cuts=leaves > 0)
        words, peak = f"{words}, {scoring}", max(peak, scored + labellings + copy)
    if leaves:
        kept += 32 * leaves + 4 * n * (leaves < n)
    return Step("cluster", words, why, peak, kept, problem=problem)


def check_fits(
    n: int, n_columns: int, budget: Budget | None, n_jobs: int | None, request: ClusterRequest
) -> None:
    """Raise `MemoryLimitError` where the clusterer takes more than is left."""
    problem = _of_clusterer(n, n_columns, budget, n_jobs, request)[-1]
    if problem:
        raise MemoryLimitError(problem)


def _of_clusterer(
    n: int, d: int, budget: Budget | None, n_jobs: int | None, request: ClusterRequest
) -> tuple[str, str, int, int, str]:
    """Return what the clusterer does, why, its bytes, the leaves of its tree, and a problem."""
    clusterer = make_clusterer(request, budget=budget, n_jobs=n_jobs)
    if isinstance(clusterer, AgglomerativeClusterer):
        road = clusterer.road(n, d, request.most_clusters)
        problem = "" if budget is None else road.problem(budget)
        return road.what, road.why, road.peak, road.leaves, problem
    if not isinstance(request.cluster, str):
        what = f"fit_predict of {type(request.cluster).__name__}"
        return what, "the memory that it takes is not known", 8 * n * d, 0, ""
    words, why, peak = NEEDS[request.cluster](n, d, request.metric, n_jobs=n_jobs)
    what = f"Clustering {n:,} images by {request.cluster}"
    instead = "Or give fewer images or features, or a smaller n_jobs."
    problem = "" if budget is None else budget.problem(peak, what=what, instead=instead)
    return words, why, peak, 0, problem


def _of_evaluator(
    n: int, d: int, request: ClusterRequest, n_jobs: int | None, *, cuts: bool
) -> tuple[str, int]:
    """Return what the evaluator does, and its bytes; `cuts` are those of one tree."""
    if request.evaluate == "silhouette":
        k = request.most_clusters
        # Other labellings do not lie within each other: each has columns of its own.
        columns = k if cuts or request.n_clusters is not None else k * (k + 1) // 2
        words, _, n_bytes = _silhouette.needs(
            n, d, request.metric, n_columns=min(n, columns), n_jobs=n_workers(n_jobs)
        )
        return words, n_bytes
    return str(request.evaluate), min(2**25, 16 * n * d) + 24 * n
