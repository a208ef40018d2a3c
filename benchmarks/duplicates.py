"""How many edited copies of photos are found, and how many pairs are false.

Makes seeded edits of photos that are passed on by nobody, looks for them in one folder, and
writes the table of ``docs/stages/duplicates.rst``. The photos are looked for below
``CLUSTIMAGE_TEST_DATA``, in ``data/``. imagededup is compared where its Python is named, as it
needs other versions of packages.

    python benchmarks/duplicates.py --imagededup /path/to/venv/bin/python
    python benchmarks/duplicates.py --photos 50 --print
    python benchmarks/duplicates.py --hashes 100000  # time of the candidates of so many photos
"""

import argparse
import io
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import numpy as np
from _datasets import TEST_DATA
from _markdown import put_between
from _measure import ROOT
from PIL import Image, ImageDraw, ImageEnhance, ImageFont, ImageOps

from clustimage import Clustimage
from clustimage._model.duplicates import DISTANCES, HASHED_SIZE
from clustimage.duplicates._hash_pairs import near_pairs
from clustimage.duplicates._hashes import Hashes, hash_images, turned_signs

PAGE = ROOT / "docs" / "stages" / "duplicates.rst"
START, END = ".. measured\n", ".. end of what was measured\n"
ORIGINAL = "original"
THERE_TWICE = {"918", "924", "935", "981"}  # food of corel1k: one photo under two names

Edit = Callable[[Image.Image, np.random.Generator], Image.Image]
Pairs = set[tuple[str, str]]


def jpeg(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=30)
    return Image.open(file).convert("RGB")


def crop(share: float) -> Edit:
    def edit(image: Image.Image, rng: np.random.Generator) -> Image.Image:
        cut = [round(share * side) for side in image.size]
        return image.crop((cut[0], cut[1], image.width - cut[0], image.height - cut[1]))

    return edit


def crop_one_side(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    left, top, right, bottom = 0.05 * np.eye(4)[rng.integers(4)]
    width, height = image.size
    return image.crop(
        (
            round(left * width),
            round(top * height),
            round((1 - right) * width),
            round((1 - bottom) * height),
        )
    )


def text(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    image = image.copy()
    font = ImageFont.load_default(size=round(image.height * 0.12))
    at = 0.1 * image.width, rng.uniform(0.05, 0.8) * image.height
    colors = {"fill": "white", "stroke_fill": "black", "stroke_width": 2}
    ImageDraw.Draw(image).text(at, "Happy holidays", font=font, **colors)
    return image


def border(share: float) -> Edit:
    def edit(image: Image.Image, rng: np.random.Generator) -> Image.Image:
        color = ("white", "black")[rng.integers(2)]
        return ImageOps.expand(image, round(share * min(image.size)), fill=color)

    return edit


def brightness(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance((0.7, 1.3)[rng.integers(2)])


# Edits, and the share of their copies that is to be found.
EDITS: dict[str, tuple[Edit, float]] = {
    "JPEG of quality 30": (jpeg, 0.98),
    "a quarter of the size": (lambda image, rng: image.resize([s // 4 for s in image.size]), 0.98),
    "30 % lighter or darker": (brightness, 0.98),
    "5 % cropped off each side": (crop(0.05), 0.98),
    "5 % cropped off one side": (crop_one_side, 0.98),
    "a text over 12 % of the height": (text, 0.98),
    "a border of 5 %": (border(0.05), 0.95),
    "mirrored": (lambda image, rng: ImageOps.mirror(image), 0.95),
    "turned by 90°": (lambda image, rng: image.transpose(Image.Transpose.ROTATE_90), 0.95),
    "as PNG": (lambda image, rng: image, 0.95),
}


def make_versions(folder: Path, photos: list[Path]) -> None:
    """Write photos and their edits, ``NUMBER EDIT.jpg`` each."""
    for number, path in enumerate(photos):
        with Image.open(path) as file:
            image = file.convert("RGB")
        image.save(folder / f"{number:04d} {ORIGINAL}.jpg", quality=92)
        for name, (edit, _) in EDITS.items():
            rng = np.random.default_rng(number)
            target = folder / f"{number:04d} {name}.{'png' if name == 'as PNG' else 'jpg'}"
            edit(image, rng).save(target, **({} if name == "as PNG" else {"quality": 88}))


def by_clustimage(folder: Path, max_distance: str) -> Pairs:
    """Return the pairs of names that are in one group."""
    groups = Clustimage(verbose="error").duplicates(str(folder), max_distance=max_distance)
    names = [Path(pathname).name for pathname in groups["pathname"]]
    pairs: Pairs = set()
    for _, rows in groups.groupby("group"):
        members = sorted(names[i] for i in rows.index)
        pairs |= {(a, b) for i, a in enumerate(members) for b in members[i + 1 :]}
    return pairs


SCRIPT = """
import json, logging, sys
logging.disable(logging.CRITICAL)
from imagededup.methods import PHash
found = PHash(verbose=False).find_duplicates(image_dir=sys.argv[1])
print(json.dumps(sorted({tuple(sorted((a, b))) for a, some in found.items() for b in some})))
"""


def by_imagededup(python: str, folder: Path) -> Pairs:
    """Return the pairs of names that imagededup finds with its perceptual hash."""
    command = [python, "-c", SCRIPT, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {(a, b) for a, b in json.loads(done.stdout.splitlines()[-1])}


def core_seconds() -> float:
    """Return the seconds that cores have worked for this process and those that it has started."""
    return sum(os.times()[:4])


def recalls(pairs: Pairs, n_photos: int) -> dict[str, float]:
    """Return the share of the photos that are paired with each of their edits."""
    found = dict.fromkeys(EDITS, 0)
    for pair in pairs:
        (number, one), (other_number, other) = (Path(name).stem.split(" ", 1) for name in pair)
        if number == other_number and ORIGINAL in (one, other):
            found[other if one == ORIGINAL else one] += 1
    return {name: count / n_photos for name, count in found.items()}


def false_rate(pairs: Pairs, n_photos: int) -> tuple[int, float]:
    """Return the number of pairs of different photos, and in 10,000 pairs of such."""
    false = sum(a.split(" ")[0] != b.split(" ")[0] for a, b in pairs)
    versions = 1 + len(EDITS)
    return false, false / (n_photos * (n_photos - 1) / 2 * versions**2) * 10_000


def candidate_rate(folder: Path, max_distance: str) -> float:
    """Return how many of 10,000 pairs of different photos have hashes that are near."""
    model = Clustimage(dim=HASHED_SIZE, grayscale=True, verbose="error")
    model.import_data(sorted(map(str, folder.glob(f"* {ORIGINAL}.jpg"))))
    hashes = hash_images(model.images_.pixels)
    n = len(hashes.whole)
    pairs = near_pairs(hashes, np.arange(n), DISTANCES[max_distance])
    return len(pairs.first) / (n * (n - 1) / 2) * 10_000


def time_hashes(n: int) -> None:
    """Print how long the candidates among random hashes take, a hundredth of which is planted."""
    rng = np.random.default_rng(0)
    whole, inner = rng.choice(np.array([-1, 1], dtype=np.int8), (2, n, 128))
    n_planted = n // 100
    first, second = np.arange(n_planted), n - 1 - np.arange(n_planted)
    for one, other in zip(first, second, strict=True):
        whole[other] = turned_signs(whole[one], int(rng.integers(8)))
        whole[other, rng.choice(128, 20, replace=False)] *= -1
    start, used = time.perf_counter(), time.process_time()
    hashes = Hashes(whole, inner, np.zeros(n, dtype=bool))
    pairs = near_pairs(hashes, np.arange(n), DISTANCES["normal"])
    seconds, cpu = time.perf_counter() - start, time.process_time() - used
    found = set(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))
    planted = set(zip(first.tolist(), second.tolist(), strict=True))
    print(
        f"{n:,} hashes: {seconds:.0f} s, {cpu:.0f} s of a core; {len(found & planted):,} of "
        f"{n_planted:,} planted pairs, {len(found - planted):,} others"
    )


def rst_table(head: list[str], rows: Iterable[list[str]]) -> list[str]:
    lines = [".. list-table::", "   :header-rows: 1", ""]
    for row in [head, *rows]:
        lines += [f"   {'-' if i else '* -'} {cell}" if not i else f"     - {cell}"
                  for i, cell in enumerate(row)]  # fmt: skip
    return [*lines, ""]


def main() -> None:
    """Measure, and write the page unless only a part was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--photos", type=int, default=200)
    parser.add_argument("--imagededup", metavar="PYTHON", help="a Python that has imagededup")
    parser.add_argument("--hashes", type=int, metavar="N", help="only time the candidates of N")
    parser.add_argument("--print", action="store_true", help="print, and leave the page as it is")
    arguments = parser.parse_args()
    if arguments.hashes:
        time_hashes(arguments.hashes)
        return
    photos = sorted((TEST_DATA / "data" / "corel1k").rglob("*.jpg"))
    photos = [path for path in photos if path.stem not in THERE_TWICE]
    chosen = np.random.default_rng(0).choice(len(photos), arguments.photos, replace=False)
    tools: dict[str, Callable[[Path], Pairs]] = {
        word: partial(by_clustimage, max_distance=word) for word in DISTANCES
    }
    if arguments.imagededup:
        tools["imagededup (PHash)"] = lambda folder: by_imagededup(arguments.imagededup, folder)
    columns = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_versions(folder, [photos[i] for i in sorted(chosen)])
        for tool, find in tools.items():
            start = core_seconds()
            pairs = find(folder)
            seconds = core_seconds() - start
            false, rate = false_rate(pairs, len(chosen))
            candidates = f"{candidate_rate(folder, tool):.2f}" if tool in DISTANCES else ""
            columns[tool] = [
                *(f"{share:.3f}" for share in recalls(pairs, len(chosen)).values()),
                candidates,
                f"{false:,}",
                f"{rate:.2f}",
                f"{seconds:.0f} s",
            ]
    titles = [
        *EDITS,
        "candidates in 10,000 pairs",
        "false pairs",
        "false pairs in 10,000",
        "time of a core",
    ]
    rows = [[title, *cells] for title, *cells in zip(titles, *columns.values(), strict=True)]
    lines = rst_table(["share found", *columns], rows)
    if arguments.print or len(chosen) < 200:
        print("\n".join(lines))
        return
    PAGE.write_text(put_between(PAGE.read_text("utf-8"), START, END, ["", *lines]), "utf-8")


if __name__ == "__main__":
    main()
