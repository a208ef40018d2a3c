"""Images that show the same picture: found by hashes, checked on pixels, and one of each kept."""

from __future__ import annotations

from clustimage.duplicates._duplicate_search import KINDS, Wanted
from clustimage.duplicates._duplicate_table import COLUMNS, Entries, duplicate_table
from clustimage.duplicates._equal_files import compare_files
from clustimage.duplicates._keep import KEEP, choose_kept, folder_ranks

__all__ = [
    "COLUMNS",
    "KEEP",
    "KINDS",
    "Entries",
    "Wanted",
    "choose_kept",
    "compare_files",
    "duplicate_table",
    "folder_ranks",
]
