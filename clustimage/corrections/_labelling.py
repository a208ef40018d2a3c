"""Corrections on labels: each action changes labels and names, and says whether it could."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from clustimage._distances.pairs import distances
from clustimage.corrections._schema import Correction, ImageRef

__all__ = ["Collection", "Labelling", "located"]

Rows = npt.NDArray[np.intp]


class Collection:
    """The images of a model, to be found by the digest of their content or by their path.

    Parameters
    ----------
    digests : iterable of str or None
        One per image; None where it is not known.
    pathnames : sequence of str
        One per image.
    """

    def __init__(self, digests: Iterable[str | None], pathnames: Sequence[str]) -> None:
        self._by_digest: dict[str, list[int]] = {}
        self._by_path: dict[str, list[int]] = {}
        self.add(digests)
        for i, pathname in enumerate(pathnames):
            self._by_path.setdefault(str(pathname), []).append(i)

    def add(self, digests: Iterable[str | None]) -> None:
        """Let images be found by other digests too, one per image."""
        for i, key in enumerate(digests):
            if key is not None:
                self._by_digest.setdefault(key, []).append(i)

    def rows_of(self, image: ImageRef) -> list[int]:
        """Return the rows of an image: those of its content, of several that of its path."""
        by_path = self._by_path.get(image.pathname or "", [])
        if image.digest is None or image.digest not in self._by_digest:
            return by_path
        by_digest = self._by_digest[image.digest]
        return [row for row in by_digest if row in by_path] or by_digest

    def rows(self, images: Iterable[ImageRef]) -> Rows:
        """Return the rows of images in their order, without those that are not here."""
        found = dict.fromkeys(row for image in images for row in self.rows_of(image))
        return np.array(list(found), dtype=np.intp)

    def rows_with(self, digests: Iterable[str]) -> Rows:
        """Return the rows of images with these digests."""
        return self.rows(ImageRef(digest=key) for key in digests)


def located(labels: np.ndarray, rows: Rows) -> int | None:
    """Return the cluster with more than half of some images, or None where there is none.

    Examples
    --------
    >>> located(np.array([0, 0, 1, -1]), np.array([0, 1, 2]))
    0
    """
    names, counts = np.unique(labels[rows], return_counts=True)
    if not len(names) or names[counts.argmax()] < 0 or 2 * counts.max() <= len(rows):
        return None
    return int(names[counts.argmax()])


@dataclass
class Labelling:
    """Labels and names of clusters, which corrections change.

    Numbers of clusters stay as they are: a cluster that is merged into another one leaves a
    gap, and a new one gets a number above all that were there.

    Attributes
    ----------
    labels : ndarray of int64, shape (n,)
        Changed in place.
    feat : ndarray of shape (n, d)
        Features, which say which cluster is the next one.
    metric : str
        One of `METRICS`.
    names : dict of int to str
        Changed in place.
    above : int
        New clusters get numbers above this one and above all labels.
    dropped : list of str
        Names of clusters that are gone.

    Examples
    --------
    >>> labelling = Labelling(np.array([0, 0, 1, 2]), np.zeros((4, 1)))
    >>> labelling.merge([1, 2])
    1
    >>> labelling.labels
    array([0, 0, 1, 1])
    """

    labels: np.ndarray
    feat: np.ndarray
    metric: str = "euclidean"
    names: dict[int, str] = field(default_factory=dict)
    above: int = -1
    dropped: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.above = max(self.above, int(self.labels.max(initial=-1)))

    @property
    def present(self) -> list[int]:
        """The clusters that there are, ascending."""
        return [int(label) for label in np.unique(self.labels) if label >= 0]

    def new_label(self) -> int:
        """Return a number that no cluster has had."""
        self.above += 1
        return self.above

    # --- actions on clusters and rows that are known ---------------------------------------------

    def merge(self, labels: Sequence[int]) -> int:
        """Make clusters one; return its number: of the first with a name, else the lowest."""
        named = [label for label in labels if label in self.names]
        stays = named[0] if named else min(labels)
        self.labels[np.isin(self.labels, labels)] = stays
        self._drop_empty()
        return stays

    def split(self, label: int, parts: Sequence[Rows]) -> list[int]:
        """Part a cluster; the largest part keeps number and name, the next ones follow by size.

        Its images that are in no part go to the one with the nearest centre.
        """
        members = np.flatnonzero(self.labels == label)
        own, free = [], members
        for part in parts:
            own.append(part[np.isin(part, free)])
            free = np.setdiff1d(free, part)
        own = [part for part in own if len(part)]
        if len(own) < 2:
            return [label]
        if len(free):
            nearest = self._to_centres(free, own).argmin(axis=1)
            own = [np.concatenate([part, free[nearest == i]]) for i, part in enumerate(own)]
        own.sort(key=len, reverse=True)
        found = [label]
        for part in own[1:]:
            found.append(self.new_label())
            self.labels[part] = found[-1]
        return found

    def move(self, rows: Rows, to: int) -> None:
        """Give images another cluster, or none (-1)."""
        self.labels[rows] = to
        self._drop_empty()

    def link(self, rows: Rows) -> None:
        """Bring images into the cluster of the first of them that is in one."""
        inside = rows[self.labels[rows] >= 0]
        self.move(rows, int(self.labels[inside[0]]) if len(inside) else self.new_label())

    def part(self, rows: Rows) -> None:
        """Bring images into a cluster each: the later ones into the nearest that is free."""
        taken: set[int] = set()
        for row in rows.tolist():
            label = int(self.labels[row])
            if label in taken:
                free = [name for name in self.present if name not in taken]
                members = [np.flatnonzero(self.labels == name) for name in free]
                at = np.array([row])
                label = free[int(self._to_centres(at, members)[0].argmin())] if free else -1
                self.labels[row] = label if free else self.new_label()
            if self.labels[row] >= 0:
                taken.add(int(self.labels[row]))
        self._drop_empty()

    def rename(self, label: int, name: str | None) -> None:
        """Give a cluster a name, or with None take it away."""
        self.names.pop(label, None)
        if name is not None:
            self.names[label] = name

    def _to_centres(self, rows: Rows, groups: Sequence[Rows]) -> npt.NDArray[np.float64]:
        centres = [self.feat[some].mean(axis=0, dtype=np.float64) for some in groups]
        return np.asarray(distances(self.feat[rows], np.stack(centres), self.metric))

    def _drop_empty(self) -> None:
        present = set(self.present)
        for label in [label for label in self.names if label not in present]:
            self.dropped.append(self.names.pop(label))

    # --- actions as they were recorded -----------------------------------------------------------

    def apply(self, action: Correction, images: Collection) -> bool:
        """Carry out a recorded action where its images are now; return whether it holds.

        A recorded cluster is the one that more than half of its images are in.
        """
        return REPLAYED[action.do](self, action, images)

    def _groups(self, action: Correction, images: Collection) -> list[int | None]:
        return [located(self.labels, images.rows_with(keys)) for keys in action.members]

    def _merge_again(self, action: Correction, images: Collection) -> bool:
        groups = self._groups(action, images)
        found = list(dict.fromkeys(label for label in groups if label is not None))
        if len(found) > 1:
            self.merge(found)
        return None not in groups

    def _split_again(self, action: Correction, images: Collection) -> bool:
        parts = [images.rows(part) for part in action.parts]
        groups = [located(self.labels, part) for part in parts]
        for label in dict.fromkeys(group for group in groups if group is not None):
            self.split(label, [p for p, group in zip(parts, groups, strict=True) if group == label])
        return None not in groups

    def _move_again(self, action: Correction, images: Collection) -> bool:
        rows = images.rows(action.images)
        if not len(rows):
            return False
        to: int | None = -1
        if action.to == "new":
            to = self.new_label()
        elif action.to == "group":
            to = next(iter(self._groups(action, images)), None)
        if to is not None:
            self.move(rows, to)
        return to is not None

    def _link_again(self, action: Correction, images: Collection) -> bool:
        rows = images.rows(action.images)
        if len(rows) > 1:
            self.link(rows)
        return len(rows) > 1

    def _part_again(self, action: Correction, images: Collection) -> bool:
        rows = images.rows(action.images)
        if len(rows) > 1:
            self.part(rows)
        return len(rows) > 1


REPLAYED = {
    "merge": Labelling._merge_again,
    "split": Labelling._split_again,
    "move": Labelling._move_again,
    "must_link": Labelling._link_again,
    "cannot_link": Labelling._part_again,
}
