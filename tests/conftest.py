"""Fixtures that every test may use."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

# Before matplotlib and scikit-learn are imported anywhere: tests draw without a screen.
os.environ.setdefault("MPLBACKEND", "Agg")
# Tests run side by side: threads of one would wait for the cores of another, and hold them.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import hypothesis
import numpy as np
import pytest

# Programs that are started in the background ignore Ctrl-C, and so would those of the tests.
if threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).resolve().parents[1]
# The first does not load what only windows need.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

# The same examples in every run; HYPOTHESIS_PROFILE=thorough draws others, and many.
hypothesis.settings.register_profile(
    "settled",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=100,
    suppress_health_check=list(hypothesis.HealthCheck),
    print_blob=False,
)
hypothesis.settings.register_profile(
    "thorough",
    hypothesis.settings.get_profile("settled"),
    derandomize=False,
    max_examples=2000,
)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "settled"))


@pytest.fixture(scope="session")
def with_dlib() -> None:
    """Skip where dlib or its models are not installed."""
    pytest.importorskip("dlib")
    pytest.importorskip("face_recognition_models")


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    """Close what a test drew."""
    yield
    import sys

    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture(autouse=True)
def usual_verbosity() -> None:
    """Forget how much an earlier test let the package say."""
    logging.getLogger("clustimage").setLevel(logging.NOTSET)


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A real file system of two MiB, in memory."""
    place = tmp_path / "disk"
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)]
    try:
        if subprocess.run(words, capture_output=True, timeout=20).returncode:
            pytest.skip("this user may not mount a file system")
    except OSError:
        pytest.skip("the system has no 'mount'")
    yield place
    subprocess.run(["umount", "-l", str(place)], capture_output=True, timeout=20, check=True)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium without a window; skips where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip("there is no Chromium (Debian's package chromium-headless-shell)")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


class Store:
    """A bucket of S3 on this machine."""

    def __init__(self, client: Any, endpoint: str, bucket: str) -> None:
        self.client, self.endpoint, self.bucket = client, endpoint, bucket
        self.url = f"s3://{bucket}"

    def put(self, key: str, content: bytes) -> str:
        """Store an object, and return its URL."""
        self.client.put_object(Bucket=self.bucket, Key=key, Body=content)
        return f"{self.url}/{key}"

    def fill(self, keys: Iterable[str]) -> None:
        """Store many empty objects, past the network."""
        from moto.core import DEFAULT_ACCOUNT_ID
        from moto.s3.models import s3_backends

        for key in keys:
            s3_backends[DEFAULT_ACCOUNT_ID]["aws"].put_object(self.bucket, key, b"")


def forget_clients() -> None:
    """Let the next client of s3fs read its settings from the environment again."""
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """The address of a server of S3 on this machine."""
    pytest.importorskip("s3fs", reason="s3fs is not installed")
    moto = pytest.importorskip("moto.server", reason="moto is not installed")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture(scope="session")
def new_bucket(s3_server: str) -> Any:
    """A context that makes an empty bucket of S3, which the environment leads to meanwhile."""

    @contextmanager
    def new(patch: pytest.MonkeyPatch) -> Iterator[Store]:
        import boto3

        settings = {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": s3_server,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "no_proxy": "*",
        }
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in settings.items():
            patch.setenv(name, value)
        forget_clients()
        client = boto3.client("s3")
        bucket = f"photos-{time.monotonic_ns()}"
        client.create_bucket(Bucket=bucket)
        yield Store(client, s3_server, bucket)
        client.close()
        forget_clients()

    return new


@pytest.fixture
def s3(new_bucket: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """An empty bucket of S3, which the environment leads to."""
    with new_bucket(monkeypatch) as store:
        yield store


ANSWERS = {"AccessDenied": 403, "ExpiredToken": 400, "SlowDown": 503, "InternalError": 500}


class Faults:
    """What goes wrong with the next requests of a kind, and which requests came.

    `plan` yields for each request whose line starts with `on` what becomes of it: ``"cut"``
    (the body ends before its length), ``"reset"``, ``"slow"`` (nothing comes), an error of S3,
    or nothing.
    """

    def __init__(self) -> None:
        self.plan: Iterator[str] = iter(())
        self.on = "GET /"
        self.requests: list[str] = []
        self.authorizations: list[str] = []
        self.over = threading.Event()

    def of(self, line: str) -> str:
        self.requests.append(line)
        return next(self.plan, "") if line.startswith(self.on) else ""


@contextmanager
def faulty_server(endpoint: str, patch: pytest.MonkeyPatch) -> Iterator[Faults]:
    """Put a server in front of one of S3, with which things go wrong."""
    faults = Faults()
    host = endpoint.partition("://")[2]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_request(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            faults.authorizations.append(self.headers.get("Authorization", ""))
            fault = faults.of(f"{self.command} {self.path}")
            if fault in ("slow", "reset"):
                faults.over.wait(30 if fault == "slow" else 0)
                self.close_connection = True
                return
            if fault in ANSWERS:
                words = f"<Error><Code>{fault}</Code><Message>no</Message></Error>".encode()
                self.answer(ANSWERS[fault], {"Content-Type": "application/xml"}, words)
                return
            server = HTTPConnection(host, timeout=20)
            server.request(self.command, self.path, content or None, dict(self.headers))
            answer = server.getresponse()
            body = answer.read()
            server.close()
            headers = {name: value for name, value in answer.getheaders() if name != "Connection"}
            self.answer(answer.status, headers, body, cut=fault == "cut")

        def answer(
            self, status: int, headers: dict[str, str], body: bytes, cut: bool = False
        ) -> None:
            self.send_response_only(status)
            for name, value in headers.items():
                if name not in ("Content-Length", "Transfer-Encoding"):
                    self.send_header(name, value)
            length = headers.get("Content-Length", "0") if self.command == "HEAD" else len(body)
            self.send_header("Content-Length", str(length))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body[: len(body) // 2] if cut else body)
            self.close_connection |= cut

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_request  # noqa: N815

        def log_message(self, *words: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    patch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    forget_clients()
    yield faults
    faults.over.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def s3_faults(s3: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Faults]:
    """A server in front of the one of `s3`, with which things go wrong."""
    with faulty_server(s3.endpoint, monkeypatch) as faults:
        yield faults


@pytest.fixture(scope="module")
def faulty_store(new_bucket: Any) -> Iterator[tuple[Store, Faults]]:
    """A bucket and the server in front of it, for all tests of a module."""
    with (
        pytest.MonkeyPatch.context() as patch,
        new_bucket(patch) as store,
        faulty_server(store.endpoint, patch) as faults,
    ):
        yield store, faults


@pytest.fixture(scope="session")
def client() -> Iterator[Any]:
    """A client of two worker processes; skips where Dask is not installed."""
    distributed = pytest.importorskip("distributed", reason="distributed is not installed")
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0"}
    with (
        distributed.LocalCluster(**options) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        yield client


@pytest.fixture(scope="session")
def lent_data() -> Path:
    """Folder of real photos that are not part of the project; skips where it is absent."""
    base = Path(os.environ.get("CLUSTIMAGE_TEST_DATA", ROOT.parent / "shared"))
    if not (base / "data").is_dir():
        pytest.skip(f"no folder of real photos at {base / 'data'} (set CLUSTIMAGE_TEST_DATA)")
    return base / "data"


@pytest.fixture(scope="session")
def corel(lent_data: Path) -> tuple[list[str], np.ndarray]:
    """Two hundred photos of ten kinds: paths and kinds."""
    paths: list[str] = []
    kinds: list[str] = []
    for folder in sorted((lent_data / "corel1k").iterdir()):
        some = sorted(folder.glob("*.jpg"))[::5]
        paths += [str(path) for path in some]
        kinds += [folder.name] * len(some)
    return paths, np.array(kinds)


@pytest.fixture(scope="session")
def few_photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Sixty of the embedded photos, ten of each of six kinds; not to be changed."""
    from clustimage import import_example

    photos = Path(import_example("photos", dirpath=tmp_path_factory.mktemp("examples")))
    kinds = ("astronaut", "bricks", "coffee", "coins", "page", "rocket")
    return [path for kind in kinds for path in sorted((photos / kind).glob("*.jpg"))[:10]]


@pytest.fixture(scope="session")
def digits() -> tuple[np.ndarray, np.ndarray]:
    """Scikit-learn's 1,797 digits, `(1797, 64)`, and what they show."""
    from sklearn.datasets import load_digits

    return load_digits(return_X_y=True)


@pytest.fixture(scope="session")
def blobs() -> tuple[np.ndarray, np.ndarray]:
    """Six groups of unequal size, `(300, 5)`, and what they are."""
    from sklearn.datasets import make_blobs

    return make_blobs([90, 70, 50, 40, 30, 20], 5, cluster_std=1.0, random_state=3)


@pytest.fixture(scope="session")
def digit_features(digits: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Principal components of the digits with 95 % of the variance."""
    from sklearn.decomposition import PCA

    return PCA(0.95, random_state=0).fit_transform(digits[0]).astype(np.float32)


def _structured(n: int, height: int, width: int, channels: int) -> np.ndarray:
    """Make seeded images of a few soft blobs, so that neighbours are alike, with full range."""
    rng = np.random.default_rng(7)
    down, right = np.mgrid[0:height, 0:width]
    images = np.empty((n, height, width, channels), dtype=np.uint8)
    for image in images:
        field = np.zeros((height, width, channels))
        for _ in range(6):
            y, x = rng.uniform(0, height), rng.uniform(0, width)
            size = rng.uniform(0.05, 0.3) * min(height, width)
            blob = np.exp(-((down - y) ** 2 + (right - x) ** 2) / (2 * size**2))
            field += blob[..., None] * rng.uniform(-1, 1, channels)
        field += rng.normal(0, 0.02, field.shape)
        field -= field.min()
        image[:] = np.round(255 * field / field.max())
    return images


@pytest.fixture(scope="session")
def colour() -> np.ndarray:
    """Forty made images, (40, 64, 48, 3)."""
    return _structured(40, 64, 48, 3)


@pytest.fixture(scope="session")
def gray() -> np.ndarray:
    """Forty made images, (40, 64, 64, 1)."""
    return _structured(40, 64, 64, 1)


@pytest.fixture(scope="session")
def awkward() -> dict[str, np.ndarray]:
    """Images at the edge of what there can be, by name."""
    checker = (np.indices((32, 32)).sum(axis=0) % 2 * 255).astype(np.uint8)
    return {
        "black": np.zeros((2, 32, 32, 3), np.uint8),
        "white": np.full((2, 32, 32, 3), 255, np.uint8),
        "even": np.repeat(np.arange(0, 256, 5, dtype=np.uint8), 32 * 32).reshape(-1, 32, 32, 1),
        "checker": checker[None, :, :, None],
        "noise": np.random.default_rng(0).integers(0, 256, (8, 40, 56, 3), dtype=np.uint8),
        "narrow": np.random.default_rng(1).integers(0, 256, (4, 8, 50, 3), dtype=np.uint8),
        "tiny": np.random.default_rng(2).integers(0, 256, (8, 8, 8, 1), dtype=np.uint8),
    }
