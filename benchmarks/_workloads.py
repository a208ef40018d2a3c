"""What `run.py` measures, with which tools, and the targets."""

from dataclasses import dataclass
from typing import Any

from _measure import DEDUP, INCUMBENT, OURS, Environment, Job


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
    """A piece of work: the job of each contender by its name, the last of this version."""

    name: str
    title: str
    contenders: dict[str, Job]
    target: Target | None = None
    rate: str | None = None  # what is counted per second
    stages: bool = False  # has rows in the table of stages
    compares: bool = True  # its contenders do the same work

    @property
    def ours(self) -> str:
        """The name of the contender of this version."""
        return list(self.contenders)[-1]


def _job(function: str, environment: Environment = OURS, **options: Any) -> Job:
    return Job(f"jobs.{function}", options, environment)


def _both(function: str, **options: Any) -> dict[str, Job]:
    return {env.name: _job(function, env, **options) for env in (INCUMBENT, OURS)}


def _chain(method: str, speed: float, memory: float | None = None) -> Workload:
    return Workload(
        f"chain-{method}",
        f"{{photos}}: whole chain, `{method}`",
        _both("chain", folder="photos", method=method),
        Target((INCUMBENT.name,), speed, memory),
        stages=True,
    )


def _features(network: str, count: int, function: str = "cnn_features", **options: Any) -> Job:
    options = {"folder": "photos", "weights": "weights", "network": network, **options}
    return _job(function, **options, count=count)


def _network(network: str) -> Workload:
    bare = "bare network, ready batches"
    small = {"batch": 4, "heap": 33_000_000}
    contenders = {
        bare: _features(network, 1000, "forward_pass", batch=32),
        f"{bare} of 4, wide heap": _features(network, 1000, "forward_pass", **small),
        OURS.name: _features(network, 1000),
    }
    title = f"{{photos}}: features of `{network}`, from files"
    return Workload(f"deep-{network}", title, contenders, Target((bare,), 0.85), "photos")


def _rerun(method: str, speed: float) -> Workload:
    photos = {"folder": "photos", "weights": "weights", "method": method}
    contenders = {
        "first run": _job("rerun", **photos, cached=False),
        "second run": _job("rerun", **photos, cached=True),
    }
    title = f"{{photos}}: reading and `{method}`, with a `dirpath`"
    return Workload(f"again-{method}", title, contenders, Target(("first run",), speed))


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
        {
            "bare Pillow": _job("decoding", folder="large", decoder="Pillow"),
            "bare OpenCV": _job("decoding", folder="large", decoder="OpenCV"),
            **_both("reading", folder="large"),
        },
        Target(("bare Pillow", "bare OpenCV"), 0.8),
        "photos",
    ),
    Workload(
        "hashing",
        "{photos}: reading and pHash",
        {
            DEDUP.name: _job("hashing_imagededup", DEDUP, folder="photos"),
            OURS.name: _job("hashing", folder="photos"),
        },
        Target((DEDUP.name,), 1.3),
        "photos",
    ),
    _network("mobilenet_v2"),
    _network("squeezenet1_1"),
    Workload(
        "deep-memory",
        "{photos}: memory of the features of `mobilenet_v2`",
        {f"{count:,} photos": _features("mobilenet_v2", count) for count in (100, 1000)},
        compares=False,
    ),
    _rerun("cnn", 20),
    _rerun("pca", 2),
    _rerun("hog", 2),
    Workload(
        "silhouettes",
        "silhouettes of k = 3 … 24, {n_blobs:,} × 50, given the tree",
        {
            INCUMBENT.name: _job("silhouettes_clusteval", INCUMBENT, data="blobs"),
            OURS.name: _job("silhouettes", data="blobs"),
        },
        Target((INCUMBENT.name,), 10, same_scores=1e-4),
    ),
    Workload(
        "plot",
        "`plot()` of 1,797 digits in 10 clusters",
        {INCUMBENT.name: _job("plot", INCUMBENT, draw=False), OURS.name: _job("plot", draw=True)},
        Target((INCUMBENT.name,), 10),
    ),
)
WORKLOADS = {workload.name: workload for workload in _ALL}
