"""``method="exif"``: when and where photos were taken, instead of what they show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import check_is_fitted

from clustimage._core.errors import InvalidDataError
from clustimage._core.memory import Budget
from clustimage._core.parallel import check_jobs
from clustimage._core.parameters import setting
from clustimage._core.plan import Step
from clustimage._core.validation import check_int, check_real, merge_defaults
from clustimage._distances.geo import EARTH_RADIUS, on_sphere
from clustimage.features._extractor import FeatureExtractor
from clustimage.images import photos_of, read_metadata

if TYPE_CHECKING:
    from clustimage.images import Images

__all__ = ["PARAMS_EXIF", "ExifExtractor"]

PARAMS_EXIF: dict[str, Any] = {"timeframe": 5, "radius_meters": 1000, "min_samples": 2}

BYTES_PER_PHOTO = 1024  # of metadata, about
NAMES = ("time", "east", "north", "down", "has_time", "has_place")

# What learned attributes were called in models that were saved before.
OLD_NAMES = {
    "moments_": "timestamps_",
    "places_": "locations_",
    "middle_moment_": "mean_timestamp_",
    "middle_place_": "mean_location_",
}

Floats = npt.NDArray[np.float64]


class ExifExtractor(FeatureExtractor):
    """Describe photos by the time and the location in their EXIF data.

    A row has six columns, `feature_names_`:

    - ``time``, from the mean of the timestamps, in units of `timeframe`;
    - ``east``, ``north`` and ``down``, from the mean of the locations, in units of
      `radius_meters`: the point on the earth as a point in space, seen from the mean.
      So the distance of two rows is that of the locations along a straight line, which
      within 100 km is that along the ground to a metre, all over the earth; ``down`` is how
      far the earth curves away;
    - ``has_time`` and ``has_place``, 1 or 0.

    Where the time or the location is missing, its columns are 0: the photo lies at the mean,
    at a distance of 1 from those that have it. Photos at a distance of 1 are as far apart as
    `timeframe` or `radius_meters`, so that time and location count alike in maps and in `find`.

    Parameters
    ----------
    timeframe : float, default=5
        Hours up to which two photos are of one event.
    radius_meters : float, default=1000
        Metres up to which two photos are of one location.
    min_samples : int, default=2
        Photos, itself included, within this radius of a photo in a dense region. It is for
        ``cluster(metric="datetime" | "latlon")``, and changes no feature.
    n_jobs : int, default=-1
        Threads that read headers; -1 is all cores.

    Attributes
    ----------
    feature_names_ : tuple of str
        Names of the columns.
    metadata_ : dict
        All that was read, by column: see `clustimage.images.read_metadata`.
    timestamps_ : ndarray of float64, shape (n,)
        When each photo was taken: seconds since 1970-01-01 UTC, NaN where that is missing.
    locations_ : ndarray of float64, shape (n, 2)
        Latitude and longitude in degrees, NaN where they are missing.
    mean_timestamp_ : float
        The mean of the timestamps; 0 without any.
    mean_location_ : tuple of float
        Latitude and longitude of the mean of the locations; (0, 0) without any.

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

    def set_state(self, state: Mapping[str, Any]) -> FeatureExtractor:
        """Do what that of every extractor does; also with the names of older versions."""
        return super().set_state({OLD_NAMES.get(key, key): state[key] for key in state})

    def fit(self, X: Any, y: Any = None) -> ExifExtractor:
        """Raise `InvalidDataError`: pixels hold no EXIF data; see `fit_images`."""
        raise _needs_files(len(X))

    def transform(self, X: Any) -> npt.NDArray[np.float32]:
        """Raise `InvalidDataError`: pixels hold no EXIF data; see `transform_images`."""
        check_is_fitted(self, "timestamps_")
        raise _needs_files(len(X))

    @property
    def learns(self) -> bool:
        return True

    def plan(
        self, n_images: int, shape: tuple[int, int, int], budget: Budget | None = None
    ) -> tuple[Step, int]:
        self.check()
        kept = n_images * (4 * len(NAMES) + BYTES_PER_PHOTO)
        what = f"when and where photos were taken, {len(NAMES)} columns"
        why = "the headers of the files, no pixels"
        step = Step("extract_feat", what, why, kept + 16 * n_images * len(NAMES), kept)
        return step.within(budget, f"Reading the metadata of {n_images:,} photos"), len(NAMES)

    def fit_images(self, images: Images, budget: Budget | None = None) -> npt.NDArray[np.float32]:
        """Read the metadata, find their mean, and return one row per photo.

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
        self.plan(len(images), images.shape, budget)[0].check()
        self.metadata_ = self._read(images)
        self.timestamps_, self.locations_ = _times_and_locations(self.metadata_)
        timestamps = self.timestamps_[images.order]
        known = timestamps[np.isfinite(timestamps)]
        self.mean_timestamp_ = float(known.mean()) if len(known) else 0.0
        self.mean_location_ = _mean_location(self.locations_[images.order])
        return self._rows(self.timestamps_, self.locations_)

    def transform_images(self, images: Images) -> npt.NDArray[np.float32]:
        """Return one row per new photo, seen from the mean of the fitted ones."""
        check_is_fitted(self, "timestamps_")
        return self._rows(*_times_and_locations(self._read(images)))

    def _read(self, images: Images) -> dict[str, Any]:
        items = photos_of(images)
        if all(item is None for item in items):
            raise _needs_files(len(items))
        return read_metadata(items, n_jobs=self.n_jobs)

    def _rows(self, timestamps: Floats, locations: Floats) -> npt.NDArray[np.float32]:
        has_time, has_place = np.isfinite(timestamps), np.isfinite(locations).all(axis=1)
        rows = np.zeros((len(timestamps), len(NAMES)))
        rows[has_time, 0] = (timestamps[has_time] - self.mean_timestamp_) / (3600 * self.timeframe)
        metres = on_sphere(locations[has_place]) @ _axes(*self.mean_location_)
        metres[:, 2] = EARTH_RADIUS - metres[:, 2]
        rows[has_place, 1:4] = metres / self.radius_meters
        rows[:, 4], rows[:, 5] = has_time, has_place
        return rows.astype(np.float32)


def _needs_files(n: int) -> InvalidDataError:
    return InvalidDataError(
        f"{setting('method', 'exif')} reads when and where photos were taken from their files, and "
        f"{n} images were given as arrays. Give a folder, paths, URLs or pictures of Pillow, or "
        "use another method."
    )


def _times_and_locations(metadata: Mapping[str, Any]) -> tuple[Floats, Floats]:
    return metadata["timestamp"], np.column_stack([metadata["latitude"], metadata["longitude"]])


def _mean_location(locations: Floats) -> tuple[float, float]:
    """Return latitude and longitude of the mean of the locations as points in space."""
    known = locations[np.isfinite(locations).all(axis=1)]
    if not len(known):
        return 0.0, 0.0
    x, y, z = on_sphere(known).mean(axis=0)
    if np.hypot(np.hypot(x, y), z) < 1:  # all around the earth
        return float(known[0, 0]), float(known[0, 1])
    return float(np.degrees(np.arctan2(z, np.hypot(x, y)))), float(np.degrees(np.arctan2(y, x)))


def _axes(latitude: float, longitude: float) -> Floats:
    """Return the directions east, north and up at a location, as columns."""
    phi, lam = np.radians(latitude), np.radians(longitude)
    return np.array(
        [
            [-np.sin(lam), -np.sin(phi) * np.cos(lam), np.cos(phi) * np.cos(lam)],
            [np.cos(lam), -np.sin(phi) * np.sin(lam), np.cos(phi) * np.sin(lam)],
            [0.0, np.cos(phi), np.sin(phi)],
        ]
    )
