"""The method `update`: what has changed among the files since, without beginning again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from clustimage._core.errors import InvalidDataError, InvalidParameterError
from clustimage._core.logs import get_logger
from clustimage._core.parameters import named, setting
from clustimage._core.row_digests import rank_rows, row_digests
from clustimage._core.text import pluralize
from clustimage._core.validation import check_bool
from clustimage._distances.pairs import distances
from clustimage._model.base import ModelBase
from clustimage._model.clustering import run_cluster, set_unique
from clustimage._model.corrected_labels import remember_names
from clustimage._model.row_order import embed_in_order
from clustimage._model.update_listing import Changes, find_changes
from clustimage.cluster import CLUSTERERS, METRICS, Clustering, ClusterRequest
from clustimage.corrections import NEW
from clustimage.embedding import make_embedder
from clustimage.features import ExifExtractor, FaceExtractor, PrecomputedExtractor, read_features
from clustimage.images import Images, ImageStatus, join_images, take_images
from clustimage.images.reading._listing import encodable
from clustimage.similarity import join_clusters

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["UpdateMethods"]

logger = get_logger(__name__)

# Clusters are made anew when so many images have come for each one that they were made of.
GROWTH = 0.1
N_NEIGHBOURS = 5  # on the map between which a new image lies, where the embedder has no `transform`
QUERIES_AT_ONCE = 256
COLUMNS = ("pathname", "status", "previous", "label_from", "label_to", "name")


class UpdateMethods(ModelBase):
    """Keep a model up to date with the files that it was made of."""

    def update(
        self,
        X: Any,
        *,
        features: Any = None,
        recluster: bool | None = None,
        black_list: Sequence[str] | None = None,
        recursive: bool = True,
    ) -> pd.DataFrame:
        """Take in photos that are new, changed, gone or renamed since.

        Only new and changed files are read. Each joins the cluster of its nearest image, if it
        is not farther from it than 95 of 100 images are from the nearest other one of their own
        cluster; else it waits in no cluster (-1). When images have come that are a tenth of
        those that the clusters were made of, or with ``recluster=True``, all are clustered anew,
        as `cluster` was asked to; clusters then keep their numbers and names by the largest
        overlap, and corrections hold. After an error the model is as it was.

        Parameters
        ----------
        X : str, path or list
            The folders and files to look at, as for `import_data`. Files of the model in these
            folders that are not there any more are taken out; others stay. A URL of an object
            store is a folder, too: what it lists with another ETag has changed.
        features : array-like of shape (m, d), DataFrame, tensor or path, optional
            For a model of features that were computed elsewhere: a row for each file in `X`, in
            the order of `listdir`.
        recluster : bool, optional
            Whether clusters are made anew; by default when a tenth of images has come.
        black_list, recursive
            As for `import_data`.

        Returns
        -------
        DataFrame
            A row for each image to which something happened: `pathname` or URL; `status`:
            ``"new"``, ``"changed"``, ``"gone"``, ``"renamed"`` or, of an image that has another
            cluster than before, ``"moved"``; also ``"skipped"``, of a file that cannot be read;
            `previous`, the path before, where that was another; `label_from` and `label_to`, its
            cluster before and now, missing where it was or is not there; `name` of the cluster,
            ``"new"`` for images that wait.

        Raises
        ------
        StepOrderError
            If `cluster` was not run yet.
        ImageReadError
            If a folder is not there, or none of its images is.
        InvalidDataError
            If the images are arrays.
        InvalidParameterError
            If the features of new images are not known and not given.

        Examples
        --------
        >>> import shutil, tempfile
        >>> from clustimage import Clustimage, import_example
        >>> work = tempfile.TemporaryDirectory()
        >>> photos = import_example("shapes", dirpath=work.name)
        >>> cl = Clustimage(method="phash", embedding=None, verbose="warning")
        >>> _ = cl.fit_transform(photos[:150], n_clusters=8)
        >>> table = cl.update(photos)
        >>> int(table["status"].value_counts()["new"]), len(cl.labels_)
        (50, 200)
        >>> work.cleanup()
        """
        state = self._state
        before = np.array(state.require("labels"))
        names = state.images_read().given
        again = None if recluster is None else check_bool("recluster", recluster)
        self._new_budget()
        found = find_changes(self, X, black_list, check_bool("recursive", recursive))
        update = _Update(self, found)
        if len(found.gone) == len(names):
            raise InvalidDataError(
                f"None of the {pluralize(len(names), 'image')} of the model is there any more: "
                "nothing was changed. Fit a new model."
            )
        kept = state.snapshot()
        try:
            update.run(features, again)
        except BaseException:
            state.restore(kept)
            raise
        table = update.table(names, before)
        _log(table)
        return table


class _Update:
    """One update of one model."""

    def __init__(self, model: ModelBase, found: Changes) -> None:
        self.model, self.found = model, found
        images = model._state.images_read()
        gone = set(found.gone)
        self.kept = np.array([row for row in range(len(images)) if row not in gone], dtype=np.intp)
        self.row_now = np.full(len(images), -1, dtype=np.intp)
        self.row_now[self.kept] = np.arange(len(self.kept))
        # Rows of the model after the update, and of what was read, whose features are new.
        self.changed_rows = self.row_now[list(found.changed)].tolist() if found.changed else []
        self.named = model._state.named
        self.described = [*found.changed.values(), *found.new]

    def run(self, features: Any, again: bool | None) -> None:
        """Take what has changed, and make clusters anew where that is due or asked for."""
        found, state = self.found, self.model._state
        if found.new or found.changed or found.gone or found.renamed or found.touched:
            self.check_features(features)
            self.store(features)
        elif found.skipped:
            images = state.images_read()
            read = [row for row in images.status if row.status == "ok"]
            state.images = replace(images, status=[*read, *self._others(images)])
        clustering = state.clustered()
        n_before = len(clustering.labels) - clustering.n_joined
        due = clustering.n_joined >= GROWTH * max(n_before, 1) and clustering.n_joined > 0
        due = due or (clustering.params.get("by") is not None and bool(found.new or found.changed))
        if again or (due and again is None):
            self.recluster(asked=bool(again))

    def check_features(self, features: Any) -> None:
        given = isinstance(self.model._state.extractor, PrecomputedExtractor)
        if self.described and given and features is None:
            raise InvalidParameterError(
                f"The features of this model were computed elsewhere. Give those of all "
                f"{pluralize(len(self.found.inputs), 'file')} as {named('features')}."
            )

    def store(self, features: Any) -> None:
        """Take what is new, with its features, its position and its cluster; all or nothing."""
        model, state, found = self.model, self.model._state, self.found
        extractor, clustering = state.extractor, state.clustered()
        assert extractor is not None
        images, digests = self._images(), self._digests()
        feat: np.ndarray = state.require("feat")
        xycoord, labels = state.results["xycoord"], state.require("labels")[self.kept]
        own = clustering.labels[self.kept]
        n, n_new = len(images), len(found.new)
        rows = np.array([*self.changed_rows, *range(n - n_new, n)], dtype=np.intp)
        if isinstance(extractor, ExifExtractor | FaceExtractor):
            extractor = type(extractor)(**extractor.get_params())
            feat = extractor.fit_images(images, budget=model._budget_for("feat"))
        elif self.described:
            more = self._features(features)
            kept = feat[self.kept]
            feat = np.concatenate([kept, np.empty((n_new, kept.shape[1]), kept.dtype)])
            feat[rows] = more
        else:
            feat = feat[self.kept]
        others = np.setdiff1d(np.arange(n), rows)
        compared = feat  # with what the new ones are compared, at the rows `others`
        if not len(others):  # all have changed: with what they were
            others, compared = np.arange(len(self.kept)), state.require("feat")[self.kept]
        nearest = np.full(len(rows), -1, dtype=np.int64)
        nothing = np.full(n_new, -1, dtype=np.int64)
        labels, own = np.concatenate([labels, nothing]), np.concatenate([own, nothing])
        if len(rows):
            metric = model._metric()
            metric = metric if metric in METRICS else "euclidean"
            keys = images.digests[others], row_digests(compared[others])
            joined = join_clusters(
                compared[others],
                labels[others],
                feat[rows],
                metric=metric,
                order=np.argsort(rank_rows(*keys), kind="stable"),
            )
            nearest = others[joined.nearest]
            labels[rows] = joined.labels
            own[rows] = np.where(joined.labels >= 0, own[nearest], -1)
        if xycoord is not None:
            xycoord = np.concatenate([xycoord[self.kept], np.zeros((n_new, 2), np.float32)])
            if len(rows):
                xycoord[rows] = self._positions(feat[rows], compared[others], xycoord[others])
        present = set(labels.tolist())
        names = {label: name for label, name in (state.names or {}).items() if label in present}
        lost = [name for label, name in (state.names or {}).items() if label not in present]
        for name in lost:
            logger.warning("No image is left of the cluster %r.", name)
        state.images = images
        state.store(
            img=images.flat,
            pathnames=images.pathnames,
            filenames=images.filenames,
            url=images.url,
            feat=feat,
            extractor=extractor,
            xycoord=xycoord,
            embedder=state.embedder,
            labels=labels,
            names=names,
            clustering=self._clustering(own, rows, nearest),
            digests=digests,
        )
        remember_names(model)
        set_unique(model)

    def _images(self) -> Images:
        """Return the images that are left, with new paths and pixels, and the new ones."""
        model, found = self.model, self.found
        images = model._state.images_read()
        read = found.read if found.read is not None else take_images(images, np.array([], np.intp))
        settings = model._settings
        n_new = len(found.new)
        joined = join_images(
            images,
            self.kept,
            take_images(read, np.array(found.new, dtype=np.intp)),
            self._others(images),
            budget=model._budget_for("img"),
            folder=settings.dirpath,
        )
        status = [row for row in read.status if row.status == "ok"]
        for row, at in (*found.renamed.items(), *found.touched.items(), *found.changed.items()):
            now = int(self.row_now[row])
            joined.pathnames[now] = read.pathnames[at]
            joined.filenames[now] = read.filenames[at]
            joined.url[now] = read.url[at]
            joined.pixels[now] = read.pixels[at]
            joined.status[now] = status[at]
            if joined.sources is not None and read.sources is not None:
                joined.sources[now] = read.sources[at]
            if joined.keys is not None:
                joined.keys[now] = None if read.keys is None else read.keys[at]
        assert len(joined) == len(self.kept) + n_new
        return joined

    def _others(self, images: Images) -> list[ImageStatus]:
        """Return what is said of inputs that are no images of the model."""
        found = self.found
        read = [] if found.read is None else found.read.status
        seen = {row.pathname for row in read} | {one.pathname for one in found.left_out}
        before = [row for row in images.status if row.status != "ok" and row.pathname not in seen]
        now = [row for row in read if row.status != "ok"]
        left_out = [
            ImageStatus(one.pathname, "skipped", one.reason, is_input=False)
            for one in found.left_out
        ]
        return [*before, *now, *left_out]

    def _digests(self) -> list[str | None] | None:
        state, found = self.model._state, self.found
        if state.digests is None:
            return None
        digests = [state.digests[row] for row in self.kept]
        keys = None if found.read is None else found.read.keys
        for row, at in (*found.changed.items(), *found.touched.items()):
            digests[int(self.row_now[row])] = None if keys is None else keys[at]
        return [*digests, *(None if keys is None else keys[at] for at in found.new)]

    def _features(self, features: Any) -> np.ndarray:
        """Return the features of changed and of new images, in this order."""
        state, found = self.model._state, self.found
        assert found.read is not None
        assert state.extractor is not None
        rows = np.array(self.described, dtype=np.intp)
        read = take_images(found.read, rows)
        if features is None:
            return state.extractor.transform_images(read)
        given = read_features(
            features, n_columns=state.require("feat").shape[1], n_rows=len(found.inputs)
        )
        at = [
            found.inputs[str(path) if url is None else str(url)]
            for path, url in zip(read.pathnames, read.url, strict=True)
        ]
        return state.extractor.transform(given[at])

    def _positions(self, feat: np.ndarray, known: np.ndarray, xycoord: np.ndarray) -> np.ndarray:
        """Return where new images lie on the map: by the embedder, else between the nearest."""
        embedder = self.model._state.embedder
        n_columns = getattr(embedder, "n_features_in_", feat.shape[1])
        if embedder is not None and hasattr(embedder, "transform") and n_columns == feat.shape[1]:
            return np.asarray(embedder.transform(feat))
        k = min(N_NEIGHBOURS, len(known))
        metric = self.model._metric()
        metric = metric if metric in METRICS else "euclidean"
        found = np.empty((len(feat), 2), dtype=np.float32)
        for start in range(0, len(feat), QUERIES_AT_ONCE):
            apart = distances(feat[start : start + QUERIES_AT_ONCE], known, metric)
            near = np.argpartition(apart, k - 1, axis=1)[:, :k]
            found[start : start + len(apart)] = np.median(xycoord[near], axis=1)
            first = apart.argmin(axis=1)
            same = np.flatnonzero(apart[np.arange(len(apart)), first] == 0)
            found[start + same] = xycoord[first[same]]
        return found

    def _clustering(self, labels: np.ndarray, rows: np.ndarray, nearest: np.ndarray) -> Clustering:
        """Return the clustering with other images; its tree has those of before as leaves."""
        before = self.model._state.clustered()
        tree, micro = before.tree, before.micro
        if tree is not None and not self.found.gone:
            leaves = np.arange(len(before.labels)) if micro is None else micro
            micro = np.concatenate([leaves, np.zeros(len(self.found.new))]).astype(np.int32)
            micro[rows] = micro[nearest]
        elif self.found.gone:
            tree = micro = None
        if not len(rows):
            micro = before.micro
        return replace(
            before,
            labels=labels,
            tree=tree,
            micro=micro,
            n_joined=before.n_joined + len(rows),
        )

    # --- clusters made anew ----------------------------------------------------------------------

    def recluster(self, *, asked: bool) -> None:
        """Cluster all images as the last `cluster` was asked to; numbers and names stay."""
        model, state = self.model, self.model._state
        clustering, keep = state.clustered(), state.require("labels").copy()
        problem = self._why_not(clustering)
        if problem:
            if asked:
                raise InvalidParameterError(f"{setting('recluster', True)}: {problem}")
            logger.warning("The clusters are not made anew: %s", problem)
            return
        request = _request(model, clustering)
        if state.made_from.get("labels") == ("xycoord",) and not hasattr(
            state.embedder, "transform"
        ):
            embedder = make_embedder(model._settings.embedding, model._settings.params)
            xycoord = embed_in_order(
                state, embedder, state.require("feat"), model._budget_for("xycoord")
            )
            state.store(xycoord=xycoord, embedder=embedder)
        timestamps = (clustering.asked or {}).get("timestamps", "auto")
        # Images that have just joined, maybe of a new kind, decide on no number or name.
        keep[self.changed_rows] = keep[len(self.kept) :] = -1
        state.named = self.named
        run_cluster(model, request, timestamps, keep)
        remember_names(model)

    def _why_not(self, clustering: Clustering) -> str:
        """Return why clusters cannot be made as they were, as a sentence; empty where they can."""
        params, asked = clustering.params, clustering.asked or {}
        if params["time_weight"] and "timestamps" not in asked:
            return "the times of new images are not known. Call cluster(timestamps=…)."
        if params["cannot_link"] and not any(_face_links(self.model)):
            return "which new images are kept apart is not known. Call cluster(cannot_link=…)."
        if params["cluster"] not in CLUSTERERS and not _own_clusterer(self.model):
            return "the clusterer is an object that is not kept. Call cluster(cluster=…)."
        return ""

    # --- the table -------------------------------------------------------------------------------

    def table(self, names: np.ndarray, before: np.ndarray) -> pd.DataFrame:
        """Return the table that `UpdateMethods.update` describes."""
        import pandas as pd

        found, state = self.found, self.model._state
        labels = state.require("labels")
        paths, called = state.images_read().given, state.names or {}
        rows: list[tuple[Any, ...]] = []

        def add(status: str, path: str, previous: str | None, one: Any, other: Any) -> None:
            waits = other is not None and other == -1 and status in ("new", "changed")
            label = one if other is None else other
            name = NEW if waits else called.get(label)
            rows.append((encodable(path), status, previous, one, other, name))

        n = len(self.kept)
        for i in range(len(found.new)):
            add("new", str(paths[n + i]), None, None, int(labels[n + i]))
        for row in range(len(names)):
            now = int(self.row_now[row])
            old = int(before[row])
            if now < 0:
                add("gone", str(names[row]), None, old, None)
            elif row in found.changed:
                add("changed", str(paths[now]), None, old, int(labels[now]))
            elif row in found.renamed:
                add("renamed", str(paths[now]), encodable(str(names[row])), old, int(labels[now]))
            elif labels[now] != old:
                add("moved", str(paths[now]), None, old, int(labels[now]))
        for path in found.skipped:
            add("skipped", path, None, None, None)
        frame = pd.DataFrame(rows, columns=list(COLUMNS))
        return frame.astype({"label_from": "Int64", "label_to": "Int64", "name": object})


def _request(model: ModelBase, clustering: Clustering) -> ClusterRequest:
    """Return what `cluster` was asked for, for the images of now."""
    names = {field.name for field in fields(ClusterRequest)}
    params = clustering.asked or clustering.params
    given = {name: value for name, value in params.items() if name in names}
    if clustering.params["cluster"] not in CLUSTERERS:
        given["cluster"] = _own_clusterer(model)
    given["cannot_link"] = "photo" if clustering.params["cannot_link"] else None
    if clustering.params.get("by"):
        given["metric"], given["cluster"] = clustering.params["by"], "dbscan"
    exact = given.get("n_clusters")
    n = len(clustering.labels)
    if exact is not None and exact > n:
        given["n_clusters"] = n
    return ClusterRequest(**given)


def _own_clusterer(model: ModelBase) -> Any:
    """Return the object that clusters, where the settings have it."""
    given = model._settings.params_cluster.get("cluster")
    return given if hasattr(given, "fit_predict") else None


def _face_links(model: ModelBase) -> list[Any]:
    from clustimage._model.faces import face_links

    return list(face_links(model._state))


def _log(table: pd.DataFrame) -> None:
    counts = table["status"].value_counts()
    words = ", ".join(f"{counts[word]:,} {word}" for word in counts.index) or "nothing has changed"
    waiting = int(((table["status"] == "new") & (table["label_to"] == -1)).sum())
    more = f"; {waiting:,} of the new ones fit into no cluster" if waiting else ""
    logger.info("Update: %s%s.", words, more)
