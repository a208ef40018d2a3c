"""``method="cnn"``: activations of a network that was trained on photos."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import check_is_fitted

from clustimage._core.errors import InvalidParameterError, ModelFileError
from clustimage._core.memory import Budget
from clustimage._core.parallel import check_jobs
from clustimage._core.parameters import named, setting, shown
from clustimage._core.picked_rows import PickedRows
from clustimage._core.plan import Step
from clustimage._core.validation import (
    check_bool,
    check_int,
    check_option,
    invalid,
    merge_defaults,
)
from clustimage._decomposition.products import project
from clustimage.features._extractor import ImageExtractor, as_images, as_rows
from clustimage.features._pca import PCAExtractor, check_n_components
from clustimage.features._stored import has_rows, stored_rows
from clustimage.features.cnn._names import joined_names, packages_of, parse_name, size_of
from clustimage.features.cnn._network import Network
from clustimage.features.cnn._preset import PUBLISHED, is_default
from clustimage.features.cnn._torch import PRECISIONS, installed_versions
from clustimage.features.cnn._weights import file_digest, file_of
from clustimage.images import Images

if TYPE_CHECKING:
    from clustimage.images import Cache

__all__ = ["PARAMS_CNN", "CNNExtractor"]

PARAMS_CNN: dict[str, Any] = {
    "model": "mobilenet_v2",
    "layer": None,
    "weights": "IMAGENET1K_V1",
    "batch_size": 32,
    "device": "auto",
    "precision": "float32",
    "n_components": None,
    "normalize": True,
}

ROWS_PER_BLOCK = 4096  # scaled to length 1 at a time

BYTES_PER_FRAME = 2_000_000  # of an image as the input of a network
BYTES_PER_MILLION = 9_000_000  # of a million weights while they are read: the file and the network
ACTIVATION_BYTES = 340_000_000  # between two layers, and the code of torch, about

DEVICES = re.compile(r"auto|cpu|cuda(:\d+)?|mps(:0)?")
COMPONENTS = ("mean_", "components_", "offset_", "explained_variance_ratio_")

Floats = npt.NDArray[np.float32]


class CNNExtractor(ImageExtractor):
    """Describe images by the activations of a network, in front of its classifier.

    Parameters
    ----------
    model : str or torch.nn.Module, default="mobilenet_v2"
        A classification model of torchvision by its name, with or without underscores, in
        any case (``torchvision.models.list_models(module=torchvision.models)`` lists them),
        or ``"efficientnet_lite0"``; ``"timm/NAME"``, a network of timm, with or without the tag
        of its weights; ``"open_clip/NAME"`` or ``"open_clip/NAME/TAG"``, the image tower of a
        CLIP model; several names with ``"+"`` between them, whose rows are joined; or a
        network that takes `(b, 3, height, width)` of float32. Such a network is copied, and
        itself stays as it is.
    layer : str, int or None, default=None
        Where the activations are taken. None is the input of the classifier, or the output
        of a network without one. A name is one of ``model.named_modules()``; for VGG also
        ``"fc1"``, ``"fc2"`` (4096 values each, after their ReLU) and ``"flatten"`` (25088).
        A number counts the innermost layers, from 0, or from the end with -1. A layer that
        is run several times counts the last time.
    weights : str, path, torchvision.models.WeightsEnum or None, default="IMAGENET1K_V1"
        A name that torchvision has for the model: the file is looked for in torch's own cache,
        then in an installed package of weights, then downloaded once, to that cache. For
        networks of timm and open_clip the tag of their weights, from the cache of the Hugging
        Face hub or downloaded to it; the default is the one in the name, else a common one. Or
        a file with a state dict (a text with a dot or a slash in it), also in the format
        safetensors; nothing in it is executed. None is random, with a warning. With a custom
        network a member such as ``ResNet50_Weights.IMAGENET1K_V2`` brings its preprocessing, a
        file the weights; the default has no effect then.
    batch_size : int, default=32
        Images in one forward pass.
    device : str, torch.device or None, default="auto"
        ``"auto"`` is CUDA, else MPS, else the CPU.
    precision : {"float32", "bfloat16", "auto"}, default="float32"
        Type of the numbers inside of the network; rows are float32. With ``"bfloat16"`` layers
        compute in it where torch knows it to be safe; rows differ by some hundredths of their
        length (of mobilenet_v2 on photos 0.07 in the median). ``"auto"`` is ``"bfloat16"`` on
        a CPU with AMX or AVX512-BF16 and on GPUs from NVIDIA's Ampere on, else ``"float32"``.
    n_components : int, float or None, default=None
        Principal components of the activations, as in `PCAExtractor`; None takes the
        activations themselves.
    normalize : bool, default=True
        Make rows of length 1, so that the Euclidean distance is that of the angle. With
        `n_components` they are brought to length 1 both before and after the components
        are taken.
    random_state : int, RandomState or None, default=0
        Seed of random weights, and of the components.
    n_jobs : int, default=-1
        Number of threads that decode; -1 is all cores.

    Attributes
    ----------
    image_shape_ : tuple of int
        Height and width of the images fitted.
    weights_digest_ : str
        Identifies the weights; empty where the cache had every row and the network was not
        needed.
    mean_, components_, offset_, explained_variance_ratio_ : ndarray
        As in `PCAExtractor`; with `n_components` only.

    Notes
    -----
    Preprocessing belongs to the weights: size, crop, interpolation, means and deviations are
    those of ``weights.transforms()``; for a file those of the published weights that have
    its name, else, as without weights, of ``IMAGENET1K_V1`` of the model; for networks of timm
    and open_clip those of the weights that the name means, also where a file is given; for a
    custom network 224 by 224 pixels out of 256, bilinear, with the means and deviations of
    ImageNet.

    Where networks are joined, the rows of each have length 1, so that each counts the same.

    Maps are averaged over space, tokens are the class token, or their average where there is
    none. A row of zeros stays zero.

    The same image alone and in a batch gives the same row to about 1e-6, not to the bit.

    References
    ----------
    .. [1] Donahue J et al. (2014). DeCAF: A deep convolutional activation feature for generic
       visual recognition. ICML, 647-655.
    .. [2] Jegou H, Chum O (2012). Negative evidences and co-occurences in image retrieval: the
       benefit of PCA and whitening. ECCV, 774-787 (length 1 before and after PCA).

    Examples
    --------
    >>> CNNExtractor("resnet50", n_components=50)
    CNNExtractor(model='resnet50', n_components=50)
    """

    # Built when they are needed, neither copied nor saved.
    _network: Network | None = None
    _joined: list[CNNExtractor] | None = None

    cluster_space: ClassVar[str] = "graph"

    def __init__(
        self,
        model: Any = PARAMS_CNN["model"],
        *,
        layer: str | int | None = PARAMS_CNN["layer"],
        weights: Any = PARAMS_CNN["weights"],
        batch_size: int = PARAMS_CNN["batch_size"],
        device: Any = PARAMS_CNN["device"],
        precision: str = PARAMS_CNN["precision"],
        n_components: int | float | None = PARAMS_CNN["n_components"],
        normalize: bool = PARAMS_CNN["normalize"],
        random_state: Any = 0,
        n_jobs: int | None = -1,
    ) -> None:
        self.model = model
        self.layer = layer
        self.weights = weights
        self.batch_size = batch_size
        self.device = device
        self.precision = precision
        self.n_components = n_components
        self.normalize = normalize
        self.random_state = random_state
        self.n_jobs = n_jobs

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> CNNExtractor:
        """Make an unfitted extractor from ``params_cnn``, ``random_state`` and ``n_jobs``."""
        given = merge_defaults("params_cnn", settings.get("params_cnn"), PARAMS_CNN)
        return cls(
            **given,
            random_state=settings.get("random_state", 0),
            n_jobs=settings.get("n_jobs", -1),
        )

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = dict(super().__getstate__())
        for name in ("_network", "_joined"):
            state.pop(name, None)
        return state

    def check(self) -> None:
        _check_model(self.model)
        _check_weights(self.weights)
        if joined_names(self.model):
            _check_joined(self.model, self.layer, self.weights)
        check_option("precision", self.precision, PRECISIONS)
        if self.layer is not None and not isinstance(self.layer, str):
            check_int("layer", self.layer)
        check_int("batch_size", self.batch_size, low=1)
        if not _is_device(self.device):
            raise InvalidParameterError(
                "'device' must be 'auto', 'cpu', 'cuda', 'cuda:<number>' or 'mps'. "
                f"Got {self.device!r}."
            )
        check_n_components(self.n_components)
        check_bool("normalize", self.normalize)
        if self.n_jobs is not None:
            check_jobs(self.n_jobs)

    def prepare(self, cache: Cache | None = None) -> None:
        """Load the network, so that what is missing is known before images are read.

        Parameters
        ----------
        cache : Cache, optional
            Features of earlier runs. If it has rows of the same settings, they were valid
            then, and nothing is loaded before it is needed.

        Raises
        ------
        MissingDependencyError
            If torch or torchvision is not installed, or not of versions that belong together.
        InvalidParameterError
            If there is no such model, layer, device or file, or the file is of another network.
        DownloadError
            If the weights are not on this machine and cannot be downloaded.
        """
        self.check()
        for part in self._parts():
            part.prepare(cache)
        if self._parts():
            return
        cache_key = self._cache_key()
        if cache is None or cache_key is None or not has_rows(cache, cache_key):
            self._loaded()

    def fit(self, X: npt.ArrayLike, y: Any = None) -> CNNExtractor:
        """Load the network; with `n_components`, find the components.

        Parameters
        ----------
        X : ndarray of shape (n, height, width) or (n, height, width, channels), uint8
            Gray or RGB, of any size: they are resized and cropped as the weights want it.
        y : object, optional
            Ignored.

        Returns
        -------
        CNNExtractor
            The object itself.

        Raises
        ------
        ClustimageError
            As `prepare`.
        InvalidDataError
            If the array holds no images.
        """
        images = _images_of(as_images(X))
        if self.n_components is None:
            self._start(images)
            for network in self._parts() or [self]:
                network._loaded()
            self.weights_digest_ = self._digest()
        else:
            self.fit_images(images)
        return self

    def fit_transform(self, X: npt.ArrayLike, y: Any = None, **fit_params: Any) -> Floats:
        """Return one row per image, `(n, d)` float32; see `fit`."""
        return self.fit_images(_images_of(as_images(X)))

    @property
    def learns(self) -> bool:
        return self.n_components is not None

    def plan(
        self, n_images: int, shape: tuple[int, int, int], budget: Budget | None = None
    ) -> tuple[Step, int]:
        self.check()
        sizes = [size_of(name) for name in joined_names(self.model) or [self.model]]
        width = n_columns = sum(columns for columns, _ in sizes)
        if self._in_memory() is not None:
            width = n_columns = self._loaded().n_columns
        rows = 4 * n_images * width
        network = ACTIVATION_BYTES + BYTES_PER_MILLION * sum(millions for _, millions in sizes)
        peak = rows + min(n_images, 4 * self.batch_size) * BYTES_PER_FRAME + network
        what = f"activations of a network, about {width:,} columns"
        step = Step("extract_feat", what, f"batches of {self.batch_size} images", peak, rows)
        if self.n_components is not None:
            left = None if budget is None else budget.holding(rows)
            pca, n_columns = self._pca()._plan_rows(n_images, width, left, pixels=False)
            peak, what = max(peak, rows + pca.peak), f"{what}, and {pca.what}"
            step = replace(step, what=what, peak=peak, kept=pca.kept)
        work = f"Keeping the activations of {n_images:,} images"
        return step.within(
            budget,
            work,
            f"Take a network with fewer activations, such as {setting('model', 'squeezenet1_1')}.",
            least=rows,
        ), n_columns

    def fit_images(self, images: Images, budget: Budget | None = None) -> Floats:
        """Return one row per image that stage 1 has read, and learn the components from them.

        Photos are read again at the size of the network, batch by batch, while it computes;
        rows that ``images.cache`` has are not computed.
        """
        self.plan(len(images), images.shape, budget)[0].check()
        self._start(images)
        rows = self._rows(images)
        self.weights_digest_ = self._digest()
        if self.n_components is not None:
            left = None if budget is None else budget.holding(rows.nbytes)
            pca = self._pca()
            pca._fit_rows(PickedRows(as_rows(pca, rows, reset=True), images.order), left)
            for name in COMPONENTS:
                setattr(self, name, getattr(pca, name))
        return self._finished(rows)

    def transform_images(self, images: Images) -> Floats:
        """Return one row per image that stage 1 has read."""
        check_is_fitted(self, "image_shape_")
        return self._finished(self._rows(images))

    def _describe(self, images: npt.NDArray[np.uint8]) -> Floats:
        return self._finished(self._rows(_images_of(images)))

    def _pca(self) -> PCAExtractor:
        return PCAExtractor(self.n_components, random_state=self.random_state)

    # --- the network ----------------------------------------------------------------------------

    def _start(self, images: Images) -> None:
        """Forget what was fitted before, and keep the size of the images."""
        self.check()
        for name in ("weights_digest_", *COMPONENTS):
            self.__dict__.pop(name, None)
        self.image_shape_ = images.shape[:2]

    def _in_memory(self) -> Network | None:
        """Return the network if it is there and was made from the settings of now."""
        settings = (
            *(self.model, self.layer, self.weights),
            *(self.device, self.precision, self.random_state),
        )
        network = self._network
        return network if network is not None and network.settings == settings else None

    def _loaded(self) -> Network:
        network = self._in_memory()
        if network is None:
            self._network = None  # never two of them in memory
            model, layer, weights = self.model, self.layer, self.weights
            network = Network(
                model=model,
                layer=layer,
                weights=weights,
                device=self.device,
                precision=self.precision,
                random_state=self.random_state,
            )
            _check_same(getattr(self, "weights_digest_", ""), network.digest)
            self._network = network
        return network

    def _digest(self) -> str:
        """Return what identifies the weights, as far as it is known without loading.

        Those in memory count, also where their file has been replaced since.
        """
        parts = self._parts()
        if parts:
            digests = [part._digest() for part in parts]
            return "+".join(digests) if all(digests) else ""
        network = self._in_memory()
        if network is not None:
            return network.digest
        path = file_of(self.weights)
        return "" if path is None else file_digest(path)

    def _parts(self) -> list[CNNExtractor]:
        """Return an extractor for each network that the name joins; of another model none."""
        names = joined_names(self.model)
        if not names:
            return []
        settings = {**self.get_params(), "n_components": None, "normalize": True}
        wanted = [{**settings, "model": name} for name in names]
        if self._joined is None or [part.get_params() for part in self._joined] != wanted:
            self._joined = [type(self)(**one) for one in wanted]
        digest = getattr(self, "weights_digest_", "")
        digests = digest.split("+") if digest else [""] * len(names)
        for part, one in zip(self._joined, digests, strict=True):
            part.weights_digest_ = one
        return self._joined

    def _rows(self, images: Images) -> Floats:
        parts = self._parts()
        if parts:
            rows = np.hstack([part._rows(images) for part in parts])
            return scaled_to_length_one(rows, out=rows) if self.normalize else rows
        rows = stored_rows(
            images, self._cache_key(), lambda positions: self._compute(images, positions)
        )
        return scaled_to_length_one(rows, out=rows) if self.normalize else rows

    def _compute(
        self, images: Images, positions: npt.NDArray[np.intp]
    ) -> Iterator[tuple[npt.NDArray[np.intp], Floats]]:
        network = self._loaded()
        # By what they show: the last digits may depend on the other images of a batch.
        positions = positions[np.argsort(images.digests[positions], kind="stable")]
        batches: Any = images.batches(
            network.frame,
            size=self.batch_size,
            positions=positions,
            n_jobs=self.n_jobs,
            desc="Extracting CNN",
        )
        with closing(batches):
            yield from network.rows(batches)

    def _cache_key(self) -> dict[str, Any] | None:
        """Return all that the activations depend on beside the images; None for custom networks.

        Made without torch: the versions stand for the files and the preprocessing that
        torchvision has under a name.
        """
        versions = installed_versions(*packages_of(self.model))
        if not isinstance(self.model, str) or versions is None:
            return None
        path, weights = file_of(self.weights), self.weights
        if path is not None:
            digest = self._digest()
            _check_same(getattr(self, "weights_digest_", ""), digest)
            known: Any = {"file": digest, "name": path.name}
        elif weights is not None:
            known = str(getattr(weights, "name", weights)).rpartition(".")[2].upper()
        elif isinstance(self.random_state, int | np.integer):
            known = int(self.random_state)
        else:
            return None
        return {
            "method": "cnn",
            "model": str(parse_name(self.model)),
            "layer": self.layer,
            "weights": known,
            "device": str(self.device),
            "precision": self.precision,
            **versions,
        }

    def _finished(self, rows: Floats) -> Floats:
        if self.n_components is None:
            return rows
        scores = project(rows, self.mean_, self.components_, self.offset_)
        return scaled_to_length_one(scores, out=scores) if self.normalize else scores


def scaled_to_length_one(rows: Floats, out: Floats | None = None) -> Floats:
    """Return rows of Euclidean length 1, in `out` if given; rows of zeros stay zero."""
    out = np.empty_like(rows) if out is None else out
    for start in range(0, len(rows), ROWS_PER_BLOCK):
        some = rows[start : start + ROWS_PER_BLOCK]
        lengths = np.linalg.norm(some.astype(np.float64), axis=1, keepdims=True)
        lengths[lengths == 0] = 1
        np.divide(some, lengths, out=out[start : start + ROWS_PER_BLOCK], casting="same_kind")
    return out


def _images_of(pixels: npt.NDArray[np.uint8]) -> Images:
    """Return images that have no source but their pixels."""
    no_names = np.full(len(pixels), "", dtype=object)
    return Images(no_names, no_names, no_names, pixels, [])


def _check_model(model: Any) -> None:
    if isinstance(model, type) or not (
        isinstance(model, str) or (hasattr(model, "state_dict") and hasattr(model, "eval"))
    ):
        raise InvalidParameterError(
            f"{named('model')} must be the name of a network of torchvision, of timm "
            f"('timm/NAME') or of open_clip ('open_clip/NAME'), or a torch.nn.Module. Got "
            f"{model!r}."
        )


def _check_joined(model: str, layer: object, weights: object) -> None:
    """Raise where a setting belongs to one network and several are joined."""
    if not all(joined_names(model)):
        raise invalid("model", "must have the name of a network on both sides of each '+'", model)
    if layer is not None:
        raise invalid("layer", f"must be None where networks are joined, {model}", layer)
    if weights is not None and not is_default(weights):
        raise invalid(
            "weights",
            f"must be {shown(PUBLISHED)} or None where networks are joined, {model}",
            weights,
            "Tags of weights can be part of their names.",
        )


def _check_weights(weights: Any) -> None:
    known = weights is None or isinstance(weights, str) or file_of(weights) is not None
    if not known and not hasattr(weights, "transforms"):
        raise InvalidParameterError(
            f"{named('weights')} must be the name of weights of the model, a file with a state "
            f"dict, or None for random ones. Got {weights!r}."
        )


def _is_device(device: Any) -> bool:
    if device is None or f"{type(device).__module__}.{type(device).__name__}" == "torch.device":
        return True
    return isinstance(device, str) and DEVICES.fullmatch(device) is not None


def _check_same(fitted: str, found: str) -> None:
    if fitted and fitted != found:
        raise ModelFileError(
            "The weights that params_cnn names are not those that the model was fitted with "
            f"({found}, not {fitted}): rows of new images could not be compared with the old ones. "
            "Give the old weights, or fit again."
        )
