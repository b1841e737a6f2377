"""`/link` of the whole process: from a chat into the real dashboard, and into no log however much it says."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.bot.chats.test_process import Platforms
from tests.bot.process import tiller
from tests.emulators.discord.server import Discord
from tests.emulators.telegram.server import Telegram

URL = "https://desk.example.com"


@pytest.fixture
async def platforms(tmp_path: Path) -> AsyncIterator[Platforms]:
    async with Telegram() as telegram, Discord() as discord:
        yield Platforms(telegram, discord, tmp_path)


def codes_in(text: str) -> list[tuple[str, str]]:
    """The beginnings and the codes of the links in a text, one to a line."""
    return re.findall(r"^\s*(\S+)/login\?link=([0-9a-f]{48})$", text, re.MULTILINE)


async def test_a_link_from_chat_opens_the_dashboard_and_stands_in_no_log(platforms: Platforms) -> None:
    bot = await platforms.start(TILLER_WEB__URL=URL, TILLER_LOGS__LEVEL="debug", TILLER_LOGS__FILE="true")
    try:
        first = codes_in(bot.screen)
        assert first == [(URL, first[0][1]), (bot.url, first[0][1])], "the one outside, and the one that always works"
        await platforms.ana.says(platforms.ana.chat, "/link")
        told = await platforms.telegram.until(
            lambda: next((m.text for m in platforms.ana.chat.messages if "link=" in m.text), None), 20
        )
        (chat,) = codes_in(told)
        there = await platforms.there.slash(platforms.channel, "link")
        assert await platforms.discord.changes.until(lambda: any("link=" in m.text for m in there.messages), 20)
        (discord,) = codes_in(there.messages[-1].text)
        shell = codes_in((await asyncio.to_thread(tiller, bot.folder, "link")).stdout)
        assert [begins for begins, _ in (chat, discord, *shell)] == [URL, URL, URL, bot.url]
        async with httpx.AsyncClient(base_url=bot.url, headers={"Host": "desk.example.com"}, trust_env=False) as http:
            opened = await http.get("/login", params={"link": chat[1]})
            assert opened.status_code == 303
            cookie = {"Cookie": f"tiller={opened.cookies['tiller']}"}
            page = await http.get("/", headers=cookie)
            assert page.status_code == 200
            assert "ana" in page.text
            handshake = {"EIO": "4", "transport": "polling"}
            for origin, status in ((URL, 200), ("https://evil.example", 403)):
                asked = await http.get("/_nicegui_ws/socket.io/", params=handshake, headers=cookie | {"Origin": origin})
                assert asked.status_code == status, origin
        exported = await asyncio.to_thread(tiller, bot.folder, "journal", "export")
        assert '"/link"' in exported.stdout
        assert await asyncio.to_thread(bot.stop) == 0
        logs = bot.errors() + "".join(file.read_text() for file in (bot.folder / "logs").iterdir())
        assert '"level": "debug"' in logs
        for _, code in (chat, discord, *first, *shell):
            assert code not in logs + exported.stdout
    finally:
        bot.close()
