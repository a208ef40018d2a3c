"""Remove copies without fear: a plan is made, looked at, applied, and undone.

It knows files and tables only; what is a duplicate of what is decided elsewhere.
"""

from __future__ import annotations

from clustimage.removal._journal import Journal, load_journal
from clustimage.removal._planning import look_at_groups, make_plan
from clustimage.removal._removal_plan import RemovalPlan, load_plan

__all__ = ["Journal", "RemovalPlan", "load_journal", "load_plan", "look_at_groups", "make_plan"]
