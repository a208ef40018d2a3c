"""The public names, and that importing them costs nothing before their first use."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

import clustimage
from clustimage import Clustimage

HEAVY = [
    "numpy",
    "scipy",
    "sklearn",
    "skimage",
    "cv2",
    "PIL",
    "imagehash",
    "matplotlib",
    "pandas",
    "joblib",
    "tqdm",
    "clusteval",
    "pca",
    "torch",
]


def test_public_names_are_these():
    assert sorted(clustimage.__all__) == sorted(
        [
            "ArchiveError",
            "Clustimage",
            "ClustimageError",
            "DiskSpaceError",
            "DownloadError",
            "EngineError",
            "ImageReadError",
            "InvalidDataError",
            "InvalidParameterError",
            "MemoryLimitError",
            "MissingDependencyError",
            "ModelFileError",
            "StepOrderError",
            "StoreError",
            "TransientStoreError",
            "__version__",
            "import_example",
            "imread",
            "imresize",
            "imscale",
            "listdir",
            "load_journal",
            "load_plan",
            "set_logger",
            "unzip",
            "wget",
        ]
    )


def test_every_lazy_name_is_public_and_the_other_way_round():
    assert sorted(clustimage.__all__) == sorted([*clustimage._HOMES, "__version__"])
    assert dir(clustimage) == sorted(clustimage.__all__)


@pytest.mark.parametrize("name", clustimage.__all__)
def test_every_public_name_loads(name):
    assert getattr(clustimage, name) is not None


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Clustimages'"):
        clustimage.Clustimages  # noqa: B018


@pytest.mark.parametrize(
    "statement", ["import clustimage", "import clustimage.cli as c; c.build_parser()"]
)
def test_nothing_heavy_is_imported_before_its_first_use(statement):
    code = f"{statement}\nimport sys\nprint(*sorted(set({HEAVY!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


PUBLIC_METHODS = [
    name
    for name, value in inspect.getmembers(Clustimage)
    if not name.startswith("_") and (inspect.isfunction(value) or inspect.ismethod(value))
]


def test_methods_are_these():
    assert PUBLIC_METHODS == [
        "apply_corrections",
        "as_transformer",
        "cannot_link",
        "cluster",
        "cluster_sizes",
        "cluster_table",
        "dendrogram",
        "duplicates",
        "embedding",
        "evaluate_labels",
        "extract_faces",
        "extract_feat",
        "extract_hog",
        "find",
        "fit",
        "fit_predict",
        "fit_transform",
        "forget_corrections",
        "get_dim",
        "get_params",
        "import_data",
        "import_example",
        "imread",
        "imscale",
        "load",
        "merge",
        "move",
        "must_link",
        "plan",
        "plan_removal",
        "plot",
        "plot_contingency",
        "plot_duplicates",
        "plot_faces",
        "plot_find",
        "plot_map",
        "plot_search",
        "plot_unique",
        "predict",
        "rename",
        "report",
        "save",
        "save_corrections",
        "scatter",
        "score",
        "search",
        "set_params",
        "show",
        "similarity_table",
        "split",
        "summary",
        "to_dirs",
        "to_frame",
        "transform",
        "unique",
        "update",
    ]


@pytest.mark.parametrize("name", PUBLIC_METHODS)
def test_every_method_is_documented(name):
    doc = inspect.getdoc(getattr(Clustimage, name))
    assert doc is not None
    assert len(doc) > 50


@pytest.mark.parametrize("name", PUBLIC_METHODS)
def test_every_parameter_of_a_method_is_described(name):
    method = getattr(Clustimage, name)
    doc = inspect.getdoc(method) or ""
    described = set()
    for line in doc.replace("\\\n", " ").splitlines():
        if " : " in line or line.startswith("**"):
            described |= {part.strip().lstrip("*") for part in line.split(" : ")[0].split(",")}
        elif line and not line.startswith(" "):
            described |= {part.strip().lstrip("*") for part in line.rstrip("\\").split(",")}
    for parameter in inspect.signature(method).parameters:
        if parameter not in ("self", "cls", "deep"):
            assert parameter in described, f"{name}: {parameter}"
