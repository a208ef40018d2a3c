"""``--links DIR``: a folder per cluster, for the sub-commands that find clusters."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clustimage._core.errors import InvalidParameterError
from clustimage._core.parameters import named, setting

if TYPE_CHECKING:
    from clustimage import Clustimage

__all__ = ["add_links", "check_links", "fill_folders"]

ACTIONS = ("symlink", "hardlink", "copy", "move")


def add_links(parser: argparse.ArgumentParser, *, move: bool = True) -> None:
    """Add ``--links`` and its options; without `move` where photos are in several groups."""
    parser.add_argument(
        "--links",
        dest="savedir",
        metavar="DIR",
        help="fill a folder per cluster, see --action",
    )
    words = ", ".join(ACTIONS[1:] if move else ACTIONS[1:-1])
    parser.add_argument("--action", help=f"of --links: symlink (default), {words}")
    parser.add_argument(
        "--layout",
        help="of --links: label (default), or size for folders by size",
    )


def check_links(
    arguments: argparse.Namespace, out: str | None, *, move: bool = True
) -> dict[str, Any]:
    """Return what `to_dirs` is to be called with; empty without ``--links``.

    Raises
    ------
    InvalidParameterError
        If an option is not allowed, or photos would be moved into the folder of the results,
        `out`, which is left out when photos are read.
    """
    from clustimage._core.outputs import may_be_marked
    from clustimage.cli._options import given
    from clustimage.export import check_savedir

    options = given(arguments, "action", "layout")
    if "savedir" not in arguments:
        if options:
            raise InvalidParameterError(
                f"{named(next(iter(options)))} needs {setting('savedir', ...)}."
            )
        return {}
    savedir = check_savedir(arguments.savedir, **options)
    if options.get("action") == "move":
        if not move:
            raise InvalidParameterError(
                f"A photo is of an event and of a place, so it cannot be moved: "
                f"{setting('action', 'move')}. Allowed here: {', '.join(ACTIONS[:-1])}."
            )
        home = None if out is None else Path(out).resolve()
        if home is not None and may_be_marked(home) and savedir.resolve().is_relative_to(home):
            raise InvalidParameterError(
                f"{setting('action', 'move')} cannot move photos into the folder of the results, "
                f"{home}, which is left out when photos are read. Give {named('savedir')} "
                "another folder."
            )
    return {"savedir": savedir, **options}


def fill_folders(model: Clustimage, folder: Path, options: dict[str, Any]) -> None:
    """Fill a folder per cluster, write the table of it, and say so."""
    from clustimage.export import write_csv

    table = model.to_dirs(**options)
    write_csv(table, folder / "links.csv")
    if options.get("action") == "move":  # the photos are elsewhere now
        write_csv(model.to_frame(), folder / "labels.csv")
        model.save(folder / "model.clustimage", overwrite=True)
    done = int(table["status"].isin(["done", "exists"]).sum())
    print(f"{done} of {len(table)} images are in folders below {options['savedir']}: links.csv.")
