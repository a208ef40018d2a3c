"""``method="precomputed"``: features that were computed elsewhere."""

from __future__ import annotations

from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from sklearn.preprocessing import normalize as unit_rows
from sklearn.utils.validation import check_is_fitted

from clustimage._core.errors import InvalidDataError
from clustimage._core.files import open_regular
from clustimage._core.memory import Budget
from clustimage._core.parameters import named, setting
from clustimage._core.plain_arrays import is_table, plain_array
from clustimage._core.plan import Step
from clustimage._core.validation import check_bool
from clustimage._distances.metrics import LARGEST_FROM, check_magnitude, check_rows
from clustimage.features._extractor import FeatureExtractor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clustimage.images import Images

__all__ = ["PrecomputedExtractor", "is_matrix", "read_features"]

ASSUMED_COLUMNS = 768  # of features that are not there yet, for a plan


class PrecomputedExtractor(FeatureExtractor):
    """Take rows of numbers as the features: embeddings of DINOv2, CLIP or any other model.

    Parameters
    ----------
    normalize : bool, default=False
        Scale each row to length 1, so that Euclidean distances order as cosine distances do.

    Attributes
    ----------
    n_features_in_ : int
        Columns.

    Examples
    --------
    >>> PrecomputedExtractor(normalize=True).fit_transform([[3.0, 4.0]])
    array([[0.6, 0.8]], dtype=float32)
    """

    needs_files = True  # there is no way from pixels to these features
    cluster_space = "graph"
    title = "precomputed features"

    def __init__(self, *, normalize: bool = False) -> None:
        self.normalize = normalize

    def plan(
        self, n_images: int, shape: tuple[int, int, int], budget: Budget | None = None
    ) -> tuple[Step, int]:
        n_columns = getattr(self, "n_features_in_", ASSUMED_COLUMNS)
        n_bytes = 4 * n_images * n_columns
        what = f"precomputed features, about {n_columns:,} columns"
        step = Step("extract_feat", what, "they are given", n_bytes, n_bytes)
        return step.within(budget, "Precomputed features"), n_columns

    def check(self) -> None:
        check_bool("normalize", self.normalize)

    def fit(self, X: Any, y: Any = None) -> PrecomputedExtractor:
        """Keep the number of columns.

        Parameters
        ----------
        X : array-like of shape (n, d), DataFrame, tensor or path of a ``.npy`` file
            Features, a row for each image.
        y : object, optional
            Ignored.
        """
        self.check()
        self.n_features_in_ = read_features(X).shape[1]
        return self

    def transform(self, X: Any) -> npt.NDArray[np.float32]:
        """Return the rows as float32.

        Raises
        ------
        InvalidDataError
            If it is no finite matrix with the columns that were fitted.
        """
        check_is_fitted(self, "n_features_in_")
        rows = read_features(X, n_columns=self.n_features_in_)
        if self.normalize:
            rows = unit_rows(rows)
        return np.ascontiguousarray(rows, dtype=np.float32)

    def fit_images(self, images: Images, budget: Budget | None = None) -> npt.NDArray[np.float32]:
        raise InvalidDataError(
            f"{setting('method', 'precomputed')} makes no features of images. Give them "
            f"with the images: {setting('features', ...)}."
        )

    def transform_images(self, images: Images) -> npt.NDArray[np.float32]:
        raise InvalidDataError(
            "The features of this model were computed elsewhere, and those of new images are not "
            f"known. Give them in place of the images: {setting('features', ...)}, with "
            f"{self.n_features_in_:,} columns."
        )

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> PrecomputedExtractor:
        return cls()


def read_features(
    features: Any, *, n_columns: int | None = None, n_rows: int | None = None
) -> np.ndarray:
    """Return features that a user gives as a finite matrix of floats.

    Parameters
    ----------
    features : array-like of shape (n, d), DataFrame, tensor or path of a ``.npy`` file
        Whole numbers become float64, float16 and bfloat16 float32; others keep their type.
    n_columns, n_rows : int, optional
        What is expected.

    Raises
    ------
    InvalidDataError
        If it is no such matrix, or the file cannot be read.

    Examples
    --------
    >>> read_features([[1, 2]], n_columns=3)
    Traceback (most recent call last):
    ...
    clustimage.InvalidDataError: 'features' must have 3 columns, as the features have. Got 2.
    """
    if isinstance(features, str | PathLike):
        features = _read_file(fspath(features))
    features = plain_array("features", features)
    if getattr(features, "dtype", None) == np.float16:
        features = np.asarray(features, dtype=np.float32)
    with np.errstate(over="ignore"):
        rows = check_rows("features", features, n_columns=n_columns)
    # Queries may be nearly 0 where the features of the model are not.
    check_magnitude("features", rows, low=0 if n_columns else LARGEST_FROM)
    if n_rows is not None and len(rows) != n_rows:
        raise InvalidDataError(
            f"{named('features')} must have a row for each of {n_rows:,} inputs, in their order. "
            f"Got {len(rows):,} rows."
        )
    return rows


def is_matrix(X: Any) -> bool:
    """Return whether `X` is an array, a tensor or a table of numbers with two axes.

    Examples
    --------
    >>> is_matrix(np.eye(3)), is_matrix(np.zeros((2, 8, 8))), is_matrix(["a.png"])
    (True, False, False)
    """
    if getattr(X, "ndim", 0) != 2:
        return False
    if is_table(X):
        kinds = [getattr(kind, "numpy_dtype", kind) for kind in X.dtypes]
        return all(getattr(kind, "kind", "O") in "biuf" for kind in kinds)
    return hasattr(X, "detach") or np.asarray(X).dtype.kind in "biuf"


def _read_file(path: str) -> np.ndarray:
    if not path.lower().endswith(".npy"):
        raise InvalidDataError(
            f"{named('features')} can be read from a file that numpy.save wrote, '….npy'. "
            f"Got {path!r}. Load other files first, and give the array or table that is in them."
        )
    try:
        open_regular(Path(path).expanduser()).close()
        return np.asarray(np.load(Path(path).expanduser(), mmap_mode="r", allow_pickle=False))
    except FileNotFoundError as exc:
        raise InvalidDataError(f"There is no file of features {path!r}.") from exc
    except OSError as exc:
        raise InvalidDataError(f"Cannot read features from {path!r}: {exc.strerror}.") from exc
    except (ValueError, EOFError) as exc:
        why = str(exc).rstrip(".")
        if "objects in dtype" in why:
            why = "it holds Python objects, which are not loaded. Save numbers, E.astype('float32')"
        raise InvalidDataError(f"Cannot read features from {path!r}: {why}.") from exc
