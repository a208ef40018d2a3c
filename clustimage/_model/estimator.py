"""The habits of a scikit-learn estimator: parameters, fit, transform, predict, repr."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import numpy as np

from clustimage._core.validation import check_unknown_names
from clustimage._distances.nearest import nearest
from clustimage._model.base import ModelBase
from clustimage._model.questions import describe_new
from clustimage._model.row_order import row_order
from clustimage._model.settings import DEFAULT_PARAMS, Settings
from clustimage.cluster.evaluators._silhouette import mean_silhouettes
from clustimage.features import AUTO, ImageTransformer
from clustimage.notebook import Overview, Thumbnails
from clustimage.similarity import cluster_radius, predict_labels

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["EstimatorMethods"]

# After these metrics: what counts of the rows of ``method="exif"``, the column that says whether
# it is known, and its unit.
BY = {"datetime": ([0], 4, "timeframe"), "latlon": ([1, 2, 3], 5, "radius_meters")}


class EstimatorMethods(ModelBase):
    """What users of scikit-learn expect, written once.

    A parameter named ``embedding`` would hide the method of that name if it were
    an attribute, as scikit-learn's own base class wants it. So the values that
    the constructor was given are kept in a dict, and `get_params` and
    `set_params` are written from it; `sklearn.base.clone` works on that.
    """

    _estimator_type = "clusterer"  # scikit-learn before 1.6

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import Tags, TargetTags

        return Tags(estimator_type="clusterer", target_tags=TargetTags(required=False))

    def __sklearn_is_fitted__(self) -> bool:
        return self.results["labels"] is not None

    @classmethod
    def _param_names(cls) -> list[str]:
        return [name for name in inspect.signature(cls.__init__).parameters if name != "self"]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters of the constructor as they were given.

        Parameters
        ----------
        deep : bool, default=True
            With True, the parameters of a `method` or `embedding` that is an
            object are added as ``method__name``.

        Returns
        -------
        dict
            Name of each parameter → its value.

        Examples
        --------
        >>> from clustimage import Clustimage
        >>> Clustimage(method="hog", grayscale=True).get_params()["method"]
        'hog'
        """
        params = dict(self._settings.given)
        for name in ("method", "embedding") if deep else ():
            if hasattr(params[name], "get_params") and not isinstance(params[name], type):
                inner = params[name].get_params()
                params.update({f"{name}__{key}": value for key, value in inner.items()})
        return params

    def set_params(self, **params: Any) -> Self:
        """Set parameters of the constructor and return the object itself.

        What is in `results` stays until a step is run again.

        Parameters
        ----------
        **params
            Name → new value; ``method__name`` reaches into an object, and
            ``params_cluster__n_clusters`` into a dict of settings.

        Returns
        -------
        self

        Raises
        ------
        InvalidParameterError
            If a name or a value is not allowed; nothing is changed then.

        Examples
        --------
        >>> from clustimage import Clustimage
        >>> Clustimage().set_params(method="phash")
        Clustimage(method='phash')
        """
        nested = {name: value for name, value in params.items() if "__" in name}
        plain = {name: value for name, value in params.items() if "__" not in name}
        for name in [name for name in nested if name.split("__")[0] in DEFAULT_PARAMS]:
            outer, inner = name.split("__", 1)
            before = {**self._settings.given, **plain}[outer] or {}
            plain[outer] = {**before, inner: nested.pop(name)}
        objects = {
            name: {**self._settings.given, **plain}[name]
            for name in ("method", "embedding")
            if hasattr({**self._settings.given, **plain}[name], "set_params")
        }
        check_unknown_names("Clustimage", plain, self._param_names())
        check_unknown_names("Clustimage", (name.split("__")[0] for name in nested), objects)
        self._settings = Settings.resolve({**self._settings.given, **plain}, self._settings)
        for name, value in nested.items():
            outer, inner = name.split("__", 1)
            objects[outer].set_params(**{inner: value})
        return self

    @property
    def labels_(self) -> np.ndarray:
        """Labels of the images, shape ``(n,)``; the same as ``results["labels"]``."""
        labels: np.ndarray = self._state.require("labels")
        return labels

    def transform(self, Xnew: Any) -> np.ndarray:
        """Return the features of new images.

        Parameters
        ----------
        Xnew : str, path, list, array or DataFrame
            New images in any form that `import_data` takes.

        Returns
        -------
        ndarray of shape (m, d), float32
            A row per image, in the order given.

        Raises
        ------
        StepOrderError
            If `extract_feat` was not run yet.
        ImageReadError
            If one of the images cannot be read: rows and images would no longer
            belong together.

        Examples
        --------
        >>> from clustimage import Clustimage, import_example
        >>> X, y = import_example("mnist")
        >>> cl = Clustimage(embedding=None, verbose="warning")
        >>> cl.fit(X[:100]).transform(X[100:103]).shape == (3, cl.results["feat"].shape[1])
        True
        """
        self._state.require("feat")
        return describe_new(self, Xnew, None, strict=True)[1]

    def as_transformer(self) -> ImageTransformer:
        """Return the features alone as a transformer of scikit-learn, for pipelines.

        `fit_transform` of a model returns `results`; in a ``Pipeline`` one wants the features.

        Returns
        -------
        ImageTransformer
            Unfitted, with the settings of this model.

        Examples
        --------
        >>> from sklearn.linear_model import LogisticRegression
        >>> from sklearn.pipeline import make_pipeline
        >>> from clustimage import Clustimage, import_example
        >>> X, y = import_example("mnist")
        >>> features = Clustimage(method="pca").as_transformer()
        >>> classifier = make_pipeline(features, LogisticRegression(max_iter=2000))
        >>> classifier.fit(X[:300], y[:300]).score(X[300:400], y[300:400]) > 0.8
        True
        """
        names = ImageTransformer().get_params(deep=False)
        given = dict(self._settings.given)
        if isinstance(given["method"], str) and given["method"] == AUTO:
            given.update(method=self._settings.method, params_cnn=self._settings.params_cnn)
        return ImageTransformer(**{name: given[name] for name in names})

    def predict(self, Xnew: Any = None, *, features: Any = None) -> np.ndarray:
        """Return the label of the nearest cluster for new images.

        The nearest cluster is the one with the nearest image in it. Where the
        clustering left images out (-1), an image further from its cluster than
        the cluster's own images are from each other is -1 as well; where they were made by
        a ``distance_threshold``, as those of faces, one further than that is. After
        ``metric="datetime"`` or ``"latlon"`` only the time or the location counts, "further"
        is than the timeframe or the radius, and -2 is without data.

        Parameters
        ----------
        Xnew : str, path, list, array or DataFrame
            New images in any form that `import_data` takes.
        features : array-like of shape (m, d), DataFrame, tensor or path, optional
            Features of new images, in place of `Xnew`; as for `extract_feat`.

        Returns
        -------
        ndarray of shape (m,), int
            A label per image, in the order given.

        Raises
        ------
        StepOrderError
            If `cluster` was not run yet.
        ImageReadError
            If one of the images cannot be read.

        Examples
        --------
        >>> from clustimage import Clustimage, import_example
        >>> X, y = import_example("mnist")
        >>> cl = Clustimage(embedding=None, verbose="warning")
        >>> cl.fit(X[:100]).predict(X[100:103]).shape
        (3,)
        """
        self._state.require("labels")
        return self._labels_of(describe_new(self, Xnew, features, strict=True)[1])

    def score(self, X: Any, y: Any = None) -> float:
        """Return how well images fit into their clusters: larger is better.

        That is the mean silhouette of the images by the labels that `predict` gives them, in
        the metric of `cluster`. So scikit-learn's ``GridSearchCV`` can search `params_cluster`.

        Parameters
        ----------
        X : str, path, list, array or DataFrame
            Images in any form that `import_data` takes.
        y : None
            Ignored; there so that the object fits into scikit-learn's tools.

        Returns
        -------
        float
            From -1 to 1. An image that is not assigned to a cluster counts 0. -1 also where
            the images are all in one cluster or each in one of its own, of which there is no
            silhouette.

        Raises
        ------
        StepOrderError
            If `cluster` was not run yet.
        ImageReadError
            If one of the images cannot be read.

        Examples
        --------
        >>> from clustimage import Clustimage, import_example
        >>> X, y = import_example("mnist")
        >>> cl = Clustimage(embedding=None, verbose="warning").fit(X[:100], n_clusters=10)
        >>> 0 < cl.score(X[100:200]) < 1
        True
        """
        self._state.require("labels")
        rows = self.transform(X)
        labels, metric, by = self._labels_of(rows), self._metric(), self._by()
        if by in BY:
            rows, metric = rows[:, BY[by][0]], "euclidean"
        inside = labels >= 0
        named = np.full(len(labels), -1)  # 0 to k - 1, however few clusters the images are in
        named[inside] = np.unique(labels[inside], return_inverse=True)[1]
        n_jobs = self._settings.n_jobs
        scores, _ = mean_silhouettes(rows, [named], metric=metric, n_jobs=n_jobs)
        return -1.0 if np.isnan(scores[0]) else float(scores[0])

    def _by(self) -> str | None:
        """Return what of the EXIF data the clusters are by, or None."""
        clustering = self._state.clustering
        return None if clustering is None else clustering.params.get("by")

    def _labels_of(self, rows: np.ndarray) -> np.ndarray:
        """Return the label of the nearest cluster for rows of features."""
        state = self._state
        labels, feat = state.require("labels"), state.require("feat")
        by = self._by()
        if by not in BY:
            if state.radius is None and labels.min() < 0:
                state.store(radius=cluster_radius(feat, labels, metric=self._metric()))
            found = predict_labels(
                feat,
                labels,
                rows,
                metric=self._metric(),
                radius=state.radius,
                order=row_order(state),
            )
            threshold = state.clustered().params["distance_threshold"]
            if threshold is not None and (labels >= 0).any():
                near = nearest(rows, feat[labels >= 0], self._metric())[1] <= threshold
                found = np.where(near, found, -1)
            return found
        assert state.clustering is not None
        params = state.clustering.params
        columns, has, unit = BY[by]
        radius = params[unit] / getattr(state.extractor, unit)
        found = predict_labels(
            feat[:, columns], labels, rows[:, columns], radius=radius, order=row_order(state)
        )
        found[rows[:, has] == 0] = -2
        return found

    def __repr__(self) -> str:
        signature = inspect.signature(type(self).__init__).parameters
        shown = [f"method={self._settings.given['method']!r}"]
        for name, value in self._settings.given.items():
            default = DEFAULT_PARAMS.get(name, signature[name].default)
            # By their text: arrays among the settings have no single answer to ``==``.
            is_default = type(value) is type(default) and repr(value) == repr(default)
            if name != "method" and not is_default:
                shown.append(f"{name}={value!r}")
        return f"Clustimage({', '.join(shown)})"

    def _repr_html_(self) -> str:
        images = self._state.images
        n_skipped = 0
        if images is not None:
            n_skipped = sum(row.status != "ok" for row in images.status)
        verdict = self._state.verdict
        return Overview(
            repr(self),
            self.results,
            self._state.unique,
            None if images is None else Thumbnails(images),
            n_skipped,
            "" if verdict is None else verdict.why,
            self._state.names or {},
        ).html()
