"""Every key of ``results``: which step writes it, and from what it is made.

The table is the one place that knows the order of the chain. `require` reads it
to name the step that is missing, `stale_names` to find what has to go when
something is made anew.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from clustimage._core.errors import StepOrderError

__all__ = ["ATTRIBUTES", "KEYS", "empty_results", "require", "stale_names"]

# key: (step that writes it, what it is made from)
KEYS: dict[str, tuple[str, tuple[str, ...]]] = {
    "img": ("import_data", ()),
    "feat": ("extract_feat", ("img",)),
    "xycoord": ("embedding", ("feat",)),
    "pathnames": ("import_data", ()),
    "filenames": ("import_data", ()),
    "labels": ("cluster", ("feat",)),
    "url": ("import_data", ()),
    "predict": ("find", ("feat", "labels")),
}

# The same for what lives beside the dict, as an attribute of the object.
ATTRIBUTES: dict[str, tuple[str, tuple[str, ...]]] = {
    "extractor_": ("extract_feat", ("img",)),
    "pca_": ("extract_feat", ("extractor_", "feat")),
    "embedder_": ("embedding", ("feat",)),
    "clustering_": ("cluster", ("feat",)),
    "results_faces": ("extract_faces", ()),
    "metadata_": ("import_data", ("img",)),
    "face_links_": ("import_data", ("img",)),
    "moments_": ("cluster", ("img",)),
    "clusteval_": ("cluster", ("clustering_",)),
    "results_unique": ("unique", ("labels", "xycoord")),
    "null_": ("find", ("feat",)),
    "index_": ("find", ("feat",)),
    "radius_": ("predict", ("feat", "labels")),
    "queries_": ("find", ("predict",)),
}


def empty_results() -> dict[str, Any]:
    """Return a new ``results`` with every key, each None."""
    return dict.fromkeys(KEYS)


def require(results: Mapping[str, Any], key: str) -> Any:
    """Return ``results[key]``.

    Raises
    ------
    StepOrderError
        If it is not computed yet; the message names the steps to run first.
    """
    value = results.get(key)
    if value is None and key == "predict":
        raise StepOrderError("There is nothing found yet. Run find() first.")
    if value is None:
        steps = ", then ".join(f"{step}()" for step in _missing_steps(results, key))
        raise StepOrderError(
            f"results[{key!r}] is not there yet. Run {steps} first, "
            "or fit_transform() for the whole chain."
        )
    return value


def _missing_steps(results: Mapping[str, Any], key: str) -> list[str]:
    """Return the steps that lead to `key` and were not run, in the order to run them."""
    step, origins = KEYS[key]
    steps: list[str] = []
    for origin in origins:
        if results.get(origin) is None:
            steps += _missing_steps(results, origin)
    return [*steps, step]


def stale_names(
    changed: Collection[str], made_from: Mapping[str, tuple[str, ...]] | None = None
) -> set[str]:
    """Return every key and attribute that was made from one of `changed`.

    Parameters
    ----------
    changed : collection of str
        The keys that have new values. A key that is itself among them is not
        returned.
    made_from : mapping of str to tuple of str, optional
        Where a run differs from the table: ``{"labels": ("xycoord",)}`` after a
        clustering of the map.

    Returns
    -------
    set of str
        Directly or indirectly made from `changed`.
    """
    sources = {name: row[1] for name, row in {**KEYS, **ATTRIBUTES}.items()}
    sources.update(made_from or {})
    stale = set(changed)
    while True:
        more = {name for name, origin in sources.items() if stale.intersection(origin)} - stale
        if not more:
            return stale - set(changed)
        stale |= more
