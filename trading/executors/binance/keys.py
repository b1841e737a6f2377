"""An API key and what it signs. Its secret is never shown: not in errors, logs or `repr`.

Source: binance-spot-api-docs web-socket-api.md and rest-api.md, "SIGNED request security": HMAC-SHA256 in hex; RSA
(PKCS#1 v1.5 with SHA-256) and Ed25519 in base64.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from trading.errors import ConfigError

_PRINTABLE = re.compile(r"[!-~]+")


class ApiKey:
    """One API key: `secret` is the HMAC secret, or the private key (PEM, not encrypted) of an RSA or Ed25519 pair.

    Raises:
        ConfigError: one of them is missing or has another form.
    """

    def __init__(self, key: str, secret: str) -> None:
        self.key = key.strip()
        # Environment variables hold PEM with its line ends written out.
        self._secret = secret.strip().replace("\\n", "\n")
        self._private: RSAPrivateKey | Ed25519PrivateKey | None = None
        if not self.key or not self._secret:
            raise ConfigError("The account has no API key.", "Set api_key and api_secret.")
        if not _PRINTABLE.fullmatch(self.key):
            raise ConfigError("The api_key has spaces or characters that no key has.", "Copy it again from Binance.")
        if "PRIVATE KEY" in self._secret:
            self._private = _private_key(self._secret)
            pem = self._private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            self._secret = pem.decode().strip()

    def __repr__(self) -> str:
        return f"ApiKey({self.kind}, ends with {self.key[-4:]!r})" if len(self.key) > 16 else f"ApiKey({self.kind})"

    @property
    def kind(self) -> str:
        """HMAC, RSA or Ed25519."""
        if self._private is None:
            return "HMAC"
        return "RSA" if isinstance(self._private, RSAPrivateKey) else "Ed25519"

    @property
    def credentials(self) -> dict[str, str]:
        """What ccxt is given. It tells RSA from Ed25519 by the length of the PEM, hence the canonical form."""
        return {"apiKey": self.key, "secret": self._secret}

    def signature(self, payload: str) -> str:
        """The signature of exactly this text."""
        raw = payload.encode()
        if self._private is None:
            return hmac.new(self._secret.encode(), raw, hashlib.sha256).hexdigest()
        if isinstance(self._private, RSAPrivateKey):
            return base64.b64encode(self._private.sign(raw, padding.PKCS1v15(), hashes.SHA256())).decode()
        return base64.b64encode(self._private.sign(raw)).decode()

    def signed(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The params of a request of the WebSocket API with `apiKey` and `signature`.

        The payload is every param sorted by name, as UTF-8 and, unlike that of REST, not percent-encoded.
        """
        whole = {**params, "apiKey": self.key}
        whole["signature"] = self.signature("&".join(f"{name}={_text(whole[name])}" for name in sorted(whole)))
        return whole


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _private_key(pem: str) -> RSAPrivateKey | Ed25519PrivateKey:
    try:
        key = load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError):  # TypeError: it is encrypted
        remedy = "Give the whole PEM of an unencrypted RSA or Ed25519 private key."
        raise ConfigError("The api_secret is a private key that cannot be read.", remedy) from None
    if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
        raise ConfigError("The api_secret is a private key of another kind.", "Binance takes RSA and Ed25519.")
    return key
