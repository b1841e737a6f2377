"""Outages, limits, lost answers, revoked tokens, and groups that change: said plainly, and nothing lost."""

import asyncio
import logging
import re
from typing import Any

import pytest

from bot.alerts.notifier import Undelivered
from bot.chats.base import ButtonLines, MessageRef, Place
from bot.chats.render.telegram import TelegramMessage
from bot.chats.telegram.speech import Speech
from bot.chats.telegram.wire import OTHER_POLLER, REVOKED, Wire
from handlers.reply import Button, Image, Reply
from tests.bot.chats.telegram.desk import ANA, BEN, GROUP, Talk, by_bot, said, scripted
from tests.emulators.telegram.caller import Caller
from tests.emulators.telegram.chats import Message
from tests.emulators.telegram.server import Telegram
from tests.kit import MemoryJournal
from trading.errors import ConfigError
from trading.events import Noticed

ALERTS = {"id": GROUP, "alerts": "errors"}


async def happen(talk: Talk, count: int, first: int = 0) -> None:
    """So many things of which everybody is told."""
    for number in range(first, first + count):
        await talk.book.record(Noticed(f"n{number}", "info", "test", f"number {number}"))


def numbers(messages: list[Message]) -> list[int]:
    """Which of those things the messages tell, of which one may tell several."""
    return [int(found) for message in messages for found in re.findall(r"number ([0-9]+)", message.text)]


async def tells(telegram: Telegram, chat: Any, *wanted: int, seconds: float = 5.0) -> list[Message]:
    """Wait until those things have been told there; answers the messages."""
    await telegram.until(lambda: len(numbers(by_bot(telegram, chat))) >= len(wanted), seconds)
    assert numbers(by_bot(telegram, chat)) == list(wanted)
    return by_bot(telegram, chat)


async def test_alerts_go_to_the_configured_places_in_order_and_by_kind() -> None:
    async with Telegram() as telegram:
        ana = telegram.person(ANA, "Ana")
        group = telegram.group(GROUP, "Desk", ana, forum=True)
        topic = ana.opens_topic(group, "Alerts")
        places = {"id": GROUP, "topic": topic, "alerts": "errors"}, {"id": ANA, "alerts": "fills"}
        async with scripted(telegram, *places) as talk:
            await happen(talk, 4)
            told = await tells(telegram, group, 0, 1, 2, 3)
            assert {m.thread for m in told} == {topic}
            assert by_bot(telegram, ana.chat) == []


async def test_a_topic_that_is_gone_does_not_swallow_alerts() -> None:
    async with Telegram() as telegram:
        group = telegram.group(GROUP, "Desk", telegram.person(ANA, "Ana"), forum=True)
        async with scripted(telegram, {**ALERTS, "topic": 4711}) as talk:
            await happen(talk, 1)
            (told,) = await said(telegram, group)
            assert told.thread == 0


@pytest.mark.parametrize("kind", ["refused", "502"])
async def test_an_outage_loses_nothing_and_doubles_nothing(kind: str) -> None:
    async with Telegram() as telegram:
        ana = telegram.person(ANA, "Ana")
        group = telegram.group(GROUP, "Desk", ana)
        async with scripted(telegram, ALERTS) as talk:
            await telegram.until(lambda: telegram.updates.polled)
            await telegram.outage(kind)
            await happen(talk, 3)
            await ana.says(ana.chat, "/status")
            await talk.until_problem("Telegram cannot be reached.")
            await telegram.recover()
            await tells(telegram, group, 0, 1, 2)
            await said(telegram, ana.chat)
            assert telegram.record.doubled() == {}
            await talk.until_problem("")


async def test_a_start_during_an_outage_is_no_error() -> None:
    async with Telegram() as telegram:
        ana = telegram.person(ANA, "Ana")
        await telegram.outage("refused")
        async with scripted(telegram, {"id": ANA, "alerts": "errors"}) as talk:
            assert talk.chat.problem == "Telegram cannot be reached."
            await happen(talk, 1)
            await telegram.recover()
            await said(telegram, ana.chat)
            await telegram.until(lambda: telegram.updates.polled)
            kill = ("kill", "Halt: nothing new, cancel what could open something, and close all if asked.")
            await telegram.until(lambda: kill in ana.menu(ana.chat))


async def test_a_lost_answer_doubles_at_most_the_one_in_flight() -> None:
    async with Telegram() as telegram:
        group = telegram.group(GROUP, "Desk", telegram.person(ANA, "Ana"))
        async with scripted(telegram, ALERTS) as talk:
            telegram.faults.arm("drop_after", on="sendMessage", skip=1)
            for number in range(3):
                await happen(talk, 1, number)
                await talk.notifier.drain(5)
            await tells(telegram, group, 0, 1, 1, 2)


async def test_of_a_long_text_only_what_failed_is_sent_again() -> None:
    async with Telegram() as telegram:
        ana = telegram.person(ANA, "Ana")
        long = Reply("\n".join(f"line {n} " + "x" * 90 for n in range(120)))
        async with scripted(telegram, {"id": ANA, "alerts": "fills"}) as talk:
            telegram.faults.arm("502", on="sendMessage", skip=1)
            with pytest.raises(Undelivered):
                await talk.chat.send(Place(ANA), long, once="k")
            await talk.chat.send(Place(ANA), long, once="k")
            assert telegram.record.doubled() == {}
            shown = "".join(m.text for m in by_bot(telegram, ana.chat))
            assert all(f"line {n} " in shown for n in range(120))


async def test_the_wait_that_telegram_asks_for_is_passed_on_and_kept() -> None:
    async with Telegram() as telegram:
        telegram.person(ANA, "Ana")
        async with scripted(telegram, {"id": ANA, "alerts": "fills"}) as talk:
            telegram.faults.arm("429", on="sendMessage", retry_after=1)
            with pytest.raises(Undelivered) as limited:
                await talk.chat.send(Place(ANA), Reply("x"))
            assert limited.value.after_s == 1
            loop = asyncio.get_running_loop()
            began = loop.time()
            await talk.chat.send(Place(ANA), Reply("x"))  # whoever comes next waits for it
            assert loop.time() - began >= 0.95


async def test_a_slow_chat_holds_up_no_other() -> None:
    async with Telegram() as telegram:
        ana, ben = telegram.person(ANA, "Ana"), telegram.person(BEN, "Ben")
        async with scripted(telegram, {"id": ANA, "alerts": "fills"}) as talk:
            telegram.faults.arm("hang_after", on="sendMessage")
            slow = asyncio.ensure_future(talk.chat.send(Place(ANA), Reply("slow")))
            await said(telegram, ana.chat)
            await talk.chat.send(Place(BEN), Reply("quick"))
            assert [m.text for m in by_bot(telegram, ben.chat)] == ["quick"]
            assert not slow.done()
            telegram.release()
            with pytest.raises(Undelivered):
                await slow


async def test_a_refused_token_ends_the_start_and_is_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with Telegram() as telegram:
        old = telegram.token
        async with scripted(telegram) as talk:
            await telegram.until(lambda: telegram.updates.polled)
            telegram.revoke("123456789:another")
            await talk.until_problem(REVOKED)
        with pytest.raises(ConfigError, match="@BotFather") as refused:
            async with scripted(telegram, token=old):
                pass
        assert old not in str(refused.value)
    written = "".join(record.getMessage() + str(record.exc_info) for record in caplog.records)
    assert old not in written
    assert "bot123" not in written


async def test_a_second_poller_is_named_and_got_over() -> None:
    async with Telegram() as telegram, scripted(telegram) as talk, Caller(telegram) as other:
        ana = telegram.person(ANA, "Ana")
        await telegram.until(lambda: telegram.updates.polled)
        poll = asyncio.ensure_future(other("getUpdates", timeout=20))
        await talk.until_problem(OTHER_POLLER)
        poll.cancel()
        await asyncio.gather(poll, return_exceptions=True)
        await ana.says(ana.chat, "/status")
        await said(telegram, ana.chat, seconds=10)


async def test_a_bot_thrown_out_says_so_and_loses_nothing() -> None:
    async with Telegram() as telegram:
        ana = telegram.person(ANA, "Ana")
        group = telegram.group(GROUP, "Desk", admins=(ana,))
        journal = MemoryJournal()
        async with scripted(telegram, ALERTS, journal=journal) as talk:
            await happen(talk, 1)
            await said(telegram, group)
            await ana.throws_out(group, telegram.bot)
            await happen(talk, 2, first=1)
            await talk.until_problem(f"chat {GROUP}: bot was kicked")
        await ana.adds(group, telegram.bot)
        async with scripted(telegram, ALERTS, journal=journal) as talk:
            await tells(telegram, group, 0, 1, 2)
            assert talk.chat.problem == ""


async def test_a_group_that_becomes_a_supergroup_is_followed() -> None:
    async with Telegram() as telegram:
        ana = telegram.person(ANA, "Ana")
        group = telegram.group(-42, "Desk", ana)
        old = {"id": -42, "alerts": "errors,system"}
        async with scripted(telegram, old) as talk:
            await telegram.until(lambda: telegram.updates.polled)
            new = await ana.migrates(group)
            await ana.says(new, "/status@tiller_bot")
            await happen(talk, 1)
            texts = [m.text for m in await said(telegram, new, 3)]
            assert any(f"has the id {new.id} now" in text for text in texts)
            assert any("number 0" in text for text in texts)
            assert "did /status" in texts
            assert talk.door.places == {"telegram:-42"}, "whatever its id, it is the place of the settings"
        async with scripted(telegram, old) as talk:  # the settings still name the old one
            await said(telegram, new, 4)
            await ana.says(new, "/last@tiller_bot")
            await telegram.until(lambda: talk.door.lines == ["/last"])


async def test_a_message_is_changed_in_place() -> None:
    async with Telegram() as telegram, scripted(telegram) as talk:
        ana = telegram.person(ANA, "Ana")
        chat, stop = talk.chat, (Button("Stop", "stop"),)
        ref = await chat.send(Place(ANA), Reply("10%", buttons=stop))
        await chat.edit(ref, Reply("50%", buttons=stop))
        await chat.edit(ref, Reply("50%", buttons=stop))
        await chat.edit(ref, Reply("100%"))
        (message,) = by_bot(telegram, ana.chat)
        assert (message.text, message.buttons, len(message.history)) == ("100%", (), 2)
        await chat.edit(MessageRef(Place(ANA), 9999), Reply("gone"))  # no error


async def test_a_picture_gets_another_caption_and_what_is_too_long_for_one_follows() -> None:
    async with Telegram() as telegram, scripted(telegram) as talk:
        ana, ben = telegram.person(ANA, "Ana"), telegram.person(BEN, "Ben")
        drawn = Reply("a", image=Image("a.gif", b"GIF89a"))
        picture = await talk.chat.send(Place(ANA), drawn)
        await talk.chat.edit(picture, Reply("b"))
        assert ana.chat.texts == ["b"]
        picture = await talk.chat.send(Place(BEN), drawn)
        await talk.chat.edit(picture, Reply("word " * 400))
        assert [len(text) > 1024 for text in ben.chat.texts] == [False, True]


async def test_a_message_is_sent_though_what_it_answers_is_gone() -> None:
    async with Telegram() as telegram:
        ana = telegram.person(ANA, "Ana")
        async with scripted(telegram, {"id": ANA, "alerts": "fills"}) as talk:
            gone = MessageRef(Place(ANA), 9999)
            below = await talk.chat.send(Place(ANA), Reply("a < b\nunder"), reply_to=gone, silent=True)
            (message,) = by_bot(telegram, ana.chat)
            assert (message.id, message.text, message.silent) == (below.message, "a < b\nunder", True)
            assert message.reply_to is None


async def test_markup_that_telegram_refuses_is_sent_as_plain_text_and_what_cannot_be_sent_in_part() -> None:
    async with Telegram() as telegram:
        ana = telegram.person(ANA, "Ana")
        wire = Wire(telegram.token, telegram.url, [], lambda old, new: None)
        speech = Speech(wire, ButtonLines())
        await speech.post(Place(ANA), TelegramMessage("<b>a", "a < b"), None, silent=False)
        await speech.post(Place(ANA), TelegramMessage("<b>a", "x" * 5000), None, silent=False)
        with pytest.raises(Undelivered, match="Chat not found"):
            await speech.post(Place(-9), TelegramMessage("a", "a"), None, silent=False)
        first, second = ana.chat.texts
        assert first == "a < b"
        assert (second[:10], len(second)) == ("x" * 10, 1000)
        await wire.close()
