"""Alerts on the wire of both chats: folded, within the limits, changed in place, and all of them, whatever dies."""

import asyncio
import re
import sys
from collections import Counter
from itertools import groupby
from pathlib import Path

from bot.chats.base import Place, destination
from tests.bot.chats.discord.desk import CHANNEL, discord_desk
from tests.bot.chats.telegram.desk import ANA, GROUP, TOML, VIC, by_bot, chatting, said, scripted
from tests.emulators.telegram.server import Telegram
from tests.kit import START
from trading.audience import Critical
from trading.events import AlertLevelSet, DestinationMuted, LimitChanged, Noticed

ROOT = Path(__file__).parents[3]
FILLS, SPEED = 1000, 30.0
CREATE = "POST /channels/{channel}/messages"
LATE = "The feed is {} s late."


async def _begin(folder: Path, telegram: Telegram) -> asyncio.subprocess.Process:
    words = (folder, telegram.url, telegram.token, GROUP, SPEED, FILLS)
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bot.chats.telling_process", *map(str, words), cwd=ROOT,
        stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip


async def _kill(process: asyncio.subprocess.Process) -> None:
    process.kill()
    await process.wait()


async def test_a_thousand_fills_reach_a_group_within_its_limits_across_a_kill(tmp_path: Path) -> None:
    async with Telegram(limits=True, speed=SPEED) as telegram:
        group = telegram.group(GROUP, "Desk", telegram.person(ANA, "Ana"))

        def trades() -> list[list[int]]:
            return [[int(n) for n in re.findall(r"trade T([0-9]+)", m.text)] for m in by_bot(telegram, group)]

        first = await _begin(tmp_path, telegram)
        try:
            await telegram.until(lambda: sum(map(len, trades())) > FILLS / 3, 20)
        finally:
            await _kill(first)
        second = await _begin(tmp_path, telegram)
        try:
            await telegram.until(lambda: FILLS - 1 in (trades()[-1:] or [[]])[0], 20)
        finally:
            await _kill(second)
        told = trades()
        once = [message for message, _ in groupby(told)]
        assert len(told) - len(once) <= 1  # the one in flight when it was killed
        assert [number for message in once for number in message] == list(range(FILLS))
        assert len(told) < FILLS / 15
        # It keeps the limits by itself; only what was killed takes with it how much was used of each of the two.
        # At this speed a pause of the machine is many seconds of theirs, and may cost another refusal.
        assert len(telegram.limits.refused) <= len(told) / 5


async def test_an_alert_is_told_as_levels_and_mutes_say() -> None:
    async with Telegram() as telegram:
        group = telegram.group(GROUP, "Desk", telegram.person(ANA, "Ana"))
        here = destination("telegram", Place(GROUP))
        async with scripted(telegram, {"id": GROUP}) as talk:
            await talk.book.record(LimitChanged("", "a", "1", "person:ana"))
            await said(telegram, group, 1)
            await talk.book.record(AlertLevelSet(here, "risk", "", "off", "person:ana"))
            await talk.book.record(LimitChanged("", "b", "1", "person:ana"))
            assert await talk.notifier.drain(5)
            await talk.book.record(AlertLevelSet(here, "risk", "", "default", "person:ana"))
            await talk.book.record(DestinationMuted(here, START.replace(year=2027), "person:ana"))
            await talk.book.record(LimitChanged("", "c", "1", "person:ana"))
            await said(telegram, group, 2)
            await talk.book.record(Noticed("n", "critical", "protection", "The stop does not work."))
            await said(telegram, group, 3)
        told = [(m.text.partition("Limit ")[2][:1], m.silent, m.labels) for m in by_bot(telegram, group)]
        assert told == [("a", False, []), ("c", True, []), ("", False, [["Seen"]])]


async def test_who_is_in_the_chat_sets_what_it_is_told_and_says_what_was_seen(tmp_path: Path) -> None:
    async with Telegram() as telegram:
        ana, vic = telegram.person(ANA, "Ana"), telegram.person(VIC, "Vic")
        group = telegram.group(GROUP, "Desk", ana, vic)
        chats = f'[telegram]\ntoken = "{telegram.token}"\nchats = [{{ id = {GROUP}, alerts = "all" }}]\n'
        async with chatting(telegram, tmp_path, {"id": GROUP}, toml=chats + TOML) as talk:
            await ana.says(group, "/alerts@tiller_bot risk off")
            await telegram.until(lambda: f"Alerts in telegram:{GROUP}, risk: off" in group.texts[-1])
            (entry,) = await talk.book.record(Noticed("n", "critical", "protection", "The stop does not work."))
            alert = await telegram.until(lambda: next((m for m in group.messages if m.labels == [["Seen"]]), None))
            await vic.answered(await vic.presses(alert, "Seen"))
            assert await talk.book.until(lambda: talk.book.get(Critical, str(entry.seq)) is not None, 5)
            assert talk.book.get(Critical, str(entry.seq)) == Critical(entry.seq, "person:vic")


async def test_the_same_error_counts_in_place_on_telegram() -> None:
    async with Telegram() as telegram:
        group = telegram.group(GROUP, "Desk", telegram.person(ANA, "Ana"))
        async with scripted(telegram, {"id": GROUP}) as talk:
            for seconds in (1, 2, 3):
                await talk.book.record(Noticed(f"n{seconds}", "error", "feed", LATE.format(seconds)))
                await said(telegram, group, 1)
            assert await talk.notifier.drain(5)  # the end: nobody waits for the next change
            (message,) = by_bot(telegram, group)
            assert re.search(rf"ERROR feed: {LATE.format(1)} \(id n1\) \(x3, last [0-9:]{{8}}\)$", message.text)
            assert len(message.history) == 1


async def test_the_same_error_counts_in_place_on_discord_as_text(tmp_path: Path) -> None:
    async with discord_desk(tmp_path) as desk:
        for seconds in (1, 2, 3):
            await desk.desk.book.record(Noticed(f"n{seconds}", "error", "feed", LATE.format(seconds)))
            await desk.ana.reads(CHANNEL, "ERROR feed")
        assert await desk.notifier.drain(5)
        (message,) = desk.ana.sees(CHANNEL)
        assert message.text.endswith("(x3, last 12:00:00)")
        assert message.embeds == []  # a locked phone shows the text


async def test_a_burst_is_one_message_on_discord_and_a_press_says_seen(tmp_path: Path) -> None:
    async with discord_desk(tmp_path) as desk:
        await desk.desk.book.record(LimitChanged("", "first", "1", "person:ana"))
        await desk.ana.reads(CHANNEL, "first")
        await desk.desk.book.record(*(LimitChanged("", "max_order_value", str(n), "person:ana") for n in range(20)))
        await desk.desk.book.record(Noticed("n", "critical", "protection", "The stop does not work."))
        critical = await desk.ana.reads(CHANNEL, "The stop")
        assert await desk.notifier.drain(5)
        folded = desk.answers(desk.ana)[1]
        assert re.findall(r"is now ([0-9]+)", folded) == [str(n) for n in range(20)]
        assert len(desk.answers(desk.ana)) == 3
        assert critical.buttons == ["Seen"]


async def test_an_outage_under_load_loses_nothing_and_doubles_nothing_on_discord(tmp_path: Path) -> None:
    async with discord_desk(tmp_path) as desk:
        desk.discord.faults.arm("drop_after", on=CREATE)  # the last one that got through was not answered
        for number in range(300):
            await desk.desk.book.record(LimitChanged("", "max_order_value", str(number), "person:ana"))
            if number == 5:
                await desk.ana.reads(CHANNEL, "is now 0")
                await desk.discord.close()
                desk.discord.advance(10 * 60)  # longer than Discord knows a nonce
        await desk.discord.open()
        await desk.ana.reads(CHANNEL, "is now 299", 15)
        told = re.findall(r"is now ([0-9]+)", "\n".join(desk.answers(desk.ana)))
        assert told == [str(number) for number in range(300)]
        assert desk.discord.doubled() == {}


async def test_an_outage_under_load_doubles_at_most_the_one_in_flight_on_telegram() -> None:
    async with Telegram() as telegram:
        group = telegram.group(GROUP, "Desk", telegram.person(ANA, "Ana"))
        async with scripted(telegram, {"id": GROUP}) as talk:
            telegram.faults.arm("drop_after", on="sendMessage")
            for number in range(120):
                await talk.book.record(LimitChanged("", "max_order_value", str(number), "person:ana"))
                if number == 5:
                    await said(telegram, group, 1)
                    await telegram.outage("refused")
                    telegram.clock.advance(10 * 60)
            await telegram.recover()
            texts: list[str] = []

            def is_over() -> bool:
                texts[:] = [m.text for m in by_bot(telegram, group)]
                return "is now 119" in texts[-1]

            await telegram.until(is_over, 15)
            told = Counter(re.findall(r"is now ([0-9]+)", "\n".join(texts)))
            assert list(told) == [str(number) for number in range(120)]
            assert [number for number, times in told.items() if times > 1] in ([], ["0"])
