"""Weights in the cache of the Hugging Face hub, and their download to it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from clustimage._core.errors import DownloadError
from clustimage._core.optional import import_optional
from clustimage._core.parameters import setting
from clustimage.features.cnn._names import LITE0

__all__ = ["fetch_from_hub", "find_in_hub"]

SECONDS_TO_ANSWER = 10


def find_in_hub(repository: str, names: Sequence[str]) -> Path | None:
    """Return a file of a repository from the cache, or None; the network is not asked.

    The parameters are those of `fetch_from_hub`.
    """
    hub: Any = import_optional("huggingface_hub", extra="timm", needed_by=repository)
    place, _, revision = repository.partition("@")
    options = {"revision": revision} if revision else {}
    for name in names:
        cached = hub.try_to_load_from_cache(place, name, **options)
        if isinstance(cached, str):
            return Path(cached)
    return None


def fetch_from_hub(model: str, repository: str, names: Sequence[str]) -> Path:
    """Return a file of a repository of the Hugging Face hub; it is downloaded if need be.

    Parameters
    ----------
    model : str
        The network that it belongs to, for the message.
    repository : str
        ``"owner/name"``, or ``"owner/name@revision"``.
    names : sequence of str
        Names that the file may have, the best one first.

    Raises
    ------
    DownloadError
        If it is not in the cache and cannot be downloaded; the message says what to do.
    """
    cached = find_in_hub(repository, names)
    if cached is not None:
        return cached
    hub: Any = import_optional("huggingface_hub", extra="timm", needed_by=model)
    utils: Any = import_optional("huggingface_hub.utils", extra="timm", needed_by=model)
    place, _, revision = repository.partition("@")
    options = {"revision": revision} if revision else {}
    url = hub.hf_hub_url(place, names[0], **options)
    try:
        # Without this question, which is asked once, the hub tries again for a minute.
        utils.get_session().head(url, timeout=SECONDS_TO_ANSWER)
        for name in names[:-1]:
            try:
                return Path(hub.hf_hub_download(place, name, **options))
            except utils.EntryNotFoundError:
                continue
        return Path(hub.hf_hub_download(place, names[-1], **options))
    except Exception as exc:  # noqa: BLE001  whatever the HTTP client of the hub raises
        why = " ".join(str(exc).split())[:160]
        raise DownloadError(
            f"The weights of {model} are not in the cache of the Hugging Face hub, "
            f"{hub.constants.HF_HUB_CACHE}, and could not be downloaded from {url} ({why}). Give a "
            f"file that you have, {setting('params_cnn', {'weights': 'path/to/model.safetensors'})}"
            "; or run this once where there is a network, and copy that folder; or take "
            f"{setting('params_cnn', {'model': LITE0})}, whose weights come with the extra 'cnn'."
        ) from exc
