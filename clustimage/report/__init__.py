"""Finished results → one HTML page that opens offline.

Numbers first: `Report` holds arrays, `summarize` a plain dict, `write_page` writes the file.
Nothing here computes a step or opens an image that was decoded.
"""

from __future__ import annotations

from clustimage.report._page import write_page
from clustimage.report._report import Report
from clustimage.report._summary import summarize

__all__ = ["Report", "summarize", "write_page"]
