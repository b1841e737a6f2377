"""An alert as JSON: read strictly, then flattened into the fields of each order."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from handlers.tradingview.given import PLACEHOLDER, Given, Unreadable, unfilled, visible
from handlers.tradingview.words import CONTAINERS, LISTS, plain_name, word_of

DEEPEST = 8  # containers within containers
MOST_ORDERS = 10  # in one alert

_DEEP = f"It is more than {DEEPEST} levels deep.", "Send a flat object."


class Number(str):
    """A number of JSON, as it was written."""

    __slots__ = ()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise Unreadable(f"{_shown(twice)} stands there twice.", "Give it once.", code="BAD_JSON")
    return found


def _constant(name: str) -> Any:
    raise Unreadable(f"{name} is no number.", "Leave out what has no value.", code="BAD_JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=Number, parse_int=Number, parse_constant=_constant, strict=True
)


def json_tree(text: str) -> Any:
    """JSON strictly: no doubled names, no NaN, no comments, at most 8 containers deep; numbers are `Number`.

    Raises:
        Unreadable: anything else, with its place.
    """
    try:
        tree = _DECODER.decode(text)
    except json.JSONDecodeError as why:
        place = f"line {why.lineno}, column {why.colno}"
        raise Unreadable("This is not JSON.", _hint(text, why), code="BAD_JSON", place=place) from None
    except RecursionError:
        raise Unreadable(*_DEEP, code="BAD_JSON") from None
    level = [tree]
    for _ in range(DEEPEST):
        level = [inner for each in level for inner in _inner(each) if isinstance(inner, (dict, list))]
    if level:
        raise Unreadable(*_DEEP, code="BAD_JSON")
    return tree


def _inner(tree: Any) -> Sequence[Any]:
    return list(tree.values()) if isinstance(tree, dict) else tree if isinstance(tree, list) else ()


def _hint(text: str, why: json.JSONDecodeError) -> str:
    rest = text[why.pos :].lstrip()
    if rest.startswith(("//", "/*", "#")):
        return "JSON has no comments: take them out."
    if rest[:1] in "“”‘’'":
        return 'Write straight double quotes: "symbol".'
    if rest.startswith("..."):
        return "Take the dots out."
    return f"{why.msg}. A quote within a filled-in text does this too."


def records(tree: Any) -> Iterator[tuple[Given, ...]]:
    """The fields of each order; what stands beside a list of orders holds for each of them."""
    if isinstance(tree, list):
        orders, name = tree, ""
        common: tuple[Given, ...] = ()
    else:
        name = next((n for n, v in tree.items() if plain_name(n) in LISTS and isinstance(v, list)), "")
        if not name:
            yield tuple(_fields(tree, "", ""))
            return
        orders, common = tree[name], tuple(_fields({n: v for n, v in tree.items() if n != name}, "", ""))
    if len(orders) > MOST_ORDERS:
        raise Unreadable(f"It has {len(orders)} orders.", f"Send at most {MOST_ORDERS}.", code="TOO_MANY")
    for number, order in enumerate(orders):
        place = f"{_shown(name) if name else ''}[{number}]"
        if not isinstance(order, dict):
            raise Unreadable("An order is an object.", 'Write {"action": "buy", ...}.', code="BAD_JSON", place=place)
        own = tuple(_fields(order, "", f"{place}."))
        said = {word_of(given.name) or plain_name(given.name) for given in own}
        yield (*own, *(each for each in common if (word_of(each.name) or plain_name(each.name)) not in said))


def _fields(tree: dict[str, Any], path: str, place: str) -> Iterator[Given]:
    for name, value in tree.items():
        where = f"{place}{_shown(name)}"
        if isinstance(value, dict) and plain_name(name) in CONTAINERS:
            yield from _fields(value, f"{path}{name}.", f"{where}.")
        else:
            for text in _texts(value):
                if found := PLACEHOLDER.search(text):
                    raise unfilled(found[0], where)
            whole = isinstance(value, (dict, list))
            yield Given(f"{path}{name}", None if whole else value, where, whole)


def _texts(tree: Any) -> Iterator[str]:
    if isinstance(tree, str):
        yield tree
    for inner in _inner(tree):
        yield from _texts(inner)


def _shown(name: str) -> str:
    """A name as errors show it: short, and nothing that cannot be seen."""
    return visible(name[:32]) or "(no name)"
