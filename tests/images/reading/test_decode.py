"""One file to one array: orientation, alpha, depth, colour, scale and size."""

from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from clustimage._core.errors import ImageReadError, InvalidDataError, InvalidParameterError
from clustimage.images import imread, imresize, load_images

ORIENTATION = 0x0112
STORED_BY = {  # how an upright picture is stored under each orientation
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.fixture(scope="module")
def scene() -> Image.Image:
    """A smooth picture, 60 wide and 40 high, that is different in every orientation."""
    y, x = np.mgrid[:40, :60]
    img = np.stack([x * 255 / 59, y * 255 / 39, np.full_like(x, 60, dtype=float)], axis=-1)
    img[:12, :16] = (255, 255, 0)
    return Image.fromarray(img.astype(np.uint8))


def full(path: Path, **settings: object) -> np.ndarray:
    return imread(path, dim=None, flatten=False, **settings).astype(int)


def reason(path: Path, good: Path) -> str:
    """Why `path` is skipped beside a good file."""
    images = load_images([path, good])
    assert images.n_images == 1 and images.pathnames[0] == str(good)
    assert (images.status[0].width, images.status[0].height) == (None, None)
    return images.status[0].reason


def gray_png(row: list[int], transparent: int) -> bytes:
    """A PNG of one row with 16 bits of gray, one value of which is transparent."""
    chunks = {
        b"IHDR": struct.pack(">IIBBBBB", len(row), 1, 16, 0, 0, 0, 0),
        b"tRNS": struct.pack(">H", transparent),
        b"IDAT": zlib.compress(b"\0" + struct.pack(f">{len(row)}H", *row)),
        b"IEND": b"",
    }
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks.items()
    )


@pytest.fixture
def good(tmp_path, scene) -> Path:
    scene.save(tmp_path / "good.png")
    return tmp_path / "good.png"


# --- what comes out -------------------------------------------------------------------------------


def test_shapes_of_imread(good):
    assert imread(good).shape == (128 * 128 * 3,)
    assert imread(good, colorscale=0).shape == (128 * 128,)
    assert imread(good, dim=(20, 30), flatten=False).shape == (20, 30, 3)
    assert imread(good, colorscale=0, dim=(20, 30), flatten=False).shape == (20, 30)
    assert imread(good, dim=None, flatten=False).shape == (40, 60, 3)


def test_colour_is_rgb(tmp_path):
    for name in ("red.png", "red.bmp", "red.tif", "red.webp", "red.jpg", "red.gif", "red.ppm"):
        Image.new("RGB", (16, 16), (255, 0, 0)).save(tmp_path / name)
        np.testing.assert_allclose(full(tmp_path / name)[8, 8], (255, 0, 0), atol=3, err_msg=name)


def test_the_order_is_gray_then_scale_then_resize(good, scene):
    gray = np.asarray(scene.convert("L")).astype(float)
    scaled = np.rint(gray / gray.max() * 255).astype(np.uint8)
    expected = cv2.resize(scaled, (30, 20), interpolation=cv2.INTER_AREA)
    img = imread(good, colorscale=0, dim=(20, 30), flatten=False)
    np.testing.assert_array_equal(img, expected)


def test_a_dark_photo_is_scaled(tmp_path):
    Image.new("RGB", (8, 8), (100, 50, 0)).save(tmp_path / "dark.png")
    np.testing.assert_array_equal(full(tmp_path / "dark.png")[0, 0], (255, 128, 0))


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "deflated.tif", "webp"])
@pytest.mark.parametrize("dim", [None, (20, 30)])
def test_all_orientations_give_the_same_upright_picture(tmp_path, scene, suffix, dim):
    settings = {"compression": "tiff_adobe_deflate"} if suffix == "deflated.tif" else {}
    if suffix in ("jpg", "webp"):
        settings = {"quality": 98}
    for number, turn in STORED_BY.items():
        exif = Image.Exif()
        exif[ORIENTATION] = number
        stored = scene if turn is None else scene.transpose(turn)
        stored.save(tmp_path / f"{number}.{suffix}", exif=exif, **settings)
    expected = imresize(np.asarray(scene), dim).astype(int)
    for number in STORED_BY:
        path = tmp_path / f"{number}.{suffix}"
        img = imread(path, dim=dim, flatten=False).astype(int)
        assert np.abs(img - expected).mean() < 4, (number, suffix)
        row = load_images(path).status[0]
        assert (row.width, row.height) == (60, 40)


def test_a_jpeg_is_reduced_while_it_is_decoded_but_not_below_dim(tmp_path, scene, monkeypatch):
    asked = []
    import PIL.JpegImagePlugin as plugin

    draft = plugin.JpegImageFile.draft

    def spy(self, mode, size):
        draft(self, mode, size)
        asked.append(self.size)

    monkeypatch.setattr(plugin.JpegImageFile, "draft", spy)
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    big = scene.resize((1200, 800))
    big.save(tmp_path / "upright.jpg")
    big.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "turned.jpg", exif=exif)
    upright = imread(tmp_path / "upright.jpg", dim=(100, 250), flatten=False)
    turned = imread(tmp_path / "turned.jpg", dim=(100, 250), flatten=False)
    assert asked == [(300, 200), (200, 300)]
    assert np.abs(upright.astype(int) - turned).mean() < 3
    assert np.abs(upright.astype(int) - imresize(np.asarray(big), (100, 250))).mean() < 3


def test_gray_of_a_jpeg_is_the_luma_of_its_colours(tmp_path, scene):
    scene.resize((600, 400)).save(tmp_path / "a.jpg", quality=95)
    gray = full(tmp_path / "a.jpg", colorscale=0)
    with Image.open(tmp_path / "a.jpg") as picture:
        expected = np.asarray(picture.convert("L")).astype(int)
    assert np.abs(gray - np.rint(expected / expected.max() * 255)).max() <= 4


# --- modes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_alpha_is_laid_over_white(tmp_path, mode):
    picture = Image.new("RGBA", (4, 1), (0, 0, 0, 255))
    picture.putpixel((1, 0), (0, 0, 0, 0))
    picture.putpixel((2, 0), (0, 0, 0, 127))
    picture.convert(mode).save(tmp_path / "a.png")
    for colorscale in (0, 1):
        row = full(tmp_path / "a.png", colorscale=colorscale).reshape(4, -1)[:, 0]
        np.testing.assert_array_equal(row, [0, 255, 128, 0])


def test_transparent_colours_of_palettes_and_gray_are_white(tmp_path):
    picture = Image.new("P", (2, 1))
    picture.putpalette([0, 0, 200, 255, 0, 0])
    picture.putpixel((1, 0), 1)
    for name in ("a.png", "a.gif"):
        picture.save(tmp_path / name, transparency=0)
        np.testing.assert_array_equal(full(tmp_path / name)[0], [[255] * 3, [255, 0, 0]])
    gray = Image.fromarray(np.array([[0, 100]], dtype=np.uint8))
    gray.save(tmp_path / "gray.png", transparency=0)
    np.testing.assert_array_equal(full(tmp_path / "gray.png")[0, :, 0], [255, 100])
    (tmp_path / "deep.png").write_bytes(gray_png([7, 65535 * 2 // 5], transparent=7))
    np.testing.assert_array_equal(full(tmp_path / "deep.png")[0, :, 0], [255, 102])


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_sixteen_bits_of_gray_are_scaled_not_cut_off(tmp_path, name):
    ramp = np.arange(256, dtype=np.uint16)[None] * 16  # 12 bits used
    Image.fromarray(ramp).save(tmp_path / name)
    np.testing.assert_array_equal(full(tmp_path / name, colorscale=0)[0], np.arange(256))


def test_wide_whole_numbers_and_floats_are_scaled(tmp_path):
    Image.fromarray(np.array([[0, 70000, 140000]], dtype=np.int32)).save(tmp_path / "i.tif")
    np.testing.assert_array_equal(full(tmp_path / "i.tif")[0, :, 0], [0, 128, 255])
    Image.fromarray(np.array([[-1, 0, 1]], dtype=np.float32)).save(tmp_path / "f.tif")
    np.testing.assert_array_equal(full(tmp_path / "f.tif")[0, :, 0], [0, 128, 255])


def test_sixteen_bits_of_colour_are_read(tmp_path):
    img = np.zeros((4, 4, 3), dtype=np.uint16)
    img[...] = (0, 0x8000, 0xFFFF)  # OpenCV writes blue first
    cv2.imwrite(str(tmp_path / "deep.png"), img)
    np.testing.assert_allclose(full(tmp_path / "deep.png")[0, 0], (255, 128, 0), atol=1)


def test_cmyk_gray_and_one_bit_are_read_as_rgb(tmp_path):
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "cmyk.jpg", quality=95)
    np.testing.assert_allclose(full(tmp_path / "cmyk.jpg")[4, 4], (255, 0, 0), atol=4)
    Image.new("L", (8, 8), 200).save(tmp_path / "gray.jpg")
    assert full(tmp_path / "gray.jpg").shape == (8, 8, 3)
    picture = Image.new("1", (2, 1))
    picture.putpixel((1, 0), 1)
    picture.save(tmp_path / "bits.pbm")
    np.testing.assert_array_equal(full(tmp_path / "bits.pbm")[0], [[0] * 3, [255] * 3])


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png", "a.tif"])
def test_the_first_frame_of_an_animation_is_taken(tmp_path, name):
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "lime", "blue")]
    settings = {"lossless": True} if name == "a.webp" else {}
    frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:], **settings)
    np.testing.assert_allclose(full(tmp_path / name)[8, 8], (255, 0, 0), atol=3)


def test_the_content_counts_not_the_extension(tmp_path, scene):
    scene.save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "a.jpg")
    np.testing.assert_array_equal(full(tmp_path / "a.jpg"), np.asarray(scene))


# --- what cannot be read --------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "bmp", "tif", "ppm", "tga"])
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_file_cut_off_is_skipped_not_half_gray(tmp_path, good, scene, suffix, share):
    noise = np.random.default_rng(0).integers(0, 256, (400, 600, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, {"jpg": "JPEG", "tif": "TIFF"}.get(suffix, suffix))
    content = buffer.getvalue()
    (tmp_path / f"cut.{suffix}").write_bytes(content[: int(len(content) * share)])
    assert len(reason(tmp_path / f"cut.{suffix}", good)) > 10


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\xff\xd8\xff not a picture", "no image"),
        (b"just words", "no image"),
        (b"%PDF-1.4 ...", "PDF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "PostScript"),
        (b"<?xml version='1.0'?><svg/>", "SVG"),
        (b"\n <svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"<!DOCTYPE html><html></html>", "web page"),
        (b"\x1f\x8b\x08", "gzip"),
    ],
)
def test_the_reason_says_what_a_file_is_instead(tmp_path, good, content, words):
    (tmp_path / "a.jpg").write_bytes(content)
    assert words in reason(tmp_path / "a.jpg", good)


def test_postscript_starts_no_program(tmp_path, good, monkeypatch):
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("a program was started")

    monkeypatch.setattr("subprocess.Popen", refuse)
    Image.new("RGB", (8, 8)).save(tmp_path / "a.eps")
    assert "PostScript" in reason(tmp_path / "a.eps", good)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_does_not_hang(tmp_path, good):
    os.mkfifo(tmp_path / "pipe.png")
    assert reason(tmp_path / "pipe.png", good) == "no regular file"


def test_too_many_pixels_are_refused_and_the_limit_can_be_set(tmp_path):
    Image.new("L", (15, 10), 9).save(tmp_path / "many.png")
    Image.new("L", (30, 10), 9).save(tmp_path / "too_many.png")
    images = load_images(tmp_path, max_pixels=150)
    assert images.filenames.tolist() == ["many.png"]
    assert images.status[1].reason == "30 x 10 pixels are more than are decoded (max_pixels=150)"
    assert len(load_images(tmp_path, max_pixels=300)) == 2
    with pytest.raises(ImageReadError, match=r"30 x 10 pixels are more .*max_pixels=299"):
        imread(tmp_path / "too_many.png", max_pixels=299)
    with pytest.raises(InvalidParameterError, match="max_pixels.*Got 0"):
        imread(tmp_path / "many.png", max_pixels=0)


def test_nan_in_a_file_is_a_reason(tmp_path, good):
    Image.fromarray(np.array([[1, np.nan]], dtype=np.float32)).save(tmp_path / "nan.tif")
    assert "NaN" in reason(tmp_path / "nan.tif", good)


def test_heic_without_its_extra_names_the_extra(tmp_path, good, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pillow_heif", None)
    (tmp_path / "a.HEIC").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 100)
    assert "pip install 'clustimage[heic]'" in reason(tmp_path / "a.HEIC", good)


def test_unreadable_exif_does_not_cost_the_picture(tmp_path, scene):
    scene.save(tmp_path / "a.jpg", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\xff" * 30)
    assert full(tmp_path / "a.jpg").shape == (40, 60, 3)


def test_imread_says_why(tmp_path):
    with pytest.raises(ImageReadError, match=r"no\.png cannot be read: does not exist"):
        imread(tmp_path / "no.png")
    with pytest.raises(ImageReadError, match="a folder"):
        imread(tmp_path)
    for wrong in (2, -1, "x", "1", 0.7, None, True):
        with pytest.raises(InvalidParameterError, match="'colorscale'.*Got"):
            imread(tmp_path, colorscale=wrong)
    with pytest.raises(InvalidParameterError, match="dim"):
        imread(tmp_path, dim=(0, 5))


# --- imresize -------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64, np.int64, np.float16, bool])
@pytest.mark.parametrize("axes", [(), (1,), (3,), (4,)])
def test_imresize_keeps_type_and_axes(dtype, axes):
    img = np.ones((10, 20, *axes), dtype=dtype)
    small = imresize(img, dim=(4, 6))
    assert small.shape == (4, 6, *axes) and small.dtype == dtype
    np.testing.assert_allclose(small.astype(float), 1, atol=1e-6)


def test_imresize_averages_areas():
    img = np.arange(16, dtype=float).reshape(4, 4)
    np.testing.assert_allclose(imresize(img, (2, 2)), [[2.5, 4.5], [10.5, 12.5]])
    assert imresize(img, None) is img


def test_imresize_refuses_rows():
    with pytest.raises(InvalidDataError, match="height, width"):
        imresize(np.zeros(64), (4, 4))


# --- real files -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["Portrait", "Landscape"])
def test_real_photos_in_all_orientations_are_one_picture(lent_data, kind):
    images = load_images(
        [lent_data / "exif_orientation" / f"{kind}_{n}.jpg" for n in range(9)], dim=(96, 96)
    )
    pixels = images.pixels.astype(float)
    # 0 has no orientation and no frame; the others carry a drawn number each.
    assert np.abs(pixels - pixels[1]).mean(axis=(1, 2, 3)).max() < 25
    assert len({(row.width, row.height) for row in images.status}) == 1


@pytest.mark.parametrize(
    "name",
    [
        "alpha_channel_image.png",
        *(f"formats_images/{name}" for name in ("ukbench09380.webp", "copyleft.tiff")),
        *(f"formats_images/{name}" for name in ("giphy.gif", "marbles.pbm", "baboon.pgm")),
    ],
)
def test_real_files_of_many_formats(lent_data, name):
    images = load_images(lent_data / "imagededup_tests" / name)
    assert images.pixels.shape == (1, 128, 128, 3)
    assert images.pixels.std() > 5


def test_odd_files_are_read_or_have_a_reason(lent_data, capfd):
    corpus = lent_data / "decoder_corpus"
    files = sorted(path for path in corpus.rglob("*") if path.is_file())
    images = load_images(files, dim=(32, 32))
    assert len(images.status) == len(files)
    assert len(images) == sum(row.status == "ok" for row in images.status) > 300
    assert all(row.reason for row in images.status if row.status == "skipped")
    assert load_images(corpus, ext=None, dim=(32, 32)).n_images == len(images)
    assert capfd.readouterr().err == ""


def test_broken_files_of_the_png_suite_are_not_read(lent_data):
    images = load_images(lent_data / "decoder_corpus" / "pngsuite", dim=(32, 32))
    skipped = {Path(row.pathname).name[:3] for row in images.status if row.status == "skipped"}
    assert skipped == {"xc1", "xc9", "xcr", "xd0", "xd3", "xd9", "xdt", "xhd", "xlf"} | {
        "xs1",
        "xs2",
        "xs4",
        "xs7",
    }


def test_real_heic_files_are_read_where_the_extra_is_installed(lent_data):
    pytest.importorskip("pillow_heif")
    files = sorted((lent_data / "exif_samples" / "heic").rglob("*.[hH][eE]*"))
    images = load_images(files)
    assert len(images) == len(files) == 5
    assert (images.status[-2].width, images.status[-2].height) == (3024, 4032)
