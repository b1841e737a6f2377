"""Takes secrets out of whatever is about to be written or told: known values in any spelling, and what looks like one.

Known values are found raw, percent-encoded, and escaped as JSON, Python or HTML write them. What looks like a
secret is found by its name or its place: headers, query values, bot addresses, webhook addresses.
"""

import html
import json
import re
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any

MASK = "***"
_DEEPEST = 8  # containers within containers that are looked into; deeper ones are not written

_STRUCTLOG = ("_record", "_from_structlog")  # its own keys within an event

_WORD = (
    r"(?:secret|token|passw(?:or)?d|passphrase|api[_-]?key|apikey|signature|listen[_-]?key|credential|private[_-]?key)"
)
_NAMED = re.compile(rf"(?i){_WORD}|authorization|cookie|^auth$|^link$")
"""Names of fields whose value is a secret, whatever it looks like."""

_LOOKS: tuple[tuple[re.Pattern[str], str], ...] = (
    # Headers first: what follows them may hold spaces. Up to the closing quote or the end of the line.
    (re.compile(r"(?i)\b((?:proxy-)?authorization|(?:set-)?cookie)(\W{1,6})[^\s\"'][^\"'\r\n]*"), rf"\1\2{MASK}"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{6,}"), rf"\1 {MASK}"),
    (re.compile(r"(?i)(/bot)\d+(?::|%3a)[\w%-]+"), rf"\1{MASK}"),  # api.telegram.org/bot<token>/method
    (re.compile(r"\b\d{6,}:[\w-]{30,}"), MASK),  # a Telegram token by itself
    (re.compile(r"(/webhooks/[^/\s?#\"']+/)[^/\s?#\"']+"), rf"\1{MASK}"),  # /webhooks/<source>/<secret>
    (re.compile(r"(://[^/\s:@]{0,200}:)\S{1,400}@"), rf"\1{MASK}@"),  # scheme://user:password@host
    (re.compile(r"(?i)([?&#;](?:link|key|code|auth)=)[^&\s\"'#]+"), rf"\1{MASK}"),
    (
        # But for `token:4`, which says who held a token, not which.
        re.compile(rf"(?i)((?!token:\d{{1,5}}(?![\w:-])){_WORD}[\w-]{{0,20}}[\"']?\s{{0,3}}(?:=|:|%3d)\s{{0,3}}b?)"
                   r"(?:\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[^\s\"'&,;}\])]+)"),
        rf"\1{MASK}",
    ),
)  # fmt: skip


class Redactor:
    """Replaces secrets with ***; new ones can be added while it is in use.

    It is a structlog processor too: the whole event is gone through, names and values.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: set[str] = set()
        self._known: re.Pattern[str] | None = None
        self.add(*secrets)

    def add(self, *secrets: str) -> None:
        """From now on these are secrets too; empty ones are ignored."""
        self._secrets |= {secret for secret in secrets if secret}
        longest_first = sorted(self._secrets, key=len, reverse=True)
        spellings = "|".join(_pattern(secret) for secret in longest_first)
        self._known = re.compile(spellings, re.IGNORECASE) if spellings else None

    def text(self, text: str) -> str:
        """The text without secrets."""
        if self._known is not None:
            text = self._known.sub(MASK, text)
        for look, mask in _LOOKS:
            text = look.sub(mask, text)
        return text

    def value(self, value: object, depth: int = 0) -> Any:
        """The value without secrets: containers gone through, what is neither text nor a number made text."""
        match value:
            case None | bool():
                return value
            case str():
                return self.text(value)
            case int() | float():
                return value if (written := str(value)) == (clean := self.text(written)) else clean
            case bytes() | bytearray():
                return self.text(bytes(value).decode("utf-8", "backslashreplace"))
            case Mapping() if depth < _DEEPEST:
                return {self.text(str(k)): self._named(str(k), v, depth) for k, v in value.items()}
            case list() | tuple() | set() | frozenset() if depth < _DEEPEST:
                return [self.value(inner, depth + 1) for inner in value]
            case Mapping() | list() | tuple() | set() | frozenset():
                return "..."
        return self.text(str(value))

    def __call__(self, logger: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """The event without secrets, but for what structlog itself put there."""
        clean = {self.text(key): self._named(key, value, 0) for key, value in event.items() if key not in _STRUCTLOG}
        return clean | {key: event[key] for key in _STRUCTLOG if key in event}

    def _named(self, name: str, value: object, depth: int) -> Any:
        return MASK if value and _NAMED.search(name) else self.value(value, depth + 1)


def _pattern(secret: str) -> str:
    """The secret in every spelling."""
    return "".join(_spellings(part) for part in re.findall(r"\\+|[^\\]", secret))


def _spellings(part: str) -> str:
    """A pattern of one letter or one run of backslashes; letters and digits are left alone by every encoder.

    What is written within something that is written again gets more backslashes each time. They are
    matched possessively: text full of backslashes must not cost more than other text.
    """
    if part.isascii() and part.isalnum():
        return part
    if part.startswith("\\"):
        count = len(part)
        return rf"(?:\\{{{count},{8 * count}}}+|(?:%5c|\\{{1,8}}+x5c){{{count}}})"
    encoded = part.encode("utf-8", "surrogatepass")
    ways = {
        part,
        html.escape(part),
        *(way.strip("'\"").removeprefix("\\") for way in (json.dumps(part), repr(part), ascii(part)) if "\\" in way),
        "".join(f"%{byte:02x}" for byte in encoded),
        *(["+"] if part == " " else []),
    }
    escaped = "|".join(re.escape(way) for way in sorted(ways, key=len, reverse=True) if way)
    escaped = escaped.replace(r"\\", r"\\{1,8}+")  # within a surrogate pair
    in_bytes = r"\\{1,8}+".join(f"x{byte:02x}" for byte in encoded)
    return rf"\\{{0,8}}+(?:{escaped}|{in_bytes})"
