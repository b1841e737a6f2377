"""The connection to Discord: what an operator is told of it, and how it comes back."""

import logging
from pathlib import Path

import pytest

from tests.bot.chats.discord.desk import CHANNEL, discord_desk, eventually
from trading.errors import ConfigError


async def test_a_wrong_token_is_refused_at_the_start(tmp_path: Path) -> None:
    async with discord_desk(tmp_path, connect=False) as desk:
        with pytest.raises(ConfigError, match="Discord refuses the bot's token") as caught:
            await desk.connect(token="a-wrong-token")
        assert "a-wrong-token" not in str(caught.value)


async def test_a_token_that_is_revoked_is_said_in_plain_words(tmp_path: Path) -> None:
    async with discord_desk(tmp_path) as desk:
        chat = desk.chat
        assert chat is not None
        await eventually(lambda: chat.problem == "")
        desk.discord.revoke()
        await eventually(lambda: "refuses the bot's token" in chat.problem)


async def test_an_outage_at_the_start_is_no_error(tmp_path: Path) -> None:
    async with discord_desk(tmp_path, connect=False) as desk:
        await desk.discord.close()
        chat = await desk.connect()
        assert "Discord does not answer" in chat.problem
        await desk.discord.open()
        await desk.discord.ready()
        assert await desk.discord.changes.until(lambda: bool(desk.discord.commands.all(1)), 5)
        assert (await (await desk.ana.slash(desk.channel, "look")).answer()).text == "You see nothing."
        assert chat.problem == ""


async def test_a_token_that_proves_wrong_after_an_outage_is_said_in_plain_words(tmp_path: Path) -> None:
    async with discord_desk(tmp_path, connect=False) as desk:
        await desk.discord.close()
        chat = await desk.connect(token="a-wrong-token")
        await desk.discord.open()
        await eventually(lambda: "refuses the bot's token" in chat.problem)


async def test_a_gateway_that_is_down_at_first_is_tried_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with discord_desk(tmp_path, connect=False) as desk:
        desk.discord.faults.arm("status_502", on="GATEWAY")
        chat = await desk.ready()
        assert (await (await desk.ana.slash(desk.channel, "look")).answer()).text == "You see nothing."
        assert chat.problem == ""
    assert not [record for record in caplog.records if record.exc_info]


async def test_a_connection_that_is_cut_comes_back_by_itself(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with discord_desk(tmp_path) as desk:
        chat = desk.chat
        assert chat is not None
        (session,) = desk.discord.gateway.sessions.values()
        with caplog.at_level(logging.DEBUG):
            desk.discord.gateway.cut()
            missed = desk.ana.starts(desk.channel, "look", {})
            assert (await missed.answer()).text == "You see nothing."  # replayed by the resume
        assert session.resumed == 1
        assert chat.problem == ""
        assert not [record for record in caplog.records if record.exc_info]


async def test_an_outage_is_said_while_it_lasts(tmp_path: Path) -> None:
    async with discord_desk(tmp_path) as desk:
        chat = desk.chat
        assert chat is not None
        await eventually(lambda: chat.problem == "")
        await desk.discord.close()
        await eventually(lambda: chat.problem == "Discord is not connected; trying again.")


async def test_a_session_that_is_invalidated_is_begun_anew(tmp_path: Path) -> None:
    async with discord_desk(tmp_path) as desk:
        desk.discord.gateway.invalidate()
        assert await desk.discord.changes.until(lambda: len(desk.discord.gateway.identifies) == 2, 10)
        await desk.discord.ready()
        assert (await (await desk.ana.slash(desk.channel, "look")).answer()).text == "You see nothing."


async def test_a_server_the_bot_is_not_in_is_named_and_served_once_it_is(tmp_path: Path) -> None:
    async with discord_desk(tmp_path, connect=False) as desk:
        desk.more = {"guilds": [1, 77]}
        chat = await desk.ready()
        await eventually(lambda: "not in server 77" in chat.problem)
        desk.discord.guild(77, "Another")
        assert await desk.discord.changes.until(lambda: bool(desk.discord.commands.all(77)), 5)
        await eventually(lambda: chat.problem == "")


async def test_the_token_is_in_no_log_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)  # as the process: libraries from WARNING on, see bot.logs.QUIET
    async with discord_desk(tmp_path) as desk:
        desk.discord.faults.arm("429", on="*", seconds=0.01, times=3)
        await (await desk.ana.slash(desk.channel, "look")).answer()
        desk.discord.faults.arm("status_503", on="POST /channels/{channel}/messages")
        desk.discord.gateway.cut()
        await (await desk.ana.slash(CHANNEL, "look")).answer()
        token = desk.discord.token
    assert not [line for line in caplog.messages if token in line]
