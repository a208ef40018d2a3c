"""``clustimage duplicates FOLDER``."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from clustimage._core.errors import InvalidParameterError
from clustimage._core.memory import format_bytes
from clustimage._core.parameters import setting
from clustimage._core.text import pluralize
from clustimage.cli._options import (
    add_engine,
    add_exclude,
    add_folders,
    add_resources,
    given,
    one_or_all,
)
from clustimage.cli._output import one_line, print_json
from clustimage.cli._removal import add_choice, add_removal, check_removal, plan_and_remove

if TYPE_CHECKING:
    import pandas as pd

HELP = "Find images that are there more than once; keep the best of each, remove or link the rest."

MAX_COPIES = 20  # of a group that are printed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this sub-command."""
    add_folders(parser, of="photos")
    add_exclude(parser)
    parser.add_argument(
        "--kinds",
        type=_kinds,
        metavar="KIND,…",
        help="what counts beside exact copies: same-pixels, near (edited, cropped), turned, "
        "mirrored; all by default. With exact alone nothing is decoded",
    )
    parser.add_argument(
        "--max-distance",
        type=_number_or_word,
        metavar="BITS",
        help="strict, normal (default), loose, or bits of 128 in which hashes of candidates differ",
    )
    parser.add_argument(
        "--min-share",
        type=float,
        metavar="SHARE",
        help="share of the larger picture that a crop must have left (0.6)",
    )
    parser.add_argument(
        "--burst",
        type=float,
        metavar="SECONDS",
        help="photos that are alike and follow one another within so many seconds are a group, too",
    )
    parser.add_argument(
        "--out", default=None, metavar="FILE", help="write the table of all groups as CSV"
    )
    parser.add_argument(
        "--overwrite", action="store_true", default=False, help="replace a table that is there"
    )
    parser.add_argument(
        "--json", action="store_true", default=False, help="print the table as JSON"
    )
    add_resources(parser)
    parser.add_argument(
        "--cache", dest="dirpath", metavar="DIR", help="keep small images for the next run"
    )
    add_engine(parser, where="parts, and the table as Parquet, go to --cache")
    add_choice(parser)
    add_removal(parser, required=False)


def run(arguments: argparse.Namespace) -> None:
    """Print the groups; write them, plan and remove where asked."""
    from clustimage import Clustimage
    from clustimage._core.files import new_file
    from clustimage.export import write_csv

    if arguments.json:
        for name in ("plan", "action"):
            if name in arguments:
                raise InvalidParameterError(
                    f"{setting('json', True)} cannot be combined with {setting(name, ...)}."
                )
    check_removal(arguments)
    target = arguments.out
    if target is not None:
        target = new_file(target, overwrite=arguments.overwrite, name="out")
    names = ("n_jobs", "verbose", "max_memory", "max_pixels", "dirpath", "engine")
    model = Clustimage(**given(arguments, *names))
    groups = model.duplicates(
        one_or_all(arguments.folders),
        **given(arguments, "kinds", "max_distance", "min_share", "burst", "black_list"),
        **given(arguments, "keep", "prefer", "protect"),
    )
    if target is not None:
        write_csv(groups, target)
    if arguments.json:
        print_json(_records(groups))
        return
    _print(groups)
    if target is not None:
        print(f"Written to {one_line(str(target))}.")
    plan_and_remove(model, groups, arguments)


def _kinds(words: str) -> list[str]:
    return [word.strip().replace("-", " ") for word in words.split(",") if word.strip()]


def _number_or_word(word: str) -> int | str:
    return int(word) if word.lstrip("-").isdecimal() else word


def _records(groups: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows for JSON: dates in ISO 8601, None where there is no value."""
    plain = groups.astype(object).where(groups.notna(), None)
    for name in ("date", "modified"):
        plain[name] = [None if value is None else value.isoformat() for value in plain[name]]
    return list(plain.to_dict("records"))


def _print(groups: pd.DataFrame) -> None:
    """Print every group in a few lines, and then what could be saved."""
    for number, members in groups.groupby("group"):
        print(f"Group {number}: {pluralize(len(members), 'image')}")
        rows = list(members.itertuples(index=False))
        for row in rows[: 1 + MAX_COPIES]:
            where = getattr(row, "url", None) or row.pathname
            print(f"  {'keep' if row.keep else 'copy'}  {one_line(where)}  ({_words(row)})")
        if len(rows) > 1 + MAX_COPIES:
            print(f"  and {len(rows) - 1 - MAX_COPIES:,} more")
        print()
    copies = groups[~groups["keep"]]
    if not len(groups):
        print("No image is there more than once.")
        return
    n_groups, n_images = groups["group"].nunique(), len(groups)
    size = format_bytes(int(copies["bytes"].fillna(0).sum()))
    print(
        f"{pluralize(n_groups, 'group')} of {pluralize(n_images, 'image')}: "
        f"{len(copies):,} need not be kept ({size})."
    )


def _words(row: Any) -> str:
    """Return why an image is kept; of a copy how it differs, and how far it agrees."""
    import pandas as pd

    if row.keep:
        size = "" if pd.isna(row.width) else f"{row.width} x {row.height}, "
        return f"{size}{format_bytes(int(row.bytes))}: {row.reason}"
    if row.kind == "exact":
        return "the same bytes"
    words = row.difference or row.kind
    if row.kind in ("same pixels", "near") and row.difference:
        words = f"{row.kind}: {words}"
    return words if pd.isna(row.sure) else f"{words}; {row.sure:.0%} of it agrees"
