"""Images that show the same picture: found by hashes, checked on pixels, and one of each kept."""

from __future__ import annotations

from clustimage.duplicates._comparison import Match
from clustimage.duplicates._duplicate_search import KINDS, DuplicateSearch, Wanted
from clustimage.duplicates._duplicate_table import COLUMNS, Entries, duplicate_table, typed_table
from clustimage.duplicates._equal_files import compare_files
from clustimage.duplicates._hash_bands import (
    N_BANDS,
    BandMembers,
    are_flat,
    band_values,
    band_width,
    pack_signs,
    pairs_in_band,
)
from clustimage.duplicates._hashes import hash_images
from clustimage.duplicates._keep import KEEP, choose_kept, folder_ranks
from clustimage.duplicates._linking import components

__all__ = [
    "COLUMNS",
    "KEEP",
    "KINDS",
    "N_BANDS",
    "BandMembers",
    "DuplicateSearch",
    "Entries",
    "Match",
    "Wanted",
    "are_flat",
    "band_values",
    "band_width",
    "choose_kept",
    "compare_files",
    "components",
    "duplicate_table",
    "folder_ranks",
    "hash_images",
    "pack_signs",
    "pairs_in_band",
    "typed_table",
]
