"""Rounds on the paper venue: the journal against the venue's own books, which are in the same database."""

import json
import random
import sqlite3
from collections import Counter
from pathlib import Path

from tests.crash.bot import Answers, Bot, again, ask, burst, keyed, ready, told

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


class Books:
    """The venue's truth and the journal's, read from the database behind the process's back."""

    def __init__(self, folder: Path) -> None:
        with sqlite3.connect(f"file:{folder / 'tiller.db'}?mode=ro", uri=True) as database:
            rows = database.execute("SELECT key, value FROM venue_state WHERE venue = 'demo'").fetchall()
            ours = database.execute("SELECT trade_id FROM fills").fetchall()
            orders = database.execute("SELECT id, status FROM orders").fetchall()
        database.close()
        self.venue_trades = {json.loads(value)["trade_id"] for key, value in rows if key.startswith("trade/")}
        self.venue_orders = Counter(json.loads(value)["order_id"] for key, value in rows if key.startswith("order/"))
        self.our_trades = Counter(trade for (trade,) in ours)
        self.orders = dict(orders)


class Paper:
    """The paper venue with its books in the bot's database."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._told: set[str] = set()

    async def round(self, number: int, chance: random.Random) -> tuple[int, int]:
        """Start, load, kill; start again, send again. Answers how many are there twice, and how many are missing."""
        answered: Answers = {}
        lines = keyed(number, (chance.choice(LINES) for _ in range(400)))
        with Bot(self.folder) as bot:
            await burst(bot, lines, chance.uniform(0.0, 1.5), answered)
        with Bot(self.folder) as bot:
            async with bot.client() as client:
                await ready(client)
                await again(client, lines, answered)
                synced = (await ask(client, "POST", "/api/v1/orders/sync")).json()
                assert "see /reconcile" not in str(synced), synced
                open_orders = (await ask(client, "GET", "/api/v1/orders", params={"status": "open"})).json()
                assert not [o for o in open_orders if o["status"] == "SUBMITTED"], "an order is still in doubt"
        self._told |= told(answered)
        return self._compare()

    @property
    def orders(self) -> int:
        return len(self._told)

    def close(self) -> None: ...

    def _compare(self) -> tuple[int, int]:
        books = Books(self.folder)
        doubled = sum(count - 1 for count in books.venue_orders.values())
        doubled += sum(count - 1 for count in books.our_trades.values())
        lost = len(books.venue_trades ^ set(books.our_trades))
        lost += len(set(books.venue_orders) - set(books.orders)) + len(self._told - set(books.orders))
        return doubled, lost
