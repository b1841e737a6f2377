"""What proves that a request comes from a source: its secret, or a signature made with it. Pure.

Everything is compared in constant time, and the work does not depend on which secret it is held against: an unknown
source takes as long as a wrong secret.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from bot.webhooks.sources import SKEW_S
from handlers.tradingview.secret import candidates

MOST_CANDIDATES = 8
PLAIN, STAMPED, STAMP = "x-tradingview-signature", "x-signature", "x-timestamp"
SUBJECT, FINGERPRINT = "x-client-cert-subject", "x-client-cert-fingerprint"

_EPOCH = re.compile(r"([0-9]{10})([0-9]{3})?", re.ASCII)
_PART = re.compile(r"\s*([A-Za-z0-9.]+)\s*=\s*(\"(?:[^\"\\]|\\.)*\"|(?:[^,+\\\"]|\\.)*)\s*(?:[,+]|\Z)", re.ASCII)
_ORGANISATION = "TradingView, Inc."
_NAMES = ("TradingView Webhooks", "webhook-server@tradingview.com")


class Proof(NamedTuple):
    """The secret was known. `signed_at`: the signed time; `replayable`: a signature that is good for ever."""

    signed_at: datetime | None = None
    replayable: bool = False


def prove(secret: str, path_secret: str | None, headers: Mapping[str, str], body: bytes, now: datetime,
          window_s: int) -> Proof | None:  # fmt: skip
    """What the request proves, or None. A signature that is there must be right, whatever else is."""
    plain, stamped = headers.get(PLAIN), headers.get(STAMPED)
    if plain is not None or stamped is not None:
        return _signed(secret, plain, stamped, headers.get(STAMP, ""), body, now, window_s)
    shown = (path_secret,) if path_secret is not None else candidates(body)[:MOST_CANDIDATES]
    found = [_same(candidate, secret) for candidate in shown]
    return Proof() if any(found) and secret else None


def _signed(
    secret: str, plain: str | None, stamped: str | None, stamp: str, body: bytes, now: datetime, window_s: int
) -> Proof | None:
    good = True
    if plain is not None:
        good &= _same(_hex(plain), _seal(secret, body))
    at = None
    if stamped is not None:
        good &= _same(_hex(stamped), _seal(secret, stamp.encode("latin-1", "replace") + b"." + body))
        at = _moment(stamp)
        good &= at is not None and -SKEW_S <= (now - at).total_seconds() <= window_s
    return Proof(at, replayable=at is None) if good and secret else None


def _seal(secret: str, signed: bytes) -> str:
    return hmac.new(secret.encode(errors="replace"), signed, hashlib.sha256).hexdigest()


def _hex(signature: str) -> str:
    return signature.strip().lower().removeprefix("sha256=")


def _moment(stamp: str) -> datetime | None:
    """Seconds or milliseconds since 1970."""
    match = _EPOCH.fullmatch(stamp)
    return None if match is None else datetime.fromtimestamp(int(match[1]), UTC)


def _same(one: str, other: str) -> bool:
    """Whether two texts are the same, in a time that says nothing about either."""
    first, second = (hashlib.sha256(text.encode(errors="surrogatepass")).digest() for text in (one, other))
    return hmac.compare_digest(first, second)


# --- the certificate a proxy was shown -----------------------------------------------------------


def shows(wanted: str, headers: Mapping[str, str]) -> bool:
    """Whether the certificate that a proxy saw is the wanted one: `tradingview`, or a SHA-256 fingerprint.

    The headers must come from a proxy that is trusted. By its subject alone a certificate is a weak proof, as anybody
    can write one; a fingerprint pins it. TradingView's: support article 43000680459.
    """
    if wanted.lower() == "tradingview":
        parts = _parts(headers.get(SUBJECT, ""))
        return parts.get("O") == _ORGANISATION and parts.get("CN") in _NAMES
    pinned = "".join(c for c in wanted.lower() if c.isalnum())
    shown = "".join(c for c in headers.get(FINGERPRINT, "").lower() if c.isalnum())
    return bool(pinned) and _same(pinned, shown)


def _parts(subject: str) -> dict[str, str]:
    r"""A distinguished name (RFC 4514), as `CN=TradingView Webhooks,O=TradingView\, Inc.`; of a kind twice, none."""
    found: dict[str, str] = {}
    start = 0
    while start < len(subject):
        match = _PART.match(subject, start)
        if match is None or match[1].upper() in found:
            return {}
        value = match[2].strip()
        if value.startswith('"'):
            value = value[1:-1]
        found[match[1].upper()] = re.sub(r"\\(.)", r"\1", value)
        start = match.end()
    return found
