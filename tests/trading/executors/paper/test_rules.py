"""What is refused, under which code and with which numbers."""

from typing import Any

import pytest

from tests.kit import START
from tests.trading.executors.contract import INSTRUMENT, SYMBOL, make_order, quote_of
from tests.trading.executors.paper.venue import (
    BUY,
    FUNDS,
    LIMIT,
    MARKET,
    SELL,
    STOP,
    D,
    bracket,
    money,
    opened,
    place,
    refusal,
)
from trading.errors import VenueRefused
from trading.executors.paper.venue import PaperVenue
from trading.instruments import Money
from trading.intent import OrderType, TimeInForce, Trail
from trading.reports import Amended, Rejected


@pytest.mark.parametrize(
    ("code", "quantity", "more"),
    [
        ("LOT_SIZE", "0.0005", {}),
        ("LOT_SIZE", "1.0005", {}),
        ("LOT_SIZE", "0", {}),
        ("LOT_SIZE", "1001", {}),
        ("NOTIONAL", "0.049", {}),
        ("NOTIONAL", "0.05", {"type": LIMIT, "limit_price": "99.99"}),
        ("PRICE_FILTER", "1", {"type": LIMIT, "limit_price": "99.995"}),
        ("PRICE_FILTER", "1", {"type": STOP, "stop_price": "105.001"}),
        ("PRICE_FILTER", "1", {"side": SELL, "type": OrderType.TRAILING_STOP, "trail": Trail(D(100))}),
        ("INSUFFICIENT_FUNDS", "10", {}),
        ("INSUFFICIENT_FUNDS", "3.001", {"side": SELL}),
        ("BAD_ORDER", "1", {"type": LIMIT}),
        ("BAD_ORDER", "1", {"type": LIMIT, "limit_price": "90", "post_only": True, "time_in_force": TimeInForce.IOC}),
        ("WOULD_TAKE", "1", {"type": LIMIT, "limit_price": "101", "post_only": True}),
        ("WOULD_TRIGGER", "1", {"type": STOP, "stop_price": "101"}),
        ("WOULD_TRIGGER", "1", {"type": OrderType.TAKE_PROFIT, "stop_price": "101"}),
        ("REDUCE_ONLY", "1", {"reduce_only": True}),
        ("UNKNOWN_SYMBOL", "1", {"symbol": "DOGE/USDT"}),
    ],
)
def test_each_rule_refuses_under_its_code(code: str, quantity: str, more: dict[str, Any]) -> None:
    venue = opened()
    terms = {"side": BUY, "type": MARKET, **more}
    outcome = place(venue, "a", quantity=quantity, **terms)
    assert refusal(outcome).code == code
    assert money(venue) == FUNDS
    kept = venue.find("a")
    assert kept is not None
    assert (kept.status, kept.reason) == ("rejected", refusal(outcome).reason)


def test_a_refusal_says_the_numbers() -> None:
    venue = opened()
    assert "0.001" in refusal(place(venue, "a", BUY, "0.0005")).reason
    broke = refusal(place(venue, "b", BUY, "10")).reason  # 5 at 101, 5 at 102, and 0.2 %
    assert "1017.03 USDT" in broke
    assert "1000 is free" in broke


def test_nothing_is_taken_before_a_price_was_seen() -> None:
    venue = PaperVenue({SYMBOL: INSTRUMENT}, [Money(D(100), "USDT")])
    assert refusal(place(venue, "a", BUY, "0.1")).code == "NO_PRICE"
    venue.on_quote(quote_of("100x1", ""))  # nobody sells
    assert refusal(place(venue, "b", BUY, "0.1")).code == "NO_PRICE"


@pytest.mark.parametrize(
    ("code", "first", "second"),
    [
        ("OCO_BAD_PRICES", {"limit_price": "99"}, {"stop_price": "95"}),  # the target would fill at once
        ("OCO_BAD_PRICES", {"limit_price": "110"}, {"stop_price": "111", "side": BUY}),
        ("BAD_LIST", {"limit_price": "110"}, {"type": LIMIT, "limit_price": "120"}),
        ("BAD_LIST", {"limit_price": "110"}, {"type": MARKET}),
        ("WOULD_TRIGGER", {"limit_price": "110"}, {"stop_price": "100"}),
    ],
)
def test_a_pair_that_is_none_is_refused_whole(code: str, first: dict[str, Any], second: dict[str, Any]) -> None:
    venue = opened()
    terms = {"side": SELL, "type": STOP, **second}
    side = BUY if second.get("side") is BUY else SELL
    price = {"limit_price": "115"} if side is BUY else first
    leg = make_order("s", terms.pop("side"), "1", terms.pop("type"), group="g", **terms)
    reports = place(venue, "t", side, "1", LIMIT, group="g", legs=[leg], **price).reports
    assert [(r.order_id, r.code) for r in reports if isinstance(r, Rejected)] == [("t", code), ("s", code)]
    assert venue.open_orders() == []


def test_an_amended_leg_must_stay_on_its_side_of_the_other() -> None:
    venue = opened()
    place(venue, "e", BUY, "1", LIMIT, limit_price="95", legs=bracket("e", BUY, "1", "110", "90"))
    with pytest.raises(VenueRefused) as refused:
        venue.amend("e:sl", D(1), None, D(111), START)
    assert refused.value.code == "OCO_BAD_PRICES"
    [report] = venue.amend("e:sl", D(1), None, D(92), START).reports
    assert isinstance(report, Amended)
    assert report.stop_price == 92
