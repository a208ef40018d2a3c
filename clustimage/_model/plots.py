"""The plots as methods: they read what is computed and hand it to the drawing functions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from clustimage._core.errors import InvalidParameterError, StepOrderError
from clustimage._core.validation import check_option
from clustimage._model.map_plots import MapMethods
from clustimage._model.state import require
from clustimage.plotting._limits import check_limit
from clustimage.plotting.grids._clusters import MAX_CLUSTERS, MAX_IMAGES, plot_clusters
from clustimage.plotting.grids._columns import MAX_IN_ALL, MAX_MEMORY, plot_columns
from clustimage.plotting.grids._face_grid import MAX_FACES, MAX_PHOTOS, plot_faces
from clustimage.plotting.grids._found import MAX_QUERIES, plot_hits
from clustimage.plotting.grids._unique import MAX_UNIQUE, plot_representatives

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

__all__ = ["PlotMethods"]

# With the picture of its HOG, an image takes twice the room and more time.
MAX_WITH_HOG = 100


class PlotMethods(MapMethods):
    """Plots of what `Clustimage` has computed; mixed into it."""

    def plot(
        self,
        labels: int | Iterable[int] | None = None,
        show_hog: bool = False,
        cmap: str | Colormap | None = None,
        ncols: int | None = None,
        min_samples: int = 2,
        blacklist: int | Iterable[int] | None = None,
        *,
        layout: str = "clusters",
        max_rows: int | None = None,
        max_memory: float = MAX_MEMORY,
        ax: Axes | None = None,
        max_images: int | str | None = "auto",
        max_clusters: int | None = MAX_CLUSTERS,
    ) -> tuple[Any, Any]:
        """Draw the images of each cluster, one figure per cluster or all in one.

        A figure is one picture, however many images it shows. Of a cluster that has more
        than `max_images`, that many are drawn, evenly from the image nearest to its centre,
        which comes first, to the farthest: so one sees what is typical of it and what lies
        at its edge. The title and the log then say so. Other images come in the order in
        which they were imported, with their file names where a figure shows at most 40.

        With ``layout="columns"`` there is one figure: a column of images for each
        cluster, the largest on the left, with label and size above it and a bar of the
        colour that the cluster has in `scatter`. The picture is about 1.6 times as wide
        as high: a column that is too long goes on in a next one beside it, and where
        there are many clusters, the row of columns goes on below.

        Parameters
        ----------
        labels : int or list of int, optional
            Clusters to draw, in this order and whatever their size; -1 are the images
            in no cluster. Default: all clusters, without -1.
        show_hog : bool, default=False
            Draw the HOG beside each image; for ``method="hog"`` and ``"pca-hog"`` and
            ``layout="clusters"``.
        cmap : str or Colormap, optional
            Colour map for gray images, for example ``"binary"``; default ``"gray"``.
        ncols : int, optional
            Images per row, for ``layout="clusters"``; default makes the picture wider
            than high.
        min_samples : int, default=2
            Leave out smaller clusters, where `labels` does not ask for them.
        blacklist : int or list of int, optional
            Leave out these clusters.
        layout : {"clusters", "columns"}, default="clusters"
            A figure per cluster, or one with a column per cluster.
        max_rows : int, optional
            For ``layout="columns"``: one column of at most so many images per cluster;
            what is shown is said above it.
        max_memory : float, default=2**30
            For ``layout="columns"``: bytes that the picture may take.
        ax : Axes, optional
            For ``layout="columns"``: where to draw; default is a new figure.
        max_images : int, "auto" or None, default="auto"
            The most images in a figure. ``"auto"`` is 400, 100 with `show_hog`; with
            ``layout="columns"`` it is 5,000, of which each cluster has its share, and no
            limit with `max_rows`. None draws all.
        max_clusters : int or None, default=100
            For ``layout="clusters"``: the most figures where `labels` does not name the
            clusters; the largest clusters are drawn, and the log says so. None draws all.

        Returns
        -------
        figs : list of Figure
            One per cluster; with ``layout="columns"`` the one figure.
        axes : array of shape (n_figs,), object
            The axes of each; with ``layout="columns"`` the one axes.

        Raises
        ------
        StepOrderError
            Before `cluster` (or `fit_transform`).
        InvalidParameterError
            For a cluster that is not there, an unknown `cmap`, `show_hog` without HOG, a
            limit that is none, or a value that the layout has no use for.
        MemoryLimitError
            If the picture of all clusters would take more than `max_memory`; raised
            before it is made.

        Examples
        --------
        >>> cl.fit_transform("photos/")  # doctest: +SKIP
        >>> figs, axes = cl.plot(labels=[0, 2], ncols=12)  # doctest: +SKIP
        >>> figs[0].savefig("largest_cluster.png")  # doctest: +SKIP
        >>> fig, ax = cl.plot(layout="columns", max_rows=20)  # doctest: +SKIP
        """
        assigned = require(self.results, "labels")
        check_option("layout", layout, ("clusters", "columns"))
        if layout == "columns":
            _check_unused(layout, {"ncols": ncols, "show_hog": show_hog or None})
            if max_images == "auto":
                max_images = MAX_IN_ALL if max_rows is None else None
            return plot_columns(
                self._images(),
                assigned,
                wanted=labels,
                cmap=cmap,
                min_samples=min_samples,
                blacklist=blacklist,
                max_rows=max_rows,
                max_memory=max_memory,
                ax=ax,
                max_images=check_limit("max_images", max_images, auto=MAX_IN_ALL),
                distances=self._distances,
            )
        _check_unused(layout, {"max_rows": max_rows, "ax": ax})
        auto = MAX_WITH_HOG if show_hog else MAX_IMAGES
        return plot_clusters(
            self._images(),
            assigned,
            wanted=labels,
            filenames=self.results["filenames"],
            cmap=cmap,
            ncols=ncols,
            min_samples=min_samples,
            blacklist=blacklist,
            max_images=check_limit("max_images", max_images, auto=auto),
            max_clusters=max_clusters,
            distances=self._distances,
            decorate=self._decorate(show_hog, cmap),
        )

    def plot_unique(
        self,
        img_mean: bool = True,
        cmap: str | Colormap | None = None,
        show_hog: bool = False,
        *,
        ax: Axes | None = None,
        max_images: int | None = MAX_UNIQUE,
    ) -> tuple[Figure, Axes]:
        """Draw one image for each cluster, all in one picture.

        Below each image stand the cluster and its number of images; its frame has the
        colour that the cluster has in `scatter`.

        Parameters
        ----------
        img_mean : bool, default=True
            True draws the average of the cluster's images, a gray blur for mixed photos;
            False its unique image: the one nearest to the centre of the cluster.
        cmap : str or Colormap, optional
            Colour map for gray images; default ``"gray"``.
        show_hog : bool, default=False
            Draw the HOG beside each image; for ``method="hog"`` and ``"pca-hog"``.
        ax : Axes, optional
            Where to draw; default is a new figure.
        max_images : int or None, default=400
            The most clusters, the largest ones; the title and the log say where there are
            more. None draws all.

        Returns
        -------
        fig, ax
            Figure and axes.

        Raises
        ------
        StepOrderError
            Before `cluster` (or `fit_transform`).
        InvalidParameterError
            For an unknown `cmap`, a limit that is none, or `show_hog` without HOG.

        Examples
        --------
        >>> cl.fit_transform("photos/")  # doctest: +SKIP
        >>> fig, ax = cl.plot_unique(img_mean=False)  # doctest: +SKIP
        """
        assigned = require(self.results, "labels")
        labels, pictures = self._one_per_cluster(img_mean, cmap, self._decorate(show_hog, cmap))
        present, sizes = np.unique(assigned, return_counts=True)
        size_of = dict(zip(present.tolist(), sizes.tolist(), strict=True))
        return plot_representatives(
            pictures,
            labels,
            np.array([size_of.get(label, 0) for label in labels.tolist()], dtype=int),
            what="Average image" if img_mean else "Unique image",
            ax=ax,
            max_images=max_images,
        )

    def plot_find(
        self,
        cmap: str | Colormap | None = None,
        *,
        max_images: int | str | None = "auto",
        max_queries: int | None = MAX_QUERIES,
    ) -> tuple[Figure, np.ndarray]:
        """Draw what the last `find` found, one row of images per query.

        The query comes first, in a yellow frame, then the images found, nearest first,
        each with its file name (and its folder, where files of one name were found), its
        distance (d), its p-value (p) and its cluster, in a frame of the cluster's colour.
        Where the pictures of the queries are not kept, only what was found is drawn.

        Parameters
        ----------
        cmap : str or Colormap, optional
            Colour map for gray images; default ``"gray"``.
        max_images : int, "auto" or None, default="auto"
            The most images of each query, the nearest ones; ``"auto"`` is 47 of one query
            and 23 of each of several. The titles and the log say where there are more.
            None draws all.
        max_queries : int or None, default=20
            The most queries, the first ones. None draws all.

        Returns
        -------
        fig : Figure
            One figure.
        axes : array of shape (n_queries,), object
            One axes per query.

        Raises
        ------
        StepOrderError
            Before `find`.
        InvalidParameterError
            For an unknown `cmap`, or a limit that is none.

        Examples
        --------
        >>> cl.find("holiday.jpg", k=10, alpha=None)  # doctest: +SKIP
        >>> fig, axes = cl.plot_find()  # doctest: +SKIP
        """
        found = require(self.results, "predict")
        return plot_hits(
            self._images(),
            found,
            query_images=self._query_images(),
            cmap=cmap,
            max_images=max_images,
            max_queries=max_queries,
        )

    def plot_faces(
        self,
        faces: bool = True,
        eyes: bool = True,
        cmap: str | Colormap | None = None,
        *,
        max_photos: int | None = MAX_PHOTOS,
        max_faces: int | None = MAX_FACES,
    ) -> tuple[list[Figure], np.ndarray]:
        """Draw the photos with boxes around their faces, and the faces with their eyes.

        The photos are read again, at the size they are drawn in; one that is gone since is
        a gray field.

        Parameters
        ----------
        faces : bool, default=True
            Draw a figure of the photos with a box around each face.
        eyes : bool, default=True
            Draw a figure of the faces with a box around each eye that was found. There is
            none where no face was found.
        cmap : str or Colormap, optional
            Colour map for gray faces; default ``"gray"``.
        max_photos, max_faces : int or None, default=60, 400
            The most photos and the most faces, spread evenly over all; the titles and the
            log say where there are more. None draws all.

        Returns
        -------
        figs : list of Figure
            The figure of the photos, then that of the faces.
        axes : array of shape (n_figs,), object
            The axes of each.

        Raises
        ------
        StepOrderError
            Before `extract_faces`.
        InvalidParameterError
            If neither is to be drawn, for an unknown `cmap`, or a limit that is none.

        Examples
        --------
        >>> cl.extract_faces("photos/")  # doctest: +SKIP
        >>> figs, axes = cl.plot_faces()  # doctest: +SKIP
        >>> figs[0].savefig("photos_with_boxes.png")  # doctest: +SKIP
        """
        found = getattr(self, "results_faces", None)
        if found is None:
            raise StepOrderError("There are no faces yet. Run extract_faces() first.")
        return plot_faces(
            found,
            self.params["dim_face"],
            faces=faces,
            eyes=eyes,
            cmap=cmap,
            n_jobs=self.params["n_jobs"],
            max_photos=max_photos,
            max_faces=max_faces,
        )


def _check_unused(layout: str, given: dict[str, object]) -> None:
    """Raise where a value was given that this layout of `plot` has no use for."""
    for name, value in given.items():
        if value is not None:
            raise InvalidParameterError(
                f"{name!r} does not go with layout={layout!r}. Got {value!r}."
            )
