"""What goes wrong, seen through python-telegram-bot: its error classes are how a bot tells one from the other."""

import asyncio
import socket
from typing import Any

import pytest
from telegram import Update
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)
from telegram.ext import MessageHandler, filters

from tests.emulators.telegram.caller import calling
from tests.emulators.telegram.clients import Inbox, application, bot, polling
from tests.emulators.telegram.server import Telegram

NOW = 1_790_000_000.0


@pytest.mark.filterwarnings("ignore:Deprecated since version v22.2:telegram.warnings.PTBDeprecationWarning")
async def test_refusals_are_the_errors_that_the_library_knows() -> None:
    async with Telegram() as telegram, bot(telegram) as client:
        ana = telegram.person(1111, "Ana")
        with pytest.raises(BadRequest, match=r"[Cc]an't parse entities"):
            await client.send_message(1111, "<b>x", parse_mode="HTML")
        await ana.blocks()
        with pytest.raises(Forbidden, match="blocked"):
            await client.send_message(1111, "x")
        group = telegram.group(-42, "Desk", ana)
        new = await ana.migrates(group)
        with pytest.raises(ChatMigrated) as migrated:
            await client.send_message(-42, "x")
        assert migrated.value.new_chat_id == new.id
        telegram.faults.arm("429", on="sendMessage", retry_after=7)
        with pytest.raises(RetryAfter) as flood:
            await client.send_message(new.id, "x")
        assert flood.value.retry_after == 7
        telegram.revoke("123456789:another")
        with pytest.raises(InvalidToken):
            await client.get_me()
        assert new.texts == [""]  # the migration alone


@pytest.mark.parametrize("code", [500, 502, 503, 504])
async def test_server_errors_carry_nothing_out(code: int) -> None:
    async with Telegram() as telegram, bot(telegram) as client:
        ana = telegram.person(1111, "Ana")
        telegram.faults.arm(str(code), on="sendMessage")
        with pytest.raises(NetworkError):
            await client.send_message(1111, "x")
        assert (ana.chat.texts, telegram.faults.struck) == ([], [(str(code), "sendMessage")])


@pytest.mark.parametrize(("fault", "sent"), [("drop_before", 0), ("drop_after", 1), ("truncated", 1), ("html_502", 0)])
async def test_a_lost_answer_leaves_it_open_whether_it_was_sent(fault: str, sent: int) -> None:
    async with Telegram() as telegram, bot(telegram) as client:
        ana = telegram.person(1111, "Ana")
        telegram.faults.arm(fault, on="sendMessage")
        with pytest.raises(NetworkError):
            await client.send_message(1111, "filled")
        assert len(ana.chat.texts) == sent
        await client.send_message(1111, "filled")
        # Whoever sends it again doubles it, which the record shows.
        assert telegram.record.doubled() == ({(1111, "filled"): 2} if sent else {})


async def test_hanging_and_slow_answers() -> None:
    async with Telegram() as telegram, bot(telegram) as client:
        ana = telegram.person(1111, "Ana")
        telegram.faults.arm("hang_after", on="sendMessage")
        with pytest.raises(TimedOut):
            await client.send_message(1111, "x", read_timeout=0.05)
        await telegram.until(lambda: ana.chat.texts == ["x"])
        telegram.faults.arm("slow", on="sendMessage", seconds=0.05)
        await client.send_message(1111, "y")
        assert ana.chat.texts == ["x", "y"]
        telegram.release()


@pytest.mark.parametrize("kind", ["refused", "502", "hang"])
async def test_an_outage_ends(kind: str) -> None:
    async with Telegram(NOW) as telegram, bot(telegram) as client:
        ana = telegram.person(1111, "Ana")
        await client.send_message(1111, "before")
        await telegram.outage(kind, seconds=600)
        with pytest.raises(NetworkError):
            await client.send_message(1111, "during", read_timeout=0.05)
        await ana.says(ana.chat, "hello?")
        telegram.clock.advance(599)
        with pytest.raises(NetworkError):
            await client.send_message(1111, "during", read_timeout=0.05)
        telegram.clock.advance(1)
        await telegram.until(lambda: not telegram.out)
        await client.send_message(1111, "after")
        assert ana.chat.texts == ["before", "hello?", "after"]
        assert len(await client.get_updates()) == 1


async def test_an_outage_that_two_end_at_once_is_over_for_both() -> None:
    async with Telegram(NOW) as telegram:
        await telegram.outage("refused")
        first = asyncio.create_task(telegram.recover())
        await asyncio.sleep(0)  # it has begun
        await telegram.recover()
        socket.create_connection(
            ("127.0.0.1", int(telegram.url.rpartition(":")[2]))
        ).close()  # at once: the loop does not turn
        await first


async def test_a_poller_lives_through_a_lost_answer() -> None:
    async with Telegram() as telegram:
        ana = telegram.person(1111, "Ana")
        app, heard = application(telegram), list[str]()

        async def hear(update: Update, context: Any) -> None:
            assert update.message is not None
            heard.append(str(update.message.text))
            telegram.world.changed()

        app.add_handler(MessageHandler(filters.TEXT, hear))
        errors: list[TelegramError] = []
        async with polling(app, error_callback=errors.append):
            await telegram.until(lambda: telegram.updates.polled)
            telegram.faults.arm("drop_after", on="getUpdates")  # of the next poll, not of the one that waits
            await ana.says(ana.chat, "one")
            await telegram.until(lambda: heard == ["one"] and telegram.updates.polled)
            await ana.says(ana.chat, "two")
            await telegram.until(lambda: heard == ["one", "two"])
        assert [type(error) for error in errors] == [NetworkError]
        assert telegram.updates.told == 3  # "two" was told twice


async def test_two_pollers_on_one_token() -> None:
    async with Telegram() as telegram:
        errors: list[TelegramError] = []

        def failed(error: TelegramError) -> None:
            errors.append(error)
            telegram.world.changed()

        async with polling(application(telegram), error_callback=failed), bot(telegram) as other:
            await telegram.until(lambda: telegram.updates.polled)
            await other.get_updates(timeout=0)  # asks, but does not wait: no harm
            assert errors == []
            poll = asyncio.ensure_future(other.get_updates(timeout=10))
            await telegram.until(lambda: errors)
            poll.cancel()
        assert isinstance(errors[0], Conflict)


async def test_an_outage_stops_the_webhook_as_well() -> None:
    async with calling(NOW) as (telegram, call), Inbox() as inbox:
        ana = telegram.person(1111, "Ana")
        await call("setWebhook", url=inbox.url)
        await telegram.outage("502")
        await ana.says(ana.chat, "x")
        assert telegram.webhook.attempts == 0
        await telegram.recover()
        await telegram.until(lambda: inbox.updates)


async def test_the_limit_of_a_group_is_twenty_a_minute() -> None:
    async with calling(NOW, limits=True) as (telegram, call):
        ana = telegram.person(1111, "Ana")
        telegram.group(-77, "Desk", ana)
        sent, refused = 0, 0
        for _ in range(60):  # two a second
            body = await call.body("sendMessage", chat_id=-77, text="x")
            sent, refused = sent + body["ok"], refused + (not body["ok"])
            telegram.clock.advance(0.5)
        assert (sent, refused) == (20, 40)
        # The first twenty were sent within ten seconds: 30 s are left of the minute, whoever asks meanwhile.
        refusal = await call.body("sendMessage", chat_id=-77, text="x")
        assert (refusal["error_code"], refusal["parameters"]) == (429, {"retry_after": 30})
        await call.sends(1111, "x")  # others are not concerned
        telegram.clock.advance(30)
        await call.sends(-77, "x")


async def test_nothing_goes_before_the_seconds_that_were_told_have_passed() -> None:
    async with calling(NOW, limits=True) as (telegram, call):
        telegram.person(1111, "Ana")
        for _ in range(5):
            await call.sends(1111, "x")
        telegram.clock.advance(2.5)
        refused = "429 Too Many Requests: retry after"
        assert await call.refused("sendMessage", chat_id=1111, text="x") == f"{refused} 3"
        telegram.clock.advance(2.75)  # the five seconds are over, the three are not
        assert await call.refused("sendMessage", chat_id=1111, text="x") == f"{refused} 1"
        telegram.clock.advance(0.25)
        await call.sends(1111, "x")


async def test_limits_of_a_chat_and_of_all() -> None:
    async with calling(NOW, limits=True) as (telegram, call):
        for number in range(1, 41):
            telegram.person(number, "Ana")
        burst = [(await call.body("sendMessage", chat_id=1, text="x"))["ok"] for _ in range(8)]
        assert burst == [True] * 5 + [False] * 3
        telegram.clock.advance(10)
        for _ in range(30):  # one a second is always well
            await call.sends(1, "x")
            telegram.clock.advance(1)
        everybody = [(await call.body("sendMessage", chat_id=number, text="x"))["ok"] for number in range(1, 41)]
        assert everybody == [True] * 30 + [False] * 10
        assert {chat for _, chat, _ in telegram.limits.refused} == {1, *range(31, 41)}


async def test_methods_and_tokens_that_there_are_not() -> None:
    async with calling() as (telegram, call):
        assert await call.refused("sendTelepathy") == "404 Not Found: method not found"
        async with bot(telegram) as client:
            telegram.revoke("123456789:new")
            with pytest.raises(InvalidToken):
                await client.send_message(1111, "x")
        assert (await call("getMe"))["username"] == "tiller_bot"  # the new one is known to whoever has it
