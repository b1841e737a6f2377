"""Alerts that wait for somebody: approved, halved, rejected, or left alone."""

from datetime import timedelta
from pathlib import Path

import pytest

from handlers.actor import Actor, Role
from handlers.alerts import Alert
from tests.bot.webhooks.alerting import EVA, SOURCES, done, held, journal, orders_of, source, told
from tests.running import Running, running
from trading.control import Confirmation
from trading.events import Outcome
from trading.incoming import Incoming
from trading.instruments import plain


async def waiting(desk: Running, body: str = "buy ETH/USDT 0.04 sl=900") -> tuple[Incoming, Alert, dict[str, str]]:
    """An alert that waits, what is told of it, and its buttons."""
    alert = await done(desk.app, body, "asking")
    assert alert.outcome is Outcome.WAITING, alert.told
    shown = told(desk.app, await journal(desk.app), alert.id)
    return alert, shown, {button.label: button.line for button in shown.buttons}


async def concluded(desk: Running, alert: Incoming, outcome: Outcome) -> Incoming:
    await desk.until(lambda: desk.app.book.get(Incoming, alert.id).outcome is outcome)  # type: ignore[union-attr]
    found = desk.app.book.get(Incoming, alert.id)
    assert found is not None
    return found


async def test_an_alert_waits_with_three_buttons_and_is_done_by_approval(tmp_path: Path) -> None:
    async with running(tmp_path, toml=SOURCES) as desk:
        alert, shown, buttons = await waiting(desk)
        assert list(buttons) == ["Approve", "Half", "Reject"]
        assert "BUY 0.04 ETH/USDT" in shown.text
        assert "Cost about" in shown.text
        assert not desk.app.book.recent_orders()
        assert (await desk.say(buttons["Approve"], EVA)).order_id
        after = await concluded(desk, alert, Outcome.APPROVED)
        assert after.order_ids == (orders_of(desk.app, "asking")[0].id,)
        assert "approved by person:eva" in after.told
        assert (await desk.say(buttons["Half"], EVA)).error == "ALREADY_CLOSED"
        assert len([order for order in orders_of(desk.app, "asking") if order.side == "BUY"]) == 1


LIMITED = '{"action": "buy", "symbol": "ETH/USDT", "size": "0.05", "limit": "2900", "post": "yes"}'


@pytest.mark.parametrize(("body", "quantity"), [("buy ETH/USDT 0.04 sl=900", "0.02"), (LIMITED, "0.025")])
async def test_half_is_the_same_with_half_the_size(tmp_path: Path, body: str, quantity: str) -> None:
    async with running(tmp_path, toml=SOURCES) as desk:
        alert, _, buttons = await waiting(desk, body)
        await desk.say(buttons["Half"], EVA)
        await concluded(desk, alert, Outcome.APPROVED)
        order = orders_of(desk.app, "asking")[0]
        assert plain(order.quantity) == quantity
        assert (order.stop_loss is None, order.post_only) == (body == LIMITED, body == LIMITED)
        assert (await desk.say(buttons["Approve"], EVA)).error == "ALREADY_CLOSED"


async def test_half_of_a_close_is_half_of_the_position(tmp_path: Path) -> None:
    async with running(tmp_path, toml=SOURCES) as desk:
        await done(desk.app, "buy ETH/USDT 0.04")
        alert, _, buttons = await waiting(desk, "close ETH/USDT")
        await desk.say(buttons["Half"], EVA)
        await concluded(desk, alert, Outcome.APPROVED)
        assert held(desk.app, "ETH/USDT") == "0.02"


async def test_what_is_rejected_or_left_alone_is_not_done(tmp_path: Path) -> None:
    async with running(tmp_path, toml=f"{SOURCES}\n[confirm]\nexpires_s = 1\n") as desk:
        alert, _, buttons = await waiting(desk)
        assert (await desk.say(buttons["Reject"], EVA)).ok
        rejected = await concluded(desk, alert, Outcome.REJECTED)
        assert "rejected by person:eva" in rejected.told
        left, _, _ = await waiting(desk, "buy ETH/USDT 0.03")
        await desk.app.dispatcher.confirmations.expire(desk.app.clock.now() + timedelta(seconds=2))
        expired = await concluded(desk, left, Outcome.REJECTED)
        assert "nobody agreed in time" in expired.told
        assert not desk.app.book.recent_orders()


async def test_what_cannot_be_done_any_more_is_not_told_as_approved(tmp_path: Path) -> None:
    async with running(tmp_path, toml=SOURCES) as desk:
        await done(desk.app, "buy ETH/USDT 0.02")
        alert, _, buttons = await waiting(desk, "close ETH/USDT")
        await done(desk.app, "close ETH/USDT")  # somebody else was quicker
        assert (await desk.say(buttons["Approve"], EVA)).error == "NO_POSITION"
        after = await concluded(desk, alert, Outcome.DENIED)
        assert "and then refused: NO_POSITION." in after.told
        assert not after.order_ids


async def test_nobody_but_a_person_who_may_trade_can_agree(tmp_path: Path) -> None:
    async with running(tmp_path, toml=SOURCES) as desk:
        _, _, buttons = await waiting(desk)
        viewer = Actor("person:vic", "Vic", Role.VIEWER)
        itself = source(desk.app, "asking").actor
        for label, line in buttons.items():
            assert (await desk.say(line, viewer)).error == "NOT_ALLOWED"
            if label != "Reject":
                assert (await desk.say(line, itself, surface="webhook")).error == "NOT_ALLOWED"
        assert [asked.outcome for asked in desk.app.book.all(Confirmation)] == [""]


async def test_above_the_desks_own_limit_a_webhook_needs_somebody_too(tmp_path: Path) -> None:
    async with running(tmp_path, toml=f'{SOURCES}\n[confirm]\napprove_above = "50"\n') as desk:
        small, large = await done(desk.app, "buy ETH/USDT $20"), await done(desk.app, "buy ETH/USDT $90")
        assert (small.outcome, large.outcome) == (Outcome.EXECUTED, Outcome.WAITING)


async def test_a_target_takes_the_place_of_what_still_waits(tmp_path: Path) -> None:
    """Each was counted from where the account stood: both of them together would be too much."""
    async with running(tmp_path, toml=SOURCES) as desk:
        first, _, old = await waiting(desk, "target ETH/USDT long 0.05")
        other, _, beside = await waiting(desk, "buy SOL/USDT 1")
        second, _, new = await waiting(desk, "target ETH/USDT long 0.06")
        superseded = await concluded(desk, first, Outcome.REJECTED)
        assert "rejected by webhook:asking" in superseded.told
        assert (await desk.say(old["Approve"], EVA)).error == "ALREADY_CLOSED"
        assert (await desk.say(new["Approve"], EVA)).ok
        await concluded(desk, second, Outcome.APPROVED)
        assert held(desk.app, "ETH/USDT") == "0.06"
        assert (await desk.say(beside["Approve"], EVA)).ok, "another symbol is another matter"
        await concluded(desk, other, Outcome.APPROVED)


@pytest.mark.parametrize("leaving", ["close ETH/USDT", "close all", "target ETH/USDT flat"])
async def test_an_entry_that_waits_does_not_outlive_its_exit(tmp_path: Path, leaving: str) -> None:
    async with running(tmp_path, toml=SOURCES) as desk:
        entry, _, buttons = await waiting(desk)
        await done(desk.app, leaving, "asking")
        await concluded(desk, entry, Outcome.REJECTED)
        assert (await desk.say(buttons["Approve"], EVA)).error == "ALREADY_CLOSED"
        assert not desk.app.book.recent_orders()


async def test_a_part_of_a_close_and_a_further_entry_leave_what_waits(tmp_path: Path) -> None:
    async with running(tmp_path, toml=SOURCES) as desk:
        _, _, buttons = await waiting(desk, "buy ETH/USDT 0.04")
        await done(desk.app, "buy ETH/USDT 0.03", "asking")
        await done(desk.app, "close ETH/USDT 50%", "asking")
        assert (await desk.say(buttons["Approve"], EVA)).ok
        assert held(desk.app, "ETH/USDT") == "0.04"
