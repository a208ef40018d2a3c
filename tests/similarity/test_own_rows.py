"""Images of a model that do not find themselves."""

from __future__ import annotations

import os
import shutil

import numpy as np
import pytest
from PIL import Image

from clustimage import Clustimage, InvalidParameterError
from clustimage.cli import main
from clustimage.similarity import find_similar, fit_null, rows_of_equal, rows_of_files


def test_k_others_are_found_and_those_within_alpha():
    feat = np.random.default_rng(0).normal(size=(60, 3))
    feat[40] = feat[7]
    null = fit_null(feat)
    plain, found = (
        find_similar(feat, feat[[7]], k=4, alpha=0.02, null=null, without=without)[0]["y_idx"]
        for without in (None, [np.array([7])])
    )
    assert plain[:2].tolist() == [7, 40] and found[0] == 40
    only = [
        find_similar(feat, feat[[7]], k=k, alpha=None, null=null, without=without)[0]["y_idx"]
        for k, without in ((5, None), (4, [np.array([7])]), (4, [np.array([59])]))
    ]
    np.testing.assert_array_equal(only[0][1:], only[1])
    np.testing.assert_array_equal(only[0][:4], only[2])
    np.testing.assert_array_equal(plain[1 : 1 + len(found)], found[: len(plain) - 1])


def test_many_equal_rows_do_not_hide_the_row_itself():
    feat = np.zeros((50, 2), dtype=np.float32)
    feat[::2] = 1
    own = rows_of_equal(feat, feat)
    assert [rows.tolist() for rows in own] == [[i] for i in range(50)]
    found = find_similar(feat, feat[[48]], k=3, alpha=None, without=[own[48]])[0]
    assert found["y_idx"].tolist() == [0, 2, 4] and not found["distance"].any()


def test_a_file_is_known_by_its_path_also_where_it_is_gone():
    paths = np.array(["/gone/1.png", "/other/1.png", "/gone/1.png"], dtype=object)
    names = np.array(["1.png"] * 3, dtype=object)
    assert rows_of_files("/gone/1.png", paths, names).tolist() == [0, 2]
    none = rows_of_files("/elsewhere/1.png", paths, names)
    assert none.tolist() == [] and none.dtype == np.int64


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Twelve pictures and a copy of the first under another name."""
    path = tmp_path_factory.mktemp("self")
    rng = np.random.default_rng(0)
    for i in range(12):
        Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(path / f"{i:02}.png")
    shutil.copy(path / "00.png", path / "copy.png")
    return path


@pytest.fixture(scope="module")
def fitted(folder):
    cl = Clustimage(dim=(8, 8), embedding=None, verbose="error")
    return cl.fit(folder, n_clusters=3)


def names_found(cl, Xnew, **options):
    found = cl.find(Xnew, alpha=None, **options)
    return [table["y_filenames"].tolist() for name, table in found.items() if name != "feat"]


def test_files_of_the_model_are_known_by_their_path(fitted, folder, tmp_path):
    asked = [folder / "00.png", folder / "05.png"]
    assert names_found(fitted, asked, k=1) == [["00.png"], ["05.png"]]
    first, second = names_found(fitted, asked, k=12, exclude_self=True)
    assert first[0] == "copy.png" and "00.png" not in first
    assert len(second) == 12 and "05.png" not in second
    other = tmp_path / "00.png"
    shutil.copy(folder / "00.png", other)
    assert names_found(fitted, other, k=2, exclude_self=True) == [["00.png", "copy.png"]]
    with pytest.raises(InvalidParameterError, match="'k' must be a whole number from 1 to 12"):
        fitted.find(asked, k=13, alpha=None, exclude_self=True)


@pytest.mark.skipif(not hasattr(os, "symlink") or os.name == "nt", reason="links need rights")
def test_a_file_that_is_reached_through_a_link_is_the_same(fitted, folder, tmp_path):
    (tmp_path / "link").symlink_to(folder)
    asked = tmp_path / "link" / "00.png"
    assert names_found(fitted, asked, k=1, exclude_self=True) == [["copy.png"]]
    assert rows_of_files("/nowhere/00.png", np.array(["/a/00.png"]), np.array(["00.png"])).size == 0


def test_after_load_and_by_arrays(fitted, folder, tmp_path):
    back = Clustimage.load(fitted.save(tmp_path / "model"))
    assert names_found(back, folder / "00.png", k=1, exclude_self=True) == [["copy.png"]]
    pixels = np.asarray(Image.open(folder / "00.png"))
    assert names_found(fitted, [pixels], k=1, exclude_self=True) == [["copy.png"]]


@pytest.mark.parametrize("approximate", [False, True])
def test_vectors_of_the_model_do_not_find_themselves(approximate):
    if approximate:
        pytest.importorskip("faiss", reason="faiss is not installed")
    rows = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float16)
    rows[30] = rows[3]
    cl = Clustimage(method="precomputed", embedding="pca", verbose="error")
    cl.fit_transform(features=rows, normalize=True, n_clusters=3)
    options = {"k": 2, "alpha": None, "exclude_self": True, "approximate": approximate}
    found = cl.find(features=rows, **options)
    tables = [table["y_idx"].tolist() for name, table in found.items() if name != "feat"]
    assert tables[3][0] == 30 and tables[30][0] == 3
    assert all(i not in table and len(table) == 2 for i, table in enumerate(tables))


def test_where_features_were_given_files_of_the_model_are_known(folder):
    cl = Clustimage(dim=(8, 8), embedding=None, verbose="error")
    cl.fit_transform(folder, features=np.arange(13.0)[:, None] ** 2, n_clusters=3)
    assert names_found(cl, folder / "02.png", k=2) == [["02.png", "01.png"]]
    assert names_found(cl, folder / "02.png", k=2, exclude_self=True) == [["01.png", "00.png"]]
    assert cl.predict([folder / "02.png"])[0] == cl.labels_[2]


def test_the_command_line_has_it(fitted, folder, tmp_path, capsys):
    model = fitted.save(tmp_path / "model")
    main(["find", str(folder / "00.png"), "--model", model, "--k", "1", "--exclude-self"])
    assert "copy.png" in capsys.readouterr().out


def test_rows_of_equal_features_are_found_wherever_they_are():
    feat = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0], [2.0, 3.0]])
    assert [rows.tolist() for rows in rows_of_equal(feat[[1, 2]], feat)] == [[1], [2]]
    # Of several the one at the position of the query.
    assert [rows.tolist() for rows in rows_of_equal(feat, feat)] == [[0], [1], [2], [3]]
    (none,) = rows_of_equal(feat[[0]] + 1e-3, feat)
    assert none.shape == (0,) and none.dtype == np.int64
    # Another column differs.
    assert rows_of_equal(np.array([[0.0, 9.0]]), feat)[0].size == 0
    assert rows_of_equal(np.array([[0.0, 9.0]]), feat[:2] * [0, 3])[0].tolist() == [1]


def test_features_are_equal_up_to_a_hundred_thousandth_of_the_largest():
    feat = np.array([[0.0, 100.0], [5.0, 0.0]])
    for off, found in ((0.9e-3, [0]), (1.1e-3, []), (-0.9e-3, [0]), (-1.1e-3, [])):
        assert rows_of_equal(feat[[0]] + [0, off], feat)[0].tolist() == found
        assert rows_of_equal(feat[[0]] + [off, 0], feat)[0].tolist() == found
    assert rows_of_equal(-feat[[0]], -feat)[0].tolist() == [0]


def test_equal_features_may_be_of_different_images():
    feat, asked = np.zeros((4, 2)), []

    def same(query, row):
        asked.append((query, row))
        return row >= 2

    found = rows_of_equal(feat[:2], feat, same)
    assert [rows.tolist() for rows in found] == [[2], [2]]
    assert asked == [(0, 0), (0, 1), (0, 2), (1, 1), (1, 0), (1, 2)]
    assert rows_of_equal(feat[:1], feat, lambda query, row: False)[0].size == 0


def test_only_queries_at_the_given_positions_are_looked_at():
    feat = np.array([[0.0], [1.0], [2.0]])
    assert [rows.tolist() for rows in rows_of_equal(feat, feat, positions=[2, 0])] == [[2], [0]]
    assert rows_of_equal(feat, feat, positions=[]) == []


def test_files_are_the_same_by_path_or_by_name_and_link(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.png").write_bytes(b"1")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    paths = [f"{tmp_path}/{name}/1.png" for name in ("b", "a", "gone", "a")]
    known = np.array(paths, dtype=object), np.full(4, "1.png", dtype=object)
    assert rows_of_files(f"{tmp_path}/a/1.png", *known).tolist() == [1, 3]
    through_link = rows_of_files(f"{tmp_path}/link/1.png", *known)
    assert through_link.tolist() == [1, 3] and through_link.dtype == np.int64
    none = rows_of_files(f"{tmp_path}/link/2.png", *known)
    assert none.shape == (0,) and none.dtype == np.int64
    # A link of another name is another file.
    other = np.full(4, "2.png", dtype=object)
    assert rows_of_files(f"{tmp_path}/link/1.png", known[0], other).size == 0
