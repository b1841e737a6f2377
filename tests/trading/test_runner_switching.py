"""What does not go through, who runs, and what holds whatever happens."""

import asyncio
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kit import BTC, ETH
from tests.trading.strategy_desk import BUY, DEMO, SELL, SIZE, TREND, Desk, on_a_desk
from trading import events as e
from trading.book import Book
from trading.control import StrategySwitch
from trading.errors import ConfigError, IntentError, VenueUnreachable
from trading.instruments import ZERO, Side, Symbol
from trading.intent import Size
from trading.runner import Runner

# --- what does not go through ----------------------------------------------------------------


@pytest.mark.parametrize("scope", ["all", "demo", "BTC/USDT", "trend"])
def test_a_paused_scope_lets_no_entry_through_and_the_signal_says_so(scope: str) -> None:
    @on_a_desk()
    async def play(desk: Desk) -> None:
        await desk.bar(105)
        await desk.book.record(e.TradingStateChanged(scope, e.TradingState.REDUCING, "person:ana", "paused"))
        await desk.bars(100, 105)
        assert desk.sent == [BUY, SELL]  # getting out always passes
        side, outcome = desk.outcomes[-1]
        assert side == "BUY"
        assert outcome.startswith("DENIED: PAUSED")
        assert "person:ana" in outcome

    play()


@on_a_desk()
async def test_a_refusal_and_a_doubt_are_told_with_the_signal(desk: Desk) -> None:
    desk.venue.mood = "refuse"
    await desk.bars(105, 100)
    assert desk.outcomes == [("BUY", "REJECTED: NO: The venue says no.")]
    desk.venue.mood = "lose"
    await desk.bars(105)
    assert desk.outcomes[-1] == ("BUY", "UNKNOWN - checking: No answer in 10 s.")
    await desk.bars(100, 105)
    assert len(desk.venue.placed) == 2  # what is in doubt is not sent again


@on_a_desk(msgspec.structs.replace(TREND, size=Size.parse("$0.0001")))
async def test_a_size_that_makes_no_order_is_told_with_the_signal(desk: Desk) -> None:
    await desk.bar(105)
    (signal,) = desk.signals
    assert (signal.side, signal.order_id, desk.sent) == ("BUY", "", [])
    assert "the minimum is" in signal.outcome


@on_a_desk()
async def test_a_market_that_does_not_answer_loses_no_bar(desk: Desk) -> None:
    desk.market.trouble[BTC.symbol] = VenueUnreachable("hand cannot be reached.")
    with pytest.raises(VenueUnreachable):
        await desk.bar(105)
    desk.market.trouble.clear()
    await asyncio.sleep(20)
    await desk.runner.tick("trend")
    assert desk.sent == [BUY]


BOTH = msgspec.structs.replace(TREND, symbols=(BTC.symbol, ETH.symbol))


@on_a_desk(BOTH)
async def test_a_strategy_fails_with_its_own_error_and_the_other_symbol_has_its_order(desk: Desk) -> None:
    desk.close_at(105, ETH.symbol)
    with pytest.raises(ValueError, match="NaN"):
        await desk.bar("NaN")
    assert [order.symbol for order in desk.venue.placed] == [ETH.symbol]


@on_a_desk(BOTH)
async def test_a_strategy_s_own_error_is_told_before_its_market_s(desk: Desk) -> None:
    for quiet, broken in ((BTC, ETH), (ETH, BTC)):
        desk.market.trouble = {quiet.symbol: VenueUnreachable("hand cannot be reached.")}
        with pytest.raises(ValueError, match="NaN"):
            await desk.bar("NaN", broken.symbol)


@on_a_desk(BOTH)
async def test_each_symbol_has_a_state_of_its_own(desk: Desk) -> None:
    desk.close_at(95, ETH.symbol)
    await desk.bar(105)
    desk.close_at(96, ETH.symbol)
    await desk.bar(106)
    assert [order.symbol for order in desk.venue.placed] == [BTC.symbol, ETH.symbol]


@on_a_desk()
async def test_a_symbol_that_is_not_there_is_named(desk: Desk) -> None:
    lost = msgspec.structs.replace(TREND, symbols=(Symbol("DOGE/USDT"),))
    runner = Runner(desk.book, desk.oms, {"demo": desk.market}, [lost])
    with pytest.raises(IntentError, match="demo does not trade DOGE/USDT"):
        await runner.tick("trend")


# --- switching -------------------------------------------------------------------------------


@on_a_desk(TREND, msgspec.structs.replace(TREND, name="calm", autostart=False))
async def test_who_runs_is_the_last_switch_or_else_the_settings(desk: Desk) -> None:
    runner = desk.runner
    assert (runner.running("trend"), runner.running("calm")) == (True, False)
    assert await runner.start("calm", "person:ana")
    assert await runner.stop("trend", "person:bob")
    assert not await runner.stop("trend", "person:bob")
    switched = [entry.event for entry in desk.journal.entries if isinstance(entry.event, e.StrategySwitched)]
    assert switched == [
        e.StrategySwitched("calm", True, "person:ana"),
        e.StrategySwitched("trend", False, "person:bob"),
    ]
    again = Book(desk.journal, desk.clock)  # a restart
    await again.open()
    assert {switch.strategy: switch.running for switch in again.all(StrategySwitch)} == {"calm": True, "trend": False}
    restarted = Runner(again, desk.oms, {"demo": desk.market}, desk.configs)
    assert (restarted.running("trend"), restarted.running("calm")) == (False, True)


@on_a_desk()
async def test_a_stopped_strategy_sends_nothing_and_begins_anew_when_started(desk: Desk) -> None:
    await desk.runner.stop("trend", "person:ana")
    await desk.bars(105, 100, 95)
    assert desk.signals == []
    await desk.runner.start("trend", "person:ana")
    await desk.bars(90, 95)
    assert desk.sent == [BUY]


@on_a_desk()
async def test_a_strategy_that_is_stopped_while_it_looks_sends_nothing_more(desk: Desk) -> None:
    desk.close_at(105)
    desk.market.answer.clear()
    await asyncio.sleep(60)
    tick = asyncio.create_task(desk.runner.tick("trend"))
    await asyncio.sleep(0.1)
    await desk.runner.stop("trend", "person:ana")
    desk.market.answer.set()
    await tick
    assert (desk.sent, desk.signals) == ([], [])


@on_a_desk()
async def test_an_unknown_strategy_is_answered_with_the_nearest(desk: Desk) -> None:
    for ask in (desk.runner.running, desk.runner.config, desk.runner.account):
        with pytest.raises(IntentError, match=r"'trnd' is not a strategy\. Did you mean trend\?"):
            ask("trnd")
    with pytest.raises(IntentError, match="Did you mean trend"):
        await desk.runner.start("trnd", "person:ana")
    assert desk.runner.account("trend") == "demo"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"class_name": "sma_kross"}, "Did you mean sma_cross"),
        ({"params": {"fsat": "1"}}, "Did you mean fast"),
        ({"params": {"fast": "60"}}, "not less than slow"),
        ({"account": "main"}, "'main' is not an account"),
        ({"timeframe": "1x"}, "'1x' is not a timeframe"),
        ({"size": Size.parse("risk=1%")}, "its entries have no stop"),
    ],
)
def test_a_strategy_that_cannot_run_stops_the_start(changes: dict[str, Any], text: str) -> None:
    @on_a_desk()
    async def play(desk: Desk) -> None:
        wrong = msgspec.structs.replace(TREND, **changes)
        with pytest.raises(ConfigError, match=rf"\[strategies\.trend\] .*{text}"):
            Runner(desk.book, desk.oms, {"demo": desk.market}, [wrong])

    play()


# --- in all ----------------------------------------------------------------------------------


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(90, 110), st.sampled_from(["fill", "fill", "fill", "hold", "refuse", "lose"]))),
    st.booleans(),
)
def test_the_position_never_exceeds_one_size_and_no_two_orders_work_at_once(
    bars: list[tuple[int, str]], shorting: bool
) -> None:
    @on_a_desk(shorting=shorting)
    async def play(desk: Desk) -> None:
        for close, desk.venue.mood in bars:
            await desk.bar(close)
            assert desk.held in ({-SIZE, ZERO, SIZE} if shorting else {ZERO, SIZE})
            working = desk.book.open_orders(DEMO, BTC.symbol)
            assert len(working) <= 1
            if working and desk.venue.mood == "fill" and not working[0].in_doubt:
                await desk.venue.fill(working[0])  # what was held is filled at last
        assert len({signal.signal_id for signal in desk.signals}) == len(desk.signals)
        assert len({order.key for order in desk.venue.placed}) == len(desk.venue.placed)

    play()


@settings(max_examples=40)
@given(st.lists(st.integers(90, 110), max_size=30))
def test_at_a_venue_that_fills_the_orders_are_the_turns_of_the_price(closes: list[int]) -> None:
    @on_a_desk()
    async def play(desk: Desk) -> None:
        await desk.bars(*closes)
        turns: list[tuple[Side, Decimal]] = []
        falling, last = True, 100
        for close in closes:
            turned = close > last if falling else close < last
            if turned:
                turns.append(BUY if falling else SELL)
                falling = not falling
            last = close
        assert desk.sent == turns

    play()
