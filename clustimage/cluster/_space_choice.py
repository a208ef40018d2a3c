"""Whether the graph of neighbours is clustered, or the features themselves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from clustimage._core.logs import at_verbosity, get_logger
from clustimage._core.parallel import n_workers
from clustimage._core.parameters import setting
from clustimage.cluster._request import ClusterRequest
from clustimage.cluster._result import Clustering
from clustimage.cluster._search import search_with_remark
from clustimage.cluster.evaluators._silhouette import mean_silhouettes
from clustimage.cluster.graph._graph_space import GraphSpace

__all__ = ["search_suitable_space"]

logger = get_logger(__name__)

# Of fewer images each one is a neighbour of a good part of all.
MIN_ROWS_OF_GRAPH = 30
# Of more images so many are drawn to compare the two: what is clear is clear in a sample.
MAX_ROWS_COMPARED = 5000
# The fewer groups of the features are clear where their silhouette is at least this, and so many
# times that of the groups of the graph. Chosen on one half of the study in docs/quality.md.
MIN_SILHOUETTE, MIN_RATIO = 0.2, 1.2


def search_suitable_space(
    X: np.ndarray, request: ClusterRequest, *, space: GraphSpace, **options: Any
) -> Clustering:
    """Find the groups of the graph, or the coarser ones of the features where these are clear.

    The graph finds groups that are not round, and fine ones: faces among objects are parted into
    persons. So the features are searched as well. If they form fewer groups, whose mean
    silhouette in the features is at least 0.2 and 1.2 times that of the groups of the graph,
    these are taken. That is asked only where the number of clusters is searched by the
    silhouette.

    Parameters
    ----------
    X : ndarray of float, shape (n, d)
        Features.
    request : ClusterRequest
        Without a space.
    space : GraphSpace
        The graph of the features.
    **options
        As for `search_k`.

    Returns
    -------
    Clustering
        Its ``params`` say by ``"cluster_space"`` what was clustered.

    Examples
    --------
    >>> from clustimage.cluster.graph._graph_space import build_graph_space
    >>> rng = np.random.default_rng(0)
    >>> X = np.repeat([[0.0], [50.0], [100.0]], 40, axis=0) + rng.normal(size=(120, 3))
    >>> found = search_suitable_space(X, ClusterRequest(), space=build_graph_space(X))
    >>> found.n_found, found.params["cluster_space"]
    (3, 'graph')
    """
    plain = replace(request, cluster_space="graph", level=None)
    in_features = replace(plain, cluster_space="high")
    if len(X) < MIN_ROWS_OF_GRAPH:
        found, remark = search_with_remark(X, in_features, **options)
    else:
        found, remark = search_with_remark(X, plain, space=space, **options)
        if request.exact is None and request.evaluate == "silhouette":
            some = _sample(len(X), options.get("random_state"))
            coarser = replace(in_features, max_clust=in_features.end)
            with at_verbosity("silent"):  # of the two, one is shown
                other, its_remark = search_with_remark(X[some], coarser, **options)
            if other.n_found < found.n_found and _are_clearer(
                X[some], other, found.labels[some], options.get("n_jobs")
            ):
                found, remark = other, its_remark
                if len(some) < len(X):
                    found, remark = search_with_remark(X, coarser, **options)
    if request.level is not None:
        chosen = replace(request, cluster_space=found.params["cluster_space"])
        found, remark = search_with_remark(X, chosen, space=space, **options)
    remark()
    return found


def _sample(n: int, random_state: int | None) -> np.ndarray:
    """Return the images that the two are compared on: all, unless there are many."""
    rng = np.random.default_rng(0 if random_state is None else random_state)
    return np.sort(rng.permutation(n)[:MAX_ROWS_COMPARED])


def _are_clearer(
    X: np.ndarray, of_features: Clustering, of_graph: np.ndarray, n_jobs: int | None
) -> bool:
    """Return whether the features form groups that are clearer than those of the graph."""
    score = float(of_features.score["score"][of_features.best])
    if not score >= MIN_SILHOUETTE:
        return False
    inside = of_graph >= 0
    labels = np.full(len(of_graph), -1)
    labels[inside] = np.unique(of_graph[inside], return_inverse=True)[1]
    beside = float(mean_silhouettes(X, [labels], n_jobs=n_workers(n_jobs))[0][0])
    clearer = not score < MIN_RATIO * beside
    if clearer:
        logger.info(
            "The features form fewer and clearer groups than the graph of their neighbours "
            "(silhouette %.2f, not %.2f): these are taken. For the others give %s.",
            score,
            beside,
            setting("cluster_space", "graph"),
        )
    return clearer
