"""Our books held against a venue that is slow, unsure, or knows more than we do."""

import asyncio
from decimal import Decimal

import pytest

from tests.trading.scripted import ANA, DEMO, Desk
from trading import events as e
from trading import reports
from trading.control import Drift
from trading.errors import IntentError, OutcomeUnknown, VenueRefused, VenueUnreachable
from trading.instruments import Money, Side, Symbol
from trading.intent import Mode, OrderType
from trading.order import Order, OrderStatus
from trading.reconcile import Outcome

D = Decimal
S = OrderStatus


@pytest.fixture
async def desk() -> Desk:
    return await Desk().start()


async def look(desk: Desk, *, thorough: bool = True) -> Outcome:
    return await desk.reconciler.reconcile(DEMO, thorough=thorough)


async def limit(desk: Desk, size: str = "1") -> Order:
    """A resting order that the venue has accepted."""
    order = await desk.submit(Side.BUY, size, type=OrderType.LIMIT, limit_price=D(50000))
    return await desk.accept(order)


async def doubtful(desk: Desk) -> Order:
    desk.venue.errors["place"] = [OutcomeUnknown("No answer.")]
    return await desk.submit(Side.BUY, "1", type=OrderType.LIMIT, limit_price=D(50000))


def drifts(desk: Desk) -> list[tuple[str, str, str, str]]:
    return [(d.kind, d.subject, d.ours, d.theirs) for d in desk.reconciler.open_drifts(DEMO)]


# --- orders ----------------------------------------------------------------------------------


async def test_an_account_begins_with_what_the_venue_says_it_holds() -> None:
    desk = Desk()
    desk.venue.money = {"USDT": D(7), "BTC": D(1)}
    await desk.start()
    assert {b.currency: b.amount for b in desk.book.balances(DEMO)} == {"USDT": D(7), "BTC": D(1)}
    await desk.restart()
    assert len(desk.told(e.AccountOpened)) == 1


async def test_a_doubt_about_an_order_that_is_there_is_lifted(desk: Desk) -> None:
    order = await doubtful(desk)
    desk.venue.shown[order.id] = desk.venue_order(order, "open")
    outcome = await look(desk)
    assert (desk.now(order).status, desk.now(order).in_doubt) == (S.ACCEPTED, False)
    assert outcome.doubts == 1


async def test_a_doubt_about_an_order_that_never_arrived_is_lifted(desk: Desk) -> None:
    order = await doubtful(desk)
    await look(desk)
    assert desk.now(order).status is S.REJECTED
    assert desk.now(order).reason.startswith("NEVER_ARRIVED")


async def test_the_first_not_found_is_not_believed(desk: Desk) -> None:
    order = await doubtful(desk)
    desk.venue.errors["lookup"] = [OutcomeUnknown("Order does not exist.")] * 2
    await look(desk)
    await look(desk)
    assert (desk.now(order).status, desk.now(order).in_doubt) == (S.SUBMITTED, True)
    await look(desk)
    assert desk.now(order).status is S.REJECTED


async def test_nothing_is_said_of_an_order_whose_request_is_still_under_way(desk: Desk) -> None:
    desk.venue.answers.clear()
    sending = asyncio.create_task(desk.submit(Side.BUY, "1", type=OrderType.LIMIT, limit_price=D(50000)))
    await desk.venue.until_placed(1)
    desk.clock.move(3600)  # however long it takes, it may arrive yet
    await look(desk)
    (order,) = desk.book.open_orders(DEMO)
    assert order.status is S.SUBMITTED
    desk.venue.answers.set()
    await sending
    await look(desk)
    assert desk.now(order).reason.startswith("NEVER_ARRIVED")


async def test_an_order_of_before_a_crash_is_looked_up(desk: Desk) -> None:
    order = await desk.submit(Side.BUY, "1", type=OrderType.LIMIT, limit_price=D(50000))
    await desk.restart()
    assert desk.now(order).status is S.REJECTED  # it was written, and never sent
    assert len(desk.venue.placed) == 1


async def test_a_cancel_that_overtook_its_order_ends_with_it(desk: Desk) -> None:
    desk.venue.errors["cancel"] = [VenueRefused("Unknown order.")]
    order = await doubtful(desk)
    await desk.oms.cancel(order, ANA)
    await look(desk)
    assert desk.now(order).status is S.REJECTED


async def test_a_cancel_is_asked_for_until_the_venue_has_ended_the_order(desk: Desk) -> None:
    order = await limit(desk)
    desk.venue.errors["cancel"] = [VenueUnreachable("Nobody there.")] * 2
    await desk.oms.cancel(order, ANA)
    await look(desk)
    await look(desk)
    assert desk.venue.cancelled == [order.id] * 3
    desk.venue.shown[order.id] = desk.venue_order(order, "canceled")
    await look(desk)
    assert desk.now(order).status is S.CANCELED


@pytest.mark.parametrize(("status", "ours"), [("canceled", S.CANCELED), ("expired", S.EXPIRED)])
async def test_an_order_that_ended_unheard_ends_here_with_its_fills(desk: Desk, status: str, ours: S) -> None:
    order = await limit(desk)
    desk.trade(order, "0.4", "50000")
    desk.venue.shown[order.id] = desk.venue_order(order, status, filled_quantity=D("0.4"))
    outcome = await look(desk)
    assert (desk.now(order).status, desk.now(order).filled_quantity) == (ours, D("0.4"))
    assert outcome.fills == 1
    assert desk.position == D("0.4")


async def test_an_amendment_that_was_not_heard_of_lets_the_order_be_filled(desk: Desk) -> None:
    """Made smaller, filled, and neither was told: it must not look half done for ever."""
    order = await limit(desk)
    desk.venue.errors["amend"] = [OutcomeUnknown("No answer.")]
    await desk.oms.amend(order, ANA, quantity=D("0.4"))
    desk.trade(order, "0.4", "50000")
    desk.venue.shown[order.id] = desk.venue_order(order, "filled", quantity=D("0.4"), filled_quantity=D("0.4"))
    await look(desk)
    assert (desk.now(order).status, desk.now(order).quantity) == (S.FILLED, D("0.4"))


async def test_a_change_on_its_way_is_not_taken_for_refused(desk: Desk) -> None:
    order = await limit(desk)
    desk.venue.errors["amend"] = [OutcomeUnknown("No answer.")]
    await desk.oms.amend(order, ANA, quantity=D("0.4"))
    await look(desk)
    assert desk.now(order).is_amending  # the venue still shows the old figures, which says nothing yet
    desk.clock.move(23)
    await look(desk)
    assert (desk.now(order).is_amending, desk.now(order).quantity) == (False, D(1))


async def test_a_venue_that_cannot_be_asked_is_a_problem_and_changes_nothing(desk: Desk) -> None:
    order = await limit(desk)
    for what in ("fills", "open_orders"):
        desk.venue.errors[what] = [VenueUnreachable("Nobody there.")]
        assert "Nobody there" in (await look(desk)).problem
    assert desk.now(order).status is S.ACCEPTED


# --- what is not ours ------------------------------------------------------------------------


async def test_every_stranger_shows_as_a_difference(desk: Desk) -> None:
    """They have no id of ours, and are still several."""
    desk.venue.strangers = [
        reports.VenueOrder(f"S{n}", "", desk.symbol, "open", D(n), D(0), D(100), None, f"BUY {n}") for n in (1, 2)
    ]
    await look(desk)
    assert [subject for kind, subject, *_ in drifts(desk) if kind == "order"] == ["S1", "S2"]
    desk.venue.strangers.pop()
    await look(desk)
    assert [subject for _, subject, *_ in drifts(desk)] == ["S1"]


async def test_a_difference_is_named_and_gone_when_it_is(desk: Desk) -> None:
    desk.venue.money["USDT"] += 50
    await look(desk)
    assert drifts(desk) == [("balance", "USDT", "100000", "100050")]
    desk.venue.money["USDT"] -= 50
    await look(desk)
    assert drifts(desk) == []
    assert desk.told(e.DriftResolved)[-1].resolution == "gone"


async def test_the_same_difference_again_is_named_again(desk: Desk) -> None:
    for _ in range(2):
        desk.venue.money["USDT"] += 50
        await look(desk)
        assert len(drifts(desk)) == 1
        desk.venue.money["USDT"] -= 50
        await look(desk)
    assert len(desk.told(e.DriftFound)) == 2


async def test_a_difference_that_grew_takes_the_place_of_the_old_one(desk: Desk) -> None:
    """Adopting the old figure afterwards would make our books wrong."""
    for _ in range(2):
        desk.venue.money["USDT"] += 50
        await look(desk)
    assert drifts(desk) == [("balance", "USDT", "100000", "100100")]


async def test_continuously_a_difference_must_be_seen_twice(desk: Desk) -> None:
    desk.venue.money["USDT"] += 50
    await look(desk, thorough=False)
    assert drifts(desk) == []
    await look(desk, thorough=False)
    assert len(drifts(desk)) == 1


async def test_other_news_does_not_keep_differences_from_being_seen(desk: Desk) -> None:
    desk.venue.money["USDT"] += 50
    balances = desk.venue.balances

    async def meanwhile() -> list[Money]:
        await desk.book.record(e.Noticed("n", "info", "elsewhere", "Something else was written."))
        return list(await balances())

    desk.venue.balances = meanwhile  # type: ignore[method-assign]
    await look(desk)
    assert len(drifts(desk)) == 1


async def test_an_ignored_difference_stays_quiet(desk: Desk) -> None:
    desk.venue.money["USDT"] += 50
    await look(desk)
    await desk.reconciler.resolve(one(desk), "ignored", ANA)
    await look(desk)
    assert drifts(desk) == []
    assert desk.book.balances(DEMO)[0].amount == D(100000)


async def test_an_adopted_balance_is_the_venues(desk: Desk) -> None:
    desk.venue.money["USDT"] += 50
    await look(desk)
    await desk.reconciler.resolve(one(desk), "adopted", ANA)
    assert desk.book.balances(DEMO)[0].amount == D(100050)
    await look(desk)
    assert drifts(desk) == []


async def test_a_position_in_what_we_never_traded_can_be_adopted(desk: Desk) -> None:
    desk.venue.held[desk.symbol] = D(2)
    await look(desk)
    await desk.reconciler.resolve(one(desk), "adopted", ANA)
    assert desk.position == 2
    await desk.restart()
    assert desk.position == 2


async def test_without_a_price_a_position_waits(desk: Desk) -> None:
    desk.venue.held[Symbol("X/Y:Y")] = D(2)
    await look(desk)
    with pytest.raises(IntentError, match="no price"):
        await desk.reconciler.resolve(one(desk), "adopted", ANA)
    assert len(drifts(desk)) == 1


async def test_a_fill_of_what_was_rejected_is_shown_and_not_asked_about_for_ever(desk: Desk) -> None:
    asked: list[str] = []
    desk.oms.needs_reconcile = lambda account, why: asked.append(why)
    desk.venue.errors["place"] = [VenueUnreachable("Nobody there.")]
    order = await desk.submit(Side.BUY, "1")
    assert order.status is S.REJECTED
    fill = desk.trade(order, "1", "60000")
    await desk.oms.on_report(DEMO, fill)
    assert len(asked) == 1
    for _ in range(3):
        await look(desk)
    assert len(asked) == 1
    (shown,) = [drift for drift in drifts(desk) if drift[0] == "fill"]
    assert order.id in shown[3]
    assert desk.position == 0


def one(desk: Desk) -> Drift:
    (drift,) = desk.reconciler.open_drifts(DEMO)
    return drift


MONEY = Drift("d1", "demo", Mode.PAPER, "balance", "USDT", "1", "2")


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (Outcome(DEMO, orders=1), "1 open order checked, no differences"),
        (
            Outcome(DEMO, orders=2, fills=1, doubts=1),
            "2 open orders checked, 1 fill found, 1 doubt resolved, no differences",
        ),
        (Outcome(DEMO, drifts=[MONEY]), "0 open orders checked, 1 difference: see /reconcile"),
        (Outcome(DEMO, drifts=[MONEY, MONEY]), "0 open orders checked, 2 differences: see /reconcile"),
    ],
)
def test_what_was_found_is_counted_in_words(found: Outcome, text: str) -> None:
    assert found.text == f"PAPER demo: {text}"
