"""How models and their answers look in a notebook: short tables, with small pictures.

Nothing here computes a step, or needs a notebook: a page is text.
"""

from __future__ import annotations

from clustimage.notebook._answers import (
    MAX_ROWS,
    Agreement,
    Answer,
    Faces,
    Found,
    Results,
    Tree,
    Unique,
)
from clustimage.notebook._overview import Overview
from clustimage.notebook._thumbnail import Thumbnail, Thumbnails

__all__ = [
    "MAX_ROWS",
    "Agreement",
    "Answer",
    "Faces",
    "Found",
    "Overview",
    "Results",
    "Thumbnail",
    "Thumbnails",
    "Tree",
    "Unique",
]
