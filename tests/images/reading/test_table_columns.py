"""Tables with a column that says where the images are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from clustimage import Clustimage, ImageReadError, InvalidDataError
from clustimage.features import ImageTransformer
from clustimage.images import load_images

KINDS = list("abcd")


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    folder = tmp_path_factory.mktemp("table")
    for i in range(4):
        Image.new("RGB", (6, 4), (60 * i, 90, 20)).save(folder / f"{i}.png")
    return [str(path) for path in sorted(folder.glob("*.png"))]


@pytest.mark.parametrize(
    "columns",
    [
        {"path": "paths", "kind": KINDS},
        {"Image Path": "paths", "kind": KINDS, "n": range(4)},
        {"file_name": "paths"},
        {"where": "paths", "n": range(4)},
        {"where": "paths", "kind": KINDS},
        {"pathname": "paths", "filename": [f"{i}.png" for i in range(4)], "label": range(4)},
    ],
    ids=lambda columns: "+".join(columns),
)
def test_the_column_of_paths_is_found(paths, columns):
    columns = {name: paths if value == "paths" else value for name, value in columns.items()}
    images = load_images(pd.DataFrame(columns, index=list("wxyz")), dim=(4, 6))
    assert images.pathnames.tolist() == paths


@pytest.mark.parametrize("kind", ["category", "string", object])
def test_the_column_may_be_of_any_type_of_text(paths, kind):
    table = pd.DataFrame({"path": pd.Series(paths).astype(kind), "kind": pd.Categorical(KINDS)})
    assert load_images(table).pathnames.tolist() == paths
    assert load_images(table["path"]).pathnames.tolist() == paths
    assert load_images(table["path"].map(Path)).pathnames.tolist() == paths


def test_columns_of_pictures_and_of_arrays(paths):
    pictures = [Image.open(path) for path in paths]
    arrays = [np.asarray(picture) for picture in pictures]
    for items in (pictures, arrays):
        table = pd.DataFrame({"image": items, "caption": KINDS})
        assert load_images(table, dim=(4, 6)).shape == (4, 6, 3)


def test_several_columns_that_may_be_meant_are_named(paths):
    table = pd.DataFrame({"file": paths, "url": [f"http://x/{i}.png" for i in range(4)]})
    with pytest.raises(InvalidDataError, match=r"Got 'file', 'url'. Give .*X\['file'\]"):
        load_images(table)


def test_names_beside_flattened_images_are_not_taken_for_paths():
    table = pd.DataFrame(np.ones((4, 16))).assign(digit=["one", "two", "two", "one"])
    with pytest.raises(InvalidDataError, match=r"neither in 'digit'.*X\.set_index\('digit'\)"):
        load_images(table)
    assert load_images(table.set_index("digit")).filenames[0] == "one"


def test_rows_without_a_path_are_skipped_and_features_stay_with_theirs(paths):
    table = pd.DataFrame({"path": [*paths[:2], None, *paths[2:]], "n": range(5)})
    cl = Clustimage(dim=(4, 6), embedding=None, verbose="error")
    cl.fit_transform(table, features=np.eye(5), n_clusters=2)
    assert cl.results["feat"].argmax(axis=1).tolist() == [0, 1, 3, 4]
    assert cl.import_status["status"].tolist() == ["ok", "ok", "skipped", "ok", "ok"]
    read = (cl.import_status["status"] == "ok").to_numpy()
    assert len(table[read].assign(label=cl.labels_)) == 4
    assert load_images(table["path"]).pathnames.tolist() == paths


def test_the_tables_of_a_model_can_be_given_again(paths):
    cl = Clustimage(dim=(4, 6), embedding=None, verbose="error")
    cl.fit_transform(paths, n_clusters=2)
    for table in (cl.to_frame(), cl.import_status, cl.to_frame(thumbnails=True).iloc[:, 1:]):
        assert load_images(table).pathnames.tolist() == paths


def test_whole_numbers_of_nullable_columns_are_pixels():
    pixels = np.arange(64).reshape(4, 16)
    table = pd.DataFrame(pixels).astype("Int64")
    np.testing.assert_array_equal(load_images(table).pixels, load_images(pixels).pixels)
    with pytest.raises(ImageReadError, match="the table has no rows"):
        load_images(table[:0])


def test_the_transformer_takes_such_tables(paths):
    table = pd.DataFrame({"path": paths, "kind": KINDS})
    features = ImageTransformer("ahash", params_hash={"hash_size": 4}, verbose="error")
    np.testing.assert_array_equal(features.fit_transform(table), features.fit_transform(paths))
