"""Pictures of the results: everything returns what it drew and nothing is shown by itself."""

from __future__ import annotations

from clustimage.plotting._clusters import plot_clusters
from clustimage.plotting._colors import label_colors, palette
from clustimage.plotting._columns import plot_columns
from clustimage.plotting._dendrogram import dendrogram, draw_dendrogram
from clustimage.plotting._faces import plot_faces
from clustimage.plotting._find import plot_hits
from clustimage.plotting._map import plot_map
from clustimage.plotting._methods import PlotMethods
from clustimage.plotting._montage import montage
from clustimage.plotting._queries import place_queries
from clustimage.plotting._scatter import draw_map
from clustimage.plotting._unique import plot_representatives

__all__ = [
    "PlotMethods",
    "dendrogram",
    "draw_dendrogram",
    "draw_map",
    "label_colors",
    "montage",
    "palette",
    "place_queries",
    "plot_clusters",
    "plot_columns",
    "plot_faces",
    "plot_hits",
    "plot_map",
    "plot_representatives",
]
