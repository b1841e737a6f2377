"""Whatever is sent: one kind of error, no side that was not said, nothing unfilled, every digit as it was."""

import json
import random
import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.tradingview.given import Unreadable
from handlers.tradingview.reading import Reading
from handlers.tradingview.words import ACTIONS, WORDS, Action
from tests.handlers.tradingview.source import at_the_door, pine, said
from tests.handlers.tradingview.test_reading import READ
from tests.handlers.tradingview.test_refusals import REFUSED
from trading.instruments import Side, plain

BODIES = [body for body, _ in READ] + [body for body, _, _ in REFUSED if len(body) < 1000]
PIECES = ["{", "}", '"', ",", ":", "[", "]", "=", ";", "\n", "\\n", " ", "-", "1e5", "NaN", "null", "true", "0",
          "%", "buy", "sell", "long", "short", "flat", "\ud7ff", "\x00", "\u202e", "{{close}}", "all"]  # fmt: skip
SAYS = {  # what a body must hold for an order or a target of a side, whatever else it holds
    (Side.BUY, False): re.compile("buy|long", re.I),
    (Side.SELL, False): re.compile("sell|short", re.I),
    (Side.BUY, True): re.compile("long|bullish|position|target|buy", re.I),
    (Side.SELL, True): re.compile("short|bearish|-[0-9.]|sell", re.I),
}


def mutated(chance: random.Random) -> bytes:
    """A body with a few pieces cut out, put in, doubled or taken from another."""
    text = chance.choice(BODIES)
    for _ in range(chance.randint(0, 4)):
        at, length = chance.randint(0, len(text)), chance.choice((0, 0, 1, 3, 10))
        other = chance.choice(BODIES)
        start = chance.randint(0, len(other))
        put = chance.choice(("", chance.choice(PIECES), other[start : start + 12], text[at : at + 10]))
        text = text[:at] + put + text[at + length :]
    body = text.encode()
    return body if chance.random() < 0.9 else body.replace(b"B", bytes([chance.randint(0, 255)]))


def check(body: bytes) -> bool:
    """Read a body; whether it was readable."""
    try:
        reading = said(body)
    except Unreadable as why:
        refused = str(why)
    else:
        refused = ""
        check_lines(reading, body.decode())
    assert refused.isprintable()
    return not refused


def check_lines(reading: Reading, text: str) -> None:
    """The desk understands each line, and the body says its side."""
    assert "{{" not in text
    words = text + re.sub("[^A-Za-z]", "", text)  # separators within a word do not count
    for wish in reading.orders:
        assert str(wish).isprintable()
        for name, values in at_the_door(wish):
            if name in ("buy", "sell"):
                assert SAYS[Side(name.upper()), wish.target is not None].search(words)
                assert values["symbol"] == wish.symbol


@settings(max_examples=400)
@given(st.randoms(use_true_random=False))
def test_a_mutated_body_is_read_or_refused(chance: random.Random) -> None:
    check(mutated(chance))


@settings(max_examples=200)
@given(st.binary(max_size=120) | st.text(max_size=120).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_random_bytes_are_refused(body: bytes) -> None:
    check(body)


SIDED = {name: side for name, (action, side) in ACTIONS.items() if side} | {
    name: Side(action.upper()) for name, (action, _) in ACTIONS.items() if action in (Action.BUY, Action.SELL)
}
OTHERS = [name for told in WORDS.values() for name in told.names if name not in ("order", "position", "reverse")]
values: Any = st.sampled_from(
    ["1", "0.5", 2, "", None, True, False, "no", "long", "short", "flat", "limit", "stop", "5%"]
)


@settings(max_examples=400)
@given(
    name=st.sampled_from(WORDS["action"].names),
    word=st.sampled_from(sorted(SIDED)),
    size=st.sampled_from(WORDS["units"].names),
    more=st.dictionaries(st.sampled_from(OTHERS), values, max_size=4),
)
def test_the_side_is_the_one_that_is_said(name: str, word: str, size: str, more: dict[str, Any]) -> None:
    """Whatever stands beside it: the order trades on this side, or there is none."""
    body = {"ticker": "BTCUSDT", size: "1"} | more | {name: word}
    try:
        reading = said(json.dumps(body))
    except Unreadable:
        return
    for wish in reading.orders:
        if wish.action is Action.CANCEL:
            assert more["cancel_orders"] in (True, "1")
        elif wish.action is Action.CLOSE:
            assert wish.side is SIDED[word]
        else:
            assert wish.action == SIDED[word].lower()


def test_most_combinations_are_not_merely_refused() -> None:
    """The property above would hold of a reader that reads nothing."""
    for word in SIDED:
        assert said(json.dumps({"ticker": "BTCUSDT", "qty": "1", "action": word})).orders


plain_numbers = st.decimals(min_value=Decimal("1e-18"), max_value=10**15 - 1, places=18, allow_nan=False)


@given(size=plain_numbers, limit=plain_numbers, as_text=st.booleans(), exponent=st.integers(-6, 6))
def test_numbers_are_exact_to_the_last_digit(size: Decimal, limit: Decimal, as_text: bool, exponent: int) -> None:
    digits = f"{size.scaleb(-exponent):f}e{exponent}" if exponent else plain(size)
    if len(digits.partition("e")[0].partition(".")[2]) > 30:
        return
    number = f'"{digits}"' if as_text else digits
    body = f'{{"symbol":"BTCUSDT","side":"buy","qty":{number},"limit":{plain(limit)}}}'
    (wish,) = said(body).orders
    ((_, values),) = at_the_door(wish)
    assert wish.size
    assert (wish.size.amount, wish.limit) == (size, limit)
    assert (values["size"].amount, values["limit"]) == (size, limit)


@given(st.sampled_from([body for body, _ in READ if body.startswith("{")]), st.integers(0, 30), st.booleans())
def test_an_unfilled_placeholder_anywhere_is_no_order(body: str, at: int, escaped: bool) -> None:
    found = list(re.finditer(r'(?<=:)(?:"[^"]*"|[\d.]+|true|false)', body))
    value = found[at % len(found)]
    opening = "\\u007b\\u007b" if escaped else "{{"
    with pytest.raises(Unreadable) as refused:
        said(f'{body[: value.start()]}"{opening}close}}}}"{body[value.end() :]}')
    assert refused.value.code == "UNFILLED"


def test_a_reading_does_not_depend_on_what_was_read_before() -> None:
    source = pine()
    for body, _ in READ:
        assert said(body, source) == said(body, pine())
