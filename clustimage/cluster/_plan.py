"""What a search for clusters would do for so many images, before it is run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from clustimage._core.memory import Budget
from clustimage._core.parallel import n_workers
from clustimage._core.parameters import setting
from clustimage._core.plan import Step
from clustimage._distances.metrics import PRODUCT_METRICS
from clustimage.cluster._request import EXIF_METRICS, ClusterRequest, make_clusterer
from clustimage.cluster.clusterers._agglomerative import AgglomerativeClusterer
from clustimage.cluster.clusterers._evoc import MAX_ROWS_FOR_ALL_SIZES
from clustimage.cluster.clusterers._hdbscan import MAX_ROWS_WITHOUT_SHARED_TREE
from clustimage.cluster.clusterers._kmeans import MAX_COPIES, MAX_ROWS_AS_FLOAT64
from clustimage.cluster.evaluators._silhouette import (
    BLOCK_BYTES,
    MAX_ROWS_AT_ONCE,
    MAX_ROWS_SCORED_EXACTLY,
    N_SAMPLED,
)
from clustimage.cluster.graph._diffusion_map import count_coordinates
from clustimage.cluster.graph._fuzzy_graph import N_NEIGHBOURS
from clustimage.cluster.graph._graph_space import graph_bytes

__all__ = ["plan_clusters"]

# Of so many rows a float64 copy is made, if it is small enough.
MAX_ROWS_COPIED = 20_000
# What is done with up to so many images, and with more.
STEPS = {
    "kmeans": (
        MAX_ROWS_AS_FLOAT64,
        "k-means from 10 starts",
        "k-means in float32 from the best of 10 starts on a sample of 10,000 images",
    ),
    "dbscan": (0, "", "one spanning tree for all radii of DBSCAN"),
    "hdbscan": (
        MAX_ROWS_WITHOUT_SHARED_TREE,
        "HDBSCAN, anew for each size",
        "one spanning tree for all sizes of HDBSCAN",
    ),
    "leiden": (0, "", "the communities of Leiden for each of 24 resolutions"),
    "evoc": (MAX_ROWS_FOR_ALL_SIZES, "EVoC for each of 6 sizes", "EVoC for one size"),
}
# The clusterers that find k themselves hold about so many labellings at once.
MAX_LABELLINGS = 50
FOREST_BYTES = 50_000_000  # of blocks of distances per worker, while a spanning forest is built


def plan_clusters(
    n: int,
    n_columns: int,
    budget: Budget | None = None,
    request: ClusterRequest | None = None,
    *,
    n_jobs: int | None = -1,
    **arguments: Any,
) -> Step:
    """Return what `search_k` would do for n images with so many features, and what it takes.

    What is asked for is `request`, or is made from `arguments`. The step has a problem where
    the budget is too small for the clusterer.

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
    if request.metric in EXIF_METRICS:
        what = f"photos near each other by their {EXIF_METRICS[request.metric]}, by DBSCAN"
        return Step(
            "cluster", what, f"{setting('metric', request.metric)} was asked for", 300 * n, 8 * n
        )
    in_graph = request.cluster_space == "graph"
    n_features, n_columns = n_columns, count_coordinates(n) if in_graph else n_columns
    step, leaves = _plan_clusterer(n, n_columns, budget, n_jobs, request)
    labellings = 8 * n * min(MAX_LABELLINGS, request.most_clusters)
    copy = 8 * n * n_columns * (n <= MAX_ROWS_COPIED)
    # That of the rows counts as part of the tree where there is a budget.
    what = step.what
    peak = step.peak + labellings + (0 if budget is not None and leaves == n else copy)
    if not request.is_cut:
        scoring, n_bytes = _plan_scores(n, n_columns, n_jobs, request, cuts=leaves > 0)
        what, peak = f"{what}, {scoring}", max(peak, n_bytes + labellings + copy)
    if in_graph:
        what = f"the graph of {N_NEIGHBOURS - 1} neighbours of each image, {what}"
        coordinates = 8 * n * count_coordinates(n)
        peak = max(graph_bytes(n, n_features), peak + coordinates)
    kept = 8 * n + 32 * leaves + 4 * n * (0 < leaves < n)
    return replace(step, what=what, peak=peak, kept=kept)


def _plan_clusterer(
    n: int, d: int, budget: Budget | None, n_jobs: int | None, request: ClusterRequest
) -> tuple[Step, int]:
    """Return what the clusterer does, and how many leaves its tree has."""
    clusterer, name = make_clusterer(request, budget=budget, n_jobs=n_jobs), request.cluster
    if isinstance(clusterer, AgglomerativeClusterer):
        tree = clusterer.strategy(n, d, request.most_clusters)
        step = Step("cluster", tree.what, tree.why, tree.peak)
        return step.within(budget, tree.work, tree.instead), tree.leaves
    if not isinstance(name, str):
        what = f"fit_predict of {type(name).__name__}"
        return Step("cluster", what, "the memory that it takes is not known", 8 * n * d), 0
    limit, few, many = STEPS[name]
    why = f"{n:,} images are {'more than' if n > limit else 'at most'} {limit:,}"
    why = why if few else setting("cluster", name)
    peak = _clusterer_bytes(n, d, n_workers(n_jobs), name, request.metric, many=n > limit)
    instead = "Or give fewer images or features, or a smaller n_jobs."
    step = Step("cluster", many if n > limit else few, why, peak)
    return step.within(budget, f"Clustering {n:,} images by {name}", instead), 0


def _clusterer_bytes(n: int, d: int, workers: int, name: str, metric: str, *, many: bool) -> int:
    """Return the bytes that a clusterer takes beside the rows."""
    if name == "kmeans":  # a copy for each run, and one more for its variance
        copies = min(workers, MAX_COPIES)
        return n * (4 * d + copies * (8 * d + 24)) if many else 16 * n * d * workers
    angles = metric in ("cosine", "correlation")
    if name == "evoc":  # two copies, neighbours, the graph and the embedding
        return n * (16 * d + 4000)
    if many:  # labels, neighbours, rows of length 1, and blocks of distances
        return n * (1500 + 8 * d * angles) + min(24 * n * n, FOREST_BYTES) * workers
    return 16 * n * d + 24 * n * n * (angles or metric == "sqeuclidean")


def _plan_scores(
    n: int, d: int, n_jobs: int | None, request: ClusterRequest, *, cuts: bool
) -> tuple[str, int]:
    """Return what the evaluator does, and its bytes; `cuts` are those of one tree."""
    if request.evaluate != "silhouette":
        return str(request.evaluate), min(2**25, 16 * n * d) + 24 * n
    if n > MAX_ROWS_SCORED_EXACTLY:  # blocks of distances on each core
        return f"silhouettes of a sample of {N_SAMPLED:,} images", 24 * n + 2**28
    k = request.most_clusters
    # Other labellings do not lie within each other: each has columns of its own.
    columns = min(n, k if cuts or request.n_clusters is not None else k * (k + 1) // 2)
    some = min(n, MAX_ROWS_AT_ONCE)
    rows = min(n, BLOCK_BYTES // (8 * some))
    # Distances and their sums, and copies of the rows that they are of, on each core.
    copied = some + (rows + some) * (request.metric in PRODUCT_METRICS)
    blocks = 8 * (2 * rows * some + columns * some + copied * d)
    workers = min(n_workers(n_jobs), -(-n // some))
    return "exact silhouettes", 8 * n * (min(k, MAX_LABELLINGS) + 8) + workers * blocks
