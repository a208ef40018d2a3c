"""The extractors by the names that users type, and what each takes of the settings."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from clustimage._core.validation import check_option, invalid
from clustimage.features._auto import AUTO, choose_method
from clustimage.features._color import ColorExtractor
from clustimage.features._combined import CombinedExtractor
from clustimage.features._crop_resistant import CropResistantHash
from clustimage.features._custom import CustomExtractor
from clustimage.features._exif import PARAMS_EXIF, ExifExtractor
from clustimage.features._extractor import FeatureExtractor
from clustimage.features._face import FaceExtractor
from clustimage.features._fisher import FisherExtractor
from clustimage.features._gist import GistExtractor
from clustimage.features._hash import (
    PARAMS_HASH,
    AverageHash,
    ColorHash,
    DaubechiesHash,
    DifferenceHash,
    HaarHash,
    PerceptualHash,
)
from clustimage.features._hog import PARAMS_HOG, HOGExtractor
from clustimage.features._pca import PARAMS_PCA, PCAExtractor
from clustimage.features._pca_hog import PCAHOGExtractor
from clustimage.features._precomputed import PrecomputedExtractor
from clustimage.features._raw import RawExtractor
from clustimage.features.cnn._cnn import PARAMS_CNN, CNNExtractor

__all__ = ["EXTRACTORS", "SETTINGS", "make_extractor", "needs_gray", "split_method"]

EXTRACTORS: dict[str | None, type[FeatureExtractor]] = {
    None: RawExtractor,
    "pca": PCAExtractor,
    "hog": HOGExtractor,
    "pca-hog": PCAHOGExtractor,
    "color": ColorExtractor,
    "gist": GistExtractor,
    "fisher": FisherExtractor,
    "ahash": AverageHash,
    "phash": PerceptualHash,
    "dhash": DifferenceHash,
    "whash-haar": HaarHash,
    "whash-db4": DaubechiesHash,
    "colorhash": ColorHash,
    "crop-resistant": CropResistantHash,
    "crop-resistant-hash": CropResistantHash,
    "cnn": CNNExtractor,
    "exif": ExifExtractor,
    "face": FaceExtractor,
    "precomputed": PrecomputedExtractor,
}

# The settings that extractors take from the user, and their defaults.
SETTINGS: dict[str, dict[str, Any]] = {
    "params_pca": PARAMS_PCA,
    "params_hog": PARAMS_HOG,
    "params_hash": PARAMS_HASH,
    "params_cnn": PARAMS_CNN,
    "params_exif": PARAMS_EXIF,
}


def make_extractor(method: Any, settings: Mapping[str, Any]) -> FeatureExtractor:
    """Return an unfitted extractor.

    Parameters
    ----------
    method : str, None or object
        A name in `EXTRACTORS`, several of them joined by ``"+"`` (see `CombinedExtractor`),
        ``"auto"`` (see `choose_method`), or an object with `fit` and `transform` (see
        `CustomExtractor`).
    settings : mapping
        Settings by name: those of `SETTINGS`, ``random_state``, ``n_jobs``. Others
        are ignored, missing ones have their defaults.

    Returns
    -------
    FeatureExtractor
        With `fit`, `transform` and `fit_transform`.

    Raises
    ------
    InvalidParameterError
        If the name, or a name within the settings, is not known, or a setting has a
        value that no images would suit.

    Examples
    --------
    >>> make_extractor("pca", {"params_pca": {"n_components": 3}})
    PCAExtractor(n_components=3)
    """
    if hasattr(method, "fit") or hasattr(method, "transform"):
        extractor: FeatureExtractor = CustomExtractor(method)
    elif isinstance(method, str) and method == AUTO:
        chosen, network = choose_method(settings)
        return make_extractor(chosen, {**settings, "params_cnn": network})
    elif len(names := split_method(method)) > 1:
        parts = [(name, EXTRACTORS[name].from_settings(settings)) for name in names]
        extractor = CombinedExtractor(parts)
    else:
        extractor = EXTRACTORS[names[0]].from_settings(settings)
    extractor.check()
    return extractor


def split_method(method: Any) -> list[Any]:
    """Return the names of the methods that are joined by ``"+"``; of one its name alone.

    Raises
    ------
    InvalidParameterError
        If one of them is not known, reads no pixels, or is there twice.

    Examples
    --------
    >>> split_method("color+gist"), split_method("pca-hog"), split_method(None)
    (['color', 'gist'], ['pca-hog'], [None])
    """
    if not isinstance(method, str) or "+" not in method:
        return [check_option("method", method, [*EXTRACTORS, AUTO])]
    names = method.split("+")
    of_pixels = [name for name, kind in EXTRACTORS.items() if name and not kind.needs_files]
    for name in names:
        if name not in of_pixels:
            close = difflib.get_close_matches(name, of_pixels, n=1)
            hint = f"Did you mean {close[0]!r}?" if close else ""
            what = f"must be of these where methods are joined by '+': {', '.join(of_pixels)}"
            raise invalid("method", what, method, hint)
        if names.count(name) > 1:
            raise invalid("method", f"must name {name!r} only once", method)
    return names


def needs_gray(method: Any) -> bool:
    """Return whether a method works on one channel, so that images are to be read in gray.

    Parameters
    ----------
    method : str, None or object
        As in `make_extractor`. A custom object takes images as they are; of several methods
        all have to.

    Examples
    --------
    >>> needs_gray("hog"), needs_gray("pca"), needs_gray("hog+color")
    (True, False, False)
    """
    if hasattr(method, "fit") or hasattr(method, "transform"):
        return False
    return all(name != AUTO and EXTRACTORS[name].needs_gray for name in split_method(method))
