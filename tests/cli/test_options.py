"""Messages name what the reader typed: options on the command line, arguments in Python."""

from __future__ import annotations

import argparse
import ast
import inspect
import logging
import re
from pathlib import Path

import pytest
from PIL import Image

import clustimage
from clustimage import Clustimage
from clustimage._core.parameters import named, setting, shown, use_names
from clustimage._core.validation import check_option
from clustimage._model.settings import DEFAULT_PARAMS
from clustimage.cli import COMMANDS, build_parser, main
from clustimage.cli._options import OptionNames
from clustimage.images import clear_cache
from clustimage.removal import RemovalPlan

PACKAGE = Path(clustimage.__file__).parent
PARSERS = next(
    action.choices
    for action in build_parser()._actions
    if isinstance(action, argparse._SubParsersAction)
)
OPTIONS = {
    action.dest
    for parser in PARSERS.values()
    for action in parser._actions
    if action.option_strings
}
# Of the command alone.
OWN = {"help", "out", "called", "plan", "overwrite", "json", "paths", "yes"}


@pytest.mark.parametrize(
    "parameter, value, argument, option",
    [
        ("max_memory", "2 MB", "max_memory='2 MB'", "--max-memory '2 MB'"),
        ("max_memory", ..., "max_memory=...", "--max-memory"),
        ("sim", 0.5, "sim=0.5", "--sim 0.5"),
        ("sim", None, "sim=None", "no --sim"),
        ("n_clusters", 5, "n_clusters=5", "--k 5"),
        ("metric", "cosine", "metric='cosine'", "--metric cosine"),
        ("dim", (32, 16), "dim=(32, 16)", "--dim 32 16"),
        ("embedding", None, "embedding=None", "--embedding none"),
        ("grayscale", True, "grayscale=True", "--grayscale"),
        ("grayscale", False, "grayscale=False", "no --grayscale"),
        ("min_size", 0, "min_size=0", "--min-size 0"),
        ("zoom", 2, "zoom=2", "zoom=2"),
        (
            "params_pca",
            {"n_components": ...},
            "params_pca={'n_components': ...}",
            "--components",
        ),
        (
            "params_cnn",
            {"model": "vgg16", "weights": None},
            "params_cnn={'model': 'vgg16', 'weights': None}",
            "--model vgg16 --weights none",
        ),
        ("params_cnn", {"device": "cpu"}, *["params_cnn={'device': 'cpu'}"] * 2),
    ],
)
def test_a_parameter_with_its_value_is_an_argument_or_an_option(parameter, value, argument, option):
    assert setting(parameter, value) == argument
    with use_names(OptionNames(PARSERS["cluster"]._actions)):
        assert setting(parameter, value) == option
    assert setting(parameter, value) == argument


def test_names_and_values_alone():
    assert (named("layer", of="params_cnn"), named("dim")) == ("params_cnn['layer']", "'dim'")
    assert (shown(None), shown("pca")) == ("None", "'pca'")
    with use_names(OptionNames(PARSERS["cluster"]._actions)):
        assert (named("layer", of="params_cnn"), named("cluster_space")) == (
            "'--layer'",
            "'--space'",
        )
        assert named("device", of="params_cnn") == "params_cnn['device']"
        with pytest.raises(ValueError, match=r"'--embedding' must be one of 'pca', none\. Got 1"):
            check_option("embedding", 1, ["pca", None])


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_options_are_passed_on_as_parameters_of_the_library(name):
    methods = [
        getattr(Clustimage, method)
        for method in (
            *("fit_transform", "find", "to_dirs", "save", "load", "unique"),
            *("duplicates", "plan_removal", "report", "update"),
        )
    ]
    known = {
        parameter
        for function in (Clustimage.__init__, *methods, clear_cache, RemovalPlan.apply)
        for parameter in inspect.signature(function).parameters
    }
    known |= {setting for settings in DEFAULT_PARAMS.values() for setting in settings}
    dests = {action.dest for action in PARSERS[name]._actions if action.option_strings}
    assert {dest.removeprefix("params_cnn.") for dest in dests} - known - OWN == set()


def texts(tree):
    """Yield the literal texts of a module with their lines, docstrings left out."""
    skipped = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            skipped.add(node.value)
        if isinstance(node, ast.FormattedValue):
            skipped |= set(ast.walk(node))
        if isinstance(node, ast.FunctionDef) and node.name == "__repr__":
            skipped |= set(ast.walk(node))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in skipped:
            yield node.lineno, node.value


@pytest.mark.parametrize(
    "folder", ["", *sorted(p.name for p in PACKAGE.iterdir() if (p / "__init__.py").exists())]
)
def test_no_message_has_a_parameter_written_out(folder):
    if folder in ("cli", "datasets"):  # what no command passes parameters on to
        return
    names = "|".join(name.rpartition(".")[2] for name in OPTIONS - OWN)
    written = re.compile(
        rf"(?<!\w)'({names})'|(?<![\w.(])({names})=(?!\?)|params_\w+\['({names})'\]"
    )
    found = [
        f"{path.relative_to(PACKAGE)}:{line}: {text}"
        for path in sorted((PACKAGE / folder).glob("**/*.py" if folder else "*.py"))
        if path.name != "older_names.py"  # of arguments that were typed in Python
        for line, text in texts(ast.parse(path.read_text("utf-8")))
        if " " in text.strip() and written.search(text)
    ]
    assert found == []


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
        (["cluster", "--method", "pca", "--components", "0"], "'--components' must be a count"),
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
def test_errors_name_the_option_that_was_typed(words, sentence, tmp_path, capsys):
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
def test_what_a_user_typed_stays_as_it_is(words, kept, tmp_path, capsys, monkeypatch):
    folder = tmp_path / "a dim=9 folder"
    (folder / "here").mkdir(parents=True)
    (folder / "here" / "x metric=cosine None.png").write_text("no image")
    (folder / "my dim=3 None").mkdir()
    (folder / "my dim=3 None" / "a k=5").write_text("")
    monkeypatch.chdir(folder)
    assert main(words) == 2
    assert kept in capsys.readouterr().err
