"""The package's logger, its verbosity, and progress bars."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

from clustimage._core.public import public
from clustimage._core.validation import check_option, invalid

__all__ = ["LEVELS", "check_verbose", "get_logger", "progress", "set_logger", "shows_progress"]

Item = TypeVar("Item")

NAME = "clustimage"

LEVELS: dict[str, int] = {
    "silent": 60,
    "critical": logging.CRITICAL,
    "error": logging.ERROR,
    "warning": logging.WARNING,
    "info": logging.INFO,
    "debug": logging.DEBUG,
}


def get_logger(module: str) -> logging.Logger:
    """Return the logger of a module; pass ``__name__``."""
    return logging.getLogger(module)


class _PlainHandler(logging.Handler):
    """Write messages to the standard error, where the application has set up no logging."""

    def emit(self, record: logging.LogRecord) -> None:
        if logging.getLogger().handlers:
            return
        from tqdm import tqdm

        # tqdm's writer keeps a message from landing in the middle of a progress bar.
        tqdm.write(f"[{NAME}] {record.levelname.lower()}: {record.getMessage()}", file=sys.stderr)


def check_verbose(verbose: object) -> int:
    """Return the level of `verbose` as the number that `logging` uses."""
    if verbose is None:
        return LEVELS["silent"]
    if isinstance(verbose, str):
        return LEVELS[check_option("verbose", verbose.lower(), LEVELS)]
    if isinstance(verbose, bool) or not isinstance(verbose, int) or verbose < 0:
        levels = ", ".join(map(repr, LEVELS))
        what = f"must be a level of logging: one of {levels}, a number such as 30, or None"
        raise invalid("verbose", f"{what} for silence", verbose)
    return verbose or LEVELS["silent"]


@public
def set_logger(verbose: str | int | None = "info") -> None:
    """Set how much clustimage says.

    Parameters
    ----------
    verbose : {"silent", "critical", "error", "warning", "info", "debug"}, int or None, \
default="info"
        The least level that is shown. A number has the meaning that the module
        `logging` gives it (10 debug, 20 info, 30 warning, 40 error); None and 0
        are silence. Progress bars are shown at ``"info"`` and ``"debug"``.

    Raises
    ------
    InvalidParameterError
        If the level is not known.

    Examples
    --------
    >>> import clustimage
    >>> clustimage.set_logger("warning")
    """
    logger = logging.getLogger(NAME)
    logger.setLevel(check_verbose(verbose))
    if not any(isinstance(handler, _PlainHandler) for handler in logger.handlers):
        logger.addHandler(_PlainHandler())


def shows_progress() -> bool:
    """Return whether progress bars are shown: at the verbosities ``"info"`` and ``"debug"``."""
    return logging.getLogger(NAME).isEnabledFor(logging.INFO)


def progress(
    items: Iterable[Item], *, desc: str, total: int | None = None, unit: str = "image"
) -> Iterator[Item]:
    """Yield `items`; show a progress bar at the verbosity ``"info"`` if there are two or more."""
    from tqdm.auto import tqdm

    hidden = not shows_progress() or (total is not None and total < 2)
    yield from tqdm(items, desc=desc, total=total, unit=unit, disable=hidden, leave=False)
