"""What arguments and methods of older tools are called here: clustimage 1.x and imagecluster."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from inspect import Parameter, signature
from typing import Any

from clustimage._core.errors import InvalidParameterError

__all__ = ["METHODS", "refuse_older_names"]

SIZE = "Set it on the figure that is returned: fig.set_size_inches(15, 10)."
CACHE = "Give a 'dirpath': small images and features are kept there for the next time."
LINES = "Give lines='day' for lines between the photos of a day."
NETWORK = "It is a setting of the network: Clustimage('cnn', params_cnn={...})."

# The argument, where needed with its method → what to do.
ARGUMENTS: dict[str, str] = {
    # clustimage 1.x
    "ncores": "It is called 'n_jobs'.",
    "tempdir": "It is called 'dirpath'.",
    "use_image_cache": CACHE,
    "use_thumbnail_cache": CACHE,
    "store_to_disk": "Leave it out: arrays need no files.",
    "flatten": "Leave it out: results['img'] has flat rows, and images_.pixels the images.",
    "filepath": "It is called 'path'.",
    "embedding.metric": "The map is made with Euclidean distances: leave it out.",
    "embedding.embedding": "It is set with set_params(embedding=...).",
    "embedding.X": "It is called 'feat'.",
    "extract_feat.X": "It is called 'Xraw'.",
    "figsize": SIZE,
    "invert_colors": "Give a reversed colour map: cmap='gray_r'.",
    "args_scatter": "Change the axes that are returned, for example by ax.set_title('photos').",
    "update_labels": "Leave it out: labels are set where 'max_d' is given.",
    "polygon": LINES,
    "blacklist_polygon": LINES,
    "cluster_icons": "Leave it out: near photos are one mark, which opens at a click.",
    "clutter_threshold": "Leave it out: near photos are one mark, which opens at a click.",
    "plot_map.dim": "Leave it out: the map shows thumbnails.",
    "open_in_browser": "Leave it out, and open the path that is returned: webbrowser.open(path).",
    # imagecluster
    "min_csize": "It is called 'min_size'.",
    "cluster.alpha": "It is called 'time_weight'.",
    "cluster.method": "It is called 'linkage'.",
    "fingerprints": "Features are given to fit_transform() or extract_feat(), as 'features'.",
    "image_arrays": "Images are given to fit_transform() or import_data(), as the first argument.",
    "images": "Images are given to fit_transform() or import_data(), as the first argument.",
    "imagedir": "The folder is given to fit_transform() or import_data(), as the first argument.",
    "extra_out": "Leave it out: clustering_ has the tree and the scores.",
    "print_stats": "Leave it out: print(cluster_sizes()).",
    "pca_params": "Give params_cnn={'n_components': 0.95}.",
    "pca_kwds": "Give params_cnn={'n_components': 0.95}.",
    "layer": NETWORK,
    "model_kwds": NETWORK,
    "img_kwds": "The size of images is 'dim' of Clustimage().",
    "timestamps_kwds": "Give timestamps='auto', 'exif' or 'stat'.",
    "max_csize": "Choose the clusters with 'labels'.",
    "mem_limit": "It is called 'max_memory'.",
}

# The method → what to call.
METHODS: dict[str, str] = {
    "move_to_dir": "to_dirs(savedir, action='move')",
    "clean_files": "nothing: files are written below a 'dirpath' alone, see clustimage cache clear",
    "clean_init": "import_data(X), which begins anew",
    "extract_pca": "extract_feat(), with method='pca'",
    "compute_hash": "extract_feat(), with method='phash' or another hash",
    "preprocessing": "import_data(X)",
    "check_verbosity": "set_params(verbose='info')",
    "make_links": "to_dirs(savedir, layout='size')",
    "visualize": "plot(layout='columns')",
}


def refuse_older_names(method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method that says of an older tool's argument what it is called here.

    Raises
    ------
    InvalidParameterError
        When it is called with such an argument.
    """
    known = signature(method).parameters
    name = "Clustimage" if method.__name__ == "__init__" else method.__name__

    @wraps(method)
    def run(self: Any, *args: Any, **options: Any) -> Any:
        _check(name, known, options)
        return method(self, *args, **options)

    return run


def _check(name: str, known: Mapping[str, Parameter], options: Mapping[str, Any]) -> None:
    for given in options.keys() - known.keys():
        what = ARGUMENTS.get(f"{name}.{given}", ARGUMENTS.get(given))
        if what is not None:
            raise InvalidParameterError(f"{name}() has no argument {given!r}. {what}")
