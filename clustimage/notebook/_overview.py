"""A model at a glance: its state, and some images of each cluster."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from clustimage._core.text import pluralize
from clustimage.notebook._answers import Results
from clustimage.notebook._short_table import Cell, Mark, Table, note
from clustimage.notebook._thumbnail import Thumbnails
from clustimage.plotting._cluster_names import cluster_words
from clustimage.plotting._colors import label_colors
from clustimage.plotting._montage import evenly

__all__ = ["Overview"]

MAX_CLUSTERS = 10
MAX_PICTURES = 8
STEPS = {
    "img": "import_data()",
    "feat": "extract_feat()",
    "xycoord": "embedding()",
    "labels": "cluster()",
}
OUTSIDE = {-1: "unclustered", -2: "without data"}


@dataclass(frozen=True)
class Overview:
    """What a notebook shows of a model.

    Parameters
    ----------
    name : str
        The model in one line, its `repr`.
    results : mapping
        Of the model.
    unique : mapping or None
        What `unique` returned.
    thumbnails : Thumbnails or None
        The images; None where there are only features.
    n_skipped : int, default=0
        Inputs that could not be read.
    verdict : str, default=""
        How sure the clusters are, where that is known.
    names : mapping of int to str
        What clusters are called, by label.

    Examples
    --------
    >>> page = Overview("Clustimage(method='<b>')", {"img": None}, None, None).html()
    >>> "method=&#x27;&lt;b&gt;&#x27;" in page, "Next: fit_transform(" in page
    (True, True)
    """

    name: str
    results: Mapping[str, Any]
    unique: Mapping[str, Any] | None
    thumbnails: Thumbnails | None
    n_skipped: int = 0
    verdict: str = ""
    names: Mapping[int, str] = field(default_factory=dict)

    def html(self) -> str:
        """Return the page; its length has a bound, however many images there are."""
        parts = [f"<p style='margin:4px 0'><code>{html.escape(self.name)}</code></p>"]
        labels = self.results.get("labels")
        if labels is not None:
            parts.append(self._clusters(np.asarray(labels)).html())
        else:
            parts.append(Table(self._state(), ()).html())
            if self.thumbnails is not None:
                n_images = len(self.results["pathnames"])
                pictures = self.thumbnails.of(evenly(n_images, 2 * MAX_PICTURES))
                parts.append("".join(picture._repr_html_() for picture in pictures))
        parts += [note(line) for line in self._notes()]
        table = Results(self.results).table().html()
        parts.append(
            "<details style='margin:4px 0'><summary style='cursor:pointer;opacity:.75'>results"
            f"</summary>{table}</details>"
        )
        return f"<div style='color:inherit'>{''.join(parts)}</div>"

    def _state(self) -> str:
        results = self.results
        names = results.get("pathnames")
        if names is None:
            return "Nothing is computed yet."
        parts = [pluralize(len(names), "image")]
        if results.get("feat") is not None:
            parts.append(f"{results['feat'].shape[1]:,} features each")
        if results.get("xycoord") is not None:
            parts.append("a map")
        labels = results.get("labels")
        if labels is not None:
            parts.append(pluralize(len(np.unique(labels[labels >= 0])), "cluster"))
        return ", ".join(parts)

    def _clusters(self, labels: np.ndarray) -> Table:
        present, sizes = np.unique(labels, return_counts=True)
        order = np.argsort(present < 0, kind="stable")  # what is in no cluster comes last
        clusters = [(int(present[i]), int(sizes[i])) for i in order]
        inside = [some for some in clusters if some[0] >= 0]
        shown = inside[:MAX_CLUSTERS] + [some for some in clusters if some[0] < 0]
        colors = label_colors(present.tolist())
        rows: list[list[Cell]] = []
        for label, size in shown:
            name = (
                cluster_words(label, self.names) if label >= 0 else OUTSIDE.get(label, str(label))
            )
            rows.append([Mark(name, colors[label]), f"{size:,}", self._of_cluster(labels, label)])
        columns = ["cluster", "images", "some of them"]
        if self.thumbnails is None:
            columns.pop()
            rows = [row[:2] for row in rows]
        notes = []
        if len(inside) > MAX_CLUSTERS:
            more = pluralize(len(inside) - MAX_CLUSTERS, "smaller cluster")
            show = "plot() draws" if self.thumbnails is not None else "to_frame() lists"
            notes.append(f"… and {more}: {show} them.")
        return Table(self._state(), columns, [*rows], notes)

    def _of_cluster(self, labels: np.ndarray, label: int) -> Any:
        """Return the unique image of a cluster, and others evenly over its images."""
        if self.thumbnails is None:
            return []
        rows = np.flatnonzero(labels == label)
        first: list[int] = []
        if self.unique is not None:
            first = np.asarray(self.unique["idx"])[
                np.asarray(self.unique["labels"]) == label
            ].tolist()
        others = rows[~np.isin(rows, first)]
        others = others[evenly(len(others), MAX_PICTURES - len(first))]
        return self.thumbnails.of([*first, *others.tolist()])

    def _notes(self) -> list[str]:
        results, notes = self.results, [self.verdict] if self.verdict else []
        if self.n_skipped:
            verb = "was" if self.n_skipped == 1 else "were"
            notes.append(f"{pluralize(self.n_skipped, 'input')} {verb} skipped: see import_status.")
        if self.thumbnails is None and results.get("feat") is not None:
            notes.append("Features without images: there are no pictures to show.")
        missing = [step for key, step in STEPS.items() if results.get(key) is None]
        if self.thumbnails is None and results.get("feat") is not None:
            missing = [step for step in missing if step != "import_data()"]
        if results.get("pathnames") is None:
            notes.append(
                'Next: fit_transform("photos/") for the whole chain, or import_data("photos/").'
            )
        elif missing:
            notes.append(f"Next: {', then '.join(missing)}.")
        elif self.thumbnails is None:
            notes.append("Next: scatter(), find(features=…), to_frame(), save(…).")
        else:
            notes.append("Next: scatter(), plot(), find(…), to_frame(thumbnails=True), save(…).")
        return notes
