"""The market panel: candles of one symbol with the bar that is forming, and our fills on them."""

from collections.abc import Sequence
from datetime import datetime
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
from trading.instruments import Symbol
from trading.intent import AccountId
from trading.market.candles import bar_start
from trading.ports import Market
from trading.quotes import Candle

FINER = {"1m": "", "5m": "1m", "15m": "1m", "1h": "5m", "4h": "15m", "1d": "1h"}
"""The timeframes to choose from, and of which smaller bars the forming one is made up when the page opens."""
BARS = 120
MOST_SYMBOLS = 300
FILLS = 200


class Forming:
    """The bar that is not closed yet, from smaller bars that are and from the prices seen since."""

    def __init__(self, symbol: Symbol, timeframe: str) -> None:
        self.symbol, self.timeframe = symbol, timeframe
        self.bar: Candle | None = None

    def begin(self, start: datetime, parts: Sequence[Candle]) -> None:
        """Start the bar that opens at `start` from the smaller bars within it; none leaves it to the first price."""
        self.bar = None
        for part in parts:
            if part.start >= start:
                self._add(start, part.open, part.high, part.low, part.close)

    def see(self, market: Market) -> Candle | None:
        """The bar with the market's present price in it; None without a price."""
        shown = market.quote(self.symbol)
        if shown is not None:
            self._add(bar_start(market.now(), self.timeframe), shown.last, shown.last, shown.last, shown.last)
        return self.bar

    def _add(self, start: datetime, open_: Any, high: Any, low: Any, close: Any) -> None:
        if self.bar is None or self.bar.start != start:
            begins = self.bar.close if self.bar is not None else open_
            self.bar = Candle(self.symbol, self.timeframe, start, begins, max(begins, high), min(begins, low), close, 0)  # type: ignore[arg-type]
            return
        self.bar = msgspec.structs.replace(
            self.bar, high=max(self.bar.high, high), low=min(self.bar.low, low), close=close
        )


class MarketPanel(Element):
    """A chart of a chosen symbol and timeframe; `refresh` once a second moves it."""

    def __init__(self, app: App) -> None:
        super().__init__("section")
        self.app = app
        self.zone = ZoneInfo(app.desk.timezone)
        self.classes("t-card t-market")
        self.account = next(iter(app.desk.accounts), "")
        self.symbol = Symbol("")
        self.timeframe = "1m"
        self._forming = Forming(self.symbol, self.timeframe)
        self._loaded: datetime | None = None  # the opening time of the bar that is forming in what was loaded
        self._fills_seen = -1
        with self:
            with ui.element("header"):
                self._symbols = Choice("Symbol", self._choose_symbol)
                self._frames = Choice("Timeframe", self._choose_frame)
                self._frames.offer(list(FINER), self.timeframe)
                ui.element("span").classes("t-push")
                self._quote = ui.label().classes("t-quote")
            self.chart = Chart("Candles")

    # --- what is shown -----------------------------------------------------------------------

    @property
    def market(self) -> Market:
        return self.app.desk.markets[self.account]

    def _choose_symbol(self, chosen: str) -> None:
        if chosen in self._names():
            self.symbol = Symbol(chosen)
            self._loaded = None

    def _choose_frame(self, chosen: str) -> None:
        if chosen in FINER:
            self.timeframe = chosen
            self._loaded = None

    def _names(self) -> list[str]:
        """What can be chosen: what is held, what strategies trade, then the rest of the market."""
        desk = self.app.desk
        held = [p.symbol for p in self.app.book.positions()]
        traded = [s for name in desk.strategies for s in desk.runner.config(name).symbols]
        listed = self.market.instruments
        return list(dict.fromkeys(s for s in (*held, *traded, *sorted(listed)) if s in listed))[:MOST_SYMBOLS]

    async def refresh(self) -> None:
        """Move the last bar; load the closed ones anew when one more has closed or something was filled."""
        names = self._names()
        if not names:
            return
        if not self.symbol:
            self.symbol = Symbol(names[0])
        self._symbols.offer(names, self.symbol)
        start = bar_start(self.market.now(), self.timeframe)
        if self._loaded != start or self._fills_seen != self.app.book.journal.last_seq:
            await self._load(start)
        bar = self._forming.see(self.market)
        if bar is not None:
            self.chart.tick(self._bar(bar))
        shown = self.market.quote(self.symbol)
        if shown is not None:
            self._quote.set_text(f"{price(shown.bid)}  ×  {price(shown.ask)}")

    async def _load(self, start: datetime) -> None:
        symbol, timeframe, seq = self.symbol, self.timeframe, self.app.book.journal.last_seq
        anew = self._loaded != start
        try:
            closed = await self.market.candles(symbol, timeframe, BARS)
            if anew or self._forming.bar is None:
                finer = FINER[timeframe]
                parts = await self.market.candles(symbol, finer, BARS) if finer else ()
                self._forming = Forming(symbol, timeframe)
                self._forming.begin(start, parts)
        except TradingError:
            return  # the market does not answer; the next second asks again
        marks = await self._marks(symbol, timeframe, closed)
        if (symbol, timeframe) != (self.symbol, self.timeframe):
            return  # something else was chosen meanwhile
        self._loaded, self._fills_seen = start, seq
        bars = [self._bar(each) for each in closed]
        forming = self._forming.see(self.market)
        if forming is not None:
            bars.append(self._bar(forming))
        labels = {label for label, _ in bars}
        self.chart.show(candles(bars, [mark for mark in marks if mark["at"] in labels]))

    async def _marks(self, symbol: Symbol, timeframe: str, closed: Sequence[Candle]) -> list[dict[str, Any]]:
        """Our fills within the bars; only where the market's time is ours."""
        if not closed or self.market.speed != 1:
            return []
        account = AccountId(self.account, self.app.book.mode(self.account))
        rows = await self.app.store.queries.fills(
            account=account.name, mode=account.mode, since=closed[0].start, limit=FILLS
        )
        return [
            {
                "at": self._label(bar_start(row["traded_at"], timeframe)),
                "price": float(row["price"]),
                "side": str(row["side"]),
                "text": f"{row['side']} {number(row['quantity'])} at {price(row['price'])}",
            }
            for row in rows
            if row["symbol"] == symbol
        ]

    def _bar(self, candle: Candle) -> Bar:
        values = [candle.open, candle.close, candle.low, candle.high]
        return self._label(candle.start), [float(value) for value in values]

    def _label(self, start: datetime) -> str:
        form = "%m-%d" if self.timeframe == "1d" else "%m-%d %H:%M" if self.timeframe in ("1h", "4h") else "%H:%M"
        return f"{start.astimezone(self.zone):{form}}"


class Choice(Element):
    """A plain select: the browser's own, so that it is a list on a phone and can be typed into on a desk."""

    def __init__(self, label: str, chosen: Any) -> None:
        super().__init__("select")
        self.props["aria-label"] = label
        self._names: list[str] = []
        self._now = ""
        self._chosen = chosen
        self.on("change", self._changed, js_handler="(event) => emit(event.target.value)")

    def offer(self, names: list[str], now: str) -> None:
        if names == self._names and now == self._now:
            return
        self._names, self._now = names, now
        self.clear()
        with self:
            for name in names:
                option = ui.element("option")
                option.props["value"] = name
                option.props["selected"] = name == now
                with option:
                    ui.label(name)
        self.update()

    def _changed(self, event: GenericEventArguments) -> None:
        if isinstance(event.args, str) and event.args in self._names:
            self._now = event.args
            self._chosen(event.args)
