"""Images that show the same picture: found by hashes, checked on pixels, and one of each kept."""

from __future__ import annotations

from clustimage.duplicates._duplicates import Entries, find_duplicates
from clustimage.duplicates._equal_files import compare_files
from clustimage.duplicates._keep import KEEP, choose_kept, folder_ranks

__all__ = [
    "KEEP",
    "Entries",
    "choose_kept",
    "compare_files",
    "find_duplicates",
    "folder_ranks",
]
