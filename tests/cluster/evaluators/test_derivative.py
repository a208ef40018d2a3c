import numpy as np
import pytest

from clustimage._core.errors import InvalidDataError
from clustimage.cluster import build_tree, search_k
from clustimage.cluster._candidates import Candidates
from clustimage.cluster.evaluators._derivative import Derivative, height_acceleration


def test_acceleration_is_the_second_difference_of_the_heights(blobs):
    tree = build_tree(blobs[0])
    heights = tree[:, 2]
    # k clusters are left after merge n - k.
    at = {k: heights[len(tree) - k] for k in range(1, len(tree) + 1)}
    acceleration = height_acceleration(tree)
    for k in (2, 3, 6, 200):
        assert acceleration[k - 2] == pytest.approx(at[k - 1] - 2 * at[k] + at[k + 1])
    assert len(acceleration) == len(blobs[0]) - 2


def test_the_choice_stays_within_the_range(blobs):
    found = search_k(blobs[0], evaluate="derivative", min_clust=4, max_clust=9)
    assert found.score["clusters"] == [4, 5, 6, 7, 8]
    inside = height_acceleration(found.tree)[2:7]
    np.testing.assert_allclose(found.score["score"], inside)
    assert found.n_found == 4 + int(np.argmax(inside))


def test_heights_equal_those_of_clusteval(digit_features):
    from clusteval import derivative

    theirs = derivative.fit(digit_features[:300], min_clust=2, max_clust=25, verbose="silent")
    ours = height_acceleration(build_tree(digit_features[:300]))
    np.testing.assert_allclose(ours[2:20], theirs["fig"]["acceleration_rev"][2:20])


def test_labellings_without_a_tree_are_refused():
    with pytest.raises(InvalidDataError, match="tree"):
        Derivative().score(np.eye(3), Candidates([np.array([0, 0, 1])], [2]))
