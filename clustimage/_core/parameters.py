"""How messages name parameters: arguments in Python, options on the command line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["ParameterNames", "in_python", "named", "setting", "shown", "use_names"]


class ParameterNames:
    """Parameters as arguments in Python; a subclass names the options of the command line."""

    in_python = True

    def name(self, parameter: str, of: str = "") -> str:
        """Return the name of a parameter, or of a setting in the dict `of`."""
        return f"{of}['{parameter}']" if of else f"'{parameter}'"

    def setting(self, parameter: str, value: object) -> str:
        """Return a parameter with a value."""
        return f"{parameter}={self.value(value)}"

    def value(self, value: object) -> str:
        """Return a value alone."""
        if isinstance(value, dict):
            return "{" + ", ".join(f"{k!r}: {self.value(v)}" for k, v in value.items()) + "}"
        return "..." if value is ... else repr(value)


_in_use: list[ParameterNames] = [ParameterNames()]


def named(parameter: str, of: str = "") -> str:
    """Return the name of a parameter, or of a setting in the dict `of`, as the reader types it.

    Examples
    --------
    >>> named("sim"), named("layer", of="params_cnn")
    ("'sim'", "params_cnn['layer']")
    """
    return _in_use[-1].name(parameter, of)


def setting(parameter: str, value: object) -> str:
    """Return a parameter with a value as the reader types it; ``...`` stands for any value.

    Examples
    --------
    >>> setting("metric", "cosine"), setting("params_pca", {"n_components": ...})
    ("metric='cosine'", "params_pca={'n_components': ...}")
    """
    return _in_use[-1].setting(parameter, value)


def shown(value: object) -> str:
    """Return a value as the reader types it.

    Examples
    --------
    >>> shown("pca"), shown(None)
    ("'pca'", 'None')
    """
    return _in_use[-1].value(value)


def in_python() -> bool:
    """Return whether the reader works in Python, where there are methods."""
    return _in_use[-1].in_python


@contextmanager
def use_names(names: ParameterNames) -> Iterator[None]:
    """Let messages, in all threads, name parameters by `names` until the block ends."""
    _in_use.append(names)
    try:
        yield
    finally:
        _in_use.pop()
