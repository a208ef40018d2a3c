"""Distances of content, time and location, combined in one vector."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from clustimage._core.errors import InvalidDataError, InvalidParameterError
from clustimage._core.parameters import named, setting
from clustimage._core.validation import check_real
from clustimage._distances.blocks import block_distances
from clustimage._distances.condensed import condensed_distances
from clustimage._distances.geo import arcs, location_scale, on_sphere, read_locations

__all__ = [
    "CombinedDistance",
    "Weights",
    "check_seconds",
    "check_locations",
    "check_weights",
    "combined_distances",
]

Index = slice | np.ndarray

ROUNDING = 1e-9  # by which 0.7 + 0.3 may miss 1


@dataclass(frozen=True)
class Weights:
    """The weights of time and of location in a distance; the rest is that of content."""

    time: float = 0.0
    location: float = 0.0

    def __bool__(self) -> bool:
        return self.time > 0 or self.location > 0

    @property
    def content(self) -> float:
        """What is left, from 0 to 1."""
        rest = 1 - self.time - self.location
        return rest if rest > ROUNDING else 0.0

    @property
    def words(self) -> str:
        """What is combined with the content."""
        return " and ".join(["time"] * (self.time > 0) + ["location"] * (self.location > 0))

    @property
    def given(self) -> str:
        """How it was asked for."""
        time = [setting("time_weight", self.time)] * (self.time > 0)
        return ", ".join(time + [f"place_weight={self.location}"] * (self.location > 0))


def check_weights(time_weight: float, place_weight: float) -> Weights:
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
    if weights.time + weights.location > 1 + ROUNDING:
        raise InvalidParameterError(
            f"{named('time_weight')} and 'place_weight' must together be at most 1; what is left "
            f"is the weight of the content. Got {weights.time} and {weights.location}."
        )
    return weights


@dataclass(frozen=True)
class CombinedDistance:
    """How distances of content, time and location are combined.

    Attributes
    ----------
    content, time, location : float
        What a distance of content, a second and a metre are multiplied with.
    timestamps : ndarray of float64, shape (n,), or None
        When each image was taken, in seconds; None where that has no weight.
    points : ndarray of float64, shape (n, 3), or None
        Where each image was taken, as `on_sphere` gives it.
    unknown : float
        What is added for two images of which one has no location.
    """

    content: float
    timestamps: np.ndarray | None = None
    time: float = 0.0
    points: np.ndarray | None = None
    location: float = 0.0
    unknown: float = 0.0

    def into(self, distances: np.ndarray) -> None:
        """Combine condensed distances of content with time and location, in place.

        What is between one image and all later ones is a block of the vector: no
        vector of all of it is made.
        """
        distances *= self.content
        n = next(len(given) for given in (self.timestamps, self.points) if given is not None)
        start = 0
        for i in range(n - 1):
            stop = start + n - 1 - i
            distances[start:stop] += self._of_metadata(slice(i, i + 1), slice(i + 1, n))[0]
            start = stop

    def pairs(self, X: np.ndarray, metric: str) -> Callable[[Index, Index], np.ndarray]:
        """Return a function from two sets of rows to the combined distances between them.

        As `block_distances`, whose distances of content it combines with time and location.
        """
        content = block_distances(X, metric) if self.content else None

        def between(some: Index, others: Index) -> np.ndarray:
            distances = self._of_metadata(some, others)
            if content is not None:
                distances += self.content * content(some, others)
            return distances

        return between

    def _of_metadata(self, some: Index, others: Index) -> np.ndarray:
        """Return the distances in time and location between some images and others, weighted."""
        combined: np.ndarray
        if self.timestamps is not None:
            combined = self.timestamps[some, None] - self.timestamps[others]
            np.abs(combined, out=combined)
            combined *= self.time
        if self.points is not None:
            between = arcs(self.points[some], self.points[others])
            between *= self.location
            between[np.isnan(between)] = self.unknown
            if self.timestamps is None:
                return between
            combined += between
        return combined


def check_seconds(timestamps: ArrayLike | None, time_weight: float, n: int) -> np.ndarray | None:
    """Return when the images were taken, or None where the time has no weight.

    Parameters
    ----------
    timestamps : array-like of float, shape (n,), or None
        Seconds since any point in time.
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
    if timestamps is None:
        raise InvalidParameterError(
            f"{setting('time_weight', time_weight)} needs {named('timestamps')}, the seconds of "
            f"each image. Got None. Give them, or leave {named('time_weight')} at 0."
        )
    seconds = np.asarray(timestamps)
    if seconds.shape != (n,) or seconds.dtype.kind not in "iuf":
        raise InvalidParameterError(
            f"{named('timestamps')} must be {n} numbers of seconds, one per image. "
            f"Got an array of shape {seconds.shape} and type {seconds.dtype}."
        )
    unknown = np.flatnonzero(~np.isfinite(seconds))
    if len(unknown):
        raise InvalidParameterError(
            f"{named('timestamps')} must be finite. {len(unknown)} of {n} are not, the first "
            f"one at row {unknown[0]}. Give a timestamp for every image, or leave those images out."
        )
    return seconds.astype(np.float64)


def check_locations(locations: ArrayLike | None, place_weight: float, n: int) -> np.ndarray | None:
    """Return where the images were taken, or None where the location has no weight.

    Parameters
    ----------
    locations : array-like of float, shape (n, 2), or None
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
        If the location has a weight and there is not one row per image.
    InvalidDataError
        If no location is known.
    """
    if not place_weight:
        return None
    if locations is None:
        raise InvalidParameterError(
            f"place_weight={place_weight} needs 'locations', the degrees of each image. "
            "Got None. Give them, or leave 'place_weight' at 0."
        )
    known = read_locations(locations, n)
    if not np.isfinite(known).any():
        raise InvalidDataError(
            f"place_weight={place_weight} needs locations, and all {n} images are without one. "
            "Leave 'place_weight' at 0."
        )
    return known


def combined_distances(
    X: np.ndarray,
    metric: str,
    weights: Weights,
    timestamps: np.ndarray | None = None,
    locations: np.ndarray | None = None,
    *,
    n_jobs: int | None = 1,
) -> tuple[np.ndarray, CombinedDistance]:
    """Return the distances of all pairs of images, in content, time and location.

    With the weights `t` and `p` of time and location, a distance is
    ``(1 - t - p) * d_content / max(d_content) + t * d_time / max(d_time) + p * d_place /
    max(d_place)``. A term whose maximum is 0 counts as 0. Where one of two images has no
    location, the mean of ``d_place / max(d_place)`` over the pairs that have it stands in: it
    brings the two neither together nor apart. One vector is made, and changed in place.

    Parameters
    ----------
    X : ndarray of float64, shape (n, d)
        Features; not looked at where their weight is 0.
    metric : str
        One of `METRICS`, for the content.
    weights : Weights
        Of time and location.
    timestamps : ndarray of float64, shape (n,), optional
        When each image was taken, in seconds; needed where time has a weight.
    locations : ndarray of float64, shape (n, 2), optional
        Latitude and longitude in degrees, NaN where they are not known; needed where location
        has a weight. They are compared by the haversine formula.
    n_jobs : int, default=1
        Number of threads for the distances of content.

    Returns
    -------
    distances : ndarray of float64, shape (n (n - 1) / 2,)
        From 0 to 1, in the order of `scipy.spatial.distance.pdist`.
    combined : CombinedDistance
        Gives the same distances again, a block of rows at a time.

    Raises
    ------
    InvalidDataError
        If the metric gives no distance between some of the rows.

    Examples
    --------
    >>> X = np.array([[0.0], [1.0], [4.0]])
    >>> timestamps = np.array([0.0, 10.0, 10.0])
    >>> combined_distances(X, "euclidean", Weights(time=0.5), timestamps)[0].tolist()
    [0.625, 1.0, 0.375]
    """
    n = len(X)
    if weights.content:
        distances = condensed_distances(X, metric, n_jobs=n_jobs)
    else:
        distances = np.zeros(n * (n - 1) // 2)
    largest = float(distances.max(initial=0.0))
    combined = CombinedDistance(weights.content / largest if largest else 0.0)
    if timestamps is not None:
        longest = float(timestamps.max() - timestamps.min())
        per_second = weights.time / longest if longest else 0.0
        combined = replace(combined, timestamps=timestamps, time=per_second)
    if locations is not None:
        points = on_sphere(locations)
        furthest, mean = location_scale(points)
        per_metre = weights.location / furthest if furthest else 0.0
        combined = replace(combined, points=points, location=per_metre, unknown=per_metre * mean)
    combined.into(distances)
    return distances, combined
