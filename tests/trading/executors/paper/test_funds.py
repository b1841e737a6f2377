"""What trades cost, what open orders reserve, and what positions may become."""

from tests.kit import START
from tests.trading.executors.contract import make_order
from tests.trading.executors.paper.venue import (
    BNB,
    BUY,
    FUNDS,
    LIMIT,
    LINEAR,
    NO_FEES,
    SELL,
    STOP,
    D,
    money,
    opened,
    place,
    refusal,
    show,
    trades,
)
from trading.executors.paper.funds import Lending
from trading.instruments import ZERO, Money
from trading.reports import Accepted, Expired, Filled


def test_a_fee_in_the_quote_currency_leaves_the_round_quantity() -> None:
    venue = opened()
    place(venue, "a", BUY, "2")  # 202, and 0.2 % of it
    assert money(venue)["BTC"] == FUNDS["BTC"] + 2
    assert money(venue)["USDT"] == FUNDS["USDT"] - 202 - D("0.404")


def test_a_fee_in_what_is_received() -> None:
    venue = opened(fee_currency="received")
    place(venue, "a", BUY, "2")
    assert money(venue) == {"USDT": FUNDS["USDT"] - 202, "BTC": D(3) + 2 - D("0.004"), "BNB": FUNDS["BNB"]}
    place(venue, "b", SELL, "1")  # 100, less 0.2 %
    assert money(venue)["USDT"] == FUNDS["USDT"] - 202 + 100 - D("0.2")


def test_a_fee_in_a_third_asset_while_it_lasts() -> None:
    venue = opened(fee_currency="BNB", funds={"USDT": D(1000), "BNB": D("0.001")})
    venue.on_quote(BNB)
    [_, first] = place(venue, "a", BUY, "2").reports  # 0.404 USDT at 601
    assert isinstance(first, Filled)
    assert first.fee.currency == "BNB"
    assert ZERO <= first.fee.amount - D("0.404") / 601 < D("1e-17")
    [_, second] = place(venue, "b", BUY, "2").reports  # a second one would be more than is held
    assert isinstance(second, Filled)
    assert second.fee == Money(D("0.004"), "BTC")
    assert money(venue)["BNB"] == D("0.001") - first.fee.amount


def test_a_third_asset_without_a_price_is_not_used() -> None:
    venue = opened(fee_currency="BNB")
    [_, fill] = place(venue, "a", SELL, "1").reports
    assert isinstance(fill, Filled)
    assert fill.fee == Money(D("0.2"), "USDT")


def test_makers_pay_the_maker_rate() -> None:
    venue = opened()
    place(venue, "a", SELL, "1", LIMIT, limit_price="110")
    [fill] = show(venue, "111x5", "112x5")
    assert isinstance(fill, Filled)
    assert (fill.fee, fill.maker) == (Money(D("0.11"), "USDT"), True)


def test_open_orders_reserve_their_funds_until_they_end() -> None:
    venue = opened()
    place(venue, "a", BUY, "5", LIMIT, limit_price="100")  # 500, and 0.2 %
    assert venue.free("USDT") == 1000 - 501
    assert refusal(place(venue, "b", BUY, "5", LIMIT, limit_price="100")).code == "INSUFFICIENT_FUNDS"
    venue.cancel("a", START)
    assert venue.free("USDT") == 1000
    assert place(venue, "c", BUY, "5", LIMIT, limit_price="100").reports == (Accepted("c", "O3"),)


def test_a_pair_reserves_once() -> None:
    venue = opened()
    stop = make_order("s", SELL, "3", STOP, stop_price="90", group="g")
    reports = place(venue, "t", SELL, "3", LIMIT, limit_price="110", group="g", legs=[stop]).reports
    assert [type(r) for r in reports] == [Accepted, Accepted]
    assert venue.free("BTC") == 0


def test_a_rising_market_does_not_eat_what_another_order_has_reserved() -> None:
    venue = opened(fees=NO_FEES, asks="100x1")
    place(venue, "limit", BUY, "4", LIMIT, limit_price="99")  # 396 of 1000
    place(venue, "market", BUY, "6")  # 100 spent, 500 reserved for the rest
    reports = show(venue, "199x1", "200x1")
    assert venue.free("USDT") >= 0
    reports = show(venue, "98x50", "99x50", 2)
    assert {order_id: quantity for order_id, quantity, _ in trades(reports)} == {"market": D("3.070"), "limit": D(4)}


def test_a_stop_that_filled_dearer_than_it_reckoned_leaves_the_reserves_of_others_alone() -> None:
    venue = opened(fees=NO_FEES)
    place(venue, "limit", BUY, "4", LIMIT, limit_price="99")  # 396 of 1000
    place(venue, "stop", BUY, "5", STOP, stop_price="110")  # 550
    reports = show(venue, "199x1", "200x2")  # 400 of its 550
    assert trades(reports) == [("stop", D(2), D(200))]
    assert venue.free("USDT") == 1000 - 396 - 400 - 150
    reports = show(venue, "199x1", "200x2", 2)  # 204 is not reserved for the limit: 1.02 at 200, and no more
    assert trades(reports) == [("stop", D("1.020"), D(200))]
    assert isinstance(reports[-1], Expired)
    assert trades(show(venue, "98x50", "99x50", 3)) == [("limit", D(4), D(99))]


def test_the_leverage_cap_counts_open_orders_and_never_stops_a_reduction() -> None:
    venue = opened(LINEAR, lending=Lending(D(2)), fees=NO_FEES, bids="100x500", asks="100.02x500")  # marks 100.01
    place(venue, "a", BUY, "10", LIMIT, limit_price="100")
    assert refusal(place(venue, "b", BUY, "10")).code == "INSUFFICIENT_FUNDS"
    assert [type(r) for r in place(venue, "c", BUY, "9").reports] == [Accepted, Filled]
    show(venue, "60x500", "60.02x500")  # 40 a unit lost on 19
    assert [type(r) for r in place(venue, "d", SELL, "5").reports] == [Accepted, Filled]
    assert refusal(place(venue, "e", BUY, "9")).code == "INSUFFICIENT_FUNDS"
