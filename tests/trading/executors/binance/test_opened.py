"""What is open is asked for symbol by symbol; everywhere only now and then, as that is dear."""

from tests.trading.executors.binance.account import SPOT, Exchange
from tests.trading.executors.binance.stage import BinanceDesk
from trading.executors.binance.opened import EVERYWHERE_EVERY
from trading.instruments import Symbol

AFTER_S = EVERYWHERE_EVERY.total_seconds()
RESTING = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "1", "price": "95"}
ETHER = Symbol("ETH/USDT:USDT")


def whole_lists(there: Exchange) -> int:
    """How often the list of all symbols was asked for."""
    lists = [each for each in there.venue.requests if "openOrders" in each or "openAlgoOrders" in each]
    return sum("symbol=" not in each for each in lists)


async def test_one_look_costs_a_symbol_and_only_now_and_then_the_whole_exchange(either: BinanceDesk) -> None:
    there, cost = either.there, 1 if either.product is SPOT else 2
    for _ in range(3):
        await either.executor.open_orders()
    assert whole_lists(there) == cost
    there.clock.move(AFTER_S)
    await either.executor.balances()  # meets the moved clock
    for _ in range(3):
        await either.executor.open_orders()
    assert whole_lists(there) == 2 * cost


async def test_what_is_open_elsewhere_stays_in_sight_between_two_whole_looks(usdm_desk: BinanceDesk) -> None:
    there = usdm_desk.there
    there.futures.show("ETHUSDT", [["100", 5]], [["101", 5]])
    there.futures.place(symbol="ETHUSDT", **RESTING)
    for _ in range(2):
        [stranger] = await usdm_desk.executor.open_orders()
        assert stranger.symbol == ETHER
    await usdm_desk.executor.withdraw(stranger)
    assert await usdm_desk.executor.open_orders() == []  # what was changed there is looked at at once


async def test_more_symbols_than_the_whole_list_is_worth_are_asked_for_as_one(there: Exchange) -> None:
    coins = [f"A{chr(ord('A') + number)}" for number in range(13)]
    for coin in coins:
        there.list_coin(coin)
    executor = there.executor(SPOT, symbols=[Symbol(f"{coin}/USDT") for coin in coins])
    await executor.start()
    for _ in range(2):
        await executor.open_orders()
    assert whole_lists(there) == 2
    await executor.stop()
