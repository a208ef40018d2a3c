"""``clustimage recluster MODEL --out DIR``."""

from __future__ import annotations

import argparse

from clustimage.cli._cluster_folders import add_links, check_links, fill_folders
from clustimage.cli._clustering import add_clustering, clustering_request
from clustimage.cli._options import add_apart, add_model, add_output, given, load_model
from clustimage.cli._output import (
    check_folder,
    outputs_of_cluster,
    use_files_only,
    write_all,
    write_report,
)

HELP = "Cluster the images of a saved model anew, without reading them; write what cluster writes."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this sub-command."""
    add_model(parser)
    add_output(parser, required=True)
    add_clustering(parser)
    add_apart(parser)
    add_links(parser)


def run(arguments: argparse.Namespace) -> None:
    """Cluster again and write what was found."""
    use_files_only()
    request = clustering_request(arguments)
    links = check_links(arguments, arguments.out)
    names = [*outputs_of_cluster(), *(["links.csv"] if links else [])]
    folder = check_folder(arguments.out, names, overwrite=arguments.overwrite)
    model = load_model(arguments)
    model.set_params(**given(arguments, "random_state"))
    model.cluster(**request, **given(arguments, "cannot_link", "timestamps"))
    write_all(model, folder, overwrite=arguments.overwrite)
    if links:
        fill_folders(model, folder, links)
    write_report(model, folder, overwrite=arguments.overwrite)
