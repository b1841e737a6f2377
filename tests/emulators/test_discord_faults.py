"""What goes wrong between an app and Discord, and what discord.py makes of it."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import discord as library
import pytest

from tests.emulators.discord.server import Discord
from tests.emulators.discord_app import App, Caller, gateway, running

CREATE = "POST /channels/{channel}/messages"
BODY = {"content": "filled", "nonce": "fill-1", "enforce_nonce": True}


@pytest.fixture
async def discord() -> AsyncIterator[Discord]:
    async with Discord() as server:
        server.channel(2)
        server.person(2222, "ana")
        yield server


@pytest.fixture
async def api(discord: Discord) -> AsyncIterator[Caller]:
    async with Caller(discord) as caller:
        yield caller


def texts(discord: Discord) -> list[str]:
    return [message.text for message in discord.people[2222].sees(2)]


async def test_a_lost_answer_and_the_nonce_that_makes_it_one_message(discord: Discord, api: Caller) -> None:
    discord.faults.arm("drop_after", on=CREATE)
    with pytest.raises(aiohttp.ClientError):
        await api("POST", "/channels/2/messages", BODY)
    assert texts(discord) == ["filled"]
    assert (await api("POST", "/channels/2/messages", BODY))[0] == 200
    assert texts(discord) == ["filled"]
    assert discord.faults.struck == [("drop_after", CREATE)]


@pytest.mark.parametrize("name", ["drop_before", "hang_before"])
async def test_a_request_that_never_arrives(discord: Discord, api: Caller, name: str) -> None:
    discord.faults.arm(name, on=CREATE, seconds=0.02)
    with pytest.raises(aiohttp.ClientError):
        await api("POST", "/channels/2/messages", BODY)
    assert texts(discord) == []


async def test_half_an_answer_and_a_slow_one(discord: Discord, api: Caller) -> None:
    discord.faults.arm("truncated", on=CREATE)
    with pytest.raises(aiohttp.ClientPayloadError):
        await api("POST", "/channels/2/messages", BODY)
    assert texts(discord) == ["filled"]
    discord.faults.arm("slow", on=CREATE, seconds=0.02)
    assert (await api("POST", "/channels/2/messages", {"content": "slow"}))[0] == 200
    assert texts(discord) == ["filled", "slow"]


@pytest.mark.parametrize(
    ("name", "status"), [("status_502", 502), ("status_503", 503), ("401", 401), ("code_50001", 403)]
)
async def test_refusals_do_nothing(discord: Discord, api: Caller, name: str, status: int) -> None:
    discord.faults.arm(name, on="POST /channels/*", times=2)
    for expected in (status, status, 200):
        assert (await api("POST", "/channels/2/messages", {"content": "x"}))[0] == expected
    assert texts(discord) == ["x"]


async def test_a_hang_is_ended_by_hand(discord: Discord, api: Caller) -> None:
    discord.faults.arm("hang_after", on=CREATE)
    sending = asyncio.create_task(api("POST", "/channels/2/messages", BODY))
    await discord.people[2222].reads(2, "filled")
    assert not sending.done()
    discord.release()
    with pytest.raises(aiohttp.ClientError):
        await sending


async def test_an_unknown_fault_is_refused(discord: Discord) -> None:
    with pytest.raises(ValueError, match="no fault is called drop"):
        discord.faults.arm("drop")


async def test_discord_py_tries_again_after_a_bad_gateway_and_sends_once(discord: Discord) -> None:
    async with running(App(), discord, sync=False) as app:
        channel = app.get_partial_messageable(2)
        discord.faults.arm("status_502", on=CREATE, executed=True)  # created, though the answer was lost
        await channel.send("filled", nonce="fill-1")
    assert [r.status for r in discord.requests if r.route == CREATE] == [200, 502, 200]
    assert texts(discord) == ["filled"]
    assert discord.doubled() == {}


async def test_discord_py_waits_for_a_rate_limit(discord: Discord) -> None:
    async with running(App(), discord, sync=False) as app:
        channel = app.get_partial_messageable(2)
        discord.faults.arm("429", on=CREATE, times=3, seconds=0.01)
        await channel.send("one")
        discord.faults.arm("429", on=CREATE, seconds=0.01, scope="global")
        await channel.send("two")
        discord.faults.arm("429", on=CREATE, scope="cloudflare")
        with pytest.raises(library.HTTPException) as caught:
            await channel.send("three")
        assert caught.value.status == 429
    assert texts(discord) == ["one", "two"]
    assert discord.limits.invalid == 5


async def test_discord_py_is_told_what_it_may_not_do(discord: Discord) -> None:
    async with running(App(), discord, sync=False) as app:
        with pytest.raises(library.NotFound) as caught:
            await app.get_partial_messageable(77).send("x")
        assert caught.value.code == 10003
        discord.faults.arm("code_50001", on=CREATE)
        with pytest.raises(library.Forbidden, match="Missing Access"):
            await app.get_partial_messageable(2).send("x")


async def test_an_outage(discord: Discord, api: Caller) -> None:
    async with running(App(), discord, sync=False):
        url = discord.url
        await discord.close()
        with pytest.raises(aiohttp.ClientConnectorError):
            await api("GET", "/users/@me")
        (session,) = discord.gateway.sessions.values()
        await discord.open()
        assert discord.url == url
        assert (await api("GET", "/users/@me"))[0] == 200
        await discord.ready(15)
        assert session.resumed == 1
        assert len(discord.gateway.identifies) == 1


async def test_interactions_while_the_app_is_away_fail_for_the_person(discord: Discord) -> None:
    discord.commands.overwrite(None, [{"name": "status", "description": "x"}])
    asked = discord.people[2222].starts(2, "status", {})
    assert asked.interaction.delivered == 0
    discord.advance(3.5)
    assert asked.failed == "The application did not respond"


async def test_the_gateway_may_be_behind_a_broken_proxy_as_well(discord: Discord, api: Caller) -> None:
    discord.faults.arm("status_502", on="*", times=0)
    assert (await api("GET", "/gateway/bot"))[0] == 502
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        async with gateway(discord):
            pass
    assert caught.value.status == 502
    discord.faults.disarm()
    async with gateway(discord) as app:
        assert (await app.next())["op"] == 10


async def test_an_event_that_is_late_is_overtaken_and_a_lost_one_is_replayed(discord: Discord) -> None:
    discord.commands.overwrite(None, [{"name": "status", "description": "x"}])
    ana = discord.people[2222]
    async with gateway(discord) as app:
        ready = await app.identify(discord.token)
        discord.faults.arm("late", on="INTERACTION_CREATE", seconds=0.02)
        late, first = (ana.starts(2, "status", {}).interaction.id for _ in range(2))
        heard = [(await app.event("INTERACTION_CREATE"))["d"]["id"] for _ in range(2)]
        assert heard == [str(first), str(late)]
        discord.faults.arm("lost", on="INTERACTION_CREATE")
        lost = ana.starts(2, "status", {}).interaction.id
        discord.gateway.cut()
        await app.closed()
    async with gateway(discord) as app:
        await app.next()
        await app.send(6, {"token": discord.token, "session_id": ready["session_id"], "seq": 4})
        assert (await app.next())["d"]["id"] == str(lost)
