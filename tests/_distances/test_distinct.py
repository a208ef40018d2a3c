import numpy as np

from clustimage._distances.distinct import name_distinct_rows


def test_equal_rows_have_one_name():
    X = np.random.default_rng(0).integers(0, 3, (200, 3)).astype(np.float32)
    names = name_distinct_rows(X, 200)
    _, first, inverse = np.unique(X, axis=0, return_index=True, return_inverse=True)
    np.testing.assert_array_equal(names, np.argsort(np.argsort(first))[inverse.ravel()])


def test_it_ends_where_there_are_too_many():
    X = np.arange(10.0)[:, None]
    assert name_distinct_rows(X, 9) is None
    assert name_distinct_rows(X, 10).tolist() == [*range(10)]


def test_rows_need_not_lie_in_one_piece():
    X = np.arange(40.0).reshape(4, 10)[:, ::2] % 20
    assert name_distinct_rows(np.asfortranarray(X), 4).tolist() == [0, 1, 0, 1]
