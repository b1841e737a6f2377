"""Text and what is special in it: offsets and lengths count UTF-16 code units ("MessageEntity")."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

MAX_ENTITIES = 100
_STYLED_APART = frozenset({"pre", "code", "text_link", "url", "text_mention"})
# Blanks and invisible characters of which a text must not consist.
_NOTHING = re.compile("[\\s\u00ad\u034f\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2800\u3164\ufeff]*")
_FOUND = (
    ("url", re.compile(r"(?<!\w)https?://[^\s<>\"]+[^\s<>\".,;:!?)\]]")),
    ("bot_command", re.compile(r"(?<![\w/<>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/<>@])")),
    ("mention", re.compile(r"(?<!\w)@[A-Za-z0-9_]{2,32}(?!\w)")),
    ("hashtag", re.compile(r"(?<!\w)#(?=\w*[^\W\d_])\w{1,256}(?![\w#])")),
    ("cashtag", re.compile(r"(?<![\w$])\$[A-Z]{1,8}(?![\w$])")),
)


def units(text: str) -> int:
    """How many UTF-16 code units a text has: characters beyond U+FFFF count twice."""
    return len(text) + sum(char > "\uffff" for char in text)


@dataclass(frozen=True)
class Entity:
    """One special part; `value` is a url, a language, an emoji's id, a user's id or a format."""

    type: str
    offset: int
    length: int
    value: str = ""

    @property
    def end(self) -> int:
        return self.offset + self.length

    def row(self, user: Callable[[int], dict[str, Any] | None]) -> dict[str, Any]:
        """Its JSON."""
        row: dict[str, Any] = {"type": self.type, "offset": self.offset, "length": self.length}
        match self.type:
            case "text_link":
                row["url"] = self.value
            case "pre" if self.value:
                row["language"] = self.value
            case "custom_emoji":
                row["custom_emoji_id"] = self.value
            case "date_time":
                row["unix_time"] = int(self.value)
            case "text_mention":
                row["user"] = user(int(self.value))
        return row


@dataclass(frozen=True)
class Styled:
    """A text and its entities, in the order of the API: by offset, the longer first."""

    text: str = ""
    entities: tuple[Entity, ...] = ()

    def part(self, entity: Entity) -> str:
        """The text of an entity."""
        raw = self.text.encode("utf-16-le")
        return raw[2 * entity.offset : 2 * entity.end].decode("utf-16-le")

    def parts(self, kind: str) -> list[str]:
        """The texts of all entities of a type, `bold` ..."""
        return [self.part(entity) for entity in self.entities if entity.type == kind]

    def rows(self, user: Callable[[int], dict[str, Any] | None]) -> list[dict[str, Any]]:
        """The entities' JSON."""
        return [entity.row(user) for entity in self.entities]


def clean(styled: Styled) -> Styled:
    """What the server makes of a bot's text: control and direction characters go, then blanks at the ends."""
    kept = [_cleaned(char) for char in styled.text]
    text = "".join(kept)
    if text != styled.text:
        old = [0, *accumulate(units(char) for char in styled.text)]
        new = [0, *accumulate(units(char) for char in kept)]
        moved = dict(zip(old, new, strict=True))
        entities = [
            replace(entity, offset=moved[entity.offset], length=moved[entity.end] - moved[entity.offset])
            for entity in styled.entities
        ]
    else:
        entities = list(styled.entities)
    end = units(text.rstrip(" \n"))
    first = min((entity.offset for entity in entities), default=len(text))
    start = min(len(text) - len(text.lstrip(" \n")), first)
    text = text.rstrip(" \n")[start:]
    cut = [
        replace(entity, offset=entity.offset - start, length=min(entity.end, end) - entity.offset)
        for entity in entities
        if entity.offset < end and entity.length
    ]
    trimmed = Styled(text, tuple(cut))
    shown = [entity for entity in cut if trimmed.part(entity).strip()]
    return Styled(text, tuple(sorted(shown, key=lambda entity: (entity.offset, -entity.length))[:MAX_ENTITIES]))


def _cleaned(char: str) -> str:
    if char == "\r" or "\u2028" <= char <= "\u202e" or char in "\u0333\u033f\u030a":
        return ""
    return " " if char < " " and char != "\n" else char


def empty(text: str) -> bool:
    """Is there nothing to be seen?"""
    return _NOTHING.fullmatch(text) is not None


def discover(styled: Styled) -> Styled:
    """Add what the server finds by itself: links, commands, mentions, hash- and cashtags, none inside code."""
    text, found = styled.text, list(styled.entities)
    if not any(mark in text for mark in "/@#$"):
        return styled
    for kind, pattern in _FOUND:
        for match in pattern.finditer(text):
            offset = units(text[: match.start()])
            entity = Entity(kind, offset, units(match.group()))
            apart = (other for other in found if other.type in _STYLED_APART or other.type in dict(_FOUND))
            if all(entity.end <= other.offset or other.end <= entity.offset for other in apart):
                found.append(entity)
    return Styled(text, tuple(sorted(found, key=lambda entity: (entity.offset, -entity.length))))


def given(rows: list[Mapping[str, Any]]) -> tuple[Entity, ...]:
    """The entities of a request that sends them itself; those that the server finds anyway are left out."""
    entities = []
    for row in rows:
        user = row.get("user")
        value = user["id"] if user else next((row[key] for key in _VALUES if key in row), "")
        if row["type"] not in dict(_FOUND):
            entities.append(Entity(str(row["type"]), int(row["offset"]), int(row["length"]), str(value)))
    return tuple(entities)


_VALUES = ("url", "language", "custom_emoji_id", "unix_time")
