"""The body of a message, checked by "Create Message", "Embed Limits" and "Allowed Mentions Object".

Lengths are counted in characters (code points).
"""

from dataclasses import dataclass, field
from typing import Any

from tests.emulators.discord import components
from tests.emulators.discord.codes import Json, refusal
from tests.emulators.discord.forms import Form, Path
from tests.emulators.discord.message import (
    COMPONENTS_V2,
    EPHEMERAL,
    SUPPRESS_EMBEDS,
    SUPPRESS_NOTIFICATIONS,
    Message,
    walk,
)

CONTENT, NONCE, EMBEDS, EMBED_TOTAL, ATTACHMENTS = 2000, 25, 10, 6000, 10
FILE_BYTES, REQUEST_BYTES = 10 * 1024**2, 25 * 1024**2
SETTABLE = SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS | COMPONENTS_V2 | 1 << 13
EDITABLE = SUPPRESS_EMBEDS | COMPONENTS_V2


@dataclass(frozen=True)
class Upload:
    """A file of a multipart request; `index` is the n of `files[n]`."""

    index: int
    filename: str
    content: bytes
    content_type: str


@dataclass(frozen=True)
class Draft:
    """A message body that is right. `given` are the fields that the request had."""

    given: frozenset[str]
    content: str
    embeds: list[Json]
    components: list[Json]
    flags: int
    allowed_mentions: Json | None
    nonce: str | int | None
    enforce_nonce: bool
    reference: Json | None
    attachments: list[Json] | None
    uploads: list[Upload] = field(default_factory=list)


def read_draft(body: Json, uploads: list[Upload], *, ephemeral: bool = False, at: Path = ()) -> Draft:
    """Check the body of a message; refuses with 50035 or 40005. `ephemeral`: that flag may be set."""
    form = Form()
    flags = body.get("flags") or 0
    form.number((*at, "flags"), flags, 0, 1 << 40)
    flags = flags & (SETTABLE | (EPHEMERAL if ephemeral else 0)) if isinstance(flags, int) else 0
    form.text((*at, "content"), body.get("content"), CONTENT)
    v2 = bool(flags & COMPONENTS_V2)
    if v2 and (body.get("content") or body.get("embeds")):
        message = "The 'content' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
        form.wrong((*at, "content"), "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", message)
    _embeds(form, (*at, "embeds"), body.get("embeds"))
    components.check_message(form, (*at, "components"), body.get("components"), v2=v2)
    _nonce(form, (*at, "nonce"), body.get("nonce"))
    _mentions(form, (*at, "allowed_mentions"), body.get("allowed_mentions"))
    form.listed((*at, "attachments"), body.get("attachments"), ATTACHMENTS)
    form.check()
    if any(len(upload.content) > FILE_BYTES for upload in uploads):
        raise refusal(40005)
    return Draft(
        given=frozenset(body),
        content=(body.get("content") or "").strip(),
        embeds=[{**embed, "type": "rich"} for embed in body.get("embeds") or []],
        components=numbered(body.get("components") or []),
        flags=flags,
        allowed_mentions=body.get("allowed_mentions"),
        nonce=body.get("nonce"),
        enforce_nonce=bool(body.get("enforce_nonce")),
        reference=body.get("message_reference"),
        attachments=body.get("attachments"),
        uploads=uploads,
    )


def numbered(parts: list[Json]) -> list[Json]:
    """Components with the ids that Discord gives to those without."""
    for number, part in enumerate(walk(parts), 1):
        part.setdefault("id", number)
    return parts


def check_not_empty(message: Message) -> None:
    """Refuse a message that shows nothing (50006)."""
    if not (message.content or message.embeds or message.attachments or message.components):
        raise refusal(50006)


def _nonce(form: Form, path: Path, nonce: Any) -> None:
    if nonce is None:
        return
    if isinstance(nonce, bool) or not isinstance(nonce, str | int):
        form.wrong(path, "NONCE_TYPE_CONVERT", "Could not interpret the nonce.")
    elif len(str(nonce)) > NONCE:
        form.wrong(path, "NONCE_TYPE_TOO_LONG", f"Nonce must be {NONCE} or fewer in length.")


def _mentions(form: Form, path: Path, allowed: Any) -> None:
    if allowed is None:
        return
    parse = form.listed((*path, "parse"), allowed.get("parse"), 3)
    for at, kind in enumerate(parse):
        form.choice((*path, "parse", at), kind, ("roles", "users", "everyone"))
    for kind in ("users", "roles"):
        ids = form.listed((*path, kind), allowed.get(kind), 100)
        if ids and kind in parse:
            message = f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.'
            form.wrong(path, "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", message)


def _embeds(form: Form, path: Path, embeds: Any) -> None:
    total = 0
    for at, embed in enumerate(form.listed(path, embeds, EMBEDS)):
        total += _embed(form, (*path, at), embed)
    if total > EMBED_TOTAL:
        form.wrong(path, "MAX_EMBED_SIZE_EXCEEDED", f"Embed size exceeds maximum size of {EMBED_TOTAL}")


def _embed(form: Form, path: Path, embed: Json) -> int:
    counted: list[Any] = []

    def text(at: Path, value: Any, most: int, least: int = 0) -> None:
        trimmed = value.strip() if isinstance(value, str) else value
        form.text((*path, *at), trimmed, most, least)
        counted.append(trimmed)

    text(("title",), embed.get("title"), 256)
    text(("description",), embed.get("description"), 4096)
    if (footer := embed.get("footer")) is not None:
        text(("footer", "text"), footer.get("text"), 2048, 1)
    if (author := embed.get("author")) is not None:
        text(("author", "name"), author.get("name"), 256, 1)
    for number, row in enumerate(form.listed((*path, "fields"), embed.get("fields"), 25)):
        text(("fields", number, "name"), row.get("name"), 256, 1)
        text(("fields", number, "value"), row.get("value"), 1024, 1)
    form.number((*path, "color"), embed.get("color"), 0, 0xFFFFFF)
    if embed.get("url"):
        form.url((*path, "url"), embed["url"], ("http", "https"))
    for picture in ("image", "thumbnail"):
        if (shown := embed.get(picture)) is not None:
            form.url((*path, picture, "url"), shown.get("url"), ("http", "https", "attachment"))
    return sum(len(value) for value in counted if isinstance(value, str))
