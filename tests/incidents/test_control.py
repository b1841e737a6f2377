"""Halting, limits and the parts of the process: what was switched off is off, and what fails is told."""

import asyncio
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.incidents.desk import ANA, BTC, DEMO, LINEAR, SPOT, Desk, at_a_venue
from tests.incidents.venue import DONE_UNHEARD, UNREACHABLE, refused
from tests.kit import ETH
from tests.running import running
from trading import events as e
from trading.instruments import Side
from trading.intent import AccountId, Leg, Mode, Origin
from trading.order import OrderStatus
from trading.reports import Accepted

D = Decimal
HOUR_S = 3600
TREND = Origin("strategy:trend", "strategy", "sma_cross: BUY BTC/USDT at 100")


async def kill(desk: Desk, *, flatten: bool, within_s: float = 60) -> bool:
    """Press the kill switch; answers whether it was done in time."""
    begun = await desk.killer.kill("panic", "all", ANA, flatten=flatten)
    return (await desk.killer.finished(begun.id, within_s)).done


# --- the kill switch -------------------------------------------------------------------------


@at_a_venue(BTC, ETH)
async def test_flat_and_staying_out(desk: Desk) -> None:
    """Everything was sold by one command, and on the next candle the bot bought it back."""
    await desk.buy("1", stop_loss="80", take_profit="120")
    await desk.buy("1", symbol=ETH.symbol)
    await desk.buy("1", "90")
    assert await kill(desk, flatten=True)
    for number in range(5):
        wish = desk.intent(Side.BUY, "1", key=f"strategy:trend:BTC/USDT:{number}", origin=TREND)
        denied = await desk.submit(wish)
        assert denied.reason.startswith("KILLED: the desk was killed by person:ana at ")
        await asyncio.sleep(HOUR_S)
    assert desk.book.positions(DEMO) == []
    assert await desk.venue.open_orders() == []


@at_a_venue(limits={"max_open_orders_per_symbol": 0})
async def test_no_order_of_a_burst_gets_past_the_switch(desk: Desk) -> None:
    """The kill switch was pressed, and orders that were queued behind it still went out."""
    orders = [desk.intent(Side.BUY, "0.1", str(90 - number)) for number in range(20)]
    work = [desk.begin(desk.oms.submit(intent)) for intent in orders[:10]]
    work.append(desk.begin(desk.killer.kill("panic", "all", ANA)))
    work += [desk.begin(desk.oms.submit(intent)) for intent in orders[10:]]
    await asyncio.gather(*work)
    await asyncio.sleep(60)
    kinds = [type(entry.event) for entry in desk.world.journal.entries]
    assert e.OrderSubmitted not in kinds[kinds.index(e.KillStarted) :]
    assert desk.open() == []
    assert await desk.venue.open_orders() == []
    assert Counter(order.status for order in desk.book.recent_orders()) == {
        OrderStatus.CANCELED: 10,
        OrderStatus.DENIED: 10,
    }


@at_a_venue()
async def test_a_kill_with_nothing_to_do_is_done_at_once(desk: Desk) -> None:
    """The kill switch was pressed without any trades, and failed on the empty list."""
    assert await kill(desk, flatten=True, within_s=1)
    done = "The kill of the desk by person:ana is done: all orders cancelled; flat. /resume releases it."
    assert desk.events(e.KillFinished)[0].text == done


@pytest.mark.parametrize("venue", [SPOT, LINEAR])
def test_a_kill_during_an_outage_is_carried_out_when_it_ends(venue: dict[str, Any]) -> None:
    """Killed while the exchange could not be reached; the one attempt failed and was never made again."""

    @at_a_venue(**venue)
    async def story(desk: Desk) -> None:
        await desk.buy("1", stop_loss="80")
        await desk.buy("1", "90")
        await asyncio.sleep(5)
        desk.venue.cut()
        assert not await kill(desk, flatten=True, within_s=HOUR_S)
        assert desk.book.state() is e.TradingState.HALTED
        desk.venue.mend()
        await asyncio.sleep(120)
        assert desk.killer.unfinished() == []
        assert desk.held() == 0
        assert await desk.venue.open_orders() == []

    story()


@at_a_venue()
async def test_a_closing_order_whose_answer_was_lost_is_not_sent_again_by_the_kill(desk: Desk) -> None:
    """The emergency sale timed out, was sent again and again, and sold what nobody had."""
    await desk.buy("1")
    desk.venue.faults.set("place", DONE_UNHEARD)
    assert await kill(desk, flatten=True)
    await asyncio.sleep(HOUR_S)
    assert desk.venue.sent == 2
    assert not [step.text for step in desk.events(e.KillStep) if step.failed]
    assert desk.held() == await desk.venue.held("BTC") == 0


@at_a_venue()
async def test_a_closing_order_that_is_refused_is_told_and_tried_again(desk: Desk) -> None:
    """The switch said done, and the position was still there because its sale had been refused."""
    await desk.buy("1")
    desk.venue.faults.set("place", refused("MARKET_CLOSED"), times=3)
    assert await kill(desk, flatten=True)
    steps = [step.text for step in desk.events(e.KillStep) if step.failed]
    assert steps
    assert "MARKET_CLOSED" in steps[0]
    assert desk.held() == 0


@at_a_venue(BTC, ETH)
async def test_stopped_says_what_still_works(desk: Desk) -> None:
    """It said that trading was stopped and went on selling: stops stay on purpose, and that is said."""
    await desk.buy("1", stop_loss="80")
    await asyncio.sleep(1)
    assert await kill(desk, flatten=False)
    (finished,) = desk.events(e.KillFinished)
    (stop,) = desk.open()
    label = DEMO.mode.upper()
    assert finished.text == (
        "The kill of the desk by person:ana is done: "
        f"protective orders kept ({label} {DEMO.name}: SELL 1 BTC/USDT sl ({stop.id[:6]})); "
        f"still open: {label} {DEMO.name} 1 BTC/USDT. /resume releases it."
    )
    assert stop.leg is Leg.STOP_LOSS
    await desk.show("79x1000", "79.01x1000")
    assert desk.held() == 0


async def test_the_switch_says_who_what_how_far_and_how_to_undo_it(tmp_path: Path) -> None:
    """The prompt said neither what had tripped, nor where, nor whether all was flat, nor what a reset would do."""
    async with running(tmp_path) as desk:
        await desk.say("/buy BTC/USDT 0.001")
        killed = await desk.say("/kill demo flatten=yes")
        for words in ("demo is HALTED by local:admin", "PAPER demo: close 0.001 BTC/USDT: filled",
                      "all orders cancelled; flat", "/resume demo"):  # fmt: skip
            assert words in killed.text, killed.text
        assert [button.line for button in killed.buttons] == ["/resume demo"]
        denied = await desk.say("/buy BTC/USDT 0.001")
        assert "demo was killed by local:admin at " in denied.text
        resumed = await desk.say("/resume demo")
        assert "demo was HALTED by local:admin at " in resumed.text
        assert "Strategy trend trades again." in resumed.text


# --- limits under concurrency ----------------------------------------------------------------


@at_a_venue(limits={"max_position_value": D(500)})
async def test_entries_at_the_same_moment_do_not_pass_a_limit_together(desk: Desk) -> None:
    """Forced entries that came together each looked at the same free slot, and all of them went in."""
    wishes = [desk.intent(Side.BUY, "1", str(99 - number)) for number in range(10)]
    await asyncio.gather(*(desk.oms.submit(intent) for intent in wishes))
    await asyncio.sleep(1)
    statuses = Counter(order.status for order in desk.book.recent_orders())
    assert statuses == {OrderStatus.ACCEPTED: 5, OrderStatus.DENIED: 5}  # 99 + 98 + 97 + 96 + 95 = 485
    await desk.show("89x1000", "90x1000")
    assert desk.held() == 5


async def test_orders_of_two_accounts_at_the_same_moment_stay_apart(tmp_path: Path) -> None:
    """Which account was meant stood in a variable of the module, and requests that came together shared it."""
    account = 'venue = "paper"\nmarket = "simulated"\n'
    async with running(tmp_path, toml=f"[accounts.one]\n{account}[accounts.two]\n{account}") as desk:
        lines = [f"/buy BTC/USDT 0.00{size} account={name}" for size in (1, 2, 3) for name in ("one", "two")]
        replies = await asyncio.gather(*(desk.say(line) for line in lines))
        for line, reply in zip(lines, replies, strict=True):
            assert reply.ok, reply.text
            order = desk.app.book.order(reply.order_id or "")
            assert order is not None
            assert f"/buy BTC/USDT {order.quantity} account={order.account}" == line
        for name in ("one", "two"):
            (position,) = desk.app.book.positions(AccountId(name, Mode.PAPER))
            assert position.quantity == D("0.006")


# --- parts that fail -------------------------------------------------------------------------


@at_a_venue(agrees=False)
async def test_a_report_that_cannot_be_read_is_told_and_the_next_ones_are_heard(desk: Desk) -> None:
    """One strange message ended the listener; the session was dead, and no notice came."""
    desk.line.heard.put_nowait(None)  # type: ignore[arg-type]
    await asyncio.sleep(5)
    assert desk.mishaps
    assert desk.mishaps[0].startswith("reports: ")
    order = await desk.buy("1")
    assert order.status is OrderStatus.FILLED


@at_a_venue()
async def test_a_report_of_another_program_s_order_changes_nothing(desk: Desk) -> None:
    """Another bot on the same account: its orders were taken for ours and cancelled."""
    before = desk.world.journal.last_seq
    desk.line.heard.put_nowait(Accepted("somebodyelses", "O77"))
    await asyncio.sleep(60)
    assert desk.world.journal.last_seq == before
    assert desk.book.order("somebodyelses") is None


@at_a_venue()
async def test_a_venue_that_is_down_for_a_day_is_asked_in_measure(desk: Desk) -> None:
    """While the exchange was down it was asked in a tight loop, until the address was banned."""
    order = await desk.buy("1", "90")
    for what in ("open_orders", "lookup", "fills", "balances"):
        desk.venue.faults.set(what, UNREACHABLE, times=10**6)
    await desk.cancel(order)
    asked = desk.venue.faults.asked.total()
    await asyncio.sleep(600)
    assert desk.venue.faults.asked.total() - asked < 700  # about one question a second
