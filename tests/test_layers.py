"""Who may import whom: from a lower level or from the same package, and in no circle."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import clustimage

PACKAGE = Path(clustimage.__file__).parent

LEVELS = {
    "_core": 0,
    **dict.fromkeys(("_distances", "_decomposition", "images", "datasets"), 1),
    **dict.fromkeys(
        ("features", "embedding", "cluster", "similarity", "faces", "duplicates", "corrections"), 2
    ),
    **dict.fromkeys(("plotting", "export", "removal"), 3),
    **dict.fromkeys(("adapters", "notebook", "report", "distributed"), 4),
    **dict.fromkeys(("_model", "clustimage"), 5),
    **dict.fromkeys(("cli", "__init__", "__main__", "_version"), 6),
}
TOP_FILES = {"__init__", "__main__", "_version", "clustimage"}

# What may be imported at the top of a file, beside the standard library and clustimage.
THIRD_PARTY = {
    0: {"numpy", "joblib", "sklearn"},
    1: {"numpy", "PIL", "cv2", "scipy", "sklearn", "threadpoolctl"},
    2: {"numpy", "PIL", "cv2", "scipy", "sklearn", "skimage", "threadpoolctl"},
    3: {"numpy"},
    4: {"numpy"},
    5: {"numpy"},
    6: set(),
}
# A subclass of DataFrame needs pandas when it is written; it is imported where one is made.
ON_DEMAND = {"notebook._thumbnail_frame": {"pandas"}}
STANDARD = {"clustimage", "__future__"} | set(sys.stdlib_module_names)


def name_of(path: Path) -> str:
    """Return the dotted name of a module, without the package's own."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts if parts[-1] != "__init__" or len(parts) == 1 else parts[:-1])


MODULES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}
TREES = {name: ast.parse(path.read_text("utf-8")) for name, path in MODULES.items()}


def imports(tree: ast.AST, *, top_only: bool) -> Iterator[str]:
    """Yield the dotted names of what is imported; without those for type checkers if `top_only`."""
    todo = list(ast.iter_child_nodes(tree))
    while todo:
        node = todo.pop()
        checking = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if top_only and (checking or function):
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute here"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        todo += ast.iter_child_nodes(node)


def own_imports(name: str) -> Iterator[str]:
    """Yield the modules of this package that a module imports, wherever in the file."""
    for imported in imports(TREES[name], top_only=False):
        inner = imported.partition("clustimage.")[2] if imported.startswith("clustimage.") else ""
        while inner and inner not in MODULES:
            inner = inner.rpartition(".")[0]
        if inner and inner != name:
            yield inner


def level(name: str) -> int:
    return LEVELS[name.partition(".")[0]]


def test_a_module_imports_only_from_below_or_from_its_own_package():
    wrong = [
        (name, other)
        for name in MODULES
        for other in own_imports(name)
        if other.partition(".")[0] != name.partition(".")[0]
        and other != "_version"
        and level(other) >= level(name)
        and level(name) < 5
    ]
    assert wrong == []


def test_no_modules_import_each_other_in_a_circle():
    graph = {name: set(own_imports(name)) for name in MODULES if name != "__init__"}
    try:
        list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise AssertionError(f"a circle of imports: {' -> '.join(error.args[1])}") from None


def test_only_light_packages_are_imported_at_the_top():
    wrong = {
        name: heavy
        for name, tree in TREES.items()
        if (
            heavy := {module.split(".")[0] for module in imports(tree, top_only=True)}
            - STANDARD
            - THIRD_PARTY[level(name)]
            - ON_DEMAND.get(name, set())
        )
    }
    assert wrong == {}
    at_once = {module for tree in TREES.values() for module in imports(tree, top_only=True)}
    assert not [name for name in ON_DEMAND for module in at_once if name in module]


def test_packages_of_one_file_are_known_to_it_alone():
    users: dict[str, set[str]] = {}
    for name, tree in TREES.items():
        for module in imports(tree, top_only=False):
            users.setdefault(module.split(".")[0], set()).add(name)
    assert users["clusteval"] == {"adapters._clusteval"}
    assert users["pca"] == {"adapters._pca_object"}
    assert users["torch"] | users["torchvision"] == {"features.cnn._torch"}
    assert not [name for name in users["matplotlib"] if name.startswith("cluster.")]


def test_the_top_holds_these_files_and_folders_alone():
    assert {path.stem for path in PACKAGE.glob("*.py")} == TOP_FILES
    folders = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    assert folders <= set(LEVELS)


def test_no_two_modules_share_a_name_unless_they_do_the_same_in_two_packages():
    same_role = {"__init__", "_registry", "_base", "_custom", "_plan", "_pca", "_exif", "_find"}
    same_role |= {"_unique", "_duplicates"}
    files: dict[str, list[str]] = {}
    for path in MODULES.values():
        files.setdefault(path.stem, []).append(str(path.relative_to(PACKAGE)))
    assert {
        stem: paths for stem, paths in files.items() if len(paths) > 1 and stem not in same_role
    } == {}


def test_a_long_module_is_looked_at():
    """A file is one concept; above 900 lines one asks whether it still is."""
    lengths = {name: len(path.read_text("utf-8").splitlines()) for name, path in MODULES.items()}
    assert {name: n for name, n in lengths.items() if n > 900} == {}
