"""The chain on the workers of an engine."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from clustimage._core.errors import InvalidParameterError
from clustimage._core.logs import get_logger
from clustimage._core.parameters import named, setting, shown
from clustimage._model.base import ModelBase
from clustimage._model.given_inputs import named_inputs
from clustimage.cluster import ClusterRequest
from clustimage.distributed import (
    Assigned,
    Clusters,
    ReadSettings,
    Sample,
    assign_all,
    gather_sample,
    list_images,
    open_engine,
    read_all,
)
from clustimage.distributed._rows import RowPart
from clustimage.features import make_extractor
from clustimage.images import Images, ImageStatus
from clustimage.similarity import cluster_radius

__all__ = ["Distributed", "assign_to_clusters", "check_distributable", "read_with_engine"]

logger = get_logger(__name__)

MICRO_CLUSTERS = 4_000  # of a sample that is not all images


@dataclass(frozen=True)
class Distributed:
    """What of a run with an engine is kept.

    Attributes
    ----------
    folder : str
        Path or URL of parts and result.
    row_parts : list of RowPart
        Where the features of all images are.
    part, row : ndarray of int64, shape (s,)
        Where the images of the model are among them.
    n_images : int
        All images.
    assigned : Assigned or None
        The result.
    """

    folder: str
    row_parts: list[RowPart]
    part: np.ndarray
    row: np.ndarray
    n_images: int
    assigned: Assigned | None = None

    @property
    def is_sample(self) -> bool:
        """Whether the model has fewer images than there are."""
        return len(self.row) < self.n_images


def check_distributable(request: ClusterRequest, extractor: Any) -> None:
    """Raise `InvalidParameterError` where workers cannot do what is asked for.

    Parameters
    ----------
    request : ClusterRequest
        What is asked of `cluster`.
    extractor : FeatureExtractor
        Of the features.
    """
    defaults = ClusterRequest()
    why = "which needs the distances of all pairs of images"
    for name in ("sim", "time_weight", "place_weight", "cannot_link"):
        value = getattr(request, name)
        if value is not None and value != getattr(defaults, name):
            raise _not_with_engine(setting(name, value), why)
    if not isinstance(request.cluster, str):
        raise _not_with_engine(f"an object as {named('cluster')}", "whose labels are of one array")
    if request.cluster_space == "low":
        raise _not_with_engine(setting("cluster_space", "low"), "which is a map of one machine")


def _not_with_engine(what: str, why: str) -> InvalidParameterError:
    return InvalidParameterError(
        f"{named('engine')} cannot be combined with {what}, {why}. Leave one of them out."
    )


def read_with_engine(
    model: ModelBase, X: Any, request: ClusterRequest, black_list: Any, recursive: bool
) -> ClusterRequest:
    """Read and describe images on the workers, and take the sample as the images of the model."""
    settings, state = model._settings, model._state
    extractor = make_extractor(settings.method, settings.params)
    check_distributable(request, extractor)
    folder = str(settings.dirpath or tempfile.mkdtemp(prefix="clustimage-")).rstrip("/")
    params = {**settings.params, "n_jobs": 1, "dirpath": None, "engine": None}

    def make_settings(rate: int) -> ReadSettings:
        return ReadSettings(
            settings.method,
            params,
            settings.dim,
            settings.grayscale,
            settings.max_pixels,
            True,
            rate,
            settings.random_state or 0,
        )

    listed = list_images(X, ext=settings.ext, black_list=black_list, recursive=recursive)
    chosen = settings.params_engine
    with open_engine(settings.engine, settings.n_jobs, chosen["resources"]) as engine:
        parts = read_all(
            engine,
            listed,
            make_settings,
            f"{folder}/work",
            partition_size=chosen["partition_size"],
            sample_size=chosen["sample_size"],
        )
    sample = gather_sample(parts)
    images = _images_of(sample, settings.dim, settings.grayscale)
    n_images = parts.total("n_read")
    logger.info("Images: %s, of %d x %d pixels.", f"{n_images:,}", *images.shape[:2])
    state.images = images
    state.store(
        inputs=named_inputs(X, black_list, recursive),
        img=images.flat,
        pathnames=images.pathnames,
        filenames=images.filenames,
        url=images.url,
    )
    feat = sample.feat
    extractor.fit(images.pixels)
    logger.info("Features per image: %d, by the method %s.", feat.shape[1], shown(settings.method))
    kept = Distributed(folder, parts.row_parts(), sample.part, sample.row, n_images)
    state.store(feat=feat, extractor=extractor, distributed=kept)
    if kept.is_sample and request.cluster == "agglomerative" and request.micro_clusters is None:
        request = replace(request, micro_clusters=min(MICRO_CLUSTERS, len(feat) // 5))
    return request


def _images_of(sample: Sample, dim: tuple[int, int], grayscale: bool) -> Images:
    """Return the sample as images that stage 1 has read."""
    columns = sample.table.to_pydict()
    pixels = sample.pixels.reshape(-1, *dim, 1 if grayscale else 3)
    status = [
        ImageStatus(name, "ok", width=width, height=height, taken=taken)
        for name, width, height, taken in zip(
            columns["pathname"], columns["width"], columns["height"], columns["taken"], strict=True
        )
    ]
    urls = [name if "://" in name else None for name in columns["pathname"]]
    names = (columns["pathname"], columns["filename"], urls)
    return Images(*(np.array(column, dtype=object) for column in names), pixels, status)


def assign_to_clusters(model: ModelBase) -> None:
    """Assign all images to the clusters of the sample, and keep where the result is."""
    settings, state = model._settings, model._state
    kept = state.distributed
    clustering = state.clustered()
    feat, labels = state.require("feat"), state.require("labels")
    xycoord = state.require("xycoord")
    metric = model._metric()
    centres = np.stack(
        [feat[labels == label].mean(axis=0, dtype=np.float64) for label in range(labels.max() + 1)]
    ) if labels.max() >= 0 else np.zeros((0, feat.shape[1]))
    rows, of_rows, at = feat, labels, xycoord
    micro = clustering.micro
    if micro is not None and clustering.params["cluster_space"] != "graph":
        from clustimage.cluster.evaluators._centres import cluster_centres

        rows = cluster_centres(feat, micro)[0].astype(np.float32)
        at = cluster_centres(xycoord, micro)[0].astype(np.float32)
        of_rows = labels[np.unique(micro, return_index=True)[1]]
    radius = np.zeros(0)
    if micro is None and labels.min() < 0:
        radius = cluster_radius(feat, labels, metric=metric)
    clusters = Clusters(
        rows, of_rows, at, radius, centres, kept.part, kept.row, labels, xycoord, metric
    )
    with open_engine(settings.engine, settings.n_jobs, settings.params_engine["resources"]) as engine:
        assigned = assign_all(engine, kept.row_parts, clusters, kept.folder)
    state.distributed = replace(kept, assigned=assigned)
    logger.info("Labels of %s images: %s", f"{assigned.n_read:,}", assigned.folder)
