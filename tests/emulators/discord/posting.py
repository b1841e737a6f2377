"""Messages and threads: writing, editing, deleting, and the gateway events that tell of it ("Message", "Threads")."""

from collections.abc import Callable
from typing import Any, Protocol

from tests.emulators.discord import permissions as may
from tests.emulators.discord.bodies import EDITABLE, Draft, check_not_empty
from tests.emulators.discord.clock import Changes
from tests.emulators.discord.codes import Json, refusal
from tests.emulators.discord.forms import Form
from tests.emulators.discord.ledger import Ledger
from tests.emulators.discord.mentions import ALL, OF_WEBHOOKS, read_text, resolve
from tests.emulators.discord.message import (
    COMPONENTS_V2,
    EPHEMERAL,
    HAS_THREAD,
    LOADING,
    REPLY,
    Attachment,
    Message,
    reference_to,
)
from tests.emulators.discord.world import PRIVATE_THREAD, PUBLIC_THREAD, TEXT, Channel, User, World

NONCE_MS = 5 * 60_000  # "the past few minutes"


class Gateway(Protocol):
    """Where events go."""

    def dispatch(self, event: str, make: Callable[[int], Json], intent: int = 0) -> int:
        """Send an event to every session with the intent; `make` gets the session's intents."""


class Posts:
    """Every message there is. `ledger` holds what the bot did, in order; `pings` who was notified by which message."""

    def __init__(self, world: World, gateway: Gateway, changes: Changes) -> None:
        self.world = world
        self.messages: dict[int, Message] = {}
        self.ledger = Ledger()
        self.touched: list[Message] = []  # whenever one was written or edited
        self.pings: list[tuple[int, int]] = []  # message, person
        self.url = ""
        self._gateway = gateway
        self._changes = changes
        self._nonces: dict[str, Message] = {}
        self._by_channel: dict[int, list[Message]] = {}

    # Finding

    def of(self, channel: Channel) -> list[Message]:
        """The messages of a channel, oldest first."""
        return [m for m in self._by_channel.get(channel.id, ()) if not m.deleted]

    def find(self, channel: Channel, message_id: int) -> Message:
        """A message of a channel, not an ephemeral one; refuses with 10008."""
        message = self.messages.get(message_id)
        if message is None or message.deleted or message.ephemeral or message.channel_id != channel.id:
            raise refusal(10008)
        return message

    # The bot's own

    def create(self, channel: Channel, draft: Draft) -> Message:
        """Create Message. The same enforced nonce within a few minutes answers the earlier message."""
        self._check_may_write(channel, draft)
        now = self.world.clock.now_ms
        if draft.enforce_nonce and draft.nonce is not None:
            earlier = self._nonces.get(str(draft.nonce))
            if earlier is not None and now - earlier.created_ms < NONCE_MS:
                return earlier
        message = self._new(channel, self.world.bot, draft)
        message.enforced = draft.enforce_nonce
        replied = self._refer(message, channel, draft)
        self._settle(message, draft, ALL, replied)
        check_not_empty(message)
        if draft.nonce is not None:
            self._nonces[str(draft.nonce)] = message
        self.add(message)
        return message

    def respond(self, channel: Channel, draft: Draft, user: User, interaction: Json, **fields: Any) -> Message:
        """A message of an interaction: needs no permission in the channel ("Responding to an Interaction")."""
        message = self._new(channel, self.world.bot, draft)
        message.flags |= draft.flags
        message.interaction, message.interaction_id = interaction, int(interaction["id"])
        for key, value in fields.items():
            setattr(message, key, value)
        if message.ephemeral:
            message.only_for = user.id
        self._settle(message, draft, OF_WEBHOOKS)
        if not message.loading:
            check_not_empty(message)
        self.add(message)
        return message

    def edit(self, message: Message, draft: Draft, default: Json = ALL) -> Message:
        """Edit Message; fields that are not given stay as they are."""
        if message.author is not self.world.bot:
            raise refusal(50005)
        channel = self.world.channels[message.channel_id]
        if channel.is_thread and self.world.archived(channel):
            raise refusal(50083)
        before = (message.content, message.embeds, message.components, message.attachments, message.flags)
        if "content" in draft.given:
            message.content = draft.content
        if "embeds" in draft.given:
            message.embeds = draft.embeds
        if "components" in draft.given:
            message.components = draft.components
        if "flags" in draft.given:
            message.flags = (message.flags & ~EDITABLE) | (draft.flags & EDITABLE) | (message.flags & COMPONENTS_V2)
        if draft.attachments is not None or draft.uploads:
            message.attachments = self._attachments(message, draft)
        message.flags &= ~LOADING
        try:
            check_not_empty(message)
        except BaseException:
            message.content, message.embeds, message.components, message.attachments, message.flags = before
            raise
        text = read_text(message.content, message.components)
        allowed = draft.allowed_mentions if draft.allowed_mentions is not None else default
        message.mentions = resolve(self.world, channel, text, allowed)
        message.allowed_mentions = draft.allowed_mentions
        message.edited_ms = self.world.clock.now_ms
        message.edits += 1
        self._log("edit", message)
        self._tell("MESSAGE_UPDATE", message)
        return message

    def delete(self, message: Message) -> None:
        """Delete Message."""
        message.deleted = True
        self._log("delete", message)
        if not message.ephemeral:
            gone: Json = {"id": str(message.id), "channel_id": str(message.channel_id)}
            if message.guild_id is not None:
                gone["guild_id"] = str(message.guild_id)
            self._gateway.dispatch("MESSAGE_DELETE", lambda _: gone, self._intent(message))
        self._changes.tell()

    # Of anybody

    def add(self, message: Message) -> None:
        """Put a message where people see it."""
        self.messages[message.id] = message
        self._by_channel.setdefault(message.channel_id, []).append(message)
        channel = self.world.channels[message.channel_id]
        channel.last_message_id, channel.posted = message.id, channel.posted + 1
        channel.active_ms, channel.archived = message.created_ms, False
        self.pings.extend((message.id, person) for person in sorted(message.mentions.pinged))
        if message.author is self.world.bot:
            self._log("create", message)
        self._tell("MESSAGE_CREATE", message)

    def say(self, channel: Channel, user: User, content: str) -> Message:
        """What a person writes into a channel."""
        message = Message(self.world.ids.next(), channel.id, channel.guild_id, user, self.world.clock.now_ms, content)
        message.mentions.users = [u for u in self.world.users.values() if f"<@{u.id}>" in content]
        self.add(message)
        return message

    # Threads

    def start_thread(self, channel: Channel, body: Json, message: Message | None) -> Channel:
        """Start Thread from Message, or without one."""
        if channel.kind != TEXT:
            raise refusal(50024)
        if message is not None and message.id in self.world.channels:
            raise refusal(160004)
        form = Form()
        form.text(("name",), body.get("name"), 100, 1)
        minutes = body.get("auto_archive_duration") or 1440
        form.choice(("auto_archive_duration",), minutes, (60, 1440, 4320, 10080))
        kind = PUBLIC_THREAD if message is not None else body.get("type", PRIVATE_THREAD)
        form.choice(("type",), kind, (PUBLIC_THREAD, PRIVATE_THREAD))
        form.check()
        private = message is None and kind == PRIVATE_THREAD
        self.world.require(channel, may.CREATE_PRIVATE_THREADS if private else may.CREATE_PUBLIC_THREADS)
        thread = Channel(message.id if message else self.world.ids.next(), kind, body["name"])
        thread.guild_id, thread.parent_id, thread.owner_id = channel.guild_id, channel.id, self.world.bot.id
        thread.archive_minutes, thread.active_ms = minutes, self.world.clock.now_ms
        self.world.channels[thread.id] = thread
        payload = self.world.channel_payload(thread)
        self._gateway.dispatch("THREAD_CREATE", lambda _: {**payload, "newly_created": True}, may.GUILDS)
        if message is not None:
            message.flags |= HAS_THREAD
            self._tell("MESSAGE_UPDATE", message)
        self._changes.tell()
        return thread

    # Parts

    def payload(self, message: Message) -> Json:
        """A message object, with its thread and what it replies to."""
        found = message.payload()
        if message.id in self.world.channels:
            found["thread"] = self.world.channel_payload(self.world.channels[message.id])
        if message.kind == REPLY and message.reference is not None:
            replied = self.messages.get(int(message.reference["message_id"]))
            found["referenced_message"] = None if replied is None or replied.deleted else replied.payload()
        return found

    def _check_may_write(self, channel: Channel, draft: Draft) -> None:
        self.world.require(channel, may.SEND_MESSAGES_IN_THREADS if channel.is_thread else may.SEND_MESSAGES)
        if channel.recipient is not None and not channel.recipient.accepts_dms:
            raise refusal(50007)
        if draft.embeds:
            self.world.require(channel, may.EMBED_LINKS)
        if draft.uploads:
            self.world.require(channel, may.ATTACH_FILES)

    def _new(self, channel: Channel, author: User, draft: Draft) -> Message:
        now = self.world.clock.now_ms
        message = Message(self.world.ids.next(), channel.id, channel.guild_id, author, now)
        message.content, message.embeds, message.components = draft.content, draft.embeds, draft.components
        message.flags = draft.flags & ~EPHEMERAL
        message.nonce = draft.nonce
        return message

    def _settle(self, message: Message, draft: Draft, default: Json, replied: User | None = None) -> None:
        channel = self.world.channels[message.channel_id]
        message.attachments = self._attachments(message, draft)
        text = read_text(message.content, message.components)
        allowed = draft.allowed_mentions if draft.allowed_mentions is not None else default
        message.mentions = resolve(self.world, channel, text, allowed, replied)
        message.allowed_mentions = draft.allowed_mentions

    def _refer(self, message: Message, channel: Channel, draft: Draft) -> User | None:
        """Make it a reply; returns whom it replies to."""
        if draft.reference is None:
            return None
        self.world.require(channel, may.READ_MESSAGE_HISTORY)
        replied = self.messages.get(int(draft.reference.get("message_id") or 0))
        if replied is None or replied.deleted or replied.ephemeral or replied.channel_id != channel.id:
            if draft.reference.get("fail_if_not_exists") is False:
                return None
            form = Form()
            form.wrong(("message_reference",), "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
            form.check()
            return None
        message.kind, message.reference = REPLY, reference_to(replied)
        return replied.author

    def _attachments(self, message: Message, draft: Draft) -> list[Attachment]:
        """The files after this request: all uploads, and of those it had the ones that are listed, if any list is."""
        listed = draft.attachments
        kept = message.attachments
        if listed is not None:
            ids = {str(one.get("id")) for one in listed}
            kept = [attachment for attachment in kept if str(attachment.id) in ids]
        described = {str(one.get("id")): one for one in listed or ()}
        added = []
        for upload in draft.uploads:
            number = self.world.ids.next()
            about = described.get(str(upload.index), {})
            name = about.get("filename") or upload.filename
            url = f"{self.url}/attachments/{message.channel_id}/{number}/{name}"
            added.append(
                Attachment(number, name, upload.content, upload.content_type, url, about.get("description")),
            )
        return [*kept, *added]

    def _log(self, do: str, message: Message) -> None:
        self.ledger.note(do, message, self.world.clock.now_ms)

    def _intent(self, message: Message) -> int:
        return may.DIRECT_MESSAGES if message.guild_id is None else may.GUILD_MESSAGES

    def _tell(self, event: str, message: Message) -> None:
        self.touched.append(message)
        self._changes.tell()
        if message.ephemeral:
            return
        payload = self.payload(message)
        if message.guild_id is not None:
            payload["guild_id"] = str(message.guild_id)
            guild = self.world.guilds[message.guild_id]
            payload["member"] = guild.member(message.author, full=False)
        own = message.author is self.world.bot or message.guild_id is None
        mentioned = self.world.bot in message.mentions.users
        bare = {**payload, "content": "", "embeds": [], "attachments": [], "components": []}

        def make(intents: int) -> Json:
            return payload if own or mentioned or intents & may.MESSAGE_CONTENT else bare

        self._gateway.dispatch(event, make, self._intent(message))
