"""Objects of the packages clusteval and pca, filled with what was computed here."""

from __future__ import annotations

from clustimage.adapters._clusteval import to_clusteval
from clustimage.adapters._pca_object import make_pca_object

__all__ = ["make_pca_object", "to_clusteval"]
