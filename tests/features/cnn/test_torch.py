"""torch and torchvision where they are missing or do not belong together, and their devices."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest

from clustimage._core.errors import InvalidParameterError, MissingDependencyError
from clustimage.features.cnn._torch import (
    find_device,
    find_precision,
    import_torch,
    installed_versions,
)

# What the user sees with each of several folders of made-up packages, one line each.
ASK = """
import importlib, sys
from clustimage import MissingDependencyError
from clustimage.features.cnn._torch import import_torch
for folder in sys.argv[1:]:
    sys.path.insert(0, folder)
    importlib.invalidate_caches()
    for name in [name for name in sys.modules if name.startswith("torch")]:
        del sys.modules[name]
    try:
        import_torch()
    except MissingDependencyError as exc:
        print(exc)
    sys.path.remove(folder)
"""


def fake(folder, name, version, code=""):
    (folder / name / "models").mkdir(parents=True)
    (folder / name / "__init__.py").write_text(code)
    (folder / name / "models" / "__init__.py").write_text("")
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")


def lines(*folders):
    command = [sys.executable, "-c", ASK, *map(str, folders)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


CAUSES = {
    "a": "RuntimeError('operator torchvision::nms does not exist')",
    "b": "OSError('undefined symbol: _ZN3c10')",
    "c": "ImportError('DLL load failed')",
    "d": "AttributeError('module torch has no attribute x')",
}


def test_versions_that_do_not_belong_together_get_a_sentence(tmp_path):
    for name, cause in CAUSES.items():
        fake(tmp_path / name, "torch", "2.3.1+cpu")
        fake(tmp_path / name, "torchvision", "0.20.0", f"raise {cause}")
    said = lines(*(tmp_path / name for name in CAUSES))
    assert len(said) == 4
    for line, cause in zip(said, CAUSES.values(), strict=True):
        assert line.startswith("method='cnn' needs torch and torchvision of versions that belong t")
        assert "Installed are torch 2.3.1+cpu and torchvision 0.20.0, which cannot be" in line
        assert cause.partition("(")[0] in line
        assert "torch 2.3 needs torchvision 0.18: pip install 'torch==2.3.*' " in line


def test_other_errors_of_an_import_get_a_sentence_too(tmp_path):
    fake(tmp_path / "a", "torch", "2.14.1")
    fake(tmp_path / "a", "torchvision", "0.29.1", "raise RuntimeError('nms')")
    fake(tmp_path / "b", "torch", "2.14.1", "raise OSError('libcudart.so.12: cannot open')")
    pair, torch = lines(tmp_path / "a", tmp_path / "b")
    assert "The two versions belong together, so the builds do not" in pair
    assert "'torch', which is installed (2.14.1) and cannot be imported (OSError: libcu" in torch


@pytest.mark.parametrize("name", ["torch", "torchvision"])
def test_without_them_the_extra_is_named(monkeypatch, name):
    pytest.importorskip("torchvision")
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingDependencyError, match=rf"'{name}'.*pip install 'clustimage\[cnn\]'"):
        import_torch()


def test_versions_are_known_without_importing():
    torch = pytest.importorskip("torch")
    versions = installed_versions()
    assert sorted(versions) == ["torch", "torchvision"]
    assert torch.__version__.startswith(versions["torch"].partition("+")[0])


def test_a_device_that_is_not_here_is_refused_with_those_that_are(monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert find_device("auto") == torch.device("cuda:0")
    assert find_device("cuda") == torch.device("cuda")
    assert find_device(torch.device("cuda:1")) == torch.device("cuda:1")
    assert find_device("cpu") == torch.device("cpu")
    with pytest.raises(InvalidParameterError, match="'auto', 'cuda:0', 'cuda:1', .*'cuda:5'"):
        find_device("cuda:5")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert find_device(None) == torch.device("cpu")
    with pytest.raises(InvalidParameterError, match="'auto', 'cpu'. Got 'cuda'"):
        find_device("cuda")


@pytest.mark.parametrize(
    "kind, known, expected",
    [
        ("cpu", {"amx_bf16": True}, "bfloat16"),
        ("cpu", {"amx_bf16": False, "avx512_bf16": True}, "bfloat16"),
        ("cpu", {"avx512_f": True}, "float32"),
        ("cuda", (8, 0), "bfloat16"),
        ("cuda", (7, 5), "float32"),
        ("mps", None, "float32"),
    ],
)
def test_the_automatic_precision_is_the_one_that_the_device_has_instructions_for(
    kind, known, expected, monkeypatch
):
    torch = pytest.importorskip("torch")
    if kind == "cpu":
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: known, raising=False)
    if kind == "cuda":
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: known)
    device = SimpleNamespace(type=kind)
    assert find_precision("auto", device) == expected
    assert [find_precision(name, device) for name in ("float32", "bfloat16")] == [
        "float32",
        "bfloat16",
    ]
