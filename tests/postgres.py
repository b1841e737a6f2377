"""A throw-away PostgreSQL server from the system's own binaries, on a socket in a temporary folder.

Import the fixtures where they are needed: `from tests.postgres import postgres_server, postgres_url  # noqa: F401`.
Without the binaries the tests are skipped, unless TILLER_REQUIRE_ALL=1, when they fail.
"""

import asyncio
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg  # type: ignore[import-untyped]
import pytest

MISSING = "PostgreSQL is not installed: apt-get install postgresql"
LOCKED = "locked"  # a role that needs its password; every other is trusted
PASSWORD = "correct-horse"
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "16MB",
    "max_connections": "40",
}


class Server:
    """One running server. `url` addresses a database as Tiller's settings do."""

    def __init__(self, folder: Path, user: str) -> None:
        self.folder = folder
        self.user = user
        self._numbers = count(1)

    def url(self, database: str, user: str = "", password: str = "") -> str:
        who = f"{user or self.user}:{password}" if password else user or self.user
        return f"postgres://{who}@/{database}?host={quote(str(self.folder))}"

    def execute(self, *statements: str, database: str = "postgres") -> list[asyncpg.Record]:
        """Run statements as the owner of the server, outside Tiller; the rows of the last one."""
        return asyncio.run(self.run(*statements, database=database))

    async def run(self, *statements: str, database: str = "postgres") -> list[asyncpg.Record]:
        """The same from within a loop."""
        connection = await asyncpg.connect(host=str(self.folder), user=self.user, database=database)
        try:
            rows: list[asyncpg.Record] = []
            for statement in statements:
                rows = await connection.fetch(statement)
            return rows
        finally:
            await connection.close()

    def create(self) -> str:
        """A new, empty database; its name."""
        name = f"tiller_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name}")
        return name


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    binaries = _binaries()
    if binaries is None:
        if os.environ.get("TILLER_REQUIRE_ALL") == "1":
            pytest.fail(MISSING, pytrace=False)
        pytest.skip(MISSING)
    folder = Path(tempfile.mkdtemp(prefix="tiller-pg-", dir="/tmp"))  # a socket's path must be short
    user = _unprivileged()
    try:
        data = folder / "data"
        shutil.chown(folder, user)
        _run(user, binaries / "initdb", "--no-sync", "--auth=trust", "--encoding=UTF8", f"--username={user}", data)
        rules = data / "pg_hba.conf"
        rules.write_text(f"local all {LOCKED} scram-sha-256\nlocal all all trust\n")
        options = " ".join(f"-c {name}={value or chr(39) * 2}" for name, value in SETTINGS.items())
        start = ("start", "--wait", f"--log={folder / 'log'}", f"--options=-k {folder} {options}")
        _run(user, binaries / "pg_ctl", f"--pgdata={data}", *start)
        try:
            server = Server(folder, user)
            server.execute(f"CREATE ROLE {LOCKED} LOGIN PASSWORD '{PASSWORD}'")
            yield server
        finally:
            _run(user, binaries / "pg_ctl", f"--pgdata={data}", "stop", "--wait", "--mode=immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: Server) -> Iterator[str]:
    """The address of an empty database of this test's own."""
    name = postgres_server.create()
    yield postgres_server.url(name)
    postgres_server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _binaries() -> Path | None:
    """Where initdb and pg_ctl are: Debian keeps them out of PATH, a folder for each version."""
    folders = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name), reverse=True
    )
    if found := shutil.which("initdb"):
        folders.append(Path(found).parent)
    return next((folder for folder in folders if (folder / "pg_ctl").exists()), None)


def _unprivileged() -> str:
    """The server refuses to run as root: then it runs as `postgres`, or as nobody."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid()).pw_name
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _run(user: str, *command: str | Path) -> None:
    other: dict[str, Any] = {}
    if os.geteuid() == 0:
        other = {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}
    done = subprocess.run(
        [str(word) for word in command], cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True, **other
    )
    if done.returncode:
        pytest.fail(f"{' '.join(map(str, command))}: {done.stdout}{done.stderr}", pytrace=False)
