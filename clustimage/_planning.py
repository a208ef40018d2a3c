"""What a chain would do for so many images, and the memory that each step may take."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, Any

from clustimage._budget import Budget, make_budget
from clustimage._errors import StepOrderError
from clustimage._paging import held_bytes
from clustimage._plan import Plan, Step
from clustimage._validation import check_int, check_shape
from clustimage.cluster import check_request, most_clusters, plan_clusters
from clustimage.embedding import make_embedder
from clustimage.features import make_extractor
from clustimage.images import Images, Measured, measure_input, plan_images
from clustimage.similarity import plan_find, plan_unique

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["PlanMethods"]

KEPT = ("img", "feat", "xycoord")


class PlanMethods:
    """The method `plan` of `Clustimage`, and the budget of its steps."""

    images_: Images
    params: dict[str, Any]
    results: dict[str, Any]
    _given: dict[str, Any]
    _budget: Budget | None

    def _new_budget(self) -> Budget:
        """Count what is free anew, at the start of a chain."""
        self._budget = make_budget(self.params["max_memory"])
        return self._budget

    def _budget_for(self, *made: str) -> Budget:
        """Return the budget of a step that makes `made` anew; what is there else is held."""
        budget = self._budget or self._new_budget()
        kept = [key for key in KEPT if key not in made]
        return budget.holding(sum(held_bytes(self.results[key]) for key in kept))

    def plan(
        self,
        X: Any = None,
        *,
        cluster_space: str = "high",
        black_list: Sequence[str] | None = None,
        recursive: bool = True,
        **request: Any,
    ) -> Plan:
        """Say what each step would do for so many images, why, and what it would take.

        No image is read; files of a folder are counted. The steps decide by the same
        arithmetic when they run.

        Parameters
        ----------
        X : int, str, path, list, array or DataFrame, optional
            A number of images, or images in any form that `import_data` takes. By default
            those that are in `results`.
        cluster_space, **request
            As for `cluster`: ``cluster``, ``n_clusters``, ``metric``, ``micro_clusters`` …
        black_list, recursive
            As for `import_data`.

        Returns
        -------
        Plan
            A table to read; ``steps``, ``peak`` (bytes), ``problems`` and ``to_frame()``
            to work with. Memory is that of images, features and work, beside Python and its
            libraries (about 300 MB; with a network 1 GB).

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
        n_images, shape, n_files = self._measured(X, black_list, recursive)
        request = check_request(**request, method=self.params["method"])
        budget = total = make_budget(self.params["max_memory"])
        steps: list[Step] = []

        def add(step: Step) -> Budget:
            steps.append(step)
            # A step that cannot be done leaves nothing behind for the next ones.
            return budget if step.problem else budget.holding(step.kept)

        n_jobs = self.params["n_jobs"]
        folder = self.params["dirpath"]
        budget = add(plan_images(n_images, shape, budget, folder, n_jobs=n_jobs, n_files=n_files))
        extractor = make_extractor(self.params["method"], self.params)
        step, n_columns = extractor.plan(n_images, shape, budget)
        budget = add(step)
        embedder = make_embedder(self.params["embedding"], self.params)
        budget = add(embedder.plan(n_images, n_columns, budget))
        columns = n_columns if cluster_space == "high" else 2
        budget = add(plan_clusters(n_images, columns, budget, n_jobs=n_jobs, **request))
        n_pixels = shape[0] * shape[1] * shape[2]
        most = min(n_images, most_clusters(request)) if request["sim"] is None else None
        budget = add(plan_unique(n_images, n_columns, n_pixels, budget, n_clusters=most))
        add(plan_find(n_images, n_columns, budget))
        return Plan(n_images, total, steps)

    def _measured(self, X: Any, black_list: Sequence[str] | None, recursive: bool) -> Measured:
        """Return how many images there are, their shape, and how many are files."""
        if X is None:
            if self.results["img"] is None:
                raise StepOrderError(
                    "There is nothing to plan for. Give plan() a number of images, or images."
                )
            in_cache = sum(key is not None for key in self.images_.keys or ())
            return Measured(len(self.images_), self.images_.shape, in_cache)
        dim = check_shape("dim", self._given["dim"])
        if isinstance(X, Integral):
            count = check_int("X", X, low=1)
            return Measured(count, (*dim, 1 if self.params["grayscale"] else 3), count)
        return measure_input(
            X,
            dim=dim,
            grayscale=self.params["grayscale"],
            ext=self.params["ext"],
            recursive=recursive,
            black_list=black_list,
        )
