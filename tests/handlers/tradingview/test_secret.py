"""Where the secret stands in a body, and that it is nowhere in what is stored or shown."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from handlers.tradingview.secret import candidates, without_secrets

SECRET = "s3cr3t-Wörd/=+"


@pytest.mark.parametrize("name", ["secret", "passphrase", "key", "token", "Passphrase", "TOKEN"])
def test_it_stands_at_the_top_of_json(name: str) -> None:
    body = json.dumps({"ticker": "BTCUSDT", name: SECRET, "strategy": {"secret": "inner"}}).encode()
    assert candidates(body) == (SECRET,)


@pytest.mark.parametrize(
    "body",
    [
        f"SYMBOL=BTCUSDT\nTOKEN={SECRET}\nSIGNAL=BUY",
        f"SYMBOL=BTCUSDT;secret = {SECRET};SIGNAL=BUY",
        f"buy BTCUSDT 1 secret={SECRET}",
        f"buy BTCUSDT 1 secret={SECRET} sl=5",
        f"60123456789,sell,EURUSD,vol_lots=1, secret={SECRET}",
        f'{{"secret": "{SECRET}", "ticker": {{{{ticker}}}}}}',  # whoever sent it wants to know what is wrong with it
        f'{{"secret": "{SECRET}", // mine\n"side": "buy"}}',
    ],
)
def test_it_stands_in_text_and_in_what_cannot_be_read(body: str) -> None:
    assert SECRET in candidates(body.encode())


def test_every_candidate_is_told_because_a_token_may_be_a_coin() -> None:
    assert candidates(b'{"token":"BTC","passphrase":"p"}') == ("BTC", "p")


@pytest.mark.parametrize(
    "body",
    [b"\xff", b"", b"[1]", b'[{"secret":"x"}]', b'{"secret":true,"key":["x"],"token":null}', b'{"secret":""}',
     b'{"secret":"\\ud800"}', b'{"secret":"' + b"x" * 300 + b'"}', b"x" * 70_000, b"[" * 60_000,
     b'{"strategy":{"secret":"x"}}', b'{"mysecret":"x"}', b"monkey=5"],
)  # fmt: skip
def test_there_may_be_none(body: bytes) -> None:
    assert candidates(body) == ()


def test_json_is_kept_but_for_what_is_private() -> None:
    body = b'{"size": 0.10, "s\\u0065cret":"abc", "apiKey":"k","n":1e-7,"in":[{"pwd":"p"}],"ok":true,"x":null}'
    assert without_secrets(body) == (
        '{"size": 0.10, "secret": "***", "apiKey": "***", "n": 1e-7, "in": [{"pwd": "***"}], "ok": true, "x": null}'
    )


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("TOKEN=my word\nSIGNAL=BUY", "TOKEN=***\nSIGNAL=BUY"),
        ("Pass\nshort BTCUSD q=0.1", "***\nshort BTCUSD q=0.1"),  # by the secret itself
        ('[{"secret":"x","n":1.50}, 2]', '[{"secret": "***", "n": 1.50}, 2]'),
        ("60123456789,sell,EURUSD,vol_lots=1", "***,sell,EURUSD,vol_lots=1"),
        ('{"passphrase": "a, b", "x": {{close}}}', '{"passphrase": ***, "x": {{close}}}'),
        ('{"api_key" : "a\\"b", x}', '{"api_key" : ***, x}'),
    ],
)
def test_text_is_kept_but_for_what_is_private(body: str, shown: str) -> None:
    assert without_secrets(body.encode(), ["Pass", ""]) == shown


leaves = st.none() | st.booleans() | st.text(max_size=8) | st.integers()
trees: Any = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
)


@given(tree=trees, name=st.sampled_from(["secret", "Pass_Phrase", "apiKey", "TOKEN"]), cut=st.integers(0, 9))
def test_no_secret_is_left_wherever_it_stands(tree: Any, name: str, cut: int) -> None:
    body = json.dumps({"a": [{"deep": tree, name: SECRET}], name: SECRET}).encode()
    for sent in (body, body[: len(body) - cut], body + b"}"):
        shown = without_secrets(sent)
        assert SECRET not in shown
        assert json.dumps(SECRET)[1:-1] not in shown


@given(st.binary(max_size=200))
@example(b'{x, "secret":" "y"')  # a value that is nothing but a space
def test_nothing_is_raised(body: bytes) -> None:
    candidates(body)
    without_secrets(body, ["x"])
