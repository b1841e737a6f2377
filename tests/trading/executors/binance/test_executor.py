"""The executor as a whole against the emulated exchange: its start and end, keys, both products, strangers' orders."""

import asyncio
import importlib
from decimal import Decimal
from typing import Any

import pytest

from tests.emulators.binance.calls import Route
from tests.emulators.binance.futures_contracts import Contract
from tests.loop import LoopClock, run_virtually
from tests.trading.executors.binance.account import COIN, CONTRACT, NAME, SPOT, USDM, Exchange, FlowingClock, exchange
from tests.trading.executors.binance.door import KEY, until
from tests.trading.executors.binance.stage import BinanceDesk
from tests.trading.executors.contract import make_order
from trading.binance.products import Product
from trading.errors import VenueRefused, VenueUnreachable
from trading.executors.binance.executor import AGAIN_S, REFRESH_S, BinanceExecutor
from trading.ids import order_id
from trading.instruments import Money, Side, Symbol
from trading.intent import OrderType
from trading.ports import Approved
from trading.reports import Accepted, Filled, Reconnected, Report

D = Decimal
BUY, SELL, LIMIT = Side.BUY, Side.SELL, OrderType.LIMIT
OTHER = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zv"


async def heard(executor: BinanceExecutor, count: int) -> list[Report]:
    """The next reports."""
    reports = list[Report]()
    async with asyncio.timeout(5):
        async for report in executor.reports():
            reports.append(report)
            if len(reports) == count:
                break
    return reports


def limit(name: str, symbol: Symbol = COIN, price: str = "95") -> Approved:
    return Approved(make_order(order_id(name), BUY, "1", LIMIT, limit_price=price, symbol=symbol), ())


# --- start and stop --------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["/api/v3/exchangeInfo", "/fapi/v1/exchangeInfo", "/fapi/v1/accountConfig"])
async def test_a_start_that_fails_can_be_tried_again(there: Exchange, first: str) -> None:
    executor = there.executor(SPOT, USDM)
    for fault in ("status_502", "html_200"):
        there.venue.faults.arm(fault, on=f"GET {first}")
        with pytest.raises(VenueUnreachable):
            await executor.start()
        assert executor.instruments == {}
        with pytest.raises(VenueUnreachable, match="not connected"):
            await executor.place(limit("early"))
    await executor.start()
    assert executor.problem == ""
    await executor.place(limit("late"))
    reports = await heard(executor, 4)  # of the streams, of the answer, of the stream
    assert [each for each in reports if isinstance(each, Accepted)] == [Accepted(order_id("late"), "1")] * 2
    await executor.stop()


async def test_a_venue_that_is_not_there_is_said_so(there: Exchange) -> None:
    await there.venue.close()
    executor = there.executor(SPOT)
    with pytest.raises(VenueUnreachable, match="refuses the connection"):
        await executor.start()
    await executor.stop()
    await there.venue.open()


async def test_a_stop_leaves_nothing_open(there: Exchange) -> None:
    before = asyncio.all_tasks()
    executor = there.executor(SPOT, USDM)
    await executor.start()
    assert len(there.venue.connections) == 2
    await executor.stop()
    await until(lambda: not there.venue.connections)
    left = [task for task in asyncio.all_tasks() - before if "trading" in str(task.get_coro())]
    assert left == []
    reports = [report async for report in executor.reports()]  # which end, after what had been heard
    assert [type(report) for report in reports] == [Reconnected] * 2
    with pytest.raises(VenueUnreachable):
        await executor.balances()


async def test_a_start_that_is_given_up_leaves_nothing_open(there: Exchange) -> None:
    there.venue.faults.arm("hang_before", on="POST /fapi/v1/listenKey", seconds=5)
    executor = there.executor(SPOT, USDM)
    starting = asyncio.create_task(executor.start())
    await until(lambda: there.venue.faults.struck)
    assert there.venue.connections
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)
    await until(lambda: not there.venue.connections)
    there.venue.release()


async def test_what_was_found_is_told_for_a_check(there: Exchange) -> None:
    executor = there.executor(SPOT, USDM)
    await executor.start()
    lines = executor.found()
    assert [line.partition(", its clock")[0] for line in lines] == [
        "spot: HMAC key works",
        "BTC/USDT: tick 0.01, step 0.001, at least 0.001 worth 5 USDT",
        "usdm: HMAC key works",
        "BTC/USDT:USDT: tick 0.01, step 0.001, at least 0.001 worth 5 USDT",
    ]
    assert lines[0].endswith("ms from ours, fees 0.1% maker and 0.1% taker")
    assert lines[2].endswith("ms from ours, fees 0.02% maker and 0.05% taker")
    assert KEY not in "".join(lines)
    await executor.stop()


# --- both products ---------------------------------------------------------------------------


async def test_both_products_are_one_account(there: Exchange) -> None:
    executor = there.executor(SPOT, USDM)
    await executor.start()
    assert set(executor.instruments) == {COIN, CONTRACT}
    for symbol in (COIN, CONTRACT):
        await executor.place(limit(f"of {symbol}", symbol))
        await executor.place(Approved(make_order(order_id(f"now {symbol}"), BUY, "1", symbol=symbol), ()))
    assert {(each.symbol, each.order_id) for each in await executor.open_orders()} == {
        (symbol, order_id(f"of {symbol}")) for symbol in (COIN, CONTRACT)
    }
    trades = await executor.fills(there.clock.now())
    assert {(each.order_id, each.price) for each in trades} == {
        (order_id(f"now {s}"), D(101)) for s in (COIN, CONTRACT)
    }
    # 101 for the coin, 0.05% of 101 for the contract; and 0.1% of the coin
    assert sorted(await executor.balances(), key=str) == [
        Money(D("10.999"), "BTC"),
        Money(D(20000) - 101 - D("0.0505"), "USDT"),
    ]
    assert await executor.positions() == {CONTRACT: D(1)}
    await executor.stop()


@pytest.mark.parametrize("products", [(SPOT, USDM), (USDM, SPOT)])
async def test_both_can_what_each_can_and_must_what_one_must(there: Exchange, products: tuple[Product, ...]) -> None:
    executor = there.executor(*products)
    await executor.start()
    can = executor.capabilities
    assert (can.lists, can.iceberg, can.reduce_only, can.amend_in_lists) == (False,) * 4
    assert (can.shorting, can.leverage, can.fee_in_received) == (True,) * 3
    assert can.amend_types == {LIMIT}
    assert (can.maker_fee, can.taker_fee) == (D("0.001"), D("0.001"))
    await executor.stop()


# --- symbols ---------------------------------------------------------------------------------


async def test_a_halted_symbol_is_refused_here_and_there_until_it_is_back(spot_desk: BinanceDesk) -> None:
    spot_desk.there.spot.exchange.set_status(NAME, "HALT")
    order = await spot_desk.place(BUY, "1", LIMIT, limit_price="95")
    assert [getattr(each, "code", "") for each in spot_desk.told(order)] == ["MARKET_CLOSED"]
    await spot_desk.restart()
    with pytest.raises(VenueRefused, match="BTC/USDT is halted on Binance"):
        spot_desk.executor.vet(order, D(100))
    assert any(line.endswith("- HALT") for line in spot_desk.executor.found())
    spot_desk.there.spot.exchange.set_status(NAME, "TRADING")
    await spot_desk.restart()
    spot_desk.executor.vet(order, D(100))
    assert await spot_desk.status(await spot_desk.place(BUY, "1", LIMIT, limit_price="95")) == "open"


def test_what_is_listed_is_looked_at_again_and_again() -> None:
    importlib.import_module("ccxt.async_support")  # it takes a second, in which time must not jump

    async def play(clock: LoopClock) -> None:
        async with exchange(FlowingClock()) as there:
            there.show("100x5", "101x5")
            executor = there.executor(SPOT)
            await executor.start()
            order = limit("later").order
            there.spot.exchange.set_status(NAME, "BREAK")
            there.venue.faults.arm("status_502", on="GET /api/v3/exchangeInfo")
            await asyncio.sleep(REFRESH_S + 5)
            executor.vet(order, D(100))  # it could not be asked
            await asyncio.sleep(AGAIN_S)
            with pytest.raises(VenueRefused, match="is in a break"):
                executor.vet(order, D(100))
            there.venue.rest("GET /api/v3/exchangeInfo", Route("spot", lambda call: {"symbols": []}))
            await asyncio.sleep(REFRESH_S)
            assert COIN in executor.instruments  # an empty list is no list
            await executor.stop()

    run_virtually(play)


async def test_a_symbol_that_is_not_traded_is_refused(there: Exchange) -> None:
    executor = there.executor(SPOT, USDM)
    await executor.start()
    for symbol in ("DOGE/USDT", "DOGE/USDT:USDT"):
        with pytest.raises(VenueRefused, match="does not list DOGE"):
            await executor.place(limit("dog", Symbol(symbol)))
        assert executor.describe(limit("dog", Symbol(symbol))).startswith("nothing: Binance does not list")
    await executor.stop()


async def test_the_request_is_told_without_secrets(there: Exchange) -> None:
    executor = there.executor(SPOT)
    await executor.start()
    name = order_id("told")
    assert executor.describe(limit("told")) == (
        "POST /api/v3/order symbol=BTCUSDT side=BUY type=LIMIT quantity=1 "
        f"newClientOrderId={name} timeInForce=GTC price=95 newOrderRespType=FULL"
    )
    await executor.stop()


# --- strangers' orders -----------------------------------------------------------------------


class Quarterly(Contract):
    """A dated contract, which the desk does not trade."""

    symbol = "BTCUSDT_260327"

    def listing(self) -> dict[str, Any]:
        return super().listing() | {"contractType": "CURRENT_QUARTER"}


async def test_orders_that_are_not_ours_are_shown_and_can_be_cancelled(there: Exchange) -> None:
    executor = there.executor(SPOT, USDM)
    await executor.start()
    rest = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "1", "price": "95"}
    there.spot.act("main", "POST /api/v3/order", symbol=NAME, **rest)
    there.futures.exchange.contracts[Quarterly.symbol] = Quarterly("BTC", D("0.1"), D("0.001"), D(5))
    for symbol in (NAME, "ETHUSDT", Quarterly.symbol):  # of which the desk trades the first, and knows not the last
        there.futures.show(symbol, [["100", 5]], [["101", 5]])
        there.futures.place(symbol=symbol, **rest)
    there.futures.place_algo(symbol=NAME, side="SELL", type="STOP_MARKET", quantity="1", triggerPrice="90")
    strangers = await executor.open_orders()
    assert sorted((each.symbol, each.order_id, each.text) for each in strangers) == [
        (COIN, "", "BUY LIMIT 1 BTC/USDT at 95"),
        (CONTRACT, "", "BUY LIMIT 1 BTC/USDT:USDT at 95"),
        (CONTRACT, "", "SELL STOP_MARKET 1 BTC/USDT:USDT at 90"),
        (Quarterly.symbol, "", f"BUY LIMIT 1 {Quarterly.symbol} at 95"),
        ("ETH/USDT:USDT", "", "BUY LIMIT 1 ETH/USDT:USDT at 95"),
    ]
    for each in strangers:
        await executor.withdraw(each)
    assert await executor.open_orders() == []
    with pytest.raises(VenueRefused):
        await executor.withdraw(strangers[0])
    await executor.stop()


async def test_what_happens_to_them_is_reported_without_an_id_of_ours(either: BinanceDesk) -> None:
    if either.product is SPOT:
        either.act("POST /api/v3/order", side="BUY", type="MARKET", quantity="1")
    else:
        either.there.futures.place(symbol=NAME, side="BUY", type="MARKET", quantity="1")
    await either.settle()
    assert [each.order_id for each in either.reports if isinstance(each, Filled)] == [""]
    [trade] = await either.executor.fills(either.there.clock.now())
    assert (trade.order_id, trade.quantity) == ("", D(1))
