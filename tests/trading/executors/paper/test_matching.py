"""How orders meet quotes: priority, expiry, and what a trade or an end means for the rest of a list."""

import msgspec
import pytest

from tests.trading.executors.contract import INSTRUMENT, SYMBOL, make_order, quote_of
from tests.trading.executors.paper.venue import (
    BUY,
    FUNDS,
    LIMIT,
    LINEAR,
    NO_FEES,
    SELL,
    STOP,
    D,
    bracket,
    money,
    opened,
    place,
    show,
    trades,
)
from trading.executors.paper.funds import Lending
from trading.executors.paper.venue import PaperVenue
from trading.instruments import ZERO, Money, Symbol
from trading.intent import OrderType, TimeInForce
from trading.reports import Accepted, Amended, Canceled, Expired, Filled, Triggered


def test_the_better_price_goes_first_then_the_older() -> None:
    venue = opened()
    for order_id, price in (("old", "98"), ("new", "98"), ("better", "99")):
        place(venue, order_id, BUY, "1", LIMIT, limit_price=price)
    assert [order_id for order_id, _, _ in trades(show(venue, "90x5", "91x1.5"))] == ["better", "old"]


def test_a_market_order_stops_where_the_money_ends() -> None:
    venue = opened(fees=NO_FEES, asks="100x5")
    place(venue, "a", BUY, "9")
    reports = show(venue, "149x9", "150x9")  # 500 left: 3.333 at 150
    assert trades(reports) == [("a", D("3.333"), D(150))]
    assert isinstance(reports[-1], Expired)
    assert "INSUFFICIENT_FUNDS" in reports[-1].reason
    assert money(venue)["USDT"] == D("0.05")


def test_a_stop_that_gaps_beyond_the_money_buys_what_it_can() -> None:
    venue = opened(fees=NO_FEES)
    place(venue, "a", BUY, "9", STOP, stop_price="110")
    reports = show(venue, "199x9", "200x9")
    assert trades(reports) == [("a", D(5), D(200))]
    assert type(reports[-1]) is Expired


def test_a_reduce_only_order_expires_where_the_position_ends_not_where_the_depth_does() -> None:
    venue = opened(LINEAR, lending=Lending(D(5)))
    place(venue, "in", BUY, "4")
    place(venue, "out", SELL, "4", LIMIT, limit_price="110", reduce_only=True)
    place(venue, "by hand", SELL, "3")  # of the 4 asked for, 1 is left to reduce
    reports = show(venue, "110x0.6", "111x5")
    assert trades(reports) == [("out", D("0.6"), D(110))]
    assert len(reports) == 1  # more depth may come
    last, expired = show(venue, "110x5", "111x5", 2)
    assert trades([last]) == [("out", D("0.4"), D(110))]
    assert isinstance(expired, Expired)
    assert "REDUCE_ONLY" in expired.reason


def test_a_spot_sell_expires_where_the_holding_ends_not_where_the_depth_does() -> None:
    ether = Symbol("ETH/BTC")  # a position that loses what spot sells
    perpetual = msgspec.structs.replace(LINEAR, symbol=ether, base="ETH", quote="BTC", min_notional=ZERO)
    venue = PaperVenue({SYMBOL: INSTRUMENT, ether: perpetual}, [Money(D(3), "BTC")], NO_FEES, lending=Lending(D(10)))
    venue.on_quote(quote_of("100x5", "101x5"))
    venue.on_quote(quote_of("0.09x50", "0.10x50", ether))
    place(venue, "in", BUY, "10", symbol=ether)
    place(venue, "spot", SELL, "2.8", LIMIT, limit_price="110")
    venue.on_quote(quote_of("0.05x50", "0.06x50", ether))
    place(venue, "out", SELL, "10", symbol=ether)
    assert money(venue) == {"BTC": D("2.5")}  # 10 bought at 0.10 and sold at 0.05
    reports = show(venue, "110x1", "111x5")
    assert trades(reports) == [("spot", D(1), D(110))]
    assert len(reports) == 1  # more depth may come
    last, expired = show(venue, "110x5", "111x5", 2)
    assert trades([last]) == [("spot", D("1.5"), D(110))]
    assert isinstance(expired, Expired)
    assert "INSUFFICIENT_FUNDS" in expired.reason


def test_a_bracket_on_a_market_entry_is_live_at_once() -> None:
    venue = opened()
    reports = place(venue, "e", BUY, "1", legs=bracket("e", BUY, "1", "110", "90")).reports
    assert [type(r) for r in reports] == [Accepted, Accepted, Accepted, Filled]
    assert trades(show(venue, "89x5", "90x5")) == [("e:sl", D(1), D(89))]
    assert money(venue)["BTC"] == FUNDS["BTC"]


def test_legs_are_no_larger_than_what_the_entry_brought() -> None:
    venue = opened(fee_currency="received", funds={"USDT": D(1000)})
    reports = place(venue, "e", BUY, "1", legs=bracket("e", BUY, "1", "110", "90")).reports
    assert [r.quantity for r in reports if isinstance(r, Amended)] == [D("0.998"), D("0.998")]
    assert trades(show(venue, "111x5", "112x5")) == [("e:tp", D("0.998"), D(110))]
    assert money(venue)["BTC"] == 0


def test_legs_go_when_the_entry_expires_partly_filled() -> None:
    venue = opened(asks="101x0.5")
    reports = place(
        venue, "e", BUY, "1", time_in_force=TimeInForce.IOC, legs=bracket("e", BUY, "1", "110", "90")
    ).reports
    assert [(r.order_id, r.reason) for r in reports if isinstance(r, Canceled)] == [
        ("e:tp", "ENTRY expired"),
        ("e:sl", "ENTRY expired"),
    ]
    assert venue.open_orders() == []


@pytest.mark.parametrize("first", ["target", "stop"])
def test_a_stop_leg_that_is_already_through_triggers_when_it_is_placed(first: str) -> None:
    venue = opened(asks="101x5", bids="100x9")
    legs = bracket("e", BUY, "1", "110", "90")
    legs = legs if first == "target" else legs[::-1]
    place(venue, "e", BUY, "1", LIMIT, limit_price="95", legs=legs)
    reports = show(venue, "89x5", "94x5")
    assert venue.open_orders() == []
    assert trades(reports) == [("e", D(1), D(95)), ("e:sl", D(1), D(89))]
    assert [r.order_id for r in reports if isinstance(r, Canceled)] == ["e:tp"]
    target = venue.find("e:tp")
    assert target is not None
    assert target.status == "canceled"


def test_a_stop_limit_leg_cancels_its_sibling_when_it_triggers() -> None:
    venue = opened()
    stop = make_order("s", SELL, "1", OrderType.STOP_LIMIT, stop_price="95", limit_price="94", group="g")
    place(venue, "t", SELL, "1", LIMIT, limit_price="110", group="g", legs=[stop])
    reports = show(venue, "90x5", "91x5")
    assert reports == (Triggered("s"), Canceled("t", "OCO"))
