"""What is computed once for rows that many queries are compared with."""

from __future__ import annotations

from typing import Any

import numpy as np

from clustimage._core.errors import InvalidParameterError
from clustimage._core.parameters import setting
from clustimage._distances.metrics import check_metric, check_rows
from clustimage._distances.nearest import ProductIndex
from clustimage.similarity._faiss import ApproximateIndex

__all__ = ["RowIndex"]


class RowIndex:
    """The lengths of all rows and their error bounds, so that a query reads the rows once.

    With it `find_similar` measures every row by a product of matrices in the type of the
    rows, and again in float64 those that may be in the answer: the answer is the same, to
    the last digit. For metrics other than euclidean, sqeuclidean, cosine and correlation it
    holds nothing.

    Make it with `RowIndex.build`.

    Attributes
    ----------
    rows : ndarray of shape (n, d)
        The features themselves, not a copy. They must not be changed.
    metric : str
        Metric of the distances.

    Examples
    --------
    >>> feat = np.random.default_rng(0).normal(size=(1000, 8)).astype(np.float32)
    >>> index = RowIndex.build(feat)
    >>> index.rows is feat, index.n_bytes
    (True, 8000)
    """

    def __init__(self, rows: np.ndarray, metric: str, product: ProductIndex | None) -> None:
        self.rows = rows
        self.metric = metric
        self.product = product
        self._approximate: ApproximateIndex | None = None

    @classmethod
    def build(cls, feat: Any, metric: str = "euclidean") -> RowIndex:
        """Compute what is the same for all queries.

        Parameters
        ----------
        feat : array-like of shape (n, d)
            Features of the images; float32 is the fastest.
        metric : str, default="euclidean"
            One of `METRICS`.

        Returns
        -------
        RowIndex
            About 8 bytes a row, beside `feat`.

        Raises
        ------
        InvalidDataError
            If the features are no finite matrix.
        InvalidParameterError
            If the metric is not known.
        """
        check_metric(metric)
        rows = check_rows("feat", feat)
        return cls(rows, metric, ProductIndex.build(rows, metric))

    @property
    def n_bytes(self) -> int:
        """Bytes that are held beside the rows."""
        kept = 0 if self._approximate is None else self._approximate.n_bytes
        return kept + (0 if self.product is None else self.product.n_bytes)

    def check(self, feat: object, metric: str) -> np.ndarray:
        """Return the rows if they are `feat`, and the index is for `metric`.

        Raises
        ------
        InvalidParameterError
            If they are not, or it is not.
        """
        if feat is not self.rows:
            raise InvalidParameterError(
                "'index' must be built from 'feat', and from no copy of it. Give index.rows as "
                "'feat', or RowIndex.build(feat, metric) as 'index'."
            )
        if metric != self.metric:
            raise InvalidParameterError(
                f"'index' is for {setting('metric', self.metric)}. Got "
                f"{setting('metric', metric)}. Build another one: RowIndex.build(feat, "
                f"{setting('metric', metric)})."
            )
        return self.rows

    def approximate(self) -> ApproximateIndex:
        """Return the approximate index of the rows; the first call builds it.

        Raises
        ------
        InvalidParameterError
            If the metric is another than those four.
        MissingDependencyError
            If faiss is not installed.
        """
        if self._approximate is None:
            self._approximate = ApproximateIndex.build(self.rows, self.metric)
        return self._approximate

    def __getstate__(self) -> dict[str, Any]:
        return {
            **self.__dict__,
            "_approximate": None,
        }  # faiss indices cannot be pickled; built again
