"""The campaign: each body goes to the address with the secret, and to the one without."""

import asyncio
import random
import re
from collections import Counter
from pathlib import Path

import httpx

from bot.web.auth import Buckets
from tests.bodies.mutations import body
from tests.bot.web.served import Served, served
from tests.bot.webhooks.alerting import SECRET, SOURCES
from trading.incoming import Incoming

AT_ONCE = 8
ANSWERS = {200, 401, 413, 415, 422}
SAYS = {"BUY": re.compile(rb"buy|long"), "SELL": re.compile(rb"sell|short")}
EITHER = re.compile(rb"position|target|close|exit|flat|cover|\\u00")  # where the account's position decides, too


class Found:
    """What happened; `wrong` must stay empty."""

    def __init__(self) -> None:
        self.statuses: Counter[int] = Counter()
        self.orders = 0
        self.wrong: list[str] = []


async def campaign(folder: Path, count: int, seed: int) -> Found:
    """Send `count` bodies, and hold every order against the body that led to it."""
    chance, found = random.Random(seed), Found()
    bodies: dict[str, bytes] = {}
    async with served(folder, SOURCES) as desk:
        desk.server.state.alert_rates.sources = Buckets(1e9, 1e9, lambda: 0.0)
        desk.server.state.alert_rates.strangers = Buckets(1e9, 1e9, lambda: 0.0)
        left = count

        async def sender() -> None:
            nonlocal left
            while left > 0:
                left -= 1
                secret = chance.choice(("", "", SECRET, SECRET[:-1]))
                await _send(desk, body(chance, secret), found, bodies)

        await asyncio.gather(*(sender() for _ in range(AT_ONCE)))
        await desk.app.book.until(lambda: all(a.outcome is not None for a in desk.app.book.all(Incoming)), 60)
        _judge(desk, found, bodies)
    return found


async def _send(desk: Served, sent: bytes, found: Found, bodies: dict[str, bytes]) -> None:
    nameless = await _post(desk, "/webhooks/pine", sent)
    found.statuses[nameless.status_code] += 1
    if SECRET.encode() not in sent and nameless.status_code != 401:
        found.wrong.append(f"{sent!r} was believed without a secret: {nameless.status_code}")
    named = await _post(desk, f"/webhooks/pine/{SECRET}", sent)
    found.statuses[named.status_code] += 1
    for answer in (nameless, named):
        if answer.status_code not in ANSWERS:
            found.wrong.append(f"{sent!r} was answered {answer.status_code}: {answer.text}")
        elif answer.status_code == 200:
            bodies.setdefault(answer.json()["id"], sent)
        elif SECRET in answer.text:
            found.wrong.append(f"{sent!r}: the answer has the secret")


async def _post(desk: Served, path: str, sent: bytes) -> httpx.Response:
    return await desk.nobody.post(path, content=sent, headers={"Content-Type": "text/plain"})


def _judge(desk: Served, found: Found, bodies: dict[str, bytes]) -> None:
    """Every order must come from an alert that was believed, and be on a side that its body says."""
    alerts = {order_id: alert.id for alert in desk.app.book.all(Incoming) for order_id in alert.order_ids}
    for order in desk.app.book.recent_orders():
        if order.parent_id:
            continue
        found.orders += 1
        sent = bodies.get(alerts.get(order.id, ""), b"")
        said = re.sub(rb"[^a-z\\]|secret", b"", sent.lower().replace(SECRET.encode(), b""))
        if not SAYS[order.side].search(said) and not EITHER.search(said):
            found.wrong.append(f"{order.side} {order.symbol} came from {sent!r}")
