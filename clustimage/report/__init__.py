"""Finished results → one HTML page that opens offline.

Numbers first: `Report` holds arrays, `summarize` a plain dict, `write_page` writes the file.
Nothing here computes a step; an image is opened again only where it is shown larger than it is
held.
"""

from __future__ import annotations

from clustimage.report._cell import Cell, make_widget
from clustimage.report._metadata_words import metadata_words
from clustimage.report._near_copies import near_copies
from clustimage.report._page import check_thumbnail, page_text, write_page
from clustimage.report._repeat import Chain, Given, as_command, as_python
from clustimage.report._report_content import Report
from clustimage.report._summary import summarize

__all__ = [
    "Cell",
    "Chain",
    "Given",
    "Report",
    "as_command",
    "as_python",
    "check_thumbnail",
    "make_widget",
    "metadata_words",
    "near_copies",
    "page_text",
    "summarize",
    "write_page",
]
