"""New paths for images that were moved, everywhere a model keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clustimage.images.reading._listing import encodable

if TYPE_CHECKING:
    import numpy as np

    from clustimage.images import Images

__all__ = ["follow_moved"]


def follow_moved(
    moved: Mapping[str, str],
    results: Mapping[str, Any],
    unique: dict[str, Any] | None = None,
    images: Images | None = None,
) -> None:
    """Replace old paths and names by new ones.

    Parameters
    ----------
    moved : mapping of str to str
        Old path to new path.
    results : mapping
        ``"pathnames"`` and ``"filenames"`` are changed in place, and the tables of
        ``"predict"`` where there are any.
    unique : dict, optional
        Its ``"pathnames"`` are renewed.
    images : Images, optional
        Its names, sources and status are renewed.

    Examples
    --------
    >>> import numpy as np
    >>> results = {"pathnames": np.array(["/a/1.png"], dtype=object),
    ...            "filenames": np.array(["1.png"], dtype=object)}
    >>> follow_moved({"/a/1.png": "/b/1_2.png"}, results)
    >>> results["pathnames"][0], results["filenames"][0]
    ('/b/1_2.png', '1_2.png')
    """
    if not moved:
        return
    _rename(results["pathnames"], results["filenames"], moved)
    if images is not None:
        if images.pathnames is not results["pathnames"]:
            _rename(images.pathnames, images.filenames, moved)
        images.status[:] = [
            replace(row, pathname=moved.get(row.pathname, row.pathname)) for row in images.status
        ]
        if images.sources is not None:
            images.sources[:] = [_renamed(source, moved) for source in images.sources]
    if unique and unique.get("pathnames") is not None:
        unique["pathnames"] = results["pathnames"][unique["idx"]]
    for table in (results.get("predict") or {}).values():
        if "y_idx" in table:
            for column, names in (("y_filenames", "filenames"), ("y_pathnames", "pathnames")):
                table[column] = [encodable(name) for name in results[names][table["y_idx"]]]


def _rename(pathnames: np.ndarray, filenames: np.ndarray, moved: Mapping[str, str]) -> None:
    for i, pathname in enumerate(pathnames):
        if pathname in moved:
            pathnames[i] = moved[pathname]
            filenames[i] = Path(moved[pathname]).name


def _renamed(source: Any, moved: Mapping[str, str]) -> Any:
    if source.content is not None or source.pathname not in moved:
        return source
    new = moved[source.pathname]
    return replace(source, pathname=new, filename=Path(new).name)
