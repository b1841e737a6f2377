"""A source of alerts on a desk that trades BTC/USDT and ETH/USDT on spot, and ETH as a perpetual future."""

from collections.abc import Mapping
from typing import Any

from handlers import commands
from handlers.context import Context
from handlers.parse import parse
from handlers.spec import REGISTRY
from handlers.spelling import symbol_of
from handlers.tradingview.reading import Reading, read
from handlers.tradingview.symbols import Source
from handlers.tradingview.wish import Wish, orders_for
from tests.handlers.desk import PINE, HandDesk
from trading.instruments import ZERO

__all__ = ["CTX", "DECLARED", "TABLE", "at_the_door", "lines", "pine", "said"]

DECLARED = commands  # importing the package declares them
CTX: Context = HandDesk().context(PINE)
TABLE = {"KUCOIN:BTC-USDT": "BTC/USDT", "ETH-PERP": "ETH/USDT:USDT", "XBTUSD": "BTC/USDT"}


def pine(table: Mapping[str, str] | None = None, size: str = "", ctx: Context = CTX) -> Source:
    """The source, with its own symbols."""
    return Source("demo", lambda text: symbol_of(text, ctx, ("demo",)), TABLE if table is None else table, size)


def said(body: str | bytes, source: Source | None = None) -> Reading:
    """What a body is read as."""
    return read(body.encode() if isinstance(body, str) else body, source or pine())


def lines(body: str | bytes, source: Source | None = None) -> list[str]:
    """The wishes of a body, each as one line."""
    return [str(wish) for wish in said(body, source).orders]


def at_the_door(wish: Wish) -> list[tuple[str, dict[str, Any]]]:
    """What the desk itself understands of a wish's lines: the command, and its values, the account being flat."""
    read_back = [parse(line, CTX, REGISTRY) for line in orders_for(wish, ZERO).lines]
    return [(spec.name, values) for spec, values in read_back]
