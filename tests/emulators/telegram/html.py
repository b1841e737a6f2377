"""HTML as the server reads it: "HTML style" of the documentation, and the errors of the public source.

Offsets in errors count bytes of UTF-8.
"""

import re
from dataclasses import dataclass, field

from tests.emulators.telegram.entities import Entity, Styled, units
from tests.emulators.telegram.refusals import Refusal, bad

KINDS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "span": "spoiler",
    "tg-spoiler": "spoiler",
    "tg-emoji": "custom_emoji",
    "tg-time": "date_time",
    "a": "text_link",
    "pre": "pre",
    "code": "code",
    "blockquote": "blockquote",
}
"""The tags there are, and what they make."""
_SPACES = " \t\r\n\v\0"
_PLAIN = re.compile("[^<&\0]+")
_REFERENCE = re.compile(r"&(?:#x([0-9a-fA-F]*)|#([0-9]*)|([A-Za-z]+));?")
_NAMES = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_LINK = re.compile(r"(?:(https?|tg|ton|tonsite)://)?([^\s/?#]+)([/?#]\S*)?", re.IGNORECASE)


@dataclass
class _Open:
    """A tag that waits for its end."""

    name: str
    offset: int
    written: int
    attributes: dict[str, str] = field(default_factory=dict)


def parse_html(source: str) -> Styled:
    """Text and entities of HTML. Refuses 400 "can't parse entities: ..."."""
    return _Parser(source).run()


class _Parser:
    def __init__(self, source: str) -> None:
        self.source = source.replace("\0", " ") + "\0"
        self.at = 0
        self.written: list[str] = []
        self.offset = 0
        self.open: list[_Open] = []
        self.entities: list[Entity] = []

    def run(self) -> Styled:
        while (char := self.source[self.at]) != "\0":
            if char == "<" and self.source[self.at + 1] == "/":
                self._end()
            elif char == "<":
                self._start()
            elif char == "&":
                self._write(self._reference())
            else:
                plain = _PLAIN.match(self.source, self.at)
                assert plain is not None
                self.at = plain.end()
                self._write(plain.group())
        if self.open:
            raise self._error(f'Can\'t find end tag corresponding to start tag "{self.open[-1].name}"')
        entities = sorted(self.entities, key=lambda entity: (entity.offset, -entity.length))
        return Styled("".join(self.written), tuple(entities))

    def _write(self, text: str) -> None:
        self.written.append(text)
        self.offset += units(text)

    def _error(self, text: str) -> Refusal:
        return bad(f"Can't parse entities: {text}")

    def _bytes(self, at: int) -> str:
        return f"at byte offset {len(self.source[:at].encode())}"

    def _reference(self) -> str:
        """The character of `&lt;` or `&#128512;`; what is no reference stands for itself."""
        found = _REFERENCE.match(self.source, self.at)
        char = ""
        if found is not None and found.group(3):
            char = _NAMES.get(found.group(3), "")
        elif found is not None and len(found.group().rstrip(";")) < 10:
            code = int(found.group(1) or "0", 16) if found.group(1) is not None else int(found.group(2) or "0")
            if 0xD800 <= code <= 0xDFFF:
                raise self._error(
                    "Text contains invalid Unicode characters after decoding HTML entities, check for unmatched "
                    "surrogate code units"
                )
            char = chr(code) if 0 < code < 0x10FFFF else ""
        if found is None or not char:
            self.at += 1
            return "&"
        self.at = found.end()
        return char

    # Tags

    def _start(self) -> None:
        begin = self.at
        self.at += 1
        name = self._until(_SPACES + ">").lower()
        if self.source[self.at] == "\0":
            raise self._error(f"Unclosed start tag {self._bytes(begin)}")
        if name not in KINDS:
            raise self._error(f'Unsupported start tag "{name}" {self._bytes(begin)}')
        tag = _Open(name, self.offset, len(self.written))
        while self.source[self.at] != ">":
            self._skip_spaces()
            if self.source[self.at] == ">":
                break
            self._attribute(tag, begin)
        if name == "span" and tag.attributes.get("class") != "tg-spoiler":
            raise self._error(f'Tag "span" must have class "tg-spoiler" {self._bytes(begin)}')
        self.at += 1
        self.open.append(tag)

    def _attribute(self, tag: _Open, begin: int) -> None:
        name = self._until(_SPACES + "=>/\"'")
        if not name:
            raise self._error(f'Empty attribute name in the tag "{tag.name}" {self._bytes(begin)}')
        self._skip_spaces()
        if self.source[self.at] != "=":
            if self.source[self.at] == "\0":
                raise self._error(f'Unclosed start tag "{tag.name}" {self._bytes(begin)}')
            tag.attributes[name] = ""
            return
        self.at += 1
        self._skip_spaces()
        if self.source[self.at] == "\0":
            raise self._error(f'Unclosed start tag "{tag.name}" {self._bytes(begin)}')
        tag.attributes[name] = self._quoted() if self.source[self.at] in "\"'" else self._token()
        if self.source[self.at] == "\0":
            raise self._error(f"Unclosed start tag {self._bytes(begin)}")

    def _token(self) -> str:
        begin = self.at
        while self.source[self.at].isascii() and (self.source[self.at].isalnum() or self.source[self.at] in ".-"):
            self.at += 1
        if self.source[self.at] not in _SPACES + ">":
            raise self._error(f"Unexpected end of name token {self._bytes(begin)}")
        return self.source[begin : self.at].lower()

    def _quoted(self) -> str:
        mark, value = self.source[self.at], ""
        self.at += 1
        while (char := self.source[self.at]) not in (mark, "\0"):
            if char == "&":
                value += self._reference()
            else:
                value += char
                self.at += 1
        if self.source[self.at] == mark:
            self.at += 1
        return value

    def _end(self) -> None:
        begin = self.at
        if not self.open:
            raise self._error(f"Unexpected end tag {self._bytes(begin)}")
        self.at += 2
        name = self._until(_SPACES + ">").lower()
        self._skip_spaces()
        if self.source[self.at] != ">":
            raise self._error(f"Unclosed end tag {self._bytes(begin)}")
        tag = self.open.pop()
        if name and name != tag.name:
            raise self._error(f'Unmatched end tag {self._bytes(begin)}, expected "</{tag.name}>", found "</{name}>"')
        self.at += 1
        if self.offset > tag.offset:
            self._close(tag)

    def _close(self, tag: _Open) -> None:
        kind, value = KINDS[tag.name], ""
        last = self.entities[-1] if self.entities else None
        whole = last is not None and (last.offset, last.end) == (tag.offset, self.offset)
        language = tag.attributes.get("class", "").removeprefix("language-") if tag.name == "code" else ""
        match tag.name:
            case "a":
                kind, value = _link(tag.attributes.get("href") or "".join(self.written[tag.written :]))
                if not kind:
                    return
            case "tg-emoji":
                value = tag.attributes.get("emoji-id", "")
                if not value.isdigit() or int(value) == 0:
                    raise self._error("Invalid custom emoji identifier specified")
            case "tg-time":
                value = tag.attributes.get("unix", "")
                if not value.isdigit() or int(value) == 0:
                    return
            case "blockquote" if "expandable" in tag.attributes:
                kind = "expandable_blockquote"
            case "pre" if whole and last is not None and last.type == "code" and last.value:
                self.entities.pop()  # a language inside: the two are one
                value = last.value
            case "code" if whole and last is not None and last.type == "pre" and language:
                self.entities.pop()
                kind, value = "pre", language
            case "code":
                value = language
        self.entities.append(Entity(kind, tag.offset, self.offset - tag.offset, value))

    # Reading

    def _until(self, stops: str) -> str:
        begin = self.at
        while self.source[self.at] not in stops and self.source[self.at] != "\0":
            self.at += 1
        return self.source[begin : self.at]

    def _skip_spaces(self) -> None:
        while self.source[self.at] in _SPACES and self.source[self.at] != "\0":
            self.at += 1


def _link(url: str) -> tuple[str, str]:
    """What a link makes: a mention of a user, a link, or nothing (`""`) if the address is none."""
    user = re.fullmatch(r"tg:(?://)?user\?id=(\d+)", url)
    if user is not None:
        return "text_mention", user.group(1)
    found = _LINK.fullmatch(url.strip())
    scheme = (found.group(1) or "http").lower() if found is not None else ""
    if found is None or (scheme in ("http", "https") and "." not in found.group(2)):
        return "", ""
    return "text_link", f"{scheme}://{found.group(2)}{found.group(3) or '/'}"
