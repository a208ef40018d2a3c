"""Make the modules of the benchmarks importable, where they are there: not in an sdist."""

from __future__ import annotations

import sys
from pathlib import Path

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
sys.path.append(str(BENCHMARKS))
collect_ignore = [] if BENCHMARKS.is_dir() else ["test_tables.py"]
