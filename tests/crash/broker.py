"""The emulated MetaTrader 5 terminal and the `tiller bridge` beside it, a process each."""

import asyncio
import json
import random
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from tests.bridge.crash import TOKEN, kill
from tests.emulators.mt5.remote import remote
from tests.emulators.process import ROOT

MIDDLES = {"EURUSD": 108_000, "GBPUSD": 126_000}
"""Where prices are, in points."""
STRAY = 120  # points that they stray from there
STEP_S = 0.1  # between two prices
OPERATIONS = ("open", "close", "pending", "modify", "remove")
BEHIND_S = 0.5


class Broker:
    """The terminal lives through everything; the bridge may be killed. `mode`: netting or hedging."""

    def __init__(self, folder: Path, mode: str) -> None:
        self.folder, self._chance = folder, random.Random(1)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._terminal = self._start("-m", "tests.emulators.mt5", "--mode", mode, "--balance", "1000000")
        assert self._terminal.stdout is not None
        self._addresses = json.loads(self._terminal.stdout.readline())
        self._control = httpx.Client(timeout=20)
        self._facts: list[dict[str, Any]] = []
        for name in MIDDLES:  # campaigns run at weekends too
            self.do("symbol", name=name, sessions=[(day, 0, 1440) for day in range(7)])
        self.step()
        self._package = remote(self._addresses["url"])
        assert self._package.initialize()
        self.start_bridge()

    def do(self, command: str, **how: Any) -> Any:
        """Work the terminal, or the broker behind it."""
        answer = self._control.post(self._addresses["control_url"], json={"do": command, **how})
        assert answer.status_code == 200, answer.text
        return answer.json()["result"]

    def see(self, call: str) -> Any:
        """What the terminal shows to a program of its own."""
        shown = getattr(self._package, call)()
        assert shown is not None, self._package.last_error()
        return shown

    def ledger(self) -> list[dict[str, Any]]:
        """All that was executed, the oldest first."""
        self._facts += self.do("ledger", since=len(self._facts))
        return self._facts

    def step(self) -> None:
        """The prices move."""
        for name, middle in MIDDLES.items():
            bid = Decimal(middle + self._chance.randint(-STRAY, STRAY)) / 100_000
            self.do("show", name=name, bid=str(bid), ask=str(bid + Decimal("0.0001")))

    @asynccontextmanager
    async def moving(self) -> AsyncIterator[None]:
        """The prices move all the time."""

        async def move() -> None:
            while True:
                await asyncio.sleep(STEP_S)
                await asyncio.to_thread(self.step)

        task = asyncio.create_task(move())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def dawdle(self, chance: random.Random) -> None:
        """From now on requests take a while, before they are executed or after: the kill finds some under way.

        Now and then the terminal is behind with its history, too.
        """
        self.do("disarm")
        for operation in OPERATIONS:
            name, seconds = chance.choice(("hang_before", "hang_after")), chance.uniform(0.005, 0.15)
            self.do("arm", name=name, on=f"order_send:{operation}", times=0, seconds=seconds)
        if chance.random() < 0.3:
            self.do("arm", name="lag", times=0, seconds=BEHIND_S, what=["history"])

    def hurry(self) -> None:
        """Requests are done at once again."""
        self.do("disarm")

    def start_bridge(self) -> None:
        settings = {"PORT": str(self.port), "TOKEN": TOKEN}
        environ = {f"TILLER_BRIDGE__{name}": value for name, value in settings.items()}
        environ |= {"TILLER_DATA_DIR": str(self.folder / "bridge"), "TILLER_LOGS__LEVEL": "warning"}
        self._bridge = self._start("-m", "tests.bridge.process", self._addresses["url"], **environ)
        assert self._bridge.stdout is not None
        assert "listening" in self._bridge.stdout.readline(), f"see {self.folder / 'broker.log'}"

    def kill_bridge(self) -> None:
        kill(self._bridge)

    def close(self) -> None:
        self._control.close()
        for process in (self._bridge, self._terminal):
            kill(process)

    def _start(self, *command: str, **environ: str) -> "subprocess.Popen[str]":
        with (self.folder / "broker.log").open("a") as log:
            return subprocess.Popen(
                [sys.executable, *command], cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=log, text=True
            )
