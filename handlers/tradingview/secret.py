"""The secret within the body of an alert: where it stands, and the body without it."""

import json
import re
from collections.abc import Iterable
from typing import Any

from handlers.tradingview.body import decoded
from handlers.tradingview.given import Unreadable
from handlers.tradingview.text import HEAD, commas_of
from handlers.tradingview.tree import Number, json_tree
from handlers.tradingview.words import LINES, PRIVATE, SECRETS, plain_name

MASK = "***"

_LONGEST = 256  # characters of a secret


def _named(names: Iterable[str], end: str = r";,\r\n") -> re.Pattern[str]:
    """`name=value` and `"name": "value"` in text that is no JSON: the name, and the value up to what may end it."""
    words = "|".join("[_ -]?".join(name) for name in sorted(names, key=len, reverse=True))
    return re.compile(
        rf"(?i)((?<![a-z0-9])(?:{words})[\"']?\s{{0,8}}[:=]\s{{0,8}})(\"(?:[^\"\\\r\n]|\\.){{0,300}}\"|[^{end}]+)"
    )


_CANDIDATE, _PRIVATE, _PRIVATE_WORD = _named(SECRETS), _named(PRIVATE), _named(PRIVATE, r"\s")


def candidates(body: bytes) -> tuple[str, ...]:
    """What may be the secret: the texts of `secret`, `passphrase`, `key` and `token`, at the top of JSON or in text.

    Whoever compares them tries each in constant time: in some alerts `token` is a coin. A body that cannot be read as
    orders may still say who sent it. Nothing is raised.
    """
    try:
        text = decoded(body)
    except Unreadable:
        return ()
    tree = _tree(text)
    if isinstance(tree, dict):
        found = [value for name, value in tree.items() if plain_name(name) in SECRETS and isinstance(value, str)]
    elif tree is None:
        found = [piece for match in _CANDIDATE.finditer(text) for piece in _pieces(match[2])]
    else:
        found = []
    return tuple(dict.fromkeys(value for value in found if 0 < len(value) <= _LONGEST and value.isprintable()))


def without_secrets(body: bytes, known: Iterable[str] = ()) -> str:
    """The body as text that may be stored and shown: what is named like a secret is masked, and the `known` ones.

    JSON is written anew, its numbers as they were. Nothing is raised, whatever the body is.
    """
    text = body.decode("utf-8", "backslashreplace").removeprefix("\ufeff").strip()
    tree = _tree(text)
    if tree is not None:
        text = _written(_masked(tree))
    else:
        if commas_of(text):
            text = f"{MASK}{text[text.index(',') :]}"  # the licence
        text = "\n".join(map(_without, text.split("\n")))
    for secret in sorted({each for each in known if each}, key=len, reverse=True):
        for spelling in (secret, json.dumps(secret)[1:-1]):
            text = text.replace(spelling, MASK)
    return text


def _without(line: str) -> str:
    """A line of text without its secrets; in a command line, where words follow, only the word is one."""
    head = HEAD.match(line.strip())
    pattern = _PRIVATE_WORD if head and head[1].lower() in LINES else _PRIVATE
    return pattern.sub(rf"\1{MASK}", line)


def _tree(text: str) -> Any:
    """JSON, or None of what is not."""
    try:
        return json_tree(text) if text[:1] in ("{", "[") else None
    except Unreadable:
        return None


def _pieces(value: str) -> tuple[str, ...]:
    """A value in text, with its quotes off; of an option within a command line only the first word may be it."""
    value = value.strip().strip("\"'”“").strip()
    return (value, value.split(maxsplit=1)[0]) if value else ()


def _masked(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {name: MASK if plain_name(name) in PRIVATE and value else _masked(value) for name, value in tree.items()}
    return [_masked(each) for each in tree] if isinstance(tree, list) else tree


def _written(tree: Any) -> str:
    """JSON again, with its numbers as they were written."""
    if isinstance(tree, Number):
        return str(tree)
    if isinstance(tree, dict):
        return "{" + ", ".join(f"{json.dumps(name)}: {_written(value)}" for name, value in tree.items()) + "}"
    if isinstance(tree, list):
        return "[" + ", ".join(map(_written, tree)) + "]"
    return json.dumps(tree)
