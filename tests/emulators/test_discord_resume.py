"""Sessions: what a resume brings back, when it fails, and how discord.py comes back."""

import asyncio
from collections.abc import Callable
from typing import Any

import discord as library
import pytest

from tests.emulators.discord.server import Discord
from tests.emulators.discord_app import App, Caller, gateway, running

NOW = 1_790_000_000_000
STATUS: dict[str, Any] = {"name": "status", "description": "How it stands"}


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
        troubles: list[Callable[[], None]] = [discord.gateway.reconnect, discord.gateway.cut]
        troubles.append(lambda: discord.gateway.close(4000))
        for resumed, trouble in enumerate(troubles, 1):
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
