"""Saved models with a value that is another: refused with the name of the file, or they work."""

from __future__ import annotations

import copy
import json
import random
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clustimage import Clustimage, ClustimageError, ModelFileError, import_example

VALUES: list[Any] = [
    *(None, True, -1, 0, 3, 10**9, 10**30, 1.5, "x", "", [], {}, [1, 2]),
    {"kind": "float", "value": "nan"},
    {"kind": "tuple", "items": []},
    {"kind": "dict", "items": {"a": 1}},
]


def keys_in(node: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the keys that lead to each value."""
    yield at
    items: Any = node.items() if isinstance(node, dict) else ()
    items = enumerate(node[:4]) if isinstance(node, list) else items
    for key, item in items:
        yield from keys_in(item, (*at, key))


def value_at(node: Any, keys: tuple[Any, ...]) -> Any:
    for key in keys:
        node = node[key]
    return node


def changed(model: dict[str, Any], rng: random.Random) -> tuple[dict[str, Any], str]:
    """Return a model of which one value is gone, doubled, another one or that of elsewhere."""
    model = copy.deepcopy(model)
    where = [keys for keys in keys_in(model["state"]) if keys]
    keys = rng.choice(where)
    holder, last = value_at(model["state"], keys[:-1]), keys[-1]
    kind = rng.choice(["other", "gone", "doubled", "from elsewhere", "number"])
    if kind == "gone":
        del holder[last]
    elif kind == "doubled" and isinstance(holder, list):
        holder.append(copy.deepcopy(holder[last]))
    elif kind == "from elsewhere":
        holder[last] = copy.deepcopy(value_at(model["state"], rng.choice(where)))
    elif kind == "number" and isinstance(holder[last], int | float):
        holder[last] = rng.choice([-1, 0, 1, holder[last] + 1, holder[last] * 2, 10**12])
    else:
        holder[last] = rng.choice(VALUES)
    return model, f"{kind}: {keys}"


def use(cl: Clustimage, photos: list[str], again: Path) -> None:
    """Ask a model that was loaded for everything that rests on what was saved."""
    cl.to_frame()
    cl.summary()
    cl.find(photos[5], k=3)
    cl.find(photos[5])
    cl.predict(photos[7])
    str(cl.verdict)
    len(cl.levels)
    cl.save(again, overwrite=True)


def outcome(path: Path, photos: list[str], what: str) -> str:
    """Return what becomes of a saved model: "refused", "works", or what went wrong."""
    try:
        cl = Clustimage.load(path)
    except ModelFileError as refused:
        return "refused" if str(path) in str(refused) else f"{what}: {refused}"
    except Exception as error:  # noqa: BLE001
        return f"{what}: load: {error!r}"
    try:
        use(cl, photos, path.with_name("again.clustimage"))
    except ClustimageError as error:
        # A setting that is allowed may lead to an error that says so.
        return "works" if "'given'" in what else f"{what}: used: {error!r}"
    except Exception as error:  # noqa: BLE001
        return f"{what}: used: {error!r}"
    return "works"


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("n_models", [200, pytest.param(2500, marks=pytest.mark.torture)])
def test_changed_models_are_refused_or_work(tmp_path, count_row, n_models):
    photos = import_example("shapes", dirpath=tmp_path)[:60]
    rng, counts = random.Random(0), Counter()
    for method in ("pca", "phash"):
        cl = Clustimage(method=method, embedding="pca", dim=(32, 32), verbose="silent")
        cl.fit_transform(photos, n_clusters=4)
        len(cl.metadata)
        cl.rename({0: "round"})
        cl.move([1], to=2)
        cl.cluster_table()
        cl.find(photos[3], k=3)
        with zipfile.ZipFile(cl.save(tmp_path / f"{method}.clustimage")) as container:
            members = {name: container.read(name) for name in container.namelist()}
        model, path = json.loads(members["model.json"]), tmp_path / "changed.clustimage"
        for _ in range(n_models // 2):
            other, what = changed(model, rng)
            with zipfile.ZipFile(path, "w") as container:
                for name, content in members.items():
                    container.writestr(name, json.dumps(other) if name == "model.json" else content)
            counts[outcome(path, photos, what)] += 1
    others = counts.keys() - {"refused", "works"}
    count_row(
        "saved models, one value changed at random",
        n_models,
        f"{counts['refused']:,} refused by a sentence that names the file, "
        f"{counts['works']:,} work, {len(others)} other errors, when they are loaded or used",
    )
    assert others == set()
    assert counts["refused"] > n_models / 4
    assert counts["works"] > n_models / 20
