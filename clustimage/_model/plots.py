"""The plots as methods: they read what is computed and hand it to the drawing functions."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from clustimage._core.errors import InvalidParameterError
from clustimage._core.logs import get_logger
from clustimage._core.parameters import setting
from clustimage._core.step_order import StepOrderError
from clustimage._core.validation import check_bool, check_option
from clustimage._model.clustering import ClusterMethods
from clustimage._model.corrected_labels import labels_named
from clustimage._model.metadata import metadata_columns
from clustimage._model.plot_inputs import PlotInputs
from clustimage._model.questions import query_positions
from clustimage._model.verdict import VerdictMethods
from clustimage.images import clock_times, locations_of
from clustimage.plotting._limits import check_limit
from clustimage.plotting.evaluation._search_plot import plot_contingency, plot_search
from clustimage.plotting.geomap._geomap import MAP_NAME, MAX_PAGE, TITLE, plot_map
from clustimage.plotting.grids._clusters import MAX_CLUSTERS, MAX_IMAGES, plot_clusters
from clustimage.plotting.grids._columns import MAX_IN_ALL, MAX_MEMORY, plot_columns
from clustimage.plotting.grids._duplicate_grid import MAX_GROUPS, plot_groups
from clustimage.plotting.grids._face_grid import MAX_FACES, MAX_PHOTOS, plot_faces
from clustimage.plotting.grids._found import MAX_QUERIES, plot_hits
from clustimage.plotting.grids._unique import MAX_UNIQUE, plot_representatives
from clustimage.plotting.scatter._queries import position_queries
from clustimage.plotting.scatter._scatter import MAX_PICTURES, MAX_THUMBNAILS, draw_map

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

__all__ = ["PlotMethods"]

logger = get_logger(__name__)

# With the picture of its HOG, an image takes twice the space and more time.
MAX_WITH_HOG = 100


class PlotMethods(ClusterMethods, VerdictMethods):
    """Plots of what was computed."""

    def plot(
        self,
        labels: int | str | Iterable[int | str] | None = None,
        show_hog: bool = False,
        cmap: str | Colormap | None = None,
        ncols: int | None = None,
        min_samples: int = 2,
        blacklist: int | str | Iterable[int | str] | None = None,
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
        labels : int, str or list of these, optional
            Clusters to draw, by label or name, in this order and whatever their size; -1 are
            the images not assigned to one. Default: all clusters, without -1.
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
        blacklist : int, str or list of these, optional
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
        assigned, inputs = self._state.require("labels"), PlotInputs(self)
        wanted = labels_named(self, "labels", labels)
        unwanted = labels_named(self, "blacklist", blacklist)
        check_option("layout", layout, ("clusters", "columns"))
        if layout == "columns":
            _check_unused(layout, {"ncols": ncols, "show_hog": show_hog or None})
            if max_images == "auto":
                max_images = MAX_IN_ALL if max_rows is None else None
            return plot_columns(
                inputs.images,
                assigned,
                wanted=wanted,
                cmap=cmap,
                min_samples=min_samples,
                blacklist=unwanted,
                max_rows=max_rows,
                max_memory=max_memory,
                ax=ax,
                max_images=check_limit("max_images", max_images, auto=MAX_IN_ALL),
                distances=inputs.distances,
                colors=inputs.colors,
                names=inputs.names,
            )
        _check_unused(layout, {"max_rows": max_rows, "ax": ax})
        auto = MAX_WITH_HOG if show_hog else MAX_IMAGES
        return plot_clusters(
            inputs.images,
            assigned,
            wanted=wanted,
            filenames=self.results["filenames"],
            cmap=cmap,
            ncols=ncols,
            min_samples=min_samples,
            blacklist=unwanted,
            max_images=check_limit("max_images", max_images, auto=auto),
            max_clusters=max_clusters,
            distances=inputs.distances,
            decorate=inputs.decorate(show_hog, cmap),
            names=inputs.names,
        )

    def plot_unique(
        self,
        img_mean: bool | None = None,
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
        img_mean : bool, optional
            True draws the average of the cluster's images, False its unique image: the one
            nearest to the centre of the cluster. By default the average where it is sharp, as
            of digits, faces and near copies, and else the unique image, as of photos; where
            there are both, the captions of the rarer kind say so.
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
        assigned, inputs = self._state.require("labels"), PlotInputs(self)
        check_limit("max_images", max_images)
        labels, pictures, averaged = inputs.one_per_cluster(
            img_mean, cmap, inputs.decorate(show_hog, cmap), most=max_images
        )
        present, sizes = np.unique(assigned, return_counts=True)
        size_of = dict(zip(present.tolist(), sizes.tolist(), strict=True))
        return plot_representatives(
            pictures,
            labels,
            np.array([size_of.get(label, 0) for label in labels.tolist()], dtype=int),
            averaged=averaged,
            colors=inputs.colors,
            names=inputs.called,
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
        found, inputs = self._state.require("predict"), PlotInputs(self)
        return plot_hits(
            inputs.images,
            found,
            query_images=None if self._state.queries is None else self._state.queries.pixels,
            cmap=cmap,
            max_images=max_images,
            max_queries=max_queries,
            colors=inputs.colors,
            names=inputs.called,
        )

    def plot_duplicates(
        self,
        groups: pd.DataFrame,
        *,
        max_groups: int | None = MAX_GROUPS,
        max_images: int | str | None = "auto",
    ) -> tuple[Figure, np.ndarray]:
        """Draw groups of duplicates, a row each.

        The image that is kept comes first, in a green frame, with the reason why it is kept;
        below each of the others stands how it differs.

        Parameters
        ----------
        groups : DataFrame
            As `duplicates` returns it, or some of its rows, such as
            ``groups[groups["group"].isin([3, 5])]``. The files are read again.
        max_groups : int or None, default=12
            The most groups, the first ones. None draws all.
        max_images : int, "auto" or None, default="auto"
            The most images of a group; ``"auto"`` is 6. The titles and the log say where there
            are more. None draws all.

        Returns
        -------
        fig : Figure
            One figure.
        axes : array of shape (n_groups,), object
            One axes per group.

        Raises
        ------
        InvalidDataError
            If there is no group in the table, or a column is missing.
        InvalidParameterError
            If `groups` is no table, or a limit is none.

        Examples
        --------
        >>> groups = cl.duplicates("photos/")  # doctest: +SKIP
        >>> fig, axes = cl.plot_duplicates(groups)  # doctest: +SKIP
        """
        inputs = PlotInputs(self)
        pathnames = self.results["pathnames"]
        rows = {str(name): row for row, name in enumerate([] if pathnames is None else pathnames)}

        def find(pathname: str) -> np.ndarray | None:
            if pathname not in rows or Path(pathname).is_file():
                return None
            return np.asarray(inputs.images[rows[pathname]])

        return plot_groups(
            groups,
            find,
            max_groups=max_groups,
            max_images=max_images,
            n_jobs=self._settings.n_jobs,
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
        found = self._state.faces
        if found is None:
            raise StepOrderError("There are no faces yet. Run extract_faces() first.")
        return plot_faces(
            found,
            self._settings.dim_face,
            faces=faces,
            eyes=eyes,
            cmap=cmap,
            n_jobs=self._settings.n_jobs,
            max_photos=max_photos,
            max_faces=max_faces,
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
        max_images: int | str | None = "auto",
    ) -> str:
        """Write a map of the photos as one HTML file that opens without a network.

        A dot for each photo, in the colour that its cluster has in `scatter`; near dots
        are one ring with their number, which opens at a click, and photos at one spot
        spread out around it. A click on a dot shows the photo, its name, date and
        cluster, and leads to the one taken before or after it. The legend shows and hides
        clusters; everything is reached by the keyboard too. Photos whose EXIF data hold
        no location are counted in a note.

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
        max_images : int, "auto" or None, default="auto"
            The most photos that have a picture, evenly over the map, so that every region
            has some; all have a dot, a name and a date. A note on the page and the log say
            so. ``"auto"`` is as many as fit into `max_memory` at the smallest size, of
            60,000 photos some thousands; None is all.

        Returns
        -------
        str
            Absolute path of the file.

        Raises
        ------
        StepOrderError
            Before `import_data` (or `fit_transform`).
        InvalidDataError
            If no photo has a location, or none of those on the map a date for `lines`.
        InvalidParameterError
            If the file exists and `overwrite` is false, or for a value that cannot be used.
        MemoryLimitError
            If the page would have more than `max_memory` bytes, with the smallest pictures
            of as many photos as `max_images` tells.

        Examples
        --------
        >>> cl.fit_transform("photos/")  # doctest: +SKIP
        >>> cl.plot_map("trip.html", lines="day")  # doctest: +SKIP
        """
        inputs = PlotInputs(self)
        images, metadata = inputs.images, metadata_columns(self._settings, self._state)
        if save_path is None and self._settings.dirpath is not None:
            folder = Path(self._settings.dirpath).expanduser()
            folder.mkdir(parents=True, exist_ok=True)
            save_path, overwrite = folder / MAP_NAME, True
        return plot_map(
            locations_of(metadata),
            self.results["labels"],
            colors=inputs.colors,
            pixels=images,
            sizes=inputs.original_sizes,
            filenames=self.results["filenames"],
            pathnames=self.results["pathnames"],
            timestamps=clock_times(metadata),
            names=inputs.names,
            lines=lines,
            title=title,
            tiles=tiles,
            attribution=attribution,
            max_memory=max_memory,
            max_images=max_images,
            save_path=save_path,
            overwrite=overwrite,
            n_jobs=self._settings.n_jobs,
        )

    def plot_search(self) -> tuple[Figure, np.ndarray]:
        """Draw what `search` tried: scores, agreement, and unique images of the best three.

        Returns
        -------
        fig : Figure
        axes : ndarray of Axes
            The score of each candidate in the colour of its confidence; the adjusted Rand index
            of each two candidates; and, where there are images, a row of unique images for each
            of the best three.

        Raises
        ------
        StepOrderError
            Before `search`.

        Examples
        --------
        >>> cl.search(methods=["pca", "color+gist"])  # doctest: +SKIP
        >>> fig, axes = cl.plot_search()  # doctest: +SKIP
        """
        tried = [one for one in self._state.candidates or [] if one.labels is not None]
        if not tried:
            raise StepOrderError("Nothing was searched yet. Run search() first.")
        inputs = PlotInputs(self)
        pictures = None if self._state.images is None else lambda rows: inputs.images[rows]
        return plot_search(
            [one.row for one in tried],
            [one.labels for one in tried if one.labels is not None],
            [one.unique for one in tried if one.unique is not None],
            pictures,
        )

    def plot_contingency(self, y: Any) -> tuple[Figure, Axes]:
        """Draw known labels by clusters: a diagonal where they agree.

        Parameters
        ----------
        y : array-like of shape (n,), or dict
            As for `evaluate_labels`.

        Returns
        -------
        fig, ax
            A row per label, a column per cluster, the numbers of images, and the share of the
            label as colour.

        Raises
        ------
        StepOrderError
            Before `cluster` (or `fit_transform`).
        InvalidDataError
            If there is not a label for each image, or a name is not known.

        Examples
        --------
        >>> fig, ax = cl.plot_contingency(y)  # doctest: +SKIP
        """
        found = self.evaluate_labels(y)
        title = f"ARI {found['ari']:.2f}, NMI {found['nmi']:.2f}, purity {found['purity']:.2f}"
        return plot_contingency(found["contingency"], title, PlotInputs(self).called)

    def scatter(
        self,
        zoom: float | None = 0.3,
        img_mean: bool | None = None,
        dotsize: float = 15,
        legend: bool = False,
        text: bool = True,
        plt_all: bool = False,
        density: bool = False,
        *,
        cmap: str | Colormap | None = None,
        figsize: tuple[float, float] | None = None,
        ax: Axes | None = None,
        max_images: int | str | None = "auto",
    ) -> tuple[Figure, Axes]:
        """Draw the map of all images, coloured by cluster.

        After `find`, the queries are stars. The first 20 have their names, but for names
        that would lie on another one. A query lies where the embedding puts it, if the
        embedding can; else at the mean position of its five nearest images, weighted by one
        over their distances.

        Parameters
        ----------
        zoom : float or None, default=0.3
            Width of one pixel of a picture, in points (1/72 inch), whatever the
            resolution of the figure: 0.3 draws 128 pixels about 14 mm wide; for images
            of 8 pixels, 4 looks good. Pictures of clusters are not smaller than 30
            points, images of `plt_all` not smaller than 12; they shrink where they would
            fill the map. None draws no picture.
        img_mean : bool, optional
            For the picture of a cluster: True draws the average of its images, False its
            unique image. By default the average where it is sharp, as of digits, faces and
            near copies, and else the unique image, as of photos. The first 100 clusters have
            a picture. It lies at the centre; where it would hide another
            one or more than three tenths of the dots of a cluster, it lies beside them,
            with a line to the centre.
        dotsize : float, default=15
            Area of a dot, in square points. Of more than 5,000 dots each is smaller: by
            ``(5000 / n) ** 0.75``.
        legend : bool, default=False
            List clusters and sizes beside the map, 60 at most; fewer and smaller where
            there is little space.
        text : bool, default=True
            Write the number of each cluster.
        plt_all : bool, default=False
            Draw every image, framed in the colour of its cluster, instead of the dots; of
            more than `max_images` a part.
        density : bool, default=False
            Shade the map by the density of images.
        cmap : str or Colormap, optional
            Colour map for gray images; default ``"gray"``.
        figsize : (float, float), optional
            Width and height of a new figure, in inches; default (11, 8.5). Not together
            with `ax`.
        ax : Axes, optional
            Where to draw; default is a new figure. A legend takes its space from these
            axes, as a colour bar does.
        max_images : int, "auto" or None, default="auto"
            For ``plt_all=True``: the most images drawn, spread evenly over the map: of each cell of
            a grid the one nearest to its middle. The others are dots below; the title and
            the log say so. Of a number the images may cover one another. ``"auto"`` draws up
            to 2,000 all; of more it takes cells as large as an image is drawn, so that none
            hides much of another. None draws all, later ones on earlier ones.

        Returns
        -------
        fig, ax
            Figure and axes.

        Raises
        ------
        StepOrderError
            Before `embedding` and `cluster` (or `fit_transform`).
        InvalidParameterError
            For a `zoom`, `dotsize`, `cmap`, `figsize`, `ax` or `max_images` that cannot be
            used, or `max_images` without `plt_all`.

        Examples
        --------
        >>> cl.fit_transform("photos/")  # doctest: +SKIP
        >>> fig, ax = cl.scatter(zoom=0.4, img_mean=False, legend=True)  # doctest: +SKIP
        >>> fig, ax = cl.scatter(plt_all=True)  # doctest: +SKIP
        """
        assigned, xycoord = self._state.require("labels"), self._state.require("xycoord")
        inputs = PlotInputs(self)
        every, pictures = check_bool("plt_all", plt_all), None
        check_limit("max_images", max_images, auto=MAX_THUMBNAILS)
        if max_images != "auto" and not every:
            raise InvalidParameterError(
                f"'max_images' is for plt_all=True, which draws the images themselves. Got "
                f"{max_images!r} without it. Add plt_all=True, or leave max_images out."
            )
        if zoom is not None and self._state.images is None:
            logger.info("Drawing dots: the model has features without images.")
            zoom, every = None, False
        if zoom is not None and not every:
            pictures = _first_pictures(inputs, img_mean, cmap)
        found = self.results["predict"]
        return draw_map(
            xycoord,
            assigned,
            images=inputs.images if every and zoom is not None else None,
            pictures=pictures,
            centers=inputs.centers,
            queries=position_queries(found, xycoord, query_positions(self._state))
            if found
            else None,
            zoom=zoom,
            dotsize=dotsize,
            legend=legend,
            text=text,
            density=density,
            cmap=cmap,
            colors=inputs.colors,
            names=inputs.called,
            axis_name=inputs.axis_name,
            figsize=figsize,
            ax=ax,
            max_images=max_images,
        )


def _check_unused(layout: str, given: dict[str, object]) -> None:
    """Raise where a value was given that this layout of `plot` has no use for."""
    for name, value in given.items():
        if value is not None:
            raise InvalidParameterError(
                f"{name!r} cannot be combined with {setting('layout', layout)}. Got {value!r}."
            )


def _first_pictures(
    inputs: PlotInputs, img_mean: bool | None, cmap: str | Colormap | None
) -> dict[int, np.ndarray]:
    """Return the picture of each cluster that has one on the map."""
    centers = inputs.centers
    # A cluster without a position on the map has no picture there: more are looked at.
    hidden = sum(not np.isfinite(center).all() for center in centers.values())
    labels, pictures, _ = inputs.one_per_cluster(img_mean, cmap, most=MAX_PICTURES + hidden)
    on_map = [
        i for i, label in enumerate(labels.tolist()) if np.isfinite(centers.get(label, 0.0)).all()
    ]
    first = np.array(on_map[:MAX_PICTURES], dtype=int)
    return dict(zip(labels[first].tolist(), pictures.take(first).made(), strict=True))
