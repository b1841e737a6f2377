"""A desk behind its real web server, on a loopback port, and clients of it with a token each."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from bot.app import App
from bot.web.server import WebServer, build_server
from handlers.actor import Role
from tests.running import Running, running


class Served:
    """The address of a running desk, and a client for each role."""

    def __init__(self, desk: Running, server: FastAPI, url: str, tokens: dict[Role, str]) -> None:
        self.desk = desk
        self.server = server
        self.url = url
        self.tokens = tokens
        self.nobody = httpx.AsyncClient(base_url=url, trust_env=False)
        self.viewer, self.trader, self.admin = (self.client(tokens[role]) for role in tokens)

    @property
    def app(self) -> App:
        return self.desk.app

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def client(self, token: str) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.AsyncClient(base_url=self.url, headers=headers, trust_env=False)

    async def say(self, line: str, key: str = "", who: httpx.AsyncClient | None = None) -> Any:
        """One line by the API, as the trader if nobody else is named."""
        answer = await (who or self.trader).post("/api/v1/commands", json={"line": line, "key": key})
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def close(self) -> None:
        for client in (self.nobody, self.viewer, self.trader, self.admin):
            await client.aclose()


@asynccontextmanager
async def served(folder: Path, toml: str = "", patience_s: float = 10.0) -> AsyncIterator[Served]:
    """Start a desk in `folder` and its server; both are stopped at the end."""
    async with running(folder, toml=toml) as desk:
        tokens = {role: await desk.app.tokens.issue(role) for role in (Role.VIEWER, Role.TRADER, Role.ADMIN)}
        web = WebServer("127.0.0.1", 0)
        server = build_server(desk.app, patience_s)
        await web.start(server)
        found = Served(desk, server, web.url, tokens)
        try:
            yield found
        finally:
            await found.close()
            await web.stop()
