"""Keys of every kind sign as the documentation does, and never show themselves."""

from typing import Any

import pytest

from tests.trading.executors.binance.door import KEY, SECRET, pair
from trading.errors import ConfigError
from trading.executors.binance.keys import ApiKey

VECTORS = [
    ("BTCUSDT", {"side": "SELL", "quantity": "0.01000000", "price": "52000.00", "recvWindow": 100}),
    ("１２３４５６", {"side": "BUY", "quantity": "1.00000000", "price": "0.10000000", "recvWindow": 5000}),
]


@pytest.mark.parametrize(
    ("vector", "signature"),
    [
        (VECTORS[0], "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24"),
        (VECTORS[1], "b33892ae8e687c939f4468c6268ddd4c40ac1af18ad19a064864c47bae0752cd"),
    ],
)
def test_requests_are_signed_as_the_documentation_does(vector: tuple[str, dict[str, Any]], signature: str) -> None:
    """web-socket-api.md, "SIGNED request example (HMAC)"."""
    symbol, rest = vector
    params = {"symbol": symbol, "type": "LIMIT", "timeInForce": "GTC", "timestamp": 1645423376532, **rest}
    assert ApiKey(KEY, SECRET).signed(params) == {**params, "apiKey": KEY, "signature": signature}


@pytest.mark.parametrize("kind", ["Ed25519", "RSA"])
def test_ccxt_can_tell_private_keys_apart_by_their_length(kind: str) -> None:
    """Its `sign` takes a PEM of more than 120 characters for RSA."""
    private, _ = pair(kind)
    padded = f"\n\n{private}\n\n".replace("\n", "\r\n")
    assert (len(ApiKey("x", padded).credentials["secret"]) > 120) == (kind == "RSA")
    assert ApiKey("x", padded).kind == kind


@pytest.mark.parametrize(
    ("key", "secret"),
    [
        ("", "x"),
        ("x", ""),
        ("with space", "x"),
        ("schlüssel", "x"),
        ("x", "-----BEGIN PRIVATE KEY-----\nnothing\n-----END PRIVATE KEY-----"),
        ("x", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIF\n-----END ENCRYPTED PRIVATE KEY-----"),
    ],
)
def test_keys_that_cannot_be_right_are_refused_without_showing_them(key: str, secret: str) -> None:
    with pytest.raises(ConfigError) as told:
        ApiKey(key, secret)
    assert key == "x" or not key or key not in str(told.value)
    assert "nothing" not in str(told.value)


def test_a_key_does_not_show_itself() -> None:
    shown = repr(ApiKey(KEY, SECRET)) + str(ApiKey(KEY, SECRET))
    assert SECRET[:6] not in shown
    assert KEY[:-4] not in shown
