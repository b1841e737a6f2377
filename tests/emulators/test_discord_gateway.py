"""The gateway: handshake, intents, close codes, limits, and what a resume brings back ("Gateway" of the documentation)."""

import asyncio
import json
from typing import Any

import discord as library
import pytest

from tests.emulators.discord.server import Discord
from tests.emulators.discord_app import App, Caller, gateway, running

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


async def test_a_resume_brings_back_what_was_missed_and_no_more() -> None:
    async with Discord() as discord:
        channel, ana = discord.channel(2), discord.person(2222, "ana")
        discord.commands.overwrite(None, [STATUS])
        async with gateway(discord) as app:
            ready = await app.identify(discord.token)
            first = ana.starts(channel, "status", {})
            seen = await app.event("INTERACTION_CREATE")
            discord.gateway.cut()
            await app.closed()
        missed = [ana.starts(channel, "status", {}) for _ in range(2)]
        assert [asked.interaction.delivered for asked in [first, *missed]] == [1, 0, 0]
        async with gateway(discord, url=ready["resume_gateway_url"]) as app:
            await app.next()
            resume = {"token": discord.token, "session_id": ready["session_id"], "seq": seen["s"]}
            await app.send(6, resume)
            events = [await app.next() for _ in range(3)]
            assert [event["t"] for event in events] == ["INTERACTION_CREATE", "INTERACTION_CREATE", "RESUMED"]
            assert [event["d"]["id"] for event in events[:2]] == [str(asked.interaction.id) for asked in missed]
            assert [event["s"] for event in events] == [seen["s"] + 1, seen["s"] + 2, seen["s"] + 3]
        assert discord.gateway.connections[1].path == "/gateway/resume/"


async def test_resumes_that_fail() -> None:
    async with Discord(now_ms=NOW) as discord:
        async with gateway(discord) as app:
            ready = await app.identify(discord.token)
            discord.gateway.cut()
            await app.closed()
        resume = {"token": discord.token, "session_id": ready["session_id"], "seq": 2}
        async with gateway(discord) as app:
            await app.send(6, {**resume, "seq": 77})
            assert await app.closed() == 4007
        async with gateway(discord) as app:
            await app.send(6, {**resume, "token": "another"})
            assert await app.closed() == 4004
        discord.advance(discord.gateway.resume_seconds + 1)
        async with gateway(discord) as app:
            await app.next()
            await app.send(6, resume)
            assert await app.next() == {"op": 9, "d": False}


async def test_a_session_ends_with_a_clean_close() -> None:
    async with Discord() as discord:
        async with gateway(discord) as app:
            ready = await app.identify(discord.token)
            await app.ws.close(code=1000)
        await discord.changes.until(lambda: not discord.gateway.sessions, 5)
        async with gateway(discord) as app:
            await app.next()
            await app.send(6, {"token": discord.token, "session_id": ready["session_id"], "seq": 1})
            assert await app.next() == {"op": 9, "d": False}


async def test_who_does_not_heartbeat_is_closed_and_may_resume() -> None:
    async with Discord() as discord:
        discord.gateway.heartbeat_ms = 20
        async with gateway(discord) as app:
            ready = await app.identify(discord.token)
            assert await app.closed() == 4000
        assert ready["session_id"] in discord.gateway.sessions


async def test_events_need_their_intents() -> None:
    async with Discord() as discord, gateway(discord) as app:
        channel, ana = discord.channel(2), discord.person(2222, "ana")
        await app.identify(discord.token, intents=0)
        ana.says(channel, "hello")
        discord.commands.overwrite(None, [STATUS])
        ana.starts(channel, "status", {})  # needs none
        assert (await app.next())["t"] == "INTERACTION_CREATE"


async def test_events_doubled_missing_and_replayed() -> None:
    async with Discord() as discord:
        channel, ana = discord.channel(2), discord.person(2222, "ana")
        discord.commands.overwrite(None, [STATUS])
        async with gateway(discord) as app:
            ready = await app.identify(discord.token)
            discord.faults.arm("doubled", on="INTERACTION_CREATE")
            ana.starts(channel, "status", {})
            twice = [await app.event("INTERACTION_CREATE") for _ in range(2)]
            assert twice[0]["d"] == twice[1]["d"]
            assert twice[0]["s"] + 1 == twice[1]["s"]
            discord.faults.arm("missing", on="INTERACTION_CREATE")
            ana.starts(channel, "status", {})
            kept = ana.starts(channel, "status", {})
            last = await app.event("INTERACTION_CREATE")
            assert last["d"]["id"] == str(kept.interaction.id)
            discord.faults.arm("cut", on="INTERACTION_CREATE", sent=True)
            ana.starts(channel, "status", {})
            last = await app.event("INTERACTION_CREATE")
            await app.closed()
        discord.faults.arm("rewind", on="RESUMED", events=1)
        async with gateway(discord) as app:
            await app.next()
            await app.send(6, {"token": discord.token, "session_id": ready["session_id"], "seq": last["s"]})
            assert (await app.next())["s"] == last["s"]  # again
            assert (await app.next())["t"] == "RESUMED"


async def test_discord_py_comes_back_from_every_disconnection() -> None:
    app = App()
    heard: list[int] = []

    @app.tree.command(description="How it stands.")
    async def status(asked: library.Interaction[App]) -> None:
        heard.append(asked.id)
        await asked.response.send_message("flat")

    async with Discord() as discord, running(app, discord):
        channel, ana = discord.channel(2), discord.person(2222, "ana")
        (session,) = discord.gateway.sessions.values()
        for resumed, trouble in enumerate(
            (discord.gateway.reconnect, discord.gateway.cut, lambda: discord.gateway.close(4000)), 1
        ):
            trouble()
            await discord.changes.until(lambda: session.connection is None, 5)
            missed = await ana.slash(channel, "status")
            assert (await missed.answer()).text == "flat"
            assert session.resumed == resumed
        assert len(heard) == len(set(heard)) == 3
        assert len(discord.gateway.identifies) == 1
        discord.gateway.invalidate()
        await discord.changes.until(lambda: len(discord.gateway.identifies) == 2, 5)
        await discord.ready()
        assert (await (await ana.slash(channel, "status")).answer()).text == "flat"


async def test_discord_py_gives_up_when_its_token_was_revoked() -> None:
    async with Discord() as discord, running(App(), discord) as app:
        discord.revoke()
        assert app.ended is not None
        with pytest.raises(library.ConnectionClosed) as caught:
            await asyncio.wait_for(app.ended, 5)
        assert caught.value.code == 4004
        assert discord.gateway.closed == [4004]


async def test_two_apps_on_one_token_both_hear_and_one_answers() -> None:
    async with Discord() as discord, gateway(discord) as one, gateway(discord) as other:
        discord.gateway.identify_seconds = 0
        channel, ana = discord.channel(2), discord.person(2222, "ana")
        discord.commands.overwrite(None, [STATUS])
        await one.identify(discord.token)
        await other.identify(discord.token)
        asked = ana.starts(channel, "status", {})
        assert asked.interaction.delivered == 2
        heard = [(await app.event("INTERACTION_CREATE"))["d"] for app in (one, other)]
        assert heard[0] == heard[1]
        async with Caller(discord) as api:
            path = f"/interactions/{heard[0]['id']}/{heard[0]['token']}/callback"
            answers = [await api("POST", path, {"type": 5}) for _ in heard]
        assert [status for status, _ in answers] == [204, 400]
        assert answers[1][1]["code"] == 40060


async def test_no_acknowledgement_of_a_heartbeat() -> None:
    async with Discord() as discord, gateway(discord) as app:
        await app.next()
        discord.faults.arm("no_ack", on="HEARTBEAT")
        await app.send(1)
        discord.gateway.ask_heartbeat()
        assert await app.next() == {"op": 1, "d": None}
        await app.send(1)
        assert await app.next() == {"op": 11}
