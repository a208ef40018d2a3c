"""Features that an earlier run has kept: the same as computed ones, and never those of another."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clustimage.features import EXTRACTORS, _stored, make_extractor
from clustimage.features._pca import PCAExtractor
from clustimage.features._stored import cache_key_of, stored_rows
from clustimage.images import canonical, describe_cache, load_images, open_cache

pytestmark = pytest.mark.usefixtures("short_learning")

# Every setting of every extractor that keeps something, with a value that is not its default.
OTHER = {
    "hash_size": 4,
    "binbits": 2,
    "max_segments": 3,
    "orientations": 5,
    "pixels_per_cell": (6, 4),
    "cells_per_block": (2, 1),
    "n_components": 2,
    "random_state": 7,
    "solver": "full",
}
# What keeps nothing, or elsewhere; and the network, whose own tests need its weights.
ELSEWHERE = {None, "cnn", "exif", "face", "precomputed"}
METHODS = sorted(set(EXTRACTORS) - ELSEWHERE)
N = 8


@pytest.fixture
def folder(tmp_path, colour) -> Path:
    """Eight pictures in colour."""
    base = tmp_path / "photos"
    base.mkdir()
    for number, pixels in enumerate(colour[:N]):
        Image.fromarray(pixels).save(base / f"{number}.png")
    return base


@pytest.fixture
def place(tmp_path) -> Path:
    return tmp_path / "work"


def made(name, **settings):
    return EXTRACTORS[name](**settings)


def read(folder, place, **options):
    return load_images(folder, **{"dim": (32, 24), **options, "cache": open_cache(place)})


def settings_of(name):
    return sorted(set(made(name).get_params()) - {"n_jobs"})


def change(place, query):
    connection = sqlite3.connect(place / "cache.sqlite")
    connection.execute(query)
    connection.commit()
    connection.close()


def refuse(*args, **options):
    raise AssertionError("computed again")


@pytest.mark.parametrize("name", METHODS)
def test_a_second_run_computes_nothing_and_gives_the_same(name, folder, place, monkeypatch):
    plain = made(name)
    feat = plain.fit_images(load_images(folder, dim=(32, 24)))
    first = made(name).fit_images(read(folder, place))
    for step in ("transform", "fit_transform", "_fit_rows"):
        monkeypatch.setattr(EXTRACTORS[name], step, refuse, raising=False)
    second = made(name)
    found = second.fit_images(read(folder, place))
    for again in (first, found):
        assert again.dtype == np.float32 and again.flags.writeable
        np.testing.assert_array_equal(again, feat)
    state = plain.get_state()
    assert second.get_state().keys() == state.keys()
    for key, value in second.get_state().items():
        np.testing.assert_array_equal(value, state[key])
        assert np.asarray(value).dtype == np.asarray(state[key]).dtype
    monkeypatch.undo()
    new = load_images(folder / "0.png", dim=(32, 24))
    np.testing.assert_array_equal(second.transform_images(new), feat[:1])


@pytest.mark.parametrize("name", METHODS)
def test_no_changed_setting_reads_stale_data(name, folder, place):
    variants = [{}] + [{setting: OTHER[setting]} for setting in settings_of(name)]
    readings = [{}, {"dim": (24, 32)}, {"grayscale": True}]
    runs = [({}, reading) for reading in readings] + [(variant, {}) for variant in variants]
    for _ in range(2):
        for variant, reading in runs:
            expected = made(name, **variant).fit_images(
                load_images(folder, **{"dim": (32, 24), **reading})
            )
            found = made(name, **variant).fit_images(read(folder, place, **reading))
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", METHODS)
def test_every_setting_but_the_workers_is_part_of_the_cache_key(name, folder, monkeypatch):
    images = load_images(folder, dim=(32, 24))
    cache_keys = {canonical(cache_key_of(made(name), images))}
    for setting in settings_of(name):
        cache_keys.add(canonical(cache_key_of(made(name, **{setting: OTHER[setting]}), images)))
    assert len(cache_keys) == 1 + len(settings_of(name))
    if "n_jobs" in made(name).get_params():
        assert canonical(cache_key_of(made(name, n_jobs=1), images)) in cache_keys
    monkeypatch.setattr(_stored, "_version", lambda package: "0.1")
    assert canonical(cache_key_of(made(name), images)) not in cache_keys


def test_no_two_methods_share_what_they_keep(folder):
    images = load_images(folder)
    kinds = {EXTRACTORS[name] for name in METHODS}
    assert len({canonical(cache_key_of(kind(), images)) for kind in kinds}) == len(kinds)


@pytest.mark.parametrize("name", ["hog", "phash"])
def test_only_rows_of_new_and_changed_files_are_computed(name, folder, place, monkeypatch):
    made(name).fit_images(read(folder, place))
    Image.open(folder / "1.png").rotate(90).save(folder / "new.png")
    Image.open(folder / "2.png").rotate(90).save(folder / "3.png")
    (folder / "0.png").rename(folder / "moved.png")
    sizes, original = [], EXTRACTORS[name].transform

    def counting(self, X):
        sizes.append(len(X))
        return original(self, X)

    monkeypatch.setattr(EXTRACTORS[name], "transform", counting)
    feat = made(name).fit_images(read(folder, place))
    assert sizes == [2]
    monkeypatch.undo()
    np.testing.assert_array_equal(feat, made(name).fit_images(load_images(folder, dim=(32, 24))))


def test_another_set_or_order_is_learned_anew(folder, place):
    files = sorted(folder.iterdir())
    for some in (files, files[::-1], files[1:], files + files[:1]):
        found, plain = PCAExtractor(), PCAExtractor()
        feat = found.fit_images(read(some, place))
        np.testing.assert_array_equal(feat, plain.fit_images(load_images(some, dim=(32, 24))))
        np.testing.assert_array_equal(found.mean_, plain.mean_)
    assert len(describe_cache(place).fits) == 4


def test_the_eight_newest_fits_are_kept(folder, place, monkeypatch):
    for count in range(1, 8):
        PCAExtractor(count).fit_images(read(folder, place))
    for count in range(1, 4):
        PCAExtractor(count, solver="full").fit_images(read(folder, place))
    texts = [text for text, _ in describe_cache(place).fits]
    assert len(texts) == 8
    assert '"n_components": 3' in texts[0] and '"n_components": 3' in texts[-1]
    monkeypatch.setattr(PCAExtractor, "_fit_rows", refuse)
    PCAExtractor(3).fit_images(read(folder, place))
    with pytest.raises(AssertionError, match="computed again"):
        PCAExtractor(2).fit_images(read(folder, place))


def test_a_fit_too_large_to_keep_is_computed_each_time(folder, place, monkeypatch):
    monkeypatch.setattr("clustimage.images.cache._session.MAX_FIT_BYTES", 100)
    for _ in range(2):
        assert PCAExtractor(2).fit_images(read(folder, place)).shape == (N, 2)
    assert describe_cache(place).fits == []


class Mine(PCAExtractor):
    """A class of the user's own."""


@pytest.mark.parametrize(
    "extractor",
    [
        make_extractor(None, {}),
        make_extractor(PCAExtractor(2), {}),
        Mine(2),
        PCAExtractor(2, random_state=None),
        PCAExtractor(2, random_state=np.random.RandomState(0)),
    ],
    ids=["raw", "own object", "own class", "no seed", "generator"],
)
def test_what_is_not_known_in_full_keeps_nothing(extractor, folder, place):
    for _ in range(2):
        extractor.fit_images(read(folder, place))
    info = describe_cache(place)
    assert (info.rows, info.fits) == ([], [])


@pytest.mark.parametrize("name", ["hog", "pca", "pca-hog", "ahash"])
def test_images_that_are_no_files_are_computed(name, folder, place):
    mixed = [*sorted(folder.iterdir()), np.asarray(Image.open(folder / "0.png").rotate(180))]
    for _ in range(2):
        feat = made(name).fit_images(read(mixed, place))
        expected = made(name).fit_images(load_images(mixed, dim=(32, 24)))
        np.testing.assert_array_equal(feat, expected)
    assert sum(count for _, count in describe_cache(place).rows) in (0, N)
    assert describe_cache(place).fits == []


@pytest.mark.parametrize(
    "name, query",
    [
        ("hog", "UPDATE rows SET value = zeroblob(length(value))"),
        ("hog", "UPDATE rows SET value = x'00'"),
        ("pca", "UPDATE parts SET value = zeroblob(length(value)) WHERE name = 'mean_'"),
        ("pca", "DELETE FROM parts WHERE name = 'components_'"),
        ("pca", "UPDATE fits SET value = '{}'"),
    ],
)
def test_damaged_features_are_computed_again(name, query, folder, place, monkeypatch):
    feat = made(name).fit_images(read(folder, place))
    change(place, query)
    np.testing.assert_array_equal(made(name).fit_images(read(folder, place)), feat)
    monkeypatch.setattr(EXTRACTORS[name], "transform", refuse)
    np.testing.assert_array_equal(made(name).fit_images(read(folder, place)), feat)


def test_a_file_that_changed_since_it_was_read_keeps_no_features(folder, place):
    images = read(folder, place)
    Image.open(folder / "1.png").rotate(90).save(folder / "0.png")
    made("hog").fit_images(images)
    assert [count for _, count in describe_cache(place).rows] == [N - 1]


def test_images_of_another_size_are_refused_with_a_cache_too(folder, place):
    extractor = made("phash").fit(np.zeros((1, 8, 8), np.uint8))
    with pytest.raises(ValueError, match="was fitted on 8 by 8"):
        extractor.transform_images(read(folder, place))


# --- stored_rows by itself ------------------------------------------------------------------------


class Computing:
    """Computes the mean of each image, in batches, and tells of what."""

    def __init__(self, images, size=3, stop_after=99):
        self.images, self.size, self.stop_after, self.asked = images, size, stop_after, []

    def __call__(self, positions):
        for start in range(0, len(positions), self.size):
            if len(self.asked) >= self.stop_after:
                raise KeyboardInterrupt
            part = positions[start : start + self.size]
            self.asked.append(part.tolist())
            yield part, self.images.flat[part].mean(axis=1, keepdims=True)


def test_batches_are_kept_as_they_come(folder, place):
    images = read(folder, place)
    with pytest.raises(KeyboardInterrupt):
        stored_rows(images, {"method": "mean"}, Computing(images, stop_after=2))
    rest = Computing(images)
    rows = stored_rows(images, {"method": "mean"}, rest)
    assert rest.asked == [[6, 7]]
    np.testing.assert_allclose(rows[:, 0], images.flat.mean(axis=1), rtol=1e-6)


def test_compute_is_not_called_where_all_is_known(folder, place):
    images = read(folder, place)
    rows = stored_rows(images, {"method": "mean"}, Computing(images))
    np.testing.assert_array_equal(stored_rows(images, {"method": "mean"}, refuse), rows)


def test_files_of_one_content_are_computed_once(folder, place):
    (folder / "5.png").write_bytes((folder / "2.png").read_bytes())
    images = read([folder, folder / "2.png"], place)
    computing = Computing(images, size=99)
    rows = stored_rows(images, {"method": "mean"}, computing)
    assert computing.asked == [[0, 1, 2, 3, 4, 6, 7]]
    np.testing.assert_allclose(rows[:, 0], images.flat.mean(axis=1), rtol=1e-6)


def test_without_a_cache_or_a_key_all_is_computed(folder, place):
    for images, key in ((load_images(folder), {"method": "mean"}), (read(folder, place), None)):
        for _ in range(2):
            computing = Computing(images, size=99)
            assert stored_rows(images, key, computing).shape == (N, 1)
            assert computing.asked == [list(range(N))]
