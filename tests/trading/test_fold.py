"""What events make of an order, a position and the rest: live, and again from the journal."""

from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kit import BTC, START, HandClock, MemoryJournal
from tests.trading.risk.desk import done
from tests.trading.scripted import DEMO, make_order
from trading import control as c
from trading import events as e
from trading.book import Book
from trading.drafting import initialized
from trading.errors import JournalError
from trading.instruments import ZERO, Money, Side, Symbol
from trading.intent import Leg, Mode, Trail
from trading.order import MAKING_ROOM, Order, OrderStatus
from trading.portfolio import Account, Position

D = Decimal
LISTED = e.InstrumentListed("demo", Mode.PAPER, BTC)
OPENED = e.AccountOpened("demo", Mode.PAPER, "paper", "USDT", (Money(D(1000), "USDT"),))


class Life:
    """A book on a journal in memory."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.journal = MemoryJournal()
        self.book = Book(self.journal, self.clock)

    async def record(self, *events: e.AnyEvent) -> None:
        self.clock.move(1)
        await self.book.record(*events)

    async def submitted(self, **fields: Any) -> Order:
        order = make_order(status=OrderStatus.INITIALIZED, **fields)
        await self.record(OPENED, LISTED, initialized(order), e.OrderSubmitted(order.id))
        return self.one()

    def one(self, order_id: str = "one") -> Order:
        order = self.book.order(order_id)
        assert order is not None
        return order

    async def fill(self, number: int, quantity: str, price: str = "100", side_fee: str = "0") -> Order:
        fee = Money(D(side_fee), "USDT")
        await self.record(e.OrderFilled("one", f"T{number}", D(quantity), D(price), fee, fee.amount, self.clock.now()))
        return self.one()


async def test_an_event_of_an_order_that_never_began_breaks_nothing() -> None:
    life = Life()
    with pytest.raises(JournalError) as refused:
        await life.record(LISTED, e.OrderSubmitted("ghost"))
    assert refused.value.code == "UNKNOWN_ORDER"
    assert life.journal.last_seq == 0  # all of the events or none


async def test_a_life_from_submission_to_the_last_fill() -> None:
    life = Life()
    assert (await life.submitted()).status is OrderStatus.SUBMITTED
    await life.record(e.OrderAccepted("one", "V1"))
    assert (life.one().status, life.one().venue_order_id) == (OrderStatus.ACCEPTED, "V1")
    part = await life.fill(1, "0.4", "100")
    assert (part.status, part.remaining) == (OrderStatus.PARTIALLY_FILLED, D("0.6"))
    whole = await life.fill(2, "0.6", "110", "1")
    assert (whole.status, whole.average_price) == (OrderStatus.FILLED, D(106))
    assert whole.fees == (Money(D(1), "USDT"),)
    balances = {balance.currency: balance.amount for balance in life.book.balances(DEMO)}
    assert balances == {"USDT": D(1000) - D(106) - D(1), "BTC": D(1)}
    assert life.book.has_fill(DEMO, BTC.symbol, "T1")
    assert not life.book.has_fill(DEMO, BTC.symbol, "T3")


async def test_an_acceptance_after_a_fill_only_brings_the_venues_id() -> None:
    life = Life()
    await life.submitted()
    await life.fill(1, "0.4")
    await life.record(e.OrderAccepted("one", "V1"))
    assert (life.one().status, life.one().venue_order_id) == (OrderStatus.PARTIALLY_FILLED, "V1")


async def test_a_doubt_is_lifted_by_any_word_of_the_venue() -> None:
    for word in (e.OrderAccepted("one", "V1"), e.OrderRejected("one", "NO", "no"), e.OrderCanceled("one")):
        life = Life()
        await life.submitted()
        await life.record(e.OrderInDoubt("one", "no answer"))
        assert (life.one().in_doubt, life.one().reason) == (True, "no answer")
        await life.record(word)
        assert not life.one().in_doubt


# --- cancels ---------------------------------------------------------------------------------


async def test_a_fill_does_not_take_back_the_cancel_that_was_asked_for() -> None:
    life = Life()
    await life.submitted()
    await life.record(e.OrderAccepted("one", "V1"), e.OrderCancelRequested("one", "person:ana", "terminal"))
    assert (await life.fill(1, "0.4")).status is OrderStatus.PENDING_CANCEL
    assert (await life.fill(2, "0.6")).status is OrderStatus.FILLED


async def test_a_refused_cancel_takes_the_order_back_to_where_it_was() -> None:
    life = Life()
    await life.submitted()
    await life.record(e.OrderAccepted("one", "V1"), e.OrderCancelRequested("one", "person:ana", "terminal"))
    await life.record(e.OrderCancelRefused("one", "too late"))
    assert life.one().status is OrderStatus.ACCEPTED
    await life.fill(1, "0.4")
    await life.record(e.OrderCancelRequested("one", "person:ana", "terminal"), e.OrderCancelRefused("one", "too late"))
    assert life.one().status is OrderStatus.PARTIALLY_FILLED


async def test_an_order_remembers_why_it_is_being_cancelled() -> None:
    life = Life()
    await life.submitted()
    await life.record(e.OrderCancelRequested("one", "person:ana", "protection"))
    assert life.one().reason == MAKING_ROOM
    await life.record(e.OrderInDoubt("one", "no answer"))
    assert life.one().reason == MAKING_ROOM


async def test_a_late_fill_of_a_cancelled_order_counts() -> None:
    life = Life()
    await life.submitted()
    await life.record(e.OrderCanceled("one", "asked"))
    assert (await life.fill(1, "1")).status is OrderStatus.FILLED


async def test_more_than_was_asked_for_is_still_a_fact() -> None:
    life = Life()
    await life.submitted()
    await life.fill(1, "1")
    over = await life.fill(2, "0.5")
    assert (over.status, over.filled_quantity) == (OrderStatus.FILLED, D("1.5"))
    position = life.book.position(DEMO, BTC.symbol)
    assert position is not None
    assert position.quantity == D("1.5")


# --- amendments ------------------------------------------------------------------------------


async def test_an_amendment_heard_after_its_last_fill_completes_the_order() -> None:
    life = Life()
    await life.submitted()
    await life.fill(1, "0.4")
    await life.record(e.OrderAmended("one", D("0.4")))
    assert life.one().status is OrderStatus.FILLED
    assert life.one().initial_quantity == 1


async def test_an_amendment_is_under_way_until_it_is_answered() -> None:
    life = Life()
    await life.submitted()
    for answer in (e.OrderAmended("one", D("0.5")), e.OrderAmendRefused("one", "no")):
        await life.record(e.OrderAmendRequested("one", "person:ana", "terminal", D("0.5")))
        assert life.one().is_amending
        await life.record(answer)
        assert not life.one().is_amending


async def test_nothing_is_under_way_on_an_order_that_has_ended() -> None:
    """A change that was never answered does not outlive its order; a part of it that is filled changes nothing."""
    for end in (e.OrderCanceled("one", "asked"), e.OrderExpired("one", "IOC"), e.OrderRejected("one", "X", "no"), None):
        life = Life()
        await life.submitted()
        await life.record(e.OrderAccepted("one", "V1"))
        await life.record(e.OrderAmendRequested("one", "person:ana", "terminal", D("0.9")))
        if end is None:
            assert (await life.fill(1, "0.5")).is_amending
            await life.fill(2, "0.5")
        else:
            await life.record(end)
        assert not life.one().is_open
        assert not life.one().is_amending


async def test_a_stop_and_a_trailing_stop_take_each_others_place() -> None:
    life = Life()
    await life.submitted(stop_loss=D(90), take_profit=D(120))
    await life.record(e.ProtectionChanged("one", "person:ana", trail_loss=Trail(D(5))))
    assert (life.one().stop_loss, life.one().trail_loss, life.one().take_profit) == (None, Trail(D(5)), D(120))
    await life.record(e.ProtectionChanged("one", "person:ana", take_profit=D(130)))
    assert (life.one().trail_loss, life.one().take_profit) == (Trail(D(5)), D(130))
    await life.record(e.ProtectionChanged("one", "person:ana", stop_loss=D(95)))
    assert (life.one().stop_loss, life.one().trail_loss) == (D(95), None)


# --- accounts --------------------------------------------------------------------------------


async def test_a_deposit_is_neither_profit_nor_loss() -> None:
    life = Life()
    await life.record(OPENED, e.EquitySampled("demo", Mode.PAPER, D(1000), D(1000), ZERO, "2026-01-05"))
    await life.record(e.BalanceAdjusted("demo", Mode.PAPER, Money(D(500), "USDT"), "deposit", "person:ana", D(500)))
    account = life.book.account(DEMO)
    assert account is not None
    assert (account.day_start, account.peak, account.equity) == (D(1500), D(1500), D(1500))
    assert life.book.balances(DEMO)[0].amount == 1500


async def test_an_adopted_position_begins_anew_at_its_price() -> None:
    life = Life()
    await life.submitted()
    await life.fill(1, "1", "100")
    await life.record(e.PositionAdjusted("demo", Mode.PAPER, BTC.symbol, D(3), D(110), "adopted", "person:ana"))
    position = life.book.position(DEMO, BTC.symbol)
    assert position is not None
    assert (position.quantity, position.cost) == (D(3), D(330))
    early = e.OrderFilled("one", "T0", D(1), D(90), Money(ZERO, "USDT"), ZERO, START)
    await life.record(early)  # a trade from before the adoption comes on top, it does not undo it
    after = life.book.position(DEMO, BTC.symbol)
    assert after is not None
    assert (after.quantity, after.cost) == (D(4), D(420))


async def test_trading_what_was_never_listed_is_refused() -> None:
    life = Life()
    with pytest.raises(JournalError) as refused:
        await life.record(e.PositionAdjusted("demo", Mode.PAPER, Symbol("X/Y"), D(1), D(1), "", ""))
    assert refused.value.code == "UNKNOWN_INSTRUMENT"


async def test_time_in_the_journal_never_runs_backwards() -> None:
    life = Life()
    await life.record(LISTED)
    life.clock.move(-3600)
    await life.record(OPENED)
    times = [entry.at for entry in life.journal.entries]
    assert times == sorted(times)
    again = Book(life.journal, life.clock)
    await again.open()
    entries = await again.record(e.DeskStarted("1"))
    assert entries[0].at >= times[-1]


# --- replay ----------------------------------------------------------------------------------

WORDS = st.sampled_from(("accept", "doubt", "ask", "refuse", "cancel", "expire", "shrink", "lock", "drift", "sample"))
STEPS = st.lists(st.one_of(WORDS, st.integers(1, 9)), max_size=20)


def _event(step: str | int, number: int) -> e.AnyEvent:
    if isinstance(step, int):
        fee = Money(D("0.01"), "USDT")
        return e.OrderFilled("one", f"T{number}", D(step) / 10, D(100 + number), fee, D("0.01"), START)
    events: dict[str, e.AnyEvent] = {
        "accept": e.OrderAccepted("one", "V1"),
        "doubt": e.OrderInDoubt("one", "no answer"),
        "ask": e.OrderCancelRequested("one", "person:ana", "terminal"),
        "refuse": e.OrderCancelRefused("one", "too late"),
        "cancel": e.OrderCanceled("one", "asked"),
        "expire": e.OrderExpired("one"),
        "shrink": e.OrderAmended("one", D("0.9")),
        "lock": e.SymbolLocked(BTC.symbol, None, "news", "person:ana"),
        "drift": e.DriftFound("demo", Mode.PAPER, f"d{number}", "balance", "USDT", "1", "2"),
        "sample": e.EquitySampled("demo", Mode.PAPER, D(100 + number), D(1), D(1), "2026-01-05"),
    }
    return events[step]


@given(steps=STEPS, side=st.sampled_from(Side))
def test_replay_is_the_live_state_whatever_happened(steps: list[str | int], side: Side) -> None:
    async def live_and_again() -> tuple[Book, Book]:
        life = Life()
        await life.submitted(side=side, leg=Leg.STOP_LOSS, parent_id="entry", group="pair")
        for number, step in enumerate(steps):
            with suppress(JournalError):  # no such step from there: nothing was written
                await life.record(_event(step, number))
        again = Book(life.journal, life.clock)
        await again.open()
        return life.book, again

    live, again = done(live_and_again())
    for kind in (Order, Position, Account, c.Drift, c.Lock):
        assert list(again.all(kind)) == list(live.all(kind))
    assert again.balances(DEMO) == live.balances(DEMO)
    assert again.open_orders() == live.open_orders()
    assert again.children("entry") == live.children("entry")
    assert again.group("pair") == live.group("pair")
    assert again.recent_orders() == live.recent_orders()
    assert all(again.has_fill(DEMO, BTC.symbol, f"T{n}") == live.has_fill(DEMO, BTC.symbol, f"T{n}") for n in range(20))
