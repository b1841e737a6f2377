"""Schedules and the kill of one strategy, as a person sees them."""

from pathlib import Path

import pytest

from handlers.alerts import Severity, alert_of
from tests.running import running
from trading.control import Schedule
from trading.events import Noticed
from trading.intent import AccountId, Mode

PAPER = AccountId("demo", Mode.PAPER)


@pytest.mark.parametrize(
    "line", ["schedule status every=4h", "confirm k3fq7abc", "approve k3fq7abc", "reject k3fq7abc"]
)
async def test_what_only_people_may_do_is_not_scheduled(tmp_path: Path, line: str) -> None:
    async with running(tmp_path) as desk:
        refused = await desk.say(f'/schedule "{line}" every=1h')
        assert not refused.ok
        assert "is for people" in refused.text
        assert not list(desk.app.book.all(Schedule))


async def test_a_schedule_is_told_in_words_and_removed_by_a_beginning_of_its_own(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        for line, when in (("status every=20s", "every 20s"), ("status every=90m", "every 90m"),
                           ("risk at=8:30", "daily at 08:30 UTC")):  # fmt: skip
            assert f"Scheduled {when}:" in (await desk.say(f"/schedule {line}")).text
        table = (await desk.say("/schedule")).table
        assert table is not None
        assert [row[1] for row in table.rows] == ["every 20s", "every 90m", "daily at 08:30 UTC"]
        assert "There is no schedule ''" in (await desk.say('/schedule remove=""')).text
        assert (await desk.say(f"/schedule remove={table.rows[1][0]}")).ok
        ids = [s.id for s in desk.app.book.all(Schedule) if s.active]
        assert len(ids) == 2
        assert ids[0][:6] == table.rows[0][0]


async def test_a_beginning_that_several_share_removes_none_and_fifty_are_enough(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        for _ in range(50):
            assert (await desk.say("/schedule status every=4h")).ok
        assert (await desk.say("/schedule status every=4h")).error == "TOO_MANY"
        first = [s.id[0] for s in desk.app.book.all(Schedule)]
        shared = next(letter for letter in first if first.count(letter) > 1)  # 50 ids, 32 letters
        refused = await desk.say(f"/schedule remove={shared}")
        assert f"{first.count(shared)} schedules begin" in refused.text
        assert all(s.active for s in desk.app.book.all(Schedule))


async def test_a_resume_says_what_still_holds_and_names_only_what_trades_again(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        assert (await desk.say("/resume")).text == "The desk was not halted or paused."
        await desk.say("/kill ETH/USDT")
        other = (await desk.say("/resume ETH/USDT")).text
        assert other.startswith("ETH/USDT is ACTIVE.\nETH/USDT was HALTED by local:admin at ")
        assert "trend" not in other, "it trades BTC/USDT and was never held up"
        await desk.say("/kill")
        await desk.say("/pause demo")
        part = await desk.say("/resume demo")
        assert part.text.splitlines()[0] == "demo is released. The desk is HALTED: /resume releases it."
        assert "trades again" not in part.text
        nothing = (await desk.say("/resume demo")).text
        assert nothing == "demo was not halted or paused by itself. The desk is HALTED: /resume releases it."
        whole = (await desk.say("/resume")).text
        assert whole.startswith("The desk is ACTIVE.")
        assert whole.splitlines()[-1] == "Strategy trend trades again."


async def test_lengths_of_time_are_told_as_commands_accept_them(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        assert "locked for 90m;" in (await desk.say("/lock BTC/USDT 90m")).text
        assert ", for 8h." in (await desk.say("/mode demo live 8h")).text
        assert "Confirm within 2m: " in (await desk.say("/mode demo live 8h")).text
        assert "At most once in 10s." in (await desk.say("/schedule status every=9s")).text
        shorter = (await desk.say("/limit cooldown_s 15m")).text
        assert shorter.startswith("cooldown_s of the desk goes from 1h to 15m, which lets more orders pass.")
        assert (await desk.say("/price BTC/USDT")).text.endswith("s ago")


async def test_the_kill_of_a_strategy_says_that_positions_are_the_accounts(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        assert "positions" not in (await desk.say("/kill trend")).text.lower()
        await desk.say("/resume")
        await desk.say("/buy BTC/USDT 0.002")
        killed = await desk.say("/kill trend")
        assert "flat." not in killed.text
        assert "Positions belong to the account and stay open: PAPER demo 0.002 BTC/USDT." in killed.text
        assert "/kill trend flatten=yes or /kill BTC/USDT flatten=yes" in killed.text
        assert desk.app.book.positions(PAPER)
        assert "flat." in (await desk.say("/kill trend flatten=yes")).text
        assert not desk.app.book.positions(PAPER)


async def test_a_scheduled_order_that_waits_for_consent_is_told_with_a_sound(tmp_path: Path) -> None:
    async with running(tmp_path, toml='[confirm]\norders = "always"\n') as desk:
        assert (await desk.say("/schedule buy BTC/USDT $50 at=09:00")).ok
        assert (await desk.say("/schedule status at=09:00")).ok
        told = []
        for number, schedule in enumerate(desk.app.book.all(Schedule)):
            await desk.app.scheduler.run_line(schedule, f"schedule:{number}")
        async for entry in desk.app.book.journal.read():
            if isinstance(entry.event, Noticed) and (alert := alert_of(entry, desk.app.book)):
                told.append((alert.severity, entry.event.text))
        (waits, asked), (works, _) = sorted(told, reverse=True)
        assert (waits, works) == (Severity.WARNING, Severity.INFO)
        token = asked.split("/confirm ")[1]
        assert "Filled" in (await desk.say(f"/confirm {token}")).text
