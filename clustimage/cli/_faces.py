"""``clustimage faces FOLDER --out DIR``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from clustimage._core.text import pluralize
from clustimage.cli._cluster import write_all
from clustimage.cli._output import (
    add_max_memory,
    add_output,
    check_folder,
    outputs_of_cluster,
    use_files_only,
    without_results,
)

if TYPE_CHECKING:
    from clustimage import Clustimage

HELP = "Find the faces in photos and group them; write crops, labels.csv and figures."

FIGURES = ("photos", "eyes")
FEWEST = 3  # faces that can be grouped

# What the library calls what is passed on to it.
OPTIONS = {
    "detector": "--detector",
    "model": "--model",
    "margin": "--margin",
    "method": "--method",
    "cannot_link": "--apart",
    "n_clusters": "--k",
    "min_clust": "--min-clust",
    "max_clust": "--max-clust",
    "random_state": "--seed",
    "n_jobs": "--jobs",
    "max_memory": "--max-memory",
    "dirpath": "--out",
    "overwrite": "--overwrite",
    "verbose": "--verbose",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this sub-command."""
    parser.add_argument(
        "folders", metavar="FOLDER", nargs="+", help="folders of photos, with those below; or files"
    )
    add_output(parser, required=True)
    parser.add_argument("--detector", default="haar", help="haar (default) or yunet")
    parser.add_argument("--model", default=None, metavar="FILE", help="network of yunet, ONNX")
    parser.add_argument(
        "--margin", type=float, default=0.0, help="added around a face, as a share of it (0)"
    )
    parser.add_argument("--method", default="pca", help="features: pca (default), hog, cnn …")
    parser.add_argument(
        "--apart", action="store_true", help="never put two faces of one photo into one cluster"
    )
    parser.add_argument("--k", type=int, default=None, help="exactly this number of clusters")
    parser.add_argument("--min-clust", type=int, default=3, help="least k searched (3)")
    parser.add_argument("--max-clust", type=int, default=25, help="k searched stays below (25)")
    parser.add_argument("--seed", type=int, default=0, help="seed of all random numbers (0)")
    parser.add_argument("--jobs", type=int, default=-1, help="workers; -1 is every core")
    add_max_memory(parser)


def run(arguments: argparse.Namespace) -> None:
    """Find the faces, group them, and write what was found."""
    use_files_only()
    from clustimage import Clustimage

    names = ["faces", *outputs_of_cluster(), *(f"{name}.png" for name in FIGURES)]
    folder = check_folder(arguments.out, names, overwrite=arguments.overwrite)
    model = Clustimage(
        method=arguments.method,
        grayscale=True,
        params_faces={
            "detector": arguments.detector,
            "model": arguments.model,
            "margin": arguments.margin,
        },
        dirpath=folder,
        random_state=arguments.seed,
        n_jobs=arguments.jobs,
        verbose=arguments.verbose,
        max_memory=arguments.max_memory,
    )
    faces = model.extract_faces(without_results(arguments.folders, folder, names))
    _remove_old(folder, faces["pathnames_face"])
    _draw(model, folder)
    n_faces = sum(map(len, faces["pathnames_face"]))
    print(f"{pluralize(n_faces, 'face')} in {pluralize(len(faces['pathnames']), 'photo')}.")
    if n_faces < FEWEST:
        print(f"Written to {folder}: the photos and the faces, which are too few to group.")
        return
    model.fit_transform(
        faces["pathnames_face"],
        n_clusters=arguments.k,
        min_clust=min(arguments.min_clust, n_faces - 1),
        max_clust=min(arguments.max_clust, n_faces),
        cannot_link="photo" if arguments.apart else None,
    )
    write_all(model, folder, overwrite=arguments.overwrite)


def _remove_old(folder: Path, pathnames_face: list[list[str]]) -> None:
    """Remove what an earlier run has written and this one does not write again."""
    from clustimage.faces import photo_of

    for name in outputs_of_cluster():
        if (folder / name).is_file():
            (folder / name).unlink()
    for old in (folder / "clusters").glob("cluster_*.png"):
        old.unlink()
    new = {Path(path).name for paths in pathnames_face for path in paths}
    old_crops = [path for path in (folder / "faces").glob("*_face*.png") if path.name not in new]
    for crop, link in zip(old_crops, photo_of(map(str, old_crops)), strict=True):
        if link is not None:
            crop.unlink()


def _draw(model: Clustimage, folder: Path) -> None:
    """Draw the photos with their faces, and the faces with their eyes where there are any."""
    import matplotlib.pyplot as plt

    folder.mkdir(parents=True, exist_ok=True)
    figures, _ = model.plot_faces()
    for name in FIGURES:
        (folder / f"{name}.png").unlink(missing_ok=True)  # of an earlier run
    for name, figure in zip(FIGURES, figures, strict=False):
        figure.savefig(folder / f"{name}.png", dpi=100, bbox_inches="tight")
        plt.close(figure)
