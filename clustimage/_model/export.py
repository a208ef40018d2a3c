"""The methods of `Clustimage` that write results to files and read them back."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from clustimage._core.errors import InvalidParameterError, ModelFileError
from clustimage._core.memory import Budget, check_max_memory, make_budget
from clustimage._core.object_store import is_store_url
from clustimage._core.validation import check_bool
from clustimage._model.base import ModelBase
from clustimage._model.corrected_labels import labels_named
from clustimage._model.faces import face_links
from clustimage._model.persistence import restored, saved_state
from clustimage.cluster.confidence._per_image import image_confidence
from clustimage.export._folders import plan_folders
from clustimage.export._model_file import load_model, save_model
from clustimage.export._moved import follow_moved
from clustimage.export._table import count_sizes, to_frame
from clustimage.images.reading._listing import encodable
from clustimage.similarity import distance_to_center

if TYPE_CHECKING:
    import pandas as pd
    from typing_extensions import Self

__all__ = ["ExportMethods"]


if TYPE_CHECKING:
    class_only = classmethod
else:

    class class_only(classmethod):
        """A class method that says so where it is called on an instance, and does nothing."""

        def __get__(self, instance: object, owner: type | None = None) -> Callable[..., Any]:
            if instance is None:
                return super().__get__(instance, owner)
            kind, name = type(instance).__name__, self.__name__

            def refuse(*args: Any, **options: Any) -> NoReturn:
                raise InvalidParameterError(
                    f"{name}() makes a new model and changes nothing of this one. "
                    f"Call it on the class: model = {kind}.{name}(path)."
                )

            return refuse


class ExportMethods(ModelBase):
    """Save, load, tabulate and fill folders."""

    def save(self, path: str | os.PathLike[str], overwrite: bool = False) -> str:
        """Save everything to one file.

        After `load` all goes on as before: `find`, `predict`, the plots, another
        `cluster`. The file holds arrays and JSON, no pickle. It is written whole or
        not at all.

        Parameters
        ----------
        path : str or path-like
            File to write, in a folder that exists; or the URL of one in an object store.
        overwrite : bool, default=False
            Replace a file that exists.

        Returns
        -------
        str
            Absolute path of the file, or its URL.

        Raises
        ------
        InvalidParameterError
            If the file exists and `overwrite` is false, or its folder does not
            exist.
        InvalidDataError
            If a setting or a result cannot be saved; the message says which.

        Examples
        --------
        >>> import tempfile
        >>> from clustimage import Clustimage, import_example
        >>> X, y = import_example("mnist")
        >>> cl = Clustimage(embedding=None, verbose="warning").fit(X[:100])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     back = Clustimage.load(cl.save(folder + "/digits.clustimage"))
        >>> bool((back.labels_ == cl.labels_).all())
        True
        """
        return save_model(path, saved_state(self), overwrite=overwrite)

    @class_only
    def load(
        cls,
        path: str | os.PathLike[str],
        method: Any = None,
        embedding: Any = None,
        model: Any = None,
        detector: Any = None,
        cluster: Any = None,
        weights: str | os.PathLike[str] | None = None,
        max_memory: int | str | None = None,
        dirpath: str | os.PathLike[str] | None = None,
    ) -> Self:
        """Load what `save` wrote.

        Nothing in the file is executed. Images that take more than half of `max_memory` go
        into a file, as in `import_data`; it is gone with the model.

        Parameters
        ----------
        path : str or path-like
            The saved file, or its URL in an object store.
        method : object, optional
            An object like the one that was given as `method` when the model was made:
            such an object is not part of the file. It is fitted to the saved images.
            Without it `extract_feat`, `find`, `transform` and `predict` say that it is
            missing; all else works.
        embedding : object, optional
            The same for an object that was given as `embedding`; it embeds the next
            map.
        model : torch.nn.Module, optional
            The same for a network of your own that was given as ``params_cnn["model"]``;
            its weights must be those of that time. Networks by name, and weights by name or
            file, are found again by themselves.
        detector : object, optional
            The same for one that was given as ``params_faces["detector"]``.
        cluster : object, optional
            The same for one that was given as ``params_cluster["cluster"]``.
        weights : path, optional
            Where the file of ``params_cnn["weights"]`` lies now, if it was moved. Its content
            must be the same.
        max_memory : int or str, optional
            Bytes, or a number with a unit such as ``"2GB"``, in place of the setting that was
            saved, from now on.
        dirpath : path, optional
            The folder in which images and features are kept for the next time, see
            `Clustimage`. The one that was saved is not used: a file that comes from somebody
            else should not make folders.

        Returns
        -------
        Clustimage
            With the settings, results and fitted objects of the saved one.

        Raises
        ------
        ModelFileError
            If the file does not exist, is broken, cut off or foreign, or is of a
            version of clustimage that is too new for this one.
        InvalidParameterError
            If an object is given and the model was made without one, or `max_memory` is no
            amount of memory.

        Examples
        --------
        >>> from clustimage import Clustimage
        >>> Clustimage.load("nothing.clustimage")
        Traceback (most recent call last):
        ...
        clustimage.ModelFileError: ...
        """
        given = {
            "method": method,
            "embedding": embedding,
            "model": model,
            "detector": detector,
            "cluster": cluster,
            "weights": weights,
            "max_memory": max_memory,
        }
        objects = {name: value for name, value in given.items() if value is not None}
        check_max_memory(max_memory)

        def by_settings(saved: dict[str, Any]) -> tuple[Budget, Any]:
            limit = saved.get("max_memory") if max_memory is None else max_memory
            try:
                return make_budget(limit), dirpath
            except InvalidParameterError as exc:
                raise ModelFileError(str(exc)) from exc

        state = load_model(path, by_settings=by_settings)
        try:
            return restored(cls, state, dirpath=dirpath, **objects)
        except ModelFileError as exc:
            name = path if is_store_url(path) else Path(path).expanduser()
            raise ModelFileError(f"Cannot load {name}. {exc}") from exc

    def to_frame(self, thumbnails: bool = False) -> pd.DataFrame:
        """Return the results as a table, one row per image.

        Parameters
        ----------
        thumbnails : bool, default=False
            Add a first column, `thumbnail`, of small pictures, which a notebook draws; also in
            what is selected from the table, ``frame[frame["label"] == 3].head()``.

        Returns
        -------
        DataFrame of shape (n, 9)
            Columns `pathname`, `filename`, `label` (int; -1 is unclustered), `x`,
            `y` (coordinates of the embedding), `distance_to_center` (distance to
            the centre of the cluster, in the metric that `cluster` used; NaN for
            unclustered images), `is_unique` (bool), `confidence` (how much nearer the
            image is to the centre of its cluster than to the nearest other one: 0 to 1)
            and `runner_up` (label of that other one, -1 for none). Where a step was not
            run, its numbers are NaN, and `label`, `is_unique` and `runner_up` are None.
            Where images came from URLs, also `url`; where clusters have names, also `name`.
            Where images are faces that `extract_faces` cut out, also `photo`, the photo that
            each came from, and `face`, its number there. File names that are not valid
            Unicode are spelled with a backslash (``caf\\udce9.png``) so that the table can be
            written; ``results["pathnames"]``, in the same order, holds those that open the
            files.

        Raises
        ------
        StepOrderError
            If no images were imported.
        InvalidDataError
            If thumbnails are asked for and there are features without images.

        Examples
        --------
        >>> from clustimage import Clustimage, import_example
        >>> X, y = import_example("mnist")
        >>> cl = Clustimage(embedding=None, verbose="warning").fit(X[:100])
        >>> list(cl.to_frame().columns)[:3]
        ['pathname', 'filename', 'label']
        """
        with_pictures = check_bool("thumbnails", thumbnails)
        self._state.require("pathnames")
        if with_pictures:
            self._state.images_read()
        feat, labels = self.results["feat"], self.results["labels"]
        known = feat is not None and labels is not None
        distance = distance_to_center(feat, labels, metric=self._metric()) if known else None
        frame = to_frame(self.results, self.results_unique, distance)
        frame["confidence"], frame["runner_up"] = np.nan, None
        if known:
            found = image_confidence(np.asarray(feat), np.asarray(labels), self._metric())
            frame["confidence"], frame["runner_up"] = found
        if self._state.names:
            frame["name"] = frame["label"].map(self._state.names).astype(object)
        links = face_links(self._state)
        if any(links):
            frame["photo"] = [None if link is None else encodable(link[0]) for link in links]
            frame["face"] = [None if link is None else link[1] for link in links]
            frame["face"] = frame["face"].astype("Int64")
        if with_pictures:
            from clustimage.notebook._thumbnail_frame import with_thumbnails

            return with_thumbnails(frame, self._state.images_read())
        return frame

    def cluster_sizes(self) -> pd.DataFrame:
        """Count the clusters of each size.

        Returns
        -------
        DataFrame of shape (n_sizes, 2), int
            Columns `size`, the number of images in a cluster, ascending, and
            `n_clusters`, how many clusters have that size. Images not assigned to one are not
            counted: the sum of ``size * n_clusters`` is the number of all others.

        Raises
        ------
        StepOrderError
            Before `cluster` (or `fit_transform`).

        Examples
        --------
        >>> from clustimage import Clustimage, import_example
        >>> X, y = import_example("mnist")
        >>> cl = Clustimage(embedding=None, verbose="warning").fit(X[:100])
        >>> table = cl.cluster_sizes()
        >>> int((table["size"] * table["n_clusters"]).sum())
        100
        """
        self._state.require("labels")
        return count_sizes(self.results)

    def to_dirs(
        self,
        savedir: str | os.PathLike[str],
        action: str = "symlink",
        layout: str = "label",
        target_labels: int | str | Iterable[int | str] | None = None,
        dry_run: bool = False,
    ) -> pd.DataFrame:
        """Fill one folder per cluster with links to its images, with copies, or move them.

        Nothing is overwritten: where a name is taken, a number is added (``a_2.jpg``). The
        same call once more changes nothing. Nothing is written outside `savedir`: of a
        name only its last part counts. The folder of a cluster with a name has that name, with
        ``_`` for what file systems do not take.

        Parameters
        ----------
        savedir : str or path-like
            Folder to fill; it and those above it are made if missing. It may lie in the
            folder of the images: a later import of that leaves out the folders that were
            made here. A folder of a cluster that has files of its own is not left out, which a
            warning says. Photos that were moved count as photos.
        action : {"symlink", "hardlink", "copy", "move"}, default="symlink"
            Links by absolute path; second names of the same files, on one file system
            only; copies that keep the times; or the images themselves go, and
            ``results["pathnames"]`` and ``["filenames"]`` follow them. An image that is a
            symbolic link is moved as such; links among the images, also those that stay,
            lead to the new path of an image that is moved.
        layout : {"label", "size"}, default="label"
            ``cluster_0/…``, or sorted by size ``cluster_with_3/cluster_0/…``.
        target_labels : int, str or list of these, optional
            Only these clusters, by label or name; -1 names the images not assigned to one, folder
            ``unclustered``, and -2 those without data, ``without_data``; after
            ``metric="datetime"`` or ``"latlon"`` the folders are ``alone``, and
            ``without_date`` or ``without_location``. Default: all clusters, without the
            negative labels.
        dry_run : bool, default=False
            Make nothing; the table shows what would be done.

        Returns
        -------
        DataFrame of shape (n, 6)
            A row per image, in their order: `pathname` (before a move), `label`, `target`
            (absolute path of the link or file, or None), `action`, `status` and `reason`;
            file names as in `to_frame`.
            `status` is ``"planned"`` (dry run), ``"done"``, ``"exists"`` (the very same
            link, copy or file was there already), ``"left out"`` (by its label),
            ``"skipped"`` (an array without a file; what came after the disk was full) or
            ``"failed"``. Where links are not supported, all rows have failed and say so.

        Raises
        ------
        StepOrderError
            Before `cluster` (or `fit_transform`).
        InvalidParameterError
            If an option is not allowed, a label is not there, `savedir` is no folder or cannot
            be written to, or the folder of a cluster in it is a link or a file. Nothing was
            made then.
        InvalidDataError
            If no image has a file, because arrays were given.

        Examples
        --------
        >>> import tempfile
        >>> from clustimage import Clustimage, import_example
        >>> work = tempfile.TemporaryDirectory()
        >>> cl = Clustimage(embedding=None, verbose="warning")
        >>> _ = cl.fit_transform(import_example("shapes", dirpath=work.name), n_clusters=4)
        >>> table = cl.to_dirs(work.name + "/groups", dry_run=True)
        >>> table["status"].unique().tolist()
        ['planned']
        >>> work.cleanup()
        """
        only_plan = check_bool("dry_run", dry_run)
        self._state.require("labels")
        clustering = self._state.clustering
        plan = plan_folders(
            self.results,
            savedir,
            names=self._state.names,
            action=action,
            layout=layout,
            target_labels=labels_named(self, "target_labels", target_labels),
            by=None if clustering is None else clustering.params.get("by"),
        )
        if not only_plan:
            try:
                plan.carry_out()
            finally:  # also when stopped half way: what has gone is found at its new path
                follow_moved(plan.moved, self.results, self.results_unique, self._state.images)
        plan.tell()
        return plan.to_frame()
