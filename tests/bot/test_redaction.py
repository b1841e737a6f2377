"""No secret survives: known ones in any spelling, and what looks like one by its name or its place."""

import html
import json
import re
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.redaction import MASK, Redactor

# A secret of nothing but stars could not be told from the mask.
SECRETS = st.text(min_size=4, max_size=40).filter(lambda s: s.strip("*") != "")


def spellings(secret: str) -> list[str]:
    """As programs write it when they tell."""
    return [
        secret,
        quote(secret, safe="", errors="surrogatepass"),
        quote(secret, errors="surrogatepass"),
        re.sub("%..", lambda code: code[0].lower(), quote(secret, errors="surrogatepass")),
        quote_plus(secret, errors="surrogatepass"),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        repr({"x": [secret]}),
        json.dumps({"x": repr(secret)}),
        json.dumps(json.dumps(json.dumps(secret))),
        ascii(secret)[1:-1],
        html.escape(secret),
    ]


@given(SECRETS, st.text(max_size=10), st.text(max_size=10))
@example("pä\"ss'w\\o rd", "", "")
@example("a+b/c=d&e", "x", "y")
@example("😀😀😀😀", "", "")
def test_a_known_secret_survives_in_no_spelling(secret: str, before: str, after: str) -> None:
    redactor = Redactor([secret])

    for spelling in spellings(secret):
        told = redactor.text(f"{before}{spelling}{after}")
        assert MASK in told
        assert spelling not in told.replace(MASK, "")


@given(
    SECRETS,
    st.recursive(
        st.just("HERE"),
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=3),
            st.tuples(inner),
            st.dictionaries(st.sampled_from(["event", "url", "HERE", "error"]), inner, min_size=1, max_size=3),
        ),
        max_leaves=8,
    ),
)
def test_no_field_of_an_event_keeps_a_secret(secret: str, shape: object) -> None:
    def planted(part: object) -> object:
        match part:
            case str():
                return part.replace("HERE", secret)
            case dict():
                return {str(planted(k)): planted(v) for k, v in part.items()}
            case list():
                return [planted(x) for x in part]
            case tuple():
                return tuple(planted(x) for x in part)
        return part

    told = Redactor([secret])(
        None, "info", {"event": "x", "field": planted(shape), "bytes": secret.encode(errors="replace")}
    )

    assert secret not in "".join(leaves(told)).replace(MASK, "")


def leaves(part: object) -> list[str]:
    match part:
        case dict():
            return [leaf for k, v in part.items() for leaf in [str(k), *leaves(v)]]
        case list():
            return [leaf for x in part for leaf in leaves(x)]
    return [str(part), "|"]


def test_objects_and_numbers_are_looked_into() -> None:
    class Request:
        def __str__(self) -> str:
            return "GET https://u:12345678@h/"

    told = Redactor(["12345678"])(
        None, "info", {"event": Request(), "login": 12345678, "n": 7, "ok": True, "error": ValueError("12345678")}
    )

    assert told == {"event": "GET https://u:***@h/", "login": "***", "n": 7, "ok": True, "error": "***"}


def test_what_holds_itself_has_an_end() -> None:
    loop: list[object] = []
    loop.append(loop)

    assert "..." in str(Redactor().value(loop))


@pytest.mark.parametrize("name", ["token", "api_key", "apiKey", "API-SECRET", "password", "passwd", "passphrase",
                                  "Authorization", "cookie", "X-MBX-APIKEY", "webhook_secret", "listenKey",
                                  "signature", "link", "private_key"])  # fmt: skip
def test_a_field_named_like_a_secret_is_one(name: str) -> None:
    redactor = Redactor()

    assert redactor(None, "info", {name: "x1"}) == {name: MASK}
    assert redactor(None, "info", {"headers": {name: ["x1"]}}) == {"headers": {name: MASK}}
    assert redactor(None, "info", {name: ""}) == {name: ""}  # that it is not set may be told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("POST https://api.telegram.org/bot123:AAE-x_y/getMe 200", "POST https://api.telegram.org/bot***/getMe 200"),
        ("/bot123%3AAAE-x_y/getMe", "/bot***/getMe"),
        ("chat 123456789:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bc said", "chat *** said"),
        ("Authorization: Bearer abc.def, gh", "Authorization: ***"),
        ("{'authorization': 'Bot abc def', 'a': 1}", "{'authorization': '***', 'a': 1}"),
        ("sent Bearer abcdefgh12 to", "sent Bearer *** to"),
        ("Cookie: a=1; b=2\nnext", "Cookie: ***\nnext"),
        ("http://127.0.0.1:8420/?link=abc&x=1", "http://127.0.0.1:8420/?link=***&x=1"),
        ("GET /?a=1&token=abc HTTP/1.1", "GET /?a=1&token=*** HTTP/1.1"),
        ("?apiKey=abc&signature=def&x=1", "?apiKey=***&signature=***&x=1"),
        ('{"password": "a \\" b, c", "x": 1}', '{"password": ***, "x": 1}'),
        ("POST /webhooks/pine/swordfish?x=1", "POST /webhooks/pine/***?x=1"),
        ("postgres://ana:p@ss@h/n", "postgres://ana:***@h/n"),
        ("X-MBX-APIKEY: abc", "X-MBX-APIKEY: ***"),
        ("BUY 0.01 BTC/USDT at 59000, key tg:123", "BUY 0.01 BTC/USDT at 59000, key tg:123"),
        ("/webhooks/pine refused 52.89.214.238", "/webhooks/pine refused 52.89.214.238"),
        ("http://127.0.0.1:8420/api/v1/orders?status=open", "http://127.0.0.1:8420/api/v1/orders?status=open"),
    ],
)
def test_what_looks_like_a_secret_is_hidden_and_the_rest_is_told(text: str, told: str) -> None:
    assert Redactor().text(text) == told


def test_secrets_can_become_known_later() -> None:
    redactor = Redactor(["first!", ""])
    redactor.add("second", "first!-and-longer")

    assert redactor.text("first! second first!-and-longer third") == "*** *** *** third"
