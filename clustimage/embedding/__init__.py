"""Stage 3: rows of features become the two coordinates of a map.

``EMBEDDERS`` has one class for each name that the user may type; `make_embedder`
turns such a name, or a custom object, into an unfitted embedder.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clustimage._core.errors import InvalidParameterError
from clustimage._core.parameters import named
from clustimage._core.validation import check_option
from clustimage.embedding._custom import CustomEmbedder, is_embedder
from clustimage.embedding._embedder import Embedder
from clustimage.embedding._first_two import FirstTwoEmbedder
from clustimage.embedding._pca import PCAEmbedder
from clustimage.embedding._tsne import TSNEEmbedder, default_perplexity
from clustimage.embedding._umap import UMAPEmbedder

__all__ = [
    "EMBEDDERS",
    "Embedder",
    "FirstTwoEmbedder",
    "CustomEmbedder",
    "PCAEmbedder",
    "TSNEEmbedder",
    "UMAPEmbedder",
    "default_perplexity",
    "make_embedder",
]

EMBEDDERS: dict[str | None, type[Embedder]] = {
    "tsne": TSNEEmbedder,
    "umap": UMAPEmbedder,
    "pca": PCAEmbedder,
    None: FirstTwoEmbedder,
}


def make_embedder(embedding: Any, settings: Mapping[str, Any]) -> Embedder | CustomEmbedder:
    """Return the unfitted embedder that `embedding` stands for.

    Parameters
    ----------
    embedding : {"tsne", "umap", "pca"}, None or object
        Name of an embedder; None takes the first two features; an object with
        ``fit_transform`` is run as it is (a clone of it).
    settings : mapping
        Settings of the chain; an embedder takes those that it knows
        (``random_state``, ``n_jobs``).

    Returns
    -------
    object
        With ``fit_transform(feat)`` from `(n, d)` to float32 `(n, 2)`, and
        ``transform`` where the method can embed new rows.

    Raises
    ------
    InvalidParameterError
        If the name is not known, or the object has no ``fit_transform``.

    Examples
    --------
    >>> make_embedder("pca", {"random_state": 3, "n_jobs": 1})
    PCAEmbedder(random_state=3)
    """
    if embedding is None or isinstance(embedding, str):
        return EMBEDDERS[check_option("embedding", embedding, EMBEDDERS)].from_settings(settings)
    if is_embedder(embedding):
        return CustomEmbedder(embedding)
    names = ", ".join(repr(name) for name in EMBEDDERS)
    raise InvalidParameterError(
        f"{named('embedding')} must be one of {names}, or an object with a method fit_transform. "
        f"Got {embedding!r}."
    )
