"""Distances of content, time and place, mixed into one vector."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from clustimage._core.errors import InvalidDataError, InvalidParameterError
from clustimage._core.validation import check_real
from clustimage._distances.blocks import distance_rows
from clustimage._distances.condensed import condensed_distances
from clustimage._distances.geo import arcs, on_sphere, place_scale, read_locations

__all__ = [
    "CombinedDistance",
    "Weights",
    "check_seconds",
    "check_locations",
    "check_weights",
    "combined_distances",
]

ROUNDING = 1e-9  # by which 0.7 + 0.3 may miss 1


@dataclass(frozen=True)
class Weights:
    """The parts of time and of place in a distance; the rest is that of content."""

    time: float = 0.0
    place: float = 0.0

    def __bool__(self) -> bool:
        return self.time > 0 or self.place > 0

    @property
    def content(self) -> float:
        """What is left, from 0 to 1."""
        rest = 1 - self.time - self.place
        return rest if rest > ROUNDING else 0.0

    @property
    def words(self) -> str:
        """What is mixed in."""
        return " and ".join([*["time"] * (self.time > 0), *["place"] * (self.place > 0)])

    @property
    def given(self) -> str:
        """How it was asked for."""
        parts = [f"time_weight={self.time}"] * (self.time > 0)
        return ", ".join([*parts, *[f"place_weight={self.place}"] * (self.place > 0)])


def check_weights(time_weight: Any, place_weight: Any) -> Weights:
    """Return the weights, each from 0 to 1 and so is their sum.

    Raises
    ------
    InvalidParameterError
        If they are not.

    Examples
    --------
    >>> check_weights(0.7, 0.3).content
    0.0
    """
    weights = Weights(
        check_real("time_weight", time_weight, low=0, high=1),
        check_real("place_weight", place_weight, low=0, high=1),
    )
    if weights.time + weights.place > 1 + ROUNDING:
        raise InvalidParameterError(
            "'time_weight' and 'place_weight' must together be at most 1; what is left is the "
            f"part of the content. Got {weights.time} and {weights.place}."
        )
    return weights


@dataclass(frozen=True)
class CombinedDistance:
    """How distances of content, time and place are made one.

    Attributes
    ----------
    content, time, place : float
        What a distance of content, a second and a metre are multiplied with.
    moments : ndarray of float64, shape (n,), or None
        When each image was taken, in seconds; None where that has no weight.
    points : ndarray of float64, shape (n, 3), or None
        Where each image was taken, as `on_sphere` gives it.
    unknown : float
        What is added for the place of two images of which one has none.
    """

    content: float
    moments: np.ndarray | None = None
    time: float = 0.0
    points: np.ndarray | None = None
    place: float = 0.0
    unknown: float = 0.0

    def into(self, distances: np.ndarray) -> None:
        """CombinedDistance time and place into condensed distances of content, in place.

        What is between one image and all later ones is a block of the vector: no
        vector of all of it is made.
        """
        distances *= self.content
        n = next(len(given) for given in (self.moments, self.points) if given is not None)
        start = 0
        for i in range(n - 1):
            stop = start + n - 1 - i
            distances[start:stop] += self._beside(slice(i, i + 1), slice(i + 1, n))[0]
            start = stop

    def rows(self, X: np.ndarray, metric: str) -> Callable[[slice], np.ndarray]:
        """Return a function from a slice of rows to their mixed distances to all rows.

        As `distance_rows`, whose distances of content it mixes with time and place.
        """
        content = distance_rows(X, metric) if self.content else None

        def rows(block: slice) -> np.ndarray:
            mixed = self._beside(block, slice(0, len(X)))
            # An image without a place is nevertheless where it is itself.
            mixed[np.arange(len(mixed)), np.arange(len(X))[block]] = 0
            if content is not None:
                mixed += self.content * content(block)
            return mixed

        return rows

    def _beside(self, some: slice, others: slice) -> np.ndarray:
        """Return the parts of time and place between some images and others."""
        if self.moments is not None:
            mixed = self.moments[some, None] - self.moments[others]
            np.abs(mixed, out=mixed)
            mixed *= self.time
        if self.points is not None:
            between = arcs(self.points[some], self.points[others])
            between *= self.place
            between[np.isnan(between)] = self.unknown
            if self.moments is None:
                return between
            mixed += between
        return mixed


def check_seconds(moments: Any, time_weight: float, n: int) -> np.ndarray | None:
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


def check_locations(places: Any, place_weight: float, n: int) -> np.ndarray | None:
    """Return where the images were taken, or None where the place has no weight.

    Parameters
    ----------
    places : array-like of float, shape (n, 2), or None
        Latitude and longitude in degrees; NaN where they are not known.
    place_weight : float
        From 0 to 1.
    n : int
        Number of images.

    Returns
    -------
    ndarray of float64, shape (n, 2), or None

    Raises
    ------
    InvalidParameterError
        If the place has a weight and there is not one row per image.
    InvalidDataError
        If no place is known.
    """
    if not place_weight:
        return None
    if places is None:
        raise InvalidParameterError(
            f"place_weight={place_weight} needs the place of each image, in degrees ('places'). "
            "Got None. Give them, or leave 'place_weight' at 0."
        )
    known = read_locations(places, n)
    if not np.isfinite(known).any():
        raise InvalidDataError(
            f"place_weight={place_weight} needs places, and all {n} images are without one. "
            "Leave 'place_weight' at 0."
        )
    return known


def combined_distances(
    X: np.ndarray,
    metric: str,
    weights: Weights,
    moments: np.ndarray | None = None,
    places: np.ndarray | None = None,
    *,
    n_jobs: int | None = 1,
) -> tuple[np.ndarray, CombinedDistance]:
    """Return the distances of all pairs of images, in content, time and place.

    With the weights `t` and `p` of time and place, a distance is
    ``(1 - t - p) * d_content / max(d_content) + t * d_time / max(d_time) + p * d_place /
    max(d_place)``. A part whose maximum is 0 counts as 0. Where one of two images has no
    place, the mean of ``d_place / max(d_place)`` over the pairs that have it stands in: it
    brings the two neither together nor apart. One vector is made, and mixed in place.

    Parameters
    ----------
    X : ndarray of float64, shape (n, d)
        Features; not looked at where their weight is 0.
    metric : str
        One of `METRICS`, for the content.
    weights : Weights
        Of time and place.
    moments : ndarray of float64, shape (n,), optional
        When each image was taken, in seconds; needed where time has a weight.
    places : ndarray of float64, shape (n, 2), optional
        Latitude and longitude in degrees, NaN where they are not known; needed where place
        has a weight. They are compared by the haversine formula.
    n_jobs : int, default=1
        Number of threads for the distances of content.

    Returns
    -------
    distances : ndarray of float64, shape (n (n - 1) / 2,)
        From 0 to 1, in the order of `scipy.spatial.distance.pdist`.
    mix : CombinedDistance
        Gives the same distances again, a block of rows at a time.

    Raises
    ------
    InvalidDataError
        If the metric gives no distance between some of the rows.

    Examples
    --------
    >>> X = np.array([[0.0], [1.0], [4.0]])
    >>> moments = np.array([0.0, 10.0, 10.0])
    >>> combined_distances(X, "euclidean", Weights(time=0.5), moments)[0].tolist()
    [0.625, 1.0, 0.375]
    """
    n = len(X)
    if weights.content:
        distances = condensed_distances(X, metric, n_jobs=n_jobs)
    else:
        distances = np.zeros(n * (n - 1) // 2)
    parts: dict[str, Any] = {}
    if moments is not None:
        longest = float(moments.max() - moments.min())
        parts.update(moments=moments, time=weights.time / longest if longest else 0.0)
    if places is not None:
        points = on_sphere(places)
        furthest, mean = place_scale(points)
        per_metre = weights.place / furthest if furthest else 0.0
        parts.update(points=points, place=per_metre, unknown=per_metre * mean)
    largest = float(distances.max(initial=0.0))
    mix = CombinedDistance(weights.content / largest if largest else 0.0, **parts)
    mix.into(distances)
    return distances, mix
