"""Arrays of every kind through the whole chain, made by Hypothesis.

Either a sentence that says what is wrong, or results that fit together.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from clustimage import Clustimage, ClustimageError

METHODS = ("pca", "ahash", "phash", "dhash", "whash-haar", "colorhash", "color", "gist", "hog")
METHODS += ("pca-hog", "crop-resistant-hash", "color+gist", None)
CLUSTERERS = ("agglomerative", "kmeans", "dbscan", "hdbscan")
METRICS = ("euclidean", "cityblock", "cosine", "correlation", "chebyshev", "hamming")
LINKAGES = ("ward", "average", "complete", "single", "weighted", "centroid", "median")
EVALUATORS = ("silhouette", "dbindex", "calinski", "derivative", "elbow")
NUMBERS = ("u1", "i1", "?", "u2", "i2", ">u2", "i4", "u8", "f2", "f4", ">f4", "f8", "g")
OTHERS = ("c8", "O", "U4", "S3", "M8[s]", "m8[D]")
LAYOUTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "C": np.ascontiguousarray,
    "Fortran": np.asfortranarray,
    "reversed": lambda X: np.ascontiguousarray(X[::-1])[::-1],
    "every second": lambda X: np.repeat(X, 2, axis=0)[::2],
    "last axis reversed": lambda X: np.ascontiguousarray(X[..., ::-1])[..., ::-1],
    "inside a larger one": lambda X: np.pad(X, 1)[(slice(1, -1),) * X.ndim],
    "one row, repeated": lambda X: np.broadcast_to(X[:1], X.shape),
    "unaligned": lambda X: unaligned(X),
}


def unaligned(X: np.ndarray) -> np.ndarray:
    if X.dtype.hasobject:
        return X
    out = np.empty(X.nbytes + 1, np.uint8)[1:].view(X.dtype).reshape(X.shape)
    out[...] = X
    return out


@st.composite
def values(draw: st.DrawFn, shape: tuple[int, ...], high: float) -> np.ndarray:
    """Float64 from 0 to `high`: noise, groups, few values, one value, duplicates."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kind = draw(st.sampled_from(["noise", "groups", "few", "one", "rows twice", "zero"]))
    X = rng.random(shape)
    if kind == "groups" and shape[0]:
        X = np.clip(X[rng.integers(0, min(3, shape[0]), shape[0])] + X / 20, 0, 1)
    elif kind == "few":
        X = np.rint(X)
    elif kind in ("one", "zero"):
        X = np.full(shape, X.flat[0] if kind == "one" and X.size else 0.0)
    elif kind == "rows twice" and shape[0]:
        X = X[rng.integers(0, shape[0], shape[0])]
    return X * high


@st.composite
def laid_out(draw: st.DrawFn, X: np.ndarray) -> np.ndarray:
    X = LAYOUTS[draw(st.sampled_from(sorted(LAYOUTS)))](X)
    X.flags.writeable = False
    return X


def spoil(draw: st.DrawFn, X: np.ndarray) -> np.ndarray:
    """Put a value into an array that is not allowed, or at the end of what is."""
    bad = st.sampled_from([np.nan, np.inf, -np.inf, -1.0, 1e300, -1e-300, 1e-300, 256.0, 0.5])
    if X.size and draw(st.integers(0, 4)) == 4:
        X.flat[draw(st.integers(0, X.size - 1))] = draw(bad)
    return X


@st.composite
def images(draw: st.DrawFn) -> Any:
    """Arrays that may be images, flattened or not, and lists of such."""
    n = draw(st.sampled_from([5, 6, 9, 14, 4, 3, 2, 1, 0]))
    side = st.sampled_from([1, 2, 3, 7, 8, 16, 21])
    height, width = draw(side), draw(side)
    channels = draw(st.sampled_from([None, 1, 3, 4, None, 1, 3, 4, 2, 5]))
    inner = (height, width) if channels is None else (height, width, channels)
    if draw(st.integers(0, 5)) == 0:
        inner = (int(np.prod(inner)),)
    kind = np.dtype(draw(st.sampled_from(NUMBERS * 5 + OTHERS)))
    high = draw(st.sampled_from([1, 1, 1, 255, 1000, 65535, 1e-30, 1e30]))
    if kind.kind in "iu":
        high = min(max(high, 255), float(np.iinfo(kind).max))
    X = spoil(draw, draw(values((n, *inner), high)))
    with np.errstate(all="ignore"):
        X = X.astype(kind) if kind.kind in "buifcOS" else np.rint(X % 9).astype("i8").astype(kind)
    X = draw(laid_out(X))
    if draw(st.integers(0, 5)) == 0:
        return [row[: max(1, len(row) - i % 3)] for i, row in enumerate(X)]  # of several sizes
    return X


@st.composite
def features(draw: st.DrawFn) -> Any:
    """Matrices of numbers."""
    n = draw(st.one_of(st.integers(4, 24), st.integers(0, 24)))
    width = draw(st.sampled_from([*range(1, 9), 40, 0]))
    scale = draw(st.sampled_from([1, 1, 1, 1e-3, 1e6, 1e-14, 1e12, 1e14, 1e-20, 1e19, 1e300]))
    shift = draw(st.sampled_from([0, 0, -0.5, 1000, 1e6]))
    with np.errstate(all="ignore"):
        X = (draw(values((n, width), 1.0)) + shift) * scale
        if draw(st.integers(0, 3)) == 3 and X.size:
            X[:, 0] *= draw(st.sampled_from([0, 1e-12, 1e12, 1e-300]))
    kind = np.dtype(draw(st.sampled_from((*NUMBERS * 2, *["f4", "f8"] * 5, *OTHERS[:2]))))
    X = spoil(draw, X)
    with np.errstate(all="ignore"):
        X = X.astype(kind)
    return draw(laid_out(X))


@st.composite
def asked(draw: st.DrawFn) -> dict[str, Any]:
    """Arguments of `cluster`, most of which can be combined."""
    words: dict[str, Any] = {"cluster": draw(st.sampled_from(CLUSTERERS))}
    some = st.integers(0, 3).map(lambda i: i == 0)
    tree = words["cluster"] == "agglomerative"
    if draw(some) and words["cluster"] != "kmeans":
        words["metric"] = draw(st.sampled_from(METRICS))
    if tree and draw(some):
        plain = words.get("metric", "euclidean") == "euclidean"
        words["linkage"] = draw(st.sampled_from(LINKAGES if plain else LINKAGES[1:5]))
    elif tree and "metric" in words:
        words["linkage"] = "average"
    if draw(some):
        words["evaluate"] = draw(st.sampled_from(EVALUATORS if tree else EVALUATORS[:3]))
    how = draw(st.sampled_from(["search", "search", "n_clusters", "sim"]))
    if how == "sim" and tree:
        words["sim"] = draw(st.sampled_from([0.0, 0.3, 0.9, 1.0]))
    elif how == "n_clusters":
        words["n_clusters"] = draw(st.integers(1, 4))
    else:
        words["min_clust"] = draw(st.sampled_from([2, 2, 3]))
    if draw(some):
        words["min_size"] = draw(st.integers(1, 4))
    if draw(some):
        words["cluster_space"] = draw(st.sampled_from(["high", "low", "graph"]))
    return words


def fitted(make: Callable[[], Clustimage], words: dict[str, Any]) -> Clustimage | None:
    """Return a fitted model; None where an error says what is wrong, twice the same."""
    said = []
    for _ in range(2):
        cl = make()
        try:
            cl.fit_transform(**words)
        except ClustimageError as error:
            said.append(str(error))
            assert said[-1].rstrip().endswith((".", "…")), said
        else:
            assert not said
            return cl
    assert said[0] == said[1]
    return None


def check_results(cl: Clustimage, n: int) -> None:
    """Whether results have a row for each image, and belong together."""
    labels, feat = cl.results["labels"], cl.results["feat"]
    assert labels.shape == (n,) and labels.dtype.kind == "i" and labels.min() >= -1
    sizes = np.bincount(labels[labels >= 0])
    assert (sizes > 0).all() and (np.diff(sizes) <= 0).all()
    assert feat.shape[0] == n and feat.dtype == np.float32 and np.isfinite(feat).all()
    if (xycoord := cl.results["xycoord"]) is not None:
        assert xycoord.shape == (n, 2) and np.isfinite(xycoord).all()
    for key in ("pathnames", "filenames", "url"):
        assert len(cl.results[key]) == n
    if cl.results["img"] is not None:
        assert cl.results["img"].dtype == np.uint8 and len(cl.results["img"]) == n
    unique = cl.results_unique
    assert sorted(unique["labels"]) == sorted(set(labels.tolist()) - {-1})
    assert (labels[unique["idx"]] == unique["labels"]).all()
    table = cl.to_frame()
    assert len(table) == n and (table["label"] == labels).all()
    distance = table["distance_to_center"].to_numpy(dtype=float)
    assert (distance[labels >= 0] >= 0).all() and np.isfinite(distance[labels >= 0]).all()
    assert table["is_unique"].sum() == len(unique["idx"])


def check_questions(cl: Clustimage, query: dict[str, Any], n: int) -> None:
    """Whether each image finds itself first, or an equal one, and joins a cluster."""
    found = cl.find(**query, k=min(2, n))
    tables = [table for key, table in found.items() if key != "feat"]
    assert len(tables) == len(found["feat"]) > 0
    for table in tables:
        assert len(table) >= min(2, n)
        distance, y_proba = table["distance"].to_numpy(), table["y_proba"].to_numpy(dtype=float)
        assert np.isfinite(distance).all() and (np.diff(distance) >= 0).all()
        assert ((y_proba >= 0) & (y_proba <= 1) | np.isnan(y_proba)).all()
    joined = cl.predict(**query)
    assert joined.shape == (len(tables),)
    assert set(joined.tolist()) <= {*cl.results["labels"].tolist(), -1}


def check_saved(cl: Clustimage) -> None:
    with TemporaryDirectory() as folder:
        back = Clustimage.load(cl.save(Path(folder, "model")))
    for key in ("labels", "feat", "xycoord", "img"):
        np.testing.assert_array_equal(back.results[key], cl.results[key])
    assert back.to_frame().equals(cl.to_frame())
    assert back.results["filenames"].tolist() == cl.results["filenames"].tolist()


def in_another_order(X: Any, seed: int) -> tuple[Any, np.ndarray]:
    order = np.random.default_rng(seed).permutation(len(X))
    return [X[i] for i in order] if isinstance(X, list) else X[order], order


def same_groups(other: Clustimage, cl: Clustimage, order: np.ndarray) -> None:
    """Whether the images in another order are in the same groups; copies can swap theirs."""
    rows = cl.results["feat" if cl.results["img"] is None else "img"]
    names = np.unique(rows, axis=0, return_inverse=True)[1].ravel()
    pairs = sorted(zip(names.tolist(), cl.results["labels"].tolist(), strict=True))
    others = sorted(zip(names[order].tolist(), other.results["labels"].tolist(), strict=True))
    assert others == pairs


def copied(X: Any) -> Any:
    return [np.copy(row) for row in X] if isinstance(X, list) else np.copy(X)


def unchanged(X: Any, before: Any) -> None:
    np.testing.assert_equal(X, before)


def one_image(X: Any) -> bool:
    """Whether an array of three axes is one image in colour, not many gray ones."""
    return getattr(X, "ndim", 0) == 3 and X.shape[-1] in (1, 3, 4)


@given(X=images(), method=st.sampled_from(METHODS), words=asked(), seed=st.integers(0, 9))
def test_images_give_results_or_a_sentence(X, method, words, seed):
    settings = {"method": method, "embedding": ["pca", None][seed % 2], "grayscale": seed % 3 == 0}
    settings |= {"dim": (16, 16), "verbose": "silent", "n_jobs": 1}
    settings["grayscale"] |= "hog" in str(method)

    def make():
        return Clustimage(**settings)

    before = copied(X)
    cl = fitted(make, {"X": X, **words})
    unchanged(X, before)
    if cl is None or one_image(X):
        return
    check_results(cl, len(cl.import_status))
    again = make()
    again.fit_transform(X, **words)
    np.testing.assert_array_equal(again.results["labels"], cl.results["labels"])
    np.testing.assert_array_equal(again.results["feat"], cl.results["feat"])
    other, order = in_another_order(X, seed)
    again = make()
    again.fit_transform(other, **words)
    same_groups(again, cl, order)
    check_questions(cl, {"Xnew": X[:2]}, len(X))
    check_saved(cl)
    unchanged(X, before)


@given(E=features(), words=asked(), seed=st.integers(0, 9))
def test_features_give_results_or_a_sentence(E, words, seed):
    embedding = ["pca", None][seed % 2]

    def make():
        return Clustimage("precomputed", embedding=embedding, verbose="silent", n_jobs=1)

    before = np.copy(E)
    cl = fitted(make, {"features": E, **words})
    unchanged(E, before)
    if cl is None:
        return
    check_results(cl, len(E))
    again = make()
    again.fit_transform(features=E, **words)
    np.testing.assert_array_equal(again.results["labels"], cl.results["labels"])
    other, order = in_another_order(E, seed)
    again = make()
    again.fit_transform(features=other, **words)
    same_groups(again, cl, order)
    check_questions(cl, {"features": E[:2]}, len(E))
    check_saved(cl)
    unchanged(E, before)
