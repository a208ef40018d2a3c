"""Every exception that clustimage raises on purpose.

::

    ClustimageError
    ├── InvalidParameterError (ValueError)    a name or a value that is not allowed
    ├── InvalidDataError (ValueError)         an array, a table or a plan that cannot be used
    ├── StepOrderError (NotFittedError)       a step was called before the one it needs
    ├── ImageReadError (OSError)              no image, or a file that cannot be decoded
    ├── DownloadError (OSError)               a URL that could not be fetched
    │   └── StoreError                        a file of an object store, read or written
    │       └── TransientStoreError           the store was busy: trying again may help
    ├── ArchiveError (ValueError)             an archive that is broken or unsafe to unpack
    ├── ModelFileError (ValueError)           a saved model that is broken or foreign
    ├── MemoryLimitError (MemoryError)        work that would not fit into the memory there is
    ├── DiskSpaceError (OSError)              a file that would not fit onto the disk
    ├── EngineError (RuntimeError)            workers that are not there, or cannot do the work
    └── MissingDependencyError (ImportError)  an optional package that is not installed

`StepOrderError` is in a module of its own, as its base is scikit-learn's.
"""

from __future__ import annotations

from clustimage._core.public import public

__all__ = [
    "ArchiveError",
    "ClustimageError",
    "DiskSpaceError",
    "DownloadError",
    "EngineError",
    "ImageReadError",
    "InvalidDataError",
    "InvalidParameterError",
    "MemoryLimitError",
    "MissingDependencyError",
    "ModelFileError",
    "StoreError",
    "TransientStoreError",
]


@public
class ClustimageError(Exception):
    """Base of all exceptions that clustimage raises on purpose."""


@public
class InvalidParameterError(ClustimageError, ValueError):
    """A parameter has a name or a value that is not allowed.

    Attributes
    ----------
    parameter : str or None
        Name of the parameter as an argument in Python, where one parameter is to blame.
    value : object
        What was given for it.
    """

    def __init__(
        self, message: str = "", *, parameter: str | None = None, value: object = None
    ) -> None:
        super().__init__(message)
        self.parameter = parameter
        self.value = value


@public
class InvalidDataError(ClustimageError, ValueError):
    """An array or a table cannot be used as images, features or labels; or a plan, a journal."""


@public
class ImageReadError(ClustimageError, OSError):
    """A file cannot be decoded, or no image was found at all."""


@public
class DownloadError(ClustimageError, OSError):
    """A URL could not be fetched."""


@public
class StoreError(DownloadError):
    """A file of an object store could not be read, listed or written."""


@public
class TransientStoreError(StoreError):
    """A store was busy or could not be reached, also when it was asked again.

    It says nothing about the file, which may be read well later.
    """


@public
class ArchiveError(ClustimageError, ValueError):
    """An archive is broken, or would write outside its folder."""


@public
class ModelFileError(ClustimageError, ValueError):
    """A saved model is broken, cut off, or not a model of clustimage."""


@public
class MemoryLimitError(ClustimageError, MemoryError):
    """The work would need more memory than there is; raised before it is taken."""


@public
class DiskSpaceError(ClustimageError, OSError):
    """A file that the work needs does not fit onto the disk."""


@public
class EngineError(ClustimageError, RuntimeError):
    """The workers of an engine cannot be reached, or cannot do the work."""


@public
class MissingDependencyError(ClustimageError, ImportError):
    """An optional package is needed and not installed."""
