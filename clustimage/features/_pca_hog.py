"""``method="pca-hog"``: principal components of the HOG descriptors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import check_is_fitted

from clustimage._core.memory import Budget
from clustimage._core.picked_rows import PickedRows
from clustimage._core.plan import Step
from clustimage._core.validation import merge_defaults
from clustimage.features._extractor import ImageExtractor
from clustimage.features._hog import PARAMS_HOG, HOGExtractor
from clustimage.features._pca import PARAMS_PCA, PCAExtractor, cache_key_with, fewer_components
from clustimage.features._stored import cache_key_of, stored_fit

if TYPE_CHECKING:
    from clustimage.images import Images

__all__ = ["PCAHOGExtractor"]


class PCAHOGExtractor(ImageExtractor, PCAExtractor):
    """Describe images by the principal components of their HOG descriptors.

    Parameters
    ----------
    n_components, random_state, solver
        As in `PCAExtractor`.
    orientations, pixels_per_cell, cells_per_block, n_jobs
        As in `HOGExtractor`.

    Attributes
    ----------
    image_shape_ : tuple of int
        Height and width of the images fitted.
    components_, mean_, explained_variance_, ...
        As in `PCAExtractor`, over the columns of the descriptors.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> pixels = load_digits().images.astype("uint8")
    >>> PCAHOGExtractor(n_components=5, pixels_per_cell=(4, 4)).fit_transform(pixels).shape
    (1797, 5)
    """

    needs_gray: ClassVar[bool] = True
    built_on: ClassVar[tuple[str, ...]] = PCAExtractor.built_on

    def __init__(
        self,
        n_components: int | float | None = PARAMS_PCA["n_components"],
        *,
        orientations: int = PARAMS_HOG["orientations"],
        pixels_per_cell: tuple[int, int] = PARAMS_HOG["pixels_per_cell"],
        cells_per_block: tuple[int, int] = PARAMS_HOG["cells_per_block"],
        random_state: Any = 0,
        solver: str = "auto",
        n_jobs: int | None = -1,
    ) -> None:
        super().__init__(n_components, random_state=random_state, solver=solver)
        self.orientations = orientations
        self.pixels_per_cell = pixels_per_cell
        self.cells_per_block = cells_per_block
        self.n_jobs = n_jobs

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> PCAHOGExtractor:
        """Make an unfitted extractor from ``params_pca`` and ``params_hog``."""
        return cls(
            **merge_defaults("params_pca", settings.get("params_pca"), PARAMS_PCA),
            **merge_defaults("params_hog", settings.get("params_hog"), PARAMS_HOG),
            random_state=settings.get("random_state", 0),
            n_jobs=settings.get("n_jobs", -1),
        )

    def check(self) -> None:
        PCAExtractor.check(self)
        self._hog().check()

    def plan(
        self, n_images: int, shape: tuple[int, int, int], budget: Budget | None = None
    ) -> tuple[Step, int]:
        self.check()
        hog, width = self._hog().plan(n_images, shape)
        pca, n_columns = self._plan_rows(n_images, width, _left(budget, hog.kept), pixels=False)
        what, peak = f"HOG, {width:,} columns, and {pca.what}", max(hog.peak, hog.kept + pca.peak)
        step = replace(pca, what=what, peak=peak, problem="")
        work, instead = (
            f"PCA of HOG of {n_images:,} images",
            f"{self._hog().instead()} {fewer_components()}",
        )
        least = peak if pca.problem else hog.peak
        return step.within(budget, work, instead, least=least), n_columns

    def fit(self, X: npt.ArrayLike, y: Any = None) -> PCAHOGExtractor:
        """Find the components of the descriptors.

        Parameters
        ----------
        X : ndarray of shape (n, height, width) or (n, height, width, channels), uint8
            Images.
        y : object, optional
            Ignored.

        Returns
        -------
        PCAHOGExtractor
            The object itself.
        """
        self._fit_rows(self._hog_rows(X))
        return self

    def fit_transform(
        self, X: npt.ArrayLike, y: Any = None, **fit_params: Any
    ) -> npt.NDArray[np.float32]:
        """Do what `fit` and `transform` do; the descriptors are made once."""
        rows = self._hog_rows(X)
        return self._fit_rows(rows)._project(rows)

    def fit_images(self, images: Images, budget: Budget | None = None) -> npt.NDArray[np.float32]:
        """Do what `fit_transform` does, or take what was learned from this set last time."""
        self.plan(len(images), images.shape, budget)[0].check()
        hog, width = self._hog().plan(len(images), images.shape)
        left = _left(budget, hog.kept)

        def compute() -> npt.NDArray[np.float32]:
            rows = self._hog_rows(images.pixels)
            return self._fit_rows(PickedRows(rows, images.order), left)._project(rows, left)

        solver = self._choose_solver(len(images), width, left, pixels=False)
        cache_key = cache_key_with(solver, cache_key_of(self, images))
        return stored_fit(self, images, cache_key, compute)

    def transform_images(self, images: Images) -> npt.NDArray[np.float32]:
        return self.transform(images.pixels)

    def transform(self, X: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Return the scores of the descriptors on the components, (n, k) float32."""
        check_is_fitted(self, "components_")
        hog = self._hog()
        hog.image_shape_ = self.image_shape_
        return self._project(hog.transform(X))

    def _hog_rows(self, X: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Return the descriptors of the images to learn from, and keep their size."""
        hog = self._hog().fit(X)
        self.image_shape_ = hog.image_shape_
        return hog.transform(X)

    def _hog(self) -> HOGExtractor:
        return HOGExtractor(
            orientations=self.orientations,
            pixels_per_cell=self.pixels_per_cell,
            cells_per_block=self.cells_per_block,
            n_jobs=self.n_jobs,
        )


def _left(budget: Budget | None, n_bytes: int) -> Budget | None:
    """Return what is left beside the descriptors."""
    return None if budget is None else budget.holding(n_bytes)
