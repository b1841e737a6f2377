"""The kill switch: latched first, worked on until done, and done only when it is."""

import asyncio
from decimal import Decimal

import pytest
from msgspec.structs import replace

from tests.trading.scripted import ANA, DEMO, Desk, ScriptedVenue
from trading import events as e
from trading import reports
from trading.control import Kill
from trading.errors import OutcomeUnknown, VenueRefused, VenueUnreachable
from trading.instruments import Money, Side
from trading.intent import AccountId, Mode, OrderType, Origin
from trading.kill import Killer
from trading.order import Order, OrderStatus

D = Decimal
BUY, SELL = Side.BUY, Side.SELL


@pytest.fixture
async def desk() -> Desk:
    return await Desk().start()


async def limit(desk: Desk, **fields: object) -> Order:
    """A resting order that the venue has accepted."""
    values = {"type": OrderType.LIMIT, "limit_price": D(50000), **fields}
    return await desk.accept(await desk.submit(BUY, "1", **values))


async def kill(desk: Desk, *, flatten: bool = False, scope: str = "all") -> Kill:
    return await desk.killer.kill(f"chat:kill:{desk.journal.last_seq}", scope, ANA, flatten=flatten)


async def step(desk: Desk) -> list[Kill]:
    """One round; answers the kills that are not done."""
    for unfinished in desk.killer.unfinished():
        await desk.killer.step(unfinished)
    return desk.killer.unfinished()


def closings(desk: Desk) -> list[tuple[Side, Decimal, OrderStatus]]:
    known = [desk.now(order) for order in desk.venue.sent if order.source == "kill"]
    return [(order.side, order.quantity, order.status) for order in known]


async def test_the_latch_is_written_before_anything_is_asked_of_the_venue(desk: Desk) -> None:
    await limit(desk)
    await kill(desk)
    assert desk.book.state() is e.TradingState.HALTED
    assert not desk.venue.cancelled
    assert (await desk.submit(BUY, "1")).status is OrderStatus.DENIED
    await desk.restart()
    assert desk.book.state() is e.TradingState.HALTED
    assert len(desk.killer.unfinished()) == 1


async def test_the_same_kill_again_is_the_same_kill(desk: Desk) -> None:
    first = await desk.killer.kill("chat:1", "all", ANA)
    again = await desk.killer.kill("chat:1", "all", ANA)
    assert first.id == again.id
    assert len(desk.told(e.KillStarted)) == 1


async def test_it_is_done_when_the_venue_has_ended_every_order(desk: Desk) -> None:
    order = await limit(desk)
    await kill(desk)
    assert await step(desk)
    assert desk.venue.cancelled == [order.id]
    await desk.end(order, "asked")
    assert await step(desk) == []
    assert "all orders cancelled" in desk.told(e.KillFinished)[0].text


async def test_a_refused_cancel_is_asked_for_again(desk: Desk) -> None:
    order = await limit(desk)
    desk.venue.errors["cancel"] = [VenueRefused("Too busy."), None]
    await kill(desk)
    await step(desk)
    await step(desk)
    assert desk.venue.cancelled == [order.id, order.id]


async def test_without_flatten_what_protects_a_position_stays(desk: Desk) -> None:
    await desk.entry(BUY, "1", stop_loss=D(50000))
    await desk.accept(desk.working()[0])
    entry = await limit(desk)
    await kill(desk)
    await step(desk)
    assert desk.venue.cancelled == [entry.id]
    await desk.end(entry, "asked")
    assert await step(desk) == []
    assert len(desk.working()) == 1
    assert desk.position == 1


async def test_with_flatten_everything_is_cancelled_and_closed(desk: Desk) -> None:
    await desk.entry(BUY, "1", stop_loss=D(50000))
    stop = await desk.accept(desk.working()[0])
    await kill(desk, flatten=True)
    await step(desk)
    assert desk.venue.cancelled == [stop.id]
    assert closings(desk) == []  # not while the stop may still fill
    await desk.end(stop, "asked")
    await step(desk)
    assert closings(desk) == [(SELL, D(1), OrderStatus.SUBMITTED)]
    await desk.fill(desk.venue.sent[-1], "1", "59999")
    assert await step(desk) == []
    assert "flat" in desk.told(e.KillFinished)[0].text


async def test_one_closing_order_at_a_time(desk: Desk) -> None:
    await desk.entry(BUY, "1")
    await kill(desk, flatten=True)
    for _ in range(3):
        await step(desk)
    assert len(closings(desk)) == 1
    assert not desk.told(e.OrderDenied)


async def test_a_closing_order_in_doubt_is_waited_for(desk: Desk) -> None:
    await desk.entry(BUY, "1")
    desk.venue.errors["place"] = [OutcomeUnknown("No answer.")]
    await kill(desk, flatten=True)
    for _ in range(3):
        await step(desk)
    assert len(closings(desk)) == 1
    assert any("UNKNOWN" in event.text for event in desk.told(e.KillStep))


async def test_a_closing_order_that_did_not_get_there_is_sent_anew(desk: Desk) -> None:
    await desk.entry(BUY, "1")
    desk.venue.errors["place"] = [VenueUnreachable("Nobody there.")]
    await kill(desk, flatten=True)
    await step(desk)
    await step(desk)
    assert [status for *_, status in closings(desk)] == [OrderStatus.REJECTED, OrderStatus.SUBMITTED]
    assert any(event.failed for event in desk.told(e.KillStep))


async def test_what_a_part_left_over_is_closed_too(desk: Desk) -> None:
    await desk.entry(BUY, "1")
    await kill(desk, flatten=True)
    await step(desk)
    closing = desk.venue.sent[-1]
    await desk.fill(closing, "0.4", "59999")
    await desk.oms.on_report(DEMO, reports.Expired(closing.id))
    await step(desk)
    assert closings(desk)[-1][:2] == (SELL, D("0.6"))


async def test_what_is_left_of_a_contract_is_closed_whatever_it_is_worth(desk: Desk) -> None:
    """A venue takes reduce-only orders below its minimum value (5 USDT), so that nothing is stuck."""
    await desk.entry(BUY, "0.001")
    desk.show("4000", "4001")
    await kill(desk, flatten=True)
    await step(desk)
    assert closings(desk) == [(SELL, D("0.001"), OrderStatus.SUBMITTED)]
    assert await step(desk)
    await desk.fill(desk.venue.sent[-1], "0.001", "4000")
    assert await step(desk) == []
    assert "; flat." in desk.told(e.KillFinished)[0].text


async def test_a_position_larger_than_one_order_may_be_is_closed_in_several(desk: Desk) -> None:
    """Each closing order was over all of it, and each was denied."""
    await desk.entry(BUY, "1.5")
    desk.venue.listed[desk.symbol] = replace(desk.venue.listed[desk.symbol], max_quantity=D(1))
    await kill(desk, flatten=True)
    for quantity in ("1", "0.5"):
        await step(desk)
        await desk.fill(await desk.accept(desk.now(desk.venue.sent[-1])), quantity, "60000")
    assert closings(desk) == [(SELL, D(1), OrderStatus.FILLED), (SELL, D("0.5"), OrderStatus.FILLED)]
    assert desk.position == 0


async def test_on_spot_what_cannot_be_sold_is_left_and_named() -> None:
    desk = await Desk(linear=False).start()
    await desk.entry(BUY, "0.0001")
    desk.show("4000", "4001")
    await kill(desk, flatten=True)
    assert await step(desk) == []
    assert closings(desk) == []
    assert "flat, dust left: PAPER demo 0.0001 BTC/USDT." in desk.told(e.KillFinished)[0].text


async def test_what_became_of_each_closing_order_is_told(desk: Desk) -> None:
    await desk.entry(BUY, "1")
    await kill(desk, flatten=True)
    await step(desk)
    await desk.fill(desk.venue.sent[-1], "1", "59999")
    await step(desk)
    told = [event.text for event in desk.told(e.KillStep)]
    close = f"PAPER demo: close 1 {desk.symbol}"
    assert told == [f"{close}: submitted", f"{close}: filled"]


async def test_every_text_names_the_order_in_its_mode_and_no_code(desk: Desk) -> None:
    order = await limit(desk)
    await kill(desk)
    await step(desk)
    await desk.end(order, "asked")
    await step(desk)
    (told,) = [event.text for event in desk.told(e.KillStep)]
    assert told == f"PAPER demo: BUY 1 {desk.symbol} ({order.id[:6]}): cancel sent"
    (done,) = [event.text for event in desk.told(e.KillFinished)]
    said = "all orders cancelled; flat. /resume releases it."
    assert done == f"The kill of the desk by {ANA.actor} is done: {said}"


async def test_a_kill_that_is_stopped_says_by_whom(desk: Desk) -> None:
    await limit(desk)
    await kill(desk, scope="demo")
    await desk.killer.resume("demo", ANA)
    (done,) = [event.text for event in desk.told(e.KillFinished)]
    assert done == f"The kill of demo is over before it was done: {ANA.actor} resumed."


async def test_a_fill_not_heard_of_is_asked_for_before_it_is_done(desk: Desk) -> None:
    """The venue had executed before it cancelled, and only told us of the cancel."""
    order = await limit(desk)
    await kill(desk, flatten=True)
    await step(desk)
    desk.trade(order, "1", "50000")
    await desk.oms.on_report(DEMO, reports.Canceled(order.id, "asked"))
    assert await step(desk)
    assert desk.position == 1
    await step(desk)
    assert closings(desk) == [(SELL, D(1), OrderStatus.SUBMITTED)]


async def test_it_is_not_done_while_the_venue_cannot_be_asked(desk: Desk) -> None:
    await desk.entry(BUY, "1")
    await kill(desk)
    desk.venue.errors["fills"] = [VenueUnreachable("Nobody there.")]
    assert await step(desk)
    assert await step(desk) == []


async def test_a_restart_goes_on_where_it_stopped(desk: Desk) -> None:
    await desk.entry(BUY, "1")
    await kill(desk, flatten=True)
    await desk.restart()
    await step(desk)
    assert closings(desk) == [(SELL, D(1), OrderStatus.SUBMITTED)]


@pytest.mark.parametrize(
    ("scope", "hit"), [("all", True), ("demo", True), ("BTC/USDT:USDT", True), ("ETH/USDT", False)]
)
async def test_only_its_scope_is_killed(desk: Desk, scope: str, hit: bool) -> None:
    order = await limit(desk)
    await kill(desk, scope=scope)
    await step(desk)
    assert (order.id in desk.venue.cancelled) == hit
    assert ((await desk.submit(BUY, "1")).status is OrderStatus.DENIED) == hit


async def test_resume_releases_and_says_what_was_held(desk: Desk) -> None:
    await kill(desk)
    (held,) = await desk.killer.resume("all", ANA)
    assert (held.scope, held.state, held.actor) == ("all", e.TradingState.HALTED, ANA.actor)
    assert desk.killer.unfinished() == []
    assert (await desk.submit(BUY, "1")).status is OrderStatus.SUBMITTED


async def test_a_pause_does_not_weaken_a_kill(desk: Desk) -> None:
    await kill(desk)
    await desk.killer.pause("all", ANA)
    assert desk.book.state() is e.TradingState.HALTED


async def test_a_round_that_finds_the_same_says_nothing_new(desk: Desk) -> None:
    order = await limit(desk)
    desk.venue.errors["cancel"] = [VenueUnreachable("Nobody there.")] * 5
    await kill(desk)
    await step(desk)
    said = len(desk.told(e.KillStep))
    for _ in range(5):
        await step(desk)
    assert len(desk.told(e.KillStep)) == said
    assert order.id in desk.venue.cancelled


# --- a strategy ------------------------------------------------------------------------------


async def of_a_strategy(desk: Desk) -> None:
    """A position that a strategy opened, of which the switch knows where it trades."""
    desk.killer = Killer(desk.oms, desk.protection, {"trend": ("demo", frozenset({desk.symbol}))})
    intent = replace(desk.intent(BUY, "1"), origin=Origin("strategy:trend", "strategy"))
    await desk.fill(await desk.accept(await desk.oms.submit(intent)), "1", "60000")


async def test_a_stop_that_a_person_set_goes_with_the_position_of_the_strategy(desk: Desk) -> None:
    """It was nobody's to cancel, and the position was left open behind it without a word."""
    await of_a_strategy(desk)
    (stop,) = await desk.protection.change("chat:sl", DEMO, desk.symbol, ANA, stop=D(50000))
    await desk.accept(stop)
    await kill(desk, flatten=True, scope="trend")
    await step(desk)
    assert desk.venue.cancelled == [stop.id]
    await desk.end(stop)
    await step(desk)
    assert closings(desk) == [(SELL, D(1), OrderStatus.SUBMITTED)]


async def test_an_entry_of_somebody_else_holds_up_no_close_and_stays(desk: Desk) -> None:
    await of_a_strategy(desk)
    await limit(desk)
    await kill(desk, flatten=True, scope="trend")
    await step(desk)
    assert desk.venue.cancelled == []
    assert closings(desk) == [(SELL, D(1), OrderStatus.SUBMITTED)]


async def test_a_sale_of_somebody_else_is_waited_for_and_named(desk: Desk) -> None:
    await of_a_strategy(desk)
    sale = await desk.accept(await desk.submit(SELL, "1", type=OrderType.LIMIT, limit_price=D(70000)))
    await kill(desk, flatten=True, scope="trend")
    await step(desk)
    await step(desk)
    assert closings(desk) == []
    (said,) = desk.told(e.KillStep)
    assert said.text == (
        "PAPER demo: close BTC/USDT:USDT waits for an order of person:ana, which is not killed: "
        f"PAPER demo: SELL 1 BTC/USDT:USDT ({sale.id[:6]}). Cancel it."
    )
    await desk.end(sale)
    await step(desk)
    assert closings(desk) == [(SELL, D(1), OrderStatus.SUBMITTED)]


# --- several venues --------------------------------------------------------------------------


class Hanging(ScriptedVenue):
    """Takes a cancel, and does not answer it for now."""

    async def cancel(self, order: Order) -> None:
        await super().cancel(order)
        await self.answers.wait()


async def test_a_venue_that_does_not_answer_holds_up_no_other(desk: Desk) -> None:
    """The orders at the one that was well were not touched until every request to the other had timed out."""
    other = AccountId("other", Mode.PAPER)
    well, desk.venue = desk.venue, Hanging(desk.clock, desk.venue.capabilities, list(desk.venue.listed.values()))
    desk.oms.executors[DEMO] = desk.venue  # type: ignore[index]
    desk.oms.executors[other] = well  # type: ignore[index]
    desk.valuation.markets["other"] = desk.market  # type: ignore[index]
    await desk.book.record(e.AccountOpened("other", other.mode, "scripted", "USDT", (Money(D(100000), "USDT"),)))
    hung = await limit(desk)
    there = replace(desk.intent(BUY, "1"), account=other)
    bought = await desk.oms.submit(there)
    await desk.oms.on_report(other, reports.Accepted(bought.id, "V-1"))
    fee = Money(D(0), "USDT")
    await desk.oms.on_report(other, reports.Filled(bought.id, "T1", D(1), D(60000), fee, desk.clock.now()))
    desk.venue.answers.clear()
    begun = await kill(desk, flatten=True)
    round_ = asyncio.create_task(desk.killer.step(begun))
    for _ in range(20):
        await asyncio.sleep(0)
    assert desk.venue.cancelled == [hung.id]
    assert [(order.side, order.source) for order in well.sent] == [(BUY, "terminal"), (SELL, "kill")]
    desk.venue.answers.set()
    await round_
