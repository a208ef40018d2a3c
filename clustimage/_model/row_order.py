"""The order of the rows by what the images are: nothing depends on where they stand."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from clustimage._core.memory import Budget
from clustimage._core.row_digests import rank_rows, row_digests
from clustimage._model.state import State
from clustimage.embedding import CustomEmbedder, Embedder

__all__ = ["embed_in_order", "ranks_of_rows", "row_order", "row_ranks"]


def row_order(state: State, *more: np.ndarray | None) -> npt.NDArray[np.intp]:
    """Return the rows in an order by their pixels, then by their features, then by `more`.

    Rows that are equal in all of it stay as they stand. By the pixels first, since the last digits
    of features may differ from run to run.

    Parameters
    ----------
    state : State
        With features.
    *more : ndarray of shape (n, ...) or None
        What else belongs to each row, such as its timestamp.
    """
    ranks = row_ranks(state)
    others = [row_digests(one.reshape(len(one), -1)) for one in more if one is not None]
    return np.argsort(rank_rows(ranks, *others) if others else ranks, kind="stable")


def row_ranks(state: State) -> npt.NDArray[np.int64]:
    """Return the rank of each row in the order of `row_order`; equal rows have one rank."""
    if state.ranks is None:
        of_pixels = [] if state.images is None else [state.images.digests]
        state.store(ranks=rank_rows(*of_pixels, row_digests(state.require("feat"))))
    assert state.ranks is not None
    return state.ranks


def ranks_of_rows(state: State, rows: np.ndarray) -> npt.NDArray[np.int64]:
    """Return the ranks of some rows among each other, as `row_ranks`, by these rows alone."""
    if state.ranks is not None:
        ranks: npt.NDArray[np.int64] = state.ranks[rows]
        return ranks
    of_pixels = [] if state.images is None else [row_digests(state.images.pixels[rows])]
    return rank_rows(*of_pixels, row_digests(state.require("feat")[rows]))


def embed_in_order(
    state: State, embedder: Embedder | CustomEmbedder, feat: np.ndarray, budget: Budget
) -> np.ndarray:
    """Return the positions of rows on the map, and fit the embedder; an object gets them as given.

    Parameters
    ----------
    state : State
        With features.
    embedder : Embedder or CustomEmbedder
        Unfitted.
    feat : ndarray of shape (n, d)
        What is embedded.
    budget : Budget
        What may be taken.
    """
    if isinstance(embedder, CustomEmbedder):
        return embedder.fit_transform(feat, budget=budget)
    order = row_order(state)
    found = embedder.fit_transform(feat[order], budget=budget.holding(feat.nbytes))
    embedder.embedding_ = np.empty_like(found)
    embedder.embedding_[order] = found
    xycoord: np.ndarray = embedder.embedding_
    return xycoord
