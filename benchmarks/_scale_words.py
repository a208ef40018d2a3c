"""How results of `scale.py` are written."""

from __future__ import annotations

from _measure import Stage
from _scale_known import Known
from _scale_results import Result

TITLES = {"run_incumbent.py": "clustimage 1.7.1", "run_scale.py": "ours"}

ROW_TASKS = {
    "kmeans-range": "k-means, 45 to 55 clusters tried",
    "kmeans-50": "k-means, 50 clusters asked for",
    "tree-range": "agglomerative, 45 to 55 clusters tried",
    "tree-50": "agglomerative, 50 clusters asked for",
    "find": "`find`",
    "find-nearly": "`find`, `approximate=True`",
    "unique": "`unique` of 50 clusters",
}


def size(n_bytes: float) -> str:
    """Return bytes in words, powers of 1,000.

    Examples
    --------
    >>> size(3_210_000_000), size(512_300_000)
    ('3.21 GB', '512 MB')
    """
    return f"{n_bytes / 1e9:.2f} GB" if n_bytes >= 1e9 else f"{n_bytes / 1e6:,.0f} MB"


def cell(stage: Stage | None) -> str:
    """Return the seconds and the peak memory of a stage."""
    return "" if stage is None else f"{stage.seconds:.1f} s, {size(stage.peak)}"


def failed(result: Result) -> str:
    """Return why a case failed, as it stands in a table."""
    return f"failed: {result.error}"


def bullet_versions(known: Known) -> list[str]:
    """Return a line for each tool with the versions that it ran with."""
    versions: dict[str, str] = {}
    for case in known.cases:
        result = known.good(case.name)
        if result is not None and case.script in TITLES:
            packages = ", ".join(f"{name} {number}" for name, number in result.run.versions.items())
            versions[TITLES[case.script]] = f"Python {result.run.python}: {packages}"
    return [f"- {name} — {told}" for name, told in sorted(versions.items())]
