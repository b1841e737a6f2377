"""Contracts that an account can no longer answer for are closed by the venue; before that, none is touched."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from tests.trading.executors.contract import INSTRUMENT, SYMBOL, quote_of
from tests.trading.executors.paper.venue import BUY, FEES, LIMIT, LINEAR, NO_FEES, SELL, D, money, opened, place, show
from trading.executors.paper.funds import Lending
from trading.executors.paper.venue import PaperVenue
from trading.instruments import Money, Side, Symbol
from trading.reports import Canceled, CloseOut, Filled, Report

LENT = Lending(D(20), D("0.05"))
ETHER = Symbol("ETH/USDT")


def level(**more: Any) -> PaperVenue:
    """A venue with 1000 USDT and no spread: what is bought at 100 is worth 100."""
    return opened(LINEAR, bids="100x900", asks="100x900", **{"fees": NO_FEES, "lending": LENT, **more})


def closed(reports: Sequence[Report]) -> list[Filled]:
    return [report for report in reports if isinstance(report, Filled) and report.closed_out is not None]


# Of 80 held, the equity is 1000 +- 80 * (price - 100), and a twentieth of 80 * price must stay: it is all there is at
# 92.105.. on the way down (7000 = 76 * price), and at 107.142.. on the way up (9000 = 84 * price).
@pytest.mark.parametrize(("side", "enough", "too_little"), [(BUY, "92.11", "92.10"), (SELL, "107.14", "107.15")])
def test_a_position_is_closed_when_equity_is_not_above_its_maintenance_margin(
    side: Side, enough: str, too_little: str
) -> None:
    venue = level()
    place(venue, "a", side, "80")
    assert closed(show(venue, f"{enough}x900", f"{enough}x900")) == []
    [trade] = closed(show(venue, f"{too_little}x900", f"{too_little}x900", 2))
    assert (trade.order_id, trade.quantity, trade.price) == ("", D(80), D(too_little))
    assert trade.closed_out is not None
    assert (trade.closed_out.symbol, trade.closed_out.side) == (SYMBOL, side.opposite)
    assert venue.positions() == {}
    assert money(venue)["USDT"] == 1000 + side.sign * 80 * (D(too_little) - 100)
    assert show(venue, "50x900", "50x900", 3) == ()


def test_without_a_maintenance_margin_nothing_is_closed() -> None:
    venue = level(lending=Lending(D(20)))
    place(venue, "a", BUY, "80")
    assert closed(show(venue, "1x900", "1x900")) == []


def test_it_pays_the_depth_it_takes_and_a_taker_s_fee() -> None:
    venue = level(fees=FEES)
    place(venue, "a", BUY, "80")  # 16 of fees
    [trade] = closed(show(venue, "90x50 88x20 87x20 80x900", "91x1"))
    assert trade.price == D(87)
    assert trade.fee == Money(80 * 87 * FEES.taker, "USDT")
    assert money(venue)["USDT"] == 1000 - 16 - 80 * 13 - trade.fee.amount


def test_a_gap_may_cost_more_than_there_was() -> None:
    venue = level()
    place(venue, "a", BUY, "80")
    assert closed(show(venue, "80x900", "80x900"))
    assert money(venue)["USDT"] == 1000 - 80 * 20


def test_positions_that_settle_in_one_currency_go_together_and_their_orders_too() -> None:
    ether = msgspec.structs.replace(LINEAR, symbol=ETHER, base="ETH")
    spot = msgspec.structs.replace(INSTRUMENT, symbol=Symbol("BNB/USDT"), base="BNB")
    venue = PaperVenue(
        {SYMBOL: LINEAR, ETHER: ether, spot.symbol: spot},
        [Money(D(1000), "USDT"), Money(D(1), "BNB")], NO_FEES, lending=LENT,
    )  # fmt: skip
    for symbol in (SYMBOL, ETHER, spot.symbol):
        venue.on_quote(msgspec.structs.replace(quote_of("100x900", "100x900"), symbol=symbol))
    place(venue, "a", BUY, "60")
    place(venue, "b", SELL, "10", symbol=ETHER)
    place(venue, "waits", BUY, "1", LIMIT, limit_price="50", symbol=ETHER)
    place(venue, "spot", SELL, "1", LIMIT, limit_price="200", symbol=spot.symbol)
    reports = show(venue, "85x900", "85x900")
    assert {trade.closed_out.symbol for trade in closed(reports) if trade.closed_out} == {SYMBOL, ETHER}
    assert reports[-1] == Canceled("waits", "LIQUIDATED")
    assert venue.positions() == {}
    assert [order.order_id for order in venue.open_orders()] == ["spot"]


def test_the_trade_is_kept_and_says_why() -> None:
    venue = level()
    place(venue, "a", BUY, "80")
    show(venue, "92x900", "92x900")
    again = PaperVenue({SYMBOL: LINEAR}, lending=LENT, state=venue.snapshot())
    reason = "the equity of 360 USDT is not above the maintenance margin of 368 USDT"  # 1000 - 80 * 8; 80 * 92 / 20
    assert again.trades[-1].closed_out == CloseOut(SYMBOL, SELL, reason)
    assert again.trades == venue.trades
    assert (again.positions(), again.snapshot()) == ({}, venue.snapshot())
