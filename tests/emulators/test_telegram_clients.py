"""Other people's clients talk to the emulator: it is not shaped after the one library that the desk uses.

aiogram is tried if it is installed (it answers webhooks with methods, and checks answers by models of its own). grammY
by hand, with Node: `python -m tests.emulators.telegram --person 1111=Ana` prints BASE, TOKEN and CONTROL; then, after
`npm install grammy` in some folder,

    const { Bot, InlineKeyboard } = require("grammy");
    const bot = new Bot(TOKEN, { client: { apiRoot: BASE } });
    bot.command("buy", (c) => c.reply("<b>Sure?</b>", { parse_mode: "HTML",
      reply_markup: new InlineKeyboard().text("Yes", "yes") }));
    bot.callbackQuery("yes", (c) => c.answerCallbackQuery("Done").then(() => c.editMessageText("Bought")));
    bot.start();

and POST to CONTROL `{"do": "says", "person": 1111, "chat": 1111, "text": "/buy"}`, `{"do": "presses", "person": 1111,
"chat": 1111, "message": 2, "label": "Yes"}`, `{"do": "messages", "chat": 1111}`.
"""

import asyncio
from typing import Any

import pytest
from aiohttp import web

from tests.emulators.telegram.people import Person
from tests.emulators.telegram.server import Telegram

aiogram = pytest.importorskip("aiogram", reason="no aiogram: pip install --no-deps aiogram magic-filter")
filters = pytest.importorskip("aiogram.filters")
types = pytest.importorskip("aiogram.types")
sessions = pytest.importorskip("aiogram.client.session.aiohttp")
servers = pytest.importorskip("aiogram.client.telegram")
hooks = pytest.importorskip("aiogram.webhook.aiohttp_server")
exceptions = pytest.importorskip("aiogram.exceptions")


def client(telegram: Telegram) -> Any:
    """A bot, as anybody would set it up but for the address."""
    session = sessions.AiohttpSession(api=servers.TelegramAPIServer.from_base(telegram.url))
    return aiogram.Bot(telegram.token, session=session)


def desk() -> Any:
    """A bot that asks for a confirmation of /buy."""
    dispatcher = aiogram.Dispatcher()

    async def buy(message: Any) -> Any:
        yes = types.InlineKeyboardButton(text="Yes", callback_data="yes")
        keyboard = types.InlineKeyboardMarkup(inline_keyboard=[[yes]])
        await message.reply("<b>Sure?</b> 🚀", parse_mode="HTML", reply_markup=keyboard)

    async def pressed(query: Any) -> Any:
        await query.answer("Done")
        await query.message.edit_text("Bought")

    async def echo(message: Any) -> Any:
        return message.answer(f"? {message.text}")  # by webhook: the method is the answer

    dispatcher.message.register(buy, filters.Command("buy"))
    dispatcher.callback_query.register(pressed)
    dispatcher.message.register(echo)
    return dispatcher


async def _buys(telegram: Telegram, ana: Person) -> None:
    asked = await ana.says(ana.chat, "/buy BTC/USDT 1")
    card = await telegram.until(lambda: next(iter(ana.chat.messages[1:]), None))
    assert (card.text, card.styled.parts("bold"), card.reply_to) == ("Sure? 🚀", ["Sure?"], asked)
    press = await ana.presses(card, "Yes")
    assert await ana.answered(press) == "Done"
    await telegram.until(lambda: card.text == "Bought")
    await ana.says(ana.chat, "hello")
    await telegram.until(lambda: ana.chat.texts[-1] == "? hello")


async def test_aiogram_by_polling() -> None:
    async with Telegram() as telegram:
        ana = telegram.person(1111, "Ana")
        bot, dispatcher = client(telegram), desk()
        running = asyncio.ensure_future(dispatcher.start_polling(bot, handle_signals=False, polling_timeout=5))
        await telegram.until(lambda: telegram.updates.polled)
        await _buys(telegram, ana)
        await dispatcher.stop_polling()
        await running


async def test_aiogram_by_webhook() -> None:
    async with Telegram() as telegram:
        ana = telegram.person(1111, "Ana")
        bot, dispatcher, app = client(telegram), desk(), web.Application()
        hooks.SimpleRequestHandler(dispatcher, bot, handle_in_background=False, secret_token="s3").register(app, "/h")
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        await bot.set_webhook(f"http://127.0.0.1:{runner.addresses[0][1]}/h", secret_token="s3")
        await _buys(telegram, ana)
        await runner.cleanup()
        await bot.session.close()


async def test_aiogram_understands_answers_and_refusals() -> None:
    async with Telegram() as telegram:
        ana = telegram.person(1111, "Ana")
        group = telegram.group(-77, "Desk", admins=(ana,), bot="administrator")
        async with client(telegram) as bot:
            assert (await bot.get_me()).username == "tiller_bot"
            await bot.set_my_commands([types.BotCommand(command="kill", description="Stop")])
            assert ana.menu(ana.chat) == [("kill", "Stop")]
            file = types.BufferedInputFile(b"a,b\n", filename="fills.csv")
            sent = await bot.send_document(-77, file, caption="<i>all</i>", parse_mode="HTML")
            assert (sent.document.file_name, group.messages[0].styled.parts("italic")) == ("fills.csv", ["all"])
            await bot.pin_chat_message(-77, sent.message_id)
            assert (await bot.get_chat(-77)).pinned_message.message_id == sent.message_id
            assert (await bot.get_chat_member(-77, 1111)).status == "administrator"
            with pytest.raises(exceptions.TelegramBadRequest, match="can't parse entities"):
                await bot.send_message(-77, "a < b", parse_mode="HTML")
            telegram.faults.arm("429", on="sendMessage", retry_after=9)
            with pytest.raises(exceptions.TelegramRetryAfter) as flood:
                await bot.send_message(-77, "x")
            assert flood.value.retry_after == 9
            new = await ana.migrates(group)
            with pytest.raises(exceptions.TelegramMigrateToChat) as migrated:
                await bot.send_message(-77, "x")
            assert migrated.value.migrate_to_chat_id == new.id
