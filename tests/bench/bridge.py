"""A call of the MetaTrader5 package: native, by the bridge (TLS, orders on its disk first), by rpyc classic.

rpyc is no part of the project: where it is not installed its column is left out, and the goal says so. It sends
references to objects, so it is measured twice: answered by reference (nothing read yet), and fetched as a whole.
"""

import asyncio
import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bot.bridge.keys import tls_of
from tests.bench.parts import CommitFloor, Row, row
from tests.emulators.mt5.desk import desk
from trading.clock import SystemClock
from trading.mt5.bridge.line import Address
from trading.mt5.bridge.module import BridgeModule
from trading.mt5.constants import Constants

ROUNDS, WARM = 400, 50
TOKEN = "the-token-of-the-bench-0123456789"
ADDED_MS = 2.0
RPYC = """
import sys
from rpyc.core import SlaveService
from rpyc.utils.server import ThreadedServer
from trading.mt5.constants import Constants
from tests.emulators.mt5.desk import desk
sys.modules["terminal"] = desk(Constants.ACCOUNT_MARGIN_MODE_RETAIL_NETTING, balance="100000000").mt5
server = ThreadedServer(SlaveService, hostname="127.0.0.1", port=0)
server.listener.listen(5)  # before its port is told
print(server.port, flush=True)
server.start()
"""
Ways = dict[str, Callable[[str, str], Any]]
"""How a call is made: its name, and its arguments as Python writes them."""


async def bridge(folder: Path) -> list[Row]:
    """Rows for a price, an account and an order."""
    return await asyncio.to_thread(_measure, folder)


def _measure(folder: Path) -> list[Row]:
    place = folder / "bridge"
    place.mkdir()
    native = desk(Constants.ACCOUNT_MARGIN_MODE_RETAIL_NETTING, balance="100000000").mt5
    ways: Ways = {"native": lambda name, arguments: _called(native, name, arguments)}
    with _bridge(place) as ours, _rpyc() as theirs:
        ways["bridge"] = lambda name, arguments: _called(ours, name, arguments)
        if theirs is not None:
            ways["rpyc classic"] = lambda name, arguments: _fetched(theirs, name, arguments)
            ways["rpyc by reference"] = lambda name, arguments: theirs.eval(f"mt5.{name}({arguments})")
        floor = CommitFloor(place / "floor.db")
        tick = _times(ways, lambda number: ("symbol_info_tick", "'EURUSD'"), floor)
        account = _times(ways, lambda number: ("account_info", ""), floor)
        floor.times.clear()
        order = _times(ways, lambda number: ("order_send", _request(number)), floor)
    disk = statistics.median(floor.times[WARM:]) * 1e3
    return [
        _row("MT5 tick by the bridge, added", tick, None),
        _row("MT5 account by the bridge, added", account, None),
        _row("MT5 order by the bridge, added", order, disk),
    ]


def _row(name: str, times: dict[str, list[float]], floor: float | None) -> Row:
    middle = {way: statistics.median(found) * 1e3 for way, found in times.items()}
    native = middle.pop("native")
    added = {way: value - native for way, value in middle.items()}
    ours = added.pop("bridge")
    goal = ("2 ms" if floor is None else "2 ms and the commit") + ("" if added else " (no rpyc)")
    return row(name, ours, "ms", floor, goal, ours < ADDED_MS + (floor or 0), native=native, **added)


def _times(ways: Ways, question: Callable[[int], tuple[str, str]], floor: CommitFloor) -> dict[str, list[float]]:
    """Seconds of each call, the ways in turns; a durable commit by `floor` beside them."""
    times: dict[str, list[float]] = {way: [] for way in ways}
    for number in range(ROUNDS + WARM):
        for way, make in ways.items():
            name, arguments = question(number)
            began = time.perf_counter()
            answer = make(name, arguments)
            times[way].append(time.perf_counter() - began)
            assert answer is not None, way
        floor.commit(["x" * 250])
    return {way: found[WARM:] for way, found in times.items()}


def _request(number: int) -> str:
    side = number % 2
    return f"{{'action': 1, 'symbol': 'EURUSD', 'volume': 0.01, 'type': {side}, 'type_filling': 1}}"


def _called(module: Any, name: str, arguments: str) -> Any:
    given = [json.loads(arguments.replace("'", '"'))] if arguments else []
    return getattr(module, name)(*given)


def _fetched(connection: Any, name: str, arguments: str) -> Any:
    from rpyc.utils.classic import obtain

    return obtain(connection.eval(f"mt5.{name}({arguments})"))


@contextmanager
def _bridge(folder: Path) -> Iterator[Any]:
    """The package by a bridge in a process of its own, with the emulated terminal in it."""
    tls = tls_of("", "", folder, SystemClock())
    settings = {
        "PATH": os.defpath,
        "TILLER_DATA_DIR": str(folder),
        "TILLER_BRIDGE__PORT": "0",
        "TILLER_BRIDGE__TOKEN": TOKEN,
        "TILLER_BRIDGE__CERTIFICATE": str(folder / "bridge.crt"),
        "TILLER_BRIDGE__KEY": str(folder / "bridge.key"),
        "TILLER_LOGS__LEVEL": "warning",
    }
    command = [sys.executable, "-m", "tests.bridge.process"]
    with subprocess.Popen(command, env=settings, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            port = re.search(r":(\d+)$", process.stdout.readline().strip())
            assert port is not None
            mt5: Any = BridgeModule(Address(f"wss://127.0.0.1:{port[1]}", TOKEN, tls.fingerprint))
            assert mt5.initialize(), mt5.last_error()
            yield mt5
            mt5.close()
        finally:
            process.kill()


@contextmanager
def _rpyc() -> Iterator[Any]:
    """A connection of rpyc classic to the same terminal in another process, or None without rpyc."""
    if find_spec("rpyc") is None:
        yield None
        return
    import rpyc

    command = [sys.executable, "-c", RPYC]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            connection = rpyc.classic.connect("127.0.0.1", int(process.stdout.readline()))
            connection.execute("import terminal as mt5")
            yield connection
            connection.close()
        finally:
            process.kill()
