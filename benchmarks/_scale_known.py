"""The cases of a run and what is known of them, found by method and number of images."""

from __future__ import annotations

from collections.abc import Iterator

from _scale_cases import METHODS, Case, Sizes
from _scale_results import Result, Store


class Known:
    """Looks up results.

    Parameters
    ----------
    cases : list of Case
    sizes : Sizes
    store : Store
    """

    def __init__(self, cases: list[Case], sizes: Sizes, store: Store) -> None:
        self.cases = cases
        self.sizes = sizes
        self.store = store

    def any_of(self, name: str) -> Result | None:
        """Return the last result of a case, gone well or not; None where there is none."""
        return self.store.last(name)

    def good(self, name: str) -> Result | None:
        """Return the last result of a case if it went well."""
        result = self.store.last(name)
        return None if result is None or result.error else result

    def of(self, group: str) -> Iterator[tuple[Case, Result]]:
        """Yield the cases of a group that were measured, in their order."""
        for case in self.cases:
            result = self.store.last(case.name)
            if case.group == group and result is not None:
                yield case, result

    def curve(self, group: str, method: str) -> list[tuple[int, Result]]:
        """Return number of images and result of a method, for those that went well."""
        found = [(case, result) for case, result in self.of(group) if case.method == method]
        return [(case.options["images"], result) for case, result in found if not result.error]

    def largest(self, method: str) -> tuple[int, Result] | None:
        """Return the largest number of images that a method was measured with."""
        curve = self.curve("chain", method)
        return curve[-1] if curve else None

    def methods(self) -> list[str]:
        """Return the methods that were measured, in their order."""
        return [method for method in METHODS if self.curve("chain", method)]
