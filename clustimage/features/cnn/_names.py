"""What the name of a network says before any package is imported."""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = [
    "LITE0",
    "ModelName",
    "is_lite0",
    "joined_names",
    "packages_of",
    "parse_name",
    "size_of",
    "spelling",
]

LITE0 = "efficientnet_lite0"  # a bare name that torchvision does not have
LIBRARIES = ("torchvision", "timm", "open_clip")

# Columns of the default layer and millions of weights, by what the name has in it; the first
# that fits counts.
SIZES = (
    (r"squeezenet", 512, 2),
    (r"resnet(18|34)\b", 512, 22),
    (r"densenet121|googlenet|shufflenet", 1024, 8),
    (r"mobilenet_?v2|efficientnet_(b0|lite0)", 1280, 7),
    (r"vgg(11|13|16|19)", 4096, 140),
    (r"open_clip/.*(bigg|-e-)", 1280, 4500),
    (r"open_clip/.*(-h-|-g-|so400m|gopt|xx?l)", 1152, 1000),
    (r"open_clip/.*(-l-|large)", 768, 320),
    (r"open_clip/.*siglip", 768, 95),
    (r"open_clip/", 512, 95),
    (r"(vit|deit|eva).*(giant|_g_|gigantic)", 1536, 1200),
    (r"(vit|deit|eva).*(huge|_h_|so400m|so150m)", 1280, 650),
    (r"(vit|deit|eva).*(large|_l_)", 1024, 310),
    (r"(vit|deit|eva).*(base|_b_)", 768, 88),
    (r"(vit|deit|eva).*(small|_s_)", 384, 23),
    (r"(vit|deit|eva).*(tiny|_ti_)", 192, 6),
    (r"(convnext|swin).*(base|_b\b)", 1024, 90),
    (r"(convnext|swin).*(tiny|small|_t\b|_s\b)", 768, 50),
)
ASSUMED_SIZE = 2048, 60  # of other networks; most of the deep ones have so many columns


DISTRIBUTIONS = {"timm": "timm", "open_clip": "open_clip_torch"}


class ModelName(NamedTuple):
    """A network: the package that has it, and its name there."""

    library: str
    name: str

    def __str__(self) -> str:
        return self.name if self.library == "torchvision" else f"{self.library}/{self.name}"


def parse_name(model: str) -> ModelName:
    """Return the package and the name of a network; of torchvision where no package is named.

    Examples
    --------
    >>> parse_name("timm/resnet50.a1_in1k")
    ModelName(library='timm', name='resnet50.a1_in1k')
    >>> parse_name("VGG16") == parse_name("torchvision/vgg16")
    True
    """
    library, slash, name = model.strip().partition("/")
    if not slash or library not in LIBRARIES:
        return ModelName("torchvision", spelling(model))
    return ModelName(library, spelling(name) if library == "torchvision" else name.strip())


def is_lite0(name: str) -> bool:
    """Return whether a bare name means EfficientNet-Lite0."""
    return name.replace("_", "") == LITE0.replace("_", "")


def joined_names(model: object) -> list[str]:
    """Return the names of networks that are joined by a plus sign; of another model none.

    Examples
    --------
    >>> joined_names("mobilenet_v2 + efficientnet_lite0"), joined_names("resnet50")
    (['mobilenet_v2', 'efficientnet_lite0'], [])
    """
    if not isinstance(model, str) or "+" not in model:
        return []
    return [name.strip() for name in model.split("+")]


def packages_of(model: object) -> tuple[str, ...]:
    """Return the packages beside torchvision that have a named network, as pip calls them.

    Examples
    --------
    >>> packages_of("open_clip/ViT-B-32"), packages_of("resnet50")
    (('open_clip_torch',), ())
    """
    if not isinstance(model, str):
        return ()
    library, name = parse_name(model)
    if library == "torchvision":
        return ("timm",) if is_lite0(name) else ()
    return (DISTRIBUTIONS[library],)


def size_of(model: object) -> tuple[int, int]:
    """Return about how many columns and how many million weights a network has.

    Examples
    --------
    >>> size_of("timm/vit_small_patch14_dinov2.lvd142m"), size_of("open_clip/ViT-B-32")
    ((384, 23), (512, 95))
    """
    if isinstance(model, str):
        name = str(parse_name(model)).lower()
        for pattern, n_columns, millions in SIZES:
            if re.search(pattern, name):
                return n_columns, millions
    return ASSUMED_SIZE


def spelling(name: str) -> str:
    """Return the name of a model as torchvision would write it, known or not.

    Examples
    --------
    >>> spelling("Inception v3"), spelling("VGG16-bn")
    ('inception_v3', 'vgg16_bn')
    """
    return re.sub(r"[\s_.-]+", "_", name.strip().lower())
