"""What nobody foresaw on Discord is told like any other mishap: logged with an id, and in the chats."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.chats.memory import Memory
from handlers.actor import Actor
from tests.bot.chats.discord.desk import DiscordDesk, Ids, discord_desk, eventually


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[DiscordDesk]:
    """It is not connected yet; its mishaps are expected."""
    async with discord_desk(tmp_path, connect=False) as desk:
        yield desk
        desk.mishaps.clear()


class Forgetful(Ids):
    """Knows nobody called Eve, not even as a stranger."""

    def who(self, chat: str, user: int, name: str = "") -> Actor:
        if name == "eve":
            raise LookupError("nobody of that name")
        return super().who(chat, user, name)


class Burnt(Memory):
    def registered(self, scope: str) -> str:
        raise LookupError("it is burnt")


async def test_a_command_that_fails_unforeseen_is_told_and_the_next_is_answered(desk: DiscordDesk) -> None:
    desk.people = Forgetful()
    chat = await desk.ready()
    await desk.eve.slash(desk.channel, "look", what="a moon")
    await eventually(lambda: bool(desk.mishaps))
    [(where, why)] = desk.mishaps
    assert (where, str(why)) == ("discord", "nobody of that name")
    assert chat.problem == ""
    answer = await (await desk.ana.slash(desk.channel, "look", what="a moon")).answer()
    assert answer.text == "You see a moon."


async def test_a_part_that_stops_is_told_and_what_to_do(desk: DiscordDesk) -> None:
    desk.memory = Burnt
    chat = await desk.connect()
    await eventually(lambda: bool(desk.mishaps))
    [(where, why)] = desk.mishaps
    assert (where, str(why)) == ("discord commands", "it is burnt")
    await desk.discord.ready()
    assert chat.problem == "The Discord chat stopped (LookupError): restart the bot."
