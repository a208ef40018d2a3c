"""Stage 2: images in, one row of features per image out.

An extractor has ``fit(pixels)``, ``transform(pixels)`` and ``fit_transform(pixels)``
for pixels of shape (n, height, width, channels), uint8, and returns float32. A new one
is a class in a file of its own and a line in `EXTRACTORS`. `ImageTransformer` is all of
them for scikit-learn's pipelines, from photos or rows of pixels on.
"""

from __future__ import annotations

from clustimage.features._auto import AUTO, choose_method
from clustimage.features._color import ColorExtractor
from clustimage.features._combined import CombinedExtractor
from clustimage.features._crop_resistant import CropResistantHash
from clustimage.features._custom import CustomExtractor
from clustimage.features._exif import ExifExtractor
from clustimage.features._extractor import FeatureExtractor
from clustimage.features._face import FaceExtractor
from clustimage.features._fisher import FisherExtractor
from clustimage.features._gist import GistExtractor
from clustimage.features._hash import (
    AverageHash,
    ColorHash,
    DaubechiesHash,
    DifferenceHash,
    HaarHash,
    PerceptualHash,
)
from clustimage.features._hog import HOGExtractor, cell_histograms, extract_hog
from clustimage.features._pca import PCAExtractor
from clustimage.features._pca_hog import PCAHOGExtractor
from clustimage.features._precomputed import PrecomputedExtractor, is_matrix, read_features
from clustimage.features._raw import RawExtractor
from clustimage.features._registry import (
    EXTRACTORS,
    SETTINGS,
    make_extractor,
    needs_gray,
    split_method,
)
from clustimage.features._transformer import ImageTransformer
from clustimage.features.cnn._at_hand import missing_for
from clustimage.features.cnn._cnn import CNNExtractor

__all__ = [
    "AUTO",
    "EXTRACTORS",
    "SETTINGS",
    "AverageHash",
    "CNNExtractor",
    "ColorExtractor",
    "ColorHash",
    "CombinedExtractor",
    "CropResistantHash",
    "DaubechiesHash",
    "DifferenceHash",
    "ExifExtractor",
    "FaceExtractor",
    "FeatureExtractor",
    "FisherExtractor",
    "GistExtractor",
    "HOGExtractor",
    "HaarHash",
    "ImageTransformer",
    "CustomExtractor",
    "PCAExtractor",
    "PCAHOGExtractor",
    "PerceptualHash",
    "PrecomputedExtractor",
    "RawExtractor",
    "cell_histograms",
    "choose_method",
    "extract_hog",
    "make_extractor",
    "missing_for",
    "needs_gray",
    "is_matrix",
    "read_features",
    "split_method",
]
