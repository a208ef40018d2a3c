"""What every part of the class `Clustimage` works on: its settings and its state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from inspect import Parameter, isfunction, signature
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

from clustimage._core.logs import at_verbosity
from clustimage._core.memory import Budget, make_budget
from clustimage._model.older_names import METHODS, refuse_older_names
from clustimage._model.settings import PARAMS_CLUSTER, Settings
from clustimage._model.state import State
from clustimage.images import open_cache

if TYPE_CHECKING:
    from clustimage.cluster import Clustering
    from clustimage.embedding import CustomEmbedder, Embedder
    from clustimage.features import FeatureExtractor
    from clustimage.images import Cache, Images

__all__ = ["ModelBase", "with_params_cluster"]

Method = TypeVar("Method", bound=Callable[..., Any])


class ModelBase:
    """Settings and state, and what is read of them from outside.

    The parts of the class are mixins of public methods. They share these two attributes and
    the members below, and call no private method of each other.
    """

    _settings: Settings
    _state: State

    def __init_subclass__(cls, **options: Any) -> None:
        """Let public methods log at the verbosity of the model, and know older names."""
        super().__init_subclass__(**options)
        for name, value in list(vars(cls).items()):
            if isfunction(value) and name == "__init__":
                setattr(cls, name, refuse_older_names(value))
            elif isinstance(value, classmethod) and not name.startswith("_"):
                setattr(cls, name, type(value)(refuse_older_names(value.__func__)))
            elif isfunction(value) and not name.startswith("_"):
                setattr(cls, name, _at_its_verbosity(refuse_older_names(value)))

    def __getattr__(self, name: str) -> Any:
        """Say what a method of an older tool is called here."""
        if name in METHODS:
            raise AttributeError(f"Clustimage has no method {name}(). Use {METHODS[name]}.")
        # Also a property that raised an AttributeError comes here, which it raises again.
        return object.__getattribute__(self, name)

    @property
    def results(self) -> dict[str, Any]:
        """What was computed so far, by name; None for what was not. Described with the class."""
        return self._state.results

    @property
    def params(self) -> Mapping[str, Any]:
        """What the steps work with, to be read; `set_params` changes it.

        The parameters of the constructor with all their defaults, and the size of the images
        that were imported as ``dim``.
        """
        images = self._state.images
        known = {} if images is None else {"dim": images.shape[:2]}
        whole = {**self._settings.params, "engine": self._settings.engine}
        return MappingProxyType({**whole, **known})

    @property
    def results_unique(self) -> dict[str, Any] | None:
        """What `unique` returned last."""
        return self._state.unique

    @property
    def results_faces(self) -> dict[str, Any] | None:
        """What `extract_faces` returned last."""
        return self._state.faces

    @property
    def images_(self) -> Images | None:
        """The images that were imported, with a status for every input."""
        return self._state.images

    @property
    def extractor_(self) -> FeatureExtractor | None:
        """The fitted extractor of the features."""
        return self._state.extractor

    @property
    def embedder_(self) -> Embedder | CustomEmbedder | None:
        """The fitted embedder of the map."""
        return self._state.embedder

    @property
    def clustering_(self) -> Clustering | None:
        """The last clustering: labels, scores and tree."""
        return self._state.clustering

    def _cache(self) -> Cache | None:
        """Return the cache in `dirpath`, or None where no folder is given."""
        return open_cache(self._settings.dirpath)

    def _new_budget(self) -> Budget:
        """Return the budget of a chain that begins: what is free is counted once for all of it."""
        self._state.budget = make_budget(self._settings.max_memory)
        return self._state.budget

    def _chain_budget(self) -> Budget:
        """Return the budget of the chain that has begun, with the `max_memory` of now."""
        if self._state.budget is None or self._settings.max_memory is not None:
            return self._new_budget()
        return self._state.budget

    def _budget_for(self, *made: str) -> Budget:
        """Return the budget of a step that makes `made` anew; what is there else is in use."""
        return self._state.in_use(self._chain_budget(), made)

    def _metric(self, metric: str | None = None) -> str:
        """Return `metric`, or where it is None the one that `cluster` used."""
        if metric is not None:
            return metric
        clustering = self._state.clustering
        return "euclidean" if clustering is None else str(clustering.params["metric"])


def _at_its_verbosity(method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method that logs at the verbosity of its model."""

    @wraps(method)
    def run(self: ModelBase, *args: Any, **options: Any) -> Any:
        with at_verbosity(self._settings.verbose):
            return method(self, *args, **options)

    return run


def with_params_cluster(method: Method) -> Method:
    """Return a method that takes from ``params_cluster`` the arguments that a call leaves out."""
    parameters = signature(method).parameters
    arguments = list(parameters)
    takes_all = any(one.kind is Parameter.VAR_KEYWORD for one in parameters.values())

    @wraps(method)
    def run(self: ModelBase, *args: Any, **options: Any) -> Any:
        given = {*arguments[: len(args) + 1], *options}
        defaults = self._settings.params_cluster.items()
        left_out = {
            name: value
            for name, value in defaults
            if name not in given
            and (takes_all or name in parameters)
            # A method may have another default than `cluster`.
            and not (np.ndim(value) == 0 and value == PARAMS_CLUSTER[name])
        }
        return method(self, *args, **{**left_out, **options})

    return cast(Method, run)
