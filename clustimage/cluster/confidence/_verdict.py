"""A verdict: whether there are groups at all, how many, and how sure that is."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from clustimage._core.errors import InvalidDataError
from clustimage._core.ignored_warnings import ignored_warnings
from clustimage._core.logs import at_verbosity
from clustimage._core.picked_rows import Rows
from clustimage.cluster.confidence._resampling import Procedure, Resampling, resample
from clustimage.cluster.confidence._separation import (
    neighbour_distances,
    neighbour_purity,
    parted_share,
)

__all__ = ["MAX_ROWS_JUDGED", "MIN_ROWS_RESAMPLED", "Verdict", "judge"]

# Of more images a sample is judged, as the same clusters are found in it, in seconds.
MAX_ROWS_JUDGED = 2000
# Of fewer images no subsamples are drawn: a fifth of them says little.
MIN_ROWS_RESAMPLED = 50
# By how much the purity of clear groups is above that of one cloud.
CLEAR_PURITY = 0.3
# Scores from which on a verdict is given, and the share of images in parted clusters.
LOW, MEDIUM, HIGH = 0.12, 0.35, 0.60
PARTED = 0.10
N_NAMED = 5


@dataclass(frozen=True)
class Verdict:
    """How many groups there are, and how sure that is.

    Attributes
    ----------
    k : int
        Number of clusters.
    k_range : tuple of int
        Smallest and largest number of clusters that eight of ten subsamples of the images
        have; ``(k, k)`` where no subsamples are drawn.
    confidence : {"high", "medium", "low", "no groups"}
        From 0.60 on with ``parted >= 0.10`` high, from 0.35 medium, from 0.12 low.
    why : str
        The sentence that says so.
    score : float
        How far `purity` is above `purity_of_one_cloud`, 0 to 1, times the mean of `stability`
        and `agreement`, times the share of images that are in a cluster.
    purity, purity_of_one_cloud : float
        Share of the ten nearest images that are in the same cluster, above chance; and the
        same of as many points of a Gaussian with the same variances, clustered into k.
    stability : float or None
        Mean adjusted Rand index of the clusters of ten subsamples, each of 80 % of the images;
        None of fewer than 50 images.
    agreement : float
        Adjusted Rand index with k-means at the same number of clusters.
    parted : float
        Share of images in clusters with a gap, by the dip test, to the nearest other cluster.
    n_judged : int
        Number of images this rests on.
    typical, oddest : tuple of int
        Of these, the five nearest to the mean of all, and the five farthest from their
        nearest neighbours.
    """

    k: int
    k_range: tuple[int, int]
    confidence: str
    why: str
    score: float
    purity: float
    purity_of_one_cloud: float
    stability: float | None
    agreement: float
    parted: float
    n_judged: int
    typical: tuple[int, ...]
    oddest: tuple[int, ...]


def judge(
    rows: Rows,
    labels: np.ndarray,
    procedure: Procedure | None,
    *,
    metric: str = "euclidean",
    n_clusters: int | None = None,
    random_state: int | None = 0,
) -> tuple[Verdict, Resampling | None]:
    """Judge the clusters of `rows`.

    Parameters
    ----------
    rows : ndarray or PickedRows of float, shape (n, d)
        Features. Of more than 2,000 a sample is judged.
    labels : ndarray of int, shape (n,)
        Their labels, 0 to k - 1; negative ones are unclustered.
    procedure : callable or None
        What made the labels, see `Procedure`. With None no subsamples are clustered, and the
        Gaussian by ward linkage.
    metric : str, default="euclidean"
        One of `METRICS`. By the angle, or else by lengths, nearest images are found.
    n_clusters : int, optional
        Where the number of clusters was given.
    random_state : int, default=0
        Seed of samples, of the Gaussian and of k-means.

    Returns
    -------
    Verdict
    Resampling or None
        None of fewer than 50 images.

    Notes
    -----
    With p the purity and q that of one cloud, p is above q by ``max((p - q) / 0.3,
    ((p - q) / (1 - q)) ** 2)``, at most 1: the first for many groups, the second for few, of
    which one cloud's purity is near 1 already. That says whether there are gaps; stability and
    agreement say whether the clusters end there.
    """
    rng = np.random.default_rng(random_state)
    positions = np.arange(len(rows))
    if len(rows) > MAX_ROWS_JUDGED:
        positions = np.sort(rng.choice(len(rows), MAX_ROWS_JUDGED, replace=False))
    sample, labels = _in_fewer_columns(rows[positions], metric), labels[positions]
    # A Gaussian has no hash bits: it is compared by lengths or by angles.
    metric = metric if metric in ("cosine", "correlation") else "euclidean"
    names = np.unique(labels[labels >= 0])
    labels = np.where(labels >= 0, np.searchsorted(names, labels), -1)
    k, resampling = len(names), None
    purity, by_cloud, agreement, parted = 0.0, 0.0, 0.0, 0.0
    with threadpool_limits(limits=1):
        if procedure is not None and len(sample) >= MIN_ROWS_RESAMPLED and k > 0:
            resampling = resample(
                sample,
                positions,
                labels,
                procedure,
                n_clusters=n_clusters,
                random_state=random_state,
            )
        typical, oddest = _extremes(sample, metric)
        if 1 < k < len(sample):
            cloud = _one_cloud(sample, rng)
            purity = neighbour_purity(sample, labels, metric)
            of_cloud = _cluster_cloud(cloud, positions, k, procedure)
            by_cloud = neighbour_purity(cloud, of_cloud, metric)
            agreement = _agreement(sample, labels, k, random_state)
            parted = parted_share(sample, labels)
    stability = None if resampling is None else float(resampling.agreement.mean())
    sure = agreement if stability is None else (stability + agreement) / 2
    score = max(_above(purity, by_cloud) * sure, 0.0) * float((labels >= 0).mean())
    confidence = _confidence(score, parted)
    return Verdict(
        k=k,
        k_range=_range_of(k, resampling),
        confidence=confidence,
        why=_reason(k, confidence, purity, by_cloud, stability, agreement, parted),
        score=score,
        purity=purity,
        purity_of_one_cloud=by_cloud,
        stability=stability,
        agreement=agreement,
        parted=parted,
        n_judged=len(sample),
        typical=tuple(positions[typical].tolist()),
        oddest=tuple(positions[oddest].tolist()),
    ), resampling


def _above(purity: float, by_cloud: float) -> float:
    """Return how far purity is above that of one cloud, 0 to 1."""
    gain = purity - by_cloud
    if gain <= 0:
        return 0.0
    return min(max(gain / CLEAR_PURITY, (gain / (1 - by_cloud)) ** 2), 1.0)


def _confidence(score: float, parted: float) -> str:
    if score < LOW:
        return "no groups"
    if score < MEDIUM:
        return "low"
    return "high" if score >= HIGH and parted >= PARTED else "medium"


def _range_of(k: int, resampling: Resampling | None) -> tuple[int, int]:
    """Return the numbers of clusters that eight of ten subsamples have."""
    if resampling is None:
        return k, k
    low, high = np.quantile(resampling.counts, (0.1, 0.9), method="nearest")
    return min(k, int(low)), max(k, int(high))


def _reason(
    k: int,
    confidence: str,
    purity: float,
    by_cloud: float,
    stability: float | None,
    agreement: float,
    parted: float,
) -> str:
    if k < 2:
        return f"There {'is one cluster' if k else 'are no clusters'}: nothing to compare."
    beginning = {
        "no groups": f"These images form no clear groups; {k} clusters were made of them",
        "low": f"{k} clusters, of which few may be groups",
        "medium": f"{k} clusters, most of which are likely to be groups",
        "high": f"{k} clear groups",
    }[confidence]
    if stability is None:
        agree = f"k-means agrees with them by {agreement:.2f}, too few images for subsamples"
    else:
        agree = f"subsamples agree with them by {stability:.2f} and k-means by {agreement:.2f}"
    return (
        f"{beginning}: neighbours share a cluster {purity:.2f} above chance, where one cloud of "
        f"points has {by_cloud:.2f}; {agree} (adjusted Rand index); a gap parts {parted:.0%} of "
        "the images from the next cluster."
    )


def _cluster_cloud(
    cloud: np.ndarray, positions: np.ndarray, k: int, procedure: Procedure | None
) -> np.ndarray:
    """Return k clusters of one cloud; by ward linkage where the procedure makes none."""
    if procedure is not None:
        with contextlib.suppress(InvalidDataError), at_verbosity("silent"):
            return procedure(cloud, positions, k)
    from scipy.cluster.hierarchy import fcluster, ward

    labels: np.ndarray = np.asarray(fcluster(ward(cloud), k, "maxclust")) - 1
    return labels


def _extremes(rows: np.ndarray, metric: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows nearest to the mean, and those farthest from their neighbours."""
    to_mean = np.linalg.norm(rows - rows.mean(axis=0), axis=1)
    typical = np.argsort(to_mean, kind="stable")[:N_NAMED]
    if len(rows) < 3:
        return typical, typical[:0]
    far = neighbour_distances(rows, metric)
    return typical, np.argsort(-far, kind="stable")[: min(N_NAMED, len(rows) // 2)]


def _in_fewer_columns(rows: np.ndarray, metric: str) -> np.ndarray:
    """Return rows with the same lengths and angles in as many columns as there are rows."""
    if metric not in ("euclidean", "cosine") or rows.shape[1] <= len(rows):
        return rows
    triangle: np.ndarray = np.linalg.qr(rows.T.astype(np.float64), mode="r")  # type: ignore[assignment]
    return np.ascontiguousarray(triangle.T, dtype=np.float32)


def _one_cloud(rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return as many points of a Gaussian that has the mean and the covariance of the rows."""
    n, mean = len(rows), rows.mean(axis=0)
    # Sums of all rows with Gaussian weights have just that covariance.
    weights = rng.normal(size=(n, n), scale=1 / np.sqrt(max(n - 1, 1)))
    cloud: np.ndarray = mean + weights.astype(rows.dtype) @ (rows - mean)
    return cloud


def _agreement(rows: np.ndarray, labels: np.ndarray, k: int, random_state: int | None) -> float:
    """Return the adjusted Rand index with k-means at the same number of clusters."""
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.metrics import adjusted_rand_score

    inside = labels >= 0
    # Of equal rows it makes fewer clusters, which is an answer.
    with ignored_warnings(ConvergenceWarning):
        found = KMeans(k, n_init=3, random_state=random_state).fit_predict(rows[inside])
    return float(adjusted_rand_score(labels[inside], found))
