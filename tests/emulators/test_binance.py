"""ccxt drives the emulated spot exchange as it drives the real one.

What is expected of ccxt is what its manual says of these calls; what is expected of the exchange stands in
rest-api.md and errors.md of its documentation.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import ccxt
import pytest

from tests.emulators.binance.venue import Binance
from tests.emulators.spot_desk import Desk, ccxt_client, trading, until

BTC = "BTC/USDT"


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with trading() as desk:
        yield desk


@pytest.fixture
async def client(desk: Desk) -> AsyncIterator[Any]:
    async with ccxt_client(desk.venue) as client:
        yield client


async def test_a_limit_order_is_placed_looked_up_and_cancelled(desk: Desk, client: Any) -> None:
    placed = await client.create_order(BTC, "limit", "buy", 0.5, 59000, {"clientOrderId": "mine-1"})
    assert (placed["status"], placed["clientOrderId"], placed["remaining"]) == ("open", "mine-1", 0.5)
    assert (await client.fetch_balance())["USDT"] == {"free": 70_500.0, "used": 29_500.0, "total": 100_000.0}
    found = await client.fetch_order(None, BTC, {"clientOrderId": "mine-1"})
    assert (found["id"], found["status"], found["price"]) == (placed["id"], "open", 59000)
    assert [order["id"] for order in await client.fetch_open_orders(BTC)] == [placed["id"]]
    gone = await client.cancel_order(placed["id"], BTC)
    assert gone["status"] == "canceled"
    assert await client.fetch_open_orders(BTC) == []
    assert (await client.fetch_balance())["USDT"]["free"] == 100_000.0


async def test_a_market_order_takes_two_levels_and_pays_its_fee_in_what_it_bought(desk: Desk, client: Any) -> None:
    desk.spot.show("BTCUSDT", [["60000", "1"]], [["60001", "0.5"], ["60003", "3"]])
    bought = await client.create_order(BTC, "market", "buy", 1)
    # Half at 60001, half at 60003; 0.1 % of the coin.
    assert (bought["status"], bought["average"], bought["cost"]) == ("closed", 60002.0, 60002.0)
    assert bought["fee"] == {"cost": 0.001, "currency": "BTC"}
    assert [(trade["price"], trade["amount"]) for trade in bought["trades"]] == [(60001.0, 0.5), (60003.0, 0.5)]
    trades = await client.fetch_my_trades(BTC)
    assert [(trade["order"], trade["price"], trade["takerOrMaker"]) for trade in trades] == [
        (bought["id"], 60001.0, "taker"),
        (bought["id"], 60003.0, "taker"),
    ]
    balance = await client.fetch_balance()
    assert (balance["BTC"]["free"], balance["USDT"]["free"]) == (1.999, 39_998.0)


@pytest.mark.parametrize(
    ("kind", "side", "amount", "price", "params", "error", "words"),
    [
        ("limit", "buy", 2, 59000, {}, ccxt.InsufficientFunds, "insufficient balance"),
        ("limit", "buy", 0.1, 60001, {"postOnly": True}, ccxt.OrderImmediatelyFillable, "immediately match"),
        ("limit", "sell", 0.1, 59000, {"stopLossPrice": 60500}, ccxt.OrderImmediatelyFillable, "trigger immediately"),
        ("limit", "buy", 0.00001, 59000, {}, ccxt.BadRequest, "Filter failure: NOTIONAL"),
        ("limit", "buy", 0.1, 1000, {}, ccxt.InvalidOrder, "PERCENT_PRICE_BY_SIDE"),
        ("limit", "buy", 0.1, 59000, {"newClientOrderId": "no spaces"}, ccxt.BadRequest, "Illegal characters"),
    ],
)
async def test_refusals_are_the_exceptions_that_ccxt_has_for_them(
    client: Any, kind: str, side: str, amount: float, price: float, params: dict[str, Any], error: Any, words: str
) -> None:
    with pytest.raises(error, match=words):
        await client.create_order(BTC, kind, side, amount, price, params)


async def test_an_id_is_taken_while_its_order_is_open_and_free_when_it_has_closed(desk: Desk, client: Any) -> None:
    params = {"clientOrderId": "again"}
    first = await client.create_order(BTC, "limit", "buy", 0.1, 59000, params)
    with pytest.raises(ccxt.InvalidOrder, match="Duplicate order sent"):
        await client.create_order(BTC, "limit", "buy", 0.1, 59000, params)
    desk.around("58990", "58995")  # the market comes down through it
    assert (await client.fetch_order(first["id"], BTC))["status"] == "closed"
    second = await client.create_order(BTC, "limit", "buy", 0.1, 58000, params)
    assert second["id"] != first["id"]
    assert desk.venue.executed.doubled() == {("spot", "main", "again"): 2}


async def test_orders_that_do_not_exist(client: Any) -> None:
    with pytest.raises(ccxt.OrderNotFound, match="-2013"):
        await client.fetch_order("77", BTC)
    with pytest.raises(ccxt.OrderNotFound, match="-2011"):
        await client.cancel_order("77", BTC)


async def test_a_stop_waits_for_its_price(desk: Desk, client: Any) -> None:
    placed = await client.create_order(BTC, "market", "sell", 0.5, None, {"stopLossPrice": 59000})
    assert (await client.fetch_order(placed["id"], BTC))["status"] == "open"
    desk.spot.trade("BTCUSDT", "59000.01")
    assert (await client.fetch_order(placed["id"], BTC))["status"] == "open"
    desk.spot.trade("BTCUSDT", "59000")
    stopped = await client.fetch_order(placed["id"], BTC)
    assert (stopped["status"], stopped["average"], stopped["filled"]) == ("closed", 60000.0, 0.5)


async def test_edit_is_cancel_and_replace(client: Any) -> None:
    placed = await client.create_order(BTC, "limit", "buy", 0.5, 59000)
    changed = await client.edit_order(placed["id"], BTC, "limit", "buy", 0.4, 58000)
    assert changed["id"] != placed["id"]
    assert [(order["amount"], order["price"]) for order in await client.fetch_open_orders(BTC)] == [(0.4, 58000.0)]
    assert (await client.fetch_order(placed["id"], BTC))["status"] == "canceled"


async def test_lists_by_their_endpoints(desk: Desk, client: Any) -> None:
    params = {
        "symbol": "BTCUSDT",
        "side": "SELL",
        "quantity": "0.5",
        "aboveType": "LIMIT_MAKER",
        "abovePrice": "62000",
        "aboveClientOrderId": "profit",
        "belowType": "STOP_LOSS_LIMIT",
        "belowStopPrice": "58000",
        "belowPrice": "57900",
        "belowTimeInForce": "GTC",
        "belowClientOrderId": "stop",
    }
    placed = await client.private_post_orderlist_oco(params)
    assert (placed["contingencyType"], placed["listOrderStatus"]) == ("OCO", "EXECUTING")
    assert (await client.fetch_balance())["BTC"]["used"] == 0.5  # once, not twice
    desk.around("62000", "62001")
    assert await desk.statuses() == {"profit": "FILLED", "stop": "EXPIRED"}


async def test_books_tickers_and_bars(desk: Desk, client: Any) -> None:
    book = await client.fetch_order_book(BTC)
    assert (book["bids"], book["asks"]) == ([[60000.0, 10.0]], [[60001.0, 10.0]])
    for price in ("60010", "60040", "60020"):
        desk.spot.trade("BTCUSDT", price, "2")
    ticker = await client.fetch_ticker(BTC)
    assert (ticker["last"], ticker["bid"], ticker["ask"], ticker["high"]) == (60020.0, 60000.0, 60001.0, 60040.0)
    [bar] = await client.fetch_ohlcv(BTC, "1d")
    # The first price was the bid, as the book was shown: one coin.
    assert bar[1:] == [60000.0, 60040.0, 60000.0, 60020.0, 7.0]


async def test_the_clock(desk: Desk, client: Any) -> None:
    desk.venue.now_ms = 1_790_000_000_123
    assert await client.fetch_time() == 1_790_000_000_123


async def test_orders_are_watched(desk: Desk, client: Any) -> None:
    watching = asyncio.create_task(client.watch_orders(BTC))
    await until(lambda: desk.venue.subscribers("spot", "main"))
    await client.create_order(BTC, "limit", "buy", 0.5, 59000, {"clientOrderId": "seen"})
    [seen] = await watching
    assert (seen["clientOrderId"], seen["status"]) == ("seen", "open")
    watching = asyncio.create_task(client.watch_orders(BTC))
    await client.cancel_order(seen["id"], BTC)
    [gone] = await watching
    # The cancel has an id of its own; ccxt tells the one the order was placed with.
    assert (gone["clientOrderId"], gone["status"]) == ("seen", "canceled")


async def test_fills_and_balances_are_watched(desk: Desk, client: Any) -> None:
    trades = asyncio.create_task(client.watch_my_trades(BTC))
    await until(lambda: desk.venue.subscribers("spot", "main"))
    await client.create_order(BTC, "market", "sell", 0.5)
    [trade] = await trades
    assert (trade["price"], trade["amount"], trade["fee"]) == (60000.0, 0.5, {"cost": 30.0, "currency": "USDT"})


async def test_orders_go_over_the_websocket_too(desk: Desk, client: Any) -> None:
    placed = await client.create_order_ws(BTC, "limit", "buy", 0.5, 59000, {"newClientOrderId": "by-ws"})
    assert (placed["clientOrderId"], placed["status"]) == ("by-ws", "open")
    gone = await client.cancel_order_ws(placed["id"], BTC)
    assert gone["status"] == "canceled"
    with pytest.raises(ccxt.InsufficientFunds):
        await client.create_order_ws(BTC, "limit", "buy", 5, 59000)
    assert [fact.by for fact in desk.venue.executed] == ["somebody", "somebody", "order.place", "order.cancel"]


async def test_market_streams_are_watched(desk: Desk, client: Any) -> None:
    async def soon(method: Any, stream: str) -> Any:
        task = asyncio.create_task(method)
        await until(lambda: desk.spot.streams.listened(stream))
        return task

    bids = await soon(client.watch_bids_asks([BTC]), "btcusdt@bookTicker")
    desk.around("60100", "60101")
    told = (await bids)[BTC]
    assert (told["bid"], told["ask"], told["bidVolume"]) == (60100.0, 60101.0, 10.0)
    trades = await soon(client.watch_trades(BTC), "btcusdt@trade")
    desk.spot.trade("BTCUSDT", "60100.5", "0.25")
    [trade] = await trades
    assert (trade["price"], trade["amount"]) == (60100.5, 0.25)
    bars = await soon(client.watch_ohlcv(BTC, "1m"), "btcusdt@kline_1m")
    desk.spot.trade("BTCUSDT", "60101.5", "1")
    assert (await bars)[-1][4] == 60101.5


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("code_-1007", ccxt.RequestTimeout),
        ("code_-1021", ccxt.InvalidNonce),
        ("429", ccxt.DDoSProtection),
        ("418", ccxt.DDoSProtection),
        ("status_502", ccxt.ExchangeNotAvailable),
        ("status_504", ccxt.RequestTimeout),
        ("drop_before", ccxt.ExchangeNotAvailable),
        ("drop_after", ccxt.ExchangeNotAvailable),
        ("truncated", ccxt.ExchangeError),
    ],
)
async def test_faults_look_to_ccxt_as_the_real_ones_do(client: Any, desk: Desk, fault: str, error: Any) -> None:
    await client.load_markets()
    desk.venue.faults.arm(fault, on="POST /api/v3/order")
    with pytest.raises(error):
        await client.create_order(BTC, "limit", "buy", 0.5, 59000)


@pytest.mark.parametrize("fault", ["html_200", "empty", "status_524"])
async def test_ccxt_takes_a_page_for_an_order(client: Any, desk: Desk, fault: str) -> None:
    await client.load_markets()
    desk.venue.faults.arm(fault, on="POST /api/v3/order")
    order = await client.create_order(BTC, "limit", "buy", 0.5, 59000)
    assert (order["id"], order["status"]) == (None, None)


async def test_a_server_that_is_off_and_on_again_has_kept_everything(desk: Desk, client: Any) -> None:
    placed = await client.create_order(BTC, "limit", "buy", 0.5, 59000)
    venue: Binance = desk.venue
    await venue.close()
    with pytest.raises(ccxt.ExchangeNotAvailable):
        await client.fetch_order(placed["id"], BTC)
    await venue.open()
    assert (await client.fetch_order(placed["id"], BTC))["status"] == "open"
