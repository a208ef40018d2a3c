"""A saved model that somebody has changed is refused by a sentence that names the part."""

from __future__ import annotations

import io
import json
import logging
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clustimage import Clustimage, ModelFileError, import_example


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> list[str]:
    return import_example("shapes", dirpath=str(tmp_path_factory.mktemp("shapes")))[:60]


@pytest.fixture(scope="module", params=["pca", "phash"])
def saved(request, photos, tmp_path_factory) -> Path:
    """Return a file with everything in it that a file can hold."""
    cl = Clustimage(method=request.param, embedding="pca", dim=(32, 32), verbose="silent")
    cl.fit_transform(photos, n_clusters=4)
    assert len(cl.metadata)
    cl.rename({0: "round"})
    cl.move([1], to=2)
    assert cl.verdict.k == 4
    cl.cluster_table()
    cl.find(photos[3], k=3)
    return Path(cl.save(tmp_path_factory.mktemp("saved") / "model.clustimage"))


# A table of many rows and no columns.
NOTHING = {"range": [0, 0, 1], "name": None}
EMPTY = {"kind": "frame", "index": {**NOTHING, "range": [0, 10**9, 1]}, "columns": NOTHING}
EMPTY["data"] = []


def members_of(saved: Path) -> tuple[dict[str, bytes], dict[str, Any]]:
    with zipfile.ZipFile(saved) as container:
        members = {name: container.read(name) for name in container.namelist()}
    return members, json.loads(members["model.json"])


def write(path: Path, members: dict[str, bytes], model: dict[str, Any]) -> None:
    with zipfile.ZipFile(path, "w") as container:
        for name, content in members.items():
            container.writestr(name, json.dumps(model) if name == "model.json" else content)


@pytest.mark.parametrize(
    ("keys", "value", "words"),
    [
        (("results", "labels"), None, "'results.labels' must be there with the clustering"),
        (("clustering", "best"), 99, "with a row for clustering.best"),
        (("clustering", "tree"), {"kind": "array", "number": 0}, "Cannot load"),
        (("names", "0"), 3, "'names.0' must be text"),
        (("verdict", "confidence"), "sure", "must be one of 'high', 'medium', 'low', 'no groups'"),
        (("verdict", "typical"), [1000], "numbers from 0 to 59"),
        (("metadata", "make"), ["a"], "'metadata.make' must be of the length 60, not 1"),
        (("results", "predict"), {"kind": "dict", "items": {"feat": EMPTY}}, "a table of 0 rows"),
        (("given", "max_memory"), "a lot", "max_memory"),
        (("given", "method"), "guess", "'method' must be one of"),
    ],
)
def test_the_message_names_the_part(saved, tmp_path, keys, value, words):
    members, model = members_of(saved)
    holder = model["state"]["items"]
    for key in keys[:-1]:
        holder = holder[key]["items"]
    holder[keys[-1]] = value
    write(tmp_path / "changed.clustimage", members, model)
    with pytest.raises(ModelFileError, match=words):
        Clustimage.load(tmp_path / "changed.clustimage")


@pytest.mark.parametrize(
    ("keys", "changed", "words"),
    [
        (("metadata", "timestamp"), 1e300, "numbers from -6.18e\\+10 to 2.5e\\+11, or NaN"),
        (("metadata", "width"), np.inf, "'metadata.width' must be numbers"),
        (("metadata", "latitude"), 91.0, "numbers from -90 to 90"),
        (("unique", "labels"), 2**60, "the labels of the clusters, ascending"),
        (("unique", "idx"), 0, "an image of each cluster"),
    ],
)
def test_a_changed_number_of_an_array_is_refused(keys, changed, words, saved, tmp_path):
    members, model = members_of(saved)
    part = model["state"]["items"]
    for key in keys:
        part = part[key] if part.get("kind") is None else part["items"][key]
    name = f"arrays/{part['number']:05d}.npy"
    array = np.load(io.BytesIO(members[name]))
    array[:2] = changed
    file = io.BytesIO()
    np.save(file, array)
    members[name] = file.getvalue()
    write(tmp_path / "changed.clustimage", members, model)
    with pytest.raises(ModelFileError, match=words):
        Clustimage.load(tmp_path / "changed.clustimage")


@pytest.mark.parametrize(("column", "words"), [(1, "distance"), (2, "y_proba")])
def test_numbers_of_an_answer_that_are_none_are_refused(column, words, saved, tmp_path):
    members, model = members_of(saved)
    tables = model["state"]["items"]["results"]["items"]["predict"]["items"]
    (table,) = [table for name, table in tables.items() if name != "feat"]
    name = f"arrays/{table['data'][column]['values']['number']:05d}.npy"
    file = io.BytesIO()
    np.save(file, np.full_like(np.load(io.BytesIO(members[name])), np.nan))
    members[name] = file.getvalue()
    write(tmp_path / "changed.clustimage", members, model)
    with pytest.raises(ModelFileError, match=f"{words}' must be numbers from 0"):
        Clustimage.load(tmp_path / "changed.clustimage")


def test_an_offset_that_is_none_is_refused(saved, tmp_path):
    members, model = members_of(saved)
    model["state"]["items"]["metadata"]["items"]["offset"][0] = "soon"
    write(tmp_path / "changed.clustimage", members, model)
    with pytest.raises(ModelFileError, match=r"an offset such as '\+02:00'"):
        Clustimage.load(tmp_path / "changed.clustimage")


def test_the_engine_in_a_file_is_not_connected_to(saved, photos, tmp_path):
    members, model = members_of(saved)
    model["state"]["items"]["given"]["items"]["engine"] = "tcp://127.0.0.1:9"
    write(tmp_path / "changed.clustimage", members, model)
    back = Clustimage.load(tmp_path / "changed.clustimage")
    assert back.get_params()["engine"] is None
    assert len(back.find(photos[30], k=3)) == 2


def test_the_folder_in_a_file_is_not_made_and_not_used(photos, tmp_path, caplog):
    there, here = tmp_path / "there", tmp_path / "here"
    cl = Clustimage(method="phash", embedding=None, dirpath=there, verbose="silent")
    cl.fit_transform(photos[:20], n_clusters=3)
    path = cl.save(tmp_path / "model.clustimage")
    there.rename(tmp_path / "moved")
    with caplog.at_level(logging.INFO, logger="clustimage"):
        back = Clustimage.load(path)
        assert back.params["dirpath"] is None
    assert len(back.find(photos[30], k=3)) == 2
    assert not there.exists()
    with_cache = Clustimage.load(path, dirpath=here)
    with_cache.find(photos[30], k=3)
    assert here.is_dir() and not there.exists()
