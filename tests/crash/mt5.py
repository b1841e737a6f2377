"""Rounds at an emulated MetaTrader 5 terminal behind `tiller bridge`: the bot, the bridge or both are killed.

The terminal is a process that lives through all of them, its prices move, and its ledger is what the journal is held
against. The account is netting, in dollars, on a desk that counts USDT.
"""

import asyncio
import json
import random
import socket
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing, suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from tests.bridge.crash import KINDS, TOKEN, kill
from tests.crash.bot import Answers, Bot, again, ask, keyed, load, ready, say, told
from tests.emulators.process import ROOT
from tests.faults.books import ZERO, Difference

LINES = (
    "/buy EURUSD 0.01",
    "/buy EURUSD 0.03 sl=1.0700 tp=1.0900",
    "/buy EURUSD 0.01 1.0785",
    "/buy EURUSD 0.01 stop=1.0812",
    "/sell EURUSD 0.02",
    "/sell EURUSD 0.01 1.0815",
    "/close EURUSD 50%",
    "/close EURUSD",
    "/sl EURUSD 1.0720",
    "/cancel EURUSD",
)
MIDDLE, STRAY = 108_000, 120  # points
STEP_S, PAUSE_S = 0.1, 0.1
SETTLED_S = 120
PASSING = ("INITIALIZED", "SUBMITTED", "PENDING_CANCEL")


class Broker:
    """The processes of the terminal and of the bridge beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._chance = folder, random.Random(1)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._terminal = self._start("-m", "tests.emulators.mt5", "--mode", "netting", "--balance", "1000000")
        assert self._terminal.stdout is not None
        self._addresses = json.loads(self._terminal.stdout.readline())
        self._control = httpx.Client(timeout=20)
        self.do("symbol", name="EURUSD", sessions=[(day, 0, 1440) for day in range(7)])  # campaigns run at weekends too
        self.step()
        self.start_bridge()

    def do(self, command: str, **how: Any) -> Any:
        answer = self._control.post(self._addresses["control_url"], json={"do": command, **how})
        assert answer.status_code == 200, answer.text
        return answer.json()["result"]

    def step(self) -> None:
        """The price moves."""
        bid = Decimal(MIDDLE + self._chance.randint(-STRAY, STRAY)) / 100_000
        self.do("show", name="EURUSD", bid=str(bid), ask=str(bid + Decimal("0.0001")))

    def dawdle(self, chance: random.Random) -> None:
        """From now on requests take a while, before they are executed or after: the kill finds some under way."""
        self.do("disarm")
        for name in ("hang_before", "hang_after"):
            self.do("arm", name=name, times=0, seconds=chance.uniform(0.01, 0.2))

    def start_bridge(self) -> None:
        settings = {"PORT": str(self.port), "TOKEN": TOKEN}
        environ = {f"TILLER_BRIDGE__{name}": value for name, value in settings.items()}
        environ |= {"TILLER_DATA_DIR": str(self.folder / "bridge"), "TILLER_LOGS__LEVEL": "warning"}
        self.bridge = self._start("-m", "tests.bridge.process", self._addresses["url"], **environ)
        assert self.bridge.stdout is not None
        assert "listening" in self.bridge.stdout.readline(), f"see {self.folder / 'broker.log'}"

    def _start(self, *command: str, **environ: str) -> "subprocess.Popen[str]":
        with (self.folder / "broker.log").open("a") as log:
            return subprocess.Popen(
                [sys.executable, *command], cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=log, text=True
            )

    def close(self) -> None:
        self._control.close()
        for process in (self.bridge, self._terminal):
            kill(process)


class Mt5:
    """An account that trades live at the emulated broker."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._told: set[str] = set()
        (folder / "bridge").mkdir(exist_ok=True)
        self._broker = Broker(folder)
        account = {
            "VENUE": "mt5",
            "TRANSPORT": "bridge",
            "LOGIN": "5001",
            "PASSWORD": "secret",
            "SERVER": "Emulated-Demo",
            "BRIDGE_URL": f"ws://127.0.0.1:{self._broker.port}",
            "BRIDGE_TOKEN": TOKEN,
        }
        limits = ("MAX_ORDER_VALUE", "MAX_POSITION_VALUE", "MAX_TOTAL_EXPOSURE", "MAX_LEVERAGE")
        self._settings = {
            **{f"TILLER_ACCOUNTS__MAIN__{name}": value for name, value in account.items()},
            **{f"TILLER_RISK__{name}": "1000000" for name in limits},
            "TILLER_CONFIRM__ORDERS": "never",
            "TILLER_RATES": '{ USD = "1" }',
        }

    @property
    def orders(self) -> int:
        return len(self._told)

    def close(self) -> None:
        self._broker.close()

    async def round(self, number: int, chance: random.Random) -> tuple[int, int]:
        """Start, load, kill; start again, send again, wait until all is known. Answers what differs then."""
        moving = asyncio.create_task(self._move())
        answered: Answers = {}
        lines = keyed(number, (chance.choice(LINES) for _ in range(400)))
        try:
            with Bot(self.folder, self._settings) as bot:
                found = await self._killed(bot, KINDS[number % len(KINDS)], lines, answered, chance)
            with Bot(self.folder, self._settings) as bot:
                async with bot.client() as client:
                    await ready(client)
                    await again(client, lines, answered, most=4)
                    self._told |= told(answered)
                    more = await self._settled(client)
        finally:
            moving.cancel()
            with suppress(asyncio.CancelledError):
                await moving
        found.doubled += more.doubled
        found.lost += more.lost
        if found:
            print(found)
        return len(found.doubled), len(found.lost)

    async def _killed(
        self, bot: Bot, kind: str, lines: dict[str, str], answered: Answers, chance: random.Random
    ) -> Difference:
        """A life under load, until the kill; a bot that lives on must find everything out by itself."""
        async with bot.client() as client:
            await ready(client)
            await _go_live(client)
            self._broker.dawdle(chance)
            sending = asyncio.create_task(load(client, lines, answered, PAUSE_S))
            await asyncio.sleep(chance.uniform(0.0, 3.0))
            if kind != "client":
                kill(self._broker.bridge)
            if kind != "bridge":
                bot.kill()
            if kind != "client":
                await asyncio.sleep(chance.uniform(0.0, 1.0))
                await asyncio.to_thread(self._broker.start_bridge)
            if kind == "bridge":
                await asyncio.sleep(2)
                sending.cancel()
            with suppress(asyncio.CancelledError):
                await sending
            self._broker.do("disarm")
            return await self._settled(client) if kind == "bridge" else Difference()

    async def _move(self) -> None:
        while True:
            await asyncio.sleep(STEP_S)
            await asyncio.to_thread(self._broker.step)

    async def _settled(self, client: httpx.AsyncClient) -> Difference:
        found = Difference()
        for _ in range(SETTLED_S):
            await ask(client, "POST", "/api/v1/orders/sync")
            if not (found := self._compare()):
                break
            await asyncio.sleep(1)
        return found

    def _compare(self) -> Difference:
        """The journal's projections, read behind the process's back, against the terminal's ledger."""
        with closing(sqlite3.connect(f"file:{self.folder / 'tiller.db'}?mode=ro", uri=True)) as database:
            orders = database.execute("SELECT id, status, in_doubt FROM orders WHERE mode = 'live'").fetchall()
            fills = database.execute("SELECT trade_id FROM fills WHERE mode = 'live'").fetchall()
            money = database.execute("SELECT amount FROM balances WHERE mode = 'live' AND currency = 'USD'").fetchone()
            held = database.execute("SELECT quantity FROM positions WHERE mode = 'live'").fetchall()
        ledger, ours = self._broker.do("ledger"), Counter(trade for (trade,) in fills)
        deals = {str(row["deal"]) for row in ledger if row["kind"] == "deal"}
        sent = {row["comment"].partition("-")[0] for row in ledger if row["kind"] == "order" and row["comment"]}
        found = Difference()
        found.doubled += [f"accepted more than once: {each}" for each in self._broker.do("doubled")]
        found.doubled += [f"deal {deal}: {count} times in our books" for deal, count in ours.items() if count > 1]
        found.lost += [f"deal {deal} is on one side only" for deal in sorted(deals ^ ours.keys())]
        known = {order_id for order_id, _, _ in orders}
        found.lost += [f"order {each} is not in our books" for each in sorted((sent | self._told) - known)]
        found.lost += [f"order {each} is {state}" for each, state, doubt in orders if doubt or state in PASSING]
        mine, its = Decimal(str(money[0])) if money else ZERO, Decimal(self._broker.do("balance"))
        found.lost += [f"balance: we say {mine}, the broker {its}"] if mine != its else []
        lots = sum((Decimal(str(quantity)) for (quantity,) in held), ZERO)
        net = sum((Decimal(p["volume"]) * (1 - 2 * p["type"]) for p in self._broker.do("positions")), ZERO)
        found.lost += [f"position: we say {lots}, the broker {net}"] if lots != net else []
        return found


async def _go_live(client: httpx.AsyncClient) -> None:
    asked = await say(client, "/mode main live")
    for button in asked["buttons"]:
        if button["line"].lstrip("/").startswith("confirm "):
            done = await say(client, f"{button['line']} {asked['phrase']}")
            assert done["ok"], done
