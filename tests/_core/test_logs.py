import inspect
import logging
from concurrent.futures import ThreadPoolExecutor

import pytest

import clustimage
from clustimage import Clustimage
from clustimage._core.errors import InvalidParameterError
from clustimage._core.logs import (
    at_verbosity,
    check_verbose,
    get_logger,
    progress,
    set_logger,
)
from clustimage._core.parallel import run_ordered


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


def messages_of(capsys, monkeypatch, talk):
    """Return what is written to the screen where no logging is set up."""
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    capsys.readouterr()
    talk()
    return capsys.readouterr().err


def test_a_user_who_sets_nothing_reads_what_is_done(capsys, monkeypatch, digits):
    read = messages_of(capsys, monkeypatch, lambda: Clustimage().import_data(digits[0][:3]))
    assert "[clustimage] info: Images: 3" in read


def test_each_model_has_a_verbosity_of_its_own(capsys, monkeypatch, digits):
    talkative, quiet = Clustimage(verbose="info"), Clustimage(verbose="warning")
    read = messages_of(capsys, monkeypatch, lambda: talkative.import_data(digits[0][:3]))
    assert "Images: 3" in read
    assert messages_of(capsys, monkeypatch, lambda: quiet.import_data(digits[0][:3])) == ""


def test_its_properties_follow_it_too(capsys, monkeypatch, few_photos):
    for verbose, says in (("info", True), ("warning", False)):
        cl = Clustimage(method="ahash", embedding=None, dim=(8, 8), verbose=verbose)
        cl.fit_transform([str(path) for path in few_photos[:9]], n_clusters=2)
        read = messages_of(capsys, monkeypatch, lambda cl=cl: (cl.metadata, cl.verdict))
        assert ("Reading EXIF data" in read, "Verdict" in read) == (says, says)


def test_a_new_model_leaves_the_level_that_was_set(capsys, monkeypatch, digits):
    set_logger("warning")
    cl = Clustimage()
    Clustimage(verbose="debug")
    assert logging.getLogger("clustimage").level == logging.WARNING
    assert messages_of(capsys, monkeypatch, lambda: cl.import_data(digits[0][:3])) == ""
    logging.getLogger("clustimage").setLevel(logging.INFO)
    assert "Images: 3" in messages_of(capsys, monkeypatch, lambda: cl.import_data(digits[0][:3]))


def test_a_warning_of_the_constructor_follows_its_verbosity(caplog):
    Clustimage(method="hog", verbose="error")
    assert not caplog.messages
    Clustimage(method="hog", verbose="warning")
    assert caplog.messages == ["method='hog' works on one channel: grayscale is set."]


def test_a_block_ends_with_the_level_of_before():
    set_logger("warning")
    logger = get_logger("clustimage.images")
    with at_verbosity("debug"):
        with at_verbosity("error"), at_verbosity(None):
            assert not logger.isEnabledFor(logging.WARNING)
        assert logger.isEnabledFor(logging.DEBUG)
    assert not logger.isEnabledFor(logging.INFO)


def test_logging_that_is_switched_off_stays_off():
    logging.disable(logging.INFO)
    try:
        with at_verbosity("debug"):
            assert not get_logger("clustimage.images").isEnabledFor(logging.INFO)
    finally:
        logging.disable(logging.NOTSET)


def test_threads_of_a_model_follow_its_verbosity(caplog):
    def say(item):
        get_logger("clustimage.images").debug("item %d", item)

    with at_verbosity("debug"):
        list(run_ordered(say, range(8), n_jobs=2))
    assert sorted(caplog.messages) == [f"item {i}" for i in range(8)]
    with at_verbosity("error"):
        list(run_ordered(say, range(8), n_jobs=2))
    assert len(caplog.messages) == 8


def test_a_model_in_another_thread_is_not_affected(caplog):
    with at_verbosity("silent"), ThreadPoolExecutor(1) as pool:
        pool.submit(get_logger("clustimage.images").warning, "heard").result()
    assert caplog.messages == ["heard"]


def test_bars_follow_the_model(capsys):
    set_logger("info")
    with at_verbosity("warning"):
        assert list(progress(range(3), desc="Reading", total=3)) == [0, 1, 2]
    assert capsys.readouterr().err == ""


def test_public_methods_keep_their_signature_and_page():
    names = list(inspect.signature(Clustimage.find).parameters)
    assert names[:3] == ["self", "Xnew", "metric"]
    assert Clustimage.find.__doc__.startswith("Find the images most like")
