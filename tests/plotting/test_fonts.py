"""Fonts for file names of any script."""

from __future__ import annotations

import logging

import matplotlib.pyplot as plt
import pytest
from matplotlib import rc_context
from matplotlib.font_manager import findfont, fontManager

from clustimage.plotting import _fonts
from clustimage.plotting._figure import new_axes
from clustimage.plotting._fonts import font_of, printable, width_of

JAPANESE, KOREAN = "夏休みの海岸.jpg", "가족사진.jpg"


@pytest.fixture
def only_dejavu(monkeypatch):
    """A machine with the one font that matplotlib brings."""
    own = tuple(_fonts._read_faces(findfont("DejaVu Sans")))
    monkeypatch.setattr(_fonts, "_faces", lambda: own)
    monkeypatch.setattr(_fonts, "_missing_scripts", set())
    for cached in (_fonts._faces_with, _fonts._families_for, _fonts._advance):
        cached.cache_clear()
    yield
    for cached in (_fonts._faces_with, _fonts._families_for, _fonts._advance):
        cached.cache_clear()


def draw(words):
    """Draw a title, for which a missing letter is a warning, which is an error in tests."""
    fig, ax = new_axes()
    ax.set_title(words, parse_math=False, **font_of(words))
    fig.canvas.draw()


def has_font(text):
    return all(_fonts._faces_with(char).any() for char in text if ord(char) > 0x2FFF)


@pytest.mark.parametrize("name", ["a\nb.jpg", "tab\t.jpg", "\ud83d.jpg"])
def test_what_is_no_letter_gets_a_question_mark(name):
    draw(printable(name))
    assert printable(name).count("?") == 1 and printable(name).endswith("jpg")


def test_a_name_in_the_default_font_stays_and_asks_for_no_other():
    assert printable("Größe_é_Фото.jpg") == "Größe_é_Фото.jpg"
    assert font_of("Größe_é_Фото.jpg") == {}


def test_a_font_that_has_the_letters_comes_after_the_default_one():
    with rc_context({"font.family": ["cmr10"]}):
        assert font_of("photo") == {}
        families = font_of("Фото")["fontfamily"]
        assert families[0] == "cmr10" and "cmr10" not in families[1:]
        with rc_context({"axes.formatter.use_mathtext": True}):
            draw("Фото")


def test_letters_and_accents_apart_are_joined_and_marks_without_shape_left_out():
    assert printable("e\u0301te\u0301") == "été"
    assert printable("a\u200db\u2066c\ufe0f") == "abc"


@pytest.mark.parametrize("name", [JAPANESE, KOREAN])
def test_other_scripts_are_drawn_where_a_font_is_installed(name):
    if not has_font(name):
        pytest.skip("no font for Japanese or Korean is installed")
    assert printable(name) == name
    draw(name)
    (_, more) = font_of(name)["fontfamily"]
    assert more in {entry.name for entry in fontManager.ttflist}


def test_without_a_font_the_log_says_so_once(only_dejavu, caplog):
    with caplog.at_level(logging.WARNING):
        assert printable("写真_1.jpg") == "??_1.jpg"
        assert printable("海岸_2.jpg") == "??_2.jpg"
    (record,) = caplog.records
    assert "(cjk)" in record.getMessage() and "Install a font" in record.getMessage()
    draw(printable("写真_1.jpg"))


def test_fonts_are_only_looked_for_when_a_name_needs_one(monkeypatch):
    monkeypatch.setattr(_fonts, "_faces", lambda: pytest.fail("all fonts were read"))
    assert font_of(printable("photo_0001.jpg")) == {}


def test_a_font_of_boxes_is_none(only_dejavu):
    boxes = [entry for entry in fontManager.ttflist if "Last Resort" in entry.name]
    assert all(_fonts._read_faces(entry.fname) == [] for entry in boxes)


@pytest.mark.parametrize("words", ["IMG_0001.jpg", "illicit", "MMWW", "Фото"])
def test_widths_are_those_that_are_drawn(words):
    fig, ax = plt.subplots()
    drawn = ax.text(0, 0, words, fontsize=60).get_window_extent().width
    assert width_of(words) * 60 * fig.dpi / 72 == pytest.approx(drawn, rel=0.08)


def test_known_labels_are_drawn_in_their_script():
    import pandas as pd

    from clustimage.plotting.evaluation._search_plot import plot_contingency

    if not has_font(JAPANESE):
        pytest.skip("no font for Japanese is installed")
    table = pd.DataFrame([[3, 0], [1, 2]], index=["海岸", "$a$_x"], columns=[0, 1])
    fig, ax = plot_contingency(table, "Known labels")
    fig.canvas.draw()
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["海岸", "$a$_x"]
