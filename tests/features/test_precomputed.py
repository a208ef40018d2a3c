"""Features that a user brings: what they may be, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import normalize

from clustimage import InvalidDataError
from clustimage.features import PrecomputedExtractor, make_extractor, read_features

E = np.random.default_rng(0).normal(size=(12, 5))


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i4", "u1"])
def test_numbers_of_any_type_become_float32(dtype):
    rows = (E * 10).astype(dtype)
    feat = PrecomputedExtractor().fit_transform(rows)
    assert feat.dtype == np.float32 and feat.flags.c_contiguous
    np.testing.assert_array_equal(feat, rows.astype(np.float32))


def test_tables_lists_and_files_are_taken(tmp_path):
    np.save(tmp_path / "rows.npy", E)
    for given in (pd.DataFrame(E), E.tolist(), tmp_path / "rows.npy", str(tmp_path / "rows.npy")):
        np.testing.assert_array_equal(read_features(given), E)


def test_tensors_are_taken_also_of_types_that_numpy_lacks():
    torch = pytest.importorskip("torch")
    rows = torch.tensor(E, requires_grad=True)
    np.testing.assert_array_equal(read_features(rows), E.astype(np.float32))
    half = read_features(rows.to(torch.bfloat16))
    assert half.dtype == np.float32 and np.abs(half - E).max() < 0.02


def test_rows_of_length_one_are_those_of_scikit_learn():
    feat = PrecomputedExtractor(normalize=True).fit_transform(E)
    np.testing.assert_allclose(feat, normalize(E), rtol=1e-6)


def test_a_row_of_zeros_stays_as_it_is():
    feat = PrecomputedExtractor(normalize=True).fit_transform(np.zeros((2, 3)))
    np.testing.assert_array_equal(feat, np.zeros((2, 3)))


@pytest.mark.parametrize(
    "given, words",
    [
        (np.zeros(5), "one row per image.*shape \\(5,\\)"),
        (np.zeros((0, 5)), "one row per image"),
        (np.zeros((2, 3, 4)), "one row per image"),
        (np.array([["a", "b"]]), "matrix of numbers"),
        (np.array([[np.nan, 1.0]]), "NaN"),
        (np.array([[np.inf, 1.0]]), "infinite"),
        (np.array([[1e300, 1.0]]), r"from 1e-15 to 1e\+15.*Got 1e\+300. Multiply"),
        (np.array([[1e16, 1.0]], dtype=np.float32), r"Got 1e\+16"),
        (np.array([[-1e-16, 0.0]], dtype=np.float32), "Got 1e-16"),
        (np.ma.masked_array(E, mask=E > 1), "masked"),
        (pd.DataFrame({"a": ["x"], "b": [1]}), "matrix of numbers"),
    ],
)
def test_what_is_no_finite_matrix_is_refused(given, words):
    with pytest.raises(InvalidDataError, match=words):
        read_features(given)


def test_files_that_cannot_be_read_are_named(tmp_path):
    (tmp_path / "text.npy").write_text("no array")
    np.save(tmp_path / "objects.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    for name, words in [
        ("text.npy", "Cannot read features from .*text.npy"),
        ("objects.npy", "Cannot read features from .*objects.npy"),
        ("none.npy", "no file of features .*none.npy"),
        ("rows.csv", "numpy.save wrote.*rows.csv"),
    ]:
        with pytest.raises(InvalidDataError, match=words):
            read_features(tmp_path / name)


def test_another_number_of_columns_is_refused():
    extractor = PrecomputedExtractor().fit(E)
    with pytest.raises(InvalidDataError, match="must have 5 columns, as the features have. Got 4"):
        extractor.transform(E[:, :4])


def test_images_have_no_features_here():
    with pytest.raises(InvalidDataError, match="features=..."):
        make_extractor("precomputed", {}).fit_images(None)
