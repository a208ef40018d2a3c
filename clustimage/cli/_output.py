"""Where the sub-commands write to, and what they write."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clustimage._core.errors import InvalidParameterError
from clustimage._core.files import replacing
from clustimage._core.outputs import CLUSTER_FIGURES, make_folder
from clustimage._core.text import pluralize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from matplotlib.figure import Figure

    from clustimage import Clustimage

__all__ = [
    "REPORT",
    "check_folder",
    "one_line",
    "output_folder",
    "outputs_of_cluster",
    "print_json",
    "save_figure",
    "use_files_only",
    "write_all",
    "write_report",
]

REPORT = "report.html"
MAX_COLUMNS = 100  # clusters, a column each
MAX_CLUSTERS_WITH_IMAGES = 60  # on the map; beyond, dots alone


def use_files_only() -> None:
    """Draw into files: a command has no window to show a figure in."""
    os.environ.setdefault("MPLBACKEND", "Agg")


def check_folder(out: str, names: list[str], *, overwrite: bool) -> Path:
    """Return the folder `out`, not made yet; refuse to replace a result unasked.

    Raises
    ------
    InvalidParameterError
        If one of `names` is there already and `overwrite` is false, or `out` is a file.
    """
    from clustimage._core.object_store import is_store_url

    if is_store_url(out):
        raise InvalidParameterError(f"'--out' must be a folder of this machine. Got {out}.")
    folder = Path(out)
    if folder.exists() and not folder.is_dir():
        raise InvalidParameterError(f"'--out' must be a folder. {folder} is a file.")
    there = [name for name in names if (folder / name).exists()]
    if there and not overwrite:
        raise InvalidParameterError(
            f"{folder} holds results already ({', '.join(there)}). "
            "Give another folder, or --overwrite to replace them."
        )
    _check_writable(folder)
    return folder


@contextmanager
def output_folder(out: str, names: list[str], *, overwrite: bool) -> Iterator[Path]:
    """Provide a folder for results; those for the URL of an object store go there at the end.

    Raises
    ------
    InvalidParameterError
        As `check_folder`; also where the results are at the URL already.
    """
    from clustimage._core.object_store import exists, is_store_url, write_bytes

    if not is_store_url(out):
        yield check_folder(out, names, overwrite=overwrite)
        return
    top = out.rstrip("/")
    there = [name for name in names if exists(f"{top}/{name}")]
    if there and not overwrite:
        raise InvalidParameterError(
            f"{top} holds results already ({', '.join(there)}). Give another URL, or --overwrite "
            "to replace them."
        )
    with tempfile.TemporaryDirectory(prefix="clustimage-") as temporary:
        folder = Path(temporary) / "out"
        yield folder
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                write_bytes(f"{top}/{path.relative_to(folder).as_posix()}", path.read_bytes())
    print(f"Written to {top}.")


def _check_writable(folder: Path) -> None:
    """Raise before the work is done if the folder cannot be made or written to."""
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as exc:
        raise InvalidParameterError(f"'--out' cannot be written to: {exc}.") from exc
    finally:
        for path in made:
            if path.is_dir():
                path.rmdir()


def outputs_of_cluster() -> list[str]:
    """Return the names of the files that a clustering writes."""
    return [
        "labels.csv",
        "model.clustimage",
        REPORT,
        "clusters",
        *(f"{name}.png" for name in CLUSTER_FIGURES),
    ]


def one_line(text: str) -> str:
    """Return a name or path for a line of output, whatever is in it."""
    from clustimage.images.reading._listing import printable

    return printable(text)


def print_json(value: Any) -> None:
    """Print as JSON, in ASCII: what is no text, of names of files, is escaped."""
    print(json.dumps(value, indent=2, default=int))


def save_figure(figure: Figure, path: Path, *, dpi: int = 100) -> Path:
    """Write a figure to a file and forget it; return the file."""
    import matplotlib.pyplot as plt

    with replacing(path) as file:
        figure.savefig(file, format=path.suffix[1:], dpi=dpi, bbox_inches="tight")
    plt.close(figure)
    return path


def write_all(model: Clustimage, folder: Path, *, overwrite: bool) -> None:
    """Write the table, the figures and the model, and say so."""
    from clustimage.export import write_csv

    make_folder(folder)
    if model.dataset_ is None:
        write_csv(model.to_frame(), folder / "labels.csv")
    figures = [*_draw_all(model, folder), *_draw_clusters(model, folder)]
    if model.clustering_ is not None and not model.clustering_.params.get("by"):
        _ = model.verdict  # is logged, and saved with the model
    model.save(folder / "model.clustimage", overwrite=overwrite)
    labels = model.results["labels"]
    n_outside = int((labels < 0).sum())
    rest = f"; {n_outside:,} not assigned to one" if n_outside else ""
    print(f"{pluralize(len(labels), 'image')} in {pluralize(_n_clusters(model), 'cluster')}{rest}.")
    if model.dataset_ is not None:
        print(f"Table of all images: {model.dataset_}")
    table = "labels.csv, " if model.dataset_ is None else ""
    print(f"Written to {folder}: {table}model.clustimage, {len(figures)} figures.")


def write_report(model: Clustimage, folder: Path, *, overwrite: bool) -> None:
    """Write the page to look at, and say where it is: last, when no photo is moved any more."""
    model.report(folder / REPORT, overwrite=overwrite)
    print(f"Open {folder / REPORT} in a browser: all images on one page.")


def _draw_all(model: Clustimage, folder: Path) -> list[Path]:
    """Draw the figures of a clustering into `folder`, and return their paths.

    A figure that the clustering has no data for (a tree of k-means, the scores of a
    single number of clusters), or too much (the columns of hundreds of clusters), is left
    out.
    """
    zoom = None if _n_clusters(model) > MAX_CLUSTERS_WITH_IMAGES else 0.3
    drawings: dict[str, Callable[[], Figure]] = {
        "map": lambda: model.scatter(zoom=zoom, img_mean=False)[0],
        "unique": lambda: model.plot_unique(img_mean=False)[0],
        "mean": lambda: model.plot_unique(img_mean=True)[0],
        "columns": lambda: model.plot(layout="columns", min_samples=1)[0],
        "scores": lambda: model.clusteval.plot()[0],
        "dendrogram": lambda: model.dendrogram()["fig"],
    }
    clustering = model.clustering_
    assert clustering is not None
    if model.results["xycoord"] is None:
        del drawings["map"]
    if clustering.tree is None:
        del drawings["dendrogram"]
    if not 1 <= _n_clusters(model) <= MAX_COLUMNS:
        del drawings["columns"]
    if len(clustering.score["clusters"]) < 2:
        del drawings["scores"]
    for name in set(CLUSTER_FIGURES) - set(drawings):
        (folder / f"{name}.png").unlink(missing_ok=True)  # of an earlier run
    return [save_figure(draw(), folder / f"{name}.png") for name, draw in drawings.items()]


def _draw_clusters(model: Clustimage, folder: Path) -> list[Path]:
    below = folder / "clusters"
    make_folder(below)
    for old in below.glob("cluster_*.png"):
        old.unlink()
    paths = []
    for label in _labels(model):
        figures, _ = model.plot(labels=[label], min_samples=1)
        paths.append(save_figure(figures[0], below / f"cluster_{label:03d}.png", dpi=80))
    return paths


def _n_clusters(model: Clustimage) -> int:
    return len(_labels(model))


def _labels(model: Clustimage) -> list[int]:
    """Return the labels of the clusters: numbers that were merged away are missing."""
    return sorted(set(model.labels_[model.labels_ >= 0].tolist()))
