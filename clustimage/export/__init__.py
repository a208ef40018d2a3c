"""Results and files: the saved model, the table of labels, a folder per cluster."""

from __future__ import annotations

from clustimage.export._folders import check_savedir
from clustimage.export._found_tables import answer_frames, found_frames, query_names
from clustimage.export._model_file import load_model, save_model
from clustimage.export._table import to_frame, write_csv

__all__ = [
    "answer_frames",
    "found_frames",
    "check_savedir",
    "load_model",
    "query_names",
    "save_model",
    "to_frame",
    "write_csv",
]
