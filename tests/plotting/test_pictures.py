"""Images that are read when they are drawn, and no others."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from clustimage.plotting._montage import colorize, fit_side
from clustimage.plotting._pictures import Pictures, row_pixels


class Counted(np.ndarray):
    """An array that knows which of its rows were read."""

    def __array_finalize__(self, source):
        self.read = getattr(source, "read", None)

    def __getitem__(self, key):
        if self.read is not None and isinstance(key, np.ndarray):
            self.read.append(key.copy())
            return np.asarray(super().__getitem__(key))
        return super().__getitem__(key)


@pytest.fixture
def images():
    found = np.random.default_rng(0).integers(0, 256, (500, 16, 24, 3), dtype=np.uint8)
    counted = found.view(Counted)
    counted.read = []
    return counted


def test_rows_are_read_once_in_order_and_no_others(images, monkeypatch):
    monkeypatch.setattr("clustimage.plotting._pictures.BLOCK_BYTES", 10 * images[:1].nbytes)
    rows = np.random.default_rng(1).permutation(500)[:73]
    out = np.zeros((73, 16, 24, 3), dtype=np.uint8)
    for at, pixels in row_pixels(images, rows):
        out[at] = pixels
    np.testing.assert_array_equal(out, np.asarray(images)[rows])
    assert max(map(len, images.read)) == 10
    np.testing.assert_array_equal(np.concatenate(images.read), np.sort(rows))


@pytest.mark.parametrize("side", [8, 16, 24, 64])
def test_pictures_are_those_of_the_rows_in_their_order(images, side, monkeypatch):
    monkeypatch.setattr("clustimage.plotting._pictures.BLOCK_BYTES", 7 * images[:1].nbytes)
    rows = np.array([400, 3, 77, 3, 250, 1, 499, 20, 21, 22])
    expected = fit_side(np.asarray(images)[rows], side)
    np.testing.assert_array_equal(Pictures(images, rows).made(side), expected)
    some = Pictures(images, rows).take(np.array([4, 0]))
    np.testing.assert_array_equal(some.made(side), expected[[4, 0]])


def test_gray_images_are_coloured_and_others_may_come_first():
    gray = np.random.default_rng(0).integers(0, 256, (9, 4, 4), dtype=np.uint8)
    pictures = Pictures(gray, np.array([5, 2]), cmap="binary", before=gray[8:])
    assert len(pictures) == 3 and pictures.shape == (4, 4)
    np.testing.assert_array_equal(pictures.made(), colorize(gray[[8, 5, 2]], "binary"))


def test_pictures_may_have_another_shape_than_their_images(images):
    pictures = Pictures(images, np.array([7]), decorate=lambda some: some.repeat(2, axis=2))
    assert pictures.shape == (16, 48) and pictures.made().shape == (1, 16, 48, 3)


def test_no_picture_at_all(images):
    none = np.zeros(0, dtype=int)
    assert Pictures(images, none).made(9).shape == (0, 16, 24, 3)
    assert len(Pictures(images, none, before=np.asarray(images[:1])).made(16)) == 1


SCRIPT = """
import resource, sys
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from clustimage import Clustimage
from clustimage.images import Images

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

def make(n, pixels):
    rng = np.random.default_rng(0)
    labels = np.arange(n) % 8
    positions = np.stack([np.cos(labels), np.sin(labels)], 1) + rng.normal(0, 0.2, (n, 2))
    names = np.array([f"{i}.png" for i in range(n)], dtype=object)
    model, pixels = Clustimage(verbose="error"), pixels.reshape(n, 128, 128, 3)
    model._state.images = Images(names, names, names, pixels, [])
    flat = model._state.images.flat
    model.results.update(img=flat, labels=labels, xycoord=positions, feat=positions)
    model.results.update(filenames=names, pathnames=names)
    model._state.unique = {
        "labels": np.arange(8), "idx": np.arange(8), "xycoord_center": None, "img_mean": flat[:8]
    }
    return model

def draw(model):
    model.plot()
    model.plot(layout="columns")
    model.plot_unique(img_mean=False)
    model.scatter(plt_all=True)
    model.scatter(plt_all=True, max_images=None)
    plt.close("all")

n = 5_000
draw(make(300, np.zeros((300, 128 * 128 * 3), dtype=np.uint8)))
before = peak()
pixels = np.memmap(sys.argv[1], dtype=np.uint8, mode="w+", shape=(n, 128 * 128 * 3))
draw(make(n, np.asarray(pixels)))
print(peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="pages are counted as Linux does")
def test_pixels_in_a_file_are_never_in_memory_as_a_whole(tmp_path):
    answer = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "pixels")],
        capture_output=True,
        text=True,
        check=True,
    )
    # All of them are 246 MB, and all of them are read for the last picture.
    assert float(answer.stdout) < 160
