"""Plugin of pytest for mutmut: a changed module runs against the tests that mirror it."""

from __future__ import annotations

import gc
import os

import pytest

# Tests beside those in the file of the same name.
OTHER_TESTS = {
    "faiss": ["index"],
    "find": ["faiss"],
    "fit_null": ["null_distribution", "empirical_null"],
    "index": ["faiss"],
    "mean_images": ["representatives", "plan"],
    "representatives": ["plan"],
    "search": ["widened", "levels"],
    "silhouette": ["stratified_sample"],
}


def pytest_configure() -> None:
    """Spare the collections of garbage at the end of a run all that was imported before it."""
    gc.freeze()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests of other modules; the name of a mutant begins with that of its module."""
    module, function, _ = os.environ.get("MUTANT_UNDER_TEST", "").partition(".x")
    if not function:
        import clusteval  # noqa: F401  # once, not again in the process of each mutant

        return
    name = module.rpartition(".")[2].lstrip("_")
    files = [f"test_{name}", *(f"test_{other}" for other in OTHER_TESTS.get(name, []))]
    config.hook.pytest_deselected(items=[item for item in items if item.path.stem not in files])
    items[:] = [item for file in files for item in items if item.path.stem == file]
