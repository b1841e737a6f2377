"""The pipeline as the venue and the journal see it."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from tests.kit import MemoryJournal
from tests.trading.scripted import ANA, DEMO, Desk
from trading import events as e
from trading import reports
from trading.errors import IntentError, JournalError, OutcomeUnknown, VenueRefused, VenueUnreachable
from trading.ids import order_id
from trading.instruments import Money, Side
from trading.intent import Intent, Leg, OrderType, Origin, Size
from trading.order import Order, OrderStatus
from trading.ports import Row

D = Decimal
S = OrderStatus


@pytest.fixture
async def desk() -> Desk:
    return await Desk().start()


@pytest.fixture
async def spot() -> Desk:
    return await Desk(linear=False).start()


async def limit(desk: Desk, size: str = "1", price: str = "50000", side: Side = Side.BUY) -> Order:
    """A resting order that the venue has accepted."""
    return await desk.accept(await desk.submit(side, size, type=OrderType.LIMIT, limit_price=D(price)))


def oco(desk: Desk, stop: str, target: str, size: str = "1") -> tuple[Intent, Intent]:
    group, shared = order_id("oco"), (DEMO, desk.symbol, Side.SELL, Size(D(size)), ANA)
    return (
        Intent("oco", *shared, OrderType.STOP, stop_price=D(stop), leg=Leg.STOP_LOSS, group=group, reduce_only=True),
        Intent("oco:tp", *shared, OrderType.LIMIT, limit_price=D(target), leg=Leg.TAKE_PROFIT, group=group,
               reduce_only=True),
    )  # fmt: skip


# --- submitting ------------------------------------------------------------------------------


async def test_the_first_order_of_a_symbol_is_judged_by_its_filters(desk: Desk) -> None:
    assert (await desk.submit(Side.BUY, "1")).status is S.SUBMITTED
    assert desk.book.instrument(DEMO, desk.symbol) is not None
    assert len(desk.venue.placed) == 1


async def test_an_order_is_in_the_journal_before_it_is_on_the_wire(desk: Desk) -> None:
    desk.venue.answers.clear()
    submitting = asyncio.create_task(desk.submit(Side.BUY, "1"))
    await desk.venue.until_placed(1)
    assert [event.order_id for event in desk.told(e.OrderSubmitted)] == [desk.venue.sent[0].id]
    desk.venue.answers.set()
    await submitting


async def test_what_cannot_be_written_is_not_sent() -> None:
    class Full(MemoryJournal):
        async def append(self, events: Sequence[e.AnyEvent], at: datetime, rows: Sequence[Row]) -> Sequence[e.Recorded]:
            if any(isinstance(event, e.OrderSubmitted) for event in events):
                raise JournalError("The disk is full.")
            return await super().append(events, at, rows)

    desk = await Desk(journal=Full()).start()
    with pytest.raises(JournalError):
        await desk.submit(Side.BUY, "1")
    assert not desk.venue.placed
    assert not desk.book.open_orders()


async def test_the_same_key_is_the_same_order(desk: Desk) -> None:
    intent = desk.intent(Side.BUY, "1", key="tg:7")
    first, second = await asyncio.gather(desk.oms.submit(intent), desk.oms.submit(intent))
    assert first.id == second.id
    await desk.restart()
    assert (await desk.oms.submit(intent)).id == first.id
    assert len(desk.venue.placed) == 1


async def test_a_denied_order_never_leaves(spot: Desk) -> None:
    order = await spot.submit(Side.BUY, "1000")  # there is no money for it
    assert order.status is S.DENIED
    assert not spot.venue.placed


@pytest.mark.parametrize("why", [VenueRefused("No.", code="NO"), VenueUnreachable("Nobody there.")])
async def test_what_did_not_get_there_is_rejected(desk: Desk, why: VenueRefused | VenueUnreachable) -> None:
    desk.venue.errors["place"] = [why]
    order = await desk.submit(Side.BUY, "1")
    assert (order.status, order.in_doubt) == (S.REJECTED, False)
    assert order.reason.startswith(why.code)


async def test_an_unknown_outcome_is_a_doubt_and_never_a_second_order(desk: Desk) -> None:
    asked: list[str] = []
    desk.oms.needs_reconcile = lambda account, why: asked.append(why)
    desk.venue.errors["place"] = [OutcomeUnknown("No answer.")]
    order = await desk.submit(Side.BUY, "1")
    assert (order.status, order.in_doubt) == (S.SUBMITTED, True)
    assert len(desk.venue.placed) == 1
    assert asked


async def test_a_report_that_came_first_outweighs_the_missing_answer(desk: Desk) -> None:
    desk.venue.errors["place"] = [OutcomeUnknown("No answer.")]
    desk.venue.answers.clear()
    submitting = asyncio.create_task(desk.oms.submit(desk.intent(Side.BUY, "1", key="k")))
    await desk.venue.until_placed(1)
    await desk.oms.on_report(DEMO, reports.Accepted(order_id("k"), "V1"))
    desk.venue.answers.set()
    assert (await submitting).status is S.ACCEPTED
    assert not desk.told(e.OrderInDoubt)


async def test_the_legs_of_a_pair_leave_together(desk: Desk) -> None:
    """The second must not wait for the first to time out: by then it would count as never arrived."""
    await desk.entry(Side.BUY, "1")
    desk.venue.answers.clear()
    submitting = asyncio.create_task(desk.oms.submit(*oco(desk, "50000", "70000")))
    async with asyncio.timeout(5):
        await desk.venue.until_placed(3)
    desk.venue.answers.set()
    await submitting


async def test_a_venue_with_lists_gets_a_pair_as_one(spot: Desk) -> None:
    spot.venue.money["BTC"] = D(0)
    await spot.entry(Side.BUY, "1")
    await spot.oms.submit(*oco(spot, "50000", "70000"))
    assert [len(approved.legs) for approved in spot.venue.placed] == [0, 1]


async def test_two_at_once_cannot_pass_a_limit_that_one_of_them_reaches(desk: Desk) -> None:
    await desk.book.record(e.LimitChanged("", "max_position_value", "100000", "person:ana"))
    both = [desk.oms.submit(desk.intent(Side.BUY, "1", key=key)) for key in ("a", "b")]
    statuses = sorted(order.status for order in await asyncio.gather(*both))
    assert statuses == [S.DENIED, S.SUBMITTED]
    assert len(desk.venue.placed) == 1


@pytest.mark.parametrize("fields", [{"stop_loss": D(50000)}, {"take_profit": D(70000)}])
async def test_a_bracket_needs_an_order_that_opens_something(spot: Desk, fields: dict[str, Decimal]) -> None:
    with pytest.raises(IntentError) as refused:
        await spot.submit(Side.SELL, "1", **fields)
    assert refused.value.code == "NOTHING_TO_PROTECT"
    assert not spot.venue.placed


# --- cancelling ------------------------------------------------------------------------------


async def test_a_cancel_that_overtakes_its_order_changes_nothing(desk: Desk) -> None:
    """The venue does not know the order yet; that it says so must not make it look accepted."""
    order = await desk.submit(Side.BUY, "1", type=OrderType.LIMIT, limit_price=D(50000))
    desk.venue.errors["cancel"] = [VenueRefused("Unknown order.")]
    after = await desk.oms.cancel(order, ANA)
    assert after.status is S.PENDING_CANCEL
    assert not desk.told(e.OrderCancelRefused)


async def test_an_order_that_arrives_after_its_cancel_makes_us_look(desk: Desk) -> None:
    """Looking asks for the cancel again; until the next look in its turn it would work, also under a kill."""
    asked: list[str] = []
    order = await desk.submit(Side.BUY, "1", type=OrderType.LIMIT, limit_price=D(50000))
    desk.venue.errors["cancel"] = [VenueRefused("Unknown order.")]
    await desk.oms.cancel(order, ANA)
    desk.oms.needs_reconcile = lambda account, why: asked.append(why)
    assert (await desk.accept(order)).status is OrderStatus.PENDING_CANCEL
    assert len(asked) == 1


async def test_a_refusal_is_heard_although_a_cancel_was_asked_for(desk: Desk) -> None:
    desk.venue.errors["place"] = [VenueRefused("No.")]
    desk.venue.answers.clear()
    submitting = asyncio.create_task(desk.oms.submit(desk.intent(Side.BUY, "1", key="k")))
    await desk.venue.until_placed(1)
    await desk.oms.cancel(desk.venue.sent[0], ANA)
    desk.venue.answers.set()
    assert (await submitting).status is S.REJECTED


async def test_a_cancel_is_asked_for_once_and_may_be_repeated(desk: Desk) -> None:
    order = await limit(desk)
    await desk.oms.cancel(order, ANA)
    await desk.oms.cancel(order, ANA)
    assert len(desk.told(e.OrderCancelRequested)) == 1
    assert desk.venue.cancelled == [order.id, order.id]
    ended = await desk.end(order, "asked")
    assert (ended.status, ended.canceled_by) == (S.CANCELED, "person:ana")
    assert (await desk.oms.cancel(ended, ANA)).status is S.CANCELED
    assert len(desk.venue.cancelled) == 2


# --- amending --------------------------------------------------------------------------------


async def test_making_an_order_smaller_is_never_denied(desk: Desk) -> None:
    order = await limit(desk)
    await desk.book.record(e.TradingStateChanged("all", e.TradingState.HALTED, "person:ana"))
    await desk.oms.amend(order, ANA, quantity=D("0.4"))
    assert desk.venue.amended == [(order.id, D("0.4"), D(50000), None)]


async def test_an_order_cannot_be_made_larger(desk: Desk) -> None:
    order = await limit(desk)
    with pytest.raises(IntentError) as refused:
        await desk.oms.amend(order, ANA, quantity=D("1.5"))
    assert refused.value.code == "BAD_QUANTITY"
    assert not desk.venue.amended


async def test_one_change_at_a_time(desk: Desk) -> None:
    order = await limit(desk)
    await desk.oms.amend(order, ANA, quantity=D("0.8"))
    with pytest.raises(IntentError) as refused:
        await desk.oms.amend(order, ANA, limit_price=D(51000))
    assert refused.value.code == "STILL_CHANGING"
    await desk.oms.on_report(DEMO, reports.Amended(order.id, D("0.8"), D(50000)))
    await desk.oms.amend(order, ANA, limit_price=D(51000))
    assert desk.venue.amended[-1] == (order.id, D("0.8"), D(51000), None)


async def test_a_refused_change_leaves_the_order_as_it_was_and_free_to_change(desk: Desk) -> None:
    order = await limit(desk)
    desk.venue.errors["amend"] = [VenueUnreachable("Nobody there."), None]
    with pytest.raises(IntentError, match="stays as it was"):
        await desk.oms.amend(order, ANA, limit_price=D(51000))
    assert desk.now(order).limit_price == D(50000)
    await desk.oms.amend(order, ANA, limit_price=D(51000))


async def test_the_size_of_a_stop_is_not_for_people_to_change(desk: Desk) -> None:
    await desk.entry(Side.BUY, "1", stop_loss=D(50000))
    (stop,) = desk.working()
    with pytest.raises(IntentError) as refused:
        await desk.oms.amend(stop, ANA, quantity=D("0.5"))
    assert refused.value.code == "BAD_QUANTITY"


async def test_a_moved_stop_is_what_its_bracket_wishes_for_from_then_on(desk: Desk) -> None:
    entry = await desk.entry(Side.BUY, "1", stop_loss=D(50000))
    stop = await desk.accept(desk.working()[0])
    await desk.oms.amend(stop, ANA, stop_price=D(55000))
    assert desk.now(entry).stop_loss == D(55000)
    await desk.oms.on_report(DEMO, reports.Amended(stop.id, D(1), None, D(55000)))
    desk.venue.errors["amend"] = [VenueRefused("No.")]
    with pytest.raises(IntentError):
        await desk.oms.amend(stop, ANA, stop_price=D(58000))
    assert desk.now(entry).stop_loss == D(55000)


# --- hearing ---------------------------------------------------------------------------------


async def test_a_report_heard_twice_counts_once(desk: Desk) -> None:
    order = await limit(desk)
    fill = desk.trade(order, "0.4", "50000")
    for report in (fill, fill, reports.Accepted(order.id, "V"), fill):
        await desk.oms.on_report(DEMO, report)
    assert desk.position == D("0.4")
    assert len(desk.told(e.OrderFilled)) == 1


async def test_trades_heard_out_of_order_leave_the_venues_cash(desk: Desk) -> None:
    """Bought at 100, sold at 200, bought at 300: told in another order, the profit is still 100."""
    orders = [await limit(desk, side=side) for side in (Side.BUY, Side.SELL, Side.BUY)]
    fills = []
    for order, price in zip(orders, ("100", "200", "300"), strict=True):
        desk.clock.move(1)
        fills.append(desk.trade(order, "1", price))
    for fill in (fills[2], fills[0], fills[1]):
        await desk.oms.on_report(DEMO, fill)
    assert {b.currency: b.amount for b in desk.book.balances(DEMO)} == {"USDT": D(100100)}
    position = desk.book.position(DEMO, desk.symbol)
    assert position is not None
    assert (position.quantity, position.cost) == (D(1), D(300))


@pytest.mark.parametrize("end", [reports.Canceled, reports.Expired])
async def test_an_order_ends_only_once_all_of_its_fills_are_known(
    desk: Desk, end: type[reports.Canceled] | type[reports.Expired]
) -> None:
    """The end overtook a trade: what seems to be left of the order must not be traded by anybody else."""
    asked: list[str] = []
    desk.oms.needs_reconcile = lambda account, why: asked.append(why)
    order = await limit(desk)
    await desk.accept(order)
    late = desk.trade(order, "0.4", "50000")
    await desk.oms.on_report(DEMO, end(order.id, "", D("0.4")))
    assert desk.now(order).is_open
    assert len(asked) == 1
    await desk.oms.on_report(DEMO, late)
    await desk.oms.on_report(DEMO, end(order.id, "", D("0.4")))
    assert not desk.now(order).is_open
    assert desk.now(order).filled_quantity == D("0.4")
    assert len(asked) == 1


@pytest.mark.parametrize(("quantity", "price"), [("-1", "60000"), ("0", "60000"), ("1", "0"), ("1", "-60000")])
async def test_what_cannot_be_a_trade_is_not_booked(desk: Desk, quantity: str, price: str) -> None:
    order = await desk.accept(await desk.submit(Side.BUY, "1"))
    after = await desk.fill(order, quantity, price)
    assert (after.status, desk.position) == (S.ACCEPTED, D(0))


async def test_a_change_to_nothing_does_not_complete_an_order(desk: Desk) -> None:
    order = await desk.accept(await desk.submit(Side.BUY, "1", type=OrderType.LIMIT, limit_price=D(50000)))
    await desk.oms.on_report(DEMO, reports.Amended(order.id, D(0), D(50000), None))
    assert (desk.now(order).status, desk.now(order).quantity) == (S.ACCEPTED, D(1))


async def test_strangers_make_us_look(desk: Desk) -> None:
    asked: list[str] = []
    desk.oms.needs_reconcile = lambda account, why: asked.append(why)
    fee = Money(D(0), "USDT")
    await desk.oms.on_report(DEMO, reports.Filled("", "T9", D(1), D(1), fee, desk.clock.now()))
    await desk.oms.on_report(DEMO, reports.Reconnected("cut"))
    assert len(asked) == 2
    assert not desk.told(e.OrderFilled)


async def test_the_desk_itself_may_shrink_a_leg(desk: Desk) -> None:
    await desk.entry(Side.BUY, "1", stop_loss=D(50000))
    stop = await desk.accept(desk.working()[0])
    await desk.oms.amend(stop, Origin("desk", "protection"), quantity=D("0.5"))
    assert desk.venue.amended[-1][1] == D("0.5")


async def test_what_a_venue_holds_as_a_list_is_not_resized(spot: Desk) -> None:
    """Its legs would stay as large as the entry was."""
    resting = {"type": OrderType.LIMIT, "limit_price": D(50000), "stop_loss": D(45000), "take_profit": D(60000)}
    entry = await spot.submit(Side.BUY, "1", **resting)
    for each in spot.venue.sent:
        await spot.accept(each)
    with pytest.raises(IntentError) as refused:
        await spot.oms.amend(entry, ANA, quantity=D("0.5"))
    assert refused.value.code == "BRACKET_SENT"
    await spot.oms.amend(entry, ANA, limit_price=D(49000))


# --- payments --------------------------------------------------------------------------------


async def test_what_was_paid_before_the_books_began_is_in_them_already(desk: Desk) -> None:
    account = desk.book.account(DEMO)
    assert account is not None
    early, money = account.opened_at - timedelta(seconds=1), Money(D("-1.5"), "USDT")
    before = {balance.currency: balance.amount for balance in desk.book.balances(DEMO)}
    for payment, at in (("one", early), ("two", account.opened_at)):
        await desk.oms.on_report(DEMO, reports.Paid(payment, money, "funding", at))
    [fact] = desk.told(e.BalanceAdjusted)
    assert (fact.change, fact.reason, fact.value) == (money, "funding", 0)
    after = {balance.currency: balance.amount for balance in desk.book.balances(DEMO)}
    assert after["USDT"] == before["USDT"] - D("1.5")
