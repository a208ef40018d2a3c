"""What a model has computed so far, and what each value was made from.

The table `SOURCES` is the one place that knows the order of the chain. `State.require` reads
it to name the step that is missing, `State.store` to drop what was made from older values.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from clustimage._core.errors import InvalidDataError
from clustimage._core.file_arrays import held_bytes
from clustimage._core.memory import Budget
from clustimage._core.step_order import StepOrderError
from clustimage.cluster import Clustering, GraphSpace
from clustimage.cluster.confidence._resampling import Resampling
from clustimage.cluster.confidence._verdict import Verdict
from clustimage.corrections import Correction
from clustimage.embedding import CustomEmbedder, Embedder
from clustimage.features import FeatureExtractor
from clustimage.images import PER_IMAGE, Images, Timestamps
from clustimage.notebook import MAX_ROWS, Answer, Faces, Found, Results, Thumbnails, Unique
from clustimage.similarity import NullDistribution, RowIndex

__all__ = ["RESULTS", "SOURCES", "State", "require", "stale_names"]

# Key of ``results``: (step that writes it, what it is made from)
RESULTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "img": ("import_data", ()),
    "feat": ("extract_feat", ("img",)),
    "xycoord": ("embedding", ("feat",)),
    "pathnames": ("import_data", ()),
    "filenames": ("import_data", ()),
    "labels": ("cluster", ("feat",)),
    "url": ("import_data", ()),
    "predict": ("find", ("feat", "labels")),
}

# Answers that users get as a dict.
SHOWN: dict[str, type[Answer]] = {"predict": Found, "unique": Unique, "faces": Faces}

# The same for these and for the other attributes of `State`.
SOURCES: dict[str, tuple[str, tuple[str, ...]]] = {
    **RESULTS,
    "extractor": ("extract_feat", ("img",)),
    "pca": ("extract_feat", ("extractor", "feat")),
    "embedder": ("embedding", ("feat",)),
    "clustering": ("cluster", ("feat",)),
    "clusteval": ("cluster", ("clustering",)),
    "timestamps": ("cluster", ("img",)),
    "verdict": ("cluster", ("clustering", "labels")),
    "resampling": ("cluster", ("clustering", "labels")),
    "names": ("rename", ("labels",)),
    "named": ("rename", ()),
    "corrections": ("merge", ()),
    "digests": ("import_data", ("img",)),
    "unique": ("unique", ("labels", "xycoord")),
    "candidates": ("search", ("img",)),
    "faces": ("extract_faces", ()),
    "face_links": ("import_data", ("img",)),
    "metadata": ("import_data", ("img",)),
    "null": ("find", ("feat",)),
    "index": ("find", ("feat",)),
    "queries": ("find", ("predict",)),
    "radius": ("predict", ("feat", "labels")),
    "graph": ("cluster", ("feat",)),
    "ranks": ("cluster", ("feat",)),
    "stability": ("cluster", ("clustering",)),
    "inputs": ("import_data", ("img",)),
    "distributed": ("extract_feat", ("feat",)),
}


def require(results: Mapping[str, Any], key: str) -> Any:
    """Return ``results[key]``.

    Raises
    ------
    StepOrderError
        If it is not computed yet; the message names the steps to run first.
    """
    value = results.get(key)
    if value is None and key == "predict":
        raise StepOrderError("There is nothing found yet. Run find() first.")
    if value is None:
        steps = ", then ".join(f"{step}()" for step in _missing_steps(results, key))
        elsewhere = ""
        if "extract_feat()" in steps:
            elsewhere = " Features that were computed elsewhere: extract_feat(features=...)."
        raise StepOrderError(
            f"results[{key!r}] is not there yet. Run {steps} first, "
            f"or fit_transform() for the whole chain.{elsewhere}"
        )
    return value


def _missing_steps(results: Mapping[str, Any], key: str) -> list[str]:
    """Return the steps that lead to `key` and were not run, in the order to run them."""
    step, origins = RESULTS[key]
    steps: list[str] = []
    for origin in origins:
        if results.get(origin) is None:
            steps += _missing_steps(results, origin)
    return [*steps, step]


def stale_names(
    changed: Collection[str], made_from: Mapping[str, tuple[str, ...]] | None = None
) -> set[str]:
    """Return everything that was made from one of `changed`.

    Parameters
    ----------
    changed : collection of str
        The names that have new values. One that is itself among them is not returned.
    made_from : mapping of str to tuple of str, optional
        Where a run differs from the table: ``{"labels": ("xycoord",)}`` after a
        clustering of the map.

    Returns
    -------
    set of str
        Directly or indirectly made from `changed`.
    """
    sources = {name: origins for name, (_, origins) in SOURCES.items()}
    sources.update(made_from or {})
    stale = set(changed)
    while True:
        more = {name for name, origins in sources.items() if stale.intersection(origins)} - stale
        if not more:
            return stale - set(changed)
        stale |= more


@dataclass(frozen=True)
class Candidate:
    """What came of one combination of settings in a search.

    Attributes
    ----------
    row : dict
        Its row of the table.
    score : float
        What it is ranked by; minus infinity where it has no clusters.
    labels : ndarray of shape (n,) or None
        Its clusters.
    unique : ndarray of shape (k,) or None
        Indices of their unique images.
    """

    row: dict[str, Any]
    score: float
    labels: np.ndarray | None
    unique: np.ndarray | None


@dataclass
class State:
    """What a model has computed so far.

    Attributes
    ----------
    results : dict
        The dict that users know; every key of `RESULTS` is there.
    images : Images or None
        What ``results["img"]`` shows the pixels of.
    feat : ndarray or None
        The features that `extract_feat` has put into ``results``.
    extractor, embedder, clustering, null, index
        Fitted objects of the steps.
    unique, faces, metadata : dict or None
        What `unique` and `extract_faces` returned, and the columns of the EXIF data.
    face_links : list or None
        For each image the photo that it was cut from, and its number there.
    timestamps : Timestamps or None
        Those that the last clustering used.
    radius : ndarray or None
        Of each cluster, for `predict`.
    verdict, resampling : Verdict and Resampling, or None
        How sure the clusters are, made when it is first asked for.
    candidates : list of Candidate or None
        What `search` tried, the best first.
    queries : Images or None
        Those of the last `find`.
    graph : GraphSpace or None
        The graph of nearest neighbours of the features, and its coordinates, in `row_order`.
    ranks : ndarray of int, shape (n,), or None
        Of the rows by what the images are, see `row_order`.
    stability : dict of int to float, or None
        Of numbers of clusters, for `levels`.
    inputs : dict or None
        What was given to `import_data` and `extract_feat`, where it has a name: ``paths``,
        ``black_list``, ``recursive``, and the path of ``features``.
    pca, clusteval : object or None
        Objects of these packages, made when they are first asked for.
    names : dict of int to str, or None
        What clusters are called.
    corrections : list of Correction
        What a person has decided, by the content of images; never stale.
    named : dict of str to tuple of str
        For each name the digests of the images whose cluster has it; never stale.
    digests : list of str or None, or None
        Of the content of each image, where it was asked for.
    made_from : dict
        Where a run differs from `SOURCES`.
    budget : Budget or None
        Memory that the chain may take, counted when images were imported.
    """

    results: Results = field(default_factory=lambda: Results(dict.fromkeys(RESULTS)))
    images: Images | None = None
    feat: np.ndarray | None = None
    extractor: FeatureExtractor | None = None
    pca: Any = None
    embedder: Embedder | CustomEmbedder | None = None
    clustering: Clustering | None = None
    clusteval: Any = None
    timestamps: Timestamps | None = None
    unique: dict[str, Any] | None = None
    faces: dict[str, Any] | None = None
    face_links: list[tuple[str, int] | None] | None = None
    metadata: dict[str, Any] | None = None
    null: NullDistribution | None = None
    index: RowIndex | None = None
    verdict: Verdict | None = None
    resampling: Resampling | None = None
    candidates: list[Candidate] | None = None
    queries: Images | None = None
    radius: np.ndarray | None = None
    graph: GraphSpace | None = None
    ranks: np.ndarray | None = None
    stability: dict[int, float] | None = None
    names: dict[int, str] | None = None
    corrections: list[Correction] = field(default_factory=list)
    named: dict[str, tuple[str, ...]] = field(default_factory=dict)
    digests: list[str | None] | None = None
    inputs: dict[str, Any] | None = None
    distributed: Any = None
    made_from: dict[str, tuple[str, ...]] = field(default_factory=dict)
    budget: Budget | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Return what a pickle keeps: without what is made again when it is asked for."""
        rebuilt = dict.fromkeys(("pca", "clusteval", "index", "graph", "ranks", "budget"))
        results = self.results.copy()
        if self._shows_images():
            results["img"] = None  # a view, which a pickle would hold twice
        return {**vars(self), **rebuilt, "results": results, "feat": None}

    def __setstate__(self, kept: Mapping[str, Any]) -> None:
        vars(self).update(kept)
        self.feat = self.results["feat"]
        if self.images is not None and self.results["img"] is None:
            self.results["img"] = self.images.flat
        self.show_pictures()

    def _shows_images(self) -> bool:
        """Return whether ``results["img"]`` is a view of the images that were imported."""
        img = self.results["img"]
        return (
            img is not None
            and self.images is not None
            and np.may_share_memory(img, self.images.flat)
        )

    def require(self, key: str) -> Any:
        """Return ``results[key]``, or raise `StepOrderError` naming the steps to run first.

        Raises
        ------
        InvalidDataError
            If the features are others than `extract_feat` has put there: what belongs to them
            would be missing.
        """
        value = require(self.results, key)
        if key == "feat" and value is not self.feat:
            raise InvalidDataError(
                "results['feat'] was set by hand, and nothing else of the model belongs to it. "
                "Give features that were computed elsewhere by extract_feat(features=...)."
            )
        return value

    def store(self, made_from: Mapping[str, tuple[str, ...]] | None = None, **values: Any) -> None:
        """Take new values, and drop everything that was made from the old ones."""
        self.made_from.update(made_from or {})
        for name in stale_names(values, self.made_from):
            self._set(name, None)
        for name, value in values.items():
            self._set(name, value)

    def snapshot(self) -> dict[str, Any]:
        """Return what `restore` brings back; values are not copied, as steps replace them."""
        return {**vars(self), "results": dict(self.results), "made_from": dict(self.made_from)}

    def restore(self, kept: Mapping[str, Any]) -> None:
        """Set everything to what it was at a `snapshot`; `results` stays the dict that it is."""
        results = self.results
        vars(self).update(kept)
        results.update(kept["results"])
        self.results = results

    def show_pictures(self) -> None:
        """Let answers that came out of a file print themselves, with the images of the model."""
        for name in SHOWN:
            value = self.results[name] if name in self.results else getattr(self, name)
            self._set(name, value)

    def _shown(self, name: str, value: Any) -> Any:
        """Return an answer as the dict that prints itself."""
        if not isinstance(value, dict) or name not in SHOWN:
            return value
        answer = value if isinstance(value, SHOWN[name]) else SHOWN[name](value)
        if isinstance(answer, Found) and answer.queries is None and self.queries is not None:
            answer.queries = Thumbnails(self.queries).copies(MAX_ROWS)
        return answer.shown_with(None if self.images is None else Thumbnails(self.images))

    def _set(self, name: str, value: Any) -> None:
        value = self._shown(name, value)
        if name == "feat":
            self.feat = value
        if name in self.results:
            self.results[name] = value
        else:
            setattr(self, name, value)

    def images_read(self) -> Images:
        """Return the images, or raise where none were imported.

        Raises
        ------
        StepOrderError
            If nothing was imported.
        InvalidDataError
            If there are features without images.
        """
        if self.images is None and self.results["feat"] is not None:
            raise InvalidDataError(
                "This model has features without images, and that needs the images themselves. "
                "Give the images beside their features."
            )
        require(self.results, "img")
        assert self.images is not None
        return self.images

    def clustered(self) -> Clustering:
        """Return the clustering, or raise `StepOrderError` where there is none."""
        require(self.results, "labels")
        assert self.clustering is not None
        return self.clustering

    def in_use(self, budget: Budget, made: Collection[str] = ()) -> Budget:
        """Return a budget of which what is kept is in use, without `made`, which will be new."""
        kept = ("img", "feat", "xycoord")
        held = sum(held_bytes(self.results[key]) for key in kept if key not in made)
        img = self.results["img"]
        in_file = 0 if img is None or held_bytes(img) else img.nbytes
        n_images = 0 if self.images is None else len(self.images)
        return replace(budget, in_file=in_file).holding(held + PER_IMAGE * n_images)
