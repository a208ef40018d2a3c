"""What the library says of its parameters, in the words of the command line."""

from __future__ import annotations

import argparse
import logging
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

__all__ = ["in_options", "speak_of_options", "words_of"]

# Given as they are, or left out.
FLAGS = {"--apart", "--approximate", "--force", "--grayscale", "--overwrite"}

# None is a word there, elsewhere one leaves the option out.
TAKE_NONE = {"--embedding", "--method", "--weights"}

# A name counts at the beginning of a word only: no part of a path or an address is changed.
NAMED = re.compile(
    r"""
    Got\ '[^']*'                                       # what the user wrote, left alone
    | (?<![^\s(\[]) (?:
        '(?P<quoted>\w+)'                              # 'max_memory'
        | params_\w+\['(?P<key>\w+)'\]                 # params_cnn['layer']
        | params_\w+=\{(?P<settings>[^{}]*)\}          # params_pca={'n_components': 3}
        | (?P<name>\w+)=(?P<value>                     # max_memory='2 MB', metric='cosine'
            '[^']*' | \([^()]*\) | \.\.\. | … | -?\w+(?:\.\w+)*(?:\ (?:bytes|[kMGT]B)\b)?
        )?
    )
    | \bNone\b (?!\ of\b) (?P<none>\ takes)?
    """,
    re.VERBOSE,
)
# A word without any of these cannot be taken for a parameter.
PATH_LIKE = re.compile(r"[\s=/\\'\"]")
SETTING = re.compile(r"'(\w+)': *('[^']*'|[^,]+)")


def in_options(text: str, options: Mapping[str, str], spared: Iterable[str] = ()) -> str:
    """Return a message with the options of a command in the place of the library's parameters.

    Parameters
    ----------
    text : str
        What the library says.
    options : mapping of str to str
        Name of each parameter that the command passes on → the option it is given by. Names
        that are not in it stay as they are.
    spared : iterable of str, optional
        Paths and other words that the user typed; they stay as they are, and with them what
        lies in a folder of such a name.

    Examples
    --------
    >>> options = {"dim": "--dim", "k": "--k", "params": "", "max_memory": "--max-memory"}
    >>> in_options("Give max_memory='2 MB' or a smaller 'dim'; k=5 is allowed. Got 'dim'.", options)
    "Give --max-memory '2 MB' or a smaller '--dim'; --k 5 is allowed. Got 'dim'."
    """
    last = ""

    def replace(found: re.Match[str]) -> str:
        nonlocal last
        whole = found[0]
        if found["spared"] is not None:
            return whole
        if whole.startswith("None"):
            return _none(last, found["none"] or "") if last else whole
        if found["settings"] is not None:
            given = SETTING.findall(found["settings"])
            if not given or any(name not in options for name, _ in given):
                return whole
            last = options[given[-1][0]]
            return " ".join(_with_value(options[name], value) for name, value in given)
        option = options.get(found["quoted"] or found["key"] or found["name"] or "", "")
        if not option:
            return whole
        last = option
        return f"'{option}'" if found["name"] is None else _with_value(option, found["value"] or "")

    # The longest first: one may be the beginning of another.
    words = "|".join(re.escape(word) for word in sorted(spared, key=len, reverse=True))
    kept = rf"(?P<spared>(?:{words})(?:[/\\][^\n;()]*)?)" if words else "(?P<spared>(?!))"
    return re.sub(f"{kept}|{NAMED.pattern}", replace, text, flags=re.VERBOSE)


def words_of(arguments: argparse.Namespace) -> set[str]:
    """Return what a user typed that could be taken for a parameter, and absolute paths of it.

    Examples
    --------
    >>> words_of(argparse.Namespace(metric="cosine", k=5, images=["my k=5 photos"])) >= {
    ...     "my k=5 photos"
    ... }
    True
    """
    words: set[str] = set()
    for value in vars(arguments).values():
        for word in value if isinstance(value, list | tuple) else [value]:
            if isinstance(word, str) and word:
                words.add(os.path.abspath(os.path.expanduser(word)))  # noqa: PTH100, PTH111
                words |= {word} if PATH_LIKE.search(word) else set()
    return words


def _none(option: str, takes: str) -> str:
    """Return what is typed for None: a word, or nothing at all."""
    if option in TAKE_NONE:
        return f"none{takes}"
    return f"leaving it out{takes}" if takes else "left out"


def _with_value(option: str, value: str) -> str:
    """Return an option with its value as they are typed.

    Examples
    --------
    >>> _with_value("--metric", "'cosine'"), _with_value("--dim", "(128, 128)")
    ('--metric cosine', '--dim 128 128')
    >>> _with_value("--alpha", "None"), _with_value("--approximate", "True")
    ('no --alpha', '--approximate')
    """
    if option in FLAGS or value in ("None", "True", "False"):
        if value == "None" and option in TAKE_NONE:
            return f"{option} none"
        return f"no {option}" if value in ("None", "False") else option
    if value.startswith("("):
        return f"{option} {value.strip('()').replace(',', '')}"
    plain = value.strip("'")
    if plain in ("", "...", "…"):
        return option
    return f"{option} '{plain}'" if " " in plain else f"{option} {plain}"


@contextmanager
def speak_of_options(options: Mapping[str, str], spared: Iterable[str] = ()) -> Iterator[None]:
    """Let the messages of the package's logger name options while a command runs."""
    speak = partial(_speak, options, set(spared))
    handlers = list(logging.getLogger("clustimage").handlers)
    for handler in handlers:
        handler.addFilter(speak)
    try:
        yield
    finally:
        for handler in handlers:
            handler.removeFilter(speak)


def _speak(options: Mapping[str, str], spared: set[str], record: logging.LogRecord) -> bool:
    record.msg, record.args = in_options(record.getMessage(), options, spared), ()
    return True
