"""API keys and signatures, as "Request Security" and "Timing security" of the REST and WebSocket API describe them.

REST: the payload is the query string followed, without a separator, by the body, as they came over the wire
(percent-encoded), without `signature`. WebSocket API: all params but `signature`, sorted by name, `name=value` joined
by `&`, as UTF-8. HMAC-SHA256 in hex (any case), RSA (PKCS#1 v1.5, SHA-256) and Ed25519 in base64.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from urllib.parse import unquote

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from tests.emulators.binance import codes

EVERYTHING = frozenset({"USER_DATA", "USER_STREAM", "TRADE", "FUTURES"})
_KEY_FORM = re.compile(r"[A-Za-z0-9]{16,128}")
# What RFC 3986 lets stand in a query, and what the exchange's clients leave as it is; the rest must be encoded.
_ENCODED = re.compile(r"[A-Za-z0-9\-._~%=&+*!'(),:@/?$;\[\]]*")


@dataclass(frozen=True)
class ApiKey:
    """One API key of one account: `secret` for HMAC, or `public_key` (PEM) for RSA and Ed25519.

    Permissions: USER_DATA, USER_STREAM, TRADE, FUTURES, WITHDRAW (only told by apiRestrictions). `works` False is a
    deleted key; `ip_allowed` False a key that may not come from this address (both answer -2015).
    """

    key: str
    account: str = "main"
    secret: str = ""
    public_key: str = ""
    permissions: frozenset[str] = EVERYTHING
    works: bool = True
    ip_allowed: bool = True
    created_ms: int = 1_600_000_000_000
    _loaded: dict[str, RSAPublicKey | Ed25519PublicKey] = field(default_factory=dict, repr=False, compare=False)

    @property
    def kind(self) -> str:
        """`HMAC`, `RSA` or `ED25519`."""
        if not self.public_key:
            return "HMAC"
        return "RSA" if isinstance(self._public(), RSAPublicKey) else "ED25519"

    def signed(self, payload: bytes, signature: str) -> bool:
        """Is this the key's signature of the payload?"""
        if not self.public_key:
            right = hmac.new(self.secret.encode(), payload, hashlib.sha256).hexdigest()
            return hmac.compare_digest(right, signature.lower())
        try:
            raw = base64.b64decode(signature, validate=True)
            public = self._public()
            if isinstance(public, RSAPublicKey):
                public.verify(raw, payload, padding.PKCS1v15(), hashes.SHA256())
            else:
                public.verify(raw, payload)
        except (InvalidSignature, binascii.Error):
            return False
        return True

    def _public(self) -> RSAPublicKey | Ed25519PublicKey:
        if "pem" not in self._loaded:
            loaded = load_pem_public_key(self.public_key.encode())
            assert isinstance(loaded, RSAPublicKey | Ed25519PublicKey), "keys are RSA or Ed25519"
            self._loaded["pem"] = loaded
        return self._loaded["pem"]


class Keyring:
    """The exchange's API keys by their public part."""

    def __init__(self, keys: Iterable[ApiKey] = ()) -> None:
        self._keys = {key.key: key for key in keys}

    def add(self, key: ApiKey) -> ApiKey:
        """Add a key, or put another in its place (other permissions, no longer working ...)."""
        self._keys[key.key] = key
        return key

    def find(self, text: str, permission: str) -> ApiKey:
        """The key that may do this. Refuses: -2014 no key or an impossible one, -2015 unknown or not allowed."""
        if not _KEY_FORM.fullmatch(text):
            raise codes.BAD_API_KEY_FMT.refusal()
        key = self._keys.get(text)
        if key is None or not key.works or not key.ip_allowed or permission not in key.permissions:
            raise codes.REJECTED_MBX_KEY.refusal()
        return key


def check_rest(key: ApiKey, query: str, body: str) -> None:
    """Check the signature of a REST request from its raw query and body. Refuses -1102 (none) and -1022 (wrong)."""
    found = [unquote(part[10:]) for part in (*query.split("&"), *body.split("&")) if part.startswith("signature=")]
    if not found or not found[0]:
        raise codes.PARAM_MISSING.refusal("signature")
    payload = _without_signature(query) + _without_signature(body)
    # A payload that was not percent-encoded before it was signed is refused since 2026-01-15 (CHANGELOG 2025-12).
    if not _ENCODED.fullmatch(payload) or not key.signed(payload.encode(), found[0]):
        raise codes.INVALID_SIGNATURE.refusal()


def check_ws(key: ApiKey, params: Mapping[str, str]) -> None:
    """Check the signature of a WebSocket API request from its params as texts. Refuses -1102 and -1022."""
    if not params.get("signature"):
        raise codes.PARAM_MISSING.refusal("signature")
    payload = "&".join(f"{name}={params[name]}" for name in sorted(params) if name != "signature")
    if not key.signed(payload.encode(), params["signature"]):
        raise codes.INVALID_SIGNATURE.refusal()


def check_time(params: Mapping[str, str], now_ms: int) -> None:
    """Check timestamp (ms or us) and recvWindow (ms, default 5000, at most 60000). Refuses -1102, -1131, -1021."""
    sent = params.get("timestamp", "")
    if not sent.isdigit():
        raise codes.PARAM_MISSING.refusal("timestamp")
    timestamp = Decimal(sent) / 1000 if len(sent) > 14 else Decimal(sent)
    try:
        window = Decimal(params.get("recvWindow", "5000"))
    except InvalidOperation:
        raise codes.PARAM_MISSING.refusal("recvWindow") from None
    if not 0 <= window <= 60_000:
        raise codes.BAD_RECV_WINDOW.refusal()
    if timestamp >= now_ms + 1000:
        raise codes.AHEAD_OF_SERVER.refusal()
    if now_ms - timestamp > window:
        raise codes.OUTSIDE_RECV_WINDOW.refusal()


def _without_signature(part: str) -> str:
    return "&".join(pair for pair in part.split("&") if not pair.startswith("signature=")) if part else ""
