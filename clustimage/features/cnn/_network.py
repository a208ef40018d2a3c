"""A network of torch that turns frames into activations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from typing import Any

import numpy as np
import numpy.typing as npt

from clustimage._core.errors import InvalidDataError, MemoryLimitError
from clustimage.features.cnn._layers import (
    Layer,
    TruncatedNetwork,
    find_layer,
    is_out_of_memory,
    to_rows,
)
from clustimage.features.cnn._names import is_lite0, parse_name
from clustimage.features.cnn._open_clip import build_open_clip
from clustimage.features.cnn._own_module import copy_module
from clustimage.features.cnn._preset import Built
from clustimage.features.cnn._timm import build_lite0, build_timm
from clustimage.features.cnn._torch import find_device, find_precision, import_torch
from clustimage.features.cnn._torchvision import build_torchvision

__all__ = ["Network"]

Batch = tuple[npt.NDArray[np.intp], npt.NDArray[np.uint8]]
Rows = tuple[npt.NDArray[np.intp], npt.NDArray[np.float32]]

HEAP_BYTES = 33_000_000  # below 32 MiB
IMAGES_PER_PASS_ON_CPU = 4  # at least


class Network:
    """A network, run as far as one layer.

    Parameters
    ----------
    model : str or torch.nn.Module
        Name of a network, as `CNNExtractor` takes it; or a network, which is copied and itself
        never changed.
    layer : str, int or None
        As in `find_layer`.
    weights : str, path, torchvision.models.WeightsEnum or None
        As in `CNNExtractor`.
    device : str, torch.device or None
        As in `find_device`.
    precision : {"auto", "float32", "bfloat16"}
        As in `find_precision`.
    random_state : int, RandomState or None
        Seed of random weights.

    Attributes
    ----------
    settings : tuple
        What it was made from.
    frame : Frame
        The pictures it takes.
    n_columns : int
        Length of a row.
    digest : str
        Identifies its weights: of a file and of a custom network the digest
        of the content, for weights that torchvision publishes the name of their file.

    Raises
    ------
    MissingDependencyError, InvalidParameterError, DownloadError
        If torch, the model, the layer, the device or the weights are not available.
    """

    def __init__(
        self,
        *,
        model: Any,
        layer: Any,
        weights: Any,
        device: Any,
        precision: str,
        random_state: Any,
    ) -> None:
        torch, _ = import_torch()
        self.settings = (model, layer, weights, device, precision, random_state)
        self._device = find_device(device)
        self._precision = find_precision(precision, self._device)
        built = _build(model, layer=layer, weights=weights, random_state=random_state)
        self.digest, preset = built.digest, built.preset
        self.frame = preset.frame
        module = built.module.float().eval().requires_grad_(False).to(self._device)
        self._format = torch.contiguous_format
        if self._device.type in ("cpu", "cuda"):
            self._format = torch.channels_last
            module = module.to(memory_format=self._format)
        # What a large batch makes between two layers is taken from the system and given back
        # each time. What a few images make stays in the heap and in the caches. Measured on
        # two cores: mobilenet_v2 3.3, squeezenet1_1 1.7, resnet50 1.4 times as fast.
        self._piece = None
        if self._device.type == "cpu":
            self._piece = max(IMAGES_PER_PASS_ON_CPU, torch.get_num_threads())
            _widen_heap()
        if self._precision == "bfloat16":
            _shorten(module)
        self._has_class_token = hasattr(module, "class_token") or hasattr(module, "cls_token")
        width = self.frame.size[1]
        # A value for each number in a line of pixels: such passes run several times as fast as
        # those over three channels.
        self._mean = torch.tensor(preset.mean, device=self._device).repeat(width)
        self._std = torch.tensor(preset.std, device=self._device).repeat(width)
        if built.pooled and layer is None:
            found = Layer("the output", None, "output")
        else:
            found = find_layer(module, layer, built.expression)
        self._truncated = TruncatedNetwork(module, found)
        # One image through it, so that a layer that cannot be used is known before all others.
        rows, _ = self._launch(np.zeros((1, *self.frame.size, 3), dtype=np.uint8))
        self.n_columns = int(rows.shape[1])

    def rows(self, batches: Iterable[Batch]) -> Iterator[Rows]:
        """Yield the activations of batches of frames.

        Parameters
        ----------
        batches : iterable of (positions, frames)
            Frames are of shape `(b, height, width, 3)`, uint8, in RGB.

        Yields
        ------
        positions : ndarray of int, shape (b,)
        rows : ndarray of float32, shape (b, d)

        Raises
        ------
        InvalidDataError
            If an activation is NaN or infinite.
        MemoryLimitError
            If a batch does not fit into the memory of the GPU.
        """
        waiting: tuple[npt.NDArray[np.intp], Any] | None = None
        for positions, frames in batches:
            # The device has its next batch before the last one is looked at.
            launched = positions, self._launch(frames)
            if waiting is not None:
                yield waiting[0], self._collect(waiting[1])
            waiting = launched
        if waiting is not None:
            yield waiting[0], self._collect(waiting[1])

    def _launch(self, frames: npt.NDArray[np.uint8]) -> tuple[Any, Any]:
        """Start a forward pass; return the rows that will be there when the event has come."""
        torch, _ = import_torch()
        on_cuda = self._device.type == "cuda"
        shorter: Any = nullcontext()
        if self._precision == "bfloat16":
            shorter = torch.autocast(self._device.type, dtype=torch.bfloat16)
        try:
            with torch.inference_mode(), shorter:
                batch = torch.from_numpy(frames)
                if on_cuda:
                    batch = batch.pin_memory()
                batch = batch.to(self._device, non_blocking=True)
                rows = torch.cat(
                    [self._pass(piece) for piece in batch.split(self._piece or len(batch))]
                )
                rows = rows.to("cpu", non_blocking=on_cuda)
                event = torch.cuda.Event() if on_cuda else None
                if event is not None:
                    event.record(torch.cuda.current_stream(self._device))
        except RuntimeError as exc:
            if not is_out_of_memory(exc):
                raise
            raise MemoryLimitError(
                f"A batch of {len(frames)} images does not fit into the memory of {self._device}. "
                "Give a smaller params_cnn['batch_size']."
            ) from exc
        return rows, event

    def _pass(self, frames: Any) -> Any:
        """Return the rows of frames on the device, `(b, height, width, 3)` uint8."""
        torch, _ = import_torch()
        lines = frames.to(torch.float32).view(len(frames), frames.shape[1], -1)
        lines.div_(255).sub_(self._mean).div_(self._std)
        batch = lines.view(frames.shape).permute(0, 3, 1, 2)
        batch = batch.contiguous(memory_format=self._format)
        return to_rows(self._truncated(batch), has_class_token=self._has_class_token)

    def _collect(self, launched: tuple[Any, Any]) -> npt.NDArray[np.float32]:
        tensor, event = launched
        if event is not None:
            event.synchronize()
        rows: npt.NDArray[np.float32] = tensor.numpy()
        if not np.isfinite(rows).all():
            raise InvalidDataError(
                f"The network gives NaN or infinity in {self._precision}: of {len(rows)} images "
                f"for {int((~np.isfinite(rows)).any(axis=1).sum())}. Look at its weights."
            )
        return rows


def _shorten(module: Any) -> None:
    """Bring the weights that autocast would bring to bfloat16 in each pass there once.

    The rows are the same up to rounding. Measured on one core with AMX, in passes of four
    images: resnet50 1.7, the ViT-B-32 of open_clip 8 times as fast.
    """
    torch, _ = import_torch()
    nn = torch.nn
    for part in module.modules():
        if isinstance(part, (nn.Linear, nn.Conv2d, nn.MultiheadAttention)):
            # The projections of attention are its own and those of a layer inside it.
            for weights in part.parameters(recurse=isinstance(part, nn.MultiheadAttention)):
                weights.data = weights.data.bfloat16()


def _widen_heap() -> None:
    """Let blocks of some 30 MB come from the heap from now on.

    The C library of GNU takes blocks above a threshold from the system. The threshold grows
    to the largest block that was freed, up to 32 MiB, and twice of it is kept free at the top
    of the heap. Nothing is written to this block, so it takes no memory.
    """
    np.empty(HEAP_BYTES, dtype=np.uint8)


def _build(model: Any, *, layer: Any, weights: Any, random_state: Any) -> Built:
    """Return a network of a package by its name, or the copy of a custom one."""
    if not isinstance(model, str):
        return copy_module(model, weights)
    library, name = parse_name(model)
    if library == "open_clip":
        return build_open_clip(name, weights=weights, random_state=random_state)
    if library == "timm":
        return build_timm(name, layer=layer, weights=weights, random_state=random_state)
    if is_lite0(name):
        return build_lite0(layer=layer, weights=weights, random_state=random_state)
    return build_torchvision(name, weights=weights, random_state=random_state)
