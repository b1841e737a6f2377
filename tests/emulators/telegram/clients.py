"""python-telegram-bot, set up as anybody would but for the address."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from telegram import Bot, Update
from telegram.ext import Application, ApplicationBuilder

from tests.emulators.telegram.server import Telegram
from tests.emulators.telegram.webhook import SECRET_HEADER

App = Application[Any, Any, Any, Any, Any, Any]


def application(telegram: Telegram) -> App:
    """An application of the bot."""
    builder = ApplicationBuilder().token(telegram.token).base_url(f"{telegram.url}/bot")
    return builder.base_file_url(f"{telegram.url}/file/bot").build()


def bot(telegram: Telegram) -> Bot:
    """The bot alone; enter it before use."""
    return Bot(telegram.token, base_url=f"{telegram.url}/bot", base_file_url=f"{telegram.url}/file/bot")


@asynccontextmanager
async def polling(app: App, **options: Any) -> AsyncIterator[None]:
    """Run an application with long polling."""
    assert app.updater is not None
    async with app:
        await app.start()
        await app.updater.start_polling(poll_interval=0, timeout=10, **options)
        try:
            yield
        finally:
            await app.updater.stop()
            await app.stop()


class Inbox:
    """A web server of the bot's own, for a webhook: what comes in is given to an application.

    `statuses` are answered first, one to a request, instead of 200; `headers` go with them.
    """

    def __init__(self, app: App | None = None, secret: str = "") -> None:
        self.statuses: list[int] = []
        self.headers: dict[str, str] = {}
        self.updates: list[dict[str, Any]] = []
        self.reply: dict[str, Any] | None = None
        self.url = ""
        self._app, self._secret = app, secret
        self._runner = web.ServerRunner(web.Server(self._serve, access_log=None), shutdown_timeout=0.05)

    async def __aenter__(self) -> "Inbox":
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/hook"
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._runner.cleanup()

    @property
    def ids(self) -> list[int]:
        """The updates' ids, as they came."""
        return [update["update_id"] for update in self.updates]

    async def _serve(self, request: web.BaseRequest) -> web.Response:
        if self._secret and request.headers.get(SECRET_HEADER) != self._secret:
            return web.Response(status=403)
        update = await request.json()
        self.updates.append(update)
        if self.statuses:
            return web.Response(status=self.statuses.pop(0), headers=self.headers)
        if self._app is not None:
            await self._app.update_queue.put(Update.de_json(update, self._app.bot))
        return web.json_response(self.reply) if self.reply is not None else web.Response()
