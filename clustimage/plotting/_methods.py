"""The plots as methods: they read what is computed and hand it to the drawing functions."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from clustimage._errors import InvalidParameterError, StepOrderError
from clustimage._results import require
from clustimage._validation import check_bool, check_option
from clustimage.plotting._clusters import plot_clusters
from clustimage.plotting._columns import MAX_MEMORY, plot_columns
from clustimage.plotting._faces import plot_faces
from clustimage.plotting._find import plot_hits
from clustimage.plotting._hog import with_hog
from clustimage.plotting._map import MAP_NAME, MAX_PAGE, TITLE, plot_map
from clustimage.plotting._queries import place_queries
from clustimage.plotting._reads import ReadsResults
from clustimage.plotting._scatter import draw_map
from clustimage.plotting._unique import plot_representatives

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

__all__ = ["PlotMethods"]


class PlotMethods(ReadsResults):
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
    ) -> tuple[Any, Any]:
        """Draw the images of each cluster, one figure per cluster or all in one.

        A figure is one picture, however many images it shows. One for each cluster: at
        most 400 images (100 with `show_hog`), spread evenly over a larger cluster; the
        title then says so. File names are written where a figure shows at most 40 images.

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
            For ``layout="columns"``: one column of at most so many images per cluster,
            spread evenly over a larger one; what is shown is said above it.
        max_memory : float, default=2**30
            For ``layout="columns"``: bytes that the picture may take.
        ax : Axes, optional
            For ``layout="columns"``: where to draw; default is a new figure.

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
            For a cluster that is not there, an unknown `cmap`, `show_hog` without HOG, or
            a value that the layout has no use for.
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
            )
        _check_unused(layout, {"max_rows": max_rows, "ax": ax})
        decorate, limit = None, {}
        if self._shows_hog(show_hog):
            limit = {"limit": 100}

            def decorate(images: np.ndarray) -> np.ndarray:
                return with_hog(images, self.params["params_hog"], cmap)

        return plot_clusters(
            self._images(),
            assigned,
            wanted=labels,
            filenames=self.results["filenames"],
            cmap=cmap,
            ncols=ncols,
            min_samples=min_samples,
            blacklist=blacklist,
            decorate=decorate,
            **limit,
        )

    def plot_unique(
        self,
        img_mean: bool = True,
        cmap: str | Colormap | None = None,
        show_hog: bool = False,
        *,
        ax: Axes | None = None,
    ) -> tuple[Figure, Axes]:
        """Draw one image for each cluster, all in one picture.

        Below each image stand the cluster and its number of images; its frame has the
        colour that the cluster has in `scatter`. At most 400 clusters are drawn, the
        largest ones; the title says where there are more.

        Parameters
        ----------
        img_mean : bool, default=True
            True draws the average of the cluster's images, False its unique image:
            the one nearest to the centre of the cluster.
        cmap : str or Colormap, optional
            Colour map for gray images; default ``"gray"``.
        show_hog : bool, default=False
            Draw the HOG beside each image; for ``method="hog"`` and ``"pca-hog"``.
        ax : Axes, optional
            Where to draw; default is a new figure.

        Returns
        -------
        fig, ax
            Figure and axes.

        Raises
        ------
        StepOrderError
            Before `cluster` (or `fit_transform`).
        InvalidParameterError
            For an unknown `cmap`, or `show_hog` without HOG.

        Examples
        --------
        >>> cl.fit_transform("photos/")  # doctest: +SKIP
        >>> fig, ax = cl.plot_unique(img_mean=False)  # doctest: +SKIP
        """
        assigned = require(self.results, "labels")
        labels, images = self._one_per_cluster(img_mean)
        if self._shows_hog(show_hog):
            images = with_hog(images, self.params["params_hog"], cmap)
        return plot_representatives(
            images,
            np.array(labels, dtype=int),
            np.array([np.count_nonzero(assigned == label) for label in labels], dtype=int),
            what="Average image" if img_mean else "Unique image",
            cmap=cmap,
            ax=ax,
        )

    def plot_find(self, cmap: str | Colormap | None = None) -> tuple[Figure, np.ndarray]:
        """Draw what the last `find` found, one row of images per query.

        The query comes first, in a yellow frame, then the images found, nearest first,
        each with its file name (and its folder, where files of one name were found), its
        distance (d), its p-value (p) and its cluster, in a
        frame of the cluster's colour. At most 20 queries are drawn, with at most 47
        images of one query or 23 of each of several; the titles say where there are
        more. Where the pictures of the queries are not kept, only what was found is drawn.

        Parameters
        ----------
        cmap : str or Colormap, optional
            Colour map for gray images; default ``"gray"``.

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
            For an unknown `cmap`.

        Examples
        --------
        >>> cl.find("holiday.jpg", k=10, alpha=None)  # doctest: +SKIP
        >>> fig, axes = cl.plot_find()  # doctest: +SKIP
        """
        found = require(self.results, "predict")
        return plot_hits(self._images(), found, query_images=self._query_images(), cmap=cmap)

    def plot_faces(
        self, faces: bool = True, eyes: bool = True, cmap: str | Colormap | None = None
    ) -> tuple[list[Figure], np.ndarray]:
        """Draw the photos with boxes around their faces, and the faces with their eyes.

        The photos are read again, at the size they are drawn in; one that is gone since is
        a gray field. At most 60 photos and 400 faces are drawn, spread evenly over all; the
        titles say where there are more.

        Parameters
        ----------
        faces : bool, default=True
            Draw a figure of the photos with a box around each face.
        eyes : bool, default=True
            Draw a figure of the faces with a box around each eye that was found. There is
            none where no face was found.
        cmap : str or Colormap, optional
            Colour map for gray faces; default ``"gray"``.

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
            If neither is to be drawn, or for an unknown `cmap`.

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
        )

    def plot_map(
        self,
        save_path: str | PathLike[str] | None = None,
        lines: str | None = None,
        overwrite: bool = False,
        *,
        title: str = TITLE,
        tiles: str | None = "openstreetmap",
        attribution: str = "",
        max_memory: float = MAX_PAGE,
    ) -> str:
        """Write a map of the photos as one HTML file that opens without a network.

        A dot for each photo, in the colour that its cluster has in `scatter`; near dots
        are one ring with their number, which opens at a click, and photos at one spot
        spread out around it. A click on a dot shows the photo, its name, date and
        cluster, and leads to the one taken before or after it. The legend shows and hides
        clusters; everything is reached by the keyboard too. Photos whose EXIF data hold
        no place are counted in a note.

        The file holds all that it needs: the script, the pictures, and the coasts and
        borders of the world. Where the page comes from a web server (``python -m
        http.server`` is one), streets are drawn from the tiles of OpenStreetMap, whose
        rules keep them from pages that are opened as a file; these ask nobody for
        anything. Whoever gets the file sees where the photos were taken.

        Parameters
        ----------
        save_path : path, optional
            File to write, in a folder that exists. Default: ``map.html`` in `dirpath`,
            which replaces the one of an earlier call; without `dirpath` in a new folder
            below the system's temporary one.
        lines : {"day"}, optional
            Join the photos of each day in order of time, in a colour and a dash per day,
            which the legend shows and hides. Days begin at midnight of the clock that
            the dates are shown in.
        overwrite : bool, default=False
            Replace the file at `save_path` if there is one.
        title : str
            Title of the page.
        tiles : str or None, default="openstreetmap"
            ``"openstreetmap"``; None for no tiles, in a page that never asks a server; or
            the address of another server's tiles, with ``{z}``, ``{x}`` and ``{y}`` in
            it, which is asked also by a page that was opened as a file.
        attribution : str, default=""
            Whom the page names for the tiles of another server.
        max_memory : float, default=20e6
            Bytes that the file may have. The pictures become smaller for it: of 5,000
            photos about 80 pixels wide.

        Returns
        -------
        str
            Absolute path of the file.

        Raises
        ------
        StepOrderError
            Before `import_data` (or `fit_transform`).
        InvalidDataError
            If no photo has a place, or none of those on the map a date for `lines`.
        InvalidParameterError
            If the file exists and `overwrite` is false, or for a value that cannot be used.
        MemoryLimitError
            If the page would have more than `max_memory` bytes with the smallest pictures.

        Examples
        --------
        >>> cl.fit_transform("photos/")  # doctest: +SKIP
        >>> cl.plot_map("trip.html", lines="day")  # doctest: +SKIP
        """
        images = self._images()
        if save_path is None and self.params.get("dirpath") is not None:
            folder = Path(self.params["dirpath"]).expanduser()
            folder.mkdir(parents=True, exist_ok=True)
            save_path, overwrite = folder / MAP_NAME, True
        return plot_map(
            self._places(),
            self.results["labels"],
            pixels=images,
            sizes=self._original_sizes(),
            filenames=self.results["filenames"],
            pathnames=self.results["pathnames"],
            moments=self._moments(),
            lines=lines,
            title=title,
            tiles=tiles,
            attribution=attribution,
            max_memory=max_memory,
            save_path=save_path,
            overwrite=overwrite,
            n_jobs=self.params.get("n_jobs", -1),
        )

    def scatter(
        self,
        zoom: float | None = 0.3,
        img_mean: bool = True,
        dotsize: float = 15,
        legend: bool = False,
        text: bool = True,
        plt_all: bool = False,
        density: bool = False,
        *,
        cmap: str | Colormap | None = None,
        figsize: tuple[float, float] | None = None,
        ax: Axes | None = None,
    ) -> tuple[Figure, Axes]:
        """Draw the map of all images, coloured by cluster.

        After `find`, the queries are stars. The first 20 have their names, but for names
        that would lie on another one. A query lies where the embedding puts it, if the
        embedding can; else at the mean place of its five nearest images, weighted by one
        over their distances.

        Parameters
        ----------
        zoom : float or None, default=0.3
            Width of one pixel of a picture, in points (1/72 inch), whatever the
            resolution of the figure: 0.3 draws 128 pixels about 14 mm wide; for images
            of 8 pixels, 4 looks good. Pictures of clusters are not smaller than 30
            points, images of `plt_all` not smaller than 12; they shrink where they would
            fill the map. None draws no picture.
        img_mean : bool, default=True
            For the picture of a cluster: True draws the average of its images, False
            its unique image. The first 100 clusters have one. It lies at the centre;
            where it would hide another picture or more than three tenths of the dots
            of a cluster, it lies beside them, with a line to the centre.
        dotsize : float, default=15
            Area of a dot, in square points.
        legend : bool, default=False
            List clusters and sizes beside the map, 60 at most; fewer and smaller where
            there is little room.
        text : bool, default=True
            Write the number of each cluster.
        plt_all : bool, default=False
            Draw every image, framed in the colour of its cluster, instead of the dots.
        density : bool, default=False
            Shade the map by the density of images.
        cmap : str or Colormap, optional
            Colour map for gray images; default ``"gray"``.
        figsize : (float, float), optional
            Width and height of a new figure, in inches; default (11, 8.5). Not together
            with `ax`.
        ax : Axes, optional
            Where to draw; default is a new figure. A legend takes its place from these
            axes, as a colour bar does.

        Returns
        -------
        fig, ax
            Figure and axes.

        Raises
        ------
        StepOrderError
            Before `embedding` and `cluster` (or `fit_transform`).
        InvalidParameterError
            For a `zoom`, `dotsize`, `cmap`, `figsize` or `ax` that cannot be used.

        Examples
        --------
        >>> cl.fit_transform("photos/")  # doctest: +SKIP
        >>> fig, ax = cl.scatter(zoom=0.4, img_mean=False, legend=True)  # doctest: +SKIP
        >>> fig, ax = cl.scatter(plt_all=True)  # doctest: +SKIP
        """
        assigned, xycoord = require(self.results, "labels"), require(self.results, "xycoord")
        every, pictures = check_bool("plt_all", plt_all), None
        if zoom is not None and not every:
            pictures = dict(zip(*self._one_per_cluster(img_mean), strict=True))
        found = self.results.get("predict")
        places = getattr(self, "query_xycoord_", None)
        return draw_map(
            xycoord,
            assigned,
            images=self._images() if every and zoom is not None else None,
            pictures=pictures,
            centers=self._centers(),
            queries=place_queries(found, xycoord, places) if found else None,
            zoom=zoom,
            dotsize=dotsize,
            legend=legend,
            text=text,
            density=density,
            cmap=cmap,
            axis_name=self._axis_name(),
            figsize=figsize,
            ax=ax,
        )


def _check_unused(layout: str, given: dict[str, object]) -> None:
    """Raise where a value was given that this layout of `plot` has no use for."""
    for name, value in given.items():
        if value is not None:
            raise InvalidParameterError(
                f"{name!r} does not go with layout={layout!r}. Got {value!r}."
            )
