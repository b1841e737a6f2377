"""Conditional orders of the emulator's USDT-M futures: the algo service that they live in since 2025-12-09."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.emulators.binance.futures import Futures
from tests.emulators.binance.venue import Binance
from tests.emulators.futures_desk import BTC, around, ccxt_client, code_of, exchange

STOP = {"algoType": "CONDITIONAL", "symbol": "BTCUSDT", "side": "SELL", "type": "STOP_MARKET", "quantity": "0.1"}


@pytest.fixture
async def desk() -> AsyncIterator[tuple[Binance, Futures, Any]]:
    """Long 0.1 at 60000.1."""
    async with exchange() as (venue, futures), ccxt_client(futures) as client:
        futures.place(symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.1")
        yield venue, futures, client


async def test_ccxt_places_a_stop_with_the_algo_service(desk: tuple[Binance, Futures, Any]) -> None:
    venue, futures, client = desk
    params = {"stopLossPrice": 59000, "reduceOnly": True, "clientOrderId": "stop-1"}
    placed = await client.create_order(BTC, "market", "sell", 0.1, None, params)
    assert (placed["status"], placed["triggerPrice"], placed["clientOrderId"]) == ("open", 59000, "stop-1")
    assert venue.requests[-1].startswith("/fapi/v1/algoOrder")
    # It is no order of the engine: there, nobody has heard of it.
    assert await code_of(client.fapiPrivateGetOrder({"symbol": "BTCUSDT", "origClientOrderId": "stop-1"})) == -2013
    assert await client.fetch_open_orders(BTC) == []
    [waiting] = await client.fetch_open_orders(BTC, params={"trigger": True})
    assert waiting["id"] == placed["id"]
    around(futures, "58999.9")
    told = await client.fapiPrivateGetAlgoOrder({"clientAlgoId": "stop-1"})
    assert (told["algoStatus"], told["actualType"], told["actualQty"]) == ("FINISHED", "MARKET", "0.100")
    child = await client.fapiPrivateGetOrder({"symbol": "BTCUSDT", "origClientOrderId": "stop-1"})
    assert (str(child["orderId"]), child["status"], child["avgPrice"]) == (
        told["actualOrderId"],
        "FILLED",
        "58999.90000",
    )
    assert await client.fapiPrivateGetOpenAlgoOrders({}) == []
    assert not futures.account().held()


@pytest.mark.parametrize(
    ("kind", "side", "trigger", "waits", "fires"),
    [
        ("STOP_MARKET", "SELL", "59500", "59500.1", "59500.0"),
        ("STOP_MARKET", "BUY", "60500", "60499.8", "60500.0"),
        ("TAKE_PROFIT_MARKET", "SELL", "60500", "60499.8", "60500.0"),
        ("TAKE_PROFIT_MARKET", "BUY", "59500", "59500.1", "59500.0"),
    ],
)
async def test_the_side_on_which_it_triggers(kind: str, side: str, trigger: str, waits: str, fires: str) -> None:
    async with exchange() as (_, futures):
        order = futures.place_algo(symbol="BTCUSDT", side=side, type=kind, quantity="0.01", triggerPrice=trigger)
        futures.print("BTCUSDT", waits)
        assert order.status == "NEW"
        futures.print("BTCUSDT", fires)
        assert order.status == "FINISHED"


@pytest.mark.parametrize(
    ("order", "code"),
    [
        ({"triggerPrice": "60100"}, -2021),
        ({"triggerPrice": "59000", "type": "TAKE_PROFIT_MARKET"}, -2021),
        ({"triggerPrice": "59000.05"}, -4014),
        ({"triggerPrice": "59000", "quantity": "0"}, -4003),
        ({"triggerPrice": "59000", "type": "LIMIT"}, -1116),
        ({"triggerPrice": "59000", "type": "STOP"}, -1102),
        ({"triggerPrice": "59000", "closePosition": "true"}, -4137),
        ({"type": "TRAILING_STOP_MARKET", "callbackRate": "0.05"}, -1130),
        ({"type": "TRAILING_STOP_MARKET", "callbackRate": "1", "activatePrice": "59000"}, -2021),
        ({"triggerPrice": "59000", "workingType": "INDEX"}, -4031),
        ({"triggerPrice": "59000", "algoType": "VP"}, -1130),
    ],
)
async def test_refusals(desk: tuple[Binance, Futures, Any], order: dict[str, str], code: int) -> None:
    _, futures, client = desk
    assert await code_of(client.fapiPrivatePostAlgoOrder(STOP | order)) == code
    assert not futures.account().algos


async def test_the_mark_price_triggers_what_works_on_it(desk: tuple[Binance, Futures, Any]) -> None:
    _, futures, _ = desk
    common = {"symbol": "BTCUSDT", "side": "SELL", "type": "STOP_MARKET", "quantity": "0.01", "triggerPrice": "59500"}
    on_mark = futures.place_algo(**common, workingType="MARK_PRICE")
    on_last = futures.place_algo(**common)
    futures.mark("BTCUSDT", "59400")
    assert (on_mark.status, on_last.status) == ("FINISHED", "NEW")


async def test_a_limit_behind_a_trigger_rests(desk: tuple[Binance, Futures, Any]) -> None:
    _, futures, client = desk
    limit = STOP | {"type": "TAKE_PROFIT", "triggerPrice": "60500", "price": "60600", "clientAlgoId": "tp"}
    await client.fapiPrivatePostAlgoOrder(limit)
    around(futures, "60500.0")
    told = await client.fapiPrivateGetAlgoOrder({"clientAlgoId": "tp"})
    assert told["algoStatus"] == "TRIGGERED"
    # The service has nothing left to cancel; its order in the engine has.
    assert await code_of(client.fapiPrivateDeleteAlgoOrder({"clientAlgoId": "tp"})) == -2011
    await client.fapiPrivateDeleteOrder({"symbol": "BTCUSDT", "orderId": told["actualOrderId"]})
    assert (await client.fapiPrivateGetAlgoOrder({"clientAlgoId": "tp"}))["algoStatus"] == "FINISHED"


async def test_a_closing_order_takes_all_and_ends_with_the_position(desk: tuple[Binance, Futures, Any]) -> None:
    _, futures, client = desk
    closing = {key: value for key, value in STOP.items() if key != "quantity"} | {"closePosition": "true"}
    stop = await client.fapiPrivatePostAlgoOrder(closing | {"triggerPrice": "59000"})
    profit = await client.fapiPrivatePostAlgoOrder(closing | {"type": "TAKE_PROFIT_MARKET", "triggerPrice": "61000"})
    assert stop["timeInForce"] == "GTE_GTC"
    assert await code_of(client.fapiPrivatePostAlgoOrder(closing | {"triggerPrice": "58000"})) == -4130
    futures.place(symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.2")
    around(futures, "61000.0")
    told = await client.fapiPrivateGetAlgoOrder({"algoId": profit["algoId"]})
    assert (told["algoStatus"], told["actualQty"]) == ("FINISHED", "0.300"), "all there was when it triggered"
    assert (await client.fapiPrivateGetAlgoOrder({"algoId": stop["algoId"]}))["algoStatus"] == "EXPIRED"
    assert await code_of(client.fapiPrivatePostAlgoOrder(closing | {"triggerPrice": "59000"})) == -4509


async def test_what_the_engine_refuses_is_rejected_with_its_reason(desk: tuple[Binance, Futures, Any]) -> None:
    _, futures, _ = desk
    stop = futures.place_algo(
        symbol="BTCUSDT", side="SELL", type="STOP_MARKET", quantity="0.1", triggerPrice="59000", reduceOnly="true"
    )
    large = futures.place_algo(symbol="BTCUSDT", side="BUY", type="STOP_MARKET", quantity="50", triggerPrice="61000")
    futures.place(symbol="BTCUSDT", side="SELL", type="MARKET", quantity="0.1")
    around(futures, "58000.0")
    around(futures, "61000.0")
    assert (stop.status, stop.reason) == ("REJECTED", "ReduceOnly Order is rejected.")
    assert (large.status, large.reason) == ("REJECTED", "Margin is insufficient.")
    assert not futures.account().held()


async def test_a_trailing_stop_follows_the_best_price(desk: tuple[Binance, Futures, Any]) -> None:
    _, futures, client = desk
    await client.load_markets()
    placed = await client.create_order(
        BTC, "market", "sell", 0.1, None, {"trailingPercent": 1, "trailingTriggerPrice": 61000}
    )
    algo = futures.account().algos[int(placed["id"])]
    for price in ("60000", "59000"):
        futures.print("BTCUSDT", price)
    assert not algo.activated, "it trails only from 61000 on"
    for price in ("61000", "62000", "61380.1"):
        futures.print("BTCUSDT", price)
    assert (algo.activated, algo.status) == (True, "NEW")
    futures.print("BTCUSDT", "61380")  # 62000 less 1 %
    assert algo.status == "FINISHED"


async def test_ids_are_unique_among_waiting_orders(desk: tuple[Binance, Futures, Any]) -> None:
    _, _, client = desk
    stop = STOP | {"triggerPrice": "59000", "clientAlgoId": "s"}
    await client.fapiPrivatePostAlgoOrder(stop)
    assert await code_of(client.fapiPrivatePostAlgoOrder(stop)) == -4116
    gone = await client.fapiPrivateDeleteAlgoOrder({"clientAlgoId": "s"})
    assert (gone["code"], gone["msg"]) == ("200", "success")
    await client.fapiPrivatePostAlgoOrder(stop)
    everything = await client.fapiPrivateGetAllAlgoOrders({"symbol": "BTCUSDT"})
    assert [row["algoStatus"] for row in everything] == ["CANCELED", "NEW"]
    done = await client.fapiPrivateDeleteAlgoOpenOrders({"symbol": "BTCUSDT"})
    assert done["msg"] == "The operation of cancel all open order is done."
    assert await client.fapiPrivateGetOpenAlgoOrders({"symbol": "BTCUSDT"}) == []
