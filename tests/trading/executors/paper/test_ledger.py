"""The books of an account: what trades move, what is saved, and what a restart brings back."""

import msgspec
import pytest

from tests.kit import START
from tests.trading.executors.contract import INSTRUMENT, SYMBOL, quote_of
from tests.trading.executors.paper.venue import (
    BUY,
    FEES,
    LIMIT,
    LINEAR,
    NO_FEES,
    SELL,
    D,
    money,
    opened,
    place,
    show,
    trades,
)
from trading.executors.paper.funds import Fees, Lending
from trading.executors.paper.venue import PaperVenue
from trading.instruments import ZERO, Money
from trading.intent import OrderType, Trail
from trading.reports import Accepted, Canceled, Filled


def test_profit_and_loss_of_a_linear_position() -> None:
    venue = opened(LINEAR, fees=NO_FEES, lending=Lending(D(5)))
    place(venue, "a", BUY, "4")  # at 101
    show(venue, "111x50", "112x50")
    place(venue, "b", SELL, "1")
    assert money(venue)["USDT"] == 1000 + 10
    place(venue, "c", SELL, "5")  # closes 3 and turns 2 short at 111
    assert money(venue)["USDT"] == 1000 + 10 + 30
    assert venue.positions() == {SYMBOL: D(-2)}
    show(venue, "99x50", "101x50", 2)
    place(venue, "d", BUY, "2")
    assert money(venue)["USDT"] == 1040 + 20
    assert venue.positions() == {}


def test_the_contract_size_multiplies_profit_and_fees() -> None:
    lots = msgspec.structs.replace(LINEAR, multiplier=D(10))
    venue = opened(lots, lending=Lending(D(5)), fees=Fees(ZERO, D("0.001")))
    place(venue, "a", BUY, "1")
    show(venue, "103x5", "104x5")
    place(venue, "b", SELL, "1")  # 2 * 10, less 1.01 and 1.03
    assert money(venue)["USDT"] == 1000 + 20 - D("2.04")


def test_a_quote_that_changes_nothing_saves_nothing() -> None:
    venue = opened()
    place(venue, "a", BUY, "1", LIMIT, limit_price="90")
    place(venue, "b", SELL, "1", OrderType.TRAILING_STOP, trail=Trail(D(5)))
    assert venue.on_quote(quote_of("99x1", "100x1")) == ((), {})
    assert set(venue.on_quote(quote_of("103x1", "104x1")).changes) == {"order/O2", "counters"}  # its mark


def test_numbers_go_on_after_a_restart() -> None:
    venue = opened()
    place(venue, "a", BUY, "1")
    again = PaperVenue({SYMBOL: INSTRUMENT}, [Money(D(5), "USDT")], FEES, state=venue.snapshot())
    assert money(again) == money(venue)  # the funds are those kept, not those of the settings
    again.on_quote(quote_of("100x5", "101x5"))
    accepted, fill = place(again, "b", SELL, "1").reports
    assert accepted == Accepted("b", "O2")
    assert isinstance(fill, Filled)
    assert fill.trade_id == "T2"


@pytest.mark.parametrize("backwards", [False, True])
def test_after_a_restart_a_reused_id_is_that_of_its_latest_order(backwards: bool) -> None:
    venue = opened()
    for _ in range(11):
        venue.cancel("a", START)
        place(venue, "a", BUY, "1", LIMIT, limit_price="90")
        place(venue, "b", BUY, "0.1")
    # A store answers in any order: by key O3, of the second round, comes after O21, of the last.
    state = dict(sorted(venue.snapshot().items(), reverse=backwards))
    again = PaperVenue({SYMBOL: INSTRUMENT}, (), FEES, state=state)
    kept = again.find("a")
    assert kept is not None
    assert (kept.status, kept.venue_order_id) == ("open", "O21")
    assert again.trades == venue.trades
    [canceled] = again.cancel("a", START).reports
    assert canceled == Canceled("a", "")
    assert again.open_orders() == []


def test_a_trailing_stop_keeps_its_mark_over_a_restart() -> None:
    venue = opened()
    place(venue, "a", SELL, "1", OrderType.TRAILING_STOP, trail=Trail(D(5)))
    show(venue, "120x5", "121x5")
    again = PaperVenue({SYMBOL: INSTRUMENT}, (), FEES, state=venue.snapshot())
    assert trades(show(again, "115.01x5", "116x5", 2)) == []
    assert trades(show(again, "115x5", "116x5", 3)) == [("a", D(1), D(115))]
