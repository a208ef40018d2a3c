"""An optional step before the chain: photos → faces, which it can take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from clustimage._core.errors import InvalidDataError
from clustimage._core.logs import get_logger
from clustimage._core.memory import make_budget
from clustimage._core.parameters import setting
from clustimage._distances.nearest import nearest
from clustimage._model.base import ModelBase
from clustimage._model.state import State
from clustimage.corrections import match_names
from clustimage.faces import find_faces, photo_of
from clustimage.images import DecodingLimits
from clustimage.notebook import Faces

__all__ = ["FaceMethods", "face_links", "names_of_persons", "photos_of_faces"]

logger = get_logger(__name__)


class FaceMethods(ModelBase):
    """Faces of photos, which the chain can take."""

    def extract_faces(
        self, pathnames: Any, *, black_list: Sequence[str] | None = None
    ) -> dict[str, Any]:
        """Find the faces of photos and write each as an image file of its own.

        ``cl.fit_transform(faces["pathnames_face"])`` then groups the faces: with
        ``method="face"`` by who is on them, with others by light and pose. How they are looked
        for and described is set by `params_faces`; the files are below `dirpath`, in ``faces``.

        Parameters
        ----------
        pathnames : str, path, list or array
            Photos in any form that `import_data` takes, but not flattened: a folder, a file,
            a list of files and URLs, arrays ``(height, width)`` or ``(height, width, c)``.
        black_list : list of str, optional
            Names of folders and files to leave out, as for `import_data`.

        Returns
        -------
        dict
            Also in `results_faces`. One entry for each photo that was read, in the order of
            the input; those without a face have empty ones:

            - ``pathnames``, ``filenames``: arrays of str, shape (n,);
            - ``pathnames_face``: list of lists of str, the files of the crops, from left to
              right;
            - ``img``: list of uint8 arrays (k, height * width * channels), the crops in the
              size `dim_face`, gray if the model is;
            - ``coord_faces``: list of int arrays (k, 4): x, y, width, height in pixels of
              the photo held upright;
            - ``coord_eyes``: list of lists of int arrays (m, 4): a box around each eye that
              was found, in pixels of the crop's file;
            - ``size_faces``: list of int arrays (k, 2), height and width of the crop's file;
            - ``scores``: list of float arrays (k,): windows that agree (``"haar"``), from 0 to
              1 (``"yunet"``), or the distance from the hyperplane (``"dlib"``).

            Photos that cannot be read are counted in one warning, with the first reasons. No
            face anywhere is a warning too.

        Raises
        ------
        ImageReadError
            If there is no photo at all, or none can be read.
        InvalidDataError
            If an array can be no photo.
        InvalidParameterError
            If a cascade or model file is missing or broken.
        MissingDependencyError
            If the package of the detector or of the recognizer is not installed.

        Notes
        -----
        A crop is named ``<photo>_<hash>_face<i>.png``; the hash is of the path of the photo,
        its content and the settings. Nothing is overwritten, and the same call again leaves
        the files as they are. A crop is never enlarged, and at most 512 pixels large.

        Examples
        --------
        >>> from skimage.data import astronaut
        >>> from clustimage import Clustimage
        >>> cl = Clustimage(verbose="warning")
        >>> faces = cl.extract_faces([astronaut()])
        >>> [len(files) for files in faces["pathnames_face"]]
        [1]
        """
        settings = self._settings
        found = find_faces(
            pathnames,
            params=settings.params_faces,
            dim_face=settings.dim_face,
            grayscale=settings.grayscale,
            dirpath=settings.dirpath,
            ext=settings.ext,
            black_list=black_list,
            n_jobs=settings.n_jobs,
            limits=DecodingLimits(settings.max_pixels, make_budget(settings.max_memory)),
        )
        answer = Faces(found)
        answer.dim_face = settings.dim_face
        self._state.store(faces=answer)
        return answer


def face_links(state: State) -> list[tuple[str, int] | None]:
    """Return, for each image, the photo it was cut from and its number there, or None."""
    if state.face_links is None:
        state.store(face_links=photo_of(state.require("pathnames"), state.faces))
    return state.face_links or []


def names_of_persons(model: ModelBase, earlier: ModelBase) -> dict[int, str]:
    """Return what groups of faces are called, by the names that an earlier model has.

    A face is known where the nearest one of the earlier model is within the cut of the
    recognizer: also after its photo was moved, written anew, or joined by others.
    """
    state, before = model._state, earlier._state
    extractor: Any = state.extractor
    names = before.names or {}
    of_before: Any = before.extractor
    if not names or getattr(of_before, "recognizer_", "") != extractor.recognizer_:
        if names:
            logger.warning(
                "The names of the run before are of faces by another recognizer, %s, and are lost: "
                "%s.",
                getattr(of_before, "recognizer_", "none"),
                ", ".join(names.values()),
            )
        return {}
    labels, feat = before.require("labels"), before.require("feat")
    at, distance = nearest(state.require("feat"), feat, extractor.metric_)
    known = np.where(distance <= extractor.distance_threshold_, labels[at], -1)
    members = {name: np.flatnonzero(known == label) for label, name in names.items()}
    found, lost = match_names(state.require("labels"), members)
    for name in lost:
        logger.warning("No group of faces is called %r any more.", name)
    return found


def photos_of_faces(state: State) -> list[str | None]:
    """Return the photo of each face.

    Raises
    ------
    InvalidDataError
        If none of the images was cut out by `extract_faces`.
    """
    photos = [None if link is None else link[0] for link in face_links(state)]
    if not any(photos):
        raise InvalidDataError(
            f"{setting('cannot_link', 'photo')} keeps faces of one photo apart, and none of the "
            "images is a face that was cut out of a photo."
        )
    return photos
