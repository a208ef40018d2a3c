"""What every task has to know, as plain values that go with it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from clustimage._core.errors import InvalidParameterError
from clustimage._core.parameters import named
from clustimage._core.validation import check_int, merge_defaults
from clustimage.distributed._parts import content_key

__all__ = ["PARAMS_ENGINE", "ReadSettings", "check_engine_params", "sample_rate"]

PARAMS_ENGINE: dict[str, Any] = {
    "sample_size": 20_000,
    "partition_size": 2_000,
    "resources": None,
}


@dataclass(frozen=True)
class ReadSettings:
    """How images become rows of a part.

    Attributes
    ----------
    method : str or None
        Name of the features.
    params : mapping
        What `make_extractor` takes.
    dim : (height, width)
        Of the pixels.
    grayscale : bool
        Whether they have one channel.
    max_pixels : int
        As for `load_images`.
    describes : bool
        Whether features are made as images are read; else they are made of all pixels later.
    rate : int
        One of so many images is in the sample, see `in_sample`.
    seed : int
        Of the sample.
    for_duplicates : bool
        Whether a row has digests, hashes and metadata in place of pixels.
    """

    method: str | None
    params: Mapping[str, Any]
    dim: tuple[int, int]
    grayscale: bool
    max_pixels: int
    describes: bool
    rate: int
    seed: int
    for_duplicates: bool = False

    @property
    def key(self) -> str:
        """What a part depends on beside its images."""
        own = {
            name: repr(value)
            for name, value in self.params.items()
            if name.startswith("params_") and name in _params_of(self.method)
        }
        if self.for_duplicates:
            own["for_duplicates"] = str(True)
        return content_key(
            [self.method, list(self.dim), self.grayscale, self.max_pixels, self.describes],
            [self.rate, self.seed, VERSION],
            own,
        )


# Raise when parts come out otherwise than before: they are then made anew.
VERSION = 3


def _params_of(method: str | None) -> set[str]:
    """Return the dicts of settings that features depend on."""
    words = set() if method is None else set(method.split("+"))
    found = {"params_cnn"} if "cnn" in words else set()
    if words & {"pca", "pca-hog"}:
        found.add("params_pca")
    if words & {"hog", "pca-hog"}:
        found.add("params_hog")
    if any("hash" in word or word == "crop-resistant" for word in words):
        found.add("params_hash")
    return found


def check_engine_params(params: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return all settings of an engine, those given over the defaults.

    Raises
    ------
    InvalidParameterError
        If a name is not known or a value not allowed.

    Examples
    --------
    >>> check_engine_params({"partition_size": 500})["sample_size"]
    20000
    """
    whole = merge_defaults("params_engine", params, PARAMS_ENGINE)
    check_int("sample_size", whole["sample_size"], low=100)
    check_int("partition_size", whole["partition_size"], low=1)
    resources = whole["resources"]
    if resources is not None and not (
        isinstance(resources, Mapping)
        and all(isinstance(name, str) for name in resources)
        and all(isinstance(amount, int | float) for amount in resources.values())
    ):
        raise InvalidParameterError(
            f"{named('resources')} must be None or a dict such as {{'GPU': 1}}. Got {resources!r}."
        )
    return whole


def sample_rate(n: int, sample_size: int) -> int:
    """Return the power of two, one of so many rows of which are at most about `sample_size`.

    A collection that grows a little keeps its rate, and so its parts.

    Examples
    --------
    >>> sample_rate(20_000, 20_000), sample_rate(20_001, 20_000), sample_rate(10**6, 20_000)
    (1, 2, 64)
    """
    return 1 if n <= sample_size else 2 ** math.ceil(math.log2(n / sample_size))


def in_sample(numbers: npt.NDArray[np.uint64], rate: int, seed: int) -> npt.NDArray[np.bool_]:
    """Return which rows are in the sample, by a number of 64 bits of each.

    The finalizer of SplitMix64 [1]_ spreads the numbers evenly.

    References
    ----------
    .. [1] G. L. Steele, D. Lea and C. H. Flood (2014). Fast splittable pseudorandom number
       generators. OOPSLA, 453-472.

    Examples
    --------
    >>> rows = np.arange(100_000, dtype=np.uint64)
    >>> int(in_sample(rows, 4, 0).sum())
    25209
    """
    mixed = numbers + np.uint64((seed * 0x9E3779B97F4A7C15 + 0x9E3779B97F4A7C15) % 2**64)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    chosen: npt.NDArray[np.bool_] = mixed % np.uint64(rate) == 0
    return chosen
