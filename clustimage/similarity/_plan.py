"""What `find` and `unique` would take, by arithmetic, before they are run."""

from __future__ import annotations

from clustimage._core.batches import BLOCK_BYTES
from clustimage._core.budget import Budget
from clustimage._core.free_memory import format_bytes
from clustimage._core.plan import Step
from clustimage._core.text import pluralize
from clustimage._distances.metrics import PRODUCT_METRICS, check_metric
from clustimage._distances.nearest import MAX_SCORES
from clustimage.similarity._faiss import approximate_bytes, check_approximate_metric
from clustimage.similarity._mean_images import BLOCK_BYTES as IMAGES_BYTES
from clustimage.similarity._mean_images import FEW_IMAGES, sums_at_once

__all__ = ["plan_find", "plan_unique"]

# Bytes for each pair of a query and a row: its score, and whether it is near enough; then the
# pair itself, its distance and the order of all.
PER_SCORE = 8
PER_HIT = 64

INSTEAD = "Or use approximate=False, which is exact and needs no such index."


def plan_find(
    n: int,
    n_columns: int,
    budget: Budget | None = None,
    *,
    metric: str = "euclidean",
    n_queries: int = 1,
    approximate: bool = False,
    built: int = 0,
) -> Step:
    """Return what `find_similar` would do, and what it takes.

    Parameters
    ----------
    n : int
        Number of images.
    n_columns : int
        Number of features of each.
    budget : Budget, optional
        What may be taken; None for no limit.
    metric : str, default="euclidean"
        One of `METRICS`.
    n_queries : int, default=1
        How many queries are asked in one call.
    approximate : bool, default=False
        With the approximate index.
    built : int, default=0
        Bytes of a `RowIndex` that is there already, and so counted in the budget.

    Returns
    -------
    Step
        Without the answers themselves: 24 bytes for each image that is found.

    Raises
    ------
    InvalidParameterError
        If the metric is not known, or the approximate index cannot do it.

    Examples
    --------
    >>> step = plan_find(60_000, 217)
    >>> step.what, step.kept
    ('all distances, exactly, by one product of matrices', 480868)
    """
    check_metric(metric)
    if approximate:
        check_approximate_metric(metric)
    peak, kept = _find_bytes(n, n_columns, n_queries, metric, approximate=approximate)
    peak, kept = peak - min(kept, built), kept - min(kept, built)
    read = format_bytes(4 * n * n_columns)
    if approximate:
        what = "most of the nearest, by an index of faiss; their distances are exact"
        why = "approximate=True was asked for"
    elif metric in PRODUCT_METRICS:
        what = "all distances, exactly, by one product of matrices"
        why = (
            f"metric={metric!r} is such a product: a query reads {read} of features once; what "
            "may be in the answer is measured again in float64"
        )
    else:
        what = "all distances, exactly, a block of images at a time"
        why = f"metric={metric!r} has to be measured pair by pair, {read} of features in float64"
    work = f"Finding images among {n:,}" + (" by an approximate index" if approximate else "")
    problem = ""
    if budget is not None:
        problem = budget.problem(peak, what=work, instead=INSTEAD if approximate else "")
    return Step("find", what, why, peak, kept, problem=problem)


def plan_unique(
    n: int,
    n_columns: int,
    n_pixels: int = 0,
    budget: Budget | None = None,
    *,
    n_clusters: int | None = None,
) -> Step:
    """Return what `pick_unique` would do, and what it takes.

    Parameters
    ----------
    n : int
        Number of images.
    n_columns : int
        Number of features of each.
    n_pixels : int, default=0
        Numbers of an image, ``height * width * channels``; 0 without images.
    budget : Budget, optional
        What may be taken; None for no limit.
    n_clusters : int, optional
        Number of clusters; where it is not known yet, a hundredth of the images, 25 at least.

    Returns
    -------
    Step
        It keeps the mean images, a byte for each pixel and cluster.

    Examples
    --------
    >>> step = plan_unique(60_000, 217, 49_152, n_clusters=24)
    >>> step.what
    'the image nearest to the centre of each of 24 clusters, and its mean image'
    """
    known = n_clusters is not None
    clusters = max(1, min(n, max(25, n // 100) if n_clusters is None else n_clusters))
    at_once = sums_at_once(clusters, n_pixels, budget)
    features = 24 * n + 2 * min(BLOCK_BYTES, 12 * n * n_columns)
    images = min(IMAGES_BYTES, n * n_pixels) + 24 * n
    images += (min(FEW_IMAGES, n) + 4 * at_once + 16) * n_pixels
    kept = clusters * (n_pixels + 32)
    peak = kept + max(features, images if n_pixels else 0)
    number = f"{clusters:,}" if known else f"about {clusters:,}"
    what = f"the image nearest to the centre of each of {number} clusters"
    why = ""
    if n_pixels:
        walks = -(-clusters // at_once)
        what += ", and its mean image"
        why = f"the sums of pixels of {pluralize(at_once, 'cluster')} fit at once"
        why += f"; {walks} walks through the images" if walks > 1 else ": one walk suffices"
    work = f"Choosing an image for each of {number} clusters"
    problem = "" if budget is None else budget.problem(peak, what=work)
    return Step("unique", what, why, peak, kept, problem=problem)


def _find_bytes(
    n: int, n_columns: int, n_queries: int, metric: str, *, approximate: bool
) -> tuple[int, int]:
    """Return the bytes at the peak and those that stay."""
    together = min(n_queries, max(1, MAX_SCORES // n))
    blocks = 3 * min(BLOCK_BYTES, 8 * n * n_columns) + 16 * n_queries * n_columns
    hits = PER_HIT * max(n // 10, min(n, 1000))
    scores = PER_SCORE * together * n
    if metric not in PRODUCT_METRICS:
        return blocks + hits + scores, 0
    kept = 8 * n + 4 * n_columns
    lengths = 72 * n + blocks  # while the index is built, in float64
    peak = kept + max(lengths, blocks + hits + scores)
    if approximate:
        lists, more = approximate_bytes(n, n_columns)
        peak, kept = max(peak, kept + lists + more), kept + lists
    return peak, kept
