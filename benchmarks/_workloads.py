"""What is measured, by which tools, and what is to be reached."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from _environments import OURS

INCUMBENT, DEDUP = "clustimage-1.7.1", "imagededup-0.3.3"


@dataclass(frozen=True)
class Contender:
    """A tool at a piece of work: a job of a script, run in an environment."""

    name: str
    environment: str
    script: str
    job: str
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Target:
    """How much faster than others (the quickest of them), and with how much less memory."""

    against: tuple[str, ...]
    speed: float
    memory: float | None = None
    same_scores: float | None = None

    def __str__(self) -> str:
        said = f"≥ {self.speed:g} × the speed of {' or '.join(self.against)}"
        if self.memory is not None:
            said += f", ≤ 1/{1 / self.memory:g} of the memory"
        if self.same_scores is not None:
            said += f", scores equal to {self.same_scores:g}"
        return said


@dataclass(frozen=True)
class Workload:
    """A piece of work; the last contender is ours."""

    name: str
    title: str
    contenders: tuple[Contender, ...]
    target: Target | None = None
    rate: str | None = None  # what is counted by the second
    stages: bool = False
    compares: bool = True  # its contenders do the same work

    @property
    def ours(self) -> Contender:
        """The contender of this project."""
        return self.contenders[-1]


def _both(job: str, **options: Any) -> tuple[Contender, Contender]:
    return (
        Contender("clustimage 1.7.1", INCUMBENT, "run_incumbent.py", job, options),
        _ours(job, **options),
    )


def _ours(job: str, **options: Any) -> Contender:
    return Contender("ours", OURS, "run_ours.py", job, options)


def _bare(decoder: str) -> Contender:
    options = {"folder": "large", "decoder": decoder}
    return Contender(f"bare {decoder}", OURS, "run_bare.py", "decoding", options)


def _chain(method: str, speed: float, memory: float | None = None) -> Workload:
    return Workload(
        f"chain-{method}",
        f"{{photos}}: whole chain, `{method}`",
        _both("chain", folder="photos", method=method),
        Target(("clustimage 1.7.1",), speed, memory),
        stages=True,
    )


def _deep(model: str) -> Workload:
    options = {"folder": "photos", "weights": "weights", "model": model, "count": 1000}
    name = "bare network, ready batches"
    bare = Contender(name, OURS, "run_bare.py", "network", options)
    fours = Contender(
        f"{name} of 4, wide heap",
        OURS,
        "run_bare.py",
        "network",
        {**options, "batch": 4, "widen_heap": True},
    )
    return Workload(
        f"deep-{model}",
        f"{{photos}}: features of `{model}`, from files",
        (bare, fours, _ours("deep", **options)),
        Target((name,), 0.85),
        rate="photos",
    )


def _again(method: str, speed: float) -> Workload:
    options = {"folder": "photos", "weights": "weights", "method": method}
    first = Contender("first run", OURS, "run_ours.py", "again", {**options, "known": False})
    second = Contender("second run", OURS, "run_ours.py", "again", {**options, "known": True})
    return Workload(
        f"again-{method}",
        f"{{photos}}: reading and `{method}`, with a `dirpath`",
        (first, second),
        Target(("first run",), speed),
    )


WORKLOADS: dict[str, Workload] = {
    workload.name: workload
    for workload in (
        _chain("pca", 5, memory=1 / 3),
        _chain("hog", 4),
        _chain("phash", 1.3),
        Workload(
            "digits",
            "1,797 digits: whole chain, `pca`",
            _both("digits", method="pca"),
            stages=True,
        ),
        Workload(
            "reading",
            "reading {n_large} photos of 2048 × 1536",
            (_bare("Pillow"), _bare("OpenCV"), *_both("reading", folder="large")),
            Target(("bare Pillow", "bare OpenCV"), 0.8),
            rate="photos",
        ),
        Workload(
            "hashing",
            "{photos}: reading and pHash",
            (
                Contender(
                    "imagededup 0.3.3",
                    DEDUP,
                    "run_imagededup.py",
                    "hashing",
                    {"folder": "photos"},
                ),
                _ours("hashing", folder="photos"),
            ),
            Target(("imagededup 0.3.3",), 1.3),
            rate="photos",
        ),
        _deep("mobilenet_v2"),
        _deep("squeezenet1_1"),
        Workload(
            "deep-memory",
            "{photos}: memory of the features of `mobilenet_v2`",
            tuple(
                Contender(
                    f"{count:,} photos",
                    OURS,
                    "run_ours.py",
                    "deep",
                    {
                        "folder": "photos",
                        "weights": "weights",
                        "model": "mobilenet_v2",
                        "count": count,
                    },
                )
                for count in (100, 1000)
            ),
            compares=False,
        ),
        _again("cnn", 20),
        _again("pca", 2),
        _again("hog", 2),
        Workload(
            "silhouettes",
            "silhouettes of k = 3 … 24, {n_blobs:,} × 50, given the tree",
            _both("silhouettes", data="blobs"),
            Target(("clustimage 1.7.1",), 10, same_scores=1e-4),
        ),
        Workload(
            "plot",
            "`plot()` of 1,797 digits in 10 clusters",
            _both("plot"),
            Target(("clustimage 1.7.1",), 10),
        ),
    )
}
