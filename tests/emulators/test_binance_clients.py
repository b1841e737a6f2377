"""Two more clients that were written for the real exchange: python-binance, and the exchange's own."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import binance
import binance.exceptions as exceptions
import binance_common.configuration as common
import binance_common.errors as errors
import binance_sdk_spot.spot as spot_sdk
import binance_sdk_spot.websocket_api.models as ws_models
import pytest

from tests.emulators.spot_desk import KEY, Desk, trading, until


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with trading() as desk:
        yield desk


@pytest.fixture
async def python_binance(desk: Desk) -> AsyncIterator[Any]:
    client = binance.AsyncClient(KEY.key, KEY.secret)
    client.API_URL = f"{desk.venue.rest_url}/api"
    try:
        yield client
    finally:
        await client.close_connection()


@pytest.fixture
def official(desk: Desk) -> Any:
    """The exchange's own client; its REST calls block, so a test makes them in a thread."""
    rest = common.ConfigurationRestAPI(api_key=KEY.key, api_secret=KEY.secret, base_path=desk.venue.rest_url, retries=0)
    ws = common.ConfigurationWebSocketAPI(api_key=KEY.key, api_secret=KEY.secret, stream_url=desk.venue.ws_api_url)
    streams = common.ConfigurationWebSocketStreams(stream_url=desk.venue.stream_url)
    return spot_sdk.Spot(config_rest_api=rest, config_ws_api=ws, config_ws_streams=streams)


async def test_python_binance_places_and_cancels(desk: Desk, python_binance: Any) -> None:
    placed = await python_binance.create_order(
        symbol="BTCUSDT",
        side="BUY",
        type="LIMIT",
        timeInForce="GTC",
        quantity="0.50000",
        price="59000.00",
        newClientOrderId="mine",
    )
    assert (placed["status"], placed["clientOrderId"]) == ("NEW", "mine")
    assert (await python_binance.get_asset_balance("USDT"))["locked"] == "29500.00000000"
    assert [row["orderId"] for row in await python_binance.get_open_orders(symbol="BTCUSDT")] == [placed["orderId"]]
    gone = await python_binance.cancel_order(symbol="BTCUSDT", origClientOrderId="mine", newClientOrderId="mine")
    assert (gone["status"], gone["clientOrderId"], gone["origClientOrderId"]) == ("CANCELED", "mine", "mine")
    found = await python_binance.get_order(symbol="BTCUSDT", origClientOrderId="mine")
    assert (found["status"], found["orderId"]) == ("CANCELED", placed["orderId"])


async def test_python_binance_reads_the_market_and_its_trades(desk: Desk, python_binance: Any) -> None:
    await python_binance.order_market_sell(symbol="BTCUSDT", quantity="0.5")
    [trade] = await python_binance.get_my_trades(symbol="BTCUSDT")
    assert (trade["price"], trade["commission"], trade["commissionAsset"]) == ("60000.00000000", "30.00000000", "USDT")
    assert (await python_binance.get_symbol_info("BTCUSDT"))["status"] == "TRADING"
    assert (await python_binance.get_orderbook_ticker(symbol="BTCUSDT"))["bidQty"] == "9.50000000"


async def test_python_binance_hears_refusals(python_binance: Any) -> None:
    with pytest.raises(exceptions.BinanceAPIException) as refused:
        await python_binance.order_limit_buy(symbol="BTCUSDT", quantity="0.000001", price="59000")
    assert (refused.value.code, refused.value.message) == (-1013, "Filter failure: LOT_SIZE")


async def test_the_official_client_places_looks_up_and_cancels(desk: Desk, official: Any) -> None:
    rest = official.rest_api
    order = {"symbol": "BTCUSDT", "side": "SELL", "type": "LIMIT", "time_in_force": "GTC"}
    answer = await asyncio.to_thread(rest.new_order, **order, quantity=0.5, price=61000.0, new_client_order_id="own")
    placed = answer.data()
    assert (placed.status, placed.orig_qty) == ("NEW", "0.50000000")
    found = (await asyncio.to_thread(rest.get_order, symbol="BTCUSDT", orig_client_order_id="own")).data()
    assert (found.order_id, found.is_working) == (placed.order_id, True)
    gone = (await asyncio.to_thread(rest.delete_order, symbol="BTCUSDT", order_id=placed.order_id)).data()
    assert (gone.status, gone.orig_client_order_id) == ("CANCELED", "own")


async def test_the_official_client_places_a_bracket(desk: Desk, official: Any) -> None:
    answer = await asyncio.to_thread(
        official.rest_api.order_list_otoco,
        symbol="BTCUSDT",
        working_type="LIMIT",
        working_side="BUY",
        working_price=59000.0,
        working_quantity=0.5,
        working_time_in_force="GTC",
        pending_side="SELL",
        pending_quantity=0.4,
        pending_above_type="LIMIT_MAKER",
        pending_above_price=62000.0,
        pending_below_type="STOP_LOSS",
        pending_below_stop_price=58000.0,
    )
    placed = answer.data()
    assert placed.contingency_type == "OTO"
    assert [report.status for report in placed.order_reports] == ["NEW", "PENDING_NEW", "PENDING_NEW"]


async def test_the_official_client_hears_refusals(official: Any) -> None:
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "time_in_force": "GTC", "price": 59000.0}
    with pytest.raises(errors.BadRequestError, match="insufficient balance"):
        await asyncio.to_thread(official.rest_api.new_order, **order, quantity=5.0)


async def test_the_official_client_hears_limits(desk: Desk, official: Any) -> None:
    desk.venue.faults.arm("429", on="GET /api/v3/account")
    with pytest.raises(errors.TooManyRequestsError):
        await asyncio.to_thread(official.rest_api.get_account)
    desk.venue.faults.arm("418", on="GET /api/v3/account")
    with pytest.raises(errors.RateLimitBanError):
        await asyncio.to_thread(official.rest_api.get_account)


@pytest.mark.filterwarnings("ignore:parameter 'timeout' of type 'float' is deprecated:DeprecationWarning")
async def test_the_official_client_trades_over_the_websocket(desk: Desk, official: Any) -> None:
    connection = await official.websocket_api.create_connection()
    try:
        heard: list[Any] = []
        stream = await connection.user_data_stream_subscribe_signature()
        stream.stream.on("message", heard.append)
        answer = await connection.order_place(
            symbol="BTCUSDT",
            side=ws_models.OrderPlaceSideEnum.BUY,
            type=ws_models.OrderPlaceTypeEnum.MARKET,
            quantity=0.5,
            new_client_order_id="over-ws",
        )
        assert answer.data().result.status == "FILLED"
        await until(lambda: len(heard) >= 3)
    finally:
        await connection.close_connection()
    assert [fact.by for fact in desk.venue.executed.of("trade")] == ["order.place"]


async def test_the_official_client_hears_the_market(desk: Desk, official: Any) -> None:
    connection = await official.websocket_streams.create_connection()
    try:
        heard: list[Any] = []
        stream = await connection.book_ticker(symbol="btcusdt")
        stream.on("message", heard.append)
        await until(lambda: desk.spot.streams.listened("btcusdt@bookTicker"))
        desk.around("60100", "60101")
        await until(lambda: heard)
    finally:
        await connection.close_connection()
    assert (heard[0].b, heard[0].a) == ("60100.00000000", "60101.00000000")
