"""Who is pinged ("Allowed Mentions Object")."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.emulators.discord import permissions as may
from tests.emulators.discord.bodies import read_draft
from tests.emulators.discord.server import Discord
from tests.emulators.discord_app import Caller

MESSAGES = "/channels/2/messages"


@pytest.fixture
async def discord() -> AsyncIterator[Discord]:
    async with Discord(now_ms=1_790_000_000_000) as server:
        server.limits.off()
        server.channel(2)
        yield server


@pytest.fixture
async def api(discord: Discord) -> AsyncIterator[Caller]:
    async with Caller(discord) as caller:
        yield caller


@pytest.mark.parametrize(
    ("allowed", "pinged"),
    [
        (None, {2222, 3333, 4444}),
        ({"parse": []}, set()),
        ({}, set()),
        ({"parse": ["users"]}, {2222}),
        ({"parse": ["roles"]}, {3333}),
        ({"users": ["2222"]}, {2222}),
        ({"users": ["4444"]}, set()),  # not in the text: no phantom pings
        ({"parse": ["everyone"], "users": ["2222"]}, {2222, 3333, 4444}),
    ],
)
async def test_who_is_pinged(discord: Discord, api: Caller, allowed: dict[str, Any] | None, pinged: set[int]) -> None:
    role = discord.role(50, "traders", mentionable=True)
    discord.role(51, "ping", may.MENTION_EVERYONE)
    discord.world.guilds[1].members[discord.world.bot.id] = [51]
    people = [discord.person(2222, "ana"), discord.person(3333, "bo", roles=[role]), discord.person(4444, "cy")]
    body: dict[str, Any] = {"content": "@everyone <@2222> <@&50>", "embeds": [{"description": "<@4444>"}]}
    if allowed is not None:
        body["allowed_mentions"] = allowed
    message = (await api("POST", MESSAGES, body))[1]
    assert {person.id for person in people if person.pinged_by} == pinged
    assert message["mention_everyone"] == (len(pinged) == 3)
    assert discord.posts.messages[int(message["id"])].allowed_mentions == allowed


async def test_everyone_needs_the_permission_and_a_reply_pings(discord: Discord, api: Caller) -> None:
    ana, bo = discord.person(2222, "ana"), discord.person(3333, "bo")
    await api("POST", MESSAGES, {"content": "@everyone"})
    assert (ana.pinged_by, bo.pinged_by) == ([], [])
    reply = {"content": "yes", "message_reference": {"message_id": str(ana.says(2, "well?").id)}}
    assert (await api("POST", MESSAGES, reply))[1]["referenced_message"]["content"] == "well?"
    assert len(ana.pinged_by) == 1
    await api("POST", MESSAGES, {**reply, "allowed_mentions": {"parse": []}})
    assert len(ana.pinged_by) == 1


@given(st.text("@everyonehere<>!&2 #", max_size=60))
def test_no_text_pings_when_nothing_is_allowed(text: str) -> None:
    discord = Discord(now_ms=1_790_000_000_000)
    discord.role(2, "r", may.MENTION_EVERYONE, mentionable=True)
    discord.world.guilds[1].members[discord.world.bot.id] = [2]
    discord.person(22, "ana", roles=[2])
    channel = discord.channel(2)
    body = {"content": f"{text} @everyone <@22> <@&2>", "allowed_mentions": {"parse": []}}
    assert discord.posts.create(channel, read_draft(body, [])).mentions.pinged == frozenset()
    body["allowed_mentions"] = {"parse": ["everyone"]}
    assert discord.posts.create(channel, read_draft(body, [])).mentions.pinged == {22}
