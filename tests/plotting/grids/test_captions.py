"""Captions below images."""

from __future__ import annotations

import pytest

from clustimage.plotting._fonts import width_of
from clustimage.plotting.grids._captions import fit_captions, points_of_captions

WIDE = 1.2


@pytest.mark.parametrize("length", range(8, 64, 3))
def test_no_line_is_wider_than_the_image_and_nothing_is_shortened_by_a_few_letters(length):
    name = "".join(chr(97 + i % 26) for i in range(length - 4)) + ".jpg"
    fitted = fit_captions([name], WIDE)
    lines = fitted.words[0].split("\n")
    assert all(width_of(line) * fitted.points <= 72 * WIDE for line in lines)
    assert len(lines) == fitted.lines <= 2
    kept = "".join(lines)
    assert kept == name or len(kept) <= length - 4
    assert 7.5 <= fitted.points <= points_of_captions(WIDE)


def test_short_captions_have_one_line_of_the_usual_size():
    fitted = fit_captions(["IMG_1.jpg", "IMG_2.jpg"], WIDE)
    assert fitted.words == ["IMG_1.jpg", "IMG_2.jpg"]
    assert fitted.points == points_of_captions(WIDE)


def test_a_line_ends_after_a_word():
    assert fit_captions(["Summer holiday in Brittany.jpg"], WIDE).words == [
        "Summer holiday in\nBrittany.jpg"
    ]


def test_shortened_names_keep_what_tells_them_apart():
    names = [f"2019-07-14 Summer holiday in Brittany, day {i} (edited, final).jpg" for i in (1, 2)]
    fitted = fit_captions(names, WIDE)
    assert ["day 1" in fitted.words[0], "day 2" in fitted.words[1]] == [True, True]


def test_no_captions_take_no_space():
    assert fit_captions([], WIDE).lines == 0
