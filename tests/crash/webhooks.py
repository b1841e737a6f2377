"""Rounds of alerts on the paper venue: what was answered 200 is done once, whenever the process was killed after it."""

import asyncio
import json
import random
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import httpx

from tests.crash.bot import Bot, ask, ready
from tests.crash.paper import Paper

SECRET = "swordfish-0123456789"
SOURCE = {
    "TILLER_WEBHOOKS__PINE__SECRET": SECRET,
    "TILLER_WEBHOOKS__PINE__ACCOUNT": "demo",
    "TILLER_WEBHOOKS__PINE__MAX_AGE_S": "3600",
}
ORDERS = (
    {"action": "buy", "symbol": "ETH/USDT", "size": "$20"},
    {"action": "sell", "symbol": "ETH/USDT", "size": "$15"},
    {"action": "buy", "symbol": "SOL/USDT", "size": "$25", "sl": "50"},
    {"action": "target", "symbol": "BTC/USDT", "position": "long", "size": "0.001"},
    {"action": "target", "symbol": "BTC/USDT", "position": "flat"},
    {"action": "close", "symbol": "SOL/USDT", "size": "50%"},
)
PAUSE_S = 0.01  # of each sender after an alert
DONE_S = 60
Receipts = dict[str, str]
"""The alert that each body became."""


class Webhooks(Paper):
    """The paper venue, where every order comes from an alert."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._receipts: Receipts = {}

    async def round(self, number: int, chance: random.Random) -> tuple[int, int]:
        """Start, send, kill; start again, send again, wait until all is done. Answers what is there twice or not."""
        bodies = [json.dumps({**chance.choice(ORDERS), "id": f"{number}-{n}"}) for n in range(400)]
        receipts: Receipts = {}
        with Bot(self.folder, SOURCE) as bot:
            async with bot.client() as client:
                await ready(client)
                sending = asyncio.create_task(_send(client, bodies, receipts))
                await asyncio.sleep(chance.uniform(0.0, 1.5))
                bot.kill()
                await sending
        with Bot(self.folder, SOURCE) as bot:
            async with bot.client() as client:
                await ready(client)
                again: Receipts = {}
                unanswered = [body for body in bodies if body not in receipts][:8]
                await _send(client, [*receipts, *unanswered], again)
                moved = sum(again.get(body) != alert_id for body, alert_id in receipts.items())
                self._receipts |= again
                unsettled = await _settle(client, len(again))
                assert (await ask(client, "POST", "/api/v1/orders/sync")).json()["ok"]
        doubled, lost = self._compare()
        more, missing = self._alerts()
        return doubled + moved + more, lost + unsettled + missing

    def _alerts(self) -> tuple[int, int]:
        """Alerts that are in the journal, or were done, more than once; and those that are not, or were not."""
        with sqlite3.connect(f"file:{self.folder / 'tiller.db'}?mode=ro", uri=True) as database:
            found = _payloads(database, "AlertReceived")
            settled = _payloads(database, "AlertSettled")
            orders = {row[0] for row in database.execute("SELECT id FROM orders WHERE actor = 'webhook:pine'")}
        database.close()
        stored = Counter(json.loads(each["text"])["id"] for each in found)
        done = Counter(each["alert_id"] for each in settled)
        told = [order for each in settled for order in each.get("order_ids", [])]
        self._told |= set(told)
        doubled = sum(n - 1 for n in (*stored.values(), *done.values(), *Counter(told).values()))
        entries = {order for order in orders if self._is_entry(order)}
        lost = len(set(self._receipts.values()) - done.keys()) + len(set(told) - orders) + len(entries - set(told))
        return doubled, lost

    def _is_entry(self, order_id: str) -> bool:
        """Whether an order was asked for by a line: stops and targets are made by the desk."""
        with sqlite3.connect(f"file:{self.folder / 'tiller.db'}?mode=ro", uri=True) as database:
            row = database.execute("SELECT parent_id FROM orders WHERE id = ?", (order_id,)).fetchone()
        database.close()
        return not row[0]


def _payloads(database: sqlite3.Connection, kind: str) -> list[dict[str, Any]]:
    return [json.loads(row[0]) for row in database.execute("SELECT payload FROM events WHERE type = ?", (kind,))]


async def _send(client: httpx.AsyncClient, bodies: list[str], receipts: Receipts) -> None:
    """Send alerts, four at a time, until the process dies."""
    waiting = iter(bodies)

    async def sender() -> None:
        for body in waiting:
            try:
                answer = await ask(client, "POST", f"/webhooks/pine/{SECRET}", content=body)
            except httpx.TransportError:
                return
            assert answer.status_code == 200, answer.text
            receipts[body] = answer.json()["id"]
            await asyncio.sleep(PAUSE_S)

    await asyncio.gather(*(sender() for _ in range(4)))


async def _settle(client: httpx.AsyncClient, recent: int) -> int:
    """Wait until the alerts sent last have an outcome; answers how many have none after a while."""
    unsettled = 0
    for _ in range(DONE_S * 10):
        rows = (await ask(client, "GET", "/api/v1/webhooks", params={"limit": 1000})).json()
        unsettled = sum(row["outcome"] is None for row in rows)
        if len(rows) >= min(recent, 1000) and not unsettled:
            return 0
        await asyncio.sleep(0.1)
    return unsettled
