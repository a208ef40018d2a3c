"""What a chain would do for so many images, and the memory that each step may take."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from numbers import Integral
from os import PathLike
from typing import TYPE_CHECKING, Any

from clustimage._core.memory import Budget, make_budget, megabytes
from clustimage._core.plan import Plan, Step
from clustimage._core.step_order import StepOrderError
from clustimage._core.validation import check_int, check_unknown_names
from clustimage._model.base import ModelBase, with_params_cluster
from clustimage._model.clustering import as_planned
from clustimage._model.settings import PARAMS_CLUSTER
from clustimage.cluster import EXIF_METRICS, ClusterRequest, plan_clusters
from clustimage.embedding import CustomEmbedder, make_embedder
from clustimage.features import make_extractor, read_features
from clustimage.images import Measured, count_inputs, measure_input, plan_images
from clustimage.similarity import plan_find, plan_unique

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

__all__ = ["PlanMethods"]


class PlanMethods(ModelBase):
    """The method `plan` of `Clustimage`, and the budget of its steps."""

    @with_params_cluster
    def plan(
        self,
        X: Any = None,
        *,
        black_list: Sequence[str] | None = None,
        recursive: bool = True,
        **request: Any,
    ) -> Plan:
        """Return what each step would do for so many images, why, and what it would take.

        No image is read; files of a folder are counted. The steps decide by the same
        arithmetic when they run.

        Parameters
        ----------
        X : int, str, path, list, array or DataFrame, optional
            A number of images, or images in any form that `import_data` takes. By default
            those that are in `results`.
        **request
            As for `cluster`: ``cluster``, ``n_clusters``, ``cluster_space`` …
        black_list, recursive
            As for `import_data`.

        Returns
        -------
        Plan
            A table to read; ``steps``, ``peak`` (bytes), ``problems``, ``least`` (bytes that
            are enough for all steps, where these are not) and ``to_frame()`` to work with.
            Memory is that of images, features and work, beside Python and its libraries
            (about 300 MB; with a network 1 GB).

        Raises
        ------
        StepOrderError
            If there is no `X` and no image in `results`.
        ImageReadError
            If there is no image in `X`.
        InvalidParameterError
            If a value is not allowed.

        Examples
        --------
        >>> from clustimage import Clustimage
        >>> plan = Clustimage(max_memory="3GB").plan(60_000)
        >>> [step.stage for step in plan.steps][:4]
        ['import_data', 'extract_feat', 'embedding', 'cluster']
        >>> plan.steps[3].what
        'the tree of 4,000 micro-clusters, silhouettes of a sample of 4,000 images'
        >>> plan.problems
        []
        """
        check_unknown_names("plan", request, sorted(PARAMS_CLUSTER))
        request.pop("timestamps", None)  # of which nothing in a plan depends
        asked = ClusterRequest(**request)
        asked.check_method(self._settings.method)
        measured = self._measured(X, black_list, recursive)
        asked.check_n_images(measured.n_images)
        feat = self.results["feat"] if X is None else None
        extractor = make_extractor(self._settings.method, self._settings.params)
        made_by = extractor if feat is None else self._state.extractor
        chain = _Chain(
            measured,
            self._settings.params,
            extractor,
            as_planned(asked, made_by),
            n_columns=None if feat is None else feat.shape[1],
        )
        max_memory = self._settings.max_memory
        return chain.plan(self._chain_budget() if X is None else make_budget(max_memory))

    def _check_before(
        self,
        extractor: Any,
        request: ClusterRequest,
        X: Any,
        black_list: Sequence[str] | None,
        recursive: bool,
    ) -> None:
        """Raise before images are read what can be known then.

        There are fewer images than clusters are asked for; or their features cannot be made
        within the budget. With a `dirpath` these may be cached, and an iterator can be read
        only once: both are found out later. So is how many of the files are images; here half
        of them have to be too many.
        """
        if not _can_be_read_twice(X):
            return
        measured = self._measured(X, black_list, recursive)
        request.check_n_images(measured.n_images)
        if self._settings.dirpath is not None:
            return
        fewer = measured._replace(n_images=measured.n_images - measured.n_files // 2)
        if self._plan_features(extractor, fewer).problem:
            self._plan_features(extractor, measured).check()

    def _check_rows(
        self, rows: np.ndarray, X: Any, black_list: Sequence[str] | None, recursive: bool
    ) -> None:
        """Raise before images are read where there is not a row of features for each."""
        if _can_be_read_twice(X):
            n_inputs = count_inputs(
                X, ext=self._settings.ext, recursive=recursive, black_list=black_list
            )
            read_features(rows, n_rows=n_inputs)

    def _plan_features(self, extractor: Any, measured: Measured) -> Step:
        chain = _Chain(measured, self._settings.params, extractor)
        return chain.first_steps(self._chain_budget())[0][-1]

    def _measured(self, X: Any, black_list: Sequence[str] | None, recursive: bool) -> Measured:
        """Return how many images there are, their shape, and how many are files."""
        if X is None:
            if self.images_ is None:
                raise StepOrderError(
                    "There is nothing to plan for. Give plan() a number of images, or images."
                )
            in_cache = sum(key is not None for key in self.images_.keys or ())
            return Measured(len(self.images_), self.images_.shape, in_cache)
        dim = self._settings.dim
        if isinstance(X, Integral):
            count = check_int("X", X, low=1)
            return Measured(count, (*dim, 1 if self._settings.grayscale else 3), count)
        return measure_input(
            X,
            dim=dim,
            grayscale=self._settings.grayscale,
            ext=self._settings.ext,
            recursive=recursive,
            black_list=black_list,
        )


def _plan_clusters(
    n: int, n_columns: int, budget: Budget, request: ClusterRequest, n_jobs: int
) -> Step:
    """Return the plan of the clusters; of the graph and of the features where both are tried."""
    if request.cluster_space is not None:
        return plan_clusters(n, n_columns, budget, request, n_jobs=n_jobs)
    graph, features = (
        plan_clusters(n, n_columns, budget, replace(request, cluster_space=space), n_jobs=n_jobs)
        for space in ("graph", "high")
    )
    return replace(graph, peak=max(graph.peak, features.peak))


def _can_be_read_twice(X: Any) -> bool:
    return isinstance(X, str | PathLike | list | tuple) or hasattr(X, "__array__")


@dataclass
class _Chain:
    """The steps of a chain, to be planned with one budget or another."""

    measured: Measured
    params: dict[str, Any]
    extractor: Any
    request: ClusterRequest = ClusterRequest()
    n_columns: int | None = None  # where the features are there

    def plan(self, budget: Budget) -> Plan:
        """Return the plan, with what is enough where this budget is not."""
        n, steps, least = self.measured.n_images, self.steps(budget), 0
        plan = enough = Plan(n, budget, steps)
        # With more memory a step may be done in another way, which takes more.
        while enough.problems and enough.peak > enough.budget.total:
            least = megabytes(enough.peak) * 10**6
            enough = Plan(n, Budget(least), self.steps(Budget(least)))
        return replace(plan, least=0 if enough.problems else least)

    def first_steps(self, budget: Budget) -> tuple[list[Step], int]:
        """Return the steps up to the features, and how many columns these have."""
        n, shape, n_files = self.measured
        n_jobs, folder = self.params["n_jobs"], self.params["dirpath"]
        steps = [plan_images(n, shape, budget, folder, n_jobs=n_jobs, n_files=n_files)]
        step, expected = self.extractor.plan(n, shape, self._left(budget, steps))
        return [*steps, step], expected if self.n_columns is None else self.n_columns

    def steps(self, budget: Budget) -> list[Step]:
        """Return what each stage would do; maps and clusters take the rows in `row_order`."""
        n, shape, _ = self.measured
        steps, n_columns = self.first_steps(budget)
        embedder = make_embedder(self.params["embedding"], self.params)
        copy = 0 if isinstance(embedder, CustomEmbedder) else 4 * n * n_columns
        step = embedder.plan(n, n_columns, self._left(budget, steps).holding(copy))
        steps.append(replace(step, peak=step.peak + copy))
        in_map, n_jobs = self.request.cluster_space == "low", self.params["n_jobs"]
        columns = 2 if in_map else n_columns
        by_name = isinstance(self.request.cluster, str)
        copy = 4 * n * columns * (by_name and self.request.metric not in EXIF_METRICS)
        left = self._left(budget, steps).holding(copy)
        step = _plan_clusters(n, columns, left, self.request, n_jobs)
        steps.append(replace(step, peak=step.peak + copy))
        most = min(n, self.request.most_clusters) if not self.request.is_cut else None
        left, n_pixels = self._left(budget, steps), math.prod(shape)
        steps.append(plan_unique(n, n_columns, n_pixels, left, n_clusters=most))
        return [*steps, plan_find(n, n_columns, self._left(budget, steps))]

    def _left(self, total: Budget, steps: list[Step]) -> Budget:
        """Return the budget of the step after `steps`; one with a problem leaves nothing."""
        n_bytes = self.measured.n_images * math.prod(self.measured.shape)
        in_file = n_bytes if steps[0].kept < n_bytes else 0
        held = sum(step.kept for step in steps if not step.problem)
        return replace(total, held=held, in_file=in_file)
