"""What one asks of a finished clustering: unique images, similar images, another cut."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clustimage._core.errors import StepOrderError
from clustimage._model.state import require
from clustimage.adapters import make_pca_object, to_clusteval
from clustimage.cluster import cut_tree_at, with_other_labels
from clustimage.export import answer_frames
from clustimage.images import Images, get_dim
from clustimage.plotting import dendrogram, label_colors
from clustimage.similarity import RowIndex, find_similar, fit_null, pick_unique

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["AnswerMethods"]


class AnswerMethods:
    """Methods of `Clustimage` that read features and labels and give an answer."""

    images_: Images
    params: dict[str, Any]
    results: dict[str, Any]
    clustering_: Any
    null_: Any
    moments_: Any
    clusteval_: Any
    embedder_: Any
    extractor_: Any
    pca_: Any
    queries_: Any
    index_: Any
    _budget_for: Any
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

        Examples
        --------
        >>> from clustimage import Clustimage, import_example
        >>> X, y = import_example("mnist")
        >>> cl = Clustimage(embedding=None, verbose="warning")
        >>> _ = cl.fit_transform(X[:100], n_clusters=3)
        >>> cl.unique()["img_mean"].shape
        (3, 64)
        """
        answer = pick_unique(
            require(self.results, "feat"),
            require(self.results, "labels"),
            metric=self._metric(metric),
            xycoord=self.results["xycoord"],
            pixels=self.results["img"],
            budget=self._budget_for(),
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
        approximate: bool = False,
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
        approximate : bool, default=False
            Look for the `k` nearest through an index of FAISS (``pip install
            "clustimage[index]"``), with ``alpha=None``: for more than a few 100,000 images. It
            may miss one of them; the distances of those that it finds are exact.

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
        MissingDependencyError
            If `approximate` is asked for and FAISS is not installed.

        Examples
        --------
        >>> from clustimage import Clustimage, import_example
        >>> X, y = import_example("mnist")
        >>> cl = Clustimage(embedding=None, verbose="warning")
        >>> _ = cl.fit_transform(X[:100])
        >>> found = cl.find(X[7], k=3, alpha=None)
        >>> list(found), int(found["image_0000"]["y_idx"].iloc[0])
        (['feat', 'image_0000'], 7)
        """
        feat = require(self.results, "feat")
        metric = self._metric(metric)
        queries = self._load_new(Xnew, strict=False)
        rows = self._features_of(queries)
        if self.null_ is None or self.null_.metric != metric:
            null = fit_null(feat, metric=metric, random_state=self.params["random_state"])
            self._store(null_=null)
        if self.index_ is None or self.index_.metric != metric:
            self._store(index_=RowIndex.build(feat, metric))
        found = find_similar(
            feat,
            rows,
            k=k,
            alpha=alpha,
            null=self.null_,
            metric=metric,
            index=self.index_,
            approximate=approximate,
            budget=self._budget_for().holding(self.index_.n_bytes),
        )
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

        Examples
        --------
        >>> from clustimage import Clustimage, import_example
        >>> X, y = import_example("mnist")
        >>> cl = Clustimage(embedding=None, verbose="warning")
        >>> _ = cl.fit_transform(X[:100])
        >>> highest = cl.clustering_.tree[-1, 2]
        >>> set(cl.dendrogram(max_d=highest * 0.99)["labels"].tolist())
        {0, 1}
        """
        require(self.results, "labels")
        clustering = self.clustering_
        if max_d is not None:
            clustering = with_other_labels(clustering, cut_tree_at(clustering.tree, max_d))
        height = clustering.height if max_d is None else max_d
        fig, ax, info = dendrogram(clustering, max_d=height, **options)
        if max_d is not None:
            self._store_clustering(clustering, self._made_from["labels"][0])
        return {**info, "labels": self.results["labels"], "fig": fig, "ax": ax}

    @property
    def distribution_(self) -> Any:
        """The distribution that fits the distances of random pairs best; see `NullDistribution`."""
        if self.null_ is None:
            raise StepOrderError("There is no distribution of distances yet. Run find() first.")
        return self.null_

    @property
    def query_pixels_(self) -> Any:
        """Images of the last queries, ``(m, height, width, channels)`` uint8, or None."""
        return None if self.queries_ is None else self.queries_.pixels

    @property
    def query_xycoord_(self) -> Any:
        """Place of the last queries on the map, ``(m, 2)``; None where the embedder cannot tell."""
        if self.results["predict"] is None or not hasattr(self.embedder_, "transform"):
            return None
        rows = self.results["predict"]["feat"].to_numpy()
        # A map may have been laid out from other rows than the features.
        if rows.shape[1] != getattr(self.embedder_, "n_features_in_", rows.shape[1]):
            return None
        return self.embedder_.transform(rows)

    @property
    def clusteval(self) -> Any:
        """The evaluation of the number of clusters, as an object of the package clusteval."""
        require(self.results, "labels")
        if self.clusteval_ is None:
            space = self._made_from["labels"][0]
            feat = self.results[space]
            made = to_clusteval(self.clustering_, feat, colors=label_colors)
            self._store(clusteval_=made)
        return self.clusteval_

    @property
    def pca(self) -> Any:
        """The principal components, as an object of the package pca; None without PCA."""
        feat = require(self.results, "feat")
        if self.pca_ is None:
            labels = self.results["labels"]
            self._store(pca_=make_pca_object(self.extractor_, feat, labels))
        return self.pca_

    @property
    def import_status(self) -> pd.DataFrame:
        """A row for every input: whether it was read, its size, and when it was taken.

        Columns: ``pathname``; ``status``, ``"ok"`` or ``"skipped"``; ``reason``; ``width``
        and ``height`` in pixels; ``timestamp`` (UTC) and ``timestamp_from``, which says
        where it comes from: the time that `cluster` used, or would use.
        """
        require(self.results, "img")
        return self.images_.status_frame(self.moments_)

    @property
    def shape_(self) -> tuple[int, int, int]:
        """Height, width and channels of the images in ``results["img"]``."""
        require(self.results, "img")
        return self.images_.shape

    def get_dim(self, X: Any) -> tuple[int, ...]:
        """Return the shape to plot a flattened image in.

        Parameters
        ----------
        X : array-like or int
            A row of ``results["img"]``, or its number of values.

        Returns
        -------
        tuple of int
            ``(height, width)`` for gray, ``(height, width, 3)`` for colour.

        Examples
        --------
        >>> from clustimage import Clustimage, import_example
        >>> X, y = import_example("mnist")
        >>> cl = Clustimage(embedding=None, verbose="warning")
        >>> cl.get_dim(cl.import_data(X[:50])["img"][0])
        (8, 8)
        """
        return get_dim(X, self.params["dim"])
