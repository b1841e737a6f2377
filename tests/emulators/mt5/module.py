"""The `MetaTrader5` package, as an object: whoever is handed it cannot tell it from the module.

Each object is one process's link to the terminal: it has its own last_error and must initialize before anything else.
Names, arguments and structures: package 5.0.6231; behaviour: mql5.com/docs/python_metatrader5.
"""

from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any, NoReturn

from tests.emulators.mt5 import money, queries, trading, views
from tests.emulators.mt5.bars import Bar, Table
from tests.emulators.mt5.codes import Failure, invalid
from tests.emulators.mt5.decimals import exact
from tests.emulators.mt5.link import Link, kill_process
from tests.emulators.mt5.records import (
    BookInfo,
    OrderCheckResult,
    OrderSendResult,
    Tick,
    TradeDeal,
    TradeOrder,
    TradePosition,
)
from tests.emulators.mt5.requests import read, stamp
from tests.emulators.mt5.states import SymbolInfo
from tests.emulators.mt5.symbols import Symbol
from tests.emulators.mt5.terminal import Terminal
from trading.mt5.constants import Constants

EVER = 2**40


class MetaTrader5(Link):
    """The package. `die` is what the faults dies_before and dies_after do: a test that wants to live raises."""

    def __init__(self, terminal: Terminal, die: Callable[[], NoReturn] = kill_process) -> None:
        super().__init__(terminal, die)
        self._books: set[str] = set()

    # Symbols

    def symbols_total(self) -> int | None:
        """How many symbols there are."""
        return self._call("symbols_total", lambda: len(self._terminal.market.symbols))

    def symbols_get(self, *unnamed: Any, **asked: Any) -> tuple[SymbolInfo, ...] | None:
        """All symbols, or those of a group."""

        def work() -> tuple[SymbolInfo, ...]:
            group = asked.get("group", unnamed[0] if unnamed else "*")
            if not isinstance(group, str):
                raise invalid("group")
            symbols = self._terminal.market.symbols.values()
            return tuple(self._info(one) for one in symbols if queries.in_group(one.name, group))

        return self._call("symbols_get", work)

    def symbol_info(self, symbol: Any) -> SymbolInfo | None:
        """A symbol's rules and prices."""
        return self._call("symbol_info", lambda: self._info(self._symbol(symbol)))

    def symbol_info_tick(self, symbol: Any) -> Tick | None:
        """A symbol's last tick, if it is in the Market Watch."""

        def work() -> Tick:
            if self._symbol(symbol).name not in self._terminal.selected:
                raise Failure(Constants.RES_E_NOT_FOUND)
            return views.tick(self._terminal.quote(symbol))

        return self._call("symbol_info_tick", work)

    def symbol_select(self, symbol: Any, enable: Any = True) -> bool:
        """Put a symbol into the Market Watch, or take it out, which one with positions cannot be."""

        def work() -> bool:
            terminal = self._terminal
            if not isinstance(symbol, str):
                raise invalid("symbol")
            account = terminal.current
            held = {one.symbol for one in account.positions.values()}
            held |= {one.symbol for one in account.orders.values()}
            if symbol not in terminal.market.symbols or (not enable and symbol in held):
                raise Failure(Constants.RES_E_FAIL)
            (terminal.selected.add if enable else terminal.selected.discard)(symbol)
            return True

        return bool(self._call("symbol_select", work))

    def market_book_add(self, symbol: Any) -> bool:
        """Open the depth of market of a symbol."""

        def work() -> bool:
            if not self._symbol(symbol).book_depth:
                raise Failure(Constants.RES_E_FAIL)
            self._books.add(symbol)
            return True

        return bool(self._call("market_book_add", work))

    def market_book_get(self, symbol: Any) -> tuple[BookInfo, ...] | None:
        """The depth of market: sells from the dearest down, then buys."""

        def work() -> tuple[BookInfo, ...]:
            if self._symbol(symbol).name not in self._books:
                raise Failure(Constants.RES_E_NOT_FOUND)
            bids, asks = self._terminal.market.book(symbol)
            rows = [(self.BOOK_TYPE_SELL, *level) for level in reversed(asks)]
            rows += [(self.BOOK_TYPE_BUY, *level) for level in bids]
            return tuple(BookInfo(kind, float(price), int(volume), float(volume)) for kind, price, volume in rows)

        return self._call("market_book_get", work)

    def market_book_release(self, symbol: Any) -> bool:
        """Close the depth of market."""

        def work() -> bool:
            self._books.discard(self._symbol(symbol).name)
            return True

        return bool(self._call("market_book_release", work))

    # Bars and ticks

    def copy_rates_from(self, symbol: Any, timeframe: Any, date_from: Any, count: Any) -> Table | None:
        """So many bars up to a date."""

        def pick(bars: list[Bar]) -> list[Bar]:
            end = stamp(date_from, invalid("date_from"))
            return [bar for bar in bars if bar.time <= end][-_count(count) :]

        return self._call("copy_rates_from", lambda: queries.rates(self._terminal.market, symbol, timeframe, pick))

    def copy_rates_from_pos(self, symbol: Any, timeframe: Any, start_pos: Any, count: Any) -> Table | None:
        """So many bars up to the one of this number; 0 is the current."""

        def pick(bars: list[Bar]) -> list[Bar]:
            end = len(bars) - start_pos
            return bars[max(0, end - _count(count)) : max(0, end)]

        return self._call("copy_rates_from_pos", lambda: queries.rates(self._terminal.market, symbol, timeframe, pick))

    def copy_rates_range(self, symbol: Any, timeframe: Any, date_from: Any, date_to: Any) -> Table | None:
        """The bars that opened between two dates."""

        def pick(bars: list[Bar]) -> list[Bar]:
            start, end = queries.interval(date_from, date_to)
            return [bar for bar in bars if start <= bar.time <= end]

        return self._call("copy_rates_range", lambda: queries.rates(self._terminal.market, symbol, timeframe, pick))

    def copy_ticks_from(self, symbol: Any, date_from: Any, count: Any, flags: Any) -> Table | None:
        """So many ticks from a date on."""

        def work() -> Table:
            start = stamp(date_from, invalid("date_from"))
            return queries.ticks(self._terminal.market, symbol, flags, start, EVER, _count(count))

        return self._call("copy_ticks_from", work)

    def copy_ticks_range(self, symbol: Any, date_from: Any, date_to: Any, flags: Any) -> Table | None:
        """The ticks between two dates."""

        def work() -> Table:
            start, end = queries.interval(date_from, date_to)
            return queries.ticks(self._terminal.market, symbol, flags, start, end, None)

        return self._call("copy_ticks_range", work)

    # Trading

    def order_calc_margin(self, action: Any, symbol: Any, volume: Any, price: Any) -> float | None:
        """The margin of a trade, in the account's currency."""

        def work() -> float:
            terminal = self._terminal
            _check_side(action)
            numbers = _numbers(volume=volume, price=price)
            try:
                return float(money.margin(terminal.market, terminal.current, self._symbol(symbol), *numbers))
            except LookupError:
                raise Failure(Constants.RES_E_NOT_FOUND) from None

        return self._call("order_calc_margin", work)

    def order_calc_profit(
        self, action: Any, symbol: Any, volume: Any, price_open: Any, price_close: Any
    ) -> float | None:
        """The profit of a trade between two prices, in the account's currency."""

        def work() -> float:
            terminal = self._terminal
            _check_side(action)
            numbers = _numbers(volume=volume, price_open=price_open, price_close=price_close)
            long = action == Constants.ORDER_TYPE_BUY
            try:
                return float(money.profit(terminal.market, terminal.current, self._symbol(symbol), long, *numbers))
            except LookupError:
                raise Failure(Constants.RES_E_NOT_FOUND) from None

        return self._call("order_calc_profit", work)

    def order_check(self, request: Any) -> OrderCheckResult | None:
        """Would the account bear a trade? Success is retcode 0."""
        terminal = self._terminal
        return self._call("order_check", lambda: trading.check(terminal, read(request, terminal.comment_limit)))

    def order_send(self, request: Any) -> OrderSendResult | None:
        """Send a trade request to the server."""
        terminal = self._terminal
        asked = ""
        with suppress(Failure):  # it is said when the call is made
            asked = trading.kind(terminal, read(request, terminal.comment_limit))
        return self._call("order_send", lambda: trading.send(terminal, read(request, terminal.comment_limit)), asked)

    # The account's records

    def orders_total(self) -> int | None:
        """How many orders are active."""
        return self._call("orders_total", lambda: len(self._terminal.orders()))

    def orders_get(self, *unnamed: Any, **asked: Any) -> tuple[TradeOrder, ...] | None:
        """Active orders."""
        return self._call("orders_get", lambda: queries.active(self._terminal.orders(), unnamed, asked))

    def positions_total(self) -> int | None:
        """How many positions are open."""
        return self._call("positions_total", lambda: len(self._terminal.positions()))

    def positions_get(self, *unnamed: Any, **asked: Any) -> tuple[TradePosition, ...] | None:
        """Open positions."""
        return self._call("positions_get", lambda: queries.active(self._terminal.positions(), unnamed, asked))

    def history_orders_total(self, date_from: Any, date_to: Any) -> int | None:
        """How many orders of history were set up between two dates."""
        return self._call("history_orders_total", lambda: len(self._history((date_from, date_to), {})))

    def history_orders_get(self, *dates: Any, **asked: Any) -> tuple[TradeOrder, ...] | None:
        """Orders of history: of a time, of a ticket or of a position."""
        return self._call("history_orders_get", lambda: self._history(dates, asked))

    def history_deals_total(self, date_from: Any, date_to: Any) -> int | None:
        """How many deals were made between two dates."""
        return self._call("history_deals_total", lambda: len(self._deals((date_from, date_to), {})))

    def history_deals_get(self, *dates: Any, **asked: Any) -> tuple[TradeDeal, ...] | None:
        """Deals: of a time, of an order's ticket or of a position."""
        return self._call("history_deals_get", lambda: self._deals(dates, asked))

    def _history(self, dates: tuple[Any, ...], asked: dict[str, Any]) -> tuple[TradeOrder, ...]:
        records = (views.order(self._terminal.market, one) for one in self._terminal.history())
        return queries.past(records, dates, asked, "ticket", "time_setup")

    def _deals(self, dates: tuple[Any, ...], asked: dict[str, Any]) -> tuple[TradeDeal, ...]:
        return queries.past(map(views.deal, self._terminal.past_deals()), dates, asked, "order", "time")

    def _symbol(self, name: Any) -> Symbol:
        if not isinstance(name, str):
            raise invalid("symbol")
        if name not in self._terminal.market.symbols:
            raise Failure(Constants.RES_E_NOT_FOUND)
        return self._terminal.market.symbols[name]

    def _info(self, symbol: Symbol) -> SymbolInfo:
        terminal = self._terminal
        return views.symbol_info(terminal.market, terminal.logged_in, symbol, symbol.name in terminal.selected)


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise invalid("count")
    return value


def _check_side(action: Any) -> None:
    if action not in (Constants.ORDER_TYPE_BUY, Constants.ORDER_TYPE_SELL):
        raise invalid("action")


def _numbers(**values: Any) -> list[Decimal]:
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise invalid(name)
    return [exact(value) for value in values.values()]


_PUBLIC = [name for name in dir(MetaTrader5) if not name.startswith("_")]
FUNCTIONS = frozenset(name for name in _PUBLIC if callable(getattr(MetaTrader5, name)))
"""The package's functions."""
