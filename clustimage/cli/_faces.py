"""``clustimage faces FOLDER --out DIR``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from clustimage._core.text import pluralize
from clustimage.cli._options import (
    add_clusters,
    add_folders,
    add_output,
    add_resources,
    given,
)
from clustimage.cli._output import (
    check_folder,
    outputs_of_cluster,
    save_figure,
    use_files_only,
    without_results,
    write_all,
)

if TYPE_CHECKING:
    from clustimage import Clustimage

HELP = "Find the faces in photos and group them; write crops, labels.csv and figures."

FIGURES = ("photos", "eyes")
MIN_FACES = 3  # that can be grouped


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this sub-command."""
    add_folders(parser, of="photos")
    add_output(parser, required=True, dest="dirpath")
    parser.add_argument("--detector", default="haar", help="haar (default) or yunet")
    parser.add_argument("--model", metavar="FILE", help="network of yunet, ONNX")
    parser.add_argument(
        "--margin", type=float, default=0.0, help="added around a face, as a share of it (0)"
    )
    parser.add_argument("--method", default="pca", help="features: pca (default), hog, cnn …")
    parser.add_argument(
        "--apart",
        dest="cannot_link",
        action="store_const",
        const="photo",
        help="never put two faces of one photo into one cluster",
    )
    add_clusters(parser)
    add_resources(parser)


def run(arguments: argparse.Namespace) -> None:
    """Find the faces, group them, and write what was found."""
    use_files_only()
    from clustimage import Clustimage

    names = ["faces", *outputs_of_cluster(), *(f"{name}.png" for name in FIGURES)]
    folder = check_folder(arguments.dirpath, names, overwrite=arguments.overwrite)
    model = Clustimage(
        grayscale=True,
        params_faces=given(arguments, "detector", "model", "margin"),
        dirpath=folder,
        **given(arguments, "method", "random_state", "n_jobs", "verbose"),
        **given(arguments, "max_memory", "max_pixels"),
    )
    faces = model.extract_faces(without_results(arguments.folders, folder, names))
    _remove_old(folder, faces["pathnames_face"])
    _draw(model, folder)
    n_faces = sum(map(len, faces["pathnames_face"]))
    print(f"{pluralize(n_faces, 'face')} in {pluralize(len(faces['pathnames']), 'photo')}.")
    if n_faces < MIN_FACES:
        print(f"Written to {folder}: the photos and the faces, which are too few to group.")
        return
    model.fit_transform(
        faces["pathnames_face"],
        min_clust=min(arguments.min_clust, n_faces - 1),
        max_clust=min(arguments.max_clust, n_faces),
        **given(arguments, "n_clusters", "cannot_link"),
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
    folder.mkdir(parents=True, exist_ok=True)
    figures, _ = model.plot_faces()
    for name in FIGURES:
        (folder / f"{name}.png").unlink(missing_ok=True)  # of an earlier run
    for name, figure in zip(FIGURES, figures, strict=False):
        save_figure(figure, folder / f"{name}.png")
