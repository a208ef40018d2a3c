"""Where the work is done: what is asked of an engine, and Dask as one."""

from __future__ import annotations

import asyncio
import importlib.util
import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from itertools import islice
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from clustimage._core.errors import EngineError, InvalidParameterError
from clustimage._core.logs import get_logger, progress
from clustimage._core.optional import import_optional
from clustimage._core.parallel import n_workers
from clustimage._core.parameters import named, setting
from clustimage._version import __version__

__all__ = ["Engine", "WorkerDied", "check_engine", "open_engine"]

logger = get_logger(__name__)

TASKS_PER_THREAD = 3  # that wait or run at a time
COMBINED_AT_ONCE = 8  # results that one task adds up
RETRIES = 2  # of a task that raised an error
ALLOWED_FAILURES = 1  # of workers that a task may be on, beside the last one
SECONDS_TO_ANSWER = 20
TIMED_OUT = (Empty, TimeoutError, asyncio.TimeoutError)  # the last two differ in Python 3.10
GOES_ON = "What is done is kept: the same call goes on from there."


class WorkerDied:
    """Stands for the result of a task whose workers died."""


class Engine(Protocol):
    """What the distributed work needs of an engine: nothing else of Dask is used."""

    def map(
        self,
        function: Callable[[Any], Any],
        items: Iterable[Any],
        *,
        desc: str | None = None,
        total: int | None = None,
    ) -> Iterator[tuple[Any, Any]]:
        """Yield items with ``function(item)``, or `WorkerDied`, as they are done."""

    def reduce(
        self,
        function: Callable[[Any], Any],
        items: Iterable[Any],
        combine: Callable[[list[Any]], Any],
        *,
        desc: str | None = None,
        total: int | None = None,
    ) -> Any:
        """Return all ``function(item)`` combined, some at a time, on the workers."""


def check_engine(engine: Any) -> None:
    """Raise `InvalidParameterError` where `engine` is none; nothing is imported."""
    if engine is None or (isinstance(engine, str) and (engine == "local" or "://" in engine)):
        return
    if hasattr(engine, "submit") and hasattr(engine, "scheduler_info"):
        return
    raise InvalidParameterError(
        f"{named('engine')} must be None, 'local', the address of a scheduler such as "
        f"'tcp://host:8786', or a distributed.Client. Got {engine!r}."
    )


@contextmanager
def open_engine(
    engine: Any, n_jobs: int | None, resources: dict[str, float] | None = None
) -> Iterator[Engine]:
    """Provide the engine, and close what was started for it.

    Parameters
    ----------
    engine : {"local"}, str or distributed.Client
        ``"local"`` starts a worker process for each of `n_jobs`; a str is the address of a
        scheduler.
    n_jobs : int
        Number of workers of ``"local"``; -1 for every core.
    resources : dict, optional
        What a worker must have, as Dask names it: ``{"GPU": 1}``.

    Raises
    ------
    EngineError
        If no scheduler answers, there is no worker, or a worker has another version.
    MissingDependencyError
        If Dask is not installed.
    """
    distributed = import_optional("distributed", extra="dask", needed_by=setting("engine", engine))
    if not isinstance(engine, str):
        yield _checked(DaskEngine(engine, resources))
    elif engine == "local":
        with _local_client(distributed, n_workers(n_jobs), resources) as client:
            yield _checked(DaskEngine(client, resources))
    else:
        try:
            client = distributed.Client(engine, timeout=SECONDS_TO_ANSWER, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as exc:
            raise EngineError(
                f"No scheduler answers at {engine!r} ({str(exc) or 'no answer'}). Give the "
                "address that 'dask scheduler' prints when it starts."
            ) from exc
        with client:
            yield _checked(DaskEngine(client, resources))


@contextmanager
def _local_client(distributed: Any, n: int, resources: dict[str, float] | None) -> Iterator[Any]:
    import dask

    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise EngineError(_unguarded())  # in a worker, which imports the script that started it
    settings = {
        "distributed.scheduler.allowed-failures": ALLOWED_FAILURES,
        "distributed.worker.daemon": True,
        # A worker that is starting again at that moment would be given up.
        "distributed.deploy.lost-worker-timeout": "1 week",
    }
    with dask.config.set(settings):
        try:
            cluster = distributed.LocalCluster(
                n_workers=n,
                threads_per_worker=1,
                processes=True,
                dashboard_address=":0",
                resources=resources,
            )
        except RuntimeError as exc:
            raise EngineError(f"The workers did not start ({exc}). {_unguarded()}") from exc
        is_done = False
        try:
            with cluster, distributed.Client(cluster, set_as_default=False) as client:
                logger.info(
                    "Engine: %d worker%s of Dask%s.",
                    n,
                    "" if n == 1 else "s",
                    f", to be watched at {cluster.dashboard_link}" if _has_dashboard() else "",
                )
                try:
                    yield client
                except KeyboardInterrupt:
                    _kill_workers(cluster)
                    raise
                is_done = True
        except asyncio.TimeoutError:
            # All work is done; on a busy machine the workers take long to end.
            if not is_done:
                raise
            _kill_workers(cluster)


def _unguarded() -> str:
    local = setting("engine", "local")
    return (
        f'In a script, what uses {local} has to stand below a line "if __name__ == '
        "'__main__':\", since each worker imports the script."
    )


def _kill_workers(cluster: Any) -> None:
    """End worker processes at once: parts are there whole or not at all."""
    import psutil

    for nanny in cluster.workers.values():
        nanny.auto_restart = False
        if nanny.pid is not None:
            with suppress(psutil.NoSuchProcess):
                psutil.Process(nanny.pid).kill()


def _has_dashboard() -> bool:
    return importlib.util.find_spec("bokeh") is not None


def _checked(engine: DaskEngine) -> DaskEngine:
    engine.check()
    return engine


def worker_version() -> str:
    """Return the version of this package on a worker."""
    return __version__


class DaskEngine:
    """Dask as an engine.

    Parameters
    ----------
    client : distributed.Client
        Of a cluster that is there.
    resources : dict, optional
        What a worker must have.
    """

    def __init__(self, client: Any, resources: dict[str, float] | None = None) -> None:
        self.client = client
        self.options: dict[str, Any] = {"pure": False, "retries": RETRIES}
        if resources:
            self.options["resources"] = resources

    def check(self) -> None:
        """Raise `EngineError` where there is no worker, or one has another version."""
        try:
            self.client.wait_for_workers(1, timeout=SECONDS_TO_ANSWER)
            versions = self.client.run(worker_version, on_error="return")
        except (OSError, TimeoutError) as exc:
            raise EngineError(
                f"The scheduler at {self._address()} has no worker that answers within "
                f"{SECONDS_TO_ANSWER} seconds. Start one: dask worker {self._address()}"
            ) from exc
        for address, version in versions.items():
            if isinstance(version, OSError):  # it died meanwhile
                continue
            if isinstance(version, Exception):
                raise EngineError(
                    f"The worker at {address} cannot import clustimage ({version}). Install "
                    f"clustimage=={__version__} there, with the extra dask."
                )
            if version != __version__:
                raise EngineError(
                    f"The worker at {address} has clustimage {version}, and this is {__version__}. "
                    "Install the same version on both."
                )

    def _address(self) -> str:
        scheduler = self.client.scheduler
        return str(scheduler.address if scheduler is not None else "an unknown address")

    def _most(self) -> int:
        """Return how many tasks are handed out at a time; workers may come and go."""
        with self._connected():
            threads = sum(self.client.nthreads().values())
        return TASKS_PER_THREAD * max(1, int(threads))

    def map(
        self,
        function: Callable[[Any], Any],
        items: Iterable[Any],
        *,
        desc: str | None = None,
        total: int | None = None,
    ) -> Iterator[tuple[Any, Any]]:
        """Yield items with ``function(item)``, or `WorkerDied`, as they are done.

        Only a few tasks for each thread are handed out at a time: neither the scheduler nor this
        process holds one for each item.
        """
        done = self._done(function, items, self._result)
        return done if desc is None else progress(done, desc=desc, total=total, unit="part")

    def reduce(
        self,
        function: Callable[[Any], Any],
        items: Iterable[Any],
        combine: Callable[[list[Any]], Any],
        *,
        desc: str | None = None,
        total: int | None = None,
    ) -> Any:
        """Return all ``function(item)`` combined, some at a time, on the workers.

        What is combined with what does not depend on which is done first: sums of floating
        numbers are the same in each run.
        """
        levels: list[list[Any]] = []

        def add(future: Any, level: int = 0) -> None:
            if level == len(levels):
                levels.append([])
            levels[level].append(future)
            if len(levels[level]) == COMBINED_AT_ONCE:
                whole = self._submit(combine, levels[level])
                levels[level] = []
                add(whole, level + 1)

        def check(future: Any) -> None:
            if future.status == "error":
                self._summed(self._result(future))

        done = self._done(function, items, check, handed_out=add)
        if desc is not None:
            done = progress(done, desc=desc, total=total, unit="part")
        for _ in done:
            pass
        rest = [future for some in reversed(levels) for future in some]
        if not rest:
            return None
        [(_, whole)] = self.map(combine, [rest])
        return self._summed(whole)

    @staticmethod
    def _summed(found: Any) -> Any:
        if isinstance(found, WorkerDied):
            raise EngineError(
                "The workers died several times while they added up parts. Give them more memory, "
                "or smaller partitions."
            )
        return found

    def _done(
        self,
        function: Callable[[Any], Any],
        items: Iterable[Any],
        read: Callable[[Any], Any],
        handed_out: Callable[[Any], None] = lambda future: None,
    ) -> Iterator[tuple[Any, Any]]:
        """Yield items with what is read of their futures, as they are done."""
        rest = iter(items)
        running: dict[str, tuple[Any, Any]] = {}
        done: SimpleQueue[Any] = SimpleQueue()
        try:
            while True:
                for item in islice(rest, max(0, self._most() - len(running))):
                    future = self._submit(function, item)
                    running[future.key] = item, future
                    handed_out(future)
                    future.add_done_callback(done.put)
                if not running:
                    return
                key = self._waited(done.get).key
                item, future = running.pop(key)
                yield item, read(future)
                del future
        finally:
            if running and self.client.status == "running":
                self.client.cancel([future for _, future in running.values()])

    def _submit(self, function: Callable[[Any], Any], item: Any) -> Any:
        with self._connected():
            return self.client.submit(function, item, **self.options)

    def _result(self, future: Any) -> Any:
        from distributed import KilledWorker

        if future.status != "error":
            return self._waited(future.result)
        try:
            return future.result()
        except KilledWorker:
            return WorkerDied()

    def _waited(self, ask: Callable[..., Any]) -> Any:
        """Return what `ask` waits for, as long as there are workers."""
        while True:
            with self._connected():
                try:
                    return ask(timeout=SECONDS_TO_ANSWER)
                except TIMED_OUT:
                    n_workers = len(self.client.nthreads())
            if not n_workers:
                raise EngineError(
                    f"The scheduler at {self._address()} has no worker any more. {GOES_ON}"
                )

    @contextmanager
    def _connected(self) -> Iterator[None]:
        """Raise `EngineError` where the scheduler does not answer."""
        try:
            if self.client.status != "running":
                raise OSError("no connection")
            yield
        except (CancelledError, OSError, RuntimeError, *TIMED_OUT) as exc:
            raise EngineError(
                f"The connection to the scheduler at {self._address()} is lost. {GOES_ON}"
            ) from exc
