"""The desk as the rows of panels: read from a real desk, without a browser."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import pytest_asyncio

from bot.web.dashboard.panels.charts import candles, within_reach
from bot.web.dashboard.panels.chat import MOST as TOLD_AT_ONCE
from bot.web.dashboard.panels.chat import ended
from bot.web.dashboard.view import books, records, top
from bot.web.dashboard.view.cells import Shape
from bot.web.dashboard.view.limits import limits
from bot.web.dashboard.view.market import MarketView, Picture
from bot.web.dashboard.view.ticket import ticket
from bot.web.dashboard.view.worth import PERIODS, WorthView
from tests.running import Running, running
from trading import events as e
from trading.instruments import Money, Symbol
from trading.intent import Mode

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running_desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    async with running(tmp_path_factory.mktemp("view"), TILLER_RISK__DUPLICATE_WINDOW_S="0") as found:
        yield found


@pytest_asyncio.fixture(loop_scope="module")
async def desk(running_desk: Running) -> AsyncIterator[Running]:
    """With nothing held and nothing working at the end."""
    yield running_desk
    for line in ("/resume", "/close all", "/cancel all"):
        await running_desk.say(line)


def texts(row: Shape) -> list[str]:
    return [cell["text"] for cell in row["cells"]]


# --- books ------------------------------------------------------------------------------------


async def test_a_position_is_shown_with_its_cover_and_closed_by_its_lines(desk: Running) -> None:
    await desk.say("/buy BTC/USDT 0.01 sl=50000 tp=70000")
    (row,) = books.positions(desk.app, trades=True)
    assert texts(row)[:2] == ["BTC/USDT", "0.01"]
    assert texts(row)[-1] == "50,000 / 70,000"
    whole, part = row["actions"]
    assert (whole["label"], whole["line"]) == ("Close", "/close BTC/USDT account=demo")
    reply = await desk.say(f"{part['line']} 50% {part['tail']}")
    assert reply.ok, reply.text
    (row,) = books.positions(desk.app, trades=True)
    assert texts(row)[1] == "0.005"
    assert books.positions(desk.app, trades=False)[0]["actions"] == []


async def test_an_order_is_shown_with_what_can_be_changed_of_it(desk: Running) -> None:
    await desk.say("/buy BTC/USDT 0.002 59000")
    (row,) = books.orders(desk.app, trades=True)
    assert texts(row) == ["BUY 0.002 BTC/USDT", "59,000", "0 of 0.002", "accepted"]
    amend, cancel = row["actions"]
    assert [field["name"] for field in amend["form"]] == ["quantity", "price"]
    assert (await desk.say(f"{amend['line']} price=59100")).ok
    assert texts(books.orders(desk.app, trades=True)[0])[1] == "59,100"
    assert (await desk.say(cancel["line"])).ok
    assert books.orders(desk.app, trades=True) == []


async def test_long_tables_end_with_how_much_is_left_out() -> None:
    rows = [{"key": str(number), "cells": [], "actions": []} for number in range(3)]
    assert books.bounded(rows, 3) == rows
    assert texts(books.bounded(rows, 9)[-1]) == ["and 6 more"]


async def test_a_kill_is_told_with_what_it_would_meet(desk: Running) -> None:
    await desk.say("/buy ETH/USDT 0.1")
    await desk.say("/buy BTC/USDT 0.002 59000")
    scopes = {scope["name"]: (scope["orders"], scope["positions"]) for scope in top.kill(desk.app)["scopes"]}
    assert scopes == {
        "all": ("1 open order", "0.1 ETH/USDT"),
        "demo": ("1 open order", "0.1 ETH/USDT"),
        "trend": ("1 open order", "no position"),  # it trades BTC/USDT only
    }


async def test_the_bar_says_what_does_not_work(desk: Running) -> None:
    assert top.health(desk.app)["problems"] == []
    broken = desk.app.desk.task_health
    desk.app.desk.task_health = lambda: {"telegram": "401 Unauthorized"}
    assert top.health(desk.app)["problems"] == ["telegram: 401 Unauthorized"]
    desk.app.desk.task_health = broken
    await desk.say("/pause")
    assert top.desk(desk.app)["shown"] == "REDUCING"


async def test_a_limit_is_used_as_far_as_the_gate_counts_it(desk: Running) -> None:
    await desk.say("/limit max_open_orders_per_symbol 2")
    await desk.say("/buy BTC/USDT 0.002 59000")
    bars = {bar["name"]: bar for bar in limits(desk.app)}
    assert bars["Open orders per symbol"]["told"] == "1 of 2 orders"
    assert (bars["Open orders per symbol"]["percent"], bars["Open orders per symbol"]["word"]) == (50, "")
    await desk.say("/buy BTC/USDT 0.002 59001")
    bar = limits(desk.app)[0]
    assert (bar["name"], bar["percent"], bar["tone"], bar["word"]) == ("Open orders per symbol", 100, "bad", "used up")


async def test_the_form_offers_what_strategies_trade_first(desk: Running) -> None:
    (account,) = ticket(desk.app)["accounts"]
    assert account["name"] == "demo"
    assert account["symbols"][0] == "BTC/USDT"
    assert set(account["symbols"]) == {str(symbol) for symbol in desk.app.desk.markets["demo"].instruments}


# --- charts -----------------------------------------------------------------------------------


async def test_the_chart_has_fills_and_what_works_near_the_price(desk: Running) -> None:
    view = MarketView(desk.app)
    view.choose(symbol="SOL/USDT")
    await desk.say("/buy SOL/USDT 2")
    last = desk.app.desk.markets["demo"].quote(Symbol("SOL/USDT"))
    assert last is not None
    near = (last.bid * Decimal("0.9995")).quantize(Decimal("0.01"))
    await desk.say(f"/buy SOL/USDT 1 {near}")
    await desk.say("/buy SOL/USDT 1 80")
    picture = await view.read()
    assert isinstance(picture, Picture)
    assert [fill["side"] for fill in picture.fills] == ["BUY"]
    assert [line["side"] for line in picture.lines] == ["", "BUY", "BUY"], "the position, and two orders"
    drawn, far = within_reach(picture)
    assert {line["price"] for line in far} == {80.0}
    assert float(near) in {line["price"] for line in drawn}
    options = candles(picture)
    assert [mark["yAxis"] for mark in options["series"][2]["markLine"]["data"]] == [line["price"] for line in drawn]
    assert options["series"][1]["data"][0]["name"].startswith("BUY 2 at ")
    assert not isinstance(await view.read(), Picture), "only the last bar moves"
    await desk.say("/cancel all")
    again = await view.read()
    assert isinstance(again, Picture)
    assert len(again.lines) == 1


async def test_what_was_paid_in_is_no_profit_and_a_fall_is_shown(tmp_path: Path) -> None:
    """10,000 falls to 9,000, then 1,000 are paid in: 10 % below the best, and 1,000 lost."""

    def change(amount: int, paid: int) -> e.BalanceAdjusted:
        return e.BalanceAdjusted("demo", Mode.PAPER, Money(Decimal(amount), "USDT"), "test", "ana", Decimal(paid))

    async with running(tmp_path) as desk:
        await desk.app.book.record(change(-1000, 0))
        await desk.app.sample_equity()
        await desk.app.book.record(change(1000, 1000))
        view = WorthView(desk.app)
        for period in PERIODS:
            view.choose(period=period)
            drawn = await view.read()
            assert drawn is not None
            assert drawn.told.startswith("-1,000.00 USDT (-10.00%), deepest fall 10.00%, since ")
            assert [round(fall) for _, _, fall in drawn.points][:3] == [0, -10, -10]
        assert await view.read() is None, "drawn anew every few seconds only"


# --- what happened ----------------------------------------------------------------------------


async def test_signals_are_told_with_their_source_and_outcome(desk: Running) -> None:
    at = datetime(2026, 1, 5, 12, tzinfo=UTC)
    book = desk.app.book
    await book.record(
        e.SignalEmitted("s1", "trend", "demo", Symbol("BTC/USDT"), "BUY", at, Decimal(60000), "", "DENIED: killed")
    )
    newest = (await records.signals(desk.app, trades=True))[0]
    assert newest["cells"][-1]["tone"] == "bad"
    assert texts(newest)[1:] == ["trend", "BUY BTC/USDT at 60,000", "DENIED: killed"]


async def test_an_alert_is_told_with_its_outcome_and_decided_from_its_row(desk: Running) -> None:
    book = desk.app.book
    await book.record(e.AlertReceived("a1", "pine", "demo", '{"action":\n "buy"}', "f1"))

    async def shown(trades: bool = True) -> tuple[list[str], list[str]]:
        newest = (await records.signals(desk.app, trades))[0]
        return texts(newest)[1:], [action["line"] for action in newest["actions"]]

    assert await shown() == (["pine", '{"action": "buy"}', "to be done"], [])
    waiting = e.AlertSettled("a1", "pine", e.Outcome.WAITING, "buy BTC/USDT 0.01", tokens=("k3fq7abc",))
    await book.record(waiting)
    told = ["pine", '{"action": "buy"}', "waiting for approval: buy BTC/USDT 0.01"]
    assert await shown() == (told, ["/confirm k3fq7abc", "/half k3fq7abc", "/reject k3fq7abc"])
    assert await shown(trades=False) == (told, [])
    await book.record(e.AlertSettled("a1", "pine", e.Outcome.REJECTED, "by ana"), e.AlertResent("a1", "pine"))
    assert await shown() == ([*told[:2], "rejected: by ana (it came again)"], [])


async def test_the_journal_passes_its_filter_and_goes_back_a_page_at_a_time(desk: Running) -> None:
    notes = [e.Noticed(f"n{number}", "info", "test", f"note {number:03}") for number in range(350)]
    await desk.app.book.record(*notes)
    view = records.JournalView(desk.app)
    await view.refresh()
    assert len(view.rows) == records.MOST
    assert view.rows[0]["seq"] == desk.app.book.journal.last_seq
    await view.filter("NOTE 17", "", "")
    assert [row["text"].split()[3] for row in view.rows] == [f"{number}" for number in range(179, 169, -1)]
    await desk.app.book.record(e.Noticed("new", "info", "test", "note 17 again"), e.Noticed("other", "info", "x", "y"))
    await view.refresh()
    assert "note 17 again" in view.rows[0]["text"]
    assert len(view.rows) == 11
    await view.filter("", "Noticed", "")
    await view.older()
    assert (len(view.rows), view.live) == (records.MOST, False)
    assert "note 251" in view.rows[0]["text"], "the newest hundred are two more and 349 to 252"
    await view.filter("", "Nonsense", "")
    assert view.live
    assert len(view.rows) == records.MOST, "a type that there is not filters nothing"


async def test_the_journal_of_one_order_is_found_by_the_beginning_of_its_id(desk: Running) -> None:
    made = await desk.say("/buy BTC/USDT 0.002 59000")
    assert made.order_id is not None
    view = records.JournalView(desk.app)
    await view.filter("", "", made.order_id[:7].upper())
    assert {row["order_id"] for row in view.rows} == {made.order_id}
    assert [row["type"] for row in view.rows] == ["OrderAccepted", "OrderSubmitted", "OrderInitialized"]
    await view.filter("", "OrderAccepted", made.order_id)
    assert [row["type"] for row in view.rows] == ["OrderAccepted"]
    await view.filter("", "", "nosuchorder")
    assert view.rows == ()
    assert "no order 'nosuchorder'" in view.told


async def test_of_a_burst_the_end_is_told_and_how_much_is_left_out() -> None:
    told = [{"seq": number, "tone": "bad", "text": str(number), "at": "", "order_id": "x"} for number in range(80)]
    assert ended(told[:TOLD_AT_ONCE]) == told[:TOLD_AT_ONCE]
    first, *rest = ended(told)
    assert first["text"] == f"{80 - TOLD_AT_ONCE} more alerts are in the journal."
    assert rest == told[-TOLD_AT_ONCE:]
