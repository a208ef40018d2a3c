"""What a network comes with: the preprocessing of its images, and how it was built."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from clustimage.images import Frame

__all__ = ["PUBLISHED", "Built", "Preset", "is_default"]

PUBLISHED = "IMAGENET1K_V1"  # the default of ``weights``: those that the model is published with


@dataclass(frozen=True)
class Preset:
    """The preprocessing of images for a network.

    By default the preprocessing of most networks of torchvision: ImageNet's means and
    deviations, of 224 by 224 pixels.
    """

    frame: Frame = Frame((224, 224), resize=256)
    mean: tuple[float, ...] = (0.485, 0.456, 0.406)
    std: tuple[float, ...] = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Built:
    """A network with its weights.

    Parameters
    ----------
    module : torch.nn.Module
        The network.
    preset : Preset
        The preprocessing of its images.
    digest : str
        Identifies its weights.
    expression : str
        Code that gives the network, for messages.
    pooled : bool, default=False
        Whether its output describes an image; else that is what its classifier sees.
    """

    module: Any
    preset: Preset
    digest: str
    expression: str
    pooled: bool = False


def is_default(weights: Any) -> bool:
    """Return whether `weights` names those that a model is published with, whichever they are."""
    return isinstance(weights, str) and weights.upper() in (PUBLISHED, "DEFAULT")
