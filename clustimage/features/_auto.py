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

logger = get_logger(__name__)


def choose_method(settings: Mapping[str, Any]) -> str:
    """Return the method that ``"auto"`` stands for on this machine, and log why.

    A network, where torch and its weights are there, so that nothing has to be downloaded;
    else what is best without one, see ``benchmarks/quality.py``.

    Parameters
    ----------
    settings : mapping
        Of ``params_cnn`` the network that would be used.
    """
    missing = missing_for(merge_defaults("params_cnn", settings.get("params_cnn"), PARAMS_CNN))
    method = WITHOUT_NETWORK if missing else NETWORK
    why = missing or "torch and the weights of the network are on this machine"
    logger.info("%s takes %s, because %s.", setting("method", AUTO), setting("method", method), why)
    return method
