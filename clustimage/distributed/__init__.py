"""Beyond one machine: images of any number, partition by partition, on the workers of an engine.

Workers read and describe images into parts, a sample of them is clustered as on one machine, and
all others are assigned to its clusters.
"""

from __future__ import annotations

from clustimage.distributed._assigning import Clusters
from clustimage.distributed._components import columns_of
from clustimage.distributed._engine import Engine, check_engine, open_engine
from clustimage.distributed._finding import find_in_parts
from clustimage.distributed._indexing import build_index, find_in_index
from clustimage.distributed._partitions import list_images
from clustimage.distributed._rows import RowPart
from clustimage.distributed._run import (
    Assigned,
    Sample,
    assign_all,
    components_of,
    gather_sample,
    read_all,
    sample_features,
    scales_of,
)
from clustimage.distributed._run_settings import PARAMS_ENGINE, ReadSettings, check_engine_params
from clustimage.distributed.duplicates._duplicate_run import find_duplicates

__all__ = [
    "PARAMS_ENGINE",
    "Assigned",
    "Clusters",
    "Engine",
    "ReadSettings",
    "RowPart",
    "Sample",
    "assign_all",
    "build_index",
    "check_engine",
    "check_engine_params",
    "columns_of",
    "components_of",
    "find_duplicates",
    "find_in_index",
    "find_in_parts",
    "gather_sample",
    "list_images",
    "open_engine",
    "read_all",
    "sample_features",
    "scales_of",
]
