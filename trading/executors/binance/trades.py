"""The trades of a symbol from some moment on, however many they are: page after page."""

from datetime import datetime, timedelta
from typing import Any, Protocol

from trading.executors.binance.requests import MOST_ROWS, Request
from trading.executors.binance.rows import Row, moment
from trading.executors.binance.rules import SymbolRules


class Trading(Protocol):
    """How a product tells its trades.

    `trades_span` is how far one answer reaches from the time that is asked for; `trades_reach` how far back trades are
    told without asking for a time (None: as far as the page goes).
    """

    trades_span: timedelta
    trades_reach: timedelta | None

    async def send(self, request: Request) -> Any: ...

    def trades_request(self, rules: SymbolRules, since_ms: int | None = None, from_id: str = "") -> Request: ...


async def trades_since(product: Trading, rules: SymbolRules, since: datetime, now: datetime) -> list[Row]:
    """Oldest first. The last page is enough, nearly always; else page after page from `since` on."""
    rows: list[Row] = await product.send(product.trades_request(rules))
    is_cut = len(rows) >= MOST_ROWS and moment(rows[0]["time"]) >= since
    if is_cut or (product.trades_reach is not None and since < now - product.trades_reach):
        rows = await _pages(product, rules, since, now)
    return [row for row in rows if moment(row["time"]) >= since]


async def _pages(product: Trading, rules: SymbolRules, since: datetime, now: datetime) -> list[Row]:
    begin, rows = since, list[Row]()
    while not rows and begin <= now:
        rows = await product.send(product.trades_request(rules, since_ms=int(begin.timestamp() * 1000)))
        begin += product.trades_span
    page = rows
    while page and (page is rows or len(page) == MOST_ROWS):
        page = await product.send(product.trades_request(rules, from_id=str(int(rows[-1]["id"]) + 1)))
        rows = [*rows, *page]
    return rows
