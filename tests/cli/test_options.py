"""What the library says, in the words of the command line."""

from __future__ import annotations

import inspect
import logging

import pytest
from PIL import Image

from clustimage import Clustimage
from clustimage._model.settings import DEFAULT_SETTINGS
from clustimage.cli import COMMANDS, build_parser, main
from clustimage.cli._options import FLAGS, TAKE_NONE, in_options
from clustimage.images import clear_cache

CLUSTER = COMMANDS["cluster"].OPTIONS


def options_of(name):
    """Return the options of a sub-command by their names, ``--help`` left out."""
    parser = build_parser()._subparsers._group_actions[0].choices[name]
    return {
        word: action
        for action in parser._actions
        for word in action.option_strings
        if word not in ("-h", "--help")
    }


@pytest.mark.parametrize(
    "said, told",
    [
        ("'max_memory' must be above 0.", "'--max-memory' must be above 0."),
        ("Give max_memory='1,234 MB' or more.", "Give --max-memory '1,234 MB' or more."),
        ("allowed (max_memory=1.0 GB, of", "allowed (--max-memory '1.0 GB', of"),
        ("with max_memory=512 bytes: about", "with --max-memory '512 bytes': about"),
        ("a larger max_memory=.", "a larger --max-memory."),
        ("'sim' is 0.5; sim=0.5.", "'--sim' is 0.5; --sim 0.5."),
        ("Got metric='cosine'. With it", "Got --metric cosine. With it"),
        ("Fewer (params_pca={'n_components': ...}), or", "Fewer (--components), or"),
        ("such as params_cnn={'weights': 'a/b.pth'};", "such as --weights a/b.pth;"),
        ("params_cnn['layer'] must be", "'--layer' must be"),
        ("dim=(32, 16) is small", "--dim 32 16 is small"),
        (
            "'embedding' must be 'tsne' or None. Got 1.",
            "'--embedding' must be 'tsne' or none. Got 1.",
        ),
        ("Or use embedding=None.", "Or use --embedding none."),
        ("'dim' must be two, or None.", "'--dim' must be two, or left out."),
        ("'dim' is two; None takes 128.", "'--dim' is two; leaving it out takes 128."),
        ("grayscale=True or sim=None", "--grayscale or no --sim"),
    ],
)
def test_parameters_become_options(said, told):
    assert in_options(said, CLUSTER) == told


@pytest.mark.parametrize(
    "said",
    [
        "/photos/sim=3/'dim'.png does not exist.",
        "https://there.org/?k=1&dim=3 is no image.",
        "Got 'dim'. Did you mean 'pca'?",
        "Give params_cnn={'device': 'cpu'}, or pixels_per_cell=(8, 8).",
        "One of 'tsne', 'ward', 'silhouette'.",
        "None of 5 photos has a date; cluster: the tree of all images",
        "sim and None of them",
    ],
)
def test_other_words_stay_as_they_are(said):
    assert in_options(said, CLUSTER) == said


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_options_that_are_named_are_there_and_none_is_left_without_a_name(name):
    named = set(COMMANDS[name].OPTIONS.values())
    there = set(options_of(name))
    if name == "cache":  # what `cluster` was told
        there |= {"--cache"}
    assert named - there == set()
    # These are of the command alone.
    assert there - named <= {"--out", "--plan", "--overwrite"}


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_names_are_parameters_of_the_library(name):
    methods = [
        getattr(Clustimage, method)
        for method in ("fit_transform", "find", "to_dirs", "save", "load")
    ]
    known = {
        parameter
        for function in (Clustimage.__init__, *methods, clear_cache)
        for parameter in inspect.signature(function).parameters
    }
    known |= {setting for settings in DEFAULT_SETTINGS.values() for setting in settings}
    assert set(COMMANDS[name].OPTIONS) - known == set()


def test_flags_and_words_are_what_the_parsers_say():
    actions = {word: action for name in COMMANDS for word, action in options_of(name).items()}
    named = {word for module in COMMANDS.values() for word in module.OPTIONS.values()}
    assert {word for word in named if actions[word].nargs == 0} == FLAGS
    assert set(actions) > TAKE_NONE


def test_warnings_name_options_while_a_command_runs(tmp_path, caplog):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    words = ["cluster", str(tmp_path), "--plan", "--method", "hog", "--verbose", "warning"]
    with caplog.at_level(logging.WARNING, "clustimage"):
        assert main(words) == 0
        Clustimage(method="hog", verbose="warning")
    assert caplog.messages == [
        "--method hog works on one channel: grayscale is set.",
        "method='hog' works on one channel: grayscale is set.",
    ]


@pytest.mark.parametrize(
    "words, sentence",
    [
        (["cluster", "--max-memory", "lots"], "'--max-memory' must be a number of bytes"),
        (["cluster", "--components", "0"], "'--components' must be a count"),
        (["cluster", "--dim", "0", "3"], "'--dim' must be a whole number"),
        (
            ["cluster", "--micro-clusters", "1"],
            "'--micro-clusters' must be a whole number of at least 2",
        ),
        (["cluster", "--cluster", "kmeans", "--sim", "1"], "use --cluster agglomerative."),
        (["faces", "--margin", "-1"], "'--margin' must be a number"),
        (["faces", "--max-memory", "no"], "'--max-memory' must be a number of bytes"),
        (["trips", "--hours", "0"], "'--hours' must be a number"),
        (["trips", "--max-memory", "no"], "'--max-memory' must be a number of bytes"),
    ],
)
def test_what_is_wrong_is_told_by_the_name_that_was_typed(words, sentence, tmp_path, capsys):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    command, *options = words
    assert main([command, str(tmp_path), "--out", str(tmp_path / "out"), *options]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"clustimage {command}: ") and sentence in said
    assert "=" not in said


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        (["cluster", "my dim=3 nope", "--out", "out"], "my dim=3 nope does not exist"),
        (["cluster", "here", "--out", "out"], "here/x metric=cosine None.png (no image"),
        (
            ["cluster", "here", "--out", "out", "--cache", "my dim=3 None/a k=5"],
            "There is a file at 'my dim=3 None/a k=5'",
        ),
        (["find", "x.png", "--model", "o3/no k=5 x.model"], "no model file o3/no k=5 x.model."),
    ],
)
def test_what_a_user_typed_and_files_below_are_not_translated(
    words, kept, tmp_path, capsys, monkeypatch
):
    place = tmp_path / "a dim=9 place"
    (place / "here").mkdir(parents=True)
    (place / "here" / "x metric=cosine None.png").write_text("no image")
    (place / "my dim=3 None").mkdir()
    (place / "my dim=3 None" / "a k=5").write_text("")
    monkeypatch.chdir(place)
    assert main(words) == 2
    assert kept in capsys.readouterr().err
