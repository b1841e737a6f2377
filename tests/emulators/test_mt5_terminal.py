"""The terminal itself: its connection, its life, its settings, its clock, its threads."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.emulators.mt5.desk import NOW, desk
from trading.mt5.constants import Constants as mt5

FAR = NOW * 2


def test_cut_off_the_terminal_shows_what_it_knew() -> None:
    at = desk()
    ticket = at.buy("EURUSD", 0.1, sl=1.07).order
    at.terminal.disconnect()
    at.terminal.show("EURUSD", "1.0699", "1.0700")  # the stop is hit at the broker
    assert at.mt5.terminal_info().connected is False
    assert [one.ticket for one in at.mt5.positions_get()] == [ticket]
    assert at.mt5.symbol_info_tick("EURUSD").bid == 1.08
    assert at.mt5.account_info().balance == 10_000.0
    assert at.sell("EURUSD", 0.1, position=ticket).retcode == mt5.TRADE_RETCODE_CONNECTION
    at.terminal.reconnect()
    assert at.mt5.positions_get() == ()
    assert at.mt5.symbol_info_tick("EURUSD").bid == 1.0699
    assert at.mt5.account_info().balance == 9_898.0  # 102 pips on 0.1 lot


def test_to_initialize_a_living_terminal_that_is_cut_off_breaks_the_link() -> None:
    at = desk()
    at.terminal.disconnect()
    assert at.mt5.initialize() is False
    assert at.mt5.last_error()[0] == -6
    at.terminal.reconnect()
    assert at.mt5.terminal_info() is None
    assert at.mt5.initialize() is False
    assert at.mt5.last_error() == (-10004, "No IPC connection")
    at.terminal.exit()
    assert at.mt5.initialize()
    assert at.mt5.terminal_info().connected


def test_a_terminal_that_exits_is_started_by_initialize() -> None:
    at = desk()
    at.buy("EURUSD", 0.1)
    at.terminal.exit()
    assert at.mt5.positions_get() is None
    assert at.mt5.last_error() == (-10004, "No IPC connection")
    at.terminal.start()
    assert at.mt5.positions_get() is None  # started anew, but nobody has initialized
    assert at.mt5.initialize()
    assert at.mt5.positions_total() == 1
    at.terminal.exit()
    at.terminal.installed = False
    assert at.mt5.initialize() is False
    assert at.mt5.last_error() == (-10003, "IPC initialize failed, MetaTrader 5 x64 not found")


def test_the_api_can_be_switched_off_in_the_terminal() -> None:
    at = desk()
    at.terminal.api_disabled = True
    assert at.buy("EURUSD", 0.1) is None
    assert at.mt5.last_error() == (-8, "Auto-Trading using Python API disabled in Terminal")
    assert at.mt5.terminal_info().tradeapi_disabled


def test_the_brokers_clock_moves_with_daylight_saving() -> None:
    at = desk()
    at.terminal.clock.offset_s = 7200
    at.terminal.show("EURUSD", "1.08", "1.0801")
    assert at.mt5.symbol_info_tick("EURUSD").time == NOW + 7200


def test_threads_do_not_lose_orders() -> None:
    at = desk(balance=1_000_000)
    links = [at.link() for _ in range(4)]
    begin = threading.Barrier(5)

    def work(link: Any) -> None:
        assert link.initialize()
        begin.wait()
        for _ in range(25):
            assert link.order_send(at.request("EURUSD", 0.01)).retcode == 10009

    with ThreadPoolExecutor(4) as threads:
        running = [threads.submit(work, link) for link in links]
        begin.wait()
        for cent in range(25):
            at.terminal.show("EURUSD", f"1.08{cent:02}", f"1.08{cent:02}5")
        for one in running:
            one.result()
    positions = at.mt5.positions_get()
    assert len(positions) == len({one.ticket for one in positions}) == 100
    assert len(at.mt5.history_deals_get(0, FAR)) == 101
