"""The same images give the same groups, in whatever order they come."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from clustimage import Clustimage, import_example, listdir
from clustimage.cluster import CLUSTERERS
from clustimage.cluster.tree import _strategy
from clustimage.features import EXTRACTORS
from clustimage.similarity import _fit_null

N_IMAGES, N_COPIES, SIDE = 120, 6, 32
ORDERS = (1, 2)  # seeds
PACKAGES = {"leiden": "sknetwork", "evoc": "evoc", "cnn": "torch"}
# Fisher vectors take long to learn, and faces need crops (see _model/test_people.py): both have
# tests of their own; the others are no images.
LEFT_OUT = (None, "fisher", "exif", "face", "precomputed")
BY_KIND = {kind: str(name) for name, kind in EXTRACTORS.items() if name not in LEFT_OUT}
METHODS = [*BY_KIND.values(), "color+gist"]
COMPILED = ("ahash", "pca")  # features that EVoC is tried with: it is slow to compile
PARAMS_CNN = {"model": "squeezenet1_1", "weights": None, "n_components": 20}


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = import_example("photos", dirpath=tmp_path_factory.mktemp("photos"))
    return listdir(folder)[:: 300 // N_IMAGES][: N_IMAGES - N_COPIES]


@pytest.fixture(scope="module")
def photos(paths: list[str]) -> np.ndarray:
    """Pictures, some of them twice."""
    from PIL import Image

    pixels = [np.asarray(Image.open(path).convert("RGB").resize((SIDE, SIDE))) for path in paths]
    return np.stack([*pixels, *pixels[:N_COPIES]])


def orders() -> list[np.ndarray]:
    """Return the images as they are, and in other orders."""
    others = [np.random.default_rng(seed).permutation(N_IMAGES) for seed in ORDERS]
    return [np.arange(N_IMAGES), *others]


def put_back(values: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Return values of images in an order as those of the images as they are."""
    back = np.empty_like(values)
    back[order] = values
    return back


class ByPosition:
    """A clusterer that looks at where rows stand."""

    def fit_predict(self, X: np.ndarray) -> np.ndarray:
        self.rows = X.copy()
        return np.arange(len(X)) % 3


def needs(name: str) -> None:
    if name in PACKAGES and not find_spec(PACKAGES[name]):
        pytest.skip(f"{PACKAGES[name]} is not installed")


def models(photos: np.ndarray, method: str, **settings: Any) -> list[Clustimage]:
    """Return a model with features for each order."""
    needs(method)
    made = []
    for order in orders():
        cl = Clustimage(
            method=method,
            dim=(SIDE, SIDE),
            params_cnn=PARAMS_CNN,
            verbose="error",
            n_jobs=1,
            **settings,
        )
        cl.extract_feat(cl.import_data(photos[order]))
        made.append(cl)
    return made


def compare(made: list[Clustimage], **asked: Any) -> None:
    """Cluster each model, and compare labels and unique images."""
    rows = made[0].results["feat" if made[0].images_ is None else "img"]
    same = np.unique(rows, axis=0, return_inverse=True)[1].ravel()  # copies can stand for another
    labels, unique = [], []
    for cl, order in zip(made, orders(), strict=True):
        labels.append(put_back(cl.cluster(**asked), order))
        assert cl.results_unique is not None
        unique.append(same[order[cl.results_unique["idx"]]])
    for other, picked in zip(labels[1:], unique[1:], strict=True):
        np.testing.assert_array_equal(other, labels[0])
        np.testing.assert_array_equal(picked, unique[0])


@pytest.mark.parametrize("method", METHODS)
def test_labels_do_not_depend_on_the_order_of_the_images(method, photos):
    made = models(photos, method)
    first = made[0].results["feat"]
    for cl, order in zip(made, orders(), strict=True):
        np.testing.assert_array_equal(put_back(cl.results["feat"], order), first)
    for cluster, kind in sorted(CLUSTERERS.items()):
        if cluster == "evoc" and method not in COMPILED:
            continue
        if cluster not in PACKAGES or find_spec(PACKAGES[cluster]):
            most = {"max_clust": 9} if kind.chooses_k else {}
            compare(made, cluster=cluster, min_clust=2, **most)
    compare(made, sim=0.6, metric="hamming" if method.endswith("hash") else "euclidean")


def test_nor_does_what_is_learned_from_a_sample_of_the_images(photos):
    few = photos[:4]
    first = Clustimage(method="fisher", dim=(SIDE, SIDE), verbose="error", n_jobs=1)
    rows = first.extract_feat(first.import_data(few))
    other = Clustimage(method="fisher", dim=(SIDE, SIDE), verbose="error", n_jobs=1)
    np.testing.assert_array_equal(other.extract_feat(other.import_data(few[::-1]))[::-1], rows)


def test_nor_do_those_of_features_that_are_given(photos):
    # Whole numbers, so that many distances tie.
    rows = photos[:, ::8, ::8, 0].reshape(N_IMAGES, -1) // 64
    made = []
    for order in orders():
        cl = Clustimage("precomputed", embedding=None, verbose="error")
        cl.extract_feat(features=rows[order])
        made.append(cl)
    compare(made, metric="cityblock", linkage="average")
    compare(made, cluster="kmeans")
    compare(made, cluster_space="graph")
    groups = np.arange(N_IMAGES) % 40
    labels = [
        put_back(cl.cluster(cannot_link=groups[order], linkage="average"), order)
        for cl, order in zip(made, orders(), strict=True)
    ]
    for other in labels[1:]:
        np.testing.assert_array_equal(other, labels[0])


@pytest.mark.parametrize("embedding", ["tsne", "pca"])
def test_nor_does_the_map(embedding, photos):
    made = models(photos, "phash", embedding=embedding)
    maps = [put_back(cl.embedding(), order) for cl, order in zip(made, orders(), strict=True)]
    for cl, other in zip(made, maps, strict=True):
        np.testing.assert_allclose(other, maps[0], rtol=1e-5, atol=1e-5)
        np.testing.assert_array_equal(cl.embedder_.embedding_, cl.results["xycoord"])
    compare(made, cluster_space="low")
    compare(made, cluster_space="low", cluster="kmeans")


def test_nor_do_those_of_micro_clusters(photos, monkeypatch):
    monkeypatch.setattr(_strategy, "MAX_ROWS_OF_FULL_TREE", 100)
    for method in ("ahash", "pca"):
        made = models(photos, method)
        compare(made, n_clusters=6)
        assert all(cl.clustering_.micro is not None for cl in made)


def test_nor_does_the_verdict(photos):
    made = models(photos, "ahash")
    verdicts = []
    for cl in made:
        cl.cluster(n_clusters=6)
        verdict, img = cl.verdict, cl.results["img"]
        shown = [img[list(some)].sum(axis=1).tolist() for some in (verdict.typical, verdict.oddest)]
        table = cl.cluster_table()[["cohesion", "stability", "split"]].astype(float)
        verdicts.append(
            (verdict.score, verdict.k_range, shown, table.fillna(0).to_numpy().tolist())
        )
    assert verdicts[0] == verdicts[1] == verdicts[2]


def test_nor_do_the_p_values_of_find(photos, monkeypatch):
    for name in ("MIN_PAIRS", "MAX_PAIRS"):  # a sample of the pairs
        monkeypatch.setattr(_fit_null, name, 300)
    made = models(photos, "ahash")
    for cl in made:
        cl.cluster(n_clusters=6)
        cl.find(photos[:2], k=3, alpha=None)
    assert made[0].distribution_ == made[1].distribution_ == made[2].distribution_


@pytest.mark.parametrize("loaded", [False, True])
def test_nor_do_the_images_that_find_returns_of_equally_near_ones(loaded, photos, tmp_path):
    found = []
    for i, (cl, order) in enumerate(zip(models(photos, "colorhash"), orders(), strict=True)):
        cl.cluster(n_clusters=6)
        if loaded:  # without the ranks of all rows
            cl = Clustimage.load(cl.save(tmp_path / str(i)))
        tables = cl.find(photos[:4], k=7, alpha=None)
        rows = [order[table["y_idx"]] for name, table in tables.items() if name != "feat"]
        found.append([[photos[row].tobytes() for row in some] for some in rows])
        distances = [t["distance"].round(6) for name, t in tables.items() if name != "feat"]
        assert any(t.duplicated().any() for t in distances)
    assert found[0] == found[1] == found[2]


def test_a_cut_of_the_tree_gives_the_same_numbers(photos):
    made = models(photos, "ahash")
    labels = []
    for cl, order in zip(made, orders(), strict=True):
        cl.cluster(n_clusters=3)
        height = float(np.unique(cl.clustering_.tree[:, 2])[-12])
        labels.append(put_back(cl.dendrogram(max_d=height)["labels"], order))
        tree = cl.clustering_.tree
        first = tree[0, :2].astype(int)  # the leaves are the images as they were given
        feat = cl.results["feat"]
        assert np.linalg.norm(feat[first[0]] - feat[first[1]]) == pytest.approx(tree[0, 2])
    np.testing.assert_array_equal(labels[1], labels[0])
    np.testing.assert_array_equal(labels[2], labels[0])


def test_an_object_of_the_users_gets_the_rows_as_they_stand(photos):
    clusterer = ByPosition()
    cl = models(photos, "ahash")[1]
    labels = cl.cluster(clusterer)
    assert len(np.unique(labels[::3])) == 1
    np.testing.assert_array_equal(clusterer.rows, cl.results["feat"])


def test_so_does_it_get_the_coordinates_of_a_graph(photos):
    rows = []
    for cl, order in zip(models(photos, "pca"), orders(), strict=True):
        clusterer = ByPosition()
        cl.cluster(clusterer, cluster_space="graph")
        rows.append(put_back(clusterer.rows, order))
    np.testing.assert_array_equal(rows[1], rows[0])
    np.testing.assert_array_equal(rows[2], rows[0])


def test_times_and_groups_stay_with_their_images(photos):
    made = models(photos, "ahash")
    times, groups = np.arange(N_IMAGES) // 10 % 4 * 3600.0, np.arange(N_IMAGES) // 3
    asked = {"time_weight": (0.5, 0.5, 0.0), "apart": (False, True, True)}
    for weight, apart in zip(*asked.values(), strict=True):
        labels = [
            put_back(
                cl.cluster(
                    linkage="average",
                    n_clusters=9,
                    time_weight=weight,
                    timestamps=times[order],
                    cannot_link=groups[order] if apart else None,
                ),
                order,
            )
            for cl, order in zip(made, orders(), strict=True)
        ]
        np.testing.assert_array_equal(labels[1], labels[0])
        np.testing.assert_array_equal(labels[2], labels[0])
        if apart:
            assert all(len(set(labels[0][groups == group])) == 3 for group in range(40))


def test_new_images_join_the_same_clusters(paths):
    found = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        cl = Clustimage("ahash", embedding=None, dim=(SIDE, SIDE), verbose="error", n_jobs=1)
        cl.fit_transform(rng.permutation(paths[:70]).tolist(), n_clusters=5)
        predicted = cl.predict(paths[70:]).tolist()
        cl.update(rng.permutation(paths).tolist(), recluster=False)
        labels = dict(zip(cl.results["pathnames"], cl.labels_.tolist(), strict=True))
        cl.update(rng.permutation(paths).tolist(), recluster=True)
        again = dict(zip(cl.results["pathnames"], cl.labels_.tolist(), strict=True))
        found.append((predicted, labels, again))
    assert found[0] == found[1] == found[2]
