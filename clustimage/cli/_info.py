"""``clustimage info MODEL``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clustimage._core.memory import format_bytes
from clustimage.cli._options import add_model, load_model
from clustimage.cli._output import one_line, print_json

if TYPE_CHECKING:
    from clustimage import Clustimage

HELP = "Tell what is in a saved model: its images, features and clusters."

TITLES = {
    "path": "File",
    "bytes": "Size",
    "images": "Images",
    "skipped": "Skipped",
    "method": "Features by",
    "columns": "Features per image",
    "size": "Height and width",
    "grayscale": "Gray",
    "embedding": "Map by",
    "cluster": "Clusters by",
    "clusters": "Clusters",
    "unclustered": "Not in a cluster",
    "sizes": "Images per cluster",
    "names": "Names",
}
MAX_SIZES = 25  # clusters whose sizes are printed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this sub-command."""
    add_model(parser)
    parser.add_argument("--json", action="store_true", default=False, help="print it as JSON")


def run(arguments: argparse.Namespace) -> None:
    """Print what is in the model."""
    facts = _facts(load_model(arguments), arguments.path)
    if arguments.json:
        print_json(facts)
        return
    for name, value in facts.items():
        print(f"{TITLES[name] + ':':20}{_in_words(name, value)}")


def _facts(model: Clustimage, path: str) -> dict[str, Any]:
    """Return what is known of a model, as plain values."""
    import numpy as np

    from clustimage._core.object_store import is_store_url, stored_file

    results, settings, images = model.results, model.params, model.images_
    labels, feat, clustering = results["labels"], results["feat"], model.clustering_
    inputs = [] if images is None else [row for row in images.status if row.is_input]
    sizes = [] if labels is None else np.unique(labels[labels >= 0], return_counts=True)[1].tolist()
    file = stored_file(path)
    return {
        "path": path if is_store_url(path) else str(Path(path).absolute()),
        "bytes": 0 if file is None else file.size,
        "images": 0 if results["pathnames"] is None else len(results["pathnames"]),
        "skipped": sum(row.status != "ok" for row in inputs),
        "method": settings["method"],
        "columns": None if feat is None else feat.shape[1],
        "size": None if images is None else list(images.shape[:2]),
        "grayscale": settings["grayscale"],
        "embedding": settings["embedding"],
        "cluster": None if clustering is None else clustering.params["cluster"],
        "clusters": len(sizes),
        "unclustered": 0 if labels is None else int((labels < 0).sum()),
        "sizes": sizes,
        "names": {str(label): name for label, name in model.names.items()},
    }


def _in_words(name: str, value: Any) -> str:
    if value is None:
        return "none"
    if name == "bytes":
        return format_bytes(value)
    if name == "sizes":
        more = f" … {len(value) - MAX_SIZES:,} more" if len(value) > MAX_SIZES else ""
        return " ".join(map(str, value[:MAX_SIZES])) + more
    if name == "names":
        return one_line(", ".join(f"{label} {one}" for label, one in value.items())) or "none"
    if name == "size":
        return " x ".join(map(str, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)
