"""A real clusteval object around our results: the only file that imports clusteval."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from clustimage.cluster._result import Clustering
from clustimage.cluster.evaluators._derivative import height_acceleration
from clustimage.plotting.evaluation._evaluation_plots import EvaluationPlots, quiet_packages

if TYPE_CHECKING:
    from clusteval import clusteval

__all__ = ["to_clusteval"]

# What its constructor lets through.
KNOWN_CLUSTERERS = ("agglomerative", "kmeans", "dbscan", "hdbscan")
KNOWN_EVALUATORS = ("silhouette", "dbindex", "derivative")


@cache
def _evaluation_class() -> type[clusteval]:
    # clusteval changes the warning filters when it is imported.
    with warnings.catch_warnings():
        from clusteval import clusteval
    # The class is made here, not at the top, so that clusteval is not imported before.
    members = {"__doc__": EvaluationPlots.__doc__, "__reduce__": _reduced}
    return type("Evaluation", (EvaluationPlots, clusteval), members)


def _reduced(evaluation: Any) -> tuple[Any, ...]:
    # A pickle cannot find the class by its name: it is made when it is first needed.
    return _new_evaluation, (), vars(evaluation)


def _new_evaluation() -> Any:
    """Return an object without attributes, as a pickle fills it."""
    kind: Any = _evaluation_class()
    return kind.__new__(kind)


def to_clusteval(
    clustering: Clustering,
    X: np.ndarray,
    labels: np.ndarray | None = None,
    *,
    colors: Callable[[np.ndarray], Mapping[int, str]] | None = None,
    verbosity: str | int | None = None,
) -> Any:
    """Return a clusteval object with the results of a search.

    Parameters
    ----------
    clustering : Clustering
        What `search_k` returned.
    X : ndarray of shape (n, d)
        The features that were clustered.
    labels : ndarray of int, shape (n,), optional
        Labels to show; default those of `clustering`.
    colors : callable, optional
        Takes labels and returns the colour of each that occurs, sorted by label; default
        are those of matplotlib's ``"tab20"``.
    verbosity : str or int, optional
        How much the plots say; by default what `clustimage.set_logger` was given.

    Returns
    -------
    clusteval.clusteval
        With ``X``, ``Z`` and ``results`` (``score``, a DataFrame with a row per
        labelling; ``labx``; ``fig``; ``max_d``, ``max_d_lower``, ``max_d_upper``), and
        the plots of `EvaluationPlots`.

    Examples
    --------
    >>> from clustimage.cluster import search_k
    >>> X = np.array([[0.0], [0.1], [0.2], [5.0], [5.1], [9.0], [9.1]])
    >>> ce = to_clusteval(search_k(X, min_clust=2), X)
    >>> ce.results["labx"].tolist()
    [0, 0, 0, 1, 1, 2, 2]
    """
    import pandas as pd

    asked = clustering.params
    known = asked["evaluate"] in KNOWN_EVALUATORS
    kind = _evaluation_class()
    with quiet_packages():
        ce = kind(
            cluster=asked["cluster"] if asked["cluster"] in KNOWN_CLUSTERERS else "agglomerative",
            evaluate=asked["evaluate"] if known else "silhouette",
            # In the graph of neighbours, that of the coordinates.
            metric="euclidean" if asked["cluster_space"] == "graph" else asked["metric"],
            linkage=asked["linkage"],
            min_clust=asked["min_clust"],
            max_clust=asked["max_clust"],
            verbose="silent",
        )
    # The constructor knows fewer names, and corrects small numbers.
    ce.cluster, ce.evaluate = asked["cluster"], asked["evaluate"]
    ce.min_clust, ce.max_clust = asked["min_clust"], asked["max_clust"]
    ce.clustering, ce.colors, ce.verbosity = clustering, colors, verbosity
    ce.X = np.asarray(X)
    ce.Z = [] if clustering.tree is None else clustering.tree
    max_d, lower, upper = clustering.cut or (None, None, None)
    ce.results = {
        "evaluate": clustering.params["evaluate"],
        "score": pd.DataFrame(clustering.score),
        "labx": np.asarray(clustering.labels if labels is None else labels),
        "fig": _figure_data(clustering),
        "max_d": max_d,
        "max_d_lower": lower,
        "max_d_upper": upper,
    }
    return ce


def _figure_data(clustering: Clustering) -> dict[str, Any]:
    """Return what the plots of clusteval read, under the names they know."""
    names = ("cluster_threshold", "clusters", "score")
    threshold, clusters, score = (np.asarray(clustering.score[name]) for name in names)
    data: dict[str, Any] = {
        "clustcutt": threshold,
        "sillclust": clusters,
        "silscores": score,
        "dbclust": clusters,
        "scores": score,
        "eps": threshold,
        "idx": clustering.best,
    }
    if clustering.tree is not None and clustering.params["evaluate"] == "derivative":
        data.update(_acceleration_data(clustering.tree, clustering.least, clusters, score))
    return data


def _acceleration_data(
    tree: np.ndarray, least: int, clusters: np.ndarray, score: np.ndarray
) -> dict[str, Any]:
    """Return heights and accelerations from k = 1 and k = 2 on, for the plot of the derivative."""
    largest = min(int(clusters.max()), len(tree))
    heights = np.append(tree[::-1, 2], 0.0)[: largest + 1]
    acceleration = height_acceleration(tree)[: max(largest - 1, 0)].copy()
    asked = np.isin(np.arange(2, 2 + len(acceleration)), clusters[np.isfinite(score)])
    # The plot marks the largest one: those outside the range must not be it.
    acceleration[~asked] = min(0.0, np.nanmin(score, initial=0.0)) - 1e-9 * heights[0]
    heights[: least - 1] = np.nan  # of merges that are not allowed
    return {"last_rev": heights, "acceleration_rev": acceleration}
