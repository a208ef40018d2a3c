"""What `run.py` measures, with which tools, and the targets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from _measure import DEDUP, INCUMBENT, OURS, Environment, Job

__all__ = ["WORKLOADS", "Contender", "Target", "Workload"]


@dataclass(frozen=True)
class Contender:
    """A tool at a workload; strings in its options that name a dataset stand for its path."""

    name: str
    job: Job


@dataclass(frozen=True)
class Target:
    """How much faster than the fastest of some contenders, and with how much less memory."""

    against: tuple[str, ...]
    speed: float
    memory: float | None = None  # largest ratio to the memory of the other tool
    same_scores: float | None = None  # largest difference

    def __str__(self) -> str:
        text = f"≥ {self.speed:g} × the speed of {' or '.join(self.against)}"
        if self.memory is not None:
            text += f", ≤ 1/{1 / self.memory:g} of the memory"
        if self.same_scores is not None:
            text += f", scores equal to {self.same_scores:g}"
        return text


@dataclass(frozen=True)
class Workload:
    """A piece of work; the last contender is this version of clustimage."""

    name: str
    title: str
    contenders: tuple[Contender, ...]
    target: Target | None = None
    rate: str | None = None  # what is counted per second
    stages: bool = False  # has rows in the table of stages
    compares: bool = True  # its contenders do the same work

    @property
    def ours(self) -> Contender:
        """The contender of this project."""
        return self.contenders[-1]


def _contender(
    name: str, script: str, function: str, environment: Environment = OURS, **options: Any
) -> Contender:
    return Contender(name, Job(script, function, options, environment))


def _ours(function: str, name: str = OURS.name, **options: Any) -> Contender:
    return _contender(name, "run_clustimage.py", function, **options)


def _incumbent(function: str, **options: Any) -> Contender:
    return _contender(INCUMBENT.name, "run_clustimage.py", function, INCUMBENT, **options)


def _both(function: str, **options: Any) -> tuple[Contender, Contender]:
    return _incumbent(function, **options), _ours(function, **options)


def _chain(method: str, speed: float, memory: float | None = None) -> Workload:
    return Workload(
        f"chain-{method}",
        f"{{photos}}: whole chain, `{method}`",
        _both("chain", folder="photos", method=method),
        Target((INCUMBENT.name,), speed, memory),
        stages=True,
    )


def _network(network: str) -> Workload:
    options = {"folder": "photos", "weights": "weights", "network": network, "count": 1000}
    bare = "bare network, ready batches"
    small = {**options, "batch": 4, "widen_heap": True}
    return Workload(
        f"deep-{network}",
        f"{{photos}}: features of `{network}`, from files",
        (
            _contender(bare, "run_bare.py", "forward_pass", **options),
            _contender(f"{bare} of 4, wide heap", "run_bare.py", "forward_pass", **small),
            _ours("cnn_features", **options),
        ),
        Target((bare,), 0.85),
        rate="photos",
    )


def _rerun(method: str, speed: float) -> Workload:
    options = {"folder": "photos", "weights": "weights", "method": method}
    return Workload(
        f"again-{method}",
        f"{{photos}}: reading and `{method}`, with a `dirpath`",
        (
            _ours("rerun", "first run", **options, cached=False),
            _ours("rerun", "second run", **options, cached=True),
        ),
        Target(("first run",), speed),
    )


_ALL = (
    _chain("pca", 5, memory=1 / 3),
    _chain("hog", 4),
    _chain("phash", 1.3),
    Workload(
        "digits",
        "1,797 digits: whole chain, `pca`",
        _both("chain", folder="digits", method="pca"),
        stages=True,
    ),
    Workload(
        "reading",
        "reading {n_large} photos of 2048 × 1536",
        (
            _contender("bare Pillow", "run_bare.py", "decoding", folder="large", decoder="Pillow"),
            _contender("bare OpenCV", "run_bare.py", "decoding", folder="large", decoder="OpenCV"),
            *_both("reading", folder="large"),
        ),
        Target(("bare Pillow", "bare OpenCV"), 0.8),
        rate="photos",
    ),
    Workload(
        "hashing",
        "{photos}: reading and pHash",
        (
            _contender(DEDUP.name, "run_imagededup.py", "hashing", DEDUP, folder="photos"),
            _ours("hashing", folder="photos"),
        ),
        Target((DEDUP.name,), 1.3),
        rate="photos",
    ),
    _network("mobilenet_v2"),
    _network("squeezenet1_1"),
    Workload(
        "deep-memory",
        "{photos}: memory of the features of `mobilenet_v2`",
        tuple(
            _ours(
                "cnn_features",
                f"{count:,} photos",
                folder="photos",
                weights="weights",
                network="mobilenet_v2",
                count=count,
            )
            for count in (100, 1000)
        ),
        compares=False,
    ),
    _rerun("cnn", 20),
    _rerun("pca", 2),
    _rerun("hog", 2),
    Workload(
        "silhouettes",
        "silhouettes of k = 3 … 24, {n_blobs:,} × 50, given the tree",
        (_incumbent("silhouettes_clusteval", data="blobs"), _ours("silhouettes", data="blobs")),
        Target((INCUMBENT.name,), 10, same_scores=1e-4),
    ),
    Workload(
        "plot",
        "`plot()` of 1,797 digits in 10 clusters",
        (_incumbent("plot", draw=False), _ours("plot", draw=True)),
        Target((INCUMBENT.name,), 10),
    ),
)
WORKLOADS = {workload.name: workload for workload in _ALL}
