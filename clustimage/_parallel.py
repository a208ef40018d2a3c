"""The one place where work is spread over workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from numbers import Integral
from typing import Any, TypeVar

from joblib import Parallel, cpu_count, delayed

from clustimage._errors import InvalidParameterError
from clustimage._logging import progress

__all__ = ["check_jobs", "n_workers", "run_ordered"]

Item = TypeVar("Item")
Result = TypeVar("Result")


def check_jobs(n_jobs: Any) -> int:
    """Return `n_jobs` if it is a number of workers, or raise `InvalidParameterError`."""
    if isinstance(n_jobs, bool) or not isinstance(n_jobs, Integral) or n_jobs == 0:
        raise InvalidParameterError(
            "'n_jobs' must be a number of workers of at least 1, -1 for every core or -2 for all "
            f"but one. Got {n_jobs!r}."
        )
    return int(n_jobs)


def n_workers(n_jobs: int | None) -> int:
    """Return how many workers `n_jobs` means here; -1 is every core, -2 all but one."""
    if n_jobs is None or n_jobs == 0:
        return 1
    if n_jobs < 0:
        return max(1, cpu_count() + 1 + n_jobs)
    return n_jobs


def run_ordered(
    func: Callable[[Item], Result],
    items: Sequence[Item],
    *,
    n_jobs: int | None = -1,
    desc: str | None = None,
    unit: str = "image",
    processes: bool = False,
) -> Iterator[Result]:
    """Yield ``func(item)`` for each item, in the order of the items.

    Parameters
    ----------
    func : callable
        Takes one item. It must be importable by name when `processes` is true.
    items : sequence
        What to work on; its length sizes the progress bar.
    n_jobs : int, default=-1
        Number of workers; -1 uses every core.
    desc : str, optional
        Words of the progress bar; without them no bar is shown.
    unit : str, default="image"
        What one item is, for the bar.
    processes : bool, default=False
        False runs in threads: right where the work releases the interpreter's
        lock (decoding, resizing, matrix products) and it shares memory. True
        runs in processes: right for work that is Python throughout.

    Yields
    ------
    object
        The results, as soon as the next one in order is there.
    """
    workers = min(n_workers(n_jobs), max(1, len(items)))
    results: Iterator[Result]
    if workers == 1:
        results = map(func, items)
    else:
        pool = Parallel(
            n_jobs=workers,
            backend="loky" if processes else "threading",
            return_as="generator",
            batch_size="auto" if processes else max(1, min(16, len(items) // (4 * workers))),
            pre_dispatch="4 * n_jobs",
        )
        results = pool(delayed(func)(item) for item in items)
    if desc is None:
        return iter(results)
    return progress(results, desc=desc, total=len(items), unit=unit)
