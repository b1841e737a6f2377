"""What the process watches: the KILL file, and the journal for its metrics."""

import asyncio

from bot import kill_file
from bot.desk import LiveDesk
from bot.metrics import Metrics
from trading import events as e
from trading.book import Book
from trading.control import Latch
from trading.intent import Origin

LOOK_S = 0.5


async def watch_kill_file(desk: LiveDesk) -> None:
    """Obey a KILL file in the data directory, once for each file; `flatten` in it closes positions too."""
    while True:
        obey_kill = kill_file.read(desk.kill_file)
        if obey_kill is not None:
            key, flatten = obey_kill
            origin = Origin("local:shell", "file", "KILL file")
            await desk.killer.kill(key, "all", origin, flatten=flatten, reason="KILL file")
        await asyncio.sleep(LOOK_S)


def count(entry: e.Recorded, metrics: Metrics, book: Book) -> None:
    """Keep the metrics in step with the journal."""
    event = entry.event
    if entry.seq == book.journal.last_seq:  # the last one of its append
        metrics.appended(book.append_s)
    order = book.order(e.order_of(event))
    if isinstance(event, e.OrderFilled) and order is not None:
        metrics.fill(order.account)
        metrics.order(order.account, order.status)
    elif isinstance(event, e.OrderDenied):
        metrics.denial(event.code)
    elif isinstance(event, e.OrderRejected | e.OrderAccepted | e.OrderCanceled | e.OrderExpired) and order is not None:
        metrics.order(order.account, order.status)
    elif isinstance(event, e.AlertSettled | e.AlertResent):
        metrics.alert(event.source, event.outcome if isinstance(event, e.AlertSettled) else "duplicate")
    elif isinstance(event, e.TradingStateChanged):
        latch = book.get(Latch, "all")
        metrics.trading_state(latch.state if latch else e.TradingState.ACTIVE)
