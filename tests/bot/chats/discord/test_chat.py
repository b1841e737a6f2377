"""Commands on Discord: what people type and press, and what they read."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.bot.chats.discord.desk import ASKS, ELSEWHERE, DiscordDesk, discord_desk
from tests.emulators.discord.interactions import COMMAND


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[DiscordDesk]:
    async with discord_desk(tmp_path, ASKS) as desk:
        yield desk


async def test_a_command_is_acknowledged_first_and_then_answered(desk: DiscordDesk) -> None:
    asked = await desk.ana.slash(desk.channel, "look", what="a moon")
    assert asked.interaction.answered_by == 5
    answer = await asked.answer()
    assert answer.text == "You see a moon."
    assert not answer.ephemeral
    assert desk.desk.done == [(f"person:ana|dc:{asked.interaction.id}", 'look "a moon"')]


async def test_a_private_answer_is_seen_by_its_asker_alone(desk: DiscordDesk) -> None:
    asked = await desk.ana.slash(desk.channel, "purse")
    assert (await asked.answer()).text == "Two coins."
    assert desk.answers(desk.ben) == []
    in_private = await desk.ana.slash(desk.ana.dm, "purse")
    assert not (await in_private.answer()).ephemeral  # nobody else is there


async def test_an_answer_that_turns_out_private_is_shown_to_its_asker(desk: DiscordDesk) -> None:
    first = await desk.ana.slash(desk.channel, "murmur")
    assert (await desk.ana.reads(desk.channel, "Psst.")).ephemeral
    assert await desk.discord.changes.until(lambda: desk.answers(desk.ben) == [], 5)
    second = await (await desk.ana.slash(desk.channel, "murmur")).answer()
    assert (second.text, second.ephemeral) == ("Psst.", True)
    assert first.interaction.original is not second


async def test_people_are_served_in_private_and_in_the_configured_channels(desk: DiscordDesk) -> None:
    assert (await (await desk.vic.slash(desk.vic.dm, "look")).answer()).text == "You see nothing."
    refused = await (await desk.ana.slash(ELSEWHERE, "look")).answer()
    assert "does not answer in this channel" in refused.text
    assert refused.ephemeral
    assert len(desk.desk.done) == 1


async def test_a_thread_of_a_configured_channel_is_served(desk: DiscordDesk) -> None:
    said = desk.ana.says(desk.channel, "let us talk")
    thread = desk.discord.posts.start_thread(desk.channel, {"name": "talk"}, said)
    asked = await desk.ana.slash(thread, "look")
    assert (await asked.answer()).text == "You see nothing."


async def test_a_stranger_learns_nothing_though_the_server_is_hers(desk: DiscordDesk) -> None:
    for name in ("look", "wait"):
        answer = await (await desk.eve.slash(desk.channel, name)).answer()
        assert "I do not know you." in answer.text
        assert answer.ephemeral
    assert "6666" in (await (await desk.eve.slash(desk.eve.dm, "whoami")).answer()).text
    assert await desk.eve.types(desk.channel, "buy", symbol="B") == []
    assert desk.desk.done == []


async def test_roles_are_the_desks(desk: DiscordDesk) -> None:
    answer = await (await desk.vic.slash(desk.channel, "wait")).answer()
    assert "/wait needs trader; you are viewer." in answer.text
    assert await desk.vic.types(desk.channel, "buy", symbol="B") == []


async def test_symbols_orders_and_lines_are_offered_while_typing(desk: DiscordDesk) -> None:
    await desk.desk.add_order("abcdefghijklmnop")
    offered = await desk.ana.types(desk.channel, "buy", symbol="btcu")
    assert [choice["value"] for choice in offered] == ["BTC/USDT"]
    orders = await desk.ana.types(desk.channel, "kinds", **{"from": "abc"})
    assert [choice["value"] for choice in orders] == ["abcdefghijklmnop"]
    assert "BUY 0.01 BTC/USDT LIMIT at 59000" in orders[0]["name"]
    lines = await desk.ana.types(desk.channel, "dryrun", line="buy eth")
    assert "buy ETH/USDT" in [choice["value"] for choice in lines]


async def test_numbers_arrive_as_they_were_typed(desk: DiscordDesk) -> None:
    size = "12345.1234567891"  # no double holds it
    asked = await desk.ana.slash(desk.channel, "buy", symbol="BTC/USDT", size=size, limit="59000.10", tif="ioc")
    assert f"Buy {size} BTC/USDT" in (await asked.answer()).text


async def test_what_is_wrong_with_a_line_is_said_in_one_line(desk: DiscordDesk) -> None:
    for what in ("@everyone", "\u202egnp.exe", "<@2222> **x** `y`", "x" * 4000):
        answer = await (await desk.ana.slash(desk.channel, "buy", symbol=what, size="1")).answer()
        assert answer.mentions.pinged == frozenset()
        assert len(answer.text.splitlines()) == 1
    assert desk.desk.errors == []


async def test_an_event_told_twice_is_one_command(desk: DiscordDesk) -> None:
    desk.discord.faults.arm("doubled", on="INTERACTION_CREATE")
    asked = await desk.ana.slash(desk.channel, "look")
    await asked.answer()
    await (await desk.ana.slash(desk.channel, "look", what="again")).answer()
    assert len(desk.desk.done) == 2
    assert desk.discord.interactions.refused == []
    assert len(asked.messages) == 1


async def test_a_resume_that_tells_again_is_one_command(desk: DiscordDesk) -> None:
    await (await desk.ana.slash(desk.channel, "look")).answer()
    desk.discord.faults.arm("rewind", on="RESUMED", events=5)
    desk.discord.gateway.reconnect()
    (session,) = desk.discord.gateway.sessions.values()
    assert await desk.discord.changes.until(lambda: session.resumed == 1 and session.open, 5)
    await (await desk.ana.slash(desk.channel, "look")).answer()
    assert len(desk.desk.done) == 2


@pytest.mark.parametrize("fault", ["drop_after", "drop_before", "hang_after"])
async def test_a_lost_acknowledgement_is_given_again(desk: DiscordDesk, fault: str) -> None:
    desk.discord.faults.arm(fault, on="POST /interactions/*")
    asked = await desk.ana.slash(desk.channel, "look")
    assert (await asked.answer()).text == "You see nothing."
    assert len(desk.desk.done) == 1


async def test_what_was_not_acknowledged_in_time_is_not_run(desk: DiscordDesk) -> None:
    asked = desk.ana.starts(desk.channel, "look", {})
    desk.discord.advance(3.5)  # the event is still on its way
    assert await desk.discord.changes.until(lambda: bool(desk.discord.interactions.refused), 5)
    assert asked.failed
    await (await desk.ana.slash(desk.channel, "look", what="later")).answer()
    assert [line for _, line in desk.desk.done] == ["look later"]


async def test_a_kill_that_comes_too_late_to_be_acknowledged_is_obeyed(desk: DiscordDesk) -> None:
    asked = desk.ana.starts(desk.channel, "kill", {})
    desk.discord.advance(3.5)
    assert (await desk.ana.reads(desk.channel, "Stopped.")).interaction is None
    assert asked.messages == []
    assert [line for _, line in desk.desk.done] == ["kill"]
    desk.eve.starts(desk.channel, "kill", {})  # a stranger's is not
    desk.discord.advance(3.5)
    assert "I do not know you." in (await desk.eve.reads(desk.eve.dm, "know you")).text
    assert len(desk.desk.done) == 1


async def test_a_late_result_is_an_ordinary_message(desk: DiscordDesk) -> None:
    asked = await desk.ana.slash(desk.channel, "wait")
    desk.discord.advance(16 * 60)
    desk.desk.gate.set()
    message = await desk.ana.reads(desk.channel, "Through, as number 1.")
    assert message.interaction is None
    assert asked.messages == []


async def test_a_late_private_result_goes_to_its_asker(desk: DiscordDesk) -> None:
    asked = await desk.ana.slash(desk.channel, "ponder")
    assert await desk.discord.changes.until(lambda: asked.interaction.original is not None, 5)
    desk.discord.advance(16 * 60)
    desk.desk.gate.set()
    await desk.ana.reads(desk.ana.dm, "Pondered.")
    assert [text for text in desk.answers(desk.ben) if text] == []


async def test_an_answer_that_was_lost_on_its_way_is_shown_once(desk: DiscordDesk) -> None:
    desk.discord.faults.arm("drop_after", on="PATCH /webhooks/*")
    asked = await desk.ana.slash(desk.channel, "look")
    await asked.answer()
    assert await desk.discord.changes.until(lambda: asked.messages[0].edits == 2, 5)
    assert len(desk.answers(desk.ana)) == 1
    assert len(desk.desk.done) == 1


async def test_a_slow_command_keeps_nobody_waiting(desk: DiscordDesk) -> None:
    slow = await desk.ana.slash(desk.channel, "wait")
    assert (await (await desk.ben.slash(desk.channel, "look")).answer()).text == "You see nothing."
    assert slow.messages == []
    desk.desk.gate.set()
    assert "Through" in (await slow.answer()).text


async def test_a_flood_from_one_person_is_told_once_and_others_are_served(desk: DiscordDesk) -> None:
    asked = [desk.ana.starts(desk.channel, "look", {}) for _ in range(30)]
    answer = await (await desk.ben.slash(desk.channel, "look")).answer()
    assert answer.text == "You see nothing."
    told = [await one.answer() for one in asked[:21]]
    assert len([message for message in told if "too much at once" in message.text]) == 1
    assert len(desk.desk.done) == 21
    assert [one.messages for one in asked[21:]] == [[]] * 9


async def test_a_kill_is_obeyed_however_much_was_asked_before(desk: DiscordDesk) -> None:
    for _ in range(20):
        desk.ana.starts(desk.channel, "look", {})
    assert "Stopped." in (await (await desk.ana.slash(desk.channel, "kill")).answer()).text
    assert "too much at once" in (await (await desk.ana.slash(desk.channel, "look")).answer()).text
    assert "Stopped." in (await (await desk.ana.slash(desk.channel, "kill")).answer()).text


async def test_a_form_that_discord_refuses_is_said_in_plain_text(desk: DiscordDesk) -> None:
    desk.discord.faults.arm("code_50035", on="PATCH /webhooks/*")
    asked = await desk.ana.slash(desk.channel, "look")
    answer = await asked.answer()
    assert (answer.text, answer.embeds) == ("You see nothing.", [])


async def test_commands_are_registered_when_they_have_changed(tmp_path: Path) -> None:
    put = "PUT /applications/*"
    async with discord_desk(tmp_path) as desk:
        assert desk.requests(put) == [200, 200]
        await desk.leave()
        await desk.ready()
        await (await desk.ana.slash(desk.channel, "look")).answer()
        assert desk.requests(put) == [200, 200]
        await desk.leave()
        desk.registry = {name: spec for name, spec in desk.registry.items() if name != "look"}
        await desk.connect()
        assert await desk.discord.changes.until(lambda: len(desk.requests(put)) == 4, 5)
        assert "look" not in [command["name"] for command in desk.discord.commands.all(1)]


async def test_a_broken_memory_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "discord.json").write_text("{")
    async with discord_desk(tmp_path) as desk:
        assert desk.requests("PUT /applications/*") == [200, 200]
        assert await desk.discord.changes.until(desk.file.exists, 5)
        assert json.loads(desk.file.read_text())["commands"]


async def test_a_stop_finishes_what_was_begun(desk: DiscordDesk) -> None:
    asked = await desk.ana.slash(desk.channel, "wait")
    assert desk.chat is not None
    desk.discord.faults.arm("slow", on="PATCH /webhooks/*", seconds=0.1, queued=True)
    stopping = asyncio.create_task(desk.leave())
    await asyncio.sleep(0)
    desk.desk.gate.set()
    await stopping
    assert (await asked.answer()).text.endswith("Through, as number 1.")
    assert asked.interaction.kind == COMMAND
