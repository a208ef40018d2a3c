"""What one asks of a finished clustering: unique images, similar images, another cut."""

from __future__ import annotations

from typing import Any

from clustimage._results import require
from clustimage.cluster import cut_tree_at, to_clusteval, to_recut
from clustimage.export import answer_frames
from clustimage.features import make_pca_object
from clustimage.plotting import dendrogram
from clustimage.similarity import find_similar, fit_null, pick_unique

__all__ = ["AnswerMethods"]


class AnswerMethods:
    """Methods of `Clustimage` that read features and labels and give an answer."""

    params: dict[str, Any]
    results: dict[str, Any]
    clustering_: Any
    distribution_: Any
    clusteval_: Any
    embedder_: Any
    extractor_: Any
    pca_: Any
    queries_: Any
    _made_from: dict[str, tuple[str, ...]]
    _metric: Any
    _load_new: Any
    _features_of: Any
    _store: Any
    _store_clustering: Any

    def unique(self, metric: str | None = None) -> dict[str, Any]:
        """Pick the image nearest to the centre of each cluster. Runs by itself after `cluster`.

        Parameters
        ----------
        metric : str, optional
            Distance between features; by default the one that `cluster` used.

        Returns
        -------
        dict
            ``labels``; ``idx``, the index of each cluster's image, always one of its
            own; ``xycoord_center`` ``(k, 2)``; ``pathnames``; ``img_mean`` ``(k,
            height*width*channels)``, the average image. Also in `results_unique`.

        Raises
        ------
        StepOrderError
            If `cluster` was not run yet.
        """
        answer = pick_unique(
            require(self.results, "feat"),
            require(self.results, "labels"),
            metric=self._metric(metric),
            xycoord=self.results["xycoord"],
            pixels=self.results["img"],
        )
        answer["pathnames"] = self.results["pathnames"][answer["idx"]]
        self._store(results_unique=answer)
        return answer

    def find(
        self,
        Xnew: Any,
        metric: str | None = None,
        k: int | None = None,
        alpha: float | None = 0.05,
    ) -> dict[str, Any]:
        """Find the images most like the given ones.

        Parameters
        ----------
        Xnew : str, path, list, array or DataFrame
            The queries, in any form that `import_data` takes.
        metric : str, optional
            Distance between features; by default the one that `cluster` used.
        k : int, optional
            Return the k nearest images.
        alpha : float or None, default=0.05
            Return all images with a p-value of at most this: the chance that two
            images of the set are as near as that, by the distribution that fits the
            distances between random pairs best. With both, the union of the two.

        Returns
        -------
        dict
            ``"feat"``, the features of the queries, then a DataFrame per query under
            its file name: ``y_idx``, ``distance``, ``y_proba``, ``labels``,
            ``y_filenames``, ``y_pathnames``, ``x_pathnames``, nearest first. Also in
            ``results["predict"]``.

        Raises
        ------
        StepOrderError
            If there are no features yet.
        InvalidParameterError
            If neither `k` nor `alpha` is given, or one is out of range.
        """
        feat = require(self.results, "feat")
        metric = self._metric(metric)
        queries = self._load_new(Xnew, strict=False)
        rows = self._features_of(queries)
        if self.distribution_ is None or self.distribution_.metric != metric:
            null = fit_null(feat, metric=metric, random_state=self.params["random_state"])
            self._store(distribution_=null)
        found = find_similar(feat, rows, k=k, alpha=alpha, null=self.distribution_, metric=metric)
        answer = answer_frames(found, rows, queries.filenames, queries.pathnames, self.results)
        self._store(predict=answer, queries_=queries)
        return answer

    def dendrogram(self, max_d: float | None = None, **options: Any) -> dict[str, Any]:
        """Draw the tree of the clusters, and cut it at a height.

        Parameters
        ----------
        max_d : float, optional
            Height to cut at, in the units of the distance. With it, the labels and
            the unique images are set anew; without it, nothing changes.
        **options
            As for `clustimage.plotting.dendrogram`: ``ax``, ``max_leaves`` …

        Returns
        -------
        dict
            ``labels`` ``(n,)``, ``max_d``, ``fig`` and ``ax``.

        Raises
        ------
        StepOrderError
            If `cluster` was not run yet, or has built no tree.
        """
        require(self.results, "labels")
        if max_d is not None:
            recut = to_recut(self.clustering_, cut_tree_at(self.clustering_.tree, max_d))
            self._store_clustering(recut, self._made_from["labels"][0])
        fig, ax, info = dendrogram(self.clustering_, max_d=max_d, **options)
        return {**info, "labels": self.results["labels"], "fig": fig, "ax": ax}

    @property
    def query_pixels_(self) -> Any:
        """Images of the last queries, ``(m, height, width, channels)`` uint8, or None."""
        return None if self.queries_ is None else self.queries_.pixels

    @property
    def query_xycoord_(self) -> Any:
        """Place of the last queries on the map, ``(m, 2)``; None where the embedder cannot tell."""
        if self.results["predict"] is None or not hasattr(self.embedder_, "transform"):
            return None
        return self.embedder_.transform(self.results["predict"]["feat"].to_numpy())

    @property
    def clusteval(self) -> Any:
        """The evaluation of the number of clusters, as an object of the package clusteval."""
        require(self.results, "labels")
        if self.clusteval_ is None:
            space = self._made_from["labels"][0]
            self._store(clusteval_=to_clusteval(self.clustering_, self.results[space]))
        return self.clusteval_

    @property
    def pca(self) -> Any:
        """The principal components, as an object of the package pca; None without PCA."""
        feat = require(self.results, "feat")
        if self.pca_ is None:
            labels = self.results["labels"]
            self._store(pca_=make_pca_object(self.extractor_, feat, labels))
        return self.pca_
