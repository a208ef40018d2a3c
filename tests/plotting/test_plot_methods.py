"""The promises that every plot keeps."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

from clustimage._model.plots import PlotMethods

NAMES = ["plot", "plot_unique", "plot_find", "scatter"]


@pytest.mark.parametrize("name", NAMES)
def test_every_plot_explains_itself(name):
    text = inspect.getdoc(getattr(PlotMethods, name))
    assert len(text) > 200
    for section in ("Parameters\n", "Returns\n", "Raises\n", "Examples\n"):
        assert section in text
    for parameter in list(inspect.signature(getattr(PlotMethods, name)).parameters)[1:]:
        assert f"{parameter} : " in text


def test_signatures_are_those_of_the_contract():
    def defaults(name):
        found = inspect.signature(getattr(PlotMethods, name)).parameters.values()
        return {p.name: p.default for p in found if p.kind is p.POSITIONAL_OR_KEYWORD} | {}

    assert list(defaults("plot").items())[1:] == [
        ("labels", None),
        ("show_hog", False),
        ("cmap", None),
        ("ncols", None),
        ("min_samples", 2),
        ("blacklist", None),
    ]
    assert list(defaults("plot_unique").items())[1:] == [
        ("img_mean", None),
        ("cmap", None),
        ("show_hog", False),
    ]
    assert list(defaults("plot_find").items())[1:] == [("cmap", None)]
    assert list(defaults("scatter").items())[1:] == [
        ("zoom", 0.3),
        ("img_mean", None),
        ("dotsize", 15),
        ("legend", False),
        ("text", True),
        ("plt_all", False),
        ("density", False),
    ]


@pytest.mark.parametrize(
    "name, limits",
    [
        ("plot", {"max_images": "auto", "max_clusters": 100}),
        ("plot_unique", {"max_images": 400}),
        ("plot_find", {"max_images": "auto", "max_queries": 20}),
        ("scatter", {"max_images": "auto"}),
        ("plot_map", {"max_images": "auto"}),
        ("plot_faces", {"max_photos": 60, "max_faces": 400}),
    ],
)
def test_every_plot_of_images_has_a_limit_by_keyword(name, limits):
    found = inspect.signature(getattr(PlotMethods, name)).parameters
    assert {key: found[key].default for key in limits} == limits
    assert all(found[key].kind is inspect.Parameter.KEYWORD_ONLY for key in limits)


@pytest.mark.parametrize("name", NAMES)
def test_plots_write_nothing_into_the_results(model, name):
    model.find([0], k=3)
    before = {key: id(value) for key, value in model.results.items()}
    copies = {key: model.results[key].copy() for key in ("img", "xycoord", "labels")}
    getattr(model, name)()
    assert {key: id(value) for key, value in model.results.items()} == before
    assert all((model.results[key] == copies[key]).all() for key in copies)


def test_import_loads_no_drawing_library():
    code = (
        "import sys, clustimage.plotting; "
        "print(sorted({'matplotlib', 'pandas', 'scipy', 'sklearn'} & set(sys.modules)))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"
