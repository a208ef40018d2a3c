"""How sure the clusters are: a verdict, a table of clusters, and the known labels beside them."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from clustimage._core.errors import InvalidDataError
from clustimage._core.logs import get_logger
from clustimage._core.picked_rows import PickedRows
from clustimage._model.base import ModelBase
from clustimage._model.metadata import metadata_columns
from clustimage._model.row_order import row_order
from clustimage.cluster import CLUSTERERS, NO_CUT, ClusterRequest, search_k
from clustimage.cluster.confidence._cluster_table import describe_clusters
from clustimage.cluster.confidence._known_labels import compare_with_known
from clustimage.cluster.confidence._resampling import Procedure, Resampling
from clustimage.cluster.confidence._verdict import Verdict, judge
from clustimage.images import locations_of
from clustimage.images.reading._listing import encodable
from clustimage.notebook import Agreement

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["VerdictMethods", "judged"]

logger = get_logger(__name__)


class VerdictMethods(ModelBase):
    """Say how sure the clusters are."""

    @property
    def verdict(self) -> Verdict:
        """Whether there are groups at all, how many, and how sure that is.

        Made when it is first asked for after `cluster`: subsamples of the images are clustered
        by the same settings. `Verdict.why` says it in a sentence.

        Raises
        ------
        StepOrderError
            If `cluster` was not run yet.
        InvalidDataError
            After ``metric="datetime"`` or ``"latlon"``, whose clusters follow from
            `params_exif` alone.

        Examples
        --------
        >>> import numpy as np
        >>> from clustimage import Clustimage
        >>> rng = np.random.default_rng(0)
        >>> features = np.repeat(9 * np.eye(4, 20), 30, axis=0) + rng.normal(size=(120, 20))
        >>> cl = Clustimage(method="precomputed", embedding=None, verbose="warning")
        >>> _ = cl.fit_transform(features=features)
        >>> cl.verdict.confidence, cl.verdict.k
        ('high', 4)
        """
        return judged(self)[0]

    def cluster_table(self) -> pd.DataFrame:
        """Return a row per cluster: how tight, how far from the next, how stable.

        Returns
        -------
        DataFrame
            `label`; `size`; `cohesion`, the mean distance to the centre; `separation`, the
            distance to the nearest other centre, and `nearest`, its label; `confidence`, the
            mean over its images; `stability`, the mean Jaccard similarity with the clusters of
            subsamples (NaN of fewer than 50 images); `merge_with`, the nearest cluster, where
            there is no gap to it and `stability` is below 0.6; `split`, whether there is a gap
            between two halves of it; `images`, the images that speak for it; `unique`, its
            unique image. Where clusters have names, also `name`.

        Raises
        ------
        StepOrderError
            If `cluster` was not run yet.

        Examples
        --------
        >>> from clustimage import Clustimage, import_example
        >>> X, y = import_example("mnist")
        >>> cl = Clustimage(embedding=None, verbose="warning").fit(X[:200], n_clusters=10)
        >>> int(cl.cluster_table()["size"].sum())
        200
        """
        _, resampling = judged(self)
        state = self._state
        order = row_order(state)
        table = describe_clusters(
            state.require("feat")[order],
            state.require("labels")[order],
            metric=self._metric(),
            jaccard=None if resampling is None else resampling.jaccard,
            random_state=self._settings.random_state,
        )
        names = [encodable(name) for name in state.results["pathnames"]]
        table["images"] = [tuple(names[order[i]] for i in some) for some in table["images"]]
        assert state.unique is not None
        unique = {
            label: names[i]
            for label, i in zip(state.unique["labels"].tolist(), state.unique["idx"], strict=True)
        }
        table["unique"] = [unique[label] for label in table["label"]]
        if state.names:
            table.insert(1, "name", table["label"].map(state.names).astype(object))
        return table

    def evaluate_labels(self, y: Any) -> dict[str, Any]:
        """Compare the clusters with labels that are known.

        Parameters
        ----------
        y : array-like of shape (n,), or dict
            A label for each input, numbers or text, in the order of the images; or for some of
            them, by path or file name. Images whose label is None or NaN are not compared.

        Returns
        -------
        dict
            ``ari``, the adjusted Rand index; ``nmi``, the normalized mutual information;
            ``homogeneity`` and ``completeness``; ``purity``, the share of images whose label is
            the most frequent one of their cluster; ``n``, the number of images compared; and
            ``contingency``, a table of labels by clusters. `plot_contingency` draws that.

        Raises
        ------
        StepOrderError
            If `cluster` was not run yet.
        InvalidDataError
            If there is not a label for each image, or a name is not known.

        Notes
        -----
        Images that are not assigned to a cluster (-1) count as one more cluster. The indices
        are those of `sklearn.metrics`.

        Examples
        --------
        >>> from clustimage import Clustimage, import_example
        >>> X, y = import_example("mnist")
        >>> cl = Clustimage(embedding=None, verbose="warning").fit(X[:200], n_clusters=10)
        >>> cl.evaluate_labels(y[:200])["purity"] > 0.5
        True
        """
        state = self._state
        labels = state.require("labels")
        read = None
        if state.images is not None:
            read = np.array([row.status == "ok" for row in state.images.status])
        names, files = state.results["pathnames"], state.results["filenames"]
        return Agreement(compare_with_known(labels, y, names, files, read))


def judged(model: ModelBase) -> tuple[Verdict, Resampling | None]:
    """Return the verdict on the clusters and the subsamples, made where they are not there."""
    state, settings = model._state, model._settings
    clustering = state.clustered()
    if clustering.params.get("by"):
        raise InvalidDataError(
            "A verdict compares features, and these clusters are by the date or the location "
            "of the photos: they follow from 'params_exif' alone."
        )
    if state.verdict is None:
        # The map is judged as it is, all else by the features.
        on_map = state.made_from.get("labels") == ("xycoord",)
        params = clustering.params
        chosen = params["n_clusters"] if params["level"] is None else params["level"]
        order = row_order(state)
        rows = np.asarray(state.require("xycoord" if on_map else "feat"))
        verdict, resampling = judge(
            PickedRows(rows, order),
            state.require("labels")[order],
            _procedure(model, order),
            metric=model._metric(),
            n_clusters=None if chosen is None else clustering.n_found,
            random_state=settings.random_state,
        )
        typical, oddest = (
            tuple(order[list(some)].tolist()) for some in (verdict.typical, verdict.oddest)
        )
        verdict = replace(verdict, typical=typical, oddest=oddest)
        logger.info("Verdict: %s", verdict.why)
        state.store(verdict=verdict, resampling=resampling)
    assert state.verdict is not None
    return state.verdict, state.resampling


def _procedure(model: ModelBase, order: np.ndarray) -> Procedure | None:
    """Return what clusters rows in an order as the model did; None where it is not known any more.

    An object of the user's and the groups of ``cannot_link`` are not kept.
    """
    state, settings = model._state, model._settings
    params = state.clustered().params
    if params["cluster"] not in CLUSTERERS or params["cannot_link"]:
        return None
    names = {field.name for field in fields(ClusterRequest)}
    given = {name: value for name, value in params.items() if name in names}
    given["cannot_link"] = None  # it keeps no two images apart, else there would be no answer
    taken = state.timestamps
    seconds = None if taken is None or not params["time_weight"] else taken.seconds[order]
    locations = None
    if params["place_weight"]:
        locations = locations_of(metadata_columns(settings, state))[order]

    def cluster(rows: np.ndarray, positions: np.ndarray, k: int | None) -> np.ndarray:
        exactly = {} if k is None else {"n_clusters": k, **NO_CUT}
        return search_k(
            rows,
            ClusterRequest(**{**given, "micro_clusters": None, "level": None, **exactly}),
            timestamps=None if seconds is None else seconds[positions],
            locations=None if locations is None else locations[positions],
            random_state=settings.random_state,
            n_jobs=1,
            budget=model._budget_for(),
        ).labels

    return cluster
