"""Names of clusters are in every figure, table, folder and page, and taken where a label is."""

from __future__ import annotations

import json

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.text import Text

from clustimage import Clustimage, InvalidParameterError
from clustimage.cli import main


@pytest.fixture(scope="module")
def named(few_photos):
    """Forty photos in four clusters of ten, two of them with names."""
    cl = Clustimage(method="color", embedding="pca", dim=(32, 32), verbose="error")
    cl.fit_transform([str(path) for path in few_photos[:40]], n_clusters=4)
    cl.rename({0: "Café & Mond", 2: "lake"})
    return cl


def words_in(figures):
    figures = figures if isinstance(figures, list) else [figures]
    texts = [text for figure in figures for text in figure.findobj(Text)]
    return " ".join(text.get_text() for text in texts)


@pytest.mark.parametrize(
    "draw",
    [
        lambda cl: cl.scatter(),
        lambda cl: cl.scatter(zoom=None, legend=True),
        lambda cl: cl.plot(),
        lambda cl: cl.plot(layout="columns"),
        lambda cl: cl.plot_unique(),
        lambda cl: cl.plot_contingency(np.arange(40) % 2),
        lambda cl: cl.find(str(cl.results["pathnames"][cl.labels_ == 2][0])) and cl.plot_find(),
    ],
    ids=["scatter", "legend", "plot", "columns", "plot_unique", "contingency", "plot_find"],
)
def test_names_are_in_figures(named, draw):
    assert "lake" in words_in(draw(named)[0])


def test_names_are_in_the_dendrogram_in_the_colours_of_the_other_figures(named):
    fig = named.dendrogram()["fig"]
    assert "2 lake" in words_in(fig)
    (legend,) = [ax.get_legend() for ax in fig.axes if ax.get_legend()]
    handles = dict(
        zip([t.get_text() for t in legend.get_texts()], legend.get_patches(), strict=True)
    )
    other = named.scatter(zoom=None, legend=True)[0].axes[0].get_legend()
    colours = {}
    for text, handle in zip(other.get_texts(), other.legend_handles, strict=True):
        colours[text.get_text().split(" (")[0]] = to_hex(handle.get_markerfacecolor())
    for name, patch in handles.items():
        assert to_hex(patch.get_facecolor()) == colours[name]


def test_after_a_correction_clusters_of_the_tree_have_their_numbers_and_names(few_photos):
    cl = Clustimage(method="color", embedding=None, dim=(32, 32), verbose="error")
    cl.fit([str(path) for path in few_photos[:40]], n_clusters=4)
    cl.move(np.flatnonzero(cl.labels_ == 0)[:6], to=3)
    cl.merge([1, 2])
    cl.rename({1: "both", 3: "large"})
    assert {"1 both", "3 large"} == {
        text.get_text() for text in cl.dendrogram()["ax"].get_legend().get_texts()
    }


def test_names_are_in_tables(named):
    frame = named.to_frame()
    assert frame["name"][frame["label"] == 2].unique().tolist() == ["lake"]
    assert frame["name"][frame["label"] == 1].isna().all()
    table = named.cluster_table().set_index("label")
    assert table["name"].dropna().to_dict() == {0: "Café & Mond", 2: "lake"}
    (found,) = list(named.find(str(named.results["pathnames"][0]), k=40).values())[1:]
    assert found["name"][found["labels"] == 2].unique().tolist() == ["lake"]
    assert found["name"][found["labels"] == 3].isna().all()


def test_tables_of_a_model_without_names_have_no_column_of_them(named):
    other = Clustimage(method="color", embedding=None, dim=(32, 32), verbose="error")
    other.fit([str(path) for path in named.results["pathnames"]], n_clusters=4)
    (found,) = list(other.find(str(named.results["pathnames"][0]), k=3).values())[1:]
    assert "name" not in found and "name" not in other.to_frame()


def test_what_was_found_is_saved_with_its_names(named, tmp_path):
    named.find(str(named.results["pathnames"][0]), k=40)
    back = Clustimage.load(named.save(tmp_path / "model.clustimage"))
    for name, table in named.results["predict"].items():
        assert back.results["predict"][name].equals(table)


def test_names_are_those_of_folders(named, tmp_path):
    named.to_dirs(tmp_path / "groups")
    folders = sorted(path.name for path in (tmp_path / "groups").iterdir() if path.is_dir())
    assert len(folders) == 4
    assert any("lake" in name for name in folders)
    assert any("Café & Mond" in name for name in folders)


def test_names_are_in_the_page_and_in_a_notebook(named, tmp_path):
    named.report(tmp_path / "page.html")
    assert "lake" in (tmp_path / "page.html").read_text("utf-8")
    assert "lake" in {one["name"] for one in named.summary()["clusters"]}
    assert "lake" in named._repr_html_()


def test_names_are_in_what_commands_print_and_write(named, tmp_path, capsys):
    path = named.save(tmp_path / "model.clustimage")
    query = str(named.results["pathnames"][named.labels_ == 2][0])
    words = ["--verbose", "error"]
    assert main(["info", path, *words]) == 0
    assert "lake" in capsys.readouterr().out
    assert main(["unique", path, "--out", str(tmp_path / "out"), *words]) == 0
    assert "  lake  " in capsys.readouterr().out
    assert "lake" in (tmp_path / "out" / "unique.csv").read_text("utf-8")
    assert main(["unique", path, "--json", *words]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows] == ["Café & Mond", None, "lake", None]
    assert main(["find", query, "--model", path, "--k", "2", *words]) == 0
    assert "cluster 2 lake" in capsys.readouterr().out


def test_clusters_to_draw_are_given_by_name(named):
    figures, _ = named.plot(labels=["lake", 1])
    assert ["lake" in words_in(figure) for figure in figures] == [True, False]
    assert len(named.plot(labels="lake")[0]) == 1
    assert "lake" not in words_in(named.plot(blacklist="lake")[0])
    assert "lake" not in words_in(named.plot(layout="columns", blacklist=["lake"])[0])
    assert len(named.plot(labels=np.array([0, 2]))[0]) == 2


def test_folders_to_fill_are_given_by_name(named, tmp_path):
    table = named.to_dirs(tmp_path / "groups", target_labels=["lake"], dry_run=True)
    assert (table["status"] == "planned").sum() == 10


@pytest.mark.parametrize(
    "call, parameter",
    [
        (lambda cl: cl.plot(labels="sea"), "labels"),
        (lambda cl: cl.plot(blacklist=[0, "sea"]), "blacklist"),
        (lambda cl: cl.to_dirs("nowhere", target_labels="sea", dry_run=True), "target_labels"),
    ],
)
def test_a_name_that_no_cluster_has_is_named(named, call, parameter):
    with pytest.raises(InvalidParameterError, match=f"'{parameter}' must be labels, or names of"):
        call(named)
