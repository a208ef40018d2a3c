"""The embedded shapes: five kinds, known groups, the same on every run."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clustimage.datasets import import_example
from clustimage.datasets._shapes import SHAPES, make_shapes


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return import_example("shapes", dirpath=tmp_path_factory.mktemp("examples"))


def test_two_hundred_files_of_five_shapes(shapes: list[str]) -> None:
    assert shapes == sorted(shapes)
    assert all(Path(path).is_absolute() for path in shapes)
    assert Counter(Path(path).parent.name for path in shapes) == dict.fromkeys(SHAPES, 40)
    for path in shapes:
        with Image.open(path) as picture:
            assert (picture.format, picture.mode, picture.size) == ("PNG", "RGB", (96, 96))


def test_the_same_bytes_again(shapes: list[str], tmp_path: Path) -> None:
    again = make_shapes(tmp_path, per_shape=3)
    root = Path(shapes[0]).parents[1]
    for path in map(Path, again):
        assert path.read_bytes() == (root / path.parent.name / path.name).read_bytes()


def test_a_circle_covers_the_area_of_a_circle_and_a_square_that_of_a_square(
    shapes: list[str],
) -> None:
    areas: dict[str, list[float]] = {name: [] for name in SHAPES}
    for path in shapes:
        with Image.open(path) as picture:
            gray = np.asarray(picture.convert("L"), dtype=float)
        areas[Path(path).parent.name].append((gray < (gray.max() + gray.min()) / 2).mean())
    # Radius from 0.38 to 0.44 of the side: pi r², and 2 r² for the square in that circle.
    assert 0.44 < min(areas["circle"]) < max(areas["circle"]) < 0.62
    assert 0.28 < min(areas["square"]) < max(areas["square"]) < 0.40
    assert max(areas["star"]) < min(areas["square"])
