"""How well faces are grouped by who they are, by each recognizer, into ``docs/quality.md``.

Networks of other recognizers lie outside of the project: ``--recognizer sface=FILE`` measures one,
with YuNet as the detector.

    python benchmarks/people.py
    python benchmarks/people.py --recognizer arcface=w600k_r50.onnx --print
"""

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from _datasets import TEST_DATA
from _markdown import table, write_section
from _measure import ROOT
from PIL import Image
from scipy.spatial.distance import pdist
from sklearn.metrics import adjusted_rand_score

from clustimage import Clustimage, set_logger
from clustimage.cluster import cut_tree_at
from clustimage.faces import check_faces, make_detector, make_recognizer
from clustimage.faces._crops import scale_face
from clustimage.faces._quality import face_quality
from clustimage.features._face import MIN_QUALITY

START, END = "<!-- people -->", "<!-- end of the people -->"
START_BLURRED, END_BLURRED = "<!-- blurred faces -->", "<!-- end of the blurred faces -->"
SETS = {"orl_faces": "orl_faces", "johns": "faces_dlib/johns"}
DATA = TEST_DATA / "data"
YUNET = TEST_DATA / "weights" / "yunet" / "yunet_n_640_640.onnx"
COLUMNS = (
    *("photos", "recognizer", "detector", "faces:", "persons:", "groups:", "ARI:"),
    *("strangers joined:", "persons split:", "ARI at the best cut:", "1 of 1,000 strangers:"),
    "faces a second:",
)
BLURRED = ("face", "distance to the clear one:", "pairs of strangers in the cut:", "left out:")
SIDES = (40, 30, 24, 20, 16, 12, 10)
BLURS = (0.01, 0.02, 0.03, 0.04, 0.05)  # of the width of the face
STRANGERS = 0.001  # of pairs of strangers, that are nearer than the cut of the last column


def main() -> None:
    """Measure, and write the page unless it is only printed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--recognizer", action="append", default=[], metavar="NAME=FILE")
    parser.add_argument("--print", action="store_true", help="print the tables, write nothing")
    options = parser.parse_args()
    set_logger("error")
    lines = table(COLUMNS, _rows(options.recognizer))
    print("\n".join(lines), flush=True)
    blurred = table(BLURRED, _blurred(sorted((DATA / SETS["johns"]).rglob("*.jpg"))))
    print("\n".join(blurred))
    if not options.print:
        page = ROOT / "docs" / "quality.md"
        write_section(page, START, END, lines)
        write_section(page, START_BLURRED, END_BLURRED, blurred)


def _rows(more: Sequence[str]) -> Iterator[list[object]]:
    """Yield a row for each set and recognizer."""
    yunet = {"detector": "yunet", "detector_model": str(YUNET)}
    asked: list[dict[str, Any]] = [{}, {"recognizer": "dlib"}]
    asked += [{"recognizer": "dlib", **yunet}] if YUNET.is_file() else []
    for word in more:
        name, _, file = word.partition("=")
        asked.append({"recognizer": name, "model": file, **yunet})
    for title, folder in SETS.items():
        for params in asked:
            yield [title, *_measured(DATA / folder, params)]


def _measured(folder: Path, params: dict[str, Any]) -> list[object]:
    method = "face" if params else "pca"
    with tempfile.TemporaryDirectory() as work:
        model = Clustimage(method, params_faces=params, embedding=None, dirpath=work)
        paths = sorted(path for path in folder.rglob("*.*") if path.suffix in (".pgm", ".jpg"))
        began = time.perf_counter()
        faces = model.extract_faces(paths)["pathnames_face"]
        seconds = time.perf_counter() - began
        labels = model.fit_transform(faces)["labels"]
        people = np.array([Path(photo).parent.name for photo in model.to_frame()["photo"]])
    persons = np.unique(people)
    first, second = np.triu_indices(len(people), 1)
    strangers = people[first] != people[second]
    joined = int((strangers & (labels[first] == labels[second]) & (labels[first] >= 0)).sum())
    split = sum(len(set(labels[people == one])) > 1 for one in persons)
    row: list[object] = [
        params.get("recognizer", "none"),
        model.params["params_faces"]["detector"],
        len(people),
        len(persons),
        int(labels.max()) + 1,
        f"{adjusted_rand_score(people, labels):.3f}",
        f"{joined} of {strangers.sum():,}",
        split,
    ]
    if not params:
        return [*row, "", "", f"{len(people) / seconds:.1f}"]
    assert model.clustering_ is not None and model.clustering_.tree is not None
    tree = model.clustering_.tree
    scores = [(adjusted_rand_score(people, cut_tree_at(tree, at)), at) for at in tree[:, 2]]
    best, at = max(scores)
    apart = pdist(model.results["feat"], model.extractor_.metric_)[strangers]  # type: ignore[union-attr]
    near = np.quantile(apart, STRANGERS)
    return [*row, f"{best:.3f} ({at:.2f})", f"{near:.2f}", f"{len(people) / seconds:.1f}"]


def _blurred(paths: Sequence[Path]) -> Iterator[list[object]]:
    """Yield a row for faces of each size, and out of focus by each amount."""
    detector = make_detector({"recognizer": "dlib"})
    recognizer = make_recognizer(check_faces({"recognizer": "dlib"}))
    assert recognizer is not None
    photos = [np.asarray(Image.open(path).convert("RGB")) for path in paths]
    faces = [detector.detect(photo)[0] for photo in photos]
    people = np.array([path.parent.name for path in paths])
    strangers = pdist(np.unique(people, return_inverse=True)[1][:, None]) > 0
    cut = recognizer.distance_threshold

    def described(seen: Sequence[np.ndarray], here: Sequence[Any]) -> np.ndarray:
        return np.array(
            [recognizer.describe(photo, [face])[0] for photo, face in zip(seen, here, strict=True)]
        )

    clear = described(photos, faces)
    changed: list[tuple[str, list[np.ndarray], list[Any]]] = [("as it is", photos, list(faces))]
    for side in SIDES:
        shares = [side / face.box[2] for face in faces]
        small = [
            cv2.resize(photo, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
            for photo, share in zip(photos, shares, strict=True)
        ]
        here = [scale_face(face, share, share) for face, share in zip(faces, shares, strict=True)]
        changed.append((f"{side} pixels wide", small, here))
    for blur in BLURS:
        soft = [
            cv2.GaussianBlur(photo, (0, 0), blur * face.box[2])
            for photo, face in zip(photos, faces, strict=True)
        ]
        changed.append((f"out of focus by {blur:.0%} of its width", soft, list(faces)))
    for title, seen, here in changed:
        found = described(seen, here)
        distance = np.median(np.linalg.norm(found - clear, axis=1))
        within = (pdist(found)[strangers] <= cut).mean()
        quality = np.array(
            [face_quality(photo, face) for photo, face in zip(seen, here, strict=True)]
        )
        yield [title, f"{distance:.2f}", f"{within:.1%}", f"{(quality < MIN_QUALITY).mean():.0%}"]


if __name__ == "__main__":
    main()
