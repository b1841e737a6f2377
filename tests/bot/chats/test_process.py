"""The whole process between both platforms: sockets, files and signals are real, only the platforms are emulated."""

import asyncio
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.bot.process import Bot, tiller
from tests.emulators.discord.server import Discord
from tests.emulators.telegram.server import Telegram

ANA, ANA_THERE, GROUP, CHANNEL = 1111, 2222, -1001, 2
TOML = """
[telegram]
token = "{telegram.token}"
base_url = "{telegram.url}"
chats = [{{ id = {group} }}]

[discord]
token = "{discord.token}"
api_url = "{discord.api_url}"
gateway_url = "{discord.gateway_url}"
guilds = [1]
channels = [{{ id = {channel} }}]

[people.ana]
role = "admin"
telegram = {ana}
discord = {there}

[confirm]
orders = "always"

[strategies]
"""


class Platforms:
    """Both platforms with Ana on them, and the settings that name them."""

    def __init__(self, telegram: Telegram, discord: Discord, folder: Path) -> None:
        self.telegram, self.discord, self.folder = telegram, discord, folder
        discord.limits.off()
        discord.gateway.identify_seconds = 0
        self.channel = discord.channel(CHANNEL, "trading")
        self.there = discord.person(ANA_THERE, "ana")
        self.ana = telegram.person(ANA, "Ana")
        self.group = telegram.group(GROUP, "Desk", self.ana)
        self.config = folder / "tiller.toml"
        self.write()

    def write(self, **other: Any) -> None:
        """Write the settings; `other` stands in for a platform."""
        platforms = {"telegram": self.telegram, "discord": self.discord} | other
        text = TOML.format(group=GROUP, channel=CHANNEL, ana=ANA, there=ANA_THERE, **platforms)
        self.config.write_text(text)
        self.config.chmod(0o600)

    async def start(self, port: int = 0, **settings: str) -> Bot:
        """The bot, started beside us, and its commands known on Discord."""
        bot = await asyncio.to_thread(Bot, self.folder / "desk", port, TILLER_CONFIG=str(self.config), **settings)
        await self.discord.ready()
        assert await self.discord.changes.until(lambda: bool(self.discord.commands.all(1)), 20)
        return bot

    def in_group(self, words: str) -> list[Any]:
        return [m for m in self.group.messages if m.sender is self.telegram.bot and words in m.text]


@pytest.fixture
async def platforms(tmp_path: Path) -> AsyncIterator[Platforms]:
    async with Telegram() as telegram, Discord() as discord:
        yield Platforms(telegram, discord, tmp_path)


async def test_a_card_of_before_a_kill_is_void_and_what_happened_is_told_once(platforms: Platforms) -> None:
    telegram, ana, there = platforms.telegram, platforms.ana, platforms.there
    bot = await platforms.start()
    try:
        await ana.says(platforms.group, "/buy@tiller_bot BTC/USDT 0.01")
        card = await telegram.until(lambda: next(iter(platforms.in_group("Confirm within")), None), 20)
        asked = await (await there.slash(platforms.channel, "buy", symbol="BTC/USDT", size="0.002")).answer(20)
        await there.presses(asked, "Confirm")
        await there.reads(CHANNEL, "Filled 0.002", 20)  # in the answer, and so not told there once more
        await telegram.until(lambda: platforms.in_group("trade T1"), 20)
        bot.stop(signal.SIGKILL)
    finally:
        bot.close()
    again = await platforms.start()
    try:
        await telegram.until(lambda: not card.buttons, 20)
        assert "oided" in card.text
        await there.reads(CHANNEL, "voided", 20)
        # The answer told it there; if we were killed before we knew that it arrived, the alert does, once.
        assert len([m for m in there.sees(CHANNEL) if "trade T1" in m.text]) <= 1
        assert len(platforms.in_group("trade T1")) in (1, 2), (
            "what was in flight may be doubled there, and nothing else"
        )
        answer = await (await there.slash(platforms.channel, "positions")).answer(20)
        assert "0.002" in answer.text
        assert await asyncio.to_thread(again.stop) == 0
        assert "Traceback" not in again.errors()
        assert telegram.token not in again.errors()
        assert platforms.discord.token not in again.errors()
    finally:
        again.close()


async def test_a_refused_token_stops_neither_the_desk_nor_the_other_chat(platforms: Platforms) -> None:
    wrong = "987654321:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0"
    bot = await platforms.start(TILLER_TELEGRAM__TOKEN=wrong)
    try:
        answer = await (await platforms.there.slash(platforms.channel, "health")).answer(20)
        assert "Not well: telegram" in answer.text
        assert "BotFather" in answer.text
        async with httpx.AsyncClient(headers={"Authorization": f"Bearer {bot.token}"}, trust_env=False) as http:
            reply = (await http.post(f"{bot.url}/api/v1/commands", json={"line": "/price BTC/USDT"})).json()
            assert reply["ok"]
        await platforms.there.reads(CHANNEL, "Telegram refuses the bot's token", 20)
        assert wrong not in bot.errors()
    finally:
        await asyncio.to_thread(bot.stop)
        bot.close()


async def test_check_asks_both_platforms_and_says_what_to_do(platforms: Platforms) -> None:
    folder = platforms.folder / "desk"
    fine = await asyncio.to_thread(tiller, folder, "check", "--config", str(platforms.config))
    assert fine.returncode == 0
    for line in ("@tiller_bot", "telegram chat -1001", "discord server 1", "discord channel 2"):
        assert line in fine.stdout
    platforms.telegram.world.chats.pop(GROUP)
    settings = {"TILLER_DISCORD__TOKEN": "none.of.theirs"}
    wrong = await asyncio.to_thread(tiller, folder, "check", "--config", str(platforms.config), **settings)
    assert wrong.returncode == 1
    assert "Add the bot to the chat" in wrong.stdout
    assert "make a new one in the developer portal" in wrong.stdout
    assert "none.of.theirs" not in wrong.stdout + wrong.stderr


def test_neither_library_is_imported_unless_it_is_configured() -> None:
    program = "import sys, bot.serve; print([name for name in ('telegram', 'discord', 'ccxt') if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


async def test_telegram_brings_messages_to_our_own_web_server(platforms: Platforms) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    bot = await platforms.start(port, TILLER_TELEGRAM__WEBHOOK_URL=address)
    telegram, ana = platforms.telegram, platforms.ana
    try:
        await telegram.until(lambda: telegram.webhook.url == f"{address}/telegram", 20)
        await ana.says(ana.chat, "/whoami")
        await telegram.until(lambda: "You are person:ana (ana), admin, on telegram." in ana.chat.texts, 20)
        assert not telegram.updates.polled
        async with httpx.AsyncClient(trust_env=False) as http:
            forged = {"update_id": 1, "message": {"text": "/kill"}}
            for secret in ("", "guessed"):
                # As a proxy on this machine hands it on, under the name that Telegram knows.
                headers = {"X-Telegram-Bot-Api-Secret-Token": secret, "Host": "desk.example.com"}
                assert (await http.post(f"{address}/telegram", json=forged, headers=headers)).status_code == 403
    finally:
        await asyncio.to_thread(bot.stop)
        bot.close()
