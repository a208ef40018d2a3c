"""Where the work is done: what is asked of an engine, and Dask as one."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from typing import Any, Protocol

from clustimage._core.errors import ClustimageError, EngineError, InvalidParameterError
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

    settings = {
        "distributed.scheduler.allowed-failures": ALLOWED_FAILURES,
        "distributed.worker.daemon": True,
    }
    with (
        dask.config.set(settings),
        distributed.LocalCluster(
            n_workers=n,
            threads_per_worker=1,
            processes=True,
            dashboard_address=":0",
            resources=resources,
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        logger.info(
            "Engine: %d worker%s of Dask%s.",
            n,
            "" if n == 1 else "s",
            f", to be watched at {cluster.dashboard_link}" if _has_dashboard() else "",
        )
        yield client


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
            if isinstance(version, ModuleNotFoundError):
                raise EngineError(
                    f"The worker at {address} has no clustimage ({version}). Install "
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

    @property
    def _most(self) -> int:
        """Tasks that are handed out at a time; workers may come and go."""
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
        done = self._done(function, items)
        return done if desc is None else progress(done, desc=desc, total=total, unit="part")

    def _done(
        self, function: Callable[[Any], Any], items: Iterable[Any]
    ) -> Iterator[tuple[Any, Any]]:
        from distributed import as_completed

        rest = iter(items)
        item_of: dict[str, Any] = {}
        running = as_completed(loop=self.client.loop)
        try:
            while True:
                for item in islice(rest, max(0, self._most - len(item_of))):
                    future = self.client.submit(function, item, **self.options)
                    item_of[future.key] = item
                    running.add(future)
                if not item_of:
                    return
                future = next(running)
                yield item_of.pop(future.key), self._result(future)
                del future
        finally:
            with suppress(Exception):
                self.client.cancel(list(running.futures))

    def _result(self, future: Any) -> Any:
        from distributed import KilledWorker

        try:
            return future.result()
        except KilledWorker:
            return WorkerDied()
        except (OSError, RuntimeError, TimeoutError) as exc:
            if isinstance(exc, ClustimageError) or self.client.status == "running":
                raise
            raise self._lost() from exc

    def _lost(self) -> EngineError:
        return EngineError(
            f"The scheduler at {self._address()} is gone. What is done is kept: the same call "
            "goes on from there."
        )

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
        from distributed import as_completed

        rest = iter(items)
        n_running, ready = 0, []
        running = as_completed(loop=self.client.loop)
        shown = iter(progress(iter(int, 1), desc=desc, total=total, unit="part")) if desc else None
        parts: set[str] = set()
        while True:
            for item in islice(rest, max(0, self._most - n_running)):
                future = self.client.submit(function, item, **self.options)
                parts.add(future.key)
                running.add(future)
                n_running += 1
            if n_running:
                future = next(running)
                n_running -= 1
                if future.status == "error" and isinstance(self._result(future), WorkerDied):
                    raise EngineError("The workers died several times while they added up parts.")
                if shown is not None and future.key in parts:
                    next(shown)
                ready.append(future)
            if len(ready) >= COMBINED_AT_ONCE or (len(ready) > 1 and not n_running):
                running.add(self.client.submit(combine, ready, **self.options))
                n_running, ready = n_running + 1, []
            elif not n_running:
                return self._result(ready[0]) if ready else None
