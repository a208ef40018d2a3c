import json

import numpy as np

from clustimage.cluster import Clustering, cut_tree_at, search_k, with_other_labels


def test_state_holds_arrays_and_json_only_and_comes_back(blobs):
    for options in ({}, {"cluster": "dbscan"}, {"n_clusters": 1}):
        found = search_k(blobs[0], **options)
        state = found.get_state()
        plain = {
            key: value for key, value in state.items() if key not in ("labels", "tree", "score")
        }
        assert json.loads(json.dumps(plain)) == plain
        assert all(isinstance(column, np.ndarray) for column in state["score"].values())
        back = Clustering.from_state(state)
        np.testing.assert_equal(back.get_state(), state)
        assert type(back.score["score"]) is list
        assert back.cut == found.cut


def test_the_cut_lies_between_two_merges(blobs):
    found = search_k(blobs[0], n_clusters=5)
    heights = found.tree[:, 2]
    assert found.cut == ((heights[-5] + heights[-4]) / 2, heights[-5], heights[-4])
    assert search_k(blobs[0], cluster="kmeans", n_clusters=5).cut is None


def test_another_cut_keeps_the_tree_and_the_scores(blobs):
    found = search_k(blobs[0], min_size=5)
    heights = found.tree[:, 2]
    labels = cut_tree_at(found.tree, (heights[-29] + heights[-30]) / 2)
    recut = with_other_labels(found, labels)
    assert recut.n_found == 30
    assert recut.tree is found.tree
    assert recut.score == found.score
    kept = recut.labels[recut.labels >= 0]
    assert np.bincount(kept).min() >= 5
    assert found.n_found != 30
