"""Distances of content and of time, mixed into one vector."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from clustimage._errors import InvalidParameterError
from clustimage.cluster._distances import condensed_distances, distance_rows

__all__ = ["TimeMix", "check_moments", "mixed_distances"]


@dataclass(frozen=True)
class TimeMix:
    """How distances of content and of time are made one.

    Attributes
    ----------
    moments : ndarray of float64, shape (n,)
        When each image was taken, in seconds.
    content, time : float
        What a distance of content, and what a second, is multiplied with.
    """

    moments: np.ndarray
    content: float
    time: float

    def into(self, distances: np.ndarray) -> None:
        """Mix the time into condensed distances of content, in place.

        The times between one image and all later ones are a block of the vector: no
        vector of all of them is made.
        """
        distances *= self.content
        start, n = 0, len(self.moments)
        for i in range(n - 1):
            stop = start + n - 1 - i
            between = np.abs(self.moments[i + 1 :] - self.moments[i])
            between *= self.time
            distances[start:stop] += between
            start = stop

    def rows(self, X: np.ndarray, metric: str) -> Callable[[slice], np.ndarray]:
        """Return a function from a slice of rows to their mixed distances to all rows.

        As `distance_rows`, whose distances of content it mixes with the time.
        """
        content = distance_rows(X, metric) if self.content else None

        def rows(block: slice) -> np.ndarray:
            mixed = self.moments[block, None] - self.moments
            np.abs(mixed, out=mixed)
            mixed *= self.time
            if content is not None:
                mixed += self.content * content(block)
            return mixed

        return rows


def check_moments(moments: Any, time_weight: float, n: int) -> np.ndarray | None:
    """Return when the images were taken, or None where the time has no weight.

    Parameters
    ----------
    moments : array-like of float, shape (n,), or None
        Seconds since any moment.
    time_weight : float
        From 0 to 1.
    n : int
        Number of images.

    Returns
    -------
    ndarray of float64, shape (n,), or None

    Raises
    ------
    InvalidParameterError
        If the time has a weight and there is not one finite number per image.
    """
    if not time_weight:
        return None
    if moments is None:
        raise InvalidParameterError(
            f"time_weight={time_weight} needs the moment of each image, in seconds ('moments'). "
            "Got None. Give them, or leave 'time_weight' at 0."
        )
    seconds = np.asarray(moments)
    if seconds.shape != (n,) or seconds.dtype.kind not in "iuf":
        raise InvalidParameterError(
            f"'moments' must be {n} numbers of seconds, one per image. "
            f"Got an array of shape {seconds.shape} and type {seconds.dtype}."
        )
    unknown = np.flatnonzero(~np.isfinite(seconds))
    if len(unknown):
        raise InvalidParameterError(
            f"'moments' must be finite. {len(unknown)} of {n} are not, the first one at row "
            f"{unknown[0]}. Give a moment for every image, or leave those images out."
        )
    return seconds.astype(np.float64)


def mixed_distances(
    X: np.ndarray, metric: str, moments: np.ndarray, time_weight: float
) -> tuple[np.ndarray, TimeMix]:
    """Return the distances of all pairs of images, in content and time.

    With `a` the `time_weight`, a distance is
    ``(1 - a) * d_content / max(d_content) + a * d_time / max(d_time)``. A part whose
    maximum is 0 counts as 0. One vector is made, and mixed in place.

    Parameters
    ----------
    X : ndarray of float64, shape (n, d)
        Features.
    metric : str
        One of `METRICS`, for the content.
    moments : ndarray of float64, shape (n,)
        When each image was taken, in seconds.
    time_weight : float
        From 0 (content alone) to 1 (time alone; the features are not looked at).

    Returns
    -------
    distances : ndarray of float64, shape (n (n - 1) / 2,)
        From 0 to 1, in the order of `scipy.spatial.distance.pdist`.
    mix : TimeMix
        Gives the same distances again, a block of rows at a time.

    Raises
    ------
    InvalidDataError
        If the metric gives no distance between some of the rows.

    Examples
    --------
    >>> X = np.array([[0.0], [1.0], [4.0]])
    >>> mixed_distances(X, "euclidean", np.array([0.0, 10.0, 10.0]), 0.5)[0].tolist()
    [0.625, 1.0, 0.375]
    """
    n = len(moments)
    if time_weight < 1:
        distances = condensed_distances(X, metric)
    else:
        distances = np.zeros(n * (n - 1) // 2)
    furthest = float(distances.max(initial=0.0))
    longest = float(moments.max() - moments.min())
    mix = TimeMix(
        moments,
        content=(1 - time_weight) / furthest if furthest else 0.0,
        time=time_weight / longest if longest else 0.0,
    )
    mix.into(distances)
    return distances, mix
