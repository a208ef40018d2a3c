"""Checks of parameters at the public door, with one message shape for all.

Every message names the parameter, what is allowed and what was given; where a
name was misspelt, it names the nearest one.
"""

from __future__ import annotations

import difflib
import numbers
from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypeVar

from clustimage._core.errors import InvalidParameterError
from clustimage._core.parameters import named, shown

__all__ = [
    "check_bool",
    "check_int",
    "check_option",
    "check_real",
    "check_shape",
    "check_unknown_names",
    "invalid",
    "merge_defaults",
]

Option = TypeVar("Option")


def invalid(parameter: str, what: str, value: object, hint: str = "") -> InvalidParameterError:
    """Return the error of a parameter, to be raised.

    Parameters
    ----------
    parameter : str
        Its name as an argument in Python; the message has it as the reader types it.
    what : str
        What it must be, as the rest of a sentence.
    value : object
        What was given.
    hint : str, optional
        What to do, as whole sentences.

    Examples
    --------
    >>> invalid("k", "must be at most 9, the number of images", 12)
    InvalidParameterError("'k' must be at most 9, the number of images. Got 12.")
    """
    message = f"{named(parameter)} {what}. Got {shown(value)}. {hint.lstrip()}".rstrip()
    return InvalidParameterError(message, parameter=parameter, value=value)


def _listed(options: Iterable[object]) -> str:
    return ", ".join(map(shown, options))


def _nearest(value: object, options: Iterable[object]) -> str:
    """Return ``"Did you mean 'pca'?"``, or nothing where no option is close."""
    if not isinstance(value, str):
        return ""
    names = [option for option in options if isinstance(option, str)]
    close = difflib.get_close_matches(value.lower(), names, n=1)
    return f"Did you mean {close[0]!r}?" if close else ""


def check_option(name: str, value: Option, options: Collection[Option]) -> Option:
    """Return `value` if it is one of `options`.

    Parameters
    ----------
    name : str
        Name of the parameter.
    value : object
        What was given.
    options : collection
        The allowed values; a registry (dict) will do.

    Returns
    -------
    object
        `value` itself.

    Raises
    ------
    InvalidParameterError
        If `value` is not in `options`.

    Examples
    --------
    >>> check_option("linkage", "ward", ["ward", "single"])
    'ward'
    """
    # Compared one by one: a value that cannot be hashed is an answer, not a crash.
    if any(type(value) is type(option) and value == option for option in options):
        return value
    raise invalid(name, f"must be one of {_listed(options)}", value, _nearest(value, options))


def check_int(name: str, value: object, *, low: int | None = None, high: int | None = None) -> int:
    """Return `value` as an int within ``[low, high]``, or raise `InvalidParameterError`."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise invalid(name, f"must be a whole number{_bounds(low, high)}", value)
    return int(_check_bounds(name, int(value), low, high, "a whole number"))


def check_real(
    name: str,
    value: object,
    *,
    low: float | None = None,
    high: float | None = None,
    low_open: bool = False,
) -> float:
    """Return `value` as a float within ``[low, high]``, or raise `InvalidParameterError`.

    With ``low_open=True`` the lower end itself is not allowed.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or value != value:
        bounds = f" above {low}" if low_open and high is None else _bounds(low, high)
        raise invalid(name, f"must be a number{bounds}", value)
    if low_open and low is not None and value <= low:
        raise invalid(name, f"must be a number above {low}", value)
    return float(_check_bounds(name, float(value), low, high, "a number"))


def _check_bounds(
    name: str, value: float, low: float | None, high: float | None, kind: str
) -> float:
    if (low is not None and value < low) or (high is not None and value > high):
        raise invalid(name, f"must be {kind}{_bounds(low, high)}", value)
    return value


def _bounds(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f" from {low} to {high}"
    if low is not None:
        return f" of at least {low}"
    if high is not None:
        return f" of at most {high}"
    return ""


def check_bool(name: str, value: object) -> bool:
    """Return `value` if it is True or False, or raise `InvalidParameterError`."""
    # numpy's own booleans are no subclass of bool; their type is known by its name.
    if isinstance(value, bool) or type(value).__name__ in ("bool_", "bool"):
        return bool(value)
    raise invalid(name, "must be True or False", value)


def check_shape(name: str, value: Any) -> tuple[int, int]:
    """Return `value` as ``(height, width)`` in pixels, or raise `InvalidParameterError`."""
    try:
        height, width = value
    except (TypeError, ValueError):
        raise invalid(name, "must be two whole numbers, (height, width) in pixels", value) from None
    return check_int(name, height, low=1), check_int(name, width, low=1)


def check_unknown_names(name: str, given: Iterable[str], allowed: Collection[str]) -> None:
    """Raise `InvalidParameterError` for the first of `given` that is not in `allowed`."""
    for key in given:
        if key not in allowed:
            message = (
                f"{named(name)} has no setting {key!r}. Allowed: {_listed(allowed)}. "
                f"{_nearest(key, allowed)}"
            )
            raise InvalidParameterError(message.rstrip(), parameter=name, value=key)


def merge_defaults(
    name: str, given: Mapping[str, Any] | None, defaults: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a new dict: `defaults`, overlaid by `given`.

    Parameters
    ----------
    name : str
        Name of the parameter, for the message.
    given : mapping or None
        What the user gave; may name only some of the settings.
    defaults : mapping
        All settings with their default values; never changed.

    Raises
    ------
    InvalidParameterError
        If `given` is no mapping or has a name that is not in `defaults`.

    Examples
    --------
    >>> merge_defaults("params_hash", {"hash_size": 16}, {"hash_size": 8})
    {'hash_size': 16}
    """
    if given is None:
        return dict(defaults)
    if not isinstance(given, Mapping):
        raise invalid(name, "must be a dict of settings", given)
    check_unknown_names(name, given, defaults)
    return {**defaults, **given}
