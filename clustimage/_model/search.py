"""A search over features, clusterers, spaces and metrics, ranked by how sure the clusters are."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, fields, replace
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from clustimage._core.errors import ClustimageError, InvalidParameterError
from clustimage._core.logs import get_logger, progress
from clustimage._core.parameters import named, setting
from clustimage._core.step_order import StepOrderError
from clustimage._core.text import pluralize
from clustimage._core.validation import check_option, check_real
from clustimage._model.clustering import set_unique
from clustimage._model.state import Candidate, State
from clustimage._model.verdict import VerdictMethods
from clustimage.cluster import CLUSTERERS, METRICS, SPACES, ClusterRequest
from clustimage.features import (
    PrecomputedExtractor,
    make_extractor,
    missing_for,
    needs_gray,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SearchMethods"]

logger = get_logger(__name__)

# What is tried where nothing else is asked for, beside the method of the model.
METHODS = ("color+gist", "pca")
GIVEN = "precomputed"
# What a candidate has of its verdict.
OF_VERDICT = ("k", "score", "confidence", "purity", "stability", "agreement", "parted")
CLUSTERERS_TRIED = ("agglomerative", "kmeans")


@dataclass(frozen=True)
class Combination:
    """One of the candidates, before it is tried."""

    method: Any
    cluster: str
    space: str
    metric: str


class SearchMethods(VerdictMethods):
    """Try many settings and keep those whose clusters are surest."""

    def search(
        self,
        methods: Sequence[Any] | None = None,
        clusterers: Sequence[str] | None = None,
        spaces: Sequence[str] | None = None,
        metrics: Sequence[str] | None = None,
        budget: float | None = None,
        labels_known: Mapping[str, Any] | None = None,
    ) -> pd.DataFrame:
        """Cluster by many settings, and keep those of which one can be surest.

        Each candidate is a method of features, a clusterer, a space and a metric. Images are
        not read again, features are extracted once for each method (and found again in the
        cache, with a `dirpath`), and the clusters of each candidate are judged as `verdict`
        judges them: that score can be compared between features of any kind. The model then
        has the features, the clusters and the map of the best candidate.

        Parameters
        ----------
        methods : sequence of str or object, optional
            As `method` of the class. By default that of the model, ``"color+gist"``,
            ``"pca"``, and ``"cnn"`` where torch and the weights are on this machine; for
            features that were computed elsewhere, these alone.
        clusterers : sequence of str, default=("agglomerative", "kmeans")
            As `cluster` of the method of that name.
        spaces : sequence of str, default=("high",)
            As its `cluster_space`.
        metrics : sequence of str, default=("euclidean",)
            As its `metric`; a clusterer is not combined with one that it cannot take.
        budget : float, optional
            Seconds after which no further candidate is begun. The first one is always tried.
        labels_known : mapping of str to label, optional
            Labels of some of the images, by path or file name: how well a candidate agrees with
            them counts half of its score.

        Returns
        -------
        DataFrame
            A row per candidate, the best first: ``method``, ``cluster``, ``space``,
            ``metric``, ``k``, ``score``, ``confidence``, ``purity``, ``stability``,
            ``agreement``, ``parted`` (see `verdict`), ``ari`` with `labels_known`, ``seconds``
            and ``why``, which says why a candidate has no clusters. `plot_search` draws it.

        Raises
        ------
        StepOrderError
            If there are neither images nor features yet.
        InvalidParameterError
            If a name is not allowed, or nothing is left to try.

        Examples
        --------
        >>> from clustimage import Clustimage, import_example
        >>> X, y = import_example("mnist")
        >>> cl = Clustimage(embedding=None, verbose="warning")
        >>> _ = cl.import_data(X[:200])
        >>> table = cl.search(methods=["pca", None], clusterers=["agglomerative"])
        >>> len(table), bool(table["score"].is_monotonic_decreasing)
        (2, True)
        """
        combinations = self._combinations(methods, clusterers, spaces, metrics)
        if budget is not None:
            budget = check_real("budget", budget, low=0, low_open=True)
        found: list[Candidate] = []
        began, best = time.monotonic(), None
        model: SearchMethods | None = None
        method: Any = None
        tried = progress(combinations, desc="Candidates", total=len(combinations), unit="candidate")
        for one in tried:
            if found and budget is not None and time.monotonic() - began > budget:
                logger.warning(
                    f"{named('budget')} is used up: %d of %s were tried.",
                    len(found),
                    pluralize(len(combinations), "candidate"),
                )
                break
            if model is None or not _same(one.method, method):
                model, method = self._with_method(one.method), one.method
            candidate = model._try(one, labels_known)
            found.append(candidate)
            if best is None or candidate.score > best[0].score:
                best = candidate, _snapshot(model._state), model._settings
        assert best is not None
        if best[0].labels is None:
            raise InvalidParameterError(
                f"No candidate has clusters. The first one: {best[0].row['why']}"
            )
        self._adopt(best[1], best[2])
        found.sort(key=lambda candidate: -candidate.score)
        self._state.store(candidates=found)
        return _table(found)

    def _combinations(
        self,
        methods: Sequence[Any] | None,
        clusterers: Sequence[str] | None,
        spaces: Sequence[str] | None,
        metrics: Sequence[str] | None,
    ) -> list[Combination]:
        """Return what is to be tried, method by method."""
        state = self._state
        if state.images is None:
            if state.results["feat"] is None:
                raise StepOrderError(
                    "There is nothing to cluster yet. Run import_data() or extract_feat() first."
                )
            if methods is not None:
                raise InvalidParameterError(
                    f"{named('methods')} needs images, and this model has features without "
                    f"images. Got {methods!r}. Leave it out."
                )
            methods = [GIVEN]
        elif methods is None:
            own = _own_method(self)
            methods = [own]
            if own != GIVEN:
                network = [] if missing_for(self._settings.params_cnn) else ["cnn"]
                others = (*network, *METHODS)
                methods += [name for name in dict.fromkeys(others) if name != own]
        for name, given in {"methods": methods, "clusterers": clusterers, "spaces": spaces}.items():
            if isinstance(given, str) or (given is not None and not len(given)):
                raise InvalidParameterError(
                    f"{named(name)} must be a list with at least one item. Got {given!r}."
                )
        clusterers = CLUSTERERS_TRIED if clusterers is None else clusterers
        spaces = ("high",) if spaces is None else spaces
        metrics = ("euclidean",) if metrics is None else metrics
        for name in clusterers:
            check_option("clusterers", name, CLUSTERERS)
        for name in spaces:
            check_option("spaces", name, SPACES)
        for name in metrics:
            check_option("metrics", name, METRICS)
        for method in methods:
            _check_method(self, method)
        combinations, refused = [], ""
        for method, space, metric, cluster in product(methods, spaces, metrics, clusterers):
            if space == "low" and metric != "euclidean":
                continue  # a map is Euclidean
            try:
                _check_request(self, cluster, metric, space)
            except InvalidParameterError as error:
                refused = str(error)
                continue
            combinations.append(Combination(method, cluster, space, metric))
        if not combinations:
            raise InvalidParameterError(f"There is no candidate to try. {refused}")
        return combinations

    def _with_method(self, method: Any) -> SearchMethods:
        """Return a model on the same images that has features by another method, or none yet."""
        model = copy(self)
        model._state = _snapshot(self._state)
        if not _same(method, _own_method(self)):
            model.set_params(method=method)
            model._state.store(feat=None)
        model._settings = replace(model._settings, verbose="silent")
        return model

    def _try(self, one: Combination, labels_known: Mapping[str, Any] | None) -> Candidate:
        """Cluster by one combination of settings, and judge the clusters."""
        began, state = time.monotonic(), self._state
        row: dict[str, Any] = {
            "method": one.method if isinstance(one.method, str) else repr(one.method),
            "cluster": one.cluster,
            "space": one.space,
            "metric": one.metric,
        }
        score, labels, unique = -np.inf, None, None
        try:
            if state.results["feat"] is None:
                self.extract_feat()
            if one.space == "low" and state.results["xycoord"] is None:
                self.embedding()
            self.cluster(cluster_space=one.space, **_arguments(one.cluster, one.metric))
            verdict = self.verdict
        except ClustimageError as error:
            row["why"] = str(error)
        else:
            labels, score = state.require("labels"), verdict.score
            row.update({name: getattr(verdict, name) for name in OF_VERDICT})
            if labels_known:
                row["ari"] = self.evaluate_labels(labels_known)["ari"]
                score = row["score"] = (score + row["ari"]) / 2
            assert state.unique is not None
            unique = np.asarray(state.unique["idx"])
        row["seconds"] = time.monotonic() - began
        return Candidate(row, score, labels, unique)

    def _adopt(self, state: State, settings: Any) -> None:
        """Take the features and the clusters of the best candidate, and make its map."""
        results = self._state.results  # the dict that the user may hold
        results.update(state.results)
        state.results = results
        self._state = state
        self._settings = replace(settings, verbose=self._settings.verbose)
        if results["xycoord"] is None:
            self.embedding()
            set_unique(self)


def _arguments(cluster: str, metric: str) -> dict[str, Any]:
    """Return the arguments of `cluster` for a candidate."""
    # Ward's linkage, the default, is Euclidean.
    linkage = {} if metric == "euclidean" else {"linkage": "average"}
    return {"cluster": cluster, "metric": metric, **linkage}


def _check_request(model: SearchMethods, cluster: str, metric: str, space: str) -> None:
    """Raise `InvalidParameterError` where a clusterer cannot take a metric in a space."""
    own = model._settings.params_cluster
    given = {field.name: own[field.name] for field in fields(ClusterRequest)}
    asked = {"cluster_space": space, **_arguments(cluster, metric)}
    ClusterRequest(**{**given, **asked})


def _own_method(model: SearchMethods) -> Any:
    """Return the method that the features of a model are by."""
    given = isinstance(model._state.extractor, PrecomputedExtractor)
    return GIVEN if given else model._settings.method


def _check_method(model: SearchMethods, method: Any) -> None:
    """Raise `InvalidParameterError` where a method cannot be tried on the images there are."""
    if _same(method, _own_method(model)):
        return
    make_extractor(method, model._settings.params)
    if method == GIVEN:
        raise InvalidParameterError(
            f"{setting('method', GIVEN)} is for features that were computed elsewhere, and this "
            "model has none. Give them: extract_feat(features=...)."
        )
    if needs_gray(method) and model._state.images_read().shape[-1] == 3:
        raise InvalidParameterError(
            f"{setting('method', method)} works on one channel, and the images are in colour. "
            f"Import them with {setting('grayscale', True)}."
        )


def _same(method: Any, other: Any) -> bool:
    if isinstance(method, str | None) or isinstance(other, str | None):
        return isinstance(method, str | None) and method == other
    return method is other


def _snapshot(state: State) -> State:
    """Return a state that changes alone; its arrays are those of the other."""
    return replace(state, results=state.results.copy(), made_from=dict(state.made_from))


def _table(found: list[Candidate]) -> pd.DataFrame:
    import pandas as pd

    columns = ["method", "cluster", "space", "metric", *OF_VERDICT, "ari", "seconds", "why"]
    frame = pd.DataFrame([candidate.row for candidate in found], columns=columns)
    frame["why"] = [candidate.row.get("why", "") for candidate in found]
    return frame.drop(columns="ari") if frame["ari"].isna().all() else frame
