"""What Discord is told unasked: once, in order, below the order's card, whatever the network does."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from bot.alerts.notifier import Undelivered
from bot.chats.base import Place
from handlers.alerts import Alert, Severity
from handlers.reply import Button, Image, Reply, Tone
from tests.bot.chats.discord.desk import ALERTS, CHANNEL, DiscordDesk, discord_desk
from tests.emulators.discord import permissions as may
from trading.events import Noticed, OrderAccepted, OrderFilled
from trading.instruments import Money

CREATE = "POST /channels/{channel}/messages"
AT = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
ORDER = "abcdefghijklmnop"
FILLED = Alert(7, "fills", Severity.NOTICE, "Filled 0.01", Tone.GOOD)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[DiscordDesk]:
    async with discord_desk(tmp_path) as desk:
        yield desk


async def fill(desk: DiscordDesk, trade: str, quantity: str = "0.004") -> None:
    """Part of the order is filled."""
    fee = Money(Decimal("0.2"), "USDT")
    await desk.desk.book.record(OrderFilled(ORDER, trade, Decimal(quantity), Decimal(60000), fee, fee.amount, AT))


async def test_a_channel_is_told_what_it_is_configured_for(desk: DiscordDesk) -> None:
    await desk.desk.add_order(ORDER)
    await desk.desk.book.record(OrderAccepted(ORDER, "v1"), Noticed("n1", "warning", "feed", "The feed is slow."))
    await fill(desk, "t1")
    await desk.ana.reads(CHANNEL, "The feed is slow.")
    assert "Filled 0.004 at 60,000" in (await desk.ana.reads(ALERTS, "Filled")).text
    assert await desk.notifier.drain(5)
    assert len(desk.answers(desk.ana, ALERTS)) == 1
    told = "\n".join(desk.answers(desk.ana, CHANNEL))
    assert [told.count(each) for each in ("accepted it as v1", "The feed is slow.", "Filled 0.004")] == [1, 1, 1]
    assert all(message.embeds == [] for message in desk.ana.sees(CHANNEL))  # a locked phone shows the text


async def test_fills_are_said_below_their_orders_card_after_a_restart_too(desk: DiscordDesk) -> None:
    await desk.desk.add_order(ORDER)
    card = await (await desk.ana.slash(desk.channel, "story", lines=1)).answer()
    await fill(desk, "t1")
    first = await desk.ana.reads(CHANNEL, "Filled 0.004")
    await desk.leave()
    await desk.ready()
    await fill(desk, "t2", "0.003")
    second = await desk.ana.reads(CHANNEL, "Filled 0.003")
    for said in (first, second):
        assert said.reference is not None
        assert said.reference["message_id"] == str(card.id)


async def test_fills_are_said_in_the_thread_of_the_card(desk: DiscordDesk) -> None:
    await desk.desk.add_order(ORDER)
    card = await (await desk.ana.slash(desk.channel, "story", lines=1)).answer()
    thread = desk.discord.posts.start_thread(desk.channel, {"name": "Order"}, card)
    await (await desk.ana.slash(desk.channel, "look")).answer()  # the thread was told before this was
    await fill(desk, "t1")
    await desk.ana.reads(thread, "Filled 0.004")
    del desk.discord.world.channels[thread.id]  # somebody removes it, and we are not told
    await fill(desk, "t2", "0.003")
    assert (await desk.ana.reads(CHANNEL, "Filled 0.003")).reference is not None


async def test_a_card_that_is_gone_silences_nothing(desk: DiscordDesk) -> None:
    await desk.desk.add_order(ORDER)
    card = await (await desk.ana.slash(desk.channel, "story", lines=1)).answer()
    desk.discord.posts.delete(card)
    await fill(desk, "t1")
    assert (await desk.ana.reads(CHANNEL, "Filled 0.004")).reference is None


@pytest.mark.parametrize("fault", ["drop_after", "truncated", "drop_before"])
async def test_a_lost_answer_is_one_message(desk: DiscordDesk, fault: str) -> None:
    assert desk.chat is not None
    desk.discord.faults.arm(fault, on=CREATE)
    with pytest.raises(Undelivered, match="Discord does not answer"):
        await desk.chat.send(Place(CHANNEL), FILLED, once="7")
    sent = await desk.chat.send(Place(CHANNEL), FILLED, once="7")
    (message,) = desk.ana.sees(CHANNEL)
    assert (message.id, message.enforced, message.nonce is not None) == (sent.message, True, True)
    elsewhere = await desk.chat.send(Place(ALERTS), FILLED, once="7")
    assert elsewhere.message != sent.message


async def test_an_alert_that_was_sent_before_a_crash_could_note_it_is_one_message(desk: DiscordDesk) -> None:
    await desk.desk.book.record(Noticed("n1", "warning", "feed", "The feed is slow."))
    assert await desk.notifier.drain(5)
    await desk.leave()
    desk.desk.journal.cursors[f"discord:{CHANNEL}"] -= 1
    sent = len(desk.requests(CREATE))
    await desk.ready()
    assert await desk.notifier.drain(5)
    assert len(desk.requests(CREATE)) == sent + 1
    assert len(desk.answers(desk.ana)) == 1


async def test_an_outage_longer_than_a_nonce_lives_doubles_nothing(desk: DiscordDesk) -> None:
    assert desk.chat is not None
    for number, fault in ((7, "drop_after"), (8, "drop_before")):  # two that read the same are two
        desk.discord.faults.arm(fault, on=CREATE)
        with pytest.raises(Undelivered):
            await desk.chat.send(Place(CHANNEL), FILLED, once=str(number))
        desk.discord.advance(10 * 60)
        desk.discord.faults.arm("status_503", on="GET /channels/*")
        with pytest.raises(Undelivered):
            await desk.chat.send(Place(CHANNEL), FILLED, once=str(number))
        await desk.chat.send(Place(CHANNEL), FILLED, once=str(number))
    assert len(desk.ana.sees(CHANNEL)) == 2
    desk.discord.faults.arm("drop_before", on=CREATE)
    with pytest.raises(Undelivered):
        await desk.chat.send(Place(CHANNEL), FILLED, once="9")
    desk.discord.forbid(desk.channel, may.READ_MESSAGE_HISTORY)
    await desk.chat.send(Place(CHANNEL), FILLED, once="9")
    assert len(desk.ana.sees(CHANNEL)) == 3


async def test_a_long_message_that_was_half_sent_is_completed(desk: DiscordDesk) -> None:
    assert desk.chat is not None
    long = Alert(7, "errors", Severity.WARNING, "\n".join(f"{n} bottles of beer on the wall" for n in range(150)))
    desk.discord.faults.arm("drop_before", on=CREATE, skip=1)
    with pytest.raises(Undelivered):
        await desk.chat.send(Place(CHANNEL), long, once="7")
    desk.discord.advance(10 * 60)
    await desk.chat.send(Place(CHANNEL), long, once="7")
    pages = desk.answers(desk.ana)
    assert [page.rpartition("\n")[2] for page in pages] == [f"{n}/{len(pages)}" for n in range(1, len(pages) + 1)]


async def test_an_outage_delays_and_loses_nothing_and_keeps_the_order(desk: DiscordDesk) -> None:
    await desk.discord.close()
    for number in range(12):
        await desk.desk.book.record(Noticed(f"n{number}", "info", "feed", f"Alert {number}."))
    await asyncio.sleep(0)
    desk.discord.advance(10 * 60)  # longer than Discord knows a nonce
    await desk.discord.open()
    await desk.ana.reads(CHANNEL, "Alert 11.", 10)
    assert re.findall(r"Alert ([0-9]+)\.", "\n".join(desk.answers(desk.ana))) == [str(n) for n in range(12)]
    assert desk.discord.doubled() == {}


async def test_what_discord_asks_to_wait_is_waited(desk: DiscordDesk) -> None:
    assert desk.chat is not None
    for detail, least in (({"seconds": 40}, 40), ({"scope": "cloudflare", "seconds": 9}, 9)):
        desk.discord.faults.arm("429", on=CREATE, **detail)
        with pytest.raises(Undelivered) as caught:
            await desk.chat.send(Place(CHANNEL), FILLED)
        assert caught.value.after_s == least
    desk.discord.faults.arm("429", on=CREATE, seconds=0.01)  # so short that the library waits
    await desk.chat.send(Place(CHANNEL), FILLED)
    assert len(desk.ana.sees(CHANNEL)) == 1


async def test_a_channel_that_refuses_is_named_until_it_takes_messages(desk: DiscordDesk) -> None:
    assert desk.chat is not None
    for denied, words in (
        (may.VIEW_CHANNEL, "does not see channel 2"),
        (may.SEND_MESSAGES, "may not write in channel 2"),
    ):
        desk.discord.forbid(desk.channel, denied)
        with pytest.raises(Undelivered, match=words):
            await desk.chat.send(Place(CHANNEL), FILLED)
        assert words in desk.chat.problem
        desk.channel.denied = 0
    await desk.chat.send(Place(CHANNEL), FILLED)
    assert desk.chat.problem == ""


async def test_a_message_is_edited_and_what_does_not_fit_follows(desk: DiscordDesk) -> None:
    assert desk.chat is not None
    ref = await desk.chat.send(Place(CHANNEL), Reply("Working: 10%", buttons=(Button("Stop", "stop"),)), silent=True)
    (message,) = desk.ana.sees(CHANNEL)
    assert (message.text, message.buttons, message.silent) == ("Working: 10%", ["Stop"], True)
    await desk.chat.edit(ref, Reply("Done", image=Image("result.png", b"\x89PNG")))
    assert (message.text, message.buttons, message.files) == ("Done", [], {"result.png": b"\x89PNG"})
    await desk.chat.edit(ref, Reply("\n".join(f"line {number}" for number in range(600))))
    assert "line 0" in message.text
    assert message.files == {}
    assert len(desk.ana.sees(CHANNEL)) == 2
    desk.discord.posts.delete(message)
    await desk.chat.edit(ref, Reply("Nobody sees this"))


async def test_long_answers_come_in_pages_or_as_a_file_and_pictures_as_files(desk: DiscordDesk) -> None:
    short = await desk.ana.slash(desk.channel, "story", lines=200)
    await desk.ana.reads(CHANNEL, "199 bottles")
    assert len(short.messages) == 2
    long = await desk.ana.slash(desk.channel, "story", lines=2000)
    card = await long.answer()
    (name,) = card.files
    assert b"1999 bottles" in card.files[name]
    picture = await (await desk.ana.slash(desk.channel, "draw")).answer()
    assert picture.files == {"a-picture.png": b"\x89PNG"}
    assert picture.embeds[0]["image"]["url"] == "attachment://a-picture.png"


async def test_nobody_is_ever_called(desk: DiscordDesk) -> None:
    assert desk.chat is not None
    text = "@everyone @here <@2222> <@&1>"
    ref = await desk.chat.send(Place(CHANNEL), Alert(1, "errors", Severity.CRITICAL, text))
    await desk.chat.edit(ref, Reply(text))
    assert desk.ana.pinged_by == []
    allowed = [message.allowed_mentions for message in desk.ana.sees(CHANNEL)]
    assert [each and each["parse"] for each in allowed] == [[]]
