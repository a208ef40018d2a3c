"""How well a face can be seen: whether a recognizer can tell it from others."""

from __future__ import annotations

import cv2
import numpy as np

from clustimage.faces._crops import whole_box
from clustimage.faces._detector import Face

__all__ = ["face_quality"]

SIDE = 64  # pixels that a face is brought to
# Pixels over which it is blurred once more. With fewer, the noise of a camera counts as detail.
BLUR_PIXELS = 9


def face_quality(photo: np.ndarray, face: Face) -> float:
    """Return from 0 to 1 how sharp a face is at the size that it has in the photo.

    It is what the perceptual blur metric [1]_ leaves to 1, of the face at 64 by 64 pixels: a
    face of few pixels is as blurred there as a large one that is out of focus. Light and
    contrast hardly matter.

    Parameters
    ----------
    photo : ndarray of uint8, shape (height, width, 3)
        The photo.
    face : Face
        In pixels of `photo`.

    References
    ----------
    .. [1] F. Crété-Roffet, T. Dolmiere, P. Ladret and M. Nicolas (2007). The blur effect:
       perception and estimation with a new no-reference perceptual blur metric. Proc. SPIE 6492.

    Examples
    --------
    >>> from skimage.data import astronaut
    >>> face = Face((175, 65, 95, 95), 1.0)
    >>> face_quality(astronaut(), face) > face_quality(cv2.blur(astronaut(), (9, 9)), face)
    True
    """
    from skimage.measure import blur_effect

    x, y, width, height = whole_box(face, photo.shape[1], photo.shape[0]).tolist()
    gray = cv2.cvtColor(photo[y : y + height, x : x + width], cv2.COLOR_RGB2GRAY)
    method = cv2.INTER_AREA if min(gray.shape) > SIDE else cv2.INTER_LINEAR
    gray = cv2.resize(gray, (SIDE, SIDE), interpolation=method)
    if gray.min() == gray.max():
        return 0.0
    return float(np.clip(1 - blur_effect(gray, h_size=BLUR_PIXELS), 0, 1))
