"""The market as a chart shows it: closed bars, the one that forms, our fills, and what is working."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec

from bot.app import App
from bot.web.dashboard.view.books import average, order_text
from bot.web.dashboard.view.cells import Shape
from bot.web.dashboard.view.ticket import symbols
from handlers.figures import number, price
from trading.errors import TradingError
from trading.instruments import ZERO, Symbol
from trading.intent import AccountId
from trading.market.candles import bar_start, scaled
from trading.order import Order
from trading.ports import Market
from trading.quotes import Candle

FINER = {"1m": "", "5m": "1m", "15m": "1m", "1h": "5m", "4h": "15m", "1d": "1h"}
"""The timeframes to choose from, and of which smaller bars the forming one is made up when it is loaded."""
LABELS = {"1m": "%H:%M", "5m": "%H:%M", "1d": "%Y-%m-%d"}
BARS = 120
FILLS = 200
LINES = 20  # working orders drawn

Bar = tuple[str, list[float]]
"""A bar's label, and its open, close, low and high, in the order that charts want."""


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


class Picture(msgspec.Struct, frozen=True):
    """All that a chart shows: bars, fills (`at`, `price`, `side`, `text`) and lines (`price`, `side`, `text`)."""

    bars: Sequence[Bar]
    fills: Sequence[Shape]
    lines: Sequence[Shape]


class MarketView:
    """One chosen symbol of one account, in one timeframe. `read`, once a second, follows it."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.zone = ZoneInfo(app.desk.timezone)
        self.account = next(iter(app.desk.accounts), "")
        self.symbol, self.timeframe = Symbol(""), "1m"
        self.quote = ""
        self._forming: Forming | None = None
        self._closed: Sequence[Candle] = ()
        self._start: datetime | None = None  # of the bar that forms after what was loaded
        self._fills: Sequence[Shape] = ()
        self._lines: Sequence[Shape] = ()
        self._marked = -1  # the journal's last entry when fills were asked for

    # --- what is chosen ----------------------------------------------------------------------

    def accounts(self) -> list[str]:
        return list(self.app.desk.accounts)

    def symbols(self) -> list[str]:
        """What can be chosen of this account."""
        return symbols(self.app, self.account) if self.account else []

    def choose(self, account: str = "", symbol: str = "", timeframe: str = "") -> None:
        """Show something else from the next reading on."""
        if account and account != self.account:
            self.account, self.symbol = account, Symbol("")
        self.symbol, self.timeframe = Symbol(symbol) or self.symbol, timeframe or self.timeframe
        self._start = None

    @property
    def _market(self) -> Market:
        return self.app.desk.markets[self.account]

    # --- reading -----------------------------------------------------------------------------

    async def read(self) -> Picture | Bar | None:
        """All of it when a bar has closed, something was filled or an order changed; else the bar that moves."""
        names = self.symbols()
        if not names:
            return None
        self.symbol = self.symbol or Symbol(names[0])
        chosen = (self.account, self.symbol, self.timeframe)
        try:
            anew = await self._load() | await self._mark()
        except TradingError:
            return None  # the market does not answer: the next second asks again
        if chosen != (self.account, self.symbol, self.timeframe) or self._forming is None:
            return None  # something else was chosen meanwhile
        shown = self._market.quote(self.symbol)
        self.quote = f"{price(shown.bid)} × {price(shown.ask)}" if shown else "no price"
        bar = self._forming.see(self._market)
        if not anew:
            return None if bar is None else self._bar(bar)
        bars = [self._bar(each) for each in (*self._closed, *([bar] if bar else []))]
        labels = {label for label, _ in bars}
        return Picture(bars, [fill for fill in self._fills if fill["at"] in labels], self._lines)

    async def _load(self) -> bool:
        """The closed bars, once for each bar that closes; whether there are others now."""
        start = bar_start(self._market.now(), self.timeframe)
        if self._start == start:
            return False
        chosen = (self.account, self.symbol, self.timeframe)
        closed = await self._market.candles(self.symbol, self.timeframe, BARS)
        finer = FINER[self.timeframe]
        parts = await self._market.candles(self.symbol, finer, BARS) if finer else ()
        if chosen == (self.account, self.symbol, self.timeframe):
            self._closed, self._start, self._marked = closed, start, -1
            self._forming = Forming(self.symbol, self.timeframe, start, parts)
        return True

    async def _mark(self) -> bool:
        """Our fills and working orders, once for each change of the journal; whether there are others now."""
        last = self.app.book.journal.last_seq
        if self._marked == last or not self._closed:
            return False
        account = AccountId(self.account, self.app.book.mode(self.account))
        symbol, before = self.symbol, (self._fills, self._lines)
        rows = await self.app.store.queries.fills(account=account.name, mode=account.mode, limit=FILLS)
        self._fills = [self._fill(row) for row in rows if row["symbol"] == symbol]
        self._lines = [*self._held(account), *(_line(o) for o in self.app.book.open_orders(account, symbol)[-LINES:])]
        self._marked = last
        return (self._fills, self._lines) != before

    def _held(self, account: AccountId) -> Sequence[Shape]:
        held = self.app.book.position(account, self.symbol)
        if held is None or held.average_price is None:
            return ()
        text = f"position {number(held.quantity)} at {average(self.app, held)}"
        return ({"price": float(held.average_price), "side": "", "text": text},)

    def _fill(self, row: Shape) -> Shape:
        ago = scaled(self.app.clock.now() - row["traded_at"], self._market.speed)
        return {
            "at": self._label(bar_start(self._market.now() - ago, self.timeframe)),
            "price": float(row["price"]),
            "side": str(row["side"]),
            "text": f"{row['side']} {number(row['quantity'])} at {price(row['price'])}",
        }

    def _bar(self, candle: Candle) -> Bar:
        values = (candle.open, candle.close, candle.low, candle.high)
        return self._label(candle.start), [float(value) for value in values]

    def _label(self, start: datetime) -> str:
        return f"{start.astimezone(self.zone):{LABELS.get(self.timeframe, '%m-%d %H:%M')}}"


def _line(order: Order) -> Shape:
    at = order.limit_price or order.stop_price or ZERO
    return {"price": float(at), "side": str(order.side), "text": f"{order_text(order)} at {price(at)}"}
