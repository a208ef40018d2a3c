"""What the study of clusters works on: random parts of labelled sets, mixtures, and no groups.

Every collection follows from its number alone. Those with an even number are there to choose
rules and constants on, the odd ones to report.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

__all__ = ["Collection", "draw_mixtures", "draw_parts", "draw_structureless"]

# Least images of a kind in a part of a set.
MIN_PER_KIND = 8


class Collection(NamedTuple):
    """Rows whose kinds are known; `family` is what they are averaged by."""

    number: int
    family: str
    name: str
    rows: np.ndarray  # indices of images, or the features themselves
    kinds: np.ndarray

    @property
    def is_reported(self) -> bool:
        """Whether it belongs to the half that no rule was chosen on."""
        return self.number % 2 == 1


def draw_parts(kinds: Mapping[str, np.ndarray], count: int = 200) -> Iterator[Collection]:
    """Yield `count` parts of the sets: 3 to 10 of their kinds, of equal or unequal sizes.

    Parameters
    ----------
    kinds : mapping of str to ndarray of int
        The kind of each image of each set.
    count : int
        The sets take turns: two parts each, one of equal and one of unequal sizes.
    """
    names = sorted(kinds)
    for number in range(count):
        rng = np.random.default_rng([1, number])
        name = names[number // 4 % len(names)]
        equal = number // 2 % 2 == 0
        sizes = np.bincount(kinds[name])
        n_kinds = int(rng.integers(3, min(10, len(sizes)) + 1))
        chosen = rng.choice(len(sizes), n_kinds, replace=False)
        most = int(sizes[chosen].min())
        least = min(MIN_PER_KIND, most)
        wanted = np.full(n_kinds, rng.integers(max(least, most // 3), most + 1))
        if not equal:
            wanted = np.exp(rng.uniform(np.log(least), np.log(sizes[chosen]))).astype(int)
        rows = np.concatenate(
            [
                rng.choice(np.flatnonzero(kinds[name] == kind), size, replace=False)
                for kind, size in zip(chosen, wanted, strict=True)
            ]
        )
        rows = np.sort(rows)
        title = f"{n_kinds} kinds of {name}, {'equal' if equal else 'unequal'} sizes"
        yield Collection(number, name, title, rows, kinds[name][rows])


def draw_mixtures(count: int = 60) -> Iterator[Collection]:
    """Yield mixtures of 3 to 20 normal distributions in 2 to 200 dimensions.

    Their distances, widths, sizes and tails vary; neighbours may overlap.
    """
    for number in range(count):
        rng = np.random.default_rng([2, number])
        k, d = int(rng.integers(3, 21)), int(np.exp(rng.uniform(np.log(2), np.log(200))))
        n = int(rng.integers(20, 60)) * k
        share = np.ones(k) if number // 2 % 2 else rng.uniform(0.3, 1.7, k)
        kinds = np.sort(rng.choice(k, n, p=share / share.sum()))
        centres = rng.normal(size=(k, d))
        between = np.sqrt(((centres[:, None] - centres) ** 2).sum(axis=2))
        nearest = (between + np.diag(np.full(k, np.inf))).min(axis=1).mean()
        # So many standard deviations along the line between two centres.
        centres *= rng.uniform(3, 8) / nearest
        widths = rng.uniform(0.6, 1.4, (k, 1)) if rng.random() < 0.5 else np.ones((k, 1))
        noise = rng.standard_t(5, (n, d)) if rng.random() < 0.25 else rng.normal(size=(n, d))
        rows = centres[kinds] + widths[kinds] * noise
        yield Collection(number, "mixtures", f"{k} in {d} dimensions", rows, kinds)


def draw_structureless(count: int = 20) -> Iterator[Collection]:
    """Yield sets without groups: one normal distribution, a cube, a curve, a curved sheet."""
    shapes: Sequence[str] = ("normal", "narrow", "cube", "sheet", "heavy tails")
    for number in range(count):
        rng = np.random.default_rng([3, number])
        shape = shapes[number // 2 % len(shapes)]
        n, d = int(rng.integers(200, 800)), int(np.exp(rng.uniform(np.log(3), np.log(200))))
        rows = rng.normal(size=(n, d))
        if shape == "narrow":
            rows *= np.arange(1, d + 1) ** -0.7
        elif shape == "cube":
            rows = rng.random((n, d))
        elif shape == "sheet":
            at = rng.random((n, 2)) * 4
            rows = np.column_stack([np.cos(at[:, 0]), np.sin(at[:, 0]), at[:, 1] / 2])
            rows = rows @ rng.normal(size=(3, d)) / np.sqrt(d) + 0.05 * rows.std() * rng.normal(
                size=(n, d)
            ) / np.sqrt(d)
        elif shape == "heavy tails":
            rows = rng.standard_t(4, (n, d))
        yield Collection(
            number, "structureless", f"{shape}, {d} dimensions", rows, np.zeros(n, int)
        )
