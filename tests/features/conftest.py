"""Photos that the tests of this folder share."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(scope="session")
def photos(corel: tuple[list[str], np.ndarray]) -> np.ndarray:
    """Forty real photos, (40, 128, 128, 3)."""
    size = (128, 128)
    return np.stack(
        [np.asarray(Image.open(path).convert("RGB").resize(size)) for path in corel[0][::5]]
    )


@pytest.fixture
def short_learning(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Fisher vectors learn for a moment: what all methods promise does not depend on it."""
    monkeypatch.setattr("clustimage.features._fisher.MAX_ITERATIONS", 3)
