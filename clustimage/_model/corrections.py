"""The methods of `Clustimage` by which a person corrects and names clusters."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from clustimage._core.errors import InvalidDataError, InvalidParameterError
from clustimage._core.files import new_file, replacing
from clustimage._core.logs import get_logger
from clustimage._core.parameters import named
from clustimage._core.text import pluralize
from clustimage._core.validation import check_int, invalid
from clustimage._model.base import ModelBase
from clustimage._model.clustering import clustered_rows, set_clustering, set_unique
from clustimage._model.corrected_labels import collection_of, image_digests, remember_names
from clustimage._model.row_order import row_order
from clustimage.cluster import CLUSTERERS, METRICS, ClusterRequest, is_cut, search_k
from clustimage.corrections import (
    NEW,
    Correction,
    Corrections,
    Editor,
    ImageRef,
    Labelling,
    labels_digest,
    located,
    name_problem,
    read_corrections,
    to_plain,
)
from clustimage.images.reading._listing import absolute, encodable, printable

__all__ = ["CorrectionMethods"]

logger = get_logger(__name__)

MAX_SHOWN = 20  # clusters that a message lists


class CorrectionMethods(ModelBase):
    """Correct clusters, and call them by names that last."""

    @property
    def names(self) -> dict[int, str]:
        """What clusters are called, by label; see `rename`."""
        return dict(sorted((self._state.names or {}).items()))

    @property
    def corrections(self) -> dict[str, Any]:
        """What was corrected and named, as `save_corrections` writes it."""
        state = self._state
        labels = state.results["labels"]
        known = {} if labels is None else {name: label for label, name in self.names.items()}
        renamed = [
            Correction("rename", (known.get(name, i),), (digests,), name=name)
            for i, (name, digests) in enumerate(state.named.items())
        ]
        clustering = None if labels is None else labels_digest(labels)
        return to_plain(Corrections((*self._with_paths(), *renamed), clustering))

    def _with_paths(self) -> list[Correction]:
        """Return what was corrected, with the paths of images that are here."""
        state = self._state
        paths = {}
        if state.results["pathnames"] is not None:
            names = [encodable(path) for path in state.results["pathnames"]]
            paths = dict(zip(state.digests or [], names, strict=False))

        def named_images(images: Iterable[ImageRef]) -> tuple[ImageRef, ...]:
            return tuple(ImageRef(one.digest, paths.get(one.digest)) for one in images)

        return [
            replace(
                action,
                images=named_images(action.images),
                parts=tuple(named_images(part) for part in action.parts),
            )
            for action in state.corrections
        ]

    def merge(self, labels: Iterable[int | str]) -> np.ndarray:
        """Make clusters one.

        Numbers of other clusters stay as they are; the new cluster has the number and the name of
        the first one that has a name, else the lowest number.

        Parameters
        ----------
        labels : list of int or str
            Two clusters or more, by label or by name.

        Returns
        -------
        ndarray of shape (n,), int
            The labels, also in ``results["labels"]``.

        Raises
        ------
        StepOrderError
            If `cluster` was not run yet.
        InvalidParameterError
            If there is no such cluster, or only one is given.

        Examples
        --------
        >>> from clustimage import Clustimage, import_example
        >>> X, y = import_example("mnist")
        >>> cl = Clustimage(embedding=None, verbose="warning").fit(X[:100], n_clusters=6)
        >>> sorted(set(cl.merge([3, 5]).tolist()))
        [0, 1, 2, 3, 4]
        """
        editor = self._editor()
        found = [self._label("labels", one, editor) for one in _listed("labels", labels)]
        if len(set(found)) < 2:
            raise invalid("labels", "must name two different clusters or more", labels)
        stays = editor.merge(list(dict.fromkeys(found)))
        _log(f"Clusters {_joined(found)} are one now, {_described(editor.labelling, stays)}.")
        return self._keep(editor)

    def split(self, label: int | str, n_clusters: int | None = None) -> np.ndarray:
        """Part a cluster: its images are clustered again, alone.

        The number of parts is searched as `cluster` has searched the number of clusters. The
        largest part keeps number and name, the other ones get new numbers.

        Parameters
        ----------
        label : int or str
            The cluster, by label or by name.
        n_clusters : int, optional
            Exactly this number of parts.

        Returns
        -------
        ndarray of shape (n,), int
            The labels, also in ``results["labels"]``.

        Raises
        ------
        StepOrderError
            If `cluster` was not run yet.
        InvalidParameterError
            If there is no such cluster, or it has fewer images than parts.
        InvalidDataError
            If its images cannot be told apart.

        Examples
        --------
        >>> from clustimage import Clustimage, import_example
        >>> X, y = import_example("mnist")
        >>> cl = Clustimage(embedding=None, verbose="warning").fit(X[:100], n_clusters=3)
        >>> sorted(set(cl.split(1, n_clusters=2).tolist()))
        [0, 1, 2, 3]
        """
        editor = self._editor()
        found = self._label("label", label, editor)
        parts = editor.split(found, self._parts(editor.labelling, found, n_clusters))
        _log(
            f"Cluster {found} is parted into {len(parts)}: "
            + ", ".join(_described(editor.labelling, part) for part in parts)
            + "."
        )
        return self._keep(editor)

    def rename(self, names: Mapping[int | str, str | None]) -> dict[int, str]:
        """Give clusters names, which all plots, tables and folders show.

        A name stays with the images: after another `cluster` the cluster has it that has most of
        them. No two clusters have one name; to make them one, `merge` them.

        Parameters
        ----------
        names : dict
            Label, or name until now → name; None takes the name away. A name is one line of up
            to 100 characters.

        Returns
        -------
        dict of int to str
            All names, as in `names`.

        Raises
        ------
        StepOrderError
            If `cluster` was not run yet.
        InvalidParameterError
            If there is no such cluster, or a name is not allowed or that of another cluster.

        Examples
        --------
        >>> from clustimage import Clustimage, import_example
        >>> X, y = import_example("mnist")
        >>> cl = Clustimage(embedding=None, verbose="warning").fit(X[:100], n_clusters=3)
        >>> cl.rename({0: "round", 2: "straight"})
        {0: 'round', 2: 'straight'}
        """
        editor = self._editor()
        if not isinstance(names, Mapping) or not names:
            raise invalid("names", "must be a dict of labels and names", names)
        found: dict[int, str | None] = {}
        for key, name in names.items():
            if name is not None and not isinstance(name, str):
                raise invalid("names", "must have text as names", name)
            problem = None if name is None else name_problem(name)
            if problem:
                raise invalid("names", f"{problem}, for cluster {key!r}", name)
            found[self._label("names", key, editor)] = name
        clash = _clash(editor.labelling, found)
        if clash:
            raise InvalidParameterError(f"{named('names')}: {clash}")
        editor.rename(found)
        self._keep(editor)
        return self.names

    def move(self, images: Any, to: int | str) -> np.ndarray:
        """Bring images into another cluster.

        Parameters
        ----------
        images : int, str, path, or list of these
            Images by their position in ``results["pathnames"]``, by path or by file name; or a
            mask of bool, shape (n,).
        to : int or str
            A cluster, by label or by name; ``"new"`` for one that these images make; -1 for
            images that belong into no cluster.

        Returns
        -------
        ndarray of shape (n,), int
            The labels, also in ``results["labels"]``.

        Raises
        ------
        StepOrderError
            If `cluster` was not run yet.
        InvalidParameterError
            If there is no such image or cluster, or a file name is that of several images.

        Examples
        --------
        >>> from clustimage import Clustimage, import_example
        >>> X, y = import_example("mnist")
        >>> cl = Clustimage(embedding=None, verbose="warning").fit(X[:100], n_clusters=3)
        >>> cl.move([4, 7], to=2)[[4, 7]].tolist()
        [2, 2]
        """
        editor = self._editor()
        rows = self._rows(images)
        target: int | None = None
        if not (isinstance(to, str) and to == NEW):
            outside = isinstance(to, int | np.integer) and to == -1
            target = -1 if outside else self._label("to", to, editor, ", 'new' or -1")
        editor.move(rows, target)
        return self._keep(editor)

    def must_link(self, images: Any) -> np.ndarray:
        """Say that images belong into one cluster: that of the first of them.

        Parameters
        ----------
        images : list of int, str or path
            Two or more, as for `move`.

        Returns
        -------
        ndarray of shape (n,), int
            The labels, also in ``results["labels"]``.

        Raises
        ------
        StepOrderError
            If `cluster` was not run yet.
        InvalidParameterError
            If there is no such image, or only one is given.

        Examples
        --------
        >>> from clustimage import Clustimage, import_example
        >>> X, y = import_example("mnist")
        >>> cl = Clustimage(embedding=None, verbose="warning").fit(X[:100], n_clusters=3)
        >>> len(set(cl.must_link([0, 1, 2])[:3].tolist()))
        1
        """
        editor = self._editor()
        editor.link(self._rows(images, least=2))
        return self._keep(editor)

    def cannot_link(self, images: Any) -> np.ndarray:
        """Say that no two of some images belong into one cluster.

        Of two that are in one, the later goes to the nearest cluster that has none of them.

        Parameters
        ----------
        images : list of int, str or path
            Two or more, as for `move`.

        Returns
        -------
        ndarray of shape (n,), int
            The labels, also in ``results["labels"]``.

        Raises
        ------
        StepOrderError
            If `cluster` was not run yet.
        InvalidParameterError
            If there is no such image, or only one is given.

        Examples
        --------
        >>> from clustimage import Clustimage, import_example
        >>> X, y = import_example("mnist")
        >>> cl = Clustimage(embedding=None, verbose="warning").fit(X[:100], n_clusters=3)
        >>> len(set(cl.cannot_link([0, 1, 2])[:3].tolist()))
        3
        """
        editor = self._editor()
        editor.part(self._rows(images, least=2))
        return self._keep(editor)

    def apply_corrections(self, corrections: str | os.PathLike[str] | Mapping[str, Any]) -> Any:
        """Carry out what a file of corrections says: one of the report page, or a saved one.

        Images are found by the digest of their content, else by their path; what is not here is
        left out and counted. All is carried out, or after an error nothing.

        Parameters
        ----------
        corrections : path or dict
            The file, or what is in it; its form is on the page "Corrections that last".

        Returns
        -------
        ndarray of shape (n,), int
            The labels, also in ``results["labels"]``.

        Raises
        ------
        StepOrderError
            If `cluster` was not run yet.
        InvalidDataError
            If it is not a file of corrections, a field is wrong, or there is no such cluster:
            the message names file and field.

        Examples
        --------
        >>> from clustimage import Clustimage, import_example
        >>> X, y = import_example("mnist")
        >>> cl = Clustimage(embedding=None, verbose="warning").fit(X[:100], n_clusters=3)
        >>> _ = cl.apply_corrections({"format": "clustimage-corrections", "version": 1,
        ...     "actions": [{"do": "merge", "labels": [0, 2]}], "names": {"1": "straight"}})
        >>> sorted(set(cl.labels_.tolist())), cl.names
        ([0, 1], {1: 'straight'})
        """
        editor = self._editor()
        if not isinstance(corrections, str | os.PathLike | Mapping):
            raise invalid("corrections", "must be a file or a dict", corrections)
        _Applied(self, editor, read_corrections(corrections)).run()
        return self._keep(editor)

    def save_corrections(self, path: str | os.PathLike[str], overwrite: bool = False) -> str:
        """Write what was corrected and named to a file, by the content of the images.

        `apply_corrections` applies it to another model of the same photos.

        Parameters
        ----------
        path : str or path-like
            JSON file to write, in a folder that exists.
        overwrite : bool, default=False
            Replace a file that exists.

        Returns
        -------
        str
            Absolute path of the file.

        Raises
        ------
        InvalidParameterError
            If the file exists and `overwrite` is false, or its folder does not exist.

        Examples
        --------
        >>> import tempfile
        >>> from clustimage import Clustimage, import_example
        >>> X, y = import_example("mnist")
        >>> cl = Clustimage(embedding=None, verbose="warning").fit(X[:100], n_clusters=3)
        >>> other = Clustimage(embedding=None, verbose="warning").fit(X[:200], n_clusters=3)
        >>> _ = cl.rename({1: "straight"})
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = other.apply_corrections(cl.save_corrections(folder + "/corrections.json"))
        >>> list(other.names.values())
        ['straight']
        """
        target = new_file(path, overwrite=overwrite)
        with replacing(target) as file:
            file.write(json.dumps(self.corrections, indent=1).encode("ascii"))
        return str(target)

    def forget_corrections(self) -> np.ndarray:
        """Take all corrections back: the clusters are those that `cluster` has found. Names stay.

        Returns
        -------
        ndarray of shape (n,), int
            The labels, also in ``results["labels"]``.

        Raises
        ------
        StepOrderError
            If `cluster` was not run yet.

        Examples
        --------
        >>> from clustimage import Clustimage, import_example
        >>> X, y = import_example("mnist")
        >>> cl = Clustimage(embedding=None, verbose="warning").fit(X[:100], n_clusters=3)
        >>> found = cl.labels_
        >>> _ = cl.merge([0, 1])
        >>> bool((cl.forget_corrections() == found).all())
        True
        """
        clustering = self._state.clustered()
        self._state.corrections = []
        return set_clustering(self, clustering, self._state.made_from["labels"][0])

    # --- what the methods share ------------------------------------------------------------------

    def _editor(self) -> Editor:
        """Return what carries out corrections on a copy of the labels."""
        state = self._state
        labels = np.array(state.require("labels"), dtype=np.int64)
        metric = self._metric()
        metric = metric if metric in METRICS else "euclidean"
        labelling = Labelling(
            labels,
            state.require("feat"),
            metric,
            names=dict(state.names or {}),
            above=int(state.clustered().labels.max(initial=-1)),
        )
        return Editor(labelling, lambda rows: image_digests(self, rows))

    def _keep(self, editor: Editor) -> np.ndarray:
        """Take labels and names that were corrected."""
        state, labelling = self._state, editor.labelling
        for name in labelling.dropped:
            logger.info("The name %r is gone with its cluster.", name)
        if not np.array_equal(labelling.labels, state.require("labels")):
            state.store(labels=labelling.labels, names=labelling.names)
            set_unique(self)
        state.names = labelling.names
        state.corrections = [*state.corrections, *editor.records]
        remember_names(self)
        labels: np.ndarray = state.require("labels")
        return labels

    def _label(self, parameter: str, value: Any, editor: Editor, more: str = "") -> int:
        """Return the label of a cluster that is there, given by label or by name."""
        labelling = editor.labelling
        if isinstance(value, str):
            found = [label for label, name in labelling.names.items() if name == value]
            if found:
                return found[0]
            names = ", ".join(map(repr, labelling.names.values())) or "there are none"
            raise invalid(
                parameter, f"must be a cluster{more}: by number, or by its name ({names})", value
            )
        label = check_int(parameter, value)
        if label not in labelling.present:
            there = _joined(labelling.present) or "none"
            raise invalid(parameter, f"must be a cluster that is there ({there}){more}", label)
        return label

    def _rows(self, images: Any, least: int = 1) -> np.ndarray:
        """Return the rows of images given by position, path or file name, or by a mask."""
        names = self._state.require("pathnames")
        if str(getattr(images, "dtype", "")) == "bool":
            mask = np.asarray(images)
            if mask.shape != (len(names),):
                raise invalid("images", f"must be a mask of the shape ({len(names)},)", mask.shape)
            images = np.flatnonzero(mask)
        found = [self._row(one) for one in _listed("images", images)]
        rows = np.array(list(dict.fromkeys(found)), dtype=np.intp)
        if len(rows) < least:
            what = "an image or more" if least == 1 else f"{least} different images or more"
            raise invalid("images", f"must name {what}", images)
        return rows

    def _row(self, value: Any) -> int:
        results = self._state.results
        n = len(results["pathnames"])
        if not isinstance(value, str | os.PathLike):
            return check_int("images", value, low=0, high=n - 1)
        text = os.fspath(value)
        for wanted in (text, absolute(text)):
            rows = np.flatnonzero(results["pathnames"] == wanted)
            if len(rows):
                return int(rows[0])
        rows = np.flatnonzero(results["filenames"] == text)
        if not len(rows):  # as tables spell it
            spelled = [i for i, path in enumerate(results["pathnames"]) if encodable(path) == text]
            rows = np.array(spelled, dtype=np.intp)
        if len(rows) > 1:
            raise invalid(
                "images",
                f"must tell images apart, and {len(rows)} have this file name",
                text,
                "Give the path.",
            )
        if not len(rows):
            raise invalid("images", "must be paths or file names of the model's images", text)
        return int(rows[0])

    def _parts(self, labelling: Labelling, label: int, n_clusters: int | None) -> list[np.ndarray]:
        """Cluster the images of one cluster alone; return the rows of the parts."""
        order = row_order(self._state)
        members = order[labelling.labels[order] == label]
        if n_clusters is not None:
            check_int("n_clusters", n_clusters, low=2)
        if len(members) < (n_clusters or 2):
            raise InvalidParameterError(
                f"Cluster {label} has {pluralize(len(members), 'image')}: too few to be parted"
                f"{'' if n_clusters is None else f' into {n_clusters}'}."
            )
        params = self._state.clustered().params
        if params.get("by"):
            raise InvalidDataError(
                "Clusters by the date or the location of the photos follow from 'params_exif' "
                "alone. Part one of them by move(images, to='new')."
            )
        rows = clustered_rows(self)[members]
        clusterer = CLUSTERERS.get(params["cluster"])
        kept = clusterer is not None and clusterer.chooses_k and params["cluster"] != "leiden"
        evaluate = params["evaluate"] if kept and not is_cut(params) else "silhouette"
        request = ClusterRequest(
            cluster=params["cluster"] if kept else "agglomerative",
            evaluate=evaluate if len(members) > 3 else "silhouette",
            metric="euclidean" if params["cluster_space"] == "graph" else params["metric"],
            linkage=params["linkage"] if kept else None,
            min_clust=2,
            n_clusters=2 if n_clusters is None and len(members) < 4 else n_clusters,
        )
        found = search_k(
            rows,
            request,
            random_state=self._settings.random_state,
            n_jobs=self._settings.n_jobs,
            budget=self._budget_for(),
        ).labels
        parts = [np.sort(members[found == part]) for part in np.unique(found[found >= 0])]
        if len(parts) < 2:
            raise InvalidDataError(
                f"The features of the images of cluster {label} are equal, and cannot part it. "
                "Name images by move(images, to='new')."
            )
        return parts


class _Applied:
    """Carries out the actions of a file, with errors that name the file and the field."""

    def __init__(self, model: CorrectionMethods, editor: Editor, corrections: Corrections) -> None:
        self.model, self.editor, self.corrections = model, editor, corrections
        digests = {ref.digest for one in corrections.actions for ref in _refs(one)}
        digests |= {key for one in corrections.actions for keys in one.members for key in keys}
        self.images = collection_of(model, {key for key in digests if key is not None})
        self._merged: dict[int, int] = {}
        self._unknown: set[ImageRef] = set()
        self._left_out = 0

    def run(self) -> None:
        actions, i = self.corrections.actions, 0
        self._check_clustering()
        while i < len(actions):
            last = i + 1
            while (
                actions[i].do == "rename" and last < len(actions) and actions[last].do == "rename"
            ):
                last += 1
            if actions[i].do == "rename":
                self._rename(actions[i:last], i)
            else:
                self._carry_out(actions[i], f"actions[{i}]")
            i = last
        if self._unknown:
            logger.warning(
                "Corrections: %s of %s not in this model, first: %s.",
                pluralize(len(self._unknown), "image"),
                self.corrections.source,
                _shown(min(self._unknown, key=str)),
            )
        if self._left_out:
            logger.warning(
                "Corrections: %d of the %d in %s are left out, as their images are not here or "
                "not together in one cluster.",
                self._left_out,
                len(actions),
                self.corrections.source,
            )

    def _check_clustering(self) -> None:
        expected = self.corrections.clustering
        by_number = any(
            one.labels and not one.members and not one.parts for one in self.corrections.actions
        )
        if expected is None or not by_number:
            return
        if expected != labels_digest(self.editor.labelling.labels):
            raise InvalidDataError(
                f"{self.corrections.source}: its numbers are those of other clusters than the "
                "model has now. Load the model that the page was made of, or make the page again."
            )

    def _wrong(self, where: str, what: str) -> InvalidDataError:
        return InvalidDataError(f"{self.corrections.source}: {where} {what}.")

    def _rows(self, images: tuple[ImageRef, ...]) -> np.ndarray:
        self._unknown.update(image for image in images if not self.images.rows_of(image))
        return self.images.rows(images)

    def _labels(self, action: Correction, where: str) -> list[int]:
        """Return the clusters of an action that are here."""
        labelling = self.editor.labelling
        by_images = [self.images.rows_with(keys) for keys in action.members]
        if action.parts:
            by_images = [self.images.rows(ref for part in action.parts for ref in part)]
        if by_images:
            groups = [located(labelling.labels, rows) for rows in by_images]
            return [group for group in groups if group is not None]
        found = []
        for value in action.labels:
            label = next((a for a, name in labelling.names.items() if name == value), value)
            label = self._merged.get(label, label) if isinstance(label, int) else label
            if label not in labelling.present:
                kind = f"is {value!r}, and no cluster has this name"
                if not isinstance(value, str):
                    kind = f"is {value}; the clusters are {_joined(labelling.present)}"
                raise self._wrong(where, kind)
            found.append(int(label))
        return found

    def _carry_out(self, action: Correction, where: str) -> None:
        editor, do = self.editor, action.do
        field = {"merge": "labels", "move": "to"}.get(do, "label")
        labels = list(dict.fromkeys(self._labels(action, f"{where}.{field}")))
        rows = self._rows(action.images)
        done = True
        if do == "merge":
            done = len(labels) > 1
            if len(labels) == 1 and action.members:
                editor.records.append(action)  # they are one already
                done = True
            elif done:
                stays = editor.merge(labels)
                self._merged.update(dict.fromkeys([a for a in labels if a != stays], stays))
        elif do == "split":
            done = self._split(action, labels, where)
        elif do == "move":
            done = len(rows) > 0 and (action.to != "group" or bool(labels))
            if done:
                target = labels[0] if labels else {"new": None, "outside": -1}[action.to]
                moved = editor.move(rows, target)
                if action.name is not None:
                    self._check_names({moved: action.name}, f"{where}.name")
                    editor.rename({moved: action.name})
        else:
            done = len(rows) > 1
            if done:
                (editor.link if do == "must_link" else editor.part)(rows)
        self._left_out += not done

    def _split(self, action: Correction, labels: list[int], where: str) -> bool:
        parts = [self._rows(part) for part in action.parts]
        if not labels:
            return False
        if not parts:
            try:
                found = self.model._parts(self.editor.labelling, labels[0], action.n_clusters)
            except (InvalidParameterError, InvalidDataError) as exc:
                raise self._wrong(where, f"cannot be done: {exc}") from exc
            parts = found
        return len(self.editor.split(labels[0], parts)) > 1

    def _rename(self, actions: tuple[Correction, ...], first: int) -> None:
        names: dict[int, str | None] = {}
        for i, action in enumerate(actions):
            labels = self._labels(action, f"actions[{first + i}].label")
            self._left_out += not labels
            if labels:
                names[labels[0]] = action.name
        self._check_names(names, "names")
        self.editor.rename(names)

    def _check_names(self, names: dict[int, str | None], where: str) -> None:
        clash = _clash(self.editor.labelling, names)
        if clash:
            raise InvalidDataError(f"{self.corrections.source}: {where}: {clash}")


def _refs(action: Correction) -> list[ImageRef]:
    return [*action.images, *(ref for part in action.parts for ref in part)]


def _clash(labelling: Labelling, names: Mapping[int, str | None]) -> str:
    """Return which name two clusters would have, as a sentence; empty where none."""
    taken = {name: label for label, name in labelling.names.items() if label not in names}
    for label, name in names.items():
        if name is not None and name in taken:
            return (
                f"{name!r} would be the name of the clusters {taken[name]} and {label}. Give "
                f"another one, or make them one by merge([{taken[name]}, {label}])."
            )
        if name is not None:
            taken[name] = label
    return ""


def _listed(parameter: str, values: Any) -> list[Any]:
    if isinstance(values, str | os.PathLike | int | np.integer):
        return [values]
    if not isinstance(values, Iterable) or isinstance(values, Mapping):
        raise invalid(parameter, "must be a list", values)
    found = list(values)
    if not found:
        raise invalid(parameter, "must not be empty", values)
    return found


def _joined(labels: Iterable[int]) -> str:
    found = list(labels)
    more = f" … {len(found) - MAX_SHOWN:,} more" if len(found) > MAX_SHOWN else ""
    return ", ".join(map(str, found[:MAX_SHOWN])) + more


def _described(labelling: Labelling, label: int) -> str:
    name = f" {labelling.names[label]!r}" if label in labelling.names else ""
    return f"{label}{name} ({pluralize(int((labelling.labels == label).sum()), 'image')})"


def _log(words: str) -> None:
    logger.info("%s", words)


def _shown(image: ImageRef) -> str:
    return printable(image.pathname or image.digest or "")
