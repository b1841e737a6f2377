"""The routes of the account, guilds, channels and messages. Each answers a status and a body."""

from typing import Any

from tests.emulators.discord import permissions as may
from tests.emulators.discord.bodies import read_draft
from tests.emulators.discord.calls import Call, Router
from tests.emulators.discord.codes import refusal
from tests.emulators.discord.posting import Posts
from tests.emulators.discord.world import Channel, World

Result = tuple[int, Any]
CHANNEL = "/channels/{channel}"
MESSAGE = f"{CHANNEL}/messages/{{message}}"


class Routes:
    """What is asked about the world, and said in channels."""

    def __init__(self, world: World, posts: Posts, router: Router) -> None:
        self._world = world
        self._posts = posts
        router.add("GET /users/@me", self._me)
        router.add("GET /users/{user}", lambda call: (200, world.user(call.path["user"]).payload))
        router.add("GET /users/@me/guilds", lambda _: (200, [world.guild_payload(g) for g in world.guilds.values()]))
        router.add("POST /users/@me/channels", self._open_dm)
        router.add("GET /oauth2/applications/@me", self._application)
        router.add("GET /applications/@me", self._application)
        router.add("GET /guilds/{guild}", lambda call: (200, world.guild_payload(world.guild(call.path["guild"]))))
        router.add("GET /guilds/{guild}/channels", self._channels)
        router.add("GET /guilds/{guild}/roles", self._roles)
        router.add("GET /guilds/{guild}/members/{user}", self._member)
        router.add("GET /guilds/{guild}/threads/active", self._threads)
        router.add(f"GET {CHANNEL}", lambda call: (200, world.channel_payload(self._channel(call))))
        router.add(f"PATCH {CHANNEL}", self._change_thread)
        router.add(f"POST {CHANNEL}/typing", lambda call: (204, self._channel(call) and None))
        router.add(f"POST {CHANNEL}/threads", self._start_thread)
        router.add(f"PUT {CHANNEL}/thread-members/@me", lambda call: (204, self._channel(call) and None))
        router.add(f"GET {CHANNEL}/messages", self._messages)
        router.add(f"POST {CHANNEL}/messages", self._create)
        router.add(f"GET {MESSAGE}", self._get)
        router.add(f"PATCH {MESSAGE}", self._edit)
        router.add(f"DELETE {MESSAGE}", self._delete)
        router.add(f"POST {MESSAGE}/threads", self._start_thread)

    def _channel(self, call: Call) -> Channel:
        return self._world.channel(call.path["channel"])

    def _me(self, call: Call) -> Result:
        return 200, {
            **self._world.bot.payload,
            "mfa_enabled": False,
            "locale": "en-US",
            "verified": True,
            "email": None,
        }

    def _application(self, call: Call) -> Result:
        world = self._world
        return 200, {
            "id": str(world.application_id),
            "name": world.bot.name,
            "icon": None,
            "description": "",
            "type": None,
            "bot_public": False,
            "bot_require_code_grant": False,
            "verify_key": "0" * 64,
            "flags": 0,
            "flags_new": "0",
            "redirect_uris": [],
            "interactions_endpoint_url": None,
            "role_connections_verification_url": None,
            "owner": world.owner.payload,
            "team": None,
            "approximate_guild_count": len(world.guilds),
            "approximate_user_install_count": 0,
            "approximate_user_authorization_count": 0,
            "explicit_content_filter": 0,
            "eligible_oauth2_scopes": [],
            "summary": "",
        }

    def _open_dm(self, call: Call) -> Result:
        recipient = str(call.form.get("recipient_id", ""))
        user = self._world.users.get(int(recipient)) if recipient.isdigit() else None
        if user is None or user.bot:
            raise refusal(50033)
        return 200, self._world.channel_payload(self._world.dm(user))

    def _channels(self, call: Call) -> Result:
        guild = self._world.guild(call.path["guild"])
        return 200, self._world.guild_payload(guild, whole=True)["channels"]

    def _roles(self, call: Call) -> Result:
        return 200, [role.payload for role in self._world.guild(call.path["guild"]).roles.values()]

    def _member(self, call: Call) -> Result:
        guild, user = self._world.guild(call.path["guild"]), self._world.user(call.path["user"])
        if user.id not in guild.members:
            raise refusal(10007)
        return 200, guild.member(user)

    def _threads(self, call: Call) -> Result:
        threads = self._world.threads(self._world.guild(call.path["guild"]).id)
        return 200, {"threads": [self._world.channel_payload(thread) for thread in threads], "members": []}

    def _change_thread(self, call: Call) -> Result:
        thread = self._channel(call)
        if not thread.is_thread:
            self._world.require(thread, may.ADMINISTRATOR)
        thread.archived = bool(call.form.get("archived", thread.archived))
        if not thread.archived:
            thread.active_ms = self._world.clock.now_ms
        return 200, self._world.channel_payload(thread)

    def _start_thread(self, call: Call) -> Result:
        channel = self._channel(call)
        message = self._posts.find(channel, call.path["message"]) if "message" in call.path else None
        return 201, self._world.channel_payload(self._posts.start_thread(channel, call.form, message))

    def _messages(self, call: Call) -> Result:
        channel = self._channel(call)
        self._world.require(channel, may.READ_MESSAGE_HISTORY)
        found = [message for message in self._posts.of(channel) if not message.ephemeral]
        if "before" in call.query:
            found = [message for message in found if message.id < int(call.query["before"])]
        if "after" in call.query:
            found = [message for message in found if message.id > int(call.query["after"])]
        limit = min(100, int(call.query.get("limit", 50)))
        chosen = found[:limit] if "after" in call.query else found[-limit:]
        return 200, [self._posts.payload(message) for message in reversed(chosen)]

    def _create(self, call: Call) -> Result:
        channel = self._channel(call)
        draft = read_draft(call.form, call.uploads)
        return 200, self._posts.payload(self._posts.create(channel, draft))

    def _get(self, call: Call) -> Result:
        return 200, self._posts.payload(self._posts.find(self._channel(call), call.path["message"]))

    def _edit(self, call: Call) -> Result:
        message = self._posts.find(self._channel(call), call.path["message"])
        return 200, self._posts.payload(self._posts.edit(message, read_draft(call.form, call.uploads)))

    def _delete(self, call: Call) -> Result:
        channel = self._channel(call)
        message = self._posts.find(channel, call.path["message"])
        if message.author is not self._world.bot:
            self._world.require(channel, may.MANAGE_MESSAGES)
        self._posts.delete(message)
        return 204, None
