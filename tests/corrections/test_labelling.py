"""Corrections on labels: made by a person now, and made again from what was recorded."""

from __future__ import annotations

import numpy as np
import pytest

from clustimage.corrections import Collection, Correction, Editor, ImageRef, Labelling, located


def images_of(n):
    return Collection([f"d{i}" for i in range(n)], [f"/photos/{i}.jpg" for i in range(n)])


def made(labels, names=None, feat=None):
    """A labelling and its editor; image i has the digest ``d<i>`` and lies at i."""
    labels = np.array(labels)
    feat = np.arange(len(labels), dtype=float)[:, None] if feat is None else np.array(feat)
    labelling = Labelling(labels, feat, names=dict(names or {}))
    return labelling, Editor(labelling, lambda rows: [f"d{row}" for row in rows])


# --- finding images and clusters -----------------------------------------------------------------


def test_an_image_is_found_by_its_content_before_its_path():
    images = Collection(["a", "b", "b", None], ["/0", "/1", "/2", "/3"])
    assert images.rows_of(ImageRef("a", "/3")) == [0]
    assert images.rows_of(ImageRef("not here", "/3")) == [3]
    assert images.rows_of(ImageRef(pathname="/2")) == [2]
    assert images.rows_of(ImageRef("not here", "/9")) == []


def test_of_copies_the_one_at_the_path_is_meant_and_else_all():
    images = Collection(["b", "b"], ["/1", "/2"])
    assert images.rows_of(ImageRef("b", "/2")) == [1]
    assert images.rows_of(ImageRef("b", "/9")) == [0, 1]


def test_rows_keep_their_order_and_come_once():
    images = images_of(4)
    wanted = [ImageRef("d3"), ImageRef("d1"), ImageRef("d3"), ImageRef("d9")]
    assert images.rows(wanted).tolist() == [3, 1]


def test_images_may_have_two_digests():
    images = images_of(2)
    images.add(["p0", "p1"])
    assert images.rows_with(["p1", "d1"]).tolist() == [1]


@pytest.mark.parametrize(
    "labels, found",
    [
        ([0, 0, 1], 0),
        ([0, 0, 1, 1], None),  # half is not more than half
        ([-1, -1, 0], None),
        ([-1, 2, 2], 2),
        ([], None),
    ],
)
def test_a_cluster_is_where_more_than_half_of_its_images_are(labels, found):
    assert located(np.array(labels, dtype=int), np.arange(len(labels))) == found


# --- corrections that are made now ---------------------------------------------------------------


def test_merged_clusters_have_the_number_and_name_of_the_first_with_a_name():
    labelling, editor = made([0, 1, 2, 3], {2: "lake", 3: "sea"})
    assert editor.merge([1, 3, 2]) == 3
    assert labelling.labels.tolist() == [0, 3, 3, 3]
    assert labelling.names == {3: "sea"}
    assert labelling.dropped == ["lake"]


def test_merged_clusters_without_names_have_the_lowest_number_and_others_keep_theirs():
    labelling, editor = made([0, 1, 2, 3])
    assert editor.merge([3, 1]) == 1
    assert labelling.labels.tolist() == [0, 1, 2, 1]


def test_the_largest_part_keeps_number_and_name_and_others_get_numbers_that_none_has_had():
    labelling, editor = made([0, 0, 0, 0, 1, 2, 2], {0: "beach"})
    editor.merge([1, 2])  # the number 2 is free now, and was one
    parts = [np.array([3]), np.array([0, 1, 2])]
    assert editor.split(0, parts) == [0, 3]
    assert labelling.labels.tolist() == [0, 0, 0, 3, 1, 1, 1]
    assert labelling.names == {0: "beach"}


def test_images_in_no_part_go_to_the_nearest_one():
    labelling, editor = made([0] * 6)
    editor.split(0, [np.array([0]), np.array([5])])
    assert labelling.labels.tolist() == [0, 0, 0, 1, 1, 1]


def test_a_part_takes_no_images_of_other_clusters_nor_of_earlier_parts():
    labelling, editor = made([0, 0, 0, 1])
    editor.split(0, [np.array([0, 1]), np.array([1, 2, 3])])
    assert labelling.labels.tolist() == [0, 0, 2, 1]


def test_one_part_is_no_split_and_is_not_recorded():
    labelling, editor = made([0, 0, 1])
    assert editor.split(0, [np.array([0]), np.array([2])]) == [0]
    assert labelling.labels.tolist() == [0, 0, 1]
    assert editor.records == []


def test_images_move_into_another_a_new_one_or_none():
    labelling, editor = made([0, 0, 1, 1])
    assert editor.move(np.array([0]), 1) == 1
    assert editor.move(np.array([1]), None) == 2
    assert editor.move(np.array([2]), -1) == -1
    assert labelling.labels.tolist() == [1, 2, -1, 1]


def test_the_name_of_a_cluster_without_images_is_gone_and_said():
    labelling, editor = made([0, 1], {1: "beach"})
    editor.move(np.array([1]), 0)
    assert labelling.names == {}
    assert labelling.dropped == ["beach"]


def test_linked_images_are_in_the_cluster_of_the_first_that_is_in_one():
    labelling, editor = made([-1, 1, 0])
    editor.link(np.array([0, 1, 2]))
    assert labelling.labels.tolist() == [1, 1, 1]
    labelling, editor = made([-1, -1, 0])
    editor.link(np.array([0, 1]))
    assert labelling.labels.tolist() == [1, 1, 0]


def test_of_two_images_that_are_apart_the_later_goes_to_the_nearest_cluster_that_is_free():
    labelling, editor = made([0, 0, 1, 2], feat=[[0.0], [5.0], [1.0], [6.0]])
    editor.part(np.array([0, 1]))
    assert labelling.labels.tolist() == [0, 2, 1, 2]


def test_images_that_find_no_free_cluster_make_one():
    labelling, editor = made([0, 0, 0])
    editor.part(np.array([0, 1, 2]))
    assert labelling.labels.tolist() == [0, 1, 2]


def test_images_in_no_cluster_are_apart_already():
    labelling, editor = made([-1, -1, 0])
    editor.part(np.array([0, 1]))
    assert labelling.labels.tolist() == [-1, -1, 0]


def test_names_can_be_exchanged():
    labelling, editor = made([0, 1], {0: "a", 1: "b"})
    editor.rename({0: "b", 1: "a"})
    assert labelling.names == {0: "b", 1: "a"}
    editor.rename({0: None})
    assert labelling.names == {1: "a"}
    assert editor.records == []  # names are kept by the images of their cluster


# --- corrections that are made again -------------------------------------------------------------

ACTIONS = {
    "merge": lambda editor: editor.merge([1, 2]),
    "split": lambda editor: editor.split(0, [np.array([0, 1]), np.array([2])]),
    "move": lambda editor: editor.move(np.array([0]), 1),
    "move to a new one": lambda editor: editor.move(np.array([0, 3]), None),
    "move outside": lambda editor: editor.move(np.array([4]), -1),
    "must_link": lambda editor: editor.link(np.array([0, 4])),
    "cannot_link": lambda editor: editor.part(np.array([0, 1])),
}
LABELS = [0, 0, 0, 1, 2, 2]


def groups(labels):
    return {tuple(np.flatnonzero(labels == one)) for one in np.unique(labels[labels >= 0])}


@pytest.mark.parametrize("name", ACTIONS)
def test_a_recorded_correction_makes_the_same_clusters_under_other_numbers(name):
    labelling, editor = made(LABELS)
    ACTIONS[name](editor)
    (record,) = editor.records
    others = np.array([7, 3, 9])[LABELS]
    again, _ = made(others)
    assert again.apply(record, images_of(6))
    assert groups(again.labels) == groups(labelling.labels)


@pytest.mark.parametrize("name", ACTIONS)
def test_a_recorded_correction_of_images_that_are_not_here_holds_no_longer(name):
    _, editor = made(LABELS)
    ACTIONS[name](editor)
    other, _ = made(LABELS)
    assert not other.apply(editor.records[0], Collection(["x"] * 6, ["/x"] * 6))
    assert other.labels.tolist() == LABELS


def test_a_merge_of_clusters_that_are_one_already_holds():
    _, editor = made(LABELS)
    editor.merge([1, 2])
    again, _ = made([0, 0, 0, 1, 1, 1])
    assert again.apply(editor.records[0], images_of(6))
    assert again.labels.tolist() == [0, 0, 0, 1, 1, 1]


def test_a_merge_of_a_cluster_that_fell_apart_holds_no_longer():
    _, editor = made([0, 0, 1, 1])
    editor.merge([0, 1])
    again, _ = made([0, 1, 2, 2])
    assert not again.apply(editor.records[0], images_of(4))
    assert again.labels.tolist() == [0, 1, 2, 2]


def test_a_move_into_a_cluster_that_fell_apart_holds_no_longer():
    _, editor = made([0, 1, 1])
    editor.move(np.array([0]), 1)
    again, _ = made([0, 1, 2])
    assert not again.apply(editor.records[0], images_of(3))
    assert again.labels.tolist() == [0, 1, 2]


def test_a_split_whose_parts_are_in_two_clusters_already_holds():
    _, editor = made([0, 0, 0, 0])
    editor.split(0, [np.array([0, 1]), np.array([2, 3])])
    again, _ = made([0, 0, 1, 1])
    assert again.apply(editor.records[0], images_of(4))
    assert again.labels.tolist() == [0, 0, 1, 1]


def test_a_link_holds_while_two_of_its_images_are_here():
    record = Correction("must_link", images=(ImageRef("d0"), ImageRef("gone"), ImageRef("d2")))
    labelling, _ = made([0, 1, 2])
    assert labelling.apply(record, images_of(3))
    assert labelling.labels.tolist() == [0, 1, 0]
