"""Buttons as chats take them: labels that fit, and what they send back when pressed."""

from collections.abc import Callable, Iterable
from typing import Literal

import msgspec

from bot.chats.render.text import harmless, shortened
from handlers.reply import Button

Shorten = Callable[[str], str]
"""A short ASCII token for a command line that is too long for a button; the same line is the same token."""

Style = Literal["", "success", "danger"]
STYLES: dict[str, Style] = {
    "confirm": "success", "approve": "success", "resume": "success",
    "reject": "danger", "cancel": "danger", "close": "danger", "kill": "danger",
}  # fmt: skip
"""By a line's command."""


class Key(msgspec.Struct, frozen=True):
    """A button: `data` comes back when it is pressed, the command line itself or the token it was shortened to."""

    label: str
    data: str
    style: Style = ""


class Kind(msgspec.Struct, frozen=True):
    """What a chat's buttons may be: characters of a label, size of the data as `size` counts, buttons of a message."""

    most_label: int
    most_data: int
    most: int
    size: Callable[[str], int]


def keys_of(buttons: Iterable[Button], kind: Kind, shorten: Shorten) -> tuple[list[Key], list[str]]:
    """The buttons that a message can have, and of the others the lines to type; the same line twice is one button."""
    by_line: dict[str, Button] = {}
    for button in buttons:
        by_line.setdefault(button.line, button)
    distinct = list(by_line.values())
    keys = [_key(button, kind, shorten) for button in distinct[: kind.most]]
    return keys, [f"/{button.line.removeprefix('/')}" for button in distinct[kind.most :]]


def _key(button: Button, kind: Kind, shorten: Shorten) -> Key:
    data = button.line if button.line and _fits(button.line, kind) else shorten(button.line)
    assert data.isascii() or data == button.line, "a token is ASCII"
    assert 1 <= kind.size(data) <= kind.most_data, f"the token of a line has at most {kind.most_data} bytes"
    label = " ".join(harmless(button.label).split()) or " ".join(harmless(button.line).split()) or "?"
    words = button.line.removeprefix("/").split(maxsplit=1)
    return Key(shortened(label, kind.most_label), data, STYLES.get(words[0], "") if words else "")


def _fits(line: str, kind: Kind) -> bool:
    try:
        return kind.size(line) <= kind.most_data
    except UnicodeEncodeError:  # a lone surrogate cannot travel
        return False
