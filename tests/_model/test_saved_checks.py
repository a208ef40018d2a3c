"""A saved model that somebody has changed: refused with a sentence, or it works."""

from __future__ import annotations

import copy
import json
import logging
import random
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clustimage import Clustimage, ClustimageError, ModelFileError, import_example

VALUES = [
    *(None, True, -1, 0, 3, 10**9, 10**30, 1.5, "x", "", [], {}, [1, 2]),
    {"kind": "float", "value": "nan"},
    {"kind": "tuple", "items": []},
    {"kind": "dict", "items": {"a": 1}},
]
N_CHANGES = 150


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> list[str]:
    return import_example("shapes", dirpath=str(tmp_path_factory.mktemp("shapes")))[:60]


@pytest.fixture(scope="module", params=["pca", "phash"])
def saved(request, photos, tmp_path_factory) -> Path:
    """Return a file with everything in it that a file can hold."""
    cl = Clustimage(method=request.param, embedding="pca", dim=(32, 32), verbose="silent")
    cl.fit_transform(photos, n_clusters=4)
    assert len(cl.metadata)
    cl.rename({0: "round"})
    cl.move([1], to=2)
    assert cl.verdict.k == 4
    cl.cluster_table()
    cl.find(photos[3], k=3)
    return Path(cl.save(tmp_path_factory.mktemp("saved") / "model.clustimage"))


def members_of(saved: Path) -> tuple[dict[str, bytes], dict[str, Any]]:
    with zipfile.ZipFile(saved) as container:
        members = {name: container.read(name) for name in container.namelist()}
    return members, json.loads(members["model.json"])


def write(path: Path, members: dict[str, bytes], model: dict[str, Any]) -> None:
    with zipfile.ZipFile(path, "w") as container:
        for name, content in members.items():
            container.writestr(name, json.dumps(model) if name == "model.json" else content)


def nodes_in(node: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    items = node.items() if isinstance(node, dict) else ()
    items = enumerate(node[:4]) if isinstance(node, list) else items
    for key, item in items:
        yield from nodes_in(item, (*at, key))


def at(node: Any, keys: tuple[Any, ...]) -> Any:
    for key in keys:
        node = node[key]
    return node


def changed(model: dict[str, Any], rng: random.Random) -> tuple[dict[str, Any], str]:
    """Return a model of which one value is gone, doubled, another one or that of elsewhere."""
    model = copy.deepcopy(model)
    where = [keys for keys in nodes_in(model["state"]) if keys]
    keys = rng.choice(where)
    holder, last = at(model["state"], keys[:-1]), keys[-1]
    kind = rng.choice(["other", "gone", "doubled", "from elsewhere", "number"])
    if kind == "gone":
        del holder[last]
    elif kind == "doubled" and isinstance(holder, list):
        holder.append(copy.deepcopy(holder[last]))
    elif kind == "from elsewhere":
        holder[last] = copy.deepcopy(at(model["state"], rng.choice(where)))
    elif kind == "number" and isinstance(holder[last], int | float):
        holder[last] = rng.choice([-1, 0, 1, holder[last] + 1, holder[last] * 2, 10**12])
    else:
        holder[last] = rng.choice(VALUES)
    return model, f"{kind}: {keys}"


def test_a_changed_model_is_refused_by_name_or_works(saved, photos, tmp_path):
    members, model = members_of(saved)
    rng, path, n_refused = random.Random(0), tmp_path / "changed.clustimage", 0
    for _ in range(N_CHANGES):
        other, what = changed(model, rng)
        write(path, members, other)
        try:
            cl = Clustimage.load(path)
        except ModelFileError as refused:
            assert str(path) in str(refused), what
            n_refused += 1
            continue
        try:
            cl.to_frame()
            cl.summary()
            cl.find(photos[5], k=3)
            cl.find(photos[5])
            cl.predict(photos[7])
            assert cl.verdict.why
            assert len(cl.levels) > 0
            cl.save(tmp_path / "again.clustimage", overwrite=True)
        except Exception as error:
            if isinstance(error, ClustimageError) and "'given'" in what:
                continue  # a setting that is allowed, and leads to that
            raise AssertionError(f"{what} was loaded, and then: {error!r}") from error
    assert 0.5 * N_CHANGES < n_refused < N_CHANGES


@pytest.mark.parametrize(
    ("keys", "value", "words"),
    [
        (("results", "labels"), None, "'results.labels' must be there with the clustering"),
        (("clustering", "best"), 99, "with a row for clustering.best"),
        (("clustering", "tree"), {"kind": "array", "number": 0}, "Cannot load"),
        (("names", "0"), 3, "'names.0' must be text"),
        (("verdict", "confidence"), "sure", "must be one of 'high', 'medium', 'low', 'no groups'"),
        (("verdict", "typical"), [1000], "numbers from 0 to 59"),
        (("metadata", "make"), ["a"], "'metadata.make' must be of the length 60, not 1"),
        (("given", "max_memory"), "a lot", "max_memory"),
        (("given", "method"), "guess", "'method' must be one of"),
    ],
)
def test_the_message_names_the_part(saved, tmp_path, keys, value, words):
    members, model = members_of(saved)
    holder = model["state"]["items"]
    for key in keys[:-1]:
        holder = holder[key]["items"]
    holder[keys[-1]] = value
    write(tmp_path / "changed.clustimage", members, model)
    with pytest.raises(ModelFileError, match=words):
        Clustimage.load(tmp_path / "changed.clustimage")


def test_the_folder_in_a_file_is_not_made_and_not_used(photos, tmp_path, caplog):
    there, here = tmp_path / "there", tmp_path / "here"
    cl = Clustimage(method="phash", embedding=None, dirpath=there, verbose="silent")
    cl.fit_transform(photos[:20], n_clusters=3)
    path = cl.save(tmp_path / "model.clustimage")
    there.rename(tmp_path / "moved")
    with caplog.at_level(logging.INFO, logger="clustimage"):
        back = Clustimage.load(path)
        assert back.params["dirpath"] is None
    assert len(back.find(photos[30], k=3)) == 2
    assert not there.exists()
    with_cache = Clustimage.load(path, dirpath=here)
    with_cache.find(photos[30], k=3)
    assert here.is_dir() and not there.exists()
