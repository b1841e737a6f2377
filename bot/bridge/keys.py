"""What the bridge proves itself by: its token, and its certificate. Both are made at the first start."""

import hashlib
import secrets
import ssl
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bot.tokens import write_private
from trading.clock import Clock
from trading.errors import ConfigError

TOKEN_FILE, CERTIFICATE_FILE, KEY_FILE = "bridge.token", "bridge.crt", "bridge.key"
SHORTEST_TOKEN = 24  # characters
VALID = timedelta(days=3650)


@dataclass(frozen=True)
class Tls:
    """The server's side of the encryption, and the SHA-256 of the certificate that it shows."""

    context: ssl.SSLContext
    fingerprint: str


def token_of(given: str, folder: Path) -> str:
    """The token of the settings, or the one kept in the folder (mode 0600), made if there is none.

    Raises:
        ConfigError: it is too short, or its file cannot be used.
    """
    if not given:
        given = _kept(folder / TOKEN_FILE)
    if len(given) < SHORTEST_TOKEN or not given.isascii() or not given.isprintable() or " " in given:
        raise ConfigError(
            f"The bridge's token must have {SHORTEST_TOKEN} letters and digits or more.",
            f"Leave [bridge] token empty and remove {TOKEN_FILE}: a good one is made.",
        )
    return given


def tls_of(certificate: str, key: str, folder: Path, clock: Clock) -> Tls:
    """TLS with the certificate of the settings, or with one of our own, made in the folder if there is none.

    Raises:
        ConfigError: the files cannot be used.
    """
    shown, private = (Path(certificate), Path(key)) if certificate else (folder / CERTIFICATE_FILE, folder / KEY_FILE)
    try:
        if not certificate and not (shown.exists() and private.exists()):
            _make(shown, private, clock)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(shown, private)
        first = x509.load_pem_x509_certificate(shown.read_bytes())
    except (OSError, ValueError) as why:
        raise ConfigError(f"The certificate {shown} cannot be used: {why}.", "See [bridge] certificate, key.") from None
    return Tls(context, hashlib.sha256(first.public_bytes(serialization.Encoding.DER)).hexdigest())


def _kept(file: Path) -> str:
    try:
        if not file.exists():
            write_private(file, secrets.token_urlsafe(32) + "\n")
        return file.read_text(errors="replace").strip()
    except OSError as why:
        raise ConfigError(f"{file} cannot be used: {why.strerror}.", "Check who owns it.") from None


def _make(shown: Path, private: Path, clock: Clock) -> None:
    """A certificate that vouches for itself: the bot pins it by its fingerprint, so its name means nothing."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tiller bridge")])
    now = clock.now()
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + VALID)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    write_private(private, plain.decode())
    shown.write_bytes(made.public_bytes(pem))
