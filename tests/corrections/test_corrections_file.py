"""The file of corrections: what is read, and what each wrong field is answered with."""

from __future__ import annotations

import json

import pytest

from clustimage import InvalidDataError
from clustimage.corrections import (
    Correction,
    Corrections,
    ImageRef,
    labels_digest,
    name_problem,
    read_corrections,
    to_plain,
)
from clustimage.corrections._schema import MAX_BYTES, MAX_NAME

HEAD = {"format": "clustimage-corrections", "version": 1}


def wrong(plain):
    """The error that a dict is answered with."""
    with pytest.raises(InvalidDataError) as caught:
        read_corrections(plain)
    return str(caught.value)


def wrong_action(**action):
    return wrong({**HEAD, "actions": [action]})


EVERY_KIND = [
    Correction("merge", (3, 5), (("a", "b"), ("c",))),
    Correction("merge", (3, "beach")),
    Correction("split", (2,), n_clusters=4),
    Correction("split", ("lake",), parts=((ImageRef("a"),), (ImageRef(pathname="/b.jpg"),))),
    Correction("move", (1,), images=(ImageRef("a", "/a.jpg"),)),
    Correction("move", (1,), (("x", "y"),), images=(ImageRef("a"),)),
    Correction("move", images=(ImageRef("a"),), to="new", name="party"),
    Correction("move", images=(ImageRef("a"),), to="outside"),
    Correction("rename", (0,), name="beach"),
    Correction("rename", (0,)),
    Correction("must_link", images=(ImageRef("a"), ImageRef("b"))),
    Correction("cannot_link", images=(ImageRef("a"), ImageRef("b"))),
]


@pytest.mark.parametrize("action", EVERY_KIND, ids=lambda one: f"{one.do} {one.to}")
def test_what_is_written_is_read_again(action, tmp_path):
    plain = to_plain(Corrections((action,), "some digest"))
    path = tmp_path / "corrections.json"
    path.write_text(json.dumps(plain), encoding="utf-8")
    assert read_corrections(path) == Corrections((action,), "some digest")
    assert read_corrections(str(path)) == read_corrections(plain)


def test_names_come_after_the_actions():
    plain = {**HEAD, "names": {"4": "party"}, "actions": [{"do": "split", "label": 4}]}
    assert [one.do for one in read_corrections(plain).actions] == ["split", "rename"]


def test_nothing_but_the_head_is_no_correction():
    assert read_corrections(HEAD) == Corrections()


def test_an_image_may_be_a_path_alone():
    (one,) = read_corrections(
        {**HEAD, "actions": [{"do": "move", "images": ["/a.jpg"], "to": 3}]}
    ).actions
    assert one.images == (ImageRef(pathname="/a.jpg"),)


@pytest.mark.parametrize(
    "plain, sentence",
    [
        ({}, "it lacks the field 'format'"),
        ({"format": "clustimage-corrections"}, "it lacks the field 'version'"),
        ({**HEAD, "format": "other"}, "format must be 'clustimage-corrections'; it is \"other\""),
        ({**HEAD, "version": 2}, "version is 2; this version of clustimage reads 1 and older"),
        ({**HEAD, "version": "1"}, 'version must be a whole number of at least 1; it is "1"'),
        ({**HEAD, "version": True}, "version must be a whole number of at least 1; it is true"),
        ({**HEAD, "labels": {}}, 'it has a field "labels", which is not known'),
        ({**HEAD, "actions": {}}, "actions must be a list; it is an object of 0"),
        ({**HEAD, "actions": [1]}, "actions[0] must be an object; it is 1"),
        ({**HEAD, "names": ["a"]}, "names must be an object; it is a list of 1"),
        ({**HEAD, "names": {"beach": "a"}}, 'names["beach"] must have the number of a cluster'),
        ({**HEAD, "names": {"-1": "a"}}, 'names["-1"] must have the number of a cluster'),
        ({**HEAD, "names": {"²": "a"}}, "must have the number of a cluster as its key"),
        ({**HEAD, "names": {"1": 3}}, 'names["1"] must be text; it is 3'),
        ({**HEAD, "names": {"1": "new"}}, "must not be 'new', which stands for a new cluster"),
        ({**HEAD, "clustering": 7}, "clustering must be text; it is 7"),
    ],
)
def test_a_wrong_field_is_named(plain, sentence):
    message = wrong(plain)
    assert sentence in message
    assert message.startswith("the corrections: ")
    assert message.endswith(".")


@pytest.mark.parametrize(
    "action, sentence",
    [
        ({}, "actions[0].do must be one of 'merge', 'split', 'move'"),
        ({"do": "join"}, 'it is "join"'),
        ({"do": "merge"}, "actions[0] lacks the field 'labels'"),
        ({"do": "merge", "labels": [1]}, "labels must have 2 or more entries; it has 1"),
        ({"do": "merge", "labels": [1, -2]}, "actions[0].labels[1] must be a whole number of at"),
        ({"do": "merge", "labels": [1, 2.0]}, "actions[0].labels[1] must be a whole number"),
        ({"do": "merge", "labels": [1, 2**31]}, "actions[0].labels[1] must be a whole number"),
        ({"do": "merge", "labels": [1, None]}, "actions[0].labels[1] must be a whole number"),
        ({"do": "merge", "labels": [1, 2], "to": 1}, 'has a field "to", which is not known'),
        (
            {"do": "merge", "labels": [1, 2], "members": [["a"]]},
            "actions[0].members must have 2 or more entries; it has 1",
        ),
        (
            {"do": "merge", "labels": [1, 2], "members": [["a"], [1]]},
            "actions[0].members[1][0] must be text; it is 1",
        ),
        (
            {"do": "split", "label": 1, "members": [["a"], ["b"]]},
            "members must be a list of digests for each of 1 clusters",
        ),
        ({"do": "split", "label": 1, "n_clusters": 1}, "n_clusters must be a whole number of at"),
        ({"do": "split", "label": 1, "parts": [["a"]]}, "parts must have 2 or more entries"),
        ({"do": "split", "label": 1, "parts": [["a"], []]}, "parts[1] must have 1 or more"),
        ({"do": "move", "images": [], "to": 1}, "images must have 1 or more entries; it has 0"),
        ({"do": "move", "images": ["a"], "to": -2}, "actions[0].to must be a whole number of at"),
        ({"do": "move", "images": ["a"], "to": True}, "actions[0].to must be a whole number"),
        ({"do": "move", "images": [""], "to": 1}, 'actions[0].images[0] must be text; it is ""'),
        ({"do": "move", "images": [{}], "to": 1}, "images[0] must have a pathname or a digest"),
        ({"do": "move", "images": [{"path": "a"}], "to": 1}, 'has a field "path", which is not'),
        ({"do": "move", "images": [5], "to": 1}, "actions[0].images[0] must be an object; it is 5"),
        (
            {"do": "move", "images": ["a"], "to": 1, "name": "lake"},
            "actions[0].name names a new cluster, and goes with to: 'new' only",
        ),
        ({"do": "rename", "label": 1}, "actions[0] lacks the field 'name'"),
        ({"do": "rename", "label": 1, "name": " a"}, "without spaces around it; it is"),
        ({"do": "rename", "label": 1, "name": "a\nb"}, "must be one line of printable characters"),
        ({"do": "rename", "label": 1, "name": "a" * 101}, "must have 1 to 100 characters"),
        ({"do": "must_link", "images": ["a"]}, "images must have 2 or more entries; it has 1"),
        ({"do": "cannot_link"}, "actions[0] lacks the field 'images'"),
    ],
)
def test_a_wrong_field_of_an_action_is_named(action, sentence):
    message = wrong_action(**action)
    assert sentence in message
    assert "actions[0]" in message


def test_a_wrong_value_is_shown_in_part_however_long():
    assert len(wrong({**HEAD, "format": "x" * 10_000})) < 250


@pytest.mark.parametrize(
    "content, sentence",
    [
        (b"", "is not JSON"),
        (b"{", "is not JSON"),
        (b"\xff\xfe\x00", "is not JSON"),
        (b'{"format": NaN}', "is not JSON: NaN is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[]", "it must be an object; it is a list of 0"),
        (b"null", "it must be an object; it is null"),
    ],
)
def test_a_file_that_is_not_of_this_form_is_named(content, sentence, tmp_path):
    path = tmp_path / "corrections.json"
    path.write_bytes(content)
    message = wrong(path)
    assert sentence in message
    assert str(path) in message


def test_a_file_that_is_not_there_and_a_folder_are_named(tmp_path):
    missing = wrong(tmp_path / "none.json")
    assert "none.json" in missing and "No such file" in missing
    assert str(tmp_path) in wrong(tmp_path)


def test_a_huge_file_is_not_read(tmp_path):
    path = tmp_path / "huge.json"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    assert "has more than 67.1 MB" in wrong(path)


def test_the_digest_of_labels_is_that_of_their_values():
    assert labels_digest([0, 1, -1]) == labels_digest([0.0, 1.0, -1.0])
    assert labels_digest([0, 1]) != labels_digest([1, 0])
    assert labels_digest([0, 1]) != labels_digest([0, 1, 1])


@pytest.mark.parametrize("name", ["beach", "Ostsee, 2024", "näher dran", "海", "3", "a" * MAX_NAME])
def test_these_are_names(name):
    assert name_problem(name) is None


@pytest.mark.parametrize("name", ["", "  ", "new", " a", "a ", "a\tb", "a\x00", "\ud800"])
def test_these_are_none(name):
    assert name_problem(name)
