"""Names that are too long for their space."""

from __future__ import annotations

import pytest

from clustimage.plotting._fonts import width_of
from clustimage.plotting._short_names import shared_beginning, shorten_all

DAYS = [
    f"2019-07-14 Holiday in Brittany with the family, day {i:02d} (final).jpg" for i in range(9)
]


def test_names_stay_different_where_they_differ_in_their_middle():
    short = shorten_all(DAYS, 12)
    assert len(set(short)) == len(DAYS)
    assert all(f"day {i:02d}" in name for i, name in enumerate(short))
    assert max(map(width_of, short)) <= 14.5


def test_a_name_that_is_hardly_too_long_stays():
    name = "IMG_20190714_1.jpg"
    assert shorten_all([name], width_of(name) - 2) == [name]
    (short,) = shorten_all([name], width_of(name) - 5)
    assert len(name) - len(short) >= 3 and short.startswith("IMG") and short.endswith(".jpg")


@pytest.mark.parametrize(
    ("names", "shared"),
    [(["a_1.jpg", "a_2.jpg"], 2), (["a.jpg"], 0), (["beach.jpg", "beaches.jpg"], 0)],
)
def test_what_names_share_ends_with_a_word(names, shared):
    assert shared_beginning(names) == shared
