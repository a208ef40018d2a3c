"""A real cluster of two processes, and an engine that does all in this one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest


class SerialEngine:
    """An engine without workers."""

    def map(
        self, function: Callable[[Any], Any], items: Iterable[Any], **words: object
    ) -> Iterator[tuple[Any, Any]]:
        return ((item, function(item)) for item in items)

    def reduce(
        self,
        function: Callable[[Any], Any],
        items: Iterable[Any],
        combine: Callable[[list[Any]], Any],
        **words: object,
    ) -> Any:
        return combine([function(item) for item in items])


@pytest.fixture
def serial() -> SerialEngine:
    """An engine that works in this process."""
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    return SerialEngine()


@pytest.fixture(scope="session")
def client() -> Iterator[Any]:
    """A client of two worker processes; skips where Dask is not installed."""
    distributed = pytest.importorskip("distributed", reason="distributed is not installed")
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with (
        distributed.LocalCluster(**options) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        yield client
