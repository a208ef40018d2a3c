"""What the README and the pages of docs/ show works, and no public name is left out."""

from __future__ import annotations

import doctest
import inspect
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import clustimage
from clustimage import Clustimage, import_example
from clustimage.cli import COMMANDS

ROOT = Path(__file__).resolve().parents[1]
HOME = Path(clustimage.__file__).resolve().parents[1]  # of the package that is tested
PAGES = sorted((ROOT / "docs").rglob("*.rst"))


def name_of(page: Path) -> str:
    return page.relative_to(ROOT / "docs").as_posix()


@pytest.fixture(scope="module")
def holiday(tmp_path_factory):
    """A folder with photos/ and holiday.jpg, as the README has them."""
    folder = tmp_path_factory.mktemp("holiday")
    paths = import_example("shapes", dirpath=folder / "examples")
    shutil.copytree(Path(paths[0]).parents[1], folder / "photos")
    Image.open(paths[0]).convert("RGB").save(folder / "holiday.jpg")
    return folder


def test_the_lines_of_the_readme_run_and_write_what_they_say(holiday):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    code = re.search(r"```python\n(.*?)```", readme, flags=re.DOTALL).group(1)
    checks = """
assert sorted(path.name for path in __import__("pathlib").Path().glob("*.c*")) == [
    "labels.csv", "photos.clustimage"]
assert len(found) == 2 and len(found["holiday.jpg"]) >= 5
assert len(results["labels"]) == 200 and results["labels"].max() == 7
"""
    done = subprocess.run(
        [sys.executable, "-c", code + checks],
        cwd=holiday,
        env={**os.environ, "MPLBACKEND": "Agg", "PYTHONPATH": str(HOME)},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_snippets_of_the_page_give_what_it_shows(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    failed, _ = doctest.testfile(
        str(page), module_relative=False, optionflags=flags, encoding="utf-8"
    )
    assert failed == 0


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_of_the_page_lead_to_files(page):
    text = page.read_text(encoding="utf-8")
    targets = re.findall(r"<([^>\s]+)>`__", text) + re.findall(r"^__ (\S+)$", text, re.MULTILINE)
    missing = [
        target
        for target in targets
        if not re.match(r"https?:", target)
        and not (page.parent / target.partition("#")[0]).exists()
    ]
    assert missing == []


def test_every_public_name_is_in_the_list():
    text = (ROOT / "docs" / "api.rst").read_text(encoding="utf-8")
    names = {*clustimage.__all__, *(f"clustimage {command}" for command in COMMANDS)}
    names |= {name for name in dir(Clustimage) if not name.startswith("_")}
    names |= {name for name in vars(Clustimage()) if not name.startswith("_")}
    # Where objects that are built on first access are kept.
    names -= {"clusteval_", "face_links_", "metadata_", "null_", "pca_", "queries_"}
    assert sorted(name for name in names if not re.search(rf"\b{name}\b", text)) == []


def arguments_in_the_list():
    """Return the arguments, as written, of each method and function in the table of them."""
    text = (ROOT / "docs" / "api.rst").read_text(encoding="utf-8")
    table = text.split("arguments, with their defaults\n")[1].split("\n===")[0]
    rows: dict[str, str] = {}
    name = ""
    rule, *lines = table.splitlines()
    width = len(rule.split()[0])
    for line in lines:
        name = line[:width].strip().strip("`") or name
        rows[name] = rows.get(name, "") + line[width:]
    return {name: re.findall("``(.*?)``", row.split(" those of ")[0]) for name, row in rows.items()}


def as_written(parameter):
    if parameter.kind is parameter.VAR_KEYWORD:
        return f"**{parameter.name}"
    if parameter.default is parameter.empty:
        return parameter.name
    value = repr(parameter.default).replace("'", '"')
    return f"{parameter.name}={value if len(value) < 40 else '…'}"


def test_the_list_has_the_arguments_of_everything_that_is_called():
    listed = arguments_in_the_list()
    called = {name: getattr(Clustimage, name) for name in dir(Clustimage) if name[0] != "_"}
    called |= {name: getattr(clustimage, name) for name in clustimage.__all__}
    called = {
        name: list(map(as_written, inspect.signature(value).parameters.values()))
        for name, value in called.items()
        if inspect.isroutine(value)
    }
    called = {name: [word for word in words if word != "self"] for name, words in called.items()}
    # Theirs is told in words: "all of cluster", "such as".
    shared = set(called["cluster"])
    called["fit_transform"] = [word for word in called["fit_transform"] if word not in shared]
    called["fit_transform"].insert(4, "cluster")
    called["dendrogram"] += ["ax", "max_leaves"]
    without = {name: words for name, words in called.items() if words}
    assert {name: words for name, words in listed.items() if without.get(name) != words} == {}
    assert set(without) == set(listed)


def test_the_list_has_every_parameter_of_the_constructor():
    text = (ROOT / "docs" / "api.rst").read_text(encoding="utf-8")
    table = text.split("The constructor only takes settings")[1].split("\nMethods\n")[0]
    words = [word for row in table.splitlines() for word in re.findall(r"``(\w+)``", row[:48])]
    assert sorted(words) == sorted(inspect.signature(Clustimage).parameters)
