"""``method="auto"``: the best features that can be had as things are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clustimage._core.logs import get_logger
from clustimage._core.parameters import setting
from clustimage._core.validation import merge_defaults
from clustimage.features.cnn._at_hand import missing_for
from clustimage.features.cnn._cnn import PARAMS_CNN

__all__ = ["AUTO", "NETWORK", "WITHOUT_NETWORK", "choose_method"]

AUTO, NETWORK, WITHOUT_NETWORK = "auto", "cnn", "color+gist"
DEFAULT = PARAMS_CNN["model"], PARAMS_CNN["weights"]
BUNDLED = "efficientnet_lite0"  # its weights are a package, and a dependency of the extra cnn

logger = get_logger(__name__)


def choose_method(settings: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return what ``"auto"`` stands for on this machine, and log why.

    A network, where torch and its weights are there, so that nothing has to be downloaded;
    else what is best without one, see ``benchmarks/quality.py``. Where no network was asked for
    and the weights of the default one are not there, `BUNDLED` is taken, if its package is.

    Parameters
    ----------
    settings : mapping
        Of ``params_cnn`` the network that would be used.

    Returns
    -------
    method : str
    params_cnn : dict
        All settings of the network.
    """
    network = merge_defaults("params_cnn", settings.get("params_cnn"), PARAMS_CNN)
    missing = missing_for(network)
    if missing and (network["model"], network["weights"]) == DEFAULT:
        bundled = {**network, "model": BUNDLED}
        if not missing_for(bundled):
            network, missing = bundled, ""
    method = WITHOUT_NETWORK if missing else NETWORK
    why = missing or f"torch and the weights of {_named(network)} are on this machine"
    logger.info("%s takes %s, because %s.", setting("method", AUTO), setting("method", method), why)
    return method, network


def _named(network: Mapping[str, Any]) -> str:
    model = network["model"]
    return model if isinstance(model, str) else "the network"
