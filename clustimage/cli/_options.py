"""Options that several sub-commands have, and their names in messages.

The ``dest`` of an option is the parameter of the library that it is passed on as; where two
settings of one name are there, that of the one of them has the dict in it (``params_cnn.model``).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from clustimage._core.parameters import ParameterNames

if TYPE_CHECKING:
    from clustimage import Clustimage

QUOTED = frozenset(" *?[")  # what a shell would take for something else

__all__ = [
    "OptionNames",
    "add_apart",
    "add_clusters",
    "add_engine",
    "add_exclude",
    "add_folders",
    "add_max_memory",
    "add_model",
    "add_output",
    "add_resources",
    "given",
    "load_model",
    "name_or_none",
    "one_or_all",
]


class OptionNames(ParameterNames):
    """Parameters as the options of a sub-command; those without an option keep their names.

    Parameters
    ----------
    actions : iterable of argparse.Action
        The arguments of the sub-command.

    Examples
    --------
    >>> parser = argparse.ArgumentParser()
    >>> dim = parser.add_argument("--dim", nargs=2)
    >>> seed = parser.add_argument("--seed", dest="random_state")
    >>> names = OptionNames([dim, seed])
    >>> names.name("random_state"), names.setting("dim", (64, 32)), names.name("zoom")
    ("'--seed'", '--dim 64 32', "'zoom'")
    """

    in_python = False

    def __init__(self, actions: Iterable[argparse.Action]) -> None:
        self.actions = {action.dest: action for action in actions if action.option_strings}

    def name(self, parameter: str, of: str = "") -> str:
        """Return the option of a parameter or of a setting."""
        action = self._action(parameter, of)
        return f"'{action.option_strings[-1]}'" if action else super().name(parameter, of)

    def setting(self, parameter: str, value: object) -> str:
        """Return an option with its value, or the options of a dict of settings."""
        if isinstance(value, dict) and value:
            options = [(self._action(name, parameter), one) for name, one in value.items()]
            words = [self._typed(action, one) for action, one in options if action]
            return (
                " ".join(words) if len(words) == len(value) else super().setting(parameter, value)
            )
        action = self._action(parameter)
        return super().setting(parameter, value) if action is None else self._typed(action, value)

    def _action(self, parameter: str, of: str = "") -> argparse.Action | None:
        return self.actions.get(f"{of}.{parameter}") or self.actions.get(parameter)

    @staticmethod
    def _typed(action: argparse.Action, value: object) -> str:
        """Return an option with its value."""
        option = action.option_strings[-1]
        if value is ...:
            return option
        if value is None and action.type is name_or_none:
            return f"{option} none"
        if action.nargs == 0 or value is None:
            return option if value else f"no {option}"
        words = map(str, value) if isinstance(value, tuple | list) else [str(value)]
        quoted = [f"'{word}'" if set(word) & QUOTED else word for word in words]
        if isinstance(action, argparse._AppendAction):
            return " ".join(f"{option} {word}" for word in quoted)
        return " ".join([option, *quoted])

    def value(self, value: object) -> str:
        """Return a value; None is typed as ``none``."""
        return "none" if value is None else super().value(value)


def name_or_none(word: str) -> str | None:
    """Return a name, or None for the word ``none``."""
    return None if word.lower() == "none" else word


def given(arguments: argparse.Namespace, *names: str) -> dict[str, Any]:
    """Return the options that were given; of others the library knows the default.

    Those without a default are not in `arguments`: `argparse.SUPPRESS` is that of the parsers.
    """
    return {name: getattr(arguments, name) for name in names if name in arguments}


def add_folders(parser: argparse.ArgumentParser, *, of: str) -> None:
    """Add what is read: folders or files."""
    parser.add_argument(
        "folders",
        metavar="FOLDER",
        nargs="+",
        help=f"folders of {of}, with those below; or files, or URLs",
    )


def one_or_all(inputs: list[str]) -> str | list[str]:
    """Return the one input that was given, or all: an error about one says more."""
    return inputs[0] if len(inputs) == 1 else inputs


def add_exclude(parser: argparse.ArgumentParser) -> None:
    """Add ``--exclude``."""
    parser.add_argument(
        "--exclude",
        dest="black_list",
        action="append",
        metavar="NAME",
        help="leave out folders or files of this name; * and ? stand for characters, quote them; "
        "may be given several times",
    )


def add_model(parser: argparse.ArgumentParser) -> None:
    """Add a saved model and the memory that it may take."""
    parser.add_argument(
        "path", metavar="MODEL", help="the file model.clustimage of an earlier run, or its URL"
    )
    add_max_memory(parser)


def load_model(arguments: argparse.Namespace) -> Clustimage:
    """Return the saved model that was given, with the verbosity of now."""
    from clustimage import Clustimage

    model = Clustimage.load(arguments.path, **given(arguments, "max_memory"))
    model.set_params(verbose=arguments.verbose)
    return model


def add_apart(parser: argparse.ArgumentParser) -> None:
    """Add ``--apart``."""
    parser.add_argument(
        "--apart",
        dest="cannot_link",
        action="store_const",
        const="photo",
        help="of faces: never put two faces of one photo into one cluster",
    )


def add_output(parser: argparse.ArgumentParser, *, required: bool, dest: str = "out") -> None:
    """Add ``--out`` and ``--overwrite``."""
    parser.add_argument(
        "--out",
        dest=dest,
        required=required,
        default=None,
        metavar="DIR",
        help="folder for the results; made if missing",
    )
    parser.add_argument(
        "--overwrite",
        action="store_true",
        default=False,
        help="replace the results of an earlier run in DIR",
    )


def add_clusters(parser: argparse.ArgumentParser) -> None:
    """Add how many clusters there are to be, and the seed."""
    parser.add_argument(
        "--k",
        dest="n_clusters",
        metavar="K",
        type=int,
        help="exactly this number of clusters",
    )
    parser.add_argument("--min-clust", type=int, default=3, help="least k searched (3)")
    parser.add_argument(
        "--max-clust",
        type=int,
        help="k searched stays below (25, and more where the best k is the last one)",
    )
    parser.add_argument(
        "--seed",
        dest="random_state",
        metavar="SEED",
        type=int,
        default=0,
        help="seed of all random numbers (0)",
    )


def add_resources(parser: argparse.ArgumentParser) -> None:
    """Add ``--jobs``, ``--max-memory`` and ``--max-pixels``."""
    parser.add_argument(
        "--jobs",
        dest="n_jobs",
        metavar="JOBS",
        type=int,
        default=-1,
        help="workers; -1 is every core",
    )
    add_max_memory(parser)
    parser.add_argument(
        "--max-pixels",
        metavar="N",
        type=int,
        default=250_000_000,
        help="pixels above which a file is skipped, as they are decoded (250000000)",
    )


def add_engine(parser: argparse.ArgumentParser, *, where: str) -> None:
    """Add ``--engine``; `where` says what goes where."""
    parser.add_argument(
        "--engine",
        metavar="ADDRESS",
        help="read images on the workers of a Dask scheduler (tcp://HOST:PORT), or in processes "
        f"here (local); {where}",
    )


def add_max_memory(parser: argparse.ArgumentParser) -> None:
    """Add ``--max-memory``."""
    parser.add_argument(
        "--max-memory",
        metavar="SIZE",
        help="2GB, 500MB …: what images, features and work may take (half of what is free)",
    )
