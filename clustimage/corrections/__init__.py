"""What people decide about clusters, kept by the content of the images: names and corrections."""

from __future__ import annotations

from clustimage.corrections._editing import Editor
from clustimage.corrections._labelling import Collection, Labelling, located
from clustimage.corrections._matching import keep_numbers, match_clusters, match_names
from clustimage.corrections._schema import (
    FORMAT,
    NEW,
    VERSION,
    Correction,
    Corrections,
    ImageRef,
    labels_digest,
    name_problem,
    read_corrections,
    to_plain,
)

__all__ = [
    "FORMAT",
    "NEW",
    "VERSION",
    "Collection",
    "Correction",
    "Corrections",
    "Editor",
    "ImageRef",
    "Labelling",
    "keep_numbers",
    "labels_digest",
    "located",
    "match_clusters",
    "match_names",
    "name_problem",
    "read_corrections",
    "to_plain",
]
