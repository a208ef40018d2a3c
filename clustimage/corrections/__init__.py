"""What people decide about clusters, kept by the content of the images: names and corrections."""

from __future__ import annotations

from clustimage.corrections._schema import (
    FORMAT,
    VERSION,
    Correction,
    Corrections,
    ImageRef,
    labels_digest,
    read_corrections,
    to_plain,
)

__all__ = [
    "FORMAT",
    "VERSION",
    "Correction",
    "Corrections",
    "ImageRef",
    "labels_digest",
    "read_corrections",
    "to_plain",
]
