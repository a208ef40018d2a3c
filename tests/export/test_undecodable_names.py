"""File names that are not valid Unicode: every table can be written, and the files open."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clustimage import Clustimage

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="names of files are text here")

NAMES = [b"caf\xe9.png", b"\xff\xfe.png", "日本.png".encode(), b"ok.png"]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    for n, name in enumerate(NAMES):
        pixels = np.random.default_rng(n).integers(0, 255, (16, 16, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(Path(os.fsdecode(os.fsencode(folder) + b"/" + name)))
    (folder / os.fsdecode(b"bad\xe9.png")).write_bytes(b"nothing")
    cl = Clustimage(method="pca", embedding="pca", dim=(16, 16), verbose="silent")
    cl.fit_transform(str(folder), n_clusters=2)
    return cl


def tables(cl: Clustimage, out: Path):
    found = cl.find(cl.results["pathnames"].tolist(), k=2)
    yield cl.to_frame()
    yield cl.import_status
    yield cl.metadata
    yield cl.cluster_table()
    yield from found.values()
    yield cl.to_dirs(out, action="copy")


def test_every_table_can_be_written(model, tmp_path):
    for n, table in enumerate(tables(model, tmp_path / "out")):
        table.to_csv(tmp_path / f"{n}.csv")
        table.to_json(tmp_path / f"{n}.json", force_ascii=False, date_format="iso")
        table.to_html(tmp_path / f"{n}.html")
        str(table).encode()


def test_names_are_spelled_with_a_backslash_and_the_results_open_the_files(model, tmp_path):
    names = {os.fsdecode(name) for name in NAMES}
    assert set(model.results["filenames"]) == names
    assert all(Path(path).is_file() for path in model.results["pathnames"])
    table = model.to_frame()
    spelled = {"caf\\udce9.png", "\\udcff\\udcfe.png", "日本.png", "ok.png"}
    assert set(table["filename"]) == spelled
    assert [Path(path).name for path in table["pathname"]] == table["filename"].tolist()
    found = model.find(model.results["pathnames"].tolist(), k=2)
    assert set(found) == {"feat", *names}
    assert set(found["feat"].index) == spelled
    assert found[os.fsdecode(NAMES[0])]["y_filenames"].iloc[0] == "caf\\udce9.png"


def test_moved_names_are_spelled_so_too(model, tmp_path):
    cl = Clustimage.load(model.save(tmp_path / "model"))
    cl.find(cl.results["pathnames"].tolist(), k=1)
    before = [Path(path).read_bytes() for path in cl.results["pathnames"]]
    table = cl.to_dirs(tmp_path / "out", action="copy")
    assert set(table["status"]) == {"done"}
    cl.results["pathnames"][:] = [
        os.path.join(tmp_path / "out", f"cluster_{label}", name)  # noqa: PTH118
        for label, name in zip(cl.results["labels"], cl.results["filenames"], strict=True)
    ]
    cl.to_dirs(tmp_path / "moved", action="move").to_csv(tmp_path / "moved.csv")
    assert [Path(path).read_bytes() for path in cl.results["pathnames"]] == before
    for found in cl.results["predict"].values():
        found.to_csv(tmp_path / "found.csv")
