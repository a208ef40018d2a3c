"""What the examples in docstrings need."""

from __future__ import annotations

import pytest

PACKAGES = {"EVoCClusterer": "evoc", "LeidenClusterer": "sknetwork"}


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip the example of a class whose package is not installed."""
    package = PACKAGES.get(item.name.rpartition(".")[2])
    if package and isinstance(item, pytest.DoctestItem):
        pytest.importorskip(package)
