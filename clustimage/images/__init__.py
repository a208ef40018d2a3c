"""Stage 1: files, URLs and arrays → decoded images.

Everything about files, formats, colour and size ends in this folder; what leaves
it is an `Images`.
"""

from __future__ import annotations

from clustimage.images._descriptor import (
    Descriptor,
    descriptor_text,
    read_descriptor,
    recognizer_name,
)
from clustimage.images._images import Images
from clustimage.images._joining_images import join_images, take_images
from clustimage.images._loading import (
    Measured,
    count_inputs,
    load_images,
    measure_input,
    report_skipped,
)
from clustimage.images._status import ImageStatus
from clustimage.images._storage import PER_IMAGE, plan_images
from clustimage.images.cache._database import (
    Cache,
    CacheInfo,
    clear_cache,
    describe_cache,
    open_cache,
)
from clustimage.images.cache._digest import Stamp, canonical, decoders, digest, digest_file
from clustimage.images.cache._session import Session
from clustimage.images.exif._metadata_table import (
    GONE,
    clock_times,
    locations_of,
    metadata_frame,
    photos_of,
    read_metadata,
)
from clustimage.images.exif._timestamps import Timestamps, check_timestamps, read_timestamps
from clustimage.images.reading._arrays import get_dim, guess_shape, imscale, to_gray
from clustimage.images.reading._decode import imread, imresize
from clustimage.images.reading._decoding_limits import (
    MAX_PIXELS,
    DecodingLimits,
    check_max_pixels,
)
from clustimage.images.reading._frames import Frame
from clustimage.images.reading._listing import (
    DEFAULT_EXTENSIONS,
    check_extensions,
    listdir,
    log_left_out,
)
from clustimage.images.reading._opening import DECODE_ERRORS, open_picture
from clustimage.images.reading._quiet import quiet_pillow
from clustimage.images.reading._source import array_names
from clustimage.images.reading._table_columns import inputs_of_table
from clustimage.images.reading._upright import gather_photos, read_upright

__all__ = [
    "DECODE_ERRORS",
    "DEFAULT_EXTENSIONS",
    "GONE",
    "MAX_PIXELS",
    "PER_IMAGE",
    "Cache",
    "CacheInfo",
    "DecodingLimits",
    "Descriptor",
    "Frame",
    "ImageStatus",
    "Images",
    "Measured",
    "Timestamps",
    "Session",
    "Stamp",
    "array_names",
    "canonical",
    "check_extensions",
    "check_max_pixels",
    "check_timestamps",
    "clear_cache",
    "clock_times",
    "count_inputs",
    "decoders",
    "describe_cache",
    "descriptor_text",
    "digest",
    "digest_file",
    "gather_photos",
    "get_dim",
    "guess_shape",
    "imread",
    "imresize",
    "imscale",
    "inputs_of_table",
    "join_images",
    "listdir",
    "load_images",
    "log_left_out",
    "measure_input",
    "metadata_frame",
    "open_cache",
    "open_picture",
    "photos_of",
    "locations_of",
    "plan_images",
    "read_descriptor",
    "read_metadata",
    "quiet_pillow",
    "read_timestamps",
    "read_upright",
    "recognizer_name",
    "report_skipped",
    "take_images",
    "to_gray",
]
