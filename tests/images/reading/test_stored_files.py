"""Images in object stores: listed, fetched once, and read like those of a folder."""

from __future__ import annotations

import io
import logging
from itertools import repeat
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from clustimage import Clustimage, listdir
from clustimage._core import object_store
from clustimage._core.errors import ImageReadError, InvalidParameterError, StoreError
from clustimage.images import load_images
from clustimage.images.reading import _url_files


def picture(red: int, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (9, 9), (red, 255, 0)).save(file, format=kind)
    return file.getvalue()


@pytest.fixture
def photos(s3, monkeypatch):
    """A bucket with four photos in two folders, and more beside them."""
    monkeypatch.setattr(object_store, "FIRST_PAUSE", 0.001)
    for red, key in enumerate(["10.png", "2.PNG", "sub/a#%20 ?é.png", "sub/raw/b.png"]):
        s3.put(f"photos/{key}", picture(60 * red))
    s3.put("photos/notes.txt", b"words")
    s3.put("photos/film.mov", b"film")
    s3.put("photos/out/.clustimage-output", b"")
    s3.put("photos/out/map.png", picture(9))
    s3.put("photos/out/crop.png", picture(9))
    s3.put("other/c.png", picture(9))
    return s3


def test_a_prefix_is_read_as_the_folder_would_be(photos, tmp_path):
    keys = [file["Key"] for file in photos.client.list_objects_v2(Bucket=photos.bucket)["Contents"]]
    for key in keys:
        (tmp_path / key).parent.mkdir(parents=True, exist_ok=True)
        photos.client.download_file(photos.bucket, key, str(tmp_path / key))
    there = load_images(f"{photos.url}/photos", dim=(2, 2), download_dir=tmp_path / "fetched")
    here = load_images(tmp_path / "photos", dim=(2, 2))
    names = ["2.PNG", "10.png", "a#%20 ?é.png", "b.png"]
    assert there.filenames.tolist() == here.filenames.tolist() == names
    np.testing.assert_array_equal(there.pixels, here.pixels)
    urls = [f"{photos.url}/photos/{key}" for key in ("2.PNG", "10.png", "sub/a#%20 ?é.png")]
    assert there.url.tolist() == [*urls, f"{photos.url}/photos/sub/raw/b.png"]
    assert {Path(path).parent for path in there.pathnames} == {tmp_path / "fetched"}
    assert [row.reason for row in there.status] == [row.reason for row in here.status]
    assert there.status[-1].pathname == f"{photos.url}/photos/out"
    assert listdir(f"{photos.url}/photos/") == there.url.tolist()


def test_folders_and_names_are_left_out_as_on_a_disk(photos):
    url = f"{photos.url}/photos"
    assert [Path(name).name for name in listdir(url, recursive=False)] == ["2.PNG", "10.png"]
    for black_list in ("raw", "sub/raw", "b.*"):
        assert len(listdir(url, black_list=black_list)) == 3, black_list
    assert listdir(url, black_list="sub") == listdir(url, recursive=False)
    assert listdir(url, ext=".txt") == [f"{url}/notes.txt"]
    assert listdir(f"{url}/out") == [f"{url}/out/crop.png"]


def test_urls_files_and_folders_mix_and_keep_their_order(photos, tmp_path):
    (tmp_path / "own.png").write_bytes(picture(200))
    url = f"{photos.url}/photos"
    given = [f"{url}/10.png", tmp_path / "own.png", f"{url}/sub/", f"{url}/gone.png", "s3://none/x"]
    given.append(f"{photos.url}/nothing")
    images = load_images(given, dim=(1, 1), download_dir=tmp_path / "fetched")
    assert images.pixels[:, 0, 0, 0].tolist() == [0, 200, 120, 180]
    status = {row.pathname: row.reason for row in images.status if row.status == "skipped"}
    assert status[f"{url}/gone.png"].startswith(f"There is nothing at {url}/gone.png")
    assert status["s3://none/x"].startswith("There is no bucket 'none'")
    assert status[f"{photos.url}/nothing"].startswith("There is nothing at")
    table = pd.DataFrame({"path": [f"{url}/10.png", f"{url}/2.PNG"], "n": [1, 2]})
    assert load_images(table, dim=(1, 1)).url.tolist() == table["path"].tolist()


def test_what_is_there_already_is_not_fetched_again(photos, s3_faults, tmp_path):
    url = f"{photos.url}/photos/"
    load_images(url, dim=(2, 2), download_dir=tmp_path)
    fetched = [line for line in s3_faults.requests if "list-type" not in line]
    assert len(fetched) == 4
    s3_faults.requests.clear()
    load_images(url, dim=(2, 2), download_dir=tmp_path)
    assert len(s3_faults.requests) == 1
    photos.put("photos/10.png", picture(255))
    s3_faults.requests.clear()
    images = load_images(url, dim=(1, 1), download_dir=tmp_path)
    assert [line for line in s3_faults.requests if "list-type" not in line] == [
        f"GET /{photos.bucket}/photos/10.png"
    ]
    assert images.pixels[1, 0, 0].tolist() == [255, 255, 0]


def test_many_urls_are_not_asked_for_before_they_are_read(photos, s3_faults):
    given = [f"{photos.url}/photos/{n}.png" for n in range(50)]
    assert Clustimage(verbose="silent").plan(given).steps[0] is not None
    assert s3_faults.requests == []


def test_one_image_is_read_and_an_address_of_nothing_is_an_error(photos):
    images = load_images(f"{photos.url}/photos/10.png", dim=(1, 1))
    assert images.filenames.tolist() == ["10.png"]
    with pytest.raises(StoreError, match="There is nothing at s3://.*/phot"):
        load_images(f"{photos.url}/phot")
    with pytest.raises(ImageReadError, match="No image found: looked in s3://.*1 files seen"):
        load_images(
            f"{photos.url}/photos",
            ext="xyz",
            recursive=False,
            black_list=["*.png", "*.PNG", "*.mov"],
        )
    with pytest.raises(InvalidParameterError, match="'s3://' names no bucket"):
        load_images("s3://")


def test_a_busy_store_is_a_reason_to_skip_one_image(photos, s3_faults, caplog):
    s3_faults.on = f"GET /{photos.bucket}/photos/10.png"
    s3_faults.plan = repeat("SlowDown")
    with caplog.at_level(logging.WARNING, logger="clustimage"):
        images = load_images(f"{photos.url}/photos", dim=(2, 2))
    assert len(images.pixels) == 3
    (skipped,) = [row for row in images.status if row.status == "skipped" and row.is_input]
    assert skipped.pathname == f"{photos.url}/photos/10.png"
    assert "cannot be read now: the store is busy" in skipped.reason
    assert "Skipped 1 of 4 images" in caplog.text


def test_a_prefix_that_cannot_be_listed_now_is_an_error_also_in_a_list(photos, s3_faults):
    s3_faults.plan = repeat("SlowDown")
    s3_faults.on = f"GET /{photos.bucket}?list"
    with pytest.raises(StoreError, match="cannot be listed now"):
        load_images([f"{photos.url}/photos/", f"{photos.url}/other/c.png"])


def test_a_body_that_is_cut_off_twice_gives_the_same_image(photos, s3_faults):
    s3_faults.on = f"GET /{photos.bucket}/other/c.png"
    s3_faults.plan = iter(["cut", "cut"])
    images = load_images(f"{photos.url}/other/c.png", dim=(1, 1))
    assert images.pixels[0, 0, 0].tolist() == [9, 255, 0]


def test_a_file_that_is_too_long_or_too_slow_is_skipped(photos, s3_faults, monkeypatch):
    monkeypatch.setattr(_url_files, "MAX_BYTES", 10)
    with pytest.raises(ImageReadError, match=r"c\.png is \d+ bytes long, more than the 10 bytes"):
        load_images(f"{photos.url}/other/c.png")
    monkeypatch.setattr(_url_files, "MAX_BYTES", 1000)
    monkeypatch.setattr(_url_files, "DEADLINE", 0.3)
    s3_faults.on, s3_faults.plan = f"GET /{photos.bucket}/other/c.png", repeat("slow")
    with pytest.raises(ImageReadError, match=r"c\.png took too long"):
        load_images(f"{photos.url}/other/c.png")


def test_faces_and_duplicates_take_urls(photos, tmp_path):
    photos.put("photos/copy.png", picture(60))
    cl = Clustimage(verbose="silent", dirpath=tmp_path / "model")
    table = cl.duplicates(f"{photos.url}/photos", kinds=["exact"])
    assert len(table) == 2
    assert set(table["kind"]) == {"exact"}
    faces = cl.extract_faces(f"{photos.url}/other")
    assert faces["filenames"].tolist() == ["c.png"]


def test_other_stores_of_fsspec_are_read_alike(tmp_path):
    store = pytest.importorskip("fsspec", reason="fsspec is not installed").filesystem("memory")
    for red, name in enumerate(["10.png", "2.png", "sub/3.png"]):
        store.pipe_file(f"/photos/{name}", picture(red))
    try:
        images = load_images("memory://photos", dim=(1, 1), download_dir=tmp_path)
        assert images.url.tolist() == [f"memory://photos/{n}" for n in ("2.png", "10.png")] + [
            "memory://photos/sub/3.png"
        ]
        assert images.pixels[:, 0, 0, 0].tolist() == [1, 0, 2]
    finally:
        store.store.clear()
