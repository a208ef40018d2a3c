"""The chain on the workers of an engine: a sample is clustered here, and all others there."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from clustimage._core.errors import InvalidParameterError
from clustimage._core.logs import get_logger
from clustimage._core.object_store import is_store_url, write_bytes
from clustimage._core.parameters import named, setting, shown
from clustimage._model.base import ModelBase
from clustimage._model.given_inputs import name_features, named_inputs
from clustimage._version import __version__
from clustimage.cluster import ClusterRequest
from clustimage.cluster.evaluators._centres import cluster_centres
from clustimage.cluster.evaluators._silhouette import silhouette_samples
from clustimage.distributed import (
    Assigned,
    Clusters,
    Engine,
    ReadSettings,
    RowPart,
    Sample,
    assign_all,
    build_index,
    columns_of,
    components_of,
    find_in_index,
    find_in_parts,
    gather_sample,
    list_images,
    open_engine,
    read_all,
    sample_features,
    scales_of,
)
from clustimage.export import found_frames
from clustimage.features import (
    CombinedExtractor,
    FaceExtractor,
    FeatureExtractor,
    PCAExtractor,
    PrecomputedExtractor,
    make_extractor,
)
from clustimage.images import Images, ImageStatus, array_names
from clustimage.images.reading._listing import absolute, encodable
from clustimage.images.reading._url_files import is_url
from clustimage.similarity import ApproximateIndex, NullDistribution, cluster_radius

__all__ = [
    "Distributed",
    "EngineMethods",
    "assign_to_clusters",
    "check_distributable",
    "engine_of",
    "find_with_engine",
    "is_searched_in_parts",
    "read_with_engine",
]

logger = get_logger(__name__)

MICRO_CLUSTERS = 4_000  # of a sample that is not all images
MIN_IMAGES_PER_MICRO_CLUSTER = 5
NEEDS_PAIRS = ("sim", "distance_threshold", "time_weight", "place_weight", "cannot_link")


@dataclass(frozen=True)
class Distributed:
    """What of a run with an engine is kept.

    Attributes
    ----------
    folder : str
        Path or URL of parts and result.
    row_parts : sequence of RowPart
        Where the features of all images are.
    part, row : ndarray of int64, shape (s,)
        Where the images of the model are among them.
    n_images : int
        All images.
    assigned : Assigned or None
        The result.
    index : ApproximateIndex or None
        For ``find(approximate=True)``; not kept by a pickle.
    """

    folder: str
    row_parts: Sequence[RowPart]
    part: np.ndarray
    row: np.ndarray
    n_images: int
    assigned: Assigned | None = None
    index: ApproximateIndex | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "index": None}

    @property
    def is_sample(self) -> bool:
        """Whether the model has fewer images than there are."""
        return len(self.row) < self.n_images


class EngineMethods(ModelBase):
    """What a run with an engine leaves beside `results`."""

    @property
    def dataset_(self) -> str | None:
        """Path or URL of the Parquet data set of all images, after a run with an engine.

        It has a row for each input: ``pathname``, ``filename``, ``label``, ``x``, ``y``,
        ``distance_to_center``, ``status`` and ``reason``. Where there are more images than
        ``params_engine["sample_size"]``, `results` holds those of a sample.
        """
        kept = self._state.distributed
        return None if kept is None or kept.assigned is None else kept.assigned.folder


def engine_of(model: ModelBase) -> AbstractContextManager[Engine]:
    """Return what provides the engine of a model."""
    settings = model._settings
    return open_engine(settings.engine, settings.n_jobs, settings.params_engine["resources"])


def check_distributable(request: ClusterRequest, extractor: FeatureExtractor) -> None:
    """Raise `InvalidParameterError` where workers cannot do what is asked for."""
    for name in NEEDS_PAIRS:
        value = getattr(request, name)
        if value is not None and not (name.endswith("_weight") and value == 0):
            _refuse(setting(name, value), "which needs the distances of all pairs of images")
    if not isinstance(request.cluster, str):
        _refuse(f"an object as {named('cluster')}", "which labels one array")
    if request.cluster_space == "low":
        _refuse(setting("cluster_space", "low"), "the map of one machine")
    if request.metric in ("datetime", "latlon"):
        _refuse(setting("metric", request.metric), "which compares photos with each other")
    parts = [extractor]
    if isinstance(extractor, CombinedExtractor):
        parts = [part for _, part in extractor.parts]
    elif isinstance(extractor, PrecomputedExtractor) or type(extractor) is PCAExtractor:
        parts = []
    for part in parts:
        if isinstance(part, FaceExtractor):
            _refuse(setting("method", "face"), "which keeps the faces of one photo apart")
        if part.learns:
            _refuse(f"features by {part!r}", "which are learned from all images at once")


def _refuse(what: str, why: str) -> None:
    raise InvalidParameterError(
        f"{named('engine')} cannot be combined with {what}, {why}. Leave one of them out."
    )


def folder_of(model: ModelBase) -> str:
    """Return the folder, or the URL, of parts and result."""
    given = model._settings.dirpath
    if given is None:
        return tempfile.mkdtemp(prefix="clustimage-")
    return str(given).rstrip("/") if is_store_url(str(given)) else absolute(given)


def read_with_engine(
    model: ModelBase,
    engine: Engine,
    X: Any,
    features: Any,
    request: ClusterRequest,
    *,
    normalize: bool,
    black_list: Any,
    recursive: bool,
) -> ClusterRequest:
    """Read and describe images on the workers, and take the sample as the images of the model.

    Returns
    -------
    ClusterRequest
        For the sample: with micro-clusters where it is not all images.
    """
    settings, state = model._settings, model._state
    folder = folder_of(model)
    options = {name: settings.params_engine[name] for name in ("partition_size", "sample_size")}
    seed = settings.random_state or 0
    if features is not None:
        if X is not None:
            _refuse("features beside images", "of which one is read")
        row_parts, sample = sample_features(engine, features, unit=normalize, seed=seed, **options)
        extractor: FeatureExtractor = PrecomputedExtractor(normalize=normalize)
        assert sample.feat is not None
        feat, images = sample.feat, None
        extractor.fit(feat)
        n_images = sum(part.n for part in row_parts)
    else:
        extractor = make_extractor(settings.method, settings.params)
        extractor.prepare()
        params = {**settings.params, "n_jobs": 1, "dirpath": None}
        pca = isinstance(extractor, PCAExtractor)

        def make_settings(rate: int) -> ReadSettings:
            return ReadSettings(
                method=settings.method,
                params=params,
                dim=settings.dim,
                grayscale=settings.grayscale,
                max_pixels=settings.max_pixels,
                describes=not pca,
                rate=rate,
                seed=seed,
            )

        listed = list_images(X, ext=settings.ext, black_list=black_list, recursive=recursive)
        parts = read_all(engine, listed, make_settings, f"{folder}/work", **options)
        sample = gather_sample(engine, parts)
        images = _images_of(sample, settings.dim, settings.grayscale)
        n_images = parts.total("n_read")
        logger.info("Images: %s, of %d x %d pixels.", f"{n_images:,}", *images.shape[:2])
        if isinstance(extractor, PCAExtractor):
            if not parts.is_sample:
                extractor.fit_images(images, budget=model._budget_for("feat", "xycoord"))
            row_parts = components_of(
                extractor, engine, parts, f"{folder}/work", fitted=not parts.is_sample
            )
            feat = extractor.transform(images.pixels)
        else:
            assert sample.feat is not None
            row_parts, feat = parts.row_parts(), sample.feat
            if isinstance(extractor, CombinedExtractor):
                extractor.fit_parts(images.pixels[:1])
                widths = [columns_of(part, images.shape) for part in extractor.parts_]
                extractor.scale_ = scales_of(engine, row_parts, widths)
                row_parts = parts.row_parts(list(zip(widths, extractor.scale_, strict=True)))
                scales = np.repeat(extractor.scale_, widths).astype(np.float32)
                feat = np.divide(feat, scales, dtype=np.float32)
            else:
                extractor.fit(images.pixels[:1])
    _take(model, sample, images, X, features, black_list, recursive)
    kept = Distributed(folder, row_parts, sample.part, sample.row, n_images)
    state.store(feat=feat, extractor=extractor, distributed=kept)
    words = shown(settings.method) if features is None else "as given"
    logger.info("Features per image: %d, %s.", feat.shape[1], words)
    if not kept.is_sample:
        return request
    logger.info("Sample: %s of %s images.", f"{len(feat):,}", f"{n_images:,}")
    if request.cluster == "agglomerative" and request.micro_clusters is None:
        most = max(request.most_clusters, len(feat) // MIN_IMAGES_PER_MICRO_CLUSTER)
        return replace(request, micro_clusters=min(MICRO_CLUSTERS, most))
    return request


def _take(
    model: ModelBase,
    sample: Sample,
    images: Images | None,
    X: Any,
    features: Any,
    black_list: Any,
    recursive: bool,
) -> None:
    """Take the sample as the images of the model, or its names where there are features alone."""
    state = model._state
    state.images = images
    if images is not None:
        state.store(
            inputs=named_inputs(X, black_list, recursive),
            img=images.flat,
            pathnames=images.pathnames,
            filenames=images.filenames,
            url=images.url,
        )
        return
    names = np.array(sample.table["pathname"].to_pylist(), dtype=object)
    nothing = np.full(len(names), None)
    state.store(inputs=None, img=None, pathnames=names, filenames=names, url=nothing)
    name_features(state, features)


def _images_of(sample: Sample, dim: tuple[int, int], grayscale: bool) -> Images:
    """Return the sample as images that stage 1 has read."""
    assert sample.pixels is not None
    columns = sample.table.to_pydict()
    pixels = sample.pixels.reshape(-1, *dim, 1 if grayscale else 3)
    rows = (columns[name] for name in ("pathname", "width", "height", "taken"))
    status = [
        ImageStatus(name, "ok", width=width, height=height, taken=taken)
        for name, width, height, taken in zip(*rows, strict=True)
    ]
    urls = [name if is_url(name) else None for name in columns["pathname"]]
    names = (columns["pathname"], columns["filename"], urls)
    pathnames, filenames, url = (np.array(column, dtype=object) for column in names)
    return Images(pathnames, filenames, url, pixels, status)


def assign_to_clusters(model: ModelBase, engine: Engine) -> None:
    """Assign all images to the clusters of the sample, and keep where the result is."""
    state = model._state
    kept: Distributed = state.distributed
    assigned = assign_all(engine, kept.row_parts, _clusters_of(model), kept.folder)
    state.distributed = replace(kept, assigned=assigned)
    _write_manifest(model, kept.folder, assigned)
    logger.info("Labels of %s images: %s", f"{assigned.n_read:,}", assigned.folder)


def _clusters_of(model: ModelBase) -> Clusters:
    """Return what the sample says about all other images."""
    state = model._state
    clustering, kept = state.clustered(), state.distributed
    feat, labels, xycoord = (state.require(name) for name in ("feat", "labels", "xycoord"))
    metric = model._metric()
    k = int(labels.max()) + 1
    centres = np.array([feat[labels == label].mean(axis=0, dtype=np.float64) for label in range(k)])
    rows, of_rows, positions, radius = feat, labels, xycoord, np.zeros(0)
    micro = clustering.micro
    if micro is not None and clustering.params["cluster_space"] != "graph":
        rows, positions = cluster_centres(feat, micro)[0], cluster_centres(xycoord, micro)[0]
        of_rows = labels[np.unique(micro, return_index=True)[1]]
    elif labels.min() < 0:
        radius = cluster_radius(feat, labels, metric=metric)
    return Clusters(
        rows=rows.astype(np.float32),
        labels=of_rows,
        xycoord=positions.astype(np.float32),
        radius=radius,
        centres=centres.reshape(k, feat.shape[1]),
        known_part=kept.part,
        known_row=kept.row,
        known_labels=labels,
        known_xycoord=xycoord,
        metric=metric,
    )


def _scores(model: ModelBase) -> dict[str, float]:
    """Return the mean silhouette of the sample, and the standard error of it for all images.

    That of a simple random sample without replacement (W. G. Cochran, "Sampling Techniques", 3rd
    ed., Wiley, 1977, chapter 2).
    """
    state = model._state
    kept: Distributed = state.distributed
    feat, labels = state.require("feat"), state.require("labels")
    names, numbers = np.unique(labels, return_inverse=True)
    n, k = len(labels), int((names >= 0).sum())
    if not kept.is_sample or not 1 < k < n:
        return {}
    inside = numbers - (len(names) - k)  # images that are in no cluster have -1
    values = silhouette_samples(feat, np.maximum(inside, -1), metric=model._metric())
    error = values.std(ddof=1) / np.sqrt(n) * np.sqrt(1 - n / kept.n_images)
    return {"silhouette": float(values.mean()), "standard_error": float(error)}


def is_searched_in_parts(model: ModelBase) -> bool:
    """Return whether `find` looks at more images than the model has."""
    kept = model._state.distributed
    known = kept is not None and kept.is_sample and kept.assigned is not None
    return known and model._settings.engine is not None


def find_with_engine(
    model: ModelBase,
    images: Images | None,
    queries: np.ndarray,
    null: NullDistribution,
    *,
    k: int | None,
    alpha: float | None,
    metric: str,
    approximate: bool,
) -> dict[str, Any]:
    """Return what `find` gives the user, of all images."""
    state = model._state
    kept: Distributed = state.distributed
    assert kept.assigned is not None
    labels, work = kept.assigned.folder, f"{kept.folder}/work"
    radius = -np.inf if alpha is None else null.quantile(alpha)
    with engine_of(model) as engine:
        if approximate:
            assert k is not None
            index = kept.index
            if index is None or index.metric != metric:
                feat = state.require("feat")
                index = build_index(engine, kept.row_parts, feat, metric, work)
                state.distributed = replace(kept, index=index)
            found = find_in_index(engine, index, kept.row_parts, labels, queries, k)
        else:
            found = find_in_parts(
                engine,
                kept.row_parts,
                labels,
                queries,
                k=k,
                radius=radius,
                metric=metric,
                folder=work,
            )
    names = array_names(len(queries)) if images is None else images.filenames
    pathnames = names if images is None else images.pathnames
    tables = [
        {
            "y_idx": hits.number,
            "distance": hits.distance,
            "y_proba": null.cdf(hits.distance),
            "labels": hits.labels,
            "y_filenames": hits.filenames,
            "y_pathnames": hits.pathnames,
        }
        for hits in found
    ]
    return found_frames(tables, queries, names, pathnames, model._state.names)


def _write_manifest(model: ModelBase, folder: str, assigned: Assigned) -> None:
    """Write what the result is made of, as JSON."""
    names = model._state.names or {}
    nearest = {label: name for label, (_, name) in assigned.unique.items()}
    if not model._state.distributed.is_sample and model._state.unique is not None:
        unique = model._state.unique
        pathnames = map(encodable, unique["pathnames"])
        nearest = dict(zip(unique["labels"].tolist(), pathnames, strict=True))
    rows = [
        {
            "label": label,
            "name": names.get(label),
            "n_images": size,
            "unique": nearest.get(label),
        }
        for label, size in assigned.sizes.items()
    ]
    found = {
        "clustimage": __version__,
        "method": str(model._settings.method),
        "n_inputs": assigned.n,
        "n_images": assigned.n_read,
        "n_sample": len(model._state.require("feat")),
        "labels": assigned.folder.rpartition("/")[2],
        **_scores(model),
        "clusters": rows,
    }
    data = json.dumps(found, indent=1, ensure_ascii=False).encode("utf-8", "backslashreplace")
    write_bytes(f"{folder}/manifest.json", data)
