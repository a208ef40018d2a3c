"""What methods return: dicts that print themselves as a short table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from clustimage._core.errors import InvalidDataError
from clustimage._core.text import pluralize
from clustimage.notebook._short_table import Cell, Mark, Table
from clustimage.notebook._thumbnail import Thumbnail, Thumbnails
from clustimage.plotting._colors import label_colors
from clustimage.plotting._figure import number

__all__ = ["Agreement", "Answer", "Faces", "Found", "Results", "Tree", "Unique", "describe"]

MAX_ROWS = 10  # of a table that is printed
MAX_PICTURES = 8  # in one of its rows

# What the keys of ``results`` hold, and the method that computes them.
MEANING = {
    "img": ("pixels, an image per row", "import_data()"),
    "feat": ("features, an image per row", "extract_feat()"),
    "xycoord": ("position on the map", "embedding()"),
    "pathnames": ("absolute paths", "import_data()"),
    "filenames": ("names of the files", "import_data()"),
    "labels": ("cluster of each image", "cluster()"),
    "url": ("where downloads came from", "import_data()"),
    "predict": ("what find() returned last", "find()"),
}


class Answer(dict[str, Any]):
    """A dict that is printed as a table of its keys; in all else a plain dict.

    Parameters
    ----------
    *args, **items
        As for a dict.

    Examples
    --------
    >>> Answer(labels=np.zeros(50, dtype=int), max_d=2.5)
    2 values
      key     value
      labels  50 int64
      max_d   2.5
    """

    thumbnails: Thumbnails | None = None

    def shown_with(self, thumbnails: Thumbnails | None) -> Any:
        """Return the dict itself, which now shows pictures in HTML."""
        self.thumbnails = thumbnails
        return self

    def copy(self) -> Any:
        """Return a shallow copy that prints itself like this one."""
        return type(self)(self).shown_with(self.thumbnails)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (dict(self),)

    def table(self) -> Table:
        """Return what is printed."""
        rows: list[list[Cell]] = [[str(key), describe(value)] for key, value in self.items()]
        shown, notes = rows[: 2 * MAX_ROWS], []
        if len(rows) > len(shown):
            notes.append(f"… and {len(rows) - len(shown):,} more")
        return Table(pluralize(len(self), "value"), ("key", "value"), [*shown], notes)

    def pictures(self, rows: Iterable[int]) -> list[Thumbnail]:
        """Return the thumbnails of some images, as far as there are pictures."""
        return [] if self.thumbnails is None else self.thumbnails.of(rows)

    def __repr__(self) -> str:
        return self.table().text()

    def _repr_html_(self) -> str:
        return self.table().html()

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Print the same in IPython, which knows dicts by their class."""
        printer.text("{...}" if cycle else repr(self))


class Results(Answer):
    """The results of a model: what is there, and what to call for the rest."""

    def __array__(self, *args: Any, **options: Any) -> np.ndarray:
        """Say what goes into a pipeline where a step got results in place of features."""
        raise InvalidDataError(
            "The results of a model are a dict, no array: fit_transform() of Clustimage returns "
            "it. The features are results['feat']; in a Pipeline take as_transformer()."
        )

    def table(self) -> Table:
        names = self.get("pathnames")
        title = (
            "No results yet" if names is None else f"Results of {pluralize(len(names), 'image')}"
        )
        rows: list[list[Cell]] = []
        for key, value in self.items():
            what, method = MEANING.get(key, ("", ""))
            there = f"not computed: {method}" if value is None and method else describe(value)
            if value is not None and key == "labels":
                there += f", {pluralize(len(np.unique(value[value >= 0])), 'cluster')}"
            if value is not None and key == "url":
                n_urls = sum(one is not None for one in value)
                there = f"{n_urls:,} of {len(value):,}" if n_urls else "none"
            if value is None and key == "img" and self.get("feat") is not None:
                there = "none: features without images"
            rows.append([str(key), there, what])
        return Table(title, ("key", "value", "what it is"), [*rows])


class Found(Answer):
    """What `find` returned: a row per query, with the images that are nearest."""

    queries: list[Thumbnail] | None = None

    def copy(self) -> Any:
        copied = super().copy()
        copied.queries = self.queries
        return copied

    def table(self) -> Table:
        queries = {name: frame for name, frame in self.items() if name != "feat"}
        rows: list[list[Cell]] = []
        for i, (name, frame) in enumerate(list(queries.items())[:MAX_ROWS]):
            best = frame.iloc[0] if len(frame) else None
            rows.append(
                [
                    name,
                    (self.queries or [])[i : i + 1],
                    f"{len(frame):,}",
                    self.pictures(frame["y_idx"].to_numpy()[:MAX_PICTURES]),
                    "" if best is None else str(best["y_filenames"]),
                    "" if best is None else number(float(best["distance"])),
                    "" if best is None else f"{float(best['y_proba']):.3g}",
                    "" if best is None or best["labels"] is None else str(best["labels"]),
                ]
            )
        columns = ["query", "", "found", "images", "nearest", "distance", "p-value", "cluster"]
        columns, rows = without_empty(columns, rows)
        notes = []
        if len(queries) > len(rows):
            notes.append(f"… and {len(queries) - len(rows):,} more queries")
        if queries:
            first = next(iter(queries))
            notes.append(f"Keys: 'feat', the features; a table for each query, such as {first!r}.")
        title = f"Found for {_queries(len(queries))}"
        return Table(title, columns, [*rows], notes)


class Unique(Answer):
    """What `unique` returned: a row per cluster."""

    def table(self) -> Table:
        labels = np.asarray(self["labels"])
        colors = label_colors(labels.tolist())
        shown = range(min(len(labels), MAX_ROWS))
        rows: list[list[Cell]] = []
        for i in shown:
            label, idx = int(labels[i]), int(self["idx"][i])
            rows.append(
                [
                    Mark(str(label), colors[label]),
                    self.pictures([idx]),
                    self._mean(i),
                    str(idx),
                    str(self["pathnames"][i]) if "pathnames" in self else "",
                ]
            )
        columns = ["cluster", "image", "average", "row", "pathname"]
        columns, rows = without_empty(columns, rows)
        notes = []
        if len(labels) > len(rows):
            notes.append(f"… and {len(labels) - len(rows):,} more clusters")
        title = f"The unique images of {pluralize(len(labels), 'cluster')}"
        return Table(title, columns, [*rows], [*notes, f"Keys: {_keys(self)}."])

    def _mean(self, i: int) -> list[Thumbnail]:
        shape = None if self.thumbnails is None else self.thumbnails.shape
        if shape is None or self.get("img_mean") is None:
            return []
        return [Thumbnail(np.asarray(self["img_mean"][i]).reshape(1, *shape), 0, "average")]


class Faces(Answer):
    """What `extract_faces` returned: a row per photo with faces."""

    dim_face: tuple[int, int] | None = None

    def copy(self) -> Any:
        copied = super().copy()
        copied.dim_face = self.dim_face
        return copied

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (dict(self),), {"dim_face": self.dim_face}

    def table(self) -> Table:
        counts = [len(files) for files in self["pathnames_face"]]
        with_faces = [i for i, count in enumerate(counts) if count]
        rows: list[list[Cell]] = []
        for i in with_faces[:MAX_ROWS]:
            rows.append([str(self["filenames"][i]), f"{counts[i]:,}", self._crops(i)])
        columns, rows = without_empty(["photo", "faces", "crops"], rows)
        notes = []
        if len(with_faces) > len(rows):
            notes.append(f"… and {len(with_faces) - len(rows):,} more photos with faces")
        title = f"{pluralize(sum(counts), 'face')} in {len(with_faces):,} of "
        title += pluralize(len(counts), "photo")
        return Table(title, columns, [*rows], [*notes, f"Keys: {_keys(self)}."])

    def _crops(self, i: int) -> list[Thumbnail]:
        crops = np.asarray(self["img"][i])[:MAX_PICTURES]
        if self.dim_face is None or crops.ndim != 2 or not len(crops):
            return []
        images = crops.reshape(len(crops), *self.dim_face, -1)
        return [Thumbnail(images, j, f"face {j}") for j in range(len(images))]


class Tree(Answer):
    """What `dendrogram` returned."""

    def table(self) -> Table:
        labels = np.asarray(self["labels"])
        title = f"Tree of {pluralize(len(labels), 'image')} in "
        title += pluralize(len(np.unique(labels[labels >= 0])), "cluster")
        if self.get("max_d") is not None:
            title += f", cut at {number(float(self['max_d']))}"
        return Table(title, ("key", "value"), super().table().rows)


class Agreement(Answer):
    """What `evaluate_labels` returned."""

    def table(self) -> Table:
        title = f"Agreement with the known labels of {pluralize(self['n'], 'image')}"
        return Table(title, ("key", "value"), super().table().rows)


def _keys(answer: Answer) -> str:
    return ", ".join(answer)


def without_empty(columns: list[str], rows: list[list[Cell]]) -> tuple[list[str], list[list[Cell]]]:
    """Return a table without the columns in which no row has anything."""
    kept = [i for i in range(len(columns)) if any(row[i] for row in rows)] if rows else []
    return [columns[i] for i in kept], [[row[i] for i in kept] for row in rows]


def describe(value: Any) -> str:
    """Return one line on a value: shape and type of an array, a number, the length of a list.

    Examples
    --------
    >>> describe(np.zeros((3, 4))), describe([1, 2]), describe(None), describe("a")
    ('3 x 4 float64', '2 items', 'None', 'a')
    """
    if isinstance(value, np.ndarray):
        size = " x ".join(f"{length:,}" for length in value.shape)
        return f"{size} {'texts' if _holds_text(value) else value.dtype}".strip()
    if isinstance(value, Found):
        return _queries(len(value) - 1)
    if type(value).__name__ == "DataFrame":
        return f"table of {len(value):,} rows, {value.shape[1]:,} columns"
    if isinstance(value, float):
        return number(value)
    if isinstance(value, (list, tuple, dict, set)):
        return pluralize(len(value), "item")
    text = str(value) if isinstance(value, str | int) or value is None else repr(value)
    return text if len(text) <= 60 else type(value).__name__


def _queries(n: int) -> str:
    return f"{n:,} {'query' if n == 1 else 'queries'}"


def _holds_text(values: np.ndarray) -> bool:
    return values.dtype.kind == "U" or (
        values.dtype == object and any(isinstance(value, str) for value in values.flat[:3])
    )
