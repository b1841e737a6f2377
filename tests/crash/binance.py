"""Rounds at an emulated Binance in a process of its own, whose prices move: the journal against its ledger.

The bot is the real one with a live account there; the first thing it is told is to go live.
"""

import asyncio
import json
import random
import sqlite3
import subprocess
import sys
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from tests.crash.bot import Answers, Bot, again, ask, burst, keyed, ready, say, told
from tests.faults.books import ZERO, Difference, Ours, Terms, Theirs, Trade, compare, spot_books

KEY, SECRET = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zv", "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP"
LINES = (
    "/buy BTC/USDT $60",
    "/buy BTC/USDT 0.001 60020 sl=59700 tp=60400",
    "/buy ETH/USDT $40 2990",
    "/buy ETH/USDT $30 sl=2950 tp=3050",
    "/buy BTC/USDT 0.001 stop=60120",
    "/sell BTC/USDT $50",
    "/sell BTC/USDT 0.001 60080",
    "/oco BTC/USDT 0.001 tp=60140 sl=59860",
    "/sl BTC/USDT 59720",
    "/close ETH/USDT 50%",
    "/cancel BTC/USDT",
    "/cancel ETH/USDT",
)
MIDDLES = {"BTCUSDT": (60_000, 150), "ETHUSDT": (3000, 12)}
"""Where prices are, and how far they stray from there."""
STEP_S = 0.05  # between two books
PAUSE_S = 0.1  # of each sender after a line: 100 orders may be placed in 10 s
SETTLED_S = 60  # certainty takes 15 s
OPEN = ("SUBMITTED", "ACCEPTED", "PARTIALLY_FILLED", "PENDING_CANCEL")


class Exchange:
    """The exchange's process."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.emulators.binance", "--key", KEY, "--secret", SECRET]
        command += ["--balance", "USDT=1000000", "--balance", "BTC=10", "--balance", "ETH=100"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.addresses: dict[str, str] = json.loads(self._process.stdout.readline())
        self._control = httpx.Client(timeout=20)
        self._ledger: list[dict[str, Any]] = []
        self._chance = random.Random(1)
        self.step()

    def do(self, command: str, **how: Any) -> Any:
        answer = self._control.post(self.addresses["control_url"], json={"do": command, **how})
        assert answer.status_code == 200, answer.text
        return answer.json()["result"]

    def step(self) -> None:
        """The prices move; now and then there is little to be had."""
        for symbol, (middle, far) in MIDDLES.items():
            price, size = middle + self._chance.randint(-far, far), self._chance.choice((0.0005, 0.002, 5))
            bids, asks = [[price, size], [price - 1, 5]], [[price + 1, size], [price + 2, 5]]
            self.do("show", symbol=symbol, bids=bids, asks=asks)

    def dawdle(self, chance: random.Random) -> None:
        """From now on orders take a while, before they are executed or after: the kill finds some under way."""
        self.do("disarm")
        for operations in ("POST *", "DELETE *"):
            queued, seconds = chance.random() < 0.5, chance.uniform(0.02, 0.4)
            self.do("arm", name="slow", on=operations, times=0, seconds=seconds, queued=queued)

    def books(self) -> Theirs:
        self._ledger += self.do("ledger", since=len(self._ledger))
        return spot_books(self._ledger, self.do("orders", account="main"), self.do("balances", account="main"), "main")

    def close(self) -> None:
        self._control.close()
        self._process.terminate()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


class Binance:
    """An account that trades live at the emulated exchange."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._told: set[str] = set()
        self._exchange = Exchange()
        settings = {
            "VENUE": "binance",
            "API_KEY": KEY,
            "API_SECRET": SECRET,
            **{name.upper(): self._exchange.addresses[name] for name in ("rest_url", "ws_api_url", "stream_url")},
        }
        self._settings = {f"TILLER_ACCOUNTS__MAIN__{name}": value for name, value in settings.items()}
        self._settings |= {
            "TILLER_MARKET__SYMBOLS": "BTC/USDT,ETH/USDT",
            "TILLER_CONFIRM__ORDERS": "never",
        }

    @property
    def orders(self) -> int:
        return len(self._told)

    def close(self) -> None:
        self._exchange.close()

    async def round(self, number: int, chance: random.Random) -> tuple[int, int]:
        """Start, load, kill; start again, send again, wait until all is known. Answers what differs then."""
        moving = asyncio.create_task(self._move())
        try:
            answered: Answers = {}
            lines = keyed(number, (chance.choice(LINES) for _ in range(400)))
            with self._start() as bot:
                await self._go_live(bot)
                self._exchange.dawdle(chance)
                await burst(bot, lines, chance.uniform(0.0, 4.0), answered, PAUSE_S)
            with self._start() as bot:
                async with bot.client() as client:
                    await ready(client)
                    await again(client, lines, answered, most=4)
                    moving.cancel()
                    self._told |= told(answered)
                    found = await self._settled(client)
        finally:
            moving.cancel()
            with suppress(asyncio.CancelledError):
                await moving
        if found:
            print(found)
        return len(found.doubled), len(found.lost)

    def _start(self) -> Bot:
        return Bot(self.folder, self._settings)

    async def _go_live(self, bot: Bot) -> None:
        async with bot.client() as client:
            await ready(client)
            asked = await say(client, "/mode main live")
            for button in asked["buttons"]:
                if button["line"].startswith("/confirm ") or button["line"].startswith("confirm "):
                    done = await say(client, f"{button['line']} {asked['phrase']}")
                    assert done["ok"], done

    async def _move(self) -> None:
        while True:
            await asyncio.sleep(STEP_S)
            await asyncio.to_thread(self._exchange.step)

    async def _settled(self, client: httpx.AsyncClient) -> Difference:
        found = Difference()
        for _ in range(SETTLED_S):
            await ask(client, "POST", "/api/v1/orders/sync")
            found = compare(self._ours(), self._exchange.books())
            if not found:
                break
            await asyncio.sleep(1)
        missing = self._told - self._ours().status.keys()
        found.lost += [
            f"order {order_id}: people were told of it, and our books do not have it" for order_id in missing
        ]
        return found

    def _ours(self) -> Ours:
        """The journal's projections, read behind the process's back."""
        database = sqlite3.connect(f"file:{self.folder / 'tiller.db'}?mode=ro", uri=True)
        orders = database.execute(
            "SELECT id, status, filled_quantity, quantity, limit_price, stop_price, in_doubt, reason FROM orders"
            " WHERE mode = 'live'"
        ).fetchall()
        fills = database.execute(
            "SELECT order_id, trade_id, quantity, price, fee_amount, fee_currency FROM fills WHERE mode = 'live'"
        ).fetchall()
        balances = database.execute("SELECT currency, amount FROM balances WHERE mode = 'live'").fetchall()
        database.close()
        ours = Ours()
        for order_id, trade_id, quantity, price, fee, currency in fills:
            ours.trades[Trade(order_id, trade_id, _number(quantity), _number(price), _number(fee), currency)] += 1
        for order_id, status, filled, quantity, limit, stop, in_doubt, reason in orders:
            ours.status[order_id], ours.filled[order_id] = status, _number(filled)
            if status in OPEN:
                ours.terms[order_id] = Terms(_number(quantity), _number(limit), _number(stop))
            if in_doubt or status in ("INITIALIZED", "SUBMITTED", "PENDING_CANCEL"):
                ours.unsettled.append(f"order {order_id} is {status}, in doubt {bool(in_doubt)}: {reason}")
        ours.money = {currency: _number(amount) for currency, amount in balances if _number(amount)}
        return ours


def _number(stored: Any) -> Decimal:
    return ZERO if stored is None else Decimal(str(stored))
