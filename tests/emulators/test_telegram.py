"""python-telegram-bot talks to the emulator as to the real server."""

import io
import struct
import zlib
from typing import Any

from telegram import BotCommand, BotCommandScopeChat, InlineKeyboardButton, InlineKeyboardMarkup, Message, Update
from telegram.constants import ChatAction
from telegram.ext import CallbackQueryHandler, CommandHandler, MessageHandler, filters

from tests.emulators.telegram.clients import App, Inbox, application, bot, polling
from tests.emulators.telegram.people import Person
from tests.emulators.telegram.server import Telegram

CONFIRM = InlineKeyboardMarkup(
    [[InlineKeyboardButton("Confirm", callback_data="confirm K7"), InlineKeyboardButton("No", callback_data="no K7")]]
)


def png(width: int, height: int) -> bytes:
    """A black picture (PNG specification: signature, IHDR, IDAT, IEND)."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = zlib.compress(b"".join(b"\0" + b"\0" * width for _ in range(height)))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def desk(telegram: Telegram) -> App:
    """A bot that asks for a confirmation of /buy, and repeats everything else."""

    async def buy(update: Update, context: Any) -> None:
        assert update.message is not None
        words = " ".join(context.args)
        await update.message.reply_html(f"Buy <b>{words}</b> 🚀 &lt;ok&gt;?", reply_markup=CONFIRM, do_quote=True)

    async def pressed(update: Update, context: Any) -> None:
        query = update.callback_query
        assert query is not None
        await query.answer(f"{query.data} by {query.from_user.id}")
        await query.edit_message_text("Filled")

    async def repeat(update: Update, context: Any) -> None:
        assert isinstance(update.effective_message, Message)
        await update.effective_message.reply_text(f"? {update.effective_message.text}")

    app = application(telegram)
    app.add_handler(CommandHandler("buy", buy))
    app.add_handler(CallbackQueryHandler(pressed))
    app.add_handler(MessageHandler(filters.TEXT, repeat))
    return app


async def _buys(telegram: Telegram, ana: Person) -> None:
    asked = await ana.says(ana.chat, "/buy BTC/USDT 0.01")
    card = await telegram.until(lambda: next(iter(ana.chat.messages[1:]), None))
    assert card.text == "Buy BTC/USDT 0.01 🚀 <ok>?"
    assert card.styled.parts("bold") == ["BTC/USDT 0.01"]
    assert card.labels == [["Confirm", "No"]]
    assert card.reply_to is asked
    press = await ana.presses(card, "Confirm")
    assert await ana.answered(press) == "confirm K7 by 1111"
    await telegram.until(lambda: card.history)
    assert (card.text, card.labels) == ("Filled", [])
    assert [version.text for version in card.history] == ["Buy BTC/USDT 0.01 🚀 <ok>?"]


async def test_a_conversation_by_polling() -> None:
    async with Telegram() as telegram:
        ana = telegram.person(1111, "Ana")
        async with polling(desk(telegram)):
            await _buys(telegram, ana)
            await ana.says(ana.chat, "שלום 👍🏽")
            await telegram.until(lambda: ana.chat.texts[-1] == "? שלום 👍🏽")


async def test_the_same_conversation_by_webhook() -> None:
    async with Telegram() as telegram:
        ana = telegram.person(1111, "Ana")
        app = desk(telegram)
        async with Inbox(app, secret="s3cret-Token_1") as inbox, app:
            await app.start()
            await app.bot.set_webhook(inbox.url, secret_token="s3cret-Token_1", max_connections=3)
            await _buys(telegram, ana)
            state = await app.bot.get_webhook_info()
            assert (state.url, state.pending_update_count, state.max_connections) == (inbox.url, 0, 3)
            assert state.last_error_date is None
            await app.stop()


async def test_what_was_said_while_the_bot_was_away_is_told_when_it_comes() -> None:
    async with Telegram() as telegram:
        ana = telegram.person(1111, "Ana")
        await ana.says(ana.chat, "one", ago=3600)
        await ana.says(ana.chat, "two")
        async with polling(desk(telegram)):
            await telegram.until(lambda: len(telegram.record.sent) == 2)
        assert ana.chat.texts == ["one", "two", "? one", "? two"]
        # Confirmed: the next start hears of nothing.
        async with polling(desk(telegram)):
            await ana.says(ana.chat, "three")
            await telegram.until(lambda: len(telegram.record.sent) == 3)
        assert ana.chat.texts[-1] == "? three"


async def test_pending_updates_can_be_dropped_at_the_start() -> None:
    async with Telegram() as telegram:
        ana = telegram.person(1111, "Ana")
        await ana.says(ana.chat, "old")
        async with polling(desk(telegram), drop_pending_updates=True):
            await ana.says(ana.chat, "new")
            await telegram.until(lambda: telegram.record.sent)
        assert ana.chat.texts == ["old", "new", "? new"]


async def test_pictures_and_files_arrive_as_they_were_sent() -> None:
    async with Telegram() as telegram, bot(telegram) as client:
        ana = telegram.person(1111, "Ana")
        chart = png(80, 40)
        sent = await client.send_photo(1111, chart, caption="<b>BTC</b>/USDT", parse_mode="HTML")
        assert (sent.photo[-1].width, sent.photo[-1].height, sent.photo[-1].file_size) == (80, 40, len(chart))
        seen = ana.chat.messages[-1]
        assert seen.media is not None
        assert (seen.media.content, seen.text, seen.styled.parts("bold")) == (chart, "BTC/USDT", ["BTC"])
        report = await client.send_document(1111, io.BytesIO(b"a,b\n1,2\n"), filename="fills.csv")
        assert report.document is not None
        assert report.document.file_name == "fills.csv"
        again = await client.send_photo(1111, sent.photo[-1].file_id)
        assert again.photo[-1].file_id == sent.photo[-1].file_id
        await client.edit_message_caption(1111, sent.message_id, caption="ETH/USDT")
        assert [message.text for message in ana.chat.messages] == ["ETH/USDT", "", ""]


async def test_menus_actions_and_members_are_understood() -> None:
    async with Telegram() as telegram, bot(telegram) as client:
        ana, bob = telegram.person(1111, "Ana"), telegram.person(2222, "Bob")
        group = telegram.group(-1001234567890, "Desk", bob, admins=(ana,), bot="administrator")
        await client.set_my_commands([BotCommand("status", "How it stands")])
        await client.set_my_commands([BotCommand("kill", "Stop")], scope=BotCommandScopeChat(1111))
        assert (ana.menu(ana.chat), bob.menu(bob.chat)) == ([("kill", "Stop")], [("status", "How it stands")])
        assert [one.command for one in await client.get_my_commands()] == ["status"]
        await client.send_chat_action(1111, ChatAction.TYPING)
        assert ana.chat.actions == ["typing"]
        assert (await client.get_chat_member(group.id, 1111)).status == "administrator"
        assert (await client.get_chat_member(group.id, 2222)).status == "member"
        sent = await client.send_message(group.id, "Halted", disable_notification=True, protect_content=True)
        await client.pin_chat_message(group.id, sent.message_id)
        full = await client.get_chat(group.id)
        assert full.pinned_message is not None
        assert (full.title, full.pinned_message.text) == ("Desk", "Halted")
        assert group.pinned is not None
        assert (group.pinned.silent, group.pinned.protected) == (True, True)
        await client.leave_chat(group.id)
        assert group.status(telegram.bot) == "left"
