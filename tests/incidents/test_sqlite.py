"""The database is held by somebody else, or cannot be written: nothing is acted on, and nothing is lost."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from tests.bot.test_desk import PAPER
from tests.incidents.desk import Desk, at_a_venue
from tests.running import Running, running
from trading import events as e
from trading.errors import JournalError
from trading.journal.store import sqlite_path
from trading.order import OrderStatus

D = Decimal


@contextmanager
def held(desk: Running) -> Iterator[None]:
    """Another program holds the database, as a backup tool or a browser of databases does."""
    other = sqlite3.connect(sqlite_path(desk.app.settings.database.url), isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


async def turns(count: int = 30) -> None:
    """Let others run; each of them that wants to write finds the database held."""
    for _ in range(count):
        await asyncio.sleep(0)


async def test_a_fill_that_arrives_while_the_database_is_held_is_booked_afterwards(tmp_path: Path) -> None:
    """inc76: the database was locked while a fill was handled, and the fill was lost."""
    async with running(tmp_path) as desk:
        placed = await desk.say("/buy BTC/USDT 0.002 59000")
        await desk.app.supervisor.stop()  # we hear the venue by hand from here on
        order = desk.app.book.order(placed.order_id or "")
        assert order is not None
        venue = desk.app.desk.executors[PAPER]
        await venue.amend(order, order.quantity, D(64000), None)  # it crosses the market and fills
        (fill,) = await venue.fills(order.created_at)
        with held(desk):
            hearing = asyncio.create_task(desk.app.desk.oms.on_report(PAPER, fill))
            await turns()
            assert not hearing.done()
            assert not desk.app.book.positions(PAPER)
        await hearing
        assert desk.app.book.positions(PAPER)[0].quantity == D("0.002")
        assert await desk.app.store.verify_chain() == desk.app.store.last_seq


async def test_the_desk_answers_while_the_database_is_held_and_acts_afterwards(tmp_path: Path) -> None:
    """inc77: a locked database stopped everything, also what only had to be read."""
    async with running(tmp_path) as desk:
        assert (await desk.say("/buy BTC/USDT 0.001")).ok
        with held(desk):
            buying = asyncio.create_task(desk.say("/buy ETH/USDT 0.01"))
            await turns()
            for line in ("/status", "/positions", "/orders", "/trades", "/price BTC/USDT"):
                assert (await desk.say(line)).ok, line
            assert not buying.done()
        reply = await buying
        assert reply.ok, reply.text
        assert len(desk.app.book.positions(PAPER)) == 2


@at_a_venue(agrees=False)
async def test_what_cannot_be_written_down_is_not_sent(desk: Desk) -> None:
    """inc76: with a full disk orders went out that nobody could remember afterwards."""
    desk.world.journal.problem = "The journal was not written: database or disk is full."
    for _ in range(3):
        with pytest.raises(JournalError, match="disk is full"):
            await desk.buy("1")
    assert desk.venue.sent == 0
    assert desk.book.recent_orders() == []
    desk.world.journal.problem = ""
    assert (await desk.buy("1")).status is OrderStatus.FILLED


@at_a_venue(agrees=False)
async def test_fills_that_could_not_be_written_down_are_found_again(desk: Desk) -> None:
    """inc76: fills came while the disk was full; the desk says so, lives, and has them once there is room."""
    order = await desk.buy("1", "90", stop_loss="80")
    desk.world.journal.problem = "The journal was not written: database or disk is full."
    await desk.show("89x1000", "90x1000")
    await asyncio.sleep(10 * 60)
    assert any("disk is full" in text for text in desk.mishaps)
    assert len(desk.mishaps) < 100
    desk.world.journal.problem = ""
    await asyncio.sleep(2 * 60)
    assert desk.now(order).status is OrderStatus.FILLED
    assert len(desk.events(e.OrderFilled)) == 1
    assert sum(leg.remaining for leg in desk.open()) == desk.held() == 1
