"""``method="fisher"``: Fisher vectors of dense SIFT descriptors."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import cv2
import numpy as np
import numpy.typing as npt
from skimage.feature import fisher_vector, learn_gmm
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from clustimage._core.file_arrays import forget
from clustimage._core.ignored_warnings import ignored_warnings
from clustimage._core.memory import Budget
from clustimage._core.parallel import check_jobs, run_ordered
from clustimage._core.parameters import named
from clustimage._core.picked_rows import PickedRows, Rows
from clustimage._core.plan import Step
from clustimage.features._extractor import ImageExtractor, as_images, in_batches
from clustimage.features._square import SIDE, gray_squares
from clustimage.features._stored import cache_key_of, stored_fit

if TYPE_CHECKING:
    from sklearn.mixture import GaussianMixture

    from clustimage.images import Images

__all__ = ["FisherExtractor"]

STEP, DIAMETER = 8, 8.0  # pixels between descriptors, and the size of what each describes
N_AXES = 32  # principal components of a descriptor
N_MODES = 16  # Gaussians
N_COLUMNS = N_MODES * (1 + 2 * N_AXES)
DESCRIPTORS_PER_MODE = 8  # distinct ones, at least

# What the components and the Gaussians are learned from.
MAX_IMAGES, MAX_DESCRIPTORS = 1000, 20_000
MAX_ITERATIONS = 50
LEAST_VARIANCE = 1e-5  # of a Gaussian along an axis; the whole of a descriptor's is below 1
BYTES_PER_DESCRIPTOR = 3000  # while they are learned from

IMAGES_PER_BATCH = 16

Floats = npt.NDArray[np.float32]


class FisherExtractor(ImageExtractor):
    """Describe images by how their details differ from those of the whole set.

    SIFT descriptors are taken on a grid, every 8 pixels of the gray image at 128 by 128 pixels,
    upright, and square-rooted (RootSIFT). Their first 32 principal components, and a mixture of 16
    Gaussians with diagonal covariances, are learned from a sample of the images. An image is
    the gradient of the likelihood of its descriptors by the weights, means and variances of the
    mixture: 1,040 numbers, square-rooted with their signs, scaled to length 1.

    Parameters
    ----------
    random_state : int, RandomState or None, default=0
        Seed of the sample and of the mixture.
    n_jobs : int, default=-1
        Number of threads; -1 is all cores.

    Attributes
    ----------
    image_shape_ : tuple of int
        Height and width of the images fitted.
    mean_ : ndarray of shape (128,), float32
        Mean descriptor.
    axes_ : ndarray of shape (128, 32), float32
        Principal components of the descriptors.
    weights_ : ndarray of shape (k,), float64
        Weights of the Gaussians; fewer than 16 where there are few different descriptors, and
        then fewer columns, ``65 * k``.
    means_, covariances_ : ndarray of shape (k, 32), float64
        Their means and variances.

    Notes
    -----
    `skimage.feature.learn_gmm` and `skimage.feature.fisher_vector` do the work. Of more than 1,000
    images, so many are drawn to learn from, and from each its share of 20,000 descriptors.

    References
    ----------
    .. [1] Perronnin F, Sanchez J, Mensink T (2010). Improving the Fisher kernel for large-scale
       image classification. ECCV, 143-156.
    .. [2] Arandjelovic R, Zisserman A (2012). Three things everyone should know to improve object
       retrieval. CVPR, 2911-2918 (RootSIFT).

    Examples
    --------
    >>> images = np.random.default_rng(0).integers(0, 256, (4, 64, 64, 3), dtype=np.uint8)
    >>> FisherExtractor().fit_transform(images).shape
    (4, 1040)
    """

    title: ClassVar[str] = "Fisher vectors"
    built_on: ClassVar[tuple[str, ...]] = (
        *("numpy", "scipy", "opencv-python-headless"),
        *("scikit-image", "scikit-learn"),
    )
    bytes_per_worker: ClassVar[int] = 2_000_000

    def __init__(self, *, random_state: Any = 0, n_jobs: int | None = -1) -> None:
        self.random_state = random_state
        self.n_jobs = n_jobs

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> FisherExtractor:
        """Make an unfitted extractor from ``random_state`` and ``n_jobs``."""
        return cls(random_state=settings.get("random_state", 0), n_jobs=settings.get("n_jobs", -1))

    def check(self) -> None:
        if self.n_jobs is not None:
            check_jobs(self.n_jobs)

    @property
    def learns(self) -> bool:
        return True

    def plan(
        self, n_images: int, shape: tuple[int, int, int], budget: Budget | None = None
    ) -> tuple[Step, int]:
        self.check()
        kept = 4 * n_images * N_COLUMNS
        learning = min(MAX_DESCRIPTORS, n_images * len(_keypoints())) * BYTES_PER_DESCRIPTOR
        what = f"{self.title}, {N_COLUMNS:,} columns"
        why = f"learned from {min(n_images, MAX_IMAGES):,} of the images"
        peak = kept + learning + kept // 8 + self.bytes_per_worker
        step = Step("extract_feat", what, why, peak, kept)
        instead = f"Take another {named('method')}."
        return step.within(budget, f"{self.title} of {n_images:,} images", instead), N_COLUMNS

    def fit(self, X: npt.ArrayLike, y: Any = None) -> FisherExtractor:
        """Learn the components and the Gaussians.

        Parameters
        ----------
        X : ndarray of shape (n, height, width) or (n, height, width, channels), uint8
            Images.
        y : object, optional
            Ignored.

        Returns
        -------
        FisherExtractor
            The object itself.

        Raises
        ------
        InvalidDataError
            If the array holds no images.
        """
        super().fit(X)
        return self._learn(as_images(X))

    def _learn(self, images: Rows) -> FisherExtractor:
        generator = check_random_state(self.random_state)
        sample = self._sample(images, generator)
        self.mean_ = sample.mean(axis=0)
        sample -= self.mean_
        _, axes = np.linalg.eigh(np.cov(sample.T, bias=True))
        self.axes_ = np.ascontiguousarray(axes[:, : -N_AXES - 1 : -1], dtype=np.float32)
        scores = sample @ self.axes_
        n_distinct = len(np.unique(scores[:, 0].round(5)))
        options = {
            "covariance_type": "diag",
            "reg_covar": LEAST_VARIANCE,
            "max_iter": MAX_ITERATIONS,
            "random_state": generator.randint(2**31 - 1),
        }
        # A mixture that would go on getting better is good enough to compare images by.
        with ignored_warnings(ConvergenceWarning):
            n_modes = min(N_MODES, max(1, n_distinct // DESCRIPTORS_PER_MODE))
            mixture = learn_gmm(scores, n_modes=n_modes, gm_args=options)
        self.weights_, self.means_ = mixture.weights_, mixture.means_
        self.covariances_ = mixture.covariances_
        return self

    def fit_images(self, images: Images, budget: Budget | None = None) -> Floats:
        """Do what `fit_transform` does, or take what was learned from this set last time."""
        self.plan(len(images), images.shape, budget)[0].check()

        def compute() -> Floats:
            super(FisherExtractor, self).fit(images.pixels)
            self._learn(PickedRows(images.pixels, images.order))
            return self.transform(images.pixels)

        return stored_fit(self, images, cache_key_of(self, images), compute)

    def transform(self, X: npt.ArrayLike) -> Floats:
        check_is_fitted(self, "axes_")
        return super().transform(X)

    def transform_images(self, images: Images) -> Floats:
        """Return the rows of new images; they depend on what was learned, and are not cached."""
        return self.transform(images.pixels)

    def _sample(self, images: Rows, generator: Any) -> Floats:
        """Return descriptors of some images, `(m, 128)`, the same number of each."""
        n_images = min(len(images), MAX_IMAGES)
        chosen = np.sort(generator.choice(len(images), n_images, replace=False))
        n_points = len(_keypoints())
        n_each = min(n_points, -(-MAX_DESCRIPTORS // n_images))
        points = [generator.choice(n_points, n_each, replace=False) for _ in chosen]
        work = list(zip(chosen.tolist(), points, strict=True))

        def describe(one: tuple[int, npt.NDArray[np.intp]]) -> Floats:
            image = images[one[0] : one[0] + 1]
            found = next(map(describe_points, gray_squares(image)))[one[1]]
            forget(image)
            return found

        return np.concatenate(
            list(run_ordered(describe, work, n_jobs=self.n_jobs, desc="Learning details"))
        )

    def _batch_size(self, height: int, width: int) -> int:
        return IMAGES_PER_BATCH

    def _describe(self, images: npt.NDArray[np.uint8]) -> Floats:
        size, describe = self._batch_size(*images.shape[1:3]), partial(self._rows, self._mixture())
        return in_batches(
            describe, images, size=size, n_jobs=self.n_jobs, desc="Extracting Fisher vectors"
        )

    def _rows(self, mixture: GaussianMixture, images: npt.NDArray[np.uint8]) -> Floats:
        rows = []
        for square in gray_squares(images):
            scores = (describe_points(square) - self.mean_) @ self.axes_
            row = np.asarray(fisher_vector(scores, mixture))
            row = np.sign(row) * np.sqrt(np.abs(row))
            rows.append(row / (np.linalg.norm(row) or 1))
        return np.stack(rows).astype(np.float32)

    def _mixture(self) -> GaussianMixture:
        """Return the Gaussians as an object of scikit-learn."""
        from sklearn.mixture import GaussianMixture

        mixture = GaussianMixture(len(self.weights_), covariance_type="diag")
        mixture.weights_, mixture.means_ = self.weights_, self.means_
        mixture.covariances_ = self.covariances_
        mixture.precisions_cholesky_ = 1 / np.sqrt(self.covariances_)
        return mixture


def describe_points(square: npt.NDArray[np.uint8]) -> Floats:
    """Return the RootSIFT descriptors of an image (128, 128) on the grid, (256, 128).

    Where there is no gradient, a descriptor is zero.
    """
    sift: Any = cv2.SIFT_create()  # type: ignore[attr-defined]
    _, found = sift.compute(square, _keypoints())
    return np.asarray(np.sqrt(found / np.maximum(found.sum(axis=1, keepdims=True), 1)))


def _keypoints() -> list[Any]:
    middles = np.arange(STEP / 2, SIDE, STEP).tolist()
    return [cv2.KeyPoint(x, y, DIAMETER, 0) for y in middles for x in middles]
