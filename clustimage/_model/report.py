"""The methods of `Clustimage` that show finished results: a page, and its numbers."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from clustimage._core.files import new_file
from clustimage._core.text import pluralize
from clustimage._model.clustering import ClusterMethods
from clustimage._model.plot_inputs import PlotInputs
from clustimage.cluster.confidence._per_image import image_confidence
from clustimage.report import Report, summarize, write_page

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
        target = new_file(path, overwrite=overwrite)
        write_page(report_of(self), target, thumbnail=thumbnail, n_jobs=self._settings.n_jobs)
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
        results = self.results
        labels = np.asarray(self._state.require("labels"))
        n_clusters = len(np.unique(labels[labels >= 0]))
        title = f"{pluralize(len(labels), 'image')} in {pluralize(n_clusters, 'cluster')}"
        return summarize(title=title, n_images=len(results["pathnames"]), n_clusters=n_clusters)


def report_of(model: ReportMethods) -> Report:
    """Return what the page of a model shows."""
    inputs, state, results = PlotInputs(model), model._state, model.results
    labels = np.asarray(state.require("labels"))
    unique = inputs.unique
    unique_rows = dict(zip(unique["labels"].tolist(), unique["idx"].tolist(), strict=True))
    colors, names = inputs.colors, inputs.names
    present = np.unique(labels).tolist()
    distance = inputs.distances([label for label in present if label >= 0])
    distance = np.full(len(labels), np.nan) if distance is None else distance
    clusters = [
        {
            "label": label,
            "name": names.get(label, f"cluster {label}" if label >= 0 else "not assigned"),
            "color": colors[label],
            "count": int((labels == label).sum()),
            "unique": unique_rows.get(label, -1),
        }
        for label in present
    ]
    confidence, runner_up = image_confidence(np.asarray(results["feat"]), labels, model._metric())
    pictures: dict[str, Any] = {}
    if state.images is not None:
        pictures = {
            "pixels": inputs.images,
            "sizes": inputs.original_sizes,
        }
    return Report(
        summary=model.summary(),
        pathnames=results["pathnames"],
        filenames=results["filenames"],
        labels=labels,
        distance=distance,
        clusters=clusters,
        xycoord=results["xycoord"],
        confidence=confidence,
        runner_up=runner_up,
        **pictures,
    )
