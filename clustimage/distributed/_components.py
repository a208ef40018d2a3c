"""Principal components of pixels in parts: sums of the parts, added up as a tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from clustimage._core.object_store import remove
from clustimage._decomposition.krylov import covariance_components
from clustimage._decomposition.products import BYTE_OFFSET, apply_covariance, sums_of_bytes
from clustimage.distributed._engine import Engine
from clustimage.distributed._parts import (
    DamagedPartError,
    content_key,
    matrix_column,
    matrix_of,
    part_summary,
    read_part,
    write_part,
)
from clustimage.distributed._reading import ReadTask
from clustimage.distributed._rows import RowPart, read_rows
from clustimage.distributed._shared import read_shared, write_shared
from clustimage.features import FeatureExtractor, PCAExtractor
from clustimage.features._combined import root_of_variance

__all__ = ["TransformTask", "columns_of", "fit_components", "scales_of", "transform_part"]

MAX_COLUMNS_OF_COVARIANCE = 2_500  # beyond which their covariance is not built as a whole


def pixels_of(url: str) -> npt.NDArray[np.uint8]:
    """Return the pixels of the images of a part, flat."""
    table = read_part(url, ["status", "pixels"])
    read = np.asarray(table["status"]) == "ok"
    pixels = matrix_of(table["pixels"])
    return pixels if read.all() else pixels[read]


@dataclass(frozen=True)
class Sums:
    """Task that adds up the pixels of a part; with `products` also those of pairs of columns."""

    products: bool

    def __call__(self, url: str) -> tuple[Any, ...]:
        return sums_of_bytes(pixels_of(url), products=self.products)


@dataclass(frozen=True)
class Products:
    """Task that multiplies directions by the covariance of the pixels of a part."""

    shared: str

    def __call__(self, url: str) -> npt.NDArray[np.float64]:
        shared = read_shared(self.shared)
        rows = pixels_of(url)
        return apply_covariance(rows, shared["mean"], shared["directions"]).astype(np.float64)


def add_up(sums: list[Any]) -> Any:
    """Return the sum of arrays, or of tuples of numbers and arrays."""
    if isinstance(sums[0], tuple):
        return tuple(sum(some[1:], some[0]) for some in zip(*sums, strict=True))
    return sum(sums[1:], sums[0])


def fit_components(
    extractor: PCAExtractor, engine: Engine, urls: Sequence[str], n_columns: int, folder: str
) -> None:
    """Fit PCA to the pixels of all parts.

    Mean, variance and, of at most 2,500 columns, the covariance are sums of whole numbers over
    the parts, so that they are those of one machine. Of more columns the components come from a
    block Krylov space, with a pass over the parts for each block.

    Parameters
    ----------
    extractor : PCAExtractor
        Is fitted.
    engine : Engine
        Reads the parts.
    urls : sequence of str
        Parts with pixels.
    n_columns : int
        Pixels of an image, times its channels.
    folder : str
        For what all tasks need.
    """
    d, exact = n_columns, n_columns <= MAX_COLUMNS_OF_COVARIANCE
    extractor.n_features_in_ = d
    n, sums, squares, products = engine.reduce(
        Sums(exact), urls, add_up, desc="Measuring variance", total=len(urls)
    )
    mean = sums / n + BYTE_OFFSET
    total = (n * squares - sum(value * value for value in sums.tolist())) / n
    if total == 0:
        extractor.keep_constant(mean, n)
        return
    if exact:
        covariance = products - n * np.outer(mean - BYTE_OFFSET, mean - BYTE_OFFSET)
        extractor.keep_of_covariance(covariance, mean, n)
        return

    def operator(directions: npt.NDArray[Any], desc: str) -> npt.NDArray[Any]:
        shared = write_shared(folder, "directions", mean=mean, directions=directions)
        try:
            found = engine.reduce(Products(shared), urls, add_up, desc=desc, total=len(urls))
        finally:
            remove(shared)
        return np.asarray(found, np.float32)

    from sklearn.utils import check_random_state

    generator = check_random_state(extractor.random_state)
    wanted = extractor.wanted_of(n, d)
    values, components = covariance_components(operator, n, d, wanted, total, generator)
    extractor.keep(total, values, components, mean, n, "randomized")


@dataclass(frozen=True)
class TransformTask:
    """Pixels of a part that are to become features.

    Attributes
    ----------
    read : ReadTask
        Of the part.
    shared : str
        URL of the components.
    folder : str
        Where the part of features goes.
    """

    read: ReadTask
    shared: str
    folder: str

    @property
    def url(self) -> str:
        """Where the part is."""
        key = content_key(self.read.url, self.shared.rpartition("/")[2])
        return f"{self.folder}/features-{key}.parquet"


def transform_part(task: TransformTask) -> dict[str, Any] | DamagedPartError:
    """Write the features of a part whose pixels are there, unless they are there too."""
    known = part_summary(task.url)
    if known is not None:
        return known
    try:
        table = read_part(task.read.url)
    except DamagedPartError as exc:
        return exc
    read = np.asarray(table["status"]) == "ok"
    extractor = PCAExtractor().set_state(read_shared(task.shared))
    columns = ["pathname", "filename", "status", "reason", "row"]
    kept = table.select(columns)
    if "pixels" in table.column_names:
        pixels = matrix_of(table["pixels"])[read]
        feat = np.zeros((len(read), len(extractor.components_)), np.float32)
        feat[read] = extractor.transform(pixels)
        kept = kept.append_column("feat", matrix_column(feat))
    summary = {"n": len(table), "n_read": int(read.sum())}
    write_part(task.url, kept, summary)
    return summary


def columns_of(extractor: FeatureExtractor, shape: tuple[int, int, int]) -> int:
    """Return how many columns of features an extractor makes of images of a shape."""
    return extractor.plan(1, shape)[1]


def block_sums(part: RowPart) -> tuple[Any, ...]:
    """Return the number of rows, the sum of each column and that of its squares."""
    feat = read_rows(part).feat.astype(np.float64)
    if not len(feat):
        return 0, 0.0, 0.0
    return len(feat), feat.sum(axis=0), np.square(feat).sum(axis=0)


def scales_of(
    engine: Engine, row_parts: Sequence[RowPart], widths: Sequence[int]
) -> npt.NDArray[np.float64]:
    """Return the root of the variance of each block of combined features, as on one machine.

    Parameters
    ----------
    engine : Engine
        Reads the parts.
    row_parts : sequence of RowPart
        With features that are not scaled yet.
    widths : sequence of int
        Columns of each block.
    """
    n, sums, squares = engine.reduce(
        block_sums, row_parts, add_up, desc="Measuring variance", total=len(row_parts)
    )
    mean = sums / n
    variance = np.maximum(squares / n - mean**2, 0)
    edges = np.cumsum([0, *widths])
    blocks = [slice(*pair) for pair in zip(edges[:-1], edges[1:], strict=True)]
    return np.array([root_of_variance(variance[one].sum(), mean[one]) for one in blocks])
