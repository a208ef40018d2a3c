from __future__ import annotations

import io
import tarfile

import numpy as np
import pytest
from PIL import Image

pa = pytest.importorskip("pyarrow")
pytest.importorskip("pyarrow.parquet")

from clustimage import ImageReadError, InvalidDataError  # noqa: E402
from clustimage.distributed._partitions import (  # noqa: E402
    Listed,
    list_images,
    partitions_of,
    read_listing,
)
from clustimage.images import DEFAULT_EXTENSIONS  # noqa: E402


def names(X, **options):
    return [one.path for one in list_images(X, ext=DEFAULT_EXTENSIONS, **options)]


@pytest.fixture
def folder(tmp_path):
    for name in ("a10.png", "a2.png", "below/b.png", "notes.doc"):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8)).save(path, "png")
    return tmp_path / "photos"


def test_a_folder_is_listed_as_on_one_machine(folder):
    found = [name.removeprefix(f"{folder}/") for name in names(folder)]
    assert found == ["a2.png", "a10.png", "below/b.png"]
    assert len(names(folder, recursive=False)) == 2
    assert len(names(folder, black_list=["below"])) == 2


def test_lists_of_paths_keep_their_order(folder):
    given = [str(folder / "a10.png"), [str(folder / "a2.png"), str(folder / "gone.png")]]
    assert names(given) == [given[0], *given[1]]
    assert names(np.array([given[0]], dtype=object)) == [given[0]]


def test_a_text_file_lists_paths_beside_it_and_urls(folder):
    (folder / "list.txt").write_text("a2.png\n\n  s3://b/c.jpg\n/abs/d.png\n", "utf-8")
    found = names(folder / "list.txt")
    assert found == [str(folder / "a2.png"), "s3://b/c.jpg", "/abs/d.png"]


def test_a_table_lists_the_column_of_paths(folder):
    table = pa.table({"kind": ["x", "y"], "path": ["a2.png", None]})
    pa.parquet.write_table(table, folder / "t.parquet")
    assert names(folder / "t.parquet") == [str(folder / "a2.png")]


def test_a_table_without_paths_is_an_error_that_names_it(folder):
    pa.parquet.write_table(pa.table({"n": [1.0]}), folder / "t.parquet")
    with pytest.raises(InvalidDataError, match=r"t\.parquet.*no column of paths"):
        names(folder / "t.parquet")


def test_what_is_no_table_is_an_error_that_names_it(folder):
    (folder / "t.parquet").write_bytes(b"no table")
    with pytest.raises(InvalidDataError, match=r"t\.parquet is no Parquet file"):
        names(folder / "t.parquet")


@pytest.mark.parametrize("name", ["list.txt", "t.parquet"])
def test_a_list_that_is_not_there_is_an_error(folder, name):
    with pytest.raises(ImageReadError, match=name):
        names(folder / name)


@pytest.mark.parametrize("X", [np.zeros((3, 4)), 3, [Image.new("RGB", (2, 2))]])
def test_arrays_and_pictures_are_refused(X):
    with pytest.raises(InvalidDataError, match="An engine reads files"):
        names(X)


def test_partitions_are_cut_from_a_stream(tmp_path):
    seen = []

    def stream():
        for number in range(25):
            seen.append(number)
            yield Listed(f"/{number}.png", number, "tag")

    found = partitions_of(stream(), 10, str(tmp_path))
    first = next(found)
    assert len(seen) < 15
    rest = list(found)
    assert [part.n for part in (first, *rest)] == [10, 10, 5]
    assert [part.number for part in rest] == [1, 2]
    again = list(partitions_of(stream(), 10, str(tmp_path)))
    assert [part.key for part in again] == [part.key for part in (first, *rest)]
    assert read_listing(rest[1].listing)[-1] == Listed("/24.png", 24, "tag")


def test_the_key_changes_with_the_content_of_a_file(tmp_path):
    one, other = (
        next(partitions_of([Listed("/a.png", 5, tag)], 10, str(tmp_path))).key for tag in "xy"
    )
    assert one != other


def test_a_tar_file_is_a_partition_of_its_own(folder, tmp_path):
    with tarfile.open(folder / "s.tar", "w") as shard:
        info = tarfile.TarInfo("x.png")
        shard.addfile(info, io.BytesIO())
    parts = list(partitions_of(list_images(folder, ext=DEFAULT_EXTENSIONS), 2, str(tmp_path)))
    assert sorted(part.n for part in parts) == [1, 1, 2]


def test_a_prefix_is_listed_as_a_folder(s3):
    for key in ("p/a.jpg", "p/b/c.png", "p/d.txt", "q/e.jpg"):
        s3.put(key, b"x")
    found = names(f"{s3.url}/p/")
    assert found == [f"{s3.url}/p/a.jpg", f"{s3.url}/p/b/c.png"]
    assert names(f"{s3.url}/p", recursive=False) == [f"{s3.url}/p/a.jpg"]
    assert names(f"{s3.url}/p", black_list=["b"]) == [f"{s3.url}/p/a.jpg"]
