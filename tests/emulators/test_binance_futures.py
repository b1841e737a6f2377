"""USDT-M futures of the emulator, driven by ccxt: orders, positions, margins and refusals as documented."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import ccxt
import pytest

from tests.emulators.binance.futures import Futures
from tests.emulators.binance.signing import ApiKey
from tests.emulators.binance.venue import Binance
from tests.emulators.futures_desk import BTC, KEY, SECRET, around, ccxt_client, code_of, exchange

LIMIT = {"symbol": "BTCUSDT", "type": "LIMIT", "timeInForce": "GTC"}


@pytest.fixture
async def desk() -> AsyncIterator[tuple[Binance, Futures, Any]]:
    async with exchange() as (venue, futures), ccxt_client(futures) as client:
        yield venue, futures, client


async def test_ccxt_trades_a_round_trip(desk: tuple[Binance, Futures, Any]) -> None:
    _, futures, client = desk
    await client.load_markets()
    assert client.market(BTC)["precision"] == {"amount": 0.001, "price": 0.1, "base": 1e-8, "quote": 1e-8}
    bought = await client.create_order(BTC, "market", "buy", 0.1, None, {"clientOrderId": "entry-1"})
    assert (bought["status"], bought["filled"], bought["clientOrderId"]) == ("closed", 0.1, "entry-1")
    around(futures, "61000.0")
    [position] = await client.fetch_positions([BTC])
    assert (position["side"], position["contracts"], position["entryPrice"]) == ("long", 0.1, 60000.1)
    # 0.1 * (61000.0 - 60000.1): the mark follows the last price, which the new book has moved to its bid.
    assert position["unrealizedPnl"] == pytest.approx(99.99)
    await client.create_order(BTC, "market", "sell", 0.1, None, {"reduceOnly": True})
    assert await client.fetch_positions([BTC]) == []
    # Fees 0.05 %: 6000.01 * 0.0005 + 6100 * 0.0005 = 3.000005 + 3.05.
    balance = await client.fetch_balance()
    assert Decimal(balance["info"]["totalWalletBalance"]) == Decimal("10000") + Decimal("99.99") - Decimal("6.050005")
    trades = await client.fetch_my_trades(BTC)
    assert [trade["side"] for trade in trades] == ["buy", "sell"]
    assert [trade["info"]["realizedPnl"] for trade in trades] == ["0.00000000", "99.99000000"]
    assert [trade["fee"]["cost"] for trade in trades] == [3.000005, 3.05]


async def test_an_answer_tells_less_than_a_query(desk: tuple[Binance, Futures, Any]) -> None:
    """ACK shows the order as accepted; since July 2026 no answer carries avgPrice or cumQuote, queries do."""
    _, _, client = desk
    market = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.010", "newClientOrderId": "a"}
    acked = await client.fapiPrivatePostOrder(market)
    assert (acked["status"], acked["executedQty"]) == ("NEW", "0.000")
    result = await client.fapiPrivatePostOrder(market | {"newOrderRespType": "RESULT"})
    assert (result["status"], result["executedQty"]) == ("FILLED", "0.010")
    assert not {"avgPrice", "cumQuote"} & (acked.keys() | result.keys())
    found = await client.fapiPrivateGetOrder({"symbol": "BTCUSDT", "origClientOrderId": "a"})
    assert found["orderId"] == result["orderId"], "the id of an order that has ended may be used again; the newest wins"
    assert (found["avgPrice"], found["cumQuote"]) == ("60000.10000", "600.0010000")


async def test_client_ids_are_unique_among_open_orders(desk: tuple[Binance, Futures, Any]) -> None:
    venue, _, client = desk
    order = {**LIMIT, "side": "BUY", "price": "59000", "quantity": "0.01", "newClientOrderId": "mine"}
    placed = await client.fapiPrivatePostOrder(order)
    assert await code_of(client.fapiPrivatePostOrder(order)) == -4116
    cancelled = await client.fapiPrivateDeleteOrder({"symbol": "BTCUSDT", "origClientOrderId": "mine"})
    assert (cancelled["status"], cancelled["clientOrderId"], cancelled["orderId"]) == (
        "CANCELED",
        "mine",
        placed["orderId"],
    )
    again = await client.fapiPrivatePostOrder(order)
    assert again["orderId"] != placed["orderId"]
    assert venue.executed.doubled() == {("usdm", "main", "mine"): 2}
    assert await code_of(client.fapiPrivateDeleteOrder({"symbol": "BTCUSDT", "origClientOrderId": "other"})) == -2011
    assert await code_of(client.fapiPrivateGetOrder({"symbol": "BTCUSDT", "origClientOrderId": "other"})) == -2013


@pytest.mark.parametrize(
    ("order", "code"),
    [
        ({"quantity": "0.0001"}, -1111),
        ({"quantity": "0"}, -4003),
        ({"quantity": "2000"}, -4005),
        ({"price": "59000.05"}, -4014),
        ({"price": "0"}, -4001),
        ({"quantity": "0.001"}, -4164),
        ({"price": "63000.2", "side": "BUY"}, -4016),
        ({"price": "56999.9", "side": "SELL"}, -4024),
        ({"price": "60000.1", "timeInForce": "GTX"}, -5022),
        ({"price": "60000.1", "timeInForce": "FOK", "quantity": "11"}, -2019),
        ({"price": "60000.1", "timeInForce": "FOK", "quantity": "10.5"}, -5021),
        ({"quantity": "100"}, -2019),
        ({"reduceOnly": "true"}, -2022),
        ({"positionSide": "LONG"}, -4061),
        ({"type": "STOP_MARKET", "stopPrice": "59000"}, -4120),
        ({"type": "LIMIT", "timeInForce": "GTE"}, -1115),
        ({"side": "HOLD"}, -1117),
        ({"symbol": "NOPE"}, -1121),
        ({"newClientOrderId": "no spaces"}, -4015),
        ({"timeInForce": ""}, -1102),
    ],
)
async def test_refusals(order: dict[str, str], code: int) -> None:
    async with exchange(wallet=33_000) as (venue, futures), ccxt_client(futures) as client:
        base = {**LIMIT, "side": "BUY", "price": "59000", "quantity": "0.01"}
        assert await code_of(client.fapiPrivatePostOrder(base | order)) == code
        assert not venue.executed.of("order"), "nothing refused is executed"


async def test_ioc_and_market_orders_take_what_there_is(desk: tuple[Binance, Futures, Any]) -> None:
    _, futures, client = desk
    futures.show("BTCUSDT", [["60000.0", "0.030"]], [["60000.1", "0.020"], ["60010.1", "5"]])
    ioc = {
        **LIMIT,
        "side": "BUY",
        "price": "60000.1",
        "quantity": "0.050",
        "timeInForce": "IOC",
        "newOrderRespType": "RESULT",
    }
    answer = await client.fapiPrivatePostOrder(ioc)
    assert (answer["status"], answer["executedQty"]) == ("EXPIRED", "0.020")
    market = {"symbol": "BTCUSDT", "side": "SELL", "type": "MARKET", "quantity": "0.040", "newOrderRespType": "RESULT"}
    answer = await client.fapiPrivatePostOrder(market)
    assert (answer["status"], answer["executedQty"]) == ("EXPIRED", "0.030"), "the book had no more"


async def test_resting_orders_fill_as_maker_in_parts(desk: tuple[Binance, Futures, Any]) -> None:
    _, futures, client = desk
    order = await client.create_order(BTC, "limit", "buy", 0.1, 59900, {"postOnly": True})
    assert (order["status"], order["timeInForce"]) == ("open", "PO")
    futures.show("BTCUSDT", [["59890", "1"]], [["59900", "0.04"]])
    found = await client.fetch_order(order["id"], BTC)
    assert (found["status"], found["filled"], found["remaining"]) == ("open", 0.04, 0.06)
    futures.show("BTCUSDT", [["59880", "1"]], [["59885", "1"]])
    found = await client.fetch_order(order["id"], BTC)
    assert (found["status"], found["average"]) == ("closed", 59900)
    [first, second] = await client.fetch_my_trades(BTC)
    assert (first["amount"], second["amount"], first["takerOrMaker"]) == (0.04, 0.06, "maker")
    assert first["fee"]["cost"] == pytest.approx(0.04 * 59900 * 0.0002)


async def test_a_modified_order_keeps_its_ids(desk: tuple[Binance, Futures, Any]) -> None:
    _, futures, client = desk
    placed = await client.fapiPrivatePostOrder(
        {**LIMIT, "side": "BUY", "price": "59900", "quantity": "0.1", "newClientOrderId": "m"}
    )
    ids = {"symbol": "BTCUSDT", "side": "BUY", "origClientOrderId": "m"}
    told = await client.fapiPrivatePutOrder(ids | {"quantity": "0.2", "price": "59800", "modifyId": "7"})
    assert (told["orderId"], told["clientOrderId"], told["modifyId"]) == (placed["orderId"], "m", 7)
    assert (told["origQty"], told["price"], told["status"]) == ("0.200", "59800.00", "NEW")
    assert await code_of(client.fapiPrivatePutOrder(ids | {"quantity": "0.2", "price": "59800"})) == -5027
    assert await code_of(client.fapiPrivatePutOrder(ids | {"quantity": "0.2", "price": "59800.05"})) == -4014
    futures.show("BTCUSDT", [["59790", "1"]], [["59800", "0.15"]])
    # Partly filled, and the new quantity is not more than what is filled: the modification cancels it.
    told = await client.fapiPrivatePutOrder(ids | {"quantity": "0.15", "price": "59000"})
    assert (told["status"], told["executedQty"]) == ("CANCELED", "0.150")


async def test_reduce_only_orders_never_turn_a_position(desk: tuple[Binance, Futures, Any]) -> None:
    _, futures, client = desk
    futures.place(symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.1")
    close = {**LIMIT, "side": "SELL", "reduceOnly": "true"}
    first = await client.fapiPrivatePostOrder(close | {"price": "60500", "quantity": "0.06"})
    second = await client.fapiPrivatePostOrder(close | {"price": "60400", "quantity": "0.04"})
    assert await code_of(client.fapiPrivatePostOrder(close | {"price": "60600", "quantity": "0.01"})) == -2022
    # A market order goes before them; the one priced worst no longer fits what is left.
    market = {"symbol": "BTCUSDT", "side": "SELL", "type": "MARKET", "reduceOnly": "true", "quantity": "0.05"}
    await client.fapiPrivatePostOrder(market)
    states = [await client.fapiPrivateGetOrder({"symbol": "BTCUSDT", "orderId": o["orderId"]}) for o in (first, second)]
    assert [state["status"] for state in states] == ["EXPIRED", "NEW"]
    cut = await client.fapiPrivatePostOrder(market | {"quantity": "3", "newOrderRespType": "RESULT"})
    assert (cut["executedQty"], cut["status"]) == ("0.050", "FILLED")
    assert not futures.account().held()
    assert not futures.account().open_orders


async def test_hedge_mode_holds_both_sides(desk: tuple[Binance, Futures, Any]) -> None:
    _, futures, client = desk
    await client.set_position_mode(True)
    assert await code_of(client.set_position_mode(True)) == -4059
    market = {"symbol": "BTCUSDT", "type": "MARKET", "quantity": "0.1"}
    assert await code_of(client.fapiPrivatePostOrder(market | {"side": "BUY"})) == -4061
    await client.fapiPrivatePostOrder(market | {"side": "BUY", "positionSide": "LONG"})
    await client.fapiPrivatePostOrder(market | {"side": "SELL", "positionSide": "SHORT"})
    assert await code_of(client.set_position_mode(False)) == -4068
    both = {(p["side"], p["contracts"]) for p in await client.fetch_positions([BTC])}
    assert both == {("long", 0.1), ("short", 0.1)}
    closing = market | {"side": "SELL", "positionSide": "LONG"}
    assert await code_of(client.fapiPrivatePostOrder(closing | {"reduceOnly": "true"})) == -1106
    assert await code_of(client.fapiPrivatePostOrder(closing | {"quantity": "0.2"})) == -2022
    told = await client.fapiPrivatePostOrder(closing)
    assert told["reduceOnly"] is True
    assert [position.side for position in futures.account().held()] == ["SHORT"]


async def test_settings_and_their_refusals(desk: tuple[Binance, Futures, Any]) -> None:
    _, futures, client = desk
    await client.load_markets()
    told = await client.set_leverage(50, BTC)
    assert (told["leverage"], told["maxNotionalValue"]) == (50, "12000000")
    assert await code_of(client.fapiPrivatePostLeverage({"symbol": "BTCUSDT", "leverage": "126"})) == -4028
    await client.set_margin_mode("isolated", BTC)
    assert await code_of(client.fapiPrivatePostMarginType({"symbol": "BTCUSDT", "marginType": "ISOLATED"})) == -4046
    futures.place(symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.1")
    [position] = await client.fetch_positions([BTC])
    [old] = await client.fapiPrivateV2GetPositionRisk({"symbol": "BTCUSDT"})
    assert (position["marginMode"], old["marginType"], old["leverage"]) == ("isolated", "isolated", "50")
    # 0.1 * 60000.1 / 50 went from the wallet to the position.
    assert futures.account().held()[0].isolated_wallet == Decimal("120.0002")
    assert await code_of(client.fapiPrivatePostMarginType({"symbol": "BTCUSDT", "marginType": "CROSSED"})) == -4048
    assert await code_of(client.fapiPrivatePostLeverage({"symbol": "BTCUSDT", "leverage": "20"})) == -4161
    fee = await client.fetch_trading_fee(BTC)
    assert (fee["maker"], fee["taker"]) == (0.0002, 0.0005)


async def test_margin_is_what_is_left(desk: tuple[Binance, Futures, Any]) -> None:
    """At 20x an order of 0.5 at 59000 holds 1475; a reducing order holds nothing."""
    _, _, client = desk
    await client.fapiPrivatePostOrder({**LIMIT, "side": "BUY", "price": "59000", "quantity": "0.5"})
    account = await client.fapiPrivateV3GetAccount()
    assert account["totalOpenOrderInitialMargin"] == "1475.00000000"
    assert account["availableBalance"] == "8525.00000000"
    # A sell of the same size in one-way mode: only the larger side counts, 0.5 * 61000 / 20.
    await client.fapiPrivatePostOrder({**LIMIT, "side": "SELL", "price": "61000", "quantity": "0.5"})
    account = await client.fapiPrivateV3GetAccount()
    assert account["availableBalance"] == "8475.00000000"


async def test_funding_and_transfers_are_income(desk: tuple[Binance, Futures, Any]) -> None:
    _, futures, client = desk
    futures.place(symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.1")
    futures.mark("BTCUSDT", "60000")
    futures.fund("BTCUSDT", "0.0001")
    futures.transfer("main", -500)
    rows = await client.fapiPrivateGetIncome({})
    told = {(row["incomeType"], row["income"]) for row in rows}
    assert told == {
        ("TRANSFER", "10000.00000000"),
        ("TRANSFER", "-500.00000000"),
        ("COMMISSION", "-3.00000500"),
        ("FUNDING_FEE", "-0.60000000"),  # 0.1 * 60000 * 0.0001, paid by the long
    }


async def test_liquidation_closes_at_the_told_price() -> None:
    async with exchange(wallet=400) as (venue, futures), ccxt_client(futures) as client:
        futures.account().leverages["BTCUSDT"] = 20
        futures.place(symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.1")
        [risk] = await client.fapiPrivateV3GetPositionRisk()
        price = Decimal(risk["liquidationPrice"])
        # wallet + 0.1 (p - entry) = 0.1 p * 0.004 at that price
        wallet = 400 - Decimal("3.000005")
        assert wallet + price / 10 - Decimal("6000.01") == pytest.approx(price / 10 * Decimal("0.004"))
        futures.mark("BTCUSDT", price + 1)
        assert futures.account().held()
        futures.mark("BTCUSDT", price - 1)
        assert not futures.account().held()
        assert venue.executed.of("trade")[-1].client_order_id.startswith("autoclose-")


async def test_symbols_that_are_taken_out_of_trading(desk: tuple[Binance, Futures, Any]) -> None:
    _, futures, client = desk
    futures.place(symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.1")
    resting = await client.fapiPrivatePostOrder({**LIMIT, "side": "BUY", "price": "59000", "quantity": "0.01"})
    futures.delist("BTCUSDT")
    found = await client.fapiPrivateGetOrder({"symbol": "BTCUSDT", "orderId": resting["orderId"]})
    assert found["status"] == "EXPIRED"
    market = {"symbol": "BTCUSDT", "type": "MARKET", "quantity": "0.1"}
    assert await code_of(client.fapiPrivatePostOrder(market | {"side": "BUY"})) == -4140
    await client.fapiPrivatePostOrder(market | {"side": "SELL", "reduceOnly": "true"})
    futures.delist("BTCUSDT", "CLOSE")
    assert await code_of(client.fapiPrivatePostOrder(market | {"side": "BUY"})) == -4141


async def test_a_key_without_futures_may_nothing(desk: tuple[Binance, Futures, Any]) -> None:
    venue, _, client = desk
    venue.keys.add(ApiKey(KEY, secret=SECRET, permissions=frozenset({"USER_DATA", "TRADE"})))
    with pytest.raises(ccxt.AuthenticationError, match="-2015"):
        await client.fapiPrivateV3GetAccount()
