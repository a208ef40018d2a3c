"""Silence of the libraries that decode: their warnings, and what libtiff writes to stderr."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from PIL import Image, PngImagePlugin, _imaging

from clustimage._core.ignored_warnings import ignored_warnings
from clustimage.images.reading._slow_files import watching_files

__all__ = ["last_message", "quiet_pillow"]

MESSAGE_BYTES = 400
MAX_TEXT = 8 << 20  # characters of a PNG, of up to 4 bytes

_lock = threading.Lock()
_active: list[int] = []  # max_pixels of the blocks that run now
_settings = ExitStack()
_of_thread = threading.local()


@contextmanager
def quiet_pillow(max_pixels: int = 0) -> Iterator[None]:
    """Suppress warnings of Pillow and messages of libtiff about odd files while files are read.

    These settings belong to the whole process. So this goes once around the reading of all files,
    never around one file in a worker; the first of several blocks that overlap sets them, and the
    last one puts them back. No file descriptor is touched. Meanwhile a warning names files that
    take long.

    Parameters
    ----------
    max_pixels : int
        What Pillow must allow at least in the formats where it has a limit of its own.
    """
    with _lock:
        if not _active:
            _silence()
        _active.append(max_pixels)
        _allow(max(_active))
    try:
        yield
    finally:
        with _lock:
            _active.remove(max_pixels)
            if not _active:
                _settings.close()


def last_message() -> str:
    """Return the first message of libtiff in this thread since this was asked last, or nothing."""
    message = getattr(_of_thread, "message", "")
    _of_thread.message = ""
    return message


def _silence() -> None:
    _settings.enter_context(watching_files())
    _settings.enter_context(ignored_warnings(module=r"PIL\b"))
    _settings.enter_context(ignored_warnings(Image.DecompressionBombWarning))
    _settings.callback(setattr, Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)
    most = PngImagePlugin.MAX_TEXT_MEMORY
    _settings.callback(setattr, PngImagePlugin, "MAX_TEXT_MEMORY", most)
    PngImagePlugin.MAX_TEXT_MEMORY = min(most, MAX_TEXT)
    for name, handler in (("TIFFSetErrorHandler", _keep), ("TIFFSetWarningHandler", None)):
        setter = _of_libtiff(name)
        if setter is not None:
            _settings.callback(setter, setter(handler))


def _allow(max_pixels: int) -> None:
    """Raise the limit of Pillow, which refuses twice as many, to `max_pixels`; never lower it."""
    if Image.MAX_IMAGE_PIXELS is not None:
        Image.MAX_IMAGE_PIXELS = max(Image.MAX_IMAGE_PIXELS, (max_pixels + 1) // 2)


def _of_libtiff(name: str) -> Any:
    """Return a function of the libtiff that Pillow uses; None where it is not a library apart."""
    try:
        # Looked for in the module and in the libraries that it was linked with.
        function = getattr(ctypes.CDLL(_imaging.__file__), name)
    except (AttributeError, OSError):
        return None
    function.argtypes, function.restype = [ctypes.c_void_p], ctypes.c_void_p
    return function


def _format(text: bytes, arguments: int | None) -> str:
    """Return a message of C, with its arguments (a ``va_list``)."""
    buffer = ctypes.create_string_buffer(MESSAGE_BYTES)
    ctypes.pythonapi.PyOS_vsnprintf(
        buffer, ctypes.c_size_t(MESSAGE_BYTES), text, ctypes.c_void_p(arguments)
    )
    return buffer.value.decode("utf-8", "replace")


def _handler(module: bytes | None, text: bytes | None, arguments: int | None) -> None:
    if text and not getattr(_of_thread, "message", ""):
        begin = f"{module.decode('utf-8', 'replace')}: " if module else ""
        _of_thread.message = begin + _format(text, arguments)


_kind = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p)
_of_c = _kind(_handler)  # lives as long as libtiff may call it
_keep = ctypes.cast(_of_c, ctypes.c_void_p)
