"""From closed bars to orders: what is traded, what is history, and what a wish makes of a position."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest

from tests.kit import BTC
from tests.trading.strategy_desk import BREAKOUT, BUY, DEMO, MINUTE, SELL, SIZE, TREND, Desk, on_a_desk
from trading import events as e
from trading import reports
from trading.errors import IntentError
from trading.ids import order_id
from trading.instruments import Side, Symbol
from trading.intent import AccountId, Intent, Leg, Mode, OrderType, Origin, Size

# --- from a bar to an order ------------------------------------------------------------------


@on_a_desk()
async def test_a_wish_becomes_one_order_and_a_signal_that_tells_its_outcome(desk: Desk) -> None:
    candle = await desk.bar(105)
    key = f"strategy:trend:BTC/USDT:{candle.end.isoformat()}"
    (order,) = desk.venue.placed
    assert (order.key, order.side, order.type, order.quantity) == (key, Side.BUY, OrderType.MARKET, SIZE)
    assert (order.actor, order.source) == ("strategy:trend", "strategy")
    assert "sma_cross: BUY BTC/USDT at 105" in order.text
    (signal,) = desk.signals
    assert (signal.strategy, signal.account, signal.side) == ("trend", "demo", "BUY")
    assert (signal.bar_close, signal.price) == (candle.end, Decimal(105))
    assert (signal.order_id, signal.outcome) == (order_id(key), "FILLED")


@on_a_desk()
async def test_the_history_of_the_warm_up_is_not_traded(desk: Desk) -> None:
    await desk.runner.stop("trend", "person:ana")
    desk.close_at(105, start=desk.clock.now())
    await asyncio.sleep(60)
    await desk.runner.start("trend", "person:ana")
    await desk.runner.tick("trend")  # the cross is the newest bar, and history all the same
    await desk.runner.tick("trend")
    assert desk.sent == []
    await desk.bar(100)
    assert desk.outcomes == []  # SELL while flat
    await desk.bar(105)
    assert desk.sent == [BUY]


@on_a_desk()
async def test_the_same_bar_seen_again_is_the_same_order(desk: Desk) -> None:
    standby = desk.new_runner()
    await standby.tick("trend")  # warmed up with the same history
    await desk.bar(105)
    await desk.runner.tick("trend")
    await standby.tick("trend")
    assert desk.sent == [BUY]
    assert len({(signal.signal_id, signal.order_id) for signal in desk.signals}) == 1
    assert desk.outcomes == [("BUY", "FILLED")] * 2


@on_a_desk(BREAKOUT, shorting=True)
async def test_ticks_at_the_same_time_show_a_bar_once(desk: Desk) -> None:
    desk.close_at(105)
    await asyncio.sleep(60)
    await asyncio.gather(*(desk.runner.tick("trend") for _ in range(5)))
    await desk.bar(102)  # below 105, but not below 100: the channel is two bars, not one bar twice
    assert desk.signals == []
    await desk.bar(99)
    assert desk.sent == [SELL]


@on_a_desk()
async def test_a_bar_that_was_missed_is_shown_but_not_traded(desk: Desk) -> None:
    for close in (105, 110, 115):  # BUY at the first of them
        desk.close_at(close)
        await asyncio.sleep(60)
    await desk.runner.tick("trend")
    assert (desk.sent, desk.signals) == ([], [])
    await desk.bars(110, 115)  # had it not seen the rise, 110 would be no turn, and this 115 one
    assert desk.sent == [BUY]


@on_a_desk()
async def test_the_newest_of_several_missed_bars_is_traded(desk: Desk) -> None:
    for close in (120, 110, 115):  # who had not seen 120 would take 115 for another rise after 100 and 110
        desk.close_at(close)
        await asyncio.sleep(60)
    await desk.runner.tick("trend")
    assert desk.sent == [BUY]


@pytest.mark.parametrize(("late_s", "orders"), [(60 + 4.9, 1), (60 + 5.1, 0)])
def test_a_bar_is_history_one_timeframe_and_five_seconds_after_its_close(late_s: float, orders: int) -> None:
    @on_a_desk()
    async def play(desk: Desk) -> None:
        desk.close_at(105)
        await asyncio.sleep(60 + late_s - 2.5)  # the runner waits 2.5 s for the bar after it, which never comes
        await desk.runner.tick("trend")
        assert len(desk.venue.placed) == len(desk.signals) == orders

    play()


@on_a_desk()
async def test_a_bar_that_the_market_shows_a_little_late_is_waited_for(desk: Desk) -> None:
    start = desk.clock.now()
    await asyncio.sleep(60.2)
    tick = asyncio.create_task(desk.runner.tick("trend"))
    await asyncio.sleep(0.5)
    desk.close_at(105, start=start)
    await tick
    assert desk.sent == [BUY]
    assert desk.clock.now() - start < timedelta(seconds=62)


@on_a_desk()
async def test_after_a_stall_of_very_many_bars_it_starts_anew(desk: Desk) -> None:
    for minute in range(1198):
        desk.close_at(1000 - minute % 7, start=desk.clock.now() + minute * MINUTE)
    await asyncio.sleep(1198 * 60)
    await desk.runner.tick("trend")  # the last bar rises from 994 to 1000
    assert desk.signals == []
    await desk.bars(900, 950)
    assert desk.sent == [BUY]


@on_a_desk()
async def test_a_hole_in_the_candles_is_no_stall(desk: Desk) -> None:
    await asyncio.sleep(3 * 24 * 3600)  # a weekend without a bar
    await desk.runner.tick("trend")
    assert desk.signals == []
    await desk.bar(105)
    assert desk.sent == [BUY]


# --- positions -------------------------------------------------------------------------------


@on_a_desk()
async def test_on_spot_sell_closes_what_is_held_and_nothing_else(desk: Desk) -> None:
    await desk.bars(105, 100)
    assert desk.sent == [BUY, SELL]
    assert desk.venue.placed[1].reduce_only
    assert desk.held == 0
    await desk.bars(102, 101)
    assert desk.sent == [BUY, SELL, BUY, SELL]
    assert desk.outcomes == [("BUY", "FILLED"), ("SELL", "FILLED")] * 2


@on_a_desk()
async def test_a_wish_that_is_fulfilled_leaves_no_trace(desk: Desk) -> None:
    await desk.by_hand(Side.BUY, "0.5")
    await desk.bar(105)  # BUY: the account is long already
    assert desk.signals == []
    await desk.bar(100)  # SELL: the position is the account's, all of it
    assert desk.sent == [(Side.BUY, Decimal("0.5")), (Side.SELL, Decimal("0.5"))]
    await desk.bar(105)
    await desk.by_hand(Side.SELL, "1")
    await desk.bar(100)  # SELL: somebody closed it by hand
    assert [signal.side for signal in desk.signals] == ["SELL", "BUY"]


@on_a_desk(shorting=True)
async def test_where_it_can_sell_short_a_reversal_is_a_close_and_then_an_entry(desk: Desk) -> None:
    await desk.bar(105)
    candle = await desk.bar(100)
    key = f"strategy:trend:BTC/USDT:{candle.end.isoformat()}"
    assert [(order.key, order.reduce_only) for order in desk.venue.placed[1:]] == [(f"{key}:exit", True), (key, False)]
    assert desk.held == -SIZE
    await desk.bar(105)
    assert desk.held == SIZE
    assert desk.sent == [BUY, SELL, SELL, BUY, BUY]
    assert [signal.order_id for signal in desk.signals][1] == order_id(key)


@on_a_desk(shorting=True)
async def test_no_entry_follows_an_exit_that_is_not_done(desk: Desk) -> None:
    await desk.bar(105)
    desk.venue.mood = "hold"
    await desk.bar(100)
    assert desk.sent == [BUY, SELL]
    assert desk.outcomes[-1] == ("SELL", "ACCEPTED")
    await desk.bars(105, 100)  # BUY is fulfilled; SELL again while the exit is open
    assert desk.outcomes[-1] == ("SELL", "exit still open")
    assert desk.sent == [BUY, SELL]


@on_a_desk(shorting=True)
async def test_a_reversal_that_was_cut_goes_on_where_it_stopped(desk: Desk) -> None:
    await desk.bar(105)
    standby = desk.new_runner()
    await standby.tick("trend")
    desk.venue.mood = "hold"
    await desk.bar(100)  # the exit is at the venue when the process ends
    await desk.venue.fill(desk.venue.placed[-1])
    desk.venue.mood = "fill"
    await standby.tick("trend")
    assert desk.sent == [BUY, SELL, SELL]
    assert desk.held == -SIZE


@on_a_desk(BREAKOUT)
async def test_close_closes(desk: Desk) -> None:
    await desk.bars(115, 114, 109)  # above 100 and 110; then below the bar before, but not below both
    assert desk.sent == [BUY, SELL]
    assert [signal.side for signal in desk.signals] == ["BUY", "CLOSE"]
    assert desk.held == 0


@on_a_desk()
async def test_there_is_never_more_than_one_entry_at_a_time(desk: Desk) -> None:
    desk.venue.mood = "hold"
    await desk.bars(105, 100, 105)
    assert desk.sent == [BUY]
    assert desk.outcomes == [("BUY", "ACCEPTED"), ("SELL", "entry still open"), ("BUY", "entry still open")]
    await desk.venue.fill(desk.venue.placed[0])
    desk.venue.mood = "fill"
    await desk.bar(100)
    assert desk.sent == [BUY, SELL]


@on_a_desk()
async def test_what_others_have_open_is_not_in_the_way(desk: Desk) -> None:
    desk.venue.mood = "hold"
    await desk.by_hand(Side.BUY, "1")
    desk.venue.mood = "fill"
    await desk.bar(105)
    assert desk.sent == [BUY, BUY]
    desk.venue.mood = "hold"
    stop = Intent(
        "stop", DEMO, BTC.symbol, Side.SELL, Size(SIZE), Origin("strategy:trend", "protection"),
        OrderType.STOP, stop_price=Decimal(90), reduce_only=True, leg=Leg.STOP_LOSS,
    )  # fmt: skip
    protection = await desk.oms.submit(stop)

    async def cancel(account: AccountId, symbol: Symbol, quantity: Decimal, origin: Origin) -> None:
        await desk.oms.on_report(account, reports.Canceled(protection.id))

    desk.runner.make_room = cancel
    desk.venue.mood = "fill"
    await desk.bar(100)
    assert desk.outcomes[-1] == ("SELL", "FILLED")
    assert desk.held == 0


@on_a_desk()
async def test_dust_counts_as_flat(desk: Desk) -> None:
    await desk.book.record(
        e.PositionAdjusted("demo", Mode.PAPER, BTC.symbol, Decimal("0.000004"), Decimal(100), "fee", "desk")
    )
    await desk.bar(105)
    assert desk.sent == [BUY]


@on_a_desk(msgspec.structs.replace(TREND, size=Size.parse("$1000")))
async def test_protective_orders_make_room_before_an_exit(desk: Desk) -> None:
    await desk.bar(1000)
    assert desk.calls == []
    await desk.bar(990)
    assert desk.calls == [f"demo BTC/USDT {desk.venue.placed[0].quantity}"]


@on_a_desk()
async def test_no_exit_is_sent_when_protective_orders_do_not_make_room(desk: Desk) -> None:
    async def refuse(*args: object) -> None:
        raise IntentError("The stop has not been cancelled yet.", "Try again.")

    await desk.bar(105)
    desk.runner.make_room = refuse
    await desk.bar(100)
    assert desk.sent == [BUY]
    assert desk.outcomes[-1] == ("SELL", "The stop has not been cancelled yet. Try again.")
