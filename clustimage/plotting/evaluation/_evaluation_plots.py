"""The plots of the evaluation, for every pair of clusterer and evaluator."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from clustimage._core.errors import InvalidDataError
from clustimage._core.logs import at_verbosity, get_logger
from clustimage._core.text import pluralize
from clustimage._core.validation import check_option
from clustimage.cluster._labels import count_clusters
from clustimage.cluster._result import Clustering
from clustimage.cluster.evaluators._silhouette import MAX_ROWS_SCORED_EXACTLY
from clustimage.cluster.evaluators._stratified_sample import draw_sample
from clustimage.cluster.tree._linkage import EUCLIDEAN_LINKAGES, build_tree, cut_heights
from clustimage.plotting._figure import add_subtitle
from clustimage.plotting.evaluation._scores import (
    FIGSIZE,
    TITLES,
    even_out,
    mark_levels,
    plot_heights,
    plot_knee,
    plot_scores,
)
from clustimage.plotting.evaluation._silhouettes import plot_silhouettes, silhouette_values

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["EvaluationPlots", "quiet_packages"]

logger = get_logger(__name__)

# Pairs whose picture clusteval draws itself.
DRAWN_BY_CLUSTEVAL = {
    ("agglomerative", "silhouette"),
    ("agglomerative", "dbindex"),
    ("agglomerative", "derivative"),
    ("kmeans", "silhouette"),
    ("kmeans", "dbindex"),
}
# Evaluators whose curve has the levels as its peaks.
WITH_LEVELS = ("silhouette", "dbindex", "calinski")
PICTURES = {"height": plot_heights, "elbow": plot_knee}
# Above so many images the tree is drawn from its uppermost merges only.
MAX_LEAVES = 100
# Of many images the silhouettes of so many are drawn.
MAX_SILHOUETTES_DRAWN = 5000


# They log to the screen by handlers of their own.
TALKATIVE = ("clusteval", "scatterd", "colourmap", "datazets", "pypickle")


@contextmanager
def quiet_packages() -> Iterator[None]:
    """Silence the loggers of clusteval and its relatives, and put them back afterwards."""
    names = [
        name for name in logging.root.manager.loggerDict if name.partition(".")[0] in TALKATIVE
    ]
    loggers = [logging.getLogger(name) for name in names]
    before = [(logger.level, logger.disabled) for logger in loggers]
    for logger in loggers:
        logger.disabled = True
    try:
        yield
    finally:
        for logger, (level, disabled) in zip(loggers, before, strict=True):
            logger.setLevel(level)
            logger.disabled = disabled


class EvaluationPlots:
    """A clusteval object whose plots work for every clusterer and evaluator of clustimage.

    Pictures come from clusteval where it has one, else from here. Nothing is shown
    on the screen by itself (``showfig=False``), no message is logged and no setting
    of matplotlib stays changed.
    """

    X: np.ndarray
    Z: Any
    results: dict[str, Any]
    cluster: str
    evaluate: str
    metric: str
    linkage: str
    clustering: Clustering
    # Takes labels, returns the colour of each that occurs.
    colors: Callable[[np.ndarray], Mapping[int, str]] | None
    verbosity: str | int | None
    subtitle: str = ""  # of the plot of the scores

    def plot(self, title: str | None = None, **options: Any) -> tuple[Figure, Any]:
        """Draw the score of every labelling, and mark the best.

        Rings mark the levels, other numbers of clusters that are locally best. For the elbow
        the best is the knee of the curve. After a similarity cut, how many
        clusters the tree gives at every height.

        Parameters
        ----------
        title : str, optional
            Title of the picture.
        **options
            As for `clusteval.clusteval.plot`: ``figsize``, ``ax``, ``xlabel``,
            ``ylabel``, ``savefig`` …. ``showfig`` and ``verbose`` change nothing: show the
            figure that is returned.

        Returns
        -------
        fig, ax
            Figure and axes; two axes where the number of clusters is drawn as well.
        """
        savefig = options.pop("savefig", None)
        quiet = {"showfig": False, "verbose": "silent"}
        fig: Any
        if self._drawn_by_clusteval():
            with self._quiet():
                named = TITLES[self.evaluate] if title is None else title
                given = {"figsize": FIGSIZE, **options, **quiet}
                fig, ax = super().plot(title=named, **given)  # type: ignore[misc]
            fig = ax.figure if fig is None else fig
            if "font_properties" not in options:
                even_out(ax)
            if self.evaluate == "derivative":
                heights, acceleration = ax.lines[-3:-1]
                ax.legend([heights, acceleration], ["Height of the merge", "Acceleration"])
        else:
            fig, ax = self._plot_scores(title, **options)
        if title is None:
            add_subtitle(ax[0] if isinstance(ax, tuple) else ax, self.subtitle)
        if self.evaluate in WITH_LEVELS and self.clustering.varied == "cluster_threshold":
            mark_levels(ax, self.clustering)
        _write(fig, savefig)
        return fig, ax

    def _drawn_by_clusteval(self) -> bool:
        # Of one score it draws a line, which is nothing; and it knows no errors.
        # It marks the best score, which may not be what was asked for.
        scores = self.results["fig"]["scores"]
        return (
            (self.cluster, self.evaluate) in DRAWN_BY_CLUSTEVAL
            and "standard_error" not in self.clustering.score
            and len(scores) > 1
            and bool(np.isfinite(scores).any())
            and self.clustering.best == _best_of(self.evaluate, scores)
        )

    def _plot_scores(
        self,
        title: str | None,
        *,
        figsize: tuple[float, float] = FIGSIZE,
        ax: Axes | None = None,
        xlabel: str | None = None,
        ylabel: str | None = None,
        **_: Any,
    ) -> tuple[Figure, Any]:
        import matplotlib.pyplot as plt

        fig: Any
        if ax is None:
            fig, ax = plt.subplots(figsize=figsize, dpi=100, layout="constrained")
        else:
            fig = ax.get_figure()
        # What a picture is of: a similarity cut was not evaluated.
        of = "height" if self.clustering.varied == "height" else self.evaluate
        draw = PICTURES.get(of, plot_scores)
        axes = draw(ax, self.clustering)
        for text, given in zip(
            (ax.title, ax.xaxis.label, ax.yaxis.label), (title, xlabel, ylabel), strict=True
        ):
            if given is not None:
                text.set_text(given)
        return fig, axes if len(axes) > 1 else ax

    def scatter(self, X: Any = None, **options: Any) -> tuple[Figure, Any]:
        """Draw the images as dots in the colours of their clusters.

        Parameters
        ----------
        X : array-like of shape (n, d), optional
            Coordinates, of which the first two are used; default the features.
        **options
            As for `clusteval.clusteval.scatter`; ``cmap`` is by default the colours of the
            other plots.

        Returns
        -------
        fig, ax
        """
        from matplotlib.colors import ListedColormap

        colors = self._colors_of(self.results["labx"], None)
        if not options.get("interactive"):
            options = {"cmap": ListedColormap(list(colors.values())), **options}
        with self._quiet():
            return super().scatter(self._coordinates(X), **options)  # type: ignore[misc, no-any-return]

    def plot_silhouette(
        self,
        X: Any = None,
        *,
        dot_size: float = 25,
        jitter: float | None = None,
        embedding: str | None = None,
        cmap: Any = None,
        figsize: tuple[float, float] = (13, 6.5),
        savefig: Mapping[Any, Any] | None = None,
        showfig: bool = False,
    ) -> tuple[Figure, Any, Any]:
        """Draw the silhouette of every image, and the images as dots.

        They are those of the features that were clustered, by the metric asked for: their
        mean, a dashed line, is the score of ``evaluate="silhouette"``, if neither time nor
        location is mixed into the distances and `min_size` has left no image out. (`clusteval`
        itself draws other silhouettes: those of two coordinates.) An unclustered image counts
        as 0. Of more than 20,000 images a sample of about 5,000 is drawn, with the silhouettes
        that they have among themselves; a line in the log says so.

        Parameters
        ----------
        X : array-like of shape (n, d), optional
            Where the dots are, of which the first two columns are used, for example
            ``results["xycoord"]``; default the features.
        dot_size : float, default=25
            Area of a dot, in square points.
        jitter : float, optional
            Standard deviation of random numbers that move the dots apart.
        embedding : {"tsne"}, optional
            Position the dots by t-SNE.
        cmap : str or Colormap, optional
            Colours of the clusters; default those of the other plots.
        figsize : (float, float), default=(13, 6.5)
            Width and height, in inches.
        savefig : mapping, optional
            What `Figure.savefig` takes, with ``"fname"``.
        showfig : bool, default=False
            Show the figure.

        Returns
        -------
        fig, ax1, ax2

        Raises
        ------
        InvalidDataError
            If there are fewer than 2 clusters, as many as images in them, or not one row
            of `X` per image.
        """
        labels = np.asarray(self.results["labx"])
        k, n_inside = count_clusters(labels), int((labels >= 0).sum())
        if not 1 < k < n_inside:
            raise InvalidDataError(
                f"A silhouette needs at least 2 clusters, and one of at least 2 images. There "
                f"are {pluralize(k, 'cluster')} of {pluralize(len(labels), 'image')}."
            )
        rows, positions = np.asarray(self.X), self._coordinates(X)
        if len(positions) != len(labels):
            raise InvalidDataError(
                f"'X' must have one row per image, {len(labels):,}. Got {len(positions):,} rows."
            )
        if len(labels) > MAX_ROWS_SCORED_EXACTLY:
            some = draw_sample(np.unique(labels, return_inverse=True)[1], MAX_SILHOUETTES_DRAWN)
            with at_verbosity(self.verbosity):
                logger.info(
                    "Drawing the silhouettes of %s of %s.",
                    f"{len(some):,}",
                    pluralize(len(labels), "image"),
                )
            rows, positions, labels = rows[some], positions[some], labels[some]
        fig, left, right = plot_silhouettes(
            silhouette_values(rows, labels, metric=self.metric),
            labels,
            self._positioned(positions, embedding, jitter),
            self._colors_of(labels, cmap),
            metric=self.metric,
            names=_names_of_axes(X, embedding),
            dot_size=dot_size,
            figsize=figsize,
        )
        _write(fig, savefig)
        if showfig:
            fig.show()
        return fig, left, right

    def dendrogram(self, X: Any = None, **options: Any) -> dict[str, Any]:
        """Draw the linkage tree, cut where it gives the clusters found.

        A clusterer without a tree gets one for the picture, with the linkage asked
        for; its own labels are not changed. Of more than 100 images the uppermost
        merges are drawn, unless ``truncate_mode`` says otherwise. Where the leaves are
        micro-clusters, numbers in brackets count these, and so does ``order_rows``; ``labx``
        is of the images.

        Parameters
        ----------
        X : array-like of shape (n, d), optional
            Features, for a tree with another ``metric`` and ``linkage``.
        **options
            As for `clusteval.clusteval.dendrogram`.

        Returns
        -------
        dict
            As clusteval returns: ``labx``, ``max_d``, ``order_rows``, ``fig``, ``ax`` ….

        Raises
        ------
        InvalidDataError
            If there is one image only.
        """
        if len(self.X) < 2:
            raise InvalidDataError("A tree needs at least 2 images. There is 1 image.")
        if not len(self.Z):
            self._build_tree()
        if len(self.X) > MAX_LEAVES and options.get("labels") is None:
            options = {"truncate_mode": "lastp", "show_contracted": False, **options}
        if options.get("ax") is not None:
            import matplotlib.pyplot as plt

            plt.sca(options["ax"])  # scipy draws on the current axes
        cluster, self.cluster = self.cluster, "agglomerative"
        try:
            with self._quiet():
                drawn: dict[str, Any] = super().dendrogram(X, **options)  # type: ignore[misc]
        finally:
            self.cluster = cluster
        micro = self.clustering.micro
        of_other_rows = None not in (options.get("metric"), options.get("linkage"))
        if micro is not None and not of_other_rows:
            drawn["labx"] = drawn["labx"][micro]
            if options.get("update_results"):
                self.results["labx"] = drawn["labx"]
            drawn["ax"].set_xlabel(f"{len(self.Z) + 1:,} micro-clusters of {len(micro):,} images")
        return drawn

    def _build_tree(self) -> None:
        fits = self.metric == "euclidean" or self.linkage not in EUCLIDEAN_LINKAGES
        name = self.linkage if fits else "average"
        self.Z = build_tree(self.X, linkage_name=name, metric=self.metric)
        k = max(1, count_clusters(self.results["labx"]))
        cut = zip(("max_d", "max_d_lower", "max_d_upper"), cut_heights(self.Z, k), strict=True)
        self.results.update(cut)

    def _coordinates(self, X: Any) -> np.ndarray:
        """Return at least two columns."""
        rows = np.asarray(self.X if X is None else X)
        return np.column_stack([rows, np.zeros(len(rows))]) if rows.shape[1] == 1 else rows

    def _colors_of(self, labels: np.ndarray, cmap: Any) -> Mapping[int, Any]:
        """Return the colour of each label, by label: of `cmap`, or those of the other plots."""
        from matplotlib import colormaps

        if cmap is None and self.colors is not None:
            return self.colors(labels)
        different = np.unique(labels).tolist()
        drawn = colormaps.get_cmap(cmap or "tab20")(np.linspace(0, 1, len(different)))
        return dict(zip(different, drawn, strict=True))

    @staticmethod
    def _positioned(
        positions: np.ndarray, embedding: str | None, jitter: float | None
    ) -> np.ndarray:
        """Return two columns: the first ones or those of t-SNE, moved by random numbers."""
        if embedding is not None:
            from sklearn.manifold import TSNE

            check_option("embedding", embedding, ("tsne",))
            perplexity = min(30, len(positions) - 1)
            positions = TSNE(2, perplexity=perplexity, random_state=0).fit_transform(positions)
        noise = np.random.default_rng(0).normal(0, jitter or 0, (len(positions), 2))
        return np.asarray(positions[:, :2] + noise)

    @staticmethod
    @contextmanager
    def _quiet() -> Iterator[None]:
        """Log nothing, and leave matplotlib's settings as they were."""
        from matplotlib import rc_context

        with quiet_packages(), rc_context():
            yield


def _names_of_axes(X: Any, embedding: str | None) -> tuple[str, str]:
    if embedding is not None:
        return "t-SNE 1", "t-SNE 2"
    return ("1st feature", "2nd feature") if X is None else ("x", "y")


def _write(fig: Figure, savefig: Mapping[Any, Any] | None) -> None:
    """Write a figure where a file is named, as the plots of clusteval do."""
    if savefig and savefig.get("fname"):
        # The default of clusteval has the function `format` as a name.
        fig.savefig(**{key: value for key, value in savefig.items() if isinstance(key, str)})


def _best_of(evaluate: str, scores: np.ndarray) -> int:
    return int(np.nanargmin(scores) if evaluate == "dbindex" else np.nanargmax(scores))
