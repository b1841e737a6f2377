"""Binance's exchanges, and which symbols belong to which."""

import re
from enum import StrEnum

from trading.errors import ConfigError

_SPOT = re.compile(r"([^/:\s]+)/([^/:\s]+)")
_LINEAR = re.compile(r"([^/:\s]+)/([^/:\s]+):\2")


class Product(StrEnum):
    """Which of Binance's exchanges; the values are those of the settings' `products`."""

    SPOT = "spot"
    USDM = "usdm"


def product_of(symbol: str) -> Product:
    """Spot for `BTC/USDT`, the USDT-M futures for `BTC/USDT:USDT`.

    Raises:
        ConfigError: anything else.
    """
    if _SPOT.fullmatch(symbol):
        return Product.SPOT
    if _LINEAR.fullmatch(symbol):
        return Product.USDM
    raise ConfigError(f"{symbol[:40]!r} is not a symbol of Binance.", "Write BTC/USDT, or BTC/USDT:USDT for a future.")
