"""What proves a sender, and what does not: by itself, over anything that may be sent."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.web.credentials import Proof, prove, shows
from bot.webhooks.sources import SKEW_S

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
SECRET = "swordfish-0123456789"


def seal(signed: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def proof(body: bytes = b"", path: str | None = None, secret: str = SECRET, **headers: str) -> Proof | None:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return prove(secret, path, named, body, NOW, 60)


def test_the_secret_is_in_the_address_or_the_body() -> None:
    assert proof(path=SECRET) == Proof()
    assert proof(b'{"key": "%s"}' % SECRET.encode()) == Proof()
    assert proof(f"token={SECRET};SYMBOL=BTCUSDT".encode()) == Proof()
    for path in ("", SECRET[:-1], SECRET + "x", SECRET.upper(), "swordfish-012345678é", "\udcff"):
        assert proof(path=path) is None
    # A wrong address is not mended by a body.
    assert proof(b'{"secret": "%s"}' % SECRET.encode(), path="wrong") is None


def test_a_source_without_a_secret_believes_nobody() -> None:
    assert proof(path="", secret="") is None
    assert proof(b'{"secret": ""}', secret="") is None
    assert proof(b"x", secret="", x_tradingview_signature=seal(b"x", "")) is None


def test_a_plain_signature_is_good_for_its_body_and_for_ever() -> None:
    assert proof(b"x", x_tradingview_signature=seal(b"x")) == Proof(None, replayable=True)
    assert proof(b"x", x_tradingview_signature=f" SHA256={seal(b'x').upper()}") == Proof(None, replayable=True)
    assert proof(b"y", x_tradingview_signature=seal(b"x")) is None
    assert proof(b"x", x_tradingview_signature=seal(b"x", "other")) is None
    assert proof(b"x", path=SECRET, x_tradingview_signature="") is None


@pytest.mark.parametrize(("age", "good"), [(0, True), (60, True), (61, False), (-SKEW_S, True), (-SKEW_S - 1, False)])
def test_a_stamped_signature_is_good_within_its_window(age: int, good: bool) -> None:
    at = NOW - timedelta(seconds=age)
    for stamp in (str(int(at.timestamp())), f"{int(at.timestamp())}000"):
        found = proof(b"x", x_signature=seal(stamp.encode() + b".x"), x_timestamp=stamp)
        assert found == (Proof(at) if good else None)


@pytest.mark.parametrize("stamp", ["", "now", "1767614400.5", "٣" * 10, "9" * 30, "-1767614400", "17676144OO"])
def test_a_stamp_is_seconds_or_milliseconds(stamp: str) -> None:
    signed = stamp.encode("latin-1", "replace") + b".x"
    assert proof(b"x", x_signature=seal(signed), x_timestamp=stamp) is None


def test_two_signatures_must_both_be_right() -> None:
    stamp = str(int(NOW.timestamp()))
    good = seal(stamp.encode() + b".x")
    both = {"x_signature": good, "x_timestamp": stamp}
    assert proof(b"x", x_tradingview_signature=seal(b"x"), **both) == Proof(NOW)
    assert proof(b"x", x_tradingview_signature=seal(b"y"), **both) is None
    assert proof(b"x", x_tradingview_signature=seal(b"x"), x_signature=seal(b"x"), x_timestamp=stamp) is None


texts = st.text(st.characters(codec=None, exclude_categories=()), max_size=30)
headers = st.dictionaries(st.sampled_from(["x-tradingview-signature", "x-signature", "x-timestamp"]), texts)


@given(st.binary(max_size=200), st.none() | texts, headers)
def test_nothing_that_is_guessed_proves_anything(body: bytes, path: str | None, sent: dict[str, str]) -> None:
    assert prove(SECRET, path, sent, body, NOW, 60) is None


# --- certificates ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "good"),
    [
        ("CN=TradingView Webhooks,O=TradingView\\, Inc.,L=Westerville,ST=Ohio,C=US", True),
        ('C=US, ST=Ohio, L=Westerville, O="TradingView, Inc.", CN=webhook-server@tradingview.com', True),
        ("CN=TradingView Webhooks,O=TradingView", False),
        ("CN=x,O=TradingView\\, Inc.", False),
        ("CN=a\\,O=TradingView\\, Inc.\\,CN=TradingView Webhooks", False),
        ('CN="a,O=TradingView, Inc.",O=b', False),
        ("CN=a,CN=TradingView Webhooks,O=TradingView\\, Inc.", False),
        ("O=TradingView\\, Inc.,O=b,CN=TradingView Webhooks", False),
        ("", False),
        ("garbage", False),
    ],
)
def test_a_subject_is_read_as_a_distinguished_name(subject: str, good: bool) -> None:
    assert shows("tradingview", {"x-client-cert-subject": subject}) is good


def test_a_fingerprint_is_the_same_in_any_spelling_and_none_is_none() -> None:
    assert shows("ab:CD:ef", {"x-client-cert-fingerprint": "ABCDEF"})
    assert not shows("ab:cd:ef", {"x-client-cert-fingerprint": "ABCDE"})
    assert not shows("::", {"x-client-cert-fingerprint": ""})
    assert not shows("abcdef", {"x-client-cert-subject": "abcdef"})


@given(texts)
def test_no_subject_breaks_the_reader(subject: str) -> None:
    shows("tradingview", {"x-client-cert-subject": subject})
