"""Files in object stores such as S3, by URL; what writes a result takes a local path as well."""

from __future__ import annotations

import asyncio
import concurrent.futures
import importlib
import math
import os
import random
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, TypeVar

from clustimage._core.errors import (
    InvalidParameterError,
    MissingDependencyError,
    StoreError,
    TransientStoreError,
)
from clustimage._core.files import open_regular, replacing
from clustimage._core.optional import import_optional
from clustimage._core.parallel import interruption

__all__ = [
    "StoredFile",
    "exists",
    "fetch_to",
    "is_store_url",
    "list_files",
    "open_url",
    "read_bytes",
    "remove",
    "store_file",
    "stored_file",
    "write_bytes",
]

Result = TypeVar("Result")

# Scheme of a URL -> the package that fsspec reads it with, and our extra with that package.
PACKAGES = {
    **dict.fromkeys(("s3", "s3a"), ("s3fs", "s3")),
    **dict.fromkeys(("gs", "gcs"), ("gcsfs", "gs")),
    **dict.fromkeys(("az", "abfs", "abfss"), ("adlfs", "azure")),
    "memory": ("fsspec", "s3"),
    "hf": ("huggingface_hub", ""),
    **dict.fromkeys(("oci", "ocilake"), ("ocifs", "")),
    "oss": ("ossfs", ""),
    "tos": ("tosfs", ""),
}

DEADLINE = 300.0  # seconds for one request, or one file
N_TRIES = 5
FIRST_PAUSE = 0.5  # seconds; doubled each time
SECONDS_BETWEEN_LOOKS = 0.1  # at the clock, and for an interruption

# Codes that S3 answers with, and names of exceptions of botocore, aiohttp and azure.
EXPIRED = {
    *("ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired"),
    *("UnauthorizedSSOTokenError", "SSOTokenLoadError", "TokenRetrievalError"),
}
NO_CREDENTIALS = {
    *("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"),
    *("ProfileNotFound", "NoAuthTokenError"),
}
ELSEWHERE = {
    *("PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed", "301", "307"),
    "IllegalLocationConstraintException",
}
UNREACHABLE = {
    *("EndpointConnectionError", "ConnectTimeoutError", "ProxyConnectionError"),
    *("ClientConnectorError", "ServiceRequestError", "gaierror"),
}
BUSY = {
    *("SlowDown", "RequestTimeout", "Throttling", "ThrottlingException", "TooManyRequests"),
    *("RequestLimitExceeded", "InternalError", "ServiceUnavailable", "OperationAborted"),
}
BROKEN = {
    *("HTTPClientError", "ConnectionError", "TimeoutError", "ClientPayloadError"),
    *("ClientConnectionError", "IncompleteRead", "IncompleteReadError", "ChecksumError"),
    *("FlexibleChecksumError", "ServiceResponseError", "ResponseParserError"),
}
UNTRUSTED = {"SSLError", "ClientSSLError", "SSLCertVerificationError"}


class _MissingError(StoreError, FileNotFoundError):
    """There is no such bucket or file."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file in a store.

    Attributes
    ----------
    url : str
        Its address; after the scheme it is what the store calls it, with nothing escaped.
    size : int
        Bytes.
    tag : str
        What changes with the content: the ETag, else the time of the last change and the size.
    """

    url: str
    size: int
    tag: str


def is_store_url(text: object) -> bool:
    """Return whether `text` is a URL of a store that fsspec can read; the web is none.

    Examples
    --------
    >>> is_store_url("s3://bucket/cat.jpg"), is_store_url("https://example.org/cat.jpg")
    (True, False)
    """
    return isinstance(text, str) and _scheme(text) in PACKAGES


def list_files(url: str, *, recursive: bool = True) -> Iterator[StoredFile]:
    """Yield the files below a URL, in the order of their names, or the one that it names.

    They are asked for as they are needed: of S3 a thousand at a time, elsewhere a folder at a
    time, so that a long listing is never held. Names that end in ``/`` are folders.

    Parameters
    ----------
    url : str
        Of a bucket, a prefix or a file; or a local path.
    recursive : bool, default=True
        Whether to go below the folders in it.

    Raises
    ------
    StoreError
        If there is nothing, or it cannot be listed; `TransientStoreError` where the store is
        busy or cannot be reached.
    """
    if not is_store_url(url):
        yield from _local_files(Path(url), recursive)
        return
    fs, path = _file_system(url)
    if not url.endswith("/"):
        info = _info(fs, path, url)
        if info["type"] != "directory":
            yield _described(url, info)
            return
    n_seen = 0
    entries = _s3_entries if hasattr(fs, "call_s3") else _entries
    for info in entries(fs, path, url, recursive):
        n_seen += 1
        if not info["name"].endswith("/"):
            yield _described(url.rstrip("/") + info["name"][len(path) :], info)
    if not n_seen:
        raise _nothing(url)


def stored_file(url: str) -> StoredFile | None:
    """Return what is known of a file, or None where `url` is a folder.

    Raises
    ------
    StoreError
        If there is nothing of that name, or it cannot be asked for.
    """
    if not is_store_url(url):
        path = Path(url)
        return None if path.is_dir() else _described(url, _local_info(path))
    fs, path_ = _file_system(url)
    info = _info(fs, path_, url)
    return None if info["type"] == "directory" else _described(url, info)


def read_bytes(url: str, size: int | None = None) -> bytes:
    """Return the content of a file.

    Parameters
    ----------
    url : str
        Of a file; or a local path.
    size : int, optional
        Its length in bytes, where that is known; a shorter content counts as cut off.

    Raises
    ------
    StoreError
        If it cannot be read; `TransientStoreError` where reading it again may help.
    """
    if not is_store_url(url):
        with open_regular(url) as file:
            return file.read()

    def read(end: float) -> bytes:
        data: bytes = _run(fs, url, end, "cat_file", path)
        _check_length(url, len(data), size)
        return data

    fs, path = _file_system(url)
    return _repeated(read, url)


def fetch_to(
    url: str, target: Path, *, size: int | None = None, deadline: float = DEADLINE
) -> None:
    """Copy a file of a store to the file `target`, which appears only when it is complete.

    Parameters
    ----------
    url : str
        Of a file; or a local path.
    target : Path
        Absolute path, in a folder that exists; a file there is replaced.
    size : int, optional
        As for `read_bytes`.
    deadline : float, default=300
        Seconds for the whole file, all attempts together.

    Raises
    ------
    StoreError
        As for `read_bytes`.
    OSError
        If `target` cannot be written.
    """
    with replacing(target) as file:
        if not is_store_url(url):
            file.write(read_bytes(url))
            return

        def fetch(end: float) -> None:
            _run(fs, url, end, "get_file", path, file.name)
            _check_length(url, os.fstat(file.fileno()).st_size, size)

        fs, path = _file_system(url)
        _repeated(fetch, url, deadline)


def exists(url: str) -> bool:
    """Return whether there is a file or a folder at a URL or a local path.

    Raises
    ------
    StoreError
        If that cannot be seen.
    """
    if not is_store_url(url):
        return Path(url).exists()
    fs, path = _file_system(url)
    try:
        _info(fs, path, url)
    except _MissingError:
        return False
    return True


def write_bytes(url: str, data: bytes) -> None:
    """Write a file, which is there whole or not at all; one that is there is replaced.

    Parameters
    ----------
    url : str
        Of the file; or a local path. Its folder is made.
    data : bytes
        The content.

    Raises
    ------
    StoreError
        If it cannot be written; `TransientStoreError` where writing it again may help.
    """
    if not is_store_url(url):
        target = Path(url)
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as file:
            file.write(data)
        return
    fs, path = _file_system(url)
    # In an object store, a name appears when its content is complete.
    _repeated(lambda end: _run(fs, url, end, "pipe_file", path, data), url, what="written")


def store_file(source: Path, url: str) -> None:
    """Write the content of a file of this machine; see `write_bytes`."""
    fs, path = _file_system(url)
    _repeated(
        lambda end: _run(fs, url, end, "put_file", str(source), path), url, math.inf, what="written"
    )


def remove(url: str) -> None:
    """Remove a file, where there is one.

    Raises
    ------
    StoreError
        If it cannot be removed.
    """
    if not is_store_url(url):
        Path(url).unlink(missing_ok=True)
        return
    fs, path = _file_system(url)
    method, options = "rm_file", {}
    if PACKAGES[_scheme(url)][0] == "adlfs":  # which has no `rm_file`
        method, options = "rm", {"expand_path": False}
    try:
        _repeated(lambda end: _run(fs, url, end, method, path, **options), url, what="removed")
    except _MissingError:
        return


def open_url(url: str) -> IO[bytes]:
    """Open a file to read, of which only what is asked for is fetched.

    Raises
    ------
    StoreError
        If it cannot be opened. What fails later is raised as fsspec raises it.
    """
    if not is_store_url(url):
        return open_regular(url)
    fs, path = _file_system(url)
    opened: IO[bytes] = _repeated(lambda end: fs.open(path, "rb"), url)
    return opened


def _scheme(url: str) -> str:
    found = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", url)
    return found[1].lower() if found else ""


def _file_system(url: str) -> tuple[Any, str]:
    """Return the file system of fsspec for a URL, and what it calls the file."""
    scheme = _scheme(url)
    package, extra = PACKAGES[scheme]
    asked = f"{url!r}"
    if extra:
        import_optional(package, extra=extra, needed_by=asked)
        fsspec: Any = import_optional("fsspec", extra=extra, needed_by=asked)
    else:
        try:
            fsspec = importlib.import_module("fsspec")
            fsspec.get_filesystem_class(scheme)
        except ImportError as exc:
            raise MissingDependencyError(
                f"{asked} needs the packages fsspec and {package}, of which one cannot be imported "
                f"({exc}). Install them with: pip install fsspec {package}"
            ) from exc
    kind = fsspec.get_filesystem_class(scheme)
    named = re.sub(r"^[^:]*", scheme, url, count=1)
    path: str = kind._strip_protocol(named)
    if not path.strip("/"):
        raise InvalidParameterError(
            f"{url!r} names no bucket. Give a URL such as {scheme}://bucket/photos."
        )
    options: dict[str, Any] = {"use_listings_cache": False}
    if package == "s3fs":
        # One GET for each file, not preceded by a HEAD; attempts are counted by `_repeated`.
        given = fsspec.config.conf.get("s3", {}).get("config_kwargs", {})
        options["config_kwargs"] = {**given, "retries": {"total_max_attempts": 1}}
        options["max_concurrency"] = 1
    fs = kind(**kind._get_kwargs_from_urls(named), **options)
    if package == "s3fs":
        fs.retries = 1
    return fs, path


def _s3_entries(fs: Any, path: str, url: str, recursive: bool) -> Iterator[dict[str, Any]]:
    """Yield what S3 lists below a path."""
    bucket, key, _ = fs.split_path(path)
    request = {"Bucket": bucket, "Prefix": f"{key}/" if key else ""}
    if not recursive:
        request["Delimiter"] = "/"
    more = True
    while more:
        page = _repeated(
            lambda end: _run(fs, url, end, "call_s3", "list_objects_v2", **request),
            url,
            what="listed",
        )
        for item in page.get("Contents", ()):
            yield {**item, "name": f"{bucket}/{item['Key']}", "size": item["Size"]}
        for item in page.get("CommonPrefixes", ()):
            yield {"name": f"{bucket}/{item['Prefix']}"}
        more = page.get("IsTruncated", False)
        request["ContinuationToken"] = page.get("NextContinuationToken", "")


def _entries(fs: Any, path: str, url: str, recursive: bool) -> Iterator[dict[str, Any]]:
    """Yield what another store lists, in the order that S3 would have."""

    def sort_key(info: dict[str, Any]) -> str:
        return str(info["name"]) + ("/" if info["type"] == "directory" else "")

    listed = _repeated(lambda end: _run(fs, url, end, "ls", path, detail=True), url, what="listed")
    for info in sorted(listed, key=sort_key):
        if info["type"] != "directory":
            yield info
        elif info["name"].rstrip("/") != path:
            yield {"name": info["name"].rstrip("/") + "/"}
            if recursive:
                yield from _entries(fs, info["name"].rstrip("/"), url, recursive)


def _info(fs: Any, path: str, url: str) -> dict[str, Any]:
    """Return what a store knows of a file or folder."""
    try:
        info: dict[str, Any] = _repeated(lambda end: _run(fs, url, end, "info", path), url)
    except (TransientStoreError, _MissingError):
        raise
    except StoreError:
        if hasattr(fs, "call_s3"):
            # The answer to HEAD has no words; this one says why.
            bucket = fs.split_path(path)[0]
            _repeated(
                lambda end: _run(
                    fs, url, end, "call_s3", "list_objects_v2", Bucket=bucket, MaxKeys=1
                ),
                url,
            )
        raise
    return info


def _described(url: str, info: dict[str, Any]) -> StoredFile:
    size = int(info["size"] or 0)
    for name in ("ETag", "etag", "md5Hash"):
        if info.get(name):
            return StoredFile(url, size, str(info[name]).strip('"'))
    names = ("LastModified", "last_modified", "updated", "mtime", "modified", "created")
    changed = next((info[name] for name in names if info.get(name)), "")
    if isinstance(changed, datetime):
        changed = changed.timestamp()
    return StoredFile(url, size, f"{changed}-{size}")


def _local_info(path: Path) -> dict[str, Any]:
    found = path.stat()
    return {"size": found.st_size, "mtime": found.st_mtime_ns}


def _local_files(path: Path, recursive: bool) -> Iterator[StoredFile]:
    if not path.is_dir():
        yield _described(str(path), _local_info(path))
        return
    entries = sorted(path.iterdir(), key=lambda item: item.name + "/" * item.is_dir())
    for entry in entries:
        if not entry.is_dir():
            yield _described(str(entry), _local_info(entry))
        elif recursive and not entry.is_symlink():
            yield from _local_files(entry, recursive)


def _check_length(url: str, n_bytes: int, size: int | None) -> None:
    if size is not None and n_bytes < size:
        raise TransientStoreError(f"{url} was cut off after {n_bytes} of {size} bytes. Try again.")


def _run(fs: Any, url: str, end: float, method: str, *args: Any, **kwargs: Any) -> Any:
    """Call a method of a file system; give up at a time, or where the work is interrupted."""
    if not getattr(fs, "async_impl", False):
        return getattr(fs, method)(*args, **kwargs)
    interrupted = interruption()
    asked = getattr(fs, f"_{method}")(*args, **kwargs)
    future = asyncio.run_coroutine_threadsafe(asked, fs.loop)
    try:
        while not concurrent.futures.wait([future], SECONDS_BETWEEN_LOOKS).done:
            if interrupted.is_set():
                raise TransientStoreError(f"{url} was interrupted.")
            if time.monotonic() > end:
                raise TransientStoreError(f"{url} took too long. Try again when the store is fast.")
        return future.result()
    finally:
        future.cancel()


def _repeated(
    ask: Callable[[float], Result], url: str, deadline: float = DEADLINE, *, what: str = "read"
) -> Result:
    """Return what `ask` does, which is called again where the store was busy.

    It is given the time, of `time.monotonic`, at which to stop.
    """
    end = time.monotonic() + deadline
    for attempt in range(N_TRIES):
        try:
            return ask(end)
        except Exception as exc:  # noqa: BLE001 - each package has its own
            error = _explained(exc, url, what)
            if error is None:
                raise
            pause = FIRST_PAUSE * 2**attempt * random.uniform(0.5, 1)
            late = attempt == N_TRIES - 1 or time.monotonic() + pause > end
            if not isinstance(error, TransientStoreError) or late or interruption().wait(pause):
                if not isinstance(error, _MissingError):
                    _forget_clients(url)
                raise error from (None if error is exc else exc)
    raise AssertionError


def _forget_clients(url: str) -> None:
    """Let the next request read credentials and endpoints again, which may be others by then."""
    import fsspec

    fsspec.get_filesystem_class(_scheme(url)).clear_instance_cache()


def _explained(exc: Exception, url: str, what: str) -> StoreError | None:
    """Return a sentence for what a store or a package raised; None where it was neither."""
    if isinstance(exc, StoreError):
        return exc
    chain = _chain(exc)
    words = {kind.__name__ for error in chain for kind in type(error).__mro__}
    status, reason = 0, ""
    for error in reversed(chain):
        answer = getattr(error, "response", None)
        if isinstance(answer, dict) and "Error" in answer:
            reason = str(answer["Error"].get("Code", ""))
            status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        else:
            named = [getattr(error, name, None) for name in ("status_code", "status", "code")]
            status = next((value for value in named if isinstance(value, int)), status)
    words.add(reason)
    reason = reason or type(chain[-1]).__name__
    bucket, _, key = url.partition("://")[2].partition("/")
    missing = status == 404 or "NoSuchKey" in words or _is_missing(exc)
    if words & EXPIRED:
        return StoreError(
            f"The credentials for {url} have expired ({reason}). Renew them and run this again."
        )
    if words & NO_CREDENTIALS:
        return StoreError(
            f"There are no credentials for {url} ({_line(chain[-1])}). Set AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY or AWS_PROFILE, or FSSPEC_S3_ANON=true for a public bucket."
        )
    if "InvalidBucketName" in words or (
        "ParamValidationError" in words and "bucket name" in str(chain[-1]).lower()
    ):
        return StoreError(
            f"{bucket!r} in {url} is not a name of a bucket. Give {_scheme(url)}://BUCKET/PREFIX."
        )
    if "NoSuchBucket" in words or (missing and not key):
        return _MissingError(
            f"There is no bucket {bucket!r} for {url}. Check its name, and the endpoint "
            "(AWS_ENDPOINT_URL)."
        )
    if words & ELSEWHERE:
        return StoreError(
            f"The bucket of {url} is in another region ({reason}). Set AWS_DEFAULT_REGION to it."
        )
    if words & UNTRUSTED:
        return StoreError(
            f"The certificate of the server of {url} is not trusted ({_line(chain[-1])}). "
            "Set AWS_CA_BUNDLE to the certificates of its authority."
        )
    if status in (401, 403) or ("PermissionError" in words and getattr(exc, "errno", None) is None):
        return StoreError(
            f"{url} may not be {what} with these credentials ({reason}). Check the credentials and "
            "the policy of the bucket."
        )
    if words & UNREACHABLE:
        return TransientStoreError(
            f"The server of {url} cannot be reached ({_line(chain[-1])}). Check the network and "
            "the endpoint (AWS_ENDPOINT_URL)."
        )
    if status in (408, 429) or status >= 500 or words & (BUSY | BROKEN):
        said = f"{status} {reason}" if status else _line(chain[-1])
        return TransientStoreError(
            f"{url} cannot be {what} now: the store is busy or the connection broke ({said}). "
            "Try again later."
        )
    if missing:
        return _nothing(url)
    if status or "BotoCoreError" in words or "ClientError" in words:
        return StoreError(f"{url} cannot be {what} ({_line(chain[-1])}). Check the URL.")
    return None


def _nothing(url: str) -> StoreError:
    return _MissingError(
        f"There is nothing at {url}: no file of this name and none below it. Check the spelling; "
        "upper and lower case differ."
    )


def _is_missing(exc: Exception) -> bool:
    """Return whether a store has no such file, told from a folder of this machine."""
    return isinstance(exc, FileNotFoundError) and (exc.errno is None or exc.filename is None)


def _chain(exc: BaseException) -> list[BaseException]:
    """Return an exception and what it was raised from, the first cause last."""
    chain: list[BaseException] = []
    link: BaseException | None = exc
    while link is not None and link not in chain:
        chain.append(link)
        link = link.__cause__ or link.__context__
    return chain


def _line(exc: BaseException) -> str:
    return " ".join(str(exc).split())[:160] or type(exc).__name__
