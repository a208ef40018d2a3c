"""The tree of a hierarchical clustering, its branches in the colours of the clusters."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from clustimage._core.errors import InvalidDataError
from clustimage._core.text import pluralize
from clustimage._core.validation import check_int, check_real
from clustimage.plotting._cluster_names import cluster_words
from clustimage.plotting._colors import label_colors
from clustimage.plotting._figure import fitting_size, new_axes, number
from clustimage.plotting._fonts import font_of, width_of
from clustimage.plotting._short_names import shorten_all

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from clustimage.cluster import Clustering

__all__ = ["dendrogram", "draw_dendrogram", "node_labels"]

MIXED = np.iinfo(np.int64).min
TRUNK = "#555555"
MAX_LEAVES = 100
MAX_NAMED = 60
MAX_NAMED_CLUSTERS = 20  # in the legend
# Width of a name as a multiple of the size of its letters, where leaves are not wider.
MAX_EMS = 15.0
# Points of the smallest words below the leaves, and the part of the space between two leaves
# that the height of letters may take.
MIN_POINTS, MAX_FILLED = 5.0, 0.85


def node_labels(Z: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the label of each node of a tree.

    Parameters
    ----------
    Z : array of shape (n - 1, 4)
        Tree as of `scipy.cluster.hierarchy.linkage`.
    labels : array of shape (n,)
        Labels of the leaves.

    Returns
    -------
    array of shape (2 n - 1,)
        The leaves, then the joints. A joint has the label that all leaves below it
        share, or the smallest int64 where they do not share one.

    Examples
    --------
    >>> import numpy as np
    >>> tree = np.array([[0, 1, 1.0, 2], [2, 3, 2.0, 3]])
    >>> (node_labels(tree, np.array([5, 5, 0])) == 5).tolist()
    [True, True, False, True, False]
    """
    n = len(labels)
    of_node = np.empty(2 * n - 1, dtype=np.int64)
    of_node[:n] = labels
    for i, (left, right) in enumerate(Z[:, :2].astype(int).tolist()):
        same = of_node[left] == of_node[right]
        of_node[n + i] = of_node[left] if same else MIXED
    return of_node


def dendrogram(
    clustering: Any,
    *,
    max_d: float | None = None,
    max_leaves: int = MAX_LEAVES,
    names_of_leaf: Sequence[str] | None = None,
    colors: Mapping[int, str] | None = None,
    names: Mapping[int, str] | None = None,
    ax: Axes | None = None,
) -> tuple[Figure, Axes, dict[str, Any]]:
    """Draw the tree of a clustering; see `draw_dendrogram`.

    Parameters
    ----------
    clustering : object
        With ``tree``, of shape (n - 1, 4) or None, and ``labels``, of shape (n,). Where it
        has ``micro``, of shape (n,), the leaves of the tree are micro-clusters: this says
        which one each image belongs to.
    max_d : float, optional
        Height of a cut, drawn as a line.
    max_leaves : int, default=100
        The most leaves drawn; of a larger tree the uppermost joints.
    names_of_leaf : sequence of n str, optional
        Written below single images where at most 60 leaves are drawn; default their row.
    colors : mapping of int to str, optional
        The colour of each label; default those of `label_colors`.
    names : mapping of int to str, optional
        What clusters are called, by label: in a legend.
    ax : Axes, optional
        Where to draw; default is a new figure.

    Raises
    ------
    StepOrderError
        If the clustering has built no tree.
    InvalidDataError
        If there is not one name per image.
    InvalidParameterError
        If `max_d` is negative, `max_leaves` below 2 or `ax` no axes.
    """
    max_leaves = check_int("max_leaves", max_leaves, low=2)
    if clustering.tree is None:
        from clustimage._core.step_order import StepOrderError

        raise StepOrderError(
            "There is no tree to draw. Run cluster(cluster='agglomerative') first; "
            "the other clusterers build none."
        )
    labels, sizes = clustering.labels, None
    micro = getattr(clustering, "micro", None)
    if micro is not None:
        if names_of_leaf is not None and len(names_of_leaf) != len(micro):
            raise InvalidDataError(
                f"{len(micro):,} images need {len(micro):,} names. Got {len(names_of_leaf):,}."
            )
        # One image of each: all images of a leaf are in one cluster.
        _, image, sizes = np.unique(micro, return_index=True, return_counts=True)
        labels = labels[image]
        of_leaf = image.astype(str) if names_of_leaf is None else np.asarray(names_of_leaf)[image]
        names_of_leaf = of_leaf.tolist()
    fig, ax, info = draw_dendrogram(
        clustering.tree,
        max_d=max_d,
        labels_of_leaf=labels,
        sizes_of_leaf=sizes,
        truncate_p=max_leaves,
        names_of_leaf=names_of_leaf,
        colors=colors,
        ax=ax,
    )
    _name_clusters(ax, label_colors(labels, colors), names or {})
    from clustimage.cluster import Clustering

    if isinstance(clustering, Clustering):
        _mark_levels(ax, clustering)
    return fig, ax, info


def _name_clusters(ax: Axes, colors: Mapping[int, str], names: Mapping[int, str]) -> None:
    """Draw a legend of the clusters that have names, of the first where they are many."""
    from matplotlib.patches import Patch

    named = [label for label in names if label in colors][:MAX_NAMED_CLUSTERS]
    patches = [Patch(color=colors[label], label=cluster_words(label, names)) for label in named]
    if patches:
        ax.legend(handles=patches, loc="upper left", fontsize=8)


def _mark_levels(ax: Axes, clustering: Clustering) -> None:
    """Draw where the tree is cut into the levels, where there are several."""
    from clustimage.cluster import cut_heights, levels_of

    levels = levels_of(clustering)
    for i, level in enumerate(levels):
        if level.clusters == clustering.n_found:
            continue  # the cut that is drawn already
        height = cut_heights(clustering.tree, level.clusters)[0]
        ax.axhline(height, color="tab:orange", linestyle=":", linewidth=1, zorder=1)
        ax.annotate(
            f"level {i}: {level.clusters}",
            (1.0, height),
            (-3, 2),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            color="tab:orange",
            ha="right",
            fontsize=8,
        )


def draw_dendrogram(
    Z: np.ndarray,
    *,
    max_d: float | None = None,
    labels_of_leaf: np.ndarray | None = None,
    names_of_leaf: Sequence[str] | None = None,
    sizes_of_leaf: np.ndarray | None = None,
    truncate_p: int = MAX_LEAVES,
    colors: Mapping[int, str] | None = None,
    ax: Axes | None = None,
) -> tuple[Figure, Axes, dict[str, Any]]:
    """Draw the tree of a hierarchical clustering.

    Parameters
    ----------
    Z : array of shape (n - 1, 4)
        Tree as of `scipy.cluster.hierarchy.linkage`.
    max_d : float, optional
        Height of a cut, drawn as a dashed line. Default: a height that gives
        `labels_of_leaf`, where there is one.
    labels_of_leaf : array of shape (n,), optional
        Clusters of the images. A branch has the colour of the cluster that all images
        below it belong to, as in the other plots; other branches are gray. Default:
        the clusters below `max_d`, or a tree in gray.
    names_of_leaf : sequence of n str, optional
        Written below single images where at most 60 leaves are drawn; default their row.
    sizes_of_leaf : array of shape (n,), optional
        Images of each leaf, for a tree of micro-clusters; default 1.
    truncate_p : int, default=100
        The most leaves drawn. A larger tree shows its uppermost joints; a number in
        brackets says how many images lie below. A line below the leaves explains them.
    colors : mapping of int to str, optional
        The colour of each label; default those of `label_colors`.
    ax : Axes, optional
        Where to draw; default is a new figure.

    Returns
    -------
    fig, ax
        What was drawn.
    info : dict
        What `scipy.cluster.hierarchy.dendrogram` returns: ``icoord``, ``dcoord``,
        ``ivl``, ``leaves``, ``color_list``, ``leaves_color_list``; and ``max_d``, the
        height of the line, or None.

    Raises
    ------
    InvalidDataError
        If `Z` is no tree, or there is not one label, name or size per leaf.
    InvalidParameterError
        If `max_d` is negative or `truncate_p` below 2.
    """
    from scipy.cluster import hierarchy

    Z = np.asarray(Z, dtype=float)
    if not hierarchy.is_valid_linkage(Z):
        raise InvalidDataError(
            f"A dendrogram needs a linkage matrix of shape (n - 1, 4). Got shape {Z.shape}."
        )
    n = len(Z) + 1
    max_d = None if max_d is None else check_real("max_d", max_d, low=0)
    truncate_p = check_int("truncate_p", truncate_p, low=2)
    labels = _labels(Z, max_d, labels_of_leaf)
    for what, given in (("names", names_of_leaf), ("sizes", sizes_of_leaf)):
        if given is not None and len(given) != n:
            raise InvalidDataError(f"{n:,} leaves need {n:,} {what}. Got {len(given):,}.")
    of_node = None if labels is None else node_labels(Z, labels)
    color_of = _node_colors(n, of_node, colors)
    max_d = implied_cut(Z, of_node) if max_d is None else max_d
    whole = n <= truncate_p
    info: dict[str, Any] = hierarchy.dendrogram(
        Z,
        p=truncate_p,
        truncate_mode=None if whole else "lastp",
        no_plot=True,
        link_color_func=lambda node: color_of[node],
    )
    if sizes_of_leaf is not None:
        info["ivl"] = _counted(Z, info, np.asarray(sizes_of_leaf))
    beside = ax is None
    fig, ax = new_axes(ax, figsize=(12, 6), layout="constrained")
    _branches(ax, info)
    _leaves(ax, info, n, color_of, names_of_leaf, sizes_of_leaf)
    _cut(ax, max_d, info, beside=beside)
    title = _title(n, labels, len(info["ivl"]), whole, sizes_of_leaf)
    ax.set_title(title, fontsize=13 if beside else fitting_size(ax, title, 13))
    return fig, ax, {**info, "max_d": max_d}


def _labels(Z: np.ndarray, max_d: float | None, given: np.ndarray | None) -> np.ndarray | None:
    """Return a label for each leaf: those given, or by decreasing size those of the cut."""
    n = len(Z) + 1
    if given is not None:
        if len(given) != n:
            raise InvalidDataError(f"{n:,} leaves need {n:,} labels. Got {len(given):,}.")
        return np.asarray(given)
    if max_d is None:
        return None
    from clustimage.cluster import cut_tree_at

    return cut_tree_at(Z, max_d)


def implied_cut(Z: np.ndarray, of_node: np.ndarray | None) -> float | None:
    """Return a height at which a cut gives these labels, or None where there is none."""
    if of_node is None:
        return None
    pure, heights = of_node[len(Z) + 1 :] != MIXED, Z[:, 2]
    if pure.all() or not pure.any():
        return None
    below, above = heights[pure].max(), heights[~pure].min()
    return float((below + above) / 2) if below < above else None


def _node_colors(n: int, of_node: np.ndarray | None, given: Mapping[int, str] | None) -> list[str]:
    if of_node is None:
        return [TRUNK] * (2 * n - 1)
    colors = label_colors(of_node[:n], given) | {MIXED: TRUNK}
    return [colors[label] for label in of_node.tolist()]


def _branches(ax: Axes, info: dict[str, Any]) -> None:
    """Draw all joints as one artist."""
    from matplotlib.collections import LineCollection

    lines = np.stack([np.array(info["icoord"]), np.array(info["dcoord"])], axis=-1)
    ax.add_collection(
        LineCollection(list(lines), colors=info["color_list"], linewidths=1.4), autolim=False
    )
    ax.set_xlim(0, 10 * len(info["ivl"]))
    # Where a centroid or median tree turns back, the top joint is not the highest one.
    top = lines[..., 1].max()
    ax.set_ylim(0, 1.05 * top if top > 0 else 1.0)
    ax.set_ylabel("distance")
    ax.yaxis.set_major_formatter("{x:,g}")
    for side in ("top", "right", "bottom"):
        ax.spines[side].set_visible(False)


def _leaves(
    ax: Axes,
    info: dict[str, Any],
    n: int,
    color_of: list[str],
    names: Sequence[str] | None,
    sizes: np.ndarray | None,
) -> None:
    """Write below each leaf what it is, in the colour of its cluster, and a key to that."""
    nodes = info["leaves"]
    words = [f"({int(w[1:-1]):,})" if w.startswith("(") else w for w in info["ivl"]]
    apart = ax.get_window_extent().width * 72 / ax.figure.figure.dpi / len(nodes)
    size = float(np.clip(MAX_FILLED * apart, 1, 9))
    named = names is not None and len(nodes) <= MAX_NAMED and size >= MIN_POINTS
    key = _key(words, named=named)
    ax.set_xlabel(key, fontsize=fitting_size(ax, key, 9), color="#666666")
    if names is not None and named:
        ems = max(MAX_EMS, MAX_FILLED * apart / size)
        single = [i for i in nodes if i < n and (sizes is None or sizes[i] == 1)]
        short = dict(zip(single, shorten_all([names[i] for i in single], ems), strict=True))
        words = [short.get(node, word) for node, word in zip(nodes, words, strict=True)]
    ax.set_xticks(5 + 10 * np.arange(len(nodes)))
    if size < MIN_POINTS:  # each second, third … leaf has its words
        step = math.ceil(MIN_POINTS / size)
        words = ["" if i % step else word for i, word in enumerate(words)]
        size = MIN_POINTS
    lying = named and max(map(width_of, words)) * size < apart
    ax.set_xticklabels(words, rotation=0 if lying else 90, fontsize=size)
    ax.tick_params(axis="x", length=0)
    for tick, node in zip(ax.get_xticklabels(), nodes, strict=True):
        tick.set_color(color_of[node])
        tick.set(parse_math=False, **font_of(tick.get_text()))


def _key(words: Sequence[str], *, named: bool) -> str:
    """Return what the words below the leaves mean, with the first of each kind.

    Examples
    --------
    >>> _key(["7", "(3)", "(2)"], named=False)
    '7: the image of row 7; (3): a branch of 3 images'
    """
    single = [word for word in words if not word.startswith("(")]
    branches = [word for word in words if word.startswith("(") and word != "(1)"]
    parts = [f"{word}: the image of row {word}" for word in single[:1] if not named]
    parts += [f"{word}: a branch of {word[1:-1]} images" for word in branches[:1]]
    return "; ".join(parts)


def _cut(ax: Axes, max_d: float | None, info: dict[str, Any], *, beside: bool) -> None:
    """Draw the line of a cut; its height stands beside the axes, or in the widest gap."""
    if max_d is None:
        return
    ax.set_ylim(0, max(ax.get_ylim()[1], 1.05 * max_d))
    ax.axhline(max_d, color="black", linestyle="--", linewidth=1)
    words = f"cut at {number(max_d)}"
    options: dict[str, Any] = {"fontsize": 9, "textcoords": "offset points"}
    if beside:
        words = words.replace("at ", "at\n")
        where = ("axes fraction", "data")
        ax.annotate(words, (1, max_d), (3, 0), xycoords=where, va="center", **options)
        return
    x, y = np.array(info["icoord"]), np.array(info["dcoord"])
    crossed = np.r_[x[:, 0][y[:, 0] <= max_d], x[:, 3][y[:, 3] <= max_d]]
    tops = np.r_[y[:, 1][y[:, 0] <= max_d], y[:, 2][y[:, 3] <= max_d]]
    edges = np.sort(np.r_[ax.get_xlim(), crossed[tops > max_d]])
    widest = int(np.diff(edges).argmax())
    middle = (edges[widest] + edges[widest + 1]) / 2
    paper = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1}
    ax.annotate(words, (middle, max_d), (0, 4), ha="center", bbox=paper, **options)


def _counted(Z: np.ndarray, info: dict[str, Any], sizes: np.ndarray) -> list[str]:
    """Return how many images are below each leaf that is drawn, in brackets."""
    below = [int(size) for size in sizes]
    for left, right in Z[:, :2].astype(int).tolist():
        below.append(below[left] + below[right])
    return [f"({below[node]})" for node in info["leaves"]]


def _title(
    n: int, labels: np.ndarray | None, leaves: int, whole: bool, sizes: np.ndarray | None
) -> str:
    title = pluralize(n if sizes is None else int(np.sum(sizes)), "image")
    if labels is not None:
        title += f" in {pluralize(len(np.unique(labels[labels >= 0])), 'cluster')}"
    if sizes is not None:
        title += f", built from {pluralize(n, 'micro-cluster')}"
    if not whole:
        title += f", the uppermost {leaves:,} branches"
    return title
