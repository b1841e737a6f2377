"""The proxy as it is shipped: docker/Caddyfile in a real Caddy, on free ports, with client certificates to show it.

Without Caddy the tests are skipped, unless TILLER_REQUIRE_ALL=1, when they fail.
"""

import asyncio
import json
import os
import shutil
import socket
import ssl
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

CADDYFILE = Path(__file__).parents[1] / "docker" / "Caddyfile"
MISSING = "Caddy is not installed: apt-get install caddy"
PATIENCE_S = 20
ORIGIN = "127.0.0.9"  # this machine, too, but not the proxy's own address
NOBODY = "127.0.0.1:1"  # a port that is always closed

Name = tuple[tuple[x509.ObjectIdentifier, str], ...]
PLACE: Name = (
    (NameOID.COUNTRY_NAME, "US"), (NameOID.STATE_OR_PROVINCE_NAME, "Ohio"), (NameOID.LOCALITY_NAME, "Westerville"),
)  # fmt: skip


class Certificate:
    """A client certificate that vouches for itself, with its key, in one file."""

    def __init__(self, file: Path, subject: Name) -> None:
        self.file = file
        name = x509.Name([x509.NameAttribute(kind, value) for kind, value in subject])
        key = ec.generate_private_key(ec.SECP256R1())
        made = (
            x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
            .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
            .not_valid_after(datetime(2046, 1, 1, tzinfo=UTC))
            .sign(key, hashes.SHA256())
        )
        self.fingerprint = made.fingerprint(hashes.SHA256()).hex()
        kind = serialization.Encoding.PEM
        secret = key.private_bytes(kind, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        file.write_bytes(made.public_bytes(kind) + secret)


class Proxy:
    """A running Caddy. At `down` it is before a desk whose port is closed; at `silent`, before one that does not even
    say so; at `unspoken`, as at `down`, but without words of its own for that, so that it logs it.
    """

    def __init__(self, folder: Path, ports: list[int]) -> None:
        self._authority = folder / "pki" / "authorities" / "local" / "root.crt"
        self.ports = ports
        self.url, self.down, self.silent, self.unspoken = (f"https://localhost:{port}" for port in ports)
        self.log = ""

    def trust(self, shown: Certificate | None = None) -> ssl.SSLContext:
        """Who trusts Caddy's own authority, and shows a certificate if asked."""
        found = ssl.create_default_context(cafile=self._authority)
        if shown is not None:
            found.load_cert_chain(shown.file)
        return found

    async def post(
        self, address: str, body: bytes | list[bytes], shown: Certificate | None = None, **headers: str
    ) -> httpx.Response:
        """Send a body from `ORIGIN`, in chunks if it is a list."""

        async def chunks(parts: Iterable[bytes]) -> AsyncIterator[bytes]:
            for part in parts:
                yield part

        named = {name.replace("_", "-"): value for name, value in headers.items()}
        transport = httpx.AsyncHTTPTransport(verify=self.trust(shown), local_address=ORIGIN, trust_env=False)
        async with httpx.AsyncClient(transport=transport) as client:
            content = chunks(body) if isinstance(body, list) else body
            return await client.post(address, content=content, headers=named)


async def adapted(caddy: str) -> Any:
    """The shipped Caddyfile in Caddy's own JSON, for the name localhost."""
    reading = await asyncio.create_subprocess_exec(
        caddy, "adapt", "--adapter", "caddyfile", "--config", CADDYFILE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE, env={"PATH": os.defpath, "TILLER_DOMAIN": "localhost"},
    )  # fmt: skip
    found, complaint = await reading.communicate()
    assert reading.returncode == 0, complaint.decode()
    return json.loads(found)


def binary() -> str:
    """Caddy's program; without it the test is skipped, or fails if everything is required."""
    found = shutil.which("caddy")
    if found is None:
        if os.environ.get("TILLER_REQUIRE_ALL") == "1":
            pytest.fail(MISSING, pytrace=False)
        pytest.skip(MISSING)
    return found


@asynccontextmanager
async def proxied(folder: Path, desk_port: int) -> AsyncIterator[Proxy]:
    """Run the shipped Caddyfile before a desk. Only ports, the desk's address, and where Caddy keeps things differ."""
    caddy = binary()
    with _silent() as silent:
        desks = (f"127.0.0.1:{desk_port}", NOBODY, silent, NOBODY)
        proxy = Proxy(folder, _free_ports(len(desks)))
        settings = folder / "caddy.json"
        several = _several(await adapted(caddy), dict(zip(proxy.ports, desks, strict=True)), folder)
        settings.write_text(json.dumps(several))
        running = await asyncio.create_subprocess_exec(
            caddy, "run", "--config", settings, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
            env={"PATH": os.defpath, "HOME": str(folder)},
        )  # fmt: skip
        assert running.stderr is not None
        try:
            async with asyncio.timeout(PATIENCE_S):
                while "certificate obtained successfully" not in proxy.log:
                    line = await running.stderr.readline()
                    assert line, proxy.log
                    proxy.log += line.decode()
            listening = asyncio.create_task(_keep_log(running.stderr, proxy))
            yield proxy
        finally:
            running.terminate()
            await running.wait()
        await listening


def _several(shipped: Any, desks: dict[int, str], folder: Path) -> Any:
    """The shipped settings once for each port, with the desk that it is before; the last has no words for errors."""
    servers = shipped["apps"]["http"]["servers"]
    one = json.dumps(servers.pop("srv0"))
    for port, desk in desks.items():
        servers[f"at-{port}"] = server = json.loads(one.replace("desk:8420", desk))
        server |= {"listen": [f"127.0.0.1:{port}"], "automatic_https": {"disable_redirects": True}}
    server.pop("errors", None)
    shipped["apps"]["pki"] = {"certificate_authorities": {"local": {"install_trust": False}}}
    return shipped | {"admin": {"disabled": True}, "storage": {"module": "file_system", "root": str(folder)}}


async def _keep_log(said: asyncio.StreamReader, proxy: Proxy) -> None:
    async for line in said:
        proxy.log += line.decode()


@contextmanager
def _silent() -> Iterator[str]:
    """The address of something that listens, but its queue is full: a connection is neither made nor refused."""
    with ExitStack() as held:
        listening = held.enter_context(socket.socket())
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        address = listening.getsockname()
        for _ in range(4):
            waiting = held.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(address)
        yield f"127.0.0.1:{address[1]}"


def _free_ports(count: int) -> list[int]:
    held = [socket.socket() for _ in range(count)]
    for each in held:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports
