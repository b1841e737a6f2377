"""What the REST API takes and turns down of messages, by the documented limits; what a payload holds."""

import io
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.emulators.discord import permissions as may
from tests.emulators.discord.server import Discord
from tests.emulators.discord_app import Caller, wrong

MESSAGES = "/channels/2/messages"
TOO_LONG = "BASE_TYPE_MAX_LENGTH"
BAD_LENGTH = "BASE_TYPE_BAD_LENGTH"
REQUIRED = "BASE_TYPE_REQUIRED"


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


def row(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"type": 1, "components": list(parts)}


def button(custom_id: str = "a", **fields: Any) -> dict[str, Any]:
    return {"type": 2, "style": 1, "label": "Go", "custom_id": custom_id, **fields}


def menu(options: int, **fields: Any) -> dict[str, Any]:
    rows = [{"label": f"l{n}", "value": f"v{n}"} for n in range(options)]
    return {"type": 3, "custom_id": "m", "options": rows, **fields}


def embed(**fields: Any) -> dict[str, Any]:
    return {"embeds": [fields]}


RIGHT: list[dict[str, Any]] = [
    {"content": "x" * 2000},
    {"content": "📈" * 2000},
    embed(title="x" * 256, description="x" * 4096, footer={"text": "x" * 1648}),  # 6000 in all
    embed(fields=[{"name": "x", "value": "y"}] * 25),
    embed(title=" " + "x" * 256 + " "),  # trimmed before it is measured
    {"embeds": [{"title": "x"}] * 10},
    {"content": "x", "components": [row(*(button(str(n)) for n in range(5)))]},
    {"content": "x", "components": [row(menu(25))]},
    {"content": "x", "nonce": "x" * 25},
    {"flags": 1 << 15, "components": [{"type": 17, "components": [{"type": 10, "content": "x"}, row(button())]}]},
]


@pytest.mark.parametrize("body", RIGHT)
async def test_messages_that_are_taken(discord: Discord, api: Caller, body: dict[str, Any]) -> None:
    status, answer = await api("POST", MESSAGES, body)
    assert status == 200, answer


WRONG: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({"content": "x" * 2001}, {"content": TOO_LONG}),
    (embed(title="x" * 257), {"embeds.0.title": TOO_LONG}),
    (embed(description="x" * 4097), {"embeds.0.description": TOO_LONG}),
    (
        embed(title="x" * 256, description="x" * 4096, footer={"text": "x" * 1649}),
        {"embeds": "MAX_EMBED_SIZE_EXCEEDED"},
    ),
    (embed(fields=[{"name": "x", "value": "y"}] * 26), {"embeds.0.fields": TOO_LONG}),
    (embed(fields=[{"name": "x", "value": ""}]), {"embeds.0.fields.0.value": REQUIRED}),
    (embed(fields=[{"name": "x", "value": "y" * 1025}]), {"embeds.0.fields.0.value": BAD_LENGTH}),
    (embed(title="x", color=0x1000000), {"embeds.0.color": "NUMBER_TYPE_MAX"}),
    (embed(title="x", url="javascript://x"), {"embeds.0.url": "URL_TYPE_INVALID_SCHEME"}),
    ({"embeds": [{"title": "x"}] * 11}, {"embeds": TOO_LONG}),
    (
        {"content": "x", "components": [row(*(button(str(n)) for n in range(6)))]},
        {"components.0.components": BAD_LENGTH},
    ),
    ({"content": "x", "components": [row(button(str(n))) for n in range(6)]}, {"components": TOO_LONG}),
    ({"content": "x", "components": [button()]}, {"components.0.type": "BASE_TYPE_CHOICES"}),
    (
        {"content": "x", "components": [row(button("a"), button("a"))]},
        {"components": "COMPONENT_CUSTOM_ID_DUPLICATED"},
    ),
    (
        {"content": "x", "components": [row(button("x" * 101))]},
        {"components.0.components.0.custom_id": BAD_LENGTH},
    ),
    ({"content": "x", "components": [row(button(label="x" * 81))]}, {"components.0.components.0.label": TOO_LONG}),
    ({"content": "x", "components": [row(menu(26))]}, {"components.0.components.0.options": BAD_LENGTH}),
    ({"content": "x", "components": [row(menu(0))]}, {"components.0.components.0.options": BAD_LENGTH}),
    (
        {"content": "x", "components": [row(button(style=5))]},
        {
            "components.0.components.0": "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE",
            "components.0.components.0.url": REQUIRED,
        },
    ),
    ({"content": "x", "nonce": "x" * 26}, {"nonce": "NONCE_TYPE_TOO_LONG"}),
    (
        {"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}},
        {"allowed_mentions": "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE"},
    ),
    ({"content": "x", "message_reference": {"message_id": "77"}}, {"message_reference": "REPLIES_UNKNOWN_MESSAGE"}),
    (
        {"content": "x", "flags": 1 << 15, "components": [{"type": 10, "content": "x"}]},
        {"content": "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"},
    ),
    (
        {"flags": 1 << 15, "components": [{"type": 10, "content": "x"}] * 41},
        {"components": TOO_LONG},
    ),
]


@pytest.mark.parametrize(("body", "errors"), WRONG)
async def test_messages_that_are_turned_down(
    discord: Discord, api: Caller, body: dict[str, Any], errors: dict[str, str]
) -> None:
    status, answer = await api("POST", MESSAGES, body)
    assert status == 400
    found = wrong(answer)
    assert {path: found.get(path) for path in errors} == errors
    assert discord.posts.ledger == []


async def test_an_edit_touches_what_it_names(discord: Discord, api: Caller) -> None:
    body = {"content": "card", "embeds": [{"title": "t"}], "components": [row(button())], "nonce": "n"}
    card = (await api("POST", MESSAGES, body))[1]
    path = f"{MESSAGES}/{card['id']}"
    edited = (await api("PATCH", path, {"components": []}))[1]
    assert (edited["content"], edited["embeds"][0]["title"], edited["components"]) == ("card", "t", [])
    edited = (await api("PATCH", path, {"content": None}))[1]
    assert (edited["content"], edited["edited_timestamp"]) == ("", "2026-09-21T14:13:20.000000+00:00")
    assert (await api("PATCH", path, {"embeds": []}))[1]["code"] == 50006
    assert (await api("GET", path))[1]["embeds"][0]["title"] == "t"  # nothing was changed by that
    assert (await api("DELETE", path))[0] == 204
    assert (await api("PATCH", path, {"content": "x"}))[1]["code"] == 10008


async def test_files(discord: Discord, api: Caller) -> None:
    def form(body: dict[str, Any], **files: bytes) -> aiohttp.FormData:
        data = aiohttp.FormData(quote_fields=False)
        data.add_field("payload_json", json.dumps(body), content_type="application/json")
        for number, (name, content) in enumerate(files.items()):
            data.add_field(f"files[{number}]", io.BytesIO(content), filename=f"{name}.txt", content_type="text/plain")
        return data

    described = {"attachments": [{"id": 0, "filename": "renamed.txt", "description": "d"}]}
    status, message = await api("POST", MESSAGES, form=form(described, log=b"first"))
    assert status == 200
    (attachment,) = message["attachments"]
    assert (attachment["filename"], attachment["size"], attachment["description"]) == ("renamed.txt", 5, "d")
    async with aiohttp.ClientSession() as session, session.get(attachment["url"]) as answer:
        assert await answer.read() == b"first"
    path = f"{MESSAGES}/{message['id']}"
    message = (await api("PATCH", path, form=form({}, more=b"second")))[1]
    assert [one["filename"] for one in message["attachments"]] == ["renamed.txt", "more.txt"]
    keep = {"attachments": [{"id": message["attachments"][1]["id"]}]}
    assert [one["filename"] for one in (await api("PATCH", path, keep))[1]["attachments"]] == ["more.txt"]
    status, body = await api("POST", MESSAGES, form=form({}, big=b"x" * (10 * 1024**2 + 1)))
    assert (status, body["code"]) == (413, 40005)


async def test_what_is_refused_by_permission_and_place(discord: Discord, api: Caller) -> None:
    channel = discord.channel(3)
    ana = discord.person(2222, "ana")
    body = {"content": "x"}
    assert (await api("POST", "/channels/77/messages", body))[1]["code"] == 10003
    discord.forbid(channel, may.SEND_MESSAGES)
    status, answer = await api("POST", "/channels/3/messages", body)
    assert (status, answer["code"]) == (403, 50013)
    discord.forbid(channel, may.VIEW_CHANNEL)
    status, answer = await api("POST", "/channels/3/messages", body)
    assert (status, answer) == (403, {"message": "Missing Access", "code": 50001})
    discord.remove_channel(channel)
    assert (await api("GET", "/channels/3"))[1]["code"] == 10003
    ana.user.accepts_dms = False
    dm = (await api("POST", "/users/@me/channels", {"recipient_id": "2222"}))[1]
    assert dm["recipients"][0]["username"] == "ana"
    assert (await api("POST", f"/channels/{dm['id']}/messages", body))[1]["code"] == 50007
    assert (await api("POST", "/users/@me/channels", {"recipient_id": "1"}))[1]["code"] == 50033
    said = ana.says(2, "mine")
    assert (await api("PATCH", f"{MESSAGES}/{said.id}", body))[1]["code"] == 50005
    assert (await api("DELETE", f"{MESSAGES}/{said.id}"))[1]["code"] == 50013
    assert (await api("POST", MESSAGES, {"content": "  "}))[1] == {
        "message": "Cannot send an empty message",
        "code": 50006,
    }
    assert (await api("GET", "/guilds/77"))[1]["code"] == 10004
    assert (await api("POST", f"/channels/{dm['id']}/threads", {"name": "x"}))[1]["code"] == 50024


async def test_who_may_call(discord: Discord, api: Caller) -> None:
    assert (await api("GET", "/users/@me"))[1]["username"] == "tiller"
    assert await api("GET", "/users/@me", token="wrong") == (401, {"message": "401: Unauthorized", "code": 0})
    assert await api("GET", "/nothing") == (404, {"message": "404: Not Found", "code": 0})
    assert await api("PUT", "/users/@me") == (405, {"message": "405: Method Not Allowed", "code": 0})
    async with aiohttp.ClientSession() as session:
        headers = {"Authorization": f"Bot {discord.token}"}
        async with session.get(f"{discord.api_url}/users/@me", headers=headers) as answer:
            assert answer.status == 403  # without a proper User-Agent
        async with session.get(f"{discord.url}/api/v5/gateway") as answer:
            assert (await answer.json())["code"] == 50041
        headers["User-Agent"] = "DiscordBot (x, 1)"
        url = f"{discord.api_url}{MESSAGES}"
        async with session.post(url, headers=headers, data="content=x") as answer:
            assert (await answer.json())["code"] == 50035  # not JSON
        async with session.post(url, headers={**headers, "Content-Type": "application/json"}, data="{") as answer:
            assert (await answer.json())["code"] == 50109
    _, found = await api("GET", "/gateway/bot")
    assert (found["url"], found["session_start_limit"]["remaining"]) == (discord.gateway_url, 1000)


async def test_payloads_hold_what_the_published_schema_requires(discord: Discord, api: Caller) -> None:
    """`required` of MessageResponse, UserResponse, GuildMemberResponse ... in Discord's OpenAPI document."""
    message = (await api("POST", MESSAGES, {"content": "x"}))[1]
    assert set(message) >= {
        *("type", "content", "mentions", "mention_roles", "attachments", "embeds", "timestamp", "edited_timestamp"),
        *("flags", "components", "id", "channel_id", "author", "pinned", "mention_everyone", "tts"),
    }
    user = {"id", "username", "avatar", "discriminator", "public_flags", "flags", "global_name", "primary_guild"}
    assert set(message["author"]) >= user
    discord.person(2222, "ana")
    assert set((await api("GET", "/guilds/1/members/2222"))[1]) >= {
        *("avatar", "banner", "communication_disabled_until", "flags", "joined_at", "nick", "pending"),
        *("premium_since", "roles", "user", "mute", "deaf"),
    }
    assert set((await api("GET", "/guilds/1/roles"))[1][0]) >= {
        *("id", "name", "permissions", "position", "color", "colors", "hoist", "managed", "mentionable", "icon"),
        *("unicode_emoji", "flags"),
    }
    assert set((await api("GET", "/oauth2/applications/@me"))[1]) >= {
        *("id", "name", "icon", "description", "type", "verify_key", "flags", "flags_new", "redirect_uris", "owner"),
        *("interactions_endpoint_url", "role_connections_verification_url", "approximate_guild_count", "team"),
        *("approximate_user_install_count", "approximate_user_authorization_count", "explicit_content_filter"),
        "eligible_oauth2_scopes",
    }
    thread = (await api("POST", f"{MESSAGES}/{message['id']}/threads", {"name": "t"}))[1]
    assert set(thread) >= {
        *("id", "type", "flags", "guild_id", "name", "owner_id", "thread_metadata", "message_count", "member_count"),
        "total_message_sent",
    }
    assert set((await api("GET", "/channels/2"))[1]) >= {"id", "type", "flags", "guild_id", "name", "position"}
