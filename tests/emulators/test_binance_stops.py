"""Stops and trailing stops of the emulated spot exchange: faqs/trailing-stop-faq.md and rest-api.md."""

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from tests.emulators.spot_desk import NOW, Desk, trading


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with trading(NOW) as desk:
        yield desk


@pytest.mark.parametrize(
    ("side", "kind", "stop", "price", "bips", "path", "fires_at"),
    [
        # The scenarios A to E of faqs/trailing-stop-faq.md.
        ("BUY", "STOP_LOSS_LIMIT", "44000", "45000", 500, [37000, 45000, 46000, 42000], "44100"),
        ("SELL", "STOP_LOSS_LIMIT", "39000", "38000", 1000, [41500, 37000, 41000], "36900"),
        ("BUY", "TAKE_PROFIT_LIMIT", "38000", "38500", 850, [42000, 37000, 39000, 38000], "40145"),
        ("SELL", "TAKE_PROFIT_LIMIT", "42000", "41000", 750, [41500, 39000, 45000, 44000, 46500], "43012.5"),
        ("SELL", "STOP_LOSS_LIMIT", "", "39000", 700, [42000, 39500, 45500], "42315"),
    ],
)
async def test_trailing_stops_follow_the_documented_scenarios(
    desk: Desk, side: str, kind: str, stop: str, price: str, bips: int, path: list[int], fires_at: str
) -> None:
    desk.spot.show("BTCUSDT", [], [], last=40000)
    sent = {"timeInForce": "GTC", "quantity": "0.1", "price": price, "trailingDelta": bips}
    placed = await desk.order(side, kind, **sent, **({"stopPrice": stop} if stop else {}))
    at = 40000
    for turn in path:  # "a series of linear trades"
        for step in range(at, turn, 100 if turn > at else -100):
            desk.spot.trade("BTCUSDT", step)
        desk.spot.trade("BTCUSDT", turn)
        at = turn
    before = Decimal(fires_at) + (Decimal("-0.01") if side == "BUY" else Decimal("0.01"))
    desk.spot.trade("BTCUSDT", before)
    assert (await desk.query(orderId=placed["orderId"]))["isWorking"] is False
    desk.spot.trade("BTCUSDT", fires_at)
    assert (await desk.query(orderId=placed["orderId"]))["isWorking"] is True


async def test_a_delta_outside_the_filter_is_refused(desk: Desk) -> None:
    sent = {"side": "SELL", "type": "STOP_LOSS", "quantity": "0.1"}
    for delta in (9, 2001):
        assert await desk.refused("POST /api/v3/order", **sent, trailingDelta=delta) == (
            -1013,
            "Filter failure: TRAILING_DELTA",
        )


@pytest.mark.parametrize(
    ("side", "kind", "short_of", "at"),
    [
        ("BUY", "STOP_LOSS", "60499.99", "60500"),
        ("SELL", "TAKE_PROFIT", "60499.99", "60500"),
        ("SELL", "STOP_LOSS", "59500.01", "59500"),
        ("BUY", "TAKE_PROFIT", "59500.01", "59500"),
    ],
)
async def test_stops_fire_at_their_price_and_not_before(
    desk: Desk, side: str, kind: str, short_of: str, at: str
) -> None:
    placed = await desk.order(side, kind, quantity="0.1", stopPrice=at)
    desk.spot.trade("BTCUSDT", short_of)
    assert (await desk.query(orderId=placed["orderId"]))["status"] == "NEW"
    desk.spot.trade("BTCUSDT", at)
    assert (await desk.query(orderId=placed["orderId"]))["status"] == "FILLED"
