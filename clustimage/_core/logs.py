"""The package's logger, its verbosity, and progress bars."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from clustimage._core.ignored_warnings import ignored_warnings
from clustimage._core.public import public
from clustimage._core.validation import check_option, invalid

__all__ = [
    "LEVELS",
    "at_verbosity",
    "check_verbose",
    "get_logger",
    "progress",
    "progress_bar",
    "set_logger",
    "shows_progress",
    "start_logging",
    "use_progress_bars",
]

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


# Of the model at work; None where none is, or where it has no verbosity of its own.
_level_at_work: ContextVar[int | None] = ContextVar("level_at_work", default=None)

_bars: list[bool] = [True]  # the last one counts, in all threads


class _Logger(logging.Logger):
    """A logger that follows the verbosity of the model at work, and else `set_logger`."""

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802
        least = _level_at_work.get()
        if least is None:
            return super().isEnabledFor(level)
        return level >= least and level > self.manager.disable


def get_logger(module: str) -> logging.Logger:
    """Return the logger of a module; pass ``__name__``."""
    logger = logging.getLogger(module)
    # Not by logging.setLoggerClass, which other packages would see.
    logger.__class__ = _Logger
    return logger


@contextmanager
def at_verbosity(verbose: str | int | None) -> Iterator[None]:
    """Let messages and progress bars follow `verbose` until the block ends.

    Other threads are not affected, except those that are started with a copy of the context.

    Parameters
    ----------
    verbose : str, int or None
        As for `set_logger`; None changes nothing.
    """
    if verbose is None:
        yield
        return
    before = _level_at_work.set(check_verbose(verbose))
    try:
        yield
    finally:
        _level_at_work.reset(before)


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
    """Set how much clustimage says: its functions, and models without a `verbose` of their own.

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
    logging.getLogger(NAME).setLevel(check_verbose(verbose))
    start_logging()


def start_logging() -> None:
    """Show messages; from ``"info"`` on, unless `set_logger` or the application set a level."""
    logger = logging.getLogger(NAME)
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.INFO)
    if not any(isinstance(handler, _PlainHandler) for handler in logger.handlers):
        logger.addHandler(_PlainHandler())


@contextmanager
def use_progress_bars(shown: bool) -> Iterator[None]:
    """Show progress bars, or none at any verbosity, until the block ends."""
    _bars.append(shown)
    try:
        yield
    finally:
        _bars.pop()


def shows_progress() -> bool:
    """Return whether progress bars are shown: at the verbosities ``"info"`` and ``"debug"``."""
    return _bars[-1] and get_logger(NAME).isEnabledFor(logging.INFO)


def progress_bar() -> Any:
    """Return the class of progress bars: those of notebooks in a notebook that has ipywidgets."""
    from tqdm import TqdmWarning

    # In a notebook without ipywidgets tqdm says so, and draws its bars as text.
    with ignored_warnings(TqdmWarning):
        from tqdm.auto import tqdm
    return tqdm


def progress(
    items: Iterable[Item], *, desc: str, total: int | None = None, unit: str = "image"
) -> Iterator[Item]:
    """Yield `items`; show a progress bar at the verbosity ``"info"`` if there are two or more."""
    if not shows_progress() or (total is not None and total < 2):
        yield from items
        return
    tqdm = progress_bar()
    yield from tqdm(items, desc=desc, total=total, unit=unit, leave=False)
