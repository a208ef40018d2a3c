"""Make the module of large pictures importable, which the benchmarks use too."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
