"""The calls of the venue: ids, lists, quotes, and what is no longer offered."""

import pytest

from tests.kit import START
from tests.trading.executors.contract import SYMBOL, make_order, quote_of
from tests.trading.executors.paper.venue import BUY, FEES, LIMIT, LINEAR, SELL, STOP, D, bracket, opened, place
from trading.errors import VenueRefused
from trading.executors.paper.funds import Lending
from trading.executors.paper.venue import PaperVenue
from trading.reports import Accepted, Canceled, Expired, Filled


def test_an_id_may_be_used_again_once_its_order_has_ended() -> None:
    venue = opened()
    place(venue, "a", BUY, "1", LIMIT, limit_price="90")
    with pytest.raises(VenueRefused) as refused:
        place(venue, "a", BUY, "1")
    assert refused.value.code == "DUPLICATE_ORDER"
    venue.cancel("a", START)
    assert [type(r) for r in place(venue, "a", BUY, "1").reports] == [Accepted, Filled]
    found_again = venue.find("a")
    assert found_again is not None
    assert (found_again.status, found_again.venue_order_id) == ("filled", "O2")


@pytest.mark.parametrize(
    ("stop_price", "status", "quantity"),
    [
        ("90", "open", "2"),  # shrunk to the position
        ("100", "rejected", "5"),  # the stop would trigger, after the target was shrunk
    ],
)
def test_what_is_shrunk_and_then_refused_keeps_the_quantity_asked_for(
    stop_price: str, status: str, quantity: str
) -> None:
    venue = opened(LINEAR, lending=Lending(D(5)))
    place(venue, "in", BUY, "2")
    stop = make_order("s", SELL, "5", STOP, stop_price=stop_price, group="g", reduce_only=True)
    place(venue, "t", SELL, "5", LIMIT, limit_price="110", group="g", reduce_only=True, legs=[stop])
    again = PaperVenue({SYMBOL: LINEAR}, state=venue.snapshot())
    for kept in (venue.find("t"), venue.find("s"), again.find("t"), again.find("s")):
        assert kept is not None
        assert (kept.status, kept.quantity) == (status, D(quantity))


def test_canceling_a_leg_that_waits_cancels_the_entry_too() -> None:
    venue = opened()
    place(venue, "e", BUY, "1", LIMIT, limit_price="95", legs=bracket("e", BUY, "1", "110", "90"))
    reports = venue.cancel("e:sl", START).reports
    assert [(r.order_id, r.reason) for r in reports if isinstance(r, Canceled)] == [
        ("e:sl", ""),
        ("e:tp", "OCO"),
        ("e", "LIST"),
    ]


def test_a_quote_costs_nothing_while_nothing_is_open() -> None:
    venue = opened()
    place(venue, "a", BUY, "1")
    assert not venue.watches(SYMBOL)
    assert venue.on_quote(quote_of("90x1", "91x1")) == ((), {})


def test_orders_of_what_is_no_longer_offered_expire() -> None:
    venue = opened()
    place(venue, "a", BUY, "1", LIMIT, limit_price="90")
    again = PaperVenue({}, (), FEES, state=venue.snapshot())
    [report] = again.delist(START).reports
    assert isinstance(report, Expired)
    assert again.open_orders() == []
