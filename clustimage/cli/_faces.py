"""``clustimage faces FOLDER --out DIR``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clustimage._core.errors import InvalidParameterError
from clustimage._core.logs import get_logger
from clustimage._core.outputs import FACE_FIGURES, make_folder
from clustimage._core.parameters import named, setting
from clustimage._core.text import pluralize
from clustimage.cli._cluster_folders import add_links, check_links, fill_folders
from clustimage.cli._method import add_network, method_settings
from clustimage.cli._options import (
    add_apart,
    add_clusters,
    add_exclude,
    add_folders,
    add_output,
    add_resources,
    given,
    one_or_all,
)
from clustimage.cli._output import (
    check_folder,
    outputs_of_cluster,
    save_figure,
    use_files_only,
    write_all,
    write_report,
)

if TYPE_CHECKING:
    from clustimage import Clustimage

logger = get_logger(__name__)

HELP = "Find the faces in photos and group them; write crops, labels.csv and figures."

MIN_FACES = 3  # that can be grouped


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this sub-command."""
    add_folders(parser, of="photos")
    add_exclude(parser)
    add_output(parser, required=True, dest="dirpath")
    parser.add_argument(
        "--recognizer",
        help="who is on a face: dlib (default where it is installed and no --method is given), "
        "sface or arcface",
    )
    parser.add_argument(
        "--detector", help="where faces are: dlib (default with dlib), haar (without) or yunet"
    )
    parser.add_argument(
        "--model",
        metavar="FILE",
        help="network of sface or arcface, ONNX; with others that of the detector",
    )
    parser.add_argument("--detector-model", metavar="FILE", help="network of yunet, ONNX")
    parser.add_argument(
        "--margin", type=float, default=0.0, help="added around a face, as a share of it (0)"
    )
    parser.add_argument(
        "--method", help="features: face (default with a recognizer), pca (without), hog, cnn …"
    )
    add_network(parser, "--network")
    add_apart(parser)
    add_clusters(parser)
    parser.add_argument(
        "--distance-threshold",
        type=float,
        metavar="D",
        help="mean distance up to which two groups of faces are one person, instead of that of the "
        "recognizer",
    )
    parser.add_argument(
        "--min-size", type=int, metavar="N", help="groups of fewer faces become -1 (1)"
    )
    add_resources(parser)
    add_links(parser)
    parser.add_argument(
        "--name",
        dest="called",
        action="append",
        metavar="NUMBER=NAME",
        help="call a cluster of the run before, or of this one, by a name, which later runs keep; "
        "may be given several times",
    )


def run(arguments: argparse.Namespace) -> None:
    """Find the faces, group them, and write what was found."""
    use_files_only()
    from clustimage import Clustimage
    from clustimage._model.faces import names_of_persons
    from clustimage.cluster import ClusterRequest
    from clustimage.features import make_extractor

    links = check_links(arguments, arguments.dirpath)
    names = ["faces", *outputs_of_cluster(), *(f"{name}.png" for name in FACE_FIGURES)]
    names += ["links.csv"] if links else []
    folder = check_folder(arguments.dirpath, names, overwrite=arguments.overwrite)
    called: dict[Any, str] = _read_names(arguments)
    by_person = _by_person(arguments)
    earlier = _earlier_people(folder) if by_person else None
    if earlier is not None and called:
        earlier.rename(called)
    model = Clustimage(
        grayscale=not by_person,
        params_faces=given(
            arguments, "recognizer", "detector", "model", "detector_model", "margin"
        ),
        dirpath=folder,
        **method_settings(arguments),
        **given(arguments, "random_state", "n_jobs", "verbose", "max_memory", "max_pixels"),
    )
    request = {
        "min_clust": arguments.min_clust,
        **given(arguments, "max_clust", "n_clusters", "min_size", "distance_threshold"),
        **given(arguments, "cannot_link"),
    }
    # What is wrong with them is known before the faces are looked for.
    ClusterRequest(**request)
    make_extractor(model.params["method"], model.params).prepare(None)
    faces = model.extract_faces(one_or_all(arguments.folders), **given(arguments, "black_list"))
    _remove_old(folder, faces["pathnames_face"])
    _draw(model, folder)
    n_faces = sum(map(len, faces["pathnames_face"]))
    print(f"{pluralize(n_faces, 'face')} in {pluralize(len(faces['pathnames']), 'photo')}.")
    if n_faces < MIN_FACES:
        print(f"Written to {folder}: the photos and the faces, which are too few to group.")
        return
    if getattr(arguments, "n_clusters", 0) > n_faces:
        raise InvalidParameterError(
            f"There are {pluralize(n_faces, 'face')}, too few for "
            f"{setting('n_clusters', arguments.n_clusters)}. To group them without "
            f"looking for them again: clustimage cluster {folder / 'faces'}"
        )
    if not (by_person and ClusterRequest(**request).leaves_open):  # numbers of clusters are tried
        request["min_clust"] = min(arguments.min_clust, n_faces - 1)
        request["max_clust"] = _at_most(request.get("max_clust"), n_faces)
    model.fit_transform(faces["pathnames_face"], **request)
    if earlier is not None:
        called = dict(names_of_persons(model, earlier))
    if called:
        model.rename(called)
    write_all(model, folder, overwrite=arguments.overwrite)
    if links:
        fill_folders(model, folder, links)
    write_report(model, folder, overwrite=arguments.overwrite)


def _by_person(arguments: argparse.Namespace) -> bool:
    """Return whether faces are grouped by who they are; set the method where none is given."""
    from clustimage.faces import has_dlib

    if "method" not in arguments:
        arguments.method = "face" if "recognizer" in arguments or has_dlib() else "pca"
    if "recognizer" in arguments and arguments.method != "face":
        raise InvalidParameterError(
            f"{named('recognizer')} needs {setting('method', 'face')}. Got {arguments.method}."
        )
    return bool(arguments.method == "face")


def _read_names(arguments: argparse.Namespace) -> dict[Any, str]:
    """Return the names of ``--name``, by number or by the name until now."""
    names: dict[Any, str] = {}
    for word in getattr(arguments, "called", []):
        key, sign, name = word.partition("=")
        if not (key and sign and name):
            raise InvalidParameterError(
                f"{named('called')} must be a number and a name, such as 3=Anna. Got {word!r}."
            )
        names[int(key) if key.isdecimal() else key] = name
    return names


def _earlier_people(folder: Path) -> Clustimage | None:
    """Return the model of an earlier run that has faces by who they are; None without one."""
    from clustimage import Clustimage, ModelFileError

    path = folder / "model.clustimage"
    if not path.is_file():
        return None
    try:
        model = Clustimage.load(path)
    except ModelFileError as error:
        logger.warning("The names of the run before cannot be read: %s", error)
        return None
    return model if model.params["method"] == "face" else None


def _at_most(max_clust: int | None, n_faces: int) -> int | None:
    """Return a range that there are enough faces for; None leaves it to the search."""
    from clustimage.cluster import DEFAULT_MAX_CLUST

    if max_clust is None and n_faces >= DEFAULT_MAX_CLUST:
        return None
    return min(DEFAULT_MAX_CLUST if max_clust is None else max_clust, n_faces)


def _remove_old(folder: Path, pathnames_face: list[list[str]]) -> None:
    """Remove what an earlier run has written and this one does not write again."""
    from clustimage.faces import photo_of

    for name in [*outputs_of_cluster(), "links.csv"]:
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
    make_folder(folder)
    figures, _ = model.plot_faces()
    for name in FACE_FIGURES:
        (folder / f"{name}.png").unlink(missing_ok=True)  # of an earlier run
    for name, figure in zip(FACE_FIGURES, figures, strict=False):
        save_figure(figure, folder / f"{name}.png")
