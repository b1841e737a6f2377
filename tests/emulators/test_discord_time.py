"""The rules of time, on a clock moved by hand: 3 s, 15 minutes, nonces, rate limits, creates a day."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.emulators.discord.interactions import Interaction
from tests.emulators.discord.server import Discord
from tests.emulators.discord_app import Caller

NOW = 1_790_000_000_000
SAYS = {"type": 4, "data": {"content": "flat"}}


@pytest.fixture
async def discord() -> AsyncIterator[Discord]:
    async with Discord(now_ms=NOW) as server:
        server.channel(2)
        server.person(2222, "ana")
        server.commands.overwrite(None, [{"name": "status", "description": "How it stands"}])
        yield server


@pytest.fixture
async def api(discord: Discord) -> AsyncIterator[Caller]:
    async with Caller(discord) as caller:
        yield caller


def asked(discord: Discord) -> Interaction:
    return discord.people[2222].starts(2, "status", {}).interaction


def callback(interaction: Interaction) -> str:
    return f"/interactions/{interaction.id}/{interaction.token}/callback"


async def test_three_seconds_to_answer(discord: Discord, api: Caller) -> None:
    started = discord.people[2222].starts(2, "status", {})
    discord.advance(3)
    assert started.failed == ""
    assert (await api("POST", callback(started.interaction), SAYS))[0] == 204
    late = discord.people[2222].starts(2, "status", {})
    discord.advance(3.001)
    assert late.failed == "The application did not respond"
    status, body = await api("POST", callback(late.interaction), SAYS)
    assert (status, body["code"]) == (404, 10062)
    # The token is void: follow-ups have no webhook.
    status, body = await api("POST", f"/webhooks/900000/{late.interaction.token}", {"content": "late"})
    assert (status, body["code"]) == (404, 10015)
    assert discord.interactions.refused == [(late.interaction.id, 10062)]


async def test_one_answer_only(discord: Discord, api: Caller) -> None:
    interaction = asked(discord)
    assert await api("POST", callback(interaction) + "?with_response=true", SAYS) == (
        200,
        {
            "interaction": {
                "id": str(interaction.id),
                "type": 2,
                "response_message_id": str(interaction.messages[0].id),
                "response_message_loading": False,
                "response_message_ephemeral": False,
            },
            "resource": {"type": 4, "message": discord.posts.payload(interaction.messages[0])},
        },
    )
    status, body = await api("POST", callback(interaction), SAYS)
    assert (status, body["code"]) == (400, 40060)
    assert len(discord.people[2222].sees(2)) == 1


async def test_fifteen_minutes_for_the_rest(discord: Discord, api: Caller) -> None:
    interaction = asked(discord)
    webhook = f"/webhooks/900000/{interaction.token}"
    assert (await api("POST", webhook, {"content": "early"}))[1]["code"] == 10015
    await api("POST", callback(interaction), {"type": 5})
    assert discord.people[2222].sees(2)[0].loading
    discord.advance(15 * 60)
    assert (await api("PATCH", f"{webhook}/messages/@original", {"content": "flat"}))[0] == 200
    assert (await api("GET", f"{webhook}/messages/@original"))[1]["content"] == "flat"
    assert (await api("DELETE", f"{webhook}/messages/@original"))[0] == 204
    assert (await api("PATCH", f"{webhook}/messages/@original", {"content": "x"}))[1]["code"] == 10008
    discord.advance(0.001)
    for method, path in (("POST", webhook), ("PATCH", f"{webhook}/messages/@original")):
        status, body = await api(method, path, {"content": "later"})
        assert (status, body["code"]) == (401, 50027)


async def test_who_defers_and_never_answers_has_not_answered(discord: Discord, api: Caller) -> None:
    started = discord.people[2222].starts(2, "status", {})
    await api("POST", callback(started.interaction), {"type": 5})
    discord.advance(15 * 60)
    assert (started.failed, started.messages) == ("", [])
    discord.advance(1)
    assert started.failed == "The application did not respond"


async def test_an_ephemeral_message_is_reached_by_its_token_alone(discord: Discord, api: Caller) -> None:
    interaction = asked(discord)
    await api("POST", callback(interaction), {"type": 5, "data": {"flags": 64}})
    webhook = f"/webhooks/900000/{interaction.token}"
    status, body = await api("PATCH", f"{webhook}/messages/@original", {"content": "private"})
    assert (status, body["flags"]) == (200, 64)
    assert (await api("PATCH", f"/channels/2/messages/{body['id']}", {"content": "x"}))[1]["code"] == 10008
    status, again = await api("POST", webhook, {"content": "for all"})
    assert (again["flags"], again["message_reference"]["message_id"]) == (0, body["id"])


@pytest.mark.parametrize(
    ("answer", "right"),
    [({"type": 7}, False), ({"type": 6}, False), ({"type": 8}, False), ({"type": 9}, False), (SAYS, True)],
)
async def test_answers_that_fit(discord: Discord, api: Caller, answer: dict[str, Any], right: bool) -> None:
    status, body = await api("POST", callback(asked(discord)), answer)
    assert status == (204 if right else 400)
    if not right:
        assert body["code"] == 50035


async def test_the_same_nonce_is_the_same_message_for_a_few_minutes(discord: Discord, api: Caller) -> None:
    body = {"content": "filled", "nonce": "fill-1", "enforce_nonce": True}
    first = (await api("POST", "/channels/2/messages", body))[1]
    discord.advance(60)
    assert (await api("POST", "/channels/2/messages", body))[1]["id"] == first["id"]
    assert len(discord.people[2222].sees(2)) == 1
    loose = (await api("POST", "/channels/2/messages", {**body, "enforce_nonce": False}))[1]
    assert loose["id"] != first["id"]
    discord.advance(10 * 60)
    assert (await api("POST", "/channels/2/messages", body))[1]["id"] != first["id"]
    assert discord.doubled() == {(2, "fill-1"): 3}


async def test_a_bucket_runs_empty_and_fills_again(discord: Discord, api: Caller) -> None:
    for left in (4, 3, 2, 1, 0):
        assert (await api("POST", "/channels/2/messages", {"content": "x"}))[0] == 200
        assert api.headers["X-RateLimit-Limit"] == "5"
        assert api.headers["X-RateLimit-Remaining"] == str(left)
    bucket = api.headers["X-RateLimit-Bucket"]
    discord.advance(2)
    status, body = await api("POST", "/channels/2/messages", {"content": "x"})
    assert (status, body) == (
        429,
        {"message": "You are being rate limited.", "code": 0, "retry_after": 3.0, "global": False},
    )
    assert api.headers["Retry-After"] == "3"
    assert api.headers["X-RateLimit-Reset-After"] == "3.000"
    assert (api.headers["X-RateLimit-Scope"], api.headers["Via"]) == ("user", "1.1 google")
    # Another channel is another bucket of the same name.
    discord.channel(3)
    assert (await api("POST", "/channels/3/messages", {"content": "x"}))[0] == 200
    assert api.headers["X-RateLimit-Bucket"] == bucket
    discord.advance(3)
    assert (await api("POST", "/channels/2/messages", {"content": "x"}))[0] == 200
    assert discord.limits.invalid == 1


async def test_fifty_requests_a_second(discord: Discord, api: Caller) -> None:
    for _ in range(50):
        assert (await api("GET", "/users/@me"))[0] == 200
    status, body = await api("GET", "/users/@me")
    assert (status, body["global"], body["retry_after"]) == (429, True, 1.0)
    assert (api.headers["X-RateLimit-Global"], api.headers["X-RateLimit-Scope"]) == ("true", "global")
    assert (await api("POST", callback(asked(discord)), SAYS))[0] == 204  # is not bound to it
    discord.advance(1)
    assert (await api("GET", "/users/@me"))[0] == 200


async def test_too_many_invalid_requests_ban_the_address(discord: Discord, api: Caller) -> None:
    discord.limits.invalid_limit = 3
    discord.faults.arm("429", scope="shared")
    assert (await api("GET", "/users/@me"))[0] == 429  # does not count
    for _ in range(3):
        assert (await api("GET", "/users/@me", token="wrong"))[0] == 401
    status, page = await api("GET", "/users/@me")
    assert (status, page) == (429, "error code: 1015")
    assert "Via" not in api.headers
    discord.advance(3600)
    assert (await api("GET", "/users/@me"))[0] == 200


async def test_two_hundred_creates_a_day(discord: Discord, api: Caller) -> None:
    path = "/applications/900000/commands"
    discord.limits.off()
    named = [{"name": f"c{n}", "description": "x"} for n in range(100)]
    assert discord.commands.creates(None) == 1
    assert (await api("PUT", path, named))[0] == 200
    assert (await api("PUT", path, named))[0] == 200  # none of them is new
    assert discord.commands.creates(None) == 101
    others = [{"name": f"d{n}", "description": "x"} for n in range(100)]
    status, body = await api("PUT", path, others)
    assert (status, body["code"], body["retry_after"]) == (429, 30034, 86_400.0)
    assert (await api("PUT", path, others[:99]))[0] == 200
    assert (await api("PUT", "/applications/900000/guilds/1/commands", others))[0] == 200  # a guild has its own
    discord.advance(86_400)
    assert (await api("PUT", path, named))[0] == 200


async def test_a_thread_is_archived_when_nobody_writes(discord: Discord, api: Caller) -> None:
    message = (await api("POST", "/channels/2/messages", {"content": "Order 1"}))[1]
    path = f"/channels/2/messages/{message['id']}/threads"
    status, thread = await api("POST", path, {"name": "Order 1", "auto_archive_duration": 60})
    assert (status, thread["id"], thread["parent_id"], thread["type"]) == (201, message["id"], "2", 11)
    assert (await api("POST", path, {"name": "again"}))[1]["code"] == 160004
    fill = (await api("POST", f"/channels/{thread['id']}/messages", {"content": "A fill"}))[1]
    discord.advance(3600)
    assert (await api("GET", f"/channels/{thread['id']}"))[1]["thread_metadata"]["archived"] is True
    edit = f"/channels/{thread['id']}/messages/{fill['id']}"
    assert (await api("PATCH", edit, {"content": "x"}))[1]["code"] == 50083
    await api("POST", f"/channels/{thread['id']}/messages", {"content": "Another"})
    assert (await api("PATCH", edit, {"content": "x"}))[0] == 200
