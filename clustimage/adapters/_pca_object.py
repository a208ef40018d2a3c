"""A fitted object of the package `pca` with our components: the one file that imports pca."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from clustimage.features._pca import PCAExtractor

__all__ = ["make_pca_object"]


def make_pca_object(
    extractor: Any, feat: npt.NDArray[np.float32], labels: npt.ArrayLike | None = None
) -> Any:
    """Return a fitted object of the package `pca` with our components in it.

    Its ``plot()``, ``scatter()``, ``scatter3d()`` and ``biplot()`` work as if it had
    computed the components itself, and ``transform(rows)`` maps new rows. Importing
    `pca` takes about a second, so call this when the object is asked for.

    Parameters
    ----------
    extractor : PCAExtractor or any other extractor
        Fitted.
    feat : ndarray of shape (n, k), float32
        What the extractor gave for the images it was fitted on.
    labels : array-like of shape (n,), optional
        Cluster of each row, by which its plots are coloured. Default: one colour.

    Returns
    -------
    pca.pca or None
        None for an extractor without principal components.

    Notes
    -----
    Its plots change the global font size of matplotlib; here they draw within
    a context of their own.
    """
    if not isinstance(extractor, PCAExtractor):
        return None
    import pandas as pd

    model = _quiet_class()(n_components=extractor.n_components_, verbose="warning")
    names = [f"PC{number}" for number in range(1, extractor.n_components_ + 1)]
    columns = np.arange(1, extractor.components_.shape[1] + 1).astype(str)
    share = np.cumsum(extractor.spectrum_)
    rows = np.arange(len(feat)) if labels is None else np.asarray(labels)
    model.results = {
        "loadings": pd.DataFrame(extractor.components_, index=names, columns=columns),
        "PC": pd.DataFrame(np.asarray(feat), index=rows, columns=names),
        "explained_var": share,
        "variance_ratio": extractor.spectrum_.copy(),
        "model": _sklearn_pca(extractor),
        "scaler": None,
        "pcp": float(share[extractor.n_components_ - 1]),
        "topfeat": _top_features(extractor.components_, columns),
        "outliers": pd.DataFrame(),
        "outliers_params": {"paramT2": None, "paramSPE": None},
    }
    return model


@lru_cache(maxsize=1)
def _quiet_class() -> type:
    """Return the class `pca` with plots that leave matplotlib's settings as they were."""
    import matplotlib
    from pca import pca

    class QuietPCA(pca):
        def scatter(self, *args: Any, **kwargs: Any) -> Any:
            # Its old name for `labels`: all that it does any more is to warn.
            kwargs.pop("label", None)
            with matplotlib.rc_context():
                return super().scatter(*args, **{"verbose": None, **kwargs})

        def biplot(self, *args: Any, **kwargs: Any) -> Any:
            with matplotlib.rc_context():
                return super().biplot(*args, **kwargs)

        def __reduce__(self) -> tuple[Any, ...]:
            # A pickle cannot find the class by its name: it is made when it is first needed.
            return _new_pca, (), vars(self)

    QuietPCA.__name__ = QuietPCA.__qualname__ = "pca"
    return QuietPCA


def _new_pca() -> Any:
    """Return an object without attributes, as a pickle fills it."""
    kind: Any = _quiet_class()
    return kind.__new__(kind)


def _sklearn_pca(extractor: PCAExtractor) -> Any:
    """Return a scikit-learn PCA in the state in which fitting would leave it."""
    from sklearn.decomposition import PCA

    model = PCA(n_components=extractor.n_components_)
    for name in ("components_", "mean_", "explained_variance_", "explained_variance_ratio_",
                 "singular_values_", "n_components_", "n_samples_"):  # fmt: skip
        setattr(model, name, getattr(extractor, name))
    model.n_features_in_ = len(extractor.mean_)
    model.noise_variance_ = 0.0
    return model


def _top_features(components: npt.NDArray[np.float32], columns: npt.NDArray[np.str_]) -> Any:
    """Return the table that `pca` draws its arrows from.

    The feature of the largest weight for each component ("best"), and for each
    feature that is none of these the component where it weighs most ("weak").
    """
    import pandas as pd

    weight = np.abs(components)
    best = weight.argmax(axis=1)
    weak = np.setdiff1d(np.arange(components.shape[1]), best)
    owner = weight.argmax(axis=0)[weak]
    component = np.concatenate([np.arange(len(best)), owner])
    feature = np.concatenate([best, weak])
    return pd.DataFrame(
        {
            "PC": [f"PC{number + 1}" for number in component],
            "feature": columns[feature],
            "loading": components[component, feature],
            "type": ["best"] * len(best) + ["weak"] * len(weak),
        }
    )
