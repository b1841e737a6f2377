"""A bot on discord.py, and a bare caller of the REST API and the gateway, for the emulator's own tests."""

import asyncio
import io
import json
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any

import aiohttp
import discord as library
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tests.emulators.discord.server import Discord

Json = dict[str, Any]


class App(library.Client):
    """A client whose commands the test adds to `tree`; `errors` holds what its commands raised."""

    def __init__(self, intents: library.Intents | None = None, **options: Any) -> None:
        super().__init__(intents=intents or library.Intents(guilds=True), guild_ready_timeout=0.0, **options)
        self.tree: app_commands.CommandTree[App] = app_commands.CommandTree(self)
        self.seen: list[str] = []
        self.errors: list[Exception] = []
        self.ended: asyncio.Task[None] | None = None  # its connection
        self.tree.error(self._failed)

    async def _failed(self, _: library.Interaction["App"], error: app_commands.AppCommandError) -> None:
        self.errors.append(error)

    async def on_socket_event_type(self, event: str) -> None:
        """Every gateway event, by name."""
        self.seen.append(event)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Tests do not wait 5 s between identifies; those of the limit look at it themselves."""


Asked = library.Interaction[App]


@asynccontextmanager
async def running(app: App, server: Discord, *, sync: bool = True) -> AsyncIterator[App]:
    """Log the app in, register its commands and connect it; its addresses are those of the emulator meanwhile."""
    server.gateway.identify_seconds = 0
    base, gateway = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = server.api_url, yarl.URL(server.gateway_url)
    try:
        async with app:
            await app.login(server.token)
            if sync:
                await app.tree.sync()
            task = app.ended = asyncio.create_task(app.connect())
            await asyncio.wait_for(app.wait_until_ready(), 5)
            yield app
        await asyncio.gather(task, return_exceptions=True)
    finally:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = base, gateway


def desk() -> App:
    """An app with the kinds of commands that a desk has."""
    app = App()

    @app.tree.command(description="Buy, after the risk checks.")
    @app_commands.describe(symbol="What to trade", size="How much", tif="How long it stays")
    @app_commands.choices(tif=[app_commands.Choice(name=word, value=word) for word in ("gtc", "ioc")])
    async def buy(asked: Asked, symbol: str, size: str, tif: str = "gtc") -> None:
        view = library.ui.View(timeout=None)
        view.add_item(library.ui.Button(label="Confirm", custom_id=f"confirm {symbol}"))
        view.add_item(library.ui.Button(label="Cancel", custom_id="reject", style=library.ButtonStyle.danger))
        await asked.response.send_message(f"Buy {size} {symbol} {tif}?", view=view)

    @buy.autocomplete("symbol")
    async def symbols(asked: Asked, current: str) -> list[app_commands.Choice[str]]:
        known = ["BTC/USDT", "BTC/EUR", "ETH/USDT"]
        return [app_commands.Choice(name=one, value=one) for one in known if one.startswith(current)]

    @app.tree.command(description="What is owned.")
    async def balance(asked: Asked) -> None:
        await asked.response.defer(ephemeral=True)
        await asked.followup.send("1.5 BTC", ephemeral=True)
        await asked.followup.send("and 3 ETH", ephemeral=True)

    @app.tree.command(description="A picture.")
    async def chart(asked: Asked) -> None:
        await asked.response.defer(thinking=True)
        picture = library.File(io.BytesIO(b"PNG"), filename="chart.png", description="BTC/USDT 1h")
        embed = library.Embed(title="BTC/USDT").set_image(url="attachment://chart.png")
        await asked.edit_original_response(content="Done", embed=embed, attachments=[picture])

    return app


class Caller:
    """The REST API without a library: `await api("GET", "/users/@me")` answers status, body and headers."""

    def __init__(self, server: Discord) -> None:
        self.server = server
        self.headers: dict[str, str] = {}

    async def __aenter__(self) -> "Caller":
        self._session = aiohttp.ClientSession()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def __call__(
        self, method: str, path: str, body: Any = None, *, token: str | None = None, form: Any = None
    ) -> tuple[int, Any]:
        """Send a request; answers its status and its JSON, or its text if it is none. `headers` holds its headers."""
        key = self.server.token if token is None else token
        sent = {"Authorization": f"Bot {key}", "User-Agent": "DiscordBot (https://example.org, 1)"}
        url = self.server.api_url + path
        async with self._session.request(method, url, json=body, data=form, headers=sent) as answer:
            text = await answer.text()
            self.headers = dict(answer.headers)
            if answer.headers.get("Content-Type") == "application/json":
                return answer.status, json.loads(text)
            return answer.status, text


class Socket:
    """A gateway connection without a library."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = ws
        self.inflate = zlib.decompressobj()

    async def send(self, op: int, data: Any = None) -> None:
        """Send a payload."""
        await self.ws.send_str(json.dumps({"op": op, "d": data}))

    async def next(self, seconds: float = 5.0) -> Json:
        """The next payload; ConnectionError with the close code if it is closed."""
        message = await self.ws.receive(seconds)
        if message.type is aiohttp.WSMsgType.BINARY:
            assert message.data[-4:] == b"\x00\x00\xff\xff"
            return dict(json.loads(self.inflate.decompress(message.data)))
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise ConnectionError(self.ws.close_code)
        return dict(json.loads(message.data))

    async def event(self, name: str) -> Json:
        """The next event of this name; others are skipped."""
        while True:
            payload = await self.next()
            if payload.get("t") == name:
                return payload

    async def closed(self) -> int:
        """Read until it is closed; returns the code."""
        while True:
            try:
                await self.next()
            except ConnectionError as why:
                return int(why.args[0] or 0)

    async def identify(self, token: str, intents: int = 513, **fields: Any) -> Json:
        """HELLO, IDENTIFY, READY; returns READY's data."""
        await self.next()
        await self.send(2, {"token": token, "intents": intents, "properties": {}, **fields})
        ready: Json = (await self.event("READY"))["d"]
        return ready


@asynccontextmanager
async def gateway(server: Discord, query: str = "v=10&encoding=json", url: str = "") -> AsyncIterator[Socket]:
    """Connect to the gateway."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{url or server.gateway_url}/?{query}") as ws,
    ):
        yield Socket(ws)


def wrong(body: Json) -> dict[str, str]:
    """The errors of a 50035 body by path: `{"embeds.0.title": "BASE_TYPE_MAX_LENGTH"}`."""
    assert (body["code"], body["message"]) == (50035, "Invalid Form Body")

    def flat(errors: Json, path: str) -> dict[str, str]:
        found = {path: str(errors["_errors"][0]["code"])} if "_errors" in errors else {}
        for key, inner in errors.items():
            if key != "_errors":
                found |= flat(inner, f"{path}.{key}".strip("."))
        return found

    return flat(body["errors"], "")
