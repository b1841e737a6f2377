"""A message, as it stands now."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.emulators.discord.clock import iso
from tests.emulators.discord.codes import Json
from tests.emulators.discord.world import User

SUPPRESS_EMBEDS, HAS_THREAD, EPHEMERAL, LOADING = 1 << 2, 1 << 5, 1 << 6, 1 << 7
SUPPRESS_NOTIFICATIONS, COMPONENTS_V2 = 1 << 12, 1 << 15
DEFAULT, REPLY, CHAT_INPUT_COMMAND, CONTEXT_MENU_COMMAND = 0, 19, 20, 23
BUTTON, TEXT_DISPLAY = 2, 10
SELECTS = (3, 5, 6, 7, 8)


@dataclass
class Attachment:
    """A file of a message; `content` is served at its url."""

    id: int
    filename: str
    content: bytes
    content_type: str
    url: str
    description: str | None = None

    @property
    def payload(self) -> Json:
        found: Json = {
            "id": str(self.id),
            "filename": self.filename,
            "size": len(self.content),
            "url": self.url,
            "proxy_url": self.url,
            "content_type": self.content_type,
        }
        return found if self.description is None else {**found, "description": self.description}


@dataclass
class Mentions:
    """Who a text mentions, as far as `allowed_mentions` lets it; `pinged` are all that are notified, by id."""

    users: list[User] = field(default_factory=list)
    roles: list[int] = field(default_factory=list)
    everyone: bool = False
    pinged: frozenset[int] = frozenset()


@dataclass
class Message:
    id: int
    channel_id: int
    guild_id: int | None
    author: User
    created_ms: int
    content: str = ""
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    flags: int = 0
    kind: int = DEFAULT
    mentions: Mentions = field(default_factory=Mentions)
    allowed_mentions: Json | None = None  # as the request had it, None if it did not
    reference: Json | None = None
    nonce: str | int | None = None
    enforced: bool = False
    edited_ms: int | None = None
    edits: int = 0
    only_for: int | None = None  # ephemeral: the person who sees it
    interaction: Json | None = None
    interaction_id: int | None = None
    deleted: bool = False

    @property
    def loading(self) -> bool:
        """Whether it shows "is thinking..."."""
        return bool(self.flags & LOADING)

    @property
    def ephemeral(self) -> bool:
        return bool(self.flags & EPHEMERAL)

    @property
    def silent(self) -> bool:
        return bool(self.flags & SUPPRESS_NOTIFICATIONS)

    @property
    def text(self) -> str:
        """All that a person reads: content, embeds from top to bottom, text components."""
        read = [self.content]
        for embed in self.embeds:
            author, footer = embed.get("author") or {}, embed.get("footer") or {}
            read += [author.get("name", ""), embed.get("title", ""), embed.get("description", "")]
            for row in embed.get("fields") or ():
                read += [row["name"], row["value"]]
            read.append(footer.get("text", ""))
        read += [part.get("content", "") for part in walk(self.components) if part["type"] == TEXT_DISPLAY]
        return "\n".join(line for line in read if line)

    @property
    def buttons(self) -> list[str]:
        """The labels of the buttons that can be pressed."""
        return [p.get("label", "") for p in walk(self.components) if p["type"] == BUTTON and not p.get("disabled")]

    @property
    def files(self) -> dict[str, bytes]:
        return {attachment.filename: attachment.content for attachment in self.attachments}

    def payload(self) -> Json:
        """A message object."""
        found: Json = {
            "id": str(self.id),
            "channel_id": str(self.channel_id),
            "type": self.kind,
            "author": self.author.payload,
            "content": self.content,
            "timestamp": iso(self.created_ms),
            "edited_timestamp": None if self.edited_ms is None else iso(self.edited_ms),
            "tts": False,
            "mention_everyone": self.mentions.everyone,
            "mentions": [user.payload for user in self.mentions.users],
            "mention_roles": [str(role) for role in self.mentions.roles],
            "attachments": [attachment.payload for attachment in self.attachments],
            "embeds": self.embeds,
            "components": self.components,
            "pinned": False,
            "flags": self.flags,
        }
        if self.nonce is not None:
            found["nonce"] = self.nonce
        if self.reference is not None:
            found["message_reference"] = self.reference
        if self.interaction is not None:
            found |= {
                "interaction_metadata": self.interaction,
                "webhook_id": str(self.author.id),
                "application_id": str(self.author.id),
            }
        return found


def walk(components: list[Json]) -> Iterator[Json]:
    """Every component, those inside others too."""
    for part in components:
        yield part
        yield from walk(part.get("components") or [])
        for inner in ("accessory", "component"):
            if part.get(inner):
                yield from walk([part[inner]])


def reference_to(message: Message) -> Json:
    """A message reference to a message."""
    found: Json = {"type": DEFAULT, "message_id": str(message.id), "channel_id": str(message.channel_id)}
    if message.guild_id is not None:
        found["guild_id"] = str(message.guild_id)
    return found
