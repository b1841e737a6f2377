"""What another process may do to Discord: `POST` to the control address `{"do": name, ...}`, `GET` for the names.

It has a port of its own, so that it answers while Discord is off the network (`down`, `up`).
"""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from aiohttp import web

from tests.emulators.discord.codes import Json
from tests.emulators.discord.invoking import ClientRefuses
from tests.emulators.discord.message import Message
from tests.emulators.discord.people import Asked
from tests.emulators.discord.server import Discord

Command = Callable[..., Any]


def commands(discord: Discord) -> dict[str, Command]:
    """The commands by name."""
    return {**_world(discord), **_people(discord), **_trouble(discord), **_records(discord)}


def _world(discord: Discord) -> dict[str, Command]:
    def clock(now_ms: int | None = None) -> int:
        if now_ms is not None:
            discord.clock.set(now_ms)
        return discord.clock.now_ms

    def channel(id: int, name: str = "trading", guild: int = 1) -> None:
        discord.channel(id, name, guild)

    def person(id: int, name: str, **fields: Any) -> None:
        discord.person(id, name, **fields)

    return {
        "clock": clock,
        "advance": discord.advance,
        "channel": channel,
        "guild": discord.guild,
        "role": discord.role,
        "person": person,
        "ready": discord.ready,
    }


def _people(discord: Discord) -> dict[str, Command]:
    async def slash(person: int, channel: int, name: str, options: Json | None = None, wait: float = 3.0) -> Json:
        asked = discord.people[person].starts(channel, name, options or {})
        await asked.acknowledged(wait)
        return _asked(asked)

    async def types(person: int, channel: int, name: str, options: Json) -> list[Json]:
        return await discord.people[person].types(channel, name, **options)

    async def presses(person: int, message: int, label: str = "", custom_id: str = "") -> Json:
        return _asked(await discord.people[person].presses(message, label, custom_id=custom_id))

    async def picks(person: int, message: int, chosen: list[str], menu: str = "") -> Json:
        return _asked(await discord.people[person].picks(message, *chosen, menu=menu))

    async def reads(person: int, channel: int, text: str, seconds: float = 5.0) -> Json:
        return _message(await discord.people[person].reads(channel, text, seconds))

    return {
        "slash": slash,
        "types": types,
        "presses": presses,
        "picks": picks,
        "reads": reads,
        "says": lambda person, channel, text: _message(discord.people[person].says(channel, text)),
        "sees": lambda person, channel: [_message(m) for m in discord.people[person].sees(channel)],
        "dm": lambda person: discord.people[person].dm.id,
    }


def _trouble(discord: Discord) -> dict[str, Command]:
    def arm(name: str, **detail: Any) -> None:
        discord.faults.arm(name, **detail)

    return {
        "arm": arm,
        "disarm": discord.faults.disarm,
        "struck": lambda: discord.faults.struck,
        "release": discord.release,
        "down": discord.close,
        "up": discord.open,
        "cut": discord.gateway.cut,
        "reconnect": discord.gateway.reconnect,
        "invalidate": discord.gateway.invalidate,
        "close": discord.gateway.close,
        "revoke": discord.revoke,
        "unlimited": discord.limits.off,
        "forbid": lambda channel, permission: discord.forbid(discord.world.channels[channel], permission),
        "remove_channel": lambda channel: discord.remove_channel(discord.world.channels[channel]),
    }


def _records(discord: Discord) -> dict[str, Command]:
    return {
        "ledger": lambda since=0: [asdict(deed) for deed in discord.posts.ledger[since:]],
        "doubled": lambda: [[*key, count] for key, count in discord.doubled().items()],
        "pings": lambda: discord.posts.pings,
        "refused": lambda: discord.interactions.refused,
        "requests": lambda since=0: [[r.route, r.status, r.at_ms] for r in discord.requests[since:]],
        "invalid": lambda: discord.limits.invalid,
        "commands": lambda guild=None: discord.commands.all(guild),
    }


def _message(message: Message) -> Json:
    return {
        "id": message.id,
        "channel": message.channel_id,
        "text": message.text,
        "buttons": message.buttons,
        "files": sorted(message.files),
        "ephemeral": message.ephemeral,
        "loading": message.loading,
        "edits": message.edits,
    }


def _asked(asked: Asked) -> Json:
    interaction = asked.interaction
    return {
        "id": interaction.id,
        "answered_by": interaction.answered_by,
        "failed": asked.failed,
        "messages": [_message(message) for message in asked.messages],
        "modal": interaction.modal,
    }


def serve(control: dict[str, Command]) -> Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]:
    """A handler of requests: `{"result": ...}`, or status 400 and `{"error": ...}`."""

    async def controlled(request: web.BaseRequest) -> web.StreamResponse:
        if request.method == "GET":
            return web.json_response(sorted(control))
        asked = await request.json()
        try:
            result = control[asked.pop("do")](**asked)
            if inspect.isawaitable(result):
                result = await result
        except (KeyError, TypeError, ValueError, TimeoutError, ClientRefuses) as why:
            return web.json_response({"error": f"{type(why).__name__}: {why}"}, status=400)
        return web.json_response({"result": result})

    return controlled
