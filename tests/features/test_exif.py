"""Rows of when and where: finite, in known columns, and right all over the earth."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational
from sklearn.exceptions import NotFittedError
from sklearn.metrics.pairwise import haversine_distances

from clustimage._core.errors import InvalidDataError
from clustimage._distances.geo import EARTH_RADIUS
from clustimage.export._codec import Decoder, Encoder
from clustimage.features import ExifExtractor, make_extractor
from clustimage.images import load_images, read_metadata

BERLIN, POTSDAM, FIJI, TAVEUNI = (52.52, 13.405), (52.39, 13.06), (-16.8, 179.99), (-16.8, -179.99)


def photo(when: str | None = None, where: tuple[float, float] | None = None) -> Image.Image:
    picture = Image.new("RGB", (16, 16))
    exif, tags = Image.Exif(), {0x0112: 1}
    if when is not None:
        tags[0x8769] = {36867: f"{when}:00"}
    if where is not None:
        north, east = ("S", "N")[where[0] >= 0], ("W", "E")[where[1] >= 0]
        angles = [(IFDRational(round(abs(angle) * 1e7), 10**7),) for angle in where]
        tags[0x8825] = {1: north, 2: angles[0], 3: east, 4: angles[1]}
    exif.update(tags)
    picture.info["exif"] = exif.tobytes()
    return picture


def rows_of(*photos, **settings):
    extractor = ExifExtractor(n_jobs=1, **settings)
    return extractor, extractor.fit_images(load_images(list(photos), dim=(8, 8)))


def columns(feat) -> dict[str, np.ndarray]:
    return dict(zip(ExifExtractor.feature_names_, feat.T, strict=True))


def test_time_is_counted_in_timeframes_from_the_mean():
    photos = [photo("2015:06:01 00:00"), photo("2015:06:01 10:00"), photo()]
    for settings, step in (({}, 2.0), ({"timeframe": 2.5}, 4.0)):
        extractor, feat = rows_of(*photos, **settings)
        assert feat.dtype == np.float32 and feat.shape == (3, 6)
        found = columns(feat)
        assert found["time"].tolist() == [-step / 2, step / 2, 0]
        assert found["has_time"].tolist() == [1, 1, 0] and not found["has_place"].any()
        assert np.isnan(extractor.timestamps_).tolist() == [False, False, True]


def test_east_and_north_are_counted_in_radii_from_the_mean():
    extractor, feat = rows_of(photo(where=BERLIN), photo(where=POTSDAM), photo(), radius_meters=500)
    found = columns(feat)
    assert found["east"][0] > 0 > found["east"][1] and found["north"][0] > 0 > found["north"][1]
    assert found["down"].max() < 0.1 and (feat[2] == 0).all()
    np.testing.assert_allclose(extractor.locations_[:2], [BERLIN, POTSDAM], atol=1e-7)
    apart = np.linalg.norm(feat[0] - feat[1]) * 500
    radians = np.radians([BERLIN, POTSDAM])
    assert apart == pytest.approx(haversine_distances(radians)[0, 1] * EARTH_RADIUS, abs=1)


def test_distances_hold_over_the_date_line_and_the_poles():
    places = [FIJI, TAVEUNI, (89.999, 0.0), (89.999, 180.0), (-90.0, 5.0), (0.0, -120.0)]
    feat = rows_of(*(photo(where=place) for place in places), radius_meters=1)[1]
    straight = np.linalg.norm(feat[:, None, 1:4] - feat[None, :, 1:4], axis=2)
    expected = 2 * EARTH_RADIUS * np.sin(haversine_distances(np.radians(places)) / 2)
    np.testing.assert_allclose(straight, expected, atol=3)  # metres, in float32
    assert straight[0, 1] < 2200 and straight[2, 3] < 250


def test_locations_all_around_the_earth_have_a_mean():
    extractor, feat = rows_of(photo(where=(0.0, 90.0)), photo(where=(0.0, -90.0)))
    assert extractor.mean_location_ == pytest.approx((0, 90), abs=1e-6)
    assert np.isfinite(feat).all()


def test_new_photos_are_seen_from_the_same_mean():
    photos = [photo("2015:06:01 00:00", BERLIN), photo("2015:06:02 10:00", POTSDAM), photo()]
    extractor, feat = rows_of(*photos)
    images = load_images(photos, dim=(8, 8))
    np.testing.assert_array_equal(extractor.transform_images(images), feat)
    one = load_images(photos[1:2], dim=(8, 8))
    np.testing.assert_array_equal(extractor.transform_images(one), feat[1:2])


def test_photos_without_anything_give_rows_of_zeros():
    extractor, feat = rows_of(photo(), photo())
    assert not feat.any() and np.isnan(extractor.locations_).all()
    assert (extractor.mean_timestamp_, extractor.mean_location_) == (0.0, (0.0, 0.0))


def test_what_was_read_stays_known_exactly():
    photos = [photo("2015:06:01 00:00", BERLIN), photo()]
    extractor, _ = rows_of(*photos)
    assert extractor.timestamps_.dtype == extractor.locations_.dtype == np.float64
    assert extractor.timestamps_[0] == 1433116800
    np.testing.assert_equal(extractor.metadata_, read_metadata(photos))


def test_the_state_comes_back_as_it_is_saved():
    extractor, feat = rows_of(photo("2015:06:01 00:00", BERLIN), photo(where=POTSDAM))
    encoder = Encoder()
    saved = encoder.encode(extractor.get_state())
    decoder = Decoder(lambda number, dtype, shape, order: encoder.arrays[number])
    back = make_extractor("exif", {"n_jobs": 1}).set_state(decoder.decode(saved))
    np.testing.assert_equal(back.metadata_, extractor.metadata_)
    assert back.mean_location_ == extractor.mean_location_
    images = load_images([photo("2015:06:01 00:00", BERLIN)], dim=(8, 8))
    np.testing.assert_array_equal(back.transform_images(images), feat[:1])


def test_a_state_of_an_older_version_has_other_names():
    photos = [photo("2015:06:01 00:00", BERLIN), photo(where=POTSDAM)]
    extractor, feat = rows_of(*photos)
    state = extractor.get_state()
    old = {"metadata_": state["metadata_"], "moments_": state["timestamps_"]}
    old |= {"places_": state["locations_"], "middle_moment_": state["mean_timestamp_"]}
    old |= {"middle_place_": state["mean_location_"]}
    assert len(old) == len(state)
    back = ExifExtractor(n_jobs=1).set_state(old)
    np.testing.assert_equal(back.get_state(), state)
    np.testing.assert_array_equal(back.transform_images(load_images(photos, dim=(8, 8))), feat)


def test_files_that_are_read_again_after_loading_are_found_by_their_paths(tmp_path):
    for name, where in (("a.jpg", BERLIN), ("b.jpg", POTSDAM)):
        picture = photo(where=where)
        picture.save(tmp_path / name, exif=picture.info["exif"])
    images = load_images(tmp_path, dim=(8, 8))
    feat = ExifExtractor().fit_images(images)
    images.sources = None
    np.testing.assert_array_equal(ExifExtractor().fit_images(images), feat)
    assert feat[:, 5].tolist() == [1, 1]


def test_arrays_have_no_metadata():
    images = load_images([np.ones((8, 8)), np.ones((8, 8))], dim=(8, 8))
    words = "method='exif' reads .* 2 images were given as arrays. Give a folder"
    with pytest.raises(InvalidDataError, match=words):
        ExifExtractor().fit_images(images)
    with pytest.raises(InvalidDataError, match=words):
        ExifExtractor().fit(np.ones((2, 8, 8), np.uint8))
    extractor, _ = rows_of(photo(where=BERLIN))
    with pytest.raises(InvalidDataError, match=words):
        extractor.transform(np.ones((2, 8, 8), np.uint8))
    with pytest.raises(InvalidDataError, match=words):
        extractor.transform_images(load_images(np.ones((2, 64))))
    mixed = load_images([photo(where=BERLIN), np.ones((8, 8))], dim=(8, 8))
    assert ExifExtractor().fit_images(mixed)[:, 5].tolist() == [1, 0]


def test_too_early_raises():
    for step in ("transform", "transform_images"):
        with pytest.raises(NotFittedError, match="not fitted yet"):
            getattr(ExifExtractor(), step)(np.ones((1, 8, 8), np.uint8))


def test_fitting_again_forgets_what_was_fitted():
    extractor, _ = rows_of(photo("2015:06:01 00:00", BERLIN))
    feat = extractor.fit_images(load_images([photo(where=FIJI)], dim=(8, 8)))
    np.testing.assert_allclose(feat, [[0, 0, 0, 0, 0, 1]], atol=1e-9)
    assert np.isnan(extractor.timestamps_).all()


def test_settings_reach_the_extractor():
    made = make_extractor("exif", {"params_exif": {"radius_meters": 50}, "n_jobs": 2})
    assert made.get_params() == {
        "timeframe": 5, "radius_meters": 50, "min_samples": 2, "n_jobs": 2
    }  # fmt: skip
