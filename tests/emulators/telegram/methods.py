"""getMe, chats and members, presses, actions, pins; updates and webhooks ("Available methods")."""

import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from tests.emulators.telegram.chats import Member
from tests.emulators.telegram.entities import units
from tests.emulators.telegram.params import Params
from tests.emulators.telegram.refusals import Refusal, bad, conflict
from tests.emulators.telegram.updates import MAX_TIMEOUT, WEBHOOK_SET, Updates
from tests.emulators.telegram.webhook import Webhook
from tests.emulators.telegram.world import World, refuse_unknown

WEBHOOK_ACTIVE = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
ACTIONS = frozenset(
    [
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    ]
)
PORTS = (80, 88, 443, 8443)
_NO_GIFTS = dict.fromkeys(
    ["unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels"], False
)

Methods = dict[str, Callable[[Params], Awaitable[Any]]]


class Visits:
    """What a bot asks and does besides writing. `press_seconds`: how long a press can be answered."""

    def __init__(self, world: World) -> None:
        self.press_seconds = 15.0  # not documented; people report 10 to 15 and more
        self._world = world

    def methods(self) -> Methods:
        """What it answers."""
        return {
            "getme": self._me,
            "getchat": self._chat,
            "getchatmember": self._member,
            "leavechat": self._leave,
            "pinchatmessage": self._pin,
            "sendchataction": self._action,
            "answercallbackquery": self._answer,
        }

    async def _me(self, params: Params) -> dict[str, Any]:
        can = {"can_join_groups": True, "can_read_all_group_messages": not self._world.privacy}
        cannot = (
            "supports_inline_queries can_connect_to_business has_main_web_app has_topics_enabled "
            "allows_users_to_create_topics can_manage_bots"
        )
        return self._world.bot.row() | can | dict.fromkeys(cannot.split(), False)

    async def _chat(self, params: Params) -> dict[str, Any]:
        chat = self._world.readable(params.text("chat_id"))
        row = chat.row() | {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": _NO_GIFTS}
        return row | {"pinned_message": self._world.row(chat.pinned)} if chat.pinned is not None else row

    async def _member(self, params: Params) -> dict[str, Any]:
        chat = self._world.readable(params.text("chat_id"))
        user = refuse_unknown(self._world.users.get(params.integer("user_id")))
        return chat.members.get(user.id, Member(user, "left")).row()

    async def _leave(self, params: Params) -> bool:
        chat = self._world.readable(params.text("chat_id"))
        if chat.person is not None:
            raise bad("chat member status can't be changed in private chats")
        self._world.move(chat, self._world.bot, "left", self._world.bot)
        return True

    async def _pin(self, params: Params) -> bool:
        chat, bot = self._world.writable(params.text("chat_id")), self._world.bot
        message = chat.find(params.integer("message_id"))
        if message is None:
            raise bad("message to pin not found")
        if chat.person is None and not chat.administrates(bot):
            raise bad("Not enough rights to manage pinned messages in the chat")
        message.pinned = True
        self._world.fact("pinned", message)
        self._world.serve(chat, bot, pinned_message=message.row(self._world.user_row, reply=False))
        return True

    async def _action(self, params: Params) -> bool:
        action = params.text("action").lower()
        if action not in ACTIONS:
            raise bad("Wrong parameter action in request")
        self._world.writable(params.text("chat_id")).acted(action)
        self._world.changed()
        return True

    async def _answer(self, params: Params) -> bool:
        text = params.text("text")
        if units(text) > 200:
            raise bad("MESSAGE_TOO_LONG")
        press = self._world.presses.get(params.text("callback_query_id"))
        if press is None or press.answered or self._world.clock.now - press.at > self.press_seconds:
            raise bad("query is too old and response timeout expired or query ID is invalid")
        press.answered, press.answer, press.alert = True, text, params.flag("show_alert")
        self._world.fact("answered", press.message, text)
        self._world.changed()
        return True


class Fetching:
    """getUpdates and the webhook methods. `local`: as a server of one's own, any address is a webhook's."""

    def __init__(self, updates: Updates, webhook: Webhook, *, local: bool) -> None:
        self.local = local
        self._updates, self._webhook = updates, webhook

    def methods(self) -> Methods:
        """What it answers."""
        return {
            "getupdates": self._get,
            "setwebhook": self._set,
            "deletewebhook": self._delete,
            "getwebhookinfo": self._state,
        }

    async def _get(self, params: Params) -> list[dict[str, Any]]:
        if self._webhook.url:
            raise conflict(WEBHOOK_ACTIVE)
        self._allow(params)
        limit, timeout = params.integer("limit", 100, 1, 100), params.integer("timeout", 0, 0, MAX_TIMEOUT)
        return await self._updates.poll(params.integer("offset"), limit, timeout)

    async def _set(self, params: Params) -> bool:
        url, secret = params.text("url"), params.text("secret_token")
        if not url:
            return await self._delete(params)
        self._check(url, secret)
        self._updates.abort(conflict(WEBHOOK_SET))
        self._allow(params)
        if params.flag("drop_pending_updates"):
            self._updates.drop()
        self._webhook.set(url, secret, params.integer("max_connections", 40, 1, 100))
        return True

    async def _delete(self, params: Params) -> bool:
        if params.flag("drop_pending_updates"):
            self._updates.drop()
        self._webhook.clear()
        return True

    async def _state(self, params: Params) -> dict[str, Any]:
        row = self._webhook.row(len(self._updates.pending()))
        kinds = self._updates.chosen()
        return row | {"allowed_updates": kinds} if kinds else row

    def _allow(self, params: Params) -> None:
        with suppress(Refusal):  # what cannot be read changes nothing
            self._updates.allow(params.json("allowed_updates"))

    def _check(self, url: str, secret: str) -> None:
        parts = urlsplit(url)
        if not parts.hostname or parts.scheme not in ("http", "https"):
            raise bad("invalid webhook URL specified")
        if not self.local and parts.scheme != "https":
            raise bad("bad webhook: An HTTPS URL must be provided for webhook")
        if not self.local and (parts.port or 443) not in PORTS:
            raise bad("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
        if len(secret) > 256:
            raise bad("secret token is too long")
        if not re.fullmatch(r"[A-Za-z0-9_-]*", secret):
            raise bad("secret token contains unallowed characters")
