"""``method="color+gist"``: the features of several methods side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from clustimage._core.memory import Budget
from clustimage._core.parameters import named
from clustimage._core.picked_rows import PickedRows, Rows
from clustimage._core.plan import Step
from clustimage._decomposition.products import mean_and_sum_of_squares
from clustimage.features._extractor import FeatureExtractor

if TYPE_CHECKING:
    from clustimage.images import Cache, Images

__all__ = ["CombinedExtractor"]

Floats = npt.NDArray[np.float32]

# A block whose variance is less than this share of its squares is one of equal rows, rounded.
LEAST_VARIANCE = float(np.finfo(np.float32).eps) ** 2


class CombinedExtractor(FeatureExtractor):
    """Describe images by several extractors at once.

    The columns of each are a block, divided by the root of its total variance over the images
    that were fitted. So each block has the same share in the mean of the squared Euclidean
    distances, whatever its unit and its number of columns.

    Parameters
    ----------
    parts : sequence of (str, FeatureExtractor)
        Names and extractors, in the order of the columns. They are cloned, and stay as they are.

    Attributes
    ----------
    parts_ : list of FeatureExtractor
        The fitted extractors.
    scale_ : ndarray of shape (n_parts,), float64
        What each block was divided by; 1 for one whose rows are all equal.

    Notes
    -----
    All parts work on the images as they were read; a network reads them once more, at its own
    size. Parts that want one channel get three where others want colour, and take the luma.

    References
    ----------
    .. [1] Abdi H, Williams LJ, Valentin D (2013). Multiple factor analysis. WIREs Computational
       Statistics 5(2), 149-179 (blocks of equal weight; there by their first component).

    Examples
    --------
    >>> from clustimage.features import ColorExtractor, GistExtractor
    >>> images = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), dtype=np.uint8)
    >>> parts = [("color", ColorExtractor()), ("gist", GistExtractor())]
    >>> feat = CombinedExtractor(parts).fit_transform(images)
    >>> [float(block.var(axis=0).sum().round(3)) for block in np.split(feat, [1280], axis=1)]
    [1.0, 1.0]
    """

    def __init__(self, parts: Sequence[tuple[str, FeatureExtractor]]) -> None:
        self.parts = parts

    @property
    def name(self) -> str:
        """The word that the user types: ``"color+gist"``."""
        return "+".join(name for name, _ in self.parts)

    @property
    def learns(self) -> bool:
        return True

    def check(self) -> None:
        for _, part in self.parts:
            part.check()

    def prepare(self, cache: Cache | None = None) -> None:
        for _, part in self.parts:
            part.prepare(cache)

    def plan(
        self, n_images: int, shape: tuple[int, int, int], budget: Budget | None = None
    ) -> tuple[Step, int]:
        whats, problems = [], []
        n_columns = kept = peak = 0
        for name, part in self.parts:
            left = None if budget is None else budget.holding(kept)
            step, count = part.plan(n_images, shape, left)
            whats.append(f"{name} ({step.what})")
            problems += [step.problem] * bool(step.problem)
            peak, kept, n_columns = max(peak, kept + step.peak), kept + step.kept, n_columns + count
        what = f"{' + '.join(whats)}: together about {n_columns:,} columns"
        peak = max(peak, kept + 4 * n_images * n_columns)  # the blocks, and what they are joined to
        step = Step("extract_feat", what, "each block is scaled to variance 1", peak, kept)
        if problems:
            return replace(step, problem=problems[0]), n_columns
        work = f"Joining the features of {n_images:,} images"
        instead = f"Take one {named('method')} alone."
        return step.within(budget, work, instead, least=peak), n_columns

    def fit(self, X: npt.ArrayLike, y: Any = None) -> CombinedExtractor:
        """Fit each part, and learn the scale of its block.

        Parameters
        ----------
        X : ndarray of shape (n, height, width) or (n, height, width, channels), uint8
            Images.
        y : object, optional
            Ignored.

        Returns
        -------
        CombinedExtractor
            The object itself.
        """
        self.fit_transform(X)
        return self

    def fit_parts(self, X: npt.ArrayLike) -> CombinedExtractor:
        """Fit the parts alone, to images of the size that is meant; `scale_` is set elsewhere."""
        self.parts_ = [clone(part).fit(X) for _, part in self.parts]
        return self

    def fit_transform(self, X: npt.ArrayLike, y: Any = None, **fit_params: Any) -> Floats:
        """Do what `fit` and `transform` do; the features are made once."""
        return self._fit_each(lambda part, _: part.fit_transform(X), None)

    def fit_images(self, images: Images, budget: Budget | None = None) -> Floats:
        """Return the features of images that stage 1 has read, and learn from them."""
        self.plan(len(images), images.shape, budget)[0].check()
        return self._fit_each(
            lambda part, left: part.fit_images(images, left), budget, images.order
        )

    def transform(self, X: npt.ArrayLike) -> Floats:
        """Return the blocks of new images, scaled as those that were fitted.

        Parameters
        ----------
        X : ndarray of shape (n, height, width) or (n, height, width, channels), uint8
            Images of the size that was fitted.

        Returns
        -------
        ndarray of shape (n, d), float32
        """
        check_is_fitted(self, "parts_")
        return self._joined([part.transform(X) for part in self.parts_])

    def transform_images(self, images: Images) -> Floats:
        """Return the features of images that stage 1 has read."""
        check_is_fitted(self, "parts_")
        return self._joined([part.transform_images(images) for part in self.parts_])

    def get_state(self) -> dict[str, Any]:
        """Return what the parts have learned and the scales; see `FeatureExtractor.get_state`."""
        if not hasattr(self, "parts_"):
            return {}
        state: dict[str, Any] = {"scale_": self.scale_}
        for number, part in enumerate(self.parts_):
            learned = part.get_state() or {}
            state.update({f"part{number}_{name}": value for name, value in learned.items()})
        return state

    def set_state(self, state: Mapping[str, Any]) -> CombinedExtractor:
        self.parts_ = [clone(part) for _, part in self.parts]
        self.scale_ = np.asarray(state["scale_"], dtype=np.float64)
        for number, part in enumerate(self.parts_):
            start = f"part{number}_"
            part.set_state(
                {
                    name.removeprefix(start): value
                    for name, value in state.items()
                    if name.startswith(start)
                }
            )
        return self

    def _fit_each(
        self,
        describe: Callable[[FeatureExtractor, Budget | None], Floats],
        budget: Budget | None,
        order: npt.NDArray[np.intp] | None = None,
    ) -> Floats:
        self.check()
        parts = [clone(part) for _, part in self.parts]
        blocks = []
        for part in parts:
            blocks.append(describe(part, budget))
            budget = None if budget is None else budget.holding(blocks[-1].nbytes)
        ordered: list[Any] = blocks
        if order is not None:
            ordered = [PickedRows(block, order) for block in blocks]
        self.scale_ = np.array([_scale_of(block) for block in ordered])
        self.parts_ = parts
        return self._joined(blocks)

    def _joined(self, blocks: list[Floats]) -> Floats:
        feat = np.empty((len(blocks[0]), sum(block.shape[1] for block in blocks)), np.float32)
        start = 0
        for block, scale in zip(blocks, self.scale_, strict=True):
            end = start + block.shape[1]
            np.divide(block, np.float32(scale), out=feat[:, start:end])
            start = end
        return feat

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        return tags

    def _more_tags(self) -> dict[str, Any]:
        return {**super()._more_tags(), "X_types": ["3darray"]}


def _scale_of(block: Rows) -> float:
    """Return the divisor of a block of features."""
    mean, total = mean_and_sum_of_squares(block)
    return root_of_variance(total / len(block), mean)


def root_of_variance(variance: float, mean: npt.NDArray[np.float64]) -> float:
    """Return the root of a sum of variances of columns; 1 where all rows are equal.

    Parameters
    ----------
    variance : float
        Sum over the columns.
    mean : ndarray of shape (d,)
        Of the columns.
    """
    if variance <= LEAST_VARIANCE * float(mean @ mean):
        return 1.0
    return float(np.sqrt(variance))
