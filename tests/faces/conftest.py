"""A photo with one face, and where real models and photos are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut


@pytest.fixture(scope="session")
def portrait() -> np.ndarray:
    """A part of scikit-image's picture of an astronaut, (256, 256, 3), with one face."""
    return np.ascontiguousarray(astronaut()[:256, 96:352])


@pytest.fixture
def photos(tmp_path: Path, portrait: np.ndarray) -> Path:
    """A folder: two photos of one name with a face, and one without."""
    for name in ("a/me.png", "b/me.png"):
        (tmp_path / "photos" / name).parent.mkdir(parents=True)
        Image.fromarray(portrait).save(tmp_path / "photos" / name)
    Image.new("RGB", (80, 60), "navy").save(tmp_path / "photos" / "c.png")
    return tmp_path / "photos"


def _field(number: int, value: int | bytes) -> bytes:
    """Return a field of a protocol buffer."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    whole = b""
    while value > 127:
        whole += bytes([value & 127 | 128])
        value >>= 7
    return whole + bytes([value])


def _tensor(name: bytes, *shape: int) -> bytes:
    dims = b"".join(_field(1, _field(1, size)) for size in shape)
    kind = _field(1, _field(1, 1) + _field(2, dims))
    return _field(1, name) + _field(2, kind)


def pooling_network(side: int, cell: int) -> bytes:
    """Return an ONNX file: an image of `side` pixels -> the means of cells, as one row."""

    def cells(name: bytes) -> bytes:
        sizes = _field(8, cell) * 2 + _field(20, 7)
        return _field(5, _field(1, name) + sizes)

    pool = _field(1, b"image") + _field(2, b"means") + _field(4, b"AveragePool")
    pool += cells(b"kernel_shape") + cells(b"strides")
    flat = _field(1, b"means") + _field(2, b"row") + _field(4, b"Flatten")
    graph = _field(1, pool) + _field(1, flat) + _field(2, b"pooling")
    graph += _field(11, _tensor(b"image", 1, 3, side, side))
    graph += _field(12, _tensor(b"row", 1, 3 * (side // cell) ** 2))
    return _field(1, 7) + _field(8, _field(2, 11)) + _field(7, graph)


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that describes a face of 112 by 112 pixels by the colours of its parts."""
    path = tmp_path_factory.mktemp("network") / "means.onnx"
    path.write_bytes(pooling_network(112, 16))
    return path


@pytest.fixture(scope="session")
def yunet(lent_data: Path) -> Path:
    """A model file of YuNet."""
    path = lent_data.parent / "weights" / "yunet" / "yunet_n_640_640.onnx"
    if not path.is_file():
        pytest.skip(f"no model of YuNet at {path}")
    return path
