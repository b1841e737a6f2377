"""What people are told: nothing is called done that is not, and nothing that went wrong is kept from them."""

import asyncio
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from handlers.alerts import Alert, alert_of
from tests.bot.test_desk import PAPER
from tests.incidents.desk import BTC, Desk, at_a_venue
from tests.incidents.venue import DONE_UNHEARD, UNSURE, Fault, Faults, Line, nothing, refused
from tests.running import Running, running
from trading.errors import OutcomeUnknown
from trading.instruments import Side
from trading.intent import TimeInForce
from trading.order import OrderStatus
from trading.ports import Executor
from trading.reports import Rejected

D = Decimal


def behind_a_bad_line(desk: Running) -> Line:
    """Put a line that can be told to fail between a running desk and its venue; reports are not touched."""
    executors: dict[object, Executor] = desk.app.desk.executors  # type: ignore[assignment]
    line = Line(executors[PAPER], Faults())
    executors[PAPER] = line
    return line


def alerts(desk: Desk, after: int = 0) -> list[Alert]:
    """What every destination is told of the journal, from an entry on."""
    told = (alert_of(entry, desk.book) for entry in desk.world.journal.entries[after:])
    return [alert for alert in told if alert is not None]


# --- replies ---------------------------------------------------------------------------------


async def test_an_unknown_outcome_is_shown_everywhere_and_holds_the_symbol(tmp_path: Path) -> None:
    """inc02: a timeout was told as failed; the trader ordered again, and had it twice."""
    async with running(tmp_path) as desk:
        line = behind_a_bad_line(desk)
        line.faults.set("place", Fault(OutcomeUnknown("No answer within 10 s.")))
        line.faults.set("lookup", UNSURE, times=10**6)
        reply = await desk.say("/buy BTC/USDT 0.001")
        assert "UNKNOWN - checking with the venue. It is not sent again" in reply.text
        assert "UNKNOWN - checking" in str((await desk.say("/orders")).table)
        assert "UNKNOWN - checking: BUY BTC/USDT" in (await desk.say("/status")).text
        assert "No answer within 10 s.. It is never sent again" in (await desk.say(f"/why {reply.order_id}")).text
        again = await desk.say("/buy BTC/USDT 0.001")
        assert again.error == "IN_DOUBT"
        assert (await desk.say("/buy ETH/USDT 0.01")).ok
        line.faults.clear()
        assert reply.order_id
        await desk.until(lambda: desk.app.book.order(reply.order_id).status is OrderStatus.REJECTED)  # type: ignore[union-attr]
        assert "it never reached the venue" in (await desk.say(f"/order {reply.order_id}")).text


async def test_a_close_that_failed_says_so_and_the_position_still_shows(tmp_path: Path) -> None:
    """A failed close made no alert, while the books said flat."""
    async with running(tmp_path) as desk:
        await desk.say("/buy BTC/USDT 0.001")
        line = behind_a_bad_line(desk)
        line.faults.set("place", refused("MARKET_CLOSED", "The market is closed."))
        before = desk.app.book.journal.last_seq
        reply = await desk.say("/close BTC/USDT")
        assert not reply.ok
        assert "The market is closed." in reply.text
        table = (await desk.say("/positions")).table
        assert table is not None
        assert table.rows[0][1:3] == ("BTC/USDT", "0.001")
        told = [alert_of(entry, desk.app.book) async for entry in desk.app.store.read(after=before)]
        assert any(alert and "The market is closed." in alert.text for alert in told)


async def test_a_stop_that_was_refused_is_not_answered_with_yes(tmp_path: Path) -> None:
    """Success was pushed to the chat, and that the broker had rejected the order came later or never."""
    async with running(tmp_path) as desk:
        await desk.say("/buy BTC/USDT 0.001")
        line = behind_a_bad_line(desk)
        line.faults.set("place", refused("TOO_MANY", "Too many stop orders."))
        reply = await desk.say("/sl BTC/USDT 50000")
        assert not reply.ok
        assert reply.error == "TOO_MANY"
        assert "Too many stop orders." in reply.text
        assert (await desk.say("/sl BTC/USDT 50000")).ok


async def test_times_are_in_the_zone_of_the_desk(tmp_path: Path) -> None:
    """Times were shown in UTC: a lock that had just been set looked long over."""
    async with running(tmp_path, TILLER_TIMEZONE="Asia/Tokyo") as desk:
        bought = await desk.say("/buy BTC/USDT 0.001")
        order = desk.app.book.order(bought.order_id or "")
        assert order is not None
        there = order.created_at.astimezone(ZoneInfo("Asia/Tokyo"))
        assert f"{there:%Y-%m-%d %H:%M:%S}" in (await desk.say(f"/why {order.id}")).text
        await desk.say("/lock ETH/USDT 1h")
        lock = desk.app.book.lock_on("ETH/USDT")  # type: ignore[arg-type]
        assert lock is not None
        assert lock.until is not None
        until = f"{lock.until.astimezone(ZoneInfo('Asia/Tokyo')):%Y-%m-%d %H:%M} Asia/Tokyo"
        assert f"locked until {until}" in (await desk.say("/buy ETH/USDT 0.01")).text


# --- alerts ----------------------------------------------------------------------------------


@at_a_venue()
async def test_every_way_an_order_can_go_wrong_is_told(desk: Desk) -> None:
    """Rejections, partial fills and cancels at the exchange made no sound; only entries and exits did."""
    faults = desk.venue.faults
    faults.set("place", refused("NO_MARGIN", "Margin is insufficient."))
    rejected = await desk.buy("1")
    denied = await desk.sell("1000")
    working = await desk.buy("1", "90")
    await desk.show("89x1000", "90x0.3")
    await desk.show("100x1000", "100.01x1000")
    await desk.venue.cancel_by_hand(working)
    expired = await desk.buy("1", "99", time_in_force=TimeInForce.IOC)
    faults.set("place", DONE_UNHEARD)
    desk.venue.deliver = nothing
    doubtful = await desk.buy("0.1")
    told: dict[str, list[str]] = {}
    for alert in alerts(desk):
        told.setdefault(alert.order_id, []).append(alert.text.splitlines()[-1])
    assert told[rejected.id] == ["Rejected. NO_MARGIN: Margin is insufficient."]
    assert told[denied.id][0].startswith("Denied. INSUFFICIENT_FUNDS")
    assert told[working.id][0].startswith("The venue accepted it")
    assert told[working.id][1].startswith("Filled 0.3 at 90 (maker)")
    assert told[working.id][1].endswith("part of 1")
    assert told[working.id][2] == "Canceled"
    assert told[expired.id][-1].startswith("Expired: IOC")
    assert told[doubtful.id][0].startswith("UNKNOWN - checking: No answer.")
    assert told[doubtful.id][1].startswith("Filled 0.1")


@at_a_venue(agrees=False)
async def test_an_order_that_is_rejected_after_it_was_accepted_is_told_as_rejected(desk: Desk) -> None:
    """The broker's own risk system turned an order down after it had been acknowledged; the chat had said: placed."""
    order = await desk.buy("1", "90")
    before = len(desk.world.journal.entries)
    await desk.oms.on_report(order.account_id, Rejected(order.id, "RMS", "Blocked by the broker."))
    (alert,) = alerts(desk, before)
    assert alert.text.endswith("Rejected. RMS: Blocked by the broker.")
    assert desk.open() == []


@at_a_venue(agrees=False)
async def test_a_difference_is_told_once_and_not_every_round(desk: Desk) -> None:
    """The same warning came every few seconds, until the chat was muted and the next one missed."""
    await desk.venue.by_hand(BTC.symbol, Side.BUY, "1")
    await asyncio.sleep(3600)
    assert len([alert for alert in alerts(desk) if "differs" in alert.text]) == 2  # the coin, and what was paid
