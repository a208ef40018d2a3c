"""What was done, as code that does it again: in Python and on the command line."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clustimage.images.reading._listing import encodable

__all__ = ["Chain", "Given", "as_command", "as_python"]

# Options of ``clustimage cluster``, by the parameter that they are passed on as.
OPTIONS = {
    "method": "--method",
    "embedding": "--embedding",
    "dim": "--dim",
    "grayscale": "--grayscale",
    "random_state": "--seed",
    "max_pixels": "--max-pixels",
    "black_list": "--exclude",
    "features": "--features",
    "timestamps": "--timestamps",
    "cluster": "--cluster",
    "evaluate": "--evaluate",
    "metric": "--metric",
    "linkage": "--linkage",
    "n_clusters": "--k",
    "min_clust": "--min-clust",
    "max_clust": "--max-clust",
    "micro_clusters": "--micro-clusters",
    "min_size": "--min-size",
    "sim": "--sim",
    "distance_threshold": "--distance-threshold",
    "time_weight": "--time-weight",
    "cluster_space": "--space",
    "level": "--level",
}
# Those of dicts of settings.
INNER_OPTIONS = {
    ("params_cnn", "model"): "--model",
    ("params_cnn", "weights"): "--weights",
    ("params_cnn", "layer"): "--layer",
    ("params_cnn", "n_components"): "--components",
    ("params_pca", "n_components"): "--components",
}
WIDTH = 88


@dataclass(frozen=True)
class Given:
    """A value that no code can be written for: an array, or an object of the user's.

    Examples
    --------
    >>> {"features": Given("features")}
    {'features': features}
    """

    name: str

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Chain:
    """What a model was made by: only what differs from the defaults.

    Attributes
    ----------
    constructor : dict
        Of `Clustimage`.
    inputs : list of str or None
        Folders and files that were read; None for arrays, and where they are not known; empty
        where there are features alone.
    options : dict
        Of `fit_transform`.
    after : tuple of str
        More lines, of what was done to the clusters since; no command does that.
    """

    constructor: Mapping[str, Any]
    inputs: Sequence[str] | None
    options: Mapping[str, Any] = field(default_factory=dict)
    after: tuple[str, ...] = ()


def as_python(chain: Chain) -> str:
    """Return the lines of Python that make the same clusters.

    Examples
    --------
    >>> print(as_python(Chain({"method": "pca"}, ["/photos"], {"n_clusters": 3})))
    from clustimage import Clustimage
    <BLANKLINE>
    cl = Clustimage(method='pca')
    cl.fit_transform('/photos', n_clusters=3)
    """
    lines = ["from clustimage import Clustimage", ""]
    inputs: Any = chain.inputs
    if inputs is None or any(encodable(path) != path for path in inputs):
        inputs = Given("images")
    elif len(inputs) == 1:
        inputs = inputs[0]
    positional = [] if inputs == () else [repr(inputs)]
    missing = list(_missing([inputs, chain.constructor, chain.options]))
    if missing:
        lines.append(f"# {', '.join(missing)}: as given when this page was made, in that order")
    constructor = [f"{name}={value!r}" for name, value in chain.constructor.items()]
    options = [f"{name}={value!r}" for name, value in chain.options.items()]
    lines += _call("cl = Clustimage", constructor)
    lines += _call("cl.fit_transform", [*positional, *options])
    lines += chain.after
    return "\n".join(lines)


def _missing(value: Any) -> Iterator[str]:
    """Yield the names of all `Given` in a value."""
    if isinstance(value, Given):
        yield value.name
    elif isinstance(value, Mapping):
        yield from _missing(list(value.values()))
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _missing(one)


def as_command(chain: Chain) -> str | None:
    """Return the command that makes the same clusters; None where no option says that.

    Examples
    --------
    >>> as_command(Chain({"method": "pca"}, ["/my photos"], {"n_clusters": 3}))
    "clustimage cluster '/my photos' --out clusters --method pca --k 3"
    >>> as_command(Chain({"method": "hog", "params_hog": {"orientations": 9}}, ["/photos"])) is None
    True
    """
    if not chain.inputs or chain.after:
        return None
    words = ["clustimage", "cluster", *chain.inputs, "--out", "clusters"]
    for name, value in {**chain.constructor, **chain.options}.items():
        if isinstance(value, Mapping):
            for inner, one in value.items():
                option = INNER_OPTIONS.get((name, inner))
                typed = None if option is None else _typed(option, one)
                if typed is None:
                    return None
                words += typed
            continue
        typed = None if name not in OPTIONS else _typed(OPTIONS[name], value)
        if typed is None:
            return None
        words += typed
    if any(encodable(word) != word for word in words):
        return None
    return shlex.join(words)


def _typed(option: str, value: Any) -> list[str] | None:
    """Return an option with its value as words; None where it cannot be typed."""
    if isinstance(value, bool):
        return [option] if value else None
    if value is None:
        return [option, "none"]
    if option == "--exclude":
        return [word for one in value for word in (option, str(one))]
    if isinstance(value, list | tuple):
        return [option, *map(str, value)]
    return [option, str(value)] if isinstance(value, str | int | float) else None


def _call(name: str, arguments: Sequence[str]) -> list[str]:
    """Return a call in one line, or with a line for each argument where it would be long."""
    line = f"{name}({', '.join(arguments)})"
    if len(line) <= WIDTH:
        return [line]
    return [f"{name}(", *(f"    {argument}," for argument in arguments), ")"]
