"""`python -m tests.crash --rounds N`: kill -9 a real desk under load, at random moments, and compare.

Each round starts the bot on the same data directory, sends orders with keys, kills the process, starts
it again, sends everything that was never answered once more with the same keys, and then holds the
journal against the paper venue's own books. Closes with `N rounds, 0 doubled, 0 lost`.
"""

import argparse
import asyncio
import json
import random
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import httpx

LINES = (
    "/buy BTC/USDT $40",
    "/buy ETH/USDT $30 3000 sl=2900 tp=3600",
    "/buy SOL/USDT $25 sl=150 tp=200",
    "/buy BTC/USDT $30 60000",
    "/sell BTC/USDT $20",
    "/close SOL/USDT 50%",
    "/cancel ETH/USDT",
    "/close ETH/USDT",
    "/sell SOL/USDT $15 190",
)
READY_S = 60


class Bot:
    """One life of the process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        command = [sys.executable, "-m", "bot", "run", "--data-dir", str(folder), "--port", "0"]
        settings = {
            "TILLER_RISK__MAX_ORDERS_PER_MINUTE": "100000",
            "TILLER_RISK__DUPLICATE_WINDOW_S": "0",
            "TILLER_RISK__MAX_OPEN_ORDERS_PER_SYMBOL": "1000",
            "TILLER_RISK__MAX_DAILY_LOSS": "1000000",
            "TILLER_MARKET__SPEED": "30",
            "TILLER_MARKET__INTERVAL_S": "0.1",
        }
        self.log = (folder / "bot.log").open("ab")
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=self.log, env={"PATH": "/usr/bin:/bin", **settings}, text=True
        )
        self.url = self._address()
        self.token = (folder / "token").read_text().strip()

    def _address(self) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if match := re.search(r"(http://127\.0\.0\.1:\d+)/login", line):
                return match[1]
        raise SystemExit(f"the bot did not start: see {self.folder / 'bot.log'}")

    def client(self) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=20)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.log.close()


async def ready(client: httpx.AsyncClient) -> None:
    """Wait until the desk is reconciled."""
    for _ in range(READY_S * 10):
        try:
            if (await client.get("/readyz")).status_code == 200:
                return
        except httpx.TransportError:
            pass
        await asyncio.sleep(0.1)
    raise SystemExit("the bot is not ready after a minute")


async def load(client: httpx.AsyncClient, lines: dict[str, str], answered: dict[str, dict[str, object]]) -> None:
    """Send lines, four at a time, until the process dies."""
    waiting = iter(lines.items())

    async def worker() -> None:
        for key, line in waiting:
            try:
                answer = await client.post("/api/v1/commands", json={"line": line, "key": key})
            except httpx.TransportError:
                return
            if answer.status_code == 200:
                answered[key] = answer.json()

    await asyncio.gather(*(worker() for _ in range(4)))


class Books:
    """The venue's truth and the journal's, read from the database behind the process's back."""

    def __init__(self, folder: Path) -> None:
        with sqlite3.connect(f"file:{folder / 'tiller.db'}?mode=ro", uri=True) as database:
            rows = database.execute("SELECT key, value FROM venue_state WHERE venue = 'demo'").fetchall()
            ours = database.execute("SELECT trade_id FROM fills").fetchall()
            orders = database.execute("SELECT id, status FROM orders").fetchall()
        self.venue_trades = {json.loads(value)["trade_id"] for key, value in rows if key.startswith("trade/")}
        self.venue_orders = Counter(json.loads(value)["order_id"] for key, value in rows if key.startswith("order/"))
        self.our_trades = Counter(trade for (trade,) in ours)
        self.orders = dict(orders)


async def one_round(number: int, folder: Path, chance: random.Random) -> set[str]:
    """Start, load, kill; start again, send again what was not answered. Answers the order ids people were told."""
    answered: dict[str, dict[str, object]] = {}
    lines = {f"crash:{number}:{n}": chance.choice(LINES) for n in range(400)}
    bot = Bot(folder)
    async with bot.client() as client:
        await ready(client)
        sending = asyncio.create_task(load(client, lines, answered))
        await asyncio.sleep(chance.uniform(0.0, 1.5))
        bot.kill()
        await sending
    before = dict(answered)
    unanswered = [key for key in lines if key not in answered][:8]
    bot = Bot(folder)
    async with bot.client() as client:
        await ready(client)
        await load(client, {key: lines[key] for key in [*unanswered, *before]}, answered)
        for key, answer in before.items():
            assert answered[key]["order_id"] == answer["order_id"], f"{key} was answered with another order"
        synced = (await client.post("/api/v1/orders/sync")).json()
        assert "see /reconcile" not in str(synced), synced
        open_orders = (await client.get("/api/v1/orders", params={"status": "open"})).json()
        assert not [o for o in open_orders if o["status"] == "SUBMITTED"], "an order is still in doubt"
    bot.kill()
    return {str(answer["order_id"]) for answer in answered.values() if answer["order_id"]}


def compare(folder: Path, told: set[str]) -> tuple[int, int]:
    """How many orders or fills are there twice, and how many are missing."""
    books = Books(folder)
    doubled = sum(count - 1 for count in books.venue_orders.values())
    doubled += sum(count - 1 for count in books.our_trades.values())
    lost = len(books.venue_trades ^ set(books.our_trades))
    lost += len(set(books.venue_orders) - set(books.orders)) + len(told - set(books.orders))
    return doubled, lost


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    doubled = lost = 0
    with tempfile.TemporaryDirectory() as name:
        folder, told = Path(name), set[str]()
        for number in range(1, options.rounds + 1):
            told |= asyncio.run(one_round(number, folder, chance))
            doubled, lost = compare(folder, told)
            if doubled or lost:
                print(f"round {number}: {doubled} doubled, {lost} lost; replay with --seed {options.seed}")
                break
            if number % 10 == 0:
                print(f"{number} rounds, {len(told)} orders", flush=True)
        verified = subprocess.run(
            [sys.executable, "-m", "bot", "journal", "verify", "--data-dir", name], capture_output=True, text=True
        )
        print((verified.stdout or verified.stderr).strip())
        print(f"{number} rounds, {doubled} doubled, {lost} lost")
    return 1 if doubled or lost or verified.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
