"""Commands on images and models in an object store, run as a user runs them."""

from __future__ import annotations

import csv
import json

import pytest

from clustimage import Clustimage, InvalidParameterError, ModelFileError
from clustimage.cli import main

OPTIONS = ["--embedding", "none", "--k", "2", "--method", "pca", "--dim", "16", "16"]


@pytest.fixture
def photos(s3, colours):
    """The URL of a prefix with the six small pictures."""
    for path in sorted(colours.iterdir()):
        s3.put(f"photos/{path.name}", path.read_bytes())
    return f"{s3.url}/photos"


def test_a_prefix_is_clustered_and_its_urls_are_in_the_table(photos, tmp_path, capsys):
    words = ["cluster", photos, "--out", str(tmp_path / "out"), *OPTIONS, "--exclude", "5.png"]
    assert main([*words, "--cache", str(tmp_path / "cache"), "--verbose", "error"]) == 0
    with (tmp_path / "out" / "labels.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["url"] for row in rows] == [f"{photos}/{i}.png" for i in range(5)]
    assert [row["label"] for row in rows] == ["0", "1", "0", "1", "0"]
    capsys.readouterr()
    model = str(tmp_path / "out" / "model.clustimage")
    assert main(["unique", model, "--paths"]) == 0
    assert {line.rpartition("/")[0] for line in capsys.readouterr().out.splitlines()} == {photos}
    assert main(["find", f"{photos}/0.png", "--model", model, "--k", "2"]) == 0
    hits = [line.split()[-1] for line in capsys.readouterr().out.splitlines()[2:]]
    assert hits[0] == f"{photos}/0.png"
    assert all(hit.startswith(photos) for hit in hits)


def test_a_model_in_a_store_is_saved_loaded_and_updated(photos, s3, colours, tmp_path, capsys):
    cl = Clustimage(method="pca", embedding=None, dim=(16, 16), verbose="error")
    cl.fit(photos, n_clusters=2)
    url = f"{s3.url}/models/a.clustimage"
    assert cl.save(url) == url
    with pytest.raises(InvalidParameterError, match=f"{url} exists already"):
        cl.save(url)
    assert Clustimage.load(url).labels_.tolist() == cl.labels_.tolist()
    assert main(["info", url, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["path"], facts["images"], facts["clusters"]) == (url, 6, 2)
    assert (
        facts["bytes"]
        == s3.client.head_object(Bucket=s3.bucket, Key="models/a.clustimage")["ContentLength"]
    )
    s3.put("photos/new.png", (colours / "1.png").read_bytes())
    assert main(["update", url, photos]) == 0
    assert "1 new" in capsys.readouterr().out
    assert len(Clustimage.load(url).labels_) == 7
    assert main(["update", url, photos]) == 0
    assert "Nothing has changed" in capsys.readouterr().out


def test_no_model_or_a_broken_one_is_said_with_its_url(s3):
    with pytest.raises(ModelFileError, match="There is no model file s3://"):
        Clustimage.load(f"{s3.url}/none.clustimage")
    url = s3.put("words.clustimage", b"words")
    with pytest.raises(ModelFileError, match=f"Cannot load {url}"):
        Clustimage.load(url)


def test_results_of_a_command_go_to_a_store(photos, s3, capsys):
    assert main(["cluster", photos, "--out", f"{s3.url}/out", *OPTIONS]) == 0
    assert f"Written to {s3.url}/out." in capsys.readouterr().out
    keys = {row["Key"] for row in s3.client.list_objects_v2(Bucket=s3.bucket)["Contents"]}
    assert {"out/labels.csv", "out/model.clustimage", "out/report.html"} <= keys
    assert main(["cluster", photos, "--out", f"{s3.url}/out", *OPTIONS]) != 0
    assert "holds results already (labels.csv" in capsys.readouterr().err


def test_copies_are_named_by_their_urls(photos, s3, colours, capsys):
    s3.put("photos/copy.png", (colours / "3.png").read_bytes())
    assert main(["duplicates", photos, "--kinds", "exact", "--verbose", "error"]) == 0
    out = capsys.readouterr().out
    assert f"{photos}/3.png" in out and f"{photos}/copy.png" in out


def test_an_address_of_nothing_is_an_error_in_one_line(photos, tmp_path, capsys):
    assert main(["cluster", f"{photos}s", "--out", str(tmp_path / "out"), *OPTIONS]) != 0
    err = capsys.readouterr().err
    assert f"There is nothing at {photos}s" in err and "Traceback" not in err
