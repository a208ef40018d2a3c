"""Stage 1: files, URLs and arrays → decoded images.

Everything about files, formats, colour and size ends in this folder; what leaves
it is an `Images`.
"""

from __future__ import annotations

from clustimage.images._arrays import get_dim, guess_shape, imscale, to_gray
from clustimage.images._cache import Cache, CacheInfo, clear_cache, describe_cache, open_cache
from clustimage.images._decode import imread, imresize
from clustimage.images._digest import Stamp, canonical, decoders
from clustimage.images._frames import Frame
from clustimage.images._images import Images, ImageStatus
from clustimage.images._listing import DEFAULT_EXTENSIONS, check_extensions, listdir
from clustimage.images._load import load_images
from clustimage.images._session import Session
from clustimage.images._times import Moments, check_timestamps, read_moments

__all__ = [
    "DEFAULT_EXTENSIONS",
    "Cache",
    "CacheInfo",
    "Frame",
    "ImageStatus",
    "Images",
    "Moments",
    "Session",
    "Stamp",
    "canonical",
    "check_extensions",
    "check_timestamps",
    "clear_cache",
    "decoders",
    "describe_cache",
    "get_dim",
    "guess_shape",
    "imread",
    "imresize",
    "imscale",
    "listdir",
    "load_images",
    "open_cache",
    "read_moments",
    "to_gray",
]
