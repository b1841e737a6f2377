"""A trailing stop stands on the tick, at least one from the market, and never moves back."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tests.kit import BTC
from trading.executors.paper.order import BookOrder, State
from trading.instruments import Side
from trading.intent import OrderType, TimeInForce, Trail

D = Decimal


def trailing(side: Side, trail: Trail) -> BookOrder:
    kind = OrderType.TRAILING_STOP
    return BookOrder("one", "O1", BTC.symbol, side, kind, TimeInForce.GTC, D(1), State.WAITING, trail=trail)


def test_it_is_rounded_to_the_tick_by_its_side() -> None:
    sell, buy = trailing(Side.SELL, Trail.parse("2%")), trailing(Side.BUY, Trail.parse("2%"))
    assert sell.follow(D("3276.32"), BTC)
    assert buy.follow(D("3276.32"), BTC)
    assert (sell.stop_price, buy.stop_price) == (D("3210.80"), D("3341.84"))  # 3210.7936 up, 3341.8464 down


def test_a_distance_below_a_tick_is_one_tick() -> None:
    sell, buy = trailing(Side.SELL, Trail(D("0.001"))), trailing(Side.BUY, Trail(D("0.001")))
    assert sell.follow(D(100), BTC)
    assert buy.follow(D(100), BTC)
    assert (sell.stop_price, buy.stop_price) == (D("99.99"), D("100.01"))
    assert not sell.triggered_by(D(100))
    assert not buy.triggered_by(D(100))


CENTS = st.integers(10_000, 9_000_000).map(lambda cents: D(cents) / 100)
TRAILS = st.builds(Trail, st.decimals("0.0001", "50", places=4), st.booleans())


@given(st.sampled_from(Side), TRAILS, st.lists(CENTS, min_size=1, max_size=20))
def test_it_follows_on_ticks_and_in_one_direction(side: Side, trail: Trail, prices: list[Decimal]) -> None:
    order, before = trailing(side, trail), None
    for price in prices:
        moved = order.follow(price, BTC)
        assert order.stop_price is not None
        assert order.stop_price % BTC.tick == 0
        if moved:
            away = side.sign * (order.stop_price - price)
            assert BTC.tick <= away
            assert away <= max(trail.distance(price), BTC.tick), "never further than asked"
        if before is not None:
            assert side.sign * (before - order.stop_price) >= 0
        before = order.stop_price
