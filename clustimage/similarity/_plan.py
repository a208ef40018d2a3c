"""What `find` and `unique` would take, by arithmetic, before they are run."""

from __future__ import annotations

from clustimage._core.batches import BLOCK_BYTES
from clustimage._core.memory import Budget, format_bytes
from clustimage._core.parameters import setting
from clustimage._core.plan import Step
from clustimage._distances.metrics import PRODUCT_METRICS, check_metric
from clustimage.similarity._faiss import approximate_bytes, check_approximate_metric
from clustimage.similarity._mean_images import MAX_IMAGES_PER_SUM, sums_at_once

__all__ = ["plan_find", "plan_unique"]

MAX_ANSWER_BYTES = 2**27  # what the answers to a batch of queries take while they are made


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
    """Return what `find_similar` would do with n images, and what it takes.

    Without the answers themselves, 24 bytes for each image that is found. `built` are the
    bytes of a `RowIndex` that is there already, and so counted in the budget.

    Raises
    ------
    InvalidParameterError
        If the metric is not known, or the approximate index cannot do it.

    Examples
    --------
    >>> plan_find(60_000, 217).what
    'all distances, exactly, by products of matrices'
    """
    check_metric(metric)
    product, kept = metric in PRODUCT_METRICS, 0
    answers = min(MAX_ANSWER_BYTES, 32 * n_queries * n) + 40 * n
    if product:
        kept = 8 * n + 4 * n_columns
        answers = max(answers, 72 * n)  # or what the index is built with
    blocks = 3 * min(BLOCK_BYTES, 8 * n * n_columns) + 16 * n_queries * n_columns
    peak = kept + blocks + answers
    work, instead = f"Finding images among {n:,}", ""
    what = f"all distances, exactly, {'by products of matrices' if product else 'pair by pair'}"
    if approximate:
        check_approximate_metric(metric)
        lists, more = approximate_bytes(n, n_columns)
        peak, kept = max(peak, kept + lists + more), kept + lists
        what = "most of the nearest, by an index of faiss"
        instead = f"Or use {setting('approximate', False)}, which is exact and needs no such index."
        work += " by an approximate index"
    there = min(kept, built)
    why = f"{setting('metric', metric)}; {format_bytes(4 * n * n_columns)} of features"
    return Step("find", what, why, peak - there, kept - there).within(budget, work, instead)


def plan_unique(
    n: int,
    n_columns: int,
    n_pixels: int = 0,
    budget: Budget | None = None,
    *,
    n_clusters: int | None = None,
) -> Step:
    """Return what `pick_unique` would do with n images of `n_pixels` numbers, and what it takes.

    Where the number of clusters is not known yet, it is taken for a hundredth of the images,
    25 at least. The mean images are kept, a byte for each pixel and cluster.

    Examples
    --------
    >>> plan_unique(60_000, 217, 49_152, n_clusters=24).what
    'the image nearest to the centre of each of 24 clusters, and its mean image'
    """
    clusters = max(1, min(n, max(25, n // 100) if n_clusters is None else n_clusters))
    at_once = sums_at_once(clusters, n_pixels, budget)
    order = 40 * n  # of the labels, and the members of each
    blocks = order + 2 * min(BLOCK_BYTES, 12 * n * n_columns)
    if n_pixels:
        images = (min(MAX_IMAGES_PER_SUM, n) + 4 * at_once + 16) * n_pixels
        blocks = max(blocks, order + min(BLOCK_BYTES, n * n_pixels) + images)
    kept = clusters * (n_pixels + 32)
    number = f"{'about ' if n_clusters is None else ''}{clusters:,} clusters"
    what = f"the image nearest to the centre of each of {number}"
    what += ", and its mean image" if n_pixels else ""
    why = f"{at_once:,} of {clusters:,} mean images per pass" if n_pixels else ""
    step = Step("unique", what, why, kept + blocks, kept)
    return step.within(budget, f"Choosing an image for each of {number}")
