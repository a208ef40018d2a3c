"""The two maps as methods: the one of the images, and the one of the places of photos."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from clustimage._core.errors import InvalidParameterError
from clustimage._core.validation import check_bool
from clustimage._model.plot_inputs import ReadsResults
from clustimage._model.state import require
from clustimage.plotting._limits import check_limit
from clustimage.plotting.geomap._geomap import MAP_NAME, MAX_PAGE, TITLE, plot_map
from clustimage.plotting.scatter._queries import place_queries
from clustimage.plotting.scatter._scatter import MAX_PICTURES, MAX_THUMBNAILS, draw_map

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

__all__ = ["MapMethods"]


class MapMethods(ReadsResults):
    """Maps of what `Clustimage` has computed; a part of `PlotMethods`."""

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
            If no photo has a place, or none of those on the map a date for `lines`.
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
            max_images=max_images,
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
        max_images: int | str | None = "auto",
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
            For the picture of a cluster: True draws the average of its images, which suits
            images of one kind (digits, faces) and is a gray blur for mixed photos; False
            draws its unique image, a photo, and is the better choice for these. The first
            100 clusters have a picture. It lies at the centre; where it would hide another
            one or more than three tenths of the dots of a cluster, it lies beside them,
            with a line to the centre.
        dotsize : float, default=15
            Area of a dot, in square points. Of more than 5,000 dots each is smaller: by
            ``(5000 / n) ** 0.75``.
        legend : bool, default=False
            List clusters and sizes beside the map, 60 at most; fewer and smaller where
            there is little room.
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
            Where to draw; default is a new figure. A legend takes its place from these
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
        assigned, xycoord = require(self.results, "labels"), require(self.results, "xycoord")
        every, pictures = check_bool("plt_all", plt_all), None
        check_limit("max_images", max_images, auto=MAX_THUMBNAILS)
        if max_images != "auto" and not every:
            raise InvalidParameterError(
                f"'max_images' is for plt_all=True, which draws the images themselves. Got "
                f"{max_images!r} without it. Add plt_all=True, or leave max_images out."
            )
        if zoom is not None and not every:
            pictures = self._first_pictures(img_mean, cmap)
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
            max_images=max_images,
        )

    def _first_pictures(self, img_mean: bool, cmap: str | Colormap | None) -> dict[int, np.ndarray]:
        """Return the picture of each cluster that has one on the map."""
        labels, pictures = self._one_per_cluster(img_mean, cmap)
        centers = self._centers()
        on_map = [
            i
            for i, label in enumerate(labels.tolist())
            if np.isfinite(centers.get(label, 0.0)).all()
        ]
        first = np.array(on_map[:MAX_PICTURES], dtype=int)
        return dict(zip(labels[first].tolist(), pictures.take(first).made(), strict=True))
