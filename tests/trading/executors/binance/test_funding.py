"""What the futures exchange charges or pays for a position is booked when it says so, once, as what it is."""

import asyncio
from decimal import Decimal

from tests.incidents.binance import ACCOUNT, USDM, Desk, at_binance
from trading import events as e
from trading.instruments import Money

D = Decimal
NAME, UPDATE = "BTCUSDT", "ACCOUNT_UPDATE*"


def booked(desk: Desk) -> list[tuple[Money, str, Decimal]]:
    """What was booked without an order: the money, why, and how much of it was neither profit nor loss."""
    return [
        (fact.change, fact.reason, fact.value)
        for fact in desk.events(e.BalanceAdjusted)
        if isinstance(fact, e.BalanceAdjusted)
    ]


@at_binance(USDM)
async def test_funding_is_booked_as_it_is_told_and_is_no_difference(desk: Desk) -> None:
    await desk.buy("2")
    mark = desk.futures.exchange.clearing.mark(NAME)
    for rate in ("0.0001", "-0.0003"):  # a long pays, and then is paid
        desk.futures.fund(NAME, rate)
        await asyncio.sleep(1)
    changes = [-2 * mark * D("0.0001"), 2 * mark * D("0.0003")]
    assert booked(desk) == [(Money(change, "USDT"), "funding", D(0)) for change in changes]
    await asyncio.sleep(120)
    assert desk.events(e.DriftFound) == []


@at_binance(USDM)
async def test_funding_that_is_told_twice_is_one_payment(desk: Desk) -> None:
    await desk.buy("2")
    desk.faults.arm("doubled", on=UPDATE, times=0)
    for _ in range(2):  # at one moment and of one amount: two payments all the same
        desk.futures.fund(NAME, "0.0001")
    await asyncio.sleep(120)
    assert [struck for struck in desk.faults.struck if struck[0] == "doubled"]
    assert len(booked(desk)) == 2
    assert desk.events(e.DriftFound) == []


@at_binance(USDM, agrees=False)
async def test_funding_that_was_not_told_and_transfers_are_left_to_a_person(desk: Desk) -> None:
    await desk.buy("2")
    desk.futures.transfer(ACCOUNT, "100")
    desk.faults.arm("missing", on=UPDATE, times=0)
    desk.futures.fund(NAME, "0.0001")
    await asyncio.sleep(120)
    assert booked(desk) == []
    [drift] = desk.reconciler.open_drifts()
    assert (drift.kind, drift.subject) == ("balance", "USDT")
