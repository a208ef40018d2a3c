"""An engine that does all in this process."""

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
