"""Images that show the same picture: found by hashes, checked on pixels, and one of each kept."""

from __future__ import annotations

from clustimage.duplicates._keep import KEEP, choose_kept, folder_ranks

__all__ = ["KEEP", "choose_kept", "folder_ranks"]
