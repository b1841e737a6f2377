"""Telegram's HTML read as the Bot API documents it (Formatting options, HTML style).

Written from the documentation, not from the code under test: the supported tags, the four named
entities and the numeric ones, and that every other `<`, `>` and `&` must be replaced.
"""

import re
from typing import NamedTuple

TAGS = {"b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "tg-spoiler", "a", "code", "pre", "blockquote"}
NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_PART = re.compile(r"</?([a-z-]+)>|&(?:#([0-9]+)|#x([0-9a-fA-F]+)|([a-z]+));|[<>&]|[^<>&]+")


class Parsed(NamedTuple):
    """The text that people see, and each entity as its tag and the text it covers."""

    text: str
    entities: list[tuple[str, str]]

    @property
    def length(self) -> int:
        """UTF-16 units, which the limits count."""
        return len(self.text.encode("utf-16-le")) // 2


def parse(html: str) -> Parsed:
    """Read a text with `parse_mode` HTML.

    Raises:
        ValueError: Telegram would answer "can't parse entities", or could not be sent this text at all.
    """
    html.encode()  # a lone surrogate is a UnicodeEncodeError, which is a ValueError
    text, entities, stack = "", list[tuple[str, str]](), list[tuple[str, int]]()
    for part in _PART.finditer(html):
        whole, tag, decimal, hexadecimal, name = part[0], *part.groups()
        if tag is not None and tag not in TAGS:
            raise ValueError(f"unsupported tag {whole}")
        if tag is not None and whole.startswith("</"):
            opened, start = stack.pop() if stack else ("", 0)
            if opened != tag:
                raise ValueError(f"unexpected end tag {whole}")
            entities.append((tag, text[start:]))
        elif tag is not None:
            stack.append((tag, len(text)))
        elif decimal or hexadecimal:
            text += chr(int(decimal) if decimal else int(hexadecimal, 16))
        elif name is not None:
            if name not in NAMED:
                raise ValueError(f"unknown entity {whole}")
            text += NAMED[name]
        elif whole in "<>&":
            raise ValueError(f"unescaped {whole}")
        else:
            text += whole
    if stack:
        raise ValueError(f"no end tag for {stack[-1][0]}")
    return Parsed(text, entities)
