"""What every page that opens offline needs: assets, data that stays text, hashes of its scripts."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from importlib.resources import files

__all__ = ["fill_template", "inert", "read_asset", "source_hash"]


def read_asset(package: str, name: str) -> str:
    """Return the text of a file in ``assets`` of a package, with line ends as HTML has them."""
    where = files(package) / "assets"
    return where.joinpath(*name.split("/")).read_text("utf-8").replace("\r\n", "\n")


def inert(text: str) -> str:
    r"""Return JSON that no parser of HTML can take for markup.

    Examples
    --------
    >>> inert('["</script>"]')
    '["\\u003c/script\\u003e"]'
    """
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def fill_template(template: str, values: Mapping[str, str]) -> str:
    """Fill the ``{{names}}`` of a template in one pass, so that no value is filled itself.

    Examples
    --------
    >>> fill_template("<p>{{a}}</p>", {"a": "{{b}}", "b": "no"})
    '<p>{{b}}</p>'
    """
    return re.sub(r"\{\{(\w+)\}\}", lambda found: values[found[1]], template)


def source_hash(source: str) -> str:
    """Return what a Content-Security-Policy knows a script or a style by: its SHA-256."""
    digest = hashlib.sha256(source.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
