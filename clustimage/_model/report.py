"""The methods of `Clustimage` that show finished results: a page, and its numbers."""

from __future__ import annotations

import os
from typing import Any

from clustimage._core.files import new_file
from clustimage._model.clustering import ClusterMethods
from clustimage._model.report_data import report_of, summary_of
from clustimage.report import check_thumbnail, write_page

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

        It opens with a double click, without a network or a server.

        Parameters
        ----------
        path : str or path-like
            File to write, in a folder that exists.
        overwrite : bool, default=False
            Replace a file that exists.
        thumbnail : int, optional
            Side of the small pictures in pixels; default is 64 for up to 10,000 images, else 32.

        Returns
        -------
        str
            Absolute path of the page.

        Raises
        ------
        StepOrderError
            If `cluster` was not run yet.
        InvalidParameterError
            If the file exists and `overwrite` is false, or its folder does not exist.
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
        """Return the numbers of the model as a plain dict, ready for JSON.

        Returns
        -------
        dict
            What the top of the page of `report` says.

        Raises
        ------
        StepOrderError
            If `cluster` was not run yet.
        """
        return summary_of(self)
