"""`Clustimage.report`, `summary` and `show`, and the command ``report``."""

from __future__ import annotations

import json
import re
import shlex
import shutil

import numpy as np
import pytest
from PIL import Image

from clustimage import Clustimage, import_example
from clustimage.cli import _cluster, main
from tests.report.test_page import data_of, sheets_of


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """A folder of 40 pictures of two kinds, with EXIF data, a copy and a broken file."""
    folder = tmp_path_factory.mktemp("my photos")
    rng = np.random.default_rng(0)
    for i in range(40):
        noise = rng.integers(0, 60, (24, 32, 3)) + (150 if i % 2 else 0)
        exif = Image.Exif()
        exif[0x010F], exif[0x0110] = "Canon", "Canon EOS 5D"
        exif[0x0132] = f"2020:05:{i % 28 + 1:02d} 10:20:30"
        Image.fromarray(noise.astype(np.uint8)).save(folder / f"{i:02d}.jpg", exif=exif)
    shutil.copy(folder / "03.jpg", folder / "03 again.jpg")
    (folder / "broken.jpg").write_bytes(b"no image")
    return folder


@pytest.fixture(scope="module")
def model(photos):
    cl = Clustimage(method="color", embedding="pca", dim=(32, 32), verbose="silent")
    cl.fit_transform(str(photos), min_clust=2, max_clust=5)
    return cl


def test_the_summary_is_plain_and_complete(model, photos):
    summary = json.loads(json.dumps(model.summary(), allow_nan=False))
    assert summary["title"] == "41 images in 2 clusters"
    assert (summary["n_images"], summary["n_clusters"], summary["n_unassigned"]) == (41, 2, 0)
    assert [row["pathname"] for row in summary["skipped"]] == [str(photos / "broken.jpg")]
    assert summary["n_skipped"] == 1 and "image" in summary["skipped"][0]["reason"]
    assert [row["count"] for row in summary["clusters"]] == np.bincount(model.labels_).tolist()
    assert {row["unique"] for row in summary["clusters"]} == set(model.results_unique["pathnames"])
    assert summary["scores"]["clusters"] == [2, 3, 4]
    assert summary["scores"]["clusters"][summary["scores"]["best"]] == 2
    assert summary["verdict"]["why"] == model.verdict.why
    assert summary["settings"]["method"] == "color" and summary["settings"]["dim"] == [32, 32]


def test_the_page_has_metadata_copies_and_neighbours(model, photos, tmp_path):
    path = model.report(tmp_path / "page.html")
    data = data_of((tmp_path / "page.html").read_text("utf-8"))
    assert path == str(tmp_path / "page.html")
    row = data["columns"]["row"]
    names = [data["names"][i] for i in np.argsort(row)]
    assert names == list(model.results["filenames"])
    copies = data["columns"]["copies"]
    assert {data["names"][i] for i in np.flatnonzero(copies >= 0)} == {"03.jpg", "03 again.jpg"}
    first = data["columns"]["neighbors"].reshape(41, 12)[data["names"].index("03.jpg"), 0]
    assert data["names"][first] == "03 again.jpg"
    camera = data["metadata"]["Camera"]
    assert [camera["values"][i] for i in (0, 1)] == [None, "Canon EOS 5D"]
    assert "Lens" not in data["metadata"] and "lat" not in data["columns"]
    when = data["columns"]["time"][data["names"].index("00.jpg")]
    assert when == np.datetime64("2020-05-01T10:20:30").astype("datetime64[s]").astype(int)
    assert data["columns"]["width"].tolist() == [32] * 41
    assert data["summary"]["title"] == "41 images in 2 clusters"
    mean = data["clusters"][0]["mean"]
    assert mean.startswith("UklGR")  # RIFF, a WebP


def test_a_loaded_model_has_the_same_page(model, tmp_path):
    model.report(tmp_path / "one.html")
    back = Clustimage.load(model.save(tmp_path / "m.clustimage"))
    back.set_params(verbose="silent")
    back.report(tmp_path / "two.html")
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()


def run_python(code, **names):
    exec(code, names)  # noqa: S102 - what the page tells people to run
    return names["cl"].results["labels"]


@pytest.mark.parametrize(
    "settings, options",
    [
        ({}, {"min_clust": 2, "max_clust": 5}),
        ({"method": "pca", "params_pca": {"n_components": 5}}, {"n_clusters": 3}),
        ({"method": "phash", "grayscale": True}, {"metric": "hamming", "linkage": "average"}),
        ({"embedding": None, "random_state": 7}, {"cluster": "kmeans", "black_list": ["0*"]}),
        ({}, {"sim": 0.4, "min_size": 2}),
        ({}, {"time_weight": 0.5, "timestamps": "stat", "n_clusters": 3}),
    ],
)
def test_the_code_of_the_page_makes_the_same_clusters(
    settings, options, photos, tmp_path, monkeypatch
):
    given = {"method": "color", "embedding": "pca", "dim": (32, 32), **settings}
    cl = Clustimage(verbose="silent", **given)
    cl.fit_transform(photos, **options)
    repeat = cl.summary()["repeat"]
    np.testing.assert_array_equal(run_python(repeat["python"]), cl.labels_)
    words = shlex.split(repeat["command"])
    assert words[:2] == ["clustimage", "cluster"]
    words[words.index("--out") + 1] = str(tmp_path / "out")
    made = []  # what would be written; the figures take long
    monkeypatch.setattr(_cluster, "write_all", lambda model, *rest, **more: made.append(model))
    monkeypatch.setattr(_cluster, "write_report", lambda *rest, **more: None)
    assert main([*words[1:], "--verbose", "silent"]) == 0
    np.testing.assert_array_equal(made[0].labels_, cl.labels_)


def test_code_for_arrays_features_and_another_cut(photos):
    X, _ = import_example("mnist")
    cl = Clustimage(method="pca", embedding=None, verbose="silent")
    cl.fit_transform(X[:100])
    repeat = cl.summary()["repeat"]
    assert repeat["command"] is None and "# images: as given" in repeat["python"]
    np.testing.assert_array_equal(run_python(repeat["python"], images=X[:100]), cl.labels_)
    cut = cl.clustering_.tree[-4:-2, 2].mean()
    cl.dendrogram(max_d=cut)
    assert cl.labels_.max() + 1 == 4
    code = cl.summary()["repeat"]["python"]
    np.testing.assert_array_equal(run_python(code, images=X[:100]), cl.labels_)
    files = sorted(map(str, photos.glob("[0-3]*.jpg")))
    rows = np.random.default_rng(0).normal(size=(len(files), 5))
    cl = Clustimage(method="pca", embedding=None, verbose="silent")
    cl.fit_transform(files, features=rows, normalize=True, n_clusters=3)
    code = cl.summary()["repeat"]["python"]
    assert "# images, features: as given" in code
    again = run_python(code, images=files, features=rows)
    np.testing.assert_array_equal(again, cl.labels_)


def test_code_after_corrections(photos, tmp_path, monkeypatch):
    cl = Clustimage(method="color", embedding=None, dim=(32, 32), verbose="silent")
    cl.fit_transform(photos, n_clusters=4)
    cl.merge([0, 2])
    cl.rename({1: "beach"})
    summary = cl.summary()
    assert {row["name"] for row in summary["clusters"]} >= {"beach"}
    assert summary["repeat"]["command"] is None
    monkeypatch.chdir(tmp_path)
    cl.save_corrections("corrections.json")
    np.testing.assert_array_equal(run_python(summary["repeat"]["python"]), cl.labels_)


def test_features_without_images_have_a_page_without_pictures(tmp_path):
    rows = np.random.default_rng(0).normal(size=(60, 8))
    cl = Clustimage(method="precomputed", embedding="pca", verbose="silent")
    cl.fit_transform(features=rows, n_clusters=3)
    cl.report(tmp_path / "page.html")
    html = (tmp_path / "page.html").read_text("utf-8")
    data = data_of(html)
    assert sheets_of(html) == [] and data["metadata"] == {} and data["base"] is None
    assert data["clusters"][0]["spread"] > 0 and "mean" not in data["clusters"][0]
    repeat = cl.summary()["repeat"]
    assert repeat["command"] is None and "images" not in repeat["python"]
    np.testing.assert_array_equal(run_python(repeat["python"], features=rows), cl.labels_)


def test_files_that_have_gone_have_their_small_pictures(photos, tmp_path):
    here = tmp_path / "here"
    shutil.copytree(photos, here)
    cl = Clustimage(method="color", embedding="pca", dim=(16, 16), verbose="silent")
    cl.fit_transform(here, n_clusters=2)
    shutil.rmtree(here)
    cl.report(tmp_path / "page.html")
    html = (tmp_path / "page.html").read_text("utf-8")
    data, sheets = data_of(html), sheets_of(html)
    assert data["sprites"]["side"] == 64 and "time" not in data["columns"]
    i = data["names"].index("01.jpg")
    picture = sheets[0][i // 32 * 64 : i // 32 * 64 + 64, i % 32 * 64 : i % 32 * 64 + 64]
    assert 150 < picture.mean() < 240


def test_what_find_has_found_is_on_the_page(model, photos, tmp_path):
    found = model.find(str(photos / "03.jpg"), k=3, alpha=None)
    model.report(tmp_path / "page.html")
    (query,) = data_of((tmp_path / "page.html").read_text("utf-8"))["found"]
    row = data_of((tmp_path / "page.html").read_text("utf-8"))["columns"]["row"]
    assert query["name"] == "03.jpg" and query["picture"].startswith("UklGR")
    assert [row[i] for i in query["images"]] == found["03.jpg"]["y_idx"].tolist()
    assert query["distance"] == pytest.approx(found["03.jpg"]["distance"].tolist())


def test_faces_know_their_photos(photos, tmp_path):
    faces = photos.parent / "faces"
    faces.mkdir(exist_ok=True)
    for i in range(6):
        shutil.copy(photos / f"0{i}.jpg", faces / f"{i}_face0.jpg")
    cl = Clustimage(method="color", embedding=None, dim=(16, 16), verbose="silent")
    cl.fit_transform(faces, n_clusters=2)
    cl._state.face_links = [(str(photos / f"0{i // 2}.jpg"), i % 2) for i in range(6)]
    cl.report(tmp_path / "page.html")
    data = data_of((tmp_path / "page.html").read_text("utf-8"))
    assert [photo["name"] for photo in data["photos"]] == sorted(
        {photo["name"] for photo in data["photos"]}, key=[p["name"] for p in data["photos"]].index
    )
    for i, row in enumerate(data["columns"]["row"]):
        assert data["photos"][data["columns"]["photo"][i]]["name"] == f"0{row // 2}.jpg"
        assert data["columns"]["face"][i] == row % 2


@pytest.mark.parametrize("n", [1, 2])
def test_one_image_and_two(n, tmp_path):
    cl = Clustimage(method=None, embedding=None, verbose="silent")
    cl.fit_transform(np.arange(n * 25).reshape(n, 5, 5).astype(np.uint8), n_clusters=1)
    cl.report(tmp_path / "page.html")
    data = data_of((tmp_path / "page.html").read_text("utf-8"))
    assert data["n"] == n and data["neighborCount"] == n - 1
    assert json.dumps(cl.summary(), allow_nan=False)


def test_all_images_in_no_cluster(tmp_path):
    X = np.random.default_rng(0).integers(0, 255, (30, 8, 8, 3), dtype=np.uint8)
    cl = Clustimage(method=None, embedding="pca", verbose="silent")
    cl.fit_transform(X, sim=0.99, min_size=2)
    assert set(cl.labels_.tolist()) == {-1}
    cl.report(tmp_path / "page.html")
    data = data_of((tmp_path / "page.html").read_text("utf-8"))
    assert [one["name"] for one in data["clusters"]] == ["not assigned"]
    assert data["summary"]["title"] == "30 images not assigned to a cluster"


def test_photos_by_date_have_no_verdict(photos, tmp_path):
    cl = Clustimage(method="exif", embedding=None, verbose="silent")
    cl.fit_transform(photos, metric="datetime")
    summary = cl.summary()
    assert summary["verdict"] is None and summary["clusters"][0]["name"].startswith("2020-05-")
    assert summary["settings"]["metric"] == "datetime" and "linkage" not in summary["settings"]
    np.testing.assert_array_equal(run_python(summary["repeat"]["python"]), cl.labels_)
    cl.report(tmp_path / "page.html")


@pytest.mark.parametrize("method", ["report", "summary", "show"])
def test_before_the_clusters_it_says_what_to_run(method, tmp_path):
    arguments = [tmp_path / "page.html"] if method == "report" else []
    with pytest.raises(ValueError, match=r"Run import_data\(\), then extract_feat\(\), then clu"):
        getattr(Clustimage(), method)(*arguments)


def test_what_is_there_is_kept_and_bad_values_are_named(model, tmp_path):
    target = tmp_path / "page.html"
    target.write_text("mine")
    with pytest.raises(ValueError, match=r"page.html exists already\. Give overwrite=True"):
        model.report(target)
    assert target.read_text() == "mine"
    with pytest.raises(ValueError, match="There is no folder"):
        model.report(tmp_path / "no" / "page.html")
    for value in (8, 257, 64.0, True, "64"):
        with pytest.raises(ValueError, match="'thumbnail' must be a whole number"):
            model.report(tmp_path / "other.html", thumbnail=value)
    with pytest.raises(ValueError, match="'height' must be"):
        model.show(height=0)
    with pytest.raises(ValueError, match="'widget' must be"):
        model.show(widget="yes")
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_the_command_writes_the_page_or_prints_the_numbers(model, tmp_path, capsys):
    saved = model.save(tmp_path / "model.clustimage")
    assert main(["report", saved, "--verbose", "silent"]) == 0
    assert "report.html" in capsys.readouterr().out
    assert data_of((tmp_path / "report.html").read_text("utf-8"))["n"] == 41
    assert main(["report", saved]) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert main(["report", saved, "--overwrite", "--thumbnail", "32"]) == 0
    assert data_of((tmp_path / "report.html").read_text("utf-8"))["sprites"]["side"] == 32
    assert main(["report", saved, "--out", str(tmp_path / "no" / "a.html")]) == 2
    assert "'--out' must be in a folder that exists" in capsys.readouterr().err
    assert main(["report", saved, "--thumbnail", "9"]) == 2
    assert "'--thumbnail' must be a whole number from 16 to 256. Got 9" in capsys.readouterr().err
    assert main(["report", saved, "--json", "--verbose", "silent"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(model.summary()))


def test_the_page_in_a_cell_is_one_frame_that_reads_nothing_of_the_notebook(model):
    cell = model.show(height=321)
    frame = cell._repr_html_()
    assert frame.count("<") == 2 and 'height="321"' in frame
    assert "allow-same-origin" not in frame
    text = re.search(r'srcdoc="(.*?)"', frame, re.S)[1]
    import html

    data = data_of(html.unescape(text))
    assert data["n"] == 41 and data["base"] is None and data["addresses"] == {}


def test_the_widget_has_a_selection(model):
    pytest.importorskip("anywidget", reason="anywidget is not installed (extra notebook)")
    widget = model.show(widget=True)
    assert widget.selection == [] and widget.height == 600
    widget.selection = [3, 1]
    assert widget.get_state(["selection"]) == {"selection": [3, 1]}
    assert widget.page == model.show().page
