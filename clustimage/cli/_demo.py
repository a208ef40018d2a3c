"""``clustimage demo``."""

from __future__ import annotations

import argparse

from clustimage.cli._options import add_output
from clustimage.cli._output import (
    check_folder,
    outputs_of_cluster,
    save_figure,
    use_files_only,
    write_all,
    write_report,
)

HELP = "Cluster the embedded example photos and write figures to look at; needs no network."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this sub-command."""
    add_output(parser, required=False)


def run(arguments: argparse.Namespace) -> None:
    """Cluster the embedded photos, find images like one of them, and draw all of it."""
    use_files_only()
    from clustimage import Clustimage, import_example

    names = [*outputs_of_cluster(), "find.png"]
    folder = check_folder(arguments.out or "demo", names, overwrite=arguments.overwrite)
    model = Clustimage(method="auto", verbose=arguments.verbose)
    model.fit_transform(import_example("photos"))
    model.find(model.results["pathnames"][0], k=11, alpha=None)
    write_all(model, folder, overwrite=arguments.overwrite)
    save_figure(model.plot_find()[0], folder / "find.png")
    write_report(model, folder, overwrite=arguments.overwrite)
