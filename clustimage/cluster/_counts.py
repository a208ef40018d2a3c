"""Which numbers of clusters are tried, and what to say about the one that wins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clustimage._core.errors import InvalidParameterError
from clustimage._core.logs import get_logger
from clustimage._core.parameters import named, setting
from clustimage._distances.distinct import name_distinct_rows
from clustimage.cluster._clusterer import Clusterer
from clustimage.cluster._evaluator import Evaluator
from clustimage.cluster._request import ClusterRequest
from clustimage.cluster.clusterers._custom import CustomClusterer
from clustimage.cluster.tree._cannot_link import Groups, split_groups
from clustimage.cluster.tree._combined_distance import Weights

__all__ = ["CountPlan", "plan_counts", "widened_end"]

logger = get_logger(__name__)

# Where nobody said how many clusters there are at most, the search goes on up to so many, and so
# many images in each on average.
MOST_WIDENED = 100
MIN_IMAGES_WIDENED = 5


@dataclass
class CountPlan:
    """The numbers of clusters that are tried.

    Attributes
    ----------
    counts : sequence of int
        Increasing; empty where no number is asked for.
    least, most : int
        What could be tried at all, with these images and this evaluator.
    names : ndarray of int, shape (n,), or None
        Which of the distinct rows each row is, where they are so few that it matters;
        equal rows that are kept apart count as distinct.
    too_alike : bool
        Fewer rows are distinct than clusters are to be tried.
    """

    counts: Sequence[int]
    least: int = 1
    most: int = 1
    names: np.ndarray | None = None
    too_alike: bool = False

    def warn_about(self, found: Sequence[int], best: int, least: int = 1) -> None:
        """Log what a user should know about the winner.

        Parameters
        ----------
        found : sequence of int
            Number of clusters of each labelling that competed.
        best : int
            Position of the winner.
        least : int, default=1
            The least number of clusters that keeps apart what has to be.
        """
        k = found[best]
        if self.names is not None and k > self.names.max() + 1:
            logger.warning(
                "%d clusters split equal images: only %d of the %d images differ%s.",
                k,
                self.names.max() + 1,
                len(self.names),
                " or are kept apart" if least > 1 else "",
            )
        if len(set(found)) < 2:
            return
        if max(self.least, least) < k == self.counts[0]:
            logger.warning(
                "The best number of clusters, %d, is the least that was searched: try %s.",
                k,
                setting("min_clust", self.least),
            )
        elif self.most > k == self.counts[-1]:
            logger.warning(
                "The best number of clusters, %d, is the largest that was searched: try a larger "
                "%s.",
                k,
                named("max_clust"),
            )


def plan_counts(
    X: np.ndarray,
    request: ClusterRequest,
    clusterer: Clusterer,
    evaluator: Evaluator,
    metadata: np.ndarray | None = None,
    groups: Groups | None = None,
) -> CountPlan:
    """Return the numbers of clusters to try.

    Parameters
    ----------
    X : ndarray of shape (n, d)
        Features.
    request : ClusterRequest
    clusterer, evaluator
        A custom clusterer is asked for a number only where exactly one is
        given.
    metadata : ndarray of float64, shape (n, m), optional
        When and where the images were taken, where that makes a difference.
    groups : Groups, optional
        Which images are kept apart.

    Raises
    ------
    InvalidParameterError
        If there are too few images.
    """
    if request.is_cut:
        return CountPlan([])
    if metadata is not None and not Weights(request.time_weight, request.place_weight).content:
        X, metadata = metadata, None
    n, exact = len(X), request.exact
    if exact is not None:
        request.check_n_images(n)
        return CountPlan([exact], names=_name_rows(X, exact - 1, metadata, groups))
    if isinstance(clusterer, CustomClusterer):
        return CountPlan([])
    open_end = clusterer.open_ended and request.max_clust is None
    lowest, highest = request.min_clust, n if open_end else request.end - 1
    names = _name_rows(X, highest, metadata, groups)
    n_distinct = n if names is None else int(names.max()) + 1
    least, most = min(2, evaluator.lowest_k), min(n - evaluator.margin, n_distinct)
    if n_distinct < n and (n_distinct < lowest or n_distinct == 1):
        return CountPlan([], names=names, too_alike=True)
    if most < lowest:
        raise InvalidParameterError(_too_few(n, lowest, least, most, clusterer))
    return CountPlan(range(lowest, min(highest, most) + 1), least, most, names)


def widened_end(
    plan: CountPlan,
    request: ClusterRequest,
    found: Sequence[int],
    best: int,
    n: int,
    *,
    chooses_k: bool = True,
) -> int | None:
    """Return the number of clusters that the search goes on to, or None where it has ended.

    It goes on, once, where the best number is the largest that was searched and nobody gave
    ``max_clust``: up to 100 clusters, of 5 images on average, and no more than the
    micro-clusters that were asked for. A line in the log says so. Of clusterers that are not
    given the number, the largest is that which they found.

    Examples
    --------
    >>> plan = CountPlan(range(3, 25), 2, 399)
    >>> widened_end(plan, ClusterRequest(), range(3, 25), 21, 400)
    81
    >>> widened_end(plan, ClusterRequest(max_clust=25), range(3, 25), 21, 400) is None
    True
    """
    if request.max_clust is not None or len(plan.counts) < 2:
        return None
    if found[best] != (plan.counts[-1] if chooses_k else max(found)):
        return None
    most = request.micro_clusters or MOST_WIDENED
    end = min(MOST_WIDENED, n // MIN_IMAGES_WIDENED, plan.most, most) + 1
    if end <= request.end:
        return None
    logger.info(
        "The best number of clusters, %d, is the largest of %s: the search goes on to %d.",
        found[best],
        "those searched" if chooses_k else "those found",
        end - 1,
    )
    return end


def _name_rows(
    X: np.ndarray, at_most: int, metadata: np.ndarray | None, groups: Groups | None
) -> np.ndarray | None:
    names = name_distinct_rows(X, at_most, metadata)
    return names if groups is None else split_groups(names, groups, at_most)


def _images(n: int) -> str:
    return "is 1 image" if n == 1 else f"are {n} images"


def _too_few(n: int, lowest: int, least: int, most: int, clusterer: Clusterer) -> str:
    """Return what is wrong, and only what would work."""
    numbers = (
        setting("n_clusters", 1)
        if n == 1
        else f"{named('n_clusters')} from 1 to {n} for exactly so many clusters"
    )
    options = ["Give more images"]
    if not clusterer.chooses_k:
        options.append(f"give {setting('cluster', 'agglomerative')} with {numbers}")
    else:
        if least <= most:
            options.append(f"set {setting('min_clust', least)}")
        options.append(f"give {numbers}")
    return (
        f"There {_images(n)}: too few to compare {lowest} clusters or more ({named('min_clust')}). "
        f"{', '.join(options[:-1])} or {options[-1]}."
    )
