"""Whether an average of images is sharp."""

from __future__ import annotations

import numpy as np
import pytest

from clustimage import Clustimage
from clustimage.plotting._sharpness import shared_gradients, sharp_averages


def noise(n, side=32, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, side, side), dtype=np.uint8)


@pytest.mark.parametrize("n", [2, 3, 10, 40])
def test_unrelated_images_share_nothing_however_few_they_are(n):
    assert abs(shared_gradients(noise(n))) < 0.05


def test_it_is_the_mean_product_of_the_gradients_of_pairs():
    images = noise(5, 6).astype(float)
    g = np.stack([np.r_[np.diff(i, axis=0).ravel(), np.diff(i, axis=1).ravel()] for i in images])
    products = g @ g.T
    off = (products.sum() - np.trace(products)) / 20
    assert shared_gradients(images) == pytest.approx(off / (np.trace(products) / 5))


def test_equal_images_and_images_of_one_colour_share_all():
    assert shared_gradients(np.repeat(noise(1), 4, axis=0)) == pytest.approx(1)
    assert shared_gradients(np.full((3, 8, 8), 7)) == 1


@pytest.mark.parametrize("channels", [(), (3,)])
def test_near_copies_are_sharp_mixed_images_are_not_and_one_image_is(channels):
    rng = np.random.default_rng(0)
    scene = np.kron(noise(1, 8)[0], np.ones((8, 8))).astype(np.uint8)
    copies = np.stack([np.roll(scene, rng.integers(-2, 3, 2), (0, 1)) for _ in range(30)])
    images = np.concatenate([copies, noise(30, 64), noise(1, 64)])
    if channels:
        images = np.repeat(images[..., None], 3, axis=3)
    labels = np.repeat([0, 1, 2], [30, 30, 1])
    assert sharp_averages(images, labels, np.arange(3)).tolist() == [True, False, True]
    assert sharp_averages(images, labels, np.arange(0)).tolist() == []


def test_digits_are_shown_by_their_averages(digits_model):
    drawn = digits_model.plot_unique()[1]
    assert drawn.get_title() == "Average image of 10 clusters"
    same = digits_model.plot_unique(img_mean=True)[1]
    np.testing.assert_array_equal(drawn.images[0].get_array(), same.images[0].get_array())


def test_mixed_images_are_shown_by_their_unique_ones(model):
    drawn = model.plot_unique()[1]
    assert drawn.get_title() == "Unique image of 3 clusters"
    same = model.plot_unique(img_mean=False)[1]
    np.testing.assert_array_equal(drawn.images[0].get_array(), same.images[0].get_array())


def test_where_there_are_both_the_captions_of_the_rarer_say_so(build):
    model = build([0] * 9 + [1] * 8 + [2] * 7 + [3], shape=(16, 16))
    model.results["img"][9:17] = model.results["img"][9]
    ax = model.plot_unique()[1]
    assert ax.get_title() == "Average or unique image of 4 clusters"
    assert [text.get_text() for text in ax.texts] == [
        "0: 9 images",
        "1: 8 images, average",
        "2: 7 images",
        "3: 1 image",
    ]
    unique, mean = (model.plot_unique(img_mean=i)[1].images[0].get_array() for i in (False, True))
    drawn = ax.images[0].get_array()
    assert not np.array_equal(drawn, mean) and np.array_equal(drawn, unique)


@pytest.mark.parametrize(
    ("folder", "grayscale", "sharp"), [("orl_faces", True, True), ("corel1k", False, False)]
)
def test_faces_of_a_person_and_photos_of_a_kind(lent_data, folder, grayscale, sharp):
    root = lent_data / folder
    kinds = [kind for kind in sorted(root.iterdir()) if kind.is_dir()][:10]
    paths = [str(path) for kind in kinds for path in sorted(kind.iterdir())[:10]]
    cl = Clustimage(grayscale=grayscale, embedding=None, verbose="error")
    images = cl.import_data(paths)["img"].reshape(len(paths), *cl.shape_)
    images = images[..., 0] if grayscale else images
    found = sharp_averages(images, np.repeat(np.arange(10), 10), np.arange(10))
    assert np.mean(found == sharp) >= (0.8 if sharp else 1)
