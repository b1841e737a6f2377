"""Who a message pings ("Allowed Mentions Object"): only what stands in its text, and only what was allowed."""

import re

from tests.emulators.discord import permissions as may
from tests.emulators.discord.codes import Json
from tests.emulators.discord.message import TEXT_DISPLAY, Mentions, walk
from tests.emulators.discord.world import Channel, User, World

USER, ROLE, EVERYONE = re.compile(r"<@!?(\d+)>"), re.compile(r"<@&(\d+)>"), re.compile(r"@(everyone|here)\b")
ALL: Json = {"parse": ["users", "roles", "everyone"], "replied_user": True}  # of a message that says nothing of it
OF_WEBHOOKS: Json = {"parse": ["users"], "replied_user": True}  # likewise, of interactions and webhooks


def read_text(content: str, parts: list[Json]) -> str:
    """The text whose mentions count: content and text components; never embeds."""
    return "\n".join([content, *(p.get("content", "") for p in walk(parts) if p["type"] == TEXT_DISPLAY)])


def resolve(world: World, channel: Channel, text: str, allowed: Json, replied: User | None = None) -> Mentions:
    """The mentions of a text by the bot in a channel; `replied` wrote what is replied to."""
    parse = allowed.get("parse") or ()
    named_users = {int(one) for one in allowed.get("users") or ()}
    named_roles = {int(one) for one in allowed.get("roles") or ()}
    everyone_may = bool(world.allowed(channel) & may.MENTION_EVERYONE)
    users = {int(found) for found in USER.findall(text)}
    users = {one for one in users if ("users" in parse or one in named_users) and one in world.users}
    if replied is not None and allowed.get("replied_user"):
        users.add(replied.id)
    roles, pinged = [], set(users)
    guild = world.guilds.get(channel.guild_id or 0)
    if guild is not None:
        for found in {int(one) for one in ROLE.findall(text)}:
            role = guild.roles.get(found)
            if role and ("roles" in parse or found in named_roles) and (role.mentionable or everyone_may):
                roles.append(found)
                pinged |= {user for user, held in guild.members.items() if found in held}
    everyone = "everyone" in parse and everyone_may and EVERYONE.search(text) is not None
    if everyone and guild is not None:
        pinged |= {user for user in guild.members if world.sees(world.users[user], channel)}
    pinged.discard(world.bot.id)
    return Mentions([world.users[one] for one in sorted(users)], sorted(roles), everyone, frozenset(pinged))
