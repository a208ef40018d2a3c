"""torch and torchvision: the one file that imports them, and what their devices are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from clustimage._core.errors import InvalidParameterError, MissingDependencyError
from clustimage._core.optional import import_optional
from clustimage._core.parameters import setting

__all__ = [
    "PRECISIONS",
    "find_device",
    "find_precision",
    "import_torch",
    "installed_versions",
    "seeded",
]

PRECISIONS = ("auto", "float32", "bfloat16")


def installed_versions(*packages: str) -> dict[str, str] | None:
    """Return the versions of torch, torchvision and `packages` without importing them.

    None if one of them is not installed.
    """
    try:
        return {name: metadata.version(name) for name in ("torch", "torchvision", *packages)}
    except metadata.PackageNotFoundError:
        return None


@contextmanager
def seeded(random_state: Any) -> Iterator[None]:
    """Let torch draw its random weights by `random_state` until the block ends."""
    torch, _ = import_torch()
    if not isinstance(random_state, int | np.integer):
        random_state = check_random_state(random_state).randint(2**31 - 1)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(int(random_state))
        yield


def import_torch() -> tuple[Any, Any]:
    """Return the modules torch and torchvision.

    Raises
    ------
    MissingDependencyError
        If one of them is not installed, or if they are not of versions that belong together.
    """
    torch = _import_torch()
    try:
        import torchvision
        import torchvision.models
    except (ImportError, OSError, RuntimeError, AttributeError) as exc:
        if isinstance(exc, ModuleNotFoundError) and exc.name == "torchvision":
            import_optional("torchvision", extra="cnn", needed_by=setting("method", "cnn"))
        raise MissingDependencyError(_mismatch_message(exc)) from exc
    return torch, torchvision


def _import_torch() -> Any:
    try:
        import torch
    except ModuleNotFoundError as exc:
        if exc.name == "torch":
            return import_optional("torch", extra="cnn", needed_by=setting("method", "cnn"))
        raise _broken_torch(exc) from exc
    except (ImportError, OSError, RuntimeError, AttributeError) as exc:
        raise _broken_torch(exc) from exc
    return torch


def _broken_torch(exc: BaseException) -> MissingDependencyError:
    return MissingDependencyError(
        f"{setting('method', 'cnn')} needs the package 'torch', which is installed "
        f"({_version('torch')}) and cannot be imported ({_one_line(exc)}). Install it again: pip "
        "install --force-reinstall torch torchvision"
    )


def _mismatch_message(exc: BaseException) -> str:
    """Return what to do where torchvision does not load with the torch that is installed."""
    torch, torchvision = _version("torch"), _version("torchvision")
    message = (
        f"{setting('method', 'cnn')} needs torch and torchvision of versions that belong together. "
        f"Installed are torch {torch} and torchvision {torchvision}, which cannot be imported "
        f"({_one_line(exc)})."
    )
    partner = _partner(torch)
    if partner is None:
        return f"{message} Install both at once: pip install --upgrade torch torchvision"
    if torchvision.startswith(f"{partner}."):
        return (
            f"{message} The two versions belong together, so the builds do not (one for CUDA, one "
            "for the CPU). Install both from one index: "
            f"pip install --force-reinstall 'torch=={_minor(torch)}.*' 'torchvision=={partner}.*'"
        )
    return (
        f"{message} torch {_minor(torch)} needs torchvision {partner}: "
        f"pip install 'torch=={_minor(torch)}.*' 'torchvision=={partner}.*'"
    )


def _partner(torch: str) -> str | None:
    """Return the version of torchvision that belongs to one of torch: 0.(N + 15) to 2.N."""
    parts = torch.split(".")
    if len(parts) < 2 or parts[0] != "2" or not parts[1].isdecimal():
        return None
    return f"0.{int(parts[1]) + 15}"


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "(of unknown version)"


def _one_line(exc: BaseException) -> str:
    return " ".join(f"{type(exc).__name__}: {exc}".split())[:200]


def find_device(device: Any) -> Any:
    """Return the `torch.device` to work on.

    Parameters
    ----------
    device : str, torch.device or None
        ``"auto"`` (or None) is CUDA, else MPS, else the CPU; ``"cpu"``, ``"cuda"``,
        ``"cuda:1"``, ``"mps"``.

    Raises
    ------
    InvalidParameterError
        If this machine has no such device; the message lists those that it has.
    """
    torch, _ = import_torch()
    devices = _devices(torch)
    if device is None or device == "auto":
        return torch.device(devices[0])
    name = str(device)
    if name in (*devices, *(known.removesuffix(":0") for known in devices)):
        return torch.device(name)
    raise InvalidParameterError(
        f"params_cnn['device'] must be a device of this machine: 'auto', "
        f"{', '.join(map(repr, devices))}. Got {name!r}."
    )


def find_precision(precision: str, device: Any) -> str:
    """Return the type of numbers in which a device computes: ``"float32"`` or ``"bfloat16"``.

    Parameters
    ----------
    precision : {"auto", "float32", "bfloat16"}
        ``"auto"`` is ``"bfloat16"`` where the device has instructions for it: a CPU with AMX
        or AVX512-BF16, a GPU of NVIDIA from Ampere on; else ``"float32"``.
    device : torch.device
        What `find_device` returned.
    """
    if precision != "auto":
        return precision
    return "bfloat16" if _computes_in_bfloat16(device) else "float32"


def _computes_in_bfloat16(device: Any) -> bool:
    torch, _ = import_torch()
    if device.type == "cuda":
        return bool(torch.cuda.get_device_capability(device) >= (8, 0))
    if device.type == "cpu":
        known: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
        return bool(known.get("amx_bf16") or known.get("avx512_bf16"))
    return False


def _devices(torch: Any) -> list[str]:
    """Return the devices of this machine, the best one first."""
    found = []
    if torch.cuda.is_available():
        found += [f"cuda:{number}" for number in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        found.append("mps")
    return [*found, "cpu"]
