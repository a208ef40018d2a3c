"""Photos → faces: read, detect, cut and write, in threads."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from clustimage._core.errors import InvalidParameterError
from clustimage._core.logs import get_logger
from clustimage._core.parallel import run_ordered
from clustimage._core.parameters import named, setting
from clustimage._core.validation import check_bool, check_shape
from clustimage.faces._crops import MAX_CROP_PIXELS, Crop, cut_face, scale_face, whole_box
from clustimage.faces._detector import Face, FaceDetector
from clustimage.faces._naming import is_crop, safe_stem, write_crop
from clustimage.faces._photo_of import link_text
from clustimage.faces._quality import face_quality
from clustimage.faces._registry import check_faces, make_detector
from clustimage.faces.recognizers._recognizer import FaceRecognizer
from clustimage.faces.recognizers._registry import make_recognizer
from clustimage.images import (
    DEFAULT_EXTENSIONS,
    DecodingLimits,
    Descriptor,
    ImageStatus,
    Session,
    canonical,
    decoders,
    descriptor_text,
    digest,
    digest_file,
    gather_photos,
    imresize,
    imscale,
    log_left_out,
    open_cache,
    quiet_pillow,
    read_upright,
    report_skipped,
    to_gray,
)

__all__ = ["find_faces"]

logger = get_logger(__name__)

MAX_ENLARGEMENT = (
    2.0  # a photo smaller than `max_side` is enlarged for the detector by at most this
)
MIN_SIDE_PIXELS = 16  # pixels: no face is looked for in a photo with a shorter side
FOLDER = "faces"

# Raise when crops come out otherwise than before: they are then written under other names.
VERSION = 1


@dataclass
class _Found:
    """What is kept of one photo."""

    pathname: str
    filename: str
    coord_faces: np.ndarray
    scores: np.ndarray
    coord_eyes: list[np.ndarray]
    size_faces: np.ndarray
    pathnames_face: list[str]
    img: np.ndarray


def find_faces(
    X: Any,
    *,
    params: Mapping[str, Any] | None = None,
    dim_face: tuple[int, int] = (64, 64),
    grayscale: bool = False,
    dirpath: str | os.PathLike[str] | None = None,
    ext: str | Iterable[str] | None = DEFAULT_EXTENSIONS,
    black_list: str | Iterable[str] | None = None,
    n_jobs: int | None = -1,
    limits: DecodingLimits | None = None,
) -> dict[str, Any]:
    """Find the faces of photos and write each as an image file of its own.

    Parameters
    ----------
    X : path, URL, array, PIL image, or a list of these, nested or not
        As for `load_images`, but not flattened.
    params : dict, optional
        Some of the settings of `PARAMS_FACES`; the others keep their defaults:

        - detector : ``"haar"``, ``"yunet"``, ``"dlib"`` or an object with ``detect``, see
          `FaceDetector`; by default the one that suits the recognizer, without one ``"haar"``;
        - recognizer : ``"dlib"``, ``"sface"``, ``"arcface"`` or an object with ``describe``, see
          `FaceRecognizer`: what it says about a face is written into its crop;
        - model : path of the network of the recognizer (sface and arcface, which need one); with
          other recognizers and without one that of the detector;
        - detector_model : path of a cascade (haar) or of the network (yunet, which needs one);
        - scale_factor, min_neighbors : of haar, see `HaarDetector`;
        - min_score : of yunet, see `YuNetDetector`;
        - min_size : smallest face, as a share of the longer side of the photo;
        - max_side : longer side in pixels of the photo that the detector sees; a smaller
          one is enlarged, at most twice;
        - margin : what is added around a face, as a share of its size;
        - align : turn a crop so that its eyes are level, where both are known.
    dim_face : (height, width), default=(64, 64)
        Size of the crops in ``img``.
    grayscale : bool, default=False
        Whether ``img`` is gray; the files keep their colours.
    dirpath : path, optional
        Crops are written into its folder ``faces``; default a new temporary folder.
    ext : str or sequence of str, optional
        Extensions of the files that are taken from a folder.
    black_list : str or sequence of str, optional
        Names of folders and files to leave out; see `listdir`.
    n_jobs : int, default=-1
        Number of threads; -1 uses every core. An object as detector works in one.
    limits : DecodingLimits, optional
        What may be decoded.

    Returns
    -------
    dict
        One entry for each photo that was read, in the order of the input; those without a
        face have empty ones:

        - pathnames, filenames : arrays of str objects, shape (n,);
        - pathnames_face : list of lists of str, the files of the crops, from left to right;
        - img : list of uint8 arrays (k, height * width * channels), the crops in the size
          `dim_face`, scaled as the chain scales images;
        - coord_faces : list of int arrays (k, 4), x, y, width, height in the photo held upright;
        - coord_eyes : list of lists of int arrays (m, 4), boxes in pixels of the crop's file;
        - size_faces : list of int arrays (k, 2), height and width of the crop's file;
        - scores : list of float arrays (k,), in the units of the detector.

        What could not be read is counted in one warning, with the first reasons.

    Raises
    ------
    ImageReadError
        If there is no photo at all, or none can be read.
    InvalidDataError
        If an array can be no photo.
    InvalidParameterError
        If a setting is wrong, a cascade or model file is missing or broken, or `dirpath`
        cannot be written to.
    MissingDependencyError
        If the package of the detector or of the recognizer is not installed.

    Notes
    -----
    A crop is named ``<photo>_<hash>_face<i>.png``. The hash is of the path of the photo, its
    content and the settings, so photos of one name do not meet, and the same call again
    leaves the files as they are. Nothing is overwritten. Such files below `dirpath`, in
    ``faces``, are not searched for faces themselves. Each file carries the path of its
    photo, see `photo_of`, and what the recognizer says about the face, see `read_descriptor`;
    with a `dirpath` that is cached by the content of the photo.

    Examples
    --------
    >>> from skimage.data import astronaut
    >>> faces = find_faces([astronaut()])
    >>> faces["coord_faces"][0].shape, faces["img"][0].shape
    ((1, 4), (1, 12288))
    """
    work = _Work(
        check_faces(params),
        check_shape("dim_face", dim_face),
        check_bool("grayscale", grayscale),
        None if dirpath is None else Path(os.path.abspath(Path(dirpath).expanduser())),  # noqa: PTH100
        limits,
    )
    own = not all(isinstance(work.params[name], str | None) for name in ("detector", "recognizer"))
    photos = gather_photos(X, ext=ext, black_list=black_list, download_dir=dirpath)
    log_left_out(photos.left_out)
    if dirpath is not None:
        photos = _without_crops(photos, work.folder)
    found: list[_Found] = []
    status: list[ImageStatus] = []
    cache = open_cache(dirpath)
    session = nullcontext(None) if cache is None or own else cache.session()
    with quiet_pillow(work.limits.max_pixels), session as work.session:
        results = run_ordered(
            work.find,
            photos.items,
            n_jobs=1 if own else n_jobs,
            desc="Finding faces",
            unit="photo",
        )
        for photo, result in zip(photos.items, results, strict=True):
            if isinstance(result, str):
                status.append(ImageStatus(photo.given, "skipped", result))
            else:
                status.append(ImageStatus(photo.pathname, "ok"))
                found.append(result)
    report_skipped(status, photos.looked_for)
    n_faces = sum(len(row.pathnames_face) for row in found)
    if n_faces:
        logger.info("Faces: %d, in %d photos.", n_faces, len(found))
        if work.params["recognizer"] is None:
            logger.info(
                "Without a recognizer groups of faces follow light and pose, not persons. For "
                "persons: %s.",
                setting("method", "face"),
            )
    else:
        logger.warning(
            "No face was found in %d photos. Lower 'min_neighbors' (haar), 'min_score' (yunet) or "
            f"{named('min_size')} in params_faces finds more.",
            len(found),
        )
    return _as_dict(found)


def _without_crops(photos: Any, folder: Path) -> Any:
    """Return the photos without what an earlier call has written to `folder`.

    Where `dirpath` lies in the folder of the photos, crops would be photos in the next call.
    """
    start = f"{folder}{os.sep}"
    kept = [
        photo
        for photo in photos.items
        if not (photo.pathname.startswith(start) and is_crop(photo.filename))
    ]
    return replace(photos, items=kept)


def _as_dict(found: list[_Found]) -> dict[str, Any]:
    """Return the rows of the photos as columns."""
    names = ("pathnames_face", "img", "coord_faces", "coord_eyes", "size_faces", "scores")
    return {
        "pathnames": np.array([row.pathname for row in found], dtype=object),
        "filenames": np.array([row.filename for row in found], dtype=object),
        **{name: [getattr(row, name) for row in found] for name in names},
    }


class _Work:
    """What all photos have in common, and a detector for each thread."""

    def __init__(
        self,
        params: dict[str, Any],
        dim_face: tuple[int, int],
        gray: bool,
        dirpath: Path | None,
        limits: DecodingLimits | None,
    ) -> None:
        self.limits = limits or DecodingLimits()
        self.params = params
        self.dim_face = dim_face
        self.gray = gray
        self._dirpath = dirpath
        self.session: Session | None = None  # in which descriptors are known by content
        self._lock = threading.Lock()
        self._of_thread = threading.local()
        # A broken model is reported before any work.
        self._of_thread.detector = make_detector(params)
        self._of_thread.recognizer = make_recognizer(params)

    def find(self, source: Any) -> _Found | str:
        """Find the faces of one photo, or say why it cannot be read."""
        photo = read_upright(source, self._enough, self.limits)
        if isinstance(photo, str):
            return photo
        try:
            faces = self._detect(photo.pixels)
        except cv2.error as exc:
            return f"the detector failed ({exc.err})"
        height, width = photo.height, photo.width
        faces = [
            scale_face(face, width / photo.pixels.shape[1], height / photo.pixels.shape[0])
            for face in faces
        ]
        pixels = photo.pixels
        if faces and pixels.shape[:2] != (height, width):
            again = read_upright(source, _as_large_as(faces), self.limits)
            if isinstance(again, str):
                return again
            pixels = again.pixels
        across, down = pixels.shape[1] / width, pixels.shape[0] / height
        seen = [scale_face(face, across, down) for face in faces]
        crops = [
            cut_face(pixels, face, margin=self.params["margin"], align=self.params["align"])
            for face in seen
        ]
        try:
            content = _digest_of(source) if faces else ""
        except OSError as exc:
            return f"cannot be read any more ({exc.strerror})"
        descriptors = self._describe(pixels, seen, content)
        return self._keep(source, faces, crops, descriptors, content, (height, width))

    def _enough(self, height: int, width: int) -> tuple[int, int]:
        """Return the size below which a photo must not be reduced for the detector."""
        share = min(1.0, self.params["max_side"] / max(height, width))
        return max(1, round(height * share)), max(1, round(width * share))

    def _detect(self, img: np.ndarray) -> list[Face]:
        height, width = img.shape[:2]
        scale = min(self.params["max_side"] / max(height, width), MAX_ENLARGEMENT)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        if min(size) < MIN_SIDE_PIXELS:
            return []
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        seen = cv2.resize(img, size, interpolation=method)
        return [
            scale_face(face, width / size[0], height / size[1])
            for face in self._detector().detect(seen)
        ]

    def _recognizer(self) -> FaceRecognizer | None:
        if not hasattr(self._of_thread, "recognizer"):
            self._of_thread.recognizer = make_recognizer(self.params)
        recognizer: FaceRecognizer | None = self._of_thread.recognizer
        return recognizer

    def _detector(self) -> FaceDetector:
        detector: FaceDetector | None = getattr(self._of_thread, "detector", None)
        if detector is None:
            detector = self._of_thread.detector = make_detector(self.params)
        return detector

    def _describe(
        self, pixels: np.ndarray, faces: list[Face], content: str
    ) -> list[Descriptor | None]:
        """Return what the recognizer says about each face; None where there is no recognizer."""
        recognizer = self._recognizer() if faces else None
        if recognizer is None:
            return [None] * len(faces)
        rows = self._rows(recognizer, pixels, faces, content)
        qualities = [face_quality(pixels, face) for face in faces]
        limits = recognizer.name, recognizer.metric, float(recognizer.distance_threshold)
        return [Descriptor(*limits, *of_face) for of_face in zip(rows, qualities, strict=True)]

    def _rows(
        self, recognizer: FaceRecognizer, pixels: np.ndarray, faces: list[Face], content: str
    ) -> list[np.ndarray]:
        """Return a row for each face; those of a photo that was here before are cached."""
        keys = [digest(canonical({"photo": content, "box": face.box})) for face in faces]
        made_by = {"recognizer": recognizer.name, "decoders": dict(decoders()), "version": VERSION}
        known = {} if self.session is None else self.session.rows(keys, made_by)
        missing = [i for i, key in enumerate(keys) if key not in known]
        if missing:
            made = _described(recognizer, pixels, [faces[i] for i in missing])
            new = [keys[i] for i in missing]
            known.update(zip(new, made, strict=True))
            if self.session is not None:
                self.session.keep_rows(new, made, made_by)
        return [known[key] for key in keys]

    def _keep(
        self,
        source: Any,
        faces: list[Face],
        crops: list[Crop],
        descriptors: list[Descriptor | None],
        content: str,
        size: tuple[int, int],
    ) -> _Found | str:
        height, width = size
        names: list[str] = []
        if faces:
            stem = f"{safe_stem(source.pathname)}_{self._hash(source.pathname, content)}"
            photo = source.pathname if source.content is None else None
            try:
                for number, (crop, descriptor) in enumerate(zip(crops, descriptors, strict=True)):
                    info = link_text(photo, number)
                    if descriptor is not None:
                        info.add_text(*descriptor_text(descriptor))
                    names.append(write_crop(self.folder, stem, number, crop.pixels, info))
            except OSError as exc:
                raise InvalidParameterError(
                    f"The faces cannot be written to {self.folder} ({exc.strerror}). Give another "
                    f"{named('dirpath')}, or look whether the disk is full."
                ) from exc
        n_values = self.dim_face[0] * self.dim_face[1] * (1 if self.gray else 3)
        rows = [_row(crop.pixels, self.dim_face, self.gray) for crop in crops]
        return _Found(
            source.pathname,
            source.filename,
            np.array([whole_box(face, width, height) for face in faces], int).reshape(-1, 4),
            np.array([face.score for face in faces], dtype=float),
            [crop.eyes for crop in crops],
            np.array([crop.pixels.shape[:2] for crop in crops], dtype=int).reshape(-1, 2),
            names,
            np.array(rows, dtype=np.uint8).reshape(-1, n_values),
        )

    def _hash(self, pathname: str, content: str) -> str:
        settings = {
            key: value
            for key, value in self.params.items()
            if key not in ("detector", "recognizer")
            and not (key == "detector_model" and value is None)
        }
        detector = self.params["detector"]
        # What is not asked for is left out, so that crops of older versions keep their names.
        recognizer = self._recognizer()
        described = {} if recognizer is None else {"recognizer": recognizer.name}
        key = {
            "path": pathname,
            "content": content,
            "settings": {key: None if v is None else str(v) for key, v in settings.items()},
            "detector": detector if isinstance(detector, str) else type(detector).__qualname__,
            "version": VERSION,
            **described,
        }
        return digest(canonical(key))[:12]

    @property
    def folder(self) -> Path:
        """Return the folder of the crops; without `dirpath` a new one, made once."""
        with self._lock:
            if self._dirpath is None:
                self._dirpath = Path(tempfile.mkdtemp(prefix="clustimage-"))
            return self._dirpath / FOLDER


def _described(recognizer: FaceRecognizer, pixels: np.ndarray, faces: list[Face]) -> np.ndarray:
    """Return what a recognizer says about faces, or raise where it is no row for each."""
    rows = np.asarray(recognizer.describe(pixels, faces), dtype=np.float32)
    if rows.ndim != 2 or len(rows) != len(faces) or not np.isfinite(rows).all():
        raise InvalidParameterError(
            f"{named('recognizer')} must return a finite row for each of {len(faces)} faces. "
            f"Got an array of shape {rows.shape}."
        )
    return rows


def _as_large_as(faces: list[Face]) -> Any:
    """Return what makes the least size at which no face is below the largest crop."""
    smallest = min(max(face.box[2:]) for face in faces)
    share = min(1.0, MAX_CROP_PIXELS / max(smallest, 1.0))

    def least(height: int, width: int) -> tuple[int, int]:
        return max(1, round(height * share)), max(1, round(width * share))

    return least


def _digest_of(source: Any) -> str:
    if source.content is None:
        return digest_file(source.pathname)
    return digest(np.ascontiguousarray(source.content).tobytes())


def _row(crop: np.ndarray, dim: tuple[int, int], gray: bool) -> np.ndarray:
    """Return a crop as the chain reads images: gray, scaled by its maximum, resized."""
    img = imscale(to_gray(crop) if gray else crop)
    return imresize(img, dim).reshape(-1)
