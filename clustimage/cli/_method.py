"""Options of the method that makes features, for the sub-commands that make some."""

from __future__ import annotations

import argparse
from typing import Any

from clustimage._core.errors import InvalidParameterError
from clustimage._core.parameters import named, setting
from clustimage.cli._options import given, name_or_none

__all__ = ["METHOD_PARAMETERS", "add_network", "method_settings"]

# Where the number of components of a method is set.
COMPONENTS = {"pca": "params_pca", "pca-hog": "params_pca", "cnn": "params_cnn"}
NETWORK = ("params_cnn.model", "weights", "layer")
METHOD_PARAMETERS = (*NETWORK, "n_components")


def add_network(parser: argparse.ArgumentParser, option: str) -> None:
    """Add the settings of cnn and the number of components; `option` names the network."""
    parser.add_argument(
        option,
        dest=NETWORK[0],
        metavar="NAME",
        help="network of cnn: mobilenet_v2 (default), timm/NAME, open_clip/NAME …",
    )
    parser.add_argument(
        "--weights",
        type=name_or_none,
        help="of cnn: a file, the name of published weights, or none",
    )
    parser.add_argument("--layer", help="of cnn: name or number of the layer")
    parser.add_argument(
        "--components",
        dest="n_components",
        metavar="N",
        type=number,
        help="of cnn, pca: number of principal components; of pca also a share of the variance",
    )


def number(text: str) -> int | float:
    """Return a whole number as int: of components 1 is one of them, 1.0 is all variance."""
    try:
        return int(text)
    except ValueError:
        return float(text)


def method_settings(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the method and its settings, ``{"method": "cnn", "params_cnn": {"model": ...}}``.

    Raises
    ------
    InvalidParameterError
        If an option belongs to another method.
    """
    method = arguments.method
    settings: dict[str, Any] = {"method": method}
    network = given(arguments, *NETWORK)
    parts = method.split("+") if isinstance(method, str) else [method]
    if network and "cnn" not in parts:
        raise InvalidParameterError(
            f"{named(*_split(next(iter(network))))} needs {setting('method', 'cnn')}. Got {method}."
        )
    if network:
        settings["params_cnn"] = {_split(name)[0]: value for name, value in network.items()}
        layer = network.get("layer", "")
        if layer.removeprefix("-").isdigit():
            settings["params_cnn"]["layer"] = int(layer)
    if "n_components" in arguments:
        holders = {COMPONENTS[name] for name in parts if name in COMPONENTS}
        if len(holders) != 1:
            raise InvalidParameterError(
                f"{named('n_components')} needs {setting('method', ...)} {', '.join(COMPONENTS)}. "
                f"Got {method}."
            )
        settings.setdefault(holders.pop(), {})["n_components"] = arguments.n_components
    return settings


def _split(dest: str) -> tuple[str, str]:
    """Return the setting that the ``dest`` of an option stands for, and the dict it is in."""
    of, _, parameter = dest.rpartition(".")
    return parameter, of
