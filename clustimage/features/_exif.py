"""``method="exif"``: when and where photos were taken, instead of what they show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import check_is_fitted

from clustimage._core.budget import Budget
from clustimage._core.errors import InvalidDataError
from clustimage._core.parallel import check_jobs
from clustimage._core.validation import check_int, check_real, merge_defaults
from clustimage._distances.geo import EARTH_RADIUS, on_sphere
from clustimage.features._extractor import FeatureExtractor
from clustimage.features._needs import Needs
from clustimage.images import photos_of, read_metadata

if TYPE_CHECKING:
    from clustimage.images import Images

__all__ = ["PARAMS_EXIF", "ExifExtractor"]

PARAMS_EXIF: dict[str, Any] = {"timeframe": 5, "radius_meters": 1000, "min_samples": 2}

HEADER = 1024  # bytes that the metadata of a photo take, about
NAMES = ("time", "east", "north", "down", "has_time", "has_place")

Floats = npt.NDArray[np.float64]


class ExifExtractor(FeatureExtractor):
    """Describe photos by the time and the place in their EXIF data.

    A row has six columns, `feature_names_`:

    - ``time``, from the mean of the moments, in units of `timeframe`;
    - ``east``, ``north`` and ``down``, from the middle of the places, in units of
      `radius_meters`: the point on the earth as a point in space, seen from the middle.
      So the distance of two rows is that of the places along a straight line, which within
      100 km is that along the ground to a metre, all over the earth; ``down`` is how far
      the earth curves away;
    - ``has_time`` and ``has_place``, 1 or 0.

    Where the time or the place is missing, its columns are 0: the photo lies in the middle,
    a unit beside those that have it. Photos that are one unit apart are as far as `timeframe`
    or `radius_meters`, so that time and place count alike in maps and in `find`.

    Parameters
    ----------
    timeframe : float, default=5
        Hours up to which two photos are of one event.
    radius_meters : float, default=1000
        Metres up to which two photos are of one place.
    min_samples : int, default=2
        Photos, itself included, that must be so near to a photo in a dense place. It is for
        ``cluster(metric="datetime" | "latlon")``, and changes no feature.
    n_jobs : int, default=-1
        Threads that read headers; -1 is all cores.

    Attributes
    ----------
    feature_names_ : tuple of str
        Names of the columns.
    metadata_ : dict
        All that was read, by column: see `clustimage.images.read_metadata`.
    moments_ : ndarray of float64, shape (n,)
        When each photo was taken: seconds since 1970-01-01 UTC, NaN where that is missing.
    places_ : ndarray of float64, shape (n, 2)
        Latitude and longitude in degrees, NaN where they are missing.
    middle_moment_ : float
        The mean of the moments; 0 without any.
    middle_place_ : tuple of float
        Latitude and longitude of the middle of the places; (0, 0) without any.

    Examples
    --------
    >>> import numpy as np
    >>> from PIL import Image
    >>> from clustimage.images import load_images
    >>> photos = [Image.new("L", (8, 8)) for _ in range(2)]
    >>> for photo, hour in zip(photos, ("08", "18")):
    ...     photo.getexif()[306] = f"2015:06:01 {hour}:00:00"
    >>> ExifExtractor(timeframe=5).fit_images(load_images(photos))
    array([[-1.,  0.,  0.,  0.,  1.,  0.],
           [ 1.,  0.,  0.,  0.,  1.,  0.]], dtype=float32)
    """

    needs_files: ClassVar[bool] = True
    feature_names_: ClassVar[tuple[str, ...]] = NAMES

    def __init__(
        self,
        *,
        timeframe: float = PARAMS_EXIF["timeframe"],
        radius_meters: float = PARAMS_EXIF["radius_meters"],
        min_samples: int = PARAMS_EXIF["min_samples"],
        n_jobs: int | None = -1,
    ) -> None:
        self.timeframe = timeframe
        self.radius_meters = radius_meters
        self.min_samples = min_samples
        self.n_jobs = n_jobs

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> ExifExtractor:
        """Make an unfitted extractor from ``params_exif`` and ``n_jobs``."""
        given = merge_defaults("params_exif", settings.get("params_exif"), PARAMS_EXIF)
        return cls(**given, n_jobs=settings.get("n_jobs", -1))

    def check(self) -> None:
        check_real("timeframe", self.timeframe, low=0, low_open=True)
        check_real("radius_meters", self.radius_meters, low=0, low_open=True)
        check_int("min_samples", self.min_samples, low=1)
        if self.n_jobs is not None:
            check_jobs(self.n_jobs)

    def fit(self, X: Any, y: Any = None) -> ExifExtractor:
        """Raise `InvalidDataError`: pixels hold no EXIF data; see `fit_images`."""
        raise _needs_files(len(X))

    def transform(self, X: Any) -> npt.NDArray[np.float32]:
        """Raise `InvalidDataError`: pixels hold no EXIF data; see `transform_images`."""
        check_is_fitted(self, "moments_")
        raise _needs_files(len(X))

    def needs(
        self, n_images: int, shape: tuple[int, int, int], budget: Budget | None = None
    ) -> Needs:
        self.check()
        kept = n_images * (4 * len(NAMES) + HEADER)
        return Needs(
            f"Reading the metadata of {n_images:,} photos",
            f"when and where photos were taken, {len(NAMES)} columns",
            len(NAMES),
            peak=kept + 16 * n_images * len(NAMES),
            kept=kept,
            why="it reads the headers of the files and no pixels",
        )

    def fit_images(self, images: Images, budget: Budget | None = None) -> npt.NDArray[np.float32]:
        """Read the metadata, find the middle of them, and return one row per photo.

        Parameters
        ----------
        images : Images
            What stage 1 has read, of files or pictures of Pillow. Arrays among them have
            no metadata.
        budget : Budget, optional
            What may be taken. None is no limit.

        Returns
        -------
        ndarray of shape (n, 6), float32

        Raises
        ------
        InvalidDataError
            If all of them are arrays.
        MemoryLimitError
            If the metadata do not fit into the budget.
        InvalidParameterError
            If a setting has a value that is not allowed.
        """
        self.needs(len(images), images.shape, budget).check(budget)
        self.metadata_ = self._read(images)
        self.moments_, self.places_ = _moments_and_places(self.metadata_)
        known = self.moments_[np.isfinite(self.moments_)]
        self.middle_moment_ = float(known.mean()) if len(known) else 0.0
        self.middle_place_ = _middle(self.places_)
        return self._rows(self.moments_, self.places_)

    def transform_images(self, images: Images) -> npt.NDArray[np.float32]:
        """Return one row per new photo, seen from the middle of the fitted ones."""
        check_is_fitted(self, "moments_")
        return self._rows(*_moments_and_places(self._read(images)))

    def _read(self, images: Images) -> dict[str, Any]:
        items = photos_of(images)
        if all(item is None for item in items):
            raise _needs_files(len(items))
        return read_metadata(items, n_jobs=self.n_jobs)

    def _rows(self, moments: Floats, places: Floats) -> npt.NDArray[np.float32]:
        has_time, has_place = np.isfinite(moments), np.isfinite(places).all(axis=1)
        rows = np.zeros((len(moments), len(NAMES)))
        rows[has_time, 0] = (moments[has_time] - self.middle_moment_) / (3600 * self.timeframe)
        seen = on_sphere(places[has_place]) @ _axes(*self.middle_place_)
        seen[:, 2] = EARTH_RADIUS - seen[:, 2]
        rows[has_place, 1:4] = seen / self.radius_meters
        rows[:, 4], rows[:, 5] = has_time, has_place
        return rows.astype(np.float32)


def _needs_files(n: int) -> InvalidDataError:
    return InvalidDataError(
        f"method='exif' reads when and where photos were taken from their files, and {n} "
        "images were given as arrays. Give a folder, paths, URLs or pictures of Pillow, or use "
        "another method."
    )


def _moments_and_places(metadata: Mapping[str, Any]) -> tuple[Floats, Floats]:
    places = np.column_stack([metadata["latitude"], metadata["longitude"]])
    return metadata["timestamp"], places


def _middle(places: Floats) -> tuple[float, float]:
    """Return latitude and longitude of the mean of the places as points in space."""
    known = places[np.isfinite(places).all(axis=1)]
    if not len(known):
        return 0.0, 0.0
    x, y, z = on_sphere(known).mean(axis=0)
    if np.hypot(np.hypot(x, y), z) < 1:  # all around the earth
        return float(known[0, 0]), float(known[0, 1])
    return float(np.degrees(np.arctan2(z, np.hypot(x, y)))), float(np.degrees(np.arctan2(y, x)))


def _axes(latitude: float, longitude: float) -> Floats:
    """Return the directions east, north and up at a place, as columns."""
    phi, lam = np.radians(latitude), np.radians(longitude)
    return np.array(
        [
            [-np.sin(lam), -np.sin(phi) * np.cos(lam), np.cos(phi) * np.cos(lam)],
            [np.cos(lam), -np.sin(phi) * np.sin(lam), np.cos(phi) * np.sin(lam)],
            [0.0, np.cos(phi), np.sin(phi)],
        ]
    )
