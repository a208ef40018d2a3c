"""Where the time goes: the stages of the largest run, cut into what they consist of."""

from __future__ import annotations

from _scale_known import Known
from _scale_results import CHAIN, Result

HEAD = (
    "Of the largest run of each method. *decoding* is bare: the same files, decoded and resized",
    "to 128 × 128 with OpenCV over two threads and dropped, in a process of its own; *other",
    "reading* is what `import_data` takes beyond that. *neighbours* is what openTSNE begins with:",
    "principal components of the features, each image's nearest ones there, and how much they",
    "count; *layout* the steps that follow. *tree* is growing it, of all images or of their",
    "micro-clusters, and cutting it at each k.",
)


def shares_table(known: Known) -> list[str]:
    """Return a table with a column per method: seconds and shares of each part."""
    columns: list[tuple[str, dict[str, float]]] = []
    for method in known.methods():
        largest = known.largest(method)
        if largest is not None:
            count, result = largest
            decoded = known.good(f"decode-opencv-{count}")
            bare = None if decoded is None else decoded.run.seconds
            columns.append((f"`{method}`, {count:,}", _parts(result, bare)))
    if not columns:
        return []
    names = list(dict.fromkeys(name for _, parts in columns for name in parts))
    rows = [
        *HEAD,
        "",
        "| part | " + " | ".join(title for title, _ in columns) + " |",
        "|---|" + "---:|" * len(columns),
    ]
    for name in names:
        cells = [_share(parts, name) for _, parts in columns]
        rows.append(f"| {name} | " + " | ".join(cells) + " |")
    totals = [f"{sum(parts.values()):.1f} s" for _, parts in columns]
    return [*rows, "| total | " + " | ".join(totals) + " |", *_decoders(known)]


def _parts(result: Result, bare: float | None) -> dict[str, float]:
    """Return the seconds of each part of the chain; together they are its seconds."""
    taken = {name: stage.seconds for name in CHAIN if (stage := result.stage(name))}
    inner = result.facts["parts"]
    parts: dict[str, float] = {}
    decoding = min(bare or 0.0, taken["import"])
    if bare is not None:
        parts["decoding"] = decoding
    parts["other reading" if bare is not None else "reading"] = taken["import"] - decoding
    parts["features"] = taken["extract"]
    steps = [inner.get(name, 0.0) for name in ("neighbours", "layout")]
    parts["map: neighbours"], parts["map: layout"] = steps
    parts["map: the rest"] = taken["embedding"] - sum(steps)
    inside = ("labellings", "silhouettes", "unique")
    labellings, silhouettes, unique = (inner.get(name, 0.0) for name in inside)
    micro = inner.get("micro-clusters", 0.0)
    parts["cluster: micro-clusters"] = micro
    parts["cluster: tree"] = labellings - micro
    parts["cluster: silhouettes"] = silhouettes
    parts["unique"] = unique
    parts["cluster: the rest"] = taken["cluster"] - labellings - silhouettes - unique
    return {name: seconds for name, seconds in parts.items() if seconds > 0}


def _share(parts: dict[str, float], name: str) -> str:
    if name not in parts:
        return ""
    seconds, total = parts[name], sum(parts.values())
    return f"{seconds:.1f} s, {seconds / total:.0%}"


def _decoders(known: Known) -> list[str]:
    """Return a sentence on what reading takes at least."""
    counts = sorted({case.options["images"] for case in known.cases if case.group == "decode"})
    said = []
    for count in counts[-1:]:
        for title, name in (
            ("only the bytes of the files", "bytes"),
            ("decoded with OpenCV", "opencv"),
            ("decoded with Pillow", "pillow"),
        ):
            result = known.good(f"decode-{name}-{count}")
            if result is not None:
                said.append(f"{title} {result.run.seconds:.1f} s")
    return ["", f"Reading {counts[-1]:,} files bare: {'; '.join(said)}."] if said else []
