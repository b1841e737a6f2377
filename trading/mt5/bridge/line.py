"""The bot's end of the line to a bridge: TLS with the bridge's own certificate, a token, one question at a time."""

import hashlib
import hmac
import ipaddress
import socket
import ssl
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

import msgspec
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from trading.errors import ConfigError
from trading.mt5.bridge import messages as m

PING_S, PONG_S = 5, 10
HEX = frozenset("0123456789abcdef")


class LineCut(Exception):
    """The line is cut, or nothing came in time: what was asked may have been done."""


class NoLine(Exception):
    """The bridge cannot be reached, or does not let us in: nothing was asked. `final` when waiting will not help."""

    def __init__(self, text: str, *, final: bool = False) -> None:
        super().__init__(text)
        self.final = final


@dataclass(frozen=True)
class Address:
    """Where the bridge is, and how it is known to be the right one.

    `fingerprint` is the SHA-256 of its certificate; or `ca_file` has the certificates that it may be signed with;
    with neither, the authorities that this machine trusts. `token` is the bridge's own.

    Raises:
        ConfigError: a bridge elsewhere would be spoken to without TLS, or something is malformed.
    """

    url: str
    token: str
    fingerprint: str = ""
    ca_file: str = ""

    def __post_init__(self) -> None:
        split = self._split
        if split.scheme not in ("ws", "wss", "http", "https") or not split.hostname:
            raise ConfigError(f"{self.url!r} is no address of a bridge.", f"Write wss://HOST:{m.PORT}.")
        if not self.token:
            raise ConfigError("The bridge's token is missing.", "tiller bridge says where it keeps it.")
        if not self.is_secure and not is_loopback(split.hostname):
            raise ConfigError(
                f"The bridge at {split.hostname} would be spoken to without encryption.",
                "Use wss:// and bridge_fingerprint, or a tunnel to 127.0.0.1.",
            )
        if self.pinned and (len(self.pinned) != 64 or not set(self.pinned) <= HEX):
            raise ConfigError("The bridge's fingerprint is not a SHA-256.", "tiller bridge prints it: 64 hex digits.")

    def __repr__(self) -> str:
        return f"Address({self.host}:{self.port})"  # the token is nobody's business

    @property
    def is_secure(self) -> bool:
        """Whether the line is encrypted."""
        return self._split.scheme in ("wss", "https")

    @property
    def host(self) -> str:
        """The bridge's host."""
        return self._split.hostname or ""

    @property
    def port(self) -> int:
        """The bridge's port."""
        return self._split.port or m.PORT

    @property
    def pinned(self) -> str:
        """The fingerprint without colons."""
        return self.fingerprint.replace(":", "").strip().lower()

    @property
    def _split(self) -> SplitResult:
        return urlsplit(self.url)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, whatever its names resolve to."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Line:
    """One connection that a bridge has accepted. Moments are seconds of `monotonic`.

    Raises (on making one):
        NoLine: there is none to be had.
    """

    def __init__(self, address: Address, client: str, patience_s: float, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._their_ms, self._heard_at = 0, 0.0
        until = monotonic() + patience_s
        self._socket = _connect(address, patience_s)
        try:
            self._line = _shake_hands(self._socket, address, client, max(0.1, until - monotonic()))
        except BaseException:
            self._socket.close()
            raise
        try:
            hello = self._receive(until)
        except LineCut as why:
            self.cut()
            raise NoLine(str(why)) from None  # the bridge said why: another bot has it, or it is being stopped
        if not isinstance(hello, m.Hello):
            self.cut()
            raise NoLine(f"What answers at {address.host}:{address.port} is no bridge of Tiller.", final=True)
        self.table = hello.table

    def ask(self, question: m.Question, until: float) -> m.Answer | m.Refusal:
        """The bridge's reply.

        Raises:
            LineCut: there was none.
        """
        try:
            self._line.send(m.encode(question))
        except (ConnectionClosed, OSError) as why:
            raise LineCut(_words(why)) from None
        while True:
            reply = self._receive(until)
            if not isinstance(reply, m.Hello) and reply.number == question.number:
                return reply

    def until_ms(self, until: float) -> int:
        """A moment of ours on the bridge's clock; rather earlier than later by the time its last word took."""
        return self._their_ms + int((until - self._heard_at) * 1000)

    def cut(self) -> None:
        """Drop the line at once, with whatever is still on its way out."""
        with suppress(OSError):  # it may be closed already
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._line.close_socket()

    def close(self) -> None:
        """Say goodbye."""
        self._line.close()

    def _receive(self, until: float) -> m.Reply:
        try:
            frame = self._line.recv(timeout=max(0.0, until - self._monotonic()), decode=False)
            reply = m.decode_reply(frame)
        except TimeoutError:
            raise LineCut("The bridge did not answer in time.") from None
        except (ConnectionClosed, OSError) as why:
            raise LineCut(_words(why)) from None
        except msgspec.MsgspecError:
            raise LineCut("The bridge's answer cannot be read.") from None
        self._their_ms, self._heard_at = reply.now_ms, self._monotonic()
        return reply


def _connect(address: Address, patience_s: float) -> socket.socket:
    """A socket to the right bridge: its certificate is looked at before anything is said."""
    where = f"{address.host}:{address.port}"
    try:
        plain = socket.create_connection((address.host, address.port), timeout=patience_s)
    except OSError as why:
        raise NoLine(f"The bridge at {where} is not reached: {why.strerror or why}.") from None
    try:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        made = _encrypted(plain, address) if address.is_secure else plain
        made.settimeout(None)
    except ssl.SSLCertVerificationError as why:
        plain.close()
        text = f"The bridge's certificate is not trusted: {why.verify_message}. Set bridge_fingerprint or bridge_ca."
        raise NoLine(text, final=True) from None
    except OSError as why:
        plain.close()
        raise NoLine(f"No encrypted line to {where}: {why.strerror or why}. Is that a bridge with TLS?") from None
    except NoLine:
        plain.close()
        raise
    return made


def _encrypted(plain: socket.socket, address: Address) -> ssl.SSLSocket:
    if not address.pinned:
        try:
            trusted = ssl.create_default_context(cafile=address.ca_file or None)
        except OSError as why:
            raise NoLine(f"{address.ca_file} cannot be used: {why.strerror or why}.", final=True) from None
        return trusted.wrap_socket(plain, server_hostname=address.host)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # what is pinned is stronger than a name
    made = context.wrap_socket(plain, server_hostname=address.host)
    shown = hashlib.sha256(made.getpeercert(binary_form=True) or b"").hexdigest()
    if not hmac.compare_digest(shown, address.pinned):
        made.close()
        raise NoLine("The bridge shows another certificate than bridge_fingerprint says.", final=True)
    return made


def _shake_hands(made: socket.socket, address: Address, client: str, patience_s: float) -> ClientConnection:
    host = f"[{address.host}]" if ":" in address.host else address.host
    try:
        opened = connect(
            f"ws://{host}:{address.port}/",  # whatever encrypts it is in place already
            sock=made,
            additional_headers={"Authorization": f"Bearer {address.token}", m.CLIENT_HEADER: client},
            subprotocols=[Subprotocol(m.PROTOCOL)],
            compression=None,
            user_agent_header=None,
            proxy=None,
            open_timeout=patience_s,
            close_timeout=1,
            ping_interval=PING_S,
            ping_timeout=PONG_S,
            max_size=m.LARGEST_ANSWER + 1024,
        )
        return opened.__enter__()  # it is left by close() or cut()
    except InvalidStatus as why:
        said = (why.response.body or b"").decode(errors="replace").strip()[:300]
        text = f"The bridge refuses: {said or why.response.status_code}"
        raise NoLine(text, final=why.response.status_code < 500) from None
    except (InvalidHandshake, InvalidURI, ConnectionClosed, TimeoutError, EOFError, OSError):
        raise NoLine(f"What answers at {address.host}:{address.port} does not speak as a bridge.") from None


def _words(why: ConnectionClosed | OSError) -> str:
    closed = why.rcvd if isinstance(why, ConnectionClosed) else None
    return closed.reason if closed and closed.reason else "The line to the bridge was cut."
