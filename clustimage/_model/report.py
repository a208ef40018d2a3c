"""The methods of `Clustimage` that show finished results: a page, and its numbers."""

from __future__ import annotations

import os
from typing import Any

from clustimage._core.files import new_file
from clustimage._core.validation import check_bool, check_int
from clustimage._model.clustering import ClusterMethods
from clustimage._model.report_data import report_of, summary_of
from clustimage.report import Cell, check_thumbnail, make_widget, page_text, write_page

__all__ = ["ReportMethods"]


class ReportMethods(ClusterMethods):
    """Results to look at and to pass on."""

    def report(
        self,
        path: str | os.PathLike[str],
        overwrite: bool = False,
        thumbnail: int | None = None,
    ) -> str:
        """Write one HTML page that shows all images: a map, the clusters, search, selection.

        It opens with a double click, without a network or a server. The top says what was
        read and skipped, how sure the clusters are, and how to repeat it.

        Parameters
        ----------
        path : str or path-like
            File to write, in a folder that exists. Of more than 60,000 images, the small
            pictures go into a folder beside it: ``page_files`` of ``page.html``.
        overwrite : bool, default=False
            Replace a page that exists.
        thumbnail : int, optional
            Side of the small pictures in pixels, 16 to 256. Default is 64 for up to 10,000
            images, else 32; arrays are not enlarged. The pixels of the model are taken where they
            are large enough, else the files are read once more.

        Returns
        -------
        str
            Absolute path of the page.

        Raises
        ------
        StepOrderError
            If `cluster` was not run yet.
        InvalidParameterError
            If the file exists and `overwrite` is false, its folder does not exist, or a value
            is not allowed.

        Notes
        -----
        Originals are linked by their paths from the page: it shows them where they still are,
        else the small pictures. The first report of a model takes the `verdict`, and reads the
        EXIF data of files.

        Examples
        --------
        >>> import tempfile
        >>> from pathlib import Path
        >>> from clustimage import Clustimage, import_example
        >>> X, y = import_example("mnist")
        >>> cl = Clustimage(embedding="pca", verbose="warning").fit(X[:100], n_clusters=5)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Path(cl.report(folder + "/page.html")).read_text("utf-8")[:15]
        '<!doctype html>'
        """
        self._state.require("labels")
        check_thumbnail(thumbnail)
        target = new_file(path, overwrite=overwrite)
        write_page(
            report_of(self),
            target,
            overwrite=overwrite,
            thumbnail=thumbnail,
            n_jobs=self._settings.n_jobs,
        )
        return str(target)

    def summary(self) -> dict[str, Any]:
        """Return the numbers of the model as a plain dict, ready for `json.dumps`.

        Returns
        -------
        dict
            ``title``; ``version``; ``n_images``; ``n_skipped`` and ``skipped``, the first 100
            with their reasons; ``n_clusters``, ``n_unassigned``; ``clusters``, of each its
            ``label``, ``name``, ``count``, ``unique`` (a path), ``spread`` (mean distance to
            the centre), ``confidence`` and ``stability``; ``settings``; ``scores``, what
            competed; ``verdict``, None after ``metric="datetime"`` or ``"latlon"``; and
            ``repeat``, ``python`` and ``command`` that make the same clusters again (the latter
            is None where no option says that). None is what is not known.

        Raises
        ------
        StepOrderError
            If `cluster` was not run yet.

        Examples
        --------
        >>> from clustimage import Clustimage, import_example
        >>> X, y = import_example("mnist")
        >>> cl = Clustimage(embedding=None, verbose="warning").fit(X[:100], n_clusters=5)
        >>> cl.summary()["title"]
        '100 images in 5 clusters'
        """
        return summary_of(self)

    def show(self, height: int = 600, thumbnail: int | None = None, *, widget: bool = False) -> Any:
        """Return the page of `report`, to be shown in a cell of a notebook.

        Parameters
        ----------
        height : int, default=600
            Of the cell, in pixels.
        thumbnail : int, optional
            As for `report`.
        widget : bool, default=False
            Return a widget, whose ``selection`` are the rows of the images that are selected
            in the page, and which selects the rows that it is given; needs
            ``pip install "clustimage[notebook]"``.

        Returns
        -------
        object
            With ``_repr_html_``, a frame that holds the whole page; or a widget of anywidget.

        Raises
        ------
        StepOrderError
            If `cluster` was not run yet.
        InvalidParameterError
            If a value is not allowed.
        MissingDependencyError
            If a widget is asked for and anywidget is not installed.

        Examples
        --------
        >>> from clustimage import Clustimage, import_example
        >>> X, y = import_example("mnist")
        >>> cl = Clustimage(embedding="pca", verbose="warning").fit(X[:100], n_clusters=5)
        >>> cl.show()
        <page in a notebook: 100 images in 5 clusters>
        """
        self._state.require("labels")
        check_int("height", height, low=100)
        check_thumbnail(thumbnail)
        check_bool("widget", widget)
        report = report_of(self)
        page = page_text(report, thumbnail=thumbnail, n_jobs=self._settings.n_jobs)
        make = make_widget if widget else Cell
        return make(page, height, report.summary["title"])
