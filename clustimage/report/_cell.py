"""The page in a cell of a notebook: in a frame, or as a widget that tells what is selected."""

from __future__ import annotations

import html
from typing import Any

from clustimage._core.optional import import_optional
from clustimage.plotting._html import read_asset

__all__ = ["Cell", "make_widget"]

# Scripts run, files are downloaded and texts copied; nothing of the notebook can be read.
SANDBOX = "allow-scripts allow-downloads allow-popups"


class Cell:
    """The page of a report, which a notebook shows in a frame.

    Parameters
    ----------
    page : str
        The page.
    height : int
        Of the frame, in pixels.
    title : str
        What the frame is called for those who do not see it.

    Examples
    --------
    >>> Cell("<p>'one' & two", 300, "Two")._repr_html_()
    '<iframe srcdoc="&lt;p&gt;&#x27;one&#x27; &amp; two" ...'
    """

    def __init__(self, page: str, height: int, title: str) -> None:
        self.page = page
        self.height = height
        self.title = title

    def __repr__(self) -> str:
        return f"<page in a notebook: {self.title}>"

    def _repr_html_(self) -> str:
        """Return the frame."""
        return (
            f'<iframe srcdoc="{html.escape(self.page)}" title="{html.escape(self.title)}" '
            f'sandbox="{SANDBOX}" allow="clipboard-write" height="{self.height}" '
            'style="width:100%;border:1px solid #8884;border-radius:8px"></iframe>'
        )


def make_widget(page: str, height: int, title: str) -> Any:
    """Return a widget whose `selection` are the rows of the images that are selected in it.

    Raises
    ------
    MissingDependencyError
        If anywidget is not installed.
    """
    anywidget: Any = import_optional("anywidget", extra="notebook", needed_by="a widget")
    import traitlets

    class ReportWidget(anywidget.AnyWidget):
        """The page of a report; `selection` is that of the page, both ways."""

        _esm = read_asset("clustimage.report", "js/widget.js")
        page = traitlets.Unicode().tag(sync=True)
        height = traitlets.Int().tag(sync=True)
        title = traitlets.Unicode().tag(sync=True)
        sandbox = traitlets.Unicode(SANDBOX).tag(sync=True)
        selection = traitlets.List(traitlets.Int()).tag(sync=True)

    return ReportWidget(page=page, height=height, title=title)
