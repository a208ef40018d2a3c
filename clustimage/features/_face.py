"""``method="face"``: who is on a crop of a face, by the descriptor that a recognizer made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import check_is_fitted

from clustimage._core.errors import InvalidDataError
from clustimage._core.memory import Budget
from clustimage._core.parallel import check_jobs, run_ordered
from clustimage._core.parameters import setting
from clustimage._core.plan import Step
from clustimage._core.text import pluralize
from clustimage.features._extractor import FeatureExtractor
from clustimage.images import Descriptor, read_descriptor

if TYPE_CHECKING:
    from clustimage.images import Images

__all__ = ["FaceExtractor"]

# Below it the descriptor of a face is, in the median, as far from that of the same face in focus
# as the nearest of strangers are. See benchmarks/people.py.
MIN_QUALITY = 0.32

ASSUMED_COLUMNS = 128  # of descriptors that are not read yet, for a plan


class FaceExtractor(FeatureExtractor):
    """Take the descriptors that `extract_faces` has written into the crops of faces.

    Parameters
    ----------
    recognizer : str, optional
        That made them; by default the one that made the first of them.
    n_jobs : int, default=-1
        Number of threads that read the files; -1 uses every core.

    Attributes
    ----------
    recognizer_ : str
        The recognizer that made the descriptors, with a digest of its model file.
    metric_ : str
        The distance that it was trained for.
    distance_threshold_ : float
        Mean distance of the faces of two groups up to which they are one person.
    quality_ : ndarray of float32, shape (n,)
        From 0 to 1: how well each face can be seen.
    n_features_in_ : int
        Length of a descriptor.
    """

    needs_files: ClassVar[bool] = True
    title: ClassVar[str] = "descriptors of faces"

    def __init__(
        self,
        *,
        recognizer: str | None = None,
        n_jobs: int | None = -1,
    ) -> None:
        self.recognizer = recognizer
        self.n_jobs = n_jobs

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> FaceExtractor:
        """Make an unfitted extractor from ``params_faces`` and ``n_jobs``."""
        given = settings.get("params_faces") or {}
        recognizer = given.get("recognizer")
        if recognizer is not None and not isinstance(recognizer, str):
            # That of a model that was loaded without it has no name.
            recognizer = getattr(recognizer, "name", None)
        return cls(recognizer=recognizer, n_jobs=settings.get("n_jobs", -1))

    def check(self) -> None:
        if self.n_jobs is not None:
            check_jobs(self.n_jobs)

    def plan(
        self, n_images: int, shape: tuple[int, int, int], budget: Budget | None = None
    ) -> tuple[Step, int]:
        n_columns = getattr(self, "n_features_in_", ASSUMED_COLUMNS)
        n_bytes = 4 * n_images * n_columns
        what = f"{self.title}, about {n_columns:,} columns"
        step = Step("extract_feat", what, "read from the files", 2 * n_bytes, n_bytes)
        return step.within(budget, f"Descriptors of {n_images:,} faces"), n_columns

    def fit(self, X: Any, y: Any = None) -> FaceExtractor:
        """Raise `InvalidDataError`: pixels hold no descriptor; see `fit_images`."""
        raise _needs_crops(len(X), len(X))

    def transform(self, X: Any) -> npt.NDArray[np.float32]:
        """Raise `InvalidDataError`: pixels hold no descriptor; see `transform_images`."""
        check_is_fitted(self, "recognizer_")
        raise _needs_crops(len(X), len(X))

    def fit_images(self, images: Images, budget: Budget | None = None) -> npt.NDArray[np.float32]:
        """Return the descriptors, a row per crop.

        Raises
        ------
        InvalidDataError
            If an image has none, or they are of different recognizers or of another one than
            is asked for.
        MemoryLimitError
            If they do not fit into the budget.
        """
        self.plan(len(images), images.shape, budget)[0].check()
        found = self._read(images)
        wanted = self.recognizer or found[0].recognizer
        first = found[0]
        for path, one in zip(images.pathnames, found, strict=True):
            # What is asked for is a kind; the digest of its model file follows it in the name.
            if wanted not in (one.recognizer, one.recognizer.partition(" ")[0]):
                raise _of_another(str(path), one.recognizer, wanted)
            if one.recognizer != first.recognizer or len(one.values) != len(first.values):
                raise _of_another(str(path), one.recognizer, first.recognizer)
        self.recognizer_ = first.recognizer
        self.metric_ = first.metric
        self.distance_threshold_ = first.distance_threshold
        self.n_features_in_ = len(first.values)
        self.quality_ = np.array([one.quality for one in found], dtype=np.float32)
        return np.stack([one.values for one in found])

    def transform_images(self, images: Images) -> npt.NDArray[np.float32]:
        """Return the descriptors of new crops, which are to be of the recognizer of the others."""
        check_is_fitted(self, "recognizer_")
        found = self._read(images)
        for path, one in zip(images.pathnames, found, strict=True):
            if one.recognizer != self.recognizer_ or len(one.values) != self.n_features_in_:
                raise _of_another(str(path), one.recognizer, self.recognizer_)
        return np.stack([one.values for one in found])

    @property
    def clear_(self) -> npt.NDArray[np.bool_]:
        """Which faces can be seen well enough to be told apart."""
        return np.asarray(self.quality_ >= MIN_QUALITY)

    def _read(self, images: Images) -> Sequence[Descriptor]:
        paths = [str(path) for path in images.pathnames]
        found = list(run_ordered(read_descriptor, paths, n_jobs=self.n_jobs))
        missing = [path for path, one in zip(paths, found, strict=True) if one is None]
        if missing:
            raise _needs_crops(len(missing), len(paths), missing[0])
        return [one for one in found if one is not None]


def _needs_crops(n_missing: int, n: int, first: str = "") -> InvalidDataError:
    where = f" First: {first}." if first else ""
    return InvalidDataError(
        f"{setting('method', 'face')} reads descriptors that stand in crops of faces, and "
        f"{n_missing:,} of {pluralize(n, 'image')} {'have' if n_missing > 1 else 'has'} none."
        f"{where} Cut the faces out of the photos with extract_faces() and "
        f"{setting('params_faces', {'recognizer': ...})}, and give these crops."
    )


def _of_another(path: str, recognizer: str, wanted: str) -> InvalidDataError:
    return InvalidDataError(
        f"The descriptor in {path} is of the recognizer {recognizer!r}, and cannot be compared "
        f"with those of {wanted!r}. Cut the faces out again with extract_faces()."
    )
