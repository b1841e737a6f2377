"""The terminal in a process of its own: the package by a loopback link, everything else by its control address."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.emulators.mt5.bars import Table
from tests.emulators.mt5.desk import NOW
from tests.emulators.mt5.records import TradePosition
from tests.emulators.mt5.remote import remote
from tests.emulators.process import ROOT, Control, emulated
from trading.mt5.constants import Constants as mt5

BUY = {"action": mt5.TRADE_ACTION_DEAL, "symbol": "EURUSD", "volume": 0.1, "type": 0, "type_filling": 1, "magic": 7}
PROGRAM = """
import sys
from tests.emulators.mt5.remote import remote
mt5 = remote(sys.argv[1])
assert mt5.initialize()
mt5.order_send({"action": 1, "symbol": "EURUSD", "volume": 0.1, "type": 0, "type_filling": 1, "magic": 8})
print("alive")
"""


async def test_another_process_has_the_package_and_the_control() -> None:
    async with emulated("tests.emulators.mt5", "--now", str(NOW), "--balance", "500") as (_, addresses, control):
        await asyncio.to_thread(_use, addresses["url"], _blocking(control))
        link = remote(addresses["url"])
    assert link.initialize() is False
    assert link.last_error() == (-10004, "No IPC connection")


def _blocking(control: Control) -> Callable[..., Any]:
    loop = asyncio.get_running_loop()

    def call(do: str, **detail: Any) -> Any:
        async def answered() -> Any:
            return await control(do, **detail)

        return asyncio.run_coroutine_threadsafe(answered(), loop).result(10)

    return call


def _use(url: str, control: Callable[..., Any]) -> None:
    link: Any = remote(url)
    assert link.positions_get() is None
    assert link.last_error() == (-10004, "No IPC connection")
    assert link.initialize(login=5001, password="secret", server="Emulated-Demo")
    control("show", name="EURUSD", bid="1.08", ask="1.0801")
    sent = link.order_send(BUY)
    assert (sent.retcode, sent.price, sent.request.magic) == (10009, 1.0801, 7)
    (position,) = link.positions_get()
    assert type(position) is TradePosition
    assert (position.ticket, position.volume, type(position.sl)) == (sent.order, 0.1, float)
    assert isinstance(link.copy_rates_from_pos("EURUSD", mt5.TIMEFRAME_M1, 0, 5), Table)
    assert link.order_send({**BUY, "volume": None}) is None
    assert link.last_error() == (-2, 'Invalid "volume" argument')
    with pytest.raises(TypeError):
        link.symbol_info()
    with pytest.raises(AttributeError):
        link.eval("1")

    control("arm", name="lost")
    assert link.order_send({**BUY, "comment": "twice"}) is None
    assert link.last_error() == (-10002, "IPC recv failed")
    link.order_send({**BUY, "comment": "twice"})
    assert control("doubled") == [[5001, 7, "twice", 2]]
    assert control("struck") == [["lost", "order_send:open"]]
    assert control("clock", advance=60) == [(NOW + 60) * 1000, (NOW + 60 + 10_800) * 1000]
    made = control("person", action="sell", symbol="EURUSD", volume="0.1")
    assert made["retcode"] == 10009
    assert [one["identifier"] for one in control("positions")][-1] == made["order"]
    assert "Refusal: 10014" in control("person", action="sell", symbol="EURUSD", volume="0.001")
    assert [fact["kind"] for fact in control("ledger")] == ["order", "deal"] * 4
    assert control("balance") == "500"
    control("alias", name="EURUSD.m", of="EURUSD", volume_min="0.1")
    control("symbol", name="EURUSD", stops_level=50)
    assert [(one.volume_min, one.trade_stops_level) for one in link.symbols_get("EURUSD*")] == [(0.01, 50), (0.1, 0)]
    control("setting", algo=False)
    assert link.order_send(BUY).retcode == mt5.TRADE_RETCODE_CLIENT_DISABLES_AT
    control("account_setting", trade_mode=mt5.ACCOUNT_TRADE_MODE_REAL)
    assert link.account_info().trade_mode == mt5.ACCOUNT_TRADE_MODE_REAL
    assert "KeyError" in control("explode")


@pytest.mark.parametrize(("fault", "held"), [("dies_before", 1), ("dies_after", 2)])
async def test_a_fault_kills_the_program_and_not_the_terminal(fault: str, held: int) -> None:
    async with emulated("tests.emulators.mt5", "--now", str(NOW), "--mode", "netting") as (_, addresses, control):
        await control("show", name="EURUSD", bid="1.08", ask="1.0801")
        await control("arm", name=fault, skip=1)
        for code in (0, -signal.SIGKILL):
            command = [sys.executable, "-c", PROGRAM, addresses["url"]]
            done = await asyncio.to_thread(subprocess.run, command, cwd=ROOT, capture_output=True, check=False)
            assert (done.returncode, done.stdout) == (code, b"" if code else b"alive\n")
        (position,) = await control("positions")
        assert position["volume"] == f"0.{held}"
