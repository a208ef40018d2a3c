"""What one asks of a finished chain: similar images, another cut, the scores."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import numpy as np

from clustimage._core.errors import InvalidParameterError
from clustimage._core.logs import get_logger
from clustimage._core.parameters import named, setting
from clustimage._core.step_order import StepOrderError
from clustimage._core.validation import check_bool
from clustimage._model.base import ModelBase
from clustimage._model.clustering import clustered_rows, set_clustering
from clustimage._model.distributed import find_with_engine, is_searched_in_parts
from clustimage._model.plot_inputs import colors_of
from clustimage._model.row_order import ranks_of_rows, row_order
from clustimage._model.state import State
from clustimage.adapters import make_pca_object, to_clusteval
from clustimage.cluster import cut_tree_at, levels_of, stability_of, with_other_labels
from clustimage.corrections import keep_numbers
from clustimage.export import answer_frames
from clustimage.features import PrecomputedExtractor, is_matrix, read_features
from clustimage.images import Images, array_names, get_dim, load_images
from clustimage.notebook import Tree
from clustimage.plotting import add_subtitle, dendrogram, label_colors
from clustimage.similarity import (
    NullDistribution,
    RowIndex,
    check_find,
    find_similar,
    fit_null,
    rows_of_equal,
    rows_of_files,
)

if TYPE_CHECKING:
    import pandas as pd

    from clustimage.cluster.confidence._verdict import Verdict

__all__ = ["QuestionMethods", "describe_new", "query_positions"]

logger = get_logger(__name__)


class QuestionMethods(ModelBase):
    """What one asks of features and labels."""

    def find(
        self,
        Xnew: Any = None,
        metric: str | None = None,
        k: int | None = None,
        alpha: float | None = 0.05,
        approximate: bool = False,
        *,
        features: Any = None,
        exclude_self: bool = False,
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
            images of the set are as near as that, by the distances between random pairs
            (see ``params_find``). With both, the union of the two.
        approximate : bool, default=False
            Look for the `k` nearest through an index of FAISS (``pip install
            "clustimage[index]"``), with ``alpha=None``: for more than a few 100,000 images. It
            may miss one of them; the distances of those that it finds are exact.
        features : array-like of shape (m, d), DataFrame, tensor or path, optional
            Features of the queries, in place of `Xnew`; as for `extract_feat`.
        exclude_self : bool, default=False
            Images of the model do not find themselves: of a query that is one of its files, or
            for arrays and features equal to one of its rows, that row is left out, and the `k`
            nearest others are found. Copies of it in other files remain.

        Returns
        -------
        dict
            ``"feat"``, the features of the queries, then a DataFrame per query under
            its file name: ``y_idx``, ``distance``, ``y_proba``, ``labels``,
            ``y_filenames``, ``y_pathnames``, ``x_pathnames``, where images came from URLs
            ``y_url``, and where clusters have names ``name``, nearest first; file names in the
            tables as in `to_frame`. Also in ``results["predict"]``, unless an engine has searched
            more images than the model has: ``y_idx`` are then rows of the data set `dataset_`.

        Raises
        ------
        StepOrderError
            If there are no features yet.
        InvalidParameterError
            If neither `k` nor `alpha` is given, or one is out of range; or not one of `Xnew` and
            `features`.
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
        state = self._state
        feat = state.require("feat")
        metric = self._metric(metric)
        check_bool("exclude_self", exclude_self)
        in_parts = is_searched_in_parts(self)
        n_images = state.distributed.n_images if in_parts else len(feat)
        check_find(k, alpha, n_images, approximate=approximate)
        queries, rows = describe_new(self, Xnew, features, strict=False)
        null, index = _null(self, metric), state.index
        share_equal = float(null.cdf(0.0))
        if k is None and alpha is not None and share_equal > alpha:
            logger.warning(
                f"Of all pairs of images %.2g %% are equal, more than {setting('alpha', alpha)} "
                f"allows: not even equal images are significantly near. Give {named('k')}, or list "
                "copies by duplicates().",
                100 * share_equal,
            )
        if in_parts:
            if exclude_self:
                raise InvalidParameterError(
                    f"{setting('exclude_self', True)} cannot be combined with {named('engine')}, "
                    "which does not tell the images of the model from others. Leave it out."
                )
            return find_with_engine(
                self, queries, rows, null, k=k, alpha=alpha, metric=metric, approximate=approximate
            )
        if index is None or index.metric != metric:
            index = RowIndex.build(feat, metric)
            state.store(index=index)
        found = find_similar(
            feat,
            rows,
            k=k,
            alpha=alpha,
            null=null,
            metric=metric,
            index=index,
            approximate=approximate,
            budget=self._budget_for().holding(index.n_bytes),
            without=own_rows(state, queries, rows) if exclude_self else None,
            ranks=partial(ranks_of_rows, state),
        )
        names = array_names(len(rows)) if queries is None else queries.filenames
        pathnames = names if queries is None else queries.pathnames
        answer = answer_frames(found, rows, names, pathnames, self.results, state.names)
        state.store(queries=queries, predict=answer)
        shown: dict[str, Any] = state.results["predict"]
        return shown

    def dendrogram(self, max_d: float | None = None, **options: Any) -> dict[str, Any]:
        """Draw the tree of the clusters, and cut it at a height.

        Where `verdict` was asked for, the title says it.

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
        clustering = self._state.clustered()
        if max_d is not None:
            clustering = with_other_labels(
                clustering, cut_tree_at(clustering.tree, max_d), row_order(self._state)
            )
        height = clustering.height if max_d is None else max_d
        shown, labels = clustering, clustering.labels
        if max_d is None:  # with the numbers that corrections and updates have left to clusters
            labels = self.results["labels"]
            shown = replace(clustering, labels=keep_numbers(labels, clustering.labels))
        options = {
            "names_of_leaf": _names_of_images(self.results),
            "colors": colors_of(self._state, labels),
            "names": None if max_d is not None else self._state.names,
            **options,
        }
        fig, ax, info = dendrogram(shown, max_d=height, **options)
        if max_d is None:
            add_subtitle(ax, _verdict_line(self._state.verdict))
        if max_d is not None:
            set_clustering(self, clustering, self._state.made_from["labels"][0])
        return Tree(labels=self.results["labels"], **info, fig=fig, ax=ax)

    @property
    def distribution_(self) -> NullDistribution:
        """The distribution of the distances of random pairs; see ``params_find``."""
        if self._state.null is None:
            raise StepOrderError("There is no distribution of distances yet. Run find() first.")
        return self._state.null

    @property
    def query_pixels_(self) -> np.ndarray | None:
        """Images of the last queries, ``(m, height, width, channels)`` uint8, or None."""
        return None if self._state.queries is None else self._state.queries.pixels

    @property
    def query_xycoord_(self) -> np.ndarray | None:
        """Position of the last queries on the map, ``(m, 2)``; None where the embedder has none."""
        return query_positions(self._state)

    @property
    def clusteval(self) -> Any:
        """The evaluation of the number of clusters, as an object of the package clusteval."""
        state = self._state
        clustering = state.clustered()
        if state.clusteval is None:
            verbosity = self._settings.verbose
            rows = clustered_rows(self)
            colors = partial(label_colors, colors=colors_of(state, clustering.labels))
            made = to_clusteval(clustering, rows, colors=colors, verbosity=verbosity)
            state.store(clusteval=made)
        state.clusteval.subtitle = _verdict_line(state.verdict)
        return state.clusteval

    @property
    def levels(self) -> pd.DataFrame:
        """The numbers of clusters that are locally best, coarse to fine: a row for each.

        Many sets have more than one right answer, as faces among objects, and the persons
        among them. ``cl.cluster(level=i)`` makes the clusters of row ``i``; ``"coarse"`` is
        the first, ``"fine"`` the last one. Columns: ``clusters``, the number; ``score``, that
        of the evaluation; ``prominence``, by how much it stands out among those around it;
        ``stability``, the mean adjusted Rand index of clusterings of parts of the images (1: all
        the same; NaN where it is not measured: of fewer than 50 images, and where clusters
        are not found from the rows alone); ``chosen``, whether `results` has these labels.
        """
        import pandas as pd

        clustering = self._state.clustered()
        levels = levels_of(clustering)
        if self._state.stability is None:
            counts = [level.clusters for level in levels]
            rows = clustered_rows(self)[row_order(self._state)]
            stability = stability_of(clustering, rows, counts)
            self._state.store(stability=dict(zip(counts, stability.tolist(), strict=True)))
        table = pd.DataFrame(levels).drop(columns="position")
        table["stability"] = table["clusters"].map(self._state.stability).astype("float64")
        table["chosen"] = table["clusters"] == clustering.n_found
        return table

    @property
    def pca(self) -> Any:
        """The principal components, as an object of the package pca; None without PCA."""
        state = self._state
        feat = state.require("feat")
        if state.pca is None:
            state.store(pca=make_pca_object(state.extractor, feat, state.results["labels"]))
        return state.pca

    @property
    def import_status(self) -> pd.DataFrame:
        """A row for every input: whether it was read, its size, and when it was taken.

        Columns: ``pathname``, as in `to_frame`; ``status``, ``"ok"`` or ``"skipped"``;
        ``reason``; ``width`` and ``height`` in pixels; ``timestamp`` (UTC) and
        ``timestamp_from``, which says where it comes from: the time that `cluster` used, or
        would use; ``exif``, why EXIF data that are there cannot be used.
        """
        return self._state.images_read().status_frame(self._state.timestamps)

    @property
    def shape_(self) -> tuple[int, int, int]:
        """Height, width and channels of the images in ``results["img"]``."""
        return self._state.images_read().shape

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


def _names_of_images(results: dict[str, Any]) -> list[str] | None:
    """Return the file names, with their folders where files have one name; None without images."""
    names, paths = results["filenames"], results["pathnames"]
    if names is None:
        return None
    repeated = {name for name, times in Counter(names.tolist()).items() if times > 1}
    return [
        f"{PurePath(path).parent.name}/{name}" if name in repeated else str(name)
        for name, path in zip(names.tolist(), paths.tolist(), strict=True)
    ]


def load_like(model: ModelBase, Xnew: Any, *, strict: bool, allow_none: bool = False) -> Images:
    """Load images in the shape and colours of those that the features were learnt from.

    Raises
    ------
    ImageReadError
        If one cannot be read, with `strict`: rows and images would no longer belong together.
    """
    settings, known = model._settings, model._state.images_read()
    images = load_images(
        Xnew,
        dim=model.params["dim"],
        grayscale=settings.grayscale,
        ext=settings.ext,
        n_jobs=settings.n_jobs,
        download_dir=settings.dirpath,
        shape=known.shape,
        white=known.white,
        cache=model._cache(),
        budget=model._budget_for(),
        max_pixels=settings.max_pixels,
        allow_none=allow_none,
    )
    if strict:
        images.check_complete()
    return images


def features_of(state: State, images: Images) -> np.ndarray:
    """Return the features of images by the fitted extractor.

    Where features were given, they are known of the files of the model alone.
    """
    extractor = state.extractor
    assert extractor is not None
    if isinstance(extractor, PrecomputedExtractor):
        own = state.images_read()
        rows = [rows_of_files(path, own.pathnames, own.filenames) for path in images.pathnames]
        if all(map(len, rows)) and all(Path(path).is_absolute() for path in images.pathnames):
            feat: np.ndarray = state.require("feat")[[found[0] for found in rows]]
            return feat
    return extractor.transform_images(images)


def _null(model: ModelBase, metric: str) -> NullDistribution:
    """Return the distribution of the p-values for a metric, as ``params_find`` asks for it."""
    state, asked = model._state, model._settings.params_find
    null = state.null
    if null is not None and (null.metric, null.null, null.pairs) == (
        metric,
        asked["null"],
        asked["pairs"],
    ):
        return null
    labels = state.require("labels") if asked["pairs"] == "between" else None
    null = fit_null(
        state.require("feat"),
        metric=metric,
        null=asked["null"],
        labels=labels,
        order=row_order(state),
        random_state=model._settings.random_state,
    )
    made_from = ("feat",) if labels is None else ("feat", "labels")
    state.store({"null": made_from}, null=null)
    return null


def describe_new(
    model: ModelBase, Xnew: Any, features: Any, *, strict: bool
) -> tuple[Images | None, np.ndarray]:
    """Return new images and their features; None for the images where features are given.

    Raises
    ------
    InvalidParameterError
        If both or none of the two are given.
    """
    given = isinstance(model._state.extractor, PrecomputedExtractor)
    if given and model._state.images is None and features is None and is_matrix(Xnew):
        Xnew, features = None, Xnew
    if (Xnew is None) == (features is None):
        got = "both" if features is not None else "neither"
        raise InvalidParameterError(
            f"Give new images, or their features as {named('features')}. Got {got}."
        )
    if features is None:
        images = load_like(model, Xnew, strict=strict)
        return images, features_of(model._state, images)
    extractor, n_columns = model._state.extractor, model._state.require("feat").shape[1]
    if isinstance(extractor, PrecomputedExtractor):
        return None, extractor.transform(features)
    return None, read_features(features, n_columns=n_columns).astype(np.float32)


def own_rows(state: State, queries: Images | None, rows: np.ndarray) -> list[np.ndarray]:
    """Return, for each query, which images of the model it is.

    A file is known by its path or URL, and all else by its features and pixels.
    """
    feat, images = state.results["feat"], state.images
    if queries is None or images is None:
        return rows_of_equal(rows, feat)
    pathnames, filenames = images.pathnames, images.filenames
    own: dict[int, np.ndarray] = {}
    for i, (path, url) in enumerate(zip(queries.pathnames, queries.url, strict=True)):
        if url is not None:
            own[i] = np.flatnonzero(images.url == url)
        elif Path(path).is_absolute():
            own[i] = rows_of_files(path, pathnames, filenames)
    others = [i for i in range(len(rows)) if i not in own]
    mine, theirs = images.pixels, queries.pixels

    def same(query: int, row: int) -> bool:
        return np.array_equal(theirs[query], mine[row])

    own.update(zip(others, rows_of_equal(rows, feat, same, others), strict=True))
    return [own[i] for i in range(len(rows))]


def query_positions(state: State) -> np.ndarray | None:
    """Return where the last queries lie on the map; None where the embedder cannot tell."""
    embedder = state.embedder
    if state.results["predict"] is None or embedder is None or not hasattr(embedder, "transform"):
        return None
    rows = state.results["predict"]["feat"].to_numpy()
    # A map may have been made from other rows than the features.
    if rows.shape[1] != getattr(embedder, "n_features_in_", rows.shape[1]):
        return None
    return np.asarray(embedder.transform(rows))


def _verdict_line(verdict: Verdict | None) -> str:
    """Return the verdict as a figure shows it; nothing where it was not asked for."""
    return "" if verdict is None else f"Verdict: {verdict.confidence}, score {verdict.score:.2f}"
