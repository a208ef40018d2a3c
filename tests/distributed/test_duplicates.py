from __future__ import annotations

import os
import shutil
import signal
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageOps

pytest.importorskip("pyarrow", reason="pyarrow is not installed")

from clustimage import (  # noqa: E402
    Clustimage,
    ImageReadError,
    InvalidDataError,
    InvalidParameterError,
)
from clustimage._model import distributed_duplicates  # noqa: E402
from clustimage.distributed.duplicates import (  # noqa: E402
    _duplicate_comparison,
    _duplicate_run,
)
from clustimage.distributed.duplicates._duplicate_candidates import EqualFilesTask, find_equal_files  # noqa: E402


@pytest.fixture
def in_this_process(serial, monkeypatch):
    """Let engines of ours work without workers."""

    @contextmanager
    def engine_of(model):
        yield serial

    monkeypatch.setattr(distributed_duplicates, "engine_of", engine_of)


@pytest.fixture(scope="module")
def photos(tmp_path_factory, few_photos):
    """Photos, and of some of them an exact copy, a smaller, a mirrored and a cropped one."""
    folder = tmp_path_factory.mktemp("photos")
    for number, path in enumerate(few_photos[::5]):
        shutil.copy(path, folder / f"{number:02d}.jpg")
        if number % 3:
            continue
        shutil.copy(path, folder / f"{number:02d} exact.jpg")
        with Image.open(path) as file:
            image = file.convert("RGB")
        width, height = image.size
        image.resize((width // 2, height // 2)).save(folder / f"{number:02d} smaller.png")
        ImageOps.mirror(image).save(folder / f"{number:02d} mirrored.jpg", quality=60)
        cut = (width // 25, height // 25, width - width // 25, height - height // 25)
        image.crop(cut).save(folder / f"{number:02d} cropped.jpg", quality=90)
    (folder / "zz text.jpg").write_bytes(b"no image")
    (folder / "zz again.jpg").write_bytes(b"no image")
    Image.new("RGB", (40, 40)).save(folder / "zz black.png")
    Image.new("RGB", (50, 50)).save(folder / "zz black 2.png")
    (folder / "zz link.jpg").symlink_to("00.jpg")
    return folder


def model(engine, dirpath, size=7, **options):
    params = {"partition_size": size}
    return Clustimage(
        engine=engine, dirpath=dirpath, params_engine=params, verbose="error", **options
    )


def on_one_machine(X, **options):
    return Clustimage(verbose="error").duplicates(X, **options)


def assert_equal(found, expected):
    pd.testing.assert_frame_equal(found, expected)


@pytest.fixture(scope="module")
def expected(photos):
    table = on_one_machine(str(photos))
    assert set(table["kind"]) >= {"exact", "same pixels", "mirrored", "near"}
    return table


def test_the_workers_find_what_one_machine_finds(client, tmp_path, photos, expected):
    found = model(client, tmp_path).duplicates(str(photos))
    assert_equal(found, expected)
    written = pd.read_parquet(tmp_path / "duplicates.parquet")
    assert written["pathname"].tolist() == expected["pathname"].tolist()
    assert written["group"].tolist() == expected["group"].tolist()


def test_a_worker_that_dies_in_between_loses_nothing(client, tmp_path, photos, expected):
    mark = tmp_path / "died"
    client.run(killer(mark))
    try:
        found = model(client, tmp_path / "run").duplicates(str(photos))
    finally:
        client.run(healer())
    assert mark.exists()
    assert_equal(found, expected)


def killer(mark):
    """Return a function that lets the first task that fetches photos kill its worker."""

    def patch():
        plain = _duplicate_comparison._fetch_all

        def fetch_all(paths, folder):
            try:
                mark.touch(exist_ok=False)
            except FileExistsError:
                return plain(paths, folder)
            return os.kill(os.getpid(), signal.SIGKILL)

        fetch_all.plain = plain
        _duplicate_comparison._fetch_all = fetch_all

    return patch


def healer():
    def restore():
        fetch_all = _duplicate_comparison._fetch_all
        _duplicate_comparison._fetch_all = getattr(fetch_all, "plain", fetch_all)

    return restore


def test_real_photos_in_files_of_many_partitions(in_this_process, tmp_path, lent_data):
    X = str(lent_data / "imagededup_tests")
    found = model("local", tmp_path, size=3).duplicates(X)
    expected = on_one_machine(X)
    assert len(expected) == 19
    assert_equal(found, expected)


def test_a_second_call_opens_no_image(in_this_process, tmp_path, photos, expected):
    copy = tmp_path / "photos"
    shutil.copytree(photos, copy, symlinks=True)
    run = model("local", tmp_path / "run")
    first = run.duplicates(str(copy))
    assert len(first) == len(expected)
    for path in copy.iterdir():
        status = os.lstat(path)
        if not path.is_symlink():
            path.write_bytes(bytes(status.st_size))
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert_equal(run.duplicates(str(copy)), first)
    kinds = run.duplicates(str(copy), kinds=["exact"])
    assert set(kinds["kind"]) == {"exact"}


@pytest.mark.parametrize(
    "options",
    [
        {"kinds": ["exact"]},
        {"kinds": ["near", "same pixels"], "max_distance": "strict"},
        {"keep": "smallest", "min_share": 0.95},
    ],
    ids=["exact", "upright", "smallest"],
)
def test_the_options_mean_what_they_mean_on_one_machine(in_this_process, tmp_path, photos, options):
    found = model("local", tmp_path).duplicates(str(photos), **options)
    expected = on_one_machine(str(photos), **options)
    assert len(expected) > 4
    assert_equal(found, expected)


def test_folders_are_preferred(in_this_process, tmp_path, photos):
    below = tmp_path / "photos" / "below"
    shutil.copytree(photos, tmp_path / "photos", symlinks=True)
    below.mkdir()
    shutil.copy(photos / "00 smaller.png", below)
    found = model("local", tmp_path / "run").duplicates(str(tmp_path / "photos"), prefer=below)
    kept = found.loc[found["keep"], "pathname"].tolist()
    assert str(below / "00 smaller.png") in kept
    assert_equal(found, on_one_machine(str(tmp_path / "photos"), prefer=below))


def test_ranges_of_values_give_the_same_table(
    in_this_process, tmp_path, photos, expected, monkeypatch
):
    monkeypatch.setattr(_duplicate_run, "IMAGES_PER_FILE", 10)
    monkeypatch.setattr(_duplicate_run, "IMAGES_PER_TASK", 6)
    monkeypatch.setattr(_duplicate_run, "PAIRS_PER_FILE", 20)
    monkeypatch.setattr(_duplicate_run, "PAIRS_PER_TASK", 5)
    monkeypatch.setattr(_duplicate_run, "IMAGES_DESCRIBED_PER_TASK", 6)
    assert_equal(model("local", tmp_path).duplicates(str(photos)), expected)


def test_hundreds_of_equal_files_are_compared_with_none_of_each_other(
    in_this_process, tmp_path, few_photos, monkeypatch
):
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(300):
        shutil.copy(few_photos[0], folder / f"{number:03d}.jpg")
    with Image.open(few_photos[0]) as image:
        image.resize((image.width // 2, image.height // 2)).save(folder / "small.jpg")
    compared = []
    plain = _duplicate_comparison.DuplicateSearch.compare

    def compare(self, one, other):
        compared.append((one, other))
        return plain(self, one, other)

    monkeypatch.setattr(_duplicate_comparison.DuplicateSearch, "compare", compare)
    found = model("local", tmp_path / "run", size=50).duplicates(str(folder))
    assert len(found) == 301
    assert found["group"].nunique() == 1
    assert found["kind"].value_counts().to_dict() == {"exact": 300, "same pixels": 1}
    assert len(compared) < 10


def test_a_part_that_is_damaged_is_made_again(in_this_process, tmp_path, photos, expected):
    run = model("local", tmp_path)
    assert_equal(run.duplicates(str(photos)), expected)
    part = sorted((tmp_path / "work" / "images").glob("*.parquet"))[0]
    for path in (tmp_path / "work" / "duplicates").glob("*.parquet"):
        path.unlink()
    content = bytearray(part.read_bytes())
    content[len(content) // 3] ^= 255
    part.write_bytes(bytes(content))
    assert_equal(run.duplicates(str(photos)), expected)


def test_photos_in_an_object_store(in_this_process, tmp_path, photos, expected, s3):
    names = [path.name for path in sorted(photos.iterdir()) if not path.is_symlink()]
    for name in names:
        s3.put(f"raw/{name}", (photos / name).read_bytes())
    found = model("local", f"{s3.url}/run").duplicates(f"{s3.url}/raw")
    assert found["pathname"].str.startswith(f"{s3.url}/raw/").all()
    listed = on_one_machine([str(photos / name) for name in names])
    found_names, listed_names = (
        [path.rpartition("/")[2] for path in table["pathname"]] for table in (found, listed)
    )
    assert found_names == listed_names
    same = ["group", "kind", "distance", "keep", "width", "bytes", "format", "exif"]
    pd.testing.assert_frame_equal(found[same], listed[same])
    assert found["modified"].isna().all()
    keys = [item["Key"] for item in s3.client.list_objects_v2(Bucket=s3.bucket)["Contents"]]
    assert "run/duplicates.parquet" in keys
    with pytest.raises(InvalidDataError, match="Only files of this machine are removed"):
        Clustimage(verbose="error").plan_removal(found)
    preferred = model("local", tmp_path).duplicates(f"{s3.url}/raw", prefer=f"{s3.url}/raw")
    assert (preferred["reason"] == "in a preferred folder").sum() == 0


def test_photos_in_tar_files(in_this_process, tmp_path, photos):
    import tarfile

    folder = tmp_path / "tars"
    folder.mkdir()
    for end in ("jpg", "png"):
        with tarfile.open(folder / f"{end}.tar", "w") as tar:
            for path in sorted(photos.glob(f"0[03]*.{end}")):
                tar.add(path, path.name)
    found = model("local", tmp_path / "run").duplicates(str(folder))
    assert found["pathname"].str.startswith("tar://").all()
    assert found.groupby("group").size().tolist() == [5, 5]


def test_a_burst_is_refused_before_anything_is_listed(tmp_path):
    run = model("local", tmp_path)
    with pytest.raises(InvalidParameterError, match="'engine' cannot be combined with burst=2"):
        run.duplicates("/nowhere", burst=2)


def test_arrays_are_refused(in_this_process, tmp_path):
    with pytest.raises(InvalidDataError, match="An engine reads files"):
        model("local", tmp_path).duplicates(np.zeros((2, 8, 8)))


def test_no_image_is_an_error(in_this_process, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ImageReadError, match="No image"):
        model("local", tmp_path / "run").duplicates(str(tmp_path / "empty"))


def test_no_duplicates_are_an_empty_table(in_this_process, tmp_path, few_photos):
    found = model("local", tmp_path).duplicates([few_photos[0], few_photos[30]])
    expected = on_one_machine([few_photos[0], few_photos[30]])
    assert len(found) == 0
    assert_equal(found, expected)


def test_files_without_a_digest_are_equal_to_none(tmp_path):
    task = EqualFilesTask((), 0, 1, read_only=False)
    assert find_equal_files(task) == ([], [])
