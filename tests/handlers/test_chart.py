"""What the picture of a market is asked to show, and what is said beside it."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from handlers import commands
from handlers.actor import Actor
from handlers.drawings import CandlesDrawing, Drawing
from handlers.reply import Image, Reply
from handlers.spec import REGISTRY
from tests.handlers.desk import ANA, PINE, HandDesk
from tests.kit import BTC, START, HandMarket
from trading import events as e
from trading.instruments import Money, Side, Symbol
from trading.intent import Mode, OrderType, TimeInForce
from trading.quotes import Candle

assert commands, "importing it declares them"
D = Decimal


class FastMarket(HandMarket):
    """A market whose time runs ten times as fast, and began with the clock."""

    @property
    def speed(self) -> Decimal:
        return D(10)

    def now(self) -> datetime:
        return START + (self.clock.now() - START) * 10


class Fills:
    """The part of the history that is asked here, by its contract: the newest first."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    async def fills(self, *, account: str, mode: str, since: datetime, limit: int) -> list[dict[str, Any]]:
        own = [row for row in self.rows if (row["account"], row["mode"]) == (account, mode)]
        return sorted((r for r in own if r["traded_at"] >= since), key=lambda r: r["traded_at"], reverse=True)[:limit]


class ChartDesk(HandDesk):
    """A desk that keeps what it is to draw. Ten minutes have passed since its start."""

    def __init__(self, market: type[HandMarket] = HandMarket, candles: int = 5) -> None:
        super().__init__()
        self.market = market(self.clock, BTC)
        self.valuation.markets["demo"] = self.market  # type: ignore[index]
        self.history = Fills()
        self.drawn: list[Drawing] = []
        self.clock.move(600)
        now = self.market.now()
        for n in range(candles, 0, -1):
            start = now - timedelta(minutes=n)
            self.market.add_candle(Candle(BTC.symbol, "1m", start, D(100), D(120), D(90), D(100 + n), D(2)))

    async def draw(self, drawing: Drawing) -> Image:
        self.drawn.append(drawing)
        return Image(drawing.name, b"\x89PNG")

    async def ask(self, line: str, surface: str = "web", actor: Actor = ANA) -> Reply:
        return await self.door(registry=REGISTRY).run(line, actor, surface)

    @property
    def picture(self) -> CandlesDrawing:
        (drawing,) = self.drawn
        assert isinstance(drawing, CandlesDrawing)
        return drawing

    def fill(self, seconds_ago: float, symbol: Symbol = BTC.symbol, account: str = "demo") -> None:
        at = self.clock.now() - timedelta(seconds=seconds_ago)
        self.history.rows.append(
            {"account": account, "mode": Mode.PAPER, "symbol": symbol, "side": "BUY", "price": D(101), "traded_at": at}
        )

    async def order(self, order_id: str, side: Side, **prices: Decimal) -> None:
        """An open order on the books."""
        kind = (
            OrderType.STOP_LIMIT if len(prices) == 2 else OrderType.STOP if "stop_price" in prices else OrderType.LIMIT
        )
        await self.book.record(
            e.InstrumentListed("demo", Mode.PAPER, BTC),
            e.OrderInitialized(
                order_id, f"key:{order_id}", "demo", Mode.PAPER, BTC.symbol, side, kind, TimeInForce.GTC, D("0.01"),
                "person:ana", "web", "", **prices,
            ),
            e.OrderSubmitted(order_id),
        )  # fmt: skip


@pytest.fixture
def desk() -> ChartDesk:
    return ChartDesk()


async def test_the_candles_are_drawn_up_to_the_price_of_now(desk: ChartDesk) -> None:
    desk.market.show("BTC/USDT", "110", "112")
    reply = await desk.ask("/chart BTC/USDT 1m")
    assert reply.image == Image("BTC-USDT-1m.png", b"\x89PNG")
    assert (len(desk.picture.candles), desk.picture.last, desk.picture.now) == (5, 110, desk.clock.now())
    assert reply.text.splitlines() == [
        "BTC/USDT 1m  110  +10.00% over 5 candles",  # the first of them opened at 100
        "05 Jan 12:05 to 12:10 UTC, high 120, low 90",
    ]
    assert not reply.private
    assert [button.line for button in reply.buttons] == [f"/chart BTC/USDT {f}" for f in ("5m", "15m", "1h", "4h")]


async def test_without_a_quote_the_last_close_is_the_price(desk: ChartDesk) -> None:
    await desk.ask("/chart BTC/USDT 1m")
    assert desk.picture.last == 101


@pytest.mark.parametrize(("surface", "figures"), [("terminal", True), ("api", True), ("telegram", False)])
async def test_figures_are_beside_it_where_pictures_are_not_seen(desk: ChartDesk, surface: str, figures: bool) -> None:
    reply = await desk.ask("/chart BTC/USDT 1m", surface)
    assert reply.image
    assert bool(reply.table) is figures
    assert ("█" in reply.text) is figures


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "There are no 1m candles of BTC/USDT yet."), (1, "There is only one 1m candle of BTC/USDT yet.")],
)
async def test_too_few_candles_are_one_line_and_no_picture(count: int, said: str) -> None:
    desk = ChartDesk(candles=count)
    reply = await desk.ask("/chart BTC/USDT 1m")
    assert (reply.ok, reply.text, reply.image) == (False, f"{said} Try a shorter timeframe.", None)
    assert not desk.drawn


async def test_our_fills_of_the_symbol_are_marked_and_make_it_private(desk: ChartDesk) -> None:
    desk.fill(seconds_ago=120)
    desk.fill(seconds_ago=60)
    desk.fill(seconds_ago=3600)  # before the candles
    desk.fill(seconds_ago=60, symbol=Symbol("ETH/USDT"))
    desk.fill(seconds_ago=60, account="broker")
    reply = await desk.ask("/chart BTC/USDT 1m")
    assert [fill.at for fill in desk.picture.fills] == [desk.clock.now() - timedelta(seconds=s) for s in (120, 60)]
    assert "Marked: 2 fills" in reply.text
    assert reply.private


async def test_a_fill_stands_at_the_time_of_a_market_that_runs_faster() -> None:
    desk = ChartDesk(FastMarket)
    desk.fill(seconds_ago=6)  # a minute of the market's
    desk.fill(seconds_ago=31)  # more than its five minutes
    await desk.ask("/chart BTC/USDT 1m")
    assert [fill.at for fill in desk.picture.fills] == [desk.market.now() - timedelta(minutes=1)]


async def test_of_very_many_fills_the_newest_are_marked(desk: ChartDesk) -> None:
    for number in range(250):
        desk.fill(seconds_ago=number / 10)
    await desk.ask("/chart BTC/USDT 1m")
    ages = [(desk.clock.now() - fill.at).total_seconds() for fill in desk.picture.fills]
    assert (len(ages), ages[0], ages[-1]) == (200, pytest.approx(19.9), 0)


async def test_each_price_of_an_open_order_is_marked_by_what_it_does(desk: ChartDesk) -> None:
    await desk.order("a", Side.BUY, limit_price=D(95))
    await desk.order("b", Side.SELL, stop_price=D(91), limit_price=D(90))
    reply = await desk.ask("/chart BTC/USDT 1m")
    assert [(mark.price, mark.label) for mark in desk.picture.orders] == [
        (95, "BUY 0.01"), (91, "SELL 0.01 stop"), (90, "SELL 0.01 limit"),
    ]  # fmt: skip
    assert "Marked: 3 order prices" in reply.text
    assert reply.private


async def test_the_average_price_of_the_position_is_marked_to_the_tick(desk: ChartDesk) -> None:
    for number, price in enumerate(("100", "100.01", "100.01")):
        await desk.order(f"o{number}", Side.BUY, limit_price=D(price))
        await desk.book.record(
            e.OrderFilled(f"o{number}", f"t{number}", D("0.01"), D(price), Money(D(0), "USDT"), D(0), START)
        )
    reply = await desk.ask("/chart BTC/USDT 1m")
    assert desk.picture.average == D("100.01")  # 100.00667
    assert "Marked: position at 100.01" in reply.text
    assert reply.private


async def test_another_account_has_its_own_market(desk: ChartDesk) -> None:
    reply = await desk.ask("/chart EURUSD 1m account=broker")
    assert reply.text.startswith("There are no 1m candles of EURUSD")
    assert not desk.drawn
    assert (await desk.ask("/chart BTC/USDT 1m account=demo")).buttons[0].line == "/chart BTC/USDT 5m account=demo"
    assert (await desk.ask("/chart BTC/USDT 1m", actor=PINE)).ok
