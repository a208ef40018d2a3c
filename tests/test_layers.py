"""Who may import whom: a module imports from a lower level or from its own folder."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import clustimage

PACKAGE = Path(clustimage.__file__).parent

LEVELS = {
    **dict.fromkeys(
        (
            "_errors",
            "_validation",
            "_optional",
            "_logging",
            "_parallel",
            "_results",
            "_metrics",
            "_files",
            "_download",
            "_memory",
            "_words",
            "_budget",
            "_plan",
            "_paging",
        ),
        0,
    ),
    **dict.fromkeys(("images", "datasets"), 1),
    **dict.fromkeys(("features", "embedding", "cluster", "similarity", "faces"), 2),
    **dict.fromkeys(("plotting", "export"), 3),
    "report": 4,
    **dict.fromkeys(
        (
            "_facade",
            "_estimator",
            "_settings",
            "_answers",
            "_state",
            "_grouping",
            "_faces",
            "_metadata",
            "_planning",
        ),
        5,
    ),
    **dict.fromkeys(("cli", "__init__", "__main__"), 6),
}
ALONE_TOGETHER = {5, 6}  # the modules of these levels are parts of one thing

THIRD_PARTY = {
    0: {"numpy", "joblib"},
    1: {"numpy", "PIL", "cv2"},
    2: {"numpy", "PIL", "cv2", "scipy", "sklearn", "skimage", "threadpoolctl"},
    3: {"numpy"},
    4: set(),
    5: set(),
    6: set(),
}
STANDARD = {"clustimage", "__future__"} | set(__import__("sys").stdlib_module_names)

MODULES = sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    """Return the folder, or for a module beside the folders its own name."""
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imports(tree: ast.AST, *, top_only: bool) -> set[str]:
    """Return the dotted names of what is imported, leaving out what is for type checkers."""
    found: set[str] = set()
    todo = list(ast.iter_child_nodes(tree))
    while todo:
        node = todo.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        if top_only and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute here"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        todo += ast.iter_child_nodes(node)
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_from_below_or_from_its_own_folder(path):
    own = room(path)
    for name in imports(ast.parse(path.read_text("utf-8")), top_only=False):
        parts = name.split(".")
        if parts[0] != "clustimage" or parts[1] in ("__version__", "Clustimage"):
            continue
        if LEVELS[own] == 6 and parts[1] not in LEVELS:
            continue  # a public name of the package
        other = parts[1]
        allowed = other == own or LEVELS[other] < LEVELS[own]
        allowed |= LEVELS[own] in ALONE_TOGETHER | {0} and LEVELS[other] == LEVELS[own]
        assert allowed, f"{own} (level {LEVELS[own]}) imports {name} (level {LEVELS[other]})"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_light_packages_are_imported_at_the_top(path):
    level = LEVELS[room(path)]
    tops = {
        name.split(".")[0] for name in imports(ast.parse(path.read_text("utf-8")), top_only=True)
    }
    assert tops - STANDARD <= THIRD_PARTY[level]


def test_only_one_file_each_knows_clusteval_and_pca():
    users: dict[str, set[str]] = {"clusteval": set(), "pca": set()}
    for path in MODULES:
        for name in imports(ast.parse(path.read_text("utf-8")), top_only=False):
            if name.split(".")[0] in users:
                users[name.split(".")[0]].add(path.name)
    assert users == {"clusteval": {"_clusteval.py"}, "pca": {"_pca_object.py"}}


def test_only_one_file_imports_torch():
    users = {
        path.name
        for path in MODULES
        for name in imports(ast.parse(path.read_text("utf-8")), top_only=False)
        if name.split(".")[0] in ("torch", "torchvision")
    }
    assert users == {"_torch.py"}


def test_no_module_is_too_long():
    lengths = {path.name: len(path.read_text("utf-8").splitlines()) for path in MODULES}
    assert {name: n for name, n in lengths.items() if n > 500} == {}
