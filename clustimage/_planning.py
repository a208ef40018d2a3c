"""What a chain would do for so many images, and the memory that each step may take."""

from __future__ import annotations

from typing import Any

from clustimage._budget import Budget, make_budget
from clustimage._paging import held_bytes

__all__ = ["PlanMethods"]

KEPT = ("img", "feat", "xycoord")


class PlanMethods:
    """The method `plan` of `Clustimage`, and the budget of its steps."""

    params: dict[str, Any]
    results: dict[str, Any]
    _budget: Budget | None

    def _new_budget(self) -> Budget:
        """Count what is free anew, at the start of a chain."""
        self._budget = make_budget(self.params["max_memory"])
        return self._budget

    def _budget_for(self, *made: str) -> Budget:
        """Return the budget of a step that makes `made` anew; what is there else is held."""
        budget = self._budget or self._new_budget()
        kept = [key for key in KEPT if key not in made]
        return budget.holding(sum(held_bytes(self.results[key]) for key in kept))
