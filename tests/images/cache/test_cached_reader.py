"""Large files are read through the cache without being held."""

from __future__ import annotations

from PIL import Image

from clustimage.images import load_images, open_cache
from clustimage.images.cache import _cached_reader


def test_files_of_more_than_a_piece_are_kept_and_known_again(tmp_path, monkeypatch):
    monkeypatch.setattr(_cached_reader, "MAX_PIECE", 10)
    photos = [tmp_path / f"{i}.png" for i in range(3)]
    for i, photo in enumerate(photos):
        Image.new("L", (9, 9), 50 * i).save(photo)
    cache = open_cache(tmp_path / "cache")
    first = load_images(photos, dim=(4, 4), cache=cache)
    assert first.keys is not None and None not in first.keys

    def decode(*given: object) -> str:
        raise AssertionError("it is decoded again")

    monkeypatch.setattr(_cached_reader, "decode", decode)
    again = load_images(photos, dim=(4, 4), cache=cache)
    assert again.keys == first.keys
    assert (again.pixels == first.pixels).all()


def test_a_large_file_that_changes_meanwhile_is_not_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(_cached_reader, "MAX_PIECE", 10)
    photo = tmp_path / "a.png"
    Image.new("L", (9, 9), 0).save(photo)
    cache = open_cache(tmp_path / "cache")
    real = _cached_reader.decode

    def decode(*given: object) -> object:
        image = real(*given)
        Image.new("L", (20, 20), 255).save(photo)
        return image

    monkeypatch.setattr(_cached_reader, "decode", decode)
    images = load_images([photo], dim=(4, 4), cache=cache)
    assert images.pixels.max() == 255 and images.keys == [None]
