"""Pictures of the results: everything returns what it drew and nothing is shown by itself."""

from __future__ import annotations

from clustimage.plotting._colors import label_colors, palette
from clustimage.plotting._dendrogram import dendrogram, draw_dendrogram
from clustimage.plotting._figure import add_subtitle
from clustimage.plotting._map_colors import map_colors
from clustimage.plotting._montage import montage
from clustimage.plotting.geomap._geomap import plot_map
from clustimage.plotting.grids._clusters import plot_clusters
from clustimage.plotting.grids._columns import plot_columns
from clustimage.plotting.grids._face_grid import plot_faces
from clustimage.plotting.grids._found import plot_hits
from clustimage.plotting.grids._unique import plot_representatives
from clustimage.plotting.scatter._queries import position_queries
from clustimage.plotting.scatter._scatter import draw_map

__all__ = [
    "add_subtitle",
    "dendrogram",
    "draw_dendrogram",
    "draw_map",
    "label_colors",
    "map_colors",
    "montage",
    "palette",
    "position_queries",
    "plot_clusters",
    "plot_columns",
    "plot_faces",
    "plot_hits",
    "plot_map",
    "plot_representatives",
]
