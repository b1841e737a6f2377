"""What the tests of alerts from outside share: a desk with sources, and what became of an alert."""

import hashlib
import hmac
from datetime import datetime

from bot.app import App
from bot.webhooks.inbox import Receipt
from bot.webhooks.sources import Source
from handlers.actor import Actor, Role
from handlers.alerts import Alert, alert_of
from trading import events as e
from trading.incoming import Incoming
from trading.instruments import ZERO, plain
from trading.intent import AccountId, Mode
from trading.order import Order

SECRET = "swordfish-0123456789"
EVA = Actor("person:eva", "Eva", Role.ADMIN)
DEMO = AccountId("demo", Mode.PAPER)
SOURCES = f"""
[risk]
duplicate_window_s = 0
max_orders_per_minute = 100000

[strategies.idle]
class = "sma_cross"
account = "demo"
symbols = ["SOL/USDT"]
timeframe = "1d"
autostart = false

[webhooks.pine]
secret = "{SECRET}"
account = "demo"
symbols = {{ "BINANCE:BTCUSDT" = "BTC/USDT" }}

[webhooks.walled]
secret = "{SECRET}"
account = "demo"
allow_ips = "tradingview"

[webhooks.pinned]
secret = "{SECRET}"
account = "demo"
client_certificate = "ab:cd:ef"

[webhooks.proved]
secret = "{SECRET}"
account = "demo"
client_certificate = "tradingview"

[webhooks.asking]
secret = "{SECRET}"
account = "demo"
confirm = "always"

[webhooks.watcher]
secret = "{SECRET}"
account = "demo"
role = "viewer"

[webhooks.mute]
account = "demo"
"""


def signature(body: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def stamped(body: bytes, at: datetime, secret: str = SECRET) -> dict[str, str]:
    """The headers of a signature with a time."""
    stamp = str(int(at.timestamp()))
    return {"X-Timestamp": stamp, "X-Signature": signature(stamp.encode() + b"." + body, secret)}


async def settled(app: App, alert_id: str, timeout_s: float = 10.0) -> Incoming:
    """The alert once it has an outcome."""
    found: list[Incoming] = []

    def done() -> bool:
        alert = app.book.get(Incoming, alert_id)
        if alert is not None and alert.outcome is not None:
            found.append(alert)
        return bool(found)

    assert await app.book.until(done, timeout_s), "the alert was not settled"
    return found[0]


def orders_of(app: App, source: str = "pine") -> list[Order]:
    """The orders that a source led to, oldest first."""
    return [order for order in app.book.recent_orders()[::-1] if order.actor == f"webhook:{source}"]


def source(app: App, name: str = "pine") -> Source:
    found = app.desk.sources.find(name)
    assert found is not None
    return found


async def take(app: App, body: str, name: str = "pine") -> Receipt:
    return await app.inbox.receive(source(app, name), body.encode())


async def done(app: App, body: str, name: str = "pine") -> Incoming:
    """The alert, once something became of it."""
    return await settled(app, (await take(app, body, name)).alert_id)


def held(app: App, symbol: str) -> str:
    position = app.book.position(DEMO, symbol)  # type: ignore[arg-type]
    return plain(position.quantity if position else ZERO)


def told(app: App, entries: list[e.Recorded], alert_id: str) -> Alert:
    """The last that the chats are told of an alert."""
    of_it = [x for x in entries if isinstance(x.event, e.AlertSettled) and x.event.alert_id == alert_id]
    found = alert_of(of_it[-1], app.book)
    assert found is not None
    return found


async def journal(app: App) -> list[e.Recorded]:
    return [entry async for entry in app.store.read()]
