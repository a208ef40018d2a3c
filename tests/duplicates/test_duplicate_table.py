"""`Clustimage.duplicates`: what is a version of one photo, what is not, and what is said of it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageFont, ImageOps
from skimage.data import astronaut, chelsea, coffee, rocket

from clustimage import Clustimage, ImageReadError, InvalidParameterError, StepOrderError
from clustimage.duplicates._duplicate_table import COLUMNS

PHOTO = Image.fromarray(astronaut())


def cropped(share):
    def edit(image):
        cut = round(share * image.width)
        return image.crop((cut, cut, image.width - cut, image.height - cut))

    return edit


def with_text(image):
    image = image.copy()
    font = ImageFont.load_default(size=50)
    ImageDraw.Draw(image).text((60, 60), "Happy holidays", font=font, fill="white")
    return image


# Kind of an edit of a photo, and some of the words that say what is different.
EDITS = {
    "quarter": (lambda image: image.resize((128, 128)), "same pixels", "smaller (25%)"),
    "darker": (lambda image: ImageEnhance.Brightness(image).enhance(0.7), "near", "darker"),
    "gray": (lambda image: image.convert("L"), "near", "without colour"),
    "crop": (cropped(0.05), "near", "cropped to 81%"),
    "stretched": (lambda image: image.resize((512, 400)), "near", "stretched"),
    "text": (with_text, "near", "% of it changed"),
    "mirror": (ImageOps.mirror, "mirrored", "mirrored"),
    "flip": (ImageOps.flip, "mirrored", "top and bottom exchanged"),
    "left": (lambda image: image.transpose(Image.Transpose.ROTATE_90), "turned", "turned by 90°"),
    "down": (lambda image: image.transpose(Image.Transpose.ROTATE_180), "turned", "by 180°"),
    "mirrored crop": (lambda image: ImageOps.mirror(cropped(0.05)(image)), "mirrored", "cropped"),
    "turned crop": (lambda image: cropped(0.05)(image).rotate(90), "turned", "cropped to 8"),
}


@pytest.fixture
def cl():
    return Clustimage(verbose="error")


@pytest.fixture
def folder(tmp_path):
    """Three photos that are no versions of one another."""
    for name, pixels in (("a", astronaut()), ("cat", chelsea()), ("cup", coffee())):
        Image.fromarray(pixels).save(tmp_path / f"{name}.jpg", quality=92)
    return tmp_path


def of(groups):
    """Return kind and words by name."""
    names = [Path(pathname).name for pathname in groups["pathname"]]
    return dict(zip(names, zip(groups["kind"], groups["difference"], strict=True), strict=True))


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_is_found_and_said(cl, folder, name):
    edit, kind, words = EDITS[name]
    edit(PHOTO).save(folder / "edit.jpg", quality=88)
    groups = cl.duplicates(str(folder), keep="oldest")
    assert set(of(groups)) == {"a.jpg", "edit.jpg"}
    assert groups["pathname"].iloc[0].endswith("a.jpg") and groups["keep"].tolist() == [True, False]
    assert of(groups)["edit.jpg"][0] == kind and words in of(groups)["edit.jpg"][1]
    assert groups["sure"].iloc[1] > 0.7 and groups["distance"].iloc[1] <= 28


def test_a_border_is_said_of_the_one_that_has_it(cl, folder):
    ImageOps.expand(PHOTO, 25, fill="black").save(folder / "edit.jpg", quality=88)
    groups = cl.duplicates(str(folder), keep="oldest")
    assert "% more around it" in of(groups)["edit.jpg"][1]
    groups = cl.duplicates(str(folder))
    assert "cropped to 8" in of(groups)["a.jpg"][1] and groups["reason"].iloc[0] == "most pixels"


def test_two_photos_are_no_copies(cl, folder):
    assert len(cl.duplicates(str(folder))) == 0
    table = cl.duplicates(str(folder))
    assert list(table.columns) == list(COLUMNS)
    assert {name: str(kind) for name, kind in table.dtypes.items()} == COLUMNS


def test_a_crop_that_leaves_too_little_is_another_picture(cl, folder):
    cropped(0.15)(PHOTO).save(folder / "edit.jpg", quality=92)  # leaves 49 %
    options = {"max_distance": 64, "keep": "oldest"}
    assert len(cl.duplicates(str(folder), **options)) == 0
    groups = cl.duplicates(str(folder), min_share=0.4, **options)
    assert set(of(groups)) == {"a.jpg", "edit.jpg"}


def test_exact_copies_are_found_without_decoding(cl, tmp_path):
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        (tmp_path / name).write_bytes(b"no image at all" if name != "c.jpg" else b"Another.......!")
    groups = cl.duplicates(str(tmp_path), kinds=["exact"])
    assert of(groups) == {"a.jpg": ("exact", ""), "b.jpg": ("exact", "")}
    with pytest.raises(ImageReadError):
        cl.duplicates(str(tmp_path))


def test_what_is_reached_through_a_link_is_listed_once(cl, folder):
    shutil.copy(folder / "a.jpg", folder / "b.jpg")
    (folder / "link.jpg").symlink_to("a.jpg")
    (folder / "hard.jpg").hardlink_to(folder / "b.jpg")
    names = set(of(cl.duplicates(str(folder))))
    assert len(names) == 2 and "link.jpg" not in names


def test_kinds_that_are_not_asked_for_are_left_out(cl, folder):
    ImageOps.mirror(PHOTO).save(folder / "mirror.jpg")
    PHOTO.resize((256, 256)).save(folder / "small.jpg")
    shutil.copy(folder / "a.jpg", folder / "copy.jpg")
    found = set(of(cl.duplicates(str(folder), kinds=["same pixels"])))
    assert found == {"a.jpg", "copy.jpg", "small.jpg"}
    assert len(cl.duplicates(str(folder), kinds=["exact", "mirrored"])) >= 3


def test_photos_with_two_dates_are_two_photos_unless_they_are_a_burst(cl, folder):
    for name, second in (("a", 0), ("b", 2)):
        exif = Image.Exif()
        exif.get_ifd(0x8769)[0x9003] = f"2020:05-01 12:00:0{second}".replace("-", ":")
        blurred = PHOTO if name == "a" else PHOTO.resize((200, 200)).resize((512, 512))
        blurred.save(folder / f"{name}.jpg", exif=exif, quality=92)
    assert len(cl.duplicates(str(folder))) == 0
    groups = cl.duplicates(str(folder), burst=3)
    assert of(groups)["b.jpg"] == ("burst", "another moment")
    assert groups["reason"].iloc[0] == "sharpest" and groups["keep"].iloc[0]
    assert groups["pathname"].iloc[0].endswith("a.jpg")
    assert len(cl.duplicates(str(folder), burst=1)) == 0


def test_flat_images_are_copies_only_by_their_bytes(cl, tmp_path):
    for name, gray in (("a", 0), ("b", 0), ("c", 0), ("d", 90)):
        Image.new("L", (64, 64), gray).save(tmp_path / f"{name}.{'bmp' if name == 'c' else 'png'}")
    assert set(of(cl.duplicates(str(tmp_path)))) == {"a.png", "b.png"}


def test_a_bridge_does_not_join_two_groups(cl):
    """Of pictures side by side each is a part, but the parts are no versions of one another."""
    both = np.hstack([astronaut()[:300, :512], coffee()[:300, :512]])
    groups = cl.duplicates([astronaut()[:300, :512], coffee()[:300, :512], both], min_share=0.3)
    assert groups["group"].nunique() <= 1


def test_arrays_and_what_was_imported(cl):
    photos = [astronaut(), chelsea(), rocket(), chelsea()[:, ::-1], rocket()[::2, ::2]]
    groups = cl.duplicates(photos)
    assert groups["pathname"].tolist() == [f"image_000{i}" for i in (1, 3, 2, 4)]
    assert groups["kind"].tolist()[:2] == ["mirrored", "mirrored"]
    assert groups["bytes"].isna().all() and groups["width"].tolist()[:2] == [451, 451]
    with pytest.raises(StepOrderError):
        cl.duplicates()
    cl.import_data(photos)
    before = cl.results["img"].copy()
    assert cl.duplicates()["group"].tolist() == [0, 0, 1, 1]
    assert (cl.results["img"] == before).all()


def test_the_folder_that_is_preferred_or_protected_is_kept(cl, folder):
    for name in ("one", "two"):
        (folder / name).mkdir()
        PHOTO.resize((256, 256)).save(folder / name / "small.jpg")
        os.utime(folder / name / "small.jpg", (10**9, 10**9))
    options = {"prefer": folder / "one", "protect": [folder / "two"]}
    first = cl.duplicates(str(folder), **options).iloc[0]
    assert (first["pathname"], first["reason"]) == (
        str(folder / "two" / "small.jpg"),
        "in a protected folder",
    )
    first = cl.duplicates(str(folder), prefer=options["prefer"]).iloc[0]
    assert first["reason"] == "in a preferred folder" and "one" in first["pathname"]


def test_names_that_are_not_unicode_are_spelled_and_open(cl, folder):
    name = os.fsdecode(os.fsencode(str(folder)) + b"/caf\xe9.jpg")
    try:
        shutil.copy(folder / "a.jpg", name)
    except OSError:
        pytest.skip("the disk has names in Unicode alone")
    groups = cl.duplicates(str(folder))
    assert groups.to_csv().encode() and "caf\\udce9.jpg" in " ".join(groups["pathname"])
    assert cl.plan_removal(groups).n_files == 1


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"kinds": "near"}, "'kinds' must be a list of some of"),
        ({"kinds": []}, "'kinds' must be a list of some of"),
        ({"kinds": ["nearly"]}, "'kinds' must be one of"),
        ({"keep": "nicest"}, "'keep' must be one of"),
        ({"max_distance": "wide"}, "'max_distance' must be one of 'strict', 'normal', 'loose'"),
        ({"max_distance": 65}, "'max_distance' must be"),
        ({"min_share": 0}, "'min_share' must be"),
        ({"burst": -1}, "'burst' must be"),
        ({"prefer": "no folder"}, "'prefer' must be folders that exist"),
        ({"protect": "no folder"}, "'protect' must be folders that exist"),
    ],
)
def test_wrong_values_are_refused_before_anything_is_read(cl, options, sentence):
    with pytest.raises(InvalidParameterError, match=sentence):
        cl.duplicates("no such folder", **options)


def test_real_photos_and_their_edits_are_groups_of_one_photo_each(cl, corel, tmp_path):
    paths, _ = corel
    for number, path in enumerate(paths[::10]):
        with Image.open(path) as file:
            photo = file.convert("RGB")
        photo.save(tmp_path / f"{number} original.jpg", quality=92)
        photo.save(tmp_path / f"{number} low.jpg", quality=30)
        photo.resize((photo.width // 4, photo.height // 4)).save(tmp_path / f"{number} small.jpg")
        ImageOps.mirror(photo).save(tmp_path / f"{number} mirror.jpg")
        cropped(0.04)(photo).save(tmp_path / f"{number} crop.jpg")
    groups = cl.duplicates(str(tmp_path))
    number = groups["pathname"].map(lambda pathname: Path(pathname).name.split()[0])
    assert (number.groupby(groups["group"]).nunique() == 1).all()  # no two photos in one group
    assert len(groups) >= 0.97 * 5 * len(paths[::10])
    assert groups.groupby("group")["keep"].sum().eq(1).all()
    assert isinstance(groups["date"].dtype, pd.DatetimeTZDtype)
