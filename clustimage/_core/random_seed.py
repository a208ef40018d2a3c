"""Seeds, of numbers and of generators of random numbers."""

from __future__ import annotations

import numpy as np

from clustimage._core.validation import check_int

__all__ = ["draw_seed"]


def draw_seed(random_state: object) -> int | None:
    """Return a seed; of a generator of random numbers the next one that it draws.

    Parameters
    ----------
    random_state : int, RandomState, Generator or None
        A seed, or what draws it. None is no seed.

    Raises
    ------
    InvalidParameterError
        If it is none of them, or not from 0 to 2**32 - 1.

    Examples
    --------
    >>> draw_seed(7), draw_seed(None), draw_seed(np.random.RandomState(0))
    (7, None, 209652396)
    """
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31))
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**31))
    if random_state is None:
        return None
    return check_int("random_state", random_state, low=0, high=2**32 - 1)
