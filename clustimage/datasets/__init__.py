"""Example images: made on this machine, or downloaded; and the functions that fetch and unpack.

>>> from clustimage.datasets import EMBEDDED
>>> sorted(EMBEDDED)
['mnist', 'photos', 'shapes']
"""

from __future__ import annotations

from clustimage.datasets._archive import unzip
from clustimage.datasets._examples import DOWNLOADS, EMBEDDED, import_example
from clustimage.datasets._wget import wget

__all__ = ["DOWNLOADS", "EMBEDDED", "import_example", "unzip", "wget"]
