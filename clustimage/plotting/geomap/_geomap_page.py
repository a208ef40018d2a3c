"""One HTML page out of the assets and the data: everything inside, nothing that runs but ours."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from clustimage._core.errors import InvalidParameterError
from clustimage._version import __version__
from clustimage.plotting._html import fill_template, inert, read_asset, source_hash

__all__ = ["OPENSTREETMAP", "Tiles", "check_tiles", "make_page", "world_element"]

LEAFLET = "vendor/leaflet-1.9.4"
CLUSTERS = "vendor/leaflet.markercluster-1.5.3"
WORLD = "vendor/world-atlas-2.0.2"

STYLES = (f"{LEAFLET}/leaflet.css", f"{CLUSTERS}/MarkerCluster.css", "map.css")
SCRIPTS = (f"{LEAFLET}/leaflet.js", f"{CLUSTERS}/leaflet.markercluster.js", "world.js", "map.js")
LICENCES = {
    "Leaflet 1.9.4": f"{LEAFLET}/LICENSE",
    "Leaflet.markercluster 1.5.3": f"{CLUSTERS}/MIT-LICENCE.txt",
    "world-atlas 2.0.2, with data of Natural Earth (public domain)": f"{WORLD}/LICENSE",
}

Tiles = dict[str, Any]

OPENSTREETMAP: Tiles = {
    "url": "https://tile.openstreetmap.org/{z}/{x}/{y}.png",
    "attribution": '&copy; <a href="https://www.openstreetmap.org/copyright" rel="noopener">'
    "OpenStreetMap</a> contributors",
    # Its rules ask for a Referer, which browsers do not send from a page opened as a file.
    "asks_for_page": True,
}


def check_tiles(tiles: str | None, attribution: str = "") -> Tiles | None:
    """Return where the page may get street tiles from; None for nowhere.

    Parameters
    ----------
    tiles : str or None
        ``"openstreetmap"``, or the address of a server's tiles, with ``{z}``, ``{x}`` and
        ``{y}`` in it.
    attribution : str
        Whom the page names, as plain text.

    Raises
    ------
    InvalidParameterError
        For any other value.

    Examples
    --------
    >>> check_tiles("https://maps.example/{z}/{x}/{y}.png", "Example")["attribution"]
    'Example'
    """
    if not isinstance(attribution, str):
        raise InvalidParameterError(f"'attribution' must be text. Got {attribution!r}.")
    if tiles is None:
        return None
    if tiles == "openstreetmap":
        return OPENSTREETMAP
    if isinstance(tiles, str) and _is_template(tiles):
        return {"url": tiles, "attribution": html.escape(attribution), "asks_for_page": False}
    raise InvalidParameterError(
        "'tiles' must be 'openstreetmap', None, or an address such as "
        f"'https://maps.example/{{z}}/{{x}}/{{y}}.png'. Got {tiles!r}."
    )


def _is_template(tiles: str) -> bool:
    fields = set(re.findall(r"\{([^{}]*)\}", tiles))
    try:
        parts = urlsplit(tiles)
        host = f"{parts.hostname}" if parts.port is None else f"{parts.hostname}:{parts.port}"
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https")
        and parts.netloc.lower() == host
        and re.fullmatch(r"[a-z0-9.-]+(:\d+)?", host) is not None
        and tiles.isascii()
        and tiles.isprintable()
        and {"x", "y", "z"} <= fields <= {"x", "y", "z", "r"}
    )


def make_page(title: str, data: Mapping[str, Any], tiles: Tiles | None) -> bytes:
    """Return the page as UTF-8.

    Nothing of `title` and `data` can become markup or script, whatever it holds: both
    stand in the page as text only, and the page's Content-Security-Policy runs no
    script and no style but those of the assets, known by their SHA-256, and lets images
    come from the page itself and from the server of the tiles.

    Parameters
    ----------
    title : str
        Of the page.
    data : mapping
        What the script reads, as JSON.
    tiles : dict or None
        As of `check_tiles`.

    Returns
    -------
    bytes
    """
    style, script = _style(), _script()
    values = {
        "policy": _policy(style, script, tiles),
        "version": __version__,
        "title": html.escape(title),
        "licences": _licences(),
        "style": style,
        "script": script,
        "world": inert(_asset(f"{WORLD}/countries-50m.json").strip()),
        "data": inert(json.dumps({**data, "tiles": tiles}, separators=(",", ":"))),
    }
    return fill_template(_asset("map.html"), values).encode("utf-8", "replace")


def _asset(name: str) -> str:
    return read_asset("clustimage.plotting.geomap", name)


def world_element() -> str:
    """Return the element of a page that ``world.js`` reads the land of the earth from."""
    licence = html.escape(_asset(f"{WORLD}/LICENSE").strip().replace("--", "- -"))
    shapes = inert(_asset(f"{WORLD}/countries-50m.json").strip())
    return f'<!-- {licence} -->\n<script type="application/json" id="world">{shapes}</script>'


@lru_cache(maxsize=1)
def _style() -> str:
    # The pictures that Leaflet's style names are those of controls that the page does not have.
    return re.sub(r"url\(images/[\w-]+\.png\)", "none", "\n".join(map(_asset, STYLES)))


@lru_cache(maxsize=1)
def _script() -> str:
    return re.sub(r"//# sourceMappingURL=\S+", "", ";\n".join(map(_asset, SCRIPTS)))


def _licences() -> str:
    return "\n\n".join(f"{name}\n\n{_asset(path).strip()}" for name, path in LICENCES.items())


def _policy(style: str, script: str, tiles: Tiles | None) -> str:
    images = "data:"
    if tiles is not None:
        address = urlsplit(tiles["url"])
        images += f" {address.scheme}://{address.netloc}"
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {source_hash(script)}",
            f"style-src {source_hash(style)}",
            f"img-src {images}",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
