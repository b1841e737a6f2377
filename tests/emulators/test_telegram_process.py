"""The server as a process of its own, worked by its control address, as campaigns use it."""

import aiohttp
import pytest
from telegram import Bot
from telegram.error import NetworkError

from tests.emulators.process import Control, emulated


async def test_another_process_is_worked_by_control() -> None:
    arguments = ["--now", "1790000000", "--person", "1111=Ana"]
    async with emulated("tests.emulators.telegram", *arguments) as (session, addresses, control):
        await _work(session, addresses, control)


async def _work(session: aiohttp.ClientSession, addresses: dict[str, str], control: Control) -> None:
    async with Bot(addresses["token"], base_url=f"{addresses['base_url']}/bot") as bot:
        await control("group", id=-77, title="Desk", people=[1111])
        asked = await control("says", person=1111, chat=-77, text="/status@tiller_bot")
        assert [update.message.text for update in await bot.get_updates() if update.message] == ["/status@tiller_bot"]
        await control("arm", name="drop_after", on="sendMessage")
        with pytest.raises(NetworkError):
            await bot.send_message(-77, "<b>flat</b>", parse_mode="HTML", reply_to_message_id=asked)
        await bot.send_message(-77, "<b>flat</b>", parse_mode="HTML", reply_to_message_id=asked)
        assert await control("doubled") == [[-77, "flat", 2]]
        seen = (await control("messages", chat=-77))[-1]
        assert (seen["text"], seen["entities"], seen["reply_to"]) == ("flat", [["bold", "flat"]], asked)
        await control("outage", seconds=600)
        with pytest.raises(NetworkError):
            await bot.send_message(-77, "x")
        await control("clock", advance=600.0)
        await control("recover")
        await bot.send_message(-77, "x")
        assert (await control("counts"))["sent"] == 3
        assert await control("says", person=9, chat=-77, text="x") == "KeyError: 9"
