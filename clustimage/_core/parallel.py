"""Work in several threads, with its results in order."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from numbers import Integral
from typing import TypeVar

from joblib import cpu_count

from clustimage._core.logs import progress
from clustimage._core.validation import invalid

__all__ = ["call_every", "check_jobs", "interruption", "n_workers", "run_ordered"]

Item = TypeVar("Item")
Result = TypeVar("Result")

# Items are handed out in batches, so that little of the time goes into handing them out.
MAX_ITEMS_PER_BATCH = 16
BATCHES_PER_WORKER = 4

_interruption: ContextVar[threading.Event] = ContextVar("interruption")


def check_jobs(n_jobs: object) -> int:
    """Return `n_jobs` if it is a number of workers, or raise `InvalidParameterError`."""
    if isinstance(n_jobs, bool) or not isinstance(n_jobs, Integral) or n_jobs == 0:
        what = "must be a number of workers of at least 1, -1 for every core or -2 for all but one"
        raise invalid("n_jobs", what, n_jobs)
    return int(n_jobs)


def n_workers(n_jobs: int | None) -> int:
    """Return how many workers `n_jobs` means here; -1 is every core, -2 all but one."""
    if n_jobs is None or n_jobs == 0:
        return 1
    n_jobs = check_jobs(n_jobs)  # with NaN workers a pool would wait for ever
    if n_jobs < 0:
        return max(1, int(cpu_count()) + 1 + n_jobs)
    return n_jobs


@contextmanager
def call_every(seconds: float, function: Callable[[], object]) -> Iterator[None]:
    """Call a function in a thread of its own, again and again, until the block ends."""
    done = threading.Event()

    def run() -> None:
        while not done.wait(seconds):
            function()

    thread = threading.Thread(target=copy_context().run, args=(run,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def interruption() -> threading.Event:
    """Return what is set when the work that this thread is part of is interrupted.

    What waits for a network in a thread looks at it, since only the main thread is interrupted.
    """
    return _interruption.get(threading.Event())


def run_ordered(
    func: Callable[[Item], Result],
    items: Sequence[Item],
    *,
    n_jobs: int | None = -1,
    desc: str | None = None,
    unit: str = "image",
) -> Iterator[Result]:
    """Yield ``func(item)`` for each item, in the order of the items.

    The work runs in threads: decoding, resizing, matrix products and hashes release
    the interpreter's lock, and threads share memory. Where it is interrupted, what
    has not begun is dropped and what runs is waited for.

    Parameters
    ----------
    func : callable
        Takes one item.
    items : sequence
        What to work on; its length sizes the progress bar.
    n_jobs : int, default=-1
        Number of workers; -1 uses every core.
    desc : str, optional
        Text of the progress bar; without it no bar is shown.
    unit : str, default="image"
        What one item is, for the bar.

    Yields
    ------
    object
        The results, as soon as the next one in order is there. No more than a few
        are held, however slowly they are taken.
    """
    workers = min(n_workers(n_jobs), max(1, len(items)))
    results = map(func, items) if workers == 1 else _in_threads(func, items, workers)
    if desc is None:
        return iter(results)
    return progress(results, desc=desc, total=len(items), unit=unit)


def _in_threads(
    func: Callable[[Item], Result], items: Sequence[Item], workers: int
) -> Iterator[Result]:
    step = max(1, min(MAX_ITEMS_PER_BATCH, len(items) // (BATCHES_PER_WORKER * workers)))
    waiting: deque[Future[list[Result]]] = deque()
    interrupted = threading.Event()
    # Messages of a thread follow the verbosity of the model that started it.
    context = copy_context()
    context.run(_interruption.set, interrupted)
    with ThreadPoolExecutor(workers) as pool:
        try:
            for start in range(0, len(items), step):
                batch = items[start : start + step]
                waiting.append(pool.submit(context.copy().run, _run_batch, func, batch))
                if len(waiting) > 2 * workers:
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()
        finally:
            interrupted.set()
            for unfinished in waiting:
                unfinished.cancel()


def _run_batch(func: Callable[[Item], Result], batch: Sequence[Item]) -> list[Result]:
    interrupted = interruption()
    return [func(item) for item in batch if not interrupted.is_set()]
