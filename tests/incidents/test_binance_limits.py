"""Binance's limits are those of an address: kept before it says so, obeyed when it does, and people know."""

import asyncio
from decimal import Decimal
from pathlib import Path

from tests.emulators.binance.limits import Limit
from tests.emulators.binance.signing import ApiKey
from tests.emulators.binance.spot import Spot
from tests.emulators.binance.venue import Binance
from tests.incidents.binance import ACCOUNT, BOTH, USDM, Desk, at_binance
from tests.running import running
from tests.trading.executors.binance.door import KEY, SECRET
from trading import events as e
from trading.binance.products import Product
from trading.order import OrderStatus

D = Decimal
TOML = """
[accounts.main]
venue = "binance"
environment = "live"
rest_url = "{rest}"
ws_api_url = "{socket}"
stream_url = "{socket}"
[market]
symbols = ["BTC/USDT"]
"""
KEYS = {"TILLER_ACCOUNTS__MAIN__API_KEY": KEY, "TILLER_ACCOUNTS__MAIN__API_SECRET": SECRET}


def notices(desk: Desk) -> list[str]:
    return [event.text for event in desk.events(e.Noticed)]


@BOTH
def test_nothing_is_asked_for_as_long_as_binance_says_so(product: Product) -> None:
    """inc54: 429 with Retry-After was ignored, until the address was banned."""

    @at_binance(product)
    async def story(desk: Desk) -> None:
        desk.faults.arm("429", on=desk.place, seconds=35)
        order = await desk.buy("2")
        assert order.status is OrderStatus.REJECTED
        assert order.reason.startswith("RATE_LIMITED: Too many requests.")
        asked = len(desk.binance.requests)
        waiting = await desk.buy("2")
        assert waiting.reason.startswith("RATE_LIMITED: Nothing was sent")
        assert "until 12:00:3" in waiting.reason
        await asyncio.sleep(32)
        assert len(desk.binance.requests) == asked
        await asyncio.sleep(10)
        assert len(desk.binance.requests) > asked, "the questions that waited were asked"
        assert (await desk.buy("2")).status is OrderStatus.FILLED

    story()


@BOTH
def test_a_ban_stops_everything_until_it_ends_and_people_know(product: Product) -> None:
    """inc55: HTTP 418, IP banned until ...; every further request made the ban longer."""

    @at_binance(product)
    async def story(desk: Desk) -> None:
        resting = await desk.buy("2", "96")
        desk.faults.arm("418", seconds=300)
        await asyncio.sleep(35)
        asked = len(desk.binance.requests)
        told = desk.line.problem
        assert told.startswith("Binance has banned this address until 12:05:")
        order = await desk.buy("2")
        assert order.status is OrderStatus.REJECTED
        assert "banned this address until 12:05:" in order.reason
        assert (await desk.cancel(resting)).status is OrderStatus.PENDING_CANCEL
        await asyncio.sleep(240)
        assert len(desk.binance.requests) == asked
        assert [("cannot be asked" in text, "banned" in text) for text in notices(desk)] == [(True, True)]
        await asyncio.sleep(120)
        assert desk.now(resting).status is OrderStatus.CANCELED
        assert desk.line.problem == ""
        assert notices(desk)[1:] == ["PAPER demo can be asked again."]
        assert (await desk.buy("2")).status is OrderStatus.FILLED

    story()


async def test_a_ban_is_shown_wherever_somebody_looks(tmp_path: Path) -> None:
    """inc55: the chat did not say why nothing worked any more, nor until when."""
    async with Binance(keys=[ApiKey(KEY, ACCOUNT, SECRET)]) as venue:
        spot = Spot(venue)
        spot.open_account(ACCOUNT, USDT="10000")
        spot.show("BTCUSDT", [["60000", "5"]], [["60001", "5"]])
        toml = TOML.format(rest=venue.rest_url, socket=venue.url.replace("http", "ws", 1))
        async with running(tmp_path, crash=False, toml=toml, **KEYS) as desk:
            asked = await desk.say("/mode main live")
            assert (await desk.say(f"/{asked.buttons[0].line} {asked.phrase}")).ok
            venue.faults.arm("418", on="GET /api/v3/openOrders", seconds=7200)
            words = "Binance has banned this address until"
            assert words in (await desk.say("/reconcile main")).text
            health = await desk.say("/health")
            assert health.table is not None
            assert [row[1] for row in health.table.rows if words in row[2]] == ["NOT OK"]
            asked = await desk.say("/buy BTC/USDT 0.001")
            bought = await desk.say(f"/{asked.buttons[0].line}")
            assert not bought.ok
            assert words in bought.text


@BOTH
def test_bots_that_share_an_address_stay_below_its_limit_together(product: Product) -> None:
    """inc56: each of several bots kept the limit for itself, and together they were over it."""

    @at_binance(product, starts=False)
    async def story(desk: Desk) -> None:
        limits = desk.futures.limits if product is USDM else desk.spot.limits
        most = Limit("REQUEST_WEIGHT", "MINUTE", 1, 500)
        limits.limits = [most, *limits.limits[1:]]
        await desk.start()
        highest = 0
        desk.reconciler.every_s = 1  # far too often
        for _ in range(40):
            limits.enter(20)  # somebody else, at the same address, 80 a minute; it fails when the limit is passed
            await asyncio.sleep(15)
            highest = max(highest, limits.used(most))
        assert 0.8 * most.limit <= highest <= most.limit
        assert (await desk.buy("2")).status is OrderStatus.FILLED, "there is room left for orders"
        assert notices(desk) == []

    story()
