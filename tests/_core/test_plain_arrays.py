"""What users hold numbers in becomes a plain array, or an error that names the row."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from clustimage import (
    Clustimage,
    InvalidDataError,
    imresize,
    imscale,
)
from clustimage._core.plain_arrays import plain_array
from clustimage._distances.metrics import check_rows
from clustimage.cluster.confidence._known_labels import compare_with_known
from clustimage.cluster.tree._cannot_link import read_groups
from clustimage.features import extract_hog, read_features
from clustimage.images import check_timestamps, load_images
from clustimage.similarity import pick_unique

X = np.arange(12.0).reshape(4, 3)
MASKED = np.ma.masked_array(X, mask=X == 7)
NULLABLE = pd.DataFrame(X.astype(int), index=list("abcd")).astype("Int64")


@pytest.mark.parametrize(
    "values",
    [
        NULLABLE,
        NULLABLE.astype({0: "Float64", 1: "int32", 2: "UInt8"}),
        pd.DataFrame(X).astype(pd.SparseDtype(float)),
        pd.Series(list(X)),
        pd.Series(X.tolist()),
        pd.DataFrame({"embedding": list(X.astype("f2"))}),
        np.ma.masked_array(X),
        X.astype(object),
        [X[0], *X[1:]],
    ],
    ids=lambda values: type(values).__name__,
)
def test_tables_columns_and_lists_of_numbers_are_features(values):
    np.testing.assert_array_equal(read_features(values), X)


def test_columns_keep_their_whole_numbers():
    assert plain_array("images", NULLABLE).dtype == np.int64
    assert plain_array("labels", pd.array([1, 2], dtype="Int8")).dtype == np.int8


@pytest.mark.parametrize("kind", ["float16", "bfloat16", "float32", "float64"])
def test_tensors_of_any_type_also_those_that_need_gradients(kind):
    torch = pytest.importorskip("torch")
    tensor = torch.tensor(X, dtype=getattr(torch, kind), requires_grad=True)
    rows = read_features(tensor)
    np.testing.assert_array_equal(rows, X)
    assert rows.dtype == np.float32


@pytest.mark.parametrize(
    "values, words",
    [
        (NULLABLE.mask(NULLABLE == 7), r"NA.*1 of 4 rows with some, first: row 2 \('c'\)"),
        (pd.Series([1, None], dtype="Int64"), r"NA.*1 of 2 rows with some, first: row 1\."),
        (MASKED, "no masked values, first in row 2"),
        (pd.DataFrame({"id": list("ab"), "x": [1, 2]}), "Columns that hold something else: 'id'"),
        (pd.Series([[1, 2], [3]]), "one length, 2 as in row 0. Got 1 values in row 1"),
        (np.where(X == 7, np.nan, X), "NaN or infinite values: in 1 of 4 rows, first in row 2"),
        (X.astype(str), "its type is <U32"),
        (X + 1j, "complex128"),
        (X.astype("M8[s]"), "datetime64"),
        (X[0], r"One row is given as x\[np.newaxis\]"),
        (X * 1e-300, r"from 1e-15 to 1e\+15, or be all 0. Got 1.1e-299"),
    ],
)
def test_what_are_no_features_is_named(values, words):
    with pytest.raises(InvalidDataError, match=words):
        read_features(values)


def test_a_sparse_matrix_is_not_unpacked_without_a_word():
    sparse = pytest.importorskip("scipy.sparse")
    with pytest.raises(InvalidDataError, match=r"sparse matrix. Give X.toarray\(\)"):
        read_features(sparse.csr_matrix(X))


@pytest.mark.parametrize(
    "take",
    [
        load_images,
        lambda values: load_images([values, values]),
        lambda values: load_images(list(values)),
        lambda values: load_images(pd.DataFrame(values).astype("Int64").mask(values.mask)),
        imscale,
        lambda values: imresize(values, (2, 2)),
        extract_hog,
        read_features,
        lambda values: check_rows("feat", values),
        lambda values: pick_unique(X, values[2].astype(int)),
        lambda values: check_timestamps(values[2]),
        lambda values: read_groups(values[2], 3),
        lambda values: compare_with_known(np.arange(3), values[2], *[list("abc")] * 2),
        lambda values: Clustimage(verbose="error").fit_transform(features=values),
    ],
)
def test_masked_and_missing_values_are_refused_wherever_arrays_come_in(take):
    with pytest.raises(InvalidDataError, match="no (masked|missing) values.*row|row [012]"):
        take(MASKED)


def test_objects_in_a_file_are_not_loaded(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{}]), allow_pickle=True)
    with pytest.raises(InvalidDataError, match="Python objects, which are not loaded"):
        read_features(tmp_path / "a.npy")
    with pytest.raises(InvalidDataError, match=r"x\.parquet'. Load other files first"):
        read_features("x.parquet")
