"""The gateway: handshake, intents, close codes, limits, and what a resume brings back (from "Gateway")."""

import json
from typing import Any

import pytest

from tests.emulators.discord.server import Discord
from tests.emulators.discord_app import gateway

NOW = 1_790_000_000_000
STATUS: dict[str, Any] = {"name": "status", "description": "How it stands"}


async def test_the_handshake() -> None:
    async with Discord() as discord, gateway(discord) as app:
        discord.channel(2, "trading")
        hello = await app.next()
        assert (hello["op"], hello["d"]["heartbeat_interval"]) == (10, 41_250)
        await app.send(1)
        assert (await app.next())["op"] == 11
        await app.send(2, {"token": discord.token, "intents": 1, "properties": {}})
        ready = await app.next()
        assert (ready["t"], ready["s"], ready["d"]["v"]) == ("READY", 1, 10)
        assert ready["d"]["user"]["id"] == ready["d"]["application"]["id"] == "900000"
        assert ready["d"]["guilds"] == [{"id": "1", "unavailable": True}]
        assert ready["d"]["resume_gateway_url"] == f"{discord.gateway_url}/resume"
        guild = await app.next()
        assert (guild["t"], guild["s"], guild["d"]["id"]) == ("GUILD_CREATE", 2, "1")
        assert [channel["name"] for channel in guild["d"]["channels"]] == ["trading"]


@pytest.mark.parametrize(
    ("identify", "code"),
    [
        ({"token": "another"}, 4004),
        ({"intents": 1 << 30}, 4013),
        ({"intents": None}, 4013),
        ({"intents": 1 << 15}, 4014),
        ({"shard": [2, 2]}, 4010),
    ],
)
async def test_a_wrong_identify_is_closed(identify: dict[str, Any], code: int) -> None:
    async with Discord() as discord, gateway(discord) as app:
        await app.send(2, {"token": discord.token, "intents": 1, "properties": {}, **identify})
        assert await app.closed() == code


async def test_a_privileged_intent_can_be_enabled() -> None:
    async with Discord() as discord, gateway(discord) as app:
        discord.gateway.privileged = 1 << 1
        ready = await app.identify(discord.token, 3)
        assert ready["session_id"] in discord.gateway.sessions
        discord.person(2222, "ana")
        await app.send(8, {"guild_id": "1", "user_ids": ["2222"], "nonce": "n"})
        chunk = (await app.event("GUILD_MEMBERS_CHUNK"))["d"]
        assert ([m["user"]["username"] for m in chunk["members"]], chunk["nonce"]) == (["ana"], "n")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", 4002),
        (json.dumps({"op": 3, "d": {"x": "y" * 4096}}), 4002),
        (json.dumps({"op": 3, "d": {}}), 4003),
        (json.dumps({"op": 99, "d": {}}), 4001),
    ],
)
async def test_a_wrong_payload_is_closed(text: str, code: int) -> None:
    async with Discord() as discord, gateway(discord) as app:
        await app.ws.send_str(text)
        assert await app.closed() == code


async def test_the_version_and_the_encoding() -> None:
    async with Discord() as discord:
        async with gateway(discord, "v=5&encoding=json") as app:
            assert await app.closed() == 4012
        async with gateway(discord, "v=10&encoding=etf") as app:
            assert await app.closed() == 4002


async def test_identifying_twice_and_sending_too_much() -> None:
    async with Discord(now_ms=NOW) as discord:
        async with gateway(discord) as app:
            await app.identify(discord.token)
            await app.send(2, {"token": discord.token, "intents": 1})
            assert await app.closed() == 4005
        async with gateway(discord) as app:
            await app.next()
            for _ in range(120):
                await app.send(1)
            for _ in range(120):
                assert (await app.next())["op"] == 11
            await app.send(1)
            assert await app.closed() == 4008
        async with gateway(discord) as app:
            for _ in range(120):
                await app.send(1)
            for _ in range(121):
                await app.next()
            discord.advance(60)
            await app.send(1)
            assert (await app.next())["op"] == 11


async def test_one_identify_in_five_seconds_and_a_thousand_a_day() -> None:
    async with Discord(now_ms=NOW) as discord:
        async with gateway(discord) as app:
            await app.identify(discord.token)
        async with gateway(discord) as app:
            await app.next()
            await app.send(2, {"token": discord.token, "intents": 1})
            assert await app.next() == {"op": 9, "d": False}
            discord.advance(5)
            await app.send(2, {"token": discord.token, "intents": 1})
            assert (await app.next())["t"] == "READY"
        discord.gateway.identify_limit = 3
        token = discord.token
        discord.advance(5)
        async with gateway(discord) as app:
            await app.send(2, {"token": token, "intents": 1})
            assert await app.closed() == 4004
        assert discord.token != token  # it was reset


async def test_zlib_stream() -> None:
    async with Discord() as discord, gateway(discord, "v=10&encoding=json&compress=zlib-stream") as app:
        await app.identify(discord.token)
        assert (await app.event("GUILD_CREATE"))["d"]["name"] == "Desk"
        plain = len(json.dumps(discord.world.guild_payload(discord.world.guilds[1], whole=True)))
        assert discord.gateway.connections[0].sent_bytes < plain


async def test_events_need_their_intents() -> None:
    async with Discord() as discord, gateway(discord) as app:
        channel, ana = discord.channel(2), discord.person(2222, "ana")
        await app.identify(discord.token, intents=0)
        ana.says(channel, "hello")
        discord.commands.overwrite(None, [STATUS])
        ana.starts(channel, "status", {})  # needs none
        assert (await app.next())["t"] == "INTERACTION_CREATE"


async def test_no_acknowledgement_of_a_heartbeat() -> None:
    async with Discord() as discord, gateway(discord) as app:
        await app.next()
        discord.faults.arm("no_ack", on="HEARTBEAT")
        await app.send(1)
        discord.gateway.ask_heartbeat()
        assert await app.next() == {"op": 1, "d": None}
        await app.send(1)
        assert await app.next() == {"op": 11}
