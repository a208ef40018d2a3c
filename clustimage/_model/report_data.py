"""What a report shows of a model: read from its state, computed where that is quick."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from typing import Any

import numpy as np

from clustimage._core.errors import InvalidDataError
from clustimage._core.logs import get_logger
from clustimage._core.text import pluralize
from clustimage._model.clustering import ClusterMethods
from clustimage._model.faces import face_links
from clustimage._model.metadata import metadata_columns
from clustimage._model.plot_inputs import PlotInputs
from clustimage._model.settings import DEFAULT_PARAMS, PARAMS_CLUSTER
from clustimage._model.state import State
from clustimage._model.verdict import judged
from clustimage.cluster import CLUSTERERS, EVALUATORS, EXIF_METRICS, NO_CUT, Clustering, is_cut
from clustimage.cluster.confidence._per_image import image_confidence
from clustimage.corrections import labels_digest
from clustimage.features import PrecomputedExtractor
from clustimage.images import clock_times, imread, locations_of
from clustimage.images.reading._listing import encodable
from clustimage.plotting._montage import to_images
from clustimage.report import (
    Chain,
    Given,
    Report,
    as_command,
    as_python,
    metadata_words,
    near_copies,
    summarize,
)
from clustimage.similarity import nearest_images

__all__ = ["report_of", "summary_of"]

logger = get_logger(__name__)

N_NEIGHBORS = 12
# Of the constructor, what changes no result.
NOT_REPEATED = ("dirpath", "verbose", "n_jobs", "max_memory", "params_cluster", "params_faces")
WITHOUT_LABEL = {-1: "not assigned"}


def summary_of(model: ClusterMethods) -> dict[str, Any]:
    """Return the numbers of a model as a plain dict."""
    return _summary(model, _cluster_rows(model, *_fit_of_images(model)[:2]))


def _summary(model: ClusterMethods, rows: list[dict[str, Any]]) -> dict[str, Any]:
    state = model._state
    labels = np.asarray(state.require("labels"))
    clusters = []
    for cluster in rows:
        if cluster["label"] >= 0:
            row = {name: value for name, value in cluster.items() if name != "color"}
            row["unique"] = encodable(state.results["pathnames"][cluster["unique"]])
            clusters.append(row)
    status = [] if state.images is None else state.images.status
    chain, kept = chain_of(model), state.distributed
    return summarize(
        n_images=len(labels),
        skipped=[(encodable(row.pathname), row.reason) for row in status if row.status != "ok"],
        n_unassigned=int((labels < 0).sum()),
        clusters=clusters,
        settings=_settings(model),
        scores=_scores(state.clustered()),
        verdict=_verdict(model),
        repeat={"python": as_python(chain), "command": as_command(chain)},
        n_all=kept.n_images if kept is not None and kept.is_sample else None,
    )


def report_of(model: ClusterMethods) -> Report:
    """Return what the page of a model shows."""
    inputs, state, results = PlotInputs(model), model._state, model.results
    distance, confidence, runner_up = _fit_of_images(model)
    clusters = _cluster_rows(model, distance, confidence)
    labels, feat = np.asarray(results["labels"]), np.asarray(results["feat"])
    by_features = model._metric() not in EXIF_METRICS
    pictures: dict[str, Any] = {}
    if state.images is not None:
        pixels = inputs.images
        unique = inputs.unique
        means = to_images(unique["img_mean"], state.images.shape)
        pictures = {
            "pixels": pixels,
            "sizes": inputs.original_sizes,
            "read": _reader(model),
            "means": dict(zip(unique["labels"].tolist(), means, strict=True)),
            "copies": near_copies(pixels),
            **_of_metadata(model),
        }
    return Report(
        summary=_summary(model, clusters),
        pathnames=results["pathnames"],
        filenames=results["filenames"],
        labels=labels,
        distance=np.full(len(labels), np.nan) if distance is None else distance,
        clusters=clusters,
        xycoord=results["xycoord"],
        neighbors=nearest_images(
            feat,
            N_NEIGHBORS,
            model._metric() if by_features else "euclidean",
            n_jobs=model._settings.n_jobs,
        ),
        confidence=confidence,
        runner_up=runner_up,
        clustering=labels_digest(labels),
        links=face_links(state),
        found=_found(state),
        **pictures,
    )


def _fit_of_images(
    model: ClusterMethods,
) -> tuple[np.ndarray | None, np.ndarray, np.ndarray]:
    """Return of each image the distance to the centre, the confidence and the runner-up."""
    state = model._state
    labels = np.asarray(state.require("labels"))
    distance = PlotInputs(model).distances(np.unique(labels[labels >= 0]).tolist())
    confidence = image_confidence(np.asarray(state.require("feat")), labels, model._metric())
    return distance, *confidence


def _cluster_rows(
    model: ClusterMethods, distance: np.ndarray | None, confidence: np.ndarray
) -> list[dict[str, Any]]:
    """Return a dict for each label: its name, how many images it has, how tight it is."""
    inputs, state = PlotInputs(model), model._state
    labels = np.asarray(state.require("labels"))
    unique, names, colors = inputs.unique, inputs.names, inputs.colors
    rows_of = dict(zip(unique["labels"].tolist(), unique["idx"].tolist(), strict=True))
    clusters = []
    for label in np.unique(labels).tolist():
        members = labels == label
        inside = label >= 0
        cluster = {
            "label": label,
            "name": names.get(label, f"cluster {label}" if inside else WITHOUT_LABEL[-1]),
            "named": label in inputs.called,
            "color": colors[label],
            "count": int(members.sum()),
            "unique": rows_of.get(label, -1),
        }
        if inside and distance is not None:
            cluster["spread"] = _mean(distance[members])
            cluster["confidence"] = _mean(confidence[members])
        clusters.append(cluster)
    resampling = state.resampling
    if resampling is not None:
        inside = [cluster for cluster in clusters if cluster["label"] >= 0]
        for cluster, stability in zip(inside, resampling.jaccard.tolist(), strict=False):
            cluster["stability"] = stability if np.isfinite(stability) else None
    return clusters


def _mean(values: np.ndarray) -> float | None:
    mean = float(np.mean(values))
    return mean if np.isfinite(mean) else None


def _verdict(model: ClusterMethods) -> dict[str, Any] | None:
    """Return how sure the clusters are; None for groups by date or location."""
    if model._state.clustered().params.get("by") in EXIF_METRICS:
        return None
    verdict = asdict(judged(model)[0])
    for name in ("typical", "oddest"):
        del verdict[name]
    return verdict


def _scores(clustering: Clustering) -> dict[str, Any] | None:
    """Return the scores of the labellings that competed; None where there was one only."""
    score = clustering.score
    if len(score["clusters"]) < 2:
        return None
    evaluate = clustering.params["evaluate"]
    evaluator = EVALUATORS.get(evaluate)
    return {
        "evaluate": evaluate,
        "higher_is_better": True if evaluator is None else evaluator.higher_is_better,
        "varied": clustering.varied,
        "values": score["cluster_threshold"],
        "clusters": score["clusters"],
        "score": score["score"],
        "best": clustering.best,
    }


def _settings(model: ClusterMethods) -> dict[str, Any]:
    """Return how the clusters were made, as words and numbers."""
    state, settings = model._state, model._settings
    params = state.clustered().params
    if params.get("by"):
        params = {"cluster": params["cluster"], "metric": params["by"]}
    given = isinstance(state.extractor, PrecomputedExtractor)
    method = "precomputed" if given else settings.method
    feat = np.asarray(state.require("feat"))
    names = (
        *("cluster", "evaluate", "metric", "linkage", "cluster_space", "n_clusters"),
        *("sim", "distance_threshold"),
    )
    return {
        "method": _name(method),
        "n_features": feat.shape[1],
        "embedding": None if state.results["xycoord"] is None else _name(settings.embedding),
        "dim": None if state.images is None else state.images.shape[:2],
        **{name: params.get(name) for name in names if params.get(name) is not None},
        "random_state": settings.random_state,
    }


def _name(step: Any) -> str | None:
    return step if isinstance(step, str | None) else type(step).__name__


def chain_of(model: ClusterMethods) -> Chain:
    """Return the constructor and the arguments that make the same clusters again."""
    state = model._state
    known = state.inputs or {}
    options: dict[str, Any] = {}
    extractor = state.extractor
    constructor = _constructor(model)
    if isinstance(extractor, PrecomputedExtractor):
        options["features"] = known.get("features") or Given("features")
        if extractor.normalize:
            options["normalize"] = True
        constructor["method"] = "precomputed"
        if state.images is not None:
            constructor.pop("method")
    if known.get("black_list"):
        options["black_list"] = known["black_list"]
    if not known.get("recursive", True):
        options["recursive"] = False
    options.update(_cluster_options(state))
    paths = known.get("paths") if state.images is not None else ()
    return Chain(constructor, paths, options, after=tuple(_done_since(state)))


def _done_since(state: State) -> Iterator[str]:
    """Yield lines of code for what was done to the clusters after they were made."""
    n_joined = state.clustered().n_joined
    if n_joined:
        yield f"# then update() let {pluralize(n_joined, 'image')} join these clusters"
    if state.corrections:
        yield "# corrections.json: of cl.save_corrections('corrections.json')"
        yield "cl.apply_corrections('corrections.json')"


def _constructor(model: ClusterMethods) -> dict[str, Any]:
    """Return the parameters of the constructor that are not the defaults, and the method."""
    signature = inspect.signature(type(model).__init__).parameters
    settings = model._settings
    found: dict[str, Any] = {"method": settings.method}
    for name, given in settings.given.items():
        if name in NOT_REPEATED or name == "method":
            continue
        if name in DEFAULT_PARAMS:
            now, defaults = settings.params[name], DEFAULT_PARAMS[name]
            different = {key: now[key] for key in now if repr(now[key]) != repr(defaults.get(key))}
            if different:
                found[name] = different
        elif name == "random_state":
            if settings.random_state != signature[name].default:
                found[name] = settings.random_state
        elif repr(given) != repr(signature[name].default):
            found[name] = given
    return {name: _as_code(name, value) for name, value in found.items()}


def _as_code(name: str, value: Any) -> Any:
    """Return a value as one that can be written as code; others are `Given`."""
    if isinstance(value, dict):
        return {key: _as_code(key, one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_as_code(name, one) for one in value)
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    return value if isinstance(value, str | int | float | bool | None) else Given(name)


def _cluster_options(state: State) -> dict[str, Any]:
    """Return the arguments of `cluster` that make the labels of now, where not the defaults."""
    clustering = state.clustered()
    params = dict(clustering.params)
    if params.get("by"):
        return {"metric": params["by"], **_not_default(params, ("min_size",))}
    if _was_cut_anew(clustering):  # by a height in the dendrogram
        params.update(n_clusters=clustering.n_found, level=None, **NO_CUT)
    if params["n_clusters"] is not None or is_cut(params):
        params.update(min_clust=PARAMS_CLUSTER["min_clust"], max_clust=None)
    weights = params["time_weight"] or params["place_weight"]
    default = "average" if is_cut(params) or weights else "ward"
    if params["linkage"] == default or params["cluster"] != "agglomerative":
        params["linkage"] = None
    if params["cluster_space"] == getattr(state.extractor, "cluster_space", "high") == "high":
        params["cluster_space"] = None  # where the graph is not taken either
    options = _not_default(params, [name for name in PARAMS_CLUSTER if name in params])
    if params["cluster"] not in CLUSTERERS:
        options["cluster"] = Given("cluster")
    if params["cannot_link"]:
        options["cannot_link"] = Given("cannot_link")
    else:
        options.pop("cannot_link", None)
    taken = state.timestamps
    if params["time_weight"] and taken is not None:
        if "given" in taken.origin:
            options["timestamps"] = Given("timestamps")
        elif set(taken.origin) == {"file"} and _has_dates(state):
            options["timestamps"] = "stat"
    return options


def _not_default(params: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: params[name] for name in names if params[name] != PARAMS_CLUSTER[name]}


def _was_cut_anew(clustering: Clustering) -> bool:
    """Return whether the tree was cut at another height than the search has found."""
    params, score = clustering.params, clustering.score
    evaluator = EVALUATORS.get(params["evaluate"])
    if clustering.tree is None or evaluator is None or params["level"] is not None:
        return False
    if is_cut(params):
        return clustering.height is None
    if params["n_clusters"] is not None:
        return bool(clustering.n_found != params["n_clusters"])
    best = evaluator().choose(score["clusters"], np.asarray(score["score"], dtype=np.float64))
    return bool(clustering.n_found != score["clusters"][best])


def _has_dates(state: State) -> bool:
    images = state.images
    return images is not None and any(row.taken is not None for row in images.status)


def _reader(model: ClusterMethods) -> Callable[[int, int], np.ndarray | None] | None:
    """Return what reads an image anew, larger than it is held; None where none is a file."""
    images = model._state.images_read()
    paths = [str(path) for path in images.pathnames]
    if not any(os.path.isabs(path) for path in paths):  # noqa: PTH117
        return None
    gray, max_pixels = images.shape[2] == 1, model._settings.max_pixels

    def read(i: int, side: int) -> np.ndarray | None:
        if not os.path.isfile(paths[i]):  # noqa: PTH113
            return None
        try:
            return imread(
                paths[i],
                colorscale=0 if gray else 1,
                dim=(side, side),
                flatten=False,
                max_pixels=max_pixels,
            )
        except InvalidDataError:
            return None

    return read


def _of_metadata(model: ClusterMethods) -> dict[str, Any]:
    """Return times, locations and words of the EXIF data, of photos that have some."""
    state = model._state
    metadata = metadata_columns(model._settings, state)
    times, locations = clock_times(metadata), locations_of(metadata)
    urls = [None if url is None else str(url) for url in model.results["url"]]
    words = {**metadata_words(metadata), "URL": urls}
    return {
        "timestamps": times if np.isfinite(times).any() else None,
        "locations": locations if np.isfinite(locations).any() else None,
        "metadata": {
            name: values for name, values in words.items() if any(one is not None for one in values)
        },
    }


def _found(state: State) -> list[dict[str, Any]]:
    """Return what the last `find` has found."""
    answer = state.results["predict"]
    if answer is None:
        return []
    names = [name for name in answer if name != "feat"]
    queries = state.queries
    found = []
    for number, name in enumerate(names):
        table = answer[name]
        paths = table["x_pathnames"]
        found.append(
            {
                "name": name,
                "path": str(paths.iloc[0]) if len(paths) else name,
                "picture": None if queries is None else queries.pixels[number],
                "images": table["y_idx"].to_numpy(),
                "distance": table["distance"].to_numpy(),
                "probability": table["y_proba"].to_numpy(dtype=float),
            }
        )
    return found
