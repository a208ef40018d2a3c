"""What a search for clusters would do for so many images, before it is run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from clustimage._core.budget import Budget
from clustimage._core.errors import MemoryLimitError
from clustimage._core.parallel import n_workers
from clustimage._core.plan import Step
from clustimage.cluster._candidates import MANY_ROWS
from clustimage.cluster._request import EXIF_METRICS, check_request, make_clusterer, most_clusters
from clustimage.cluster.clusterers import _dbscan, _hdbscan, _kmeans
from clustimage.cluster.clusterers._agglomerative import AgglomerativeClusterer
from clustimage.cluster.evaluators import _silhouette

__all__ = ["check_fits", "plan_clusters"]

NEEDS: dict[str, Callable[..., tuple[str, str, int]]] = {
    "kmeans": _kmeans.needs,
    "dbscan": _dbscan.needs,
    "hdbscan": _hdbscan.needs,
}
# Of the data of a search, not of the request.
NOT_PLANNED = ("moments", "places", "random_state")
# The clusterers that find k themselves hold about so many labellings at once.
MOST_LABELLINGS = 50


def plan_clusters(
    n: int, n_columns: int, budget: Budget | None = None, *, n_jobs: int | None = -1, **request: Any
) -> Step:
    """Return what `search_k` would do for n images, and the memory it would take.

    Parameters
    ----------
    n, n_columns : int
        Number of images, and of features of each.
    budget : Budget, optional
        What may be taken; None for no limit.
    n_jobs : int, default=-1
        Number of workers.
    **request
        As for `search_k`, without the features.

    Returns
    -------
    Step
        With a `problem` where the budget is too small.

    Raises
    ------
    InvalidParameterError
        If a name or a number is not allowed, or the parts do not go together.

    Examples
    --------
    >>> plan = plan_clusters(60_000, 200)
    >>> plan.what
    'the tree of 4,000 micro-clusters, silhouettes of a sample of 4,000 images'
    >>> plan.why
    '60,000 images are more than 20,000; their distances would take 28.8 GB'
    """
    asked = check_request(
        **{name: value for name, value in request.items() if name not in NOT_PLANNED}
    )
    kept = 8 * n
    if asked["metric"] in EXIF_METRICS:
        what = "photos within the radius of 'params_exif' of each other, by DBSCAN"
        return Step("cluster", what, f"metric={asked['metric']!r} was asked for", 300 * n, kept)
    words, why, peak, leaves, problem = _of_clusterer(n, n_columns, budget, n_jobs, asked)
    labellings = 8 * n * min(MOST_LABELLINGS, most_clusters(asked))
    copy = 8 * n * n_columns * (n <= MANY_ROWS)
    # That of the rows counts as part of the tree where there is a budget.
    peak += labellings + (0 if budget is not None and leaves == n else copy)
    if asked["sim"] is None:
        scoring, scored = _of_evaluator(n, n_columns, asked, n_jobs, cuts=leaves > 0)
        words, peak = f"{words}, {scoring}", max(peak, scored + labellings + copy)
    if leaves:
        kept += 32 * leaves + 4 * n * (leaves < n)
    return Step("cluster", words, why, peak, kept, problem=problem)


def check_fits(
    n: int, n_columns: int, budget: Budget | None, n_jobs: int | None, asked: dict[str, Any]
) -> None:
    """Raise `MemoryLimitError` where the clusterer takes more than is left."""
    problem = _of_clusterer(n, n_columns, budget, n_jobs, asked)[-1]
    if problem:
        raise MemoryLimitError(problem)


def _of_clusterer(
    n: int, d: int, budget: Budget | None, n_jobs: int | None, asked: dict[str, Any]
) -> tuple[str, str, int, int, str]:
    """Return what the clusterer does, why, its bytes, the leaves of its tree, and a problem."""
    clusterer = make_clusterer(asked["cluster"], {**asked, "budget": budget, "n_jobs": n_jobs})
    if isinstance(clusterer, AgglomerativeClusterer):
        road = clusterer.road(n, d, most_clusters(asked))
        problem = "" if budget is None else road.problem(budget)
        return road.what, road.why, road.peak, road.leaves, problem
    if not isinstance(asked["cluster"], str):
        what = f"fit_predict of {type(asked['cluster']).__name__}"
        return what, "the memory that it takes is not known", 8 * n * d, 0, ""
    words, why, peak = NEEDS[asked["cluster"]](n, d, asked["metric"], n_jobs=n_jobs)
    what = f"Clustering {n:,} images by {asked['cluster']}"
    instead = "Or give fewer images or features, or a smaller n_jobs."
    problem = "" if budget is None else budget.problem(peak, what=what, instead=instead)
    return words, why, peak, 0, problem


def _of_evaluator(
    n: int, d: int, asked: dict[str, Any], n_jobs: int | None, *, cuts: bool
) -> tuple[str, int]:
    """Return what the evaluator does, and its bytes; `cuts` are those of one tree."""
    if asked["evaluate"] == "silhouette":
        k = most_clusters(asked)
        # Other labellings do not lie within each other: each has columns of its own.
        columns = k if cuts or asked["n_clusters"] is not None else k * (k + 1) // 2
        words, _, n_bytes = _silhouette.needs(
            n, d, asked["metric"], n_columns=min(n, columns), n_jobs=n_workers(n_jobs)
        )
        return words, n_bytes
    return str(asked["evaluate"]), min(2**25, 16 * n * d) + 24 * n
