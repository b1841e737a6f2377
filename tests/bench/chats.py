"""The desk in a chat: a question in to its answer out, a fill to its alert on the wire.

The bot is a process of its own, with 10,000 past orders in its journal; the emulated platforms, whose
clocks count, are in this one.
"""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from bot.settings.loading import load
from tests.bench.history import fill_history
from tests.bench.parts import LOOSE, Row, row
from tests.bot.process import Bot
from tests.emulators.discord.server import Discord
from tests.emulators.telegram.server import Telegram
from trading.clock import SystemClock

PAST = 10_000
PEOPLE = 50
QUESTIONS = 150
FILLS = 30
CHANNEL = 2
MILLISECOND = timedelta(milliseconds=1)
PACE_S = 0.1  # of questions: below what Telegram lets a bot answer
FILL_PACE_S = 1.1  # what Telegram lets a bot say in one chat
TOML = """
[telegram]
token = "{telegram.token}"
base_url = "{telegram.url}"
chats = [{chats}]

[discord]
token = "{discord.token}"
api_url = "{discord.api_url}"
gateway_url = "{discord.gateway_url}"
guilds = [1]
channels = [{{ id = {channel}, alerts = "fills" }}]

{people}
[strategies]
"""


async def chats(folder: Path) -> list[Row]:
    """Questions and fills on both chats."""
    place = folder / "chats"
    await fill_history(load(None, place, 0, LOOSE).database.url, PAST)
    async with Telegram() as telegram, Discord() as discord:
        discord.limits.off()
        discord.channel(CHANNEL, "trading")
        config = folder / "chats.toml"
        told = ", ".join(f'{{ id = {user}, alerts = "fills" }}' for user in range(1, 4))
        people = "".join(
            f'[people.p{user}]\nrole = "trader"\ntelegram = {user}\ndiscord = {user}\n' for user in range(1, PEOPLE + 1)
        )
        written = TOML.format(telegram=telegram, discord=discord, chats=told, channel=CHANNEL, people=people)
        config.write_text(written)
        config.chmod(0o600)
        asking = [telegram.person(user, f"P{user}") for user in range(1, PEOPLE + 1)]
        visiting = [discord.person(user, f"p{user}") for user in range(1, PEOPLE + 1)]
        bot = await asyncio.to_thread(Bot, place, TILLER_CONFIG=str(config), **LOOSE)
        try:
            await asyncio.sleep(8)  # both are connected, their menus are offered, and nothing else happens

            async def on_telegram(number: int) -> None:
                person = asking[number % PEOPLE]
                before = len(person.chat.messages)
                await person.says(person.chat, "/status")
                await telegram.until(lambda: len(person.chat.messages) > before + 1)

            async def on_discord(number: int) -> None:
                person = visiting[number % PEOPLE]
                asked = person.starts(CHANNEL, "status", {})
                await asked.answer()

            rows = [
                answered("Telegram", await timed(on_telegram, range(QUESTIONS))),
                answered("Discord", await timed(on_discord, range(QUESTIONS))),
            ]
            rows += await fills(bot, telegram, discord)
            return rows
        finally:
            await asyncio.to_thread(bot.stop)
            bot.close()


async def timed(ask: Callable[[int], Awaitable[None]], numbers: Iterable[int]) -> list[float]:
    """How long each question took, in ms; one every tenth of a second."""
    times = []
    for number in numbers:
        began = time.perf_counter()
        await ask(number)
        times.append((time.perf_counter() - began) * 1e3)
        await asyncio.sleep(max(0.0, PACE_S - times[-1] / 1e3))
    return times


def p99(times: list[float]) -> float:
    return statistics.quantiles(times, n=100, method="inclusive")[98]


def answered(chat: str, times: list[float]) -> Row:
    worst, median = p99(times), statistics.median(times)
    name = f"{chat}: /status answered, p99, 10k past orders"
    return row(name, worst, "ms", None, "under 150 ms", worst < 150, median=median)


async def fills(bot: Bot, telegram: Telegram, discord: Discord) -> list[Row]:
    """From the moment of a fill, as the venue wrote it, to the moment its alert reaches each platform."""
    now = SystemClock().now
    heard: dict[str, dict[str, datetime]] = {"Telegram": {}, "Discord": {}}
    first = telegram.people[1].chat
    channel = discord.people[1]
    async with httpx.AsyncClient(
        base_url=bot.url, headers={"Authorization": f"Bearer {bot.token}"}, trust_env=False, timeout=30
    ) as http:
        times: dict[str, list[float]] = {"Telegram": [], "Discord": []}
        for number in range(FILLS):
            said, seen = len(first.messages), len(channel.sees(CHANNEL))

            async def on_telegram(order: str, said: int = said) -> None:
                await telegram.until(lambda: len(first.messages) > said)
                heard["Telegram"][order] = now()

            async def on_discord(order: str, seen: int = seen) -> None:
                assert await discord.changes.until(lambda: len(channel.sees(CHANNEL)) > seen, 5)
                heard["Discord"][order] = now()

            side = "sell" if number % 2 else "buy"
            answer = (await http.post("/api/v1/commands", json={"line": f"/{side} BTC/USDT 0.01"})).json()
            assert answer["ok"], answer
            await asyncio.gather(on_telegram(answer["order_id"]), on_discord(answer["order_id"]))
            await asyncio.sleep(FILL_PACE_S)
        filled: dict[str, Any] = {each["order_id"]: each["at"] for each in (await http.get("/api/v1/fills")).json()}
    for chat, arrivals in heard.items():
        for order, at in arrivals.items():
            times[chat].append((at - datetime.fromisoformat(filled[order])) / MILLISECOND)
    return [
        row(f"{chat}: fill to its alert, p99", p99(taken), "ms", None, "under 250 ms", p99(taken) < 250,
            median=statistics.median(taken))
        for chat, taken in times.items()
    ]  # fmt: skip
