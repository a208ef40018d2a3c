"""Images at the size of a network: resampled as torchvision does it, read ahead in threads."""

from __future__ import annotations

import threading
import tracemalloc
from contextlib import closing

import numpy as np
import pytest
from PIL import Image

from clustimage._core.errors import ImageReadError, InvalidParameterError
from clustimage.images import Frame, load_images
from clustimage.images.reading import _frames as frames_module
from clustimage.images.reading._frames import make_frame

ORIENTATION = 0x0112


def noise(height: int, width: int, channels: int = 3) -> np.ndarray:
    shape = (height, width) if channels == 1 else (height, width, channels)
    return np.random.default_rng(height * width).integers(0, 256, shape, dtype=np.uint8)


def smooth(height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    img = np.stack([x * 255 / width, y * 255 / height, np.full(x.shape, 60.0)], axis=-1)
    img[: height // 3, : width // 4] = (255, 255, 0)
    return img.astype(np.uint8)


def read_all(images, frame, **settings) -> np.ndarray:
    return np.concatenate([batch for _, batch in images.batches(frame, **settings)])


def as_torchvision(picture: Image.Image, frame: Frame) -> np.ndarray:
    transforms = pytest.importorskip("torchvision.transforms")
    functional = transforms.functional
    mode = transforms.InterpolationMode(frame.interpolation)
    resize = frame.resize if isinstance(frame.resize, tuple) else [frame.resize]
    resize = list(frame.size) if frame.resize is None else list(resize)
    resized = functional.resize(picture, resize, interpolation=mode, antialias=True)
    if frame.resize is not None:
        resized = functional.center_crop(resized, list(frame.size))
    return np.asarray(resized.convert("RGB"))


# --- resampling -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "frame",
    [
        Frame((224, 224), resize=256),
        Frame((224, 224), resize=232, interpolation="bicubic"),
        Frame((299, 299), resize=342),
        Frame((60, 60), resize=(70, 66), interpolation="bicubic"),
        Frame((64, 65), resize=33),
        Frame((31, 64), resize=32, interpolation="bicubic"),
        Frame((48, 80)),
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "size",
    [(300, 451), (451, 300), (256, 256), (257, 255), (3, 2), (1, 1), (20, 90), (91, 20)],
    ids=str,
)
def test_frames_are_those_of_torchvision(frame, size):
    for channels in (1, 3):
        img = noise(*size, channels)
        expected = as_torchvision(Image.fromarray(img), frame)
        np.testing.assert_array_equal(make_frame(img, frame), expected)


def test_a_picture_smaller_than_the_crop_is_surrounded_by_black():
    out = make_frame(np.full((10, 20, 3), 9, dtype=np.uint8), Frame((8, 8), resize=3))
    assert out[:, :, 0].tolist() == [[0] * 8] * 2 + [[0] + [9] * 6 + [0]] * 3 + [[0] * 8] * 3


@pytest.mark.parametrize("size", [(4, 300), (300, 4), (1, 40_000)], ids=str)
def test_of_an_extremely_long_picture_only_the_part_is_made_that_is_shown(size):
    frame = Frame((32, 32), resize=40)
    img = noise(*size)
    found = make_frame(img, frame)
    assert found.shape == (32, 32, 3)
    if max(size) == 300:
        expected = as_torchvision(Image.fromarray(img), frame).astype(int)
        assert np.abs(found - expected).max() <= 1


@pytest.mark.parametrize(
    "settings, named",
    [({"size": (0, 3)}, "size"), ({"resize": 0}, "resize"), ({"interpolation": "area"}, "interp")],
)
def test_a_frame_that_cannot_be_is_refused(settings, named):
    with pytest.raises(InvalidParameterError, match=named):
        Frame(**{"size": (8, 8), **settings})


# --- reading --------------------------------------------------------------------------------------


def test_files_come_as_torchvision_reads_them(tmp_path):
    frame = Frame((32, 32), resize=40)
    rgb = noise(50, 70)
    alpha = np.dstack([rgb, noise(50, 70, 1)])
    pictures = {
        "rgb.png": Image.fromarray(rgb),
        "gray.png": Image.fromarray(rgb[..., 0]),
        "palette.png": Image.fromarray(rgb).quantize(17),
        "alpha.png": Image.fromarray(alpha),
        "cmyk.jpg": Image.fromarray(rgb).convert("CMYK"),
        "rgb.jpg": Image.fromarray(rgb),
    }
    for name, picture in pictures.items():
        picture.save(tmp_path / name)
    images = load_images([tmp_path / name for name in pictures])
    found = read_all(images, frame)
    for position, name in enumerate(pictures):
        with Image.open(tmp_path / name) as picture:
            if name == "alpha.png":
                white = Image.new("RGBA", picture.size, "white")
                white.alpha_composite(picture)
                picture = white
            expected = as_torchvision(picture.convert("RGB"), frame)
        np.testing.assert_array_equal(found[position], expected, err_msg=name)


def test_orientation_is_applied_before_anything_is_cut(tmp_path):
    frame = Frame((24, 24), resize=30)
    upright = Image.fromarray(smooth(400, 600))
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    turned = upright.transpose(Image.Transpose.ROTATE_90)
    turned.save(tmp_path / "a.png", exif=exif)
    turned.save(tmp_path / "a.jpg", exif=exif, quality=98)
    found = read_all(load_images([tmp_path / "a.png", tmp_path / "a.jpg"]), frame)
    np.testing.assert_array_equal(found[0], as_torchvision(upright, frame))
    assert np.abs(found[1].astype(int) - found[0]).mean() < 3


def test_a_dark_photo_stays_dark_and_what_is_not_8_bits_is_scaled(tmp_path):
    Image.new("RGB", (8, 8), (100, 50, 0)).save(tmp_path / "dark.png")
    Image.fromarray(np.full((8, 8), 500, dtype=np.uint16)).save(tmp_path / "deep.png")
    images = load_images([tmp_path / "dark.png", tmp_path / "deep.png"], dim=(8, 8))
    assert images.pixels[0, 0, 0].tolist() == [255, 128, 0]
    found = read_all(images, Frame((4, 4)))
    assert found[0, 0, 0].tolist() == [100, 50, 0]
    assert found[1, 0, 0].tolist() == [255, 255, 255]


def test_a_picture_in_memory_comes_as_it_is():
    picture = Image.new("RGB", (9, 9), (100, 50, 0))
    found = read_all(load_images([picture]), Frame((4, 4)))
    assert found[0, 0, 0].tolist() == [100, 50, 0]


def test_arrays_are_scaled_as_they_were_at_import():
    stack = np.stack([np.full((9, 9, 3), 100), np.full((9, 9, 3), 200)])
    common = read_all(load_images(stack, dim=(4, 4)), Frame((6, 6)))
    assert common[:, 0, 0, 0].tolist() == [128, 255]
    alone = read_all(load_images(list(stack), dim=(4, 4)), Frame((6, 6)))
    assert alone[:, 0, 0, 0].tolist() == [255, 255]


def test_flattened_images_are_resized_from_their_pixels(digits):
    X, _ = digits
    images = load_images(X[:5])
    assert images.sources is None
    frame = Frame((20, 20), resize=24)
    found = read_all(images, frame, size=2)
    for img, made in zip(images.pixels, found, strict=True):
        np.testing.assert_array_equal(made, as_torchvision(Image.fromarray(img[..., 0]), frame))


def test_what_was_read_in_gray_comes_as_three_equal_channels(tmp_path):
    Image.fromarray(noise(30, 40)).save(tmp_path / "a.png")
    images = load_images(tmp_path / "a.png", grayscale=True)
    found = read_all(images, Frame((16, 16), resize=20))
    gray = Image.fromarray(noise(30, 40)).convert("L")
    np.testing.assert_array_equal(found[0], as_torchvision(gray, Frame((16, 16), resize=20)))


@pytest.mark.parametrize("side, expected", [(100, (300, 200)), (101, (600, 400)), (50, (150, 100))])
def test_a_jpeg_is_reduced_only_while_it_stays_twice_as_large(
    tmp_path, monkeypatch, side, expected
):
    import PIL.JpegImagePlugin as plugin

    Image.fromarray(smooth(800, 1200)).save(tmp_path / "a.jpg", quality=95)
    images = load_images(tmp_path / "a.jpg")
    asked = []
    draft = plugin.JpegImageFile.draft

    def spy(self, mode, size):
        draft(self, mode, size)
        asked.append(self.size)

    monkeypatch.setattr(plugin.JpegImageFile, "draft", spy)
    frame = Frame((side, side), resize=side)
    found = read_all(images, frame)
    assert asked == [expected]
    with Image.open(tmp_path / "a.jpg") as picture:
        assert np.abs(found[0].astype(int) - as_torchvision(picture, frame)).mean() < 1


def test_photos_at_full_size_equal_torchvision(corel):
    paths = corel[0][::40]
    frame = Frame((224, 224), resize=256)
    found = read_all(load_images(paths, dim=(16, 16)), frame)
    for path, made in zip(paths, found, strict=True):
        with Image.open(path) as picture:
            np.testing.assert_array_equal(made, as_torchvision(picture, frame))


# --- batches --------------------------------------------------------------------------------------


@pytest.fixture
def numbered(tmp_path):
    """Thirty files; the n-th shows the gray value 5 n + 100."""
    for number in range(30):
        Image.new("L", (12, 10), 5 * number + 100).save(tmp_path / f"{number:02}.png")
    return load_images(tmp_path, dim=(4, 4))


@pytest.mark.parametrize("n_jobs", [1, 3, -1])
def test_batches_come_in_order_and_the_last_is_smaller(numbered, n_jobs):
    batches = list(numbered.batches(Frame((5, 6)), size=8, n_jobs=n_jobs))
    assert [batch.shape for _, batch in batches] == [(8, 5, 6, 3)] * 3 + [(6, 5, 6, 3)]
    assert {batch.dtype.name for _, batch in batches} == {"uint8"}
    assert np.concatenate([rows for rows, _ in batches]).tolist() == list(range(30))
    values = np.concatenate([batch[:, 0, 0, 0] for _, batch in batches])
    assert values.tolist() == [5 * number + 100 for number in range(30)]


def test_only_the_positions_asked_for_are_read_in_their_order(numbered):
    rows, batch = next(iter(numbered.batches(Frame((2, 2)), positions=[7, 3, 7])))
    assert rows.tolist() == [7, 3, 7]
    assert batch[:, 0, 0, 0].tolist() == [135, 115, 135]
    assert list(numbered.batches(Frame((2, 2)), positions=[])) == []


def test_a_batch_size_that_cannot_be_is_refused_at_once(numbered):
    with pytest.raises(InvalidParameterError, match="'size' must be a whole number"):
        numbered.batches(Frame((2, 2)), size=0)


def test_a_file_that_is_gone_is_named(numbered, tmp_path):
    (tmp_path / "11.png").unlink()
    with pytest.raises(ImageReadError, match=r"11\.png .*does not exist.*import_data again"):
        list(numbered.batches(Frame((2, 2)), n_jobs=2))
    (tmp_path / "11.png").write_bytes(b"no picture")
    with pytest.raises(ImageReadError, match=r"11\.png .*no image in a format"):
        list(numbered.batches(Frame((2, 2)), n_jobs=2))


def test_memory_holds_a_few_batches_whatever_the_number_of_images():
    pixels = np.zeros((2, 4, 4, 3), dtype=np.uint8)
    images = load_images(pixels)

    def peak(n: int) -> int:
        tracemalloc.start()
        try:
            for _ in images.batches(Frame((100, 100)), positions=np.zeros(n, int), n_jobs=2):
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    # Threads decide how many of the few batches are held at once, not the number of images.
    frame_bytes = 100 * 100 * 3
    assert max(peak(1000), peak(3000)) < 220 * frame_bytes


def count_slow_frames(monkeypatch, seconds: float) -> list[np.ndarray]:
    """Make each frame take so long, and note which were begun."""
    begun: list[np.ndarray] = []
    make = frames_module.make_frame
    wait = threading.Event()

    def slow(img, *args):
        begun.append(img)
        wait.wait(seconds)
        return make(img, *args)

    monkeypatch.setattr(frames_module, "make_frame", slow)
    return begun


def test_threads_end_when_the_iterator_is_closed_early(monkeypatch):
    begun = count_slow_frames(monkeypatch, 0.01)
    images = load_images(np.zeros((400, 4, 4, 3), dtype=np.uint8) + 1)
    before = set(threading.enumerate())
    batches = images.batches(Frame((2, 2)), size=4, n_jobs=2)
    next(batches)
    # Two that read, and one that looks for slow files.
    assert len(set(threading.enumerate()) - before) == 3
    batches.close()
    assert set(threading.enumerate()) <= before
    # Parts of 16 images were under way; they were not read to their end.
    assert len(begun) < 60


def test_threads_end_when_the_consumer_fails(monkeypatch):
    count_slow_frames(monkeypatch, 0.001)
    images = load_images(np.zeros((400, 4, 4, 3), dtype=np.uint8) + 1)
    before = set(threading.enumerate())
    batches = images.batches(Frame((2, 2)), size=4, n_jobs=2)
    with pytest.raises(ZeroDivisionError), closing(batches):
        for _ in batches:
            raise ZeroDivisionError
    assert set(threading.enumerate()) <= before


def test_the_progress_bar_counts_images(monkeypatch, numbered):
    told = []

    def spy(func, items, *, n_jobs, desc):
        told.append((len(items), desc))
        return map(func, items)

    monkeypatch.setattr(frames_module, "run_ordered", spy)
    list(numbered.batches(Frame((2, 2)), desc="Running the network"))
    assert told == [(30, "Running the network")]
