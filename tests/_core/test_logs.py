import logging

import pytest

import clustimage
from clustimage._core.errors import InvalidParameterError
from clustimage._core.logs import check_verbose, get_logger, progress, set_logger


@pytest.fixture(autouse=True)
def as_before():
    logger = logging.getLogger("clustimage")
    level = logger.level
    yield
    logger.setLevel(level)


@pytest.mark.parametrize(
    "verbose, level",
    [("info", 20), ("WARNING", 30), (30, 30), (None, 60), (0, 60), ("silent", 60), ("error", 40)],
)
def test_levels_are_those_of_logging(verbose, level):
    set_logger(verbose)
    assert logging.getLogger("clustimage").level == level


@pytest.mark.parametrize("verbose", ["loud", True, -1, 2.5, ["info"]])
def test_an_unknown_level_is_an_error(verbose):
    with pytest.raises(InvalidParameterError, match="'verbose' must be"):
        check_verbose(verbose)


def test_setting_the_level_twice_adds_one_handler():
    set_logger("info")
    set_logger("info")
    assert len(logging.getLogger("clustimage").handlers) == 1


def test_messages_reach_the_screen_where_no_logging_is_set_up(capsys, monkeypatch):
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    set_logger("warning")
    get_logger("clustimage.images").warning("Skipped %d files", 3)
    get_logger("clustimage.images").info("not shown")
    assert capsys.readouterr().err == "[clustimage] warning: Skipped 3 files\n"


def test_messages_are_left_to_the_application_where_it_logs(capsys, caplog):
    set_logger("warning")
    get_logger("clustimage.images").warning("once")
    assert capsys.readouterr().err == ""
    assert caplog.messages == ["once"]


def test_a_bar_is_shown_at_info_only(capsys):
    clustimage.set_logger("warning")
    assert list(progress(range(3), desc="Reading", total=3)) == [0, 1, 2]
    assert capsys.readouterr().err == ""
    clustimage.set_logger("info")
    assert list(progress(range(3), desc="Reading", total=3)) == [0, 1, 2]
    assert "Reading" in capsys.readouterr().err
