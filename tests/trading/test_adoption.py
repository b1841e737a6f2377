"""What a person takes over from the venue: once, as it was looked at, and with all that goes with it."""

import asyncio
from decimal import Decimal

import pytest

from tests.trading.scripted import ANA, DEMO, Desk
from trading import events as e
from trading.control import Drift
from trading.errors import IntentError
from trading.instruments import Side

D = Decimal


async def differences(desk: Desk) -> dict[str, Drift]:
    """What a thorough look finds, by its subject."""
    await desk.reconciler.reconcile(DEMO, thorough=True)
    return {drift.subject: drift for drift in desk.reconciler.open_drifts()}


async def adopt(desk: Desk, drift: Drift) -> None:
    await desk.reconciler.resolve(drift, "adopted", ANA)


async def sample(desk: Desk) -> None:
    worth, day = desk.valuation.equity(DEMO), f"{desk.clock.now():%Y-%m-%d}"
    figures = (worth.total, worth.cash, worth.unrealized)
    await desk.book.record(e.EquitySampled(DEMO.name, DEMO.mode, *figures, day, "USDT"))


def money(desk: Desk, currency: str) -> Decimal:
    return next(each.amount for each in desk.book.balances(DEMO) if each.currency == currency)


async def test_two_presses_of_the_button_adopt_once() -> None:
    desk = await Desk().start()
    desk.venue.money["USDT"] += 50
    drift = (await differences(desk))["USDT"]
    async with desk.book.lock:  # something else is being written
        presses = [asyncio.create_task(adopt(desk, drift)) for _ in range(2)]
        await asyncio.sleep(0)
    answers = await asyncio.gather(*presses, return_exceptions=True)
    assert [getattr(answer, "code", None) for answer in answers] == [None, "DECIDED"]
    assert money(desk, "USDT") == 100050


async def test_what_was_ignored_is_not_adopted_by_an_old_button() -> None:
    desk = await Desk().start()
    desk.venue.money["USDT"] += 50
    drift = (await differences(desk))["USDT"]
    await desk.reconciler.resolve(drift, "ignored", ANA)
    with pytest.raises(IntentError, match="not open any more"):
        await adopt(desk, drift)
    assert money(desk, "USDT") == 100000


async def test_what_was_cancelled_and_seen_to_be_gone_is_closed() -> None:
    desk = await Desk().start()
    desk.venue.money["USDT"] += 50
    drift = (await differences(desk))["USDT"]
    desk.venue.money["USDT"] -= 50
    await differences(desk)
    await desk.reconciler.resolve(drift, "closed", ANA)
    assert [each.resolution for each in desk.told(e.DriftResolved)] == ["gone"]


async def test_a_trade_since_then_makes_the_venues_figure_out_of_date() -> None:
    desk = await Desk().start()
    desk.venue.money["USDT"] += 50
    desk.venue.held[desk.symbol] = D(2)
    found = await differences(desk)
    order = await desk.accept(await desk.submit(Side.BUY, "1"))
    await desk.fill(order, "1", "60000", fee="10")
    desk.venue.money["USDT"] -= 10
    desk.venue.held[desk.symbol] += 1
    del desk.venue.shown[order.id]
    for drift in found.values():
        with pytest.raises(IntentError, match="books have moved"):
            await adopt(desk, drift)
    assert (money(desk, "USDT"), desk.position) == (D(99990), D(1))
    for drift in (await differences(desk)).values():
        await adopt(desk, drift)
    assert (money(desk, "USDT"), desk.position) == (desk.venue.money["USDT"], desk.venue.held[desk.symbol])


@pytest.mark.parametrize(("sold", "left"), [("1", "0"), ("0.4", "0.6")])
async def test_a_coin_that_was_sold_by_hand_is_no_position_any_more(sold: str, left: str) -> None:
    """Else the desk took it for open for ever: its limits, its strategies and its totals counted what was gone."""
    desk = await Desk(linear=False).start()
    await desk.entry(Side.BUY, "1")
    desk.venue.shown.clear()
    desk.venue.money |= {"BTC": D(1) - D(sold), "USDT": D(40000) + D(sold) * 60000}
    for drift in (await differences(desk)).values():
        await adopt(desk, drift)
    position = desk.book.position(DEMO, desk.symbol)
    assert position is not None
    assert (position.quantity, position.cost) == (D(left), D(left) * 60000)
    assert await differences(desk) == {}


async def test_coins_beside_the_position_may_go_without_it() -> None:
    desk = Desk(linear=False)
    desk.venue.money["BTC"] = D(2)
    await desk.start()
    await desk.entry(Side.BUY, "1")
    desk.venue.shown.clear()
    desk.venue.money |= {"BTC": D(1), "USDT": D(40000)}  # two were withdrawn
    await adopt(desk, (await differences(desk))["BTC"])
    assert desk.position == 1
    assert desk.told(e.PositionAdjusted) == []


async def test_a_loss_that_was_made_by_hand_stays_a_loss_of_the_day() -> None:
    """Adopting both differences of a contract closed at a loss made room for as much again."""
    desk = await Desk().start()
    await sample(desk)
    await desk.entry(Side.BUY, "1")
    desk.venue.shown.clear()
    desk.show("50000", "50001")
    assert desk.gate.day_pnl(DEMO) == -10000
    desk.venue.money["USDT"] -= 10000  # it was closed there at 50,000
    found = await differences(desk)
    assert set(found) == {"USDT", desk.symbol}
    for drift in found.values():
        await adopt(desk, drift)
    assert desk.valuation.equity(DEMO).total == 90000
    assert desk.gate.day_pnl(DEMO) == -10000


@pytest.mark.parametrize("paid", ["900000", "-45000"])
async def test_a_payment_neither_hides_a_fall_nor_makes_one(paid: str) -> None:
    """A deposit released an account that had fallen by 10%, and a withdrawal halted one that had fallen by less."""
    desk = await Desk().start()
    await sample(desk)
    await desk.entry(Side.BUY, "1")
    desk.venue.shown.clear()
    desk.show("50000", "50001")
    await sample(desk)
    desk.venue.money["USDT"] += D(paid)
    desk.venue.held[desk.symbol] = D(1)
    await adopt(desk, (await differences(desk))["USDT"])
    await sample(desk)
    account = desk.book.account(DEMO)
    assert account is not None
    assert account.equity == 90000 + D(paid)
    assert (account.peak - account.equity) * 100 / account.peak == 10
    assert desk.gate.day_pnl(DEMO) == -10000
