"""Corrections that a person makes now: carried out on a labelling, and recorded by content."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from clustimage.corrections._labelling import Labelling, Rows
from clustimage.corrections._schema import Correction, ImageRef

__all__ = ["Editor"]


class Editor:
    """Carries out corrections on a labelling, and records them by the content of the images.

    Parameters
    ----------
    labelling : Labelling
        Changed in place.
    digests_of : callable
        Returns the digests of the content of rows.

    Attributes
    ----------
    records : list of Correction
        What was done, in its order, without names.

    Examples
    --------
    >>> labelling = Labelling(np.array([0, 0, 1, 2]), np.zeros((4, 1)))
    >>> editor = Editor(labelling, lambda rows: [f"digest {row}" for row in rows])
    >>> editor.merge([1, 2])
    1
    >>> editor.records[0].members
    (('digest 2',), ('digest 3',))
    """

    def __init__(self, labelling: Labelling, digests_of: Callable[[Rows], Sequence[str]]) -> None:
        self.labelling = labelling
        self.records: list[Correction] = []
        self._digests_of = digests_of

    def merge(self, labels: Sequence[int]) -> int:
        """Make clusters one; return its number."""
        record = Correction("merge", tuple(labels), members=self._members(labels))
        stays = self.labelling.merge(labels)
        self.records.append(record)
        return stays

    def split(self, label: int, parts: Sequence[Rows]) -> list[int]:
        """Part a cluster; return the numbers of the parts, that of the largest first."""
        found = self.labelling.split(label, parts)
        if len(found) > 1:
            parts = [np.flatnonzero(self.labelling.labels == part) for part in found]
            images = tuple(self._images(part) for part in parts)
            self.records.append(Correction("split", (label,), parts=images))
        return found

    def move(self, rows: Rows, to: int | None) -> int:
        """Move images to a cluster, out of all (-1), or to a new one (None); return its number."""
        images = self._images(rows)
        if to is None:
            record = Correction("move", images=images, to="new")
            to = self.labelling.new_label()
        elif to < 0:
            record = Correction("move", images=images, to="outside")
        else:
            record = Correction("move", (to,), self._members([to]), images)
        self.labelling.move(rows, to)
        self.records.append(record)
        return to

    def link(self, rows: Rows) -> None:
        """Bring images into one cluster."""
        self.labelling.link(rows)
        self.records.append(Correction("must_link", images=self._images(rows)))

    def part(self, rows: Rows) -> None:
        """Bring images into a cluster each."""
        self.labelling.part(rows)
        self.records.append(Correction("cannot_link", images=self._images(rows)))

    def rename(self, names: Mapping[int, str | None]) -> None:
        """Give clusters new names, at once; None takes a name away."""
        for label in names:
            self.labelling.rename(label, None)
        for label, name in names.items():
            self.labelling.rename(label, name)

    def _images(self, rows: Rows) -> tuple[ImageRef, ...]:
        return tuple(ImageRef(digest=digest) for digest in self._digests_of(rows))

    def _members(self, labels: Sequence[int]) -> tuple[tuple[str, ...], ...]:
        labelled = self.labelling.labels
        return tuple(tuple(self._digests_of(np.flatnonzero(labelled == one))) for one in labels)
