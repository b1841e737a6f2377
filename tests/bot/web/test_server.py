"""The server as a client meets it: headers, addresses, sizes, slow and silent connections, failures of ours."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from structlog.testing import capture_logs
from websockets.asyncio.client import connect

from bot.web.guard import LARGEST_BODY, host_of, is_loopback
from bot.web.patience import MOST
from bot.web.server import WebServer, build_server
from handlers.actor import Role
from tests.bot.web.served import Served, served
from tests.running import running
from trading.errors import ConfigError

pytestmark = pytest.mark.asyncio(loop_scope="module")


@asynccontextmanager
async def connection(desk: Served) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", desk.port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def raw(desk: Served, request: bytes) -> bytes:
    """What the server answers to bytes."""
    async with connection(desk) as (reader, writer):
        writer.write(request)
        return await asyncio.wait_for(reader.read(4096), 5)


# --- every answer ----------------------------------------------------------------------------


async def test_every_answer_has_strict_headers_and_names_no_software(desk: Served) -> None:
    token = desk.viewer.headers["authorization"]
    for path, headers in (
        ("/healthz", {}), ("/login", {}), ("/api/v1/status", {}), ("/api/v1/status", {"Authorization": token}),
        ("/api/v1/nothing", {}), ("/api/v1/openapi.json", {}), ("/nothing", {}),
    ):  # fmt: skip
        answer = await desk.nobody.get(path, headers=headers)
        assert answer.headers["x-frame-options"] == "DENY", path
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src" not in policy
        assert "server" not in answer.headers
        assert "x-powered-by" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v1/nothing", 404, "NOT_FOUND"),
        ("GET", "/api/nothing", 404, "NOT_FOUND"),
        ("GET", "/nothing", 404, "NOT_FOUND"),
        ("GET", "/api/v1/status/", 404, "NOT_FOUND"),
        ("PUT", "/api/v1/orders", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/api/v1/orders/%00", 400, "BAD_REQUEST"),
        ("GET", "/api/v1/fills?account=%00", 400, "BAD_REQUEST"),
    ],
)
async def test_what_is_not_there_is_an_error_in_the_public_shape(
    desk: Served, method: str, path: str, status: int, code: str
) -> None:
    answer = await desk.viewer.request(method, path)
    assert answer.status_code == status
    assert answer.json()["error"] == code
    assert answer.json()["remedy"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/api/v1/orders", "GET, POST"),
        ("POST", "/api/v1/orders/abcd", "DELETE, GET"),
        ("DELETE", "/healthz", "GET"),
        ("PATCH", "/api/v1/commands", "POST"),
    ],
)
async def test_a_wrong_method_is_told_the_right_ones(desk: Served, method: str, path: str, allowed: str) -> None:
    answer = await desk.admin.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"{", "not JSON"),
        (b"[]", "not a JSON object"),
        (b"null", "The body"),
        (b'{"line": "/help", "lime": 1}', "lime is not a field"),
        (b'{"key": "x"}', "line is missing"),
        (b'{"line": 7}', "line"),
        (b'{"line": "/help \\u0000"}', "line"),
        (b'{"line": "\\ud800"}', "line"),
        (b'{"line": "/help", "\\ud800": 1}', "unicode"),
        (b"\xff\xfe", "body"),
    ],
)
async def test_a_body_that_cannot_be_read_is_refused_by_what_is_wrong(desk: Served, body: bytes, named: str) -> None:
    answer = await desk.viewer.post("/api/v1/commands", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422), answer.text
    assert named in answer.json()["text"] or answer.status_code == 400


async def test_a_body_over_64_kib_is_refused_whether_its_length_is_said_or_not(desk: Served) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(LARGEST_BODY // 1024 + 1):
            yield b"x" * 1024

    for content in (b"x" * (LARGEST_BODY + 1), parts()):
        answer = await desk.viewer.post("/api/v1/commands", content=content)
        assert answer.status_code == 413
        assert answer.json()["error"] == "TOO_LARGE"
    padded = b" " * (LARGEST_BODY - 20) + b'{"line":"/version"}'
    fits = await desk.viewer.post("/api/v1/commands", content=padded, headers={"Content-Type": "application/json"})
    assert fits.json()["ok"] is True


async def test_a_body_that_is_a_little_too_large_is_heard_to_its_end_and_spoils_nothing(desk: Served) -> None:
    """A proxy sends other people's requests on the same connection: none of them may fail for this one."""
    body = b" " * 128_000  # the most that docker/Caddyfile lets through
    framed = {
        b"Content-Length: %d" % len(body): body,
        b"Transfer-Encoding: chunked": b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body),
    }
    async with connection(desk) as (reader, writer):
        for length, sent in framed.items():
            for _ in range(3):
                writer.write(b"POST /webhooks/pine HTTP/1.1\r\nHost: 127.0.0.1\r\n%b\r\n\r\n" % length)
                await desk.nobody.get("/healthz")  # by then the head was read, and by itself
                writer.write(sent)
                answer = await asyncio.wait_for(reader.readuntil(b'Send less."}'), 5)
                assert answer.startswith(b"HTTP/1.1 413 ")
                assert b"connection: close" not in answer.lower()
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Long: %b\r\n\r\n" % (b"x" * 30_000))
            answer = await asyncio.wait_for(reader.readuntil(b"}"), 5)
            assert answer.startswith(b"HTTP/1.1 200 ")


async def test_after_a_body_that_was_not_heard_to_its_end_the_connection_ends(desk: Served) -> None:
    async with connection(desk) as (reader, writer):
        writer.write(b"POST /webhooks/pine HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9999999\r\n\r\n")
        answer = await asyncio.wait_for(reader.read(), 5)  # until it ends
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in answer.lower()


async def test_a_mistake_of_ours_is_told_by_mishap_and_not_by_traceback(tmp_path_factory: Any) -> None:
    broken = APIRouter()

    @broken.get("/broken")
    async def fail() -> None:
        raise ZeroDivisionError("secret words")

    async with running(tmp_path_factory.mktemp("broken")) as desk:
        server = build_server(desk.app)
        server.include_router(broken)
        web = WebServer("127.0.0.1", 0)
        await web.start(server)
        with capture_logs() as logged:
            async with httpx.AsyncClient(base_url=web.url, trust_env=False) as client:
                answer = await client.get("/broken")
        await web.stop()
        assert [entry["event"] for entry in logged] == ["mishap"]
        assert answer.status_code == 500
        assert answer.json()["error"] == "INTERNAL"
        assert "secret" not in answer.text
        told = await desk.app.store.queries.latest("Noticed")
        assert told[0]["payload"]["where"] == "GET /broken"


async def test_the_address_of_an_alert_is_in_no_record_of_a_mistake(tmp_path: Path) -> None:
    """The secret is a part of the address: neither the log nor the journal, and so no chat, may hold it."""
    async with running(tmp_path) as desk:
        server = build_server(desk.app)
        server.state.alert_rates = None  # whatever goes wrong there
        with capture_logs() as logged:
            transport = httpx.ASGITransport(server)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                answer = await client.post("/webhooks/pine/swordfish-0123456789", content="buy BTC/USDT 0.01")
        assert answer.status_code == 500
        told = await desk.app.store.queries.latest("Noticed")
        assert told[0]["payload"]["where"] == "POST /webhooks/..."
        assert "swordfish" not in f"{logged}{told}"


async def test_a_failure_that_was_expected_is_one_line_of_the_log(tmp_path_factory: Any) -> None:
    """A strategy that cannot get its candles: its traceback says nothing that its text does not."""
    async with running(tmp_path_factory.mktemp("expected")) as desk:
        with capture_logs() as logged:
            await desk.app.mishap("strategy trend", ConfigError("It cannot be.", "Change it."))
            await desk.app.mishap("strategy trend", ZeroDivisionError("secret words"))
        expected, mistake = logged
        assert (expected["why"], expected["code"]) == ("It cannot be. Change it.", "CONFIG")
        assert "exc_info" not in expected
        assert isinstance(mistake["exc_info"], ZeroDivisionError)


# --- addresses -------------------------------------------------------------------------------


async def test_a_loopback_server_answers_to_its_own_names_only(desk: Served) -> None:
    for host in ("127.0.0.1", "localhost", "LOCALHOST:1", "[::1]:8420", "[::1]", "127.9.9.9"):
        assert (await desk.nobody.get("/healthz", headers={"Host": host})).status_code == 200, host
    for host in ("evil.example", "evil.example:8420", "127.0.0.1.evil.example", "[::2]", ""):
        answer = await desk.nobody.get("/healthz", headers={"Host": host})
        assert answer.status_code in (400, 421), host
        assert answer.headers["x-frame-options"] == "DENY" or answer.status_code == 400
    refused = await raw(
        desk,
        b"GET /api/v1/stream HTTP/1.1\r\nHost: evil.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    )
    assert refused.startswith(b"HTTP/1.1 403")


async def test_hosts_are_read_with_and_without_their_port() -> None:
    hosts = {b"[::1]:80": "::1", b"[::1]": "::1", b"a.b:80": "a.b", b"A.B": "a.b", b"": ""}
    for sent, host in hosts.items():
        assert host_of({"type": "http", "headers": [(b"host", sent)]}) == host
    assert [is_loopback(h) for h in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "::", "10.0.0.1", "x")] == [
        True, True, True, False, False, False, False,
    ]  # fmt: skip


async def test_a_forwarded_address_is_believed_only_from_a_trusted_proxy(tmp_path_factory: Any) -> None:
    """Wrong tokens are counted by address: whom the server believes shows in whose count is used up."""

    async def statuses(toml: str) -> list[int]:
        async with served(tmp_path_factory.mktemp("proxy"), toml) as desk:
            found = []
            for number in range(25):
                headers = {"X-Forwarded-For": f"10.0.0.{number}", "Authorization": "Bearer wrong"}
                found.append((await desk.nobody.get("/api/v1/status", headers=headers)).status_code)
            return found

    assert set(await statuses("")) == {401, 429}
    assert set(await statuses('[web]\ntrusted_proxies = ["127.0.0.1"]')) == {401}


async def test_port_0_takes_a_free_one_and_a_taken_one_is_an_error_with_a_remedy(desk: Served) -> None:
    other = WebServer("127.0.0.1", 0)
    assert other.port > 0
    assert other.port != desk.port
    assert other.url == f"http://127.0.0.1:{other.port}"
    with pytest.raises(ConfigError, match=f"Port {other.port}") as why:
        WebServer("127.0.0.1", other.port)
    assert "--port" in why.value.remedy
    await other.stop()
    with pytest.raises(ConfigError):
        WebServer("203.0.113.7", 0)


# --- slow and silent clients -----------------------------------------------------------------


async def test_answers_do_not_wait_for_the_network_to_collect_bytes(desk: Served) -> None:
    """With Nagle's delay on, a small answer takes 40 ms, each of them; a busy machine is not slow every time."""
    loop = asyncio.get_running_loop()
    await desk.nobody.get("/healthz")
    taken = []
    for _ in range(20):
        began = loop.time()
        await desk.nobody.get("/healthz")
        taken.append(loop.time() - began)
    assert min(taken) < 0.035


async def test_more_silent_connections_than_we_hold_keep_nobody_out(desk: Served) -> None:
    silent = [await asyncio.open_connection("127.0.0.1", desk.port) for _ in range(MOST + 50)]
    answer = await asyncio.wait_for(desk.viewer.get("/api/v1/status"), 5)
    assert answer.status_code == 200
    assert await asyncio.wait_for(silent[0][0].read(), 5) == b"", "the oldest made room"
    for _, writer in silent:
        writer.close()


async def test_a_client_that_dribbles_its_request_holds_up_nobody(desk: Served) -> None:
    async with connection(desk) as (_, head), connection(desk) as (_, body):
        head.write(b"GET /api/v1/status HTTP/1.1\r\nHo")
        body.write(b"POST /api/v1/commands HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\n{")
        await head.drain()
        for _ in range(5):
            assert (await asyncio.wait_for(desk.viewer.get("/api/v1/status"), 2)).status_code == 200


async def test_a_request_that_does_not_arrive_is_given_up(tmp_path: Path) -> None:
    async with served(tmp_path, patience_s=0.2) as desk:
        late = await raw(desk, b"POST /api/v1/commands HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\n{")
        assert late.startswith(b"HTTP/1.1 408")
        assert b"TOO_SLOW" in late
        assert await raw(desk, b"GET /api/v1/status HTTP/1.1\r\nHo") == b""
        assert await raw(desk, b"") == b""


async def test_a_head_without_end_is_cut(desk: Served) -> None:
    async with connection(desk) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        with contextlib.suppress(ConnectionError):
            for _ in range(300):
                writer.write(b"X-Long: " + b"a" * 1000 + b"\r\n")
                await writer.drain()
            assert await asyncio.wait_for(reader.read(), 5) == b""
    assert (await desk.nobody.get("/healthz")).status_code == 200


async def test_what_is_not_http_is_refused(desk: Served) -> None:
    assert (await raw(desk, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n")).startswith(b"HTTP/1.1 400")
    assert (await desk.nobody.get("/healthz")).status_code == 200


# --- start and stop --------------------------------------------------------------------------


async def test_until_the_desk_accepts_it_says_why_and_refuses(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        desk.app.not_accepting = "starting"
        token = await desk.app.tokens.local()
        web = WebServer("127.0.0.1", 0)
        await web.start(build_server(desk.app))
        headers = {"Authorization": f"Bearer {token[0]}"}
        async with httpx.AsyncClient(base_url=web.url, headers=headers, trust_env=False) as client:
            ready = await client.get("/readyz")
            assert (ready.status_code, ready.json()) == (503, {"ready": False, "reason": "starting"})
            assert (await client.get("/healthz")).status_code == 200
            told = await client.post("/api/v1/commands", json={"line": "/buy BTC/USDT 0.01"})
            assert told.json()["error"] == "NOT_READY"
            order = {"symbol": "BTC/USDT", "side": "BUY", "quantity": "0.01"}
            refused = await client.post("/api/v1/orders", json=order)
            assert refused.status_code == 503
            assert refused.json()["error"] == "NOT_READY"
            assert (await client.get("/api/v1/status")).json()["ready"] is False
            desk.app.not_accepting = ""
            assert (await client.get("/readyz")).status_code == 200
        await web.stop()
        assert desk.app.book.recent_orders() == []


async def test_a_server_that_cannot_start_is_said_and_ends_nothing_else() -> None:
    @contextlib.asynccontextmanager
    async def broken(server: FastAPI) -> AsyncIterator[None]:
        raise PermissionError("no semaphores here")
        yield

    web = WebServer("127.0.0.1", 0)
    try:
        with pytest.raises(ConfigError, match="did not start"):
            await web.start(FastAPI(lifespan=broken))
    finally:
        await web.stop()


async def test_it_stops_soon_although_somebody_listens_on(tmp_path: Path) -> None:
    async with running(tmp_path) as desk:
        token = await desk.app.tokens.issue(Role.VIEWER)
        web = WebServer("127.0.0.1", 0)
        await web.start(build_server(desk.app))
        silent = await asyncio.open_connection("127.0.0.1", web.port)
        headers = {"Authorization": f"Bearer {token}"}
        async with connect(f"ws{web.url[4:]}/api/v1/stream", additional_headers=headers, proxy=None) as socket:
            await socket.recv()
            await asyncio.wait_for(web.stop(), 3)
            await asyncio.wait_for(socket.wait_closed(), 1)
        await web.stop()
        assert await silent[0].read() == b""
        silent[1].close()
        with pytest.raises(ConnectionError):
            await asyncio.open_connection("127.0.0.1", web.port)
