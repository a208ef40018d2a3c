"""Figures, axes and texts: what every plot needs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from clustimage._core.errors import InvalidParameterError
from clustimage._core.validation import check_option, check_real
from clustimage.plotting._fonts import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

__all__ = [
    "add_subtitle",
    "check_cmap",
    "check_figsize",
    "fitting_size",
    "halo",
    "many_figures",
    "new_axes",
    "number",
    "shorten",
]

FIGSIZE = (11.0, 8.5)


def new_axes(
    ax: Axes | None = None, *, figsize: tuple[float, float] | None = None, layout: str | None = None
) -> tuple[Figure, Axes]:
    """Return the figure and the axes to draw on: those given, or new ones.

    Parameters
    ----------
    ax : matplotlib Axes, optional
        Where the user wants the plot.
    figsize : (float, float), optional
        Width and height of a new figure, in inches.
    layout : str, optional
        Layout engine of a new figure, for example ``"constrained"``.

    Raises
    ------
    InvalidParameterError
        If `ax` is no axes.
    """
    if ax is None:
        import matplotlib.pyplot as plt

        fig = plt.figure(figsize=figsize, layout=layout)
        return fig, fig.add_subplot()
    from matplotlib.axes import Axes as AxesType

    if not isinstance(ax, AxesType):
        raise InvalidParameterError(f"'ax' must be one matplotlib Axes. Got {type(ax).__name__}.")
    # An axes of a subfigure knows the subfigure; that one knows the figure.
    figure: Any = ax.figure
    return figure.figure, ax


def check_figsize(figsize: Any, ax: Axes | None = None) -> tuple[float, float]:
    """Return width and height of a new figure in inches; None is (11, 8.5).

    Raises
    ------
    InvalidParameterError
        If `figsize` is not two numbers above 0, or given together with `ax`.
    """
    if figsize is None:
        return FIGSIZE
    if ax is not None:
        raise InvalidParameterError(
            "'figsize' is for a new figure and cannot be combined with 'ax'. "
            f"Got {figsize!r} and an ax."
        )
    try:
        wide, high = figsize
    except (TypeError, ValueError):
        raise InvalidParameterError(
            f"'figsize' must be two numbers, (width, height) in inches. Got {figsize!r}."
        ) from None
    wide = check_real("figsize", wide, low=0, low_open=True)
    return wide, check_real("figsize", high, low=0, low_open=True)


def fitting_size(ax: Axes, words: str, size: float, least: float = 5.0) -> float:
    """Return a font size at which `words` are no wider than the axes."""
    wide = ax.get_window_extent().width * 72 / ax.figure.figure.dpi
    return max(least, min(size, wide / (0.62 * max(len(words), 1))))


def add_subtitle(ax: Axes, words: str) -> None:
    """Write `words`, where there are any, as a line of their own below the title."""
    if words:
        ax.title.set_text(f"{ax.get_title()}\n{words}")


@contextmanager
def many_figures() -> Iterator[None]:
    """Open as many figures as there are clusters without matplotlib's warning about it."""
    import matplotlib.pyplot as plt

    with plt.rc_context({"figure.max_open_warning": 0}):
        yield


def check_cmap(cmap: str | Colormap | None) -> Colormap:
    """Return the colour map for gray images; None is ``"gray"``.

    Raises
    ------
    InvalidParameterError
        If matplotlib has no map of that name.
    """
    from matplotlib import colormaps
    from matplotlib.colors import Colormap as ColormapType

    if isinstance(cmap, ColormapType):
        return cmap
    if cmap is None:
        return colormaps["gray"]
    known = list(colormaps)
    if cmap not in known:
        # The whole list has some 200 names; the nearest one says more.
        try:
            check_option("cmap", cmap, known)
        except InvalidParameterError as exc:
            hint = str(exc).partition(f"Got {cmap!r}.")[2]
            raise InvalidParameterError(
                f"'cmap' must be a colormap of matplotlib, such as 'gray' or 'binary'. "
                f"Got {cmap!r}.{hint}"
            ) from None
    return colormaps[cmap]


def halo(width: float = 3.0) -> list[Any]:
    """Return path effects that put a white rim around a text, so that it reads on photos."""
    from matplotlib.patheffects import Normal, Stroke

    return [Stroke(linewidth=width, foreground="white"), Normal()]


def shorten(text: object, width: int) -> str:
    """Return `text`, made printable, in at most `width` characters; its middle is left out.

    Examples
    --------
    >>> shorten("a_very_long_name_0017.jpg", 12)
    'a_ver…17.jpg'
    """
    text = printable(text)
    if len(text) <= width:
        return text
    tail = max((width + 1) // 2, 1)
    return f"{text[: max(width - tail - 1, 0)]}…{text[len(text) - tail :]}"


def number(value: float) -> str:
    """Return a distance in a few characters, never with an exponent where it is large.

    Examples
    --------
    >>> number(12345.6), number(0.12345)
    ('12,346', '0.123')
    """
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
