"""Whoever may not come in, and whatever may not be asked, gets one clear refusal; the bridge lives on."""

import asyncio
import ssl
from contextlib import suppress
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed, InvalidStatus

from bot.bridge.keys import tls_of, token_of
from bot.bridge.server import listen
from tests.bridge.served import TOKEN, Served, aside, served, soon
from trading.clock import SystemClock
from trading.errors import ConfigError
from trading.mt5.bridge import messages as m
from trading.mt5.bridge.line import Address
from trading.mt5.bridge.module import BridgeModule
from trading.mt5.constants import Constants

REFUSED = Constants.RES_E_INTERNAL_FAIL_INIT
UNREACHED = Constants.RES_E_INTERNAL_FAIL_CONNECT
ORDER = {"action": 1, "symbol": "EURUSD", "volume": 0.1, "type": 0, "type_filling": 1}
WRONG: list[tuple[object, m.Reason]] = [
    (b"\x00\xff garbage", m.Reason.UNREADABLE),
    ("text", m.Reason.UNREADABLE),
    ({"type": "ask"}, m.Reason.UNREADABLE),
    ({"type": "shell", "number": 1}, m.Reason.UNREADABLE),
    ({"type": "ask", "number": "1", "call": "version", "arguments": {}, "until_ms": 0}, m.Reason.UNREADABLE),
    ({"type": "ask", "number": 1, "call": "version", "arguments": {"a": [1]}, "until_ms": 0}, m.Reason.UNREADABLE),
    (m.Ask(1, "eval", {"request": "1"}, soon()), m.Reason.UNKNOWN_CALL),
    (m.Ask(1, "__class__", {}, soon()), m.Reason.UNKNOWN_CALL),
    (m.Ask(1, "Buy", {"symbol": "EURUSD"}, soon()), m.Reason.UNKNOWN_CALL),
    (m.Ask(1, "symbol_info", {}, soon()), m.Reason.WRONG_ARGUMENT),
    (m.Ask(1, "symbol_info", {"symbol": 7}, soon()), m.Reason.WRONG_ARGUMENT),
    (m.Ask(1, "symbol_info", {"symbol": "E" * 501}, soon()), m.Reason.WRONG_ARGUMENT),
    (m.Ask(1, "version", {"verbose": True}, soon()), m.Reason.WRONG_ARGUMENT),
    (m.Ask(1, "initialize", {"path": "calc.exe"}, soon()), m.Reason.WRONG_ARGUMENT),
    (m.Ask(1, "copy_ticks_from", {"symbol": "EURUSD", "date_from": 0, "count": 10**9, "flags": -1}, soon()),
     m.Reason.WRONG_ARGUMENT),
    (m.Ask(1, "order_send", {"request": ORDER}, soon()), m.Reason.WRONG_ARGUMENT),  # no key
    (m.Ask(1, "order_send", {"request": ORDER}, soon(), "k" * 65), m.Reason.WRONG_ARGUMENT),
    (m.Ask(1, "order_send", {"request": {**ORDER, "volume": "0.1"}}, soon(), "k"), m.Reason.WRONG_ARGUMENT),
    (m.Ask(1, "order_send", {"request": {**ORDER, "volume": float("nan")}}, soon(), "k"), m.Reason.WRONG_ARGUMENT),
    (m.Ask(1, "order_send", {"request": {**ORDER, "shell": "x"}}, soon(), "k"), m.Reason.WRONG_ARGUMENT),
    (m.Ask(1, "order_send", {"request": "__import__('os')"}, soon(), "k"), m.Reason.WRONG_ARGUMENT),
    (m.Ask(1, "order_send", {"request": ORDER}, 0, "k"), m.Reason.TOO_LATE),
    (m.Recall(1, "never", soon()), m.Reason.KEY_UNKNOWN),
]  # fmt: skip


async def ask(line: Any, what: object) -> m.Reply:
    frame = what if isinstance(what, bytes | str) else msgspec.msgpack.encode(what)
    await line.send(frame)
    return m.decode_reply(await line.recv(decode=False))


async def alive(bridge: Served) -> None:
    """The bridge serves, and nothing was executed."""
    mt5 = await bridge.linked()
    assert (await aside(mt5.account_info)).login == 5001
    assert bridge.desk.terminal.executed.rows() == []


# --- what may not be asked -------------------------------------------------------------------


async def test_what_the_bridge_does_not_offer_is_refused_in_words(tmp_path: Path) -> None:
    async with served(tmp_path) as bridge:
        async with bridge.raw() as line:
            for what, reason in WRONG:
                reply = await ask(line, what)
                assert isinstance(reply, m.Refusal), what
                assert reply.reason is reason, (what, reply)
                assert reply.text
        await alive(bridge)


async def test_a_message_that_is_too_large_ends_the_line(tmp_path: Path) -> None:
    async with served(tmp_path) as bridge:
        with pytest.raises(ConnectionClosed) as why:
            async with bridge.raw() as line:
                await ask(line, b"x" * (m.LARGEST_QUESTION + 1))
        assert why.value.rcvd is not None
        assert why.value.rcvd.code == 1009
        await alive(bridge)


SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=8)
FRAMES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=8), inner), max_leaves=8
)
QUESTIONS = st.fixed_dictionaries(
    {"type": st.sampled_from(["ask", "recall"]), "number": st.integers(0, 9), "until_ms": st.just(2**62)},
    optional={
        "call": st.sampled_from(
            ["symbol_info", "order_calc_margin", "positions_get", "order_check", "copy_rates_from"]
        ),
        "arguments": st.dictionaries(st.sampled_from(["symbol", "request", "ticket", "volume", "action"]), FRAMES),
        "key": st.text(max_size=80),
    },
)


async def test_no_message_ends_the_bridge(tmp_path: Path) -> None:
    """Each is answered or refused."""
    async with served(tmp_path) as bridge:
        async with bridge.raw() as line:
            frames: list[bytes] = []

            @settings(max_examples=150, database=None, suppress_health_check=list(HealthCheck))
            @given(st.one_of(FRAMES, QUESTIONS).map(msgspec.msgpack.encode) | st.binary(max_size=40))
            def collect(frame: bytes) -> None:
                frames.append(frame)

            collect()
            for frame in frames:
                assert isinstance(await ask(line, frame), m.Answer | m.Refusal)
        await alive(bridge)


# --- who may not come in ---------------------------------------------------------------------


async def test_a_wrong_token_is_turned_away_and_logged_without_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = "not-the-token-but-long-enough"
    async with served(tmp_path, tls=True) as bridge:
        mt5 = bridge.client(token=wrong)
        assert await aside(mt5.initialize) is False
        assert mt5.last_error() == (REFUSED, "The bridge refuses: the token is not this bridge's.")
        for headers in ({"Authorization": ""}, {"Authorization": f"Basic {TOKEN}"}, {"Authorization": "Bearer é"}):
            with pytest.raises(InvalidStatus) as why:
                async with bridge.raw(token=headers["Authorization"].removeprefix("Bearer ") or "x"):
                    pass
            assert why.value.response.status_code == 401
        await alive(bridge)
    said = caplog.text + capsys.readouterr().out
    assert "turned away" in said
    assert wrong not in said
    assert TOKEN not in said


async def test_a_client_of_another_version_is_told_so(tmp_path: Path) -> None:
    async with served(tmp_path) as bridge:
        reader, writer = await asyncio.open_connection("127.0.0.1", bridge.port)
        writer.write(
            f"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode()
        )
        answer = (await reader.read()).decode()
        writer.close()
        assert answer.startswith("HTTP/1.1 426")
        assert "use the same version of Tiller on both sides" in answer


async def test_noise_at_the_door_is_survived(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for tls in (False, True):
        folder = tmp_path / str(tls)
        folder.mkdir()
        async with served(folder, tls=tls) as bridge:
            for noise in (b"\x16\x03\x01\x00\xff" * 50, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\r\n" * 9000):
                reader, writer = await asyncio.open_connection("127.0.0.1", bridge.port)
                writer.write(noise)
                with suppress(OSError):
                    writer.write_eof()
                with suppress(OSError):
                    await reader.read()
                writer.close()
            await alive(bridge)
    assert "Traceback" not in caplog.text


async def test_the_token_is_not_said_to_a_bridge_with_another_certificate(tmp_path: Path) -> None:
    async with served(tmp_path, tls=True) as bridge:
        mt5 = bridge.client(fingerprint="0" * 64)
        assert await aside(mt5.initialize) is False
        assert mt5.last_error() == (REFUSED, "The bridge shows another certificate than bridge_fingerprint says.")
        mt5 = bridge.client(fingerprint="")
        assert await aside(mt5.initialize) is False
        code, text = mt5.last_error()
        assert code == REFUSED
        assert "not trusted" in text
        spelled = ":".join(bridge.fingerprint[at : at + 2] for at in range(0, 64, 2)).upper()
        assert await aside(bridge.client(fingerprint=spelled).initialize)


async def test_tls_and_no_tls_do_not_meet(tmp_path: Path) -> None:
    async with served(tmp_path, tls=True) as bridge:
        mt5 = bridge.client(timeout_s=2, url=f"ws://127.0.0.1:{bridge.port}")
        assert await aside(mt5.initialize) is False
        assert mt5.last_error() == (UNREACHED, f"What answers at 127.0.0.1:{bridge.port} does not speak as a bridge.")
    (tmp_path / "plain").mkdir()
    async with served(tmp_path / "plain") as bridge:
        mt5 = bridge.client(timeout_s=2, url=f"wss://127.0.0.1:{bridge.port}", fingerprint="0" * 64)
        assert await aside(mt5.initialize) is False
        assert mt5.last_error()[0] == UNREACHED
        assert "Is that a bridge with TLS?" in mt5.last_error()[1]


async def test_a_second_bot_is_turned_away_until_the_first_is_gone(tmp_path: Path) -> None:
    async with served(tmp_path) as bridge:
        first, second = await bridge.linked(), bridge.client()
        assert await aside(second.initialize) is False
        code, text = second.last_error()
        assert code == UNREACHED
        assert text.startswith("Another bot uses this bridge since ")
        assert (await aside(first.account_info)).login == 5001
        await aside(first.close)
        async with asyncio.timeout(5):
            while not await aside(second.initialize):
                assert second.last_error()[0] == UNREACHED


async def test_the_same_bot_may_come_back_on_a_new_line(tmp_path: Path) -> None:
    async with served(tmp_path) as bridge:
        async with bridge.raw(name="process-1") as old, bridge.raw(name="process-1") as new:
            assert isinstance(await ask(new, m.Ask(1, "version", {}, soon())), m.Answer)
            with pytest.raises(ConnectionClosed):
                await old.recv()
        await alive(bridge)


# --- addresses, tokens, certificates ---------------------------------------------------------


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        ({"url": "ws://10.0.0.7:8421"}, "without encryption"),
        ({"url": "http://mt5.example.com"}, "without encryption"),
        ({"url": "ftp://127.0.0.1"}, "no address of a bridge"),
        ({"url": "wss://10.0.0.7", "token": ""}, "token is missing"),
        ({"url": "wss://10.0.0.7", "fingerprint": "abc"}, "not a SHA-256"),
    ],
)
def test_an_address_that_would_not_be_safe_is_refused(given_: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Address(**{"token": TOKEN, **given_})
    assert TOKEN not in repr(Address("ws://localhost", TOKEN))


def test_a_token_is_made_once_and_a_short_one_is_refused(tmp_path: Path) -> None:
    made = token_of("", tmp_path)
    assert len(made) >= 40
    assert token_of("", tmp_path) == made
    assert (tmp_path / "bridge.token").stat().st_mode & 0o077 == 0
    with pytest.raises(ConfigError, match="24 letters"):
        token_of("short", tmp_path)


def test_a_certificate_is_made_once_and_a_broken_one_is_refused(tmp_path: Path) -> None:
    clock = SystemClock()
    made = tls_of("", "", tmp_path, clock)
    assert tls_of("", "", tmp_path, clock).fingerprint == made.fingerprint
    assert (tmp_path / "bridge.key").stat().st_mode & 0o077 == 0
    (tmp_path / "bridge.crt").write_text("no certificate")
    with pytest.raises(ConfigError, match="cannot be used"):
        tls_of("", "", tmp_path, clock)


async def test_a_certificate_of_an_own_authority_is_trusted_by_its_file(tmp_path: Path) -> None:
    shown, private = _signed_for_loopback(tmp_path)
    (tmp_path / "data").mkdir()
    async with served(tmp_path / "data") as bridge:
        tls = tls_of(str(shown), str(private), tmp_path, SystemClock())
        server = await bridge.bridge.start(listen("127.0.0.1", 0), tls.context)
        port = next(iter(server.sockets)).getsockname()[1]
        mt5 = BridgeModule(Address(f"wss://127.0.0.1:{port}", TOKEN, ca_file=str(shown)))
        assert await aside(mt5.initialize), mt5.last_error()
        await aside(mt5.close)
        mt5 = BridgeModule(Address(f"wss://127.0.0.1:{port}", TOKEN, ca_file=str(tmp_path / "absent.pem")))
        assert await aside(mt5.initialize) is False
        assert "absent.pem cannot be used" in mt5.last_error()[1]
        server.close()
        await server.wait_closed()


def _signed_for_loopback(folder: Path) -> tuple[Path, Path]:
    key, now = ec.generate_private_key(ec.SECP256R1()), SystemClock().now()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "our own authority")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    shown, private = folder / "own.pem", folder / "own.key"
    shown.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    no_password = serialization.NoEncryption()
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    private.write_bytes(key.private_bytes(pem, form, no_password))
    assert ssl.PEM_cert_to_DER_cert(shown.read_text())
    return shown, private
