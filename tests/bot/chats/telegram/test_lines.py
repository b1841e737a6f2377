"""What counts as a command on Telegram, and what does not: refused in one line, once, and never run."""

import pytest

from handlers.reply import Button, Image, Reply, Table
from tests.bot.chats.telegram.desk import ANA, BEN, EVE, GROUP, VIC, by_bot, said, scripted
from tests.emulators.telegram.chats import Media
from tests.emulators.telegram.server import Telegram

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63606060000000040001f61738550000000049454e44ae426082"
)


async def test_lines_of_known_people_are_taken_to_the_door_as_they_are() -> None:
    async with Telegram() as telegram, scripted(telegram) as talk:
        ana, ben = telegram.person(ANA, "Ana"), telegram.person(BEN, "Ben")
        group = telegram.group(GROUP, "Desk", ana, ben)
        await ana.says(ana.chat, "status")
        await ben.says(group, "/buy@Tiller_Bot BTC/USDT 1")
        await ben.says(group, "/buy@other_bot BTC/USDT 2")
        await ben.says(ben.chat, "/buy@other_bot BTC/USDT 3")
        await ben.says(group, "hello there")
        await ana.says(ana.chat, "/last")
        await said(telegram, ana.chat, 2)
        await said(telegram, group)
        assert [(line, who) for line, who, _ in talk.door.asked] == [
            ("status", "person:ana"),
            ("/buy BTC/USDT 1", "person:ben"),
            ("/last", "person:ana"),
        ]
        keys = [key for _, _, key in talk.door.asked]
        assert keys[0] == "tg:900000001"
        assert len(set(keys)) == 3


async def test_what_is_no_command_is_said_once() -> None:
    async with Telegram() as telegram, scripted(telegram) as talk:
        ana = telegram.person(ANA, "Ana")
        group = telegram.group(GROUP, "Desk", admins=(ana,))
        channel = telegram.channel(-1_001_000_000_099, "News")
        first = await ana.says(ana.chat, "/status")
        await said(telegram, ana.chat)
        for size in (2, 3):
            await ana.edits(first, f"/buy BTC/USDT {size}")
            await ana.forwards(first, ana.chat)
            await ana.says(group, f"/buy BTC/USDT {size}", anonymous=True)
            await ana.says(channel, f"/buy BTC/USDT {size}")
        await ana.says(ana.chat, "/last")
        texts = [m.text for m in await said(telegram, ana.chat, 4)]
        assert talk.door.lines == ["/status", "/last"]
        assert sum("edited" in text for text in texts) == 1
        assert sum("forwarded" in text for text in texts) == 1
        (anonymous,) = by_bot(telegram, group)
        assert "Anonymous" in anonymous.text
        assert channel.texts[2:] == []  # it is none of the settings


async def test_old_lines_are_not_obeyed_but_a_kill_is() -> None:
    async with Telegram() as telegram:
        ana, vic = telegram.person(ANA, "Ana"), telegram.person(VIC, "Vic")
        await ana.says(ana.chat, "/buy BTC/USDT 1", ago=300)
        await ana.says(ana.chat, "/kill all flatten=yes", ago=7200)
        await vic.says(vic.chat, "/kill", ago=7200)
        await ana.says(ana.chat, "/status", ago=5)
        async with scripted(telegram) as talk:
            texts = [m.text for m in await said(telegram, ana.chat, 3)]
            (refused,) = await said(telegram, vic.chat)
            assert talk.door.lines == ["/kill all flatten=yes", "/status"]
            assert [text for text in texts if "Too old: sent 5m ago" in text] != []
            assert "Too old: sent 2h ago" in refused.text


async def test_an_update_told_again_is_one_command() -> None:
    async with Telegram() as telegram:
        ana = telegram.person(ANA, "Ana")
        async with scripted(telegram) as talk:
            telegram.faults.arm("duplicated", on="getUpdates")
            await ana.says(ana.chat, "/buy BTC/USDT 1")
            await said(telegram, ana.chat)
            await telegram.until(lambda: telegram.updates.polled)
            telegram.redeliver()
            await ana.says(ana.chat, "/status")
            await said(telegram, ana.chat, 2)
            assert talk.door.lines == ["/buy BTC/USDT 1", "/status"]
        async with scripted(telegram) as again:  # what was answered was confirmed, and is not told again
            await ana.says(ana.chat, "/last")
            await said(telegram, ana.chat, 3)
            assert again.door.lines == ["/last"]


async def test_what_is_told_again_to_the_next_process_comes_under_the_same_key() -> None:
    async with Telegram() as telegram:
        ana = telegram.person(ANA, "Ana")
        async with scripted(telegram) as talk:
            await ana.says(ana.chat, "/buy BTC/USDT 1")
            await said(telegram, ana.chat)
        telegram.redeliver()
        async with scripted(telegram) as again:
            await said(telegram, ana.chat, 2)
            assert again.door.asked == talk.door.asked


async def test_who_floods_is_told_once_and_a_kill_is_heard_all_the_same() -> None:
    async with Telegram() as telegram, scripted(telegram) as talk:
        ana, ben = telegram.person(ANA, "Ana"), telegram.person(BEN, "Ben")
        for _ in range(40):
            await ana.says(ana.chat, "/status")
        await ana.says(ana.chat, "/kill")
        await ben.says(ben.chat, "/last")
        await said(telegram, ben.chat)
        await telegram.until(lambda: "/kill" in talk.door.lines)
        assert 10 <= talk.door.lines.count("/status") <= 12  # a burst of ten, and one every other second


async def test_any_number_of_strangers_holds_up_nobody() -> None:
    async with Telegram() as telegram, scripted(telegram) as talk:
        ana = telegram.person(ANA, "Ana")
        for number in range(7001, 7081):
            eve = telegram.person(number, "Eve")
            await eve.says(eve.chat, "/status")
        await ana.says(ana.chat, "/last")
        await said(telegram, ana.chat)
        assert 30 <= talk.door.lines.count("/status") <= 35


async def test_private_answers_in_a_group_go_to_the_person() -> None:
    async with Telegram() as telegram, scripted(telegram) as talk:
        ana, eve = telegram.person(ANA, "Ana"), telegram.person(BEN, "Ben", started=False)
        group = telegram.group(GROUP, "Desk", ana, eve)
        talk.door.reply = Reply("You have 12,345.67 USDT.", private=True)
        asked = await ana.says(group, "/balance")
        (alone,) = await said(telegram, ana.chat)
        (line,) = await said(telegram, group)
        assert "12,345.67" in alone.text
        assert (line.text, line.reply_to) == ("Answered in our private chat.", asked)
        await eve.says(group, "/balance")
        refused = (await said(telegram, group, 2))[-1]
        assert "https://t.me/tiller_bot" in refused.text
        assert "12,345.67" not in "".join(group.texts)


async def test_whoami_in_a_group_tells_its_id_and_the_topics_as_the_settings_want_them() -> None:
    async with Telegram() as telegram, scripted(telegram):
        ana = telegram.person(ANA, "Ana")
        group = telegram.group(GROUP - 1, "New", ana, forum=True)
        topic = ana.opens_topic(group, "Orders")
        await ana.says(group, "/whoami", thread=topic)
        (answer,) = await said(telegram, group)
        assert f"id is {GROUP - 1}, this topic's {topic}." in answer.text


async def test_answers_are_given_in_the_topic_where_they_were_asked_for() -> None:
    async with Telegram() as telegram, scripted(telegram, {"id": GROUP, "topic": 0, "alerts": "risk"}):
        ana = telegram.person(ANA, "Ana")
        group = telegram.group(GROUP, "Desk", ana, forum=True)
        topic = ana.opens_topic(group, "Orders")
        asked = await ana.says(group, "/status", thread=topic)
        (answer,) = await said(telegram, group)
        assert (answer.thread, answer.reply_to) == (topic, asked)


async def test_forged_foreign_and_forgotten_buttons_do_nothing() -> None:
    long = "schedule every 1h " + "x" * 80
    async with Telegram() as telegram:
        ana, eve = telegram.person(ANA, "Ana"), telegram.person(EVE, "Eve")
        async with scripted(
            telegram, reply=Reply("Which?", buttons=(Button("Do", "do it"), Button("Long", long)))
        ) as talk:
            await ana.says(ana.chat, "/which")
            (card,) = await said(telegram, ana.chat)
            forged = await ana.forges(card, "kill all flatten=yes")
            assert "no button of this message" in await ana.answered(forged)
            unknown = await ana.forges(card, "~abcdefghijklmnop")
            assert "do not know this button" in await ana.answered(unknown)
            assert talk.door.lines == ["/which"]
            pressed = await ana.presses(card, "Long")
            assert await ana.answered(pressed) == ""
            stale = await ana.presses(card, "Do", stale=True)
            assert await ana.answered(stale) == ""
            await eve.forges(card, "do it")
            await telegram.until(lambda: len(talk.door.asked) == 4)
            assert talk.door.asked[1][:2] == (long, "person:ana")
            assert [line for line, _, _ in talk.door.asked[2:]] == ["do it", "do it"]
            assert talk.door.asked[3][1] == "telegram:6666"
        pressed = await ana.presses(card, "Do")
        async with scripted(telegram) as again:
            assert "I was away" in await ana.answered(pressed)
            pressed = await ana.presses(card, "Long")  # its line went with the process that knew it
            assert "do not know this button" in await ana.answered(pressed)
            assert again.door.lines == []


async def test_a_press_is_answered_before_what_takes_long_is_done() -> None:
    async with Telegram() as telegram, scripted(telegram, reply=Reply("?", buttons=(Button("Go", "go"),))) as talk:
        ana = telegram.person(ANA, "Ana")
        await ana.says(ana.chat, "/x")
        (card,) = await said(telegram, ana.chat)
        talk.door.gate.clear()
        press = await ana.presses(card, "Go")
        assert await ana.answered(press) == ""
        assert len(by_bot(telegram, ana.chat)) == 1
        talk.door.gate.set()
        await said(telegram, ana.chat, 2)


@pytest.mark.parametrize("text", ["<b>&\"'`*_[](){}|~>#+-=.!\\ 🚀🏴‍☠️ ‮evil​", "𝕏" * 2100, "word " * 1500])
async def test_any_text_arrives_whole(text: str) -> None:
    async with Telegram() as telegram, scripted(telegram, reply=Reply(text)):
        ana = telegram.person(ANA, "Ana")
        await ana.says(ana.chat, "/x")
        pages = await said(telegram, ana.chat, 2 if len(text) > 2000 else 1)
        letters = [c for c in text if c.isalnum()]
        shown = [c for page in pages for c in page.text.rpartition("\n")[0 if len(pages) > 1 else 2] if c.isalnum()]
        assert shown == letters
        assert not [call for call in telegram.record.calls if call.error and call.method == "sendMessage"]


async def test_pictures_files_and_tables() -> None:
    table = Table.of(("Symbol", "Size"), [(f"C{n}/USDT", n) for n in range(2000)])
    async with Telegram() as telegram, scripted(telegram, reply=Reply("Equity", image=Image("e.png", PNG))) as talk:
        ana = telegram.person(ANA, "Ana")
        await ana.says(ana.chat, "/equity")
        (picture,) = await said(telegram, ana.chat)
        # One pixel is no photo to Telegram: twenty to one is the limit, and it has a size; it is taken as it is.
        assert picture.media.content == PNG
        assert picture.text == "Equity"
        talk.door.reply = Reply("All of them", table=table)
        await ana.says(ana.chat, "/positions")
        (_, file) = await said(telegram, ana.chat, 2)
        assert file.media.kind == "document"
        assert b"C1999/USDT" in file.media.content
        talk.door.reply = Reply("Bad picture", image=Image("e.png", b"not a picture"))
        await ana.says(ana.chat, "/chart")
        assert (await said(telegram, ana.chat, 3))[-1].media.kind == "document"


async def test_a_command_below_a_picture_is_not_obeyed_and_that_is_said() -> None:
    async with Telegram() as telegram, scripted(telegram) as talk:
        ana = telegram.person(ANA, "Ana")
        group = telegram.group(GROUP, "Desk", ana)
        picture = Media("photo", "f1", "p.png", "image/png", PNG, 1, 1)
        await ana.says(ana.chat, "/kill", media=picture)
        await ana.says(ana.chat, "my cat", media=picture)
        await ana.says(group, "/kill@other_bot", media=picture)
        await ana.says(group, "/kill@Tiller_Bot", media=picture)
        await ana.says(ana.chat, "/last")
        assert "caption" in (await said(telegram, ana.chat, 2))[0].text
        assert ["caption" in message.text for message in await said(telegram, group)] == [True]
        assert talk.door.lines == ["/last"]
