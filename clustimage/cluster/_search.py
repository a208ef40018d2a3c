"""Score every candidate labelling and keep the best."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from clustimage._core.logs import get_logger
from clustimage._core.memory import Budget, format_bytes
from clustimage._core.parallel import n_workers
from clustimage._distances.metrics import check_rows
from clustimage.cluster._candidates import Candidates
from clustimage.cluster._clusterer import Clusterer
from clustimage.cluster._counts import plan_counts, widened_end
from clustimage.cluster._labels import order_labels
from clustimage.cluster._levels import find_levels, pick_level
from clustimage.cluster._plan import MAX_ROWS_COPIED, plan_clusters
from clustimage.cluster._registry import EVALUATORS
from clustimage.cluster._request import ClusterRequest, make_clusterer
from clustimage.cluster._result import Clustering
from clustimage.cluster.graph._graph_space import GraphSpace, build_graph_space
from clustimage.cluster.tree._cannot_link import read_groups
from clustimage.cluster.tree._combined_distance import check_locations, check_seconds
from clustimage.cluster.tree._linkage import cut_tree_k
from clustimage.cluster.tree._similarity_cut import Unscored

__all__ = ["search_k", "search_with_remark"]

logger = get_logger(__name__)

# The largest share of what is left that a copy of the rows may take.
SHARE_OF_COPY = 0.25


def search_k(
    X: ArrayLike,
    request: ClusterRequest | None = None,
    *,
    timestamps: ArrayLike | None = None,
    locations: ArrayLike | None = None,
    random_state: int | None = 0,
    n_jobs: int | None = -1,
    budget: Budget | None = None,
    space: GraphSpace | None = None,
    **arguments: Any,
) -> Clustering:
    """Find the natural groups of the rows of `X`.

    The clusterer makes candidate labellings, the evaluator scores each, the best is kept.
    With ``sim`` or ``distance_threshold`` there is no search: one tree is cut at one height.

    Parameters
    ----------
    X : array-like of shape (n, d)
        Features, one row per image; finite numbers.
    request : ClusterRequest, optional
        What is asked for; by default it is made from `arguments`.
    timestamps : array-like of float, shape (n,), optional
        When each image was taken, in seconds; used where ``time_weight`` is above 0.
    locations : array-like of float, shape (n, 2), optional
        Where each image was taken, latitude and longitude in degrees, compared by the
        haversine formula; used where ``place_weight`` is above 0. NaN is not known: where
        one of two images has no location, the mean of ``d_place / max(d_place)`` over the
        pairs that have one stands in, which brings the two neither together nor apart.
    random_state : int, default=0
        Seed, for kmeans, micro-clusters and samples: the same seed gives the same labels.
    n_jobs : int, default=-1
        Number of workers; -1 uses every core.
    budget : Budget, optional
        What memory may be taken; None for no limit.
    space : GraphSpace, optional
        That of `X` and the metric, for ``cluster_space="graph"``; made where it is not given.
    **arguments
        Attributes of `ClusterRequest`, where no `request` is given.

    Returns
    -------
    Clustering
        Labels, scores and tree. If fewer rows differ than the least k that is
        searched, equal rows are one cluster each, and a warning says so.

    Raises
    ------
    InvalidParameterError
        If a name or a number is not allowed, two arguments cannot be combined, or there
        are too few images for the numbers of clusters; before any work. With
        ``cannot_link`` also if all those numbers are too small.
    InvalidDataError
        If `X` is not a finite matrix, the metric cannot compare its rows, or dbscan
        or hdbscan finds no labelling with an allowed number of clusters.
    MemoryLimitError
        If what a tree is built from does not fit into memory or the budget; before any
        work.

    Examples
    --------
    >>> X = [[0.0], [0.1], [0.2], [5.0], [5.1], [9.0], [9.1]]
    >>> found = search_k(X, min_clust=2)
    >>> found.labels.tolist()
    [0, 0, 0, 1, 1, 2, 2]
    >>> found.score["clusters"]
    [2, 3, 4, 5, 6]
    >>> search_k(X, sim=0.5).labels.tolist()
    [1, 1, 1, 0, 0, 0, 0]
    >>> search_k(X, sim=0.5, cannot_link=["a", "a", "", "", "", "", ""]).labels.tolist()
    [2, 1, 1, 0, 0, 0, 0]
    >>> search_k(X, sim=0.5, time_weight=1, timestamps=[0, 9, 9, 9, 9, 9, 0]).labels.tolist()
    [1, 0, 0, 0, 0, 0, 1]
    """
    request = ClusterRequest(**arguments) if request is None else request
    found, remark = search_with_remark(
        X,
        request,
        timestamps=timestamps,
        locations=locations,
        random_state=random_state,
        n_jobs=n_jobs,
        budget=budget,
        space=space,
    )
    remark()
    return found


def search_with_remark(
    X: ArrayLike,
    request: ClusterRequest,
    *,
    timestamps: ArrayLike | None = None,
    locations: ArrayLike | None = None,
    random_state: int | None = 0,
    n_jobs: int | None = -1,
    budget: Budget | None = None,
    space: GraphSpace | None = None,
) -> tuple[Clustering, Callable[[], None]]:
    """Return what `search_k` returns, and a function that logs what to know about it."""
    request.check_method(None)
    evaluator = Unscored() if request.is_cut else EVALUATORS[request.evaluate]()
    rows = check_rows("feat", X)
    plan_clusters(len(rows), rows.shape[1], budget, request, n_jobs=n_jobs).check()
    edges = None
    if request.cluster_space == "graph":
        if space is None:
            space = build_graph_space(
                rows, request.metric, random_state=random_state, n_jobs=n_jobs
            )
        rows, edges = space.coordinates, space.edges
    matrix = _as_floats(rows, budget)
    seconds = check_seconds(timestamps, request.time_weight, len(matrix))
    degrees = check_locations(locations, request.place_weight, len(matrix))
    groups = read_groups(request.cannot_link, len(matrix))
    clusterer = make_clusterer(
        request,
        timestamps=seconds,
        locations=degrees,
        random_state=random_state,
        n_jobs=n_jobs,
        budget=budget,
        space=space,
        edges=edges,
    )
    params = {**request.params, "random_state": random_state, "max_clust": request.end}
    params["cluster"] = (
        request.cluster if isinstance(request.cluster, str) else repr(request.cluster)
    )
    params["cannot_link"] = None if groups is None else groups.n_shared
    known = [given for given in (seconds, degrees) if given is not None]
    metadata = np.column_stack(known) if known else None
    plan = plan_counts(matrix, request, clusterer, evaluator, metadata, groups)
    if plan.too_alike and plan.names is not None:
        return _one_per_row(plan.names, params), partial(_log_equal_rows, plan.names, params)

    def scores_of(candidates: Candidates) -> np.ndarray:
        return evaluator.score(
            matrix,
            candidates,
            metric=request.rows_metric,
            n_jobs=n_workers(n_jobs),
            random_state=random_state,
        )

    candidates = clusterer.candidates(matrix, plan.counts)
    scores = scores_of(candidates)
    best = evaluator.choose(candidates.counts, scores)
    end = widened_end(
        plan, request, candidates.counts, best, len(matrix), chooses_k=clusterer.chooses_k
    )
    if end is not None:
        request = replace(request, max_clust=end)
        plan = plan_counts(matrix, request, clusterer, evaluator, metadata, groups)
        candidates = _with_more(candidates, clusterer, matrix, plan.counts)
        scores = scores_of(candidates)
        best = evaluator.choose(candidates.counts, scores)
        params["max_clust"] = end
    found = candidates.counts
    if request.level is not None:
        levels = find_levels(
            found, scores.tolist(), best, higher_is_better=evaluator.higher_is_better
        )
        best = pick_level(levels, request.level).position
        remark = partial(logger.info, "Level %s: %d clusters.", request.level, found[best])
    else:
        remark = partial(plan.warn_about, found, best, candidates.least)
    table: dict[str, list[Any]] = {
        "cluster_threshold": list(candidates.thresholds),
        "clusters": found,
        "score": scores.tolist(),
    }
    if evaluator.errors_ is not None:
        table["standard_error"] = evaluator.errors_.tolist()
    clustering = Clustering(
        labels=order_labels(candidates.labels[best], request.min_size),
        params=params,
        score=table,
        best=best,
        varied=candidates.varied,
        tree=candidates.Z,
        n_found=found[best],
        height=candidates.height,
        n_allowed=candidates.n_allowed,
        micro=candidates.micro,
    )
    return clustering, remark


def _with_more(
    candidates: Candidates, clusterer: Clusterer, X: np.ndarray, counts: Sequence[int]
) -> Candidates:
    """Return labellings with all of `counts`: more cuts of the tree, where there is one."""
    if not clusterer.chooses_k:
        return clusterer.candidates(X, counts)
    more = [k for k in counts if k > candidates.thresholds[-1]]
    if candidates.Z is not None:
        more = [k for k in more if k <= len(candidates.Z) + 1]
        labels = [cut_tree_k(candidates.Z, k, candidates.micro) for k in more]
    else:
        labels = clusterer.candidates(X, more).labels
    return replace(
        candidates,
        labels=[*candidates.labels, *labels],
        thresholds=[*candidates.thresholds, *more],
    )


def _as_floats(rows: np.ndarray, budget: Budget | None) -> np.ndarray:
    """Return a float64 copy of at most 20,000 rows, if it is small enough, else the rows."""
    if len(rows) > MAX_ROWS_COPIED:
        return rows
    n_bytes = 8 * rows.size
    if budget is None or n_bytes <= SHARE_OF_COPY * budget.left:
        return rows.astype(np.float64)
    logger.info(
        "Clustering %d columns of %s as they are: a copy as float64 would take %s (%s).",
        rows.shape[1],
        rows.dtype,
        format_bytes(n_bytes),
        budget.words,
    )
    return rows


def _one_per_row(names: np.ndarray, params: dict[str, Any]) -> Clustering:
    """Return the clustering in which equal images, and no others, are together."""
    k = int(names.max()) + 1
    score: dict[str, list[Any]] = {"cluster_threshold": [k], "clusters": [k], "score": [np.nan]}
    return Clustering(order_labels(names, params["min_size"]), params, score, n_found=k)


def _log_equal_rows(names: np.ndarray, params: dict[str, Any]) -> None:
    """Say that equal images, and no others, are together."""
    n, k = len(names), int(names.max()) + 1
    compared = ["features"]
    compared += ["timestamps"] * (params["time_weight"] > 0)
    compared += ["locations"] * (params["place_weight"] > 0)
    if k == 1:
        what = " and ".join(compared)
        logger.warning("All %d images have equal %s: they are one cluster, 0.", n, what)
    else:
        logger.warning(
            "Only %d of the %d images have different %s%s: equal images are one cluster each.",
            k,
            n,
            " or ".join(compared),
            " or are kept apart" if params["cannot_link"] else "",
        )
