"""The methods of `Clustimage` that write results to files and read them back."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from clustimage.export._model import load_model, save_model
from clustimage.export._table import to_frame

if TYPE_CHECKING:
    import pandas as pd
    from typing_extensions import Self

__all__ = ["ExportMethods"]


class ExportMethods:
    """Save, load and tabulate; a mixin of `Clustimage`.

    The class it is mixed into has `results` and `results_unique`, and two methods:
    ``_get_state()`` returns a dict of arrays and plain values, and the class method
    ``_from_state(state, **settings)`` makes an object of it.
    """

    results: dict[str, Any]
    results_unique: dict[str, Any] | None

    if TYPE_CHECKING:

        def _metric(self, metric: str | None = None) -> str: ...

        def _get_state(self) -> dict[str, Any]: ...

        @classmethod
        def _from_state(cls, state: Any, **objects: Any) -> Any: ...

    def save(self, path: str | os.PathLike[str], overwrite: bool = False) -> str:
        """Save everything to one file.

        After `load` all goes on as before: `find`, `predict`, the plots, another
        `cluster`. The file holds arrays and JSON, no pickle. It is written whole or
        not at all.

        Parameters
        ----------
        path : str or path-like
            File to write, in a folder that exists.
        overwrite : bool, default=False
            Replace a file that exists.

        Returns
        -------
        str
            Absolute path of the file.

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
        return save_model(path, self._get_state(), overwrite=overwrite)

    @classmethod
    def load(cls, path: str | os.PathLike[str], method: Any = None, embedding: Any = None) -> Self:
        """Load what `save` wrote.

        Nothing in the file is executed.

        Parameters
        ----------
        path : str or path-like
            The saved file.
        method : object, optional
            An object like the one that was given as `method` when the model was made:
            such an object is not part of the file. It is fitted to the saved images.
            Without it `extract_feat`, `find`, `transform` and `predict` say that it is
            missing; all else works.
        embedding : object, optional
            The same for an object that was given as `embedding`; it lays out the next
            map.

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
            If an object is given and the model was made without one.

        Examples
        --------
        >>> from clustimage import Clustimage
        >>> Clustimage.load("nothing.clustimage")
        Traceback (most recent call last):
        ...
        clustimage._errors.ModelFileError: ...
        """
        given = {"method": method, "embedding": embedding}
        objects = {name: value for name, value in given.items() if value is not None}
        return cls._from_state(load_model(path), **objects)

    def to_frame(self) -> pd.DataFrame:
        """Return the results as a table, one row per image.

        Returns
        -------
        DataFrame of shape (n, 7)
            Columns `pathname`, `filename`, `label` (int; -1 is unclustered), `x`,
            `y` (coordinates of the embedding), `distance_to_center` (distance to
            the centre of the cluster, in the metric that `cluster` used; NaN for
            unclustered images) and `is_unique` (bool). Where a step was not run,
            its numbers are NaN, and `label` and `is_unique` are None.

        Raises
        ------
        StepOrderError
            If no images were imported.

        Examples
        --------
        >>> from clustimage import Clustimage, import_example
        >>> X, y = import_example("mnist")
        >>> cl = Clustimage(embedding=None, verbose="warning").fit(X[:100])
        >>> list(cl.to_frame().columns)[:3]
        ['pathname', 'filename', 'label']
        """
        from clustimage.similarity import distance_to_center

        feat, labels = self.results.get("feat"), self.results.get("labels")
        known = feat is not None and labels is not None
        distance = distance_to_center(feat, labels, metric=self._metric()) if known else None
        return to_frame(self.results, self.results_unique, distance)
