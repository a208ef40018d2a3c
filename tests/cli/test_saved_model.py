"""``clustimage unique``, ``info`` and ``recluster``, run as a user runs them."""

from __future__ import annotations

import csv
import json

import pytest

from clustimage import Clustimage
from clustimage.cli import main


@pytest.fixture
def model(result):
    return str(result / "model.clustimage")


def test_unique_prints_a_line_per_cluster(model, result, capsys):
    assert main(["unique", model]) == 0
    lines = capsys.readouterr().out.splitlines()
    saved = Clustimage.load(model)
    assert [line.split(maxsplit=4)[1:4] for line in lines] == [["0", "3", "images"]] + [
        ["1", "3", "images"]
    ]
    assert [line.split()[-1] for line in lines] == list(saved.results_unique["pathnames"])


def test_unique_gives_paths_or_json_to_other_programs(model, tmp_path, capsys):
    assert main(["unique", model, "--paths"]) == 0
    paths = capsys.readouterr().out.splitlines()
    out = tmp_path / "out"
    assert main(["unique", model, "--json", "--metric", "cosine", "--out", str(out)]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["label"], row["n_images"]) for row in rows] == [(0, 3), (1, 3)]
    assert len(paths) == 2 and all(path.endswith(".png") for path in paths)
    with (out / "unique.csv").open(encoding="utf-8") as file:
        assert [row["pathname"] for row in csv.DictReader(file)] == [r["pathname"] for r in rows]
    assert (out / "unique.png").stat().st_size > 1000


def test_info_tells_what_is_in_a_model(model, capsys):
    assert main(["info", model]) == 0
    facts = dict(line.split(":", 1) for line in capsys.readouterr().out.splitlines())
    assert {
        name: value.strip() for name, value in facts.items() if name not in ("File", "Size")
    } == {
        "Images": "6",
        "Skipped": "0",
        "Features by": "pca",
        "Features per image": "1",
        "Height and width": "16 x 16",
        "Gray": "no",
        "Map by": "none",
        "Clusters by": "agglomerative",
        "Clusters": "2",
        "Not in a cluster": "0",
        "Images per cluster": "3 3",
        "Names": "none",
    }
    assert main(["info", model, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["path"], facts["sizes"], facts["embedding"]) == (model, [3, 3], None)


def test_recluster_writes_what_cluster_writes_without_reading_the_images(
    model, tmp_path, capsys, monkeypatch
):
    def refuse(self, *args, **options):
        raise AssertionError("no image is to be read")

    monkeypatch.setattr(Clustimage, "import_data", refuse)
    out, links = tmp_path / "out", tmp_path / "links"
    words = ["recluster", model, "--out", str(out), "--verbose", "error", "--k", "3"]
    assert main([*words, "--cluster", "kmeans", "--links", str(links)]) == 0
    said = capsys.readouterr().out
    assert "6 images in 3 clusters." in said and "6 of 6 images are in folders" in said
    assert Clustimage.load(out / "model.clustimage").labels_.max() == 2
    assert len(list(links.glob("cluster_?/*.png"))) == 6
    assert main(words) == 2
    assert "--overwrite" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words, sentence",
    [
        (["recluster", "MODEL", "--out", "OUT", "--k", "7"], "too few for 7 clusters ('--k')"),
        (["recluster", "MODEL", "--out", "OUT", "--apart"], "--apart keeps faces of one photo"),
        (["recluster", "MODEL", "--out", "OUT", "--action", "copy"], "'--action' needs --links"),
        (["recluster", "none", "--out", "OUT"], "no model file none"),
        (["info", "none"], "no model file none"),
        (["unique", "MODEL", "--metric", "cosin"], "Did you mean 'cosine'"),
    ],
)
def test_a_wrong_argument_is_one_sentence(words, sentence, model, tmp_path, capsys):
    places = {"MODEL": model, "OUT": str(tmp_path / "out")}
    assert main([*(places.get(word, word) for word in words), "--verbose", "error"]) == 2
    said = capsys.readouterr().err
    assert sentence in said and said.count("\n") == 1
    assert not (tmp_path / "out").exists()
