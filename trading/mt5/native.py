"""The MetaTrader5 package itself, on a machine that has it."""

import importlib
from typing import Any

from trading.errors import ConfigError


def native() -> Any:
    """The package.

    Raises:
        ConfigError: it is not on this machine.
    """
    try:
        return importlib.import_module("MetaTrader5")
    except ImportError:
        raise ConfigError(
            "The MetaTrader5 package is not on this machine: there is one for Windows only.",
            'Run this on Windows or under Wine; elsewhere set transport = "bridge" and run `tiller bridge` there.',
        ) from None
