"""The market panel: candles of one symbol with the bar that is forming, and our fills on them."""

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from nicegui import ui
from nicegui.element import Element
from nicegui.events import GenericEventArguments

from bot.app import App
from bot.web.console.charts import Bar, Chart, candles
from handlers.figures import number, price
from trading.errors import TradingError
from trading.instruments import ZERO, Symbol
from trading.intent import AccountId
from trading.market.candles import bar_start, scaled
from trading.ports import Market
from trading.quotes import Candle

FINER = {"1m": "", "5m": "1m", "15m": "1m", "1h": "5m", "4h": "15m", "1d": "1h"}
"""The timeframes to choose from, and of which smaller bars the forming one is made up when it is loaded."""
LABELS = {"1m": "%H:%M", "5m": "%H:%M", "1d": "%Y-%m-%d"}
BARS = 120
MOST_SYMBOLS = 300
FILLS = 200


class Forming:
    """The bar that is not closed yet: of smaller bars that are, and of the prices seen since."""

    def __init__(self, symbol: Symbol, timeframe: str, start: datetime, parts: Sequence[Candle]) -> None:
        self.symbol, self.timeframe = symbol, timeframe
        self.bar: Candle | None = None
        for part in parts:
            if part.start >= start:
                for seen in (part.open, part.high, part.low, part.close):
                    self._add(start, seen)

    def see(self, market: Market) -> Candle | None:
        """The bar with the market's present price in it; None before the first price."""
        shown = market.quote(self.symbol)
        if shown is not None:
            self._add(bar_start(market.now(), self.timeframe), shown.last)
        return self.bar

    def _add(self, start: datetime, seen: Decimal) -> None:
        bar = self.bar
        if bar is None or bar.start != start:
            self.bar = Candle(self.symbol, self.timeframe, start, seen, seen, seen, seen, ZERO)
        else:
            self.bar = msgspec.structs.replace(bar, high=max(bar.high, seen), low=min(bar.low, seen), close=seen)


class MarketPanel(Element):
    """A chart of a chosen symbol and timeframe; `refresh`, once a second, moves it."""

    def __init__(self, app: App) -> None:
        super().__init__("section")
        self.app = app
        self.zone = ZoneInfo(app.desk.timezone)
        self.account = next(iter(app.desk.accounts), "")
        self.symbol, self.timeframe = Symbol(""), "1m"
        self._forming: Forming | None = None
        self._closed: Sequence[Candle] = ()
        self._start: datetime | None = None  # of the bar that forms after what was loaded
        self._marks: list[dict[str, Any]] = []
        self._marked = -1  # the journal's last entry when fills were asked for
        self.classes("t-card t-market")
        with self:
            with ui.element("header"):
                self._symbols = Choice("Symbol", self._choose_symbol)
                Choice("Timeframe", self._choose_timeframe).offer(tuple(FINER), self.timeframe)
                ui.element("span").classes("t-push")
                self._quote = ui.label().classes("t-quote num")
            self.chart = Chart("Candles")

    @property
    def market(self) -> Market:
        return self.app.desk.markets[self.account]

    def _choose_symbol(self, name: str) -> None:
        self.symbol, self._start = Symbol(name), None

    def _choose_timeframe(self, name: str) -> None:
        self.timeframe, self._start = name, None

    def _names(self) -> list[Symbol]:
        """What can be chosen: what is held, what strategies trade, then the rest of the market."""
        desk, listed = self.app.desk, self.market.instruments
        held = [p.symbol for p in self.app.book.positions() if p.account == self.account]
        traded = [symbol for name in desk.strategies for symbol in desk.runner.config(name).symbols]
        return list(dict.fromkeys(s for s in (*traded, *held, *sorted(listed)) if s in listed))[:MOST_SYMBOLS]

    async def refresh(self) -> None:
        """Move the last bar; draw all of it again when a bar has closed or something was filled."""
        names = self._names() if self.account else []
        if not names:
            return
        self.symbol = self.symbol or names[0]
        self._symbols.offer(names, self.symbol)
        chosen = (self.symbol, self.timeframe)
        try:
            anew = await self._load() | await self._mark()
        except TradingError:
            return  # the market does not answer: the next second asks again
        if chosen != (self.symbol, self.timeframe) or self._forming is None:
            return  # something else was chosen meanwhile
        bar = self._forming.see(self.market)
        if anew:
            bars = [self._bar(each) for each in (*self._closed, *([bar] if bar else []))]
            labels = {label for label, _ in bars}
            self.chart.show(candles(bars, [mark for mark in self._marks if mark["at"] in labels]))
        elif bar is not None:
            self.chart.tick(self._bar(bar))
        shown = self.market.quote(self.symbol)
        self._quote.set_text(f"{price(shown.bid)} × {price(shown.ask)}" if shown else "no price")

    async def _load(self) -> bool:
        """The closed bars, once for each bar that closes; whether there are others now."""
        start = bar_start(self.market.now(), self.timeframe)
        if self._start == start:
            return False
        symbol, timeframe = self.symbol, self.timeframe
        closed = await self.market.candles(symbol, timeframe, BARS)
        finer = FINER[timeframe]
        parts = await self.market.candles(symbol, finer, BARS) if finer else ()
        if (symbol, timeframe) == (self.symbol, self.timeframe):
            self._closed, self._start, self._marked = closed, start, -1
            self._forming = Forming(symbol, timeframe, start, parts)
        return True

    async def _mark(self) -> bool:
        """Our fills within the bars, once for each change of the journal; whether there are others now."""
        last = self.app.book.journal.last_seq
        if self._marked == last or not self._closed:
            return False
        account = AccountId(self.account, self.app.book.mode(self.account))
        symbol, before = self.symbol, self._marks
        rows = await self.app.store.queries.fills(account=account.name, mode=account.mode, limit=FILLS)
        self._marks = [self._fill(row) for row in rows if row["symbol"] == symbol]
        self._marked = last
        return self._marks != before

    def _fill(self, row: dict[str, Any]) -> dict[str, Any]:
        ago = scaled(self.app.clock.now() - row["traded_at"], self.market.speed)
        return {
            "at": self._label(bar_start(self.market.now() - ago, self.timeframe)),
            "price": float(row["price"]),
            "side": str(row["side"]),
            "text": f"{row['side']} {number(row['quantity'])} at {price(row['price'])}",
        }

    def _bar(self, candle: Candle) -> Bar:
        values = (candle.open, candle.close, candle.low, candle.high)
        return self._label(candle.start), [float(value) for value in values]

    def _label(self, start: datetime) -> str:
        return f"{start.astimezone(self.zone):{LABELS.get(self.timeframe, '%m-%d %H:%M')}}"


class Choice(Element, component="choice.js"):
    """A select; `chosen` is called with a name of those that were offered."""

    def __init__(self, label: str, chosen: Callable[[str], None]) -> None:
        super().__init__()
        self._chosen = chosen
        self.props["label"] = label
        self.props["names"] = []
        self.on("choose", self._changed)

    def offer(self, names: Sequence[str], now: str) -> None:
        """Show these names, with `now` chosen."""
        names = list(names)
        if names != self.props["names"] or now != self.props["chosen"]:
            self.props["names"], self.props["chosen"] = names, now
            self.update()

    def _changed(self, event: GenericEventArguments) -> None:
        if event.args in self.props["names"]:
            self.props["chosen"] = event.args
            self._chosen(str(event.args))
